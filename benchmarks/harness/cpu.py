"""CPU time of process trees, and the share of time that the machine gave to others (steal), from /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> tuple[int, float] | None:
    """The parent and the CPU seconds (own and of children that ended) of one process; None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[1]), sum(int(f) for f in fields[11:15]) / TICK


def tree_cpu(root: int) -> float:
    """CPU seconds of ``root`` and of every process below it, ended children included."""
    processes = {int(p.name): s for p in Path("/proc").iterdir() if p.name.isdigit() and (s := _stat(int(p.name)))}
    total = 0.0
    for pid, (_, seconds) in processes.items():
        ancestor = pid
        while ancestor != root and ancestor in processes:
            ancestor = processes[ancestor][0]
        if ancestor == root:
            total += seconds
    return total


@dataclass(frozen=True, slots=True)
class MachineTime:
    """The machine's clock ticks so far: all of them, and those that another machine took."""

    total: int
    steal: int

    @classmethod
    def now(cls) -> MachineTime:
        fields = [int(f) for f in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
        return cls(sum(fields[:8]), fields[7])

    def steal_since(self, earlier: MachineTime) -> float:
        """Percent of the time since ``earlier`` that was stolen."""
        return 100.0 * (self.steal - earlier.steal) / max(1, self.total - earlier.total)
