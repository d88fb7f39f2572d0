"""What is the SQLite engine's own: kill -9 while it writes, a full disk, a damaged file, another process that reads."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from x400.spool import Batch, Entry, Event, SpoolClosed, SpoolCorrupt, SpoolFull, SqliteSpool, queries

WRITER = """
import asyncio, sys, time
from x400.spool import Batch, Entry, Event, SqliteSpool

async def main(folder, start):
    spool = SqliteSpool(folder)
    await spool.open()
    number = start
    def store(number):
        entry = Entry("peer", 1, f"m{number}", "message", "", "", time.time() + 999, b"%d" % number * 500, claimed=True)
        def stored(future):
            if number % 2:
                spool.done(entry, Event("transferred", "peer"))
                # a batch that is stored after it is committed with it, or later
                marker = spool.store(Batch(f"d{number}", b"", "message", "", 1, []))
                marker.add_done_callback(lambda _: print("done", number, flush=True))
            else:
                print("stored", number, flush=True)
        spool.store(Batch(entry.identifier, b"", "message", "", 1, [entry])).add_done_callback(stored)
    while True:
        for number in range(number, number + 20):
            store(number)
        number += 1
        await asyncio.sleep(0.002)

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def test_kill_9_while_writing(tmp_path: Path) -> None:
    """What was confirmed is there, what was done is gone, every row is whole; the writer killed at random moments."""
    folder = tmp_path / "spool"
    stored: set[int] = set()
    done: set[int] = set()
    for attempt in range(6):
        command = [sys.executable, "-c", WRITER, str(folder), str(attempt * 1_000_000)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(random.uniform(0.05, 0.35))
        writer.send_signal(signal.SIGKILL)
        for line in [first, *writer.stdout.read().splitlines()]:
            what, _, number = line.partition(" ")
            if number.strip().isdigit():
                (stored if what == "stored" else done).add(int(number))
        writer.wait()
        writer.stdout.close()
    assert len(stored) > 100
    assert len(done) > 100

    async def look() -> dict[int, bytes]:
        spool = SqliteSpool(folder)
        await spool.open()
        found: dict[int, bytes] = {}
        while claimed := (await spool.claim("peer", 1000, 60)).entries:
            found.update((int(entry.identifier[1:]), bytes(entry.head)) for entry in claimed)
        await spool.close()
        return found

    found = asyncio.run(look())
    last = max(stored)  # the last line may have been cut in the middle of its number
    assert stored - {last} <= set(found)
    assert not (done - {max(done)}) & set(found)
    assert all(head == b"%d" % number * 500 for number, head in found.items())


def batch(identifier: str, size: int) -> Batch:
    entry = Entry("peer", 1, identifier, "message", "/S=a/", "/S=b/", time.time() + 999, b"x" * size)
    return Batch(identifier, b"k", "message", "from", size, [entry], [Event("accepted", "from", "detail")])


def test_a_full_disk_refuses_keeps_what_was_confirmed_and_recovers(tmp_path: Path) -> None:
    async def body() -> None:
        spool = SqliteSpool(tmp_path / "spool")
        await spool.open()
        assert await spool.store(batch("before", 1000))
        pages = spool._connection.execute("PRAGMA page_count").fetchone()[0]
        spool._connection.execute(f"PRAGMA max_page_count={pages + 3}")
        results = await asyncio.gather(
            *(spool.store(batch(f"m{number}", 100_000)) for number in range(3)), return_exceptions=True
        )
        assert [type(result) for result in results] == [SpoolFull] * 3
        (kept,) = (await spool.claim("peer", 10, 60)).entries
        assert kept.identifier == "before"
        spool.done(kept, Event("transferred", "peer"))
        spool._connection.execute("PRAGMA max_page_count=1000000")
        assert await spool.store(batch("m0", 100_000)), "service has returned by itself"
        await asyncio.sleep(0.1)
        assert [entry.identifier for entry in (await spool.claim("peer", 10, 60)).entries] == ["m0"]
        await spool.close()

    asyncio.run(body())


def test_what_has_left_while_the_disk_was_full_does_not_come_back(tmp_path: Path) -> None:
    async def body() -> None:
        spool = SqliteSpool(tmp_path / "spool")
        await spool.open()
        await spool.store(batch("a", 10))
        (claimed,) = (await spool.claim("peer", 1, 0.05)).entries
        spool._connection.execute("PRAGMA query_only=1")
        spool.done(claimed, Event("transferred", "peer"))
        await asyncio.sleep(0.2)
        assert (await spool.claim("peer", 1, 60)).entries == []
        spool._connection.execute("PRAGMA query_only=0")
        await asyncio.sleep(0.7)
        assert await spool.queues() == []
        await spool.close()

    asyncio.run(body())


def test_nobody_waits_for_a_retry_that_is_never_written(tmp_path: Path) -> None:
    """The disk is full still when the spool is closed: who waits is told, and so is who comes later."""

    async def body() -> None:
        spool = SqliteSpool(tmp_path / "spool")
        await spool.open()
        await spool.store(batch("a", 10))
        (claimed,) = (await spool.claim("peer", 1, 60)).entries
        spool._connection.execute("PRAGMA query_only=1")
        waiting = spool.retry(claimed, 2e9, "busy")
        await asyncio.sleep(0.1)
        assert not waiting.done(), "there may be room again"
        await spool.close()
        for retry in (waiting, spool.retry(claimed, 2e9, "busy")):
            with pytest.raises(SpoolClosed):
                await retry

    asyncio.run(body())


def test_a_damaged_database_is_named_to_those_who_look(tmp_path: Path) -> None:
    (tmp_path / "worker-0").mkdir()
    (tmp_path / "worker-0" / "spool.sqlite").write_bytes(b"no database" * 1000)
    for look in (queries.queues, queries.waiting, lambda folder: queries.trace(folder, "one")):
        with pytest.raises(SpoolCorrupt, match=str(tmp_path)):
            look(tmp_path)


def test_histories_are_forgotten(tmp_path: Path) -> None:
    async def body() -> None:
        spool = SqliteSpool(tmp_path / "spool", retention=0.0)
        await spool.open()
        for number in range(10):
            await spool.store(batch(f"m{number}", 10))
        await asyncio.sleep(0.01)
        assert await spool._query(lambda database: spool._sweep_step(database, 2**62)) == 10
        assert await spool.store(batch("m1", 10)), "no longer known as a repetition"
        await spool.close()

    asyncio.run(body())


def test_read_from_another_process_while_in_use(tmp_path: Path) -> None:
    async def body() -> None:
        spool = SqliteSpool(tmp_path / "worker-0")
        await spool.open()
        await spool.store(batch("one", 10))
        await spool.store(batch("two%", 20))
        (claimed,) = (await spool.claim("peer", 1, 60)).entries
        spool.retry(claimed, 2e9, "busy")
        await spool.queues()
        assert [(line.queue, line.normal, line.total) for line in queries.queues(tmp_path)] == [("peer", 2, 2)]
        first, second = queries.waiting(tmp_path)
        assert (first.identifier, first.attempts, first.size) == ("two%", 0, 20)
        assert (second.identifier, second.attempts, second.error, second.due) == ("one", 1, "busy", 2e9)
        assert queries.waiting(tmp_path, "nobody") == []
        spool.obstacle("peer", 3, "no answer in time", 1e9)
        await spool.queues()
        held = [(entry.obstacle, entry.due) for entry in queries.waiting(tmp_path)]
        assert held == [("no answer in time", 1e9), ("no answer in time", 2e9)]
        spool.obstacle("peer")
        await spool.queues()
        assert [(entry.obstacle, entry.due) for entry in queries.waiting(tmp_path)] == [("", 0), ("", 2e9)]
        actions = [line.action for line in queries.trace(tmp_path, "one")]
        assert sorted(actions) == ["accepted", "arrived", "retry", "waiting"]
        assert queries.trace(tmp_path, "three") == []
        assert queries.identifiers(tmp_path, "o") == ["one", "two%"]
        assert queries.identifiers(tmp_path, "%") == ["two%"]
        await spool.close()

    asyncio.run(body())


def test_an_unknown_version_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "spool.sqlite") as database:
        database.execute("PRAGMA user_version=99")
    with pytest.raises(SpoolCorrupt, match="version 99"):
        asyncio.run(SqliteSpool(tmp_path).open())
