"""What is damaged on disk is not passed on, and its originator is told."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.server.harness import apdu, configuration, delivered, free_port, identifier, run, transfer, until, working
from x400.server.batches import _delivery_detail
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


ALICE, BOB = "/C=GB/A=TEST/P=A/S=Alice/", "/C=GB/A=TEST/P=A/S=Bob/"
FROM_B = "/C=GB/A=TEST/P=B/S=Ben/"


def overwrite(file: Path, at: int) -> None:
    """Change one octet."""
    octets = bytearray(file.read_bytes())
    octets[at] ^= 0x20
    file.write_bytes(octets)


@pytest.mark.parametrize("how", ["content", "gone", "octets", "envelope"])
def test_what_is_damaged_while_it_waits_for_its_delivery_is_reported_on(tmp_path: Path, how: str) -> None:
    """Each recipient in exactly one of delivered and reported; where the envelope is damaged, too, its operator is told
    and has what is left."""
    a, b = free_port(), free_port()
    path = configuration(tmp_path, "A", a, to={"B": b}, more="[retry]\nfirst = 0.1\nlongest = 0.3")
    spool = tmp_path / "A" / "spool"
    content = LARGE if how in ("content", "gone") else b"unmistakable" * 40
    meant = apdu("damaged", ALICE, BOB, content=content, originator=FROM_B)
    folder = tmp_path / "A" / "delivered"

    async def send() -> None:
        async with working(path):
            await transfer(a, [meant, apdu("well", BOB, originator=FROM_B)])
            await until(lambda: all(one.attempts for one in queries.waiting(spool)))

    def damage() -> None:
        database = spool / "worker-0" / "spool.sqlite"
        with queries._open(spool / "worker-0") as connection:
            statement = "SELECT content, tail_offset, detail FROM entry WHERE recipients=? AND identifier=?"
            name, at, detail = connection.execute(statement, (ALICE, identifier("damaged"))).fetchone()
        octets = database.read_bytes()
        match how:
            case "content":
                overwrite(spool / "worker-0" / "contents" / name, at + 20)
            case "gone":
                (spool / "worker-0" / "contents" / name).unlink()
            case "octets":
                overwrite(database, octets.index(b"unmistakable" * 3))
            case "envelope":
                overwrite(database, octets.index(detail) + detail.index(_delivery_detail.decode(detail).subject) + 30)

    async def receive() -> None:
        async with working(path) as worker, working(configuration(tmp_path, "B", b, to={"A": a})):
            await until(lambda: not queries.queues(spool) and not queries.queues(tmp_path / "B" / "spool"), 30)
            assert worker.counters.damaged == damaged
            await asyncio.sleep(0.3)

    damaged = 2 if how in ("content", "gone") else 1
    folder.parent.mkdir(exist_ok=True)
    folder.touch()  # nothing can be delivered yet
    run(send())
    damage()
    folder.unlink()
    run(receive())
    here = sorted((about["identifier"], about["recipient"]) for _, about in delivered(tmp_path, "A").values())
    there = [about["envelope"] for _, about in delivered(tmp_path, "B").values()]
    assert (identifier("well"), BOB) in here
    intact = [to for one, to in here if one == identifier("damaged")]
    reported = [fields for envelope in there for fields in envelope["per-recipient-fields"]]
    assert len(reported) == (0 if how == "envelope" else damaged)
    assert len(intact) == 2 - damaged
    for fields in reported:
        assert fields["report-type"]["non-delivery"] == {
            "non-delivery-reason-code": 0,
            "non-delivery-diagnostic-code": 48,
        }
    actions = [line.action for line in queries.trace(spool, identifier("damaged"))]
    assert actions.count("damaged") == damaged
    assert actions.count("given-up") == len(reported)
    assert len(list((spool / "worker-0" / "quarantine").glob("*.ber"))) == damaged


def test_a_message_and_a_report_that_are_gone_with_their_page_are_named(tmp_path: Path) -> None:
    """The report was made here: its lines are in the history of its subject."""
    a = free_port()
    path = configuration(tmp_path, "A", a, to={"B": free_port()}, more="[retry]\nfirst = 0.1\nlongest = 0.3")
    spool = tmp_path / "A" / "spool"
    nobody = "/C=GB/A=TEST/P=NOWHERE/S=Nobody/"

    async def send() -> None:
        async with working(path):
            await transfer(a, [apdu("gone", TO_B, originator=FROM_A), apdu("reported", nobody, originator=FROM_B)])
            await until(lambda: len(queries.waiting(spool)) == 2)

    async def rescue() -> None:
        async with working(path) as worker:
            assert worker.spool.rescued is not None
            assert set(worker.spool.rescued.unaccounted) == {(one.identifier, "B") for one in meant}

    run(send())
    meant = queries.waiting(spool)
    assert {one.kind for one in meant} == {"message", "report"}
    with queries._open(spool / "worker-0") as database:
        page = database.execute("SELECT rootpage FROM sqlite_schema WHERE name='entry'").fetchone()[0]
    with open(spool / "worker-0" / "spool.sqlite", "r+b") as file:
        file.seek(4096 * (page - 1))
        file.write(bytes(4096))
    run(rescue())
    assert not queries.waiting(spool)
    for one in meant:
        assert queries.trace(spool, one.identifier)[-1].action == "unaccounted"
    (damaged,) = queries.damaged(spool)
    assert damaged.unaccounted == 2
