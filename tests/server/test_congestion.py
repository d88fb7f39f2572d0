"""Backpressure: without room transfers are refused, what was confirmed stays, and service returns by itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.harness import Process, apdu, configuration, delivered, free_port, run, transfer, until
from x400.net.transfer import TransferFailed
from x400.server.congestion import Congestion
from x400.spool.queries import number_of_entries

TO_B = "/C=GB/A=TEST/P=B/S=Ann/"


def test_service_returns_a_little_below_the_limit(tmp_path: Path) -> None:
    congestion = Congestion(tmp_path, 100, 0)
    causes = []
    for waiting in (99, 100, 99, 96, 94, 99):
        congestion.look(waiting)
        causes.append(bool(congestion.cause))
    assert causes == [False, True, True, True, False, False]


async def sent_in_the_end(port: int, message: bytes) -> None:
    """Try until it is taken over."""
    for _ in range(200):
        try:
            await transfer(port, [message])
            return
        except TransferFailed:
            await asyncio.sleep(0.1)
    raise AssertionError("service has not returned")


def test_too_many_wait(tmp_path: Path) -> None:
    port, next_port = free_port(), free_port()
    more = "[limits]\nwaiting = 20\n[retry]\nfirst = 0.1\nlongest = 0.2"
    path = configuration(tmp_path, "A", port, to={"B": next_port}, more=more)
    spool = tmp_path / "A" / "spool" / "worker-0"

    async def fill() -> int:
        confirmed = 0
        try:
            for number in range(1000):
                await transfer(port, [apdu(number, TO_B)])
                confirmed += 1
        except TransferFailed:
            pass
        return confirmed

    with Process(path) as process:
        confirmed = run(fill())
        assert 20 <= confirmed < 1000
        assert number_of_entries(spool) == confirmed
        with Process(configuration(tmp_path, "B", next_port, to={"A": port})) as last:
            run(sent_in_the_end(port, apdu("after", TO_B)))
            run(until(lambda: len(delivered(tmp_path, "B")) == confirmed + 1))
            assert last.stop() == 0
        assert process.stop() == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB."""
    folder = tmp_path / "A" / "spool"
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("needs to mount a file system: root, with leave to")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk(tmp_path: Path, small_disk: Path) -> None:
    port, next_port = free_port(), free_port()
    more = "[limits]\nfree-octets = 0\n[retry]\nfirst = 0.1\nlongest = 0.2"
    path = configuration(tmp_path, "A", port, to={"B": next_port}, more=more)
    content = os.urandom(200_000)

    async def fill() -> int:
        confirmed = refused = 0
        for number in range(400):
            try:
                await transfer(port, [apdu(number, TO_B, content=content)])
                confirmed += 1
            except TransferFailed:
                refused += 1
                if refused == 5:
                    break
        return confirmed

    with Process(path) as process:
        confirmed = run(fill())
        assert confirmed >= 10
        with Process(configuration(tmp_path, "B", next_port, to={"A": port})) as last:
            run(until(lambda: len(delivered(tmp_path, "B")) == confirmed, 40))
            run(sent_in_the_end(port, apdu("after", TO_B, content=content)))
            run(until(lambda: len(delivered(tmp_path, "B")) == confirmed + 1))
            assert last.stop() == 0
        assert process.stop() == 0
