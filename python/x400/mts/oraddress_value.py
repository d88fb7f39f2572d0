"""O/R addresses to and from the value of ORName (X.411 figure 2, MTSAbstractService).

Reading is liberal: an attribute in numeric form is kept as such, one that is only in an extension attribute is found
there, what has no keyword is carried as octets. Writing puts an attribute where the first edition has it when it can.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from x400.mts.exceptions import InvalidORAddress
from x400.mts.oraddress import POSTAL, ORAddress

if TYPE_CHECKING:
    import fastber

__all__ = ["from_value", "to_value"]

_PERSONAL = {"surname": "S", "given-name": "G", "initials": "I", "generation-qualifier": "Q"}
_PLAIN = {
    "network-address": "X121",
    "terminal-identifier": "T-ID",
    "organization-name": "O",
    "numeric-user-identifier": "N-ID",
}
_DOMAINS = {
    "country-name": ("C", "x121-dcc-code", "iso-3166-alpha2-code"),
    "administration-domain-name": ("A", "numeric", "printable"),
    "private-domain-name": ("P", "numeric", "printable"),
}
_STRINGS = {1: ("CN", "CommonName"), 2: ("CN*", "TeletexCommonName"), 3: ("O*", "TeletexOrganizationName")}
_PDS_PARAMETER = {number: keyword for keyword, number in POSTAL.items() if number not in (7, 8, 9)}
_CODES = {
    8: ("PD-C", "PhysicalDeliveryCountryName", "x121-dcc-code", "iso-3166-alpha2-code"),
    9: ("PD-PC", "PostalCode", "numeric-code", "printable-code"),
}
_UNITS = ("OU1", "OU2", "OU3", "OU4")


@cache
def _type(name: str) -> fastber.CompiledType:
    from x400.asn1 import compiled_type

    return compiled_type("MTSAbstractService", name)


def from_value(value: Mapping[str, Any]) -> ORAddress:
    """The address in an ORName or ORAddress value, whose open types are octets."""
    attributes: dict[str, str] = {}
    numeric: set[str] = set()
    others: list[tuple[int, bytes]] = []
    standard = value.get("built-in-standard-attributes", {})
    for member, (keyword, numeric_form, _) in _DOMAINS.items():
        if member in standard:
            form, text = standard[member]
            attributes[keyword] = text
            if form == numeric_form:
                numeric.add(keyword)
    for member, keyword in _PLAIN.items():
        if member in standard:
            attributes[keyword] = standard[member]
    for member, text in standard.get("personal-name", {}).items():
        attributes[_PERSONAL[member]] = text
    _units(attributes, standard.get("organizational-unit-names", ()), "")
    for attribute in value.get("built-in-domain-defined-attributes", ()):
        attributes["DDA:" + attribute["type"]] = attribute["value"]
    for extension in value.get("extension-attributes", ()):
        number, octets = extension["extension-attribute-type"], bytes(extension["extension-attribute-value"])
        if not _extension(attributes, numeric, number, octets):
            others.append((number, octets))
    return ORAddress(attributes, numeric=numeric, others=others, directory_name=value.get("directory-name"))


def _units(attributes: dict[str, str], names: Any, suffix: str) -> None:
    if len(names) > len(_UNITS):
        raise InvalidORAddress(f"{len(names)} organizational units, at most {len(_UNITS)} are possible")
    for keyword, text in zip(_UNITS, names, strict=False):
        attributes[keyword + suffix] = text


def _extension(attributes: dict[str, str], numeric: set[str], number: int, octets: bytes) -> bool:
    """Take in one extension attribute; False when it has no keyword, or does not decode as its type."""
    import fastber

    try:
        if number in _STRINGS:
            keyword, name = _STRINGS[number]
            attributes[keyword] = _type(name).decode(octets)
        elif number == 4:
            for member, text in _type("TeletexPersonalName").decode(octets).items():
                attributes[_PERSONAL[member] + "*"] = text
        elif number == 5:
            _units(attributes, _type("TeletexOrganizationalUnitNames").decode(octets), "*")
        elif number == 6:
            for attribute in _type("TeletexDomainDefinedAttributes").decode(octets):
                attributes[f"DDA:{attribute['type']}*"] = attribute["value"]
        elif number == 7:
            attributes["PD-SN"] = _type("PDSName").decode(octets)
        elif number in _CODES:
            keyword, name, numeric_form, _ = _CODES[number]
            form, text = _type(name).decode(octets)
            attributes[keyword] = text
            if form == numeric_form:
                numeric.add(keyword)
        elif number in _PDS_PARAMETER:
            _both(attributes, _PDS_PARAMETER[number], _type("PDSParameter").decode(octets))
        elif number == 16:
            return _lines(attributes, _type("UnformattedPostalAddress").decode(octets))
        else:
            return False
    except (fastber.DecodeError, InvalidORAddress):
        return False
    return True


def _both(attributes: dict[str, str], keyword: str, value: Mapping[str, Any]) -> None:
    for member, suffix in (("printable-string", ""), ("teletex-string", "*")):
        if member in value:
            attributes[keyword + suffix] = value[member]


def _lines(attributes: dict[str, str], value: Mapping[str, Any]) -> bool:
    if "teletex-string" in value or not 1 <= len(value.get("printable-address", ())) <= 6:
        return False
    for line, text in enumerate(value["printable-address"], 1):
        attributes[f"PD-A{line}"] = text
    return True


def to_value(address: ORAddress) -> dict[str, Any]:
    """The ORName value of an address, open types as octets; raises InvalidORAddress when it has no such value."""
    given = address.attributes
    standard: dict[str, Any] = {}
    for member, (keyword, numeric_form, text_form) in _DOMAINS.items():
        if keyword in given:
            form = numeric_form if keyword in address.numeric else text_form
            standard[member] = (form, given[keyword])
    for member, keyword in _PLAIN.items():
        if keyword in given:
            standard[member] = given[keyword]
    if person := {member: given[keyword] for member, keyword in _PERSONAL.items() if keyword in given}:
        if "surname" not in person:
            raise InvalidORAddress("a personal name has no surname (S)")
        standard["personal-name"] = person
    if units := _unit_names(given, ""):
        standard["organizational-unit-names"] = units
    value: dict[str, Any] = {"built-in-standard-attributes": standard}
    defined = [(keyword, text) for keyword, text in given.items() if keyword.startswith("DDA:")]
    if plain := [{"type": keyword[4:], "value": text} for keyword, text in defined if not keyword.endswith("*")]:
        value["built-in-domain-defined-attributes"] = plain
    if extensions := [*_extensions(address, defined), *address.others]:
        value["extension-attributes"] = [
            {"extension-attribute-type": number, "extension-attribute-value": octets} for number, octets in extensions
        ]
    if address.directory_name is not None:
        value["directory-name"] = address.directory_name
    return value


def _unit_names(given: Mapping[str, str], suffix: str) -> list[str]:
    names = [given[keyword + suffix] for keyword in _UNITS if keyword + suffix in given]
    if any(keyword + suffix in given for keyword in _UNITS[len(names) :]):
        raise InvalidORAddress("an organizational unit is given without the one above it")
    return names


def _extensions(address: ORAddress, defined: list[tuple[str, str]]) -> list[tuple[int, bytes]]:
    given = address.attributes
    found: list[tuple[int, bytes]] = []
    for number, (keyword, name) in _STRINGS.items():
        if keyword in given:
            found.append((number, _type(name).encode(given[keyword])))
    if person := {member: given[key + "*"] for member, key in _PERSONAL.items() if key + "*" in given}:
        if "surname" not in person:
            raise InvalidORAddress("a teletex personal name has no surname (S)")
        found.append((4, _type("TeletexPersonalName").encode(person)))
    if units := _unit_names(given, "*"):
        found.append((5, _type("TeletexOrganizationalUnitNames").encode(units)))
    if teletex := [{"type": keyword[4:-1], "value": text} for keyword, text in defined if keyword.endswith("*")]:
        found.append((6, _type("TeletexDomainDefinedAttributes").encode(teletex)))
    if "PD-SN" in given:
        found.append((7, _type("PDSName").encode(given["PD-SN"])))
    for number, (keyword, name, numeric_form, text_form) in _CODES.items():
        if keyword in given:
            form = numeric_form if keyword in address.numeric else text_form
            found.append((number, _type(name).encode((form, given[keyword]))))
    for number, keyword in _PDS_PARAMETER.items():
        members = (("printable-string", keyword), ("teletex-string", keyword + "*"))
        if parameter := {member: given[key] for member, key in members if key in given}:
            found.append((number, _type("PDSParameter").encode(parameter)))
    if lines := [given[f"PD-A{line}"] for line in range(1, 7) if f"PD-A{line}" in given]:
        found.append((16, _type("UnformattedPostalAddress").encode({"printable-address": lines})))
    return found
