"""The APDUs of association control (X.227 9), as octets and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import fastber
from x400.asn1 import specification
from x400.osi.acse.exceptions import AbortSource, AssociateResult, AssociationError
from x400.osi.presentation.ppdu import BASIC_ENCODING
from x400.osi.presentation.user_data import PDV
from x400.osi.tlv import Buffer

if TYPE_CHECKING:
    from fastber import CompiledType

__all__ = [
    "ABSTRACT_SYNTAX",
    "decode",
    "encode_aare",
    "encode_aarq",
    "encode_abrt",
    "encode_rlre",
    "encode_rlrq",
    "user_information",
]

ABSTRACT_SYNTAX = "2.2.1.0.1"
"""acse-as-id: joint-iso-itu-t association-control(2) abstract-syntax(1) apdus(0) version1(1)."""


@cache
def _type() -> CompiledType:
    return specification().modules["ACSE-1"]["ACSE-apdu"]


def decode(data: Buffer) -> tuple[str, dict[str, Any]]:
    """The name of the APDU (aarq, aare, rlrq, rlre, abrt) and its value; raises AssociationError."""
    try:
        (name, value), length = _type().decode_with_length(data)
    except fastber.DecodeError as error:
        raise AssociationError(f"ACSE-apdu: {error}", getattr(error, "offset", None)) from None
    if length != len(data):
        raise AssociationError("octets after an APDU", length)
    return name, value


def user_information(value: dict[str, Any]) -> list[PDV]:
    """The values that an APDU carries for its user, each in a presentation context; raises AssociationError."""
    values: list[PDV] = []
    for external in value.get("user-information", []):
        context = external.get("indirect-reference")
        form, octets = external["encoding"]
        if context is None or form not in ("single-ASN1-type", "octet-aligned"):
            raise AssociationError("user information without a presentation context, or in arbitrary bits")
        values.append((context, octets))
    return values


def _association_data(values: Sequence[PDV], direct_reference: bool) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = []
    for context, octets in values:
        external: dict[str, Any] = {"direct-reference": BASIC_ENCODING} if direct_reference else {}
        external["indirect-reference"] = context
        external["encoding"] = ("single-ASN1-type", bytes(octets))
        data.append(external)
    return data


def _with_user_information(
    value: dict[str, Any], values: Sequence[PDV], *, direct_reference: bool = False
) -> dict[str, Any]:
    if values:
        value["user-information"] = _association_data(values, direct_reference)
    return value


def encode_aarq(application_context: str, values: Sequence[PDV]) -> bytes:
    """While contexts are being agreed an EXTERNAL names its transfer syntax, too (X.690 8.18)."""
    value = _with_user_information({"aSO-context-name": application_context}, values, direct_reference=True)
    return _type().encode(("aarq", value))


def encode_aare(
    application_context: str, result: AssociateResult, source: str, diagnostic: int, values: Sequence[PDV]
) -> bytes:
    """`source` is service-user or service-provider."""
    value = {
        "aSO-context-name": application_context,
        "result": int(result),
        "result-source-diagnostic": (f"acse-{source}", int(diagnostic)),
    }
    return _type().encode(("aare", _with_user_information(value, values, direct_reference=True)))


def encode_rlrq(values: Sequence[PDV]) -> bytes:
    """Reason normal."""
    return _type().encode(("rlrq", _with_user_information({"reason": 0}, values)))


def encode_rlre(values: Sequence[PDV]) -> bytes:
    """Reason normal."""
    return _type().encode(("rlre", _with_user_information({"reason": 0}, values)))


def encode_abrt(source: AbortSource, values: Sequence[PDV]) -> bytes:
    return _type().encode(("abrt", _with_user_information({"abort-source": int(source)}, values)))
