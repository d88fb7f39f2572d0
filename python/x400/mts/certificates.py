"""Certification paths (X.509 10): from a certificate that is presented to one that is trusted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID

__all__ = ["InvalidPath", "check_path", "names_of"]

MAXIMUM_STEPS = 8

_UNDERSTOOD = (
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.ExtendedKeyUsage,
    x509.SubjectAlternativeName,
    x509.AuthorityKeyIdentifier,
    x509.SubjectKeyIdentifier,
)
"""Extensions that may be critical."""


class InvalidPath(ValueError):
    """No path to a trust anchor, or something in it that is not valid."""


def names_of(certificate: x509.Certificate) -> set[str]:
    """What the subject is called: its common names, and its alternative names that are DNS names."""
    names = {str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)}
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names |= set(alternative.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        pass
    return names


def check_path(
    presented: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], subject: str, now: datetime
) -> x509.Certificate:
    """The first of the certificates presented, if it is `subject`'s and a path leads from it to a trust anchor.

    The others presented are those that may be on the way. Signatures, validity at `now`, basic constraints and key
    usage are checked; a critical extension that is not understood makes a certificate invalid. Revocation is not
    looked up: a certificate is withdrawn by taking its peer, or its anchor, out of the configuration.
    """
    try:
        leaf = presented[0]
        if subject not in names_of(leaf):
            raise InvalidPath(f"it is not of {subject!r}")
        usage = _usage(leaf)
        if usage is not None and not usage.digital_signature:
            raise InvalidPath("its key is not for signatures")
        current = leaf
        for below in range(MAXIMUM_STEPS):
            _check_one(current, now)
            for anchor in anchors:
                if current == anchor or _issued(current, anchor, below):
                    _check_one(anchor, now)
                    return leaf
            issuer = next(
                (other for other in presented[1:] if other != current and _issued(current, other, below)), None
            )
            if issuer is None:
                raise InvalidPath("no path leads to a trust anchor")
            current = issuer
    except (ValueError, x509.DuplicateExtension) as error:
        raise InvalidPath(str(error)) from None
    raise InvalidPath("the path is too long")


def _usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None


def _check_one(certificate: x509.Certificate, now: datetime) -> None:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise InvalidPath(f"{certificate.subject.rfc4514_string()} is not valid now")
    for extension in certificate.extensions:
        if extension.critical and not isinstance(extension.value, _UNDERSTOOD):
            raise InvalidPath(f"critical extension {extension.oid.dotted_string} is not understood")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate, below: int) -> bool:
    """Whether `issuer`, with `below` certificates of authorities between it and the end, may have issued and did."""
    if certificate.issuer != issuer.subject:
        return False
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    if not constraints.ca or (constraints.path_length is not None and constraints.path_length < below):
        return False
    usage = _usage(issuer)
    if usage is not None and not usage.key_cert_sign:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
