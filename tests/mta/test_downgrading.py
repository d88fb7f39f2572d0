"""To and from MTAs of 1984: what is taken out, what is written otherwise, what stays, what cannot go."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mta.accounts import checked
from tests.mta.samples import (
    BOB,
    CAROL,
    EARLIER,
    NOBODY,
    NOW,
    codes_of,
    decoded,
    mta,
    peculiar,
    report_of,
    sent,
    subject,
    taken,
)
from x400.asn1 import specification
from x400.mta import MTA, DistributionList, Outcome, Stored, Transfer
from x400.mts.apdu import Apdu
from x400.mts.extensions import field_value
from x400.mts.oraddress import ORAddress
from x400.mts.originate import NewRecipient, probe

MPDU = specification().modules["P1"]["MPDU"]
LIST = "/C=GB/A=EAST/CN=List/"
POSTAL = "/C=GB/A=EAST/PD-ED=Somewhere/"


def old(**changes: Any) -> MTA:
    """An MTA whose peer east is of 1984."""
    return mta(peers_1984=frozenset({"east"}), **changes)


def to_east(octets: bytes, one: MTA | None = None) -> tuple[str, dict[str, Any]]:
    """What east is sent, decoded as P1 of 1984."""
    one = one or old()
    (transfer,) = [t for t in taken(octets, one).transfers if t.next_hop == "east"]
    return of_1984(one, transfer)


def of_1984(one: MTA, transfer: Transfer) -> tuple[str, dict[str, Any]]:
    value: tuple[str, dict[str, Any]] = MPDU.decode(bytes(one.message_out(transfer.stored(), transfer.next_hop).head))
    return value


def test_a_message() -> None:
    kind, value = to_east(sent(BOB, CAROL, priority="urgent", content_return_request=True))
    assert kind == "userMPDU"
    assert value["content"] == b"the content"
    envelope = value["envelope"]
    assert envelope["priority"] == 2
    assert envelope["mpduID"]["localIdentifier"] == "local.1"
    assert envelope["originator"]["standard"]["personalName"]["surName"] == "Alice"
    assert [one["extensionIdentifier"] for one in envelope["recipients"]] == [1, 2]
    assert [one["perRecipientFlag"][0][0] >> 7 for one in envelope["recipients"]] == [1, 0]
    assert len(envelope["traceInformation"]) == 2
    assert envelope["uAContentId"] == "id 1"
    assert envelope["contentType"] == 22


def test_only_what_1984_has_not_is_taken_out() -> None:
    one = old()
    (queued,) = [t for t in taken(peculiar(), one).transfers if t.next_hop == "east"]
    sent_out = one.message_out(queued.stored(), "east")
    before, after = Apdu(queued.stored()), Apdu(sent_out)
    members = set(after.envelope.keys())
    assert set(before.envelope.keys()) - members == {"extensions"}
    for member in members:
        assert bytes(after.envelope[member].raw) == bytes(before.envelope[member].raw)
    assert bytes(after.body["content"].raw) == bytes(before.body["content"].raw)


def test_others_are_not_touched() -> None:
    one = old()
    (queued,) = taken(sent(CAROL), one).transfers
    stored = queued.stored()
    assert one.message_out(stored, "west") is stored


def test_a_common_name() -> None:
    _, value = to_east(sent(LIST, originator="/C=GB/A=SENDER/CN=Alice/"))
    (recipient,) = value["envelope"]["recipients"]
    assert recipient["recipient"]["domaindefined"] == [{"type": "Common", "value": "List"}]
    assert value["envelope"]["originator"]["domaindefined"] == [{"type": "Common", "value": "Alice"}]


def test_a_name_that_1984_has_not() -> None:
    outcome = taken(sent(POSTAL, BOB), old())
    assert codes_of(report_of(outcome)) == [(1, 47)]
    (onward,) = [t for t in outcome.transfers if not t.is_report]
    assert onward.recipient_names == (BOB,)
    kind, _ = of_1984(old(), onward)
    assert kind == "userMPDU"
    with_gateway = old(gateway_1984=ORAddress.parse("/C=GB/A=OWNADMD/P=OWN/O=Relay/"))
    _, value = to_east(sent(POSTAL), with_gateway)
    (recipient,) = value["envelope"]["recipients"]
    assert recipient["recipient"]["domaindefined"] == [{"type": "X400-88", "value": POSTAL}]


@pytest.mark.parametrize(("bits", "fails"), [(0x40, True), (0x20, True), (0x80, False)])
def test_critical_extensions(bits: int, fails: bool) -> None:
    critical = {"type": ("standard-extension", 3), "criticality": (bytes((bits,)), 3), "value": b"\x0a\x01\x01"}
    one = NewRecipient(ORAddress.parse(BOB), extensions=(critical | {"type": ("standard-extension", 7)},))
    for octets in (sent(BOB, extensions=(critical,)), sent(one)):
        outcome = taken(octets, old())
        if fails:
            assert codes_of(report_of(outcome)) == [(1, 47)]
        else:
            assert [t.next_hop for t in outcome.transfers] == ["east"]


def test_another_route_is_not_taken_into_account_but_an_alternate_recipient_is() -> None:
    value = (
        specification()
        .modules["MTSAbstractService"]["OriginatorRequestedAlternateRecipient"]
        .encode(ORAddress.parse(CAROL).to_value())
    )
    one = NewRecipient(ORAddress.parse(POSTAL), extensions=(field_value(2, value),))
    assert [t.next_hop for t in taken(sent(one), old()).transfers] == ["west"]


def test_encoded_information_types() -> None:
    types = {
        "built-in-encoded-information-types": (b"\x20", 3),
        "extended-encoded-information-types": ["1.0.10021.7.1.0.6"],
    }
    _, value = to_east(sent(BOB, encoded_information_types=types))
    assert value["envelope"]["original"]["basic"] == (b"\xa0", 3)


def test_an_extended_content_type_there_and_back() -> None:
    octets = sent(BOB, content_type="1.2.826.5", content=b"some octets")
    one = old()
    _, value = to_east(octets, one)
    assert value["envelope"]["contentType"] == 1
    (queued,) = taken(octets, one).transfers
    (transfer,) = elsewhere(one.message_out(queued.stored(), "east")).transfers
    _kind, relayed = decoded(transfer)
    assert relayed["envelope"]["content-type"] == ("extended", "1.2.826.5")
    assert relayed["content"] == b"some octets"


def elsewhere(stored: Stored) -> Outcome:
    """What another domain does with what comes from 1984: the same octets, as if our domain had another name."""
    other = Stored(bytes(stored.head).replace(b"OWNADMD", b"ELSEWHR"))
    return checked(other, mta(peers_1984=frozenset({"x"}), name="m").message_in(other, "x", NOW))


def test_redirections_and_lists_leave_no_trace_that_1984_has_not() -> None:
    lists = (DistributionList(ORAddress.parse("/C=GB/A=OWNADMD/P=OWN/CN=L/"), (ORAddress.parse(BOB),)),)
    one = old(distribution_lists=lists)
    _, value = to_east(sent("/C=GB/A=OWNADMD/P=OWN/CN=L/"), one)
    assert set(value["envelope"]["traceInformation"][1]["domaininfo"]) == {"arrival", "action"}


def test_a_probe() -> None:
    kind, value = to_east(probe(subject(LIST), 700, EARLIER))
    assert (kind, value[0]) == ("serviceMPDU", "probeMPDU")
    assert value[1]["contentLength"] == 700


@pytest.mark.parametrize(
    ("to", "message", "codes"),
    [(NOBODY, {}, (1, 0)), (BOB, {"content_type": 35}, (1, None)), ("/C=ZZ/A=x/CN=Nobody/", {}, (1, 0))],
)
def test_a_report(to: str, message: dict[str, Any], codes: tuple[int, int | None]) -> None:
    from x400.mta import Restrictions

    peers = {"east": Restrictions(content_types=frozenset({22}))}
    one = mta(peers_1984=frozenset({"sender"}), restrictions=peers)
    (report,) = taken(sent(to, **message), one).transfers
    kind, (inner, value) = of_1984(one, report)
    assert (kind, inner) == ("serviceMPDU", "deliveryReportMPDU")
    assert value["envelope"]["originator"]["standard"]["personalName"]["surName"] == "Alice"
    (recipient,) = value["content"]["reportedRecipients"]
    non_delivered = recipient["lastTraceInformation"]["report"][1]
    assert (non_delivered["reasonCode"], non_delivered.get("diagnosticCode")) == codes


def test_from_1984() -> None:
    """What east would send back: a message to our list's common name, which it can only write as an attribute."""
    one = old()
    (queued,) = taken(sent(LIST, originator="/C=GB/A=SENDER/CN=Alice/"), one).transfers
    (transfer,) = elsewhere(one.message_out(queued.stored(), "east")).transfers
    assert transfer.recipient_names == (LIST,)
    assert transfer.originator == "/C=GB/A=SENDER/CN=Alice/"
    (fields,) = decoded(transfer)[1]["envelope"]["per-recipient-fields"]
    assert ORAddress.from_value(fields["recipient-name"]) == ORAddress.parse(LIST)


def test_from_1984_a_report_and_a_name_that_is_none() -> None:
    one = mta(peers_1984=frozenset({"sender"}))
    (report,) = taken(sent("/C=ZZ/A=x/CN=Nobody/"), one).transfers
    (transfer,) = elsewhere(one.message_out(report.stored(), "sender")).transfers
    (fields,) = decoded(transfer)[1]["content"]["per-recipient-fields"]
    assert str(ORAddress.from_value(fields["actual-recipient-name"])) == "/C=ZZ/A=x/CN=Nobody/"
    octets = sent(NOBODY).replace(b"\x80\x06Nobody", b"\x81\x06Nobody")
    outcome = mta(peers_1984=frozenset({"x"})).message_in(Stored(octets), "x", NOW)
    assert codes_of(report_of(outcome))[0][0] == 1
