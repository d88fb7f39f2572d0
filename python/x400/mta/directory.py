"""Names that no route knows, looked up in a directory (X.402 clause 19, X.412): the interface, and a cache.

The procedures wait for nothing. What a directory has to be asked for first is held (`Outcome.held`, without a time);
who has a directory asks `MTA.wanted` for the names, puts the answers into the cache, and hands it to `MTA.resume`.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from x400.mta.copies import Actions, Work, spliced, traced, without
from x400.mta.outcome import Held, LogRecord, Outcome
from x400.mts.oraddress import ORAddress

if TYPE_CHECKING:
    from x400.mta.mta import MTA
    from x400.mts.apdu import Recipient

__all__ = ["Answer", "Directory", "DirectoryCache", "hold_for_directory", "hold_report_for_directory"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a directory says of a name: the next MTA on the way, the folder of a local user, who gets what is for this
    user (`alternate`), that it knows several of that name (`ambiguous`), or, with none of these, that it knows none."""

    next_hop: str | None = None
    folder: str | None = None
    alternate: ORAddress | None = None
    ambiguous: bool = False

    @property
    def is_known(self) -> bool:
        """Whether the directory has such a name."""
        return self != _UNKNOWN


_UNKNOWN = Answer()


class Directory(Protocol):
    """Answers at hand; nothing is asked of the network here."""

    def answer(self, address: ORAddress, now: datetime) -> Answer | None:
        """What is known of a name now; None: it has to be looked up."""


class DirectoryCache:
    """A directory that knows what was put into it, each answer for `keep`, that there is no such name for
    `keep_unknown`.

    At most `maximum` answers are kept, those longest unused go first. `hits` counts what was known when it was asked.
    """

    def __init__(
        self,
        keep: timedelta = timedelta(minutes=10),
        keep_unknown: timedelta = timedelta(minutes=1),
        maximum: int = 65_536,
    ) -> None:
        self.hits = 0
        self._keep = keep
        self._keep_unknown = keep_unknown
        self._maximum = maximum
        self._answers: OrderedDict[ORAddress, tuple[datetime, Answer]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def put(self, address: ORAddress, answer: Answer, now: datetime) -> None:
        """Remember what the directory has answered."""
        until = now + (self._keep if answer.is_known else self._keep_unknown)
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
        self.hits += 1
        return kept[1]


def hold_for_directory(
    mta: MTA, work: Work, wanting: list[Recipient], others: list[Recipient], outcome: Outcome, now: datetime
) -> None:
    """Hold a copy for the recipients that a directory has to be asked for, its trace complete."""
    copy = work if work.made else traced(work, mta.configuration, now, Actions())
    apdu = spliced(copy.apdu, without(others, copy.apdu))
    names = tuple(str(one.name) for one in wanting)
    held = Held(
        buffers=[apdu.stored.head],
        tail=apdu.stored.tail,
        recipients=tuple(one.index for one in wanting),
        priority=apdu.priority,
        identifier=apdu.identifier,
        not_before=None,
        originator=apdu.originator.text,
        recipient_names=names,
        expiry=work.found.expiry,
    )
    outcome.held.append(held)
    outcome.log.append(LogRecord("directory-lookup", apdu.identifier, {"recipients": names}))


def hold_report_for_directory(mta: MTA, work: Work, outcome: Outcome, priority: int, now: datetime) -> None:
    """Hold a report whose destination a directory has to be asked for, its trace complete."""
    apdu = (work if work.made else traced(work, mta.configuration, now, Actions())).apdu
    name = str(apdu.report_destination)
    held = Held(
        buffers=[apdu.stored.head],
        tail=apdu.stored.tail,
        recipients=(),
        priority=priority,
        identifier=apdu.identifier,
        not_before=None,
        originator="",
        recipient_names=(name,),
        expiry=work.found.expiry,
        is_report=True,
    )
    outcome.held.append(held)
    outcome.log.append(LogRecord("directory-lookup", apdu.identifier, {"to": name}))
