"""MTAs for tests: as processes, or as a worker in the test's own loop; a source and a sink; messages to send."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from x400.mts.bind import Credentials
from x400.mts.identifiers import GlobalDomainIdentifier, MTSIdentifier
from x400.mts.oraddress import ORAddress
from x400.mts.originate import NewRecipient, Subject, message
from x400.net.association import Association
from x400.net.endpoint import listen, open_listener
from x400.net.transfer import Answerer, Caller, TransferFailed
from x400.osi import rtse
from x400.server import config
from x400.server.worker import Worker
from x400.spool.accounts import unaccounted
from x400.spool.sqlite import DATABASE

T = TypeVar("T")
HOST = "127.0.0.1"
SOURCE = Credentials("source", "secret of source")
DOMAIN = GlobalDomainIdentifier("GB", "TEST", "SOURCE")


def run(body: Coroutine[Any, Any, T]) -> T:
    """Run a test's body on the loop that the product runs on."""
    return uvloop.run(body)


def free_port() -> int:
    with socket.socket() as handle:
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        handle.bind((HOST, 0))
        port: int = handle.getsockname()[1]
        return port


# ---- messages


def apdu(
    number: int | str,
    *recipients: str,
    content: bytes = b"content",
    originator: str = "/C=GB/A=TEST/P=SOURCE/S=Source/",
    priority: Any = "normal",
    report: Any = "non-delivery-report",
) -> bytes:
    """A message as another MTA transfers it to us; ``number`` makes its identifier."""
    subject = Subject(
        MTSIdentifier(DOMAIN, f"test.{number}"),
        ORAddress.parse(originator),
        [NewRecipient(ORAddress.parse(recipient), report) for recipient in recipients],
        mta_name="SOURCE",
    )
    return message(subject, content, datetime.now(UTC), priority=priority)


def identifier(number: int | str) -> str:
    return str(MTSIdentifier(DOMAIN, f"test.{number}"))


# ---- configurations


def configuration(
    folder: Path,
    name: str,
    port: int,
    *,
    to: dict[str, int] | None = None,
    routes: dict[str, str] | None = None,
    more: str = "",
    peer_more: str = "",
    workers: int = 1,
) -> Path:
    """Write the configuration of an MTA in domain P=name: ``source`` may call it; peers ``to`` (name: port) it calls.

    Each peer's domain goes to the peer, what ``routes`` has (address: peer), and its own domain to a folder.
    """
    home = folder / name
    home.mkdir(parents=True, exist_ok=True)
    lines = [
        "[mta]",
        f'name = "{name}"',
        f'global-domain-identifier = "/C=GB/A=TEST/P={name}/"',
        'spool = "spool"',
        f"workers = {workers}",
        "[[listener]]",
        f"port = {port}",
        "[[peer]]",
        'name = "source"',
        'password = "secret of source"',
        f'[[route]]\nto = "/C=GB/A=TEST/P={name}/"\ndeliver = "delivered"',
    ]
    for peer, peer_port in (to or {}).items():
        lines += [
            "[[peer]]",
            f'name = "{peer}"',
            f'password = "secret of {peer}"',
            f'own-password = "secret of {name}"',
            f'address = "{HOST}:{peer_port}"' if peer_port else "",
            peer_more,
            f'[[route]]\nto = "/C=GB/A=TEST/P={peer}/"\npeer = "{peer}"',
        ]
    for address, peer in (routes or {}).items():
        lines += ["[[route]]", f'to = "{address}"', f'peer = "{peer}"']
    if "[retry]" not in more:
        lines += ["[retry]", "first = 0.3", "longest = 1.0"]
    lines.append(more)
    path = home / "mta.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def delivered(folder: Path, name: str) -> dict[str, tuple[bytes, dict[str, Any]]]:
    """What the MTA has delivered: by folder name, the content and the envelope."""
    found = {}
    for path in sorted((folder / name / "delivered").glob("[!.]*")):
        found[path.name] = ((path / "content").read_bytes(), json.loads((path / "envelope.json").read_text()))
    return found


async def until(condition: Callable[[], T], seconds: float = 10.0) -> T:
    """Wait until the condition holds; its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "the condition has not come about in time"
        await asyncio.sleep(0.02)
    return value


# ---- MTAs


class Process:
    """An MTA as a process of its own."""

    def __init__(self, path: Path, *, profile: str = "") -> None:
        self.path = path
        self.log = path.with_suffix(".log")
        self._process: subprocess.Popen[str] | None = None

    def start(self, seconds: float = 20.0) -> list[str]:
        """Start it, wait until it is ready; its ready lines."""
        program = "import sys; from x400.server import load, run; sys.exit(run(load(sys.argv[1])))"
        with open(self.log, "a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", program, str(self.path)],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("ready: "), f"{line!r}; {self.log.read_text()[-2000:]}"
        return [line]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.wait()

    def wait(self, seconds: float = 20.0) -> int:
        assert self._process is not None
        code = self._process.wait(seconds)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.wait()

    def resident(self) -> int:
        """Octets of resident memory that are the process's own (files mapped, such as the codec, do not count)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return sum(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon"))

    def peak(self) -> int:
        """The most that was ever resident, since ``reset_peak``."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))

    def reset_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def __enter__(self) -> Process:
        self.start()
        return self

    def __exit__(self, *rest: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self.wait()


@contextlib.asynccontextmanager
async def working(path: Path) -> AsyncIterator[Worker]:
    """An MTA in the test's own loop; it is stopped in order at the end. All that it has accepted waits then, or has
    left."""
    read = config.load(path)
    sockets = [open_listener(listener.address, listener.port) for listener in read.listener]
    ready = asyncio.Event()
    worker = Worker(read, 0, sockets, ready.set)
    running = asyncio.create_task(worker.run())
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        if running.done():
            running.result()
        yield worker
    finally:
        worker.stop()
        await running
    with sqlite3.connect(f"file:{worker.spool.folder / DATABASE}?mode=ro", uri=True) as database:
        assert list(unaccounted(database)) == []


# ---- source and sink


async def idle_caller(port: int) -> Caller:
    """The source, bound, with nothing to transfer."""
    ready = asyncio.Event()
    caller = Caller(SOURCE, lambda caller: ready.set(), lambda caller, error: None)
    await caller.connect(HOST, port)
    await ready.wait()
    return caller


async def transfer(
    port: int,
    apdus: Iterable[bytes],
    credentials: Credentials | None = SOURCE,
    parameters: rtse.Parameters | None = None,
    confirmed: Callable[[bytes], None] = lambda octets: None,
) -> None:
    """Transfer APDUs one after another over one association; raises TransferFailed."""
    waiting = iter(apdus)
    under_way: list[bytes] = []
    failures: list[TransferFailed] = []

    def ready(caller: Caller) -> None:
        if under_way:
            confirmed(under_way.pop())
        following = next(waiting, None)
        if following is None:
            caller.release()
        else:
            under_way.append(following)
            caller.transfer(following)

    caller = Caller(credentials, ready, lambda _, error: failures.append(error))
    try:
        await caller.connect(HOST, port, parameters)
        await caller.ended
    except asyncio.CancelledError:  # nothing that still comes is anybody's
        caller.abort()
        raise
    if failures:
        raise failures[0]


@contextlib.asynccontextmanager
async def sink(port: int, name: str, take: Callable[[bytes, str | None], None]) -> AsyncIterator[list[Answerer]]:
    """A peer that confirms every APDU; the associations that stand."""
    standing: list[Answerer] = []
    credentials = Credentials(name, f"secret of {name}")

    def make() -> Association:
        answerer = Answerer(take, standing.remove, credentials)
        standing.append(answerer)
        connection = rtse.Connection(False, rtse.Parameters(), asyncio.get_running_loop().time())
        return Association(connection, answerer, False)

    server = await listen(open_listener(HOST, port), make)
    try:
        yield standing
    finally:
        server.close()
        for answerer in tuple(standing):
            answerer.abort()
        await asyncio.sleep(0.05)
