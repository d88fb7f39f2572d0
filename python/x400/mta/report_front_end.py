"""The report-front-end procedure and report-in (X.411 14.4, 14.10): reports that have come, or were made here.

What has come is looked over as a message is. A report whose destination is a distribution list of this MTA goes on as
the list's policy says: back along the expansion history, to the owner, to both, or no further.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import fastber
from x400.mta.configuration import DistributionList, ReportPolicy
from x400.mta.copies import DL_OPERATION, Actions, Work, extension_edit, spliced, traced
from x400.mta.front_end import FrontEnd, front_end
from x400.mta.outcome import LogRecord, Outcome
from x400.mta.report_routing import report_routing, unsupported_in_report
from x400.mts.apdu import PRIORITIES, Apdu, type_named
from x400.mts.exceptions import InvalidORAddress
from x400.mts.extensions import FOR_TRANSFER, StandardExtension
from x400.mts.oraddress import ORAddress
from x400.mts.stored import Stored

if TYPE_CHECKING:
    from x400.mta.mta import MTA

__all__ = ["report_in", "report_out"]

_MAXIMUM_LISTS = 32
"""How often one report may be handed from list to list here."""


def report_in(mta: MTA, apdu: Apdu, outcome: Outcome, now: datetime) -> None:
    """A report has come from another MTA: looked over, then passed on or delivered."""
    found = front_end(apdu, mta.configuration, now)
    non_delivery = found.non_delivery or unsupported_in_report(apdu, FOR_TRANSFER)
    subject = apdu.body["content"]["subject-identifier"].raw
    if non_delivery is not None:
        why = str(non_delivery)
        outcome.log.append(
            LogRecord("report-discarded", apdu.identifier, {"reason": why, "subject": bytes(subject).hex()})
        )
        return
    _report_front_end(mta, Work(apdu, found, now), outcome, PRIORITIES["normal"], now)


def report_out(mta: MTA, octets: bytes, outcome: Outcome, priority: int, now: datetime) -> None:
    """A report made here, its trace already in it, sets out."""
    apdu = Apdu(Stored(octets))
    expiry = now + mta.configuration.transfer_times[PRIORITIES["normal"]]
    internal = apdu.find_extension(StandardExtension.INTERNAL_TRACE_INFORMATION)
    found = FrontEnd(None, False, False, internal, expiry, None)
    _report_front_end(mta, Work(apdu, found, now, made=True), outcome, priority, now)


def _report_front_end(mta: MTA, work: Work, outcome: Outcome, priority: int, now: datetime) -> None:
    pending = [(work, 0)]
    while pending:
        report, lists = pending.pop()
        try:
            destination = report.apdu.report_destination
        except InvalidORAddress as error:
            outcome.log.append(LogRecord("report-discarded", report.apdu.identifier, {"reason": str(error)}))
            continue
        one = mta.distribution_list(destination)
        if one is None:
            report_routing(mta, report, outcome, priority, now)
            continue
        destinations = _destinations(report.apdu, one) if lists < _MAXIMUM_LISTS else []
        fields = {"list": str(destination), "to": tuple(map(str, destinations))}
        outcome.log.append(
            LogRecord("report-dl" if destinations else "report-discarded", report.apdu.identifier, fields)
        )
        for to in destinations:
            pending.append((_from_list(mta, report, one, to, now), lists + 1))


def _destinations(apdu: Apdu, one: DistributionList) -> list[ORAddress]:
    """To whom a list passes on a report on its members."""
    found: list[ORAddress] = []
    if one.report_policy in (ReportPolicy.ORIGINATOR, ReportPolicy.BOTH):
        before = _before(apdu, one.address)
        if before is not None:
            found.append(before)
    if one.report_policy in (ReportPolicy.OWNER, ReportPolicy.BOTH) and one.owner is not None:
        found.append(one.owner)
    return found


def _before(apdu: Apdu, address: ORAddress) -> ORAddress | None:
    """The name before that of a list in the originator and DL expansion history; None when there is none."""
    extension = apdu.find_extension(StandardExtension.ORIGINATOR_AND_DL_EXPANSION_HISTORY)
    if extension is None:
        return None
    try:
        history = type_named("OriginatorAndDLExpansionHistory").decode(extension.value)
        names = [ORAddress.from_value(element["originator-or-dl-name"]) for element in history]
    except (fastber.DecodeError, InvalidORAddress):
        return None
    places = [place for place, name in enumerate(names) if name == address]
    return names[places[-1] - 1] if places and places[-1] else None


def _from_list(mta: MTA, work: Work, one: DistributionList, to: ORAddress, now: datetime) -> Work:
    """The report as the list passes it on."""
    copy = traced(replace(work), mta.configuration, now, Actions(other=DL_OPERATION))
    apdu = copy.apdu
    edits = {apdu.path + "report-destination-name": to.to_value()}
    if apdu.find_extension(StandardExtension.REPORTING_DL_NAME) is None:
        name = type_named("ReportingDLName").encode(one.address.to_value())
        edits |= extension_edit(apdu.extensions, apdu.path, StandardExtension.REPORTING_DL_NAME, name, report=True)
    copy.apdu = spliced(apdu, edits)
    return copy
