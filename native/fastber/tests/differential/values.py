"""Values of the generator's types, as fastber and asn1tools have them, and the normal form in which they compare."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from schema import Type

EDGES = [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32769, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 2**100]
REALS = [0.0, 1.0, -1.0, 0.5, 10.0, 1e10, -3.75, 1 / 3, 2.0**-1074, 1.7976931348623157e308, 1e-300, 255.0, 256.0]
ALPHABETS = {
    "NumericString": " 0123456789",
    "PrintableString": "ABCXYZabcxyz0123456789 '()+,-./:=?",
    "IA5String": "\x00\x1b az~\x7f@#",
    "VisibleString": " azAZ~!@#0",
    "BMPString": "a\u00e9\u20ac\u4e2d\uffee",
    "UTF8String": "a\x00\u00e9\u20ac\U0001f600\U0010ffff",
    "UniversalString": "a\u00e9\u20ac\U0001f600",
    "TeletexString": "azAZ 09",
    "GraphicString": "azAZ 09",
    "GeneralString": "azAZ 09",
}


def value(kind: Type, random: Random, depth: int = 0) -> Any:
    """A random value. Deep in recursion what may be left out is."""
    name = kind.kind
    if name == "REFERENCE":
        assert kind.target is not None
        return value(kind.target.type, random, depth + 1)
    if name in ("SEQUENCE", "SET"):
        return members(kind, random, depth)
    if name == "CHOICE":
        choices = kind.members[:1] if depth > 6 else kind.members
        chosen = random.choice(choices)
        return chosen.name, value(chosen.type, random, depth + 1)
    if name in ("SEQUENCE OF", "SET OF"):
        assert kind.element is not None
        return [value(kind.element, random, depth + 1) for _ in range(length(kind, random, max(0, 3 - depth // 2)))]
    return leaf(kind, random)


def members(kind: Type, random: Random, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    groups = 1 + max((member.addition for member in kind.members if member.addition is not None), default=-1)
    known = random.randint(0, groups)
    for member in kind.members:
        if member.addition is not None and member.addition >= known:
            continue
        if (member.optional or member.has_default) and (depth > 4 or random.random() < 0.4):
            continue
        if member.type.kind == "OPEN":
            continue
        if member.has_default and random.random() < 0.3:
            made[member.name] = member.default
            continue
        made[member.name] = value(member.type, random, depth + 1)
    for member in kind.members:
        if member.type.kind == "OPEN":
            number = random.choice(list(member.type.rows))
            made[member.type.identified_by] = number
            made[member.name] = value(member.type.rows[number], random, depth + 1)
    return made


def length(kind: Type, random: Random, usual: int) -> int:
    if kind.low is not None and kind.high is not None:
        return random.randint(kind.low, min(kind.high, kind.low + 3))
    return random.randint(0, usual)


def leaf(kind: Type, random: Random) -> Any:
    name = kind.kind
    if name == "BOOLEAN":
        return random.random() < 0.5
    if name == "INTEGER":
        if kind.low is not None and kind.high is not None:
            return random.choice([kind.low, kind.high, random.randint(kind.low, kind.high)])
        return random.choice([random.choice(EDGES), random.randint(-1000, 1000)])
    if name == "ENUMERATED":
        return random.choice(kind.names)
    if name == "NULL":
        return None
    if name == "REAL":
        return random.choice([random.choice(REALS), random.uniform(-1e6, 1e6), float(random.randint(-(2**53), 2**53))])
    if name == "BIT STRING":
        return bits(kind, random)
    if name == "OCTET STRING":
        return random.randbytes(length(kind, random, random.choice([3, 3, 130, 300])))
    if name in ("OBJECT IDENTIFIER", "RELATIVE-OID"):
        return identifier(name, random)
    if name in ("UTCTime", "GeneralizedTime"):
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=random.randint(0, 79 * 365 * 86400))
        fraction = random.choice([0, 0, 500_000, 123_000]) if name == "GeneralizedTime" else 0
        return at.replace(microsecond=fraction)
    return "".join(random.choice(ALPHABETS[name]) for _ in range(length(kind, random, 8)))


def bits(kind: Type, random: Random) -> tuple[bytes, int]:
    count = length(kind, random, 20)
    if kind.names:
        count = random.randint(0, len(kind.names))
    number = random.getrandbits(count) if count else 0
    octets = (count + 7) // 8
    return (number << (octets * 8 - count)).to_bytes(octets, "big"), count


def identifier(name: str, random: Random) -> str:
    arcs = [random.choice([random.randint(0, 130), random.randint(0, 2**40)]) for _ in range(random.randint(1, 5))]
    if name == "RELATIVE-OID":
        return ".".join(map(str, arcs))
    first = random.randint(0, 2)
    second = random.randint(0, 39) if first < 2 else random.choice([0, 5, 47, 48, 100, 999])
    return ".".join(map(str, [first, second, *arcs]))


def notated(kind: Type, random: Random) -> tuple[Any, str] | None:
    """A value together with its notation, for DEFAULT; None where none is written."""
    resolved = kind.resolved()
    name = resolved.kind
    if name in ("SEQUENCE OF", "SET OF") and not resolved.low:
        return [], "{ }"
    made: Any = leaf(resolved, random) if name in SIMPLE else None
    if name == "BOOLEAN":
        return made, str(made).upper()
    if name in ("INTEGER", "ENUMERATED"):
        return made, str(made)
    if name == "NULL":
        return None, "NULL"
    if name == "OCTET STRING":
        made = made[:20] if resolved.low is None or resolved.low <= 20 else made
        return made, f"'{made.hex().upper()}'H"
    if name == "BIT STRING":
        octets, count = made
        digits = bin(int.from_bytes(octets, "big"))[2:].zfill(len(octets) * 8)[:count] if count else ""
        if resolved.names and random.random() < 0.7:
            digits = digits.rstrip("0")
            octets = int(digits.ljust(-(-len(digits) // 8) * 8, "0") or "0", 2).to_bytes(-(-len(digits) // 8), "big")
            return (octets, len(digits)), "{ " + ", ".join(
                name for name, digit in zip(resolved.names, digits, strict=False) if digit == "1"
            ) + " }"
        return made, f"'{digits}'B"
    if name == "OBJECT IDENTIFIER":
        made = random.choice(["0.0", "1.2", "1.3", "2.5"]) + "." + ".".join(made.split(".")[2:])
        return made, "{ " + made.replace(".", " ") + " }"
    if name in ("PrintableString", "VisibleString", "NumericString"):
        return made, f'"{made}"'
    return None


SIMPLE = {"BOOLEAN", "INTEGER", "ENUMERATED", "NULL", "OCTET STRING", "BIT STRING", "OBJECT IDENTIFIER",
          "PrintableString", "VisibleString", "NumericString"}  # fmt: skip


def normal(kind: Type, found: Any) -> Any:
    """What compares equal exactly if two values are the same abstract value (X.680)."""
    resolved = kind.resolved()
    name = resolved.kind
    if name in ("SEQUENCE", "SET"):
        filled = {}
        for member in resolved.members:
            if member.type.kind == "OPEN":
                filled[member.name] = normal(member.type.rows[found[member.type.identified_by]], found[member.name])
            elif member.name in found:
                filled[member.name] = normal(member.type, found[member.name])
            elif member.has_default:
                filled[member.name] = normal(member.type, member.default)
        unknown = set(found) - {member.name for member in resolved.members}
        return filled | dict.fromkeys(unknown, "not a member")
    if name == "CHOICE":
        chosen = {member.name: member.type for member in resolved.members}
        return found[0], normal(chosen[found[0]], found[1])
    if name in ("SEQUENCE OF", "SET OF"):
        assert resolved.element is not None
        elements = [normal(resolved.element, one) for one in found]
        return elements if name == "SEQUENCE OF" else sorted(elements, key=repr)
    if name == "BIT STRING":
        return trimmed(found) if resolved.names else (bytes(found[0]), found[1])
    if name in ("UTCTime", "GeneralizedTime"):
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return found


def trimmed(found: tuple[bytes, int]) -> tuple[bytes, int]:
    """Trailing zeros of a BIT STRING with named bits mean nothing (X.680 22.7)."""
    octets, count = found
    number = int.from_bytes(octets, "big") >> (len(octets) * 8 - count) if count else 0
    while count and not number & 1:
        number >>= 1
        count -= 1
    size = (count + 7) // 8
    return (number << (size * 8 - count)).to_bytes(size, "big"), count
