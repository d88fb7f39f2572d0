"""A damaged database: it is set aside as it is, and what can still be read of it goes into a new one.

The damaged files are never written to and never deleted: they get a second name in the quarantine folder, beside a
``.damage`` that says what was wrong, how much was saved and which entries were not. What is read from is a copy, put
right as far as that goes without guessing: the pages of the log that verify are brought in, and the first page, which
says where the tables begin, is replaced where it is not what it was: the tables are always made in the same order.

An entry is looked for in its table from both ends, behind each place that cannot be read, by the numbers that the
indices still have, and in leaves that are in no tree any more (x400.spool.leaves). Of the histories, when they cannot
be read from end to end, what stands in each page is taken (x400.spool.histories): what is lost is what stood in those
that are damaged. With it go keys by which repetitions are known, and nobody can say of which transfers:
``keys_missing``. What was accepted before, and is neither among the entries nor has left, gets a line in its history
(x400.spool.accounts). What the new database replaces the old one by is complete before the old one goes; a crash at any
moment leaves one or the other.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from x400.spool import sqlite_schema as schema
from x400.spool.accounts import UNACCOUNTED, unaccounted
from x400.spool.contents import sync_folder
from x400.spool.histories import history_rows
from x400.spool.interface import Rescue
from x400.spool.leaves import leaves, root_over
from x400.spool.wal import Log
from x400_framer.sqlite import Connection

QUICK = 512 << 20
"""Octets of a database up to which all of its pages, and the indices against the table, are checked when it is opened
(a second, from memory); of a larger one the trees are walked without their octets (a thirtieth of that). What is not
looked at is found when it is read: the spool is opened anew then, and rescued."""

MARK = "damaged"
"""A file of this name beside the database says what was found while it was used: it is rescued when it is opened."""

DAMAGE = ".damage"
"""The ending of what is known, in JSON, of a damaged database in the quarantine folder."""

PIECE = 256
"""Octets of a damaged entry that are read at once."""

FAILURES = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite may raise: the latter when what it has to say quotes octets that are no text."""

_RESCUED = "rescued.sqlite"
_TABLES = ("entry", "arrival", "event")


def is_damage(error: BaseException) -> bool:
    """Whether it says that what is on disk is not what was written."""
    if isinstance(error, UnicodeDecodeError) or "Could not decode" in str(error):  # a text that is none
        return True
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def mark(database: Path, reason: str) -> None:
    """Remember that the database is damaged, on disk: this one, not what takes its place. Raises OSError."""
    number = database.stat().st_ino
    with open(database.parent / MARK, "w") as file:
        file.write(f"{number} {reason}")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(database.parent)


def marked(database: Path) -> str:
    """What ``mark`` has remembered of it; empty: nothing."""
    with suppress(FileNotFoundError):
        number, _, reason = (database.parent / MARK).read_text().partition(" ")
        if number == str(database.stat().st_ino):
            return reason or "unknown damage"
    return ""


def look_over(database: Path) -> str:
    """What is wrong with a database that nobody has opened yet; empty: nothing was found. See ``QUICK``.

    It is only read: to close what was opened for writing would bring the log into the database, as far as it goes.
    Raises sqlite3.Error that is no damage.
    """
    log = Log(database)
    if not database.exists():
        return "the database is gone, its write-ahead log is there" if log else ""
    if not database.stat().st_size:
        return "the database has been emptied"
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return _look_over(connection) or log.damage()
    except FAILURES as error:
        if not is_damage(error):
            raise
        return str(error)


def _look_over(connection: sqlite3.Connection) -> str:
    size = connection.execute("PRAGMA page_count").fetchone()[0] * connection.execute("PRAGMA page_size").fetchone()[0]
    if size <= QUICK:
        first = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if first != "ok":
            return str(first).replace("*** in database main ***\n", "")
    else:
        for walked in ("entry NOT INDEXED", "entry INDEXED BY entry_order", "entry INDEXED BY entry_expiry",
                       "arrival", "event"):  # fmt: skip
            connection.execute(f"SELECT count(*) FROM {walked}").fetchone()
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    ours, readable = schema.is_ours(connection), version in schema.READABLE
    if ours != readable and version:  # neither: of another program; what is new has no version yet
        return "the tables are not described as they were made" if readable else "the number of the version is damaged"
    return ""


def close_as_it_is(connection: Connection, database: Path) -> None:
    """Close a damaged database without its log being brought into it, which the last one to close it would do."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as another:
        with suppress(sqlite3.Error):
            another.execute("SELECT 1 FROM sqlite_schema").fetchone()
        connection.close()


def finish(database: Path) -> None:
    """Put the new database in the old one's place, if a rescue had come that far."""
    rescued = database.with_name(_RESCUED)
    if not rescued.exists():
        return
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    sync_folder(database.parent)  # an old log would be brought into the new database
    os.replace(rescued, database)
    (database.parent / MARK).unlink(missing_ok=True)
    sync_folder(database.parent)


def rescue(database: Path, quarantine: Path, reason: str) -> Rescue:
    """See the module; the database is not open, and nobody else writes to it. Raises OSError, sqlite3.Error: all is as
    it was, then."""
    work, unfinished = database.with_name("rescue-from.sqlite"), database.with_name("rescue-to.sqlite")
    _remove(work, unfinished)  # of one that was killed
    try:
        return _rescue(database, work, unfinished, quarantine, reason)
    finally:
        _remove(work, unfinished)


def _rescue(database: Path, work: Path, unfinished: Path, quarantine: Path, reason: str) -> Rescue:
    stem = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{uuid.uuid4().hex[:8]}"
    kept = quarantine / f"{stem}.sqlite"
    work.touch()
    with suppress(FileNotFoundError):
        shutil.copyfile(database, work)
    left_out = Log(database).apply(work)
    with closing(schema.create(str(unfinished))) as target:
        _put_right(work, unfinished, target)
        target.execute("PRAGMA journal_mode=MEMORY")  # all of it in a log first would need the room twice
        target.execute("BEGIN")
        with _source(work) as source:
            ids = _copy_entries(source, target)
        ids |= _copy_leaves(work, target)
        with _source(work) as source:
            histories_whole = _copy_histories(source, target)
        if not histories_whole:
            _copy_history_rows(work, target)
        missing = _end_histories(target, kept.name)
        target.execute("COMMIT")
        lost = sorted(ids - _saved(target))
        saved = target.execute("SELECT count(*) FROM entry").fetchone()[0]
    _remove(work)
    for suffix in ("", "-wal"):
        with suppress(FileNotFoundError):
            os.link(database.with_name(database.name + suffix), kept.with_name(kept.name + suffix))
    keys_missing = left_out > 0 or not histories_whole
    about = {"database": str(kept.name), "reason": reason, "time": time.time(), "saved": saved, "lost": len(lost),
             "entries": lost[:1000], "keys_missing": keys_missing,
             "unaccounted": len(missing), "messages": missing[:1000]}  # fmt: skip
    kept.with_suffix(DAMAGE).write_text(json.dumps(about) + "\n")
    sync_folder(quarantine)
    os.replace(unfinished, database.with_name(_RESCUED))
    sync_folder(database.parent)
    finish(database)
    return Rescue(reason, saved, tuple(lost), kept, keys_missing, tuple(missing))


def _remove(*databases: Path) -> None:
    for database in databases:
        for suffix in ("", "-wal", "-shm"):
            database.with_name(database.name + suffix).unlink(missing_ok=True)


def _put_right(work: Path, fresh: Path, connection: Connection) -> None:
    """Whole pages, as many as the first one says; and a first page that says where the tables are."""
    size = connection.execute("PRAGMA page_size").fetchone()[0]
    roots = "SELECT type, name, rootpage, sql FROM sqlite_schema ORDER BY name"
    expected = connection.execute(roots).fetchall()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages = max(1, -(-work.stat().st_size // size))

    def write_first(octets: bytes) -> None:
        head = bytearray(octets)
        head[28:32] = pages.to_bytes(4, "big")
        head[92:96] = head[24:28]  # the number of pages is as good as the change counter beside it
        with open(work, "r+b") as file:
            file.truncate(pages * size)
            file.write(head)

    with open(work, "rb") as file:
        write_first(file.read(size).ljust(size, b"\0"))
    try:
        with closing(sqlite3.connect(f"{work.absolute().as_uri()}?immutable=1", uri=True)) as damaged:
            same = damaged.execute(roots).fetchall() == expected
            same = same and damaged.execute("PRAGMA page_size").fetchone()[0] == size
    except FAILURES:
        same = False
    if not same:
        write_first(fresh.read_bytes()[:size])


@contextmanager
def _source(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?immutable=1", uri=True)) as source:
        source.execute("PRAGMA cell_size_check=1")
        source.text_factory = lambda octets: octets.decode("utf-8", "replace")
        yield source


def _saved(target: Connection) -> set[int]:
    return {row[0] for row in target.execute("SELECT id FROM entry")}


def _copy_entries(source: sqlite3.Connection, target: Connection) -> set[int]:
    """Copy the entries that are found; the ids of all that are known to have been there."""
    ids: set[int] = set()
    for order in ("id", "queue, priority, due", "expiry"):
        index = {"id": "NOT INDEXED", "expiry": "INDEXED BY entry_expiry"}.get(order, "INDEXED BY entry_order")
        for direction in ("", " DESC"):
            columns = ", ".join(column + direction for column in order.split(", "))
            statement = f"SELECT id FROM entry {index} ORDER BY {columns}"
            ids.update(row[0] for row in _until_damage(source, statement) if type(row[0]) is int)
    ids.update(_behind_damage(source, max(ids, default=0)))
    _copy_rows(source, target, ids)
    return ids


def _copy_rows(source: sqlite3.Connection, target: Connection, ids: Iterable[int]) -> None:
    one = f"SELECT {schema.ENTRY_COLUMNS} FROM entry NOT INDEXED WHERE id=?"
    for id in sorted(ids):
        row = next(iter(_until_damage(source, one, (id,))), None) or _with_holes(source, id)
        if row is not None:
            _put(target, "entry", row)


def _with_holes(source: sqlite3.Connection, id: int) -> Sequence[Any] | None:
    """An entry whose head cannot be read to its end: what is missing is zero, and the checksum does not fit."""
    before = schema.ENTRY_COLUMNS.removesuffix(", head, checksum")
    statement = f"SELECT {before}, length(head) FROM entry NOT INDEXED WHERE id=?"
    row = next(iter(_until_damage(source, statement, (id,))), None)
    if row is None or type(row[-1]) is not int:
        return None
    head = b""
    with suppress(*FAILURES), source.blobopen("entry", "head", id, readonly=True) as blob:
        while len(head) < row[-1]:
            head += blob.read(PIECE)
    return (*row[:-1], head.ljust(row[-1], b"\0"), -1)


def _copy_leaves(work: Path, target: Connection) -> set[int]:
    """Copy entries that are in no tree any more; the ids of all that have been looked for. The root of the table is
    written over meanwhile, and put back."""
    size = target.execute("PRAGMA page_size").fetchone()[0]
    root = target.execute("SELECT rootpage FROM sqlite_schema WHERE name='entry'").fetchone()[0]
    place = (root - 1) * size
    with open(work, "r+b", buffering=0) as file:
        file.seek(place)
        before = file.read(size)
        saved = _saved(target)
        looked_for: set[int] = set()
        for group in leaves(work, size, saved):
            if any(number == root for number, _ in group):
                continue
            file.seek(place)
            file.write(root_over(group, size))
            ids = {id for _, rows in group for id in rows} - saved
            with _source(work) as source:
                _copy_rows(source, target, ids)
            looked_for |= ids
        file.seek(place)
        file.write(before)
    return looked_for


def _copy_histories(source: sqlite3.Connection, target: Connection) -> bool:
    """Copy what is found; whether that is all."""
    whole = True
    for table in ("arrival", "event"):
        columns = schema.TABLES[table][0]
        try:
            for row in source.execute(f"SELECT {columns} FROM {table} ORDER BY identifier"):
                whole = _put(target, table, row) and whole
        except FAILURES:
            whole = False
    return whole


def _copy_history_rows(work: Path, target: Connection) -> None:
    size = target.execute("PRAGMA page_size").fetchone()[0]
    for table, row in history_rows(work, size):
        _put(target, table, row)


def _end_histories(target: Connection, kept: str) -> list[tuple[str, str]]:
    """Write a line into the history of each that is not accounted for; which these are."""
    missing = list(unaccounted(target))
    now = time.time_ns() // 1000
    for number, (identifier, queue) in enumerate(missing):
        row = (
            identifier,
            now + number,
            UNACCOUNTED,
            queue,
            f"neither waits nor has left: the database was damaged ({kept})",
        )
        _put(target, "event", row)
    return missing


def _until_damage(connection: sqlite3.Connection, statement: str, values: Sequence[Any] = ()) -> Iterator[Any]:
    """The rows up to the first place that cannot be read."""
    with suppress(*FAILURES):
        yield from connection.execute(statement, values)


def _behind_damage(connection: sqlite3.Connection, last: int) -> Iterator[int]:
    """The ids of the table up to the last one known, with steps over what cannot be read."""
    at, step = 0, 1
    while at < last:
        rows = _until_damage(connection, "SELECT id FROM entry NOT INDEXED WHERE id>? ORDER BY id", (at,))
        before = at
        for (id,) in rows:
            if type(id) is int and id > at:
                at, step = id, 1
                yield id
        if at == before:
            at, step = at + step, step * 2


def _put(target: Connection, table: str, row: Sequence[Any]) -> bool:
    """Store a row of the damaged database, if it has the form of one."""
    kinds = schema.KINDS[table]
    if not all(isinstance(value, kind) for value, kind in zip(row, kinds, strict=True)):
        return False
    with suppress(sqlite3.IntegrityError):
        target.execute(schema.INSERT[table], row)
        return True
    return False
