"""The dispatcher and message-out, probe-out, report-out (X.411 14.3 dispatcher, 14.10): the octets for the next MTA.

What came in is spliced: the trace elements are appended, responsibility is taken off those recipients that the next MTA
is not to see to; every other octet is sent as it came.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import fastber
from x400.mts.apdu import Apdu, Recipient, type_named
from x400.mts.extensions import Extension, StandardExtension, extension_field, tlv, value_in_place
from x400.mts.stored import Buffer

if TYPE_CHECKING:
    from x400.mta.front_end import FrontEnd

__all__ = ["dispatch", "edits_of_1988", "trace_edits"]


def trace_edits(apdu: Apdu, found: FrontEnd, made: tuple[bytes, bytes], *, style_1988: bool) -> dict[str, Any]:
    """The edits that add this MTA's trace elements; `made` is what `TraceMaker` made for the time of arrival."""
    external, internal = made
    edits: dict[str, Any] = {}
    if found.add_trace:
        edits[apdu.path + "trace-information[+]"] = fastber.Raw(external)
    if found.add_internal_trace:
        if found.internal_trace is not None:
            path = f"{apdu.path}extensions[{found.internal_trace.place}].value"
            edits[path] = fastber.Raw(_appended(found.internal_trace, internal))
        else:
            number = StandardExtension.INTERNAL_TRACE_INFORMATION
            field = extension_field(number, tlv(0x30, internal), style_1988=style_1988)
            if "extensions" in apdu.envelope:
                edits[apdu.path + "extensions[+]"] = fastber.Raw(field)
            else:
                tag = 0xA1 if apdu.kind == "report" else 0xA3
                edits[apdu.path + "extensions"] = fastber.Raw(tlv(tag, field))
    return edits


def _appended(extension: Extension, element: bytes) -> bytes:
    """The value of the internal trace information with one element more, in the form in which it came."""
    value = extension.value
    fastber.check(value)
    if value[0] == 0x30 and value[1] != 0x80:
        start = 2 + (value[1] & 0x7F if value[1] & 0x80 else 0)
        return value_in_place(extension, tlv(value[0], value[start:], element))
    view = type_named("InternalTraceInformation", "MTAAbstractService").view(value)
    return value_in_place(extension, b"".join(view.splice({"[+]": fastber.Raw(element)})))


def edits_of_1988(apdu: Apdu) -> dict[str, Any]:
    """The edits that write the types of this MTA's own extension fields in a changed copy as in 1988."""
    edits: dict[str, Any] = {}
    holders: list[tuple[str, Iterable[Extension]]] = [(apdu.path, apdu.extensions)]
    holders += [(f"{apdu.path}per-recipient-fields[{one.index}].", one.extensions) for one in apdu.recipients]
    for base, fields in holders:
        for extension in fields:
            if extension.type in _OWN and bytes(extension.view["type"].raw[:2]) == b"\x80\x01":
                number = bytes((int(extension.type),))
                path = f"{base}extensions[{extension.place}].type"
                edits[path] = fastber.Raw(tlv(0xA0, tlv(0x02, number)))
    return edits


_OWN = frozenset(
    {
        StandardExtension.REDIRECTION_HISTORY,
        StandardExtension.DL_EXPANSION_HISTORY,
        StandardExtension.INTERNAL_TRACE_INFORMATION,
    }
)


def dispatch(apdu: Apdu, edits: dict[str, Any], not_for: Iterable[Recipient]) -> list[Buffer]:
    """The buffers of one copy, of which `not_for` are the recipients that lose their responsibility flag."""
    for recipient in not_for:
        path = f"{apdu.path}per-recipient-fields[{recipient.index}].per-recipient-indicators"
        edits[path] = recipient.indicators.without_responsibility()
    return [*apdu.root.splice(edits)] if edits else [apdu.stored.head]
