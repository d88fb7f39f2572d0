"""The delivery port (X.411 8.3.1, 14.7): the envelope that a local user gets with a message or a report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import fastber
from x400.mta.conversion_decision import converted_types
from x400.mta.outcome import Delivery
from x400.mta.redirection import history_of
from x400.mts.apdu import Apdu, Recipient, type_named
from x400.mts.extensions import Extension, StandardExtension, field_value, tlv
from x400.mts.plain import plain
from x400.mts.reports import Indicators
from x400.mts.stored import Tail
from x400.mts.trace import utc

if TYPE_CHECKING:
    from x400.mta.routing_and_conversion_decision import Decision

__all__ = ["NO_CONTENT", "deliver_message", "deliver_report", "subject_of"]

_NOT_DELIVERED = frozenset(
    {
        StandardExtension.RECIPIENT_REASSIGNMENT_PROHIBITED,
        StandardExtension.ORIGINATOR_REQUESTED_ALTERNATE_RECIPIENT,
        StandardExtension.DL_EXPANSION_PROHIBITED,
        StandardExtension.LATEST_DELIVERY_TIME,
        StandardExtension.PROOF_OF_SUBMISSION_REQUEST,
        StandardExtension.CONTENT_CORRELATOR,
    }
)
"""Extensions of the transfer that MessageDeliveryExtensions has not."""

_IMPLICIT_CONVERSION_PROHIBITED = 0x40
_PER_RECIPIENT_FIELDS = 0xA2
"""Its tag in the MessageTransferEnvelope."""

NO_CONTENT = Tail("", 0, 0)
"""What stands behind a subject: the content is left out."""


def _field(extension: Extension) -> dict[str, Any]:
    if isinstance(extension.type, int):
        field = field_value(extension.type, extension.value)
    else:
        field = {"type": ("private-extension", extension.type), "value": extension.value}
    if extension.criticality:
        field["criticality"] = (bytes((extension.criticality,)), 3)
    return field


def _trace_fields(apdu: Apdu, present: set[int | str]) -> list[dict[str, Any]]:
    """The trace that came with it, which since 1994 may be shown to the user."""
    number = StandardExtension.TRACE_INFORMATION
    if number in present:
        return []
    return [field_value(number, bytes(apdu.envelope["trace-information"].raw))]


def subject_of(apdu: Apdu, recipient: Recipient, *, alone: bool) -> bytes:
    """A message up to the first octet of its content, with no recipient but this one (`alone`: it has no other).

    That is all of it that a report is made of, as this MTA returns no content that it cannot vouch for.
    """
    octets = bytes(memoryview(apdu.stored.head)[: apdu.contents_at()])
    if alone:
        return octets
    only = fastber.Raw(tlv(_PER_RECIPIENT_FIELDS, bytes(recipient.view.raw)))
    beginning = type_named("MTS-APDU", "MTSTransferProtocol").view(octets, partial=True)
    return b"".join(beginning.splice({f"{apdu.path}per-recipient-fields": only}))


def deliver_message(
    apdu: Apdu,
    recipient: Recipient,
    decision: Decision,
    others: Sequence[Recipient],
    now: datetime,
    arrived: datetime,
) -> Delivery:
    """Deliver to one recipient. `others` are all the other recipients of the envelope; the message came into this
    domain at `arrived`.

    They are not disclosed to a member of a distribution list: they are members too, not whom the originator named.
    """
    assert decision.folder is not None
    fields = [_field(e) for e in (*apdu.extensions, *recipient.extensions) if e.type not in _NOT_DELIVERED]
    known = {field["type"][1] for field in fields}
    fields += _trace_fields(apdu, known)
    content_type = apdu.value("content-type")
    other_fields: dict[str, Any] = {
        "content-type": content_type,
        "originator-name": apdu.value("originator-name"),
        "this-recipient-name": recipient.view["recipient-name"].value,
        "message-submission-time": apdu.submission_time or utc(now),
        "extensions": fields,
    }
    for member in ("original-encoded-information-types", "content-identifier", "priority"):
        value = apdu.value(member)
        if value is not None:
            other_fields[member] = value
    indicators = apdu.value("per-message-indicators")
    if indicators and indicators[0] and indicators[0][0] & _IMPLICIT_CONVERSION_PROHIBITED:
        other_fields["delivery-flags"] = (bytes((_IMPLICIT_CONVERSION_PROHIBITED,)), 2)
    if apdu.disclosure_of_other_recipients and others and StandardExtension.DL_EXPANSION_HISTORY not in known:
        other_fields["other-recipient-names"] = [other.view["recipient-name"].value for other in others]
    converted = converted_types(apdu)
    if converted is not None:
        other_fields["converted-encoded-information-types"] = converted
    history = history_of(recipient.extensions)
    if history:
        intended = history[0]["intended-recipient-name"]["intended-recipient"]
        other_fields["originally-intended-recipient-name"] = intended
    envelope = {
        "message-delivery-identifier": apdu.value("message-identifier"),
        "message-delivery-time": utc(now),
        "other-fields": other_fields,
    }
    octets = type_named("MessageDeliveryEnvelope").encode(envelope)
    contents = apdu.contents()
    return Delivery(
        kind="message",
        identifier=apdu.identifier,
        user=decision.recipient,
        folder=decision.folder,
        recipient=recipient.index,
        buffers=contents.buffers,
        tail=contents.tail,
        envelope=octets,
        envelope_value=plain(envelope),
        originator=apdu.originator.text,
        content_is_constructed=contents.constructed,
        number=recipient.view["originally-specified-recipient-number"].value,
        subject=subject_of(apdu, recipient, alone=not others),
        arrived=arrived,
    )


def deliver_report(apdu: Apdu, decision: Decision) -> Delivery | None:
    """Deliver a report to the originator of its subject; None when the originator asked for none of it.

    The originating MTA's own requests brought it here; the originator sees what the originator-report-request in each
    recipient's indicators asks for (X.411 14.7, report-delivery).
    """
    assert decision.folder is not None
    content = apdu.body["content"]
    recipients = [_per_recipient(view) for view in content["per-recipient-fields"] if _is_wanted(view)]
    if not recipients:
        return None
    fields = [_field(extension) for extension in apdu.extensions]
    correlators = (e for e in _content_extensions(content) if e.type == StandardExtension.CONTENT_CORRELATOR)
    fields += [_field(extension) for extension in correlators]
    fields += _trace_fields(apdu, {field["type"][1] for field in fields})
    envelope: dict[str, Any] = {
        "subject-submission-identifier": content["subject-identifier"].value,
        "extensions": fields,
        "per-recipient-fields": recipients,
    }
    for member in ("content-identifier", "content-type", "original-encoded-information-types"):
        view = content.get(member)
        if view is not None:
            envelope[member] = view.value
    contents = apdu.returned_content()
    return Delivery(
        kind="report",
        identifier=apdu.identifier,
        user=decision.recipient,
        folder=decision.folder,
        recipient=0,
        buffers=contents.buffers,
        tail=None,
        envelope=type_named("ReportDeliveryEnvelope").encode(envelope),
        envelope_value=plain(envelope),
        originator="",
    )


def _content_extensions(content: Any) -> Any:
    from x400.mts.extensions import extensions

    return extensions(content.get("extensions"))


def _is_wanted(view: Any) -> bool:
    indicators = Indicators(view["per-recipient-indicators"].value)
    if view["last-trace-information"]["report-type"].choice == "delivery":
        return indicators.originator_report
    return indicators.originator_non_delivery_report


def _per_recipient(view: Any) -> dict[str, Any]:
    last = view["last-trace-information"]
    fields: dict[str, Any] = {
        "actual-recipient-name": view["actual-recipient-name"].value,
        "report-type": last["report-type"].value,
    }
    converted = last.get("converted-encoded-information-types")
    if converted is not None:
        fields["converted-encoded-information-types"] = converted.value
    for member in ("originally-intended-recipient-name", "supplementary-information", "extensions"):
        part = view.get(member)
        if part is not None:
            fields[member] = part.value
    return fields
