"""What a decode gives for a value that was encoded: the value, with what BER and DER do not carry settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fastber.schema import Member, Type
from tests.asn1.strategies import FIELDS, governing


def normal(type: Type, value: Any, *, der: bool = False, scopes: Sequence[dict[str, Any]] = ()) -> Any:
    """The value with its DEFAULTs filled in; for DER also times in UTC, named bits without trailing zeros, and the
    elements of a SET OF in an order of their own, which says nothing."""

    def within(part: Type, inner: Any) -> Any:
        return normal(part, inner, der=der, scopes=scopes)

    if type.kind in FIELDS:
        scopes = (*scopes, value)
        return {
            member.name: member.default if is_default(member, value) else within(member.type, value[member.name])
            for member in type.members
            if member.name in value or member.has_default
        }
    if type.kind == "CHOICE":
        name, inner = value
        return name, within(dict(type.alternatives)[name], inner)
    if type.element is not None:
        elements = [within(type.element, item) for item in value]
        return sorted(elements, key=repr) if der and type.kind == "SET OF" else elements
    if type.contained is not None:
        return within(type.contained, value)
    if type.kind == "open type":
        row = governing(type, scopes)
        return value if row is None else within(row, value)
    if der and type.kind == "BIT STRING" and type.items:
        return _without_trailing_zeros(*value)
    if der and isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def is_default(member: Member, value: dict[str, Any]) -> bool:
    """The member has its DEFAULT in this value, said or not; zeros behind the last named bit say nothing."""
    if not member.has_default:
        return False
    mine = value.get(member.name, member.default)
    if member.type.kind == "BIT STRING" and member.type.items:
        return _without_trailing_zeros(*mine) == _without_trailing_zeros(*member.default)
    return bool(mine == member.default)


def _without_trailing_zeros(octets: bytes, count: int) -> tuple[bytes, int]:
    digits = f"{int.from_bytes(octets, 'big'):0{len(octets) * 8}b}"[:count].rstrip("0") if octets else ""
    return octets[: (len(digits) + 7) // 8], len(digits)
