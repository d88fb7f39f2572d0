"""What an MTA's procedures decide: the values that the spool stores and the server acts upon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from x400.mts.stored import Buffer, Stored, Tail

__all__ = ["Delivery", "Held", "Kind", "LogRecord", "Outcome", "Transfer"]

Kind = Literal["message", "probe", "report"]


@dataclass(slots=True)
class Transfer:
    """One APDU for one next MTA (X.411 14.10: message-out, probe-out, report-out).

    The octets to send are `buffers`, then `tail`. `recipients` are the places in per-recipient-fields, from 0, of those
    for whom the next MTA takes responsibility; `recipient_names` are theirs, in the same order (for a report: its
    destination). `priority` orders queues: 0 urgent, 1 normal, 2 non-urgent. After `expiry` (UTC) it is given up.
    `alternatives` are other next MTAs, the better first, should `next_hop` be down.
    """

    next_hop: str
    buffers: list[Buffer]
    tail: Tail | None
    recipients: tuple[int, ...]
    priority: int
    identifier: str
    expiry: datetime
    is_report: bool
    originator: str
    recipient_names: tuple[str, ...]
    alternatives: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """Octets of the whole APDU."""
        return sum(map(len, self.buffers)) + (self.tail.length if self.tail else 0)

    def stored(self) -> Stored:
        """The APDU as one head and a tail."""
        return Stored(self.buffers[0] if len(self.buffers) == 1 else b"".join(self.buffers), self.tail)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message or report for one local user (X.411 8.3.1: message-delivery, report-delivery).

    `envelope` is the BER of a MessageDeliveryEnvelope or ReportDeliveryEnvelope; `envelope_value` is the same as plain
    data that JSON can carry. The content's octets are `buffers`, then `tail`, for a report those of the returned
    content, empty where none came. `content_is_constructed`: these octets are still the inside of a constructed OCTET
    STRING that runs through the tail, to be passed through `x400.mts.content.Flattener`. `number` is the recipient's
    originally-specified-recipient-number, `recipient` its place in the envelope that was delivered from. `subject` is
    the message for this recipient alone up to its content, which came into this domain at `arrived`: what
    `MTA.not_delivered` makes a report of, should the delivery fail after all. Of a report there is none.
    """

    kind: Literal["message", "report"]
    identifier: str
    user: str
    folder: str
    recipient: int
    buffers: list[Buffer]
    tail: Tail | None
    envelope: bytes
    envelope_value: Mapping[str, Any]
    originator: str
    content_is_constructed: bool = False
    number: int = 0
    subject: bytes = b""
    arrived: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What is not to go on yet; the other members are as in `Transfer`.

    Either a message, as it came in, that is not to go on before `not_before` (UTC): then `MTA.release` is to be asked
    what becomes of it. Or, with `not_before` None, a copy as it would be sent, of a report, too, that has names in it
    for which a directory is to be asked, before `expiry`: then it is `MTA.resume` that goes on.
    """

    buffers: list[Buffer]
    tail: Tail | None
    recipients: tuple[int, ...]
    priority: int
    identifier: str
    not_before: datetime | None
    originator: str
    recipient_names: tuple[str, ...]
    expiry: datetime | None = None
    is_report: bool = False

    def stored(self) -> Stored:
        """The octets as one head and a tail."""
        return Stored(self.buffers[0] if len(self.buffers) == 1 else b"".join(self.buffers), self.tail)


@dataclass(slots=True)
class LogRecord:
    """One line for the log: what happened to which message, and to which of its recipients."""

    event: str
    identifier: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """All that is to be done about one APDU that came in, or about one queue entry that is given up.

    To be stored as a whole before the transfer is confirmed. `duplicate_key` is the same for a transfer that is
    repeated after its confirmation was lost.
    """

    identifier: str
    duplicate_key: bytes
    kind: Kind
    transfers: list[Transfer] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    log: list[LogRecord] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
