"""O/R addresses as people write them (X.402 Annex F and F.401, RFC 2156 section 4.1).

Two notations, the same keywords in any order and in either case:

    /C=GB/A=TELEMAIL/P=Widget/O=Sales/OU1=East/S=Smith/G=John/DDA:phone=123/
    C=GB; A=TELEMAIL; P=Widget; O=Sales; S=Smith

A delimiter inside a value is doubled (Annex F) or written after `$` (RFC 2156); both are read, `$` is written, which
also protects `$`, `=` and `*` and spaces at the ends. After an unprotected `*` stands the teletex form:
`O=Koeln*Köln`. `A=` with nothing is the single space of a domain that any administration serves. Extension attributes
without a keyword are `EXT:number=hexadecimal`.
"""

from __future__ import annotations

import re

from x400.mts.exceptions import InvalidORAddress
from x400.mts.oraddress import HIERARCHY, ORAddress

__all__ = ["format", "parse"]

_ALIASES = {
    "ADMD": "A",
    "PRMD": "P",
    "ORG": "O",
    "OU": "OU1",
    "SURNAME": "S",
    "GIVENNAME": "G",
    "GIVEN-NAME": "G",
    "GN": "G",
    "INITIALS": "I",
    "GQ": "Q",
    "GENERATION": "Q",
    "COUNTRY": "C",
    "X.121": "X121",
    "UA-ID": "N-ID",
    "UAID": "N-ID",
    "N-UA-ID": "N-ID",
    "T-TERM": "T-ID",
}
_KNOWN = frozenset(HIERARCHY)
_SPACES = " \t\r\n"
_LABEL = re.compile(r"^(?:x\.?400\s*:)\s*", re.IGNORECASE)
_ORDER = {keyword: place for place, keyword in enumerate(HIERARCHY)}
_BEFORE = "\x00"
"""Stands before a protected character while an element is taken apart; no attribute can hold it."""


def parse(text: str) -> ORAddress:
    """Read an O/R address; raises InvalidORAddress naming the element that is wrong. Forms are not checked here."""
    body = _LABEL.sub("", text.lstrip())
    if not body.strip():
        raise InvalidORAddress("an O/R address is expected, not an empty text")
    if _BEFORE in body:
        raise InvalidORAddress("an O/R address holds no NUL")
    delimiter = "/" if body.startswith("/") else ";"
    attributes: dict[str, str] = {}
    others: list[tuple[int, bytes]] = []
    numeric: set[str] = set()
    for element in _elements(body.removeprefix("/"), delimiter):
        if not element.strip():
            continue
        keyword, values = _element(element)
        if keyword.startswith("EXT:"):
            others.append(_other(keyword, values))
            continue
        for name, value in values.items():
            if name in attributes:
                raise InvalidORAddress(f"{keyword} is given twice in {text!r}")
            attributes[name] = value
        if keyword == "C" and attributes.get("C", "").isdigit():
            numeric.add("C")
    return ORAddress(attributes, numeric=numeric, others=others)


def _elements(body: str, delimiter: str) -> list[str]:
    """Cut at single delimiters; a protected character is left with `_BEFORE` in front of it."""
    elements: list[str] = []
    current: list[str] = []
    place = 0
    while place < len(body):
        character = body[place]
        following = body[place + 1] if place + 1 < len(body) else ""
        if (character == "$" and following) or (character == delimiter and following == delimiter):
            current += [_BEFORE, following]
            place += 1
        elif character == delimiter:
            elements.append("".join(current))
            current = []
        else:
            current.append(character)
        place += 1
    elements.append("".join(current))
    return elements


def _cut(text: str, character: str) -> tuple[str, str | None]:
    """What stands before and after the first unprotected `character`."""
    place = -1
    while (place := text.find(character, place + 1)) >= 0:
        if place == 0 or text[place - 1] != _BEFORE:
            return text[:place], text[place + 1 :]
    return text, None


def _plain(text: str) -> str:
    """Strip unprotected spaces at the ends, drop the marks."""
    text = text.lstrip(_SPACES)
    stripped = text.rstrip(_SPACES)
    if stripped.endswith(_BEFORE):
        stripped = text[: len(stripped) + 1]
    return stripped.replace(_BEFORE, "")


def _element(element: str) -> tuple[str, dict[str, str]]:
    label, rest = _cut(element, "=")
    if rest is None:
        raise InvalidORAddress(f"{_plain(element)!r} is no keyword=value")
    name = _plain(label)
    keyword = name.upper()
    if keyword.startswith(("DDA:", "DD.")):
        kind = name[4:] if keyword.startswith("DDA:") else name[3:]
        if not kind.strip():
            raise InvalidORAddress(f"{name!r} lacks the type of the domain-defined attribute")
        keyword = "DDA:" + kind
    elif not keyword.startswith("EXT:"):
        keyword = _ALIASES.get(keyword, keyword)
        if keyword not in _KNOWN:
            raise InvalidORAddress(f"{name!r} is no O/R address keyword")
    printable, teletex = _cut(rest, "*")
    values: dict[str, str] = {}
    if teletex is None or printable.strip(_SPACES):
        values[keyword] = _plain(printable)
    if teletex is not None:
        values[keyword + "*"] = _plain(teletex)
    if values.get(keyword) == "" and not keyword.startswith("EXT:"):
        if keyword != "A":
            raise InvalidORAddress(f"{keyword} has no value")
        values[keyword] = " "
    return keyword, values


def _other(keyword: str, values: dict[str, str]) -> tuple[int, bytes]:
    try:
        return int(keyword[4:]), bytes.fromhex(values[keyword])
    except (KeyError, ValueError):
        raise InvalidORAddress(f"{keyword} is not EXT:number=hexadecimal") from None


def _protect(value: str, delimiter: str) -> str:
    protected = "".join("$" + c if c in ("$", "=", "*", delimiter) else c for c in value)
    if protected[:1] in _SPACES:
        protected = "$" + protected
    if len(value) > 1 and protected[-1:] in _SPACES:
        protected = protected[:-1] + "$" + protected[-1:]
    return protected


def format(address: ORAddress, delimiter: str = "/") -> str:
    """Write an address from the country down, as `/C=GB/A=X/` or, with delimiter `;`, as `C=GB; A=X`."""
    attributes = address.attributes
    bases = dict.fromkeys(keyword.removesuffix("*") for keyword in attributes)
    elements: list[str] = []
    for base in sorted(bases, key=lambda keyword: _ORDER.get(keyword, len(_ORDER))):
        label = "DDA:" + _protect(base[4:], delimiter) if base.startswith("DDA:") else base
        value = ""
        if base in attributes:
            blank = base == "A" and not attributes[base].strip()
            value = " " if blank else _protect(attributes[base], delimiter)
        if base + "*" in attributes:
            value += "*" + _protect(attributes[base + "*"], delimiter)
        elements.append(f"{label}={value}")
    elements += [f"EXT:{number}={value.hex()}" for number, value in address.others]
    return "/" + "/".join(elements) + "/" if delimiter == "/" else f"{delimiter} ".join(elements)
