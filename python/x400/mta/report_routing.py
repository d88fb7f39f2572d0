"""Reports on their way back (X.411 14.4 report-front-end and report-routing, 14.10 report-in and report-out).

A report goes to its destination name as a message would to a recipient. What cannot go on, for whatever reason, is
discarded with a line in the log: no report is ever made of a report.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from x400.mta.delivery import deliver_report
from x400.mta.dispatcher import dispatch, trace_edits
from x400.mta.front_end import front_end
from x400.mta.outcome import LogRecord, Outcome, Transfer
from x400.mts.apdu import PRIORITIES, Apdu
from x400.mts.exceptions import InvalidORAddress
from x400.mts.stored import Buffer, Stored

if TYPE_CHECKING:
    from x400.mta.mta import MTA

__all__ = ["report_in", "report_out"]


def report_in(mta: MTA, apdu: Apdu, outcome: Outcome, now: datetime) -> None:
    """A report has come from another MTA: looked over, then passed on or delivered."""
    found = front_end(apdu, mta.configuration, now)
    subject = apdu.body["content"]["subject-identifier"].raw
    if found.non_delivery is not None:
        why = str(found.non_delivery)
        outcome.log.append(
            LogRecord("report-discarded", apdu.identifier, {"reason": why, "subject": bytes(subject).hex()})
        )
        return
    made = mta.trace(now)

    def spliced(next_hop: str) -> list[Buffer]:
        style = next_hop in mta.configuration.peers_1988
        return dispatch(apdu, trace_edits(apdu, found, made, style_1988=style), ())

    _route(mta, apdu, outcome, found.expiry, PRIORITIES["normal"], spliced)


def report_out(mta: MTA, octets: bytes, outcome: Outcome, priority: int, now: datetime) -> None:
    """A report made here, its trace already in it, sets out."""
    apdu = Apdu(Stored(octets))
    expiry = now + mta.configuration.transfer_times[PRIORITIES["normal"]]
    _route(mta, apdu, outcome, expiry, priority, lambda next_hop: [octets])


def _route(mta: MTA, apdu: Apdu, outcome: Outcome, expiry: datetime, priority: int, octets: object) -> None:
    identifier = apdu.identifier
    try:
        destination = apdu.report_destination
    except InvalidORAddress as error:
        outcome.log.append(LogRecord("report-discarded", identifier, {"reason": str(error)}))
        return
    decision = mta.decide(destination)
    if decision.next_hop is not None:
        transfer = Transfer(
            next_hop=decision.next_hop,
            buffers=octets(decision.next_hop),  # type: ignore[operator]
            tail=apdu.stored.tail,
            recipients=(),
            priority=priority,
            identifier=identifier,
            expiry=expiry,
            is_report=True,
            originator="",
            recipient_names=(decision.recipient,),
        )
        outcome.transfers.append(transfer)
        outcome.log.append(
            LogRecord("report-transfer", identifier, {"to": decision.recipient, "next_hop": decision.next_hop})
        )
    elif decision.folder is not None:
        delivery = deliver_report(apdu, decision)
        if delivery is None:
            outcome.log.append(LogRecord("report-discarded", identifier, {"reason": "not requested by the originator"}))
            return
        outcome.deliveries.append(delivery)
        outcome.log.append(
            LogRecord("report-delivery", identifier, {"to": decision.recipient, "folder": decision.folder})
        )
    else:
        fields = {"reason": str(decision.non_delivery), "to": decision.recipient}
        outcome.log.append(LogRecord("report-discarded", identifier, fields))
