"""Source, MTA and sink: x400 beside Postfix, the same messages, the same durability, in one run.

    python benchmarks/relay.py [--count N] [--size OCTETS] [--associations K] [--rounds R] [--smoke]

Both MTAs store every message on disk, synced, before they confirm it. Rounds alternate (A B A B); a round's figure is
messages a second while messages are under way, and CPU microseconds a message of the MTA's
own processes, without source and sink. The last line is `ratio N.N wall, M.M cpu`: how many times x400 is ahead of
Postfix, the medians over the paired rounds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.harness.cpu import MachineTime
from benchmarks.harness.postfix import Postfix, missing
from benchmarks.harness.relay import Relay


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
