"""Messages of other sizes, and for more recipients: x400 beside Postfix, in one run.

    python benchmarks/shapes.py [--rounds R] [--smoke]

As benchmarks/relay.py, for contents of 170 B, 4 KB, 64 KB and 1 MB, and for 1, 10 and 100 recipients in the next
domain (one copy leaves either MTA; 16 KB for 100, as the heading names them). 170 octets are the smallest
interpersonal message between these addresses, with one octet of text: there is none of 64. A line says how long the
content is, and how long the APDU around it as it leaves; it ends with `ratio N.N wall, M.M cpu`, the medians over
paired rounds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.harness.postfix import Postfix, missing
from benchmarks.harness.relay import Relay

SHAPES = ((170, 1, 3000), (4096, 1, 3000), (65536, 1, 600), (1 << 20, 1, 80), (4096, 10, 2000), (16384, 100, 500))
"""Octets, recipients, messages a round."""
ASSOCIATIONS = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--smoke", action="store_true", help="a short run that shows that it works, no more")
    options = parser.parse_args()
    if absent := missing():
        print(f"not installed: {', '.join(absent)}. Debian: apt-get install postfix", file=sys.stderr)
        return 2
    with Relay(1, ASSOCIATIONS) as relay, Postfix() as postfix:
        for size, recipients, count in SHAPES:
            rounds = 1 if options.smoke else options.rounds
            count = 20 if options.smoke else count
            ours, theirs = [], []
            for _ in range(rounds):
                ours.append(relay.relay(count, size, ASSOCIATIONS, recipients))
                theirs.append(postfix.relay(count, size, ASSOCIATIONS, recipients))
            wall = statistics.median(b[0] / a[0] for a, b in zip(ours, theirs, strict=True))
            cpu = statistics.median(b[1] / max(a[1], 0.01) for a, b in zip(ours, theirs, strict=True))
            rate = count / statistics.median(a[0] for a in ours)
            cost = statistics.median(a[1] for a in ours) / count * 1e6
            print(
                f"content of {size:,} octets, APDU of {relay.octets:,}, {recipients} recipients: "
                f"x400 {rate:,.0f} msg/s, {cost:,.0f} us CPU a message; "
                f"ratio {wall:.1f} wall, {cpu:.1f} cpu",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
