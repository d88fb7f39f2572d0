"""The MTA of these tests, what is sent to it, and short ways to look at what it does."""

from __future__ import annotations

from typing import Any

from tests.mta.samples import BOB, DAVE, ERIN, NOW, decoded, mta, routes, sent, taken
from x400.asn1 import specification
from x400.mta import MTA, DistributionList, Outcome, ReportPolicy, Route, Stored, Transfer, User
from x400.mts.extensions import field_value
from x400.mts.oraddress import ORAddress
from x400.mts.originate import NewRecipient

MTS = specification().modules["MTSAbstractService"]
MTA_TYPES = specification().modules["MTAAbstractService"]
STAFF = "/C=GB/A=OWNADMD/P=OWN/CN=Staff/"
CREW = "/C=GB/A=OWNADMD/P=OWN/CN=Crew/"
POSTMASTER = "/C=GB/A=OWNADMD/P=OWN/O=Here/S=Postmaster/"
OWNER = "/C=GB/A=EAST/P=E/O=X/S=Owner/"


def name(text: str) -> ORAddress:
    return ORAddress.parse(text)


def text_of(value: Any) -> str:
    return str(ORAddress.from_value(value))


def a_list(address: str, *members: str, **more: Any) -> DistributionList:
    return DistributionList(name(address), tuple(map(name, members)), **more)


def with_lists(*lists: DistributionList, **changes: Any) -> MTA:
    return mta(distribution_lists=lists, **changes)


def redirecting(user: str, to: str, **changes: Any) -> MTA:
    return mta(users=(User(name(user), alternate_recipient=name(to)),), **changes)


def listed(**changes: Any) -> MTA:
    """Knows Dave and the postmaster, who gets what is for others."""
    here = Route(
        name("/C=GB/A=OWNADMD/P=OWN/O=Here/"), deliver="here", listed_users=True, alternate_recipient=name(POSTMASTER)
    )
    others = [route for route in routes() if route.peer]
    return mta(routes=(*others, here), users=(User(name(DAVE)), User(name(POSTMASTER))), **changes)


def with_alternate(to: str, alternate: str, **more: Any) -> NewRecipient:
    value = MTS["OriginatorRequestedAlternateRecipient"].encode(name(alternate).to_value())
    return NewRecipient(name(to), extensions=(field_value(2, value),), **more)


def critical(number: int | str, bits: int) -> dict[str, Any]:
    kind = "standard-extension" if isinstance(number, int) else "private-extension"
    return {"type": (kind, number), "criticality": (bytes((bits,)), 3), "value": b"\x05\x00"}


def prohibited(number: int) -> dict[str, Any]:
    """An extension of the kind allowed(0), prohibited(1)."""
    return {"type": ("standard-extension", number), "value": b"\x0a\x01\x01"}


def onward(outcome: Outcome) -> list[Transfer]:
    return [transfer for transfer in outcome.transfers if not transfer.is_report]


def envelope_of(transfer: Transfer) -> dict[str, Any]:
    value = decoded(transfer)[1]
    found: dict[str, Any] = value.get("envelope", value)
    return found


def extension(fields: list[dict[str, Any]], number: int) -> bytes:
    return next(bytes(field["value"]) for field in fields if field["type"] == ("standard-extension", number))


def history_of(fields: dict[str, Any]) -> list[tuple[str, str]]:
    history = MTS["RedirectionHistory"].decode(extension(fields["extensions"], 25))
    return [
        (text_of(one["intended-recipient-name"]["intended-recipient"]), one["redirection-reason"]) for one in history
    ]


def internal_of(envelope: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = MTA_TYPES["InternalTraceInformation"].decode(extension(envelope["extensions"], 38))
    return found


def last_trace(envelope: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = envelope["trace-information"][-1]["domain-supplied-information"]
    return found


def delivered_envelope(outcome: Outcome) -> dict[str, Any]:
    (delivery,) = outcome.deliveries
    fields: dict[str, Any] = MTS["MessageDeliveryEnvelope"].decode(delivery.envelope)["other-fields"]
    return fields


def passed_through(one: MTA, other: MTA, octets: bytes) -> Outcome:
    """What `one` makes of what comes back to it by way of `other`."""
    (out,) = onward(taken(octets, one))
    (back,) = onward(other.message_in(out.stored(), "own", NOW))
    return one.message_in(back.stored(), "back", NOW)


__all__ = [
    "BOB",
    "CREW",
    "DAVE",
    "ERIN",
    "OWNER",
    "POSTMASTER",
    "STAFF",
    "ReportPolicy",
    "Stored",
    "a_list",
    "critical",
    "delivered_envelope",
    "envelope_of",
    "extension",
    "history_of",
    "internal_of",
    "last_trace",
    "listed",
    "name",
    "onward",
    "passed_through",
    "prohibited",
    "redirecting",
    "sent",
    "text_of",
    "with_alternate",
    "with_lists",
]
