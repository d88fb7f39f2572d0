"""The demo's messages and probes as they are handed in, with what is expected of each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from x400.cli.arguments import domain_of
from x400.cli.demo_messages import KINDS, Comes, Kind, To

if TYPE_CHECKING:
    from x400.ipm.body_parts import BodyPart
    from x400.mts.identifiers import MTSIdentifiers
    from x400.mts.originate import NewRecipient

__all__ = ["Shipment", "shipments"]


@dataclass(frozen=True, slots=True)
class Shipment:
    """One that is handed in: its MTS identifier, its octets, the body it has or would have, and the time, in seconds
    since 1970, before which it is not to be delivered."""

    kind: Kind
    identifier: str
    apdu: bytes
    body: tuple[BodyPart, ...]
    not_before: float

    @property
    def expected(self) -> tuple[Comes, ...]:
        """What is to come of it."""
        return self.kind.comes


def shipments(identifiers: dict[str, MTSIdentifiers], now: datetime, number: int) -> Iterator[Shipment]:
    """One of each kind; `identifiers` makes those of each domain, `number` tells one round from another."""
    for kind in KINDS:
        yield _shipment(kind, _body(kind, now, number), identifiers[kind.mta], now)


def _body(kind: Kind, now: datetime, number: int) -> tuple[BodyPart, ...]:
    from x400.ipm.body_parts import File, Text

    if not kind.attachment:
        return (Text(kind.text),)
    octets = random.Random(number).randbytes(kind.attachment)
    return Text(kind.text), File("archive.bin", octets, now.replace(microsecond=0))


def _shipment(kind: Kind, body: tuple[BodyPart, ...], identifiers: MTSIdentifiers, now: datetime) -> Shipment:
    from x400.ipm.body_parts import encoded_information_types
    from x400.ipm.heading import Heading, Recipient
    from x400.ipm.message import encode
    from x400.mts.oraddress import ORAddress
    from x400.mts.originate import Subject, message, probe

    originator = ORAddress.parse(kind.originator)
    identifier = identifiers.new(now)
    assert domain_of(originator) == identifier.global_domain_identifier
    recipients = [_recipient(to) for to in kind.to]
    heading = Heading(
        identifier.local_identifier, originator, tuple(Recipient(one.name) for one in recipients), subject=kind.title
    )
    subject = Subject(
        identifier,
        originator,
        recipients,
        mta_name="users",
        encoded_information_types=encoded_information_types(body),
    )
    content = encode(heading, body)
    until = (now + timedelta(seconds=kind.deferred)).replace(microsecond=0) if kind.deferred else None
    if kind.probe:
        apdu = probe(subject, len(content), now)
    else:
        apdu = message(subject, content, now, priority=kind.priority, deferred_delivery_time=until)
    return Shipment(kind, str(identifier), apdu, body, until.timestamp() if until is not None else 0.0)


def _recipient(to: To) -> NewRecipient:
    from x400.mts.apdu import type_named
    from x400.mts.extensions import StandardExtension, field_value
    from x400.mts.oraddress import ORAddress
    from x400.mts.originate import NewRecipient

    extensions: tuple[dict[str, Any], ...] = ()
    if to.alternate is not None:
        name = type_named("OriginatorRequestedAlternateRecipient", "MTAAbstractService")
        value = name.encode(ORAddress.parse(to.alternate).to_value())
        extensions = (field_value(StandardExtension.ORIGINATOR_REQUESTED_ALTERNATE_RECIPIENT, value),)
    return NewRecipient(ORAddress.parse(to.address), to.report, extensions=extensions)
