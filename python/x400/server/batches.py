"""An outcome of the MTA's procedures as a batch of the spool, and an entry of the spool as what is to be passed on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

import msgspec

from x400.mta import MTA
from x400.mta.outcome import Delivery, Held, LogRecord, Outcome, Transfer
from x400.mts.exceptions import InvalidAPDU
from x400.mts.reports import NonDelivery
from x400.mts.stored import Stored, Tail
from x400.osi import rtse
from x400.spool import Batch, Buffer, ContentDamaged, Entry, Event, Part
from x400.spool.sealed import PartReader

DELIVERY = "delivery:"
"""Prefix of the queues of delivery channels; what follows is the folder."""

DEFERRED = "deferred:"
"""The queue of messages that are not to go on yet."""

DIRECTORY = "directory:"
"""The queue of what has names in it for which the directory is to be asked."""

NEVER = 1e12
"""The expiry of what is not given up: a local delivery."""

_encode = msgspec.msgpack.Encoder().encode
_transfer_detail = msgspec.msgpack.Decoder(tuple[int, ...])


class DeliveryDetail(msgspec.Struct, array_like=True):
    """What a delivery entry carries beside the content."""

    user: str
    recipient: int
    envelope: bytes
    envelope_value: Any
    content_is_constructed: bool
    subject: bytes = b""
    """What a non-delivery report is made of (x400.mta.outcome.Delivery); nothing: there can be none."""
    subject_checksum: int = 0
    arrived: float = 0.0


_delivery_detail = msgspec.msgpack.Decoder(DeliveryDetail)


def batch_of(outcome: Outcome, peer: str, size: int, *, repeatable: bool = True) -> Batch:
    """The batch that stores an outcome; ``repeatable``: it came from a peer, which may repeat it."""
    entries = [_transfer_entry(transfer, outcome.kind) for transfer in outcome.transfers]
    if outcome.deliveries:
        entries += [_delivery_entry(delivery) for delivery in outcome.deliveries]
    if outcome.held:
        entries += [_held_entry(held, outcome.kind) for held in outcome.held]
    key = outcome.duplicate_key if repeatable else None
    return Batch(outcome.identifier, key, outcome.kind, peer, size, entries, events_of(outcome, peer))


def events_of(outcome: Outcome, peer: str) -> list[Event]:
    """Trace lines of the MTA's log records; those of a report made here name it."""
    return [
        Event(record.event, peer, " ".join(_fields(record, record.identifier != outcome.identifier)))
        for record in outcome.log
    ]


def _fields(record: LogRecord, of_report: bool) -> list[str]:
    fields = [f"{name}={_shown(value)}" for name, value in record.fields.items()]
    return [f"report={record.identifier}", *fields] if of_report else fields


def _shown(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _head(buffers: list[Buffer]) -> bytes:
    if len(buffers) == 1 and type(buffers[0]) is bytes:
        return buffers[0]
    return b"".join(buffers)


def _part(tail: Tail | None) -> Part | None:
    return None if tail is None else Part(tail.path, tail.offset, tail.length)


def _transfer_entry(transfer: Transfer, kind: str) -> Entry:
    return Entry(
        transfer.next_hop,
        transfer.priority,
        transfer.identifier,
        "report" if transfer.is_report else kind,
        transfer.originator,
        "\n".join(transfer.recipient_names),
        transfer.expiry.timestamp(),
        _head(transfer.buffers),
        _part(transfer.tail),
        _encode(transfer.recipients),
    )


def _held_entry(held: Held, kind: str) -> Entry:
    return Entry(
        DIRECTORY if held.not_before is None else DEFERRED,
        held.priority,
        held.identifier,
        "report" if held.is_report else kind,
        held.originator,
        "\n".join(held.recipient_names),
        NEVER if held.expiry is None else held.expiry.timestamp(),
        _head(held.buffers),
        _part(held.tail),
        _encode(held.recipients),
        due=0.0 if held.not_before is None else held.not_before.timestamp(),
    )


def _delivery_entry(delivery: Delivery) -> Entry:
    detail = DeliveryDetail(
        delivery.user,
        delivery.recipient,
        delivery.envelope,
        delivery.envelope_value,
        delivery.content_is_constructed,
        delivery.subject,
        crc32(delivery.subject),
        0.0 if delivery.arrived is None else delivery.arrived.timestamp(),
    )
    return Entry(
        DELIVERY + delivery.folder,
        1,
        delivery.identifier,
        delivery.kind,
        delivery.originator,
        delivery.user,
        NEVER,
        _head(delivery.buffers),
        _part(delivery.tail),
        _encode(detail),
    )


def stored_of(entry: Entry) -> Stored:
    """The entry's octets, for the MTA's procedures."""
    tail = entry.tail
    return Stored(entry.head, None if tail is None else Tail(tail.path, tail.offset, tail.length))


def recipients_of(entry: Entry) -> tuple[int, ...]:
    """The places of a transfer's recipients in its per-recipient-fields."""
    return _transfer_detail.decode(entry.detail)


def delivery_of(entry: Entry) -> DeliveryDetail:
    """The detail of a delivery entry."""
    return _delivery_detail.decode(entry.detail)


def undelivered(mta: MTA, entry: Entry, reason: NonDelivery | str, now: datetime) -> Outcome:
    """What takes the place of a delivery that is given up: of a report nothing, else a report. Raises InvalidAPDU when
    there is nothing to make it of, or nothing that can be relied upon."""
    if entry.kind == "report":
        discarded = LogRecord("report-discarded", entry.identifier, {"reason": str(reason)})
        return Outcome(entry.identifier, b"", "report", log=[discarded])
    try:
        detail = delivery_of(entry)
    except msgspec.DecodeError as error:
        raise InvalidAPDU(f"the delivery's detail is damaged: {error}") from None
    if not detail.subject or crc32(detail.subject) != detail.subject_checksum:
        raise InvalidAPDU("the delivery's envelope is damaged, or not there")
    return mta.not_delivered(detail.subject, datetime.fromtimestamp(detail.arrived, UTC), reason, now)


@dataclass(slots=True)
class _FileSource:
    """A head in memory, then a part of a file, read and verified as it is sent."""

    head: memoryview
    part: PartReader
    length: int
    damage: str = ""
    """What was found damaged; reading ends there."""

    def read(self, size: int) -> Buffer:
        if self.head:
            piece, self.head = self.head[:size], self.head[size:]
            return piece
        try:
            return self.part.read(size)
        except ContentDamaged as error:
            self.damage = str(error)
            raise


def source_of(entry: Entry | Stored, offset: int = 0) -> rtse.Source:
    """The entry's octets from `offset` on, to be sent; ``close_source`` when they have been. Raises OSError, of which
    ContentDamaged is one."""
    tail, head = entry.tail, memoryview(entry.head)[offset:]
    if tail is None:
        return rtse.BytesSource(head if offset else entry.head)
    part = PartReader(Part(tail.path, tail.offset, tail.length))
    part.skip(max(0, offset - len(entry.head)))
    return _FileSource(head, part, len(head) + part.left)


def close_source(source: rtse.Source) -> None:
    if isinstance(source, _FileSource):
        source.part.close()


def damage_of(source: rtse.Source | None) -> str:
    """What was found damaged of what was being sent; empty: nothing."""
    return source.damage if isinstance(source, _FileSource) else ""
