"""MTA-bind (X.411 12.1.1, 8.5.8): argument, result and error as values, simple credentials.

A password is text or octets: text goes as IA5String, octets as OCTET STRING; they are equal when their octets are.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from x400.mts.exceptions import MTSError

if TYPE_CHECKING:
    import fastber

__all__ = [
    "Credentials",
    "InvalidBind",
    "MTABindError",
    "decode_argument",
    "decode_error",
    "decode_result",
    "encode_argument",
    "encode_error",
    "encode_result",
    "same_password",
]


class InvalidBind(MTSError):
    """Octets that are no bind argument, result or error."""


class MTABindError(IntEnum):
    """The mta-bind-error (X.411 12.1.2)."""

    BUSY = 0
    AUTHENTICATION_ERROR = 2
    UNACCEPTABLE_DIALOGUE_MODE = 3
    UNACCEPTABLE_SECURITY_CONTEXT = 4
    INADEQUATE_ASSOCIATION_CONFIDENTIALITY = 5


@dataclass(frozen=True, slots=True)
class Credentials:
    """Name and password of one side. `strong` is the StrongCredentials value when it was those that were presented."""

    name: str
    password: str | bytes | None = None
    strong: Mapping[str, Any] | None = None

    def __repr__(self) -> str:
        return f"Credentials(name={self.name!r})"


@cache
def _type(name: str) -> fastber.CompiledType:
    from x400.asn1 import compiled_type

    return compiled_type("MTAAbstractService", name)


def same_password(expected: str | bytes | None, presented: str | bytes | None) -> bool:
    """Compare in constant time; IA5 text and octets are the same when their octets are; None only equals None."""
    if expected is None or presented is None:
        return expected is presented
    return hmac.compare_digest(_octets(expected), _octets(presented))


def _octets(password: str | bytes) -> bytes:
    return password.encode("latin-1", "replace") if isinstance(password, str) else password


def _encode(type_name: str, side: str, credentials: Credentials | None) -> bytes:
    if credentials is None:
        return _type(type_name).encode(("unauthenticated", None))
    if credentials.password is None:
        raise ValueError(f"{credentials.name}: a password is needed to authenticate")
    form = "ia5-string" if isinstance(credentials.password, str) else "octet-string"
    value = {
        f"{side}-name": credentials.name,
        f"{side}-credentials": ("simple", (form, credentials.password)),
    }
    return _type(type_name).encode(("authenticated", value))


def _decode(type_name: str, side: str, data: bytes | memoryview) -> Credentials | None:
    import fastber

    try:
        choice, value = _type(type_name).decode(data)
    except fastber.DecodeError as error:
        raise InvalidBind(f"no {type_name}: {error}") from None
    if choice == "unauthenticated":
        return None
    form, presented = value[f"{side}-credentials"]
    if form == "simple":
        return Credentials(value[f"{side}-name"], presented[1])
    return Credentials(value[f"{side}-name"], strong=presented if form == "strong" else {form: presented})


def encode_argument(credentials: Credentials | None) -> bytes:
    """The initiator's MTABindArgument; None is unauthenticated."""
    return _encode("MTABindArgument", "initiator", credentials)


def decode_argument(data: bytes | memoryview) -> Credentials | None:
    """What the initiator presented, None for nothing; raises InvalidBind."""
    return _decode("MTABindArgument", "initiator", data)


def encode_result(credentials: Credentials | None) -> bytes:
    """The responder's MTABindResult; None is unauthenticated."""
    return _encode("MTABindResult", "responder", credentials)


def decode_result(data: bytes | memoryview) -> Credentials | None:
    """What the responder presented, None for nothing; raises InvalidBind."""
    return _decode("MTABindResult", "responder", data)


def encode_error(error: MTABindError) -> bytes:
    """The INTEGER that a refused bind carries."""
    return bytes((2, 1, error))


def decode_error(data: bytes | memoryview) -> MTABindError:
    """The error of a refused bind; raises InvalidBind for octets that are none, or a number that has no meaning."""
    octets = bytes(data)
    if len(octets) < 3 or octets[0] != 2 or octets[1] != len(octets) - 2:
        raise InvalidBind("no INTEGER where a bind error is expected")
    number = int.from_bytes(octets[2:], "big", signed=True)
    try:
        return MTABindError(number)
    except ValueError:
        raise InvalidBind(f"bind error {number} is not known") from None
