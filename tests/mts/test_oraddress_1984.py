"""Addresses of 1988 in the form of 1984 and back (RFC 1328 section 3; its own examples among them)."""

from __future__ import annotations

import pytest

from x400.mts.exceptions import InvalidORAddress
from x400.mts.oraddress import ORAddress
from x400.mts.oraddress_1984 import downgraded_address, upgraded_address

GATEWAY = ORAddress.parse("/C=GB/A= /P=UK.AC/O=MHS-Relay/")


@pytest.mark.parametrize(
    ("of_1988", "of_1984"),
    [
        ("/C=GB/A=B/O=A/S=x/", "/C=GB/A=B/O=A/S=x/"),
        ("/C=GB/A=B/O=A/CN=Postmaster/", "/C=GB/A=B/O=A/DDA:Common=Postmaster/"),
        ("/C=GB/A=B/CN=x/DDA:a=1/DDA:b=2/DDA:c=3/", "/C=GB/A=B/DDA:Common=x/DDA:a=1/DDA:b=2/DDA:c=3/"),
    ],
)
def test_there_and_back(of_1988: str, of_1984: str) -> None:
    address = ORAddress.parse(of_1988)
    downgraded = downgraded_address(address, None)
    assert downgraded == ORAddress.parse(of_1984)
    assert upgraded_address(downgraded) == address
    assert "extension-attributes" not in downgraded.to_value()


def test_by_a_gateway() -> None:
    address = ORAddress.parse("/C=US/A=ZZ/P=XX/PD-ED=Empire State Building/")
    downgraded = downgraded_address(address, GATEWAY)
    assert downgraded.get("O") == "MHS-Relay"
    assert downgraded.attributes["DDA:X400-88"] == "/C=US/A=ZZ/P=XX/PD-ED=Empire State Building/"
    assert upgraded_address(downgraded) == address


@pytest.mark.parametrize(
    "text",
    [
        "/C=GB/A=X/CN=a_b(c)@d!e/PD-ED=%/",
        "/C=GB/A=X/CN=" + "n" * 60 + "/PD-ED=" + "e" * 30 + "/PD-S=" + "s" * 30 + "/PD-B=" + "b" * 30 + "/",
        "/C=GB/A=X/S=x/EXT:23=a0021300/",
        "/C=GB/A=X/O=*Name/S=x/",
    ],
)
def test_odd_ones_by_a_gateway(text: str) -> None:
    address = ORAddress.parse(text)
    downgraded = downgraded_address(address, GATEWAY)
    assert all(len(value) <= 128 for value in downgraded.attributes.values())
    assert not downgraded.problems() or "names a domain" in downgraded.problems()[0]
    assert upgraded_address(downgraded) == address


def test_what_cannot_be() -> None:
    with pytest.raises(InvalidORAddress, match="PD-ED"):
        downgraded_address(ORAddress.parse("/C=GB/A=X/PD-ED=x/"), None)
    lines = "/".join(f"PD-A{line}={'x' * 120}" for line in range(1, 7))
    with pytest.raises(InvalidORAddress, match="too long"):
        downgraded_address(ORAddress.parse(f"/C=GB/A=X/{lines}/"), GATEWAY)
    with pytest.raises(InvalidORAddress, match="IA5"):
        downgraded_address(ORAddress.parse("/C=GB/A=X/O=*K\xf6ln/S=x/"), GATEWAY)


@pytest.mark.parametrize("text", ["/C=GB/A=X/DDA:X400-88=nonsense/S=y/", "/C=GB/A=X/S=y/DDA:Common=z/", "/C=GB/S=y/"])
def test_what_stands_for_itself(text: str) -> None:
    address = ORAddress.parse(text)
    assert upgraded_address(address) is address
