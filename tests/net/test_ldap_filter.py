"""Filters in the notation of RFC 4515, and what is filled in to them."""

from __future__ import annotations

from typing import Any

import pytest

from x400.asn1 import compiled_type
from x400.net.ldap_filter import Filter, InvalidFilter, escaped


def equal(attribute: str, value: bytes) -> Any:
    return ("equalityMatch", {"attributeDesc": attribute.encode(), "assertionValue": value})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(cn=Babs Jensen)", equal("cn", b"Babs Jensen")),
        ("(!(cn=Tim Howes))", ("not", equal("cn", b"Tim Howes"))),
        ("(&(objectClass=Person)(|(sn=Jensen)(cn=B)))",
         ("and", [equal("objectClass", b"Person"), ("or", [equal("sn", b"Jensen"), equal("cn", b"B")])])),
        ("(o=univ*of*mich*)", ("substrings", {"type": b"o", "substrings": [
            ("initial", b"univ"), ("any", b"of"), ("any", b"mich")]})),
        ("(seeAlso=)", equal("seeAlso", b"")),
        ("(cn=*)", ("present", b"cn")),
        (r"(o=Parens R Us \28for all your parenthetical needs\29)",
         equal("o", b"Parens R Us (for all your parenthetical needs)")),
        (r"(cn=*\2A*)", ("substrings", {"type": b"cn", "substrings": [("any", b"*")]})),
        (r"(bin=\00\00\00\04)", equal("bin", b"\0\0\0\4")),
        ("(age>=3)", ("greaterOrEqual", {"attributeDesc": b"age", "assertionValue": b"3"})),
        ("(1.3.6.1.4.1.1466.0=x)", equal("1.3.6.1.4.1.1466.0", b"x")),
    ],
)  # fmt: skip
def test_the_examples_of_the_rfc(text: str, expected: Any) -> None:
    value = Filter(text).filled({})
    assert value == expected
    kind = compiled_type("Lightweight-Directory-Access-Protocol-V3", "Filter")
    assert kind.decode(kind.encode(value)) == value


@pytest.mark.parametrize(
    "text", ["", "cn=x", "(cn=x", "(cn=x))", "(&)", "(!)", "(=x)", "(cn)", "(cn=a(b)", r"(cn=\4)", "(cn={S)",
             "(cn=a**b)", "(" * 40 + "cn=x" + ")" * 40, "(&" * 40 + "(cn=x)" + ")" * 40],
)  # fmt: skip
def test_what_is_no_filter_is_refused_with_a_place(text: str) -> None:
    with pytest.raises(InvalidFilter, match="at character"):
        Filter(text)


@pytest.mark.parametrize("value", ["*", "x)(cn=*", "\\2a", "(|(a=b))", "\0", "Köln", "{O}", ""])
def test_what_is_filled_in_is_octets_and_no_notation(value: str) -> None:
    """One assertion more or less, or a wildcard, cannot come of an address."""
    one = Filter("(&(mail=x-{S}-y)(o=a*{S}))")
    assert one.places == {"S"}
    octets = value.encode()
    assert one.filled({"S": value}) == ("and", [
        equal("mail", b"x-" + octets + b"-y"),
        ("substrings", {"type": b"o", "substrings": [("initial", b"a"), ("final", octets)]}),
    ])  # fmt: skip


def test_as_it_is_shown() -> None:
    assert Filter("(sn={S})").shown({"S": "a*(b)\\\0"}) == r"(sn=a\2a\28b\29\5c\00)"
    shown = Filter("(sn={S})").shown({"S": "a*(b)\\\0"})
    assert Filter(shown).filled({}) == equal("sn", b"a*(b)\\\0")
    assert escaped("plain") == "plain"


def test_a_place_with_nothing_to_fill_it() -> None:
    with pytest.raises(KeyError):
        Filter("(sn={S})").filled({"O": "x"})
