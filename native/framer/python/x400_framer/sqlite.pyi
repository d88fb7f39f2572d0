"""A connection to an SQLite database whose transactions run from end to end without Python's lock.

It uses the library that Python's module `sqlite3` uses, so that both may have the same file open, and raises that
module's errors (with `sqlite_errorcode`, the extended one); UnicodeDecodeError where a text, or what SQLite says of an
error, is none. Values are str, int, float, bytes and None.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, final

_Row: TypeAlias = tuple[Any, ...]

@final
class Rows:
    """What a statement has found: an iterator over its rows."""

    rowcount: int
    """How many rows were written; -1 of a statement that only reads."""

    def __iter__(self) -> Iterator[_Row]: ...
    def __next__(self) -> _Row: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...

@final
class Connection:
    """A database, made if it is not there. Outside of transactions each statement is one by itself. One thread may use
    it at a time: another one meanwhile is refused (ProgrammingError)."""

    commit_seconds: float
    """How long the last transaction took to become durable."""

    in_transaction: bool

    def __init__(self, path: str) -> None: ...
    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run one statement, as far as its first row."""

    def executescript(self, sql: str) -> None:
        """Run all statements of a text to their ends."""

    def transaction(self, steps: list[tuple[str, list[_Row], int | None]]) -> list[int] | None:
        """Write in one transaction (BEGIN IMMEDIATE), without Python's lock: each step's statement with each of its
        rows. How many rows each step has changed; None if a step that says how many it must change has changed another
        number: then all is undone, as it is when an error is raised."""

    def close(self) -> None: ...
