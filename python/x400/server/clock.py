"""The wall clock may be set: that is noticed beside a clock that nobody can set.

Intervals are measured on the monotonic clock. Times of day that are kept on disk are of the wall clock: when a retry
is due, when a message is given up, for how long a trace is kept. After a jump backward retries would be due too late;
after one forward everything would have waited too long at once. So retries are brought back in reach, and a time of day
that has jumped forward by more than a minute is not believed for a while: nothing is given up or forgotten by it, and
who looks after the machine has the time to put it right. What is to be delivered later goes by the wall clock at once.
"""

from __future__ import annotations

import time

import structlog

log = structlog.get_logger("x400.server")

NOTICED = 2.0
"""Seconds between two looks that the clocks may differ by; less is how a clock is put right gently."""
BELIEVED = 60.0
"""Seconds that the clock may jump forward, and be believed at once."""
DOUBTFUL = 3600.0
"""Seconds after which it is believed anyhow."""


def _since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)  # goes on while the machine sleeps


class Clock:
    """What is known about the wall clock; ``look`` is called about once a second."""

    def __init__(self) -> None:
        self._offset = time.time() - _since_boot()
        self._doubtful_until = 0.0

    def look(self) -> float:
        """Seconds that the clock has jumped by since the last look; 0.0: it has not."""
        offset = time.time() - _since_boot()
        jump, self._offset = offset - self._offset, offset
        if abs(jump) < NOTICED:
            return 0.0
        if jump > BELIEVED:
            self._doubtful_until = _since_boot() + DOUBTFUL
        elif jump < 0:
            self._doubtful_until = 0.0
        log.error("the clock has jumped", seconds=round(jump, 1), believed=not self.doubtful)
        return jump

    @property
    def doubtful(self) -> bool:
        """Nothing is to be given up or forgotten because of the time of day."""
        return _since_boot() < self._doubtful_until
