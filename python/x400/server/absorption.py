"""Fewer workers than before: what waits in the spool of one that is not started any more moves to one that is.

Each entry is stored here under a key of its own, then removed there: a crash between the two repeats the first step,
and the key tells. The histories stay where they are, and are still asked for repetitions and by `x400 trace`.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path

import structlog

from x400.spool import Batch, Entry, Event, Rescue, Spool, SqliteSpool
from x400.spool.quarantine import take_over

log = structlog.get_logger("x400.server")

TOGETHER = 200


async def absorb(folder: Path, into: Spool, home: Path, wake: Callable[[str], None]) -> int:
    """Move every entry of the spool in ``folder`` to ``into``, whose folder is ``home``, and what is in its quarantine.

    ``wake`` is called with the name of each queue that got some. How many entries were moved. Raises SpoolError: what
    was not moved is still there, and is moved the next time.
    """
    source = SqliteSpool(folder)
    await source.open()
    if source.rescued is not None:
        tell_of_rescue(source.rescued)
    moved = after = 0
    try:
        while ids := await source.find(None, None, after, TOGETHER):
            after = ids[-1]
            entries = await source.take(ids)
            await asyncio.gather(*[_move(entry, folder.name, into) for entry in entries])
            for entry in entries:
                source.done(entry, Event("moved", "", "to another worker"))
            moved += len(entries)
            for queue in {entry.queue for entry in entries}:
                wake(queue)
        kept = take_over(folder, home)
    finally:
        await source.close()
    if kept:
        log.info("what was in quarantine of a worker that is not started any more was taken over", spool=str(folder),
                 number=kept)  # fmt: skip
    if moved:
        log.info("entries of a worker that is not started any more were taken over", spool=str(folder), entries=moved)
    return moved


def tell_of_rescue(rescued: Rescue) -> None:
    """Tell the operator that a spool's database was damaged."""
    log.error("the spool was damaged: what could be read was saved", reason=rescued.reason, entries=rescued.saved,
              lost=len(rescued.lost), entries_lost=rescued.lost[:100], keys_missing=rescued.keys_missing,
              unaccounted=len(rescued.unaccounted), messages=[" ".join(one) for one in rescued.unaccounted[:100]],
              kept=str(rescued.kept))  # fmt: skip


async def _move(entry: Entry, worker: str, into: Spool) -> None:
    tail = entry.tail
    adopted = None if tail is None else await into.adopt(tail)
    copy = dataclasses.replace(entry, id=0, claimed=False, tail=adopted)
    batch = Batch(
        entry.identifier,
        f"moved from {worker}, entry {entry.id}".encode(),
        entry.kind,
        "",
        entry.size,
        [copy],
        [Event("moved", "", f"from {worker}")],
    )
    await into.store(batch)  # False: it was moved before
