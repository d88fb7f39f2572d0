"""Copies of a message or probe that this MTA has changed: what the redirection, distribution-list-expansion and
conversion procedures hand back to the routing-and-conversion-decision (X.411 14.3, control procedure).

A copy is spliced out of what came in, with this MTA's trace elements already in it and its actions noted there; all
that is not changed stays, octet by octet, and the content that lies in a file stays there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import fastber
from x400.mta.front_end import FrontEnd
from x400.mts.apdu import Apdu, Recipient, domain_of, type_named
from x400.mts.extensions import Extension, StandardExtension, extension_field, tlv, value_in_place
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.stored import Stored
from x400.mts.trace import utc

if TYPE_CHECKING:
    from x400.mta.configuration import MTAConfiguration

__all__ = ["DL_OPERATION", "REDIRECTED", "Actions", "Work", "extension_edit", "spliced", "traced", "without"]

REDIRECTED, DL_OPERATION = 0x80, 0x40
"""OtherActions (X.411 12.3.1), as the bits of the first octet."""


@dataclass(slots=True)
class Work:
    """One message or probe on its way through the main module: as it came, or a copy. `arrival_time` is when it entered
    this domain. `made` says that its trace is complete: it has been changed here."""

    apdu: Apdu
    found: FrontEnd
    arrival_time: datetime
    made: bool = False


@dataclass(frozen=True, slots=True)
class Actions:
    """What an MTA notes in its trace elements beside the time (X.411 12.3.1, AdditionalActions)."""

    other: int = 0
    converted: dict[str, Any] | None = None
    deferred: datetime | None = None
    attempted: str | None = None
    """The MTA to which it could not be passed, so that it is rerouted."""
    domain: GlobalDomainIdentifier | None = None
    """That MTA's, where it is known."""
    arrived: datetime | None = None
    """When it came to this MTA, if that is not now."""

    def members(self) -> dict[str, Any]:
        """The members of DomainSuppliedInformation and MTASuppliedInformation alike."""
        found: dict[str, Any] = {}
        if self.other:
            found["other-actions"] = (bytes((self.other,)), 2)
        if self.converted is not None:
            found["converted-encoded-information-types"] = self.converted
        if self.deferred is not None:
            found["deferred-time"] = utc(self.deferred)
        if self.attempted is not None:
            found["routing-action"] = "rerouted"
        return found


def spliced(apdu: Apdu, edits: dict[str, Any]) -> Apdu:
    """A copy with these edits, paths from the APDU."""
    return Apdu(Stored(b"".join(apdu.root.splice(edits)), apdu.stored.tail)) if edits else apdu


def extension_edit(
    fields: Iterable[Extension], base: str, number: StandardExtension, value: bytes, *, report: bool = False
) -> dict[str, Any]:
    """The edit that gives an extension a value, under the path `base` of what has the extensions."""
    present = False
    for extension in fields:
        present = True
        if extension.type == number:
            return {f"{base}extensions[{extension.place}].value": fastber.Raw(value_in_place(extension, value))}
    field = extension_field(number, value)
    if present:
        return {f"{base}extensions[+]": fastber.Raw(field)}
    return {f"{base}extensions": fastber.Raw(tlv(0xA1 if report else 0xA3, field))}


def without(recipients: Iterable[Recipient], apdu: Apdu) -> dict[str, Any]:
    """The edits that take responsibility off recipients."""
    path = apdu.path + "per-recipient-fields[{}].per-recipient-indicators"
    return {
        path.format(one.index): one.indicators.without_responsibility()
        for one in recipients
        if one.indicators.responsibility
    }


def traced(work: Work, configuration: MTAConfiguration, now: datetime, actions: Actions) -> Work:
    """A copy whose trace elements of this domain and of this MTA note `actions`; both are added where they are not."""
    apdu, found = work.apdu, work.found
    domain = configuration.global_domain_identifier.to_value()
    members = actions.members()
    between = _between_domains(actions, members, configuration.global_domain_identifier)
    relayed = {"arrival-time": utc(work.arrival_time), "routing-action": "relayed"}
    edits: dict[str, Any] = {}
    trace = apdu.trace
    if found.add_trace:
        element = {"global-domain-identifier": domain, "domain-supplied-information": relayed | between}
        edits[f"{apdu.path}trace-information[+]"] = element
    elif trace and domain_of(trace[-1][0]) == configuration.global_domain_identifier:
        last = len(trace) - 1
        old = apdu.envelope["trace-information"][last]["domain-supplied-information"].get("other-actions")
        for member, value in _merged(between, old.value if old is not None else None).items():
            edits[f"{apdu.path}trace-information[{last}].domain-supplied-information.{member}"] = value
    copy = spliced(apdu, edits)
    own = {"global-domain-identifier": domain, "mta-name": configuration.name}
    attempted = {"attempted": ("mta", actions.attempted)} if actions.attempted else {}
    arrived = {"arrival-time": utc(actions.arrived or now)}
    internal = _internal(found, own, relayed | members | arrived | attempted, members | attempted)
    if internal is not None:
        number = StandardExtension.INTERNAL_TRACE_INFORMATION
        copy = spliced(copy, extension_edit(copy.extensions, copy.path, number, internal, report=copy.kind == "report"))
    field = copy.find_extension(StandardExtension.INTERNAL_TRACE_INFORMATION)
    found = replace(found, add_trace=False, add_internal_trace=False, internal_trace=field)
    return Work(copy, found, work.arrival_time, made=True)


def _between_domains(actions: Actions, members: dict[str, Any], own: GlobalDomainIdentifier) -> dict[str, Any]:
    """The members for the element of this domain: which domain was attempted; of an MTA within it, nothing."""
    if actions.domain is None:
        return members
    if actions.domain == own:
        return {member: value for member, value in members.items() if member != "routing-action"}
    return members | {"attempted-domain": actions.domain.to_value()}


def _merged(members: dict[str, Any], old: tuple[bytes, int] | None) -> dict[str, Any]:
    """The members, with the other actions that are noted already."""
    if old is None or not old[0] or "other-actions" not in members:
        return members
    return members | {"other-actions": (bytes((old[0][0] | members["other-actions"][0][0],)), 2)}


def _internal(found: FrontEnd, own: dict[str, Any], supplied: dict[str, Any], members: dict[str, Any]) -> bytes | None:
    """The value of the internal trace information with this MTA's element added, or noting more than before."""
    kind = type_named("InternalTraceInformation", "MTAAbstractService")
    elements = kind.decode(found.internal_trace.value) if found.internal_trace is not None else []
    if found.add_internal_trace:
        elements.append(own | {"mta-supplied-information": supplied})
    elif elements and elements[-1]["mta-name"] == own["mta-name"]:
        information = elements[-1]["mta-supplied-information"]
        information.update(_merged(members, information.get("other-actions")))
    else:
        return None
    octets: bytes = kind.encode(elements)
    return octets
