"""What has come out of the demo's network, held against what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from x400.cli.demo_messages import Comes
from x400.cli.demo_network import Network
from x400.cli.demo_shipments import Shipment

__all__ = ["Arrival", "Arrivals"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One delivery, as it lies in a folder.

    `identifier` is the message's, or the report's own; `at` is when it was written; `fault` is what is wrong with it.
    """

    shipment: Shipment
    expected: Comes
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
        wrong = [
            f"{arrival.shipment.kind.title}: {arrival.fault}" for arrival in self.arrived.values() if arrival.fault
        ]
        missing = [
            f"{shipment.kind.title} {identifier}: nothing came for {one.user} at {one.mta}"
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
        from x400.mts.apdu import type_named
        from x400.mts.identifiers import MTSIdentifier

        about: dict[str, Any] = json.loads((folder / "envelope.json").read_text("utf-8"))
        is_report = about["kind"] == "report"
        kind = "ReportDeliveryEnvelope" if is_report else "MessageDeliveryEnvelope"
        envelope = type_named(kind).decode((folder / "envelope.ber").read_bytes())
        subject = envelope["subject-submission-identifier" if is_report else "message-delivery-identifier"]
        identifier = str(MTSIdentifier.from_value(subject))
        shipment = self.shipments.get(identifier)
        for place, one in enumerate(shipment.expected if shipment is not None else ()):
            if (
                bool(one.outcomes) is is_report
                and one.mta == name
                and one.user == about["recipient"]
                and (identifier, place) not in self.arrived
            ):
                assert shipment is not None
                arrival = _made(shipment, one, folder, about["identifier"], envelope)
                self.arrived[identifier, place] = arrival
                return arrival
        self.unexpected.append(f"not expected: {about['kind']} {identifier} for {about['recipient']} at {name}")
        return None


def _made(shipment: Shipment, expected: Comes, folder: Path, identifier: str, envelope: dict[str, Any]) -> Arrival:
    content = (folder / "content").read_bytes()
    at = (folder / "envelope.json").stat().st_mtime
    if expected.outcomes:
        summary, fault = _report(expected, envelope)
    else:
        summary, fault = _message(shipment, expected, content, envelope)
        if at < shipment.not_before:
            fault = fault or "it was delivered too early"
    return Arrival(shipment, expected, identifier, folder, at, len(content), summary, fault)


def _message(shipment: Shipment, expected: Comes, content: bytes, envelope: dict[str, Any]) -> tuple[str, str]:
    """What a message is, and what is wrong with it or with its way, of which the histories in its envelope tell."""
    from x400.ipm.exceptions import InvalidIPM
    from x400.ipm.message import decode
    from x400.mts.extensions import StandardExtension

    try:
        came = decode(content)
    except InvalidIPM as error:
        return "no message", str(error)
    if came.body != shipment.body:
        return "message", "the body is not the one that was sent"
    lists = tuple(_name(one["dl"]) for one in _history(envelope, StandardExtension.DL_EXPANSION_HISTORY))
    redirections = [
        (_name(one["intended-recipient-name"]["intended-recipient"]), str(one["redirection-reason"]))
        for one in _history(envelope, StandardExtension.REDIRECTION_HISTORY)
    ]
    parts = [f'message "{came.heading.subject}"']
    parts += [f"by the list {name}" for name in lists]
    parts += [f"instead of {name}: {reason}" for name, reason in redirections]
    fault = ""
    if lists != expected.lists:
        fault = f"it came by the lists {lists}, not {expected.lists}"
    elif redirections != ([] if expected.intended is None else [(expected.intended, expected.reason)]):
        fault = f"its redirections were {redirections}, not {expected.intended}: {expected.reason}"
    return "\n".join(parts), fault


def _history(envelope: dict[str, Any], number: int) -> list[dict[str, Any]]:
    from x400.mts.apdu import type_named
    from x400.mts.extensions import StandardExtension

    name = {
        StandardExtension.DL_EXPANSION_HISTORY: "DLExpansionHistory",
        StandardExtension.REDIRECTION_HISTORY: "RedirectionHistory",
    }[StandardExtension(number)]
    for extension in envelope["other-fields"].get("extensions", ()):
        if extension["type"] == ("standard-extension", number):
            history: list[dict[str, Any]] = type_named(name).decode(extension["value"])
            return history
    return []


def _report(expected: Comes, envelope: dict[str, Any]) -> tuple[str, str]:
    """What a report says of each recipient."""
    outcomes = tuple(_outcomes(envelope))
    parts = [f"{'delivery' if what == 'delivery' else 'non-delivery'} report on {name}" for name, what in outcomes]
    parts = [part if what == "delivery" else f"{part}: {what}" for part, (_, what) in zip(parts, outcomes, strict=True)]
    fault = "" if sorted(outcomes) == sorted(expected.outcomes) else f"the report says {outcomes}"
    return "\n".join(parts), fault


def _outcomes(envelope: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for recipient in envelope["per-recipient-fields"]:
        kind, report = recipient["report-type"]
        what = str(kind)
        if what == "non-delivery":
            what = _reason(report.get("non-delivery-reason-code"), report.get("non-delivery-diagnostic-code"))
        yield _name(recipient["actual-recipient-name"]), what


def _reason(reason: int, diagnostic: int | None) -> str:
    from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode, NonDeliveryReasonCode

    try:
        known = None if diagnostic is None else NonDeliveryDiagnosticCode(diagnostic)
        return str(NonDelivery(NonDeliveryReasonCode(reason), known))
    except ValueError:
        return f"reason {reason}, diagnostic {diagnostic}"


def _name(value: dict[str, Any]) -> str:
    from x400.mts.oraddress import ORAddress

    return str(ORAddress.from_value(value))
