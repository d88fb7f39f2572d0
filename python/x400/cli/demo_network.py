"""The demo's network: three MTAs in three domains, each a process of `x400 run`, in a row: north, middle, south."""

from __future__ import annotations

import json
import queue
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from x400.cli.console import fail

__all__ = ["AWAY", "EVERYBODY", "FIELD", "NAMES", "SMALL", "MtaProcess", "Name", "Network", "domain"]

Name = Literal["north", "middle", "south"]

NAMES: tuple[Name, ...] = ("north", "middle", "south")
_NEIGHBOURS = {"north": ("middle",), "middle": ("north", "south"), "south": ("middle",)}
_READY_WITHIN = 30.0
_STOP_WITHIN = 20.0


def domain(name: str) -> str:
    """The domain of one of the MTAs, the beginning of its users' addresses."""
    return f"/C=GB/A=DEMO/P={name.upper()}/"


EVERYBODY = domain("middle") + "CN=Everybody/"
FIELD = domain("south") + "CN=Field/"
AWAY = domain("middle") + "O=Home/S=Away/"
SMALL = domain("south") + "O=Archive/S=Small/"
"""A user who takes nothing that is longer than 1 MB."""

_KNOWN_TO = {
    "north": "",
    "middle": f"""
[[distribution-list]]
address = "{EVERYBODY}"
members = ["{domain("middle")}O=Home/S=Bob/", "{FIELD}"]

[[user]]
address = "{AWAY}"
alternate-recipient = "{domain("north")}O=Home/S=Erin/"
""",
    "south": f"""
[[distribution-list]]
address = "{FIELD}"
members = ["{domain("south")}O=Home/S=Carol/", "{domain("north")}O=Home/S=Erin/"]
permitted = ["{domain("middle")}"]

[[user]]
address = "{SMALL}"
content-octets = 1_000_000
""",
}
"""What each MTA is told of single names."""


@dataclass
class MtaProcess:
    """One MTA."""

    name: str
    folder: Path
    port: int
    process: subprocess.Popen[str] | None = None
    lines: queue.Queue[str] = field(default_factory=queue.Queue)

    @property
    def config(self) -> Path:
        return self.folder / "mta.toml"

    @property
    def delivered(self) -> Path:
        return self.folder / "delivered"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(self) -> None:
        """Start the process; its ready line is waited for by `wait_until_ready`."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "x400.cli.main", "run", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.lines.put(line.rstrip())
        self.lines.put("")

    def wait_until_ready(self, deadline: float) -> None:
        """Wait for the ready line; the command fails without one."""
        try:
            line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            line = "no answer in time"
        if not line.startswith("ready"):
            fail(f"MTA {self.name} does not start: {line or 'it has ended'}\n{self.last_of_log()}")

    def last_of_log(self, lines: int = 20) -> str:
        """The end of what it has logged."""
        try:
            return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])
        except OSError:
            return ""

    def stop(self) -> int | None:
        """End it in order; the exit code, None when it had to be killed."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Network:
    """The three MTAs, their folders below `folder`; `capture` records all associations of the middle one."""

    def __init__(self, folder: Path, capture: Path | None = None) -> None:
        ports = _free_ports(len(NAMES))
        self.mtas: dict[str, MtaProcess] = {
            name: MtaProcess(name, folder / name, port) for name, port in zip(NAMES, ports, strict=True)
        }
        passwords: dict[str, str] = {name: secrets.token_urlsafe(12) for name in NAMES}
        for name, mta in self.mtas.items():
            mta.folder.mkdir(parents=True, exist_ok=True)
            mta.delivered.mkdir(exist_ok=True)
            mta.config.write_text(self._config(mta, passwords, capture if name == "middle" else None), "utf-8")

    def __getitem__(self, name: str) -> MtaProcess:
        return self.mtas[name]

    def start(self) -> None:
        """Start all, and wait until all answer."""
        for mta in self.mtas.values():
            mta.start()
        deadline = time.monotonic() + _READY_WITHIN
        for mta in self.mtas.values():
            mta.wait_until_ready(deadline)

    def stop(self) -> dict[str, int | None]:
        """End all in order; their exit codes."""
        return {name: mta.stop() for name, mta in self.mtas.items()}

    def kill(self) -> None:
        """End what still runs."""
        for mta in self.mtas.values():
            mta.kill()

    def _config(self, mta: MtaProcess, passwords: dict[str, str], capture: Path | None) -> str:
        recorded = [] if capture is None else [f"capture = {_quoted(capture.absolute())}"]
        lines = [
            "[mta]",
            f"name = {_quoted(mta.name)}",
            f"global-domain-identifier = {_quoted(domain(mta.name))}",
            'spool = "spool"',
            "",
            "[[listener]]",
            'address = "127.0.0.1"',
            f"port = {mta.port}",
            *recorded,
            "",
            "# who hands in messages",
            "[[peer]]",
            'name = "users"',
            "unauthenticated = true",
            'hosts = ["127.0.0.1"]',
        ]
        for neighbour in _NEIGHBOURS[mta.name]:
            lines += [
                "",
                "[[peer]]",
                f"name = {_quoted(neighbour)}",
                f"address = {_quoted(f'127.0.0.1:{self.mtas[neighbour].port}')}",
                f"password = {_quoted(passwords[neighbour])}",
                f"own-password = {_quoted(passwords[mta.name])}",
                *recorded,
            ]
        lines += ["", "[[route]]", f"to = {_quoted(domain(mta.name))}", 'deliver = "delivered"']
        for neighbour in _NEIGHBOURS[mta.name]:
            to = domain(neighbour) if mta.name == "middle" else "/C=GB/A=DEMO/"
            lines += ["", "[[route]]", f"to = {_quoted(to)}", f"peer = {_quoted(neighbour)}"]
        return "\n".join(lines) + "\n" + _KNOWN_TO[mta.name]


def _quoted(text: object) -> str:
    """A basic string of TOML: JSON's escapes are among its own."""
    return json.dumps(str(text), ensure_ascii=False)


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
