"""What must be true of every outcome: for each recipient exactly one of delivered, transferred, reported, or held."""

from __future__ import annotations

from collections import Counter
from typing import Any

import fastber
from x400.asn1 import specification
from x400.mta import Outcome, Stored
from x400.mts.apdu import Apdu, Recipient
from x400.mts.oraddress import ORAddress

__all__ = ["account", "checked"]

Account = dict[tuple[int, str], list[str]]


def account(stored: Stored, outcome: Outcome) -> Account:
    """Number and name of each recipient to what became of it, read from the octets that go out and nothing else."""
    found: Account = {}
    apdu_type = specification().modules["MTSTransferProtocol"]["MTS-APDU"]

    def note(number: int, name: Any, what: str) -> None:
        found.setdefault((number, _text(name)), []).append(what)

    for transfer in outcome.transfers:
        if transfer.is_report:
            kind, value = apdu_type.decode(transfer.stored().head)
            if kind == "report" and _is_about(value, outcome.identifier):
                for fields in value["content"]["per-recipient-fields"]:
                    if fields["last-trace-information"]["report-type"][0] == "non-delivery" or outcome.kind == "probe":
                        number = fields["originally-specified-recipient-number"]
                        note(number, fields["actual-recipient-name"], "reported")
            continue
        copy = Apdu(transfer.stored())
        responsible = [one for one in copy.recipients if one.indicators.responsibility]
        assert tuple(one.index for one in responsible) == transfer.recipients, "responsibility is not what is said"
        for one in responsible:
            note(_number(one), _name(one), f"transferred to {transfer.next_hop}")
    for held in outcome.held:
        if held.not_before is None and not held.is_report:
            copy = Apdu(held.stored())
            responsible = [one for one in copy.recipients if one.indicators.responsibility]
            assert tuple(one.index for one in responsible) == held.recipients, "responsibility is not what is said"
            for one in responsible:
                note(_number(one), _name(one), "held for a directory")
    for delivery in outcome.deliveries:
        if delivery.kind == "message":
            found.setdefault((delivery.number, delivery.user), []).append("delivered")
    return found


def checked(stored: Stored, outcome: Outcome, *, places: tuple[int, ...] | None = None) -> Outcome:
    """The outcome, once it has been seen to account for each recipient that this MTA had to see to exactly once.

    Members of an expanded list are each accounted for; a report that is delivered here, or cannot go anywhere, is taken
    from the log, as its octets do not leave.
    """
    if outcome.kind == "report":
        return outcome
    found = account(stored, outcome)
    events = Counter(record.event for record in outcome.log)
    numbers: Counter[int] = Counter()
    for (number, _), what in found.items():
        if not events["dl-expansion"]:
            assert len(what) == 1, f"recipient {number}: {what}"
        numbers[number] += len(what)
    expected = Counter(
        _number(one)
        for one in Apdu(stored).recipients
        if (one.indicators.responsibility if places is None else one.index in places)
    )
    if any(held.not_before is not None for held in outcome.held):
        assert outcome.transfers == outcome.deliveries == [], "held, and something was done all the same"
        return outcome
    reports_stay = events["report-discarded"] or events["report-delivery"]
    for number, times in expected.items():
        if events["dl-expansion"]:
            assert numbers[number] or reports_stay or _nobody(outcome), f"recipient {number} is not accounted for"
        elif not reports_stay:
            assert numbers[number] == times, f"recipient {number}: {numbers[number]} outcomes, {times} expected"
        else:
            assert numbers[number] <= times, f"recipient {number}: {numbers[number]} outcomes, {times} expected"
    if reports_stay and not events["dl-expansion"]:
        served = sum(numbers.values())
        failed = events["non-delivery"] if outcome.kind == "message" else sum(expected.values()) - served
        reported = sum(what.count("reported") for what in found.values())
        assert served - reported + failed == sum(expected.values())
    return outcome


def _nobody(outcome: Outcome) -> bool:
    return any(record.event == "dl-expansion" and record.fields["members"] == 0 for record in outcome.log)


def _is_about(report: dict[str, Any], identifier: str) -> bool:
    subject = report["content"]["subject-identifier"]
    return identifier.endswith(f";{subject['local-identifier']}]")


def _number(recipient: Recipient) -> int:
    """The recipient's number, 0 where it is missing or does not decode: it is passed on all the same."""
    try:
        number: int = recipient.view["originally-specified-recipient-number"].value
    except (fastber.DecodeError, KeyError):
        return 0
    return number


def _name(recipient: Recipient) -> Any:
    try:
        return recipient.view["recipient-name"].value
    except fastber.DecodeError:
        return recipient.raw_name


def _text(value: Any) -> str:
    try:
        return str(ORAddress.from_value(value))
    except (AttributeError, ValueError):
        return repr(value)
