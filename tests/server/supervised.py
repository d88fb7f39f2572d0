"""An MTA with several workers, as a process of its own that is killed, stopped and restarted in parts."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from pathlib import Path

from tests.server.harness import Process


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _lives(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


class Supervised(Process):
    """``workers`` more than one: the processes below the supervisor are what works."""

    def __init__(self, path: Path, workers: int) -> None:
        super().__init__(path)
        self.set_workers(workers)

    def set_workers(self, number: int) -> None:
        """In the configuration; a restart makes it so."""
        text = re.sub(r"^workers = .*\n", "", self.path.read_text(), flags=re.MULTILINE)
        self.path.write_text(text.replace("[mta]\n", f"[mta]\nworkers = {number}\n"))
        self.workers = number

    def working(self) -> list[int]:
        """The workers' processes."""
        return children(self.pid) if self.workers > 1 else [self.pid]

    def kill_all(self) -> None:
        """kill -9 of everything, the supervisor first: nobody starts a worker again."""
        workers = self.working()
        os.kill(self.pid, signal.SIGKILL)
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        self.wait()
        end = time.monotonic() + 20
        while any(_lives(worker) for worker in workers):
            assert time.monotonic() < end
            time.sleep(0.01)
