"""fastber beside other codecs, with the same octets in the same rounds: the whole table in one run.

    python benchmarks/codec.py [--smoke] [--json FILE] [--readme] [--rounds N] [--seconds S] [--only SECTION ...]

CPU time of one operation, median over paired rounds (every codec once in each round, in turn); the ratio is the median
of the rounds' ratios, how many times as fast as the reference fastber is. Programs in other languages read their own
CPU clock around their loop. A reference that is not installed, or that cannot do a workload, is named in a line.

References: asn1tools, pycrate and pyasn1 (Python), asn1c (C), Erlang's asn1ct, rasn (Rust), asn1bean (Java), and the
floor: the same objects made from C by hand, with nothing decoded, which no decoder that hands them over can beat.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.harness.codec import readme
from benchmarks.harness.codec.coding import coding
from benchmarks.harness.codec.compiling import compiling
from benchmarks.harness.codec.growth import growth
from benchmarks.harness.codec.memory import memory
from benchmarks.harness.codec.references import Asn1bean, Asn1c, Asn1tools, Erlang, Pyasn1, Pycrate, Rasn, Reference
from benchmarks.harness.codec.relaying import relaying
from benchmarks.harness.codec.rounds import Effort
from benchmarks.harness.codec.rows import Table, verdicts
from benchmarks.harness.codec.workloads import workloads
from benchmarks.harness.cpu import MachineTime

SECTIONS = ("coding", "relaying", "compiling", "memory", "growth")
SMOKE = ("p1-3", "ldap", "octets")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.1, help="CPU time of one codec in one round")
    parser.add_argument("--smoke", action="store_true", help="one short round of some, to see that it runs")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="these sections alone; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--readme", action="store_true", help="write the table into native/fastber/README.md")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    effort = Effort(1, 0.01) if options.smoke else Effort(options.rounds, options.seconds)
    sections = options.only or SECTIONS
    say = partial(print, flush=True)
    references: list[Reference] = [
        *(Asn1tools(), Pycrate(), Pyasn1(), Asn1c(), Erlang()),
        Rasn(build=not options.smoke),
        Asn1bean(build=not options.smoke),
    ]
    size, entries = (1 << 20, 100) if options.smoke else (50 << 20, 10_000)
    everything, left_out = workloads(size, entries)
    named = {workload.name: workload for workload in everything}
    for line in left_out:
        say(line)
    start = MachineTime.now()
    tables: list[Table] = []

    def table(section: str, title: str) -> Table:
        tables.append(Table(section, title, say))
        return tables[-1]

    if "coding" in sections:
        for workload in everything:
            if options.smoke and workload.name not in SMOKE:
                continue
            heading = f"{workload.title}: {len(workload.octets):,} octets"
            table("coding", heading).extend(coding(workload, references, effort, say))
    if "relaying" in sections:
        table("relaying", "Reading and changing a P1 transfer of 3 recipients").extend(
            relaying(named["p1-3"], effort, say)
        )
    if "compiling" in sections:
        table("compiling", "Compile").extend(compiling(effort, say, fetch=not options.smoke))
    if "memory" in sections:
        count = 1_000 if options.smoke else 30_000
        table("memory", "Memory").extend(memory(count, count // 2, named["octets"]))
    if "growth" in sections:
        table("growth", "Growth, CPU time of an octet").extend(growth(effort, largest=size))

    say("\n" + verdicts(tables))
    say(f"{MachineTime.now().steal_since(start):.1f} % of the machine's time was taken by others")
    if options.json:
        options.json.write_text(json.dumps([one.plain() for one in tables], indent=1) + "\n")
    if options.readme:
        readme.rewrite(tables)


if __name__ == "__main__":
    main()
