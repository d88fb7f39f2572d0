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
