"""A peer is down while many messages queue, then comes up: memory, and the drain against steady throughput.

    python benchmarks/backlog.py [--count N] [--smoke]

4 KB messages through one worker. First steady: source, relay and sink at once. Then no sink: so many queue, and what
the worker has resident is read. Then the sink comes. The last line is `N queued, R MB resident, drain D of steady`,
D being messages a second of the drain to those of the steady run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.harness.relay import X400, Relay


def resident(pid: int) -> float:
    """Megabytes that a process has in memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no VmRSS of process {pid}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=1_000_000, help="messages that queue")
    parser.add_argument("--smoke", action="store_true", help="a short run that shows that it works, no more")
    options = parser.parse_args()
    count = 1000 if options.smoke else options.count
    steady_count = min(count, 20_000)
    with Relay(1, 20, "[retry]\nfirst = 0.5\nlongest = 1.0") as relay:
        seconds, cpu = relay.relay(steady_count, 4096, 20)
        steady = steady_count / seconds
        at_rest = resident(relay.process.pid)
        print(
            f"steady: {steady:,.0f} msg/s, {cpu / steady_count * 1e6:.0f} us CPU a message, {at_rest:.0f} MB",
            flush=True,
        )
        began = time.monotonic()
        subprocess.run(
            [*X400, "load", "--to", f"127.0.0.1:{relay.port}", "--count", str(count), "--associations", "20", "--json"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        most = resident(relay.process.pid)
        print(
            f"queued at {count / (time.monotonic() - began):,.0f} msg/s, {most:.0f} MB",
            flush=True,
        )
        sink = subprocess.Popen(
            [*X400, "sink", "--listen", f"127.0.0.1:{relay.sink_port}", "--count", str(count), "--json"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        while sink.poll() is None:
            most = max(most, resident(relay.process.pid))
            time.sleep(0.2)
        found = json.loads(sink.communicate()[0])
    if found["missing"] or found["duplicates"] or found["distinct"] != count:
        raise RuntimeError(f"the sink has not every message once: {found}")
    drain = count / found["seconds"]
    print(f"drained at {drain:,.0f} msg/s")
    print(f"{count:,} queued, {most:.0f} MB resident, drain {drain / steady:.2f} of steady")
    return 0


if __name__ == "__main__":
    sys.exit(main())
