"""What was accepted, should wait, and does not: an entry that is gone from a damaged database leaves its history.

The lines of ``arrival`` and ``event`` say into which queues something was put, and how it left them; an entry and the
line that says that it has left are written in one transaction. So what was put into a queue, is not there and has not
left was lost by the damage, or the page with the line that it has left was: nobody can say which of the two.

The words are those of the MTA's log, and of its workers. A line that is not known here asks for nothing. The lines of a
report that is made here are in the history of its subject, and name it. What is not noticed is an entry whose arrival
is gone with it: the indices may have its number.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

from x400_framer.sqlite import Connection

UNACCOUNTED = "unaccounted"
"""The action of the line that ends the history of what is not accounted for, so that it is told once."""

_DELIVERY, _DEFERRED, _DIRECTORY = "delivery:", "deferred:", "directory:"
_ANY = ""
"""The queue of what another worker had before: its line does not name it."""
_REPORT = "report="
"""How a line begins that is of a report made here."""
_STEPS_TELL = frozenset([_ANY, _DEFERRED, _DIRECTORY])
"""What leaves these has lines of what was then done with it, and none that names them."""
_LEFT = frozenset(["transferred", "quarantined", "damaged", "given-up", UNACCOUNTED])
"""Each has the queue as its peer."""
_STAYS = frozenset(["retry", "held", "tried-at-once"])
_ELSEWHERE = frozenset(["moved", "rerouted"])
"""It left a queue that is not named."""


@dataclass(slots=True)
class _Account:
    """What the lines of one identifier say."""

    put: Counter[str] = field(default_factory=Counter)
    """How many entries, by queue."""
    reports: list[tuple[str, str]] = field(default_factory=list)
    """Those made here: identifier and queue."""
    left: Counter[str] = field(default_factory=Counter)
    delivered: list[str] = field(default_factory=list)
    """The details of these lines: each ends with the folder."""
    elsewhere: bool = False
    steps: bool = False

    def arrived(self, lines: str) -> None:
        for line in lines.split("\n"):
            action, _, detail = line.partition("\t")
            if action == "moved":
                self.put[_ANY] += 1
            else:
                self._queued(action, detail)

    def step(self, action: str, peer: str, detail: str) -> None:
        if action in _STAYS:
            return
        self.steps = True
        self.elsewhere = self.elsewhere or action in _ELSEWHERE
        if action in _LEFT:
            self.left[peer] += 1
        elif action == "delivered":
            self.delivered.append(detail)
        else:
            self._queued(action, detail)

    def _queued(self, action: str, detail: str) -> None:
        if action == "transfer":
            self.put[detail.partition(" recipients=")[0].removeprefix("next_hop=")] += 1
        elif action == "delivery":
            self.put[_DELIVERY + detail.rpartition(" folder=")[2]] += 1
        elif action == "report-delivery":
            self._report(detail, _DELIVERY + detail.rpartition(" folder=")[2])
        elif action == "report-transfer":
            self._report(detail, detail.rpartition(" next_hop=")[2])
        elif action == "deferred":
            self.put[_DEFERRED] += 1
        elif action == "directory-lookup":
            self._report(detail, _DIRECTORY)

    def _report(self, detail: str, queue: str) -> None:
        """Of what the line is about: this, or a report made here."""
        if detail.startswith(_REPORT):
            self.reports.append((detail.partition(" to=")[0].removeprefix(_REPORT), queue))
        else:
            self.put[queue] += 1

    def missing(self, waiting: Counter[str]) -> Iterator[str]:
        """The queues in which fewer wait than should; ``waiting``: how many there are in each."""
        if self.elsewhere:
            return
        for queue, number in self.put.items():
            if queue in _STEPS_TELL and (self.steps or waiting):
                continue
            number -= self.left[queue] + waiting[queue]
            if queue.startswith(_DELIVERY):
                folder = queue.removeprefix(_DELIVERY)
                number -= sum(detail.endswith(f" to {folder}") for detail in self.delivered)
            if number > 0:
                yield queue


def unaccounted(connection: Connection | sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Identifier and queue of each, by identifier; walks all histories of a database that can be read to its end."""
    waiting: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for identifier, queue in connection.execute("SELECT identifier, queue FROM entry"):
        waiting[identifier][queue] += 1
    rows = connection.execute(
        "SELECT identifier, 0, kind, log, '' FROM arrival "
        "UNION ALL SELECT identifier, 1, action, peer, detail FROM event ORDER BY identifier"
    )
    for identifier, group in groupby(rows, key=itemgetter(0)):
        lines = list(group)
        arrivals = [line for line in lines if not line[1]]
        if not arrivals:
            continue
        account = _Account()
        for line in arrivals:
            account.arrived(line[3])
        for line in lines:
            if line[1]:
                account.step(*line[2:])
        yield from ((identifier, queue) for queue in account.missing(waiting.get(identifier, _NOTHING)))
        yield from (one for one in account.reports if one[0] not in waiting and not _has_left(connection, one[0]))


def _has_left(connection: Connection | sqlite3.Connection, identifier: str) -> bool:
    """Whether anything was done with a report that was made here."""
    rows = connection.execute("SELECT action FROM event WHERE identifier=?", (identifier,))
    return any(row[0] not in _STAYS for row in rows)


_NOTHING: Counter[str] = Counter()
