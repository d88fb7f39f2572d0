"""What has stopped other MTAs in the field: fields with encodings or values that are seldom met. Each ends at once, in
a report or in a line of the log, and never in an exception but InvalidAPDU."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mta.accounts import checked
from tests.mta.samples import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    ERIN,
    NOBODY,
    NOW,
    OWN,
    codes_of,
    decoded,
    mta,
    octets_of,
    peculiar,
    report_of,
    routes,
    sent,
    subject,
    taken,
)
from tests.mta.test_conversion import LATIN, LATIN_TEXT, ipm
from x400.asn1 import specification
from x400.mta import MTA, DistributionList, ReportPolicy, Restrictions, Route, Stored, User
from x400.mts.exceptions import InvalidAPDU
from x400.mts.extensions import field_value
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.oraddress import ORAddress
from x400.mts.originate import NewRecipient, message, probe

APDU = specification().modules["MTSTransferProtocol"]["MTS-APDU"]
STAFF = "/C=GB/A=OWNADMD/P=OWN/CN=Staff/"


def name(text: str) -> ORAddress:
    return ORAddress.parse(text)


def everything() -> MTA:
    """An MTA in which every procedure has something to do."""
    return mta(
        routes=(*routes(), Route(name("/C=GB/A=EAST/"), peer="round", cost=1)),
        users=(
            User(name(DAVE), restrictions=Restrictions(encoded_information_types=frozenset({"ia5-text"}))),
            User(name(ERIN), alternate_recipient=name(BOB)),
        ),
        distribution_lists=(
            DistributionList(name(STAFF), (name(DAVE), name(ERIN), name(CAROL)), name(ALICE), None, ReportPolicy.BOTH),
        ),
        peers_1984=frozenset({"west"}),
        peers_1988=frozenset({"east"}),
        restrictions={"round": Restrictions(maximum_content_length=100)},
    )


def rich() -> bytes:
    """A message that calls for redirection, expansion, conversion, downgrading and a report at once."""
    alternate = specification().modules["MTSAbstractService"]["OriginatorRequestedAlternateRecipient"]
    extensions = (field_value(2, alternate.encode(name(BOB).to_value())),)
    recipients = (BOB, CAROL, DAVE, ERIN, STAFF, NewRecipient(name(NOBODY), "report", extensions=extensions))
    return sent(*recipients, content=ipm(LATIN_TEXT), encoded_information_types=LATIN, content_return_request=True)


def test_all_procedures_at_once() -> None:
    outcome = taken(rich(), everything())
    events = {record.event for record in outcome.log}
    assert events >= {"transfer", "redirection", "dl-expansion", "conversion", "delivery"}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_changed_octet_is_answered_or_refused_and_nobody_is_forgotten(data: st.DataObject) -> None:
    octets = bytearray(rich())
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    stored = Stored(bytes(octets))
    one = everything()
    try:
        outcome = one.message_in(stored, "sender", NOW)
    except InvalidAPDU:
        return
    if outcome.kind == "message":
        checked(stored, outcome)
    for transfer in outcome.transfers:
        one.message_out(transfer.stored(), transfer.next_hop)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_report_with_a_changed_octet_is_passed_on_discarded_or_refused(data: st.DataObject) -> None:
    at_home = mta(
        name="m",
        global_domain_identifier=GlobalDomainIdentifier("GB", "SENDER", "S"),
        routes=routes({"/C=GB/A=SENDER/": ("deliver", "alice"), "/C=GB/": ("peer", "own")}),
        users=(User(name("/C=GB/A=SENDER/S=Other/"), alternate_recipient=name(ALICE)),),
    )
    octets = bytearray(octets_of(next(t for t in taken(sent(NOBODY, content_return_request=True)).transfers)))
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    try:
        outcome = at_home.message_in(Stored(bytes(octets)), "own", NOW)
    except InvalidAPDU:
        return
    if outcome.kind == "report":
        assert len(outcome.transfers) + len(outcome.deliveries) <= 1


def with_recipient(change: Any) -> bytes:
    kind, value = decoded(sent(BOB))
    change(value["envelope"]["per-recipient-fields"][0])
    octets: bytes = APDU.encode((kind, value))
    return octets


def replace_name(**changes: Any) -> Any:
    def change(fields: dict[str, Any]) -> None:
        standard = fields["recipient-name"]["built-in-standard-attributes"]
        for member, value in changes.items():
            standard[member.replace("_", "-")] = value

    return change


@pytest.mark.parametrize(
    "changes",
    [
        {"country_name": ("iso-3166-alpha2-code", "G")},
        {"country_name": ("iso-3166-alpha2-code", "")},
        {"country_name": ("x121-dcc-code", "2")},
        {"administration_domain_name": ("printable", "X" * 300)},
        {"organization_name": ""},
        {"network_address": "not digits"},
    ],
)
def test_an_address_that_breaks_a_rule_of_its_form(changes: Any) -> None:
    try:
        octets = with_recipient(replace_name(**changes))
    except ValueError:
        pytest.skip("the codec does not write such a value")
    outcome = taken(octets)
    assert len(outcome.transfers) == 1
    if outcome.transfers[0].is_report:
        assert codes_of(report_of(outcome))[0][0] == 1


def test_no_per_recipient_indicators_to_speak_of() -> None:
    for value in ((b"", 0), (b"\x80", 1), (b"\x80\x00\x00\x00", 32)):
        octets = with_recipient(lambda fields, value=value: fields.update({"per-recipient-indicators": value}))
        outcome = taken(octets)
        assert bool(outcome.transfers) is bool(value[0])


def test_the_same_recipient_and_the_same_number_twice() -> None:
    kind, value = decoded(sent(BOB, BOB))
    for fields in value["envelope"]["per-recipient-fields"]:
        fields["originally-specified-recipient-number"] = 1
    (transfer,) = mta().message_in(Stored(APDU.encode((kind, value))), "x", NOW).transfers
    assert transfer.recipients == (0, 1)


def test_a_report_about_nobody_and_one_for_a_name_that_is_none() -> None:
    kind, value = decoded(next(t for t in taken(sent(NOBODY)).transfers))
    value["content"]["per-recipient-fields"] = []
    at_home = mta(
        name="m",
        global_domain_identifier=GlobalDomainIdentifier("GB", "SENDER"),
        routes=routes({"/C=GB/": ("deliver", "x")}),
    )
    outcome = at_home.message_in(Stored(APDU.encode((kind, value))), "own", NOW)
    assert outcome.deliveries == []
    value["envelope"]["report-destination-name"] = {"built-in-standard-attributes": {}}
    outcome = at_home.message_in(Stored(APDU.encode((kind, value))), "own", NOW)
    assert [record.event for record in outcome.log] == ["report-discarded"]


def test_peculiar_encodings_through_every_procedure() -> None:
    lists = (DistributionList(name("/C=GB/A=EAST/S=Bob/"), (name(CAROL), name(DAVE))),)
    one = mta(
        distribution_lists=lists, users=(User(name("/C=FR/A=WEST/S=Carol/"), alternate_recipient=name(ERIN)),), name="n"
    )
    outcome = taken(peculiar(), one)
    assert sorted(delivery.user for delivery in outcome.deliveries) == [DAVE, ERIN]
    (onward,) = [transfer for transfer in outcome.transfers if not transfer.is_report]
    assert onward.recipient_names == (CAROL,)


def test_a_probe_for_everybody() -> None:
    outcome = taken(probe(subject(DAVE, ERIN, STAFF, NOBODY, BOB), 5, NOW), everything())
    assert outcome.deliveries == []


def test_a_held_message_with_a_name_that_is_none() -> None:
    from datetime import timedelta

    octets = message(subject(BOB), b"x", NOW, deferred_delivery_time=NOW + timedelta(hours=1))
    spoiled = octets.replace(b"\x80\x03Bob", b"\x81\x03Bob")
    assert spoiled != octets
    stored = Stored(spoiled)
    outcome = checked(stored, mta().message_in(stored, "x", NOW))
    assert len(outcome.held) == 1
    released = checked(stored, mta().release(stored, NOW, NOW + timedelta(hours=1)))
    assert codes_of(report_of(released))[0][0] == 1


def test_own_domain_in_numbers() -> None:
    """The trace names our domain by the country's number: it is the same domain."""
    (out,) = taken(sent(BOB)).transfers
    kind, value = decoded(out)
    value["envelope"]["trace-information"][1]["global-domain-identifier"]["country-name"] = ("x121-dcc-code", "234")
    value["envelope"]["trace-information"].append(
        value["envelope"]["trace-information"][0]
        | {"global-domain-identifier": GlobalDomainIdentifier("FR", "X").to_value()}
    )
    value["envelope"]["extensions"] = []
    assert GlobalDomainIdentifier("234", "OWNADMD", "OWN") == OWN
    assert codes_of(report_of(taken(APDU.encode((kind, value))))) == [(1, 3)]
