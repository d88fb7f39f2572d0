"""Memory of a call against the objects that it leaves, and growth of its cost with the size of its input."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Memory:
    """Octets that one call allocated: at its peak, and what its result still holds."""

    peak: int
    held: int

    @property
    def ratio(self) -> float:
        return self.peak / max(1, self.held)


def python_memory(call: Callable[[], Any]) -> Memory:
    """What passes through Python's allocators, as tracemalloc counts it; native allocations are not in it."""
    call()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        result = call()
        held, peak = tracemalloc.get_traced_memory()
        del result
    finally:
        tracemalloc.stop()
    return Memory(peak - before, held - before)


RESIDENT = """
import gc
from pathlib import Path
def resident(line):
    return next(int(l.split()[1]) for l in Path("/proc/self/status").read_text().splitlines() if l.startswith(line))
{setup}
gc.collect()
Path("/proc/self/clear_refs").write_text("5")
before = resident("VmRSS")
{statement}
print(resident("VmHWM") - before)
"""


def resident_growth(setup: str, statement: str) -> int:
    """Octets by which the resident set of a process of its own grows at most while it runs ``statement`` once, native
    allocations included. Both are Python source, unindented. Linux only (/proc)."""
    program = RESIDENT.format(setup=setup, statement=statement)
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return int(done.stdout) * 1024


def growth(sizes: Sequence[int], make: Callable[[int], Callable[[], Any]], seconds: float = 0.05) -> list[float]:
    """CPU seconds per unit of each size: level where the cost is linear. ``make(size)`` gives the call to time; each
    is repeated for about ``seconds``, the median of five such runs taken."""
    costs = []
    for size in sizes:
        call = make(size)
        start = time.process_time()
        call()
        times = max(1, int(seconds / max(time.process_time() - start, 1e-7)))
        runs = []
        for _ in range(5 if times > 1 else 3):
            start = time.process_time()
            for _ in range(times):
                call()
            runs.append((time.process_time() - start) / times)
        costs.append(statistics.median(runs) / size)
    return costs
