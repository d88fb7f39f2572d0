"""Global domain identifiers and MTS identifiers (X.411 8.2.1.1.1.5 and figure 2), and new ones."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from x400.mts.exceptions import InvalidIdentifier, InvalidORAddress
from x400.mts.oraddress import ORAddress, normal

__all__ = ["GlobalDomainIdentifier", "MTSIdentifier", "MTSIdentifiers"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BASE_36 = string.digits + string.ascii_lowercase


@dataclass(frozen=True, slots=True, eq=False)
class GlobalDomainIdentifier:
    """A management domain: country, administration domain, private domain if it is one. Equal as O/R addresses are."""

    country_name: str
    administration_domain_name: str
    private_domain_identifier: str | None = None
    numeric: frozenset[str] = field(default=frozenset())
    """Which of C, A, P were or shall be in numeric form."""
    key: tuple[str, ...] = field(init=False, repr=False)
    """What equality goes by."""
    text: str = field(init=False, repr=False)
    """The domain as `/C=GB/A=X/P=Y/`."""

    def __post_init__(self) -> None:
        private = () if self.private_domain_identifier is None else (normal("P", self.private_domain_identifier),)
        key = (normal("C", self.country_name), normal("A", self.administration_domain_name), *private)
        object.__setattr__(self, "key", key)
        if self.country_name.isdigit():
            object.__setattr__(self, "numeric", self.numeric | {"C"})
        names = {"C": self.country_name, "A": self.administration_domain_name, "P": self.private_domain_identifier}
        given = {keyword: name for keyword, name in names.items() if name is not None}
        object.__setattr__(self, "text", str(ORAddress(given)))

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, GlobalDomainIdentifier) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    @classmethod
    def parse(cls, text: str) -> GlobalDomainIdentifier:
        """Read `/C=GB/A=X/P=Y/` or `C=GB; A=X; P=Y`."""
        try:
            address = ORAddress.parse(text)
        except InvalidORAddress as error:
            raise InvalidIdentifier(f"{text!r} is no domain: {error}") from None
        given = address.attributes
        if not {"C", "A"} <= given.keys() <= {"C", "A", "P"}:
            raise InvalidIdentifier(f"{text!r} is no domain: C, A and perhaps P are expected")
        return cls(given["C"], given["A"], given.get("P"), address.numeric)

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> GlobalDomainIdentifier:
        """From the GlobalDomainIdentifier value."""
        country_form, country = value["country-name"]
        form, administration = value["administration-domain-name"]
        private_form, private = value.get("private-domain-identifier", ("printable", None))
        forms = {"C": country_form == "x121-dcc-code", "A": form == "numeric", "P": private_form == "numeric"}
        return cls(
            country, administration, private, frozenset(keyword for keyword, is_numeric in forms.items() if is_numeric)
        )

    def to_value(self) -> dict[str, Any]:
        """The GlobalDomainIdentifier value."""
        form = {keyword: "numeric" if keyword in self.numeric else "printable" for keyword in "AP"}
        value: dict[str, Any] = {
            "country-name": ("x121-dcc-code" if "C" in self.numeric else "iso-3166-alpha2-code", self.country_name),
            "administration-domain-name": (form["A"], self.administration_domain_name),
        }
        if self.private_domain_identifier is not None:
            value["private-domain-identifier"] = (form["P"], self.private_domain_identifier)
        return value

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class MTSIdentifier:
    """The identifier of a message, probe or report; as text `[/C=GB/A=X/P=Y/;local]`."""

    global_domain_identifier: GlobalDomainIdentifier
    local_identifier: str

    @classmethod
    def parse(cls, text: str) -> MTSIdentifier:
        """Read `[domain;local]`, the brackets may be missing."""
        domain, separator, local = text.strip().removeprefix("[").removesuffix("]").partition("/;")
        if not separator or not local:
            raise InvalidIdentifier(f"{text!r} is no MTS identifier: [/C=../A=../P=../;local] is expected")
        return cls(GlobalDomainIdentifier.parse(domain + "/"), local)

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> MTSIdentifier:
        """From the MTSIdentifier value."""
        domain = GlobalDomainIdentifier.from_value(value["global-domain-identifier"])
        return cls(domain, value["local-identifier"])

    def to_value(self) -> dict[str, Any]:
        """The MTSIdentifier value."""
        return {
            "global-domain-identifier": self.global_domain_identifier.to_value(),
            "local-identifier": self.local_identifier,
        }

    def __str__(self) -> str:
        return f"[{self.global_domain_identifier};{self.local_identifier}]"


class MTSIdentifiers:
    """Makes MTS identifiers that no other MTA of the domain, no other worker and no earlier run makes.

    The local identifier is the MTA's name, the time in microseconds, a count, and the worker's name, in at most the 32
    characters of ub-local-id-length.
    """

    def __init__(self, domain: GlobalDomainIdentifier, name: str, worker: str = "") -> None:
        self._domain = domain
        self._worker = f".{worker[:4]}" if worker else ""
        self._name = name[: 32 - 1 - 11 - 1 - 3 - len(self._worker)]
        self._count = 0

    def new(self, now: datetime) -> MTSIdentifier:
        """The next identifier; `now` is an aware datetime."""
        self._count = (self._count + 1) % 36**3
        time = _base_36((now - _EPOCH) // _MICROSECOND)
        return MTSIdentifier(self._domain, f"{self._name}.{time}.{_base_36(self._count)}{self._worker}")


def _base_36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = _BASE_36[digit] + digits
        if number == 0:
            return digits
