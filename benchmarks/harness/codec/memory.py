"""Memory: what a decode takes at its peak, beside the objects that it hands over; and what a view takes.

Each figure is taken in a process of its own (``python -m benchmarks.harness.codec.memory``), whose peak of resident
memory the kernel keeps (VmHWM), reset just before.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness.codec.rows import Row
from benchmarks.harness.codec.workloads import Workload, compiled, list_result, transfer

ROOT = Path(__file__).parents[3]
MOST, MOST_OF_A_VIEW = 1.2, 1.0
"""Times the objects made; MB for a view of 50 MB and a memoryview of its content."""


def resident(field: str) -> int:
    """Octets of memory that this process has now (VmRSS) or had at most (VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) << 10
    raise ValueError(field)


def peak_of(work: Callable[[], Any]) -> tuple[Any, int]:
    """What ``work`` gives, and the octets by which resident memory rose above what it was, at its peak."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    made = work()
    return made, resident("VmHWM") - before


def objects_of(value: Any, into: dict[int, int]) -> dict[int, int]:
    """The objects in a decoded value: their octets, as the allocator rounds them, by their addresses."""
    if id(value) not in into:
        into[id(value)] = -(-sys.getsizeof(value) // 16) * 16
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
            objects_of(each, into)
    return into


def decode_in_this_process(module: str, type_name: str, file: str) -> dict[str, int]:
    """What a second decode of the same octets has in common with the first is shared, and made by neither."""
    octets = Path(file).read_bytes()
    of = compiled(module).types[type_name]
    value, peak = peak_of(lambda: of.decode(octets))
    first, second = objects_of(value, {}), objects_of(of.decode(octets), {})
    return {"peak": peak, "objects": sum(size for address, size in first.items() if address not in second)}


def view_in_this_process(module: str, type_name: str, file: str) -> dict[str, int]:
    of = compiled(module).types[type_name]
    octets = Path(file).read_bytes()
    contents, peak = peak_of(lambda: of.view(octets)["content"].contents)
    return {"peak": peak, "objects": len(contents)}


PROBES = {"decode": decode_in_this_process, "view": view_in_this_process}


def probe(kind: str, workload: Workload) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "octets"
        file.write_bytes(workload.octets)
        command = [sys.executable, "-m", __spec__.name, kind, workload.module, workload.type_name, str(file)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, cwd=folder)
        measured: dict[str, int] = json.loads(done.stdout)
    return measured


def memory(recipients: int, entries: int, content: Workload) -> list[Row]:
    """Inputs of some megabytes, beside which what the interpreter had free already is little."""
    rows = []
    large = [
        Workload("", f"P1 transfer, {recipients:,} recipients", "P1", "APDU", partial(transfer, recipients)),
        Workload("", f"P7 list result, {entries:,} entries", "P7", "ListResult", partial(list_result, entries)),
    ]
    for workload in large:
        found = probe("decode", workload)
        peak, objects = found["peak"] / 1e6, found["objects"] / 1e6
        figure = f"peak of a decode, {workload.title}"
        rows.append(Row(figure, "the objects made", "MB", peak, objects, peak / objects, MOST, at_most=True))
    peak = probe("view", content)["peak"] / 1e6
    rows.append(Row(f"peak of a view, {content.title}", "", "MB", peak, None, None, MOST_OF_A_VIEW, at_most=True))
    return rows


if __name__ == "__main__":
    print(json.dumps(PROBES[sys.argv[1]](*sys.argv[2:])))
