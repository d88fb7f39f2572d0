"""The face of a codec in the comparison: made ready for one workload, it decodes and encodes it a number of times."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from benchmarks.harness.codec.workloads import Workload


class NotAvailable(Exception):
    """A reference is not installed, or cannot do a workload. The text says what is missing."""


class Spent(NamedTuple):
    """Seconds of one operation: of the processor, by the codec's own process, and of the wall's clock."""

    cpu: float
    wall: float


class Codec(Protocol):
    """A codec made ready for one workload. Each call repeats one operation and gives its mean cost."""

    def decode(self, times: int) -> Spent: ...
    def encode(self, times: int) -> Spent: ...
    def again(self) -> bytes:
        """The octets decoded and encoded once."""

    def close(self) -> None: ...


class Reference(Protocol):
    """One library or program."""

    name: str

    def prepare(self, workload: Workload) -> Codec:
        """Makes it ready, outside all that is timed. NotAvailable says why not."""


def spend(work: Callable[[], Any], times: int) -> Spent:
    """Does ``work`` a number of times in this process."""
    repeat = range(times)
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in repeat:
        work()
    return Spent((time.process_time() - cpu) / times, (time.perf_counter() - wall) / times)


@dataclass(frozen=True, slots=True)
class Calls:
    """A codec of this process: two functions without arguments."""

    decoding: Callable[[], Any]
    encoding: Callable[[], bytes | bytearray]

    def decode(self, times: int) -> Spent:
        return spend(self.decoding, times)

    def encode(self, times: int) -> Spent:
        return spend(self.encoding, times)

    def again(self) -> bytes:
        self.decoding()
        return bytes(self.encoding())

    def close(self) -> None:
        """Nothing is held."""
