"""The front-end procedure (X.411 14.3.1, 14.4.1): what comes in is looked over before anything is decided.

Loops are detected, critical extensions that are not understood are refused, the expiry is set. Which trace elements the
MTA is to add is found here; the dispatcher adds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from x400.mta.configuration import InternalTrace, MTAConfiguration
from x400.mts.apdu import Apdu, domain_of, type_named
from x400.mts.extensions import FOR_DELIVERY, FOR_TRANSFER, Extension, StandardExtension
from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode
from x400.mts.trace import TraceElement, internal_elements

if TYPE_CHECKING:
    from collections.abc import Iterable

    import fastber

__all__ = ["FrontEnd", "front_end", "unsupported"]

_LOOP_DETECTED = NonDelivery.of(NonDeliveryDiagnosticCode.LOOP_DETECTED)
_EXPIRED = NonDelivery.of(NonDeliveryDiagnosticCode.MAXIMUM_TIME_EXPIRED)
_RESETS_TRACE = 0xC0
"""OtherActions redirected or dl-operation: what happened before does not count for loops."""


@dataclass(slots=True)
class FrontEnd:
    """What was found: why it cannot go on, if so; which trace elements are to be added, and where; its expiry."""

    non_delivery: NonDelivery | None
    add_trace: bool
    add_internal_trace: bool
    internal_trace: Extension | None
    expiry: datetime
    critical_for_delivery: NonDelivery | None
    """Why it cannot be delivered here, though it can be passed on."""


def front_end(apdu: Apdu, configuration: MTAConfiguration, now: datetime) -> FrontEnd:
    """Look over a message, probe or report that has come from another MTA."""
    internal_trace: Extension | None = None
    non_delivery: NonDelivery | None = None
    for_delivery: NonDelivery | None = None
    latest: datetime | None = None
    for extension in apdu.extensions:
        if extension.type == StandardExtension.INTERNAL_TRACE_INFORMATION:
            internal_trace = extension
        elif extension.type == StandardExtension.LATEST_DELIVERY_TIME:
            latest = type_named("Time").decode(extension.value)
        if extension.criticality:
            non_delivery = non_delivery or unsupported(extension, FOR_TRANSFER)
            for_delivery = for_delivery or unsupported(extension, FOR_DELIVERY)
    trace = apdu.envelope["trace-information"]
    from_own_domain, looped = _domain_loop(trace, configuration)
    if internal_trace is not None and not looped:
        looped = _internal_loop(internal_trace, configuration)
    expiry = max(now, _deferred(apdu) or now) + configuration.transfer_times[apdu.priority]
    if latest is not None:
        expiry = min(expiry, _aware(latest))
    if looped:
        non_delivery = _LOOP_DETECTED
    elif expiry <= now:
        non_delivery = non_delivery or _EXPIRED
    elif too_long(apdu, configuration):
        non_delivery = non_delivery or NonDelivery.of(NonDeliveryDiagnosticCode.CONTENT_TOO_LONG)
    policy = configuration.internal_trace
    add_internal = policy is InternalTrace.ALWAYS or (policy is InternalTrace.WITHIN_DOMAIN and from_own_domain)
    return FrontEnd(non_delivery, not from_own_domain, add_internal, internal_trace, expiry, for_delivery)


def _deferred(apdu: Apdu) -> datetime | None:
    if apdu.kind != "message":
        return None
    time: datetime | None = apdu.value("deferred-delivery-time")
    return None if time is None else _aware(time)


def _aware(time: datetime) -> datetime:
    """A time that names no zone, which X.411 does not allow, is taken as UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def too_long(apdu: Apdu, configuration: MTAConfiguration) -> bool:
    """Whether the content is longer than this MTA takes."""
    limit = configuration.maximum_content_length
    return limit is not None and apdu.content_length > limit


def unsupported(extension: Extension, criticality: int) -> NonDelivery | None:
    """Why an extension that is critical for transfer, or delivery, stops it: it is not understood here (X.411 9.2)."""
    if not extension.criticality & criticality:
        return None
    understood = extension.is_known
    if criticality == FOR_DELIVERY and extension.type == StandardExtension.PROOF_OF_DELIVERY_REQUEST:
        understood = False
    if understood:
        return None
    return NonDelivery.of(
        NonDeliveryDiagnosticCode.UNSUPPORTED_CRITICAL_FUNCTION, f"extension {extension.type} is not supported"
    )


def _domain_loop(trace: fastber.View, configuration: MTAConfiguration) -> tuple[bool, bool]:
    """Whether it came from an MTA of the own domain, and whether it has been in this domain, and left it, before.

    A domain's element stands for its visit. What was redirected or expanded may rightly come back: visits up to and
    including the one where that happened do not count (X.411 14.3.11).
    """
    count = len(trace)
    if count >= configuration.maximum_trace_elements:
        return False, True
    own = configuration.global_domain_identifier
    from_own_domain = False
    has_left = False
    for index in range(count - 1, -1, -1):
        element = trace[index]
        is_own = domain_of(element["global-domain-identifier"]) == own
        if is_own and not has_left:
            from_own_domain = True
        if _resets(element["domain-supplied-information"]):
            break
        if is_own and has_left:
            return from_own_domain, True
        has_left = has_left or not is_own
    return from_own_domain, False


def _resets(supplied: fastber.View) -> bool:
    actions = supplied.get("other-actions")
    if actions is None:
        return False
    octets = actions.value[0]
    return bool(octets) and bool(octets[0] & _RESETS_TRACE)


def _internal_loop(extension: Extension, configuration: MTAConfiguration) -> bool:
    """Whether this very MTA stands in the internal trace, with no redirection or expansion after it."""
    value = extension.value
    name = configuration.name.encode("ascii")
    if name not in value:
        return False
    found = type_named("InternalTraceInformation", "MTAAbstractService").decode(value)
    return _own_visit(reversed(list(internal_elements(found))), configuration)


def _own_visit(newest_first: Iterable[TraceElement], configuration: MTAConfiguration) -> bool:
    for element in newest_first:
        if element.redirected or element.dl_operation:
            return False
        own = element.global_domain_identifier == configuration.global_domain_identifier
        if own and element.mta_name == configuration.name:
            return True
    return False
