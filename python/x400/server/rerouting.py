"""Another way for what waits for a peer: for one that is down, or one that the configuration has no more.

What has no other way waits on: for the peer that is down until it is back, for one that was removed until it is put
back, an operator decides, or its transfer time has run out and it is reported on. A slip of the hand in the
configuration loses nobody's message, and makes no million of reports.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from x400.server.batches import batch_of, recipients_of, stored_of
from x400.server.outbound import PeerQueue
from x400.server.queues import LEASE
from x400.spool import HELD, Entry, SpoolError

if TYPE_CHECKING:
    from x400.server.worker import Worker

__all__ = ["reroute", "reroute_removed"]

log = structlog.get_logger("x400.server")

TOGETHER = 500


async def reroute(worker: Worker, name: str) -> None:
    """A peer is down: what waits for it goes by other routes, as far as it has some to peers that are not down.

    At most `TOGETHER` entries that have none are looked at; they wait for the peer."""
    staying: list[Entry] = []
    try:
        while len(staying) < TOGETHER:
            claim = await worker.spool.claim(name, TOGETHER - len(staying), LEASE)
            if not claim.entries:
                break
            staying += await _each(worker, claim.entries)
    except SpoolError as error:
        log.warning("nothing is rerouted", peer=name, error=str(error))
    finally:
        worker.spool.release(staying)
        if staying:
            worker.wake(name)


async def reroute_removed(worker: Worker, name: str) -> None:
    """The configuration has no such peer any more: all that waits for it goes by other routes, but what is held."""
    after = moved = left = 0
    try:
        while ids := await worker.spool.find(name, None, after, TOGETHER):
            after = ids[-1]
            entries = await worker.spool.take(ids)
            staying = [entry for entry in entries if entry.due == HELD]
            try:
                staying += await _each(worker, [entry for entry in entries if entry.due != HELD])
            finally:
                worker.spool.release(staying)
            left += len(staying)
            moved += len(entries) - len(staying)
    except SpoolError as error:
        log.warning("nothing is rerouted", peer=name, error=str(error))
    if moved:
        log.info("what waited for a peer that was removed was rerouted", peer=name, entries=moved)
    if left:
        log.warning("entries wait for a peer that is not configured", queue=name, entries=left)


async def _each(worker: Worker, entries: list[Entry]) -> list[Entry]:
    """Those that have no other way, still claimed. Raises SpoolError; the claims of all that stay are given back."""
    down = [queue.name for queue in worker.queues() if isinstance(queue, PeerQueue) and queue.failures]
    staying: list[Entry] = []
    for number, entry in enumerate(entries):
        try:
            moved = await _rerouted(worker, entry, down)
        except SpoolError:
            worker.spool.release([*staying, *entries[number:]])
            raise
        if not moved:
            staying.append(entry)
    return staying


async def _rerouted(worker: Worker, entry: Entry, down: list[str]) -> bool:
    if entry.damage:
        worker.set_aside(entry, entry.damage)
        return True
    try:
        outcome = worker.mta.reroute(stored_of(entry), recipients_of(entry), entry.queue, down, datetime.now(UTC))
    except Exception as error:  # it waits for its peer, as it would have
        log.error("cannot be rerouted", identifier=entry.identifier, error=repr(error))
        return False
    if outcome is None:
        return False
    batch = batch_of(outcome, "", entry.size, repeatable=False)
    await worker.replace(entry, batch)
    return True
