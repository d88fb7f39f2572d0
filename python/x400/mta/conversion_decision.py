"""The conversion-decision procedure (X.411 14.3): whether a content is to be converted, and to what.

Encoded information types are named here as in the ASN.1 (`ia5-text`), or as object identifiers; general text has one
for each character set registration that it uses, and is also called `general-text` as a whole.
"""

from __future__ import annotations

from typing import Any, Literal

from x400.mts.apdu import Apdu
from x400.mts.extensions import StandardExtension
from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode

__all__ = ["CHARACTER_SETS", "Target", "conversion_decision", "converted_types", "types_after"]

Target = Literal["ia5-text", "general-text"]

CHARACTER_SETS = "1.0.10021.7.1.0."
"""Object identifier of a character set registration as encoded information type, without the registration's number."""

_BUILT_IN = (
    "unknown",
    "telex",
    "ia5-text",
    "g3-facsimile",
    "g4-class-1",
    "teletex",
    "videotex",
    "voice",
    "sfd",
    "mixed-mode",
)
_ASCII, _CONTROLS = CHARACTER_SETS + "6", CHARACTER_SETS + "1"
_INTERPERSONAL = frozenset({2, 22})

_UNSUPPORTED = NonDelivery.of(NonDeliveryDiagnosticCode.ENCODED_INFORMATION_TYPES_UNSUPPORTED)
_PROHIBITED = NonDelivery.of(NonDeliveryDiagnosticCode.IMPLICIT_CONVERSION_PROHIBITED)
_NOT_SUBSCRIBED = NonDelivery.of(NonDeliveryDiagnosticCode.IMPLICIT_CONVERSION_NOT_SUBSCRIBED)
_IMPRACTICAL = NonDelivery.of(NonDeliveryDiagnosticCode.CONVERSION_IMPRACTICAL)


def converted_types(apdu: Apdu) -> dict[str, Any] | None:
    """The EncodedInformationTypes after the last conversion that the trace tells of; None when there was none."""
    trace = apdu.envelope["trace-information"]
    for place in range(len(trace) - 1, -1, -1):
        converted = trace[place]["domain-supplied-information"].get("converted-encoded-information-types")
        if converted is not None:
            value: dict[str, Any] = converted.value
            return value
    return None


def _current(apdu: Apdu) -> dict[str, Any]:
    found = converted_types(apdu)
    return found if found is not None else apdu.value("original-encoded-information-types") or {}


def names_of(value: dict[str, Any]) -> list[str]:
    """The names in an EncodedInformationTypes value."""
    octets, bits = value.get("built-in-encoded-information-types", (b"", 0))
    names = [
        name
        for place, name in enumerate(_BUILT_IN)
        if place < min(bits, 8 * len(octets)) and octets[place // 8] & 0x80 >> place % 8
    ]
    return names + list(value.get("extended-encoded-information-types", ()))


def _accepts(accepted: frozenset[str], name: str) -> bool:
    if name in accepted:
        return True
    if name.startswith(CHARACTER_SETS):
        return "general-text" in accepted or (name == _CONTROLS and _ASCII in accepted)
    return False


def conversion_decision(
    apdu: Apdu, accepted: frozenset[str] | None, *, subscribed: bool
) -> Target | NonDelivery | None:
    """What a content must become for somebody who takes only `accepted`; None: nothing, it can be taken as it is.

    A message that does not say what is in it is taken as it is.
    """
    if accepted is None:
        return None
    refused = [name for name in names_of(_current(apdu)) if not _accepts(accepted, name)]
    if not refused:
        return None
    target: Target
    if _accepts(accepted, "ia5-text") and all(name.startswith(CHARACTER_SETS) for name in refused):
        target = "ia5-text"
    elif _accepts(accepted, _ASCII) and refused == ["ia5-text"]:
        target = "general-text"
    else:
        return _UNSUPPORTED
    if apdu.content_type not in _INTERPERSONAL:
        return _UNSUPPORTED
    if apdu.implicit_conversion_prohibited:
        return _PROHIBITED
    if not subscribed:
        return _NOT_SUBSCRIBED
    if apdu.stored.tail is not None or apdu.find_extension(StandardExtension.CONTENT_CONFIDENTIALITY_ALGORITHM):
        return _IMPRACTICAL
    return target


def types_after(apdu: Apdu, target: Target) -> dict[str, Any]:
    """The EncodedInformationTypes value of the content once it has been converted."""
    value = dict(_current(apdu))
    octets, bits = value.get("built-in-encoded-information-types", (b"", 0))
    first = octets[0] if octets else 0
    extended = [name for name in value.get("extended-encoded-information-types", ()) if not _is_text(name)]
    if target == "ia5-text":
        first |= 0x20
    else:
        first &= ~0x20
        extended += [_CONTROLS, _ASCII]
    value["built-in-encoded-information-types"] = (bytes((first,)) + octets[1:], max(bits, 3))
    value.pop("extended-encoded-information-types", None)
    if extended:
        value["extended-encoded-information-types"] = extended
    return value


def _is_text(name: str) -> bool:
    return name.startswith(CHARACTER_SETS)
