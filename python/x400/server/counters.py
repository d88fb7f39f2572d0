"""What a worker counts: plain numbers, added to as things happen, read when somebody asks.

The names are the metrics' names without the prefix `x400_`; docs/operate.md says what each means.
"""

from __future__ import annotations

import time
from collections import Counter

from x400.spool import Durations


class PeerCounters:
    """One peer's: transfers and their octets, what was refused on either side, what is tried again, what went wrong."""

    __slots__ = (
        "attempts_failed", "error", "error_at", "failures", "octets_received", "octets_sent", "received", "refused",
        "refused_for_good", "repetitions", "reports_received", "reports_sent", "sent", "unreachable",
    )  # fmt: skip

    def __init__(self) -> None:
        self.received = 0
        self.octets_received = 0
        self.sent = 0
        self.octets_sent = 0
        self.reports_received = 0
        """Of those received."""
        self.reports_sent = 0
        """Of those sent."""
        self.repetitions = 0
        self.refused = 0
        """Transfers of the peer's that we refused."""
        self.attempts_failed = 0
        """Transfers of ours that the peer refused, or that the association died of."""
        self.refused_for_good = 0
        """Transfers of ours that the peer refused for good until they were given up."""
        self.unreachable = 0
        """Times that no association could be had."""
        self.failures: Counter[str] = Counter()
        """Associations that ended in a failure, by layer."""
        self.error = ""
        self.error_at = 0.0

    def failed(self, layer: str, detail: str) -> None:
        """An association with the peer ended in a failure."""
        self.failures[layer] += 1
        self.problem(detail)

    def problem(self, detail: str) -> None:
        """The last thing that went wrong, for who asks."""
        self.error = detail
        self.error_at = time.time()


class DirectoryCounters:
    """What was asked of the directory, how often it had no such name, how often there was no answer, and the time."""

    __slots__ = ("failed", "lookups", "seconds", "unknown")

    def __init__(self) -> None:
        self.lookups = 0
        self.unknown = 0
        self.failed = 0
        self.seconds = Durations()


class Counters:
    """One worker's."""

    def __init__(self) -> None:
        self._peers: dict[str, PeerCounters] = {}
        self.events: Counter[str] = Counter()
        """Steps of the procedures, by their names in the trace."""
        self.delivered = 0
        self.quarantined = 0
        self.quarantine_refused = 0
        self.damaged = 0
        """Entries that were not what had been stored."""
        self.rescues = 0
        """Times that the spool's database was damaged."""
        self.unknown_failures: Counter[str] = Counter()
        """Associations that failed before anybody knew with whom, by layer."""
        self.loop_lag = Durations()
        self.directory = DirectoryCounters()

    def peer(self, name: str) -> PeerCounters:
        """The counters of one configured peer (the caller sees to it that nobody else gets any)."""
        counters = self._peers.get(name)
        if counters is None:
            counters = self._peers[name] = PeerCounters()
        return counters

    def lost(self, peer: str, cause: tuple[str, str] | None) -> None:
        """An association is no more; the cause, if that was a failure: the layer and what happened."""
        if cause is None:
            return
        if peer:
            self.peer(peer).failed(*cause)
        else:
            self.unknown_failures[cause[0]] += 1

    def peers(self) -> dict[str, PeerCounters]:
        return self._peers
