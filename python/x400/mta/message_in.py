"""Message-in and probe-in (X.411 14.10.1, 14.10.2), and the main module's way through them (14.3).

front-end, then for each recipient whose responsibility is ours a decision, then copies for next MTAs, deliveries
here, and one report on all those of whom something is to be reported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import fastber
from x400.mta.delivery import deliver_message
from x400.mta.dispatcher import dispatch, trace_edits
from x400.mta.error_processing import Failure, error_processing
from x400.mta.front_end import FrontEnd, front_end, unsupported
from x400.mta.outcome import LogRecord, Outcome, Transfer
from x400.mta.report_generation import Delivered, Outlook, report_generation
from x400.mta.report_routing import report_out
from x400.mta.routing_and_conversion_decision import Decision
from x400.mta.splitter import split
from x400.mts.apdu import Apdu, Recipient
from x400.mts.exceptions import InvalidAPDU, InvalidORAddress
from x400.mts.extensions import FOR_DELIVERY, FOR_TRANSFER
from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode

if TYPE_CHECKING:
    from x400.mta.mta import MTA

__all__ = ["give_up", "message_in"]

_INVALID_NAME = NonDelivery.of(NonDeliveryDiagnosticCode.INVALID_ARGUMENTS)


@dataclass(slots=True)
class _Decided:
    """The recipients of one message or probe, by what becomes of them."""

    everybody: list[Recipient]
    onward: list[tuple[Recipient, Decision]] = field(default_factory=list)
    here: list[tuple[Recipient, Decision]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def message_in(mta: MTA, apdu: Apdu, outcome: Outcome, now: datetime) -> None:
    """A message or probe has come from another MTA."""
    found = front_end(apdu, mta.configuration, now)
    decided = _decide(mta, apdu, found)
    if not (decided.onward or decided.here or decided.failures):
        outcome.log.append(LogRecord("no-responsibility", apdu.identifier))
        return
    if decided.onward:
        _transfers(mta, apdu, found, decided, outcome, now)
    outlooks: list[Outlook] = []
    for recipient, decision in decided.here:
        if apdu.kind == "message":
            others = [other for other in decided.everybody if other is not recipient]
            try:
                outcome.deliveries.append(deliver_message(apdu, recipient, decision, others, now))
            except (fastber.Error, InvalidORAddress) as error:
                why = NonDelivery.of(NonDeliveryDiagnosticCode.PROTOCOL_VIOLATION, str(error))
                decided.failures.append(Failure(recipient, why))
                continue
            fields = {"recipient": decision.recipient, "folder": decision.folder}
            outcome.log.append(LogRecord("delivery", apdu.identifier, fields))
        if recipient.indicators.delivery_report or apdu.kind == "probe":
            outlooks.append((recipient, Delivered(now)))
    if decided.failures or outlooks:
        arrival_time = now if found.add_trace else _arrival_time(apdu, now)
        _report(mta, apdu, outcome, decided.failures, outlooks, now, arrival_time)


def give_up(
    mta: MTA, apdu: Apdu, outcome: Outcome, places: tuple[int, ...] | None, why: NonDelivery, now: datetime
) -> None:
    """A queued copy, as it was to be sent, is given up for the recipients at `places`, or for all that it was for."""
    if apdu.kind == "report":
        outcome.log.append(LogRecord("report-discarded", apdu.identifier, {"reason": str(why)}))
        return
    failures = [
        Failure(recipient, why)
        for recipient in apdu.recipients
        if (recipient.indicators.responsibility if places is None else recipient.index in places)
    ]
    _report(mta, apdu, outcome, failures, [], now, _arrival_time(apdu, now))


def _arrival_time(apdu: Apdu, now: datetime) -> datetime:
    """When the last domain in the trace was entered: this one, of what is on its way through it."""
    trace = apdu.envelope["trace-information"]
    count = len(trace)
    if not count:
        return now
    time: datetime = trace[count - 1]["domain-supplied-information"]["arrival-time"].value
    return time


def _decide(mta: MTA, apdu: Apdu, found: FrontEnd) -> _Decided:
    everybody = list(apdu.recipients)
    decided = _Decided(everybody)
    for recipient in everybody:
        if not recipient.indicators.responsibility:
            continue
        why = found.non_delivery or _critical(recipient, FOR_TRANSFER)
        if why is None:
            decision = _decision(mta, recipient)
            why = decision.non_delivery
        if why is not None:
            decided.failures.append(Failure(recipient, why))
        elif decision.next_hop is not None:
            decided.onward.append((recipient, decision))
        elif why := found.critical_for_delivery or _critical(recipient, FOR_DELIVERY):
            decided.failures.append(Failure(recipient, why))
        else:
            decided.here.append((recipient, decision))
    return decided


def _decision(mta: MTA, recipient: Recipient) -> Decision:
    decision = mta.decisions.get(recipient.raw_name)
    if decision is not None:
        return decision
    try:
        name = recipient.name
    except (fastber.DecodeError, InvalidORAddress, KeyError) as error:
        why = NonDelivery(_INVALID_NAME.reason, _INVALID_NAME.diagnostic, str(error))
        return Decision(recipient.raw_name.hex(), non_delivery=why)
    return mta.remember(recipient.raw_name, mta.decide(name))


def _critical(recipient: Recipient, criticality: int) -> NonDelivery | None:
    for extension in recipient.extensions:
        if extension.criticality and (why := unsupported(extension, criticality)):
            return why
    return None


def _transfers(mta: MTA, apdu: Apdu, found: FrontEnd, decided: _Decided, outcome: Outcome, now: datetime) -> None:
    made = mta.trace(now)
    responsible = [recipient for recipient in decided.everybody if recipient.indicators.responsibility]
    originator, priority, tail = apdu.originator.text, apdu.priority, apdu.stored.tail
    for next_hop, copy in split(decided.onward).items():
        edits = trace_edits(apdu, found, made, style_1988=next_hop in mta.configuration.peers_1988)
        places = tuple([recipient.index for recipient, _ in copy])
        if len(places) == len(responsible):
            buffers = dispatch(apdu, edits, ())
        else:
            theirs = frozenset(places)
            buffers = dispatch(apdu, edits, [other for other in responsible if other.index not in theirs])
        names = tuple([decision.recipient for _, decision in copy])
        transfer = Transfer(
            next_hop, buffers, tail, places, priority, apdu.identifier, found.expiry, False, originator, names
        )
        outcome.transfers.append(transfer)
        outcome.log.append(LogRecord("transfer", apdu.identifier, {"next_hop": next_hop, "recipients": names}))


def _report(
    mta: MTA,
    apdu: Apdu,
    outcome: Outcome,
    failures: list[Failure],
    outlooks: list[Outlook],
    now: datetime,
    arrival_time: datetime,
) -> None:
    """Report on the recipients that failed, and on those served whose delivery is to be reported, in their order."""
    for failure in error_processing(failures):
        outlooks.append((failure.recipient, failure.non_delivery))
        fields = {"place": failure.recipient.index, "reason": str(failure.non_delivery)}
        if failure.non_delivery.supplementary_information:
            fields["information"] = failure.non_delivery.supplementary_information
        outcome.log.append(LogRecord("non-delivery", apdu.identifier, fields))
    if not outlooks:
        return
    outlooks.sort(key=lambda outlook: outlook[0].index)
    try:
        identifier = mta.identifiers.new(now)
        octets = report_generation(apdu, outlooks, identifier, mta.configuration, now, arrival_time)
    except (fastber.Error, InvalidORAddress) as error:
        raise InvalidAPDU(f"no report can be made: {error}", getattr(error, "offset", None)) from None
    outcome.log.append(LogRecord("report", str(identifier), {"subject": apdu.identifier, "recipients": len(outlooks)}))
    report_out(mta, octets, outcome, apdu.priority, now)
