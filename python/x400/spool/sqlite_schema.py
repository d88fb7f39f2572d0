"""The tables of the SQLite engine, and the statements that write them.

``entry``    what is waiting. The index (queue, priority, due, id) is the order of claims: a claim reads a range of it.
             ``checksum`` is the CRC of identifier, detail and head; those of content files are in the files.
             ``due`` is 0 for what was never tried, so the clock may jump; a retry sets it.
``arrival``  one row per accepted transfer, by (identifier, duplicate_key): the duplicate table. ``log`` has a line for
             each event that came with it: action, tab, detail.
``event``    one row per later step of a message's life, by (identifier, microseconds).
``obstacle`` one row per queue whose next hop cannot be reached.

Both histories are clustered by identifier (WITHOUT ROWID): no second tree to write, and a trace is one range read.
"""

from __future__ import annotations

import contextlib
import functools
import sqlite3

from x400_framer.sqlite import Connection

VERSION = 2
READABLE = (0, 1, VERSION)
GROUP = 64
"""Batches in a transaction, as a rule."""

DDL = """
CREATE TABLE IF NOT EXISTS entry (
  id INTEGER PRIMARY KEY,
  queue TEXT NOT NULL,
  priority INTEGER NOT NULL,
  due REAL NOT NULL,
  expiry REAL NOT NULL,
  identifier TEXT NOT NULL,
  kind TEXT NOT NULL,
  originator TEXT NOT NULL,
  recipients TEXT NOT NULL,
  arrived REAL NOT NULL,
  attempts INTEGER NOT NULL,
  error TEXT NOT NULL,
  content TEXT,
  tail_offset INTEGER,
  tail_length INTEGER,
  detail BLOB NOT NULL,
  head BLOB NOT NULL,
  checksum INTEGER
);
CREATE INDEX IF NOT EXISTS entry_order ON entry (queue, priority, due);
CREATE INDEX IF NOT EXISTS entry_expiry ON entry (expiry);
CREATE INDEX IF NOT EXISTS entry_content ON entry (content) WHERE content IS NOT NULL;
CREATE TABLE IF NOT EXISTS arrival (
  identifier TEXT NOT NULL,
  duplicate_key BLOB NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  peer TEXT NOT NULL,
  size INTEGER NOT NULL,
  log TEXT NOT NULL,
  PRIMARY KEY (identifier, duplicate_key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (
  identifier TEXT NOT NULL,
  at INTEGER NOT NULL,
  action TEXT NOT NULL,
  peer TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (identifier, at)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS obstacle (
  queue TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  cause TEXT NOT NULL,
  again REAL NOT NULL
) WITHOUT ROWID;
"""

ENTRY_COLUMNS = (
    "id, queue, priority, due, expiry, identifier, kind, originator, recipients, arrived, attempts, error, "
    "content, tail_offset, tail_length, detail, head, checksum"
)
TABLES = {
    "entry": (ENTRY_COLUMNS, 18),
    "arrival": ("identifier, duplicate_key, at, kind, peer, size, log", 7),
    "event": ("identifier, at, action, peer, detail", 5),
}
"""What is written into each: the columns, and their number."""

_NUMBER, _TEXT, _MAYBE_NUMBER = (int, float), str, (int, type(None))
KINDS: dict[str, tuple[type | tuple[type, ...], ...]] = {
    "entry": (
        int, _TEXT, int, _NUMBER, _NUMBER, _TEXT, _TEXT, _TEXT, _TEXT, _NUMBER, int, _TEXT,
        (str, type(None)), _MAYBE_NUMBER, _MAYBE_NUMBER, bytes, bytes, _MAYBE_NUMBER,
    ),
    "arrival": (_TEXT, bytes, int, _TEXT, _TEXT, int, _TEXT),
    "event": (_TEXT, int, _TEXT, _TEXT, _TEXT),
}  # fmt: skip
"""What the values of a row are."""


def _insert(table: str) -> str:
    columns, width = TABLES[table]
    verb = "INSERT" if table == "entry" else "INSERT OR IGNORE"
    return f"{verb} INTO {table} ({columns}) VALUES (" + ",".join("?" * width) + ")"


INSERT = {table: _insert(table) for table in TABLES}
"""The statement that inserts a row of each table; histories keep the first of two equal keys."""

DELETE = "DELETE FROM entry WHERE id=?"
RETRY = "UPDATE entry SET due=?, error=?, attempts=attempts+1 WHERE id=?"


def make_room(connection: Connection) -> None:
    """Give the disk back what is not needed: the log is brought into the database and cut, free pages are cut off."""
    with contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.executescript("PRAGMA incremental_vacuum")  # `execute` would free a page
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def create(path: str, *, wal_pages: int = 8192) -> Connection:
    """Open for writing, with all tables there; of a new database the tables are always in the same places."""
    connection = connect(path, wal_pages=wal_pages)
    connection.executescript(DDL)
    connection.execute(f"PRAGMA user_version={VERSION}")
    return connection


@functools.cache
def _made() -> list[tuple[str, ...]]:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(DDL)
        return _described(connection)


def _described(connection: sqlite3.Connection) -> list[tuple[str, ...]]:
    rows = connection.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY name")
    return [(*row[:3], row[3].partition("head BLOB NOT NULL")[0]) for row in rows]  # another version may have more


def is_ours(connection: sqlite3.Connection) -> bool:
    """Whether the tables are described as the statements above would."""
    return _described(connection) == _made()


def has_no_checksums(connection: Connection) -> bool:
    """Whether the database is one of version 1."""
    return "checksum" not in [row[1] for row in connection.execute("PRAGMA table_info(entry)")]


def add_checksums(connection: Connection) -> None:
    """From version 1 to 2; what is there already is not verified when it is read."""
    connection.execute("ALTER TABLE entry ADD COLUMN checksum INTEGER")


def connect(path: str, *, cache_kib: int = 32768, wal_pages: int = 8192) -> Connection:
    """Open for writing: every commit is on disk before it returns (WAL, synchronous=FULL).

    What is deleted is written over with zeros: a rescue takes what it finds in a page for what was there.
    """
    connection = Connection(path)
    connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute(f"PRAGMA cache_size=-{cache_kib}")
    connection.execute(f"PRAGMA wal_autocheckpoint={wal_pages}")
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection
