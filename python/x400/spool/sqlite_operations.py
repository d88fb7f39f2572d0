"""What operators do to entries, as SQL: run between the writer's transactions, each function one of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from x400.spool.sqlite_schema import ENTRY_COLUMNS, GROUP, INSERT
from x400_framer.sqlite import Connection

Row = tuple[Any, ...]


def find(connection: Connection, queue: str | None, identifier: str | None, after: int, limit: int) -> list[int]:
    """The ids above ``after`` of what waits in one queue, of one message, of both, or of all."""
    wanted = {"queue": queue, "identifier": identifier}
    named = {column: value for column, value in wanted.items() if value is not None}
    where = "".join(f" AND {column}=?" for column in named)
    statement = f"SELECT id FROM entry NOT INDEXED WHERE id>?{where} ORDER BY id LIMIT ?"
    return [row[0] for row in connection.execute(statement, (after, *named.values(), limit))]


def rows(connection: Connection, ids: Sequence[int]) -> Iterable[Row]:
    """Whole entries by id."""
    for start in range(0, len(ids), GROUP):
        some = ids[start : start + GROUP]
        marks = ",".join("?" * len(some))
        yield from connection.execute(f"SELECT {ENTRY_COLUMNS} FROM entry WHERE id IN ({marks})", some)


def change(connection: Connection, ids: Sequence[int], columns: Mapping[str, Any], events: list[Row]) -> None:
    """Set columns of entries, and write the lines of their traces."""
    assignments = ", ".join(f"{column}=?" for column in columns)
    rows = [(*columns.values(), id) for id in ids]
    connection.transaction(
        [(f"UPDATE entry SET {assignments} WHERE id=?", rows, None), (INSERT["event"], events, None)]
    )


def bring_forward(connection: Connection, latest: float, but: str) -> None:
    """Nothing is due later than ``latest``, but what is held, and what is in one queue."""
    connection.execute("UPDATE entry SET due=? WHERE due>? AND due<9e999 AND queue<>?", (latest, latest, but))
