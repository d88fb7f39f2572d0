"""Values of any ASN.1 type, for hypothesis, from nothing but what the compiled type says of itself.

`values(type)` draws what `encode(value, resolve_open_types=True)` takes. Constraints hold; sizes and numbers are small;
an OPTIONAL or DEFAULT member comes as often as not; the identifier of an open type is mostly one that its object set
knows, and the open type then has a value of the type that this names, else some encoding of its own. Recursive types
end: beyond `size` values, or `DEPTH` levels, only what has to be there is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any

from hypothesis import strategies as st

from fastber.schema import Member, OpenType, Type, walk

SIZE = 40
"""Values within a value, after which no more are asked for than have to be."""
DEPTH = 16

Draw = Callable[[st.SearchStrategy[Any]], Any]
Path = tuple[str, ...]

FIELDS = frozenset({"SEQUENCE", "SET", "EXTERNAL", "EMBEDDED PDV", "CHARACTER STRING"})
"""The kinds that have members."""
ENDLESS = 1 << 20

# The characters of each string type, as ranges; of the eight-bit ones, octets stand for themselves.
GRAPHIC = ((" ", "~"), ("\xa0", "\xff"))
CHARACTERS: dict[str, tuple[tuple[str, str], ...]] = {
    "NumericString": ((" ", " "), ("0", "9")),
    "PrintableString": (("A", "Z"), ("a", "z"), ("0", "9"), (" ", " "), ("'", ")"), ("+", "/"), (":", ":"), ("=", "=")),
    "TeletexString": GRAPHIC,
    "VideotexString": GRAPHIC,
    "GraphicString": GRAPHIC,
    "GeneralString": (("\0", "\xff"),),
    "ObjectDescriptor": GRAPHIC,
    "IA5String": (("\0", "\x7f"),),
    "VisibleString": ((" ", "~"),),
    "UTF8String": (("\0", "\ud7ff"), ("\ue000", "\U0010ffff")),
    "UniversalString": (("\0", "\ud7ff"), ("\ue000", "\U0010ffff")),
    "BMPString": (("\0", "\ud7ff"), ("\ue000", "\uffff")),
}

# Encodings for an open type of which nothing is known: universal, application-wide, context-specific and private tags.
UNKNOWN = tuple(
    bytes.fromhex(octets)
    for octets in ("0500", "0101ff", "020203e8", "0403616263", "300a020101a0050c03c3a978", "6203020101", "df876702abcd")
)


def is_open(member: Member) -> bool:
    return member.type.open_type is not None


@cache
def members(type: Type) -> tuple[Member, ...]:
    """The members of a SEQUENCE or SET: open types behind what may govern them."""
    return tuple(sorted(type.members, key=is_open))


@cache
def rows(open_type_of: Type) -> dict[Any, Type]:
    """Of an open type, the types of its object set by their identifiers."""
    open_type = open_type_of.open_type
    return {} if open_type is None else dict(open_type.rows)


def governing(type: Type, scopes: Sequence[dict[str, Any]]) -> Type | None:
    """The type that an open type has among these values, outermost first; None if no object tells."""
    open_type = type.open_type
    if open_type is None or len(scopes) <= open_type.up:
        return None
    value: Any = scopes[-1 - open_type.up]
    for name in open_type.path:
        value = value.get(name) if isinstance(value, dict) else None
    try:
        return rows(type).get(value)
    except TypeError:  # no identifier: it cannot be hashed
        return None


@cache
def governors(type: Type) -> dict[Path, tuple[Any, ...]]:
    """Where the open types within a SEQUENCE or SET look for their identifiers in it, and the identifiers they know."""
    found: dict[Path, dict[Any, None]] = {}
    seen: set[tuple[Type, int]] = set()

    def search(part: Type, up: int) -> None:
        if up > 2 or (part, up) in seen:
            return
        seen.add((part, up))
        open_type: OpenType | None = part.open_type
        if open_type is not None and open_type.up == up:
            found.setdefault(open_type.path, {}).update(dict.fromkeys(rows(part)))
        for member in members(part):
            search(member.type, up + 1)
        for _, alternative in part.alternatives:
            search(alternative, up)
        if part.element is not None:
            search(part.element, up)

    for member in members(type):
        search(member.type, 0)
    return {path: tuple(identifiers) for path, identifiers in found.items() if identifiers}


_heights: dict[Type, int] = {}


def height(type: Type) -> int:
    """How many levels a value of the type has at the least."""
    if type not in _heights:
        parts = [part for part in walk(type) if part not in _heights]
        _heights.update(dict.fromkeys(parts, ENDLESS))
        changed = True
        while changed:
            changed = False
            for part in parts:
                now = _height_of(part)
                changed |= now < _heights[part]
                _heights[part] = now
    return _heights[type]


def _height_of(type: Type) -> int:
    if type.kind == "CHOICE":
        below = [min((_heights[part] for _, part in type.alternatives), default=ENDLESS)]
    elif type.element is not None:
        below = [_heights[type.element]] if sizes(type)[0] else []
    elif type.contained is not None:
        below = [_heights[type.contained]]
    else:
        below = [_heights[member.type] for member in members(type) if is_needed(member)]
    return min(1 + max(below, default=0), ENDLESS)


def is_needed(member: Member) -> bool:
    return not (member.optional or member.has_default or member.addition)


@cache
def sizes(type: Type, room: int = 3) -> tuple[int, int]:
    """The least size that the constraint allows, and the highest of a few more."""
    low, high = min(type.sizes, default=(0, None))
    return low, low + room if high is None else min(high, low + room)


@cache
def integers(type: Type) -> st.SearchStrategy[int]:
    ranges = type.values or ((None, None),)
    named = [number for _, number in type.items if any(_within(number, low, high) for low, high in ranges)]
    strategies = [st.integers(low, high) for low, high in ranges]
    if ranges == ((None, None),):
        strategies.append(st.integers(-129, 128))
    if type.values and type.constraint_extensible:
        strategies.append(st.integers())
    return st.one_of(*([st.sampled_from(named)] if named else []), *strategies)


def _within(number: int, low: int | None, high: int | None) -> bool:
    return (low is None or low <= number) and (high is None or number <= high)


@cache
def text(type: Type) -> st.SearchStrategy[str]:
    """Strings of the characters that the type and its constraint allow, both."""
    both = [
        (max(low, first), min(high, last))
        for low, high in CHARACTERS[type.kind]
        for first, last in (type.alphabet or (("\0", "\U0010ffff"),))
    ]
    ranges = [(ord(low), ord(high)) for low, high in both if low <= high]
    alphabet: str | st.SearchStrategy[str]
    if sum(high - low for low, high in ranges) < 512:
        alphabet = "".join(chr(code) for low, high in ranges for code in range(low, high + 1))
    else:
        alphabet = st.characters(max_codepoint=max(high for _, high in ranges), exclude_categories=["Cs"])
    low, high = sizes(type)
    return st.text(alphabet, min_size=low, max_size=high)


@cache
def bits(size: int) -> st.SearchStrategy[tuple[bytes, int]]:
    octets = (size + 7) // 8
    return st.integers(0, (1 << size) - 1).map(
        lambda number: ((number << octets * 8 - size).to_bytes(octets, "big"), size)
    )


_zones = st.sampled_from([timezone(timedelta(minutes=minutes)) for minutes in (60, -210, 765, 1)])
_seconds = st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 30)).map(lambda at: at.replace(microsecond=0))
utc_times = st.one_of(_seconds, _seconds, st.builds(lambda at, zone: at.replace(tzinfo=zone), _seconds, _zones))
generalized_times = st.one_of(
    st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30)),
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.builds(lambda at, zone: at.replace(tzinfo=zone), _seconds, _zones),
)
_arcs = st.lists(st.one_of(st.integers(0, 200), st.integers(0, 1 << 40)), min_size=1, max_size=4)
object_identifiers = st.builds(
    lambda first, rest: f"{first}.{rest[0] % 40 if first < 2 else rest[0]}" + "".join(f".{arc}" for arc in rest[1:]),
    st.integers(0, 2),
    _arcs,
)
relative_identifiers = _arcs.map(lambda arcs: ".".join(map(str, arcs)))


@cache
def leaf(type: Type) -> st.SearchStrategy[Any]:
    """Values of a type that has no parts."""
    kind = type.kind
    if kind in CHARACTERS:
        return text(type)
    match kind:
        case "BOOLEAN":
            return st.booleans()
        case "INTEGER":
            return integers(type)
        case "NULL":
            return st.none()
        case "ENUMERATED":
            names: list[str | int] = [name for name, _ in type.items]
            unknown = max(number for _, number in type.items) + 7
            return st.sampled_from([*names, unknown] if type.extensible else names)
        case "OBJECT IDENTIFIER":
            return object_identifiers
        case "RELATIVE-OID":
            return relative_identifiers
        case "OCTET STRING":
            low, high = sizes(type)
            return st.binary(min_size=low, max_size=high)
        case "BIT STRING":
            return st.integers(*sizes(type, 10)).flatmap(bits)
        case "UTCTime":
            return utc_times
        case "GeneralizedTime":
            return generalized_times
        case "DATE":
            return st.dates()
        case "TIME-OF-DAY":
            return st.times().map(lambda at: at.replace(microsecond=0))
        case "DATE-TIME":
            return _seconds
        case "DURATION":
            return st.sampled_from(("P1Y", "PT2H30M", "P3DT4H"))
        case "REAL":
            return st.floats(allow_nan=False)
        case "open type":
            return st.sampled_from(UNKNOWN)
    raise NotImplementedError(f"no values of {kind}")


class _Maker:
    """One value, as it is drawn."""

    def __init__(self, draw: Draw, size: int) -> None:
        self._draw = draw
        self._left = size
        self._scopes: list[dict[str, Any]] = []

    def value(self, type: Type, depth: int = 0, forced: dict[Path, Any] | None = None) -> Any:
        """`forced`: parts that are settled, by their paths."""
        self._left -= 1
        least = self._left <= 0 or depth >= DEPTH
        if forced and () in forced:
            return forced[()]
        if type.kind in FIELDS:
            return self._fields(type, depth, least, forced or {})
        if type.kind == "CHOICE":
            lowest = min(height(part) for _, part in type.alternatives)
            alternatives = [pair for pair in type.alternatives if not least or height(pair[1]) == lowest]
            name, part = self._draw(st.sampled_from(alternatives[:1] if least else alternatives))
            return name, self.value(part, depth + 1)
        if type.element is not None:
            count = (
                min((low for low, _ in type.sizes), default=0) if least else self._draw(st.integers(*sizes(type, 2)))
            )
            return [self.value(type.element, depth + 1) for _ in range(count)]
        if type.contained is not None:
            return self.value(type.contained, depth + 1)
        if type.open_type is not None:
            row = governing(type, self._scopes)
            if row is not None:
                return self.value(row, depth + 1)
        return self._draw(leaf(type))

    def _fields(self, type: Type, depth: int, least: bool, forced: dict[Path, Any]) -> dict[str, Any]:
        forced = dict(forced)
        for path, identifiers in governors(type).items():
            if path not in forced and self._draw(st.integers(0, 9)):
                forced[path] = self._draw(st.sampled_from(identifiers))
        chosen = members(type)
        present = 0 if least else self._draw(st.integers(0, (1 << len(chosen)) - 1))
        made: dict[str, Any] = {}
        self._scopes.append(made)
        for index, member in enumerate(chosen):
            within = {path[1:]: value for path, value in forced.items() if path[:1] == (member.name,)}
            wanted = present >> index & 1 and height(member.type) < ENDLESS
            if wanted or within or is_needed(member):
                made[member.name] = self.value(member.type, depth + 1, within)
        self._scopes.pop()
        return made


@st.composite
def values(draw: Draw, type: Type, size: int = SIZE) -> Any:
    """Values of the type, of some `size` values within them."""
    return _Maker(draw, size).value(type)
