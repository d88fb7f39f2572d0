"""The wall clock may be set: that is noticed beside a clock that nobody can set.

Intervals are measured on the monotonic clock. Times of day that are kept on disk are of the wall clock: when a retry
is due, when a message is given up, for how long a trace is kept. After a jump backward retries would be due too late;
after one forward everything would have waited too long at once. So retries are brought back in reach, and a time of day
that has jumped forward by more than a minute is not believed for a while: nothing is given up or forgotten by it, and
who looks after the machine has the time to put it right. What is to be delivered later goes by the wall clock at once.

What is believed is kept in a file, for the next process: one that is started while the clock is wrong would not see it
jump. It holds good until the machine is started anew; then there is nothing to hold the clock against.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import structlog

log = structlog.get_logger("x400.server")

NOTICED = 2.0
"""Seconds between two looks that the clocks may differ by; less is how a clock is put right gently."""
BELIEVED = 60.0
"""Seconds that the clock may jump forward, and be believed at once."""
DOUBTFUL = 3600.0
"""Seconds after which it is believed anyhow."""
KEPT_EVERY = 60.0
"""Seconds until what is believed is written again: that shows whether the machine was started anew since."""


def _since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)  # goes on while the machine sleeps


def _this_boot() -> str:
    """What tells this run of the machine from others; where a service may not see it, the same for all."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return "unknown"


class Clock:
    """What is known about the wall clock; ``look`` is called about once a second. All workers of an MTA share the
    ``file`` of what is believed; what is in it is taken for the last look."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._boot = _this_boot()
        self._doubtful_until = 0.0
        kept = self._kept()
        self._offset = time.time() - _since_boot() if kept is None else kept
        """Of the wall clock, as of the last look, to the time since the start of the machine."""
        self._believed = self._offset
        self._kept_at = -KEPT_EVERY

    def look(self) -> float:
        """Seconds that the clock has jumped by since the last look; 0.0: it has not."""
        offset = time.time() - _since_boot()
        jump, self._offset = offset - self._offset, offset
        jumped = abs(jump) >= NOTICED
        if jumped:
            if jump > BELIEVED:
                self._doubtful_until = _since_boot() + DOUBTFUL
            elif jump < 0:
                self._doubtful_until = 0.0
            log.error("the clock has jumped", seconds=round(jump, 1), believed=not self.doubtful)
        if not self.doubtful:
            self._keep()
        return jump if jumped else 0.0

    def time(self) -> float:
        """Seconds since 1970, as of a clock that has not been set since the last look."""
        return self._offset + _since_boot()

    def _kept(self) -> float | None:
        with contextlib.suppress(OSError, ValueError):
            boot, at, offset = self._file.read_text().split()
            if boot == self._boot and float(at) <= _since_boot():
                return float(offset)
        return None

    def _keep(self) -> None:
        """What is believed now, if that is not what was kept; and for how long the machine runs, once a minute."""
        now = _since_boot()
        if abs(self._offset - self._believed) < NOTICED and now - self._kept_at < KEPT_EVERY:
            return
        new = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        with contextlib.suppress(OSError):  # the disk is full: the next look keeps it
            new.write_text(f"{self._boot} {now} {self._offset}\n")
            os.replace(new, self._file)
            self._believed, self._kept_at = self._offset, now

    @property
    def doubtful(self) -> bool:
        """Nothing is to be given up or forgotten because of the time of day."""
        return _since_boot() < self._doubtful_until
