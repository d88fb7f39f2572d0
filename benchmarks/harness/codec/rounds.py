"""Paired rounds: every contender once in each round, in turn, so that what disturbs the machine disturbs them all."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.harness.codec.references import Spent

FEW = 3
"""Rounds of a contender of which one operation takes longer than its whole share of a round."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How many rounds, and the seconds of processor for one contender in one of them."""

    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Contender:
    """``run(times)`` repeats the operation and gives the mean cost of one."""

    name: str
    run: Callable[[int], Spent]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one contender needed, beside the first of them, which is fastber.

    ``ratio`` is the median over the rounds of its CPU time by fastber's in the same round.
    """

    name: str
    cpu: float
    wall: float
    ratio: float
    rounds: int


def calibrated(contender: Contender, seconds: float) -> tuple[int, bool]:
    """How often to repeat an operation in a round, and whether it is too slow for many rounds."""
    times = 1
    while True:
        spent = contender.run(times).cpu
        if spent * times > seconds / 5 or times >= 1 << 24:
            break
        times *= 4
    return max(1, round(seconds / max(spent, 1e-9))), spent > 2 * seconds


def compete(contenders: Sequence[Contender], effort: Effort) -> list[Outcome]:
    """The outcomes in the order of the contenders. What lives already is kept out of the garbage collector's way."""
    gc.collect()
    gc.freeze()
    counts = [calibrated(contender, effort.seconds) for contender in contenders]
    spent: list[list[Spent]] = [[] for _ in contenders]
    for number in range(effort.rounds):
        for contender, (times, slow), results in zip(contenders, counts, spent, strict=True):
            if number < FEW or not slow:
                results.append(contender.run(times))
    gc.unfreeze()
    return [
        Outcome(
            name=contender.name,
            cpu=statistics.median(one.cpu for one in results),
            wall=statistics.median(one.wall for one in results),
            ratio=statistics.median(theirs.cpu / ours.cpu for ours, theirs in zip(spent[0], results, strict=False)),
            rounds=len(results),
        )
        for contender, results in zip(contenders, spent, strict=True)
    ]
