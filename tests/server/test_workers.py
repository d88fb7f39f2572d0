"""Processes: ready lines, exit codes, signals, several workers, one that dies."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.server.harness import Process, apdu, configuration, delivered, free_port, run, transfer, until
from x400.console.control import running
from x400.net.transfer import TransferFailed
from x400.spool import queries
from x400.spool.queries import number_of_entries


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_ready_line_and_exit_code(tmp_path: Path) -> None:
    port = free_port()
    process = Process(configuration(tmp_path, "A", port))
    assert process.start() == [f"ready: A listens on 127.0.0.1:{port}\n"]
    assert process.stop() == 0


def test_a_port_in_use_and_a_spool_in_use_are_told(tmp_path: Path) -> None:
    port = free_port()
    path = configuration(tmp_path, "A", port)
    with Process(path):
        other = Process(path)
        with pytest.raises(AssertionError, match="cannot listen"):
            other.start()
        assert other.wait() == 1
        path.write_text(path.read_text().replace(f"port = {port}", f"port = {free_port()}"))
        with pytest.raises(AssertionError, match="another process has this spool open"):
            other.start()
        assert other.wait() == 1


def test_what_waits_for_a_worker_that_there_is_no_more_is_taken_over(tmp_path: Path) -> None:
    port = free_port()
    path = configuration(tmp_path, "A", port, to={"B": free_port()}, workers=2)

    async def body() -> None:
        for number in range(20):
            await transfer(port, [apdu(number, "/C=GB/A=TEST/P=B/S=Ann/")])

    spool = tmp_path / "A" / "spool" / "worker-1"
    with Process(path) as process:
        run(body())
        entries = number_of_entries(spool)
        assert entries, "the kernel has given some calls to either"
        assert process.stop() == 0
    path.write_text(path.read_text().replace("workers = 2", "workers = 1"))
    with Process(path) as process:
        run(until(lambda: "were taken over" in process.log.read_text()))
        assert f"entries={entries}" in process.log.read_text()
        assert number_of_entries(spool) == 0
        assert number_of_entries(spool.with_name("worker-0")) == 20
        assert process.stop() == 0


def test_hangup_reads_routes_again(tmp_path: Path) -> None:
    port = free_port()
    process = Process(configuration(tmp_path, "A", port))
    with process:
        process.signal(signal.SIGHUP)

        async def body() -> None:
            await until(lambda: "routes read again" in process.log.read_text())

        run(body())
        assert process.stop() == 0


def test_two_workers_share_the_port_and_one_that_dies_is_started_again(tmp_path: Path) -> None:
    port = free_port()
    path = configuration(tmp_path, "A", port, workers=2)

    async def body(process: Process) -> None:
        for number in range(30):
            await transfer(port, [apdu(f"first.{number}", "/C=GB/A=TEST/P=A/S=Ann/")])
        await until(lambda: len(delivered(tmp_path, "A")) == 30)
        spools = list((tmp_path / "A" / "spool").glob("worker-*/spool.sqlite"))
        assert len(spools) == 2
        first, second = children(process.pid)
        os.kill(first, signal.SIGKILL)
        await until(lambda: set(children(process.pid)) - {first, second}, 10)
        deadline = time.monotonic() + 10
        for number in range(30):
            while True:
                try:
                    await transfer(port, [apdu(f"second.{number}", "/C=GB/A=TEST/P=A/S=Ann/")])
                    break
                except Exception:
                    assert time.monotonic() < deadline
        await until(lambda: len(delivered(tmp_path, "A")) == 60)

    with Process(path) as process:
        run(body(process))
        assert process.stop() == 0


def test_workers_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    path = configuration(tmp_path, "A", free_port(), workers=2)
    with Process(path) as process:
        workers = children(process.pid)
        assert len(workers) == 2
        process.kill()
        run(until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers)))
    with Process(path) as process:  # neither the port nor a spool is held any more
        assert process.stop() == 0


def test_a_repetition_to_another_worker_is_known(tmp_path: Path) -> None:
    port = free_port()
    path = configuration(tmp_path, "A", port, to={"B": free_port()}, workers=2)
    repeated = apdu("repeated", "/C=GB/A=TEST/P=B/S=Ann/")

    async def body() -> None:
        for _ in range(20):  # the kernel gives each call to either worker
            await transfer(port, [repeated])

    with Process(path) as process:
        run(body())
        spools = [tmp_path / "A" / "spool" / f"worker-{number}" for number in (0, 1)]
        assert sum(map(number_of_entries, spools)) == 1
        assert process.stop() == 0


def test_a_rolling_restart_loses_nothing_and_always_answers(tmp_path: Path) -> None:
    port = free_port()
    path = configuration(tmp_path, "A", port, workers=2)

    async def body(process: Process) -> None:
        before = set(children(process.pid))
        process.signal(signal.SIGUSR2)
        sent = 0
        end = time.monotonic() + 30
        while set(children(process.pid)) & before or sent < 50:
            assert time.monotonic() < end
            try:
                await transfer(port, [apdu(f"rolling.{sent}", "/C=GB/A=TEST/P=A/S=Ann/")])
            except TransferFailed:  # its worker was just leaving: an MTA tries again, and finds the other one
                continue
            sent += 1
        await until(lambda: len(children(process.pid)) == 2 and not set(children(process.pid)) & before)
        await until(lambda: len(delivered(tmp_path, "A")) == sent)

    with Process(path) as process:
        run(body(process))
        assert process.stop() == 0


def test_a_worker_that_is_killed_in_a_rolling_restart_is_one_that_has_been_replaced(tmp_path: Path) -> None:
    """It is started again, as what is to run now; the supervisor goes on."""
    port = free_port()
    path = configuration(tmp_path, "A", port, workers=2)

    async def body(process: Process) -> None:
        before = set(children(process.pid))
        process.signal(signal.SIGUSR2)
        await until(lambda: "worker is replaced" in process.log.read_text(), 30)
        os.kill(max(before), signal.SIGKILL)
        await until(lambda: len(children(process.pid)) == 2 and not set(children(process.pid)) & before, 60)
        await until(lambda: len(running(tmp_path / "A" / "spool")) == 2, 30)
        await _all_confirmed(port, [f"after.{number}" for number in range(10)])

    with Process(path) as process:
        run(body(process))
        assert process.stop() == 0


def test_a_rolling_restart_may_be_asked_for_again_before_it_has_ended(tmp_path: Path) -> None:
    """The workers of the program before the last one go on until they are replaced."""
    port = free_port()
    path = configuration(tmp_path, "A", port, workers=2)

    async def body(process: Process) -> None:
        before = set(children(process.pid))
        for times in range(1, 4):
            process.signal(signal.SIGUSR2)
            await until(lambda times=times: process.log.read_text().count("restarting, a worker") == times, 30)  # type: ignore[misc]
        await until(lambda: len(children(process.pid)) == 2 and not set(children(process.pid)) & before, 60)
        await _all_confirmed(port, [f"after.{number}" for number in range(10)])
        assert "the supervisor is no more" not in process.log.read_text()

    with Process(path) as process:
        run(body(process))
        assert process.stop() == 0


def test_a_rolling_restart_while_no_worker_runs(tmp_path: Path) -> None:
    """All have been killed, and are to be started again in a second."""
    port = free_port()
    path = configuration(tmp_path, "A", port, workers=2)

    async def body(process: Process) -> None:
        before = children(process.pid)
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        await until(lambda: process.log.read_text().count("worker died") == 2, 30)
        process.signal(signal.SIGUSR2)
        await until(lambda: len(children(process.pid)) == 2 and not set(children(process.pid)) & {*before}, 60)
        await until(lambda: len(running(tmp_path / "A" / "spool")) == 2, 30)
        await _all_confirmed(port, [f"after.{number}" for number in range(10)])

    with Process(path) as process:
        run(body(process))
        assert process.stop() == 0


async def _all_confirmed(port: int, names: Iterable[str]) -> None:
    """Transfer to whichever worker answers, again and again until it is confirmed."""
    for name in names:

        async def confirmed(name: str = name) -> bool:
            try:
                async with asyncio.timeout(5):
                    await transfer(port, [apdu(name, "/C=GB/A=TEST/P=A/S=Ann/")])
            except (TransferFailed, TimeoutError, OSError):
                return False
            return True

        deadline = time.monotonic() + 30
        while not await confirmed():
            assert time.monotonic() < deadline, "nobody serves"


def _two_workers(tmp_path: Path, port: int) -> tuple[Path, Path]:
    """The configuration, and the database of the second worker."""
    path = configuration(tmp_path, "A", port, workers=2)
    return path, tmp_path / "A" / "spool" / "worker-1" / "spool.sqlite"


@pytest.mark.parametrize("when", ["at the start", "while it runs"])
def test_a_worker_whose_spool_cannot_be_opened_leaves_the_others_serving(tmp_path: Path, when: str) -> None:
    """It comes back by itself once its spool can be opened."""
    port = free_port()
    path, database = _two_workers(tmp_path, port)
    aside = database.with_name("aside")

    def spoil() -> None:
        if database.exists():
            database.rename(aside)
        database.mkdir(parents=True)

    async def body(process: Process) -> None:
        if when == "while it runs":
            first, second = sorted(children(process.pid))
            spoil()
            os.kill(second, signal.SIGKILL)
            await until(lambda: "cannot be opened" in process.log.read_text())
            assert first in children(process.pid)
        await _all_confirmed(port, [f"without.{number}" for number in range(10)])
        await until(lambda: len(delivered(tmp_path, "A")) == 10)
        database.rmdir()
        if aside.exists():
            aside.rename(database)
        await until(lambda: len(running(database.parents[1])) == 2, 30)
        await _all_confirmed(port, [f"with.{number}" for number in range(20)])
        await until(lambda: len(delivered(tmp_path, "A")) == 30)

    if when == "at the start":
        spoil()
    with Process(path) as process:
        run(body(process))
        assert process.stop() == 0


def test_an_mta_none_of_whose_spools_can_be_opened_does_not_start(tmp_path: Path) -> None:
    path, database = _two_workers(tmp_path, free_port())
    for number in (0, 1):
        (database.parents[1] / f"worker-{number}" / database.name).mkdir(parents=True)
    process = Process(path)
    with pytest.raises(AssertionError, match="cannot be opened"):
        process.start()
    assert process.wait() == 74


def test_a_worker_whose_spool_is_damaged_while_it_runs_leaves_the_others_serving(tmp_path: Path) -> None:
    port = free_port()
    path, database = _two_workers(tmp_path, port)

    async def body(process: Process) -> None:
        await _all_confirmed(port, [f"before.{number}" for number in range(20)])
        await until(lambda: len(delivered(tmp_path, "A")) == 20)
        first, second = sorted(children(process.pid))
        with queries._open(database.parent) as connection:
            assert connection.execute("SELECT count(*) FROM arrival").fetchone()[0], "it has served"
        for file in (database, database.with_name(database.name + "-wal")):
            with open(file, "r+b") as opened:
                opened.write(os.urandom(os.fstat(opened.fileno()).st_size))
        os.kill(second, signal.SIGKILL)  # what is in its memory still hides the damage
        number = 0
        while "could be read was saved" not in process.log.read_text():
            await _all_confirmed(port, [f"meanwhile.{number}"])
            number += 1
            assert number < 500
        await _all_confirmed(port, [f"after.{one}" for one in range(10)])
        await until(lambda: len(delivered(tmp_path, "A")) == 30 + number)
        await until(lambda: len(running(database.parents[1])) == 2, 30)
        assert first in children(process.pid)

    with Process(path) as process:
        run(body(process))
        assert process.stop() == 0
