"""Names that no route knows, looked up in a directory (X.402 clause 19, X.412): the interface, and a cache.

The procedures wait for nothing. Who has a directory asks `MTA.wanted` for the names that it must look up first, puts
the answers into the cache, and then hands over the message.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from x400.mts.oraddress import ORAddress

__all__ = ["Answer", "Directory", "DirectoryCache"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a directory says of a name: the next MTA on the way, the folder of a local user, or, with neither, that it
    does not know it. `failed`: it could not be asked."""

    next_hop: str | None = None
    folder: str | None = None
    failed: bool = False


class Directory(Protocol):
    """Answers at hand; nothing is asked of the network here."""

    def answer(self, address: ORAddress, now: datetime) -> Answer | None:
        """What is known of a name now; None: it has to be looked up."""


class DirectoryCache:
    """A directory that knows what was put into it, each answer for `keep`, failures for `keep_failures`.

    At most `maximum` answers are kept, those longest unused go first.
    """

    def __init__(
        self,
        keep: timedelta = timedelta(minutes=10),
        keep_failures: timedelta = timedelta(seconds=10),
        maximum: int = 65_536,
    ) -> None:
        self._keep = keep
        self._keep_failures = keep_failures
        self._maximum = maximum
        self._answers: OrderedDict[ORAddress, tuple[datetime, Answer]] = OrderedDict()

    def put(self, address: ORAddress, answer: Answer, now: datetime) -> None:
        """Remember what the directory has answered."""
        until = now + (self._keep_failures if answer.failed else self._keep)
        self._answers[address] = (until, answer)
        self._answers.move_to_end(address)
        while len(self._answers) > self._maximum:
            self._answers.popitem(last=False)

    def answer(self, address: ORAddress, now: datetime) -> Answer | None:
        """What was answered, if not too long ago."""
        kept = self._answers.get(address)
        if kept is None:
            return None
        if kept[0] <= now:
            del self._answers[address]
            return None
        self._answers.move_to_end(address)
        return kept[1]
