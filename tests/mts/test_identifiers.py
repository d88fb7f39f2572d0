"""Domain identifiers and MTS identifiers, and that new ones do not repeat."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from x400.mts.exceptions import InvalidIdentifier
from x400.mts.identifiers import GlobalDomainIdentifier, MTSIdentifier, MTSIdentifiers

DOMAIN = GlobalDomainIdentifier("GB", "TESTADMD", "TESTPRMD")
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def test_text_of_a_domain() -> None:
    assert str(DOMAIN) == "/C=GB/A=TESTADMD/P=TESTPRMD/"
    assert GlobalDomainIdentifier.parse("c=gb; a=testadmd; p=testprmd") == DOMAIN
    assert GlobalDomainIdentifier.parse("/C=235/A=TESTADMD/P=testprmd/") == DOMAIN
    assert len({DOMAIN, GlobalDomainIdentifier("gb", "testadmd ", "TESTPRMD")}) == 1
    assert GlobalDomainIdentifier("GB", "TESTADMD") != DOMAIN


@pytest.mark.parametrize("text", ["", "/C=GB/", "/C=GB/A=X/O=y/", "GB", "/A=X/P=Y/"])
def test_text_that_is_no_domain(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="no domain"):
        GlobalDomainIdentifier.parse(text)


def test_value_of_a_domain() -> None:
    value = {
        "country-name": ("x121-dcc-code", "234"),
        "administration-domain-name": ("numeric", "400"),
        "private-domain-identifier": ("printable", "P"),
    }
    domain = GlobalDomainIdentifier.from_value(value)
    assert domain.to_value() == value
    assert domain == GlobalDomainIdentifier("GB", "400", "p")
    assert "private-domain-identifier" not in GlobalDomainIdentifier("GB", " ").to_value()


def test_text_of_an_mts_identifier() -> None:
    identifier = MTSIdentifier(DOMAIN, "mta.pp.tes.514:msg.user1")
    text = "[/C=GB/A=TESTADMD/P=TESTPRMD/;mta.pp.tes.514:msg.user1]"
    assert str(identifier) == text
    assert MTSIdentifier.parse(text) == identifier
    assert MTSIdentifier.parse(text[1:-1]) == identifier
    assert MTSIdentifier.from_value(identifier.to_value()) == identifier


@pytest.mark.parametrize("text", ["", "[local]", "[/C=GB/A=X/;]", "[/C=GB/;x]"])
def test_text_that_is_no_mts_identifier(text: str) -> None:
    with pytest.raises(InvalidIdentifier):
        MTSIdentifier.parse(text)


@pytest.mark.parametrize("worker", ["", "0", "a-long-one"])
def test_new_identifiers_differ_and_fit(worker: str) -> None:
    identifiers = MTSIdentifiers(DOMAIN, "a-name-of-an-mta-that-is-long", worker)
    made = [identifiers.new(NOW).local_identifier for _ in range(3000)]
    assert len(set(made)) == 3000
    assert all(len(local) <= 32 for local in made)
    again = MTSIdentifiers(DOMAIN, "a-name-of-an-mta-that-is-long", worker).new(
        datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC)
    )
    assert again.local_identifier not in made


def test_workers_do_not_make_the_same() -> None:
    one, other = (MTSIdentifiers(DOMAIN, "mta", worker).new(NOW) for worker in "01")
    assert one != other
