"""Taking an APDU in: octets to memory, or past a limit to a file; whole, to the MTA's procedures; to the spool; and
only when that has them on disk, the confirmation to the peer.

A checkpoint is confirmed when all before it is on disk (x400.spool.held). What fits into the peer's window needs no
confirmation before the last one, and no file: the first checkpoint that the peer waits for makes one. From then on
checkpoints are held as the peer waits for them, or as they are far from the last one; each confirms those before it.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import structlog

from x400.mts.apdu import readable_identifier
from x400.mts.exceptions import InvalidAPDU
from x400.mts.heads import EnvelopeTooLong, with_envelope
from x400.mts.stored import Stored, Tail
from x400.osi import rtse
from x400.osi.rtse import ExceptionReason
from x400.server.batches import batch_of
from x400.spool import Batch, Part, SpoolError, SpoolFull
from x400.spool.held import HEADER, Checkpoint, HeldTransfer

if TYPE_CHECKING:
    from x400.server.link import Link
    from x400.server.worker import Worker

log = structlog.get_logger("x400.server")

BUSY = ExceptionReason.LOCAL_SS_USER_ERROR
INVALID = ExceptionReason.UNRECOVERABLE_PROCEDURAL_ERROR
SLACK = 1 << 20
"""Octets that an APDU may be longer than the longest content."""
HOLD_OCTETS = 512 << 10
HOLD_SECONDS = 1.0
"""What of a transfer may have to be sent again, on a fast line and on a slow one: to hold each checkpoint of 63 KiB by
itself took more than half of the CPU time of a message of 1 MB (benchmarks/shapes.py)."""


def _now() -> float:
    return asyncio.get_running_loop().time()


class Receiver:
    """One association's incoming APDU."""

    __slots__ = (
        "_chunks", "_content", "_held_at", "_held_to", "_holding", "_large", "_length", "_limit", "_link", "_number",
        "_pending", "_recalled", "_reference", "_refusal", "_repeated", "_worker", "busy",
    )  # fmt: skip

    def __init__(self, link: Link, worker: Worker) -> None:
        self.busy = False
        """An APDU is coming in, or waits for its confirmation."""
        self._link = link
        self._worker = worker
        self._large = worker.config.limits.large_content_octets
        self._limit = worker.config.limits.message_octets + SLACK
        self._chunks: list[bytes] = []
        self._length = 0
        self._content: HeldTransfer | None = None
        self._refusal: ExceptionReason | None = None
        self._number = 0
        """Of the transfer: the peer may discard one that is being stored, and begin another."""
        self._reference: rtse.ActivityReference | None = None
        self._pending: rtse.RTTransferCheckpoint | None = None
        self._holding = False
        self._held_to = 0
        self._held_at = 0.0
        """How far the last checkpoint was that is held or being held, and when (the loop's time)."""
        self._recalled: HeldTransfer | None = None
        self._repeated = False

    def start(self, event: rtse.RTTransferStart | rtse.RTTransferResume) -> None:
        self._chunks = []
        self._length = 0
        self._content = None
        self._refusal = None
        self._number += 1
        self._reference = event.reference
        self._pending = None
        self._holding = self._repeated = False
        self.busy = True
        if self._worker.congestion.cause:
            self._refuse(BUSY, self._worker.congestion.cause, self._number)

    def data(self, event: rtse.RTTransferData) -> None:
        if self._refusal is not None:
            return
        data = event.data
        length = self._length + len(data)
        try:
            if length > self._limit:
                raise SpoolError(f"more than {self._limit} octets")
            if self._content is not None or length > self._large:
                self._file().write(data)
        except SpoolError as error:
            self._give_up(error)
            return
        if self._length < self._large:  # the head is in memory, however it is cut into segments
            self._chunks.append(bytes(memoryview(data)[: self._large - self._length]))
        self._length = length

    def _file(self) -> HeldTransfer:
        """The transfer's file, with all that has come before the octets at hand."""
        if self._content is None:
            self._content = content = self._worker.held.begin(self._link.peer_name, _name(self._reference))
            content.taken_over = self._taken_over
            self._held_to, self._held_at = 0, _now()
            for chunk in self._chunks:
                content.write(chunk)
        return self._content

    def _give_up(self, error: SpoolError) -> None:
        identifier = readable_identifier(b"".join(self._chunks))
        self.drop()
        self._refuse(BUSY if isinstance(error, SpoolFull) else INVALID, str(error), self._number, identifier)

    def drop(self) -> None:
        """What has come of the APDU is not wanted any more."""
        content, self._content = self._content, None
        if content is not None:
            self._worker.held.gone(content)
            content.discard()
        self._chunks = []

    # ---- checkpoints, and going on from one

    def checkpoint(self, event: rtse.RTTransferCheckpoint) -> None:
        """All before it is to be held: at once if the peer waits for it, else when that is worth forcing it to disk."""
        if self._refusal is not None:
            return
        if event.due or (self._content is not None and self._is_far(event.offset)):
            self._pending = event
            try:
                self._file()
            except SpoolError as error:
                self._give_up(error)
            else:
                self._hold()

    def _is_far(self, offset: int) -> bool:
        """So far from what is held last that it would take long to send it again."""
        return offset - self._held_to >= HOLD_OCTETS or _now() - self._held_at >= HOLD_SECONDS

    def _hold(self) -> None:
        event, content = self._pending, self._content
        if event is not None and content is not None and not self._holding:
            self._holding = True
            self._pending = None
            self._held_to, self._held_at = event.offset, _now()
            self._worker.start_task(self._held(event, content, self._number))

    async def _held(self, event: rtse.RTTransferCheckpoint, content: HeldTransfer, number: int) -> None:
        try:
            await content.hold(Checkpoint(event.serial, event.offset, event.state))
        except SpoolError as error:
            if number == self._number and self._content is content:
                self._give_up(error)
            return
        if number == self._number:
            self._holding = False
            self._link.checkpoint_held(event)
            self._hold()

    def recall(self, reference: rtse.ActivityReference, serial: int) -> bytes | rtse.Completed | None:
        """What was held at a checkpoint of a transfer that the peer goes on with (rtse.Recall)."""
        held, peer, name = self._worker.held, self._link.peer_name, _name(reference)
        if not name:
            return None
        if held.is_complete(peer, name):
            return "completed"
        found = held.find(peer, name, serial)
        if found is None:
            log.info("nothing is held of a transfer", **self._link.marks, activity=reference.activity.hex(),
                     serial=serial)  # fmt: skip
            return None
        self._recalled, checkpoint = found
        return checkpoint.state

    def resume(self, event: rtse.RTTransferResume) -> None:
        """The transfer goes on with what `recall` has found."""
        self.start(event)
        content, self._recalled = self._recalled, None
        self._repeated = event.completed
        if content is None:
            return
        log.info("transfer goes on", **self._link.marks, octets=event.offset)
        content.go_on(event.serial, _name(event.reference))
        content.taken_over = self._taken_over
        self._worker.held.coming(content)
        self._content = content
        self._length = event.offset
        self._held_to, self._held_at = event.offset, _now()
        try:
            self._chunks = [content.head(self._large)]
        except SpoolError as error:
            self._give_up(error)

    def _taken_over(self) -> None:
        """The peer goes on with the transfer on another association: this one is as good as lost."""
        self._content = None
        self.lost()
        if self._link.association is not None:
            self._link.association.drop()

    # ---- the end of a transfer

    def broken_off(self, event: rtse.RTTransferDiscarded) -> None:
        """The transfer ends without an APDU: the peer has given it up, or RTSE has refused what came of it."""
        if self._refusal is None:
            log.warning("transfer broken off", **self._link.marks, layer="rtse", reason=event.reason,
                        detail=event.detail, interrupted=event.interrupted)  # fmt: skip
        if not event.interrupted:
            self.drop()
        self.lost()

    def lost(self) -> None:
        """The transfer was interrupted, or the association is gone: what is held stays."""
        content = self._content
        if content is not None and content.held and content.names:
            self._content = None
            self._worker.held.gone(content)
            content.keep()
        self.drop()
        self._number += 1
        self.busy = False

    def whole(self, event: rtse.RTTransferIndication) -> None:
        """All of the APDU is here."""
        if self._refusal is not None:
            return
        if self._repeated:
            log.info("repeated transfer", **self._link.marks, identifier="")
            self._answer(None, self._number)
            return
        chunks = self._chunks
        head = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._chunks = []
        content, self._content = self._content, None
        if content is None:
            self._take(Stored(head), None, self._number)
            return
        self._worker.held.gone(content)
        if content.length == len(head):
            self._take(Stored(head), content, self._number)
        else:
            self._worker.start_task(self._take_large(head, content, self._number))

    async def _take_large(self, head: bytes, content: HeldTransfer, number: int) -> None:
        try:
            head = with_envelope(head, content.length, self._worker.config.limits.envelope_octets, content.head)
            if len(head) < content.length:
                await content.sync()
        except EnvelopeTooLong as error:
            content.discard()
            self._refuse(INVALID, str(error), number, readable_identifier(head))
            return
        except SpoolError as error:
            content.discard()
            self._refuse(BUSY, str(error), number, readable_identifier(head))
            return
        if len(head) == content.length:
            self._take(Stored(head), content, number)
            return
        tail = Tail(content.path, HEADER + len(head), content.length - len(head))
        self._take(Stored(head, tail), content, number)

    def _take(self, stored: Stored, content: HeldTransfer | None, number: int) -> None:
        """Through the procedures, to the spool."""
        worker, peer = self._worker, self._link.peer_name
        cause = worker.binding.not_to_pass(peer, stored)
        if cause is not None:
            if content is not None:
                content.discard()
            self._refuse(INVALID, cause, number, readable_identifier(stored.head))
            return
        try:
            outcome = worker.mta.message_in(stored, peer, datetime.now(UTC))
        except InvalidAPDU as error:
            worker.start_task(self._quarantine(stored, content, error, number))
            return
        except Exception as error:  # our own fault: this APDU is shunted aside, the association goes on
            log.exception("fault in the procedures", **self._link.marks, identifier=readable_identifier(stored.head))
            fault = InvalidAPDU(f"fault in the procedures: {error!r}")
            worker.start_task(self._quarantine(stored, content, fault, number))
            return
        batch = batch_of(outcome, peer, stored.length)
        worker.expect(batch)
        worker.spool.store(batch).add_done_callback(partial(self._stored, batch, content, number))

    def _stored(self, batch: Batch, content: HeldTransfer | None, number: int, done: asyncio.Future[bool]) -> None:
        """On disk, or not: confirm to the peer, or refuse; then pass on."""
        try:
            is_new = done.result()
        except SpoolError as error:
            if content is not None:
                content.discard()
            self._worker.not_stored(batch)
            self._refuse(BUSY, str(error), number, batch.identifier)
            return
        self._answer(None, number)
        if content is not None:
            self._worker.held.complete(content.peer, content.names)
        counters = self._worker.counters.peer(batch.peer)
        if is_new:
            counters.received += 1
            counters.octets_received += batch.size
            counters.reports_received += batch.kind == "report"
            self._worker.accounting.accepted(batch)
            self._worker.stored(batch)
            if content is not None and not any(entry.tail for entry in batch.entries):
                content.discard()
            return
        counters.repetitions += 1
        if content is not None:
            content.discard()
        self._worker.not_stored(batch)
        log.info("repeated transfer", **self._link.marks, identifier=batch.identifier)

    async def _quarantine(self, stored: Stored, content: HeldTransfer | None, error: InvalidAPDU, number: int) -> None:
        """Kept for a human, and refused for good; without room for it, refused for now: the peer has it still."""
        marks, counters, tail = self._link.marks, self._worker.counters, stored.tail
        identifier = readable_identifier(stored.head)
        part = None if tail is None else Part(tail.path, tail.offset, tail.length)
        try:
            kept = await self._worker.spool.quarantine(marks["peer"], error.reason, error.offset, [stored.head], part)
        except SpoolError as full:
            counters.quarantine_refused += 1
            log.error("undecodable APDU, and no room to keep it", **marks, identifier=identifier, error=str(full),
                      reason=error.reason)  # fmt: skip
            self._refuse(BUSY, str(full), number, identifier)
            return
        finally:
            if content is not None:
                content.discard()
        counters.quarantined += 1
        counters.peer(marks["peer"]).refused += 1
        log.warning("undecodable APDU", **marks, identifier=identifier, layer="mts", reason=error.reason,
                    offset=error.offset, kept=str(kept))  # fmt: skip
        self._answer(INVALID, number)

    def _refuse(self, reason: ExceptionReason, cause: str, number: int, identifier: str = "") -> None:
        """``identifier``: as far as it can be read of what has come."""
        self._worker.counters.peer(self._link.peer_name).refused += 1
        log.warning("transfer refused", **self._link.marks, identifier=identifier, layer="mta", reason=reason.name,
                    cause=cause)  # fmt: skip
        self._answer(reason, number)

    def _answer(self, refusal: ExceptionReason | None, number: int) -> None:
        if number == self._number:
            self.busy = False
            self._refusal = refusal
            self._link.answer(refusal)


_encode = msgspec.msgpack.Encoder().encode


def _name(reference: rtse.ActivityReference | None) -> bytes:
    """What a transfer is known by on disk; nothing when its session connection has no name."""
    if reference is None or not reference.connection:
        return b""
    connection = reference.connection
    return _encode((connection.calling, connection.common, connection.additional, reference.activity))
