"""Trace information and internal trace information (X.411 12.2.1.1.1.3, 12.2.1.1.1.4, 12.3.1): elements read and made.

Each domain that a message, probe or report enters adds an element to the trace information, each MTA one to the
internal trace information. Ours differ only by their time, so they are encoded once and the time is put in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from x400.mts.fields import first_octet
from x400.mts.identifiers import GlobalDomainIdentifier

if TYPE_CHECKING:
    import fastber

__all__ = ["TraceElement", "TraceMaker", "aware", "elements", "internal_elements", "utc", "utc_time"]

_TEMPLATE_TIME = datetime(2000, 1, 2, 3, 4, 5)
_REDIRECTED = 0x80
_DL_OPERATION = 0x40


def utc(time: datetime) -> datetime:
    """A time as the codec writes it in the form that X.411 prescribes, `YYMMDDhhmmssZ`: in UTC, naming no zone."""
    return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)


def aware(time: datetime) -> datetime:
    """A time as the codec gives it, as one in UTC; one that names no zone, which X.411 does not allow, likewise."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def utc_time(time: datetime) -> str:
    """That form."""
    return utc(time).strftime("%y%m%d%H%M%SZ")


@dataclass(frozen=True, slots=True)
class TraceElement:
    """What loop detection and reports need of one element. `mta_name` is None in (external) trace information."""

    global_domain_identifier: GlobalDomainIdentifier
    mta_name: str | None
    arrival_time: datetime
    routing_action: str
    redirected: bool
    dl_operation: bool


def _element(value: dict[str, Any], supplied: str) -> TraceElement:
    information = value[supplied]
    actions = first_octet(information.get("other-actions"))
    return TraceElement(
        GlobalDomainIdentifier.from_value(value["global-domain-identifier"]),
        value.get("mta-name"),
        information["arrival-time"],
        information["routing-action"],
        bool(actions & _REDIRECTED),
        bool(actions & _DL_OPERATION),
    )


def elements(trace_information: fastber.View) -> Iterator[TraceElement]:
    """The elements of a TraceInformation, oldest first."""
    for value in trace_information.value:
        yield _element(value, "domain-supplied-information")


def internal_elements(value: list[dict[str, Any]]) -> Iterator[TraceElement]:
    """The elements of an InternalTraceInformation value, oldest first."""
    for element in value:
        yield _element(element, "mta-supplied-information")


class TraceMaker:
    """Makes this MTA's elements, routing action relayed, as TLVs."""

    def __init__(self, domain: GlobalDomainIdentifier, mta_name: str) -> None:
        from x400.asn1 import specification

        types = specification().modules["MTAAbstractService"]
        supplied = {"arrival-time": _TEMPLATE_TIME, "routing-action": "relayed"}
        value = {"global-domain-identifier": domain.to_value()}
        external = types["TraceInformationElement"].encode(value | {"domain-supplied-information": supplied})
        internal = types["InternalTraceInformationElement"].encode(
            value | {"mta-name": mta_name, "mta-supplied-information": supplied}
        )
        time = utc_time(_TEMPLATE_TIME).encode()
        self._external = external.rpartition(time)
        self._internal = internal.rpartition(time)
        self._second = -1
        self._made = (b"", b"")

    def __call__(self, now: datetime) -> tuple[bytes, bytes]:
        """The TraceInformationElement and the InternalTraceInformationElement of an arrival at `now`."""
        second = int(now.timestamp())
        if second != self._second:
            time = utc_time(now).encode()
            (before, _, after), (internal_before, _, internal_after) = self._external, self._internal
            self._made = (before + time + after, internal_before + time + internal_after)
            self._second = second
        return self._made
