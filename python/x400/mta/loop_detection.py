"""The loop-detection procedure (X.411 14.3, loop-detection): whether what comes in has been here before.

Between domains the trace information tells, within one the internal trace information. What was redirected or expanded
may rightly come back: what happened before that does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from x400.mta.configuration import MTAConfiguration
from x400.mts.apdu import Apdu, domain_of, type_named
from x400.mts.extensions import Extension
from x400.mts.trace import TraceElement, internal_elements

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["domain_loop", "internal_loop"]

_RESETS_TRACE = 0xC0
"""OtherActions redirected or dl-operation."""


def domain_loop(apdu: Apdu, configuration: MTAConfiguration) -> tuple[bool, bool]:
    """Whether it came from an MTA of the own domain, and whether it has been in this domain, and left it, before.

    A domain's element stands for its visit. What was redirected or expanded may rightly come back: visits up to and
    including the one where that happened do not count.
    """
    trace = apdu.trace
    if len(trace) >= configuration.maximum_trace_elements:
        return False, True
    own = configuration.global_domain_identifier
    from_own_domain = False
    has_left = False
    for domain, other_actions in reversed(trace):
        is_own = domain_of(domain) == own
        if is_own and not has_left:
            from_own_domain = True
        if other_actions & _RESETS_TRACE:
            break
        if is_own and has_left:
            return from_own_domain, True
        has_left = has_left or not is_own
    return from_own_domain, False


def internal_loop(extension: Extension, configuration: MTAConfiguration) -> bool:
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
