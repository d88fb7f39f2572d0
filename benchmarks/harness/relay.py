"""x400 as a relay of its own between `x400 load` and `x400 sink`, on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
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

    def relay(self, count: int, size: int, associations: int, recipients: int = 1) -> tuple[float, float]:
        """Pass ``count`` messages through; wall seconds and CPU seconds of the MTA alone."""
        names = [f"--recipient=/C=GB/A=EXAMPLE/P=NEXT/O=Load/S=R{number}/" for number in range(recipients)]
        listen = f"127.0.0.1:{self.sink_port}"
        sink = subprocess.Popen(
            [*X400, "sink", "--listen", listen, "--count", str(count), "--json"], stdout=subprocess.PIPE, text=True
        )
        try:
            wait_for_port(self.sink_port)
            cpu = tree_cpu(self.process.pid)
            source = subprocess.run(
                [*X400, "load", "--to", f"127.0.0.1:{self.port}", "--count", str(count), "--size", str(size),
                 "--associations", str(associations), "--json", *names],
                check=True, stdout=subprocess.PIPE, text=True, timeout=900,
            )  # fmt: skip
            received, _ = sink.communicate(timeout=900)
            cpu = tree_cpu(self.process.pid) - cpu
        finally:
            sink.kill()
            sink.wait()
        found = json.loads(received)
        if sink.returncode or found["missing"] or found["duplicates"] or found["distinct"] != count:
            raise RuntimeError(f"the sink has not every message once: {received}")
        # source and sink say when their messages were under way, without the start of their interpreters
        return max(found["seconds"], json.loads(source.stdout)["seconds"]), cpu
