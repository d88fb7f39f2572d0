"""Certification authorities for tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def _rsa() -> rsa.RSAPrivateKey:
    """RSA keys take long to make."""
    return rsa.generate_private_key(65537, 2048)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """An authority, certified by itself or by another."""

    def __init__(
        self, name: str, above: Authority | None = None, *, now: datetime, path_length: int | None = None
    ) -> None:
        self.name = name
        self.now = now
        self.above = above
        self.key: Key = ec.generate_private_key(ec.SECP256R1())
        issuer = above or self
        self.certificate = self._build(name, issuer, self.key, ca=True, path_length=path_length)

    def _build(self, name: str, issuer: Authority, key: Key, *, ca: bool, path_length: int | None = None,
               signatures: bool = True, days: int = 365) -> x509.Certificate:  # fmt: skip
        usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                               "encipher_only", "decipher_only"), False)  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(issuer.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - timedelta(days=1))
            .not_valid_after(self.now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca, path_length), critical=True)
            .add_extension(
                x509.KeyUsage(digital_signature=signatures and not ca, key_cert_sign=ca, crl_sign=ca, **usage),
                critical=True,
            )
        )
        if not ca:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        return builder.sign(issuer.key, hashes.SHA256())

    def adopt(self, certificates: bytes, key: bytes) -> None:
        """Act with a certificate that somebody else has issued."""
        self.certificate = x509.load_pem_x509_certificates(certificates)[0]
        loaded = serialization.load_pem_private_key(key, None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        self.key = loaded

    def issue(self, name: str, *, kind: str = "ec", signatures: bool = True) -> tuple[bytes, bytes]:
        """A certificate, with those of the authorities below the first, and its key, in PEM."""
        key: Key = _rsa() if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
        chain = [self._build(name, self, key, ca=False, signatures=signatures)]
        authority: Authority | None = self
        while authority is not None and authority.above is not None:
            chain.append(authority.certificate)
            authority = authority.above
        if self.above is None and self.certificate.issuer != self.certificate.subject:
            chain.append(self.certificate)
        secret = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return b"".join(certificate.public_bytes(PEM) for certificate in chain), secret

    def write(self, folder: Path, name: str, **more: bool) -> None:
        """``root.pem`` in the folder; in that of an MTA below it, ``NAME.pem`` and ``NAME.key``."""
        certificates, key = self.issue(name, **more)
        (folder / f"{self.name}.pem").write_bytes(self.pem)
        (folder / name / f"{name}.pem").write_bytes(certificates)
        (folder / name / f"{name}.key").write_bytes(key)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(PEM)
