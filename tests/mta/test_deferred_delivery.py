"""Messages that are not to be delivered yet: held, released, cancelled."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.mta.accounts import checked
from tests.mta.samples import (
    BOB,
    DAVE,
    EARLIER,
    NOBODY,
    NOW,
    NOW_UTC,
    codes_of,
    decoded,
    mta,
    report_of,
    subject,
    taken,
)
from x400.asn1 import specification
from x400.mta import MTA, Outcome, Stored
from x400.mts.extensions import field_value
from x400.mts.oraddress import ORAddress
from x400.mts.originate import message
from x400.mts.trace import utc

UNTIL = NOW + timedelta(hours=3)
LATER = UNTIL + timedelta(seconds=2)


def deferred(*recipients: str, until: datetime = UNTIL, **changes: Any) -> bytes:
    return message(subject(*recipients, **changes), b"the content", EARLIER, deferred_delivery_time=until)


def released(one: MTA, outcome: Outcome) -> Outcome:
    (held,) = outcome.held
    stored = Stored(b"".join(held.buffers), held.tail)
    return checked(stored, one.release(stored, NOW, LATER))


def test_held_and_then_passed_on_with_the_times_in_the_trace() -> None:
    one = mta()
    outcome = taken(deferred(BOB), one)
    (held,) = outcome.held
    assert (held.not_before, held.recipients, held.recipient_names, held.priority) == (UNTIL, (0,), (BOB,), 1)
    assert b"".join(held.buffers) == deferred(BOB)
    assert [record.event for record in outcome.log] == ["deferred"]
    (transfer,) = released(one, outcome).transfers
    assert transfer.expiry == LATER + timedelta(hours=24)
    envelope = decoded(transfer)[1]["envelope"]
    supplied = envelope["trace-information"][-1]["domain-supplied-information"]
    assert (supplied["arrival-time"], supplied["deferred-time"]) == (NOW_UTC, utc(LATER))
    internal = next(f["value"] for f in envelope["extensions"] if f["type"][1] == 38)
    last = specification().modules["MTAAbstractService"]["InternalTraceInformation"].decode(internal)[-1]
    supplied = last["mta-supplied-information"]
    assert (supplied["arrival-time"], supplied["deferred-time"]) == (NOW_UTC, utc(LATER))
    assert utc(UNTIL) == envelope["deferred-delivery-time"]


def test_delivered_when_its_time_has_come() -> None:
    one = mta()
    (delivery,) = released(one, taken(deferred(DAVE), one)).deliveries
    assert delivery.envelope_value["message-delivery-time"] == utc(LATER).isoformat() + "Z"


def test_reported_on_only_then() -> None:
    one = mta()
    outcome = taken(deferred(NOBODY), one)
    assert outcome.transfers == []
    assert codes_of(report_of(released(one, outcome))) == [(1, 0)]


@pytest.mark.parametrize("until", [NOW, NOW - timedelta(days=1)])
def test_a_time_that_has_passed(until: datetime) -> None:
    outcome = taken(deferred(BOB, until=until))
    assert outcome.held == []
    assert len(outcome.transfers) == 1


def test_a_relay_that_does_not_hold() -> None:
    outcome = taken(deferred(BOB), mta(defers=False))
    (transfer,) = outcome.transfers
    assert transfer.expiry == UNTIL + timedelta(hours=24)


def test_what_could_not_be_delivered_in_time_is_not_held() -> None:
    latest = specification().modules["MTSAbstractService"]["Time"].encode(utc(UNTIL - timedelta(minutes=1)))
    outcome = taken(deferred(BOB, extensions=(field_value(5, latest),)))
    assert outcome.held == []
    assert codes_of(report_of(outcome)) == [(0, 5)]


def test_without_responsibility_nothing_is_held() -> None:
    octets = deferred(BOB).replace(bytes.fromhex("810200a8"), bytes.fromhex("81020028"))
    assert taken(octets).held == []


def test_cancelled_by_its_originator_and_nobody_else() -> None:
    one = mta()
    (held,) = taken(deferred(BOB), one).held
    stored = Stored(b"".join(held.buffers))
    assert one.cancel(stored, ORAddress.parse(BOB)) is None
    for by in (ORAddress.parse("/C=gb/A=SENDER/P=S/O=X/S=ALICE/"), None):
        outcome = one.cancel(stored, by)
        assert outcome is not None
        assert outcome.transfers == outcome.deliveries == outcome.held == []
        assert [record.event for record in outcome.log] == ["cancelled"]
