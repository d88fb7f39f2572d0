"""A queue of what waits to go through the procedures again, one entry after another, each as a task of its own."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import structlog

from x400.server.queues import Queue
from x400.spool import Batch, Entry, SpoolError

if TYPE_CHECKING:
    from x400.server.worker import Worker

__all__ = ["WaitingQueue"]

log = structlog.get_logger("x400.server")

RETRY = 30.0
"""Seconds until an entry is tried again whose outcome could not be written."""


class WaitingQueue(Queue):
    """See the module. A subclass makes of an entry the batch that takes its place."""

    def __init__(self, name: str, worker: Worker) -> None:
        super().__init__(name, worker.spool)
        self._worker = worker
        self._under_way: list[Entry] = []

    def under_way(self) -> Iterable[Entry]:
        return self._under_way

    async def _go_on(self, entry: Entry, batch: Batch) -> None:
        """The batch takes the place of the entry, now or later."""
        try:
            await self._worker.replace(entry, batch)
        except SpoolError as error:
            self.retry_at(entry, time.time() + RETRY, str(error))

    async def _put_aside(self, entry: Entry, fault: Exception) -> None:
        """The procedures fail with it (InvalidAPDU, or a fault of ours): it is kept aside, the others go on."""
        log.error("what waited cannot go on", queue=self.name, identifier=entry.identifier, error=repr(fault))
        try:
            await self._worker.put_aside(entry, fault)
        except SpoolError as error:
            self.retry_at(entry, time.time() + RETRY, str(error))
