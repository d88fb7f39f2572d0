"""Alternate recipients: assigned by the recipient, requested by the originator, assigned by the management domain."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mta.accounts import checked
from tests.mta.samples import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    ERIN,
    NOBODY,
    NOW,
    NOW_UTC,
    codes_of,
    decoded,
    mta,
    report_of,
    routes,
    sent,
    taken,
)
from x400.asn1 import specification
from x400.mta import MTA, Route, Transfer, User
from x400.mts.extensions import field_value
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.oraddress import ORAddress
from x400.mts.originate import NewRecipient

MTS = specification().modules["MTSAbstractService"]
RECIPIENT, ORIGINATOR, DOMAIN = (
    "recipient-assigned-alternate-recipient",
    "originator-requested-alternate-recipient",
    "recipient-MD-assigned-alternate-recipient",
)
PROHIBITED = {"type": ("standard-extension", 1), "value": b"\x0a\x01\x01"}
POSTMASTER = "/C=GB/A=OWNADMD/P=OWN/O=Here/S=Postmaster/"


def name(text: str) -> ORAddress:
    return ORAddress.parse(text)


def redirecting(**alternates: str) -> MTA:
    """An MTA whose users (by surname, all of this organization) have alternates of their own."""
    at = "/C=GB/A=OWNADMD/P=OWN/O=Here/S={}/"
    users = tuple(User(name(at.format(user)), alternate_recipient=name(to)) for user, to in alternates.items())
    return mta(users=users)


def with_alternate(to: str, alternate: str, **more: Any) -> NewRecipient:
    value = MTS["OriginatorRequestedAlternateRecipient"].encode(name(alternate).to_value())
    return NewRecipient(name(to), extensions=(field_value(2, value),), **more)


def history_of(fields: dict[str, Any]) -> list[tuple[str, str]]:
    value = next(f["value"] for f in fields["extensions"] if f["type"] == ("standard-extension", 25))
    history = MTS["RedirectionHistory"].decode(value)
    return [
        (str(name_of(one["intended-recipient-name"]["intended-recipient"])), one["redirection-reason"])
        for one in history
    ]


def name_of(value: Any) -> ORAddress:
    return ORAddress.from_value(value)


def recipients_of(transfer: Transfer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = decoded(transfer)[1]["envelope"]["per-recipient-fields"]
    return found


def test_assigned_by_the_recipient_to_another_domain() -> None:
    outcome = taken(sent(CAROL, DAVE, ERIN), redirecting(Dave=BOB))
    (onward,) = [t for t in outcome.transfers if t.next_hop == "east"]
    assert onward.recipients == (1,)
    assert onward.recipient_names == (BOB,)
    _, fields, _ = recipients_of(onward)
    assert name_of(fields["recipient-name"]) == name(BOB)
    assert fields["originally-specified-recipient-number"] == 2
    assert history_of(fields) == [(DAVE, RECIPIENT)]
    trace = decoded(onward)[1]["envelope"]["trace-information"]
    assert len(trace) == 2
    assert trace[1]["domain-supplied-information"]["other-actions"] == (b"\x80", 2)
    assert trace[1]["domain-supplied-information"]["arrival-time"] == NOW_UTC
    internal = next(f["value"] for f in decoded(onward)[1]["envelope"]["extensions"] if f["type"][1] == 38)
    elements = specification().modules["MTAAbstractService"]["InternalTraceInformation"].decode(internal)
    assert [e["mta-name"] for e in elements] == ["mta.sender", "mta.own"]
    assert elements[1]["mta-supplied-information"]["other-actions"] == (b"\x80", 2)


def test_who_is_not_redirected_has_no_redirection_in_the_trace() -> None:
    outcome = taken(sent(CAROL, DAVE), redirecting(Dave=BOB))
    (to_carol,) = [t for t in outcome.transfers if t.next_hop == "west"]
    supplied = decoded(to_carol)[1]["envelope"]["trace-information"][1]["domain-supplied-information"]
    assert supplied.get("other-actions", (b"", 0))[0] == b""


def test_redirected_to_a_local_user_who_sees_for_whom_it_was() -> None:
    outcome = taken(sent(DAVE), redirecting(Dave=ERIN))
    (delivery,) = outcome.deliveries
    assert delivery.user == ERIN
    envelope = MTS["MessageDeliveryEnvelope"].decode(delivery.envelope)["other-fields"]
    assert name_of(envelope["this-recipient-name"]) == name(ERIN)
    assert name_of(envelope["originally-intended-recipient-name"]) == name(DAVE)
    assert history_of(envelope) == [(DAVE, RECIPIENT)]


def test_twice_redirected_the_first_is_the_one_intended() -> None:
    outcome = taken(sent(NewRecipient(name(DAVE), "report")), redirecting(Dave=ERIN, Erin=POSTMASTER))
    (delivery,) = outcome.deliveries
    envelope = MTS["MessageDeliveryEnvelope"].decode(delivery.envelope)["other-fields"]
    assert history_of(envelope) == [(DAVE, RECIPIENT), (ERIN, RECIPIENT)]
    assert name_of(envelope["originally-intended-recipient-name"]) == name(DAVE)
    (fields,) = report_of(outcome)["content"]["per-recipient-fields"]
    assert name_of(fields["actual-recipient-name"]) == name(POSTMASTER)
    assert name_of(fields["originally-intended-recipient-name"]) == name(DAVE)
    assert history_of(fields) == [(DAVE, RECIPIENT), (ERIN, RECIPIENT)]


def test_a_loop_of_redirections_ends_in_a_report() -> None:
    outcome = taken(sent(DAVE), redirecting(Dave=ERIN, Erin=DAVE))
    assert outcome.deliveries == []
    assert codes_of(report_of(outcome)) == [(1, 27)]


def test_to_oneself_is_a_loop() -> None:
    assert codes_of(report_of(taken(sent(DAVE), redirecting(Dave=DAVE)))) == [(1, 27)]


def test_reassignment_prohibited() -> None:
    outcome = taken(sent(DAVE, extensions=(PROHIBITED,)), redirecting(Dave=BOB))
    assert codes_of(report_of(outcome)) == [(1, 26)]


def test_reassignment_prohibited_the_originators_own_alternate_is_taken() -> None:
    outcome = taken(sent(with_alternate(DAVE, CAROL), extensions=(PROHIBITED,)), redirecting(Dave=BOB))
    (onward,) = outcome.transfers
    assert onward.next_hop == "west"
    assert history_of(recipients_of(onward)[0]) == [(DAVE, ORIGINATOR)]


def test_requested_by_the_originator_where_the_name_is_unknown() -> None:
    outcome = taken(sent(with_alternate(NOBODY, BOB), DAVE))
    (onward,) = outcome.transfers
    assert (onward.next_hop, onward.recipients) == ("east", (0,))
    assert history_of(recipients_of(onward)[0]) == [(NOBODY, ORIGINATOR)]
    assert [d.user for d in outcome.deliveries] == [DAVE]


def test_the_requested_alternate_is_unknown_too() -> None:
    also_nobody = "/C=ZZ/A=NOWHERE/S=Also/"
    report = report_of(taken(sent(with_alternate(NOBODY, also_nobody))))
    assert codes_of(report) == [(1, 0)]
    (fields,) = report["content"]["per-recipient-fields"]
    assert name_of(fields["actual-recipient-name"]) == name(also_nobody)
    assert name_of(fields["originally-intended-recipient-name"]) == name(NOBODY)


@pytest.mark.parametrize("value", [b"\x05\x00", b"\x60\x02\x30\x00", b"\x60\x02\x05\x00"])
def test_a_requested_alternate_that_is_no_name_is_none(value: bytes) -> None:
    one = NewRecipient(name(NOBODY), extensions=(field_value(2, value),))
    assert codes_of(report_of(taken(sent(one))))[0][0] == 1


def known_only(**changes: Any) -> MTA:
    here = Route(
        name("/C=GB/A=OWNADMD/P=OWN/O=Here/"), deliver="here", listed_users=True, alternate_recipient=name(POSTMASTER)
    )
    others = [route for route in routes() if route.peer]
    return mta(routes=(*others, here), users=(User(name(DAVE)), User(name(POSTMASTER))), **changes)


def test_assigned_by_the_domain_to_those_it_does_not_know() -> None:
    outcome = taken(sent(DAVE, ERIN), known_only())
    assert [d.user for d in outcome.deliveries] == [DAVE, POSTMASTER]
    assert outcome.transfers == []
    envelope = MTS["MessageDeliveryEnvelope"].decode(outcome.deliveries[1].envelope)["other-fields"]
    assert history_of(envelope) == [(ERIN, DOMAIN)]


def test_the_domain_may_assign_none_unless_allowed() -> None:
    outcome = taken(sent(DAVE, ERIN, alternate_recipient_allowed=False), known_only())
    assert [d.user for d in outcome.deliveries] == [DAVE]
    assert codes_of(report_of(outcome)) == [(1, 0)]


def test_the_originators_alternate_comes_before_the_domains() -> None:
    outcome = taken(sent(with_alternate(ERIN, BOB)), known_only())
    assert [t.next_hop for t in outcome.transfers] == ["east"]


def test_given_up_in_the_queue_the_alternate_is_taken() -> None:
    one = mta()
    (queued,) = taken(sent(with_alternate(BOB, CAROL)), one).transfers
    outcome = one.expire(queued.stored(), queued.recipients, "unable-to-complete-transfer", NOW)
    checked(queued.stored(), outcome, places=queued.recipients)
    (onward,) = outcome.transfers
    assert onward.next_hop == "west"
    assert history_of(recipients_of(onward)[0]) == [(BOB, ORIGINATOR)]
    trace = decoded(onward)[1]["envelope"]["trace-information"]
    assert len(trace) == 2
    assert trace[1]["domain-supplied-information"]["other-actions"] == (b"\x80", 2)


def test_what_is_damaged_in_the_queue_goes_to_no_alternate() -> None:
    one = mta()
    (queued,) = taken(sent(with_alternate(BOB, CAROL)), one).transfers
    outcome = one.expire(queued.stored(), queued.recipients, "unable-to-complete-transfer", NOW, final=True)
    assert codes_of(report_of(outcome)) == [(0, 48)]
    (delivery,) = taken(sent(with_alternate(DAVE, CAROL)), one).deliveries
    assert delivery.arrived is not None
    outcome = one.not_delivered(delivery.subject, delivery.arrived, "unable-to-complete-transfer", NOW)
    assert codes_of(report_of(outcome)) == [(0, 48)]
    assert [transfer.is_report for transfer in outcome.transfers] == [True]


def test_a_redirected_message_may_come_back_once() -> None:
    """Redirected here to another domain, which redirects it back to a second user of ours."""
    one = redirecting(Dave=BOB)
    (out,) = taken(sent(DAVE), one).transfers
    east = mta(
        name="mta.east",
        global_domain_identifier=GlobalDomainIdentifier("GB", "EAST"),
        routes=routes({"/C=GB/": ("peer", "own")}),
        users=(User(name(BOB), alternate_recipient=name(ERIN)),),
    )
    (back,) = checked(out.stored(), east.message_in(out.stored(), "own", NOW)).transfers
    outcome = checked(back.stored(), one.message_in(back.stored(), "east", NOW))
    assert [d.user for d in outcome.deliveries] == [ERIN]


def test_and_not_for_ever() -> None:
    one = redirecting(Dave=BOB)
    (out,) = taken(sent(DAVE), one).transfers
    east = mta(
        name="mta.east",
        global_domain_identifier=GlobalDomainIdentifier("GB", "EAST"),
        routes=routes({"/C=GB/": ("peer", "own")}),
        users=(User(name(BOB), alternate_recipient=name(DAVE)),),
    )
    outcome = checked(out.stored(), east.message_in(out.stored(), "own", NOW))
    assert codes_of(report_of(outcome)) == [(1, 27)]


def test_a_history_that_does_not_decode_does_not_stop_the_message() -> None:
    one = NewRecipient(name(DAVE), extensions=(field_value(25, b"\x05\x00"),))
    assert [d.user for d in taken(sent(one)).deliveries] == [DAVE]


def test_a_report_is_redirected_too() -> None:
    at_sender = mta(
        name="mta.sender",
        global_domain_identifier=GlobalDomainIdentifier("GB", "SENDER", "S"),
        routes=routes({"/C=GB/A=SENDER/": ("deliver", "alice"), "/C=GB/": ("peer", "own")}),
        users=(User(name(ALICE), alternate_recipient=name(DAVE)),),
    )
    (report,) = taken(sent(NOBODY)).transfers
    (onward,) = at_sender.message_in(report.stored(), "own", NOW).transfers
    envelope = decoded(onward)[1]["envelope"]
    assert name_of(envelope["report-destination-name"]) == name(DAVE)
    assert history_of(envelope) == [(ALICE, RECIPIENT)]


def test_in_the_style_of_1988() -> None:
    one = redirecting(Dave=BOB)
    one.replace_configuration(mta(users=one.configuration.users, peers_1988=frozenset({"east"})).configuration)
    (onward,) = taken(sent(DAVE), one).transfers
    octets = onward.stored().head
    assert bytes.fromhex("a003020119") in bytes(octets)
    assert history_of(recipients_of(onward)[0]) == [(DAVE, RECIPIENT)]
