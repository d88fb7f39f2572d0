"""Messages that are held until their deferred delivery time: each is due then, and goes through the procedures."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from x400.server.batches import DEFERRED, batch_of, stored_of
from x400.server.waiting import WaitingQueue
from x400.spool import Entry, Event

if TYPE_CHECKING:
    from x400.server.worker import Worker


class DeferredQueue(WaitingQueue):
    """See the module."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(DEFERRED, worker)

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
        mta = self._worker.mta
        try:
            arrived = datetime.fromtimestamp(entry.arrived, UTC)
            outcome = mta.release(stored_of(entry), arrived, datetime.now(UTC))
            batch = batch_of(outcome, "", entry.size, repeatable=False)
            batch.events.insert(0, Event("released", "", "its time has come"))
            await self._go_on(entry, batch)
        except Exception as error:
            await self._put_aside(entry, error)
        finally:
            self._under_way.remove(entry)
            self.refill()
