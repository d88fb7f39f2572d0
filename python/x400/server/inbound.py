"""Taking an APDU in: octets to memory, or past a limit to a file; whole, to the MTA's procedures; to the spool; and
only when that has them on disk, the confirmation to the peer."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import structlog

from x400.mts.exceptions import InvalidAPDU
from x400.mts.stored import Stored, Tail
from x400.osi.rtse import ExceptionReason
from x400.server.batches import batch_of
from x400.spool import Batch, Buffer, ContentWriter, SpoolError, SpoolFull

if TYPE_CHECKING:
    from x400.server.link import Link
    from x400.server.worker import Worker

log = structlog.get_logger("x400.server")

BUSY = ExceptionReason.LOCAL_SS_USER_ERROR
INVALID = ExceptionReason.UNRECOVERABLE_PROCEDURAL_ERROR
SLACK = 1 << 20
"""Octets that an APDU may be longer than the longest content."""


class Receiver:
    """One association's incoming APDU."""

    __slots__ = (
        "_chunks", "_content", "_large", "_length", "_limit", "_link", "_number", "_refusal", "_worker", "busy",
    )  # fmt: skip

    def __init__(self, link: Link, worker: Worker) -> None:
        self.busy = False
        """An APDU is coming in, or waits for its confirmation."""
        self._link = link
        self._worker = worker
        self._large = worker.config.limits.large_content_octets
        self._limit = worker.config.limits.message_octets + SLACK
        self._chunks: list[Buffer] = []
        self._length = 0
        self._content: ContentWriter | None = None
        self._refusal: ExceptionReason | None = None
        self._number = 0
        """Of the transfer: the peer may discard one that is being stored, and begin another."""

    def start(self) -> None:
        self._chunks = []
        self._length = 0
        self._content = None
        self._refusal = None
        self._number += 1
        self.busy = True

    def data(self, data: Buffer) -> None:
        length = self._length = self._length + len(data)
        if length <= self._large:
            self._chunks.append(bytes(data))
        elif self._refusal is None:
            try:
                if length > self._limit:
                    raise SpoolError(f"more than {self._limit} octets")
                if self._content is None:
                    self._content = self._worker.spool.content()
                self._content.write(data)
            except SpoolError as error:
                self.drop()
                self._refuse(BUSY if isinstance(error, SpoolFull) else INVALID, str(error), self._number)

    def drop(self) -> None:
        """What has come of the APDU is not wanted any more."""
        if self._content is not None:
            self._content.discard()
            self._content = None
        self._chunks = []

    def broken_off(self, reason: int, detail: str) -> None:
        """The transfer ends without an APDU: the peer has given it up, or RTSE has refused what came of it."""
        if self._refusal is None:
            log.warning("transfer broken off", peer=self._link.peer_name, layer="rtse", reason=reason, detail=detail)
        self.discarded()

    def discarded(self) -> None:
        """What is coming in is not wanted any more: the transfer was broken off, or the association is gone."""
        self.drop()
        self._number += 1
        self.busy = False

    def whole(self) -> None:
        """All of the APDU is here."""
        if self._refusal is not None:
            return
        chunks = self._chunks
        head = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._chunks = []
        if self._content is None:
            self._take(Stored(head), None, self._number)
        else:
            content, self._content = self._content, None
            self._worker.start_task(self._take_large(head, content, self._number))

    async def _take_large(self, head: Buffer, content: ContentWriter, number: int) -> None:
        try:
            await content.sync()
        except SpoolError as error:
            content.discard()
            self._refuse(BUSY, str(error), number)
            return
        self._take(Stored(head, Tail(content.path, 0, content.length)), content, number)

    def _take(self, stored: Stored, content: ContentWriter | None, number: int) -> None:
        """Through the procedures, to the spool."""
        worker, peer = self._worker, self._link.peer_name
        try:
            outcome = worker.mta.message_in(stored, peer, datetime.now(UTC))
        except InvalidAPDU as error:
            self._quarantine(stored, content, error)
            self._answer(INVALID, number)
            return
        except Exception as error:  # our own fault: this APDU is shunted aside, the association goes on
            log.exception("fault in the procedures", peer=peer)
            self._quarantine(stored, content, InvalidAPDU(f"fault in the procedures: {error!r}"))
            self._answer(INVALID, number)
            return
        batch = batch_of(outcome, peer, stored.length)
        worker.expect(batch)
        worker.spool.store(batch).add_done_callback(partial(self._stored, batch, content, number))

    def _stored(self, batch: Batch, content: ContentWriter | None, number: int, done: asyncio.Future[bool]) -> None:
        """On disk, or not: confirm to the peer, or refuse; then pass on."""
        try:
            is_new = done.result()
        except SpoolError as error:
            if content is not None:
                content.discard()
            self._worker.not_stored(batch)
            self._refuse(BUSY, str(error), number)
            return
        self._answer(None, number)
        counters = self._worker.counters.peer(batch.peer)
        if is_new:
            counters.received += 1
            counters.octets_received += batch.size
            self._worker.accounting.accepted(batch)
            self._worker.stored(batch)
            if content is not None and not any(entry.tail for entry in batch.entries):
                content.discard()
            return
        counters.repetitions += 1
        if content is not None:
            content.discard()
        self._worker.not_stored(batch)
        log.info("repeated transfer", peer=batch.peer, identifier=batch.identifier)

    def _quarantine(self, stored: Stored, content: ContentWriter | None, error: InvalidAPDU) -> None:
        peer = self._link.peer_name
        self._worker.counters.quarantined += 1
        path = content.path if content is not None else None
        try:
            kept = self._worker.spool.quarantine(peer, error.reason, error.offset, [stored.head], path)
        except SpoolError as full:
            log.error("quarantine failed", peer=peer, error=str(full))
            return
        log.warning(
            "undecodable APDU", peer=peer, layer="mts", reason=error.reason, offset=error.offset, kept=str(kept)
        )

    def _refuse(self, reason: ExceptionReason, cause: str, number: int) -> None:
        self._refusal = reason
        self._worker.counters.peer(self._link.peer_name).refused += 1
        log.warning("transfer refused", peer=self._link.peer_name, layer="mta", reason=reason.name, cause=cause)
        self._answer(reason, number)

    def _answer(self, refusal: ExceptionReason | None, number: int) -> None:
        if number == self._number:
            self.busy = False
            self._refusal = refusal
            self._link.answer(refusal)
