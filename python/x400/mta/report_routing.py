"""The report-routing procedure and report-out (X.411 14.4, 14.10): reports on their way back.

A report goes to its destination name as a message would to a recipient, and is redirected as one would be. What cannot
go on, for whatever reason, is discarded with a line in the log: no report is ever made of a report.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import fastber
from x400.mta.copies import REDIRECTED, Actions, Work, extension_edit, spliced, traced
from x400.mta.delivery import deliver_report
from x400.mta.directory import hold_report_for_directory
from x400.mta.dispatcher import dispatch, trace_edits
from x400.mta.front_end import unsupported_among
from x400.mta.outcome import LogRecord, Outcome, Transfer
from x400.mta.redirection import Reason, entry, history_of
from x400.mta.routing_and_conversion_decision import Decision, chosen_route
from x400.mts.apdu import Apdu, type_named
from x400.mts.exceptions import InvalidORAddress
from x400.mts.extensions import FOR_DELIVERY, StandardExtension, extensions
from x400.mts.oraddress import ORAddress
from x400.mts.reports import NonDelivery

if TYPE_CHECKING:
    from x400.mta.mta import MTA

__all__ = ["report_routing", "unsupported_in_report"]


def report_routing(
    mta: MTA, work: Work, outcome: Outcome, priority: int, now: datetime, decision: Decision | None = None
) -> None:
    """Pass a report on towards its destination name, or deliver it, or discard it; `decision` if that has been made."""
    apdu = work.apdu
    decision = decision or mta.decide(apdu.report_destination, now)
    while decision.user is not None and decision.user.alternate_recipient is not None:
        alternate = decision.user.alternate_recipient
        if _is_loop(apdu, alternate):
            fields = {"reason": "redirection-loop-detected", "to": decision.recipient}
            outcome.log.append(LogRecord("report-discarded", apdu.identifier, fields))
            return
        work = _redirected(mta, work, alternate, now)
        apdu = work.apdu
        outcome.log.append(LogRecord("report-redirection", apdu.identifier, {"to": str(alternate)}))
        decision = mta.decide(alternate, now)
    if decision.wanted:
        hold_report_for_directory(mta, work, outcome, priority, now)
        return
    if decision.routes:
        decision = chosen_route(apdu, decision, mta.configuration)
    if decision.next_hop is not None:
        style_1988 = decision.next_hop in mta.configuration.peers_1988
        edits = trace_edits(apdu, work.found, mta.trace(now), style_1988=style_1988)
        transfer = Transfer(
            next_hop=decision.next_hop,
            buffers=dispatch(apdu, edits, ()),
            tail=apdu.stored.tail,
            recipients=(),
            priority=priority,
            identifier=apdu.identifier,
            expiry=work.found.expiry,
            is_report=True,
            originator="",
            recipient_names=(decision.recipient,),
            alternatives=decision.alternatives,
        )
        outcome.transfers.append(transfer)
        outcome.log.append(
            LogRecord("report-transfer", apdu.identifier, {"to": decision.recipient, "next_hop": decision.next_hop})
        )
    elif decision.folder is not None:
        _deliver(work, decision, outcome)
    else:
        fields = {"reason": str(decision.non_delivery), "to": decision.recipient}
        outcome.log.append(LogRecord("report-discarded", apdu.identifier, fields))


def unsupported_in_report(apdu: Apdu, criticality: int) -> NonDelivery | None:
    """Why a report is not passed on, or not delivered: an extension of its content, or of what it says of a recipient,
    is critical and not understood. Those of its envelope are the front-end's to look at."""
    content = apdu.body["content"]
    for holder in (content, *content["per-recipient-fields"]):
        try:
            if why := unsupported_among(extensions(holder.get("extensions")), criticality):
                return why
        except (fastber.DecodeError, KeyError):  # passed on as it came
            continue
    return None


def _deliver(work: Work, decision: Decision, outcome: Outcome) -> None:
    apdu = work.apdu
    why = work.found.critical_for_delivery or unsupported_in_report(apdu, FOR_DELIVERY)
    if why is not None:
        fields = {"reason": str(why), "to": decision.recipient}
        outcome.log.append(LogRecord("report-discarded", apdu.identifier, fields))
        return
    delivery = deliver_report(apdu, decision)
    if delivery is None:
        fields = {"reason": "not requested by the originator"}
        outcome.log.append(LogRecord("report-discarded", apdu.identifier, fields))
        return
    outcome.deliveries.append(delivery)
    fields = {"to": decision.recipient, "folder": str(decision.folder)}
    outcome.log.append(LogRecord("report-delivery", apdu.identifier, fields))


def _is_loop(apdu: Apdu, alternate: ORAddress) -> bool:
    """Whether a report has been for this name before."""
    if alternate == apdu.report_destination:
        return True
    for one in history_of(apdu.extensions):
        try:
            if ORAddress.from_value(one["intended-recipient-name"]["intended-recipient"]) == alternate:
                return True
        except InvalidORAddress:
            continue
    return False


def _redirected(mta: MTA, work: Work, alternate: ORAddress, now: datetime) -> Work:
    """The report with another destination, and the first one in its redirection history."""
    copy = traced(work, mta.configuration, now, Actions(other=REDIRECTED))
    apdu = copy.apdu
    history = history_of(apdu.extensions)
    history.append(entry(apdu.envelope["report-destination-name"].value, now, Reason.RECIPIENT))
    value = type_named("RedirectionHistory").encode(history)
    edits = extension_edit(apdu.extensions, apdu.path, StandardExtension.REDIRECTION_HISTORY, value, report=True)
    edits[apdu.path + "report-destination-name"] = alternate.to_value()
    copy.apdu = spliced(apdu, edits)
    return copy
