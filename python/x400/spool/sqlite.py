"""The embedded engine: SQLite, one database per worker process, one writer thread (interface.Spool).

Claims live in this process's memory only: the folder is locked, so the process is the only claimant, and its end clears
them. An entry stored as claimed is therefore never read back: it is passed on from memory, and deleted once confirmed.

The folder holds ``spool.sqlite``, ``contents/``, ``quarantine/`` and ``lock``.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import math
import os
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

from x400.spool import contents, rescue, sealed, sqlite_operations, sqlite_schema
from x400.spool.ballast import Ballast, log_pages
from x400.spool.durations import Durations
from x400.spool.exceptions import SpoolCorrupt, SpoolError, SpoolFull, SpoolInUse
from x400.spool.in_flight import InFlight
from x400.spool.interface import Batch, Buffer, Claim, ContentWriter, Entry, Event, Part, QueueState, Rescue
from x400.spool.quarantine import FOLDER, Quarantine, QuarantineLimits
from x400.spool.siblings import Siblings
from x400.spool.sqlite_writer import Changes, Query, Retry, Row, Store, Writer, Written, closed
from x400_framer.sqlite import Connection

T = TypeVar("T")

DATABASE = "spool.sqlite"
LINGER = 0.02
SWEEP_EVERY = 5.0
SWEEP_ROWS = 2000
SET_BACK = 1_000_000
"""Microseconds by which the clock is behind the last stamp when it must have been set."""
SCARCE = 256 << 20
"""Octets free on the disk, below which the database gives back what it does not need."""


class SqliteSpool:
    """See the module; ``retention`` is how long traces and duplicate keys are kept, in seconds; ``siblings`` are the
    folders of the MTA's other workers, there or not yet."""

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        retention: float = 7 * 86400,
        gather: float = 0.002,
        siblings: Iterable[Path] = (),
        quarantine: QuarantineLimits | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.retention = retention
        self._gather = gather
        self.contents = self.folder / "contents"
        self._siblings = [folder / DATABASE for folder in siblings]
        self._quarantine = Quarantine(self.folder / FOLDER, quarantine)
        self._claims: defaultdict[str, dict[int, float]] = defaultdict(dict)
        """By queue and entry: until when it is claimed, on the monotonic clock."""
        self._changes = Changes()
        self._flushing = False
        self._linger: asyncio.TimerHandle | None = None
        self._next_id = 1
        self._last_time = 0
        self._sweep_position = {"arrival": "", "event": ""}
        self._sweeper: asyncio.TimerHandle | None = None
        self._lock = -1
        self._open = False
        self.forgetting = True
        self.rescued: Rescue | None = None
        self.on_damage: Callable[[str], None] | None = None

    # ---- life

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        for folder in (self.folder, self.contents, self._quarantine.folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        self._ballast = Ballast(self.folder)
        self._ballast.take_on()
        try:
            try:
                self._open_database()
            except (*rescue.FAILURES, OSError):  # for want of room, perhaps
                self._ballast.throw_out()
                self._open_database()
        except (*rescue.FAILURES, OSError) as error:
            self._drop_lock()
            raise SpoolCorrupt(f"{self.folder / DATABASE}: {error}") from error
        self._writer = Writer(
            self._connection,
            self._from_writer,
            self.release,
            Siblings(self.folder, self._siblings),
            self._ballast,
            self._damaged,
            self._gather,
        )
        self._writer.number = self._connection.execute("SELECT count(*) FROM entry").fetchone()[0]
        self._writer.start()
        self._open = True
        self._sweeper = self._loop.call_later(SWEEP_EVERY, self._sweep)

    def _open_database(self) -> None:
        self._rescue_if_damaged()
        self._check_version()
        self._connection = sqlite_schema.create(str(self.folder / DATABASE), wal_pages=log_pages(self.folder))
        if sqlite_schema.has_no_checksums(self._connection):
            self._begin_checksums()
        self._recover()

    def _rescue_if_damaged(self) -> None:
        """What can be read of a damaged database is in a new one on return."""
        database = self.folder / DATABASE
        rescue.finish(database)
        reason = rescue.marked(database) or rescue.look_over(database)
        if reason:
            if self._siblings:
                with contextlib.closing(InFlight(self.folder)) as own:
                    own.rescuing()
            self.rescued = rescue.rescue(database, self._quarantine.folder, reason)

    def _begin_checksums(self) -> None:
        """A spool of an older version: from now on it is told when something is not what was stored."""
        for item in os.scandir(self.contents):
            sealed.seal_file(item.path)
        sqlite_schema.add_checksums(self._connection)

    def _check_version(self) -> None:
        database = self.folder / DATABASE
        if database.exists():
            with contextlib.closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in sqlite_schema.READABLE:
                self._drop_lock()
                raise SpoolCorrupt(f"{database}: version {version}, expected {sqlite_schema.VERSION}")

    def _damaged(self, reason: str) -> None:
        """In the writer's thread: the database turns out to be damaged. It is rescued when it is opened again."""
        with contextlib.suppress(OSError):
            rescue.mark(self.folder / DATABASE, reason)
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._tell_damage, reason)

    def _tell_damage(self, reason: str) -> None:
        if self.on_damage is not None:
            self.on_damage(reason)

    def _take_lock(self) -> None:
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._drop_lock()
            raise SpoolInUse(f"{self.folder}: another process has this spool open") from error

    def _drop_lock(self) -> None:
        os.close(self._lock)
        self._lock = -1

    def _recover(self) -> None:
        execute = self._connection.execute
        self._next_id = 1 + max(execute("SELECT coalesce(max(id), 0) FROM entry").fetchone()[0], 0)
        referred = {row[0] for row in execute("SELECT DISTINCT content FROM entry WHERE content IS NOT NULL")}
        if self.rescued is None:
            contents.remove_orphans(self.contents, referred)
        else:  # who knows whose they were
            contents.keep_orphans(self.contents, referred, self._quarantine.folder)
        execute("DELETE FROM obstacle")

    async def close(self) -> None:
        if not self._open:
            return
        self._open = False
        for handle in (self._sweeper, self._linger):
            if handle is not None:
                handle.cancel()
        self._flush()
        self._writer.inbox.close()
        await self._loop.run_in_executor(None, self._writer.join)
        await asyncio.sleep(0)
        if self._writer.damage:
            rescue.close_as_it_is(self._connection, self.folder / DATABASE)
        else:
            self._connection.close()
        self._drop_lock()

    # ---- from the loop to the writer

    def _soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _later(self) -> None:
        if self._linger is None and not self._flushing:
            self._linger = self._loop.call_later(LINGER, self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        if self._changes:
            changes, self._changes = self._changes, Changes()
            self._writer.inbox.put(changes)

    def _from_writer(self, finished: list[Written], unlink: list[str]) -> None:
        for name in unlink:
            (self.contents / name).unlink(missing_ok=True)
        if finished:
            with contextlib.suppress(RuntimeError):  # the loop ended without `close`: nobody waits any more
                self._loop.call_soon_threadsafe(self._finish, finished)

    def _finish(self, finished: list[Written]) -> None:
        for item in finished:
            future, outcome = item.future, item.outcome
            if type(item) is Store and item.claimed and outcome is not True:
                for entry in item.claimed:  # whose mark stays: who set it counts by it
                    self._claims[entry.queue].pop(entry.id, None)
            if future.done():
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    def _now_us(self) -> int:
        """Microseconds since 1970, never twice the same, as long as nobody sets the clock back."""
        now = time.time_ns() // 1000
        self._last_time = self._last_time + 1 if 0 <= self._last_time - now < SET_BACK else now
        return self._last_time

    def _query(self, function: Callable[[Connection], T]) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self._loop.create_future()
        if not self._open:
            future.set_exception(closed())
            return future
        self._changes.queries.append(Query(function, future))
        self._soon()
        return future

    # ---- the interface: in

    def store(self, batch: Batch) -> asyncio.Future[bool]:
        return self._store(batch, None)

    def replace(self, entry: Entry, batch: Batch) -> asyncio.Future[bool]:
        future = self._store(batch, entry)
        future.add_done_callback(lambda done: self._replaced(entry, done))
        return future

    def _replaced(self, entry: Entry, done: asyncio.Future[bool]) -> None:
        if not done.cancelled() and done.exception() is None:
            self._unclaim(entry)

    def _store(self, batch: Batch, replaced: Entry | None) -> asyncio.Future[bool]:
        future: asyncio.Future[bool] = self._loop.create_future()
        if not self._open:
            future.set_exception(closed())
            return future
        if replaced is None and not self._ballast.take_on():
            future.set_exception(SpoolFull(_FULL))
            return future
        now = self._now_us()
        arrived = now / 1e6
        rows: list[Row] = []
        claimed: list[Entry] = []
        for entry in batch.entries:
            entry.id = self._next_id
            entry.arrived = entry.arrived or arrived
            self._next_id += 1
            if entry.claimed:
                self._claims[entry.queue][entry.id] = time.monotonic() + batch.lease
                claimed.append(entry)
            rows.append(_row(entry))
        arrival: Row | None = None
        events: list[Row] = []
        if batch.duplicate_key is not None:
            lines = "\n".join([f"{event.action}\t{event.detail}" for event in batch.events])
            arrival = (batch.identifier, batch.duplicate_key, now, batch.kind, batch.peer, batch.size, lines)
        else:
            events = [
                (batch.identifier, self._now_us(), event.action, event.peer, event.detail) for event in batch.events
            ]
        item = Store(arrival, rows, events, claimed, future)
        if replaced is not None:
            item.remove = replaced.id
            if replaced.tail is not None:
                item.remove_contents = (os.path.basename(replaced.tail.path),)
        self._changes.stores.append(item)
        self._soon()
        return future

    def commits(self) -> Durations:
        return self._writer.commit_times

    def content(self) -> ContentWriter:
        if not self._ballast.take_on():
            raise SpoolFull(_FULL)
        return contents.ContentFile(self.contents)

    async def adopt(self, part: Part) -> Part:
        try:
            path = await self._loop.run_in_executor(None, contents.adopt, self.contents, part.path)
        except OSError as error:
            raise contents.as_spool_error(error) from error
        return Part(path, part.offset, part.length)

    def set_aside(self, entry: Entry, reason: str) -> asyncio.Future[Path]:
        return self._loop.run_in_executor(None, self._quarantine.keep_damaged, entry, reason)

    def quarantine(
        self,
        peer: str,
        reason: str,
        offset: int | None,
        octets: Sequence[Buffer],
        tail: Part | None = None,
        entry: Entry | None = None,
    ) -> asyncio.Future[Path]:
        return self._loop.run_in_executor(None, self._quarantine.keep, peer, reason, offset, octets, tail, entry)

    def quarantined(self) -> tuple[int, int]:
        return self._quarantine.used()

    # ---- the interface: out

    def claim(self, queue: str, limit: int, lease: float, octets: int = 8 << 20) -> asyncio.Future[Claim]:
        return self._query(lambda connection: self._claim(connection, queue, limit, lease, octets))

    def _claim(self, connection: Connection, queue: str, limit: int, lease: float, octets: int) -> Claim:
        """In the writer's thread. The loop's thread adds claims (of new ids) and removes them meanwhile; both are safe:
        an entry added is not committed yet, one removed is deleted by a later transaction or really free."""
        now = time.time()
        monotonic = time.monotonic()
        held = {id for id, until in self._claims[queue].copy().items() if until > monotonic}
        entries: list[Entry] = []
        for priority in (0, 1, 2):
            rows = connection.execute(
                f"SELECT {sqlite_schema.ENTRY_COLUMNS} FROM entry WHERE queue=? AND priority=? AND due<=? "
                "ORDER BY due, id LIMIT ?",
                (queue, priority, now, limit - len(entries) + len(held)),
            )
            for row in rows:
                if row[0] in held:
                    continue
                if len(entries) == limit or octets <= 0:
                    break
                entries.append(self._entry(row))
                octets -= len(row[16])
        for entry in entries:
            self._hold(entry, monotonic + lease)
        next_due = None
        if len(entries) < limit and octets > 0:
            next_due = connection.execute(
                "SELECT min(d) FROM (" + " UNION ALL ".join([_NEXT_DUE] * 3) + ")",
                [value for priority in (0, 1, 2) for value in (queue, priority, now)],
            ).fetchone()[0]
        return Claim(entries, next_due)

    def _hold(self, entry: Entry, until: float) -> None:
        entry.claimed = True
        self._claims[entry.queue][entry.id] = until

    def _unclaim(self, entry: Entry) -> None:
        entry.claimed = False
        self._claims[entry.queue].pop(entry.id, None)

    def renew(self, entries: Iterable[Entry], lease: float) -> None:
        until = time.monotonic() + lease
        for entry in entries:
            claims = self._claims[entry.queue]
            if entry.id in claims:
                claims[entry.id] = until

    def release(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._unclaim(entry)

    def done(self, entry: Entry, event: Event) -> None:
        changes = self._changes
        self._claims[entry.queue][entry.id] = math.inf  # until the row is gone, whatever happens
        changes.done.append(entry)
        changes.events.append((entry.identifier, self._now_us(), event.action, event.peer, event.detail))
        if entry.tail is not None:
            changes.contents.append(os.path.basename(entry.tail.path))
        self._later()

    def retry(self, entry: Entry, due: float, error: str) -> asyncio.Future[None]:
        future: asyncio.Future[None] = self._loop.create_future()
        if not self._open:
            future.set_exception(closed())
            return future
        self._changes.retries.append(Retry(entry, due, error, future))
        self._changes.events.append((entry.identifier, self._now_us(), "retry", entry.queue, error))
        self._soon()
        return future

    def expired(self, now: float, limit: int) -> asyncio.Future[list[Entry]]:
        return self._query(lambda connection: self._expired(connection, now, limit))

    def _expired(self, connection: Connection, now: float, limit: int) -> list[Entry]:
        monotonic = time.monotonic()
        rows = connection.execute(
            f"SELECT {sqlite_schema.ENTRY_COLUMNS} FROM entry WHERE expiry<=? ORDER BY expiry LIMIT ?",
            (now, limit + sum(map(len, tuple(self._claims.values())))),
        )
        entries = [self._entry(row) for row in rows if self._claims[row[1]].get(row[0], 0.0) <= monotonic][:limit]
        for entry in entries:
            self._hold(entry, monotonic + 600)
        return entries

    # ---- the interface: what operators do

    def find(self, queue: str | None, identifier: str | None, after: int, limit: int) -> asyncio.Future[list[int]]:
        return self._query(lambda connection: sqlite_operations.find(connection, queue, identifier, after, limit))

    def take(self, ids: Sequence[int]) -> asyncio.Future[list[Entry]]:
        return self._query(lambda connection: self._take(connection, ids))

    def _take(self, connection: Connection, ids: Sequence[int]) -> list[Entry]:
        monotonic = time.monotonic()
        rows = sqlite_operations.rows(connection, ids)
        entries = [self._entry(row) for row in rows if self._claims[row[1]].get(row[0], 0.0) <= monotonic]
        for entry in entries:
            self._hold(entry, monotonic + 600)
        return entries

    def postpone(self, entries: Sequence[Entry], due: float, event: Event) -> asyncio.Future[None]:
        return self._change(entries, {"due": due}, event)

    def move(self, entries: Sequence[Entry], queue: str, event: Event) -> asyncio.Future[None]:
        return self._change(entries, {"queue": queue, "due": 0.0}, event)

    def _change(self, entries: Sequence[Entry], columns: dict[str, Any], event: Event) -> asyncio.Future[None]:
        events = [(entry.identifier, self._now_us(), event.action, event.peer, event.detail) for entry in entries]
        ids = [entry.id for entry in entries]
        changed = self._query(lambda connection: sqlite_operations.change(connection, ids, columns, events))
        changed.add_done_callback(lambda done: self.release(entries))
        return changed

    def bring_forward(self, latest: float, but: str) -> asyncio.Future[None]:
        return self._query(lambda connection: sqlite_operations.bring_forward(connection, latest, but))

    def obstacle(self, queue: str, failures: int = 0, cause: str = "", again: float = 0.0) -> None:
        def write(connection: Connection) -> None:
            if failures:
                connection.execute(
                    "INSERT OR REPLACE INTO obstacle VALUES (?, ?, ?, ?)", (queue, failures, cause, again)
                )
            else:
                connection.execute("DELETE FROM obstacle WHERE queue=?", (queue,))

        self._query(write).add_done_callback(_ignore)

    def number(self) -> int:
        return self._writer.number

    def queues(self) -> asyncio.Future[list[QueueState]]:
        return self._query(queue_states)

    def _entry(self, row: Row) -> Entry:
        tail = None if row[12] is None else Part(str(self.contents / row[12]), row[13], row[14])
        return _from_row(row, tail)

    # ---- histories are forgotten

    def _sweep(self) -> None:
        """Walk the histories in small steps, removing what is older than the retention; see to the disk."""
        before = int((time.time() - self.retention) * 1e6)
        if self.forgetting:
            self._query(lambda connection: self._sweep_step(connection, before)).add_done_callback(_ignore)
        state = os.statvfs(self.folder)
        if state.f_bavail * state.f_frsize < SCARCE:
            self._query(sqlite_schema.make_room).add_done_callback(_ignore)
        self._ballast.take_on()
        if reason := rescue.marked(self.folder / DATABASE):  # another worker has met it
            self._writer.found_damaged(reason)
        self._sweeper = self._loop.call_later(SWEEP_EVERY, self._sweep)

    def _sweep_step(self, connection: Connection, before: int) -> int:
        removed = 0
        for table, start in self._sweep_position.items():
            last = connection.execute(
                f"SELECT identifier FROM {table} WHERE identifier>? ORDER BY identifier LIMIT 1 OFFSET ?",
                (start, SWEEP_ROWS),
            ).fetchone()
            end, bound = ("", "") if last is None else (last[0], " AND identifier<=?")
            values = (start, before) if last is None else (start, before, end)
            statement = f"DELETE FROM {table} WHERE identifier>=? AND at<?{bound}"
            removed += connection.execute(statement, values).rowcount
            self._sweep_position[table] = end
        return removed


_OTHER_OCTETS = "its octets are not those that were stored"
_FULL = "the disk has been full: nothing new until there is room again"
_NEXT_DUE = "SELECT min(due) AS d FROM entry WHERE queue=? AND priority=? AND due>? AND due<9e999"


def _ignore(done: asyncio.Future[Any]) -> None:
    if not done.cancelled():
        done.exception()


def _checksum(identifier: str, detail: bytes, head: bytes) -> int:
    return crc32(head, crc32(detail, crc32(identifier.encode())))


def _row(entry: Entry) -> Row:
    tail = entry.tail
    checksum = _checksum(entry.identifier, entry.detail, entry.head)
    if entry.damage:  # it comes from another spool, and stays damaged
        checksum ^= 1
    row = (
        entry.id, entry.queue, entry.priority, entry.due, entry.expiry, entry.identifier, entry.kind,
        entry.originator, entry.recipients, entry.arrived, entry.attempts, entry.error,
    )  # fmt: skip
    part = (None, None, None) if tail is None else (os.path.basename(tail.path), tail.offset, tail.length)
    return (*row, *part, entry.detail, entry.head, checksum)


def _from_row(row: Row, tail: Part | None) -> Entry:
    return Entry(
        id=row[0], queue=row[1], priority=row[2], due=row[3], expiry=row[4], identifier=row[5], kind=row[6],
        originator=row[7], recipients=row[8], arrived=row[9], attempts=row[10], error=row[11],
        detail=row[15], head=row[16], tail=tail,
        damage="" if row[17] in (None, _checksum(row[5], row[15], row[16])) else _OTHER_OCTETS,
    )  # fmt: skip


def queue_states(connection: sqlite3.Connection | Connection) -> list[QueueState]:
    """How each queue stands, from the index alone but for the oldest arrivals."""
    found: dict[str, tuple[list[int], list[float]]] = {}
    for name, priority, number, first in connection.execute(
        "SELECT queue, priority, count(*), min(id) FROM entry INDEXED BY entry_order GROUP BY queue, priority"
    ).fetchall():
        counts, arrivals = found.setdefault(name, ([0, 0, 0], [0.0, 0.0, 0.0]))
        counts[priority] = number
        row = connection.execute("SELECT arrived FROM entry WHERE id=?", (first,)).fetchone()
        arrivals[priority] = row[0] if row else 0.0
    return [
        QueueState(name, (counts[0], counts[1], counts[2]), (arrivals[0], arrivals[1], arrivals[2]))
        for name, (counts, arrivals) in found.items()
    ]


__all__ = ["SpoolError", "SqliteSpool", "queue_states"]
