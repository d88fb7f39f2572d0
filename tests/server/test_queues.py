"""What is handed on from memory, and what waits on disk."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.server import harness
from x400.server import queues
from x400.server.config import Retry
from x400.server.outbound import wait_after
from x400.server.queues import Queue
from x400.spool import Batch, Claim, Entry, Event, SpoolError, SqliteSpool


class Collecting(Queue):
    """Passes on all that it has, when it is let."""

    def __init__(self, spool: SqliteSpool) -> None:
        super().__init__("peer", spool)
        self.open = True
        self.seen: list[str] = []

    def accepts(self) -> bool:
        return True

    def work(self) -> None:
        while self.open and (entry := self.take()) is not None:
            self.seen.append(entry.identifier)
            self.spool.done(entry, Event("transferred", "peer"))
        self.refill()


def run(folder: Path, body: Callable[[SqliteSpool, Collecting], Awaitable[None]]) -> None:
    """Run a test's body with a spool and a queue of it."""

    async def main() -> None:
        spool = SqliteSpool(folder)
        await spool.open()
        await body(spool, Collecting(spool))
        await spool.close()

    asyncio.run(main())


async def put(spool: SqliteSpool, queue: Queue, identifier: str, priority: int = 1, size: int = 10) -> None:
    entry = Entry("peer", priority, identifier, "message", "", "", time.time() + 999, b"x" * size)
    queue.expect(entry)
    await spool.store(Batch(identifier, b"", "message", "", size, [entry]))
    queue.stored(entry)
    queue.work()


def test_handed_on_from_memory_by_priority(tmp_path: Path) -> None:
    async def body(spool: SqliteSpool, queue: Collecting) -> None:
        queue.open = False
        for number, priority in enumerate((2, 0, 1, 0)):
            await put(spool, queue, f"m{number}", priority)
        assert len(queue) == 4
        assert (await spool.claim("peer", 10, 60)).entries == [], "all are claimed"
        queue.open = True
        queue.work()
        assert queue.seen == ["m1", "m3", "m2", "m0"]

    run(tmp_path, body)


def test_past_the_limits_entries_wait_on_disk_and_come_back_in_order(tmp_path: Path, monkeypatch: object) -> None:
    async def body(spool: SqliteSpool, queue: Collecting) -> None:
        queue.open = False
        number_of_all = queues.READY_ENTRIES + 300
        for number in range(number_of_all):
            await put(spool, queue, f"m{number:04}")
        assert len(queue) == queues.READY_ENTRIES
        queue.open = True
        queue.work()
        async with asyncio.timeout(5):
            while len(queue.seen) < number_of_all:
                await asyncio.sleep(0.01)
        assert queue.seen == [f"m{number:04}" for number in range(number_of_all)]
        await asyncio.sleep(0.1)
        assert await spool.queues() == []
        await put(spool, queue, "last")
        assert queue.seen[-1] == "last", "again from memory"

    run(tmp_path, body)


def test_large_heads_fill_the_memory_sooner(tmp_path: Path) -> None:
    async def body(spool: SqliteSpool, queue: Collecting) -> None:
        queue.open = False
        for number in range(12):
            await put(spool, queue, f"m{number}", size=1 << 20)
        assert len(queue) == 8
        queue.put_back()
        assert len(queue) == 0
        assert len((await spool.claim("peer", 100, 60, octets=1 << 30)).entries) == 12

    run(tmp_path, body)


def test_repetitions_take_no_room(tmp_path: Path) -> None:
    """What is not stored leaves no trace in the queue's accounts: what waits on disk is still read."""

    async def body(spool: SqliteSpool, queue: Collecting) -> None:
        await put(spool, queue, "a")
        for _ in range(20):
            entry = Entry("peer", 1, "a", "message", "", "", time.time() + 999, b"x" * (1 << 20))
            queue.expect(entry)
            assert await spool.store(Batch("a", b"", "message", "", 10, [entry])) is False
            queue.not_stored(entry)
        await put(spool, queue, "b")
        assert queue.seen == ["a", "b"], "from memory"
        queue.open = False
        await put(spool, queue, "c")
        queue.put_back()
        queue.open = True
        queue.work()
        async with asyncio.timeout(5):
            while queue.seen != ["a", "b", "c"]:
                await asyncio.sleep(0.01)

    run(tmp_path, body)


def test_what_is_stored_behind_a_claim_that_found_nothing_is_not_forgotten(tmp_path: Path) -> None:
    async def body(spool: SqliteSpool, queue: Collecting) -> None:
        queue._backlog = True
        entry = Entry("peer", 1, "a", "message", "", "", time.time() + 999, b"x")
        queue.expect(entry)  # it is to wait on disk
        queue.work()
        await spool.queues()  # the claim has been made
        await spool.store(Batch("a", b"", "message", "", 1, [entry]))
        queue.stored(entry)
        queue.work()
        async with asyncio.timeout(5):
            while queue.seen != ["a"]:
                await asyncio.sleep(0.01)

    run(tmp_path, body)


def test_a_retry_is_waited_for(tmp_path: Path) -> None:
    async def body(spool: SqliteSpool, queue: Collecting) -> None:
        queue.open = False
        await put(spool, queue, "a")
        entry = queue.take()
        assert entry is not None
        spool.retry(entry, time.time() + 0.3, "busy")
        queue.open = True
        queue.wake()
        await asyncio.sleep(0.15)
        assert queue.seen == []
        await asyncio.sleep(0.3)
        assert queue.seen == ["a"]

    run(tmp_path, body)


def test_a_retry_that_could_not_be_written_is_tried_all_the_same(tmp_path: Path) -> None:
    """While the disk is full the retry waits in memory, with its claim; once it is written the queue wakes."""

    async def body(spool: SqliteSpool, queue: Collecting) -> None:
        queue.open = False
        await put(spool, queue, "a")
        entry = queue.take()
        assert entry is not None
        transaction = spool._writer._transaction

        def full(*_: object) -> list[str]:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

        spool._writer._transaction = full  # type: ignore[method-assign]
        queue.open = True
        queue.retry_at(entry, time.time(), "busy")
        queue.wake()
        await asyncio.sleep(0.2)
        assert queue.seen == []
        spool._writer._transaction = transaction  # type: ignore[method-assign]
        async with asyncio.timeout(5):
            while queue.seen != ["a"]:
                await asyncio.sleep(0.01)

    run(tmp_path, body)


def test_a_queue_that_cannot_be_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "READ_AGAIN", 0.05)

    async def body(spool: SqliteSpool, queue: Collecting) -> None:
        queue.open = False
        await put(spool, queue, "a")
        queue.put_back()
        failed: asyncio.Future[Claim] = asyncio.get_running_loop().create_future()
        failed.set_exception(SpoolError("disk I/O error"))
        with monkeypatch.context() as patch:
            patch.setattr(spool, "claim", lambda *_: failed)
            queue.open = True
            queue.wake()
            await asyncio.sleep(0)
        assert queue.seen == []
        async with asyncio.timeout(5):
            while queue.seen != ["a"]:
                await asyncio.sleep(0.01)

    run(tmp_path, body)


def test_waits_grow_to_a_limit_and_vary() -> None:
    random.seed(1)
    exact = Retry(first=5, factor=2, longest=60, jitter=0)
    assert [wait_after(failures, exact) for failures in (1, 2, 3, 4, 5, 500)] == [5, 10, 20, 40, 60, 60]
    varying = [wait_after(2, Retry(first=5, factor=2, longest=60, jitter=0.2)) for _ in range(100)]
    assert 8 <= min(varying) < 8.5 < 9.5 < max(varying) <= 10


def test_woken_again_and_again_by_what_is_due_already() -> None:
    """The loop that the product runs on hands out a handle without a time where the time is past."""

    class Woken(Queue):
        times = 0

        def work(self) -> None:
            self.times += 1

    async def body() -> int:
        queue = Woken("peer", SqliteSpool(Path("unused")))
        for _ in range(3):
            queue.wake_at(time.time() - 60)
        await asyncio.sleep(0.01)
        return queue.times

    assert harness.run(body()) == 1
