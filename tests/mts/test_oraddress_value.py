"""O/R addresses to and from their ASN.1 value, and through the codec."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from x400.asn1 import specification
from x400.mts.exceptions import InvalidORAddress
from x400.mts.oraddress import UPPER_BOUNDS, ORAddress

ORNAME = specification().modules["MTSAbstractService"]["ORName"]
TEXTS = [
    "/C=GB/A=TESTADMD/P=TESTPRMD/O=X/S=Alice/",
    "/C=234/A= /P=Y/O=Z/OU1=a/OU2=b/OU3=c/OU4=d/S=s/G=g/I=i/Q=q/",
    "/C=DE/A=X/O=Koeln*Köln/CN=Zuerich*Zürich/S=Mueller*Müller/",
    "/C=DE/A=X/OU1=*Büro/",
    "/C=GB/X121=23421920100515/T-ID=TERM/",
    "/C=GB/A=X/N-ID=1234567/",
    "/C=GB/A=X/P=Y/DDA:RFC-822=a(a)b.c/DDA:x=y/",
    "/C=GB/A=X/P=Y/DDA:T=*ö/",
    "/C=GB/A=X/PD-SN=post/PD-C=GB/PD-PC=NG7 2RD/PD-OF=o/PD-PN=Mr. Bob/PD-S=High St.*Straße/PD-A1=1/PD-A2=2/",
    "/C=GB/A=X/S=z/EXT:22=300c800a31323334353637383930/EXT:99=0500/",
]


@pytest.mark.parametrize("text", TEXTS)
def test_through_the_codec(text: str) -> None:
    address = ORAddress.parse(text)
    octets = ORNAME.encode(address.to_value())
    again = ORAddress.from_value(ORNAME.decode(octets))
    assert again == address
    assert again.attributes == address.attributes
    assert str(again) == text
    assert ORNAME.encode(again.to_value()) == octets


def test_golden() -> None:
    octets = bytes.fromhex(
        "602c302a610413024742620a13085445535441444d44a20a13085445535450524d44830158a5078005416c696365"
    )
    address = ORAddress.from_value(ORNAME.decode(octets))
    assert str(address) == TEXTS[0]
    assert ORNAME.encode(address.to_value()) == octets


def test_numeric_forms_are_kept() -> None:
    value = {
        "built-in-standard-attributes": {
            "country-name": ("x121-dcc-code", "234"),
            "administration-domain-name": ("numeric", "400"),
            "private-domain-name": ("numeric", "7"),
        }
    }
    address = ORAddress.from_value(value)
    assert address.to_value() == value
    assert address == ORAddress.parse("/C=GB/A=400/P=7/")


def test_the_absent_address() -> None:
    address = ORAddress.from_value({"built-in-standard-attributes": {}})
    assert not address
    assert address.to_value() == {"built-in-standard-attributes": {}}


def test_directory_name_is_carried_along() -> None:
    name = ("rdnSequence", [])
    address = ORAddress.from_value({"built-in-standard-attributes": {}, "directory-name": name})
    assert address.to_value()["directory-name"] == name


def test_an_extension_attribute_that_does_not_decode_is_carried_along() -> None:
    bad = {"extension-attribute-type": 1, "extension-attribute-value": b"\x02\x01\x05"}
    value = {"built-in-standard-attributes": {}, "extension-attributes": [bad]}
    address = ORAddress.from_value(value)
    assert address.others == ((1, b"\x02\x01\x05"),)
    assert address.to_value() == value


@pytest.mark.parametrize("text", ["/C=GB/A=X/G=Bob/", "/C=GB/A=X/OU2=b/", "/C=GB/A=X/G=*Bob/S=s/"])
def test_no_value(text: str) -> None:
    with pytest.raises(InvalidORAddress):
        ORAddress.parse(text).to_value()


_printable = st.text(st.sampled_from("abzABZ019 '()+,-./:=?"), min_size=1, max_size=12)
_keywords = st.sampled_from(
    [k for k in UPPER_BOUNDS if k not in ("X121", "N-ID") and not k.startswith("PD-A")] + ["DDA:t"]
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(_keywords, _printable, min_size=1))
def test_any_printable_address(attributes: dict[str, str]) -> None:
    address = ORAddress(attributes)
    try:
        value = address.to_value()
    except InvalidORAddress:
        assert address.problems()
        return
    again = ORAddress.from_value(ORNAME.decode(ORNAME.encode(value)))
    assert again.attributes == attributes
    assert again == address
