"""What the demo sends, and what is expected to come of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from x400.cli.arguments import domain_of
from x400.cli.demo_network import domain

if TYPE_CHECKING:
    from x400.ipm.body_parts import BodyPart
    from x400.mts.identifiers import MTSIdentifiers
    from x400.mts.oraddress import ORAddress

__all__ = ["KINDS", "Expected", "Shipment", "shipments"]

Name = Literal["north", "middle", "south"]

FLIGHT_PLAN = """\
PRI: FF
FT: 251130
(FPL-XFO400-IS
-A320/M-SDE2FGHIRWY/LB1
-EGLL1230
-N0450F370 DET UL6 DVR UL9 KONAN UL607 SPI T180 UNOKO
-EDDF0110 EDDK
-PBN/A1B1C1D1L1O1S1 DOF/261125 REG/GXFOU EET/EBUR0020 EDGG0040 OPR/X400)
"""

INVOICE = """\
UNA:+.? '
UNB+UNOA:2+5012345000008:14+5098765000005:14+261125:1130+400'
UNH+1+INVOIC:D:96A:UN:EAN008'
BGM+380+INV-400+9'
DTM+137:20261125:102'
RFF+ON:PO-1988'
NAD+SU+5012345000008::9'
NAD+BY+5098765000005::9'
CUX+2:GBP:4'
LIN+1++4000862141404:SRV'
QTY+47:48'
PRI+AAA:12.50'
UNS+S'
MOA+77:600.00'
UNT+13+1'
UNZ+1+400'
"""

NOTE = """\
One message, two recipients: the middle MTA delivers one copy itself, and passes the other on.
"""

ATTACHMENT_LENGTH = 5 << 20


@dataclass(frozen=True, slots=True)
class Expected:
    """One delivery that is to come: a message for a user at an MTA, or a non-delivery report for the originator."""

    kind: Literal["message", "report"]
    mta: Name
    user: ORAddress
    about: str = ""
    """For a report: the recipient it is about, as text."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """A message that is handed in at `mta`, and what is to come of it."""

    title: str
    mta: Name
    identifier: str
    apdu: bytes
    originator: ORAddress
    body: tuple[BodyPart, ...]
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class _Kind:
    title: str
    mta: Name
    originator: str
    recipients: tuple[tuple[Name | None, str], ...]
    """At which MTA the recipient is, None for nowhere; the user part of the address, or the whole."""
    priority: Literal["normal", "non-urgent", "urgent"]


KINDS: tuple[_Kind, ...] = (
    _Kind("flight plan", "north", "O=Airline/S=Dispatch/", (("south", "O=Tower/S=EDDF/"),), "urgent"),
    _Kind("EDIFACT invoice", "south", "O=Supplier/S=Accounts/", (("north", "O=Buyer/S=Invoices/"),), "normal"),
    _Kind(
        "text to two domains",
        "north",
        "O=Home/S=Alice/",
        (("middle", "O=Home/S=Bob/"), ("south", "O=Home/S=Carol/")),
        "normal",
    ),
    _Kind("5 MB attachment", "north", "O=Home/S=Alice/", (("south", "O=Archive/S=Files/"),), "non-urgent"),
    _Kind("to nobody", "north", "O=Home/S=Alice/", ((None, "/C=GB/A=DEMO/P=NOWHERE/O=Home/S=Nobody/"),), "normal"),
)


def shipments(identifiers: dict[str, MTSIdentifiers], now: datetime, number: int) -> Iterator[Shipment]:
    """One of each kind; `identifiers` makes those of each domain, `number` tells one round from another."""
    from x400.ipm.body_parts import File, Text

    attachment = random.Random(number).randbytes(ATTACHMENT_LENGTH)
    bodies: tuple[tuple[BodyPart, ...], ...] = (
        (Text(FLIGHT_PLAN),),
        (Text(INVOICE),),
        (Text(NOTE),),
        (Text("As promised.\n"), File("archive.bin", attachment, now.replace(microsecond=0))),
        (Text("Is anybody there?\n"),),
    )
    for kind, body in zip(KINDS, bodies, strict=True):
        yield _shipment(kind, body, identifiers[kind.mta], now)


def _shipment(kind: _Kind, body: tuple[BodyPart, ...], identifiers: Any, now: datetime) -> Shipment:
    from x400.ipm.body_parts import encoded_information_types
    from x400.ipm.heading import Heading, Recipient
    from x400.ipm.message import encode
    from x400.mts.oraddress import ORAddress
    from x400.mts.originate import NewRecipient, Subject, message

    originator = ORAddress.parse(domain(kind.mta) + kind.originator)
    addresses = [ORAddress.parse((domain(mta) if mta else "") + user) for mta, user in kind.recipients]
    identifier = identifiers.new(now)
    assert domain_of(originator) == identifier.global_domain_identifier
    heading = Heading(
        identifier.local_identifier, originator, tuple(Recipient(one) for one in addresses), subject=kind.title
    )
    subject = Subject(
        identifier,
        originator,
        [NewRecipient(one) for one in addresses],
        mta_name="users",
        encoded_information_types=encoded_information_types(body),
    )
    expected = tuple(
        Expected("report", kind.mta, originator, str(address)) if mta is None else Expected("message", mta, address)
        for (mta, _), address in zip(kind.recipients, addresses, strict=True)
    )
    apdu = message(subject, encode(heading, body), now, priority=kind.priority)
    return Shipment(kind.title, kind.mta, str(identifier), apdu, originator, body, expected)
