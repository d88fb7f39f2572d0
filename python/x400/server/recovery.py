"""What can go on after it was cut off (X.228 7.8): transfers of ours, by entry, and associations of our peers."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass

from x400.osi import rtse
from x400.spool import Entry

MAXIMUM = 1024
"""Transfers of one peer, or associations, that are remembered: who is forgotten begins anew."""

FRUITLESS = 3
"""Attempts to go on without any progress, after which a transfer begins anew."""


class Interrupted:
    """Transfers to one peer that were interrupted, by the id of their entry."""

    def __init__(self) -> None:
        self._transfers: OrderedDict[int, tuple[rtse.Resumption, int]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._transfers)

    def of(self, entry: int) -> rtse.Resumption | None:
        """Where the transfer of an entry goes on, if it does."""
        found = self._transfers.get(entry)
        return None if found is None else found[0]

    def cut_off(self, entry: int, resumption: rtse.Resumption | None) -> bool:
        """The transfer was cut off there; whether it has come farther than before."""
        before, fruitless = self._transfers.pop(entry, (None, 0))
        if resumption is None or (before is not None and resumption.offset <= before.offset):
            resumption, fruitless = before, fruitless + 1
            progress = False
        else:
            fruitless, progress = 0, True
        if resumption is not None and fruitless < FRUITLESS:
            self._transfers[entry] = resumption, fruitless
            if len(self._transfers) > MAXIMUM:
                self._transfers.popitem(last=False)
        return progress

    def forget(self, entry: int) -> None:
        """It has ended, or begins anew."""
        self._transfers.pop(entry, None)


_REFUSED = re.compile(r"refused (\d+) times? by (.*?): ")


def refusals_of(entry: Entry, peer: str) -> int:
    """How often the peer has refused an entry for good. It is told by the entry's last error, which is on disk: a
    restart forgets nothing."""
    found = _REFUSED.match(entry.error)
    return int(found[1]) if found is not None and found[2] == peer else 0


def with_refusals(error: str, number: int, peer: str) -> str:
    """The last error of an entry that the peer has refused for good so often."""
    return f"refused {number} time{'s' if number > 1 else ''} by {peer}: {error}" if number else error


@dataclass(frozen=True, slots=True)
class _Lost:
    peer: str
    address: str
    until: float


class LostAssociations:
    """Associations that peers had with us, and may recover from the same address within a while."""

    def __init__(self) -> None:
        self._lost: OrderedDict[rtse.SessionConnectionIdentifier, _Lost] = OrderedDict()

    def add(self, connection: rtse.SessionConnectionIdentifier, peer: str, address: str, until: float) -> None:
        """``until``: on the monotonic clock."""
        if connection:
            self._lost[connection] = _Lost(peer, address, until)
            if len(self._lost) > MAXIMUM:
                self._lost.popitem(last=False)

    def take(self, connection: rtse.SessionConnectionIdentifier, address: str, now: float) -> str | None:
        """The peer whose association that was; None if there is none to recover. It can be had once."""
        lost = self._lost.get(connection)
        if lost is None or lost.address != address or lost.until < now:
            return None
        del self._lost[connection]
        return lost.peer
