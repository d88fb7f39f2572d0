"""The spool alone beside bare SQLite: 4 KB in, synced, and out again, the same number in a transaction, in one run.

    python benchmarks/spool.py [--count N] [--size OCTETS] [--group G] [--rounds R] [--smoke]

Bare is one table and one index, written by executemany: a transaction stores a group and deletes the one before.
Ours is the engine as the MTA uses it, from the event loop, with 2 G batches at a time under way: beside the entry it
keeps the duplicate key, the trace, and an index on expiry; the interpreter changes threads as often as in a worker.
Rounds alternate. The last line is `ratio R wall, C cpu`: ours / bare in pairs a second, bare / ours in CPU a pair, the
medians over the paired rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from x400.spool import Batch, Entry, Event, SqliteSpool

FROM, TO = "/C=GB/A=EXAMPLE/P=FROM/S=Source/", "/C=GB/A=EXAMPLE/P=TO/S=Sink/"


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def bare(folder: Path, count: int, body: bytes, group: int) -> None:
    """Store and delete ``count`` rows."""
    database = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, queue TEXT, priority INTEGER, due REAL, head BLOB)")
    database.execute("CREATE INDEX entry_order ON entry (queue, priority, due)")
    before: range = range(0)
    for start in range(0, count, group):
        ids = range(start, min(start + group, count))
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT INTO entry VALUES (?, 'next', 1, 0.0, ?)", [(number, body) for number in ids])
        database.executemany("DELETE FROM entry WHERE id=?", [(number,) for number in before])
        database.execute("COMMIT")
        before = ids
    database.close()


async def ours(folder: Path, count: int, body: bytes, group: int) -> None:
    """Store ``count`` batches and mark them done, twice ``group`` at a time under way."""
    spool = SqliteSpool(folder / "spool")
    await spool.open()
    finished = asyncio.get_running_loop().create_future()
    started = left = count
    expiry = time.time() + 86400

    def begin() -> None:
        nonlocal started
        if not started:
            return
        started -= 1
        identifier = f"[/C=GB/A=EXAMPLE/P=FROM/;spool.{started:07}]"
        entry = Entry("next", 1, identifier, "message", FROM, TO, expiry, body, claimed=True)
        key = started.to_bytes(16, "big")
        batch = Batch(identifier, key, "message", "from", len(body), [entry], [Event("transfer", "from", "next")])
        spool.store(batch).add_done_callback(lambda done: end(entry, done))

    def end(entry: Entry, done: asyncio.Future[bool]) -> None:
        nonlocal left
        assert done.result()
        spool.done(entry, Event("transferred", "next"))
        left -= 1
        if not left:
            finished.set_result(None)
        begin()

    for _ in range(2 * group):
        begin()
    await finished
    await spool.close()


def measure(engine: str, count: int, body: bytes, group: int) -> tuple[float, float]:
    """Pairs a second, CPU microseconds a pair."""
    with tempfile.TemporaryDirectory(prefix="x400-spool-") as folder:
        wall, used = time.perf_counter(), cpu()
        if engine == "bare":
            bare(Path(folder), count, body, group)
        else:
            uvloop.run(ours(Path(folder), count, body, group))
        wall, used = time.perf_counter() - wall, cpu() - used
    print(f"{engine:5} {count / wall:8.0f} pairs/s {used / count * 1e6:8.1f} us of CPU a pair", flush=True)
    return count / wall, used / count * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--group", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--smoke", action="store_true", help="a short round, only to see that it runs")
    arguments = parser.parse_args()
    count, rounds = (1000, 1) if arguments.smoke else (arguments.count, arguments.rounds)
    sys.setswitchinterval(0.0005)  # as x400.server.worker does
    body = os.urandom(arguments.size)
    pairs = [[measure(engine, count, body, arguments.group) for engine in ("bare", "ours")] for _ in range(rounds)]
    wall = statistics.median(mine[0] / theirs[0] for theirs, mine in pairs)
    used = statistics.median(theirs[1] / mine[1] for theirs, mine in pairs)
    print(f"ratio {wall:.2f} wall, {used:.2f} cpu")


if __name__ == "__main__":
    main()
