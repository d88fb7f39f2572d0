"""User-data, fully encoded (X.226 8.4.2): the framing of every presentation data value, a few microseconds each.

    [APPLICATION 1] SEQUENCE OF
        PDV-list SEQUENCE
            transfer-syntax-name            OPTIONAL, skipped: the only one that we agree to is BER
            presentation-context-identifier INTEGER
            single-ASN1-type [0] | octet-aligned [1] | arbitrary [2]

Done by hand because each segment of each transfer is wrapped so; what lies inside goes to the codec.
"""

from __future__ import annotations

from collections.abc import Sequence

from x400.osi.presentation.exceptions import AbortReason, PresentationError, ProviderReason
from x400.osi.tlv import INDEFINITE, Buffer, FramingError, element_end, header, integer, read_header

__all__ = ["PDV", "decode", "encode"]

PDV = tuple[int, Buffer]
"""A presentation data value: its context's identifier, and the element that encodes it."""

MAXIMUM_VALUES = 64
"""Nobody sends more values in one PPDU; without a bound, a PPDU of empty ones would cost far more than its octets."""

_FULLY_ENCODED = 0x61
_SEQUENCE = 0x30
_SINGLE_ASN1_TYPE = 0xA0
_OCTET_ALIGNED = 0x81
_TRANSFER_SYNTAX_NAME = 0x06


def encode(values: Sequence[PDV]) -> bytes:
    """Several values, each its own PDV-list."""
    lists = []
    for context, value in values:
        inner = integer(context) + header(_SINGLE_ASN1_TYPE, len(value)) + value
        lists.append(header(_SEQUENCE, len(inner)) + inner)
    contents = b"".join(lists)
    return header(_FULLY_ENCODED, len(contents)) + contents


def decode(data: Buffer) -> list[PDV]:
    """The values, as views of `data`; raises PresentationError."""
    try:
        return _decode(memoryview(data))
    except FramingError as error:
        raise PresentationError(
            AbortReason.INVALID_PPDU_PARAMETER_VALUE,
            error.detail,
            error.offset,
            provider_reason=ProviderReason.USER_DATA_NOT_READABLE,
        ) from None


def _unrecognized(detail: str, offset: int) -> PresentationError:
    return PresentationError(
        AbortReason.UNRECOGNIZED_PPDU, detail, offset, provider_reason=ProviderReason.USER_DATA_NOT_READABLE
    )


def _decode(data: memoryview) -> list[PDV]:
    end = len(data)
    tag, offset, length = read_header(data, 0, end)
    if tag != _FULLY_ENCODED:
        raise _unrecognized(f"user data with identifier {tag:#04x}, not fully encoded", 0)
    if length != INDEFINITE and offset + length != end:
        raise _unrecognized("octets after the user data", offset + length)
    values: list[PDV] = []
    while offset < end:
        if length == INDEFINITE and data[offset] == 0:
            offset = _end_of_contents(data, offset, end)
            if offset != end:
                raise _unrecognized("octets after the user data", offset)
            return values
        if len(values) == MAXIMUM_VALUES:
            raise PresentationError(
                AbortReason.REASON_NOT_SPECIFIED,
                f"more than {MAXIMUM_VALUES} presentation data values",
                offset,
                provider_reason=ProviderReason.LOCAL_LIMIT_EXCEEDED,
            )
        offset = _decode_list(data, offset, end, values)
    if length == INDEFINITE:
        raise FramingError("end-of-contents octets are missing", offset)
    return values


def _decode_list(data: memoryview, offset: int, end: int, values: list[PDV]) -> int:
    """One PDV-list; appends to `values`, returns where it ends."""
    tag, position, length = read_header(data, offset, end)
    if tag != _SEQUENCE:
        raise _unrecognized(f"a PDV-list with identifier {tag:#04x}", offset)
    list_end = end if length == INDEFINITE else position + length
    tag, start, size = read_header(data, position, list_end)
    if tag == _TRANSFER_SYNTAX_NAME:
        position = start + size
        tag, start, size = read_header(data, position, list_end)
    if tag != 2 or not 0 < size <= 4:
        raise FramingError("no presentation-context-identifier", position)
    context = data[start] if size == 1 else int.from_bytes(data[start : start + size], "big", signed=True)
    position = start + size
    tag, start, size = read_header(data, position, list_end)
    if tag == _SINGLE_ASN1_TYPE:
        if size == INDEFINITE:
            position = element_end(data, start, list_end)
            values.append((context, data[start:position]))
            position = _end_of_contents(data, position, list_end)
        else:
            position = start + size
            values.append((context, data[start:position]))
    elif tag == _OCTET_ALIGNED:
        position = start + size
        while start < position and len(values) < MAXIMUM_VALUES:
            value_end = element_end(data, start, position)
            values.append((context, data[start:value_end]))
            start = value_end
    else:
        raise FramingError(f"presentation data values with identifier {tag:#04x}", position)
    if length == INDEFINITE:
        return _end_of_contents(data, position, end)
    if position != list_end:
        raise FramingError("octets after the presentation data values", position)
    return list_end


def _end_of_contents(data: memoryview, offset: int, end: int) -> int:
    if end - offset < 2 or data[offset] or data[offset + 1]:
        raise FramingError("end-of-contents octets are missing", offset)
    return offset + 2
