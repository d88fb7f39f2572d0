"""A second BER encoder, as plain as can be, from what the compiled types say of themselves, to hold fastber against.

`Encoder()` writes the shortest forms, as fastber does for BER, and the members of a SET by their tags (X.680 8.6).
`Encoder(random)` takes every freedom that X.690 gives a sender: indefinite and overlong lengths (8.1.3), strings in
pieces (8.6, 8.7, 8.23, 8.25), any octet but zero for TRUE (8.2), members of a SET in any order (8.11), DEFAULT values
that are written.

Values are those that `strategies.values` makes, with open types resolved.
"""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

from fastber.schema import Type
from tests.asn1.normal import is_default
from tests.asn1.strategies import CHARACTERS, FIELDS, governing

_ENCODINGS = {"UTF8String": "utf-8", "BMPString": "utf-16-be", "UniversalString": "utf-32-be"}


class Encoder:
    def __init__(self, random: Random | None = None) -> None:
        self._random = random
        self._scopes: list[dict[str, Any]] = []

    def encode(self, type: Type, value: Any) -> bytes:
        """The encoding of the value, with all tags of the type."""
        if type.kind in ("CHOICE", "open type"):
            contents, inner = self._untagged(type, value), type.tags
        else:
            inner = type.tags[:-1]
            contents = self._tagged(type, type.tags[-1], value)
        for tag in reversed(inner):
            contents = self._element(tag, True, contents)
        return contents

    def _untagged(self, type: Type, value: Any) -> bytes:
        if type.kind == "CHOICE":
            name, inner = value
            return self.encode(dict(type.alternatives)[name], inner)
        row = governing(type, self._scopes)
        if row is not None:
            return self.encode(row, value)
        assert isinstance(value, bytes)
        return value

    def _tagged(self, type: Type, tag: tuple[int, int], value: Any) -> bytes:
        kind = type.kind
        if kind in FIELDS:
            return self._element(tag, True, self._fields(type, value))
        if type.element is not None:
            return self._element(tag, True, b"".join([self.encode(type.element, item) for item in value]))
        if kind == "OCTET STRING":
            return self._string(tag, value if type.contained is None else self.encode(type.contained, value))
        if kind == "BIT STRING":
            return self._bits(tag, *value)
        if kind in CHARACTERS:
            return self._string(tag, value.encode(_ENCODINGS.get(kind, "latin-1")))
        if kind in ("UTCTime", "GeneralizedTime"):
            return self._string(tag, self._time(kind, value).encode())
        return self._element(tag, False, self._primitive(type, value))

    def _fields(self, type: Type, value: dict[str, Any]) -> bytes:
        self._scopes.append(value)
        chosen = type.members
        if type.kind == "SET":
            chosen = tuple(sorted(chosen, key=lambda member: _least_tag(member.type)))
        parts = []
        for member in chosen:
            if is_default(member, value):
                if self._chance():
                    parts.append(self.encode(member.type, member.default))
            elif member.name in value:
                parts.append(self.encode(member.type, value[member.name]))
        self._scopes.pop()
        if type.kind == "SET" and self._random is not None:
            self._random.shuffle(parts)
        return b"".join(parts)

    def _primitive(self, type: Type, value: Any) -> bytes:
        match type.kind:
            case "BOOLEAN":
                true = 0xFF if self._random is None else self._random.randint(1, 255)
                return bytes((true if value else 0,))
            case "INTEGER":
                return _integer(value)
            case "ENUMERATED":
                return _integer(value if isinstance(value, int) else dict(type.items)[value])
            case "NULL":
                return b""
            case "OBJECT IDENTIFIER":
                first, second, *rest = map(int, value.split("."))
                return b"".join(map(_base_128, (40 * first + second, *rest)))
            case "RELATIVE-OID":
                return b"".join(_base_128(int(arc)) for arc in value.split("."))
        raise NotImplementedError(type.kind)

    def _time(self, kind: str, value: datetime) -> str:
        text = value.strftime("%y%m%d%H%M") if kind == "UTCTime" else f"{value.year:04}{value:%m%d%H%M}"
        if value.second or value.microsecond or self._chance():
            text += f"{value.second:02}"
        if value.microsecond:
            text += f".{value.microsecond:06}".rstrip("0")
        if value.tzinfo is None:
            return text + ("Z" if kind == "UTCTime" else "")
        return text + ("Z" if kind == "GeneralizedTime" and value.tzinfo is UTC else f"{value:%z}")

    # Strings, whole or in pieces; a piece is an OCTET STRING or BIT STRING itself, in pieces or not

    def _string(self, tag: tuple[int, int], octets: bytes) -> bytes:
        if not self._chance():
            return self._element(tag, False, octets)
        return self._element(tag, True, b"".join(self._string((0, 4), piece) for piece in self._cut(octets)))

    def _bits(self, tag: tuple[int, int], octets: bytes, count: int) -> bytes:
        unused = -count % 8
        if not self._chance():
            return self._element(tag, False, bytes((unused,)) + octets)
        *pieces, last = self._cut(octets) or [b""]
        whole = [self._bits((0, 3), piece, 8 * len(piece)) for piece in pieces]
        return self._element(tag, True, b"".join([*whole, self._bits((0, 3), last, 8 * len(last) - unused)]))

    def _cut(self, octets: bytes) -> list[bytes]:
        assert self._random is not None
        if not octets:
            return []
        at = self._random.randint(1, len(octets))
        return [octets[:at], *([octets[at:]] if at < len(octets) else [])]

    # Identifier and length octets

    def _element(self, tag: tuple[int, int], constructed: bool, contents: bytes) -> bytes:
        tag_class, number = tag
        first = tag_class << 6 | constructed << 5
        identifier = bytes((first | number,)) if number < 31 else bytes((first | 31,)) + _base_128(number)
        if constructed and self._chance():
            return identifier + b"\x80" + contents + b"\0\0"
        return identifier + self._length(len(contents)) + contents

    def _length(self, length: int) -> bytes:
        overlong = self._random is not None and self._chance()
        if length < 128 and not overlong:
            return bytes((length,))
        size = max((length.bit_length() + 7) // 8, 1)
        if overlong and self._random is not None:
            size += self._random.randint(0, 3)
        return bytes((0x80 | size,)) + length.to_bytes(size, "big")

    def _chance(self) -> bool:
        return self._random is not None and self._random.random() < 0.4


def _least_tag(type: Type) -> tuple[int, int]:
    """The tag by which X.680 8.6 orders a member; an open type comes last."""
    if type.tags:
        return type.tags[0]
    return min((_least_tag(part) for _, part in type.alternatives), default=(4, 0))


def _integer(value: int) -> bytes:
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return value.to_bytes(size, "big", signed=True)


def _base_128(number: int) -> bytes:
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(0x80 | number & 0x7F)
    return bytes(reversed(octets))
