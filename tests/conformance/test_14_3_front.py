"""X.411 14.3.1 to 14.3.5: control, front-end, and the decisions on routing and conversion."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.conformance.world import (
    BOB,
    DAVE,
    ERIN,
    STAFF,
    a_list,
    critical,
    envelope_of,
    internal_of,
    last_trace,
    listed,
    name,
    onward,
    passed_through,
    prohibited,
    redirecting,
    sent,
    text_of,
    with_lists,
)
from tests.mta.accounts import account
from tests.mta.samples import (
    CAROL,
    NOBODY,
    NOW,
    NOW_UTC,
    OWN,
    codes_of,
    decoded,
    mta,
    octets_of,
    peculiar,
    report_of,
    routes,
    taken,
)
from tests.mta.test_conversion import FAX, IA5, LATIN, LATIN_TEXT, body_of, delivered, ia5, ipm, taking, to_dave
from x400.asn1 import specification
from x400.mta import Outcome, Restrictions, Route, Stored, User
from x400.mts.extensions import field_value, tlv
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.originate import NewRecipient
from x400.mts.trace import utc

EAST = {"name": "mta.east", "global_domain_identifier": GlobalDomainIdentifier("GB", "EAST")}


# ---- 14.3.1 control


def test_14_3_1_step_1_what_the_front_end_refuses_is_reported_for_every_recipient() -> None:
    outcome = taken(sent(BOB, DAVE, CAROL, extensions=(critical(99, 0x40),)))
    assert codes_of(report_of(outcome)) == [(1, 18)] * 3
    assert onward(outcome) == outcome.deliveries == []


def test_14_3_1_step_2_only_recipients_with_responsibility_are_seen_to() -> None:
    (copy,) = [t for t in taken(sent(BOB, CAROL)).transfers if t.next_hop == "east"]
    outcome = taken(octets_of(copy), mta(**EAST, routes=routes({"/C=GB/A=EAST/": ("deliver", "x")})), "own")
    assert [delivery.user for delivery in outcome.deliveries] == [BOB]
    assert outcome.transfers == []


def test_14_3_1_step_3_what_a_procedure_has_changed_is_decided_upon_again() -> None:
    one = with_lists(a_list(STAFF, DAVE), users=(User(name(DAVE), alternate_recipient=name(BOB)),))
    assert [t.recipient_names for t in onward(taken(sent(STAFF), one))] == [(BOB,)]


def test_14_3_1_step_4_each_recipient_has_exactly_one_outcome() -> None:
    one = mta(users=(User(name(ERIN), alternate_recipient=name(BOB)),))
    octets = sent(BOB, CAROL, DAVE, ERIN, NOBODY)
    found = account(Stored(octets), one.message_in(Stored(octets), "x", NOW))
    assert {key: what for key, (what,) in found.items()} == {
        (1, BOB): "transferred to east",
        (2, CAROL): "transferred to west",
        (3, DAVE): "delivered",
        (4, BOB): "transferred to east",
        (5, NOBODY): "reported",
    }


def test_14_3_1_step_5_delivery_is_reported_when_asked_for() -> None:
    asked, not_asked = NewRecipient(name(DAVE), "report"), NewRecipient(name(ERIN), "non-delivery-report")
    (fields,) = report_of(taken(sent(asked, not_asked)))["content"]["per-recipient-fields"]
    assert text_of(fields["actual-recipient-name"]) == DAVE
    assert fields["last-trace-information"]["report-type"][1]["message-delivery-time"] == NOW_UTC


# ---- 14.3.2 front-end


def test_14_3_2_step_1_entering_the_domain_adds_to_the_trace() -> None:
    (transfer,) = taken(sent(BOB)).transfers
    trace = envelope_of(transfer)["trace-information"]
    assert GlobalDomainIdentifier.from_value(trace[-1]["global-domain-identifier"]) == OWN
    assert (len(trace), last_trace(envelope_of(transfer))["arrival-time"]) == (2, NOW_UTC)


def test_14_3_2_step_2_within_the_domain_only_the_internal_trace_grows() -> None:
    inside = mta(name="second", global_domain_identifier=GlobalDomainIdentifier("GB", "SENDER", "S"))
    (transfer,) = taken(sent(BOB), inside).transfers
    assert len(envelope_of(transfer)["trace-information"]) == 1
    assert [element["mta-name"] for element in internal_of(envelope_of(transfer))] == ["mta.sender", "second"]


def test_14_3_2_step_3_a_loop_is_reported() -> None:
    other = mta(**EAST, routes=routes({"/C=GB/": ("peer", "own")}))
    assert codes_of(report_of(passed_through(mta(), other, sent(BOB)))) == [(1, 3)]


@pytest.mark.parametrize("number", [99, "1.2.3.4"])
def test_14_3_2_step_4_unknown_and_critical_for_transfer_is_reported(number: int | str) -> None:
    assert codes_of(report_of(taken(sent(BOB, extensions=(critical(number, 0x40),))))) == [(1, 18)]
    one = NewRecipient(name(BOB), extensions=(critical(number, 0x40),))
    assert codes_of(report_of(taken(sent(one)))) == [(1, 18)]


@pytest.mark.parametrize("number", [99, "1.2.3.4", 22])
def test_14_3_2_step_5_critical_for_delivery_is_passed_on_but_not_delivered(number: int | str) -> None:
    outcome = taken(sent(BOB, DAVE, extensions=(critical(number, 0x20),)))
    assert codes_of(report_of(outcome)) == [(1, 18)]
    assert [t.next_hop for t in onward(outcome)] == ["east"]


@pytest.mark.parametrize("number", [*range(1, 47)])
def test_14_3_2_step_6_every_extension_of_the_standard_is_understood_for_transfer(number: int) -> None:
    null = critical(number, 0x40)
    if number in {5, 38}:
        null["value"] = {5: b"\x17\x0d270101000000Z", 38: b"\x30\x00"}[number]
    assert [t.next_hop for t in onward(taken(sent(BOB, extensions=(null,), mta_name=None)))] == ["east"]


def test_14_3_2_step_7_latest_delivery_time() -> None:
    late = specification().modules["MTSAbstractService"]["Time"].encode(utc(NOW - timedelta(seconds=1)))
    assert codes_of(report_of(taken(sent(BOB, extensions=(field_value(5, late),))))) == [(0, 5)]


@pytest.mark.parametrize(("priority", "hours"), [("urgent", 4), ("normal", 24), ("non-urgent", 36)])
def test_14_3_2_step_8_each_priority_has_its_time(priority: str, hours: int) -> None:
    (transfer,) = taken(sent(BOB, priority=priority)).transfers
    assert transfer.expiry == NOW + timedelta(hours=hours)


def test_14_3_2_step_9_a_content_too_long() -> None:
    assert codes_of(report_of(taken(sent(BOB, content=b"x" * 300), mta(maximum_content_length=299)))) == [(1, 7)]


def test_14_3_2_step_10_bilateral_information_and_private_extensions_pass() -> None:
    (transfer,) = [t for t in taken(peculiar()).transfers if t.next_hop == "east"]
    envelope = envelope_of(transfer)
    assert envelope["per-domain-bilateral-information"][0]["bilateral-information"] == b"\x04\x0abetween us"
    assert ("private-extension", "1.2.3.4.5") in [field["type"] for field in envelope["extensions"]]


SECURITY = {
    16: "message-token",
    17: "content-confidentiality-algorithm-identifier",
    18: "content-integrity-check",
    19: "message-origin-authentication-check",
    20: "message-security-label",
}


@pytest.mark.parametrize("way", ["relayed", "redirected", "expanded", "rerouted", "deferred"])
def test_14_3_2_step_11_security_labels_and_checks_pass_every_procedure_untouched(way: str) -> None:
    """Whatever is in them: an octet that changes breaks a signature."""
    values = {number: tlv(0x30, b"\x04\x81\x01", bytes((number,))) for number in SECURITY}
    fields = tuple(critical(number, 0x20) | {"value": value} for number, value in values.items())
    recipient = {"expanded": STAFF, "redirected": DAVE}.get(way, BOB)
    options: dict[str, Any] = {"distribution_lists": (a_list(STAFF, BOB),), "routes": (Route(name("/C=GB/"), "east"),)}
    options["users"] = (User(name(DAVE), alternate_recipient=name(BOB)),)
    if way == "rerouted":
        options["routes"] = (*options["routes"], Route(name("/C=GB/"), "round", cost=1))
    one = mta(**options)
    octets = sent(NewRecipient(name(recipient), extensions=fields[:1]), extensions=fields[1:])
    if way == "deferred":
        outcome: Outcome | None = one.release(Stored(octets), NOW, NOW)
    else:
        outcome = taken(octets, one)
    assert outcome is not None
    if way == "rerouted":
        (queued,) = onward(outcome)
        outcome = one.reroute(queued.stored(), queued.recipients, "east", ["east"], NOW)
        assert outcome is not None
    (transfer,) = onward(outcome)
    found = bytes(transfer.stored().head)
    for number, value in values.items():
        field = tlv(0x30, bytes((0x80, 1, number)), bytes.fromhex("81020520"), tlv(0xA2, value))
        assert found.count(field) == 1, SECURITY[number]


# ---- 14.3.3 routing-and-conversion-decision


@pytest.mark.parametrize("spoil", [(b"\x80\x03Bob", b"\x81\x03Bob"), (b"\x13\x02FR", b"\x13\x01F\x00")])
def test_14_3_3_step_1_a_name_that_breaks_a_rule_is_reported_at_once(spoil: tuple[bytes, bytes]) -> None:
    """A given name without a surname; a country that is not well-formed."""
    octets = sent("/C=FR/A=WEST/S=Bob/", DAVE).replace(*spoil)
    outcome = taken(octets)
    (code,) = codes_of(report_of(outcome))
    assert code in {(1, 11), (1, 0)}
    assert [delivery.user for delivery in outcome.deliveries] == [DAVE]


def test_14_3_3_step_2_a_country_of_one_letter_is_reported_at_once() -> None:
    value = name(BOB).to_value()
    value["built-in-standard-attributes"]["country-name"] = ("iso-3166-alpha2-code", "G")
    kind, message = decoded(sent(BOB))
    message["envelope"]["per-recipient-fields"][0]["recipient-name"] = value
    octets = specification().modules["MTSTransferProtocol"]["MTS-APDU"].encode((kind, message))
    assert codes_of(report_of(taken(octets))) == [(1, 0)]


def test_14_3_3_step_3_a_local_user_gets_a_delivery_all_others_a_transfer() -> None:
    outcome = taken(sent(DAVE, BOB))
    assert [delivery.user for delivery in outcome.deliveries] == [DAVE]
    assert [t.recipient_names for t in outcome.transfers] == [(BOB,)]


# ---- 14.3.4 routing-decision


def test_14_3_4_step_1_the_most_specific_route_is_taken() -> None:
    one = mta(routes=(Route(name("/C=GB/"), peer="far"), Route(name("/C=GB/A=EAST/P=*/"), peer="near")))
    assert [t.next_hop for t in taken(sent(BOB), one).transfers] == ["near"]


def test_14_3_4_step_2_a_name_without_a_route_is_not_recognised() -> None:
    assert codes_of(report_of(taken(sent(NOBODY)))) == [(1, 0)]


def test_14_3_4_step_3_a_name_that_is_no_users_is_not_recognised() -> None:
    assert codes_of(report_of(taken(sent(ERIN, alternate_recipient_allowed=False), listed()))) == [(1, 0)]


def test_14_3_4_step_4_a_distribution_list_is_expanded() -> None:
    assert [d.user for d in taken(sent(STAFF), with_lists(a_list(STAFF, DAVE, ERIN))).deliveries] == [DAVE, ERIN]


def test_14_3_4_step_5_a_recipients_own_alternate() -> None:
    assert [t.recipient_names for t in onward(taken(sent(DAVE), redirecting(DAVE, BOB)))] == [(BOB,)]


def test_14_3_4_step_6_unless_the_originator_prohibits_reassignment() -> None:
    outcome = taken(sent(DAVE, extensions=(prohibited(1),)), redirecting(DAVE, BOB))
    assert codes_of(report_of(outcome)) == [(1, 26)]


def test_14_3_4_step_7_restricted_delivery() -> None:
    one = mta(users=(User(name(DAVE), permitted=(name("/C=FR/"),)),))
    assert codes_of(report_of(taken(sent(DAVE), one))) == [(5, None)]


@pytest.mark.parametrize(
    ("restrictions", "code"),
    [(Restrictions(content_types=frozenset({35})), (1, 15)), (Restrictions(maximum_content_length=5), (1, 7))],
)
def test_14_3_4_step_8_what_the_recipient_does_not_take(restrictions: Restrictions, code: Any) -> None:
    one = mta(users=(User(name(DAVE), restrictions=restrictions),))
    assert codes_of(report_of(taken(sent(DAVE), one))) == [code]


def test_14_3_4_step_9_after_a_failure_another_route_and_the_trace_says_so() -> None:
    one = mta(routes=(Route(name("/C=GB/"), peer="east"), Route(name("/C=GB/"), peer="round", cost=1)))
    (queued,) = taken(sent(BOB), one).transfers
    outcome = one.reroute(queued.stored(), queued.recipients, "east", ["east"], NOW)
    assert outcome is not None
    (transfer,) = outcome.transfers
    supplied = internal_of(envelope_of(transfer))[-1]["mta-supplied-information"]
    assert (transfer.next_hop, supplied["routing-action"], supplied["attempted"]) == (
        "round",
        "rerouted",
        ("mta", "east"),
    )


# ---- 14.3.5 conversion-decision


def test_14_3_5_step_1_what_the_recipient_takes_is_not_converted() -> None:
    assert delivered(to_dave(ipm(ia5("a")), IA5, taking("ia5-text"))) == ipm(ia5("a"))


def test_14_3_5_step_2_explicit_conversion_is_not_done_here() -> None:
    kind, value = decoded(sent(DAVE))
    value["envelope"]["per-recipient-fields"][0]["explicit-conversion"] = 8
    octets = specification().modules["MTSTransferProtocol"]["MTS-APDU"].encode((kind, value))
    assert codes_of(report_of(taken(octets))) == [(2, 8)]


def test_14_3_5_step_3_implicit_conversion_is_done() -> None:
    assert body_of(delivered(to_dave(ipm(LATIN_TEXT), LATIN, taking("ia5-text")))) == [ia5("Cafe")]


def test_14_3_5_step_4_unless_it_is_prohibited() -> None:
    outcome = to_dave(ipm(LATIN_TEXT), LATIN, taking("ia5-text"), implicit_conversion_prohibited=True)
    assert codes_of(report_of(outcome)) == [(2, 9)]


def test_14_3_5_step_5_or_not_subscribed_to() -> None:
    outcome = to_dave(ipm(LATIN_TEXT), LATIN, taking("ia5-text", implicit_conversion=False))
    assert codes_of(report_of(outcome)) == [(2, 10)]


def test_14_3_5_step_6_or_there_is_none_between_the_types() -> None:
    assert codes_of(report_of(to_dave(ipm(LATIN_TEXT), FAX, taking("ia5-text")))) == [(1, 6)]
