"""X.411 14.2.1: the deferred-delivery procedure."""

from __future__ import annotations

from datetime import timedelta

from tests.conformance.world import BOB, envelope_of, last_trace, name
from tests.mta.accounts import checked
from tests.mta.samples import ALICE, EARLIER, NOW, NOW_UTC, mta, subject, taken
from x400.mta import Stored
from x400.mts.originate import message
from x400.mts.trace import utc

UNTIL = NOW + timedelta(hours=1)


def deferred(seconds: float) -> bytes:
    return message(subject(BOB), b"content", EARLIER, deferred_delivery_time=NOW + timedelta(seconds=seconds))


def test_14_2_1_step_1_without_a_time_to_come_the_message_goes_on_at_once() -> None:
    outcome = taken(deferred(-5))
    assert outcome.held == []
    assert len(outcome.transfers) == 1


def test_14_2_1_step_2_a_message_whose_time_is_to_come_is_held() -> None:
    outcome = taken(deferred(3600))
    assert [held.not_before for held in outcome.held] == [UNTIL]
    assert outcome.transfers == []


def test_14_2_1_step_3_when_it_goes_on_the_trace_tells_arrival_and_deferred_time() -> None:
    stored = Stored(deferred(3600))
    (transfer,) = checked(stored, mta().release(stored, NOW, UNTIL)).transfers
    supplied = last_trace(envelope_of(transfer))
    assert (supplied["arrival-time"], supplied["deferred-time"]) == (NOW_UTC, utc(UNTIL))


def test_14_2_1_step_4_until_then_its_originator_may_cancel_it() -> None:
    stored = Stored(deferred(3600))
    assert mta().cancel(stored, name(BOB)) is None
    outcome = mta().cancel(stored, name(ALICE))
    assert outcome is not None
    assert outcome.transfers == outcome.deliveries == outcome.held == []
