"""What a worker tells of itself: how it stands with each peer, and all that it has counted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from x400.console.control import Histogram, Measured, PeerState, Sample
from x400.server.counters import PeerCounters
from x400.server.outbound import PeerQueue
from x400.spool import Durations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from x400.server.worker import Worker

PRIORITIES = ("urgent", "normal", "non-urgent")
_NOTHING = PeerCounters()


def peer_states(worker: Worker) -> list[PeerState]:
    """Every peer of the configuration, in its order."""
    return [_state(worker, name) for name in worker.config.peers]


def _state(worker: Worker, name: str) -> PeerState:
    counters = worker.counters.peers().get(name, _NOTHING)
    queue = next((one for one in worker.queues(name) if isinstance(one, PeerQueue)), None)
    links = [link for link in worker.links if link.peer_name == name and link.bound]
    outgoing = sum(1 for link in links if link.association is not None and link.association.initiator)
    return PeerState(
        name=name,
        address=worker.config.peers[name].address or "",
        associations_in=len(links) - outgoing,
        associations_out=outgoing,
        transferring=sum(1 for link in links if link.busy),
        at_hand=len(queue) if queue is not None else 0,
        failures=queue.failures if queue is not None else 0,
        again=queue.again_at if queue is not None else 0.0,
        error=counters.error,
        error_at=counters.error_at,
        received=counters.received,
        sent=counters.sent,
    )


_BY_PEER: dict[str, Callable[[PeerCounters], int]] = {
    "transfers_received": lambda one: one.received,
    "octets_received": lambda one: one.octets_received,
    "transfers_sent": lambda one: one.sent,
    "octets_sent": lambda one: one.octets_sent,
    "reports_received": lambda one: one.reports_received,
    "reports_sent": lambda one: one.reports_sent,
    "repetitions_received": lambda one: one.repetitions,
    "transfers_refused": lambda one: one.refused,
    "attempts_failed": lambda one: one.attempts_failed,
    "transfers_refused_for_good": lambda one: one.refused_for_good,
    "peer_unreachable": lambda one: one.unreachable,
}


async def measured(worker: Worker) -> Measured:
    """All counters, the present state of queues and associations, and the histograms. Raises SpoolError."""
    queues = await worker.spool.queues()
    now = time.time()
    counters = worker.counters
    peers = counters.peers()
    counts = {name: [Sample((peer,), of(one)) for peer, one in peers.items()] for name, of in _BY_PEER.items()}
    counts["association_failures"] = [
        Sample((peer, layer), number) for peer, one in peers.items() for layer, number in one.failures.items()
    ] + [Sample(("", layer), number) for layer, number in counters.unknown_failures.items()]
    counts["procedures"] = [Sample((name,), number) for name, number in counters.events.items()]
    counts["deliveries"] = [Sample((), counters.delivered)]
    counts["quarantined"] = [Sample((), counters.quarantined)]
    counts["quarantine_refused"] = [Sample((), counters.quarantine_refused)]
    counts["entries_damaged"] = [Sample((), counters.damaged)]
    counts["spool_rescues"] = [Sample((), counters.rescues)]
    counts["directory_lookups"] = [Sample((), counters.directory.lookups)]
    counts["directory_unknown"] = [Sample((), counters.directory.unknown)]
    counts["directory_failures"] = [Sample((), counters.directory.failed)]
    counts["directory_cache_hits"] = [Sample((), worker.directory.cache.hits if worker.directory else 0)]
    states = peer_states(worker)
    kept, octets_kept = worker.spool.quarantined()
    gauges = {
        "queue_entries": [
            Sample((state.queue, priority), number)
            for state in queues
            for priority, number in zip(PRIORITIES, state.counts, strict=True)
        ],
        "queue_oldest_seconds": [
            Sample((state.queue, priority), max(0.0, now - arrived) if arrived else 0.0)
            for state in queues
            for priority, arrived in zip(PRIORITIES, state.arrivals, strict=True)
        ],
        "associations": list(_associations(states)),
        "quarantine_entries": [Sample((), kept)],
        "quarantine_octets": [Sample((), octets_kept)],
        "peer_failures_in_a_row": [Sample((state.name,), state.failures) for state in states],
    }  # fmt: skip
    histograms = {
        "event_loop_lag_seconds": _histogram(counters.loop_lag),
        "directory_lookup_seconds": _histogram(counters.directory.seconds),
        "commit_seconds": _histogram(worker.spool.commits()),
    }
    return Measured(counts, gauges, histograms)


def _associations(states: Iterable[PeerState]) -> Iterable[Sample]:
    for state in states:
        yield Sample((state.name, "in"), state.associations_in)
        yield Sample((state.name, "out"), state.associations_out)


def _histogram(durations: Durations) -> Histogram:
    return Histogram(Durations.BOUNDS, tuple(durations.counts), durations.sum)
