"""How long something took, many times: a histogram with fixed bounds."""

from __future__ import annotations

from bisect import bisect_left


class Durations:
    """A histogram of durations in seconds, over ``BOUNDS``, with one more count for what is above them."""

    BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
    """From a good disk's sync to what an operator must look at."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(self.BOUNDS) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(self.BOUNDS, seconds)] += 1
        self.sum += seconds
