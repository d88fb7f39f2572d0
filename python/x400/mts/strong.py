"""Strong credentials (X.411 8.5.8): a bind token signed by its sender, with the sender's certificates.

The token is for one recipient, of one moment, and with a random number: one that is for somebody else, too old, or
seen before is refused (`BindTokens`). Its signature is checked over the octets that came, with the key of a certificate
whose path leads to a trust anchor.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from x400.mts.bind import InvalidBind
from x400.mts.certificates import InvalidPath, check_path
from x400.osi.tlv import header

if TYPE_CHECKING:
    from fastber import CompiledType

__all__ = ["BindTokens", "Identity", "encode_strong_argument", "encode_strong_result", "verify"]

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_ASYMMETRIC_TOKEN = bytes.fromhex("8004 56030600")  # [0] { joint-iso-itu-t mhs mts token-types asymmetric }
_RANDOM_OCTETS = 16
_NULL = b"\x05\x00"

_SIGNATURES: dict[str, tuple[type[hashes.HashAlgorithm], type]] = {
    "1.2.840.113549.1.1.11": (hashes.SHA256, rsa.RSAPublicKey),
    "1.2.840.113549.1.1.12": (hashes.SHA384, rsa.RSAPublicKey),
    "1.2.840.113549.1.1.13": (hashes.SHA512, rsa.RSAPublicKey),
    "1.2.840.10045.4.3.2": (hashes.SHA256, ec.EllipticCurvePublicKey),
    "1.2.840.10045.4.3.3": (hashes.SHA384, ec.EllipticCurvePublicKey),
    "1.2.840.10045.4.3.4": (hashes.SHA512, ec.EllipticCurvePublicKey),
}
"""The algorithms that are taken: object identifier, hash, kind of key."""

_RSA_SHA256 = "1.2.840.113549.1.1.11"
_ECDSA_SHA256 = "1.2.840.10045.4.3.2"
MINIMUM_RSA_BITS = 2048


@cache
def _type(module: str, name: str) -> CompiledType:
    from x400.asn1 import compiled_type

    return compiled_type(module, name)


@dataclass(frozen=True, slots=True)
class Identity:
    """What one side signs with: its name, its key, its certificate and those between it and a trust anchor."""

    name: str
    key: PrivateKey
    certificates: tuple[x509.Certificate, ...]

    def __repr__(self) -> str:
        return f"Identity(name={self.name!r})"

    @classmethod
    def load(cls, name: str, certificates: bytes, key: bytes) -> Identity:
        """From PEM; raises ValueError."""
        loaded = serialization.load_pem_private_key(key, None)
        if not isinstance(loaded, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ValueError("expected an RSA or an elliptic curve key")
        chain = tuple(x509.load_pem_x509_certificates(certificates))
        spki = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        if chain[0].public_key().public_bytes(*spki) != loaded.public_key().public_bytes(*spki):
            raise ValueError("the key is not that of the first certificate")
        return cls(name, loaded, chain)


def encode_strong_argument(identity: Identity, recipient: str, now: datetime) -> bytes:
    """The MTABindArgument that presents an identity to the MTA called `recipient`."""
    return _bind(identity, recipient, now)


def encode_strong_result(identity: Identity, recipient: str, now: datetime) -> bytes:
    """The MTABindResult, which has the same form."""
    return _bind(identity, recipient, now)


def _bind(identity: Identity, recipient: str, now: datetime) -> bytes:
    """authenticated [1] { name [0], credentials [1] { strong [0] { bind-token [0], certificate [1] } } }."""
    signed = _token(identity, recipient, now)
    token = _ASYMMETRIC_TOKEN + header(0xA1, len(signed)) + signed
    encoded = [certificate.public_bytes(serialization.Encoding.DER) for certificate in identity.certificates]
    path = b"".join(header(0x31, len(octets)) + octets for octets in encoded[1:])
    certificates = encoded[0] + (header(0x30, len(path)) + path if path else b"")
    strong = header(0xA0, len(token)) + token + header(0xA1, len(certificates)) + certificates
    credentials = header(0xA0, len(strong)) + strong
    name = identity.name.encode("ascii")
    contents = header(0x80, len(name)) + name + header(0xA1, len(credentials)) + credentials
    return header(0xA1, len(contents)) + contents


def _token(identity: Identity, recipient: str, now: datetime) -> bytes:
    is_rsa = isinstance(identity.key, rsa.RSAPrivateKey)
    algorithm: dict[str, Any] = (
        {"algorithm": _RSA_SHA256, "parameters": _NULL} if is_rsa else {"algorithm": _ECDSA_SHA256}
    )
    random = secrets.token_bytes(_RANDOM_OCTETS)
    value = {
        "toBeSigned": {
            "signature-algorithm-identifier": algorithm,
            "name": ("mta", {"mta-name": recipient}),
            "time": now.replace(microsecond=0),
            "signed-data": {"type": 1, "value": b"\x03" + bytes((1 + _RANDOM_OCTETS, 0)) + random},
        },
        "algorithmIdentifier": algorithm,
        "encrypted": (b"", 0),
    }
    kind = _type("MTSAbstractService", "AsymmetricToken")
    octets = bytes(kind.view(kind.encode(value))["toBeSigned"].raw)
    key = identity.key
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
    else:
        signature = key.sign(octets, ec.ECDSA(hashes.SHA256()))
    value["encrypted"] = (signature, 8 * len(signature))
    return kind.encode(value)


class BindTokens:
    """Tokens that were taken within the time in which they are good: the same one is not taken twice."""

    def __init__(self, seconds: float = 300.0, maximum: int = 20000) -> None:
        self.tolerance = timedelta(seconds=seconds)
        self._maximum = maximum
        self._seen: OrderedDict[bytes, datetime] = OrderedDict()

    def take(self, token: bytes, time: datetime, now: datetime) -> None:
        """Raises InvalidBind for a token that is not of now, or was seen before."""
        if abs(now - time) > self.tolerance:
            raise InvalidBind(f"a bind token of {time:%Y-%m-%d %H:%M:%S}, now it is {now:%Y-%m-%d %H:%M:%S}")
        while self._seen and next(iter(self._seen.values())) < now:
            self._seen.popitem(last=False)
        digest = hashlib.sha256(token).digest()
        if digest in self._seen:
            raise InvalidBind("a bind token that was used before")
        if len(self._seen) >= self._maximum:
            raise InvalidBind("too many bind tokens to remember")
        self._seen[digest] = now + 2 * self.tolerance


def verify(
    data: bytes | memoryview,
    recipient: str,
    subject: str,
    anchors: Sequence[x509.Certificate],
    tokens: BindTokens,
    now: datetime,
) -> str:
    """The name that an MTABindArgument or MTABindResult presents, strongly; raises InvalidBind.

    `recipient` is who it must be for (we), `subject` the name that its certificate must have: the common name, or an
    alternative one. `now` is aware, in UTC.
    """
    try:
        name, signed, certificates = _strong(bytes(data))
        view = _type("MTSAbstractService", "AsymmetricToken").view(signed)
        octets = bytes(view["toBeSigned"].raw)
        token, outer = view["toBeSigned"].value, view["algorithmIdentifier"].value
        signature, bits = view["encrypted"].value
        leaf = check_path(certificates, anchors, subject, now)
        key = leaf.public_key()
    except InvalidPath as error:
        raise InvalidBind(f"certificate of {name!r}: {error}") from None
    except Exception as error:  # whatever the codec or the library of certificates has to say of octets of a stranger
        raise InvalidBind(f"no strong credentials: {error}") from None
    if outer != token["signature-algorithm-identifier"] or bits % 8:
        raise InvalidBind("the algorithms of a token do not agree")
    _check_signature(key, outer["algorithm"], signature, octets)
    kind, to = token["name"]
    if kind != "mta" or to["mta-name"] != recipient:
        raise InvalidBind("a bind token for another recipient")
    time: datetime = token["time"]
    if time.tzinfo is None:
        time = time.replace(tzinfo=now.tzinfo)
    if token.get("signed-data", {}).get("type") != 1:
        raise InvalidBind("a bind token without a random number")
    tokens.take(octets, time, now)
    return name


def _strong(data: bytes) -> tuple[str, bytes, list[x509.Certificate]]:
    """Name, token and certificates of a bind; raises what the codec and the library of certificates raise."""
    view = _type("MTAAbstractService", "MTABindArgument").view(data)
    if view.choice != "authenticated":
        raise ValueError("nothing is presented")
    presented = view["authenticated"]
    strong = presented["initiator-credentials"]["strong"]
    token, certificates = strong["bind-token"], strong["certificate"]
    if token["token-type-identifier"].value != "2.6.3.6.0":
        raise ValueError("a token that is not asymmetric")
    chain = [x509.load_der_x509_certificate(bytes(certificates["userCertificate"].raw))]
    path = certificates.get("certificationPath")
    if path is not None:
        if len(path) > 8:
            raise ValueError("a certification path of more than 8 steps")
        for step in path:
            chain += [x509.load_der_x509_certificate(bytes(certificate.raw)) for certificate in list(step)[:4]]
    return presented["initiator-name"].value, _inner(token["token"]), chain


def _inner(token: Any) -> bytes:
    """The value of the open type, without the tag that stands around it."""
    octets = bytes(token.raw)
    return bytes(token.contents) if octets[:1] == b"\xa1" else octets


def _check_signature(key: object, algorithm: str, signature: bytes, octets: bytes) -> None:
    found = _SIGNATURES.get(algorithm)
    if found is None or not isinstance(key, found[1]):
        raise InvalidBind(f"a token signed by algorithm {algorithm}, not taken with the certificate's key")
    try:
        if isinstance(key, rsa.RSAPublicKey):
            if key.key_size < MINIMUM_RSA_BITS:
                raise InvalidBind(f"an RSA key of {key.key_size} bits, at least {MINIMUM_RSA_BITS} are needed")
            key.verify(signature, octets, padding.PKCS1v15(), found[0]())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, octets, ec.ECDSA(found[0]()))
    except InvalidSignature:
        raise InvalidBind("the signature of a bind token is wrong") from None
