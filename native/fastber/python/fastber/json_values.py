"""Decoded values as what JSON can write, and back without loss, with no schema needed on either way.

What JSON has not is an object whose first name starts with "$", as no name in ASN.1 does:

bytes                           {"$bytes": hex}
bit string                      {"$bits": hex, "count": number of bits}
CHOICE                          {"$choice": name, "value": ...}
datetime, date, time            {"$time": ISO 8601}, {"$date": ...}, {"$time-of-day": ...}
integer of more than 64 bits    {"$integer": hex, with a sign}: readers of JSON keep no more digits than they like
infinite REAL, not a number     {"$real": "inf" | "-inf" | "nan"}

Dicts and lists are themselves, NULL is null, all else a string, a number or a boolean. A REAL has a point or an
exponent, an INTEGER neither.
"""

from __future__ import annotations

import json
import math
from datetime import date, datetime, time
from typing import Any, Final

__all__ = ["dumps", "from_json", "loads", "to_json"]

_WORD: Final = 1 << 63


def to_json(value: Any) -> Any:
    """A decoded value as what `json` can write."""
    match value:
        case list():  # before the tuples, whose patterns match a list, too
            return [to_json(inner) for inner in value]
        case bytes():
            return {"$bytes": value.hex()}
        case datetime():
            return {"$time": value.isoformat()}
        case date():
            return {"$date": value.isoformat()}
        case time():
            return {"$time-of-day": value.isoformat()}
        case (bytes() as octets, int() as count):
            return {"$bits": octets.hex(), "count": count}
        case (name, inner):
            return {"$choice": name, "value": to_json(inner)}
        case dict():
            return {name: to_json(inner) for name, inner in value.items()}
        case float() if not math.isfinite(value):
            return {"$real": str(value)}
        case int() if not -_WORD <= value < _WORD:
            return {"$integer": hex(value)}
    return value


def from_json(value: Any) -> Any:
    """The inverse of `to_json`; ValueError for what it never makes."""
    match value:
        case {"$bytes": str() as text}:
            return bytes.fromhex(text)
        case {"$time": str() as text}:
            return datetime.fromisoformat(text)
        case {"$date": str() as text}:
            return date.fromisoformat(text)
        case {"$time-of-day": str() as text}:
            return time.fromisoformat(text)
        case {"$bits": str() as text, "count": int() as count}:
            return bytes.fromhex(text), count
        case {"$choice": str() as name, "value": inner}:
            return name, from_json(inner)
        case {"$integer": str() as text}:
            return int(text, 16)
        case {"$real": str() as text}:
            return float(text)
        case dict():
            for name in value:
                if name.startswith("$"):
                    raise ValueError(f"no form of a value: an object with {name} and {len(value) - 1} more")
            return {name: from_json(inner) for name, inner in value.items()}
        case list():
            return [from_json(inner) for inner in value]
    return value


def dumps(value: Any) -> bytes:
    """A decoded value as JSON text in UTF-8."""
    text = json.dumps(to_json(value), indent=2, ensure_ascii=False, allow_nan=False)
    # half of a surrogate pair, which a BMPString may have, is not in UTF-8; this writes it as JSON's own escape
    return text.encode(errors="backslashreplace")


def loads(text: bytes | str) -> Any:
    """The value that JSON text stands for; ValueError where it is no such text."""
    try:
        return from_json(json.loads(text))
    except RecursionError:
        raise ValueError("nested too deep") from None
