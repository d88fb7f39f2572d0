"""What is ready to be passed on to one next hop: a short queue in memory before the spool's long one.

What arrives while little waits is handed on from memory after its commit, and never read back. Once enough waits, what
arrives stays on disk alone, and comes back in claims, by priority and age.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Container, Iterable

import structlog

from x400.spool import Claim, Entry, Spool, SpoolError

log = structlog.get_logger("x400.server")

READY_ENTRIES = 512
READY_OCTETS = 8 << 20
CLAIM_ENTRIES = 128
READ_AGAIN = 1.0
"""Seconds until the spool is asked again after it could not be read."""
LEASE = 600.0
"""Seconds; what is claimed is renewed long before."""


class Queue:
    """One next hop's queue; ``work`` passes on what it can, and is called whenever something may have changed."""

    def __init__(self, name: str, spool: Spool) -> None:
        self.name = name
        self.spool = spool
        self.stopping = False
        self._ready: list[tuple[int, int, Entry]] = []
        self._expected = 0
        self._octets = 0
        self._backlog = False
        self._claiming = False
        self._due: asyncio.TimerHandle | None = None
        self._due_at = 0.0  # the handle that uvloop gives for a time that is past cannot tell it
        self.damaged: Callable[[Entry, str], None] = lambda entry, cause: None
        """Called with a claimed entry whose octets turn out to be damaged: it is the callee's from then on."""

    def work(self) -> None:
        """Pass on what can be passed on."""
        raise NotImplementedError

    def accepts(self) -> bool:
        """Whether what arrives may be held in memory at all."""
        return not self.stopping

    # ---- what arrives

    def expect(self, entry: Entry) -> None:
        """An entry is about to be stored: claim it from the start if it can be handed on from memory."""
        if self._backlog or not self.accepts() or self._expected + len(self._ready) >= READY_ENTRIES:
            self._backlog = True
            return
        size = len(entry.head)
        if self._octets + size > READY_OCTETS and self._octets:
            self._backlog = True
            return
        entry.claimed = True
        self._expected += 1
        self._octets += size

    def stored(self, entry: Entry) -> None:
        """It is on disk."""
        if entry.claimed:
            self._expected -= 1
            heapq.heappush(self._ready, (entry.priority, entry.id, entry))
        else:  # a claim that found nothing may have been made before it was there
            self._backlog = True

    def not_stored(self, entry: Entry) -> None:
        """It is not."""
        if entry.claimed:
            self._expected -= 1
            self._octets -= len(entry.head)

    # ---- what leaves

    def __len__(self) -> int:
        return len(self._ready)

    def take(self) -> Entry | None:
        """The next entry to pass on, if one is at hand."""
        if not self._ready:
            return None
        entry = heapq.heappop(self._ready)[2]
        self._octets -= len(entry.head)
        return entry

    def at_hand(self) -> Iterable[Entry]:
        """Claimed, and not yet being passed on."""
        return [entry for _, _, entry in self._ready]

    def withdraw(self, ids: Container[int]) -> list[Entry]:
        """Take those of these entries that are at hand: they stay claimed, and are the caller's now."""
        withdrawn = [item for item in self._ready if item[1] in ids]
        if withdrawn:
            self._ready = [item for item in self._ready if item[1] not in ids]
            heapq.heapify(self._ready)
            self._octets -= sum(len(entry.head) for _, _, entry in withdrawn)
        return [entry for _, _, entry in withdrawn]

    def put_back(self) -> None:
        """Give all that is ready back to the spool: it cannot be passed on for now."""
        if self._ready:
            self.spool.release(self.at_hand())
            for entry in self.at_hand():
                self._octets -= len(entry.head)
            self._ready.clear()
            self._backlog = True

    # ---- what waits on disk

    def retry_at(self, entry: Entry, due: float, error: str) -> None:
        """The entry could not be passed on: it is tried again at ``due`` (seconds since 1970), once that is on disk."""

        def written(done: asyncio.Future[None]) -> None:
            if not done.cancelled() and done.exception() is None:  # else the worker ends
                self.wake_at(due + 0.01)

        self.spool.retry(entry, due, error).add_done_callback(written)

    def wake(self) -> None:
        """Something waits on disk."""
        self._backlog = True
        self.work()

    def wake_at(self, due: float) -> None:
        """Something will be due at ``due`` (seconds since 1970)."""
        if self.stopping:
            return
        loop = asyncio.get_running_loop()
        at = loop.time() + max(0.0, due - time.time())
        if self._due is None or self._due.cancelled() or self._due_at > at:
            if self._due is not None:
                self._due.cancel()
            self._due, self._due_at = loop.call_at(at, self._due_now), at

    def _due_now(self) -> None:
        self._due = None
        self.wake()

    def refill(self) -> None:
        """Read more from disk, if there is more and little is at hand."""
        if not self._backlog or self._claiming or not self.accepts():
            return
        if len(self._ready) >= CLAIM_ENTRIES // 2 or self._octets >= READY_OCTETS // 2:
            return
        self._claiming = True
        self._backlog = False
        self.spool.claim(self.name, CLAIM_ENTRIES, LEASE, READY_OCTETS // 2).add_done_callback(self._claimed)

    def _claimed(self, done: asyncio.Future[Claim]) -> None:
        self._claiming = False
        try:
            claim = done.result()
        except SpoolError as error:
            log.warning("queue cannot be read", queue=self.name, error=str(error))
            self.wake_at(time.time() + READ_AGAIN)
            return
        if len(claim.entries) == CLAIM_ENTRIES or (claim.entries and claim.next_due is None):
            self._backlog = True
        for entry in claim.entries:
            if entry.damage:
                self.damaged(entry, entry.damage)
                continue
            self._octets += len(entry.head)
            heapq.heappush(self._ready, (entry.priority, entry.id, entry))
        if claim.next_due is not None:
            self.wake_at(claim.next_due)
        if not self.accepts():
            self.put_back()
        elif claim.entries:
            self.work()

    # ---- life

    def under_way(self) -> Iterable[Entry]:
        """Claimed, and just being passed on."""
        return ()

    def renew(self) -> None:
        """Keep the claims of what is at hand or under way."""
        self.spool.renew([*self.at_hand(), *self.under_way()], LEASE)

    def stop(self) -> None:
        self.stopping = True
        if self._due is not None:
            self._due.cancel()
        self.put_back()
