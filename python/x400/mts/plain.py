"""Decoded values as plain data that JSON can carry."""

from __future__ import annotations

from datetime import datetime
from typing import Any

__all__ = ["plain"]


def plain(value: Any) -> Any:
    """Octets become hexadecimal, times ISO 8601 (UTC if no zone is named), choices {name: value}, bits 0s and 1s."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, tuple):
        first, second = value
        if isinstance(first, bytes) and isinstance(second, int):
            return "".join(f"{octet:08b}" for octet in first)[:second]
        return {first: plain(second)}
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime):
        return value.isoformat() + ("Z" if value.tzinfo is None else "")
    return value
