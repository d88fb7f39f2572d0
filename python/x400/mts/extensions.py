"""Extension fields (X.411 8.2.1.1.1, 9.2 and table 27): numbers, criticality, reading and making them.

The type of an extension is CHOICE { [0] INTEGER, [3] OBJECT IDENTIFIER }. MTAs of 1988 write the first alternative as
an explicit [0] around an INTEGER (`a0 03 02 01 26`), the text of 1994 has it implicit (`80 01 26`). Both are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from x400.mts.exceptions import InvalidAPDU
from x400.mts.fields import BitString, first_octet

if TYPE_CHECKING:
    import fastber

__all__ = [
    "Extension",
    "StandardExtension",
    "extension_field",
    "extension_of",
    "extensions",
    "field_value",
    "is_set",
    "tlv",
    "value_in_place",
]


class StandardExtension(IntEnum):
    """Numbers of the standard extensions that the MTA itself reads or writes, or singles out."""

    RECIPIENT_REASSIGNMENT_PROHIBITED = 1
    ORIGINATOR_REQUESTED_ALTERNATE_RECIPIENT = 2
    DL_EXPANSION_PROHIBITED = 3
    CONVERSION_WITH_LOSS_PROHIBITED = 4
    LATEST_DELIVERY_TIME = 5
    CONTENT_CONFIDENTIALITY_ALGORITHM = 17
    MESSAGE_SECURITY_LABEL = 20
    PROOF_OF_SUBMISSION_REQUEST = 21
    PROOF_OF_DELIVERY_REQUEST = 22
    CONTENT_CORRELATOR = 23
    PROBE_ORIGIN_AUTHENTICATION_CHECK = 24
    REDIRECTION_HISTORY = 25
    DL_EXPANSION_HISTORY = 26
    ORIGINATOR_AND_DL_EXPANSION_HISTORY = 30
    REPORTING_DL_NAME = 31
    FORWARDING_REQUEST = 36
    TRACE_INFORMATION = 37
    INTERNAL_TRACE_INFORMATION = 38
    REPORTING_MTA_NAME = 39
    DL_EXEMPTED_RECIPIENTS = 42


HIGHEST_STANDARD_EXTENSION = 46
"""The last that X.411 (1999) and X.420 define; one above it is unknown here."""

FOR_SUBMISSION, FOR_TRANSFER, FOR_DELIVERY = 0x80, 0x40, 0x20
"""Criticality, as the bits of the first octet."""


class Extension(NamedTuple):
    """One ExtensionField: its number, or its object identifier as text; its critical bits; its place among `fields`;
    the TLV of its value, as it came."""

    type: int | str
    criticality: int
    place: int
    value: bytes
    fields: fastber.View

    @property
    def view(self) -> fastber.View:
        """The field itself."""
        return self.fields[self.place]


_NULL = b"\x05\x00"
"""The value of an extension that gives none (X.411 figure 2, ExtensionField)."""


def extensions(fields: fastber.View | None) -> Iterator[Extension]:
    """What stands in a SET OF ExtensionField; nothing for one that is absent."""
    if fields is None:
        return
    for place, view in enumerate(fields):
        criticality, value = view.get("criticality"), view.get("value")
        yield extension_of(
            view["type"].value,
            criticality.value if criticality is not None else None,
            bytes(value.value) if value is not None else None,
            place,
            fields,
        )


def extension_of(
    kind: tuple[str, int | str] | None,
    criticality: BitString | None,
    value: bytes | None,
    place: int,
    fields: fastber.View,
) -> Extension:
    """An extension of the decoded members of its field; raises InvalidAPDU where the type is missing."""
    if kind is None:
        raise InvalidAPDU(f"the type of extension {place} is missing", fields[place].offset)
    return Extension(kind[1], first_octet(criticality), place, _NULL if value is None else value, fields)


def value_in_place(extension: Extension, value: bytes) -> bytes:
    """The element of an extension's value, to be spliced in: `value` in the wrapping in which the old one came."""
    around = bytes(extension.view["value"].raw[:2])
    if around[0] == value[0]:
        return value
    return around + value + b"\0\0" if around[1] == 0x80 else tlv(around[0], value)


def is_set(extension: Extension | None) -> bool:
    """Whether an extension of the kind allowed(0), prohibited(1) says prohibited; absent, or not well-formed: no."""
    return extension is not None and extension.value[:2] == b"\x0a\x01" and extension.value[2:] == b"\x01"


def tlv(identifier: int, *contents: bytes) -> bytes:
    """One element with a single identifier octet and a definite length."""
    length = sum(map(len, contents))
    if length < 0x80:
        header = bytes((identifier, length))
    else:
        octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
        header = bytes((identifier, 0x80 | len(octets))) + octets
    return header + b"".join(contents)


def extension_field(number: int, value: bytes, *, style_1988: bool = False) -> bytes:
    """An ExtensionField of a standard extension, not critical, around the TLV of its value."""
    kind = tlv(0xA0, tlv(0x02, bytes((number,)))) if style_1988 else tlv(0x80, bytes((number,)))
    return tlv(0x30, kind, tlv(0xA2, value))


def field_value(number: int, value: bytes) -> dict[str, Any]:
    """The same as a value to encode."""
    return {"type": ("standard-extension", number), "value": value}
