"""A new message or probe, as its user submits it (X.411 8.2.1.1.1), or as the MTA that has taken it from its user first
transfers it (12.2.1.1, 12.2.1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from x400.mts.apdu import type_named
from x400.mts.extensions import StandardExtension, field_value
from x400.mts.identifiers import GlobalDomainIdentifier, MTSIdentifier
from x400.mts.oraddress import ORAddress
from x400.mts.trace import utc

__all__ = ["NewRecipient", "Subject", "message", "probe", "submission"]

Priority = Literal["normal", "non-urgent", "urgent"]

ReportRequest = Literal["no-report", "non-delivery-report", "report"]

_ORIGINATOR_REQUEST = {"no-report": 0, "non-delivery-report": 0x08, "report": 0x10}
_MTA_REQUEST = {"no-report": 0x20, "non-delivery-report": 0x20, "report": 0x40, "audited-report": 0x60}


@dataclass(frozen=True, slots=True)
class NewRecipient:
    """One recipient; `report` is what the originator asks for, `mta_report` what the MTA does, at least as much."""

    name: ORAddress
    report: ReportRequest = "non-delivery-report"
    mta_report: Literal["non-delivery-report", "report", "audited-report"] | None = None
    extensions: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What a message and a probe have in common. `content_type` is a number of BuiltInContentType or an OID as text.

    `mta_name` goes into the internal trace information, which is left out without it. `extensions` are ExtensionField
    values; `encoded_information_types` an EncodedInformationTypes value.
    """

    identifier: MTSIdentifier
    originator: ORAddress
    recipients: Sequence[NewRecipient]
    mta_name: str | None = None
    content_type: int | str = 22
    content_identifier: str | None = None
    encoded_information_types: dict[str, Any] | None = None
    disclosure_of_other_recipients: bool = False
    content_return_request: bool = False
    implicit_conversion_prohibited: bool = False
    alternate_recipient_allowed: bool = True
    extensions: tuple[dict[str, Any], ...] = field(default=())

    @property
    def domain(self) -> GlobalDomainIdentifier:
        """The domain in which it originates."""
        return self.identifier.global_domain_identifier


def submission(
    originator: ORAddress,
    recipients: Sequence[NewRecipient],
    *,
    content_type: int | str = 22,
    content_identifier: str | None = None,
    encoded_information_types: dict[str, Any] | None = None,
    priority: Priority = "normal",
    alternate_recipient_allowed: bool = True,
    content_return_request: bool = False,
    deferred_delivery_time: datetime | None = None,
    extensions: Sequence[dict[str, Any]] = (),
) -> bytes:
    """A MessageSubmissionEnvelope; its parts as in `Subject` and `message`."""
    bits = 0x20 * alternate_recipient_allowed | 0x10 * content_return_request
    envelope = _of_both(originator, bits, content_type, content_identifier, encoded_information_types)
    envelope |= {"priority": priority, "per-recipient-fields": [_submitted(one) for one in recipients]}
    if deferred_delivery_time is not None:
        envelope["deferred-delivery-time"] = utc(deferred_delivery_time)
    if extensions:
        envelope["extensions"] = list(extensions)
    return type_named("MessageSubmissionEnvelope").encode(envelope)


def _submitted(recipient: NewRecipient) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "recipient-name": recipient.name.to_value(),
        "originator-report-request": (bytes((_ORIGINATOR_REQUEST[recipient.report],)), 5),
    }
    if recipient.extensions:
        fields["extensions"] = list(recipient.extensions)
    return fields


def _of_both(
    originator: ORAddress,
    indicators: int,
    content_type: int | str,
    content_identifier: str | None,
    encoded_information_types: dict[str, Any] | None,
) -> dict[str, Any]:
    """Members that a submission and a transfer have alike; `indicators` is the octet of the per-message-indicators."""
    envelope: dict[str, Any] = {
        "originator-name": originator.to_value(),
        "content-type": ("built-in" if isinstance(content_type, int) else "extended", content_type),
        "per-message-indicators": (bytes((indicators,)), 8),
    }
    if content_identifier is not None:
        envelope["content-identifier"] = content_identifier
    if encoded_information_types is not None:
        envelope["original-encoded-information-types"] = encoded_information_types
    return envelope


def _envelope(subject: Subject, kind: str, now: datetime) -> dict[str, Any]:
    bits = (
        0x80 * subject.disclosure_of_other_recipients
        | 0x40 * subject.implicit_conversion_prohibited
        | 0x20 * subject.alternate_recipient_allowed
        | 0x10 * subject.content_return_request
    )
    domain = subject.domain.to_value()
    supplied = {"arrival-time": now, "routing-action": "relayed"}
    envelope = _of_both(
        subject.originator, bits, subject.content_type, subject.content_identifier, subject.encoded_information_types
    )
    envelope |= {
        f"{kind}-identifier": subject.identifier.to_value(),
        "trace-information": [{"global-domain-identifier": domain, "domain-supplied-information": supplied}],
        "per-recipient-fields": [_recipient(number, one) for number, one in enumerate(subject.recipients, 1)],
    }
    extensions = [*subject.extensions]
    if subject.mta_name is not None:
        own = {"global-domain-identifier": domain, "mta-name": subject.mta_name, "mta-supplied-information": supplied}
        internal = type_named("InternalTraceInformation", "MTAAbstractService").encode([own])
        extensions.append(field_value(StandardExtension.INTERNAL_TRACE_INFORMATION, internal))
    if extensions:
        envelope["extensions"] = extensions
    return envelope


def _recipient(number: int, recipient: NewRecipient) -> dict[str, Any]:
    bits = 0x80 | _MTA_REQUEST[recipient.mta_report or recipient.report] | _ORIGINATOR_REQUEST[recipient.report]
    fields: dict[str, Any] = {
        "recipient-name": recipient.name.to_value(),
        "originally-specified-recipient-number": number,
        "per-recipient-indicators": (bytes((bits,)), 8),
    }
    if recipient.extensions:
        fields["extensions"] = list(recipient.extensions)
    return fields


def message(
    subject: Subject,
    content: bytes,
    now: datetime,
    *,
    priority: Priority = "normal",
    deferred_delivery_time: datetime | None = None,
) -> bytes:
    """The MTS-APDU of a message whose content is `content`."""
    envelope = _envelope(subject, "message", utc(now))
    envelope["priority"] = priority
    if deferred_delivery_time is not None:
        envelope["deferred-delivery-time"] = utc(deferred_delivery_time)
    value = ("message", {"envelope": envelope, "content": content})
    return type_named("MTS-APDU", "MTSTransferProtocol").encode(value)


def probe(subject: Subject, content_length: int, now: datetime) -> bytes:
    """The MTS-APDU of a probe for a message of that many octets."""
    envelope = _envelope(subject, "probe", utc(now))
    envelope["content-length"] = content_length
    return type_named("MTS-APDU", "MTSTransferProtocol").encode(("probe", envelope))
