"""O/R addresses (X.402 clause 18): the value, its equality, prefixes, and the rules of its forms.

An address is a set of attributes, each under the keyword that people write (X.402 Annex F, RFC 2156 section 4.1):

    C A P              country, administration and private domain
    O OU1..OU4         organization, organizational units, the most significant first
    CN  S G I Q        common name; surname, given name, initials, generation qualifier
    X121 N-ID T-ID     network address, numeric user identifier, terminal identifier
    PD-...             postal attributes (`POSTAL` below)
    DDA:type           domain-defined attributes

A keyword that ends in `*` holds the teletex form of the attribute, which may stand beside the printable one.
`oraddress_text` reads and writes the notations, `oraddress_value` the ASN.1 value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from x400.mts.countries import ALPHA_2

if TYPE_CHECKING:
    from typing import Self

__all__ = ["HIERARCHY", "POSTAL", "UPPER_BOUNDS", "ORAddress", "normal"]

POSTAL: dict[str, int] = {
    "PD-SN": 7,
    "PD-C": 8,
    "PD-PC": 9,
    "PD-OF": 10,
    "PD-OFN": 11,
    "PD-EA": 12,
    "PD-PN": 13,
    "PD-O": 14,
    "PD-ED": 15,
    "PD-S": 17,
    "PD-B": 18,
    "PD-R": 19,
    "PD-U": 20,
    "PD-L": 21,
}
"""Keyword to extension-attribute type of the postal attributes of one string. PD-A1..PD-A6 are lines of type 16."""

HIERARCHY: tuple[str, ...] = (
    *("C", "A", "P", "O", "OU1", "OU2", "OU3", "OU4", "X121", "N-ID", "T-ID", "CN", "S", "G", "I", "Q"),
    *POSTAL,
    *(f"PD-A{line}" for line in range(1, 7)),
)
"""Keywords in the order in which addresses are written, from the country down to the user."""

_BOUNDS = """
C 3  A 16  P 16  O 64  OU1 32  OU2 32  OU3 32  OU4 32  CN 64  S 40  G 16  I 5  Q 3  X121 16  N-ID 32  T-ID 24
PD-SN 16  PD-C 3  PD-PC 16
"""

UPPER_BOUNDS: dict[str, int] = {
    **dict.fromkeys(POSTAL, 30),
    **{f"PD-A{line}": 30 for line in range(1, 7)},
    **{keyword: int(bound) for keyword, bound in re.findall(r"(\S+) (\d+)", _BOUNDS)},
}
"""Lengths in characters that MTSUpperBounds allows."""

_PRINTABLE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")
_DIGITS_ONLY = frozenset({"X121", "N-ID"})
_MNEMONIC = frozenset({"P", "O", "OU1", "OU2", "OU3", "OU4", "CN", "S"})


def normal(keyword: str, value: str) -> str:
    """The form in which two values of one attribute are compared (X.402 18.4).

    Case does not matter, nor do spaces at the ends; several spaces are as one. A country's number is as its letters.
    An administration domain of no characters is as a single space.
    """
    text = " ".join(value.split()).casefold()
    if keyword == "C":
        return ALPHA_2.get(text, text).casefold()
    if keyword == "A":
        return text or " "
    if keyword in _DIGITS_ONLY:
        return text.replace(" ", "")
    return text


class ORAddress:
    """An immutable O/R address; equal and hashed as X.402 18.4 has it.

    `attributes` maps keywords to values as they were given. `numeric` are the keywords among C, A, P whose value is in
    numeric form; a value does not differ by that. `others` are extension attributes that have no keyword here, as
    (type, TLV of the value), `directory_name` the value of the O/R name's directory name: both are carried along.
    """

    __slots__ = ("__dict__", "attributes", "directory_name", "numeric", "others")

    attributes: Mapping[str, str]
    numeric: frozenset[str]
    others: tuple[tuple[int, bytes], ...]
    directory_name: Any

    def __init__(
        self,
        attributes: Mapping[str, str] | Iterable[tuple[str, str]],
        *,
        numeric: Iterable[str] = (),
        others: Iterable[tuple[int, bytes]] = (),
        directory_name: Any = None,
    ) -> None:
        self.attributes = dict(attributes)
        self.numeric = frozenset(numeric)
        self.others = tuple(others)
        self.directory_name = directory_name

    @classmethod
    def parse(cls, text: str) -> ORAddress:
        """Read `/C=GB/A=X/.../` or `C=GB; A=X; ...`; see `oraddress_text.parse`."""
        from x400.mts.oraddress_text import parse

        return parse(text)

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> ORAddress:
        """Take an ORName or ORAddress value; see `oraddress_value.from_value`."""
        from x400.mts.oraddress_value import from_value

        return from_value(value)

    def to_value(self) -> dict[str, Any]:
        """Give the ORName value; see `oraddress_value.to_value`."""
        from x400.mts.oraddress_value import to_value

        return to_value(self)

    @cached_property
    def text(self) -> str:
        """The address as `/C=GB/A=X/.../`."""
        from x400.mts.oraddress_text import format

        return format(self)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"ORAddress({str(self)!r})"

    def get(self, keyword: str) -> str | None:
        """The attribute's value as given, the teletex form where it alone is there."""
        value = self.attributes.get(keyword)
        return self.attributes.get(keyword + "*") if value is None else value

    def replace(self, **changes: Any) -> Self:
        """The same address with other constructor arguments."""
        arguments = {
            "attributes": self.attributes,
            "numeric": self.numeric,
            "others": self.others,
            "directory_name": self.directory_name,
        }
        return type(self)(**(arguments | changes))

    @cached_property
    def components(self) -> Mapping[str, str]:
        """Keyword to compared form, the printable one where both forms are there; DDA keywords in lower case."""
        found: dict[str, str] = {}
        for keyword, value in self.attributes.items():
            base = keyword.removesuffix("*")
            if base != keyword and base in self.attributes:
                continue
            if base.startswith("DDA:"):
                base = "DDA:" + normal("DDA", base[4:])
            found[base] = normal(base, value)
        return found

    @cached_property
    def _key(self) -> tuple[frozenset[tuple[str, str]], frozenset[tuple[int, bytes]]]:
        return frozenset(self.components.items()), frozenset(self.others)

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, ORAddress) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    def __bool__(self) -> bool:
        """False for the address that is semantically absent (X.411 figure 2: nothing in it)."""
        return bool(self.attributes or self.others)

    def is_prefix_of(self, other: ORAddress) -> bool:
        """Whether `other` has every attribute of this with an equal value: `/C=GB/A=X/` of all addresses there."""
        components = other.components
        return all(components.get(keyword) == value for keyword, value in self.components.items())

    def problems(self) -> list[str]:
        """What the rules of the address forms (X.402 18.5) have against it, a sentence each; none for a good one."""
        has = self.components
        found = [*self._bad_values()]
        country = self.attributes.get("C")
        if country is None:
            found.append("country name (C) is missing")
        elif not (len(country) == 2 and country.isalpha()) and not (len(country) == 3 and country.isdigit()):
            found.append(f"country name {country!r} is neither two letters nor three digits")
        if "A" not in has and "X121" not in has:
            found.append("administration domain name (A) is missing")
        if "S" not in has and not has.keys().isdisjoint(("G", "I", "Q")):
            found.append("a personal name has no surname (S)")
        for unit in (2, 3, 4):
            if f"OU{unit}" in has and f"OU{unit - 1}" not in has:
                found.append(f"OU{unit} is given without OU{unit - 1}")
        if sum(keyword.startswith("DDA:") for keyword in has) > 4:
            found.append("more than four domain-defined attributes")
        postal = any(keyword.startswith("PD-") for keyword in has)
        terminal = "X121" in has or any(number in (22, 23) for number, _ in self.others)
        mnemonic = not _MNEMONIC.isdisjoint(has) or any(number in range(24, 28) for number, _ in self.others)
        if not (mnemonic or postal or terminal or "N-ID" in has):
            found.append(
                "names a domain but no user: mnemonic, numeric, postal and terminal form all lack an attribute"
            )
        return found

    def _bad_values(self) -> Iterable[str]:
        for keyword, value in self.attributes.items():
            base = keyword.removesuffix("*")
            if base.startswith("DDA:"):
                if not 1 <= len(base) - 4 <= 8 or not 1 <= len(value) <= 128:
                    yield f"{base} is longer than 8 characters of type and 128 of value, or empty"
            elif base not in UPPER_BOUNDS:
                yield f"{base} is no attribute"
            elif len(value) > UPPER_BOUNDS[base] or (not value and base != "A"):
                yield f"{base} has {len(value)} characters, not 1 to {UPPER_BOUNDS[base]}"
            if base in _DIGITS_ONLY and not set(value) <= set("0123456789 "):
                yield f"{base} holds more than digits"
            if base == keyword and not set(value) <= _PRINTABLE:
                bad = "".join(sorted(set(value) - _PRINTABLE))
                yield f"{base} holds characters that PrintableString lacks: {bad}"
