"""The accounting log: one JSON line for each message, probe or report that was taken over, passed on, delivered, or
given up; for invoices and statistics, not for recovery (the trace in the spool is that).

Lines are appended together, within `EVERY` seconds, by all workers to the same file; a crash loses the last of them.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import msgspec
import structlog

from x400.spool import Batch, Entry

log = structlog.get_logger("x400.server")

EVERY = 0.5
_PRIORITIES = ("urgent", "normal", "non-urgent")
_encode = msgspec.json.Encoder().encode


class Accounting:
    """Appends to the ``path``; None: there is no accounting, and nothing is done."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._lines: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._descriptor = -1

    def open(self) -> None:
        """Open the file, again if it was open: who rotates logs moves it away and sends SIGHUP. Raises OSError."""
        if self._path is None:
            return
        self.close()
        Path(self._path).parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def accepted(self, batch: Batch) -> None:
        """A transfer of a peer's is ours now."""
        if self._path is not None:
            self._add(
                {"event": "accepted", "kind": batch.kind, "identifier": batch.identifier, "peer": batch.peer,
                 "octets": batch.size}
            )  # fmt: skip

    def left(self, event: str, entry: Entry) -> None:
        """An entry has left the spool: ``transferred``, ``delivered`` or ``given-up``."""
        if self._path is not None:
            self._add(
                {"event": event, "kind": entry.kind, "identifier": entry.identifier, "peer": entry.queue,
                 "octets": entry.size, "priority": _PRIORITIES[entry.priority], "originator": entry.originator,
                 "recipients": entry.recipients.splitlines(), "attempts": entry.attempts + 1,
                 "seconds": max(0.0, round(time.time() - entry.arrived, 3))}
            )  # fmt: skip

    def _add(self, line: dict[str, object]) -> None:
        self._lines.append(_encode({"at": round(time.time(), 3), **line}) + b"\n")
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EVERY, self._write)

    def _write(self) -> None:
        self._timer = None
        lines, self._lines = self._lines, []
        try:
            os.write(self._descriptor, b"".join(lines))
        except OSError as error:
            log.error("accounting lines lost", file=self._path, lines=len(lines), error=error.strerror)

    def close(self) -> None:
        """Write what is left, and close."""
        if self._timer is not None:
            self._timer.cancel()
            self._write()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
