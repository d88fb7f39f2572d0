"""How long a message takes through the MTA at half of the load that it bears, beside an fsync on the same disk.

    python benchmarks/latency.py [--count N] [--seconds S] [--rounds R] [--smoke]

A round: the most that the MTA passes (as benchmarks/relay.py, without Postfix); then half as many a second, evenly,
for S seconds. A message's time is from when it was due at the source until the sink has all of it: the commit to disk,
the source's and the sink's own work, and waiting for a free association are in it. Then 4 KB written and synced, one
after the other, on the disk of the spool. The last line has the medians over the rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.harness.cpu import MachineTime
from benchmarks.harness.relay import Relay

PERCENTS = (50.0, 99.0, 99.9, 100.0)
SYNCS = 300


def percentiles(times: list[float]) -> list[float]:
    """Milliseconds, at ``PERCENTS``."""
    ordered = sorted(times)
    return [ordered[round((len(ordered) - 1) * percent / 100)] * 1e3 for percent in PERCENTS]


def syncs(folder: Path) -> list[float]:
    """Seconds that it takes to have 4 KB more of a file on disk."""
    times = []
    descriptor = os.open(folder / "synced", os.O_WRONLY | os.O_CREAT)
    try:
        for _ in range(SYNCS):
            before = time.perf_counter()
            os.write(descriptor, bytes(4096))
            os.fdatasync(descriptor)
            times.append(time.perf_counter() - before)
    finally:
        os.close(descriptor)
    return times


def shown(milliseconds: list[float]) -> str:
    names = [f"p{percent:g}" for percent in PERCENTS[:-1]] + ["longest"]
    return ", ".join(f"{name} {value:.2f}" for name, value in zip(names, milliseconds, strict=True)) + " ms"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=5000, help="messages to find the most that it bears")
    parser.add_argument("--seconds", type=float, default=10.0, help="of half the load")
    parser.add_argument("--size", type=int, default=4096, help="octets of each content")
    parser.add_argument("--associations", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--smoke", action="store_true", help="a short run that shows that it works, no more")
    options = parser.parse_args()
    if options.smoke:
        options.count, options.seconds, options.rounds = 300, 1.0, 1
    found: list[list[float]] = []
    disk: list[list[float]] = []
    rates: list[float] = []
    with Relay(1, options.associations) as relay:
        relay.relay(max(100, options.count // 20), options.size, options.associations)
        for number in range(options.rounds):
            machine = MachineTime.now()
            seconds, _ = relay.relay(options.count, options.size, options.associations)
            rates.append(options.count / seconds / 2)
            times = relay.latencies(options.seconds, options.size, options.associations, rates[-1])
            found.append(percentiles(times))
            disk.append(percentiles(syncs(relay.root)))
            print(
                f"round {number + 1}: {len(times)} messages, {rates[-1]:.0f} a second, half of the most: "
                f"{shown(found[-1])}; "
                f"fsync {shown(disk[-1])}; steal {MachineTime.now().steal_since(machine):.1f} %",
                flush=True,
            )
    medians = [statistics.median(column) for column in zip(*found, strict=True)]
    synced = [statistics.median(column) for column in zip(*disk, strict=True)]
    print(f"latency at {statistics.median(rates):.0f} a second: {shown(medians)}; fsync: {shown(synced)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
