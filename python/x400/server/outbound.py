"""Passing on to one peer: a pool of associations, retry with back-off, transfers one after another on each.

An association that is free takes the next entry from memory; another is opened only when more waits than there are,
up to the peer's limit; one that has been idle for a while is released. A peer that cannot be reached is tried again
after a wait that grows; its entries stay on disk untouched. An entry that the peer refuses, or that an association
died of, waits by itself, and the others go on. What the peer has refused for good a few times is reported on.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import structlog

from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode
from x400.osi import rtse
from x400.server.config import Peer, Retry
from x400.server.queues import Queue
from x400.server.recovery import Interrupted, refusals_of, with_refusals
from x400.spool import Entry, Event, SpoolError

if TYPE_CHECKING:
    from x400.server.link import Link
    from x400.server.worker import Worker

log = structlog.get_logger("x400.server")

_LIMIT = NonDeliveryDiagnosticCode.TRANSFER_ATTEMPTS_LIMIT_REACHED


def wait_after(failures: int, retry: Retry) -> float:
    """Seconds to wait after so many failures in a row, a random part of it taken off."""
    wait = min(retry.longest, retry.first * retry.factor ** min(failures - 1, 64))
    return wait * (1 - retry.jitter * random.random())


class PeerQueue(Queue):
    """See the module."""

    def __init__(self, peer: Peer, worker: Worker) -> None:
        super().__init__(peer.name, worker.spool)
        self.peer = peer
        self.links: set[Link] = set()
        """Associations that we have opened, or are opening."""
        self.askable: set[Link] = set()
        """Two-way alternate associations of which the peer has the turn: it may give it to us."""
        self.free: list[Link] = []
        self.retired = False
        self.failures = 0
        self.interrupted = Interrupted()
        self.recovery = rtse.NO_CONNECTION
        """An association that was lost in the middle of a transfer, and may be recovered."""
        self._opening = 0
        self.again_at = 0.0
        """When an association is tried again, in seconds since 1970; 0: there is nothing to wait for."""
        self._again: asyncio.TimerHandle | None = None
        self._worker = worker
        self._counters = worker.counters.peer(peer.name)

    def accepts(self) -> bool:
        if self.stopping:
            return False
        if self.links or self.askable or self.free:
            return True
        return self.peer.address is not None and self._again is None

    def work(self) -> None:
        while self._ready and self.free:
            entry = self.take()
            assert entry is not None
            self.free.pop().send(entry)
        self.refill()
        if not self._ready:
            return
        if not self.accepts():
            self.put_back()
        elif self.askable:
            for link in self.askable:
                link.ask_turn(self._ready[0][0])
        elif self._may_open():
            self._open()

    # ---- associations

    def _may_open(self) -> bool:
        return (
            self.peer.address is not None
            and not self._opening
            and self._again is None
            and len(self.links) < self.peer.max_associations
            and len(self._ready) >= len(self.links)
        )

    def _open(self) -> None:
        self._opening += 1
        self._worker.call(self)

    def opened(self, link: Link) -> None:
        """The peer has accepted the association."""
        self._opening -= 1
        self.links.add(link)
        if self.failures:
            self.spool.obstacle(self.name)

    def refused(self, cause: str) -> None:
        """The peer cannot be reached, or refuses the association."""
        self._opening -= 1
        self.back_off(cause)

    def not_recovered(self) -> None:
        """The peer does not know the association any more that we wanted to go on with: bind."""
        self._opening -= 1

    def back_off(self, cause: str) -> None:
        """Open no association for a while; what is ready goes by those that stand, if any."""
        if self.stopping or self._again is not None:
            return
        self.failures += 1
        wait = wait_after(self.failures, self._worker.config.retry)
        self._again = asyncio.get_running_loop().call_later(wait, self._try_again)
        log.warning("peer cannot be reached", peer=self.name, cause=cause, failures=self.failures, again=round(wait, 1))
        self.again_at = time.time() + wait
        self.spool.obstacle(self.name, self.failures, cause, self.again_at)
        self._counters.unreachable += 1
        self._counters.problem(cause)
        if not self.links:
            self.put_back()
            if self._worker.mta.has_alternatives(self.name):
                self._worker.reroute(self.name)

    def _try_again(self) -> None:
        self._again = None
        self.again_at = 0.0
        self.wake()

    def try_now(self) -> None:
        """Do not wait any longer before an association is tried again."""
        if self._again is not None:
            self._again.cancel()
            self._try_again()

    def is_free(self, link: Link) -> None:
        """The link can take a transfer."""
        entry = self.take() if not self.stopping else None
        if entry is not None:
            link.send(entry)
            if len(self._ready) < 16:
                self.refill()
            return
        if self.stopping:
            self._worker.finish(link)
        else:
            self.free.append(link)
            self.refill()

    def gone(self, link: Link) -> None:
        """The link is no more, or has lost the turn."""
        self.links.discard(link)
        self.askable.discard(link)
        self.not_free(link)
        if self.retired and not self.links and not self.askable:  # what it could not transfer goes another way, too
            self._worker.reroute(self.name, removed=True)

    def not_free(self, link: Link) -> None:
        if link in self.free:
            self.free.remove(link)

    def release_idle(self, idle: float) -> None:
        """Release the associations of ours that have been free for ``idle`` seconds."""
        before = asyncio.get_running_loop().time() - idle
        for link in [link for link in self.free if link in self.links and link.free_since <= before]:
            self.free.remove(link)
            link.release()

    # ---- what became of a transfer

    def transferred(self, entry: Entry) -> None:
        """The peer has confirmed the entry."""
        self.retired = False
        self.failures = 0
        self.interrupted.forget(entry.id)
        self._counters.sent += 1
        self._counters.octets_sent += entry.size
        self._counters.reports_sent += entry.kind == "report"
        self._worker.accounting.left("transferred", entry)
        self.spool.done(entry, Event("transferred", self.name))

    def failed(self, entry: Entry, error: str, progress: bool = False, refusals: int | None = None) -> None:
        """The transfer was refused, or its association was lost: this entry waits, and is tried again.

        One that has come farther than ever before waits no longer than after a first failure. ``refusals``: how often
        it was refused for good, if that is more than before.
        """
        refusals = refusals_of(entry, self.name) if refusals is None else refusals
        entry.attempts += 1
        self._counters.attempts_failed += 1
        self._counters.problem(error)
        due = time.time() + wait_after(1 if progress else entry.attempts, self._worker.config.retry)
        self.retry_at(entry, due, with_refusals(error, refusals, self.name))

    def refused_for_good(self, entry: Entry, error: str) -> None:
        """The peer says that it will never take it. It may be mistaken, so it is asked again a few times; then the
        recipients are reported on."""
        number = refusals_of(entry, self.name) + 1
        if number < self._worker.config.retry.refusals:
            self.failed(entry, error, refusals=number)
            return
        self._counters.refused_for_good += 1
        self._counters.problem(error)
        log.warning("transfer refused for good", peer=self.name, identifier=entry.identifier, refusals=number)
        why = f"refused {number} times by {self.name}"
        self._worker.start_task(self._given_up(entry, error, NonDelivery.of(_LIMIT, why)))

    async def _given_up(self, entry: Entry, error: str, why: NonDelivery) -> None:
        try:
            await self._worker.give_up(entry, why)
        except SpoolError as full:
            self.failed(entry, f"{error}; not reported on: {full}")

    # ---- life

    def under_way(self) -> Iterable[Entry]:
        return [link.sending for link in (*self.links, *self.askable) if link.sending is not None]

    def retire(self) -> None:
        """The configuration has no such peer any more: what is under way ends, all else goes another way, or waits."""
        self.retired = True
        self.stop()

    def stop(self) -> None:
        super().stop()
        if self._again is not None:
            self._again.cancel()
            self._again = None
        self.release_idle(0.0)
