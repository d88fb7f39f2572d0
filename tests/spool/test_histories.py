"""The keys by which repetitions are known, in a database that is damaged."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from x400.spool import Batch, Entry, Event, SqliteSpool
from x400.spool.histories import history_rows, rows_in

PAGE = 4096
NUMBER = 400
LONG = "a text that is longer than a page has room for " * 40


def batch(number: int, *, waits: bool = False) -> Batch:
    """Not in the order of their keys; some with histories that run over several pages."""
    identifier = f"m{number * 7919 % 1000:03}"
    entry = Entry("peer", 1, identifier, "message", "/S=a/", "/S=b/", 1e12, b"head")
    events = [Event("accepted", "from", LONG if number % 50 == 0 else "detail")]
    return Batch(identifier, b"key %d" % number, "message", "from", 4, [entry] if waits else [], events)


async def _fill(folder: Path) -> None:
    spool = SqliteSpool(folder)
    await spool.open()
    assert all(await asyncio.gather(*[spool.store(batch(number, waits=number < 20)) for number in range(NUMBER)]))
    for entry in (await spool.claim("peer", 20, 60)).entries:
        spool.done(entry, Event("transferred", "peer", LONG))
    await spool.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled") / "spool"
    asyncio.run(_fill(folder))
    return folder


async def _unknown(folder: Path) -> tuple[set[int], SqliteSpool]:
    """The messages whose repetition is taken for new."""
    spool = SqliteSpool(folder)
    await spool.open()
    stored = await asyncio.gather(*[spool.store(batch(number)) for number in range(NUMBER)])
    await spool.close()
    return {number for number, is_new in enumerate(stored) if is_new}, spool


def test_the_rows_are_those_that_sqlite_reads(filled: Path) -> None:
    found: dict[str, list[tuple[object, ...]]] = {"arrival": [], "event": []}
    for table, row in history_rows(filled / "spool.sqlite", PAGE):
        found[table].append(tuple(row))
    with sqlite3.connect(filled / "spool.sqlite") as database:
        for table, rows in found.items():
            assert sorted(rows) == sorted(database.execute(f"SELECT * FROM {table}"))
    assert len(found["arrival"]) == NUMBER
    assert len(found["event"]) == 20


def test_any_page_may_be_zeroed_and_the_repetitions_of_all_else_are_known(filled: Path, tmp_path: Path) -> None:
    """No key is lost but those that stood in the page, and then it is said that some are missing."""
    octets = (filled / "spool.sqlite").read_bytes()
    keys = {batch(number).duplicate_key: number for number in range(NUMBER)}
    lost = above_leaves = 0
    for place in range(0, len(octets), PAGE):
        page = octets[place : place + PAGE]
        on_it = {keys[row[1]] for table, row in rows_in(page) if table == "arrival"}
        folder = Path(shutil.copytree(filled, tmp_path / f"at{place}"))
        with open(folder / "spool.sqlite", "r+b") as file:
            file.seek(place)
            file.write(bytes(PAGE))
        unknown, spool = asyncio.run(_unknown(folder))
        assert unknown <= on_it | long_ones(unknown), "nothing is forgotten that did not stand there"
        assert not on_it or spool.rescued is not None
        if unknown:
            assert spool.rescued is not None
            assert spool.rescued.keys_missing
        lost += len(unknown)
        above_leaves += page[0] == 2
        shutil.rmtree(folder)
    print(f"{len(octets) // PAGE} pages, {above_leaves} above leaves; {lost} of {NUMBER} keys lost in all")
    assert above_leaves
    assert NUMBER - 20 <= lost <= NUMBER + 20


def long_ones(numbers: set[int]) -> set[int]:
    """Those whose row runs over several pages: any of these takes it along."""
    return {number for number in numbers if number % 50 == 0}


def test_octets_that_are_none_of_a_page() -> None:
    """Any octets at all: rows or none, and no exception."""
    chance = random.Random(5)
    for kind in (2, 10):
        for _ in range(2000):
            page = bytearray(chance.randbytes(512))
            page[0], page[3:5] = kind, chance.randrange(8).to_bytes(2, "big")
            for at in range(8, 30, 2):
                page[at : at + 2] = chance.randrange(600).to_bytes(2, "big")
            list(rows_in(bytes(page)))
