"""Any octets of message handling taken apart for people to look at: a tree of names, values and places.

What is typed is walked as value and view side by side: the value tells what there is, the view where it is. A content
of a known type, the values of extension fields and the parts of extended body parts are taken apart further. What no
type fits is taken apart as far as BER itself tells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from x400.asn1 import compiled_type, specification
from x400.ipm.body_parts import general_text_of
from x400.ipm.message import CONTENT_TYPES
from x400.ipm.types import oid, open_type
from x400.mts.exceptions import MTSError
from x400.mts.identifiers import GlobalDomainIdentifier, MTSIdentifier
from x400.mts.oraddress import ORAddress
from x400.mts.plain import plain
from x400.osi.tlv import FramingError, element_end, read_header

if TYPE_CHECKING:
    import fastber

__all__ = [
    "TYPES",
    "Node",
    "NotDecodable",
    "UnknownType",
    "inspect",
    "inspect_ber",
    "named",
    "of_view",
    "show",
    "to_plain",
]

TYPES: tuple[str, ...] = (
    "MTSTransferProtocol.MTS-APDU",
    "IPMSInformationObjects.InformationObject",
    "MTSAbstractService.MessageDeliveryEnvelope",
    "MTSAbstractService.ReportDeliveryEnvelope",
)
"""What is tried, in this order, when no type is given."""

_MAX_DEPTH = 64
_MAX_ELEMENTS = 100_000
Kind = Literal["leaf", "members", "elements", "choice", "ber"]
"""`ber` is what BER alone told: its children are named after their tags."""

Octets = bytes | memoryview


class UnknownType(KeyError):
    """No module has a type of that name."""

    def __str__(self) -> str:
        return str(self.args[0])


class NotDecodable(ValueError):
    """No type fits; `reasons` maps each that was tried to what the codec has against it."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("\n".join(f"as {name}: {reason}" for name, reason in reasons.items()))
        self.reasons = reasons


@dataclass(slots=True)
class Node:
    """A named value. `offset` and `length` are of its whole encoding; offset is None where it cannot be told.

    `value` is the leaf's value; `note` says in short what a structured value is.
    """

    name: str
    kind: Kind = "leaf"
    value: Any = None
    offset: int | None = None
    length: int | None = None
    note: str = ""
    children: list[Node] = field(default_factory=list)


def named(name: str) -> fastber.CompiledType:
    """A type by `Module.Type`, or by `Type` when one module only has it; raises UnknownType."""
    module, dot, type_name = name.rpartition(".")
    modules = specification().modules
    if dot:
        if module not in modules:
            raise UnknownType(f"there is no module {module}; there are {', '.join(sorted(modules))}")
        if type_name not in modules[module]:
            raise UnknownType(f"module {module} has no type {type_name}")
        return modules[module][type_name]
    found = [module for module in modules if name in modules[module]]
    if len(found) != 1:
        where = (
            f"there are several: {', '.join(f'{one}.{name}' for one in sorted(found))}" if found else "there is none"
        )
        raise UnknownType(f"type {name}: {where}")
    return modules[found[0]][name]


def inspect(data: Octets, names: Sequence[str] = TYPES) -> tuple[str, Node]:
    """The first of the types that fits, and the tree; raises UnknownType, NotDecodable."""
    import fastber

    reasons: dict[str, str] = {}
    for name in names:
        compiled = named(name)
        try:
            return name, _typed(compiled.name, compiled, data, 0)
        except fastber.DecodeError as error:
            reasons[name] = str(error)
    raise NotDecodable(reasons)


def _typed(name: str, compiled: fastber.CompiledType, data: Octets, base: int | None) -> Node:
    """The tree of octets that are one value of a type; `base` is their place in the whole."""
    value = compiled.decode(data, resolve_open_types=True)
    return _Walk(base).node(name, value, compiled.view(data))


def of_view(name: str, view: fastber.View) -> Node:
    """The tree of a part of what is looked at, whatever the other parts are; raises fastber.DecodeError."""
    return _Walk(0).node(name, view.value, view)


class _Walk:
    """Walks a value and the view that it was decoded from."""

    def __init__(self, base: int | None) -> None:
        self._base = base

    def node(self, name: str, value: Any, view: fastber.View | None) -> Node:
        """The node of a value; `view` is None where there is none to be had: defaults, resolved open types."""
        offset = None if view is None or self._base is None else self._base + view.offset
        node = Node(name, offset=offset, length=None if view is None else view.length)
        if isinstance(value, dict):
            self._members(node, value, view)
        elif isinstance(value, list):
            node.kind = "elements"
            node.children = [self.node(f"[{place}]", item, _step(view, place)) for place, item in enumerate(value)]
        elif isinstance(value, tuple) and isinstance(value[0], str):
            node.kind = "choice"
            alternative, chosen = value
            node.children = [self.node(alternative, chosen, _step(view, alternative))]
        else:
            node.value = value
            if isinstance(value, bytes) and view is not None and bytes(view.raw) == value:
                self._open(node, value, None)
        return node

    def _members(self, node: Node, value: dict[str, Any], view: fastber.View | None) -> None:
        node.kind = "members"
        node.note = _note(value)
        node.children = [self.node(name, member, _step(view, name)) for name, member in value.items()]
        by_name = {child.name: child for child in node.children}
        if view is not None:
            for child in node.children:
                child.note = child.note if child.length is not None else "default"
            if node.offset is not None:
                node.children.sort(key=lambda child: math.inf if child.offset is None else child.offset)
        if "direct-reference" in by_name and value["encoding"][0] == "single-ASN1-type":
            (contents,) = by_name["encoding"].children
            self._open(contents, value["encoding"][1], open_type(value["direct-reference"]))
        if isinstance(value.get("data"), dict) and value["data"].get("direct-reference") == oid("id-et-general-text"):
            _read(by_name["data"], value)
        if isinstance(value.get("content"), bytes) and "envelope" in value:
            content_type = value["envelope"].get("content-type")
            if content_type is not None and content_type[1] in CONTENT_TYPES:
                self._content(by_name["content"], value["content"], _step(view, "content"))

    def _open(self, node: Node, octets: Any, compiled: fastber.CompiledType | None) -> None:
        """Take a value of an open type apart: by its type, if that is known and fits, else as BER."""
        import fastber

        if not isinstance(octets, bytes):
            return
        tree = None
        if compiled is not None:
            with suppress(fastber.DecodeError):
                tree = _typed(compiled.name, compiled, octets, node.offset)
        if tree is None:
            try:
                tree = inspect_ber(octets, node.offset)
            except FramingError:
                return
        node.kind, node.value, node.children, node.note = tree.kind, tree.value, tree.children, tree.note or tree.name

    def _content(self, node: Node, content: bytes, view: fastber.View | None) -> None:
        import fastber

        base = None
        if view is not None and node.offset is not None:
            place = bytes(view.raw).find(content)
            base = node.offset + place if place > 0 else None  # None: it is cut into pieces
        compiled = compiled_type("IPMSInformationObjects", "InformationObject")
        try:
            tree = _typed(compiled.name, compiled, content, base)
        except fastber.DecodeError as error:
            node.note = f"no InformationObject: {error}"
            return
        node.kind, node.children, node.note, node.value = "members", [tree], "interpersonal message", None


def _read(data: Node, part: dict[str, Any]) -> None:
    """The text of a general text, in its own character set, in place of the octets; of others they stay as they are."""
    import fastber

    while data.children:
        data = data.children[-1]
    if data.kind != "leaf" or not isinstance(data.value, str):
        return
    try:
        data.value, data.note = general_text_of(part)
    except (fastber.DecodeError, UnicodeDecodeError, LookupError) as error:
        data.note = f"octets as in Latin-1: {error}"


def _step(view: fastber.View | None, step: str | int) -> fastber.View | None:
    if view is None:
        return None
    try:
        return view[step]
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _note(value: dict[str, Any]) -> str:
    """What an O/R name, a domain or an MTS identifier is, as people write it."""
    try:
        if "built-in-standard-attributes" in value:
            return str(ORAddress.from_value(value))
        if "local-identifier" in value:
            return str(MTSIdentifier.from_value(value))
        if value.keys() <= _DOMAIN_MEMBERS and "administration-domain-name" in value:
            return str(GlobalDomainIdentifier.from_value(value))
    except (MTSError, KeyError, TypeError, ValueError):
        pass
    if "type" in value and isinstance(value["type"], tuple):
        return _extension_names().get(value["type"][1], "")
    return ""


_DOMAIN_MEMBERS = {"country-name", "administration-domain-name", "private-domain-identifier"}


@cache
def _extension_names() -> dict[Any, str]:
    """Numbers of the standard extensions that have a name here."""
    from x400.mts.extensions import StandardExtension

    return {one.value: one.name.lower().replace("_", "-") for one in StandardExtension}


@cache
def _object_identifier_names() -> dict[str, str]:
    """Dotted text to the name of the value that some module assigns."""
    names: dict[str, str] = {}
    for values in specification().values.values():
        for name, value in values.items():
            if isinstance(value, str) and value.count(".") > 1 and value.replace(".", "").isdigit():
                names.setdefault(value, name)
    return names


def inspect_ber(data: Octets, base: int | None = 0) -> Node:
    """The tree of one element by what BER alone tells; raises FramingError."""
    node, end = _element(data, 0, len(data), base, 0, [0])
    if end != len(data):
        raise FramingError("octets are left after the element", end)
    return node


_UNIVERSAL = {
    1: "BOOLEAN", 2: "INTEGER", 3: "BIT STRING", 4: "OCTET STRING", 5: "NULL", 6: "OBJECT IDENTIFIER",
    7: "ObjectDescriptor", 8: "EXTERNAL", 9: "REAL", 10: "ENUMERATED", 12: "UTF8String", 16: "SEQUENCE", 17: "SET",
    18: "NumericString", 19: "PrintableString", 20: "TeletexString", 21: "VideotexString", 22: "IA5String",
    23: "UTCTime", 24: "GeneralizedTime", 25: "GraphicString", 26: "VisibleString", 27: "GeneralString",
    28: "UniversalString", 30: "BMPString",
}  # fmt: skip
_TEXT = {12, 18, 19, 20, 22, 23, 24, 25, 26, 27}
_CLASSES = ("UNIVERSAL", "APPLICATION", "", "PRIVATE")


def _element(data: Octets, offset: int, end: int, base: int | None, depth: int, count: list[int]) -> tuple[Node, int]:
    if depth > _MAX_DEPTH or count[0] > _MAX_ELEMENTS:
        raise FramingError("more is nested than is looked at", offset)
    count[0] += 1
    following = element_end(data, offset, end)
    identifier, number, place = data[offset], data[offset] & 0x1F, offset + 1
    if number == 0x1F:
        number = 0
        more = True
        while more:
            number = number << 7 | data[place] & 0x7F
            more = bool(data[place] & 0x80)
            place += 1
    lengths = bytes((identifier,)) + bytes(data[place : place + 9])
    _, header, length = read_header(lengths, 0, len(lengths) + (1 << 62))
    start = place + header - 1
    tag_class = identifier >> 6
    name = _UNIVERSAL.get(number, f"[UNIVERSAL {number}]") if tag_class == 0 else _tag(tag_class, number)
    node = Node(name, offset=None if base is None else base + offset, length=following - offset)
    if not identifier & 0x20:
        node.value = _leaf(tag_class, number, bytes(data[start:following]))
        return node, following
    node.kind = "ber"
    place, inner_end = start, following - (2 if length < 0 else 0)
    while place < inner_end:
        child, place = _element(data, place, inner_end, base, depth + 1, count)
        node.children.append(child)
    return node, following


def _tag(tag_class: int, number: int) -> str:
    return f"[{_CLASSES[tag_class]} {number}]".replace("[ ", "[")


def _leaf(tag_class: int, number: int, octets: bytes) -> Any:
    if tag_class == 0 and number in _TEXT:
        return octets.decode("latin-1")
    if tag_class == 0 and number in (2, 10) and octets:
        return int.from_bytes(octets, "big", signed=True)
    if tag_class == 0 and number == 1 and len(octets) == 1:
        return octets != b"\0"
    if tag_class == 0 and number == 5 and not octets:
        return None
    if tag_class == 0 and number == 6 and octets and not octets[-1] & 0x80:
        return _dotted(octets)
    return octets


def _dotted(octets: bytes) -> str:
    arcs, arc = [], 0
    for octet in octets:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def show(value: Any, limit: int = 64) -> str:
    """A leaf's value for people: octets as hexadecimal, cut; texts in quotes; object identifiers with their names."""
    if isinstance(value, bytes | bytearray | memoryview):
        octets = bytes(value[:limit])
        more = f"... {len(value)} octets" if len(value) > limit else ""
        return octets.hex() + more
    if isinstance(value, str):
        name = _object_identifier_names().get(value)
        if name is not None:
            return f"{value} {name}"
        lines = value.replace("\r\n", "\n")
        return lines if "\n" in lines else repr(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None:
        return ""
    return str(plain(value))


def to_plain(node: Node) -> Any:
    """The tree as plain data that JSON can carry, without the places."""
    if node.kind == "leaf":
        return plain(node.value)
    if node.kind == "elements":
        return [to_plain(child) for child in node.children]
    if node.kind == "ber":
        return [{child.name: to_plain(child)} for child in node.children]
    return {child.name: to_plain(child) for child in node.children}
