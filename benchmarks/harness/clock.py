"""A wall clock that can be set for the MTAs of a run alone: ``clock.c``, compiled with the system's compiler."""

from __future__ import annotations

import mmap
import os
import shlex
import struct
import subprocess
import sysconfig
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")


class SettableClock:
    """Processes that are started with ``environment`` have it. ``there``: it could be compiled, and works."""

    def __init__(self, folder: Path) -> None:
        library, file = folder / "clock.so", folder / "clock"
        file.write_bytes(bytes(8))
        with open(file, "r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), 8)
        self.environment = {"LD_PRELOAD": str(library), "X400_BENCH_CLOCK": str(file)}
        compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
        try:
            subprocess.run([*compiler, "-O2", "-fPIC", "-shared", str(SOURCE), "-o", str(library), "-ldl"], check=True)
            self.set(86400)
            command = ["date", "+%s"]
            moved = int(subprocess.check_output(command, env={**os.environ, **self.environment}))
            real = int(subprocess.check_output(command))
            self.there = moved - real > 86000
        except (OSError, subprocess.CalledProcessError):
            self.there = False
        self.set(0)
        if not self.there:
            self.environment = {}

    def set(self, ahead: int) -> None:
        """So many seconds ahead of what it is (negative: behind)."""
        struct.pack_into("=q", self._memory, 0, ahead)
