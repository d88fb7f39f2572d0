"""The spool: what has been accepted and is not yet passed on.

The contract, which every engine keeps and tests/spool/test_contract.py holds:

1.  What ``store`` has confirmed survives the loss of power. Nothing of an unconfirmed batch is ever claimed.
2.  A batch is whole or absent: its entries, its trace records and its duplicate key are one transaction.
3.  The same transfer (identifier and duplicate key) is stored once, even if it arrives twice at the same moment.
4.  An entry is with at most one claimant at a time, for as long as the claim's lease runs; a lease that runs out, or
    the loss of the claimant, makes the entry claimable again. There may be several claimants and several writers.
5.  Claims come by priority, then by age, and are read through an index, in batches: a million entries cost disk,
    not memory.
6.  An entry leaves only by ``done`` (the next hop has confirmed it) or ``replace`` (what takes its place is stored in
    the same transaction).
7.  A large content is written to its file as it comes, is on disk before the batch that refers to it is confirmed,
    and is removed when the last entry that refers to it has left.

Times are seconds since 1970 (UTC) unless said otherwise; lengths are octets.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from x400.spool.durations import Durations

Buffer = bytes | bytearray | memoryview

HELD = math.inf
"""The ``due`` of an entry that an operator holds back."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a content file: ``length`` octets of ``path`` from ``offset``."""

    path: str
    offset: int
    length: int


@dataclass(slots=True)
class Event:
    """One line of a message's life, kept for ``x400 trace`` after the message has left."""

    action: str
    peer: str = ""
    detail: str = ""


@dataclass(slots=True)
class Entry:
    """One thing to pass on to one next hop.

    ``queue`` names the next hop (a peer, or a delivery channel); ``priority`` 0 is urgent, 1 normal, 2 non-urgent.
    The octets to pass on are ``head`` followed by ``tail``. ``detail`` is opaque to the spool.
    The spool sets ``id``, ``arrived``, ``attempts``, ``error``, ``due`` and ``damage``: what is wrong with an entry
    that was read from disk, and is not what was stored.
    """

    queue: str
    priority: int
    identifier: str
    kind: str
    originator: str
    recipients: str
    expiry: float
    head: bytes
    tail: Part | None = None
    detail: bytes = b""
    claimed: bool = False
    id: int = 0
    arrived: float = 0.0
    attempts: int = 0
    error: str = ""
    due: float = 0.0
    damage: str = ""

    @property
    def size(self) -> int:
        return len(self.head) + (self.tail.length if self.tail else 0)


@dataclass(slots=True)
class Batch:
    """What one arrival (or one report) puts on the spool, as one transaction.

    ``duplicate_key`` with ``identifier`` tells a repeated transfer from a new one; None: this cannot be a repetition.
    An entry with ``claimed`` set is stored as already claimed by the caller, under ``lease`` seconds.
    ``events`` are the first lines of the life of ``identifier``.
    """

    identifier: str
    duplicate_key: bytes | None
    kind: str
    peer: str
    size: int
    entries: list[Entry] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    lease: float = 600.0


@dataclass(frozen=True, slots=True)
class Claim:
    """Entries claimed; when there were fewer than asked for, the time at which the next one falls due, if any."""

    entries: list[Entry]
    next_due: float | None


@dataclass(frozen=True, slots=True)
class Rescue:
    """What came of a damaged database: entries saved and lost (as far as is known), where the damaged is kept.

    ``keys_missing``: some of what was accepted may not be known any more, so that its repetition is taken for new.
    ``unaccounted``: identifier and queue of what was accepted, neither waits nor has left (x400.spool.accounts).
    """

    reason: str
    saved: int
    lost: tuple[int, ...]
    kept: Path
    keys_missing: bool
    unaccounted: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class QueueState:
    """One queue as it stands: of each priority how many entries, and when the oldest of them arrived (0.0: none)."""

    queue: str
    counts: tuple[int, int, int]
    arrivals: tuple[float, float, float]

    @property
    def oldest(self) -> float:
        """When the oldest entry of all arrived."""
        return min((arrived for arrived in self.arrivals if arrived), default=0.0)

    @property
    def total(self) -> int:
        return sum(self.counts)


class ContentWriter(Protocol):
    """A large content on its way into the spool."""

    path: str
    length: int

    def write(self, data: Buffer) -> None:
        """Append; raises SpoolFull when there is no room."""

    async def sync(self) -> None:
        """Return when all that was written is on disk; raises SpoolFull."""

    def discard(self) -> None:
        """Remove the file: no batch refers to it."""


class Spool(Protocol):
    """A durable queue; see the module's contract. All methods are called from the event loop's thread."""

    rescued: Rescue | None
    """After ``open``: what was found damaged, and what became of it."""

    on_damage: Callable[[str], None] | None
    """Called once when what is on disk turns out to be damaged: nothing is stored or claimed any more, until the spool
    has been closed and opened again."""

    async def open(self) -> None:
        """Recover what is there (leases cleared, contents without an entry removed) and start. What is damaged is set
        aside, and what can be read of it is saved.

        Raises SpoolInUse, SpoolCorrupt.
        """

    async def close(self) -> None:
        """Write what is pending and stop; claims are given back."""

    def store(self, batch: Batch) -> asyncio.Future[bool]:
        """Store a batch. Resolves once it is on disk: True if stored, False if it is a repetition (nothing stored).

        The entries' ``id`` is set on return. Raises (through the future) SpoolFull, SpoolClosed, SpoolError.
        """

    def claim(self, queue: str, limit: int, lease: float, octets: int = 8 << 20) -> asyncio.Future[Claim]:
        """Claim up to ``limit`` entries (and about ``octets`` of heads) that are due, by priority, then by age."""

    def renew(self, entries: Iterable[Entry], lease: float) -> None:
        """Extend claims by ``lease`` seconds from now."""

    def release(self, entries: Iterable[Entry]) -> None:
        """Give claims back, untried."""

    def done(self, entry: Entry, event: Event) -> None:
        """The next hop has confirmed the entry: it leaves, with one trace record.

        Written together with what else is pending, within 20 ms; if that is lost, the entry is passed on again and
        the next hop recognises the repetition.
        """

    def retry(self, entry: Entry, due: float, error: str) -> asyncio.Future[None]:
        """The attempt failed: count it, say why, give the claim back, not to be claimed before ``due``.

        Resolves once that is on disk, which a full disk may put off: only then can the entry be claimed. Raises
        (through the future) SpoolClosed, SpoolError when it never will be: the attempt is not counted then.
        """

    def replace(self, entry: Entry, batch: Batch) -> asyncio.Future[bool]:
        """Remove an entry and store what takes its place (a report) in one transaction."""

    def obstacle(self, queue: str, failures: int = 0, cause: str = "", again: float = 0.0) -> None:
        """A queue's next hop cannot be reached, and is tried again at ``again``; without failures: it can.

        Not needed to pass anything on: it tells those who look why entries wait that were never tried themselves.
        """

    def number(self) -> int:
        """How many entries there are, as of the last group written."""

    def queues(self) -> asyncio.Future[list[QueueState]]:
        """All queues that are not empty."""

    def expired(self, now: float, limit: int) -> asyncio.Future[list[Entry]]:
        """Claim up to ``limit`` entries, of any queue, whose expiry has passed and that nobody has claimed."""

    def find(self, queue: str | None, identifier: str | None, after: int, limit: int) -> asyncio.Future[list[int]]:
        """The ids of up to ``limit`` entries above ``after``, in order, of one queue, one message, both, or all."""

    def take(self, ids: Sequence[int]) -> asyncio.Future[list[Entry]]:
        """Claim those of these entries that nobody has claimed, due or not."""

    def postpone(self, entries: Sequence[Entry], due: float, event: Event) -> asyncio.Future[None]:
        """Entries that the caller has claimed wait until ``due`` (0: they do not, ``HELD``: until told otherwise); the
        claims are given back. Nothing is counted as an attempt. ``event`` is the line in each one's trace."""

    def move(self, entries: Sequence[Entry], queue: str, event: Event) -> asyncio.Future[None]:
        """Entries that the caller has claimed wait for another next hop from now on; the claims are given back."""

    def bring_forward(self, latest: float, but: str) -> asyncio.Future[None]:
        """No entry of any queue but ``but`` is due later than ``latest``, unless it is held: the clock was set."""

    forgetting: bool
    """Whether traces and duplicate keys are removed once they are old; not while the time of day is in doubt."""

    def commits(self) -> Durations:
        """How long it took to make each group durable; added to as it goes on."""

    contents: Path
    """The folder of large contents: a file that is whole and on disk there may be an entry's tail."""

    def content(self) -> ContentWriter:
        """A new file for a large content."""

    async def adopt(self, part: Part) -> Part:
        """The same part of a content file of another spool on the same disk, as one of this spool's; durable on return.

        Raises SpoolError.
        """

    def set_aside(self, entry: Entry, reason: str) -> asyncio.Future[Path]:
        """Keep the octets of an entry that are damaged on disk, as they are, in the quarantine folder. The entry, which
        the caller has claimed, stays. Raises SpoolError."""

    def quarantine(
        self,
        peer: str,
        reason: str,
        offset: int | None,
        octets: Sequence[Buffer],
        tail: Part | None = None,
        entry: Entry | None = None,
    ) -> asyncio.Future[Path]:
        """Keep octets that could not be understood, then those of ``tail``, for a human; where they are.

        On disk when it resolves. What was ``entry`` is kept whatever the limits are, so that it can be queued again;
        else the future raises SpoolFull at the limit, or SpoolError.
        """

    def quarantined(self) -> tuple[int, int]:
        """How many things are in quarantine, and their octets."""
