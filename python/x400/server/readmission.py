"""What is in quarantine is let in again, after a configuration or a program that was at fault has been set right.

What a peer had transferred goes through message-in as if it came now; the peer, which was told of the fault, may have
reported it, or repeat it still: a repetition is recognised, in either order. What was an entry of the spool waits in
its queue again, as it did.
"""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from x400.console.control import Readmitted
from x400.mts.exceptions import InvalidAPDU
from x400.mts.heads import EnvelopeTooLong, with_envelope
from x400.mts.stored import Stored, Tail
from x400.server.batches import batch_of
from x400.spool import Batch, Entry, Event, Part, Quarantined
from x400.spool.quarantine import forget, named

if TYPE_CHECKING:
    from x400.server.config import Limits
    from x400.server.worker import Worker

__all__ = ["NotReadmitted", "readmit"]

log = structlog.get_logger("x400.server")

PIECE = 1 << 20
"""Octets that are copied at once."""

BY = Event("readmitted", "", "from quarantine, by an operator")


class NotReadmitted(Exception):
    """It stays in quarantine; the text says why."""


async def readmit(worker: Worker, folder: Path, name: str) -> Readmitted:
    """Let one thing in again that is in the quarantine of the worker's spool ``folder``.

    Raises NotReadmitted, SpoolError: it is kept, then.
    """
    one = named(folder, name)
    if one is None:
        raise NotReadmitted(f"nothing of the name {name} is in quarantine")
    tail: Part | None = None
    entry = one.entry
    head = _head(one, worker.config.limits) if entry is None else entry.head
    if one.size > len(head):
        tail = await _content(worker, one, len(head))
    used = False
    try:
        batch = _passed_in(worker, one, head, tail) if entry is None else _queued_again(one.name, entry, tail)
        worker.expect(batch)
        try:
            is_new = await worker.spool.store(batch)
        except BaseException:
            worker.not_stored(batch)
            raise
        if is_new:
            used = any(each.tail for each in batch.entries)
            if entry is None:
                worker.accounting.accepted(batch)
            worker.stored(batch)
        else:
            worker.not_stored(batch)
    finally:
        if tail is not None and not used:
            os.unlink(tail.path)
    await asyncio.get_running_loop().run_in_executor(None, forget, one)
    log.info("operator", does="readmit", identifier=batch.identifier, peer=one.about.peer, repeated=not is_new)
    return Readmitted(
        batch.identifier, not is_new, [f"{event.action} {event.detail}".strip() for event in batch.events]
    )


def _head(one: Quarantined, limits: Limits) -> bytes:
    """As much as there would be in memory of what comes in now."""

    def read(size: int) -> bytes:
        with open(one.path, "rb") as file:
            return file.read(size)

    try:
        return with_envelope(read(limits.large_content_octets), one.size, limits.envelope_octets, read)
    except EnvelopeTooLong as error:
        raise NotReadmitted(str(error)) from None


async def _content(worker: Worker, one: Quarantined, start: int) -> Part:
    """What stands behind the head, as a content of the spool."""
    content = worker.spool.content()
    try:
        with open(one.path, "rb") as file:
            file.seek(start)
            while data := file.read(PIECE):
                content.write(data)
                await asyncio.sleep(0)
        await content.sync()
    except BaseException:
        content.discard()
        raise
    return Part(content.path, 0, content.length)


def _passed_in(worker: Worker, one: Quarantined, head: bytes, tail: Part | None) -> Batch:
    peer = one.about.peer
    stored = Stored(head, None if tail is None else Tail(tail.path, tail.offset, tail.length))
    cause = worker.binding.not_to_pass(peer, stored)
    if cause is not None:
        raise NotReadmitted(cause)
    try:
        outcome = worker.mta.message_in(stored, peer, datetime.now(UTC))
    except InvalidAPDU as error:
        raise NotReadmitted(f"it is still not understood: {error}") from None
    batch = batch_of(outcome, peer, stored.length)
    batch.events.insert(0, BY)
    return batch


def _queued_again(name: str, entry: Entry, tail: Part | None) -> Batch:
    entry.tail = tail
    return Batch(entry.identifier, f"readmitted {name}".encode(), entry.kind, "", entry.size, [entry], [BY])
