"""What an operator does to what waits: hold, release, try again at once, give up, pass to another peer.

Entries are worked on in groups, so that a million of them neither fill the memory nor keep the loop from its work. An
entry at hand in memory is taken from there; one that is just being transferred is left alone, and counted as busy.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog

from x400.console.control import Cancel, Changed, Delete, Hold, Release, Reroute, Retry, Selection
from x400.mts.reports import NonDeliveryDiagnosticCode
from x400.server.batches import DEFERRED, DELIVERY, DIRECTORY, batch_of, stored_of
from x400.server.outbound import PeerQueue
from x400.spool import HELD, Entry, Event

if TYPE_CHECKING:
    from x400.server.worker import Worker

log = structlog.get_logger("x400.server")

TOGETHER = 500


class OperationRefused(Exception):
    """The operation cannot be carried out on anything."""


class Operations:
    """See the module."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._spool = worker.spool

    async def hold(self, request: Hold) -> Changed:
        """Until released, or expired."""
        event = Event("held", "", "by an operator")
        return await self._each(request, lambda entries: self._spool.postpone(entries, HELD, event))

    async def release(self, request: Release) -> Changed:
        """What was held, and only that: what waits for its next attempt goes on to wait."""
        event = Event("released", "", "by an operator")

        async def release(entries: list[Entry]) -> int:
            held = [entry for entry in entries if entry.due == HELD]
            self._spool.release(entry for entry in entries if entry.due != HELD)
            await self._spool.postpone(held, 0.0, event)
            return len(held)

        changed = await self._each(request, release)
        self._wake(request.queue)
        return changed

    async def retry(self, request: Retry) -> Changed:
        """At once, and what is held too if it was asked for by name."""
        event = Event("tried-at-once", "", "by an operator")

        async def retry(entries: list[Entry]) -> int:
            meant = [entry for entry in entries if entry.due != HELD or request.identifier is not None]
            self._spool.release(entry for entry in entries if entry not in meant)
            await self._spool.postpone(meant, 0.0, event)
            return len(meant)

        changed = await self._each(request, retry)
        self._wake(request.queue, forget_failures=True)
        return changed

    async def reroute(self, request: Reroute) -> Changed:
        """To another peer. Reports for what is given up later speak of the same recipients."""
        if request.to not in self._worker.config.peers:
            raise OperationRefused(f"{request.to!r} is not a peer of the configuration")
        event = Event("rerouted", request.to, "by an operator")

        async def move(entries: list[Entry]) -> int:
            meant = [entry for entry in entries if self._is_for_a_peer(entry) and entry.queue != request.to]
            self._spool.release(entry for entry in entries if entry not in meant)
            await self._spool.move(meant, request.to, event)
            return len(meant)

        changed = await self._each(request, move)
        self._wake(request.to)
        return changed

    async def delete(self, request: Delete) -> Changed:
        """A report takes the place of each, if its originator wants one."""
        if request.diagnostic.upper().replace("-", "_") not in NonDeliveryDiagnosticCode.__members__:
            raise OperationRefused(f"{request.diagnostic!r} is not a non-delivery-diagnostic-code of X.411")

        async def delete(entries: list[Entry]) -> int:
            for number, entry in enumerate(entries):
                try:
                    await self._worker.give_up(entry, request.diagnostic)
                except BaseException:
                    self._spool.release(entries[number:])
                    raise
            return len(entries)

        return await self._each(request, delete)

    async def cancel(self, request: Cancel) -> Changed:
        """A deferred message, without a report, as its originator would (X.411 8.2.1.3)."""
        if request.queue not in (None, DEFERRED) or request.identifier is None:
            raise OperationRefused("expected the identifier of a message that is deferred")

        async def cancel(entries: list[Entry]) -> int:
            for number, entry in enumerate(entries):
                outcome = self._worker.mta.cancel(stored_of(entry), None)
                assert outcome is not None
                try:
                    await self._spool.replace(entry, batch_of(outcome, "", entry.size, repeatable=False))
                except BaseException:
                    self._spool.release(entries[number:])
                    raise
            return len(entries)

        return await self._each(Cancel(DEFERRED, request.identifier), cancel)

    # ---- what they share

    async def _each(self, selection: Selection, change: Callable[[list[Entry]], Awaitable[int | None]]) -> Changed:
        """Claim what is selected, a group at a time, and change it. ``change`` gives the claims back, or ends them;
        it says how many it changed where these are not all."""
        total = Changed()
        after = 0
        while ids := await self._spool.find(selection.queue, selection.identifier, after, TOGETHER):
            after = ids[-1]
            entries = self._worker.withdraw(ids)
            at_hand = {entry.id for entry in entries}
            entries += await self._spool.take([id for id in ids if id not in at_hand])
            if not entries:
                total.busy += len(ids)
                continue
            total.busy += len(ids) - len(entries)
            changed = await change(entries)
            total.changed += len(entries) if changed is None else changed
        log.info("operator", does=type(selection).__name__.lower(), queue=selection.queue,
                 identifier=selection.identifier, changed=total.changed, busy=total.busy)  # fmt: skip
        return total

    def _is_for_a_peer(self, entry: Entry) -> bool:
        return not entry.queue.startswith(DELIVERY) and entry.queue not in (DEFERRED, DIRECTORY)

    def _wake(self, name: str | None, *, forget_failures: bool = False) -> None:
        for queue in self._worker.queues(name):
            if forget_failures and isinstance(queue, PeerQueue):
                queue.try_now()
            queue.wake()
