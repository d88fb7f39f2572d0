"""What compiled types are made of, for whoever writes stubs, documentation or test values from ASN.1.

`CompiledType.describe()` gives a `Type`: a place in the specification's table, immutable and hashable, equal to another
`Type` where both are the same place, so that a walk over recursive types ends when it keeps a set of what it has seen.
`walk` is such a walk.

>>> import fastber
>>> spec = fastber.compile_string('''
...     M DEFINITIONS ::= BEGIN
...     Node ::= SEQUENCE { label [0] IA5String (SIZE (1..8)) OPTIONAL, next Node OPTIONAL }
...     END''')
>>> node = spec.types["Node"].describe()
>>> node
Type(M.Node: [UNIVERSAL 16] SEQUENCE)
>>> label, following = node.members
>>> label.type.kind, label.type.tags, label.type.sizes, label.optional
('IA5String', ((2, 0), (0, 22)), ((1, 8),), True)
>>> following.type == node
True
>>> [type.kind for type in walk(node)]
['SEQUENCE', 'IA5String']
"""

from __future__ import annotations

from collections.abc import Iterator

from ._fastber import Member, OpenType, Type

__all__ = ["Member", "OpenType", "Type", "parts", "walk"]


def parts(type: Type) -> Iterator[Type]:
    """The types that this one is directly made of: members, alternatives, element, contents, rows of an open type."""
    yield from (member.type for member in type.members)
    yield from (alternative for _, alternative in type.alternatives)
    if type.element is not None:
        yield type.element
    if type.contained is not None:
        yield type.contained
    if type.open_type is not None:
        yield from (row for _, row in type.open_type.rows)


def walk(*types: Type) -> Iterator[Type]:
    """These types and all that they are made of, each once, what is nearer first."""
    seen = set(types)
    level = list(dict.fromkeys(types))
    while level:
        yield from level
        found = dict.fromkeys(part for type in level for part in parts(type))
        level = [part for part in found if part not in seen]
        seen.update(level)
