"""What waits until a directory has been asked: each goes through the procedures again when all its names are known."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from x400.server.batches import DIRECTORY, batch_of, stored_of
from x400.server.directory import DirectoryFailed
from x400.server.queues import LEASE, Queue
from x400.spool import Entry, Event, SpoolError

if TYPE_CHECKING:
    from x400.server.worker import Worker

__all__ = ["DirectoryQueue"]

log = structlog.get_logger("x400.server")

TOGETHER = 64
RETRY = 30.0


class DirectoryQueue(Queue):
    """See the module. After a failure nothing is asked for a time, and what is at hand goes back to disk."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(DIRECTORY, worker.spool)
        self._worker = worker
        self._under_way: list[Entry] = []
        self._failures = 0
        self._again = 0.0
        """On the clock that does not jump."""

    def accepts(self) -> bool:
        return not self.stopping and time.monotonic() >= self._again

    def work(self) -> None:
        wait = self._again - time.monotonic()
        if wait > 0:
            self.wake_at(time.time() + wait)
            return
        self.refill()
        while self.accepts() and len(self._under_way) < TOGETHER and (entry := self.take()) is not None:
            self._under_way.append(entry)
            self._worker.start_task(self._resume(entry))

    async def _resume(self, entry: Entry) -> None:
        worker = self._worker
        try:
            stored = stored_of(entry)
            if worker.directory is not None and (names := worker.mta.wanted(stored, datetime.now(UTC))):
                await worker.directory.look_up(names)
                self._reached()
            outcome = worker.mta.resume(stored, datetime.now(UTC))
            batch = batch_of(outcome, "", entry.size, repeatable=False)
            worker.expect(batch)
            try:
                await self.spool.replace(entry, batch)
            except SpoolError as error:
                worker.not_stored(batch)
                due = time.time() + RETRY
                self.spool.retry(entry, due, str(error))
                self.wake_at(due)
                return
            worker.stored(batch)
        except DirectoryFailed as failure:
            self._failed(entry, failure)
        except Exception as error:  # InvalidAPDU, or a fault of ours: kept aside, the others go on
            log.error("what waited for the directory cannot go on", identifier=entry.identifier, error=repr(error))
            self.spool.quarantine(entry.queue, str(error), getattr(error, "offset", None), [entry.head])
            self.spool.done(entry, Event("quarantined", entry.queue, str(error)))
        finally:
            self._under_way.remove(entry)
            self.work()

    def _reached(self) -> None:
        if self._failures:
            self._failures = 0
            self._again = 0.0
            self.spool.obstacle(self.name)
            log.info("the directory answers again")
            self.wake()

    def _failed(self, entry: Entry, failure: DirectoryFailed) -> None:
        directory, cause = self._worker.directory, str(failure)
        assert directory is not None
        now = time.time()
        due = now + directory.retry
        if failure.answers:
            log.warning("an answer of the directory is of no use", identifier=entry.identifier, cause=cause)
            self.spool.retry(entry, due, cause)
            self.wake_at(due)
            return
        if self._again <= time.monotonic():
            self._again = time.monotonic() + directory.retry
            self._failures += 1
            self.spool.obstacle(self.name, self._failures, cause, due)
            log.warning("no answer from the directory", cause=cause, failures=self._failures)
        self.spool.retry(entry, due, cause)
        self.put_back()
        self.wake_at(due)

    def wake_at(self, due: float) -> None:
        if not self.stopping:
            super().wake_at(due)

    def renew(self) -> None:
        """Keep the claims of what is at hand or under way."""
        self.spool.renew([*self.at_hand(), *self._under_way], LEASE)

    def stop(self) -> None:
        super().stop()
        self.put_back()
