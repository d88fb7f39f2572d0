"""What the other workers of the same MTA have accepted: a peer whose confirmation was lost may repeat to any of them.

They are asked in the writer's thread, before each group is committed; only reading. Two workers that take the same
transfer at the same instant do not see each other: it is passed on twice then, never lost.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

Key = tuple[str, bytes]

LOOK_AGAIN = 1.0
"""Seconds until a database that could not be opened is looked for again."""


class Siblings:
    """The databases of the other workers, opened when they are there."""

    def __init__(self, databases: Sequence[Path]) -> None:
        self._missing = list(databases)
        self._open: dict[Path, sqlite3.Connection] = {}
        self._look_at = 0.0

    def known(self, keys: Sequence[Key]) -> set[Key]:
        """Those of the (identifier, duplicate key) pairs that another worker has accepted."""
        if self._missing and time.monotonic() >= self._look_at:
            self._look()
        if not self._open or not keys:
            return set()
        rows = ",".join(["(?,?)"] * len(keys))
        statement = (
            f"SELECT identifier, duplicate_key FROM arrival WHERE (identifier, duplicate_key) IN (VALUES {rows})"
        )
        values = list(chain.from_iterable(keys))
        found: set[Key] = set()
        for path, connection in tuple(self._open.items()):
            try:
                found.update(connection.execute(statement, values).fetchall())
            except sqlite3.Error:  # replaced, or broken: its own worker tells of that
                connection.close()
                del self._open[path]
                self._missing.append(path)
        return found

    def _look(self) -> None:
        self._look_at = time.monotonic() + LOOK_AGAIN
        for path in [path for path in self._missing if path.exists()]:
            try:
                connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, cached_statements=128)
                connection.execute("SELECT 1 FROM arrival LIMIT 1")
            except sqlite3.Error:
                continue
            self._missing.remove(path)
            self._open[path] = connection

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()
        self._open.clear()
