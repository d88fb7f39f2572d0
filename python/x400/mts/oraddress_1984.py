"""O/R addresses in the form of 1984, and back (RFC 1328 section 3, RFC 1327 section 3.4).

A common name becomes the domain-defined attribute `Common`. An address with other attributes of 1988 becomes that of a
gateway, with the whole address as text in the domain-defined attribute `X400-88` and up to three that continue it.
"""

from __future__ import annotations

import re

from x400.mts.exceptions import InvalidORAddress
from x400.mts.oraddress import ORAddress

__all__ = ["downgraded_address", "upgraded_address"]

_COMMON = "DDA:Common"
_GENERAL = ("DDA:X400-88", "DDA:X400-C1", "DDA:X400-C2", "DDA:X400-C3")
_VALUE = 128
"""Characters of a domain-defined attribute's value (ub-domain-defined-attribute-value-length)."""
_OF_1984 = frozenset({"C", "A", "P", "O", "OU1", "OU2", "OU3", "OU4", "X121", "N-ID", "T-ID", "S", "G", "I", "Q"})
_PRINTABLE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '+,-./:=?")
_NAMED = {"@": "(a)", "%": "(p)", "!": "(b)", '"': "(q)", "_": "(u)", "(": "(l)", ")": "(r)"}
_CHARACTERS = {text: character for character, text in _NAMED.items()}
_ENCODED = re.compile(r"\((?:[apbqulr]|\d{3})\)")


def downgraded_address(address: ORAddress, gateway: ORAddress | None) -> ORAddress:
    """The address as 1984 can hold it; raises InvalidORAddress when it cannot, as there is no gateway or no room.

    A directory name is left out, as is a teletex form beside a printable one. `gateway` has attributes of 1984 only.
    """
    attributes = {
        keyword: value
        for keyword, value in address.attributes.items()
        if not (keyword.endswith("*") and keyword[:-1] in address.attributes)
    }
    of_1988 = [keyword for keyword in attributes if keyword not in _OF_1984 and not _is_defined(keyword)]
    if not of_1988 and not address.others:
        return ORAddress(attributes, numeric=address.numeric)
    defined = sum(_is_defined(keyword) for keyword in attributes)
    if of_1988 == ["CN"] and not address.others and defined < 4 and _COMMON not in attributes:
        name = attributes.pop("CN")
        return ORAddress(attributes | {_COMMON: name}, numeric=address.numeric)
    if gateway is None:
        raise InvalidORAddress(
            f"{address}: {', '.join(of_1988) or 'an attribute'} cannot be written in the form of 1984"
        )
    text = _printable(ORAddress(attributes, numeric=address.numeric, others=address.others).text)
    pieces = [text[start : start + _VALUE] for start in range(0, len(text), _VALUE)]
    if len(pieces) > len(_GENERAL):
        raise InvalidORAddress(f"{address}: too long for the form of 1984")
    named = dict(zip(_GENERAL, pieces, strict=False))
    return ORAddress({**gateway.attributes, **named}, numeric=gateway.numeric)


def upgraded_address(address: ORAddress) -> ORAddress:
    """The address of 1988 that a downgraded one stands for; the same one where it stands for itself."""
    attributes = dict(address.attributes)
    keywords = {keyword.upper(): keyword for keyword in attributes}
    pieces = [attributes[keywords[name.upper()]] for name in _GENERAL if name.upper() in keywords]
    if pieces and _GENERAL[0].upper() in keywords:
        try:
            return ORAddress.parse(_plain("".join(pieces)))
        except InvalidORAddress:
            return address
    common = keywords.get(_COMMON.upper())
    if common is None or "CN" in attributes or "S" in attributes:
        return address
    name = attributes.pop(common)
    return address.replace(attributes=attributes | {"CN": name})


def _is_defined(keyword: str) -> bool:
    return keyword.startswith("DDA:") and not keyword.endswith("*")


def _printable(text: str) -> str:
    """IA5 in PrintableString: other characters by a letter, or three digits, in parentheses."""
    if not text.isascii():
        raise InvalidORAddress(f"{text}: characters that are not IA5 cannot be written in the form of 1984")
    return "".join(c if c in _PRINTABLE else _NAMED.get(c, f"({ord(c):03})") for c in text)


def _plain(text: str) -> str:
    return _ENCODED.sub(lambda found: _CHARACTERS.get(found[0]) or chr(int(found[0][1:4]) % 128), text)
