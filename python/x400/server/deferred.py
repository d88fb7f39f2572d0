"""Messages that are held until their deferred delivery time: each is due then, and goes through the procedures."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from x400.server.batches import DEFERRED, batch_of, stored_of
from x400.server.queues import LEASE, Queue
from x400.spool import Entry, Event, SpoolError

if TYPE_CHECKING:
    from x400.server.worker import Worker

log = structlog.get_logger("x400.server")

RETRY = 30.0


class DeferredQueue(Queue):
    """See the module."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(DEFERRED, worker.spool)
        self._worker = worker
        self._under_way: list[Entry] = []

    def expect(self, entry: Entry) -> None:
        """It stays on disk until it is due."""

    def stored(self, entry: Entry) -> None:
        self.wake_at(entry.due)

    def work(self) -> None:
        self.refill()
        while not self.stopping and (entry := self.take()) is not None:
            self._under_way.append(entry)
            self._worker.start_task(self._release(entry))

    async def _release(self, entry: Entry) -> None:
        worker = self._worker
        try:
            arrived = datetime.fromtimestamp(entry.arrived, UTC)
            outcome = worker.mta.release(stored_of(entry), arrived, datetime.now(UTC))
            batch = batch_of(outcome, "", entry.size, repeatable=False)
            batch.events.insert(0, Event("released", "", "its time has come"))
            worker.expect(batch)
            try:
                await self.spool.replace(entry, batch)
            except SpoolError as error:
                worker.not_stored(batch)
                self.retry_at(entry, time.time() + RETRY, str(error))
                return
            worker.stored(batch)
        except Exception as error:  # InvalidAPDU, or a fault of ours: kept aside, the others go on
            log.error("a held message cannot go on", identifier=entry.identifier, error=repr(error))
            await self._put_aside(entry, error)
        finally:
            self._under_way.remove(entry)
            self.refill()

    async def _put_aside(self, entry: Entry, fault: Exception) -> None:
        try:
            await self._worker.put_aside(entry, fault)
        except SpoolError as error:
            due = time.time() + RETRY
            self.spool.retry(entry, due, str(error))
            self.wake_at(due)

    def renew(self) -> None:
        """Keep the claims of what is at hand or under way."""
        self.spool.renew([*self.at_hand(), *self._under_way], LEASE)

    def stop(self) -> None:
        super().stop()
        self.put_back()
