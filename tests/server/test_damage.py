"""What is damaged on disk is not passed on, and its originator is told."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.server.harness import apdu, configuration, delivered, free_port, identifier, run, transfer, until, working
from x400.spool import queries

TO_B = "/C=GB/A=TEST/P=B/S=Ann/"
FROM_A = "/C=GB/A=TEST/P=A/S=Ada/"
LARGE = random.Random(0).randbytes(700_000)


@pytest.mark.parametrize("how", ["content", "gone", "octets"])
def test_a_damaged_message_is_reported_on_and_the_others_go_on(tmp_path: Path, how: str) -> None:
    a, b = free_port(), free_port()
    path = configuration(tmp_path, "A", a, to={"B": b}, more="[retry]\nfirst = 0.1\nlongest = 0.3")
    spool = tmp_path / "A" / "spool"
    damaged = apdu("damaged", TO_B, content=LARGE if how != "octets" else b"unmistakable" * 100, originator=FROM_A)

    async def send() -> None:
        async with working(path):
            await transfer(a, [damaged, apdu("well", TO_B, content=LARGE, originator=FROM_A)])

    def damage() -> None:
        if how == "octets":
            file = spool / "worker-0" / "spool.sqlite"
            at = file.read_bytes().index(b"unmistakable" * 3)
        else:
            with queries._open(spool / "worker-0") as database:
                statement = "SELECT content, tail_offset FROM entry WHERE identifier=?"
                name, at = database.execute(statement, (identifier("damaged"),)).fetchone()
            file = spool / "worker-0" / "contents" / name
        if how == "gone":
            file.unlink()
        else:
            with open(file, "r+b") as opened:
                opened.seek(at + 20)
                opened.write(b"?")

    async def receive() -> None:
        async with working(path) as worker, working(configuration(tmp_path, "B", b, to={"A": a})):
            await until(lambda: delivered(tmp_path, "B") and delivered(tmp_path, "A"), 30)
            await until(lambda: not queries.queues(spool), 30)
            assert worker.counters.damaged == 1
            await asyncio.sleep(0.5)

    run(send())
    damage()
    run(receive())
    ((content, envelope),) = delivered(tmp_path, "B").values()
    assert content == LARGE
    assert envelope["identifier"] == identifier("well")
    ((_, report),) = delivered(tmp_path, "A").values()
    assert report["kind"] == "report"
    actions = [line.action for line in queries.trace(spool, identifier("damaged"))]
    assert "damaged" in actions
    assert "given-up" in actions
    kept = list((spool / "worker-0" / "quarantine").glob("*.ber"))
    assert len(kept) == 1
    assert kept[0].with_suffix(".content").exists() == (how == "content")
