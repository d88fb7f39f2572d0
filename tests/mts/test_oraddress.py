"""O/R addresses: notation, equality by X.402 18.4, prefixes, and the rules of the forms."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from x400.mts.exceptions import InvalidORAddress
from x400.mts.oraddress import UPPER_BOUNDS, ORAddress
from x400.mts.oraddress_text import format, parse

GOLDEN = [
    ("/C=GB/A=TESTADMD/P=TESTPRMD/O=X/S=Alice/", {"C": "GB", "A": "TESTADMD", "P": "TESTPRMD", "O": "X", "S": "Alice"}),
    ("/C=DE/A= /P=Widget/CN=Front desk/", {"C": "DE", "A": " ", "P": "Widget", "CN": "Front desk"}),
    (
        "/C=AQ/A=snomail/P=abl/O=a bank ltd/OU1=x/OU2=y/S=smith/G=john/I=q/Q=III/",
        {
            "C": "AQ",
            "A": "snomail",
            "P": "abl",
            "O": "a bank ltd",
            "OU1": "x",
            "OU2": "y",
            "S": "smith",
            "G": "john",
            "I": "q",
            "Q": "III",
        },
    ),
    ("/C=US/A=X/O=a$/b$=c$$$*/S=z/", {"C": "US", "A": "X", "O": "a/b=c$*", "S": "z"}),
    ("/C=DE/A=X/O=Koeln*Köln/S=z/", {"C": "DE", "A": "X", "O": "Koeln", "O*": "Köln", "S": "z"}),
    ("/C=DE/A=X/O=*Köln/S=z/", {"C": "DE", "A": "X", "O*": "Köln", "S": "z"}),
    ("/C=GB/A=X/P=Y/DDA:RFC-822=a(a)b.c/", {"C": "GB", "A": "X", "P": "Y", "DDA:RFC-822": "a(a)b.c"}),
    ("/C=GB/X121=23421920100515/T-ID=ABC/", {"C": "GB", "X121": "23421920100515", "T-ID": "ABC"}),
    (
        "/C=GB/A=X/PD-C=GB/PD-PC=NG7 2RD/PD-A1=1 High St/",
        {"C": "GB", "A": "X", "PD-C": "GB", "PD-PC": "NG7 2RD", "PD-A1": "1 High St"},
    ),
]


@pytest.mark.parametrize(("text", "attributes"), GOLDEN)
def test_text_and_attributes_both_ways(text: str, attributes: dict[str, str]) -> None:
    assert parse(text).attributes == attributes
    assert format(ORAddress(attributes)) == text


@pytest.mark.parametrize(
    "text",
    [
        "C=GB; ADMD=TELEMAIL; PRMD=Widget; O=Sales; S=Smith",
        "s=Smith;o=Sales;p=Widget;a=TELEMAIL;c=GB;",
        "/c=gb/ADMD=telemail/PRMD=WIDGET/ORG=Sales/Surname=smith/",
        "X.400: C=GB; A=TELEMAIL; P=Widget; O=Sales; S=Smith",
        "/C=234/A=  TELEMAIL /P=Widget/O=Sales/S=Smith",
    ],
)
def test_the_notations_give_one_address(text: str) -> None:
    assert parse(text) == parse("/C=GB/A=TELEMAIL/P=Widget/O=Sales/S=Smith/")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("/C=GB/A=X/O=a//b/S=z/", "a/b"),
        ("C=GB;A=X;O=a;;b;S=z", "a;b"),
        ("/C=GB/A=X/O=a$/b/", "a/b"),
        ("C=GB; A=X; O=a/b;", "a/b"),
        ("/C=GB/A=X/O=$ a $ /", " a  "),
    ],
)
def test_protected_delimiters(text: str, value: str) -> None:
    assert parse(text).attributes["O"] == value


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        ("/C=GB/nonsense/", "no keyword=value"),
        ("/C=GB/ZZ=1/", "'ZZ' is no O/R address keyword"),
        ("/C=GB/C=DE/", "twice"),
        ("/C=GB/A=X/ADMD=Y/", "twice"),
        ("/C=GB/S=/", "S has no value"),
        ("/C=GB/DDA:=x/", "lacks the type"),
        ("/C=GB/EXT:nine=00/", "EXT:number=hexadecimal"),
        ("/C=G\0B/", "NUL"),
    ],
)
def test_bad_text(text: str, complaint: str) -> None:
    with pytest.raises(InvalidORAddress, match=complaint):
        parse(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/C=GB/A=X/S=Bob/", "/C=gb/A=x/S=BOB/"),
        ("/C=GB/A=X/O=a  b/S=z/", "/C=GB/A=X/O= a b /S=z/"),
        ("/C=234/A=X/S=z/", "/C=GB/A=X/S=z/"),
        ("/C=DE/A=X/O=*Bonn/S=z/", "/C=DE/A=X/O=bonn/S=z/"),
        ("/C=DE/A=X/O=Koeln*Köln/S=z/", "/C=DE/A=X/O=KOELN/S=z/"),
        ("/C=GB/A=X/DDA:Type=v/P=p/", "/C=GB/A=X/P=p/DDA:TYPE=V/"),
        ("/C=GB/A=X/X121=234 1920/", "/C=GB/A=X/X121=2341920/"),
        ("/C=GB/A=/P=z/", "/C=GB/A= /P=z/"),
    ],
)
def test_equal(one: str, other: str) -> None:
    assert parse(one) == parse(other)
    assert hash(parse(one)) == hash(parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/C=GB/A=X/S=Bob/", "/C=GB/A=X/S=Bobby/"),
        ("/C=GB/A=X/S=Bob/", "/C=GB/A=X/S=Bob/G=A/"),
        ("/C=GB/A= /P=z/", "/C=GB/P=z/"),
        ("/C=GB/A=X/OU1=a/OU2=b/", "/C=GB/A=X/OU1=b/OU2=a/"),
        ("/C=GB/A=X/DDA:a=1/", "/C=GB/A=X/DDA:b=1/"),
        ("/C=208/A=X/S=z/", "/C=GB/A=X/S=z/"),
    ],
)
def test_not_equal(one: str, other: str) -> None:
    assert parse(one) != parse(other)
    assert parse(one) != one


def test_numeric_form_does_not_differ() -> None:
    assert ORAddress({"C": "GB", "A": "400"}, numeric="A") == ORAddress({"C": "GB", "A": "400"})


@pytest.mark.parametrize(
    ("prefix", "address", "expected"),
    [
        ("/C=GB/", "/C=GB/A=X/S=z/", True),
        ("/C=234/A=x/", "/C=GB/A=X/S=z/", True),
        ("/C=GB/A=X/O=o/", "/C=GB/A=X/S=z/", False),
        ("/C=GB/A=X/S=z/", "/C=GB/A=X/S=z/", True),
        ("/C=GB/A=Y/", "/C=GB/A=X/S=z/", False),
    ],
)
def test_prefix(prefix: str, address: str, expected: bool) -> None:
    assert parse(prefix).is_prefix_of(parse(address)) is expected


@pytest.mark.parametrize(
    "text",
    [
        "/C=GB/A=X/P=Y/O=Z/S=Bob/G=B/",
        "/C=GB/A= /P=Y/CN=List/",
        "/C=GB/A=X/N-ID=123456/",
        "/C=GB/X121=23421920100515/",
        "/C=234/A=X/PD-C=GB/PD-PC=NG7/",
    ],
)
def test_good_forms(text: str) -> None:
    assert parse(text).problems() == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("/A=X/S=z/", "country name (C) is missing"),
        ("/C=G/A=X/S=z/", "neither two letters nor three digits"),
        ("/C=GB/S=z/", "administration domain name (A) is missing"),
        ("/C=GB/A=X/P=Y/G=Bob/", "no surname"),
        ("/C=GB/A=X/", "names a domain but no user"),
        ("/C=GB/A=X/OU2=y/S=z/", "OU2 is given without OU1"),
        ("/C=GB/A=X/N-ID=12a/", "more than digits"),
        ("/C=GB/A=X/S=a@b/", "PrintableString lacks: @"),
        ("/C=GB/A=X/S=" + "z" * 41 + "/", "41 characters"),
        ("/C=GB/A=X/P=p/DDA:123456789=1/", "longer than 8"),
        ("/C=GB/A=X/P=p/DDA:a=1/DDA:b=1/DDA:c=1/DDA:d=1/DDA:e=1/", "more than four"),
    ],
)
def test_broken_rules_are_named(text: str, complaint: str) -> None:
    assert any(complaint in problem for problem in parse(text).problems())


_texts = st.text(st.sampled_from("abzABZ019 '()+,-./:=?$;*ö"), min_size=1, max_size=12).filter(
    lambda t: bool(t.strip())
)
_keywords = st.sampled_from([*UPPER_BOUNDS, "DDA:type", "DDA:a/b=c", "O*", "S*", "DDA:t*"])
_addresses = st.dictionaries(_keywords, _texts, min_size=1).map(ORAddress)


@settings(max_examples=150, deadline=None)
@given(_addresses, st.sampled_from("/;"))
def test_format_then_parse_is_the_same_address(address: ORAddress, delimiter: str) -> None:
    text = format(address, delimiter)
    again = parse(text)
    assert again.attributes == address.attributes
    assert again == address
    assert format(again, delimiter) == text


@settings(max_examples=100, deadline=None)
@given(_addresses)
def test_equality_laws(address: ORAddress) -> None:
    shouted = ORAddress({keyword: value.upper() for keyword, value in reversed(address.attributes.items())})
    spaced = ORAddress({keyword: f" {value.replace(' ', '   ')} " for keyword, value in address.attributes.items()})
    assert address == shouted == spaced == address
    assert hash(address) == hash(shouted) == hash(spaced)
    assert address.is_prefix_of(spaced)
    assert spaced.is_prefix_of(shouted)
    longer = ORAddress({**address.attributes, "DDA:extra": "x"})
    assert longer != address
    assert address.is_prefix_of(longer)
    assert not longer.is_prefix_of(address)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        address = parse(text)
    except InvalidORAddress:
        return
    address.problems()
    format(address)
