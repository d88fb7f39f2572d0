"""What waits until a directory has been asked: each goes through the procedures again when all its names are known."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode, NonDeliveryReasonCode
from x400.server.batches import DIRECTORY, batch_of, stored_of
from x400.server.directory import DirectoryFailed
from x400.server.waiting import WaitingQueue
from x400.spool import Entry

if TYPE_CHECKING:
    from x400.server.worker import Worker

__all__ = ["UNANSWERED", "DirectoryQueue"]

log = structlog.get_logger("x400.server")

TOGETHER = 64

UNANSWERED = NonDelivery(
    NonDeliveryReasonCode.DIRECTORY_OPERATION_UNSUCCESSFUL, NonDeliveryDiagnosticCode.MAXIMUM_TIME_EXPIRED
)
"""Why what has waited for an answer until its time was over is not delivered (X.411 8.3.1.2.1.10)."""


class DirectoryQueue(WaitingQueue):
    """See the module. After a failure nothing is asked for a time, and what is at hand goes back to disk."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(DIRECTORY, worker)
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
            await self._go_on(entry, batch)
        except DirectoryFailed as failure:
            self._failed(entry, failure)
        except Exception as error:
            await self._put_aside(entry, error)
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
            self.retry_at(entry, due, cause)
            return
        if self._again <= time.monotonic():
            self._again = time.monotonic() + directory.retry
            self._failures += 1
            self.spool.obstacle(self.name, self._failures, cause, due)
            log.warning(
                "no answer from the directory", identifier=entry.identifier, cause=cause, failures=self._failures
            )
        self.retry_at(entry, due, cause)
        self.put_back()
