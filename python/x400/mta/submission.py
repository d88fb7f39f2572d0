"""The submission port (X.411 8.2.1, 14.6): message-submission and probe-submission, as an MTA takes them from its user.

What is wrong with a submission is an error for who submits, and nothing has happened then; else the message or probe
gets its identifier and goes the way of all others, its trace beginning here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import fastber
from x400.mta.outcome import Outcome
from x400.mts.apdu import type_named
from x400.mts.criticality import not_understood
from x400.mts.exceptions import InvalidORAddress
from x400.mts.extensions import FOR_SUBMISSION, StandardExtension
from x400.mts.fields import first_octet
from x400.mts.identifiers import MTSIdentifier
from x400.mts.oraddress import ORAddress
from x400.mts.stored import Buffer, Stored
from x400.mts.trace import aware

if TYPE_CHECKING:
    from x400.mta.mta import MTA

__all__ = ["SubmissionError", "SubmissionRefused", "Submitted", "message_submission", "probe_submission"]

SubmissionError = Literal[
    "originator-invalid", "recipient-improperly-specified", "inconsistent-request", "unsupported-critical-function"
]
"""The abstract-errors of X.411 8.2.2 that there are reasons for here."""

_FOR_THIS_MTA = frozenset({StandardExtension.PROOF_OF_SUBMISSION_REQUEST, StandardExtension.FORWARDING_REQUEST})
"""Extensions of a submission that no transfer has."""

_COPIED = (
    "originator-name",
    "original-encoded-information-types",
    "content-type",
    "content-identifier",
    "priority",
    "per-message-indicators",
    "deferred-delivery-time",
    "content-length",
)
_RESPONSIBILITY, _MTA_REPORT, _MTA_NON_DELIVERY_REPORT = 0x80, 0x40, 0x20
_ORIGINATOR_REPORT, _ORIGINATOR_REQUESTS = 0x10, 0x18


class SubmissionRefused(Exception):
    """An abstract-error: its name, why, and of recipient-improperly-specified the names."""

    def __init__(self, error: SubmissionError, why: str, recipients: Sequence[Any] = ()) -> None:
        super().__init__(f"{error}: {why}")
        self.error = error
        self.recipients = tuple(recipients)
        """As ORName values."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The result of a submission (X.411 8.2.1.1.2, 8.2.1.2.2), and what has become of it."""

    identifier: MTSIdentifier
    time: datetime
    content_identifier: str | None
    outcome: Outcome


def message_submission(mta: MTA, envelope: Buffer, content: bytes, now: datetime) -> Submitted:
    """A MessageSubmissionEnvelope and its content (X.411 14.6.1). Raises SubmissionRefused, fastber.DecodeError."""
    value = type_named("MessageSubmissionEnvelope").decode(envelope)
    fields = _checked(value)
    deferred, latest = value.get("deferred-delivery-time"), _latest_delivery_time(fields)
    if deferred is not None and latest is not None and aware(deferred) > latest:
        raise SubmissionRefused("inconsistent-request", "deferred beyond its latest-delivery-time")
    identifier = mta.identifiers.new(now)
    transfer = _transfer(value, "message", identifier, fields)
    return _taken(mta, ("message", {"envelope": transfer, "content": content}), identifier, value, now)


def probe_submission(mta: MTA, envelope: Buffer, now: datetime) -> Submitted:
    """A ProbeSubmissionEnvelope (X.411 14.6.2). Raises SubmissionRefused, fastber.DecodeError."""
    value = type_named("ProbeSubmissionEnvelope").decode(envelope)
    identifier = mta.identifiers.new(now)
    return _taken(mta, ("probe", _transfer(value, "probe", identifier, _checked(value))), identifier, value, now)


def _taken(mta: MTA, apdu: Any, identifier: MTSIdentifier, value: dict[str, Any], now: datetime) -> Submitted:
    octets = type_named("MTS-APDU", "MTSTransferProtocol").encode(apdu)
    outcome = mta.message_in(Stored(octets), "", now)
    return Submitted(identifier, now, value.get("content-identifier"), outcome)


# ---- what is looked at


def _checked(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The per-message extensions of a submission that can be taken."""
    fields: list[dict[str, Any]] = value.get("extensions", [])
    recipients = value["per-recipient-fields"]
    for several in (fields, *(one.get("extensions", []) for one in recipients)):
        if strange := not_understood(several, FOR_SUBMISSION):
            raise SubmissionRefused("unsupported-critical-function", f"extension {strange[0]} is not supported")
    if why := _problem(value["originator-name"]):
        raise SubmissionRefused("originator-invalid", why)
    improper = [one["recipient-name"] for one in recipients if _problem(one["recipient-name"])]
    if improper:
        raise SubmissionRefused("recipient-improperly-specified", _problem(improper[0]), improper)
    return fields


def _problem(value: dict[str, Any]) -> str:
    """Which rule of its form an ORName's address breaks (X.402 18.5); nothing where it keeps them."""
    try:
        return "; ".join(ORAddress.from_value(value).problems())
    except InvalidORAddress as error:
        return str(error)


def _latest_delivery_time(fields: list[dict[str, Any]]) -> datetime | None:
    for field in fields:
        if field["type"][1] == StandardExtension.LATEST_DELIVERY_TIME:
            try:
                return aware(type_named("Time").decode(field["value"]))
            except fastber.DecodeError as error:
                raise SubmissionRefused("inconsistent-request", f"latest-delivery-time: {error}") from None
    return None


# ---- what is made of it


def _transfer(
    value: dict[str, Any], kind: str, identifier: MTSIdentifier, fields: list[dict[str, Any]]
) -> dict[str, Any]:
    """The envelope for the transfer, its trace still empty: the front-end begins it."""
    envelope = {member: value[member] for member in _COPIED if member in value}
    envelope |= {
        f"{kind}-identifier": identifier.to_value(),
        "trace-information": [],
        "per-recipient-fields": [
            _recipient(number, one) for number, one in enumerate(value["per-recipient-fields"], 1)
        ],
    }
    kept = [field for field in fields if field["type"][1] not in _FOR_THIS_MTA]
    if kept:
        envelope["extensions"] = kept
    return envelope


def _recipient(number: int, submitted: dict[str, Any]) -> dict[str, Any]:
    """The per-recipient fields; this MTA wants to hear at least what the originator does (X.411 12.2.1.1.1.7)."""
    request = first_octet(submitted["originator-report-request"]) & _ORIGINATOR_REQUESTS
    own = _MTA_REPORT if request & _ORIGINATOR_REPORT else _MTA_NON_DELIVERY_REPORT
    fields = {
        "recipient-name": submitted["recipient-name"],
        "originally-specified-recipient-number": number,
        "per-recipient-indicators": (bytes((_RESPONSIBILITY | own | request,)), 8),
    }
    for member in ("explicit-conversion", "extensions"):
        if submitted.get(member):
            fields[member] = submitted[member]
    return fields
