"""Another way for what is queued for a next MTA that is down (X.411 14.3, routing-decision after a failed transfer).

The internal trace says that the message was rerouted, and which MTA was attempted; the trace that it was, and which
domain, unless the MTA is of our own.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from x400.mta.control import Decided, decision_of, settle
from x400.mta.copies import Actions, traced
from x400.mta.message_in import as_queued
from x400.mta.outcome import LogRecord, Outcome
from x400.mta.report_routing import report_routing
from x400.mta.routing_and_conversion_decision import Decision, chosen_route
from x400.mts.apdu import Apdu

if TYPE_CHECKING:
    from x400.mta.mta import MTA

__all__ = ["reroute"]


def reroute(
    mta: MTA, apdu: Apdu, outcome: Outcome, places: Container[int], attempted: str, down: Container[str], now: datetime
) -> bool:
    """Put the transfers into `outcome` that go by other routes than to `attempted`, and none to a peer that is `down`.

    False, and nothing done, where not all of the recipients at `places` have such a route.
    """
    work = as_queued(mta, apdu, now)
    if apdu.kind == "report":
        decision = _other(mta, apdu, mta.decide(apdu.report_destination, now), attempted, down)
        if decision is None:
            return False
        work = traced(work, mta.configuration, now, _attempted(mta, attempted))
        report_routing(mta, work, outcome, apdu.priority, now, decision)
        return True
    everybody = list(apdu.recipients)
    decided = Decided(everybody)
    for recipient in everybody:
        if recipient.index in places:
            decision = _other(mta, apdu, decision_of(mta, recipient, now), attempted, down)
            if decision is None:
                return False
            decided.onward.append((recipient, decision))
    work = traced(work, mta.configuration, now, _attempted(mta, attempted))
    decided.everybody = list(work.apdu.recipients)
    outcome.log.append(LogRecord("rerouted", apdu.identifier, {"attempted": attempted}))
    settle(mta, work, decided, outcome, now, 0)
    return True


def _attempted(mta: MTA, peer: str) -> Actions:
    return Actions(attempted=peer, domain=mta.configuration.peer_domains.get(peer))


def _other(mta: MTA, apdu: Apdu, decision: Decision, attempted: str, down: Container[str]) -> Decision | None:
    if decision.routes:
        decision = chosen_route(apdu, decision, mta.configuration)
    if decision.next_hop is None:
        return None
    for peer in (decision.next_hop, *decision.alternatives):
        if peer != attempted and peer not in down:
            rest = tuple(one for one in (decision.next_hop, *decision.alternatives) if one not in (peer, attempted))
            return replace(decision, next_hop=peer, alternatives=rest, special=False, routes=())
    return None
