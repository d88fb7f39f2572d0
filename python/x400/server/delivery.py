"""The local delivery channel: each message or report as a folder with its content, its envelope in BER and in JSON.

A delivery is written under a temporary name, forced to disk, and renamed; a name says which message for which
recipient, so that a delivery repeated after a crash finds itself done. Who picks deliveries up takes folders that do
not begin with a dot.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from x400.mts.content import Flattener
from x400.mts.exceptions import InvalidAPDU
from x400.server.batches import DELIVERY, DeliveryDetail, delivery_of
from x400.server.queues import Queue
from x400.spool import Buffer, ContentDamaged, Entry, Event, Spool
from x400.spool.sealed import PartReader

if TYPE_CHECKING:
    from x400.server.worker import Worker

log = structlog.get_logger("x400.server")

TOGETHER = 32
RETRY = 30.0
CHUNK = 1 << 20


def name_of(identifier: str, recipient: int, envelope: bytes = b"") -> str:
    """The folder's name: the readable part of the identifier, a digest of the whole, the recipient's number.

    The envelope is in the digest: one message may come to one recipient twice, by two distribution lists.
    """
    readable = re.sub(r"[^A-Za-z0-9.-]+", "-", identifier.strip("[]").rpartition(";")[2]).strip(".-")[:40]
    digest = hashlib.blake2b(identifier.encode() + b"\0" + envelope, digest_size=6).hexdigest()
    return f"{readable or 'message'}-{digest}-{recipient}"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, write: Callable[[int], None]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    try:
        write(descriptor)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put(descriptor: int, data: Buffer) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _write_content(entry: Entry, detail: DeliveryDetail, descriptor: int) -> None:
    flattener = Flattener(None) if detail.content_is_constructed else None

    def put(data: Buffer) -> None:
        for piece in [memoryview(data)] if flattener is None else flattener.feed(data):
            _put(descriptor, piece)

    put(entry.head)
    if entry.tail is not None:
        part = PartReader(entry.tail)
        try:
            while data := part.read(CHUNK):
                put(data)
        finally:
            part.close()


def deliver(folder: Path, entry: Entry) -> Path:
    """Write one delivery, if it is not there yet; the folder's own entry is not yet on disk (see `deliver_all`)."""
    detail = delivery_of(entry)
    final = folder / name_of(entry.identifier, detail.recipient, detail.envelope)
    if final.exists():
        return final
    temporary = folder / f".{final.name}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        _write(temporary / "content", partial(_write_content, entry, detail))
    except ContentDamaged:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    _write(temporary / "envelope.ber", lambda descriptor: _put(descriptor, detail.envelope))
    about = {
        "identifier": entry.identifier,
        "kind": entry.kind,
        "originator": entry.originator,
        "recipient": detail.user,
        "envelope": detail.envelope_value,
    }
    text = json.dumps(about, indent=2, ensure_ascii=False, default=str) + "\n"
    _write(temporary / "envelope.json", lambda descriptor: _put(descriptor, text.encode()))
    _sync(temporary)
    temporary.rename(final)
    return final


def deliver_all(folder: Path, entries: list[Entry]) -> list[Exception | None]:
    """Deliver each, then make the folder's entries durable; for each None, or why it failed."""
    outcomes: list[Exception | None] = []
    for entry in entries:
        try:
            deliver(folder, entry)
            outcomes.append(None)
        except (OSError, InvalidAPDU) as error:
            outcomes.append(error)
    try:
        _sync(folder)
    except OSError as error:
        return [error] * len(entries)
    return outcomes


class DeliveryQueue(Queue):
    """What waits for one folder; written by a thread, some together."""

    def __init__(self, name: str, spool: Spool, retry_wait: Callable[[int], float], worker: Worker) -> None:
        super().__init__(name, spool)
        self._counters = worker.counters
        self._accounting = worker.accounting
        self.folder = Path(name.removeprefix(DELIVERY))
        self._retry_wait = retry_wait
        self._under_way: list[Entry] = []

    @property
    def busy(self) -> bool:
        return bool(self._under_way)

    def work(self) -> None:
        self.refill()
        if self._under_way or self.stopping or not self._ready:
            return
        while self._ready and len(self._under_way) < TOGETHER:
            entry = self.take()
            assert entry is not None
            self._under_way.append(entry)
        loop = asyncio.get_running_loop()
        writing = loop.run_in_executor(None, deliver_all, self.folder, list(self._under_way))
        writing.add_done_callback(self._written)

    def _written(self, done: asyncio.Future[list[Exception | None]]) -> None:
        entries, self._under_way = self._under_way, []
        error = done.exception()
        outcomes = [Exception(str(error))] * len(entries) if error is not None else done.result()
        for entry, cause in zip(entries, outcomes, strict=True):
            if cause is None:
                self._counters.delivered += 1
                self._accounting.left("delivered", entry)
                self.spool.done(entry, Event("delivered", "", f"{entry.recipients} to {self.folder}"))
            elif isinstance(cause, ContentDamaged):
                self.damaged(entry, str(cause))
            else:
                self._failed(entry, str(cause))
        self.work()

    def _failed(self, entry: Entry, cause: str) -> None:
        log.warning("delivery failed", folder=str(self.folder), identifier=entry.identifier, cause=cause)
        entry.attempts += 1
        self.retry_at(entry, time.time() + self._retry_wait(entry.attempts), cause)

    def under_way(self) -> Iterable[Entry]:
        return self._under_way
