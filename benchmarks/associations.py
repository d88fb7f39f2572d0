"""Throughput over 1, 10, 100 and 1,000 associations, against that over 10, in one run.

    python benchmarks/associations.py [--count N] [--rounds R] [--smoke]

The same relay, 4 KB messages, the source with so many associations at once; rounds go through all the numbers in turn.
The ratio is the median over rounds of the throughput to that over 10 associations in the same round.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.harness.relay import Relay

NUMBERS = (1, 10, 100, 1000)
MORE = """
[limits]
associations = 3000
associations-per-peer = 2000
unbound-associations = 2000
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=5000, help="messages a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--smoke", action="store_true", help="a short run that shows that it works, no more")
    options = parser.parse_args()
    if options.smoke:
        options.count, options.rounds = 200, 1
    rates: dict[int, list[float]] = {number: [] for number in NUMBERS}
    costs: dict[int, list[float]] = {number: [] for number in NUMBERS}
    with Relay(1, 20, MORE) as relay:
        for _ in range(options.rounds):
            for number in NUMBERS:
                # one association alone is slow by its nature: fewer messages tell as much
                count = options.count // 5 if number == 1 else options.count
                seconds, cpu = relay.relay(count, 4096, number)
                rates[number].append(count / seconds)
                costs[number].append(cpu / count * 1e6)
    for number in NUMBERS:
        ratio = statistics.median(a / b for a, b in zip(rates[number], rates[10], strict=True))
        rate, cost = statistics.median(rates[number]), statistics.median(costs[number])
        print(f"{number:>5} associations: {rate:,.0f} msg/s, {cost:,.0f} us CPU a message; ratio {ratio:.2f} to 10")
    return 0


if __name__ == "__main__":
    sys.exit(main())
