"""What another process may ask of a spool, while it is in use or not: reading only.

An MTA with several workers has one spool folder each, ``worker-0``, ``worker-1``...; these functions read them as one.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import msgspec

from x400.spool.exceptions import SpoolCorrupt, SpoolError
from x400.spool.quarantine import FOLDER, Quarantined, listed
from x400.spool.rescue import DAMAGE
from x400.spool.sqlite import DATABASE, queue_states

P = ParamSpec("P")
T = TypeVar("T")


def _reads(function: Callable[Concatenate[str | Path, P], T]) -> Callable[Concatenate[str | Path, P], T]:
    """A function that reads spools below a folder: raises SpoolCorrupt with its name when one cannot be read."""

    @functools.wraps(function)
    def reading(folder: str | Path, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(folder, *args, **kwargs)
        except sqlite3.Error as error:
            raise SpoolCorrupt(f"{folder}: {error}") from error

    return reading


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that waits, and why: ``error`` is the last attempt's, ``due`` the next attempt's time (0: at once);
    what is ``held`` waits for an operator."""

    worker: str
    id: int
    queue: str
    priority: int
    identifier: str
    kind: str
    originator: str
    recipients: str
    size: int
    arrived: float
    expiry: float
    due: float
    held: bool
    attempts: int
    error: str
    obstacle: str
    """Why the whole queue is held up, if it is; ``due`` is then not before its next hop is called again."""


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One step of a message's life; ``at`` in seconds since 1970."""

    worker: str
    at: float
    action: str
    peer: str
    detail: str


@dataclass(frozen=True, slots=True)
class QueueLine:
    """How many wait for one next hop, by priority, over all workers, and since when."""

    queue: str
    urgent: int
    normal: int
    non_urgent: int
    oldest: float

    @property
    def total(self) -> int:
        return self.urgent + self.normal + self.non_urgent


def worker_folders(folder: str | Path) -> list[Path]:
    """The spool folders of the workers below an MTA's spool folder."""
    return sorted(path.parent for path in Path(folder).glob(f"worker-*/{DATABASE}"))


def _open(worker: str | Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{(Path(worker) / DATABASE).absolute().as_uri()}?mode=ro", uri=True)
    connection.execute("PRAGMA busy_timeout=2000")
    return connection


def _databases(folder: str | Path) -> Iterator[tuple[str, sqlite3.Connection]]:
    for worker in worker_folders(folder):
        with closing(_open(worker)) as connection:
            yield worker.name, connection


@_reads
def number_of_entries(worker: str | Path) -> int:
    """How many entries wait in the spool of one worker."""
    with closing(_open(worker)) as connection:
        number: int = connection.execute("SELECT count(*) FROM entry").fetchone()[0]
        return number


_WAITING = """
SELECT id, queue, priority, identifier, kind, originator, recipients, length(head) + coalesce(tail_length, 0),
       arrived, expiry, CASE WHEN due=9e999 THEN 0 ELSE max(due, coalesce(again, 0)) END, due=9e999, attempts, error,
       coalesce(cause, '')
FROM entry LEFT JOIN obstacle USING (queue)
"""


@_reads
def waiting(
    folder: str | Path, queue: str | None = None, identifier: str | None = None, limit: int = 1000
) -> list[Waiting]:
    """What waits, in the order in which it will be passed on, at most ``limit`` entries of each worker."""
    wanted = {"queue": queue, "identifier": identifier}
    named = {column: value for column, value in wanted.items() if value is not None}
    where = " AND ".join(f"{column}=?" for column in named)
    statement = f"{_WAITING} {where and 'WHERE ' + where} ORDER BY queue, priority, due, id LIMIT ?"
    return [
        Waiting(worker, *(*row[:11], bool(row[11]), *row[12:]))
        for worker, database in _databases(folder)
        for row in database.execute(statement, [*named.values(), limit])
    ]


@_reads
def octets(folder: str | Path, worker: str, id: int) -> bytes | None:
    """The octets of an entry that are in the database (without the part in a content file); None: it has left."""
    for name, database in _databases(folder):
        row = database.execute("SELECT head FROM entry WHERE id=?", (id,)).fetchone() if name == worker else None
        if row is not None:
            return bytes(row[0])
    return None


def quarantined(folder: str | Path) -> list[Quarantined]:
    """All that is in quarantine, the oldest first. Raises SpoolError."""
    found = [one for worker in worker_folders(folder) for one in listed(worker)]
    return sorted(found, key=lambda one: one.about.time)


@dataclass(frozen=True, slots=True)
class Damaged:
    """A database that was found damaged and is kept: ``note`` is the file to remove once that has been seen to."""

    worker: str
    note: Path
    reason: str
    time: float
    saved: int
    lost: int
    """Entries that could not be read."""
    keys_missing: bool
    """Whether the repetition of something accepted before that may be taken for new."""
    unaccounted: int
    """Messages of which it is not known what has become of them."""
    messages: list[tuple[str, str]]
    """The first thousand of these: identifier and queue."""


def damaged(folder: str | Path) -> list[Damaged]:
    """The damaged databases that are kept, the oldest first. Raises SpoolError."""
    found = []
    for worker in worker_folders(folder):
        for note in (worker / FOLDER).glob(f"*{DAMAGE}"):
            try:
                about = msgspec.json.decode(note.read_bytes(), type=_Note)
            except (OSError, msgspec.DecodeError) as error:
                raise SpoolError(f"{note}: {error}") from error
            found.append(Damaged(worker.name, note, **msgspec.structs.asdict(about)))
    return sorted(found, key=lambda one: one.time)


class _Note(msgspec.Struct):
    reason: str
    time: float
    saved: int
    lost: int
    keys_missing: bool = False
    unaccounted: int = 0
    messages: list[tuple[str, str]] = []


@_reads
def queues(folder: str | Path) -> list[QueueLine]:
    """Every queue that is not empty, by name."""
    sums: dict[str, QueueLine] = {}
    for _, database in _databases(folder):
        for state in queue_states(database):
            line = sums.get(state.queue, QueueLine(state.queue, 0, 0, 0, state.oldest))
            urgent, normal, non_urgent = state.counts
            sums[state.queue] = QueueLine(
                state.queue,
                line.urgent + urgent,
                line.normal + normal,
                line.non_urgent + non_urgent,
                min(line.oldest, state.oldest),
            )
    return [sums[name] for name in sorted(sums)]


@_reads
def trace(folder: str | Path, identifier: str) -> list[TraceLine]:
    """The life of one message, oldest step first; empty when it was never here, or has been forgotten."""
    lines = []
    for worker, database in _databases(folder):
        for at, kind, peer, size, log in database.execute(
            "SELECT at, kind, peer, size, log FROM arrival WHERE identifier=?", (identifier,)
        ):
            lines.append(TraceLine(worker, at / 1e6, "arrived", peer, f"{kind}, {size} octets"))
            for line in log.splitlines():
                action, _, detail = line.partition("\t")
                lines.append(TraceLine(worker, at / 1e6, action, peer, detail))
        for at, action, peer, detail in database.execute(
            "SELECT at, action, peer, detail FROM event WHERE identifier=?", (identifier,)
        ):
            lines.append(TraceLine(worker, at / 1e6, action, peer, detail))
        for entry in database.execute(
            "SELECT arrived, queue, attempts, error, cause FROM entry LEFT JOIN obstacle USING (queue) "
            "WHERE identifier=?",
            (identifier,),
        ):
            arrived, queue, attempts, error, obstacle = entry
            why = f"{attempts} attempts, last: {error}" if attempts else "not tried yet"
            if obstacle:
                why += f"; the peer cannot be reached: {obstacle}"
            lines.append(TraceLine(worker, arrived, "waiting", queue, why))
    return sorted(lines, key=lambda line: line.at)


@_reads
def identifiers(folder: str | Path, part: str, limit: int = 20) -> list[str]:
    """Identifiers that contain ``part``, for a user who gave only some of one."""
    found: set[str] = set()
    for _, database in _databases(folder):
        pattern = "%" + part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        rows = database.execute(
            "SELECT DISTINCT identifier FROM arrival WHERE identifier LIKE ? ESCAPE '\\' LIMIT ?", (pattern, limit)
        )
        found.update(row[0] for row in rows)
    return sorted(found)[:limit]
