"""Upgrading (X.419 Annex B, RFC 1328): an APDU that has come from an MTA of 1984, as one of 1988.

All of the P1 of 1984 is valid in 1988, so it stays octet by octet, but for names and contents that had been downgraded:
they become what they were.
"""

from __future__ import annotations

from typing import Any

import fastber
from x400.mta.copies import spliced
from x400.mts.apdu import Apdu, type_named
from x400.mts.exceptions import InvalidORAddress
from x400.mts.oraddress import ORAddress
from x400.mts.oraddress_1984 import upgraded_address
from x400.mts.stored import Stored

__all__ = ["upgrade"]

_CONTENT_TYPE_EXTERNAL = ("built-in", 1)


def upgrade(apdu: Apdu) -> Stored:
    """The octets as the procedures take them."""
    edits: dict[str, Any] = {}
    if apdu.kind == "report":
        _name(edits, apdu.envelope, apdu.path, "report-destination-name")
        for place, view in enumerate(apdu.body["content"]["per-recipient-fields"]):
            base = f"report.content.per-recipient-fields[{place}]."
            _name(edits, view, base, "actual-recipient-name")
            _name(edits, view, base, "originally-intended-recipient-name")
        return spliced(apdu, edits).stored
    _name(edits, apdu.envelope, apdu.path, "originator-name")
    for recipient in apdu.recipients:
        _name(edits, recipient.view, f"{apdu.path}per-recipient-fields[{recipient.index}].", "recipient-name")
    if apdu.kind == "message" and apdu.stored.tail is None and apdu.value("content-type") == _CONTENT_TYPE_EXTERNAL:
        _content(edits, apdu)
    return spliced(apdu, edits).stored


def _name(edits: dict[str, Any], view: fastber.View, base: str, member: str) -> None:
    """A name that is none is left for the procedures to report on."""
    part = view.get(member)
    if part is None:
        return
    try:
        address = ORAddress.from_value(part.value)
    except (fastber.DecodeError, InvalidORAddress, KeyError):
        return
    upgraded = upgraded_address(address)
    if upgraded is not address:
        edits[base + member] = upgraded.to_value()


def _content(edits: dict[str, Any], apdu: Apdu) -> None:
    """A content that is an EXTERNAL of octets becomes these, of the extended type that the EXTERNAL names."""
    octets = b"".join(apdu.contents().buffers)
    if octets[:1] != b"\x28":
        return
    try:  # of the types of the Recommendations that are an EXTERNAL, and nothing else, one
        value = type_named("BindTokenEncryptedData").decode(octets)
    except (fastber.DecodeError, KeyError):
        return
    form, contents = value["encoding"]
    if form != "octet-aligned" or "direct-reference" not in value:
        return
    edits[apdu.path + "content-type"] = ("extended", value["direct-reference"])
    edits["message.content"] = contents
