"""Growth: the CPU time of an octet, from 1 KB to 50 MB, as the input gets wider, deeper or larger. Level is linear."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial

import fastber
from benchmarks.harness.codec.references import spend
from benchmarks.harness.codec.rounds import Contender, Effort, Outcome, compete
from benchmarks.harness.codec.rows import Row
from benchmarks.harness.floor import floor

SCHEMA = """
Growth DEFINITIONS IMPLICIT TAGS ::= BEGIN
Wide ::= SEQUENCE OF OCTET STRING
Deep ::= SEQUENCE OF Level
Level ::= SEQUENCE { leaf OCTET STRING, level Level OPTIONAL }
Large ::= SEQUENCE { content OCTET STRING }
END
"""
LEVELS = 100
SIZES = (1 << 10, 32 << 10, 1 << 20, 50 << 20)
MOST = 2.0
"""How many times the smallest input's cost an octet of any larger input may cost."""


def length(size: int) -> bytes:
    """Length octets (X.690 8.1.3), the shortest."""
    if size < 128:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([0x80 | len(octets)]) + octets


def element(tag: int, contents: bytes) -> bytes:
    return bytes([tag]) + length(len(contents)) + contents


def wide(size: int) -> bytes:
    one = element(0x04, bytes(30))
    return element(0x30, one * max(1, size // len(one)))


def deep(size: int) -> bytes:
    """Towers of levels beside one another, as many as it takes; the smallest input is a single, lower one."""
    leaf = element(0x04, bytes(30))
    one = b""
    for _ in range(min(LEVELS, size // 36)):
        one = element(0x30, leaf + one)
    return element(0x30, one * max(1, size // len(one)))


def large(size: int) -> bytes:
    return element(0x30, element(0x04, bytes(size)))


KINDS: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "width": ("Wide", wide),
    "depth": ("Deep", deep),
    "size": ("Large", large),
}


def growth(effort: Effort, largest: int) -> list[Row]:
    """Rows of nanoseconds an octet, each with its ratio to the smallest input's.

    A decode's is divided by the floor's for the same value in the same rounds: past the processor's caches the
    interpreter's own objects cost more, whoever makes them. The collector is off, whose passes grow with what lives.
    """
    types = fastber.compile_string(SCHEMA, max_elements=1 << 24).types
    rows = []
    gc.disable()
    for kind, (type_name, make) in KINDS.items():
        smallest = 0.0
        for size in SIZES:
            if size <= largest:
                octets = make(size)
                decode = partial(types[type_name].decode, octets)
                made = floor(decode())
                own, least = compete(
                    [Contender("decode", partial(spend, decode)), Contender("the floor", partial(spend, made))], effort
                )
                smallest = smallest or 1 / least.ratio
                rows.append(row(f"decode, {kind}", "the floor", octets, own, least, 1 / least.ratio / smallest))
                del made
        smallest = 0.0
        for size in SIZES:
            if size <= largest and kind != "size":
                octets = make(size)
                (own,) = compete([Contender("check", partial(spend, partial(fastber.check, octets)))], effort)
                smallest = smallest or own.cpu / len(octets)
                rows.append(row(f"check, {kind}", "", octets, own, None, own.cpu / len(octets) / smallest))
    gc.enable()
    return rows


def row(figure: str, reference: str, octets: bytes, own: Outcome, other: Outcome | None, ratio: float) -> Row:
    """Nanoseconds an octet; ``ratio`` is how they grew since the smallest input."""
    return Row(
        figure=f"{figure}, {len(octets):,} octets",
        reference=reference,
        unit="ns",
        ours=own.cpu / len(octets) * 1e9,
        theirs=None if other is None else other.cpu / len(octets) * 1e9,
        ratio=ratio,
        goal=MOST,
        at_most=True,
        wall=own.wall / len(octets) * 1e9,
    )
