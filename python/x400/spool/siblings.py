"""What the other workers of the same MTA have accepted: a peer whose confirmation was lost may repeat to any of them.

They are asked in the writer's thread, before each group is committed; only reading. What they are just storing is in
no database yet: x400.spool.in_flight tells of that. Who cannot be asked because his database is damaged is told so, and
until he has rescued it nothing is taken over that he may have accepted before; after ``PATIENCE`` it is.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from x400.spool.exceptions import SpoolError
from x400.spool.in_flight import MAXIMUM, InFlight, digest
from x400.spool.rescue import FAILURES, is_damage, mark, marked
from x400.spool.sqlite_schema import GROUP

Key = tuple[str, bytes]

PATIENCE = 20.0
"""Seconds for which transfers are refused because a worker cannot be asked: it looks every few, and is then rescued."""


class _Sibling:
    """Another worker's database, opened when it is there, and anew when its owner has opened it anew."""

    def __init__(self, database: Path) -> None:
        self.in_flight = InFlight(database.parent)
        self._database = database
        self._connection: sqlite3.Connection | None = None
        self._times_opened = 0
        self._inode = 0
        """Of the file that the connection is to."""
        self._damaged = (0, 0.0)
        """The file that was found damaged (below 0: a rescue), and when that was, on the monotonic clock."""

    def connection(self) -> sqlite3.Connection | None:
        """Raises SpoolError as `failed` does."""
        times = self.in_flight.times_opened
        if self.in_flight.is_rescued:
            self._refuse(-times)
        if self._connection is None or times != self._times_opened:
            self.drop()
            if self._database.exists():
                self._open()
                self._times_opened = times
        return self._connection

    def _open(self) -> None:
        """Raises SpoolError as `failed` does."""
        try:
            self._inode = self._database.stat().st_ino
            uri = f"{self._database.absolute().as_uri()}?mode=ro"
            connection = sqlite3.connect(uri, uri=True, cached_statements=128, check_same_thread=False)
            try:
                connection.execute("SELECT 1 FROM arrival LIMIT 1")
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        except OSError:  # just gone
            return
        except FAILURES as error:
            self.failed(error)

    def failed(self, error: Exception) -> None:
        """It cannot be read. If that is because it is damaged, its owner is told, and SpoolError raised for a while."""
        self.drop()
        if not is_damage(error):
            return
        if self._damaged[0] != self._inode:
            with contextlib.suppress(OSError):
                if self._database.stat().st_ino == self._inode and not marked(self._database):
                    mark(self._database, str(error))
        self._refuse(self._inode)

    def _refuse(self, what: int) -> None:
        """Raise SpoolError, for a while from when this was met first."""
        now = time.monotonic()
        if self._damaged[0] != what:
            self._damaged = (what, now)
        if now - self._damaged[1] < PATIENCE:
            raise SpoolError("another worker cannot be asked whether it is a repetition: its spool is damaged")

    def drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Siblings:
    """The other workers' databases; ``folder`` is our own spool's. Without others nothing is told to anybody."""

    def __init__(self, folder: Path, databases: Sequence[Path]) -> None:
        self._own = InFlight(folder) if databases else None
        self._others = [_Sibling(database) for database in databases]
        if self._own is not None:
            self._own.opened()

    def tell(self, keys: Sequence[Key]) -> None:
        """A group with these (identifier, duplicate key) pairs is about to be stored: comes before its transaction."""
        if self._own is not None and keys:
            self._own.tell([digest(*key) for key in keys[:MAXIMUM]])

    def stored(self) -> None:
        """It is on disk, or it is not."""
        if self._own is not None:
            self._own.clear()

    def storing(self, keys: Sequence[Key]) -> set[Key]:
        """Those of the keys that have been told of that another worker is just storing; and those that were too many
        to be told of."""
        if self._own is None or not keys:
            return set()
        told = set(chain.from_iterable(other.in_flight.told() for other in self._others))
        found = {key for key in keys if digest(*key) in told} if told else set()
        return found.union(keys[MAXIMUM:])

    def known(self, keys: Sequence[Key]) -> set[Key]:
        """Those of the keys that another worker has accepted."""
        if not self._others:
            return set()
        found: set[Key] = set()
        for start in range(0, len(keys), GROUP):
            found |= self._known(keys[start : start + GROUP])
        return found

    def _known(self, keys: Sequence[Key]) -> set[Key]:
        rows = ",".join(["(?,?)"] * len(keys))
        statement = (
            f"SELECT identifier, duplicate_key FROM arrival WHERE (identifier, duplicate_key) IN (VALUES {rows})"
        )
        values = list(chain.from_iterable(keys))
        found: set[Key] = set()
        for other in self._others:
            connection = other.connection()
            if connection is None:
                continue
            try:
                found.update(connection.execute(statement, values).fetchall())
            except FAILURES as error:
                other.failed(error)
        return found

    def close(self) -> None:
        for other in self._others:
            other.drop()
            other.in_flight.close()
        if self._own is not None:
            self._own.close()
