"""The distribution-list-expansion procedure (X.411 14.3, X.402 14): the members of a list in its place.

A copy is made whose recipients are the members, each with the number and the requests of the list. The list is noted in
the DL expansion history, by which a list that has itself as a member is not expanded twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import fastber
from x400.mta.configuration import DistributionList, ReportPolicy
from x400.mta.copies import DL_OPERATION, Actions, Work, extension_edit, spliced, traced
from x400.mts.apdu import Apdu, Recipient, type_named
from x400.mts.exceptions import InvalidORAddress
from x400.mts.extensions import StandardExtension, extensions, is_set, tlv
from x400.mts.oraddress import ORAddress
from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode
from x400.mts.trace import utc

if TYPE_CHECKING:
    from x400.mta.configuration import MTAConfiguration

__all__ = ["dl_expansion", "expansion_history", "members_of", "objection"]

_PROHIBITED = NonDelivery.of(NonDeliveryDiagnosticCode.DL_EXPANSION_PROHIBITED)
_NO_PERMISSION = NonDelivery.of(NonDeliveryDiagnosticCode.NO_DL_SUBMIT_PERMISSION)
_LOOP = NonDelivery.of(NonDeliveryDiagnosticCode.LOOP_DETECTED, "the list has been expanded before")

_NOT_FOR_MEMBERS = frozenset(
    {StandardExtension.ORIGINATOR_REQUESTED_ALTERNATE_RECIPIENT, StandardExtension.REDIRECTION_HISTORY}
)
"""Extensions that speak of the list as recipient alone."""


def expansion_history(apdu: Apdu) -> list[dict[str, Any]]:
    """The DLExpansionHistory of a message, the first list first."""
    extension = apdu.find_extension(StandardExtension.DL_EXPANSION_HISTORY)
    if extension is None:
        return []
    history: list[dict[str, Any]] = type_named("DLExpansionHistory").decode(extension.value)
    return history


def objection(apdu: Apdu, one: DistributionList) -> NonDelivery | None:
    """Why a list is not expanded: prohibited by the originator, not permitted to whoever submits to it, or a loop.

    Who submits is the list that was expanded last, or the originator.
    """
    if is_set(apdu.find_extension(StandardExtension.DL_EXPANSION_PROHIBITED)):
        return _PROHIBITED
    history = [ORAddress.from_value(expansion["dl"]) for expansion in expansion_history(apdu)]
    if one.address in history:
        return _LOOP
    if one.permitted is not None:
        submitter = history[-1] if history else apdu.originator
        if not any(permitted.is_prefix_of(submitter) for permitted in one.permitted):
            return _NO_PERMISSION
    return None


def members_of(apdu: Apdu, one: DistributionList) -> list[ORAddress]:
    """The members who are to get the message: all but those whom the originator has exempted."""
    extension = apdu.find_extension(StandardExtension.DL_EXEMPTED_RECIPIENTS)
    if extension is None:
        return list(one.members)
    exempted = set()
    for value in type_named("DLExemptedRecipients").decode(extension.value):
        try:
            exempted.add(ORAddress.from_value(value))
        except InvalidORAddress:
            continue
    return [member for member in one.members if member not in exempted]


def dl_expansion(
    work: Work,
    recipient: Recipient,
    one: DistributionList,
    members: Iterable[ORAddress],
    configuration: MTAConfiguration,
    now: datetime,
) -> Work:
    """The copy for the members."""
    expanded = traced(work, configuration, now, Actions(other=DL_OPERATION))
    apdu = expanded.apdu
    history = expansion_history(apdu)
    history.append({"dl": recipient.view["recipient-name"].value, "dl-expansion-time": utc(now)})
    number = StandardExtension.DL_EXPANSION_HISTORY
    edits = extension_edit(apdu.extensions, apdu.path, number, type_named("DLExpansionHistory").encode(history))
    fields = [_member(recipient, member, one.report_policy) for member in members]
    edits[f"{apdu.path}per-recipient-fields"] = fastber.Raw(tlv(0xA2, *fields))
    expanded.apdu = spliced(apdu, edits)
    return expanded


def _member(recipient: Recipient, member: ORAddress, policy: ReportPolicy) -> bytes:
    """The per-recipient fields of one member: those of the list, under the member's name."""
    view = recipient.view
    octets, bits = recipient.indicators.with_responsibility()
    if policy is ReportPolicy.NONE:
        octets = bytes((octets[0] & 0x87 | 0x20,)) + octets[1:]
    edits: dict[str, Any] = {
        "recipient-name": member.to_value(),
        "per-recipient-indicators": (octets, max(bits, 8)),
    }
    kept = [bytes(e.view.raw) for e in extensions(view.get("extensions")) if e.type not in _NOT_FOR_MEMBERS]
    if "extensions" in view:
        edits["extensions"] = fastber.Raw(tlv(0xA3, *kept)) if kept else fastber.REMOVE
    return b"".join(view.splice(edits))
