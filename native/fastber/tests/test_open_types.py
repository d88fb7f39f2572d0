"""Open types by the object sets that govern them (X.682 10): decoded on request, octets otherwise."""

from __future__ import annotations

import pytest

import fastber

SPEC = fastber.compile_string(
    """
    M DEFINITIONS IMPLICIT TAGS ::= BEGIN
    KIND ::= CLASS { &id INTEGER UNIQUE, &Type } WITH SYNTAX { &Type IDENTIFIED BY &id }
    Kinds KIND ::= { {INTEGER IDENTIFIED BY 1} | {IA5String IDENTIFIED BY 2}, ... }
    Entry ::= SEQUENCE { type KIND.&id ({Kinds}), value [0] KIND.&Type ({Kinds}{@type}),
        more SET OF KIND.&Type ({Kinds}{@type}) OPTIONAL }
    Unordered ::= SET { value [0] KIND.&Type ({Kinds}{@type}), type KIND.&id ({Kinds}) }
    Outer ::= SEQUENCE { type KIND.&id ({Kinds}), inner SEQUENCE { value KIND.&Type ({Kinds}{@type}) } }
    END
    """
)
VALUE = {"type": 2, "value": "hi", "more": ["a", "b"]}
ENCODING = bytes.fromhex("30 11 02 01 02 a0 04 16 02 68 69 31 06 16 01 61 16 01 62")


def test_both_ways() -> None:
    entry = SPEC.types["Entry"]
    assert entry.encode(VALUE, resolve_open_types=True) == ENCODING
    assert entry.decode(ENCODING, resolve_open_types=True) == VALUE
    octets = {"type": 2, "value": b"\x16\x02hi", "more": [b"\x16\x01a", b"\x16\x01b"]}
    assert entry.decode(ENCODING) == octets
    assert entry.encode(octets) == ENCODING


def test_what_no_set_names_stays_octets() -> None:
    entry = SPEC.types["Entry"]
    value = {"type": 3, "value": b"\x05\x00"}
    assert entry.decode(entry.encode(value, resolve_open_types=True), resolve_open_types=True) == value


def test_the_identifier_may_come_later_in_a_set() -> None:
    encoding = bytes.fromhex("31 08 a0 03 16 01 61 02 01 02")
    assert SPEC.decode("Unordered", encoding, resolve_open_types=True) == {"type": 2, "value": "a"}


def test_the_identifier_may_stand_a_level_up() -> None:
    value = {"type": 1, "inner": {"value": 5}}
    encoding = SPEC.encode("Outer", value, resolve_open_types=True)
    assert SPEC.decode("Outer", encoding, resolve_open_types=True) == value
    assert SPEC.view("Outer", encoding).at("inner.value").decode(resolve_open_types=True) == 5


def test_views_find_what_governs_them() -> None:
    view = SPEC.view("Entry", ENCODING)
    assert view["value"].value == b"\x16\x02hi"
    assert view["value"].decode(resolve_open_types=True) == "hi"
    assert view.at("more[1]").decode(resolve_open_types=True) == "b"


def test_errors_name_the_path_through_the_open_type() -> None:
    with pytest.raises(fastber.DecodeError) as caught:
        SPEC.decode("Entry", bytes.fromhex("30 08 02 01 01 a0 03 16 01 61"), resolve_open_types=True)
    assert (caught.value.path, caught.value.offset) == ("Entry.value", 7)


INSTANCES = """
    M DEFINITIONS IMPLICIT TAGS ::= BEGIN
    NOTE ::= TYPE-IDENTIFIER
    Notes NOTE ::= { {UTF8String IDENTIFIED BY {1 2 3}} | {SEQUENCE OF INTEGER IDENTIFIED BY {1 2 4}}, ... }
    Free ::= INSTANCE OF NOTE
    Known ::= SEQUENCE { plain INSTANCE OF NOTE ({Notes}), tagged [3] INSTANCE OF NOTE ({Notes}) OPTIONAL }
    External ::= EXTERNAL
    END
"""


def test_instance_of_is_its_associated_type() -> None:
    """X.681 annex C: SEQUENCE, with the tag of EXTERNAL, of `type-id` and `value [0] EXPLICIT`."""
    spec = fastber.compile_string(INSTANCES)
    encoding = bytes.fromhex("28 08 06 02 2a 03 a0 02 0c 00")
    assert spec.decode("Free", encoding) == {"type-id": "1.2.3", "value": b"\x0c\x00"}
    assert spec.encode("Free", {"type-id": "1.2.3", "value": b"\x0c\x00"}) == encoding
    external = {"direct-reference": "1.2.3", "encoding": ("single-ASN1-type", b"\x0c\x00")}
    assert spec.decode("External", encoding) == external
    with pytest.raises(fastber.DecodeError, match="value"):
        spec.decode("Free", bytes.fromhex("28 06 06 02 2a 03 81 00"))
    described = spec.types["Free"].describe()
    assert [member.name for member in described.members] == ["type-id", "value"]
    assert (described.kind, described.tags) == ("SEQUENCE", ((0, 8),))


def test_instance_of_takes_its_value_from_the_objects_of_its_set() -> None:
    spec = fastber.compile_string(INSTANCES)
    value = {"plain": {"type-id": "1.2.3", "value": "abc"}, "tagged": {"type-id": "1.2.4", "value": [1, 2]}}
    encoding = spec.encode("Known", value, resolve_open_types=True)
    assert encoding == bytes.fromhex("301d 280b 06022a03 a005 0c03616263 a30e 06022a04 a008 3006 020101 020102")
    assert spec.decode("Known", encoding, resolve_open_types=True) == value
    assert spec.view("Known", encoding).at("tagged.value").decode(resolve_open_types=True) == [1, 2]
    unknown = {"plain": {"type-id": "1.2.9", "value": b"\x05\x00"}}
    assert spec.decode("Known", spec.encode("Known", unknown), resolve_open_types=True) == unknown


def test_instance_of_wants_a_class_like_type_identifier() -> None:
    with pytest.raises(fastber.CompileError, match="TYPE-IDENTIFIER"):
        fastber.compile_string("M DEFINITIONS ::= BEGIN X ::= CLASS { &id INTEGER }  T ::= INSTANCE OF X END")
    with pytest.raises(fastber.CompileError, match="TYPE-IDENTIFIER"):
        fastber.compile_string("M DEFINITIONS ::= BEGIN X ::= NULL  T ::= INSTANCE OF X END")


def test_values_of_objects_within_objects() -> None:
    """`object.&field.&field` (X.681 clause 15), the inner object by name or in place."""
    spec = fastber.compile_string(
        """
        M DEFINITIONS ::= BEGIN
        INNER ::= CLASS { &code INTEGER, &text UTF8String } WITH SYNTAX { CODE &code TEXT &text }
        OUTER ::= CLASS { &inner INNER, &name IA5String } WITH SYNTAX { NAME &name HOLDS &inner }
        held INNER ::= { CODE 7 TEXT "seven" }
        named OUTER ::= { NAME "n" HOLDS held }
        placed OUTER ::= { NAME "p" HOLDS { CODE 8 TEXT "eight" } }
        a INTEGER ::= named.&inner.&code
        b UTF8String ::= placed.&inner.&text
        c IA5String ::= placed.&name
        END
        """
    )
    assert dict(spec.values["M"]) == {"a": 7, "b": "eight", "c": "p"}


TABLES = """
    M DEFINITIONS IMPLICIT TAGS ::= BEGIN
    KIND ::= CLASS { &id OBJECT IDENTIFIER UNIQUE, &code INTEGER OPTIONAL, &Type }
        WITH SYNTAX { &Type [CODE &code] IDENTIFIED BY &id }
    number KIND ::= { INTEGER CODE 5 IDENTIFIED BY {2 5 1} }
    Kinds KIND ::= { number | {IA5String IDENTIFIED BY {2 5 2}} }
    None KIND ::= { ... }
    Id ::= KIND.&id  Code ::= KIND.&code  Held ::= KIND.&Type
    Entry ::= SEQUENCE { type Id ({Kinds}), value [0] Held ({Kinds}{@type}),
        more SET OF Held ({Kinds}{@type}) OPTIONAL }
    Nested ::= SEQUENCE { type Id ({Kinds}), inner SEQUENCE { value Held ({Kinds}{@type}) } }
    Either {KIND:Set} ::= SEQUENCE { type Id ({Set}), value Held ({Set}{@type}) }
    Of ::= Either {{Kinds}}
    Written ::= Id ({Kinds})  Single ::= Id ({number})  Anything ::= Id ({None})  Nothing ::= Id ({})
    Coded ::= Code ({Kinds})
    Value ::= KIND.&id ({2 5 1})  Behind ::= Id ({joint-iso-itu-t 5 1})  Two ::= Id ({2 5 1} | {2 5 2})
    Part ::= Entry (WITH COMPONENTS { ..., type ({2 5 1}) })
    Same ::= Entry (WITH COMPONENTS { ..., type ({Kinds}) })
    Instance ::= INSTANCE OF TYPE-IDENTIFIER ({Identified})
    Identified TYPE-IDENTIFIER ::= { {INTEGER IDENTIFIED BY {2 5 1}} }
    END
"""


def test_a_table_behind_the_name_of_an_open_type() -> None:
    spec = fastber.compile_string(TABLES)
    for name, value in {
        "Entry": {"type": "2.5.2", "value": "a", "more": ["b", "c"]},
        "Nested": {"type": "2.5.1", "inner": {"value": 7}},
        "Of": {"type": "2.5.1", "value": 7},
    }.items():
        encoding = spec.encode(name, value, resolve_open_types=True)
        assert spec.decode(name, encoding, resolve_open_types=True) == value
    assert (
        spec.encode("Entry", {"type": "2.5.1", "value": 5}, resolve_open_types=True).hex() == "300906025501a003020105"
    )
    described = spec.types["Entry"].describe().members[1].type.open_type
    assert described is not None
    assert [identifier for identifier, _ in described.rows] == ["2.5.1", "2.5.2"]


@pytest.mark.parametrize("name", ["Written", "Single", "Anything", "Nothing", "Coded"])
def test_a_table_is_no_value(name: str) -> None:
    spec = fastber.compile_string(TABLES)
    spec.types[name].check_constraints(6 if name == "Coded" else "2.5.9")


@pytest.mark.parametrize("name", ["Value", "Behind", "Two"])
def test_a_value_in_braces_is_no_table(name: str) -> None:
    spec = fastber.compile_string(TABLES)
    spec.types[name].check_constraints("2.5.1")
    with pytest.raises(fastber.ConstraintsError, match=r"expected 2\.5\.1"):
        spec.types[name].check_constraints("2.5.9")


def test_tables_and_values_within_inner_subtyping() -> None:
    spec = fastber.compile_string(TABLES)
    value = {"type": "2.5.1", "value": b"\x02\x01\x05"}
    other = {"type": "2.5.9", "value": b"\x05\x00"}
    for name in ("Part", "Same"):
        spec.types[name].check_constraints(value)
    spec.types["Same"].check_constraints(other)
    with pytest.raises(fastber.ConstraintsError, match=r"Part\.type: expected 2\.5\.1"):
        spec.types["Part"].check_constraints(other)


def test_the_table_of_an_instance_is_no_value() -> None:
    instance = fastber.compile_string(TABLES).types["Instance"]
    instance.check_constraints({"type-id": "2.5.9", "value": b"\x05\x00"})
    value = {"type-id": "2.5.1", "value": 4}
    assert instance.decode(instance.encode(value, resolve_open_types=True), resolve_open_types=True) == value
