"""kill -9 of the middle MTA at 50 random points under load: every message arrives, and none is passed on twice.

The source repeats what was not confirmed, as an MTA does. The last MTA is ours, too: it recognises what the middle one
repeats because it was killed between the confirmation and its own note of it. Its trace tells of every delivery.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections import Counter
from pathlib import Path

from tests.server.forked import Forked
from tests.server.harness import apdu, configuration, free_port, identifier, run, transfer, until
from x400.net.transfer import TransferFailed
from x400.spool import queries

KILLS = 50
SOURCES = 6
AT_MOST = 85.0


def test_fifty_kills(tmp_path: Path) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    a, b = free_port(), free_port()
    middle = Forked(configuration(tmp_path, "A", a, to={"B": b}, more="[retry]\nfirst = 0.05\nlongest = 0.3"))
    last = Forked(configuration(tmp_path, "B", b, to={"A": a}))
    last.start()
    confirmed: set[str] = set()
    under_load = True

    async def source(number: int) -> None:
        """Send messages, each until it is confirmed."""
        count = 0
        pending: list[tuple[str, bytes]] = []
        while under_load or pending:

            def following() -> bytes:
                return pending[0][1]

            def octets() -> object:
                nonlocal count
                while True:
                    if not pending:
                        if not under_load:
                            return
                        name = f"{number}.{count}"
                        count += 1
                        pending.append((name, apdu(name, "/C=GB/A=TEST/P=B/S=Ann/", content=b"x" * 1500)))
                    yield following()

            def is_confirmed(_: bytes) -> None:
                confirmed.add(identifier(pending.pop(0)[0]))

            try:
                await transfer(a, octets(), confirmed=is_confirmed)  # type: ignore[arg-type]
            except TransferFailed:
                await asyncio.sleep(0.02)

    async def body() -> None:
        nonlocal under_load
        sources = [asyncio.create_task(source(number)) for number in range(SOURCES)]
        began = time.monotonic()
        for _ in range(KILLS):
            await asyncio.to_thread(middle.start)
            before = len(confirmed)
            await until(lambda before=before: len(confirmed) > before, 60)
            await asyncio.sleep(chance.uniform(0.0, 0.25))
            await asyncio.to_thread(middle.kill)
            assert time.monotonic() - began < AT_MOST, "too slow"
        await asyncio.to_thread(middle.start)
        under_load = False
        await asyncio.gather(*sources)
        for name in "AB":
            await until(lambda name=name: not queries.queues(tmp_path / name / "spool"), 120)

    try:
        run(body())
        middle.stop()
        last.stop()
    finally:
        middle.kill()
        last.kill()
    assert len(confirmed) > KILLS * 5
    with sqlite3.connect(tmp_path / "B" / "spool" / "worker-0" / "spool.sqlite") as database:
        rows = database.execute("SELECT identifier FROM event WHERE action='delivered'").fetchall()
    times = Counter(row[0] for row in rows)
    lost = confirmed - set(times)
    twice = [name for name, number in times.items() if number > 1]
    print(f"{len(confirmed)} sent, {len(times)} delivered, {len(lost)} lost, {len(twice)} delivered twice")
    assert not lost
    assert not twice
    assert len(list((tmp_path / "B" / "delivered").glob("[!.]*"))) == len(times)
