"""Source, MTA and sink: x400 beside Postfix, the same messages, the same durability, in one run.

    python benchmarks/relay.py [--count N] [--size OCTETS] [--associations K] [--rounds R] [--smoke]

Both MTAs store every message on disk, synced, before they confirm it. Rounds alternate (A B A B); a round's figure is
messages a second while messages are under way, and CPU microseconds a message of the MTA's
own processes, without source and sink. The last line is `ratio N.N wall, M.M cpu`: how many times x400 is ahead of
Postfix, the medians over the paired rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.harness.cpu import MachineTime, tree_cpu
from benchmarks.harness.postfix import Postfix, free_port, missing, wait_for_port

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
"""


class Relay:
    """x400 run, between ``__enter__`` and ``__exit__``."""

    def __init__(self, workers: int, associations: int) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="x400-relay-"))
        self.port, self.sink_port = free_port(), free_port()
        (self.root / "relay.toml").write_text(
            CONFIGURATION.format(workers=workers, port=self.port, sink=self.sink_port, associations=associations)
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

    def relay(self, count: int, size: int, associations: int) -> tuple[float, float]:
        """Pass ``count`` messages through; wall seconds and CPU seconds of the MTA alone."""
        listen = f"127.0.0.1:{self.sink_port}"
        sink = subprocess.Popen(
            [*X400, "sink", "--listen", listen, "--count", str(count), "--json"], stdout=subprocess.PIPE, text=True
        )
        try:
            wait_for_port(self.sink_port)
            cpu = tree_cpu(self.process.pid)
            source = subprocess.run(
                [*X400, "load", "--to", f"127.0.0.1:{self.port}", "--count", str(count), "--size", str(size),
                 "--associations", str(associations), "--json"],
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=5000, help="messages a round")
    parser.add_argument("--size", type=int, default=4096, help="octets of each content")
    parser.add_argument("--associations", type=int, default=20, help="associations, and sessions of smtp-source")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1, help="worker processes of x400")
    parser.add_argument("--smoke", action="store_true", help="a short run that shows that it works, no more")
    options = parser.parse_args()
    if options.smoke:
        options.count, options.rounds = 300, 1
    absent = missing()
    if absent:
        print(f"not installed: {', '.join(absent)}. Debian: apt-get install postfix", file=sys.stderr)
        return 2
    count = options.count
    walls, cpus = [], []
    with Relay(options.workers, options.associations) as relay, Postfix() as postfix:
        for peer in (relay, postfix):
            peer.relay(max(100, count // 20), options.size, options.associations)
        for number in range(options.rounds):
            machine = MachineTime.now()
            ours, our_cpu = relay.relay(count, options.size, options.associations)
            theirs, their_cpu = postfix.relay(count, options.size, options.associations)
            print(
                f"round {number + 1}: x400 {count / ours:.0f} msg/s, {our_cpu / count * 1e6:.0f} us CPU a message; "
                f"Postfix {count / theirs:.0f} msg/s, {their_cpu / count * 1e6:.0f} us; "
                f"steal {MachineTime.now().steal_since(machine):.1f} %",
                flush=True,
            )
            walls.append(theirs / ours)
            cpus.append(their_cpu / our_cpu)
    print(f"{options.rounds} rounds of {count} messages of {options.size} octets, {options.associations} associations")
    print(f"ratio {statistics.median(walls):.1f} wall, {statistics.median(cpus):.1f} cpu")
    return 0


if __name__ == "__main__":
    sys.exit(main())
