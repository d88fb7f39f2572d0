"""Commands as processes, the way users run them."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

X400 = (sys.executable, "-m", "x400.cli.main")
TIMEOUT = 60


def x400(*arguments: object, stdin: str | bytes = "", code: int | None = 0) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `code` is the exit code it must have, None for any."""
    done = subprocess.run(
        [*X400, *map(str, arguments)],
        input=stdin if isinstance(stdin, bytes) else stdin.encode(),
        capture_output=True,
        timeout=TIMEOUT,
        env=None,
    )
    text = subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
    assert code is None or text.returncode == code, f"{text.args}: {text.returncode}\n{text.stdout}\n{text.stderr}"
    return text


class Running:
    """A command that runs until it is stopped; waits for its ready line."""

    def __init__(self, *arguments: object, ready: bool = True) -> None:
        self.process = subprocess.Popen(
            [*X400, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.out: list[str] = []
        self.errors: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.out, True), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self.errors, False), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        self.ready = ""
        if ready:
            self.ready = self._lines.get(timeout=TIMEOUT)
            assert self.ready.startswith("ready"), f"{self.ready}\n{''.join(self.errors)}"

    @property
    def address(self) -> str:
        """HOST:PORT of the ready line."""
        return self.ready.rpartition(" ")[2]

    def _read(self, stream: object, into: list[str], offer: bool) -> None:
        for line in stream:  # type: ignore[attr-defined]
            into.append(line)
            if offer:
                self._lines.put(line.rstrip())
        if offer:
            self._lines.put("")

    def wait(self) -> int:
        """Wait for its end; the exit code."""
        code = self.process.wait(TIMEOUT)
        for reader in self._readers:
            reader.join(TIMEOUT)
        return code

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.wait()


def relay_config(folder: Path, *, next_hop: str | None = None, capture: str | None = None, **mta: object) -> Path:
    """The configuration of an MTA of /C=GB/A=T/P=HERE/ that takes messages from anybody on loopback."""
    more = "".join(f"{name.replace('_', '-')} = {value!r}\n" for name, value in mta.items())
    lines = f"""
[mta]
name = "here"
global-domain-identifier = "/C=GB/A=T/P=HERE/"
spool = "spool"
{more}
[[listener]]
address = "127.0.0.1"
port = 0
{f'capture = "{capture}"' if capture else ""}

[[peer]]
name = "anybody"
unauthenticated = true
hosts = ["127.0.0.1"]

[[peer]]
name = "next"
{f'address = "{next_hop}"' if next_hop else ""}

[[route]]
to = "/C=GB/A=T/P=HERE/"
deliver = "delivered"

[[route]]
to = "/C=GB/A=T/P=NEXT/"
peer = "next"
"""
    path = folder / "here.toml"
    path.write_text(lines, "utf-8")
    return path
