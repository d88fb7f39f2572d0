"""`describe`: each property, from the notation that it stands for."""

from __future__ import annotations

import doctest

import pytest

import fastber
import fastber.schema
from fastber.schema import Type, parts, walk

MODULES = """
Kinds DEFINITIONS IMPLICIT TAGS ::= BEGIN
IMPORTS bound FROM Other;
Node ::= SEQUENCE { label [0] Label OPTIONAL, depth INTEGER { top(0), deep(9) } (0..9 | 20, ...) DEFAULT top, ...,
    next [1] Node, [[ last [2] EXPLICIT BOOLEAN OPTIONAL ]] }
Label ::= IA5String (SIZE (1..8)) (FROM ("a".."f"))
Flags ::= BIT STRING { read(0), write(1) } (SIZE (0..bound))
Either ::= CHOICE { left NULL, right [3] SET OF Either, ... }
Colour ::= ENUMERATED { red, green(5), ..., blue }
Wrapped ::= OCTET STRING (CONTAINING Flags)
Foreign ::= SET { a EXTERNAL, b [5] EMBEDDED PDV }
Day ::= DATE
KIND ::= CLASS { &code INTEGER UNIQUE, &Type } WITH SYNTAX { &Type AT &code }
Known KIND ::= { { BOOLEAN AT 1 } | { Node AT 2 }, ... }
Record ::= SEQUENCE { code KIND.&code ({Known}), body SEQUENCE { value KIND.&Type ({Known}{@code}) } }
List{Item} ::= SEQUENCE OF Item
Lists ::= SEQUENCE { a List{BOOLEAN}, b List{NULL} }
Anything ::= ANY
END
Other DEFINITIONS ::= BEGIN bound INTEGER ::= 12 END
"""


@pytest.fixture(scope="module")
def spec() -> fastber.Specification:
    return fastber.compile_string(MODULES)


def described(spec: fastber.Specification, name: str) -> Type:
    return spec.types[name].describe()


def test_documentation() -> None:
    assert doctest.testmod(fastber.schema).failed == 0


def test_sequence(spec: fastber.Specification) -> None:
    node = described(spec, "Node")
    assert (node.kind, node.module, node.name, node.tags, node.extensible) == (
        "SEQUENCE",
        "Kinds",
        "Node",
        ((0, 16),),
        True,
    )
    assert [(m.name, m.optional, m.has_default, m.default, m.addition) for m in node.members] == [
        ("label", True, False, None, False),
        ("depth", False, True, 0, False),
        ("next", False, False, None, True),
        ("last", True, False, None, True),
    ]
    label, depth, following, last = (member.type for member in node.members)
    assert (label.kind, label.name, label.tags) == ("IA5String", "Label", ((2, 0),))
    assert (label.sizes, label.alphabet, label.constraint_extensible) == (((1, 8),), (("a", "f"),), False)
    assert (depth.items, depth.values) == ((("top", 0), ("deep", 9)), ((0, 9), (20, 20)))
    assert depth.constraint_extensible
    assert depth.module == depth.name == ""
    assert (following.module, following.name) == ("Kinds", "Node")
    assert following.members[2].type == following  # a recursive type comes round
    assert last.tags == ((2, 2), (0, 1))


def test_equality_is_of_places(spec: fastber.Specification) -> None:
    assert described(spec, "Node") == described(spec, "Node")
    assert hash(described(spec, "Node")) == hash(described(spec, "Node"))
    assert described(spec, "Node") != described(spec, "Label")
    assert described(spec, "Node") != described(fastber.compile_string(MODULES), "Node")


def test_choice_and_set_of(spec: fastber.Specification) -> None:
    either = described(spec, "Either")
    assert (either.kind, either.tags, either.extensible) == ("CHOICE", (), True)
    (left, null), (right, several) = either.alternatives
    assert (left, null.kind, right, several.kind, several.tags) == ("left", "NULL", "right", "SET OF", ((2, 3),))
    assert several.element == either
    assert list(walk(either)) == [either, null, several]


def test_bit_string_enumerated_and_contents(spec: fastber.Specification) -> None:
    flags = described(spec, "Flags")
    assert (flags.kind, flags.items, flags.sizes) == ("BIT STRING", (("read", 0), ("write", 1)), ((0, 12),))
    colour = described(spec, "Colour")
    assert (colour.items, colour.extensible) == ((("red", 0), ("green", 5), ("blue", 1)), True)
    contained = described(spec, "Wrapped").contained
    assert contained is not None
    assert (contained.name, contained.kind) == ("Flags", "BIT STRING")


def test_types_that_are_encoded_as_sequences(spec: fastber.Specification) -> None:
    external, pdv = (member.type for member in described(spec, "Foreign").members)
    assert (external.kind, external.tags) == ("EXTERNAL", ((0, 8),))
    assert [m.name for m in external.members] == [
        "direct-reference",
        "indirect-reference",
        "data-value-descriptor",
        "encoding",
    ]
    assert (pdv.kind, pdv.tags, pdv.members[-1].name) == ("EMBEDDED PDV", ((2, 5),), "data-value")
    assert external.members[2].type.kind == "ObjectDescriptor"


def test_built_in_and_open(spec: fastber.Specification) -> None:
    day = described(spec, "Day")
    assert (day.kind, day.module, day.name, day.tags) == ("DATE", "Kinds", "Day", ((0, 31),))
    anything = described(spec, "Anything")
    assert (anything.kind, anything.open_type, anything.tags) == ("open type", None, ())
    body = described(spec, "Record").members[1].type
    governed = body.members[0].type.open_type
    assert governed is not None
    assert (governed.field, governed.up, governed.path) == ("KIND.&Type", 1, ("code",))
    assert [(code, type.kind) for code, type in governed.rows] == [(1, "BOOLEAN"), (2, "SEQUENCE")]
    assert [type.kind for type in parts(body.members[0].type)] == ["BOOLEAN", "SEQUENCE"]


def test_instances_of_a_parameterised_type_share_their_name(spec: fastber.Specification) -> None:
    a, b = (member.type for member in described(spec, "Lists").members)
    assert (a.module, a.name) == (b.module, b.name) == ("Kinds", "List")
    assert a != b
    assert "List" not in spec.modules["Kinds"]
    assert a.element is not None
    assert b.element is not None
    assert (a.element.kind, b.element.kind) == ("BOOLEAN", "NULL")


def test_nothing_is_said_that_the_kind_has_not(spec: fastber.Specification) -> None:
    label = described(spec, "Label")
    assert not (label.members)
    assert not (label.alternatives)
    assert not (label.items)
    assert not (label.values)
    assert not (label.extensible)
    assert label.element is label.contained is label.open_type is None
    assert described(spec, "Either").alphabet is None
    with pytest.raises(AttributeError):
        label.kind = "NULL"  # type: ignore[misc, assignment]


def test_repr(spec: fastber.Specification) -> None:
    node = described(spec, "Node")
    assert repr(node) == "Type(Kinds.Node: [UNIVERSAL 16] SEQUENCE)"
    assert repr(node.members[0]) == "Member(label IA5String OPTIONAL)"
    assert repr(node.members[1].type) == "Type([UNIVERSAL 2] INTEGER)"
    assert repr(described(spec, "Record").members[1].type.members[0].type.open_type) == "OpenType(KIND.&Type, 2 rows)"
