"""A thousand faults under load, and what came of every message: sent, delivered, lost, delivered twice.

    python benchmarks/chaos.py [--faults N] [--seed S] [--workers N] [--damage] [--smoke]

Sources -> proxy -> relay -> proxy -> last MTA, all on loopback. While the sources send (each repeats what was not
confirmed, as an MTA does), faults come at random moments:

- kill -9 of the relay, of one of its workers or of the last MTA, SIGSTOP of one of them for a while;
- connections reset in the middle of a transfer, connections that go silent and stay open, a slow line, one whose delay
  varies from piece to piece, one that stalls now and then. (TCP puts in order again and repeats, so loss and reordering
  below it show to an MTA as nothing but that: delay, and stalls.)
- a full disk under the relay's spool, where a file system may be mounted;
- the wall clock set forward by a day or back by an hour for a while, where there is a C compiler;
- with several workers: a rolling restart, one worker more, one less;
- with --damage: octets changed or a page zeroed in the relay's database or in its log, while it runs or after kill -9.
  What the relay says it has lost by that (each message by its identifier: in quarantine, or in its trace) is counted
  apart, and so is what comes twice and had the key, by which its repetition is known, in just that page.

At the end all is left alone until every queue is empty (with --damage the relay is then started anew, which is when the
last damage is found), and what the last MTA has delivered is counted. What neither waits nor has left, as the traces
have it, must be what the damage is known to have cost. The last line is
`N faults, N sent, N delivered, N reported, N damaged, N lost, N twice, N twice by a damaged key`. The exit code is 1 if
any was lost or came twice, if without damage any was given up (reported), as none has waited for too long, or if any is
not accounted for.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import structlog

from benchmarks.harness.clock import SettableClock
from benchmarks.harness.proxy import Proxy
from tests.server.forked import Forked
from tests.server.harness import apdu, configuration, free_port, identifier, run, transfer
from tests.server.supervised import Supervised
from x400.console.control import Measured, Metrics, ask, running
from x400.net.transfer import TransferFailed
from x400.spool import queries
from x400.spool.accounts import UNACCOUNTED, unaccounted
from x400.spool.histories import rows_in

SOURCES = 8
TO = "/C=GB/A=TEST/P=B/S=Ann/"
PAGE = 4096
LOG_HEADER, FRAME_HEADER = 32, 24
"""Octets of the log: before its first frame, and in each before its page."""
SMALL, LARGE = 1500, 400_000
"""Octets of a content: what is stored in the database, and, one in twenty, what is a file beside it."""

TIMERS = """
[timers]
transfer = 3.0
bind = 3.0
connect = 3.0
[retry]
first = 0.1
longest = 0.5
[limits]
"""
NO_MORE_ROOM = "free-octets = 1_000_000\n"
ROOM_FOR_A_RESCUE = "free-octets = 150_000_000\n"
"""On the relay's disk: a database that is damaged is copied, and what can be read goes into another."""


class Disk:
    """A small file system under the relay's spool, which can be filled up; nothing where none may be mounted."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", "size=480m", "tmpfs", str(folder)]
        self.there = os.geteuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0
        self._folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave no octet free."""
        with open(self._filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 20))
            except OSError:
                pass

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)

    def unmount(self) -> None:
        if self.there:
            subprocess.run(["umount", "-l", str(self._folder)], check=True)


class Chaos:
    """The network, its load, and what happens to it."""

    def __init__(self, folder: Path, chance: random.Random, workers: int, damage: bool) -> None:
        self.chance = chance
        self.clock = SettableClock(folder)
        os.environ.update(self.clock.environment)  # of all that is started from now on
        self.confirmed: set[str] = set()
        self.damaged_keys: set[str] = set()
        """The messages whose keys stood where something was damaged."""
        self.counts: Counter[str] = Counter()
        self.folder = folder
        self._damages = damage
        self._under_load = True
        relay_port, last_port = free_port(), free_port()
        self._before, self._behind = Proxy(free_port(), relay_port), Proxy(free_port(), last_port)
        self.disk = Disk(folder / "A" / "spool")
        room = ROOM_FOR_A_RESCUE if damage else NO_MORE_ROOM
        configured = configuration(folder, "A", relay_port, to={"B": self._behind.port}, more=TIMERS + room)
        self._relay = Supervised(configured, workers)
        self._last = Forked(configuration(folder, "B", last_port, to={"A": relay_port}, more=TIMERS + NO_MORE_ROOM))
        self._faults: list[Callable[[], Awaitable[None]]] = [
            self._kill_relay, self._kill_last, self._stop_relay, self._stop_last, self._sever_before,
            self._sever_behind, self._silence_before, self._silence_behind, self._slow, self._jitter, self._stalls,
        ]  # fmt: skip
        if damage:
            self._faults += [self._damage_running, self._damage_stopped]
        if workers > 1:
            self._faults += [self._kill_worker, self._rolling_restart, self._other_number_of_workers]
        if self.clock.there:
            self._faults.append(self._set_clock)
        if self.disk.there:
            self._faults.append(self._full_disk)

    # ---- load

    async def _source(self, number: int) -> None:
        """Send messages one after another, each until it is confirmed."""
        count = 0
        pending: list[tuple[str, bytes]] = []

        def octets() -> Iterator[bytes]:
            nonlocal count
            while pending or self._under_load:
                if not pending:
                    name = f"{number}.{count}"
                    count += 1
                    size = LARGE if self.chance.random() < 0.05 else SMALL
                    pending.append((name, apdu(name, TO, content=self.chance.randbytes(size))))
                yield pending[0][1]

        def is_confirmed(octets: bytes) -> None:
            if pending and pending[0][1] is octets:  # not by an association that was given up before
                self.confirmed.add(identifier(pending.pop(0)[0]))

        while self._under_load or pending:
            try:
                async with asyncio.timeout(10):
                    await transfer(self._before.port, octets(), confirmed=is_confirmed)
            except (TransferFailed, TimeoutError, OSError):
                await asyncio.sleep(0.05)

    # ---- faults

    async def _kill_relay(self) -> None:
        await asyncio.to_thread(self._relay.kill_all)
        await asyncio.sleep(self.chance.uniform(0, 0.3))
        await asyncio.to_thread(self._relay.start)

    async def _kill_worker(self) -> None:
        with contextlib.suppress(IndexError, ProcessLookupError):  # it has just ended
            os.kill(self.chance.choice(self._relay.working()), signal.SIGKILL)
        await asyncio.sleep(self.chance.uniform(0, 1.5))

    async def _kill_last(self) -> None:
        await asyncio.to_thread(self._last.kill)
        await asyncio.sleep(self.chance.uniform(0, 0.3))
        await asyncio.to_thread(self._last.start)

    async def _stop_relay(self) -> None:
        with contextlib.suppress(IndexError):
            await self._stop(self.chance.choice(self._relay.working()))

    async def _stop_last(self) -> None:
        await self._stop(self._last.pid)

    async def _stop(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(self.chance.choice([0.05, 0.2, 1.0, 4.0]))
            finally:
                os.kill(pid, signal.SIGCONT)

    async def _rolling_restart(self) -> None:
        os.kill(self._relay.pid, signal.SIGUSR2)
        await asyncio.sleep(self.chance.uniform(0, 4.0))

    async def _other_number_of_workers(self) -> None:
        self._relay.set_workers(self._relay.workers % 3 + 2 if self._relay.workers > 2 else 3)
        await self._rolling_restart()

    async def _set_clock(self) -> None:
        self.clock.set(self.chance.choice([86_400, -3_600]))
        await asyncio.sleep(self.chance.uniform(0.5, 3.0))
        self.clock.set(0)

    async def _damage_running(self) -> None:
        self._damage()
        await asyncio.sleep(self.chance.uniform(0, 2.0))

    async def _damage_stopped(self) -> None:
        await asyncio.to_thread(self._relay.kill_all)
        self._damage()
        await asyncio.to_thread(self._relay.start)

    def _damage(self) -> None:
        """Change some octets, or zero a page, of a database of the relay, or of its log. What was set aside earlier is
        taken away, as its operator would: the disk is small."""
        for kept in (self.folder / "A" / "spool").glob("worker-*/quarantine/*.sqlite*"):
            kept.unlink()
        files = [file for file in (self.folder / "A" / "spool").glob("worker-*/spool.sqlite*")
                 if not file.name.endswith("-shm") and file.stat().st_size > PAGE]  # fmt: skip
        if not files:
            return
        with open(self.chance.choice(sorted(files)), "r+b") as file:
            size = os.fstat(file.fileno()).st_size
            if self.chance.random() < 0.5:
                at, octets = self.chance.randrange(size // PAGE) * PAGE, bytes(PAGE)
            else:
                at, octets = self.chance.randrange(size), self.chance.randbytes(self.chance.choice([1, 8]))
            for place in places(at, len(octets), is_log=file.name.endswith("-wal")):
                file.seek(place)
                found = rows_in(file.read(PAGE))
                self.damaged_keys.update(row[0] for table, row in found if table == "arrival")
            file.seek(at)
            file.write(octets)

    async def _sever_before(self) -> None:
        self._before.sever()

    async def _sever_behind(self) -> None:
        self._behind.sever()

    async def _silence_before(self) -> None:
        self._before.go_silent()

    async def _silence_behind(self) -> None:
        self._behind.go_silent()

    async def _slow(self) -> None:
        line = self.chance.choice([self._before, self._behind])
        line.delay = self.chance.uniform(0.01, 0.1)
        await asyncio.sleep(0.5)
        line.delay = 0.0

    async def _jitter(self) -> None:
        line = self.chance.choice([self._before, self._behind])
        line.jitter = self.chance.uniform(0.01, 0.1)
        await asyncio.sleep(1.0)
        line.jitter = 0.0

    async def _stalls(self) -> None:
        line = self.chance.choice([self._before, self._behind])
        line.stalls = 0.05
        await asyncio.sleep(2.0)
        line.stalls = 0.0

    async def _full_disk(self) -> None:
        await asyncio.to_thread(self.disk.fill)
        await asyncio.sleep(self.chance.uniform(0.1, 1.0))
        self.disk.free()

    # ---- the run

    async def run(self, faults: int) -> None:
        """Cause so many faults, then wait until everything has arrived."""
        await self._before.start()
        await self._behind.start()
        await asyncio.to_thread(self._relay.start)
        await asyncio.to_thread(self._last.start)
        sources = [asyncio.create_task(self._source(number)) for number in range(SOURCES)]
        for number in range(faults):
            await asyncio.sleep(self.chance.uniform(0.02, 0.5))
            fault = self.chance.choice(self._faults)
            self.counts[fault.__name__.strip("_")] += 1
            await fault()
            if (number + 1) % 50 == 0:
                print(f"{number + 1} faults, {len(self.confirmed)} sent", flush=True)
        self._under_load = False
        await asyncio.gather(*sources)
        await self._drained()
        if self._damages:
            await asyncio.to_thread(self._relay.stop)
            await asyncio.to_thread(self._relay.start)
            await self._drained()
        for proxy in (self._before, self._behind):
            proxy.close()
        await asyncio.to_thread(self._relay.stop)
        await asyncio.to_thread(self._last.stop)

    async def _drained(self) -> None:
        """Return when no queue has anything left; raises TimeoutError when nothing has left for a minute."""
        left, end = -1, 0.0
        while left:
            now = sum(line.total for name in "AB" for line in queries.queues(self.folder / name / "spool"))
            if now != left:
                left, end = now, time.monotonic() + 60
            elif time.monotonic() > end:
                self._tell_what_waits()
                raise TimeoutError(f"queues do not drain: {left} entries wait")
            await asyncio.sleep(0.2)

    def _tell_what_waits(self) -> None:
        """What an MTA that stands still can be asked, for who looks for the cause."""
        for name in "AB":
            waiting = queries.waiting(self.folder / name / "spool")
            print(f"{name}: {len(waiting)} wait", *waiting[:3], sep="\n")
            for worker in running(self.folder / name / "spool"):
                print(ask(worker, Metrics(), Measured, patience=5.0))
        os.kill(self._last.pid, signal.SIGUSR1)
        time.sleep(0.5)
        for log in (self._relay.log, self._last.log):
            print(log.read_text()[-4000:], flush=True)

    def known_damage(self) -> tuple[set[str], set[str]]:
        """What the relay knows that it could not pass on: messages that were damaged, set aside or not there any more,
        and messages given up for another reason."""
        actions: dict[str, set[str]] = {"damaged": set(), "quarantined": set(), "given-up": set(), UNACCOUNTED: set()}
        for spool in (self.folder / "A" / "spool").glob("worker-*/spool.sqlite"):
            with sqlite3.connect(spool) as database:
                for identifier_, action in database.execute("SELECT identifier, action FROM event"):
                    if action in actions:
                        actions[action].add(identifier_)
        damaged = actions["damaged"] | actions["quarantined"] | actions[UNACCOUNTED]
        return damaged, actions["given-up"] - damaged

    def not_accounted_for(self) -> list[tuple[str, str]]:
        """What neither waits nor has left, as the traces of both MTAs have it, and has not been told of."""
        found = []
        for spool in self.folder.glob("*/spool/worker-*/spool.sqlite"):
            with sqlite3.connect(spool) as database:
                found += unaccounted(database)
        return found

    def tell_traces(self, messages: Iterable[str]) -> None:
        """What both MTAs know of a few messages, for who looks for the cause."""
        for message in list(messages)[:5]:
            for name in "AB":
                print(name, message, *queries.trace(self.folder / name / "spool", message), sep="\n  ")

    def kill(self) -> None:
        """Leave nothing running."""
        with contextlib.suppress(ProcessLookupError, AssertionError):
            self._relay.kill_all()
        with contextlib.suppress(AssertionError):
            self._last.kill()
        self.disk.unmount()


def places(at: int, length: int, *, is_log: bool) -> Iterator[int]:
    """Where the pages begin that octets from ``at`` on are of; in the log, with the one that follows: its checksum goes
    on from theirs."""
    if not is_log:
        yield from range(at // PAGE * PAGE, at + length, PAGE)
        return
    frame = FRAME_HEADER + PAGE
    first, last = ((one - LOG_HEADER) // frame for one in (at, at + length - 1))
    for number in range(max(0, first), max(0, last) + 2):
        yield LOG_HEADER + number * frame + FRAME_HEADER


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None, help="of the random faults; printed")
    parser.add_argument("--workers", type=int, help="of the relay; if not given 1 or 2, as the seed has it")
    parser.add_argument("--damage", action="store_true", help="damage the relay's database, too")
    parser.add_argument("--smoke", action="store_true", help="a short run that shows that it works, no more")
    options = parser.parse_args()
    seed = random.randrange(1 << 30) if options.seed is None else options.seed
    faults = 15 if options.smoke else options.faults
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory(prefix="x400-chaos-") as name:
        chance = random.Random(seed)
        workers = options.workers or chance.choice([1, 2])
        chaos = Chaos(Path(name), chance, workers, options.damage)
        print(f"seed {seed}, {workers} workers" + ("" if chaos.disk.there else "; no file system may be mounted here")
              + ("" if chaos.clock.there else "; the clock cannot be set: no C compiler"), flush=True)  # fmt: skip
        try:
            run(chaos.run(faults))
            spools = (Path(name) / "B" / "spool").glob("worker-*/spool.sqlite")
            times: Counter[str] = Counter()
            for spool in spools:
                with sqlite3.connect(spool) as database:
                    rows = database.execute("SELECT identifier FROM event WHERE action='delivered'")
                    times.update(row[0] for row in rows)
            known, given_up = chaos.known_damage()
            missing = chaos.confirmed - set(times)
            reported = missing & given_up
            lost = missing - known - given_up
            doubtful = chaos.not_accounted_for()
            twice = {message for message, number in times.items() if number > 1}
            unexplained = twice - chaos.damaged_keys
            chaos.tell_traces(
                [*unexplained, *lost, *([] if options.damage else reported), *(name for name, _ in doubtful)]
            )
        finally:
            chaos.kill()
    damaged = len(missing) - len(reported) - len(lost)
    print(", ".join(f"{fault} {number}" for fault, number in sorted(chaos.counts.items())))
    by_key = len(twice) - len(unexplained)
    if doubtful:
        print(f"not accounted for: {doubtful}")
    print(f"{faults} faults, {len(chaos.confirmed)} sent, {len(times)} delivered, {len(reported)} reported, {damaged} "
          f"damaged, {len(lost)} lost, {len(unexplained)} twice, {by_key} twice by a damaged key")  # fmt: skip
    return 1 if lost or unexplained or doubtful or (reported and not options.damage) else 0


if __name__ == "__main__":
    sys.exit(main())
