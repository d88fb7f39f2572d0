"""Messages that differ in their number only, for a load generator; and a count of them, for the sink behind it.

The number is in the MTS identifier, whose local identifier is `run.total.number`, so that whoever gets the messages
can tell which of how many have come, which have not, and which came twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Literal

from x400.ipm.body_parts import Text, encoded_information_types
from x400.ipm.exceptions import Unencodable
from x400.ipm.heading import Heading, Recipient
from x400.ipm.message import encode
from x400.mts.identifiers import GlobalDomainIdentifier, MTSIdentifier
from x400.mts.oraddress import ORAddress
from x400.mts.originate import NewRecipient, Subject, message

__all__ = ["Count", "NumberedMessages", "Run"]

_DIGITS = 8
_LOCAL_IDENTIFIER = re.compile(r"^([0-9A-Za-z]{1,14})\.(\d{8})\.(\d{8})$")
_LINE = "The quick brown fox jumps over the lazy dog, and comes back for another message.\r\n"


class NumberedMessages:
    """The APDUs of one run, numbered from 0 to `total` - 1; each is made in microseconds, from octets made once.

    `content_length` is that of the content; raises Unencodable when no message is that short.
    """

    def __init__(
        self,
        run: str,
        total: int,
        content_length: int,
        originator: ORAddress,
        recipients: tuple[ORAddress, ...],
        now: datetime,
        *,
        priority: Literal["normal", "non-urgent", "urgent"] = "normal",
        mta_name: str | None = None,
    ) -> None:
        self.run = run
        self.total = total
        domain = GlobalDomainIdentifier(
            originator.attributes["C"], originator.attributes["A"], originator.attributes.get("P"), originator.numeric
        )
        number = "#" * _DIGITS
        local = f"{run}.{total:0{_DIGITS}d}."
        text = _text_for(content_length, originator, recipients)
        subject = Subject(
            MTSIdentifier(domain, local + number),
            originator,
            [NewRecipient(recipient) for recipient in recipients],
            mta_name=mta_name,
            encoded_information_types=encoded_information_types([Text("")]),
        )
        apdu = message(subject, _content(text, originator, recipients), now, priority=priority)
        before, _, after = apdu.partition((local + number).encode())
        self._local = local
        self._before = before + local.encode()
        self._after = after

    def local_identifier(self, number: int) -> str:
        """What its MTS identifier has for it."""
        return f"{self._local}{number:0{_DIGITS}d}"

    def apdu(self, number: int) -> bytes:
        """The message of that number."""
        return b"%b%08d%b" % (self._before, number, self._after)


def _content(text: str, originator: ORAddress, recipients: tuple[ORAddress, ...]) -> bytes:
    heading = Heading("load", originator, tuple(Recipient(recipient) for recipient in recipients), subject="Load")
    return encode(heading, [Text(text)])


def _text_for(content_length: int, originator: ORAddress, recipients: tuple[ORAddress, ...]) -> str:
    """A text that makes the content so long; where the lengths' own octets forbid that, one octet shorter or so."""
    size = content_length - len(_content("", originator, recipients))
    text = ""
    while size > 0:
        text = (_LINE * (size // len(_LINE) + 1))[:size].rstrip("\r\n").ljust(size, "!")
        excess = len(_content(text, originator, recipients)) - content_length
        if excess <= 0:
            return text
        size -= excess
    shortest = len(_content("!", originator, recipients))
    raise Unencodable(f"size: a message of {content_length} octets has no room for its heading, {shortest} has")


@dataclass(slots=True)
class Run:
    """What came of one run: how often each number, and how many times too often in all."""

    seen: bytearray
    distinct: int = 0
    duplicates: int = 0

    def missing(self) -> Iterator[int]:
        """The numbers that did not come."""
        place = self.seen.find(0)
        while place >= 0:
            yield place
            place = self.seen.find(0, place + 1)

    def repeated(self) -> Iterator[int]:
        """The numbers that came more than once."""
        return (number for number, times in enumerate(self.seen) if times > 1)


@dataclass(slots=True)
class Count:
    """Counts the messages of any runs by their MTS identifiers; `others` are those that are not numbered."""

    runs: dict[str, Run] = field(default_factory=dict)
    others: int = 0

    def add(self, local_identifier: str) -> bool:
        """Count one; whether it is the first of its number (one that is not numbered always is)."""
        match = _LOCAL_IDENTIFIER.match(local_identifier)
        if match is None:
            self.others += 1
            return True
        name, total, number = match[1], int(match[2]), int(match[3])
        run = self.runs.get(name)
        if run is None:
            run = self.runs[name] = Run(bytearray(total))
        if number >= len(run.seen):
            run.seen.extend(bytes(number + 1 - len(run.seen)))
        times = run.seen[number]
        run.seen[number] = min(times + 1, 255)
        if times:
            run.duplicates += 1
        else:
            run.distinct += 1
        return not times

    @property
    def distinct(self) -> int:
        """Messages that came, each counted once."""
        return self.others + sum(run.distinct for run in self.runs.values())

    @property
    def duplicates(self) -> int:
        """How many came that had come before."""
        return sum(run.duplicates for run in self.runs.values())

    @property
    def missing(self) -> int:
        """How many of the runs that anything came of did not come."""
        return sum(len(run.seen) - run.distinct for run in self.runs.values())

    def some(self, what: Literal["missing", "repeated"], limit: int = 10) -> list[str]:
        """The first few that are missing, or that came more than once, as `run/number`."""
        numbers = (
            f"{name}/{number}"
            for name, run in self.runs.items()
            for number in (run.missing() if what == "missing" else run.repeated())
        )
        return list(islice(numbers, limit))
