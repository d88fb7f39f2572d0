"""The report-generation procedure (X.411 14.4): one report on some recipients of one message or probe.

The report is addressed to the originator, or to the last distribution list on the way. It carries what ties it to its
subject (identifier, content identifier, correlator), for each recipient what happened, the subject's trace where an
audited report is asked for, and the content where the originator wants it back and a recipient was not served.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import fastber
from x400.mta.conversion_decision import converted_types
from x400.mta.redirection import history_of
from x400.mts.apdu import Apdu, Recipient, type_named
from x400.mts.exceptions import InvalidORAddress
from x400.mts.extensions import Extension, StandardExtension, field_value
from x400.mts.reports import NonDelivery, printable
from x400.mts.trace import utc

if TYPE_CHECKING:
    from x400.mta.configuration import MTAConfiguration
    from x400.mts.identifiers import MTSIdentifier

__all__ = ["Delivered", "Outlook", "report_generation"]

_COPIED = ("original-encoded-information-types", "content-type", "content-identifier")
_DOMAINS = ("country-name", "administration-domain-name", "private-domain-name", "organization-name")


@dataclass(frozen=True, slots=True)
class Delivered:
    """A recipient that was served, or for a probe could be: type_of_mts_user as in X.411 8.3.1.2.1.6.

    `converted` are the encoded information types that a probe's message would be converted to.
    """

    time: datetime
    type_of_mts_user: int = 0
    converted: dict[str, Any] | None = None


Outlook = tuple[Recipient, "Delivered | NonDelivery"]
"""One recipient and what is to be reported of it."""


def report_generation(
    apdu: Apdu,
    outlooks: Sequence[Outlook],
    identifier: MTSIdentifier,
    configuration: MTAConfiguration,
    now: datetime,
    arrival_time: datetime,
) -> bytes:
    """The MTS-APDU of a report. `arrival_time` is when the subject entered this domain."""
    value = {
        "envelope": _envelope(apdu, identifier, configuration, utc(now)),
        "content": _content(apdu, outlooks, configuration, utc(arrival_time)),
    }
    return type_named("MTS-APDU", "MTSTransferProtocol").encode(("report", value))


def _envelope(apdu: Apdu, identifier: MTSIdentifier, configuration: MTAConfiguration, now: datetime) -> dict[str, Any]:
    domain = configuration.global_domain_identifier.to_value()
    supplied = {"arrival-time": now, "routing-action": "relayed"}
    element = {"global-domain-identifier": domain, "domain-supplied-information": supplied}
    own = {"global-domain-identifier": domain, "mta-name": configuration.name, "mta-supplied-information": supplied}
    fields: list[dict[str, Any]] = []
    destination = apdu.value("originator-name")
    for extension in apdu.extensions:
        if extension.type == StandardExtension.MESSAGE_SECURITY_LABEL:
            fields.append(field_value(StandardExtension.MESSAGE_SECURITY_LABEL, extension.value))
        elif extension.type == StandardExtension.DL_EXPANSION_HISTORY:
            expansions = _expansions(extension)
            if not expansions:
                continue
            fields.append(_expansion_history(apdu, destination, expansions, now))
            destination = expansions[-1]["dl"]
    internal = type_named("InternalTraceInformation", "MTAAbstractService").encode([own])
    name = type_named("ReportingMTAName").encode({"domain": domain, "mta-name": configuration.name})
    fields.append(field_value(StandardExtension.INTERNAL_TRACE_INFORMATION, internal))
    fields.append(field_value(StandardExtension.REPORTING_MTA_NAME, name))
    return {
        "report-identifier": identifier.to_value(),
        "report-destination-name": destination,
        "trace-information": [element],
        "extensions": fields,
    }


def _expansions(extension: Extension) -> list[dict[str, Any]]:
    """The lists that were expanded; of a history that does not decode none, so that the originator at least is told."""
    try:
        expansions: list[dict[str, Any]] = type_named("DLExpansionHistory").decode(extension.value)
    except fastber.DecodeError:
        return []
    return expansions


def _expansion_history(
    apdu: Apdu, originator: dict[str, Any], expansions: list[dict[str, Any]], now: datetime
) -> dict[str, Any]:
    history = [{"originator-or-dl-name": originator, "origination-or-expansion-time": apdu.submission_time or now}]
    history += [
        {"originator-or-dl-name": expansion["dl"], "origination-or-expansion-time": expansion["dl-expansion-time"]}
        for expansion in expansions
    ]
    number = StandardExtension.ORIGINATOR_AND_DL_EXPANSION_HISTORY
    return field_value(number, type_named("OriginatorAndDLExpansionHistory").encode(history))


def _content(
    apdu: Apdu, outlooks: Sequence[Outlook], configuration: MTAConfiguration, arrival_time: datetime
) -> dict[str, Any]:
    content: dict[str, Any] = {
        "subject-identifier": apdu.value(f"{apdu.kind}-identifier"),
        "per-recipient-fields": [_per_recipient(apdu, recipient, what, arrival_time) for recipient, what in outlooks],
    }
    if any(recipient.indicators.audited_report for recipient, _ in outlooks):
        content["subject-intermediate-trace-information"] = apdu.value("trace-information")
    for member in _COPIED:
        value = apdu.value(member)
        if value is not None:
            content[member] = value
    undelivered = any(isinstance(what, NonDelivery) for _, what in outlooks)
    if undelivered and _may_return_content(apdu, configuration):
        content["returned-content"] = b"".join(apdu.contents().buffers)
    correlator = apdu.find_extension(StandardExtension.CONTENT_CORRELATOR)
    if correlator is not None:
        content["extensions"] = [field_value(StandardExtension.CONTENT_CORRELATOR, correlator.value)]
    return content


def _may_return_content(apdu: Apdu, configuration: MTAConfiguration) -> bool:
    """Asked for, whole in memory, and not longer than this MTA sends back."""
    if apdu.kind != "message" or apdu.stored.tail is not None or not apdu.content_return_request:
        return False
    return apdu.content_length <= configuration.maximum_returned_content


def _per_recipient(
    apdu: Apdu, recipient: Recipient, what: Delivered | NonDelivery, arrival_time: datetime
) -> dict[str, Any]:
    information: str | None = None
    what_converted = what.converted if isinstance(what, Delivered) else None
    if isinstance(what, NonDelivery):
        codes: dict[str, Any] = {"non-delivery-reason-code": int(what.reason)}
        if what.diagnostic is not None:
            codes["non-delivery-diagnostic-code"] = int(what.diagnostic)
        report_type: tuple[str, dict[str, Any]] = ("non-delivery", codes)
        information = what.supplementary_information
    else:
        delivered = {"message-delivery-time": utc(what.time), "type-of-MTS-user": what.type_of_mts_user}
        report_type = ("delivery", delivered)
    name, complaint = _name(recipient)
    information = information or complaint
    view = recipient.view
    fields: dict[str, Any] = {
        "actual-recipient-name": name,
        "originally-specified-recipient-number": view["originally-specified-recipient-number"].value,
        "per-recipient-indicators": (recipient.indicators.octets, recipient.indicators.bits),
        "last-trace-information": {"arrival-time": arrival_time, "report-type": report_type},
    }
    converted = converted_types(apdu) if what_converted is None else what_converted
    if converted is not None:
        fields["last-trace-information"]["converted-encoded-information-types"] = converted
    if information:
        fields["supplementary-information"] = printable(information)
    history = history_of(recipient.extensions)
    if history:
        fields["originally-intended-recipient-name"] = history[0]["intended-recipient-name"]["intended-recipient"]
        octets = type_named("RedirectionHistory").encode(history)
        fields["extensions"] = [field_value(StandardExtension.REDIRECTION_HISTORY, octets)]
    return fields


def _name(recipient: Recipient) -> tuple[dict[str, Any], str | None]:
    """The recipient's name to report; of one that does not decode, what can be read, so that the report can be."""
    try:
        value = recipient.view["recipient-name"].value
        recipient.name.components  # noqa: B018
    except (fastber.DecodeError, InvalidORAddress, KeyError):
        return _readable(recipient), "the recipient's name is not well-formed"
    return value, None


def _readable(recipient: Recipient) -> dict[str, Any]:
    standard: dict[str, Any] = {}
    for member in _DOMAINS:
        try:
            view = recipient.view["recipient-name"]["built-in-standard-attributes"].get(member)
            if view is not None:
                standard[member] = view.value
        except (fastber.DecodeError, KeyError):
            continue
    return {"built-in-standard-attributes": standard}
