"""Messages through the MTA: relayed, split, delivered, refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.mta.samples import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    EARLIER_UTC,
    ERIN,
    NOBODY,
    NOW,
    NOW_UTC,
    OWN,
    codes_of,
    decoded,
    mta,
    name,
    peculiar,
    report_of,
    routes,
    sent,
    taken,
)
from tests.mta.tlv import definite, indefinite, long_form
from x400.asn1 import specification
from x400.mta import InternalTrace, Stored
from x400.mts.exceptions import InvalidAPDU
from x400.mts.extensions import field_value
from x400.mts.identifiers import GlobalDomainIdentifier, MTSIdentifier
from x400.mts.oraddress import ORAddress
from x400.mts.originate import NewRecipient
from x400.mts.trace import utc

LOOP_DETECTED = (1, 3)
UNRECOGNISED = (1, 0)
UNSUPPORTED_CRITICAL = (1, 18)
EXPIRED = (0, 5)
NULL = b"\x05\x00"


def critical(number: int | str, bits: int) -> dict[str, Any]:
    kind = "standard-extension" if isinstance(number, int) else "private-extension"
    return {"type": (kind, number), "criticality": (bytes((bits,)), 3), "value": NULL}


def encode(name: str, value: Any, module: str = "MTSAbstractService") -> bytes:
    octets: bytes = specification().modules[module][name].encode(value)
    return octets


def test_relayed_to_one_next_hop() -> None:
    outcome = taken(sent(BOB, priority="urgent"))
    (transfer,) = outcome.transfers
    assert outcome.kind == "message"
    assert outcome.identifier == transfer.identifier == "[/C=GB/A=SENDER/P=S/;local.1]"
    assert transfer.next_hop == "east"
    assert transfer.recipients == (0,)
    assert transfer.recipient_names == (BOB,)
    assert transfer.originator == ALICE
    assert transfer.priority == 0
    assert not transfer.is_report
    assert transfer.expiry == NOW + timedelta(hours=4)
    assert outcome.deliveries == []
    assert [record.event for record in outcome.log] == ["transfer"]
    kind, value = decoded(transfer)
    assert kind == "message"
    assert value["content"] == b"the content"
    trace = value["envelope"]["trace-information"]
    assert [GlobalDomainIdentifier.from_value(element["global-domain-identifier"]) for element in trace] == [
        GlobalDomainIdentifier("GB", "SENDER", "S"),
        OWN,
    ]
    supplied = trace[1]["domain-supplied-information"]
    assert supplied["arrival-time"] == NOW_UTC
    assert supplied["routing-action"] == "relayed"


@pytest.mark.parametrize(("priority", "order"), [("urgent", 0), ("normal", 1), ("non-urgent", 2)])
def test_priority_orders_and_limits(priority: str, order: int) -> None:
    (transfer,) = taken(sent(BOB, priority=priority)).transfers
    assert transfer.priority == order
    assert transfer.expiry - NOW == timedelta(hours=(4, 24, 36)[order])


def test_an_address_as_octets_in_every_form_finds_its_route() -> None:
    lower = "/C=234/A=east/CN=List/"
    (transfer,) = taken(sent(lower)).transfers
    assert transfer.next_hop == "east"
    assert transfer.recipient_names == (lower,)


def test_split_with_responsibility() -> None:
    outcome = taken(sent(BOB, CAROL, "/C=GB/A=EAST/S=Other/"))
    assert [(t.next_hop, t.recipients) for t in outcome.transfers] == [("east", (0, 2)), ("west", (1,))]
    for transfer in outcome.transfers:
        _, value = decoded(transfer)
        fields = value["envelope"]["per-recipient-fields"]
        responsible = [i for i, one in enumerate(fields) if one["per-recipient-indicators"][0][0] & 0x80]
        assert tuple(responsible) == transfer.recipients
        assert [one["originally-specified-recipient-number"] for one in fields] == [1, 2, 3]


def test_what_comes_without_responsibility_goes_nowhere() -> None:
    outcome = taken(sent(BOB, CAROL))
    east = next(t for t in outcome.transfers if t.next_hop == "east")
    at_east = mta(
        name="mta.east",
        global_domain_identifier=GlobalDomainIdentifier("GB", "EAST"),
        routes=routes({"/C=GB/A=EAST/": ("deliver", "box"), "/C=FR/": ("peer", "own")}),
    )
    there = at_east.message_in(east.stored(), "own", NOW)
    assert [delivery.user for delivery in there.deliveries] == [BOB]
    assert there.transfers == []


def test_no_responsibility_at_all() -> None:
    octets = sent(BOB).replace(bytes.fromhex("810203a8"), bytes.fromhex("81020328"))
    octets = octets.replace(bytes.fromhex("810200a8"), bytes.fromhex("81020028"))
    outcome = taken(octets)
    assert outcome.transfers == outcome.deliveries == []
    assert [record.event for record in outcome.log] == ["no-responsibility"]


def test_delivery_to_local_users() -> None:
    outcome = taken(sent(DAVE, ERIN, BOB, disclosure_of_other_recipients=True, content_type=2))
    assert [(d.user, d.folder, d.recipient, d.kind) for d in outcome.deliveries] == [
        (DAVE, "here", 0, "message"),
        (ERIN, "here", 1, "message"),
    ]
    delivery = outcome.deliveries[0]
    assert b"".join(delivery.buffers) == b"the content"
    assert delivery.tail is None
    envelope = specification().modules["MTSAbstractService"]["MessageDeliveryEnvelope"].decode(delivery.envelope)
    assert envelope["message-delivery-time"] == NOW_UTC
    assert str(MTSIdentifier.from_value(envelope["message-delivery-identifier"])) == outcome.identifier
    fields = envelope["other-fields"]
    assert fields["content-type"] == ("built-in", 2)
    assert str(ORAddress.from_value(fields["originator-name"])) == ALICE
    assert str(ORAddress.from_value(fields["this-recipient-name"])) == DAVE
    assert [str(ORAddress.from_value(one)) for one in fields["other-recipient-names"]] == [ERIN, BOB]
    assert fields["message-submission-time"] == EARLIER_UTC
    assert fields["content-identifier"] == "id 1"
    assert {field["type"][1] for field in fields["extensions"]} == {37, 38}
    assert delivery.envelope_value["other-fields"]["content-type"] == {"built-in": 2}
    assert delivery.envelope_value["message-delivery-time"] == NOW_UTC.isoformat() + "Z"


def test_other_recipients_are_not_disclosed_unasked() -> None:
    delivery = taken(sent(DAVE, BOB)).deliveries[0]
    assert "other-recipient-names" not in delivery.envelope_value["other-fields"]


def test_delivery_of_a_content_in_pieces() -> None:
    everyone_here = mta(routes=routes({"/C=GB/A=EAST/": ("deliver", "east"), "/C=FR/": ("deliver", "west")}))
    for delivery in taken(peculiar(), everyone_here).deliveries:
        assert b"".join(delivery.buffers) == b"the content"
        assert not delivery.content_is_constructed


def test_unroutable_is_reported_the_rest_goes_on() -> None:
    outcome = taken(sent(NOBODY, BOB))
    assert [t.next_hop for t in outcome.transfers] == ["east", "sender"]
    report = report_of(outcome)
    assert codes_of(report) == [UNRECOGNISED]
    (fields,) = report["content"]["per-recipient-fields"]
    assert str(ORAddress.from_value(fields["actual-recipient-name"])) == NOBODY
    assert fields["originally-specified-recipient-number"] == 1


def test_domain_loop() -> None:
    one = mta()
    (first,) = taken(sent(BOB), one).transfers
    elsewhere = mta(
        name="mta.east",
        global_domain_identifier=GlobalDomainIdentifier("GB", "EAST"),
        routes=routes({"/C=GB/": ("peer", "own")}),
    )
    (second,) = elsewhere.message_in(first.stored(), "own", NOW).transfers
    third = one.message_in(second.stored(), "east", NOW)
    assert codes_of(report_of(third)) == [LOOP_DETECTED]
    assert [t.is_report for t in third.transfers] == [True]


def test_domain_loop_without_internal_trace() -> None:
    one = mta(internal_trace=InternalTrace.NEVER)
    (first,) = taken(sent(BOB), one).transfers
    elsewhere = mta(global_domain_identifier=GlobalDomainIdentifier("GB", "EAST"), internal_trace=InternalTrace.NEVER)
    (second,) = elsewhere.message_in(first.stored(), "own", NOW).transfers
    assert codes_of(report_of(one.message_in(second.stored(), "east", NOW))) == [LOOP_DETECTED]


@pytest.mark.parametrize("action", [0x80, 0x40])
def test_a_redirected_or_expanded_message_may_come_back(action: int) -> None:
    (first,) = taken(sent(BOB)).transfers
    kind, value = decoded(first)
    east = GlobalDomainIdentifier("GB", "EAST").to_value()
    supplied = {"arrival-time": NOW_UTC, "routing-action": "relayed", "other-actions": (bytes((action,)), 2)}
    value["envelope"]["trace-information"].append(
        {"global-domain-identifier": east, "domain-supplied-information": supplied}
    )
    value["envelope"]["extensions"] = []
    back = encode("MTS-APDU", (kind, value), "MTSTransferProtocol")
    assert [t.next_hop for t in taken(back, peer="east").transfers] == ["east"]


def test_loop_inside_the_domain() -> None:
    one, other = mta(), mta(name="mta.second", routes=routes({"/C=GB/": ("peer", "first")}))
    (first,) = taken(sent(BOB), one).transfers
    (second,) = other.message_in(first.stored(), "first", NOW).transfers
    _, value = decoded(second)
    assert len(value["envelope"]["trace-information"]) == 2
    internal = next(f["value"] for f in value["envelope"]["extensions"] if f["type"][1] == 38)
    names = [
        e["mta-name"]
        for e in specification().modules["MTAAbstractService"]["InternalTraceInformation"].decode(internal)
    ]
    assert names == ["mta.sender", "mta.own", "mta.second"]
    assert codes_of(report_of(one.message_in(second.stored(), "second", NOW))) == [LOOP_DETECTED]


def test_an_internal_loop_is_seen_in_the_style_of_1988() -> None:
    assert codes_of(
        report_of(
            taken(
                peculiar(), mta(name="mta.sender", global_domain_identifier=GlobalDomainIdentifier("GB", "SENDER", "S"))
            )
        )
    ) == [
        LOOP_DETECTED,
        LOOP_DETECTED,
    ]


def test_trace_as_long_as_it_may_be() -> None:
    assert codes_of(report_of(taken(sent(BOB), mta(maximum_trace_elements=1)))) == [LOOP_DETECTED]


def test_latest_delivery_time() -> None:
    def latest(time: Any) -> bytes:
        return sent(BOB, extensions=(field_value(5, encode("Time", utc(time))),))

    (transfer,) = taken(latest(NOW + timedelta(hours=1))).transfers
    assert transfer.expiry == NOW + timedelta(hours=1)
    assert codes_of(report_of(taken(latest(NOW - timedelta(seconds=1))))) == [EXPIRED]


@pytest.mark.parametrize("number", [99, "1.2.3.4"])
def test_unknown_extensions_critical_for_transfer(number: int | str) -> None:
    outcome = taken(sent(BOB, CAROL, extensions=(critical(number, 0x40),)))
    assert codes_of(report_of(outcome)) == [UNSUPPORTED_CRITICAL, UNSUPPORTED_CRITICAL]
    one = NewRecipient(ORAddress.parse(BOB), extensions=(critical(number, 0x40),))
    outcome = taken(sent(one, CAROL))
    assert codes_of(report_of(outcome)) == [UNSUPPORTED_CRITICAL]
    assert [t.recipient_names for t in outcome.transfers if not t.is_report] == [(CAROL,)]


def test_known_or_not_critical_extensions_pass() -> None:
    octets = sent(BOB, extensions=(critical(1, 0xE0), critical(99, 0xA0), critical("1.2.3", 0x20)))
    assert [t.next_hop for t in taken(octets).transfers] == ["east"]


def test_critical_for_delivery_stops_only_delivery() -> None:
    outcome = taken(sent(BOB, DAVE, extensions=(critical("1.2.3", 0x20),)))
    assert codes_of(report_of(outcome)) == [UNSUPPORTED_CRITICAL]
    assert [t.next_hop for t in outcome.transfers if not t.is_report] == ["east"]
    assert outcome.deliveries == []


def test_content_too_long() -> None:
    octets = sent(BOB, content=b"x" * 2000)
    assert codes_of(report_of(taken(octets, mta(maximum_content_length=1999)))) == [(1, 7)]
    assert [t.next_hop for t in taken(octets, mta(maximum_content_length=2100)).transfers] == ["east"]


def test_duplicates_have_one_key() -> None:
    octets = sent(BOB, CAROL)
    one, other = mta(), mta()
    assert taken(octets, one).duplicate_key == taken(octets, other, now=NOW + timedelta(hours=1)).duplicate_key
    assert taken(octets, one).duplicate_key != taken(octets, one, peer="another").duplicate_key
    east, west = (t.stored() for t in taken(octets, one).transfers)
    assert one.message_in(east, "x", NOW).duplicate_key != one.message_in(west, "x", NOW).duplicate_key


def test_replace_routes() -> None:
    one = mta()
    assert taken(sent(BOB), one).transfers[0].next_hop == "east"
    one.replace_routes(routes({"/C=GB/": ("peer", "elsewhere")}))
    assert taken(sent(BOB), one).transfers[0].next_hop == "elsewhere"


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x00",
        b"\xa0\x03\x02\x01\x05",
        b"\xa9\x00",
        b"\xa0\x80\x31\x80\x00\x00\x00\x00",
        definite(0xA0, definite(0x31), definite(0x04)),
        sent(BOB)[:-1],
        sent(BOB) + b"\x00",
    ],
)
def test_no_apdu(octets: bytes) -> None:
    with pytest.raises(InvalidAPDU):
        taken(octets)


@pytest.mark.parametrize(
    "personal",
    [
        definite(0xA5, definite(0x81, b"Bob")),
        definite(0xA5),
    ],
)
def test_a_name_that_breaks_its_syntax_is_reported_at_once(personal: bytes) -> None:
    """A given name without surname has stopped queues elsewhere."""
    standard = definite(0x30, definite(0x61, definite(0x13, b"FR")), definite(0x62, definite(0x13, b"W")), personal)
    raw = definite(0x60, standard)
    octets = _resized(raw)
    outcome = taken(octets)
    report = report_of(outcome)
    (code,) = codes_of(report)
    assert code in {(1, 11), UNRECOGNISED}
    (fields,) = report["content"]["per-recipient-fields"]
    reported = ORAddress.from_value(fields["actual-recipient-name"])
    assert reported.get("C") == "FR"
    assert fields["supplementary-information"]
    assert [t.recipient_names for t in outcome.transfers if not t.is_report] == [("/C=GB/A=EAST/S=Bob/",)]


def _resized(raw: bytes) -> bytes:
    """`peculiar()` with Carol's name replaced, lengths right."""
    bob = indefinite(0x31, bytes.fromhex("810307d000"), definite(0x80, b"\x01"), name("GB", "EAST", "Bob"))
    tail = (definite(0x80, b"\x02"), bytes.fromhex("810200a8"))
    old = long_form(0xA2, bob, definite(0x31, name("FR", "WEST", "Carol"), *tail))
    new = long_form(0xA2, bob, definite(0x31, raw, *tail))
    before = peculiar()
    assert old in before
    return before.replace(old, new)


def test_a_malformed_originator_cannot_be_reported_to() -> None:
    octets = sent(NOBODY).replace(b"\xa5\x07\x80\x05Alice", b"\xa5\x07\x81\x05Alice")
    with pytest.raises(InvalidAPDU, match="surname"):
        taken(octets)


def test_stored_in_a_memoryview() -> None:
    octets = bytearray(sent(BOB))
    (transfer,) = mta().message_in(Stored(memoryview(octets)), "sender", NOW).transfers
    assert transfer.next_hop == "east"
