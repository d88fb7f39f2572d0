"""The leaves of a table whose tree is broken: a page above them is gone, and SQLite does not find them any more.

``entry`` is the only table with row numbers, so every table leaf but the first page is one of its. Their row numbers
are read here; the rows themselves by SQLite, from a copy whose root is made anew over some leaves at a time. A page
that the pointer map calls free has rows that have left.

The format: https://www.sqlite.org/fileformat2.html, 1.6 "B-tree Pages", 1.8 "Pointer Map".
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from pathlib import Path

TOGETHER = 200
"""Leaves under one root: their pointers and keys fit into a page."""

_LEAF, _INTERIOR = 13, 5
_FREE = 2
"""What the pointer map says of a page that is in no tree."""

Leaf = tuple[int, list[int]]
"""The number of a page, and of the rows in it."""


def leaves(database: Path, page_size: int, known: set[int]) -> Iterator[list[Leaf]]:
    """Groups of leaves, in the order of their rows, that have rows whose numbers are not in ``known``."""
    found: list[Leaf] = []
    for number, page in pages(database, page_size):
        if page[0] == _LEAF:
            rows = _rows(page)
            if rows and not known.issuperset(rows):
                found.append((number, rows))
    found.sort(key=lambda leaf: leaf[1][0])
    group: list[Leaf] = []
    for leaf in found:
        if group and leaf[1][0] <= group[-1][1][-1]:
            continue  # two pages with the same rows: one of them is no leaf of this tree
        if len(group) == TOGETHER:
            yield group
            group = []
        group.append(leaf)
    if group:
        yield group


def pages(database: Path, page_size: int) -> Iterator[tuple[int, bytes]]:
    """The pages that are in a tree, or were before it broke, with their numbers: neither the first one, nor the pointer
    map, nor what that calls free. The last one may be cut short."""
    with open(database, "rb") as file:
        number, types = 0, b""
        while page := file.read(page_size):
            number += 1
            place = (number - 2) % (page_size // 5 + 1)
            if number > 1 and place == 0:
                types = page[: len(page) // 5 * 5 : 5]
            elif number > 2 and types[place - 1] != _FREE:
                yield number, page


def _rows(page: bytes) -> list[int]:
    """The row numbers of a leaf, if they rise as they should; else none."""
    (number,) = struct.unpack_from(">H", page, 3)
    if 8 + 2 * number > len(page):
        return []
    rows = []
    for place in struct.unpack_from(f">{number}H", page, 8):
        _, at = variable(page, place)
        row, _ = variable(page, at)
        rows.append(row)
    return rows if all(one < other for one, other in itertools.pairwise(rows)) else []


def variable(page: bytes, at: int) -> tuple[int, int]:
    """An integer of variable length, and where it ends."""
    value = 0
    for count, octet in enumerate(page[at : at + 9], 1):
        if count == 9:
            return value << 8 | octet, at + 9
        value = value << 7 | octet & 0x7F
        if octet < 0x80:
            return value, at + count
    return value, at + 9


def _asvariable(value: int) -> bytes:
    septets = [value & 0x7F]
    while value := value >> 7:
        septets.append(value & 0x7F | 0x80)
    return bytes(reversed(septets))


def root_over(group: list[Leaf], page_size: int) -> bytes:
    """An interior page above the leaves."""
    if len(group) == 1:
        group = group * 2
    page = bytearray(page_size)
    at = page_size
    for place, (number, rows) in enumerate(group[:-1]):
        cell = struct.pack(">I", number) + _asvariable(rows[-1])
        at -= len(cell)
        page[at : at + len(cell)] = cell
        struct.pack_into(">H", page, 12 + 2 * place, at)
    struct.pack_into(">BHHHBI", page, 0, _INTERIOR, 0, len(group) - 1, at, 0, group[-1][0])
    return bytes(page)
