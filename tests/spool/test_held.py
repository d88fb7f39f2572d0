"""Transfers held on disk: found again after a crash, under any of their names; bounded; one association at a time."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from x400.spool import Part, SpoolError
from x400.spool.held import HEADER, MAXIMUM_CHECKPOINTS, Checkpoint, HeldLimits, HeldTransfers
from x400.spool.sealed import PartReader

NAME = b"the activity"


def make(tmp_path: Path, limits: HeldLimits | None = None) -> HeldTransfers:
    contents = tmp_path / "contents"
    contents.mkdir(exist_ok=True)
    return HeldTransfers(tmp_path / "held", contents, limits)


def test_cut_off_and_gone_on_with(tmp_path: Path) -> None:
    async def body() -> None:
        transfer = make(tmp_path).begin("peer", NAME)
        transfer.write(b"a" * 1000)
        await transfer.hold(Checkpoint(1, 1000, b"state 1"))
        transfer.write(b"b" * 1000)
        await transfer.hold(Checkpoint(2, 2000, b"state 2"))
        transfer.write(b"lost")
        transfer.keep()

        again = make(tmp_path)
        assert again.find("peer", b"another", 1) is None
        assert again.find("another", NAME, 1) is None
        assert again.find("peer", NAME, 3) is None
        found = again.find("peer", NAME, 1)
        assert found is not None
        transfer, checkpoint = found
        assert checkpoint == Checkpoint(1, 1000, b"state 1")
        transfer.go_on(1, b"second name")
        assert (transfer.length, transfer.head(5000)) == (1000, b"a" * 1000)
        assert transfer.checkpoint(2) is None
        transfer.write(b"c" * 500)
        await transfer.hold(Checkpoint(2, 1500, b""))
        transfer.keep()

        found = make(tmp_path).find("peer", b"second name", 2)
        assert found is not None
        transfer, checkpoint = found
        transfer.go_on(2, b"")
        transfer.write(b"d" * 7)
        await transfer.sync()
        assert Path(transfer.path).parent == tmp_path / "contents"
        part = PartReader(Part(transfer.path, HEADER, transfer.length))
        assert b"".join(iter(lambda: bytes(part.read(4096)), b"")) == b"a" * 1000 + b"c" * 500 + b"d" * 7
        part.close()
        assert not list((tmp_path / "held").iterdir())

    asyncio.run(body())


HOLDER = """
import asyncio, sys
from pathlib import Path
from x400.spool.held import Checkpoint, HeldTransfers

async def main(folder):
    transfer = HeldTransfers(folder / "held", folder / "contents").begin("peer", b"the activity")
    for serial in range(1, 100000):
        transfer.write(bytes((serial % 251,)) * 5000)
        await transfer.hold(Checkpoint(serial, transfer.length, b""))
        print(serial, flush=True)

asyncio.run(main(Path(sys.argv[1])))
"""


def test_kill_9_while_holding(tmp_path: Path) -> None:
    (tmp_path / "contents").mkdir()
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    while not (line := process.stdout.readline()).startswith("30"):
        assert line
    process.send_signal(signal.SIGKILL)
    serial = int(["30", *process.stdout.read().split()][-1])
    process.wait()
    found = make(tmp_path).find("peer", NAME, serial)
    assert found is not None
    transfer, checkpoint = found
    assert checkpoint.offset == serial * 5000
    transfer.go_on(serial, b"")
    assert transfer.head(checkpoint.offset) == b"".join(bytes((n % 251,)) * 5000 for n in range(1, serial + 1))
    transfer.keep()


@pytest.mark.parametrize("damaged", [0, 1])
def test_a_header_that_was_torn(tmp_path: Path, damaged: int) -> None:
    async def body() -> None:
        transfer = make(tmp_path).begin("peer", NAME)
        for serial in range(1, 6):
            transfer.write(b"x" * 100)
            await transfer.hold(Checkpoint(serial, 100 * serial, b""))
        transfer.keep()
        with open(transfer.path, "r+b") as file:
            file.seek(damaged * HEADER // 2 + 30)
            file.write(os.urandom(8))
        serial = 4 if damaged == 1 else 5  # five headers were written, the last into place 1
        found = make(tmp_path).find("peer", NAME, serial)
        assert found is not None
        found[0].keep()
        assert damaged == 0 or make(tmp_path).find("peer", NAME, 5) is None

    asyncio.run(body())


def test_what_nobody_comes_back_for(tmp_path: Path) -> None:
    async def body() -> None:
        held = make(tmp_path, HeldLimits(3, HEADER * 3 + 3000, 100.0))
        now = time.time()
        kept = []
        for number in range(5):
            transfer = held.begin("peer", b"%d" % number)
            transfer.write(b"x" * 1000)
            await transfer.hold(Checkpoint(1, 1000, b""))
            held.gone(transfer)
            transfer.keep()
            os.utime(transfer.path, (now - 50 + number, now - 50 + number))
            kept.append(Path(transfer.path))
        other = held.begin("another", NAME)
        assert held.sweep(now) == 2
        assert [path.exists() for path in kept] == [False, False, True, True, True]
        with open(kept[4], "ab") as file:
            file.truncate(HEADER + 2500)
        os.utime(kept[4], (now, now))
        assert held.sweep(now) == 1
        assert held.sweep(now + 200) == 2
        assert not any(path.exists() for path in kept)
        assert Path(other.path).exists()  # it is under way
        other.discard()
        assert not Path(other.path).exists()

    asyncio.run(body())


def test_one_association_at_a_time(tmp_path: Path) -> None:
    async def body() -> None:
        held = make(tmp_path)
        transfer = held.begin("peer", NAME)
        transfer.write(b"x" * 10)
        await transfer.hold(Checkpoint(1, 10, b""))
        lost: list[bool] = []
        transfer.taken_over = lambda: lost.append(True)
        assert make(tmp_path).find("peer", NAME, 1) is None  # as another process: it is locked
        assert not lost
        found = held.find("peer", NAME, 1)
        assert found is not None
        assert found[0] is transfer
        assert lost == [True]
        transfer.discard()
        with pytest.raises(SpoolError):
            await transfer.hold(Checkpoint(2, 10, b""))

    asyncio.run(body())


def test_the_header_stays_within_its_place(tmp_path: Path) -> None:
    async def body() -> None:
        held = make(tmp_path)
        transfer = held.begin("p" * 32, b"n" * 200)
        for serial in range(1, 60):
            transfer.write(b"y" * 10)
            await transfer.hold(Checkpoint(serial, transfer.length, b"s" * 120))
            transfer.go_on(serial, b"%03d" % serial * 60)
        assert len(transfer.names) <= 6
        assert transfer.names[0] == b"n" * 200
        transfer.keep()
        found = make(tmp_path).find("p" * 32, b"n" * 200, 59)
        assert found is not None
        assert found[0].head(1000) == b""
        found[0].go_on(59, b"")
        assert found[0].head(1000) == b"y" * 590
        found[0].discard()

    asyncio.run(body())


def test_many_checkpoints(tmp_path: Path) -> None:
    async def body() -> None:
        held = make(tmp_path)
        transfer = held.begin("peer", NAME)
        for serial in range(1, 40):
            transfer.write(b"y" * 10)
            await transfer.hold(Checkpoint(serial, transfer.length, bytes(18)))
        assert transfer.checkpoint(39 - MAXIMUM_CHECKPOINTS) is None
        assert transfer.checkpoint(40 - MAXIMUM_CHECKPOINTS) is not None
        transfer.discard()

    asyncio.run(body())


def test_completed_transfers_are_remembered(tmp_path: Path) -> None:
    held = make(tmp_path)
    held.complete("peer", [NAME, b"second"])
    assert held.is_complete("peer", b"second")
    assert not held.is_complete("another", NAME)
