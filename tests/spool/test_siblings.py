"""Several workers, one MTA: the same transfer that comes to two of them is taken over once."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import sqlite3
import time
from collections import Counter
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from x400.spool import Batch, Entry, SpoolCorrupt, SpoolError, SqliteSpool, queries, siblings, sqlite
from x400.spool.in_flight import InFlight, digest

ROUNDS = 150
WORKERS = 3
_context = multiprocessing.get_context("spawn")


def batch(number: int) -> Batch:
    entry = Entry("peer", 1, f"m{number}", "message", "", "", time.time() + 999, b"head")
    return Batch(entry.identifier, b"key", "message", "from", 4, [entry])


def open_spool(folder: Path, worker: int) -> SqliteSpool:
    others = [folder / f"worker-{other}" for other in range(WORKERS) if other != worker]
    return SqliteSpool(folder / f"worker-{worker}", siblings=others, gather=0)


def _worker(folder: Path, number: int, together: Barrier, results: Connection) -> None:
    """Store the same transfers as the others, each at the same instant; what became of each."""

    async def body() -> list[bool | None]:
        spool = open_spool(folder, number)
        await spool.open()
        outcomes: list[bool | None] = []
        for one in range(ROUNDS):
            together.wait(60)
            try:
                outcomes.append(await spool.store(batch(one)))
            except SpoolError:
                outcomes.append(None)
        together.wait(60)
        await spool.close()
        return outcomes

    results.send(asyncio.run(body()))


def test_workers_that_store_the_same_transfer_at_the_same_instant(tmp_path: Path) -> None:
    """At most one takes it over; whom it was refused finds it taken over, or takes it over, when it comes again."""
    together = _context.Barrier(WORKERS)
    pipes = [_context.Pipe(False) for _ in range(WORKERS)]
    workers = [
        _context.Process(target=_worker, args=(tmp_path, number, together, sender))
        for number, (_, sender) in enumerate(pipes)
    ]
    for worker in workers:
        worker.start()
    outcomes: list[list[bool | None]] = [receiver.recv() if receiver.poll(90) else [] for receiver, _ in pipes]
    for worker in workers:
        worker.join(20)
        worker.kill()
    rounds = [[*some] for some in zip(*outcomes, strict=True)]
    assert len(rounds) == ROUNDS
    print(Counter(f"{some.count(True)} stored, {some.count(None)} refused" for some in rounds))
    assert all(some.count(True) <= 1 for some in rounds)

    async def again() -> list[bool]:
        spool = open_spool(tmp_path, 0)
        await spool.open()
        stored = [await spool.store(batch(one)) for one in range(ROUNDS)]
        await spool.close()
        return stored

    repeated = asyncio.run(again())
    assert [not any(some) for some in rounds] == repeated
    assert sum(line.total for line in queries.queues(tmp_path)) == ROUNDS


def test_what_another_worker_is_just_storing_is_refused_until_it_is_stored_or_not(tmp_path: Path) -> None:
    async def body() -> None:
        spool = open_spool(tmp_path, 0)
        await spool.open()
        other = InFlight(tmp_path / "worker-1")
        other.opened()
        other.tell([digest("m0", b"key"), digest("m7", b"key")])
        outcomes = await asyncio.gather(*[spool.store(batch(one)) for one in range(3)], return_exceptions=True)
        assert isinstance(outcomes[0], SpoolError)
        assert outcomes[1:] == [True, True]
        other.clear()
        assert await spool.store(batch(0))
        other.tell([digest("m7", b"key")])
        other.opened()  # it was killed, and is there again
        assert await spool.store(batch(7))
        await spool.close()

    asyncio.run(body())


@pytest.mark.parametrize("late", [False, True], ids=["there before", "comes later"])
def test_another_worker_is_asked_however_late_it_is_there(tmp_path: Path, late: bool) -> None:
    async def body() -> None:
        spools = [open_spool(tmp_path, number) for number in (0, 1)]
        if late:
            await spools[0].open()
            assert await spools[0].store(batch(0))
        await spools[1].open()
        assert await spools[1].store(batch(1))
        if not late:
            await spools[0].open()
        assert not await spools[0].store(batch(1))
        for spool in spools:
            await spool.close()

    asyncio.run(body())


@pytest.mark.parametrize("patience", [60.0, 0.0], ids=["soon", "too late"])
def test_a_worker_that_cannot_be_asked_is_told_that_it_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    """What it may have accepted is refused until it has been rescued, and known then; but not for ever."""
    monkeypatch.setattr(siblings, "PATIENCE", patience)
    monkeypatch.setattr(sqlite, "SWEEP_EVERY", 0.2)

    async def filled() -> None:
        spool = open_spool(tmp_path, 1)
        await spool.open()
        assert all(await asyncio.gather(*[spool.store(batch(one)) for one in range(500)]))
        await spool.close()

    async def body() -> None:
        damaged = open_spool(tmp_path, 1)
        told = asyncio.Event()
        damaged.on_damage = lambda reason: told.set()
        await damaged.open()
        with contextlib.closing(sqlite3.connect(database)) as connection:
            (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name='arrival'").fetchone()
        with open(database, "r+b") as file:
            file.seek((root - 1) * 4096)
            file.write(bytes(4096))
        spool = open_spool(tmp_path, 0)
        await spool.open()
        if patience:
            with pytest.raises(SpoolError, match="cannot be asked"):
                await spool.store(batch(1))
        else:
            assert await spool.store(batch(1)), "somebody has to take it in the end"
        await asyncio.wait_for(told.wait(), 20)
        with pytest.raises(SpoolCorrupt):
            await damaged.store(batch(1000))
        await damaged.close()
        again = open_spool(tmp_path, 1)
        await again.open()
        assert again.rescued is not None
        assert sum(await asyncio.gather(*[spool.store(batch(one)) for one in range(2, 500)])) < 100, "most are known"
        assert await again.store(batch(1000)), "what was found damaged is another database"
        await asyncio.sleep(0.5)
        assert await again.store(batch(1001))
        for one in (spool, again):
            await one.close()

    database = tmp_path / "worker-1" / "spool.sqlite"
    asyncio.run(filled())
    asyncio.run(body())


def test_nothing_is_taken_over_that_a_worker_may_have_whose_spool_is_being_rescued(tmp_path: Path) -> None:
    async def body() -> None:
        rescued = open_spool(tmp_path, 1)
        await rescued.open()
        assert await rescued.store(batch(1))
        await rescued.close()
        spool = open_spool(tmp_path, 0)
        await spool.open()
        assert await spool.store(batch(2))
        with contextlib.closing(InFlight(tmp_path / "worker-1")) as other:
            other.rescuing()
        with pytest.raises(SpoolError, match="cannot be asked"):
            await spool.store(batch(3))
        await rescued_again(tmp_path)
        assert await spool.store(batch(3))
        assert not await spool.store(batch(1))
        await spool.close()

    async def rescued_again(folder: Path) -> None:
        with open(folder / "worker-1" / "spool.sqlite", "r+b") as file:
            file.seek(60)
            file.write(b"????")
        spool = open_spool(folder, 1)
        await spool.open()
        assert spool.rescued is not None
        await spool.close()

    asyncio.run(body())
