"""The message that an MTA of the 1990s sent (tests/data/p1-1988-message.pcapng), relayed and delivered."""

from __future__ import annotations

from pathlib import Path

from tests.mta.samples import NOW, mta, octets_of, routes, taken
from tests.mta.tlv import differences, parse
from x400.mta import Stored
from x400.mts.apdu import Apdu
from x400.mts.identifiers import GlobalDomainIdentifier

OCTETS = bytes.fromhex((Path(__file__).parents[1] / "data" / "p1-1988-message.hex").read_text(encoding="ascii"))
TABLE = {"/C=GB/A=LOOPADMD/": ("peer", "loop"), "/C=GB/A=TESTADMD/": ("peer", "test")}


def test_what_it_says() -> None:
    apdu = Apdu(Stored(OCTETS))
    assert apdu.identifier == "[/C=GB/A=TESTADMD/P=TESTPRMD/;mta.pp.tes.514:msg.user1]"
    assert apdu.originator.text == "/C=GB/A=TESTADMD/P=TESTPRMD/O=X/S=Alice/"
    (recipient,) = apdu.recipients
    assert recipient.name.text == "/C=GB/A=LOOPADMD/P=LOOPPRMD/O=X/S=Bob/"
    assert (recipient.indicators.octets, recipient.indicators.bits) == (b"\xd0\x00", 9)
    (extension,) = apdu.extensions
    assert extension.type == 38


def test_relayed() -> None:
    (transfer,) = taken(OCTETS, mta(routes=routes(TABLE))).transfers
    assert transfer.next_hop == "loop"
    found = differences(parse(OCTETS), parse(octets_of(transfer)))
    assert [(kind, path) for kind, path, *_ in found] == [("appended", "/a0/31/69"), ("appended", "/a0/31/a3/30/a2/30")]


def test_back_in_its_own_domain_it_is_a_loop() -> None:
    (transfer,) = taken(OCTETS, mta(routes=routes(TABLE))).transfers
    home = mta(
        name="mta.peer.test",
        global_domain_identifier=GlobalDomainIdentifier("GB", "TESTADMD", "TESTPRMD"),
        routes=routes(TABLE),
    )
    outcome = home.message_in(transfer.stored(), "own", NOW)
    assert [one.is_report for one in outcome.transfers] == [True]


def test_delivered_with_a_report() -> None:
    here = mta(routes=routes({"/C=GB/A=LOOPADMD/": ("deliver", "loop"), "/C=GB/A=TESTADMD/": ("peer", "test")}))
    outcome = taken(OCTETS, here)
    (delivery,) = outcome.deliveries
    content = b"".join(bytes(buffer) for buffer in delivery.buffers)
    assert content.startswith(b"\xa0\x4b\x31\x1d")
    assert len(content) == 77
    (report,) = outcome.transfers
    assert (report.is_report, report.next_hop) == (True, "test")
