"""What has come out of the demo's network, held against what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from x400.cli.demo_messages import Expected, Shipment
from x400.cli.demo_network import Network

__all__ = ["Arrival", "Arrivals"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One delivery, as it lies in a folder.

    `identifier` is the message's, or the report's own; `at` is when it was written; `fault` is what is wrong with it.
    """

    shipment: Shipment
    expected: Expected
    identifier: str
    folder: Path
    at: float
    octets: int
    summary: str
    fault: str = ""


@dataclass(slots=True)
class Arrivals:
    """Looks into the delivery folders of a network for what is to come of the shipments."""

    network: Network
    shipments: dict[str, Shipment] = field(default_factory=dict)
    arrived: dict[tuple[str, int], Arrival] = field(default_factory=dict)
    """By the shipment's identifier and the place of what was expected."""
    unexpected: list[str] = field(default_factory=list)
    _seen: set[Path] = field(default_factory=set)

    def add(self, shipments: Iterable[Shipment]) -> None:
        """Expect what is to come of these."""
        self.shipments.update({shipment.identifier: shipment for shipment in shipments})

    @property
    def outstanding(self) -> int:
        """How many deliveries are still to come."""
        return sum(len(shipment.expected) for shipment in self.shipments.values()) - len(self.arrived)

    @property
    def faults(self) -> list[str]:
        """All that is not as expected."""
        wrong = [f"{arrival.shipment.title}: {arrival.fault}" for arrival in self.arrived.values() if arrival.fault]
        missing = [
            f"{shipment.title} {identifier}: nothing came for {one.user} at {one.mta}"
            for identifier, shipment in self.shipments.items()
            for place, one in enumerate(shipment.expected)
            if (identifier, place) not in self.arrived
        ]
        return wrong + missing + self.unexpected

    def of(self, shipment: Shipment) -> list[Arrival]:
        """What has come of one shipment."""
        return [arrival for (identifier, _), arrival in self.arrived.items() if identifier == shipment.identifier]

    def look(self) -> list[Arrival]:
        """What has come since the last look."""
        found = []
        for name, mta in self.network.mtas.items():
            for folder in mta.delivered.iterdir():
                if folder.name.startswith(".") or folder in self._seen:
                    continue
                self._seen.add(folder)
                arrival = self._arrival(name, folder)
                if arrival is not None:
                    found.append(arrival)
        return found

    def _arrival(self, name: str, folder: Path) -> Arrival | None:
        about: dict[str, Any] = json.loads((folder / "envelope.json").read_text("utf-8"))
        envelope = about["envelope"]
        identifier = about["identifier"] if about["kind"] == "message" else _subject_identifier(envelope)
        shipment = self.shipments.get(identifier)
        for place, one in enumerate(shipment.expected if shipment is not None else ()):
            if (
                one.kind == about["kind"]
                and one.mta == name
                and str(one.user) == about["recipient"]
                and (identifier, place) not in self.arrived
            ):
                assert shipment is not None
                arrival = self._made(shipment, one, folder, about)
                self.arrived[identifier, place] = arrival
                return arrival
        self.unexpected.append(f"not expected: {about['kind']} {identifier} for {about['recipient']} at {name}")
        return None

    def _made(self, shipment: Shipment, expected: Expected, folder: Path, about: dict[str, Any]) -> Arrival:
        content = (folder / "content").read_bytes()
        at = (folder / "envelope.json").stat().st_mtime
        if expected.kind == "message":
            summary, fault = _message(shipment, content)
        else:
            summary, fault = _report(expected, about["envelope"])
        return Arrival(shipment, expected, about["identifier"], folder, at, len(content), summary, fault)


def _message(shipment: Shipment, content: bytes) -> tuple[str, str]:
    from x400.ipm.exceptions import InvalidIPM
    from x400.ipm.message import decode

    try:
        came = decode(content)
    except InvalidIPM as error:
        return "no message", str(error)
    if came.body != shipment.body:
        return "message", "the body is not the one that was sent"
    return f'message "{came.heading.subject}"', ""


def _report(expected: Expected, envelope: dict[str, Any]) -> tuple[str, str]:
    """Of a non-delivery report about one recipient."""
    from x400.mts.oraddress import ORAddress

    (recipient,) = envelope["per-recipient-fields"]
    ((kind, report),) = recipient["report-type"].items()
    if kind != "non-delivery":
        return "delivery report", "a non-delivery report was expected"
    codes = [report.get("non-delivery-reason-code"), report.get("non-delivery-diagnostic-code")]
    summary = f"non-delivery report: {_reason(codes)}"
    name = ORAddress.from_value(_value(recipient["actual-recipient-name"]))
    return summary, "" if str(name) == expected.about else f"the report is about {name}"


def _reason(codes: list[Any]) -> str:
    from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode, NonDeliveryReasonCode

    reason, diagnostic = (code if isinstance(code, int) else None for code in codes)
    if reason is None:
        return ", ".join(str(code) for code in codes if code is not None)
    known = diagnostic if diagnostic in {code.value for code in NonDeliveryDiagnosticCode} else None
    return str(NonDelivery(NonDeliveryReasonCode(reason), None if known is None else NonDeliveryDiagnosticCode(known)))


def _subject_identifier(envelope: dict[str, Any]) -> str:
    from x400.mts.identifiers import MTSIdentifier

    return str(MTSIdentifier.from_value(_value(envelope["subject-submission-identifier"])))


def _value(plain: Any) -> Any:
    """Back from plain data to a value, as far as names and identifiers need it: choices are pairs again."""
    if isinstance(plain, dict):
        return {
            name: next(iter(member.items())) if name in _CHOICES and isinstance(member, dict) else _value(member)
            for name, member in plain.items()
        }
    if isinstance(plain, list):
        return [_value(member) for member in plain]
    return plain


_CHOICES = frozenset({"country-name", "administration-domain-name", "private-domain-name", "private-domain-identifier"})
"""The members of names and identifiers that are choices."""
