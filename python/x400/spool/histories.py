"""The rows of the histories, read from the pages by ourselves: those that SQLite does not find any more.

``arrival`` and ``event`` are trees without row numbers: a row stands whole in a page, of a leaf or above one. Where a
page above is gone, every page below it still has its rows, and these are the keys by which repetitions are known. Which
table a row is of shows in the number and the kinds of its values: no other tree has rows of that form. A page that the
pointer map calls free has rows that are forgotten.

The format: https://www.sqlite.org/fileformat2.html, 1.6 "B-tree Pages", 2.1 "Record Format".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any

from x400.spool.leaves import pages, variable
from x400.spool.sqlite_schema import KINDS

_HEADER = {10: 8, 2: 12}
"""Octets of the header of a page of such a tree: of a leaf, and of one above leaves."""

_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_TABLES = {len(KINDS[table]): table for table in ("arrival", "event")}
_LONGEST = 1 << 24
"""Octets of a row that is believed."""

Row = list[Any]


def history_rows(database: Path, page_size: int) -> Iterator[tuple[str, Row]]:
    """Each row that can be read, in no order, and the table that it is of."""
    with open(database, "rb") as overflow:
        for _, page in pages(database, page_size):
            if page[0] in _HEADER and len(page) == page_size:
                yield from _rows_of(page, overflow)


def rows_in(page: bytes) -> Iterator[tuple[str, Row]]:
    """The rows of one page that stand in it whole."""
    if page and page[0] in _HEADER:
        yield from _rows_of(page, None)


def _rows_of(page: bytes, overflow: BufferedReader | None) -> Iterator[tuple[str, Row]]:
    (cells,) = struct.unpack_from(">H", page, 3)
    start = _HEADER[page[0]]
    if start + 2 * cells > len(page):
        return
    for place in struct.unpack_from(f">{cells}H", page, start):
        payload = _payload(page, place + (4 if start == 12 else 0), overflow)
        row = _record(payload) if payload else None
        table = None if row is None else _TABLES.get(len(row))
        if table is not None and row is not None and all(map(isinstance, row, KINDS[table])):
            yield table, row


def _payload(page: bytes, at: int, overflow: BufferedReader | None) -> bytes:
    """The octets of a row; none when they are not all there."""
    length, at = variable(page, at)
    size = len(page)
    most, least = (size - 12) * 64 // 255 - 23, (size - 12) * 32 // 255 - 23
    if length <= most:
        return page[at : at + length] if at + length <= size else b""
    local = least + (length - least) % (size - 4)
    local = local if local <= most else least
    if overflow is None or length > _LONGEST or at + local + 4 > size:
        return b""
    payload = page[at : at + local]
    (following,) = struct.unpack_from(">I", page, at + local)
    while following and len(payload) < length:
        overflow.seek((following - 1) * size)
        more = overflow.read(size)
        if len(more) < size:
            return b""
        (following,) = struct.unpack_from(">I", more)
        payload += more[4:]
    return payload[:length] if len(payload) >= length else b""


def _record(payload: bytes) -> Row | None:
    """The values; None when it has not the form of a row."""
    end, at = variable(payload, 0)
    if end > len(payload):
        return None
    body, row = end, []
    while at < end:
        kind, at = variable(payload, at)
        size = _INTEGERS.get(kind, 0) if kind < 12 else (kind - 12) // 2
        octets = payload[body : body + size]
        body += size
        if body > len(payload) or kind in (0, 7, 10, 11):
            return None
        try:
            row.append(_value(kind, octets))
        except UnicodeDecodeError:
            return None
    return row if body == len(payload) else None


def _value(kind: int, octets: bytes) -> int | bytes | str:
    if kind >= 12:
        return octets.decode() if kind % 2 else octets
    return kind - 8 if kind in (8, 9) else int.from_bytes(octets, "big", signed=True)
