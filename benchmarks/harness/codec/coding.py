"""Decode and encode: fastber, the floor and every reference, with the same octets in the same rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.harness.codec.references import Codec, Fastber, NotAvailable, Reference, spend
from benchmarks.harness.codec.rounds import Contender, Effort, compete
from benchmarks.harness.codec.rows import Row
from benchmarks.harness.codec.workloads import Workload
from benchmarks.harness.floor import floor

GOALS = {
    ("decode", "asn1tools"): 25.0,
    ("decode", "pycrate"): 70.0,
    ("decode", "Erlang asn1ct"): 1.0,
    ("decode", "asn1c"): 1.0,
    ("encode", "asn1tools"): 30.0,
    ("encode", "pycrate"): 150.0,
    ("encode", "Erlang asn1ct"): 1.0,
}
"""How many times as fast as a reference, for the transfer of three recipients."""

FLOOR = "the floor"


def ready(workload: Workload, references: Sequence[Reference], say: Callable[[str], None]) -> dict[str, Codec]:
    """The references that can do a workload, and that give its value back; a line for each that does not."""
    codecs: dict[str, Codec] = {}
    for reference in references:
        try:
            codec = reference.prepare(workload)
            try:
                again = codec.again()
            except NotAvailable:
                codec.close()
                raise
            if workload.type.decode(again) != workload.value:
                codec.close()
                raise NotAvailable("it gives another value back")
        except NotAvailable as why:
            say(f"left out: {reference.name} for {workload.title}: {why}")
        else:
            codecs[reference.name] = codec
    return codecs


def coding(
    workload: Workload, references: Sequence[Reference], effort: Effort, say: Callable[[str], None]
) -> list[Row]:
    """A row for each operation and each reference, of one workload."""
    ours = Fastber().prepare(workload)
    codecs = ready(workload, references, say)
    made = floor(workload.value)
    rows = []
    for operation in ("decode", "encode"):
        contenders = [Contender("fastber", getattr(ours, operation))]
        if operation == "decode":
            contenders.append(Contender(FLOOR, partial(spend, made)))
        contenders += [Contender(name, getattr(codec, operation)) for name, codec in codecs.items()]
        own, *others = compete(contenders, effort)
        for other in others:
            rows.append(
                Row(
                    figure=operation,
                    reference=other.name,
                    unit="us",
                    ours=own.cpu * 1e6,
                    theirs=other.cpu * 1e6,
                    ratio=other.ratio,
                    goal=GOALS.get((operation, other.name)) if workload.name == "p1-3" else None,
                    wall=own.wall * 1e6,
                )
            )
    for codec in codecs.values():
        codec.close()
    return rows
