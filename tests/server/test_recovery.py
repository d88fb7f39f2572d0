"""Transfers that are cut off go on (X.228 7.8): a line that is severed at random, a receiver that is killed."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.server.forked import Forked
from tests.server.harness import HOST, apdu, configuration, delivered, free_port, run, transfer, until, working
from x400.server import inbound

SIZE = 20_000_000
CONTENT = hashlib.shake_128(b"recovery").digest(SIZE)
FAST = "[retry]\nfirst = 0.05\nlongest = 0.2"


class Line:
    """Carries octets between a port and another, counts those that go forward, and is severed when it has carried as
    many as `sever` says (None: never), `lingers` seconds after the last of them.
    """

    def __init__(self, to: int, sever: Callable[[], int | None], lingers: float) -> None:
        self.to = to
        self.sever = sever
        self.lingers = lingers
        self.carried = 0
        self.severed = 0
        self.connections = 0

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            there_reader, there_writer = await asyncio.open_connection(HOST, self.to)
        except OSError:
            writer.transport.abort()
            return
        ends = (writer, there_writer)
        left = self.sever()

        async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter, forward: bool) -> None:
            nonlocal left
            with contextlib.suppress(OSError):
                while octets := await source.read(65536):
                    if forward and left is not None:
                        if len(octets) >= left:
                            octets = octets[:left]
                            left = 0
                        else:
                            left -= len(octets)
                    target.write(octets)
                    await target.drain()
                    self.carried += len(octets) if forward else 0
                    if forward and left == 0:
                        await asyncio.sleep(self.lingers)
                        self.severed += 1
                        break
            for end in ends:
                end.transport.abort()

        await asyncio.gather(carry(reader, there_writer, True), carry(there_reader, writer, False))


@contextlib.asynccontextmanager
async def line(to: int, sever: Callable[[], int | None], lingers: float = 0.0) -> AsyncIterator[tuple[Line, int]]:
    made = Line(to, sever, lingers)
    port = free_port()
    server = await asyncio.start_server(made.connection, HOST, port)
    try:
        yield made, port
    finally:
        server.close()


def held(folder: Path, name: str) -> list[Path]:
    return list((folder / name / "spool" / "held").glob("*"))


@pytest.mark.parametrize("recovery", [False, True], ids=["bind", "recover"])
def test_20_mb_over_a_line_that_is_severed_again_and_again(tmp_path: Path, recovery: bool) -> None:
    chance = random.Random(SIZE + recovery)
    a, b = free_port(), free_port()
    cuts = iter([chance.randrange(300_000, 4_000_000) for _ in range(8)])
    more = f"association-recovery = {str(recovery).lower()}\nwindow-size = 3"

    async def body() -> None:
        async with line(b, lambda: next(cuts, None)) as (carried, port):
            path = configuration(tmp_path, "A", a, to={"B": port}, more=FAST, peer_more=more)
            last = configuration(tmp_path, "B", b, to={"A": 0}, peer_more=more)
            async with working(last) as receiver, working(path):
                await transfer(a, [apdu("severed", "/C=GB/A=TEST/P=B/S=Ann/", content=CONTENT)])
                await until(lambda: delivered(tmp_path, "B"), 60)
                await until(lambda: receiver.counters.peer("A").received, 5)
                counters = receiver.counters.peer("A")
                assert (counters.received, counters.repetitions) == (1, 0)
            ((content, _),) = delivered(tmp_path, "B").values()
            assert content == CONTENT
            assert carried.severed == 8
            again = carried.carried - SIZE
            print(f"{carried.severed} times severed, {again} octets more than the message")
            # the window, what was in the air, and framing for each; a restart would send all again
            assert again < SIZE * 0.02 + 9 * 700_000
            assert not held(tmp_path, "B")

    run(body())


def test_the_receiver_is_killed_and_the_transfer_goes_on(tmp_path: Path) -> None:
    """What was confirmed is on disk: the receiver goes on after kill -9, and repeats less than it holds."""
    a, b = free_port(), free_port()
    receiver = Forked(configuration(tmp_path, "B", b, to={"A": 0}))

    async def body() -> None:
        async with line(b, lambda: None) as (carried, port):
            path = configuration(tmp_path, "A", a, to={"B": port}, more=FAST)
            await asyncio.to_thread(receiver.start)
            async with working(path):
                await transfer(a, [apdu("killed", "/C=GB/A=TEST/P=B/S=Ann/", content=CONTENT)])
                for part in (3_000_000, 9_000_000, 15_000_000):
                    await until(lambda part=part: carried.carried > part, 30)
                    receiver.kill()
                    await asyncio.to_thread(receiver.start)
                await until(lambda: delivered(tmp_path, "B"), 60)
            ((content, _),) = delivered(tmp_path, "B").values()
            assert content == CONTENT
            assert carried.carried < SIZE * 1.02 + 4 * 1_500_000

    try:
        run(body())
    finally:
        receiver.kill()
    assert not held(tmp_path, "B")


@pytest.mark.parametrize(
    ("octets", "seconds", "goes_on"),
    [(512 << 10, 1e9, 8 * 63 << 10), (1 << 40, 0.0, 13 * 63 << 10), (1 << 40, 1e9, 0)],
    ids=["far from the last", "long after the last", "neither"],
)
def test_a_checkpoint_that_nobody_waits_for_is_held_when_it_is_worth_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, octets: int, seconds: float, goes_on: int
) -> None:
    """900 kB fit into the window: all of it could be sent without a confirmation."""
    monkeypatch.setattr(inbound, "HOLD_OCTETS", octets)
    monkeypatch.setattr(inbound, "HOLD_SECONDS", seconds)
    a, b = free_port(), free_port()
    cuts = iter([850_000])

    async def body() -> None:
        async with line(b, lambda: next(cuts, None), lingers=0.5) as (carried, port):
            path = configuration(tmp_path, "A", a, to={"B": port}, more=FAST)
            async with working(configuration(tmp_path, "B", b, to={"A": 0})), working(path):
                await transfer(a, [apdu("worth", "/C=GB/A=TEST/P=B/S=Ann/", content=CONTENT[:900_000])])
                await until(lambda: delivered(tmp_path, "B"), 30)
            again = 850_000 + 900_000 - goes_on
            assert again - 70_000 < carried.carried < again + 20_000

    run(body())


def test_what_is_held_is_gone(tmp_path: Path) -> None:
    """The receiver has lost what it held: the transfer begins anew, and arrives once."""
    a, b = free_port(), free_port()
    cuts = iter([5_000_000])

    async def body() -> None:
        async with line(b, lambda: next(cuts, None)) as (carried, port):
            path = configuration(tmp_path, "A", a, to={"B": port}, more="[retry]\nfirst = 0.5")
            last = configuration(tmp_path, "B", b, to={"A": 0})
            async with working(last), working(path):
                await transfer(a, [apdu("gone", "/C=GB/A=TEST/P=B/S=Ann/", content=CONTENT)])
                await until(lambda: carried.severed and held(tmp_path, "B"), 20)
                for file in held(tmp_path, "B"):
                    file.unlink()
                await until(lambda: delivered(tmp_path, "B"), 60)
            ((content, _),) = delivered(tmp_path, "B").values()
            assert content == CONTENT
            assert carried.carried > SIZE + 4_000_000

    run(body())


def test_half_open(tmp_path: Path) -> None:
    """The receiver has not noticed the loss: it takes the transfer from the association that is as good as lost."""
    a, b = free_port(), free_port()

    async def body() -> None:
        stalled: list[asyncio.StreamWriter] = []
        cuts = iter([5_000_000])

        async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there_reader, there_writer = await asyncio.open_connection(HOST, b)
            left = next(cuts, 1 << 40)
            stalled.append(there_writer)

            async def back() -> None:
                with contextlib.suppress(OSError):
                    while octets := await there_reader.read(65536):
                        writer.write(octets)
                writer.transport.abort()

            answering = asyncio.create_task(back())
            while left > 0 and (octets := await reader.read(65536)):
                there_writer.write(octets)
                left -= len(octets)
            writer.transport.abort()  # towards the receiver nothing ends
            if left > 0:
                there_writer.transport.abort()
            await answering

        port = free_port()
        server = await asyncio.start_server(connection, HOST, port)
        path = configuration(tmp_path, "A", a, to={"B": port}, more=FAST)
        last = configuration(tmp_path, "B", b, to={"A": 0})
        async with working(last) as receiver, working(path):
            await transfer(a, [apdu("half", "/C=GB/A=TEST/P=B/S=Ann/", content=CONTENT)])
            await until(lambda: delivered(tmp_path, "B"), 60)
            await until(lambda: len(receiver.links) <= 1, 5)
        server.close()
        ((content, _),) = delivered(tmp_path, "B").values()
        assert content == CONTENT
        assert len(stalled) == 2

    run(body())


def test_a_line_that_falls_silent_in_a_transfer_is_given_up_in_time(tmp_path: Path) -> None:
    """Nothing ends, nothing comes: after one step's time another association is made, not after a discard's too."""
    a, b = free_port(), free_port()

    async def body() -> None:
        connections = 0
        lefts = iter([2_000])
        over = asyncio.Event()

        async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            there_reader, there_writer = await asyncio.open_connection(HOST, b)
            left = next(lefts, 1 << 40)

            async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter, left: float) -> None:
                with contextlib.suppress(OSError):
                    while octets := await source.read(65536):
                        left -= len(octets)
                        if left < 0:
                            await over.wait()
                            break
                        target.write(octets)
                target.transport.abort()

            await asyncio.gather(carry(reader, there_writer, left), carry(there_reader, writer, 1 << 40))

        port = free_port()
        server = await asyncio.start_server(connection, HOST, port)
        more = "[timers]\ntransfer = 0.5\n[retry]\nfirst = 0.1\nlongest = 0.2\n"
        path = configuration(tmp_path, "A", a, to={"B": port}, more=more)
        last = configuration(tmp_path, "B", b, to={"A": 0})
        async with working(last), working(path):
            await transfer(a, [apdu("silent", "/C=GB/A=TEST/P=B/S=Ann/", content=bytes(50_000))])
            await until(lambda: delivered(tmp_path, "B"), 20)
            over.set()
        server.close()
        assert connections == 2

    run(body())
