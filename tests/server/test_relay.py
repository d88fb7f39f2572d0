"""Messages from a source through MTAs, each a worker in this test's loop, to delivery folders and back."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.server.harness import (
    apdu,
    configuration,
    delivered,
    free_port,
    identifier,
    run,
    sink,
    transfer,
    until,
    working,
)
from x400.mta import MTA, Stored
from x400.mts.apdu import Apdu
from x400.net.transfer import TransferFailed
from x400.spool import queries

BOB = "/C=GB/A=TEST/P=C/S=Bob/"


def test_three_mtas(tmp_path: Path) -> None:
    """A, B and C: a message with recipients in B and C is split; each MTA's trace tells of it."""

    async def body() -> None:
        a, b, c = free_port(), free_port(), free_port()
        paths = [
            configuration(tmp_path, "A", a, to={"B": b}, routes={"/C=GB/A=TEST/P=C/": "B"}),
            configuration(tmp_path, "B", b, to={"A": a, "C": c}),
            configuration(tmp_path, "C", c, to={"B": b}),
        ]
        async with working(paths[0]), working(paths[1]), working(paths[2]):
            await transfer(a, [apdu(1, BOB, "/C=GB/A=TEST/P=B/S=Ann/", content=b"to both")])
            await until(lambda: delivered(tmp_path, "B") and delivered(tmp_path, "C"))
            (at_b,), (at_c,) = delivered(tmp_path, "B").values(), delivered(tmp_path, "C").values()
            assert at_b[0] == at_c[0] == b"to both"
            assert at_c[1]["identifier"] == identifier(1)
            assert at_c[1]["recipient"] == BOB
            await until(lambda: not queries.queues(tmp_path / "B" / "spool"))
            trace = queries.trace(tmp_path / "B" / "spool", identifier(1))
            assert trace[0].action == "arrived"
            assert trace[0].peer == "A"
            assert {line.action for line in trace} >= {"transferred", "delivered"}

    run(body())


def test_an_unknown_recipient_is_reported_to_the_originator(tmp_path: Path) -> None:
    async def body() -> None:
        a, back = free_port(), free_port()
        path = configuration(tmp_path, "A", a, to={"SOURCE": back})
        came: list[bytes] = []
        async with working(path), sink(back, "SOURCE", lambda octets, peer: came.append(octets)):
            await transfer(a, [apdu(1, "/C=FR/A=NOWHERE/S=Nobody/")])
            (octets,) = await until(lambda: came)
        report = Apdu(Stored(octets))
        assert report.kind == "report"

    run(body())


def test_urgent_goes_first_after_a_peer_comes_back(tmp_path: Path) -> None:
    """While the peer is down messages wait on disk; then they go by priority, and none is lost."""

    async def body() -> None:
        a, b = free_port(), free_port()
        path = configuration(tmp_path, "A", a, to={"B": b}, peer_more="max-associations = 1")
        to_b = "/C=GB/A=TEST/P=B/S=Ann/"
        came: list[str] = []
        async with working(path):
            order = ["non-urgent", "normal", "urgent"] * 3
            await transfer(a, [apdu(number, to_b, priority=priority) for number, priority in enumerate(order)])
            (waiting,) = queries.queues(tmp_path / "A" / "spool")
            assert (waiting.urgent, waiting.normal, waiting.non_urgent) == (3, 3, 3)
            await until(lambda: all(one.obstacle for one in queries.waiting(tmp_path / "A" / "spool")))
            async with sink(b, "B", lambda octets, peer: came.append(Apdu(Stored(octets)).identifier)):
                await until(lambda: len(came) == 9)
            numbers = (2, 5, 8, 1, 4, 7, 0, 3, 6)
            assert came == [identifier(number) for number in numbers]

    run(body())


def test_a_repeated_transfer_is_confirmed_and_passed_on_once(tmp_path: Path) -> None:
    async def body() -> None:
        a, b = free_port(), free_port()
        path = configuration(tmp_path, "A", a, to={"B": b})
        came: list[bytes] = []
        confirmed: list[bytes] = []
        async with sink(b, "B", lambda octets, peer: came.append(octets)):
            octets = apdu(1, "/C=GB/A=TEST/P=B/S=Ann/")
            async with working(path):
                await transfer(a, [octets, octets], confirmed=confirmed.append)
                await transfer(a, [octets], confirmed=confirmed.append)
            async with working(path):
                await transfer(a, [octets, apdu(2, "/C=GB/A=TEST/P=B/S=Ann/")], confirmed=confirmed.append)
                await until(lambda: len(came) == 2)
        assert len(confirmed) == 5
        assert [Apdu(Stored(one)).identifier for one in came] == [identifier(1), identifier(2)]

    run(body())


def test_what_expires_is_reported_and_leaves_the_queue(tmp_path: Path) -> None:
    async def body() -> None:
        a, back, nobody = free_port(), free_port(), free_port()
        more = "[transfer-times]\nurgent = 0.5\nnormal = 0.5\nnon-urgent = 0.5"
        path = configuration(tmp_path, "A", a, to={"B": nobody, "SOURCE": back}, more=more)
        came: list[bytes] = []
        async with working(path), sink(back, "SOURCE", lambda octets, peer: came.append(octets)):
            await transfer(a, [apdu(1, "/C=GB/A=TEST/P=B/S=Ann/")])
            (octets,) = await until(lambda: came)
            assert Apdu(Stored(octets)).kind == "report"
            await until(lambda: not queries.queues(tmp_path / "A" / "spool"))
            actions = [line.action for line in queries.trace(tmp_path / "A" / "spool", identifier(1))]
            assert "given-up" in actions

    run(body())


def test_undecodable_octets_are_kept_aside_and_the_association_goes_on(tmp_path: Path) -> None:
    async def body() -> None:
        a = free_port()
        path = configuration(tmp_path, "A", a)
        async with working(path):
            for wrong in (b"\x04\x03abc", b"\xa0\x80" + b"x" * 300_000):
                with pytest.raises(TransferFailed, match="refused"):
                    await transfer(a, [wrong])
            await transfer(a, [apdu(1, "/C=GB/A=TEST/P=A/S=Ann/")])
            await until(lambda: delivered(tmp_path, "A"))
            kept = list((tmp_path / "A" / "spool" / "worker-0" / "quarantine").glob("*.ber"))
            assert sorted(path.stat().st_size for path in kept)[0] == 5
            assert not list((tmp_path / "A" / "spool" / "worker-0" / "contents").iterdir())

    run(body())


def test_a_large_content_passes_by_file_and_its_file_goes(tmp_path: Path) -> None:
    async def body() -> None:
        a, b = free_port(), free_port()
        paths = configuration(tmp_path, "A", a, to={"B": b}), configuration(tmp_path, "B", b, to={"A": a})
        content = bytes(range(256)) * 12_000
        async with working(paths[0]), working(paths[1]):
            await transfer(a, [apdu(1, "/C=GB/A=TEST/P=B/S=Ann/", "/C=GB/A=TEST/P=A/S=Eve/", content=content)])
            await until(lambda: delivered(tmp_path, "A") and delivered(tmp_path, "B"))
            for name in "AB":
                ((found, _),) = delivered(tmp_path, name).values()
                assert found == content
                contents = tmp_path / name / "spool" / "worker-0" / "contents"
                await until(lambda contents=contents: not list(contents.iterdir()))

    run(body())


def test_associations_are_reused_capped_and_released(tmp_path: Path) -> None:
    async def body() -> None:
        a, b = free_port(), free_port()
        more = "[timers]\nidle = 0.5"
        path = configuration(tmp_path, "A", a, to={"B": b}, peer_more="max-associations = 3", more=more)
        most = 0
        came = 0
        async with working(path), sink(b, "B", lambda octets, peer: None) as standing:

            def confirmed(octets: bytes) -> None:
                nonlocal most, came
                came += 1
                most = max(most, len(standing))

            async with asyncio.TaskGroup() as group:
                for source in range(8):
                    octets = [apdu(f"{source}.{number}", "/C=GB/A=TEST/P=B/S=Ann/") for number in range(20)]
                    group.create_task(transfer(a, octets, confirmed=confirmed))
            assert came == 160
            assert 1 <= most <= 3
            await until(lambda: not standing, 5)

    run(body())


def test_one_message_needs_one_association(tmp_path: Path) -> None:
    async def body() -> None:
        a, b = free_port(), free_port()
        came: list[bytes] = []
        path = configuration(tmp_path, "A", a, to={"B": b})
        async with working(path), sink(b, "B", lambda octets, peer: came.append(octets)) as standing:
            await transfer(a, [apdu(1, "/C=GB/A=TEST/P=B/S=Ann/")])
            await until(lambda: came)
            await asyncio.sleep(0.2)
            assert len(standing) == 1

    run(body())


def test_a_disk_that_is_full_refuses_and_serves_again(tmp_path: Path) -> None:
    async def body() -> None:
        a = free_port()
        path = configuration(tmp_path, "A", a)
        async with working(path) as worker:
            await transfer(a, [apdu(1, "/C=GB/A=TEST/P=A/S=Ann/")])
            await until(lambda: delivered(tmp_path, "A"))
            database = worker.spool._connection  # type: ignore[attr-defined]
            pages = database.execute("PRAGMA page_count").fetchone()[0]
            database.execute(f"PRAGMA max_page_count={pages + 1}")
            large = apdu(2, "/C=GB/A=TEST/P=A/S=Ann/", content=b"x" * 100_000)
            with pytest.raises(TransferFailed, match="refused"):
                await transfer(a, [large])
            database.execute("PRAGMA max_page_count=1000000")
            await transfer(a, [large])
            await until(lambda: len(delivered(tmp_path, "A")) == 2)

    run(body())


def test_stopping_finishes_what_is_under_way(tmp_path: Path) -> None:
    async def body() -> None:
        a, b = free_port(), free_port()
        path = configuration(tmp_path, "A", a, to={"B": b})
        came: list[str] = []
        confirmed: list[bytes] = []
        async with sink(b, "B", lambda octets, peer: came.append(Apdu(Stored(octets)).identifier)):

            async def load() -> None:
                octets = (apdu(number, "/C=GB/A=TEST/P=B/S=Ann/") for number in range(100_000))
                await transfer(a, octets, confirmed=confirmed.append)

            async with working(path):
                loading = asyncio.create_task(load())
                await until(lambda: len(came) > 50)
                began = time.monotonic()
            assert time.monotonic() - began < 3
            await asyncio.wait({loading}, timeout=5)
            assert loading.exception() is not None
            async with working(path):
                await until(lambda: len(came) >= len(confirmed))
        assert len(set(came)) == len(came), "none twice"
        assert {Apdu(Stored(octets)).identifier for octets in confirmed} <= set(came)

    run(body())


def test_routes_are_read_again(tmp_path: Path) -> None:
    async def body() -> None:
        a, b = free_port(), free_port()
        path = configuration(tmp_path, "A", a)
        came: list[bytes] = []
        async with working(path) as worker, sink(b, "B", lambda octets, peer: came.append(octets)):
            path.write_text(path.read_text() + "[[peer]]\n")
            worker.reload()
            assert isinstance(worker.mta, MTA), "a wrong file changes nothing"
            configuration(tmp_path, "A", a, to={"B": b})
            worker.reload()
            await transfer(a, [apdu(1, "/C=GB/A=TEST/P=B/S=Ann/")])
            await until(lambda: came)

    run(body())


def test_what_waited_for_an_unknown_peer_goes_when_the_peer_is_back(tmp_path: Path) -> None:
    async def body() -> None:
        a, b = free_port(), free_port()
        path = configuration(tmp_path, "A", a, to={"B": b})
        async with working(path):
            await transfer(a, [apdu(1, "/C=GB/A=TEST/P=B/S=Ann/")])
        configuration(tmp_path, "A", a)
        came: list[bytes] = []
        async with working(path) as worker, sink(b, "B", lambda octets, peer: came.append(octets)):
            configuration(tmp_path, "A", a, to={"B": b})
            worker.reload()
            await until(lambda: came)

    run(body())


def test_two_way_alternate(tmp_path: Path) -> None:
    """A cannot call B; B calls A, and gives A the turn when A asks for it. Both send many."""

    async def body() -> None:
        a, b = free_port(), free_port()
        two_way = 'dialogue-mode = "two-way-alternate"\nmax-associations = 2'
        paths = (
            configuration(tmp_path, "A", a, to={"B": 0}),
            configuration(tmp_path, "B", b, to={"A": a}, peer_more=two_way),
        )
        async with working(paths[0]), working(paths[1]):
            to_a = [apdu(f"a{number}", "/C=GB/A=TEST/P=A/S=Ann/") for number in range(20)]
            to_b = [apdu(f"b{number}", "/C=GB/A=TEST/P=B/S=Bob/") for number in range(20)]
            await transfer(a, to_b[:5])
            await asyncio.gather(transfer(b, to_a), transfer(a, to_b[5:]))
            await until(lambda: len(delivered(tmp_path, "A")) == 20 and len(delivered(tmp_path, "B")) == 20)

    run(body())


def test_a_peer_that_hangs_up_on_every_transfer_is_not_called_without_end(tmp_path: Path) -> None:
    async def body() -> None:
        a, b = free_port(), free_port()
        path = configuration(tmp_path, "A", a, to={"B": b}, more="[retry]\nfirst = 0.3\nlongest = 0.3")
        calls = 0
        came: list[bytes] = []
        hang_up = True

        def take(octets: bytes, peer: str | None) -> None:
            nonlocal calls
            calls += 1
            if hang_up:
                standing[-1].abort()
                raise ConnectionError("as if it had crashed")
            came.append(octets)

        async with working(path), sink(b, "B", take) as standing:
            began = time.monotonic()
            await transfer(a, [apdu(number, "/C=GB/A=TEST/P=B/S=Ann/") for number in range(50)])
            await asyncio.sleep(1.5)
            # 0.24 s are between two tries at least; each may be of two associations, with one transfer on either
            assert 1 <= calls <= 2 * (2 + (time.monotonic() - began) / 0.24)
            hang_up = False
            await until(lambda: len(came) == 50)

    run(body())


def test_a_segment_longer_than_what_is_held_in_memory(tmp_path: Path) -> None:
    async def body() -> None:
        port = free_port()
        path = configuration(tmp_path, "A", port, more="[limits]\nlarge-content-octets = 4096")
        async with working(path):
            await transfer(port, [apdu(1, "/C=GB/A=TEST/P=A/S=Ann/", content=b"c" * 60_000)])
            await until(lambda: len(delivered(tmp_path, "A")) == 1)
        (name,) = delivered(tmp_path, "A")
        assert (tmp_path / "A" / "delivered" / name / "content").read_bytes() == b"c" * 60_000

    run(body())
