"""Search filters as people write them (RFC 4515), with places that are filled in later.

`{O}` in the value of an assertion stands for something that comes with each search. What is filled in goes into the
assertion as octets, and never through the notation: a `*` or a `)` in it is a character like any other, which in the
notation of RFC 4515 would have to be escaped (`escaped` does that, for who reads a filter).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["Filter", "InvalidFilter", "escaped"]

_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]*(;[A-Za-z0-9-]+)*|[0-9]+(\.[0-9]+)+")
_TYPES = {">": "greaterOrEqual", "<": "lessOrEqual", "~": "approxMatch"}
_SPECIAL = re.compile(r"[\\*()\x00]")
_PIECE = re.compile(r"\\([0-9A-Fa-f]{2})|\{([^{}]*)\}|([^\\{}*()]+)")
_MAX_DEPTH = 16

_Piece = bytes | str
"""Octets as they are, or the name of a place."""


class InvalidFilter(ValueError):
    """It is no filter; the text says where."""


def escaped(value: str) -> str:
    """A value as it stands in the notation (RFC 4515 section 3)."""
    return _SPECIAL.sub(lambda found: f"\\{ord(found[0]):02x}", value)


class Filter:
    """A filter, read from its notation; raises InvalidFilter. `places` are the names of what is to be filled in."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places: set[str] = set()
        self._at = 0
        self._filter = self._read(0)
        if self._at != len(text):
            raise self._wrong("the end")

    def filled(self, values: Mapping[str, str]) -> Any:
        """The Filter value of RFC 4511; raises KeyError for a place that there is nothing for."""
        return _filled(self._filter, values)

    def shown(self, values: Mapping[str, str]) -> str:
        """The same in the notation, for a human."""
        return re.sub(r"\{([^{}]*)\}", lambda found: escaped(values[found[1]]), self.text)

    def _wrong(self, expected: str) -> InvalidFilter:
        return InvalidFilter(f"expected {expected} at character {self._at + 1} of {self.text!r}")

    def _expect(self, character: str) -> None:
        if not self.text.startswith(character, self._at):
            raise self._wrong(repr(character))
        self._at += len(character)

    def _read(self, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise self._wrong("fewer parentheses in parentheses")
        self._expect("(")
        kind = self.text[self._at : self._at + 1]
        if kind in ("&", "|"):
            self._at += 1
            parts = [self._read(depth + 1)]
            while self.text.startswith("(", self._at):
                parts.append(self._read(depth + 1))
            found = ("and" if kind == "&" else "or", parts)
        elif kind == "!":
            self._at += 1
            found = ("not", self._read(depth + 1))
        else:
            found = self._item()
        self._expect(")")
        return found

    def _item(self) -> Any:
        match = _ATTRIBUTE.match(self.text, self._at)
        if match is None:
            raise self._wrong("an attribute")
        self._at = match.end()
        attribute = match[0].encode()
        kind = _TYPES.get(self.text[self._at : self._at + 1])
        self._at += kind is not None
        self._expect("=")
        parts = [self._value()]
        while kind is None and self.text.startswith("*", self._at):
            self._at += 1
            parts.append(self._value())
        if len(parts) == 1:
            return (kind or "equalityMatch", {"attributeDesc": attribute, "assertionValue": parts[0]})
        if parts == [[], []]:
            return ("present", attribute)
        if any(not part for part in parts[1:-1]):
            raise self._wrong("something between two *")
        some = [("initial", parts[0]), *(("any", part) for part in parts[1:-1]), ("final", parts[-1])]
        return ("substrings", {"type": attribute, "substrings": [one for one in some if one[1]]})

    def _value(self) -> list[_Piece]:
        pieces: list[_Piece] = []
        while match := _PIECE.match(self.text, self._at):
            octet, place, text = match.groups()
            if place is not None:
                self.places.add(place)
            pieces.append(bytes.fromhex(octet) if octet else place if place is not None else text.encode())
            self._at = match.end()
        return pieces


def _filled(given: Any, values: Mapping[str, str]) -> Any:
    kind, value = given
    if kind in ("and", "or"):
        return kind, [_filled(part, values) for part in value]
    if kind == "not":
        return kind, _filled(value, values)
    if kind == "present":
        return given
    if kind == "substrings":
        parts = [(place, _octets(part, values)) for place, part in value["substrings"]]
        return kind, {"type": value["type"], "substrings": parts}
    return kind, value | {"assertionValue": _octets(value["assertionValue"], values)}


def _octets(pieces: list[_Piece], values: Mapping[str, str]) -> bytes:
    return b"".join(piece if isinstance(piece, bytes) else values[piece].encode() for piece in pieces)
