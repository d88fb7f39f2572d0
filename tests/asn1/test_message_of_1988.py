"""A P1 message of two MTAs of 1988, against what tshark reads in it.

tests/data/p1-1988-message.hex is the MTS-APDU out of p1-1988-message.pcapng, taken from its EXTERNAL: indefinite
lengths, and an extension whose number is tagged EXPLICIT where the module of 1999 says IMPLICIT.
"""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from x400.asn1 import compiled_type, mts_apdu

DATA = Path(__file__).parents[1] / "data"
GB = ("iso-3166-alpha2-code", "GB")


@pytest.fixture(scope="module")
def octets() -> bytes:
    return bytes.fromhex((DATA / "p1-1988-message.hex").read_text(encoding="ascii"))


@pytest.fixture(scope="module")
def message(octets: bytes) -> dict[str, Any]:
    kind, value = mts_apdu().decode(octets)
    assert kind == "message"
    assert isinstance(value, dict)
    return value


def test_envelope(message: dict[str, Any]) -> None:
    envelope = message["envelope"]
    domain = {
        "country-name": GB,
        "administration-domain-name": ("printable", "TESTADMD"),
        "private-domain-identifier": ("printable", "TESTPRMD"),
    }
    assert envelope["message-identifier"] == {
        "global-domain-identifier": domain,
        "local-identifier": "mta.pp.tes.514:msg.user1",
    }
    assert envelope["originator-name"]["built-in-standard-attributes"] == {
        "country-name": GB,
        "administration-domain-name": ("printable", "TESTADMD"),
        "private-domain-name": ("printable", "TESTPRMD"),
        "organization-name": "X",
        "personal-name": {"surname": "Alice"},
    }
    types = envelope["original-encoded-information-types"]
    assert types["built-in-encoded-information-types"] == (b"\x20", 3)
    assert envelope["content-type"] == ("built-in", 22)
    assert envelope["content-identifier"] == "UA1"
    assert envelope["priority"] == "normal"
    (element,) = envelope["trace-information"]
    assert element["global-domain-identifier"] == domain
    supplied = element["domain-supplied-information"]
    assert supplied["arrival-time"] == datetime(1990, 11, 24, 8, 38, 28)
    assert supplied["routing-action"] == "relayed"


def test_recipient(message: dict[str, Any]) -> None:
    (recipient,) = message["envelope"]["per-recipient-fields"]
    assert recipient["recipient-name"]["built-in-standard-attributes"] == {
        "country-name": GB,
        "administration-domain-name": ("printable", "LOOPADMD"),
        "private-domain-name": ("printable", "LOOPPRMD"),
        "organization-name": "X",
        "personal-name": {"surname": "Bob"},
    }
    assert recipient["originally-specified-recipient-number"] == 1
    assert recipient["per-recipient-indicators"] == (b"\xd0\x00", 9)


def test_extension_with_an_explicit_number(message: dict[str, Any]) -> None:
    """tshark takes the number's own TLV for its contents, and reads 131366; it is 38, internal trace information."""
    (extension,) = message["envelope"]["extensions"]
    assert extension["type"] == ("standard-extension", 38)
    (element,) = compiled_type("MTAAbstractService", "InternalTraceInformation").decode(extension["value"])
    assert element["mta-name"] == "mta.peer.test"
    assert element["mta-supplied-information"]["routing-action"] == "relayed"


def test_content(message: dict[str, Any]) -> None:
    assert len(message["content"]) == 77
    kind, ipm = compiled_type("IPMSInformationObjects", "InformationObject").decode(message["content"])
    assert kind == "ipm"
    assert ipm["heading"]["subject"] == "Hello from PP"


def test_view_sees_the_same(octets: bytes, message: dict[str, Any]) -> None:
    view = mts_apdu().view(octets)
    assert view.choice == "message"
    assert view["message"]["envelope"].value == message["envelope"]
    assert bytes(view.at("message.envelope.content-identifier").contents) == b"UA1"


def test_its_octets_leave_as_they_came(octets: bytes) -> None:
    """Indefinite lengths and all: raw is what was received, and a splice changes the part that it names."""
    view = mts_apdu().view(octets)
    assert bytes(view.raw) == octets
    assert bytes(view.at("message.envelope").raw) in octets
    assert octets.count(b"UA1") == 1
    assert b"".join(view.splice({"message.envelope.content-identifier": "UB2"})) == octets.replace(b"UA1", b"UB2")


def test_decoded_and_encoded_again_it_says_the_same(octets: bytes) -> None:
    again = mts_apdu().encode(mts_apdu().decode(octets))
    assert again != octets  # lengths are definite now
    assert mts_apdu().decode(again) == mts_apdu().decode(octets)


@pytest.mark.tshark
def test_tshark_reads_the_same(message: dict[str, Any]) -> None:
    fields = ("p1.local_identifier", "p1.content_identifier", "p1.surname", "p1.arrival_time")
    capture = str(DATA / "p1-1988-message.pcapng")
    command = ["tshark", "-r", capture, "-d", "tcp.port==20102,tpkt", "-Y", fields[0], "-T", "fields"]
    command.extend(f"-e{field}" for field in fields)
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    local_identifier, content_identifier, surnames, _ = run.stdout.rstrip("\n").split("\t")
    envelope = message["envelope"]
    assert envelope["message-identifier"]["local-identifier"] == local_identifier
    assert envelope["content-identifier"] == content_identifier
    names = [envelope["originator-name"], *(each["recipient-name"] for each in envelope["per-recipient-fields"])]
    assert [each["built-in-standard-attributes"]["personal-name"]["surname"] for each in names] == surnames.split(",")
