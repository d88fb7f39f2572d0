"""The APDUs of reliable transfer (X.228 9) other than RTTR, as octets and as plain values."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import fastber
from x400.asn1 import specification
from x400.osi.rtse.exceptions import AbortReason, TransferError
from x400.osi.rtse.recovery import SessionConnectionIdentifier, decode_identifier, encode_identifier
from x400.osi.tlv import Buffer, FramingError, header, integer

if TYPE_CHECKING:
    from fastber import CompiledType

__all__ = [
    "decode",
    "encode_rtab",
    "encode_rtoac",
    "encode_rtoac_recover",
    "encode_rtorj",
    "encode_rtorj_x410",
    "encode_rtorq",
    "encode_rtorq_recover",
    "recovered_connection",
]

_RTORQ = 0xB0
_RTOAC = 0xB1
_RTORJ = 0xB2


@cache
def _type() -> CompiledType:
    return specification().modules["Reliable-Transfer-APDU"]["RTSE-apdus"]


def decode(data: Buffer, *expected: str) -> tuple[str, Any]:
    """The name (rtorq-apdu, ...) and value of an APDU that must be one of `expected`; raises TransferError."""
    try:
        (name, value), length = _type().decode_with_length(data)
    except fastber.DecodeError as error:
        raise TransferError(f"RTSE-apdus: {error}", getattr(error, "offset", None)) from None
    if length != len(data):
        raise TransferError("octets after an APDU", length)
    if name not in expected:
        raise TransferError(f"{name} where {' or '.join(expected)} is expected")
    return name, value


def encode_rtorq(
    checkpoint_size: int,
    window_size: int,
    two_way_alternate: bool,
    user_data: bytes,
    application_protocol: int | None = None,
) -> bytes:
    value: dict[str, Any] = {
        "checkpointSize": checkpoint_size,
        "windowSize": window_size,
        "dialogueMode": int(two_way_alternate),
        "connectionDataRQ": ("open", user_data),
    }
    if application_protocol is not None:
        value["applicationProtocol"] = application_protocol
    return _type().encode(("rtorq-apdu", value))


def encode_rtorq_recover(
    checkpoint_size: int,
    window_size: int,
    two_way_alternate: bool,
    connection: SessionConnectionIdentifier,
    application_protocol: int | None = None,
) -> bytes:
    """An RTORQ that is to recover an association (X.228 7.8.3)."""
    protocol = b"" if application_protocol is None else b"\x84" + integer(application_protocol)[1:]
    return _recover(_RTORQ, 3, connection, protocol, checkpoint_size, window_size, int(two_way_alternate))


def encode_rtoac_recover(checkpoint_size: int, window_size: int, connection: SessionConnectionIdentifier) -> bytes:
    return _recover(_RTOAC, 2, connection, b"", checkpoint_size, window_size)


def _recover(apdu: int, place: int, connection: SessionConnectionIdentifier, more: bytes, *numbers: int) -> bytes:
    """The references are passed on as session carries them, which the codec's text and time would not do."""
    identifier = encode_identifier(connection)
    data = header(0xA1, len(identifier)) + identifier
    contents = b"".join(bytes((0x80 | tag,)) + integer(number)[1:] for tag, number in enumerate(numbers))
    contents += header(0xA0 | place, len(data)) + data + more
    return header(apdu, len(contents)) + contents


def recovered_connection(data: Buffer, path: str) -> SessionConnectionIdentifier:
    """The association that an RTORQ or RTOAC recovers; `path` is where its identifier is. Raises TransferError."""
    try:
        return decode_identifier(_type().view(data).at(path).raw)
    except (FramingError, fastber.Error) as error:
        raise TransferError(f"SessionConnectionIdentifier: {error}", getattr(error, "offset", None)) from None


def encode_rtoac(checkpoint_size: int, window_size: int, user_data: bytes) -> bytes:
    value = {
        "checkpointSize": checkpoint_size,
        "windowSize": window_size,
        "connectionDataAC": ("open", user_data),
    }
    return _type().encode(("rtoac-apdu", value))


def encode_rtorj(user_data: bytes | None) -> bytes:
    return _type().encode(("rtorj-apdu", {} if user_data is None else {"userDataRJ": user_data}))


def encode_rtorj_x410(reason: bytes) -> bytes:
    """`reason` is the element of an INTEGER; MTAs' bind errors have the numbers of the reasons (X.411 12.1.2)."""
    return header(_RTORJ, len(reason)) + b"\x80" + reason[1:]


def encode_rtab(reason: AbortReason, user_data: bytes | None = None) -> bytes:
    value: dict[str, Any] = {"abortReason": int(reason)}
    if user_data is not None:
        value["userdataAB"] = user_data
    return _type().encode(("rtab-apdu", value))
