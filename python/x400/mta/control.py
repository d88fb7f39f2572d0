"""The control procedure of the main module (X.411 14.3, control): the way of a message or probe through the others.

routing-and-conversion-decision for each recipient whose responsibility is ours; error-processing of those that cannot
be served; redirection, distribution-list-expansion and conversion, each of which hands a copy back to the decision;
copies for next MTAs, deliveries here, and one report on all those of one copy of whom something is to be reported.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import fastber
from x400.mta.configuration import DistributionList, ReportPolicy
from x400.mta.conversion import ConversionFailed, conversion
from x400.mta.conversion_decision import Target, conversion_decision, types_after
from x400.mta.copies import Work
from x400.mta.delivery import deliver_message
from x400.mta.directory import hold_for_directory
from x400.mta.dispatcher import dispatch, edits_of_1988, trace_edits
from x400.mta.dl_expansion import dl_expansion, members_of
from x400.mta.dl_expansion import objection as objection_to_expansion
from x400.mta.downgrading import objection as objection_to_downgrading
from x400.mta.error_processing import Failure, error_processing
from x400.mta.front_end import unsupported_among
from x400.mta.outcome import LogRecord, Outcome, Transfer
from x400.mta.redirection import Reason, Redirection, redirection
from x400.mta.redirection import objection as objection_to_redirection
from x400.mta.report_front_end import report_out
from x400.mta.report_generation import Delivered, Outlook, report_generation
from x400.mta.routing_and_conversion_decision import Decision, chosen_route, refusal
from x400.mta.splitter import split
from x400.mts.apdu import Apdu, Recipient
from x400.mts.exceptions import InvalidAPDU, InvalidORAddress
from x400.mts.extensions import FOR_DELIVERY, FOR_TRANSFER, StandardExtension, is_set
from x400.mts.oraddress import ORAddress
from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode, NonDeliveryReasonCode

if TYPE_CHECKING:
    from x400.mta.mta import MTA

__all__ = ["Decided", "control", "decision_of", "settle"]

_INVALID_NAME = NonDelivery.of(NonDeliveryDiagnosticCode.INVALID_ARGUMENTS)
_RESTRICTED = NonDelivery(NonDeliveryReasonCode.RESTRICTED_DELIVERY)
_REASSIGNMENT = NonDelivery.of(NonDeliveryDiagnosticCode.RECIPIENT_REASSIGNMENT_PROHIBITED)
_TYPE_OF_USER_DL = 3


class Decided:
    """The recipients of one message or probe, by what becomes of them."""

    __slots__ = (
        "conversions", "everybody", "expansions", "failures", "here", "onward", "outlooks", "redirections", "wanting",
    )  # fmt: skip

    def __init__(self, everybody: list[Recipient]) -> None:
        self.everybody = everybody
        self.onward: list[tuple[Recipient, Decision]] = []
        self.here: list[tuple[Recipient, Decision]] = []
        self.failures: list[Failure] = []
        self.redirections: list[Redirection] = []
        self.expansions: list[tuple[Recipient, DistributionList, list[ORAddress]]] = []
        self.conversions: list[tuple[Recipient, Decision, Target]] = []
        self.outlooks: list[Outlook] = []
        self.wanting: list[Recipient] = []
        """Those that a directory has to be asked for first."""

    @property
    def is_empty(self) -> bool:
        """Whether no recipient was this MTA's to see to."""
        served = self.onward or self.here or self.redirections or self.expansions or self.conversions
        return not (served or self.failures or self.outlooks or self.wanting)


def control(mta: MTA, work: Work, outcome: Outcome, now: datetime) -> None:
    """All that is to be done about one message or probe that has come in and been looked over."""
    decided = _decide(mta, work, now)
    if decided.is_empty:
        outcome.log.append(LogRecord("no-responsibility", work.apdu.identifier))
        return
    copies = settle(mta, work, decided, outcome, now, 0)
    if not copies:
        return
    number = len(copies)
    while copies:
        copy = copies.pop()
        more = settle(mta, copy, _decide(mta, copy, now), outcome, now, number)
        number += len(more)
        copies += more


def settle(mta: MTA, work: Work, decided: Decided, outcome: Outcome, now: datetime, number: int) -> list[Work]:
    """Do what has been decided; the copies that come of it are to be decided upon. `number` have been made before."""
    apdu = work.apdu
    copies: list[Work] = []
    if decided.onward:
        _transfers(mta, work, decided, outcome, now)
    if decided.wanting:
        places = {one.index for one in decided.wanting}
        others = [other for other in decided.everybody if other.index not in places]
        hold_for_directory(mta, work, decided.wanting, others, outcome, now)
    for recipient, decision in decided.here:
        _here(work, recipient, decision, decided, outcome, now)
    if decided.conversions:
        copies += _conversions(mta, work, decided, outcome, now)
    if decided.failures:
        more, decided.failures = error_processing(apdu, decided.failures, mta.configuration)
        decided.redirections += more
    for recipient, one, members in decided.expansions:
        if number + len(copies) >= mta.configuration.maximum_copies:
            why = NonDelivery.of(NonDeliveryDiagnosticCode.DL_EXPANSION_FAILURE, "too many lists in lists")
            decided.failures.append(Failure(recipient, why, final=True))
            continue
        try:
            copies.append(dl_expansion(work, recipient, one, members, mta.configuration, now))
        except (fastber.Error, InvalidORAddress) as error:
            why = NonDelivery.of(NonDeliveryDiagnosticCode.DL_EXPANSION_FAILURE, str(error))
            decided.failures.append(Failure(recipient, why, final=True))
            continue
        fields = {"list": str(one.address), "members": len(members)}
        outcome.log.append(LogRecord("dl-expansion", apdu.identifier, fields))
        if one.report_policy in (ReportPolicy.OWNER, ReportPolicy.NONE) and recipient.indicators.delivery_report:
            decided.outlooks.append((recipient, Delivered(now, _TYPE_OF_USER_DL)))
    if decided.redirections:
        copies += _redirected(mta, work, decided, outcome, now, number + len(copies))
    if decided.failures or decided.outlooks:
        _report(mta, work, decided, outcome, now)
    return copies


def _conversions(mta: MTA, work: Work, decided: Decided, outcome: Outcome, now: datetime) -> list[Work]:
    """A copy for each type that some recipients want; what cannot be converted fails for them."""
    copies = []
    for target in dict.fromkeys(target for _, _, target in decided.conversions):
        wanting = [(recipient, decision) for recipient, decision, wanted in decided.conversions if wanted == target]
        places = {recipient.index for recipient, _ in wanting}
        others = [other for other in decided.everybody if other.index not in places]
        try:
            copies.append(conversion(work, target, others, mta.configuration, now))
        except ConversionFailed as failed:
            decided.failures += [_failure(one, decision, failed.non_delivery) for one, decision in wanting]
            continue
        fields = {"to": target, "recipients": tuple(decision.recipient for _, decision in wanting)}
        outcome.log.append(LogRecord("conversion", work.apdu.identifier, fields))
    return copies


def _redirected(mta: MTA, work: Work, decided: Decided, outcome: Outcome, now: datetime, number: int) -> list[Work]:
    places = {one.recipient.index for one in decided.redirections}
    others = [other for other in decided.everybody if other.index not in places]
    why = None
    if number >= mta.configuration.maximum_copies:
        why = NonDelivery.of(NonDeliveryDiagnosticCode.REDIRECTION_LOOP_DETECTED, "too many redirections")
    else:
        try:
            copy = redirection(work, decided.redirections, others, mta.configuration, now)
        except (fastber.Error, InvalidORAddress) as error:
            why = NonDelivery.of(NonDeliveryDiagnosticCode.PROTOCOL_VIOLATION, str(error))
    if why is not None:
        decided.failures += [Failure(one.recipient, why, final=True) for one in decided.redirections]
        return []
    for one in decided.redirections:
        fields = {"place": one.recipient.index, "to": str(one.alternate), "reason": one.reason}
        outcome.log.append(LogRecord("redirection", work.apdu.identifier, fields))
    return [copy]


# ---- routing-and-conversion-decision


def _decide(mta: MTA, work: Work, now: datetime) -> Decided:
    apdu, found = work.apdu, work.found
    everybody = list(apdu.recipients)
    decided = Decided(everybody)
    for recipient in everybody:
        if not recipient.indicators.responsibility:
            continue
        why = found.non_delivery or unsupported_among(recipient.extensions, FOR_TRANSFER)
        if why is not None:
            decided.failures.append(Failure(recipient, why, final=True))
            continue
        decision = decision_of(mta, recipient, now)
        if decision.wanted:
            decided.wanting.append(recipient)
            continue
        if decision.special:
            special = _special(mta, apdu, recipient, decision, decided, now)
            if special is None:
                continue
            decision = special
        if decision.non_delivery is not None:
            decided.failures.append(_failure(recipient, decision, decision.non_delivery))
        elif decision.next_hop is not None:
            decided.onward.append((recipient, decision))
        elif why := found.critical_for_delivery or unsupported_among(recipient.extensions, FOR_DELIVERY):
            decided.failures.append(_failure(recipient, decision, why))
        else:
            decided.here.append((recipient, decision))
    return decided


def _failure(recipient: Recipient, decision: Decision, why: NonDelivery) -> Failure:
    return Failure(recipient, why, alternate=decision.route.alternate_recipient if decision.route else None)


def decision_of(mta: MTA, recipient: Recipient, now: datetime) -> Decision:
    """The decision for a name, if it has been decided upon before, from the cache."""
    decision = mta.decisions.get(recipient.raw_name)
    if decision is not None:
        return decision
    try:
        name = recipient.name
    except (fastber.DecodeError, InvalidORAddress, KeyError) as error:
        why = NonDelivery(_INVALID_NAME.reason, _INVALID_NAME.diagnostic, str(error))
        return Decision(recipient.raw_name.hex(), non_delivery=why)
    decision = mta.decide(name, now)
    return decision if decision.passing else mta.remember(recipient.raw_name, decision)


def _special(
    mta: MTA, apdu: Apdu, recipient: Recipient, decision: Decision, decided: Decided, now: datetime
) -> Decision | None:
    """The decision where more than the name counts; None when it has been put among `decided`."""
    if decision.distribution_list is not None:
        _distribution_list(apdu, recipient, decision.distribution_list, decided, now)
        return None
    if decision.routes:
        decision = chosen_route(apdu, decision, mta.configuration)
    user = decision.user
    if decision.next_hop is not None and decision.next_hop in mta.configuration.peers_1984:
        why = objection_to_downgrading(apdu, recipient, mta.configuration.gateway_1984)
        if why is not None:
            decided.failures.append(_failure(recipient, decision, why))
            return None
    if decision.next_hop is not None and decision.next_hop in mta.configuration.restrictions:
        accepted = mta.configuration.restrictions[decision.next_hop].encoded_information_types
        return _converted(apdu, recipient, decision, accepted, decided, now, subscribed=True)
    if user is None:
        return decision
    why = None
    if user.alternate_recipient is not None:
        if is_set(apdu.find_extension(StandardExtension.RECIPIENT_REASSIGNMENT_PROHIBITED)):
            why = _REASSIGNMENT
        else:
            why = objection_to_redirection(recipient, user.alternate_recipient, mta.configuration.maximum_redirections)
        if why is None:
            decided.redirections.append(Redirection(recipient, user.alternate_recipient, Reason.RECIPIENT))
            return None
    elif user.permitted is not None and not any(one.is_prefix_of(apdu.originator) for one in user.permitted):
        why = _RESTRICTED
    why = why or refusal(apdu, user.restrictions)
    if why is not None:
        decided.failures.append(_failure(recipient, decision, why))
        return None
    accepted = user.restrictions.encoded_information_types
    return _converted(apdu, recipient, decision, accepted, decided, now, subscribed=user.implicit_conversion)


def _converted(
    apdu: Apdu,
    recipient: Recipient,
    decision: Decision,
    accepted: frozenset[str] | None,
    decided: Decided,
    now: datetime,
    *,
    subscribed: bool,
) -> Decision | None:
    """The conversion-decision: the decision as it was where the content may stay as it is."""
    target = conversion_decision(apdu, accepted, subscribed=subscribed)
    if target is None:
        return decision
    if isinstance(target, NonDelivery):
        decided.failures.append(_failure(recipient, decision, target))
    elif apdu.kind == "message":
        decided.conversions.append((recipient, decision, target))
    elif decision.next_hop is not None:
        return decision
    else:
        decided.outlooks.append((recipient, Delivered(now, converted=types_after(apdu, target))))
    return None


def _distribution_list(
    apdu: Apdu, recipient: Recipient, one: DistributionList, decided: Decided, now: datetime
) -> None:
    try:
        why = objection_to_expansion(apdu, one)
        members = [] if why is not None else members_of(apdu, one)
    except (fastber.DecodeError, InvalidORAddress) as error:
        why = NonDelivery.of(NonDeliveryDiagnosticCode.DL_EXPANSION_FAILURE, str(error))
    if why is not None:
        decided.failures.append(Failure(recipient, why))
    elif apdu.kind == "message" and members:
        decided.expansions.append((recipient, one, members))
    else:
        decided.outlooks.append((recipient, Delivered(now, _TYPE_OF_USER_DL)))


# ---- what was decided


def _transfers(mta: MTA, work: Work, decided: Decided, outcome: Outcome, now: datetime) -> None:
    apdu, found, configuration = work.apdu, work.found, mta.configuration
    made = mta.trace(now)
    responsible = [recipient for recipient in decided.everybody if recipient.indicators.responsibility]
    originator, priority, tail = apdu.originator.text, apdu.priority, apdu.stored.tail
    for next_hop, copy in split(decided.onward).items():
        style_1988 = next_hop in configuration.peers_1988
        edits = trace_edits(apdu, found, made, style_1988=style_1988)
        if style_1988 and work.made:
            edits |= edits_of_1988(apdu)
        places = tuple([recipient.index for recipient, _ in copy])
        if len(places) == len(responsible):
            buffers = dispatch(apdu, edits, ())
        else:
            theirs = frozenset(places)
            buffers = dispatch(apdu, edits, [other for other in responsible if other.index not in theirs])
        names = tuple([decision.recipient for _, decision in copy])
        alternatives = copy[0][1].alternatives
        if alternatives and len(copy) > 1:
            alternatives = tuple([peer for peer in alternatives if all(peer in one.alternatives for _, one in copy)])
        transfer = Transfer(
            next_hop,
            buffers,
            tail,
            places,
            priority,
            apdu.identifier,
            found.expiry,
            False,
            originator,
            names,
            alternatives,
        )
        outcome.transfers.append(transfer)
        outcome.log.append(LogRecord("transfer", apdu.identifier, {"next_hop": next_hop, "recipients": names}))


def _here(
    work: Work, recipient: Recipient, decision: Decision, decided: Decided, outcome: Outcome, now: datetime
) -> None:
    """Deliver a message; a probe's recipient would have been delivered to."""
    apdu = work.apdu
    if "explicit-conversion" in recipient.view:
        why = NonDelivery.of(NonDeliveryDiagnosticCode.CONVERSION_IMPRACTICAL, "explicit conversion is not done here")
        decided.failures.append(_failure(recipient, decision, why))
        return
    if apdu.kind == "message":
        others = [other for other in decided.everybody if other is not recipient]
        try:
            outcome.deliveries.append(deliver_message(apdu, recipient, decision, others, now, work.arrival_time))
        except (fastber.Error, InvalidORAddress) as error:
            why = NonDelivery.of(NonDeliveryDiagnosticCode.PROTOCOL_VIOLATION, str(error))
            decided.failures.append(Failure(recipient, why))
            return
        fields = {"recipient": decision.recipient, "folder": decision.folder}
        outcome.log.append(LogRecord("delivery", apdu.identifier, fields))
    decided.outlooks.append((recipient, Delivered(now)))


def _report(mta: MTA, work: Work, decided: Decided, outcome: Outcome, now: datetime) -> None:
    """Report on the recipients that failed, and on those served whose delivery is to be reported, in their order."""
    apdu = work.apdu
    outlooks: list[Outlook] = [
        (recipient, what)
        for recipient, what in decided.outlooks
        if recipient.indicators.delivery_report or apdu.kind == "probe"
    ]
    for failure in decided.failures:
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
        octets = report_generation(apdu, outlooks, identifier, mta.configuration, now, work.arrival_time)
    except (fastber.Error, InvalidORAddress) as error:
        raise InvalidAPDU(f"no report can be made: {error}", getattr(error, "offset", None)) from None
    outcome.log.append(LogRecord("report", str(identifier), {"subject": apdu.identifier, "recipients": len(outlooks)}))
    report_out(mta, octets, outcome, apdu.priority, now)
