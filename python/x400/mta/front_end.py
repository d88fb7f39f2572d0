"""The front-end procedure (X.411 14.3.1, 14.4.1): what comes in is looked over before anything is decided.

Loops are detected, critical extensions that are not understood are refused, the expiry is set. Which trace elements the
MTA is to add is found here; the dispatcher adds them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from x400.mta.configuration import InternalTrace, MTAConfiguration
from x400.mta.loop_detection import domain_loop, internal_loop
from x400.mts.apdu import Apdu, type_named
from x400.mts.criticality import is_understood
from x400.mts.extensions import FOR_DELIVERY, FOR_TRANSFER, Extension, StandardExtension
from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode
from x400.mts.trace import aware

__all__ = ["FrontEnd", "front_end", "unsupported_among"]

_LOOP_DETECTED = NonDelivery.of(NonDeliveryDiagnosticCode.LOOP_DETECTED)
_EXPIRED = NonDelivery.of(NonDeliveryDiagnosticCode.MAXIMUM_TIME_EXPIRED)


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
    deferred_until: datetime | None = None
    """Before when it is not to be delivered, if that is still to come."""


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
    from_own_domain, looped = domain_loop(apdu, configuration)
    if internal_trace is not None and not looped:
        looped = internal_loop(internal_trace, configuration)
    deferred = apdu.deferred
    if deferred is not None:
        deferred = aware(deferred) if aware(deferred) > now else None
    expiry = (deferred or now) + configuration.transfer_times[apdu.priority]
    if latest is not None:
        expiry = min(expiry, aware(latest))
    if looped:
        non_delivery = _LOOP_DETECTED
    elif expiry <= (deferred or now):
        non_delivery = non_delivery or _EXPIRED
    elif too_long(apdu, configuration):
        non_delivery = non_delivery or NonDelivery.of(NonDeliveryDiagnosticCode.CONTENT_TOO_LONG)
    policy = configuration.internal_trace
    add_internal = policy is InternalTrace.ALWAYS or (policy is InternalTrace.WITHIN_DOMAIN and from_own_domain)
    return FrontEnd(non_delivery, not from_own_domain, add_internal, internal_trace, expiry, for_delivery, deferred)


def too_long(apdu: Apdu, configuration: MTAConfiguration) -> bool:
    """Whether the content is longer than this MTA takes."""
    limit = configuration.maximum_content_length
    return limit is not None and apdu.content_length > limit


def unsupported(extension: Extension, criticality: int) -> NonDelivery | None:
    """Why an extension that is critical for transfer, or delivery, stops it: it is not understood here (X.411 9.2)."""
    if not extension.criticality & criticality:
        return None
    if is_understood(extension.type, criticality):
        return None
    return NonDelivery.of(
        NonDeliveryDiagnosticCode.UNSUPPORTED_CRITICAL_FUNCTION, f"extension {extension.type} is not supported"
    )


def unsupported_among(extensions: Iterable[Extension], criticality: int) -> NonDelivery | None:
    """The same of several: why the first that is not understood stops it."""
    for extension in extensions:
        if why := unsupported(extension, criticality):
            return why
    return None
