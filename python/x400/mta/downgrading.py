"""Downgrading (X.419 Annex B, RFC 1328): an APDU of 1988 as an MTA of 1984 takes it.

The P1 of 1988 has that of 1984 in it, element by element with the same tags: what 1984 does not know is taken out or
written otherwise, and all else stays octet by octet. Where that would break what the originator has said is critical,
or no name of 1984 can be given, the message is not delivered (unable-to-downgrade).
"""

from __future__ import annotations

from typing import Any

import fastber
from x400.mta.copies import spliced
from x400.mts.apdu import Apdu, Recipient
from x400.mts.exceptions import InvalidORAddress
from x400.mts.extensions import FOR_DELIVERY, FOR_TRANSFER, tlv
from x400.mts.oraddress import ORAddress
from x400.mts.oraddress_1984 import downgraded_address
from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode
from x400.mts.stored import Stored

__all__ = ["downgrade", "objection"]

_HIGHEST_REASON, _HIGHEST_DIAGNOSTIC, _HIGHEST_TYPE_OF_USER = 2, 11, 1
"""The last codes of 1984."""
_UNABLE_TO_TRANSFER = 1
_CONTENT_TYPE_EXTERNAL = 1


def _unable(why: str) -> NonDelivery:
    return NonDelivery.of(NonDeliveryDiagnosticCode.UNABLE_TO_DOWNGRADE, why)


def objection(apdu: Apdu, recipient: Recipient, gateway: ORAddress | None) -> NonDelivery | None:
    """Why a message or probe cannot be downgraded for one recipient."""
    for extension in (*apdu.extensions, *recipient.extensions):
        if extension.criticality & (FOR_TRANSFER | FOR_DELIVERY):
            return _unable(f"extension {extension.type} is critical")
    try:
        downgraded_address(apdu.originator, gateway)
        downgraded_address(recipient.name, gateway)
    except InvalidORAddress as error:
        return _unable(str(error))
    if apdu.stored.tail is not None and isinstance(apdu.content_type, str):
        return _unable("a long content of an extended type")
    try:
        downgrade(apdu, gateway)
    except (fastber.Error, InvalidORAddress, KeyError) as error:
        return _unable(str(error))
    return None


def downgrade(apdu: Apdu, gateway: ORAddress | None) -> Stored:
    """The octets for an MTA of 1984. Names that cannot be downgraded, of recipients who are not the next MTA's, or in a
    report, are given as far as they go."""
    copy = spliced(apdu, _trace(apdu))
    copy = spliced(copy, _report(copy, gateway) if copy.kind == "report" else _message(copy, gateway))
    return copy.stored


def _name(view: fastber.View, gateway: ORAddress | None) -> dict[str, Any]:
    address = ORAddress.from_value(view.value)
    try:
        return downgraded_address(address, gateway).to_value()
    except InvalidORAddress:
        kept = {"built-in-standard-attributes", "built-in-domain-defined-attributes"}
        return {member: value for member, value in view.value.items() if member in kept}


def _needs_change(view: fastber.View) -> bool:
    """Whether a name has what 1984 has not; one that is no name, of somebody else's recipient, stays as it is."""
    try:
        if "extension-attributes" not in view and "directory-name" not in view:
            return False
        ORAddress.from_value(view.value)
    except (fastber.DecodeError, InvalidORAddress, KeyError):
        return False
    return True


def _types(value: dict[str, Any]) -> dict[str, Any] | None:
    """EncodedInformationTypes without extended ones, which are `unknown` in 1984; None when nothing changes."""
    if "extended-encoded-information-types" not in value:
        return None
    octets, bits = value["built-in-encoded-information-types"]
    first = bytes(((octets[0] if octets else 0) | 0x80,)) + octets[1:]
    kept = {name: member for name, member in value.items() if name != "extended-encoded-information-types"}
    return kept | {"built-in-encoded-information-types": (first, max(bits, 1))}


def _trace(apdu: Apdu) -> dict[str, Any]:
    """Trace elements without other actions."""
    edits: dict[str, Any] = {}
    for place, element in enumerate(apdu.envelope["trace-information"]):
        base = f"{apdu.path}trace-information[{place}].domain-supplied-information."
        supplied = element["domain-supplied-information"]
        if "other-actions" in supplied:
            edits[base + "other-actions"] = fastber.REMOVE
        _edit_types(edits, supplied, base, "converted-encoded-information-types")
    return edits


def _edit_types(edits: dict[str, Any], view: fastber.View, base: str, member: str) -> None:
    types = view.get(member)
    changed = _types(types.value) if types is not None else None
    if changed is not None:
        edits[base + member] = changed


def _message(apdu: Apdu, gateway: ORAddress | None) -> dict[str, Any]:
    edits: dict[str, Any] = {}
    envelope, path = apdu.envelope, apdu.path
    if "extensions" in envelope:
        edits[path + "extensions"] = fastber.REMOVE
    if _needs_change(envelope["originator-name"]):
        edits[path + "originator-name"] = _name(envelope["originator-name"], gateway)
    _edit_types(edits, envelope, path, "original-encoded-information-types")
    kind = apdu.content_type
    if isinstance(kind, str):
        edits[path + "content-type"] = ("built-in", _CONTENT_TYPE_EXTERNAL)
        if apdu.kind == "message":
            edits["message.content"] = _external(kind, b"".join(apdu.contents().buffers))
    bilateral = envelope.get("per-domain-bilateral-information")
    if bilateral is not None:
        kept = [bytes(one.raw) for one in bilateral if one["domain"].choice == "administration-domain-name"]
        if len(kept) < len(bilateral):
            whole = fastber.Raw(tlv(0xA1, *kept)) if kept else fastber.REMOVE
            edits[path + "per-domain-bilateral-information"] = whole
    for recipient in apdu.recipients:
        base = f"{path}per-recipient-fields[{recipient.index}]."
        if "extensions" in recipient.view:
            edits[base + "extensions"] = fastber.REMOVE
        if _needs_change(recipient.view["recipient-name"]):
            edits[base + "recipient-name"] = _name(recipient.view["recipient-name"], gateway)
    return edits


def _external(kind: str, content: bytes) -> bytes:
    """A content of an extended type as the EXTERNAL that the content type `external` says it is."""
    from x400.asn1 import compiled_type

    oid = compiled_type("MTSAbstractService", "ExtendedContentType").encode(kind)
    return tlv(0x28, oid, tlv(0x81, content))


def _report(apdu: Apdu, gateway: ORAddress | None) -> dict[str, Any]:
    edits: dict[str, Any] = {}
    envelope, content = apdu.envelope, apdu.body["content"]
    if "extensions" in envelope:
        edits[apdu.path + "extensions"] = fastber.REMOVE
    if _needs_change(envelope["report-destination-name"]):
        edits[apdu.path + "report-destination-name"] = _name(envelope["report-destination-name"], gateway)
    for member in ("original-encoded-information-types", "content-type", "extensions"):
        if member in content:
            edits[f"report.content.{member}"] = fastber.REMOVE
    for place, view in enumerate(content["per-recipient-fields"]):
        base = f"report.content.per-recipient-fields[{place}]."
        if "extensions" in view:
            edits[base + "extensions"] = fastber.REMOVE
        for member in ("actual-recipient-name", "originally-intended-recipient-name"):
            if member in view and _needs_change(view[member]):
                edits[base + member] = _name(view[member], gateway)
        last = view["last-trace-information"]
        _edit_types(edits, last, base + "last-trace-information.", "converted-encoded-information-types")
        changed = _report_type(*last["report-type"].value)
        if changed is not None:
            edits[base + "last-trace-information.report-type"] = changed
    return edits


def _report_type(kind: str, value: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Codes that 1984 has not, as the nearest that it has; None when nothing changes."""
    if kind == "delivery":
        if value.get("type-of-MTS-user", 0) <= _HIGHEST_TYPE_OF_USER:
            return None
        return kind, value | {"type-of-MTS-user": 0}
    changed = dict(value)
    if changed["non-delivery-reason-code"] > _HIGHEST_REASON:
        changed["non-delivery-reason-code"] = _UNABLE_TO_TRANSFER
    if changed.get("non-delivery-diagnostic-code", 0) > _HIGHEST_DIAGNOSTIC:
        del changed["non-delivery-diagnostic-code"]
    return None if changed == value else (kind, changed)
