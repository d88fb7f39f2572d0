"""Message-in and probe-in (X.411 14.10), and what becomes of a copy that was queued and is given up.

What has come is looked over by the front-end and goes through the main module (control).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from x400.mta.control import Decided, control, settle
from x400.mta.copies import Work
from x400.mta.deferred_delivery import hold
from x400.mta.error_processing import Failure
from x400.mta.front_end import FrontEnd, front_end
from x400.mta.outcome import LogRecord, Outcome
from x400.mta.report_routing import report_routing
from x400.mts.apdu import Apdu
from x400.mts.extensions import StandardExtension
from x400.mts.reports import NonDelivery
from x400.mts.trace import aware

if TYPE_CHECKING:
    from x400.mta.mta import MTA

__all__ = ["as_queued", "give_up", "message_in", "not_delivered", "resume"]


def message_in(mta: MTA, apdu: Apdu, outcome: Outcome, now: datetime) -> None:
    """A message or probe has come from another MTA."""
    found = front_end(apdu, mta.configuration, now)
    if found.deferred_until is not None and hold(mta, apdu, found, outcome):
        return
    arrival_time = now if found.add_trace else _arrival_time(apdu, now)
    control(mta, Work(apdu, found, arrival_time), outcome, now)


def give_up(
    mta: MTA,
    apdu: Apdu,
    outcome: Outcome,
    places: tuple[int, ...] | None,
    why: NonDelivery,
    now: datetime,
    *,
    final: bool = False,
) -> None:
    """A queued copy, as it was to be sent, is given up for the recipients at `places`, or for all that it was for;
    `final`: for good, no alternate recipient is tried."""
    if apdu.kind == "report":
        outcome.log.append(LogRecord("report-discarded", apdu.identifier, {"reason": str(why)}))
        return
    everybody = list(apdu.recipients)
    work = as_queued(mta, apdu, now)
    failures = [
        Failure(recipient, why, final=final or work.found.expiry <= now)
        for recipient in everybody
        if (recipient.indicators.responsibility if places is None else recipient.index in places)
    ]
    decided = Decided(everybody)
    decided.failures = failures
    for copy in settle(mta, work, decided, outcome, now, 0):
        control(mta, copy, outcome, now)


def not_delivered(mta: MTA, apdu: Apdu, outcome: Outcome, arrived: datetime, why: NonDelivery, now: datetime) -> None:
    """The delivery of a message has failed after it was taken over: a report on its only recipient.

    No alternate recipient is tried: the content is not what it was, or not to be had."""
    work = replace(as_queued(mta, apdu, now), arrival_time=arrived)
    decided = Decided(list(apdu.recipients))
    decided.failures = [Failure(recipient, why, final=True) for recipient in decided.everybody]
    settle(mta, work, decided, outcome, now, 0)


def resume(mta: MTA, apdu: Apdu, outcome: Outcome, now: datetime) -> None:
    """A copy that was held for a directory goes on."""
    work = as_queued(mta, apdu, now)
    if apdu.kind == "report":
        report_routing(mta, work, outcome, apdu.priority, now)
    else:
        control(mta, work, outcome, now)


def as_queued(mta: MTA, apdu: Apdu, now: datetime) -> Work:
    """A copy as it lies in the queue: its trace is complete, its time runs from its arrival."""
    arrival_time = _arrival_time(apdu, now)
    found = front_end(apdu, mta.configuration, arrival_time)
    internal = apdu.find_extension(StandardExtension.INTERNAL_TRACE_INFORMATION)
    looked_over = FrontEnd(None, False, False, internal, found.expiry, found.critical_for_delivery)
    return Work(apdu, looked_over, arrival_time, made=True)


def _arrival_time(apdu: Apdu, now: datetime) -> datetime:
    """When the last domain in the trace was entered: this one, of what is on its way through it."""
    trace = apdu.envelope["trace-information"]
    count = len(trace)
    if not count:
        return now
    time: datetime = trace[count - 1]["domain-supplied-information"]["arrival-time"].value
    return aware(time)
