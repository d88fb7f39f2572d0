"""The same event of the same peer over and over: the first lines of each minute are logged, then their number.

What is the same: the event, its level, and the peer (of an association that nobody has bound on: the address); so a
peer that fails a thousand times a minute hides nothing that others, or other events, have to say.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

__all__ = ["LEFT_OUT", "LeftOut", "Repetitions"]

LEFT_OUT = "lines left out"
"""The event that tells how many; it is never left out itself."""

_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+|\[?[0-9a-fA-F:.%]*:[0-9a-fA-F:.%]*\]?")

_MAXIMUM = 10_000
"""Keys that are counted; of more, all lines are logged."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """So many lines of the same event were left out."""

    event: str
    level: str
    peer: str
    number: int


def _who(peer: str) -> str:
    """The peer's name; of an address, ADDRESS:PORT, without the port, which is another one each time."""
    host, colon, port = peer.rpartition(":")
    return host if colon and port.isdecimal() and _ADDRESS.fullmatch(host) else peer


class _Window:
    __slots__ = ("left_out", "number", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.number = 0
        self.left_out = 0


class Repetitions:
    """A structlog processor, after `add_log_level`. ``lines`` of a kind are logged in ``seconds``; 0: all of them."""

    def __init__(self, lines: int, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._lines = lines
        self._seconds = seconds
        self._clock = clock
        self._windows: dict[tuple[str, str, str], _Window] = {}
        self._told: list[LeftOut] = []

    def __call__(self, logger: Any, method: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
        event = str(line.get("event", ""))
        if not self._lines or event == LEFT_OUT:
            return line
        key = (event, str(line.get("level", method)), _who(str(line.get("peer", ""))))
        window = self._windows.get(key)
        now = self._clock()
        if window is None or now - window.since >= self._seconds:
            if window is None and len(self._windows) >= _MAXIMUM:
                return line
            if window is not None:
                self._tell(key, window)
            window = self._windows[key] = _Window(now)
        window.number += 1
        if window.number <= self._lines:
            return line
        window.left_out += 1
        raise structlog.DropEvent

    def _tell(self, key: tuple[str, str, str], window: _Window) -> None:
        if window.left_out:
            self._told.append(LeftOut(*key, window.left_out))

    def take(self, *, everything: bool = False) -> list[LeftOut]:
        """What was left out in the times that have ended since this was asked last; ``everything``: or run still."""
        now = self._clock()
        for key, window in list(self._windows.items()):
            if everything or now - window.since >= self._seconds:
                self._tell(key, window)
                del self._windows[key]
        told, self._told = self._told, []
        return told
