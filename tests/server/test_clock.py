"""The wall clock is set while messages wait: nothing hangs, and nothing is given up that has not waited."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.server.harness import apdu, configuration, delivered, free_port, run, transfer, until, working
from x400.server import clock
from x400.server.clock import Clock
from x400.spool import Entry
from x400.spool.queries import trace, waiting

HOUR, DAY = 3600.0, 86400.0
TO_B = "/C=GB/A=TEST/P=B/S=Ann/"


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the wall clock so many seconds ahead of what it is."""
    ahead = 0.0
    real, real_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: real() + ahead)
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + int(ahead * 1e9))

    def set_(seconds: float) -> None:
        nonlocal ahead
        ahead = seconds

    return set_


def test_a_jump_is_noticed_and_doubted(
    tmp_path: Path, set_clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = Clock(tmp_path / "clock")
    jumps = []
    for ahead in (0.0, 1.0, 31.0, 31.0, DAY, DAY, 0.0, -HOUR):
        set_clock(ahead)
        jumps.append((round(looked.look()), looked.doubtful))
    assert jumps == [
        (0, False), (0, False), (30, False), (0, False), (round(DAY - 31), True), (0, True), (-round(DAY), False),
        (-round(HOUR), False),
    ]  # fmt: skip
    monkeypatch.setattr(clock, "DOUBTFUL", 0.0)
    set_clock(DAY)
    assert looked.look()
    assert not looked.doubtful, "it is believed in the end"


def test_the_time_is_that_of_the_last_look(tmp_path: Path, set_clock: Callable[[float], None]) -> None:
    """What is set between a look and what is done by the time does no harm."""
    looked = Clock(tmp_path / "clock")
    looked.look()
    set_clock(DAY)
    assert looked.time() == pytest.approx(time.time() - DAY, abs=1)
    looked.look()
    assert looked.time() == pytest.approx(time.time(), abs=1)


def test_the_next_process_knows_what_was_believed(
    tmp_path: Path, set_clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "clock"

    def started() -> tuple[int, bool]:
        looked = Clock(file)
        return round(looked.look()), looked.doubtful

    assert started() == (0, False)
    set_clock(30.0)
    assert started() == (30, False)
    set_clock(DAY)
    assert started() == started() == (round(DAY - 30), True), "not believed by the second, either"
    set_clock(0.0)
    assert started() == (-30, False)
    set_clock(DAY)
    file.write_text("damaged")
    assert started() == (0, False)
    monkeypatch.setattr(clock, "_this_boot", lambda: "another")
    set_clock(3 * DAY)
    assert started() == (0, False), "who knows for how long it was off"
    real = clock._since_boot
    monkeypatch.setattr(clock, "_since_boot", lambda: real() / 2)
    assert started() == (0, False), "it runs for less long than it did: it was started anew"
    assert [one.name for one in tmp_path.iterdir()] == ["clock"]


async def waiting_entry(a: int, folder: Path) -> None:
    """One message that waits for B, which is down."""
    await transfer(a, [apdu("one", TO_B)])
    await until(lambda: [one.obstacle for one in waiting(folder / "A" / "spool")] not in ([], [""]))


def test_an_mta_that_is_started_while_the_clock_is_wrong_gives_nothing_up(
    tmp_path: Path, set_clock: Callable[[float], None]
) -> None:
    a, b = free_port(), free_port()
    path = configuration(tmp_path, "A", a, to={"B": b}, more="[retry]\nfirst = 0.1\nlongest = 0.3")

    async def body() -> None:
        async with working(path):
            await waiting_entry(a, tmp_path)
            await until(lambda: (tmp_path / "A" / "spool" / "clock").exists())
        set_clock(30 * DAY)
        async with working(path) as worker:
            await asyncio.sleep(2.5)
            assert worker.clock.doubtful
            set_clock(0.0)
            (one,) = waiting(tmp_path / "A" / "spool")
            async with working(configuration(tmp_path, "B", b, to={"A": a})):
                await until(lambda: delivered(tmp_path, "B"))
            assert "given-up" not in {line.action for line in trace(tmp_path / "A" / "spool", one.identifier)}

    run(body())


def test_a_jump_forward_gives_nothing_up(tmp_path: Path, set_clock: Callable[[float], None]) -> None:
    a, b = free_port(), free_port()
    path = configuration(tmp_path, "A", a, to={"B": b}, more="[retry]\nfirst = 0.1\nlongest = 0.3")

    async def body() -> None:
        async with working(path) as worker:
            await waiting_entry(a, tmp_path)
            set_clock(30 * DAY)
            await until(lambda: worker.clock.doubtful)
            await asyncio.sleep(2.5)  # more than one look at what has expired
            (one,) = waiting(tmp_path / "A" / "spool")
            assert one.expiry < time.time(), "it would be given up, were the clock believed"
            assert not worker.spool.forgetting
            async with working(configuration(tmp_path, "B", b, to={"A": a})):
                await until(lambda: delivered(tmp_path, "B"))
            set_clock(0.0)
            await until(lambda: not worker.clock.doubtful and worker.spool.forgetting)
            assert "given-up" not in {line.action for line in trace(tmp_path / "A" / "spool", one.identifier)}

    run(body())


def test_what_has_really_waited_too_long_is_given_up(tmp_path: Path, set_clock: Callable[[float], None]) -> None:
    """The clock is believed after a while: here, at once."""
    a = free_port()
    path = configuration(tmp_path, "A", a, to={"B": free_port()})

    async def body() -> None:
        async with working(path) as worker:
            await waiting_entry(a, tmp_path)
            set_clock(30 * DAY)
            await until(lambda: worker.clock.doubtful)
            worker.clock._doubtful_until = 0.0
            await until(lambda: TO_B not in [one.recipients for one in waiting(tmp_path / "A" / "spool")])

    run(body())


@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
def test_a_jump_backward_makes_no_retry_wait(tmp_path: Path, set_clock: Callable[[float], None], restart: bool) -> None:
    """An attempt has failed while the clock was an hour ahead, and is due in an hour when it has been put right."""
    a, b = free_port(), free_port()
    path = configuration(tmp_path, "A", a, to={"B": b}, more="[retry]\nfirst = 0.1\nlongest = 0.3")

    async def body() -> None:
        set_clock(HOUR)
        async with working(path) as worker:
            await waiting_entry(a, tmp_path)
            entries: list[Entry] = []
            while not entries:
                entries = await worker.spool.take(await worker.spool.find("B", None, 0, 1))
                await asyncio.sleep(0.01)
            worker.spool.retry(entries[0], time.time() + 0.2, "refused")
            await worker.spool.queues()
            if not restart:
                set_clock(0.0)
                async with working(configuration(tmp_path, "B", b, to={"A": a})):
                    await until(lambda: delivered(tmp_path, "B"))
        if restart:
            set_clock(0.0)
            async with working(path), working(configuration(tmp_path, "B", b, to={"A": a})):
                await until(lambda: delivered(tmp_path, "B"))

    run(body())


def test_stamps_go_back_with_the_clock(tmp_path: Path, set_clock: Callable[[float], None]) -> None:
    a = free_port()

    async def body() -> None:
        async with working(configuration(tmp_path, "A", a)):
            for number, ahead in enumerate((0.0, DAY, 0.0)):
                set_clock(ahead)
                await transfer(a, [apdu(number, "/C=GB/A=TEST/P=A/S=Ann/")])
            await until(lambda: len(delivered(tmp_path, "A")) == 3)

    run(body())
    ids = [envelope["identifier"] for _, envelope in delivered(tmp_path, "A").values()]
    at = [line.at for one in ids for line in trace(tmp_path / "A" / "spool", one) if line.action == "arrived"]
    assert sorted(round((stamp - time.time()) / DAY) for stamp in at) == [0, 0, 1]
