"""The deferred-delivery procedure (X.411 14.2): what is not to be delivered yet is held before the main module.

When its time has come it goes the way of one that has just come in, its trace telling when it came and until when it
was held. Until then whoever has sent it may cancel it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import fastber
from x400.mta.control import control
from x400.mta.copies import Actions, Work, traced
from x400.mta.front_end import FrontEnd, front_end
from x400.mta.outcome import Held, LogRecord, Outcome
from x400.mts.apdu import Apdu, Recipient
from x400.mts.exceptions import InvalidORAddress

if TYPE_CHECKING:
    from x400.mta.mta import MTA
    from x400.mts.oraddress import ORAddress

__all__ = ["cancel", "hold", "release"]


def hold(mta: MTA, apdu: Apdu, found: FrontEnd, outcome: Outcome) -> bool:
    """Hold a message whose time has not come; False when it is to go on now."""
    if found.deferred_until is None or found.non_delivery is not None or not mta.configuration.defers:
        return False
    recipients = [one for one in apdu.recipients if one.indicators.responsibility]
    if not recipients:
        return False
    held = Held(
        buffers=[apdu.stored.head],
        tail=apdu.stored.tail,
        recipients=tuple(one.index for one in recipients),
        priority=apdu.priority,
        identifier=apdu.identifier,
        not_before=found.deferred_until,
        originator=apdu.originator.text,
        recipient_names=tuple(_name(one) for one in recipients),
    )
    outcome.held.append(held)
    outcome.log.append(LogRecord("deferred", apdu.identifier, {"until": found.deferred_until.isoformat()}))
    return True


def _name(recipient: Recipient) -> str:
    """For those who look at what is held; a name that is none is reported on in its time."""
    try:
        return str(recipient.name)
    except (fastber.DecodeError, InvalidORAddress, KeyError):
        return recipient.raw_name.hex()


def release(mta: MTA, apdu: Apdu, outcome: Outcome, arrived: datetime, now: datetime) -> None:
    """The time of a held message, which came in at `arrived`, has come (or somebody would not wait for it)."""
    found = replace(front_end(apdu, mta.configuration, now), deferred_until=None)
    work = traced(Work(apdu, found, arrived), mta.configuration, now, Actions(deferred=now, arrived=arrived))
    control(mta, work, outcome, now)


def cancel(apdu: Apdu, outcome: Outcome, by: ORAddress | None) -> bool:
    """A held message is cancelled (X.411 8.2.1.3, cancel-deferred-delivery), `by` its originator or, with None, by the
    operator; False when somebody else asks."""
    if by is not None and apdu.originator != by:
        return False
    outcome.log.append(LogRecord("cancelled", apdu.identifier, {"by": "operator" if by is None else str(by)}))
    return True
