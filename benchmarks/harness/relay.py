"""x400 as a relay of its own between `x400 load` and `x400 sink`, on loopback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from benchmarks.harness.cpu import tree_cpu
from benchmarks.harness.postfix import free_port, wait_for_port

X400 = [sys.executable, "-m", "x400.cli.main"]

CONFIGURATION = """
[mta]
name = "relay"
spool = "spool"
workers = {workers}

[mta.global-domain-identifier]
country = "GB"
administration-domain = "EXAMPLE"
private-domain = "RELAY"

[[listener]]
address = "127.0.0.1"
port = {port}

[[peer]]
name = "source"
unauthenticated = true
hosts = ["127.0.0.1"]

[[peer]]
name = "next"
address = "127.0.0.1:{sink}"
max-associations = {associations}

[[route]]
to = "/C=GB/A=EXAMPLE/P=NEXT/"
peer = "next"
{more}
"""


class Relay:
    """x400 run, between ``__enter__`` and ``__exit__``; ``more`` is text for the end of its configuration."""

    def __init__(self, workers: int, associations: int, more: str = "") -> None:
        self.root = Path(tempfile.mkdtemp(prefix="x400-relay-"))
        self.port, self.sink_port = free_port(), free_port()
        self.octets = 0
        """Of each APDU as it came to the sink the last time."""
        (self.root / "relay.toml").write_text(
            CONFIGURATION.format(
                workers=workers, port=self.port, sink=self.sink_port, associations=associations, more=more
            )
        )

    def __enter__(self) -> Relay:
        log = (self.root / "relay.log").open("w")
        self.process = subprocess.Popen([*X400, "run", str(self.root / "relay.toml")], stdout=log, stderr=log)
        wait_for_port(self.port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)
        if kind is None:  # after a failure the log is wanted
            shutil.rmtree(self.root)

    def latencies(self, seconds: float, size: int, associations: int, rate: float) -> list[float]:
        """Pass ``rate`` messages a second through for ``seconds``: of each the seconds from when it was due at the
        source until it came to the sink, without those of one second before, in which the associations are opened."""
        handed_in, came = self.root / "handed-in", self.root / "came"
        before = round(rate)
        load = ["--rate", str(rate), "--times", str(handed_in)]
        self.relay(before + round(rate * seconds), size, associations, load=load, sink=["--times", str(came)])
        began = [line.split() for line in handed_in.read_text().splitlines()]
        ended = dict(line.split() for line in came.read_text().splitlines())
        return [float(ended[identifier]) - float(at) for identifier, at in sorted(began)[before:]]

    def relay(
        self,
        count: int,
        size: int,
        associations: int,
        recipients: int = 1,
        *,
        load: Sequence[str] = (),
        sink: Sequence[str] = (),
    ) -> tuple[float, float]:
        """Pass ``count`` messages through; wall seconds and CPU seconds of the MTA alone. ``load`` and ``sink`` are
        more arguments of those commands."""
        names = [f"--recipient=/C=GB/A=EXAMPLE/P=NEXT/O=Load/S=R{number}/" for number in range(recipients)]
        listen = f"127.0.0.1:{self.sink_port}"
        taking = subprocess.Popen(
            [*X400, "sink", "--listen", listen, "--count", str(count), "--json", *sink],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            wait_for_port(self.sink_port)
            cpu = tree_cpu(self.process.pid)
            source = subprocess.run(
                [*X400, "load", "--to", f"127.0.0.1:{self.port}", "--count", str(count), "--size", str(size),
                 "--associations", str(associations), "--json", *names, *load],
                check=True, stdout=subprocess.PIPE, text=True, timeout=900,
            )  # fmt: skip
            received, _ = taking.communicate(timeout=900)
            cpu = tree_cpu(self.process.pid) - cpu
        finally:
            taking.kill()
            taking.wait()
        found = json.loads(received)
        self.octets = found["octets"] // found["messages"]
        if taking.returncode or found["missing"] or found["duplicates"] or found["distinct"] != count:
            raise RuntimeError(f"the sink has not every message once: {received}")
        # source and sink say when their messages were under way, without the start of their interpreters
        return max(found["seconds"], json.loads(source.stdout)["seconds"]), cpu
