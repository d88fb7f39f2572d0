"""The spool alone beside bare SQLite: 4 KB in, synced, and out again, the same number in a transaction, in one run.

    python benchmarks/spool.py [--count N] [--size OCTETS] [--group G] [--rounds R] [--smoke]

Bare is SQLite written to directly, by executemany, in the least tables that could keep the spool's contract: entries
with an order of claims and an expiry, the keys by which a repetition is known, a line of trace at either end; a
transaction deletes a group and stores the next. Table is less than any spool can do with, one table and its order: no
repetition is known, nothing is traced, nothing expires. Both are set up as the engine sets up its own database.
Ours is the engine as the MTA uses it, from the event loop, with 2 G batches at a time under way; the interpreter
changes threads and collects garbage as in a worker. Rounds alternate. The last line is `ratio R wall, C cpu`: ours /
bare in pairs a second, bare / ours in CPU a pair, the medians over the paired rounds; the line before is that of table.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
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


def identifier(number: int) -> str:
    return f"[/C=GB/A=EXAMPLE/P=FROM/;spool.{number:07}]"


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def connect(folder: Path) -> sqlite3.Connection:
    """As fast as it is safe: what the engine sets, too."""
    database = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("PRAGMA secure_delete=ON")
    database.execute("PRAGMA wal_autocheckpoint=8192")
    return database


def table(folder: Path, count: int, body: bytes, group: int) -> None:
    """Store and delete ``count`` rows of one table with one index: no duplicate is known, nothing is traced."""
    database = connect(folder)
    database.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, queue TEXT, priority INTEGER, due REAL, head BLOB)")
    database.execute("CREATE INDEX entry_order ON entry (queue, priority, due)")
    before: range = range(0)
    for start in range(0, count, group):
        ids = range(start, min(start + group, count))
        database.execute("BEGIN IMMEDIATE")
        database.executemany("DELETE FROM entry WHERE id=?", [(number,) for number in before])
        database.executemany("INSERT INTO entry VALUES (?, 'next', 1, 0.0, ?)", [(number, body) for number in ids])
        database.execute("COMMIT")
        before = ids
    database.close()


def bare(folder: Path, count: int, body: bytes, group: int) -> None:
    """Store and delete ``count`` messages in the least tables that could keep the spool's contract."""
    database = connect(folder)
    database.executescript(
        """
        CREATE TABLE entry (id INTEGER PRIMARY KEY, queue TEXT, priority INTEGER, due REAL, expiry REAL, about BLOB,
                            head BLOB);
        CREATE INDEX entry_order ON entry (queue, priority, due);
        CREATE INDEX entry_expiry ON entry (expiry);
        CREATE TABLE arrival (identifier TEXT, key BLOB, at INTEGER, log TEXT, PRIMARY KEY (identifier, key))
          WITHOUT ROWID;
        CREATE TABLE event (identifier TEXT, at INTEGER, log TEXT, PRIMARY KEY (identifier, at)) WITHOUT ROWID;
        """
    )
    about = f"{FROM}|{TO}|message|{time.time()}".encode()
    expiry = time.time() + 86400
    before: range = range(0)
    for start in range(0, count, group):
        ids = range(start, min(start + group, count))
        now = time.time_ns() // 1000
        database.execute("BEGIN IMMEDIATE")
        database.executemany("DELETE FROM entry WHERE id=?", [(number,) for number in before])
        database.executemany(
            "INSERT INTO entry VALUES (?, 'next', 1, 0.0, ?, ?, ?)", [(number, expiry, about, body) for number in ids]
        )
        database.executemany(
            "INSERT OR IGNORE INTO arrival VALUES (?, ?, ?, 'message from transfer next')",
            [(identifier(number), number.to_bytes(16, "big"), now) for number in ids],
        )
        database.executemany(
            "INSERT OR IGNORE INTO event VALUES (?, ?, 'transferred next')",
            [(identifier(number), now) for number in before],
        )
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
        name, key = identifier(count - started), started.to_bytes(16, "big")
        started -= 1
        entry = Entry("next", 1, name, "message", FROM, TO, expiry, body, claimed=True)
        batch = Batch(name, key, "message", "from", len(body), [entry], [Event("transfer", "from", "next")])
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
        if engine == "ours":
            uvloop.run(ours(Path(folder), count, body, group))
        else:
            {"table": table, "bare": bare}[engine](Path(folder), count, body, group)
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
    gc.collect()
    gc.freeze()
    engines = ("table", "bare", "ours")
    results = [{engine: measure(engine, count, body, arguments.group) for engine in engines} for _ in range(rounds)]
    for reference in engines[:-1]:
        wall = statistics.median(result["ours"][0] / result[reference][0] for result in results)
        used = statistics.median(result[reference][1] / result["ours"][1] for result in results)
        print(f"{reference + ': ' if reference == 'table' else ''}ratio {wall:.2f} wall, {used:.2f} cpu")


if __name__ == "__main__":
    main()
