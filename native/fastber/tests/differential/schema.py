"""Types of ASN.1 as the generator makes them: notation to be compiled, and what is needed to make values of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

UNIVERSAL = {
    "BOOLEAN": 1, "INTEGER": 2, "BIT STRING": 3, "OCTET STRING": 4, "NULL": 5, "OBJECT IDENTIFIER": 6, "REAL": 9,
    "ENUMERATED": 10, "UTF8String": 12, "RELATIVE-OID": 13, "SEQUENCE": 16, "SEQUENCE OF": 16, "SET": 17, "SET OF": 17,
    "NumericString": 18, "PrintableString": 19, "TeletexString": 20, "IA5String": 22, "UTCTime": 23,
    "GeneralizedTime": 24, "GraphicString": 25, "VisibleString": 26, "GeneralString": 27, "UniversalString": 28,
    "BMPString": 30,
}  # fmt: skip

NAMED_NUMBERS = {"one": 1, "minus": -1, "many": 70000}
"""Of every INTEGER that has names."""

Tag = tuple[str, int]


@dataclass(eq=False)
class Type:
    """One type: its kind is the ASN.1 keyword, or CHOICE, REFERENCE or OPEN."""

    kind: str
    notation: str
    tags: frozenset[Tag]
    """The tags that an encoding may start with; empty for an untagged open type."""
    features: frozenset[str] = frozenset()
    """What it uses, itself or in a part, that a reference may lack."""
    members: list[Member] = field(default_factory=list)
    extensible: bool = False
    element: Type | None = None
    target: Assignment | None = None
    names: list[str] = field(default_factory=list)
    """Of ENUMERATED in textual order; of named bits by their number."""
    low: int | None = None
    high: int | None = None
    """Of an INTEGER's value, or of a size."""
    identified_by: str = ""
    """OPEN: the member whose value picks the row."""
    rows: dict[int, Type] = field(default_factory=dict)

    def resolved(self) -> Type:
        """Past references."""
        found = self
        while found.kind == "REFERENCE":
            assert found.target is not None
            found = found.target.type
        return found

    def is_tagged(self) -> bool:
        """Does its notation begin with a tag, or that of a reference on its way?"""
        found: Type | None = self
        while found is not None and not found.notation.startswith("["):
            found = found.target.type if found.target else None
        return found is not None

    def may_grow(self) -> bool:
        """May a version to come begin with other tags: an untagged CHOICE with "...", or with one in it?"""
        found = self.resolved()
        if found.kind != "CHOICE" or self.is_tagged():
            return False
        return found.extensible or any(not one.notation and one.type.may_grow() for one in found.members)


@dataclass(eq=False)
class Member:
    name: str
    type: Type
    notation: str = ""
    """The tag before the type, as written."""
    optional: bool = False
    default: Any = None
    """With `has_default`: the value, and how it is written."""
    has_default: bool = False
    default_notation: str = ""
    addition: int | None = None
    """Behind "...": the number of its addition or addition group, whose members are there together."""


@dataclass(eq=False)
class Assignment:
    name: str
    type: Type
    extra: str = ""
    """What stands before it: classes and object sets, parameterised types."""

    def used(self) -> Iterator[Assignment]:
        """The assignments that its text refers to, itself first."""
        seen: set[int] = set()
        waiting = [self]
        while waiting:
            one = waiting.pop()
            if id(one) in seen:
                continue
            seen.add(id(one))
            yield one
            waiting.extend(direct(one.type))

    def features(self) -> frozenset[str]:
        return frozenset().union(*(one.type.features for one in self.used()))


def direct(kind: Type) -> Iterator[Assignment]:
    if kind.target is not None:
        yield kind.target
    parts = [member.type for member in kind.members] + list(kind.rows.values())
    for part in parts + ([kind.element] if kind.element else []):
        yield from direct(part)


@dataclass
class Module:
    name: str
    tagging: str
    assignments: list[Assignment]

    def text(self, without: frozenset[str] = frozenset()) -> str:
        """The module, leaving out the types that use a feature in `without`."""
        lines = [f"{self.name} DEFINITIONS {self.tagging} TAGS ::= BEGIN"]
        for one in self.assignments:
            if not one.features() & without:
                lines += [one.extra] if one.extra else []
                lines.append(f"{one.name} ::= {one.type.notation}")
        return "\n".join([*lines, "END", ""])

    def kept(self, without: frozenset[str]) -> list[Assignment]:
        return [one for one in self.assignments if not one.features() & without]
