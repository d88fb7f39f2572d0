"""What the procedures ask of every MTS-APDU, read in one walk over its octets.

All else is looked up in the views of `Apdu` when it is asked for. The octets of names and domains are not decoded here:
the same few come again and again, and who asks for them keeps what they say.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from x400.mts.stored import Stored

if TYPE_CHECKING:
    import fastber

__all__ = ["BitString", "Kind", "fields_of", "first_octet"]

Kind = Literal["message", "probe", "report"]
BitString = tuple[bytes, int]


def first_octet(bits: BitString | None) -> int:
    """The first eight bits of a BIT STRING; no bits where it is absent or empty."""
    return bits[0][0] if bits is not None and bits[0] else 0


_FIELDS: tuple[str, ...] = (
    "{}-identifier",
    "{}-identifier.global-domain-identifier",
    "{}-identifier.local-identifier:value",
    "trace-information",
    "trace-information[*].global-domain-identifier",
    "trace-information[*].domain-supplied-information.other-actions:value",
    "extensions[*].type:value",
    "extensions[*].criticality:value",
    "extensions[*].value:value",
)
_OF_MESSAGES_AND_PROBES: tuple[str, ...] = (
    "originator-name",
    "per-recipient-fields",
    "per-recipient-fields[*].recipient-name",
    "per-recipient-fields[*].per-recipient-indicators:value",
    "per-recipient-fields[*].extensions",
)
_OF_MESSAGES = ("priority:value", "deferred-delivery-time:value")
_NUMBER = len(_FIELDS) + len(_OF_MESSAGES_AND_PROBES) + len(_OF_MESSAGES)


@cache
def _reader(kind: Kind) -> tuple[fastber.Reader, tuple[None, ...]]:
    """The reader of a kind, and the fields that the kind has not."""
    from x400.asn1 import compiled_type

    fields = _FIELDS
    if kind != "report":
        fields += _OF_MESSAGES_AND_PROBES
    if kind == "message":
        fields += _OF_MESSAGES
    envelope = "probe." if kind == "probe" else f"{kind}.envelope."
    paths = [envelope + field.format(kind) for field in fields]
    return compiled_type("MTSTransferProtocol", "MTS-APDU").reader(*paths), (None,) * (_NUMBER - len(paths))


def fields_of(kind: Kind, stored: Stored) -> tuple[Any, ...]:
    """The fields in the order above: octets of elements, values where it says so, lists with one place for each element
    of what they are of, None for what is absent. Raises fastber.DecodeError."""
    reader, absent = _reader(kind)
    return reader.read(stored.head, partial=stored.tail is not None) + absent
