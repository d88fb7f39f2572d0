"""What the tables of the configuration file are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from x400.mts.exceptions import InvalidORAddress
from x400.mts.oraddress import ORAddress
from x400.server.toml_place import Step

Text = Annotated[str, Meta(min_length=1)]
Name = Annotated[str, Meta(min_length=1, max_length=32)]
Password = Annotated[str, Meta(max_length=62)]
PortNumber = Annotated[int, Meta(ge=0, le=65535)]
Seconds = Annotated[float, Meta(gt=0)]
Count = Annotated[int, Meta(ge=1)]
Selector = Annotated[str, Meta(max_length=32)]
Kibioctets = Annotated[int, Meta(ge=0, le=1024)]


class Table(Struct, rename="kebab", forbid_unknown_fields=True, kw_only=True):
    """A table of the file: keys in kebab case, none but the known ones."""


Priority = Literal["urgent", "normal", "non-urgent"]
ContentTypeName = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)*$|^ipm-84$|^ipm-88$|^edi$|^unidentified$|^external$")]
"""A number of BuiltInContentType, its name, or an object identifier."""
EncodedInformationType = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)+$|^[a-z][a-z0-9-]*$")]

Fail = Callable[..., Exception]
"""Makes the error for what was expected, and where it was: the steps to the key."""


def address_of(text: str, fail: Fail, *place: Step, what: str = "an O/R address") -> ORAddress:
    try:
        return ORAddress.parse(text)
    except InvalidORAddress as error:
        raise fail(f"expected {what}: {error}", *place) from None


def check_addresses(texts: Sequence[str] | None, fail: Fail, *place: Step) -> None:
    for number, text in enumerate(texts or ()):
        address_of(text, fail, *place, number)


_CONTENT_TYPES = {"unidentified": 0, "external": 1, "ipm-84": 2, "ipm-88": 22, "edi": 35}


def content_types(names: Sequence[str] | None) -> frozenset[int | str] | None:
    if names is None:
        return None
    return frozenset(_CONTENT_TYPES.get(name, int(name) if name.isdecimal() else name) for name in names)


def addresses_of(texts: Sequence[str] | None) -> tuple[ORAddress, ...] | None:
    return None if texts is None else tuple(map(ORAddress.parse, texts))
