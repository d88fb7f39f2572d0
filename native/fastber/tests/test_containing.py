"""OCTET STRING and BIT STRING that contain a value (X.682 clause 11)."""

from __future__ import annotations

from typing import Any

import pytest

import fastber

MODULE = """
M DEFINITIONS AUTOMATIC TAGS ::= BEGIN
Inner ::= SEQUENCE { number INTEGER (0..9), text UTF8String }
ber OBJECT IDENTIFIER ::= {joint-iso-itu-t asn1(1) basic-encoding(1)}
Outer ::= SEQUENCE { octets OCTET STRING (CONTAINING Inner), bits BIT STRING (CONTAINING Inner) OPTIONAL,
    named OCTET STRING (CONTAINING Inner ENCODED BY ber) OPTIONAL,
    packed OCTET STRING (CONTAINING Inner
        ENCODED BY {joint-iso-itu-t asn1(1) packed-encoding(3) basic(0) unaligned(1)}) OPTIONAL }
END
"""
INNER = {"number": 1, "text": "x"}
ENCODED = bytes.fromhex("30 06 80 01 01 81 01 78")
RESOLVED = {"octets": INNER, "bits": INNER, "named": INNER, "packed": b"??"}
PLAIN = {"octets": ENCODED, "bits": (ENCODED, 64), "named": ENCODED, "packed": b"??"}
ENCODING = bytes.fromhex("30 23 80 08 3006800101810178 81 09 003006800101810178 82 08 3006800101810178 83 02 3f3f")
SPEC = fastber.compile_string(MODULE)


@pytest.mark.parametrize("codec", ["ber", "der"])
def test_both_ways(codec: str) -> None:
    outer = fastber.compile_string(MODULE, codec).types["Outer"]
    assert outer.encode(RESOLVED, resolve_open_types=True) == ENCODING
    assert outer.decode(ENCODING, resolve_open_types=True) == RESOLVED
    assert outer.encode(PLAIN) == ENCODING
    assert outer.decode(ENCODING) == PLAIN


def test_a_string_in_pieces() -> None:
    encoding = bytes.fromhex("30 0e a0 0c 04 04 30068001 04 04 01810178")
    assert SPEC.decode("Outer", encoding, resolve_open_types=True) == {"octets": INNER}
    assert SPEC.decode("Outer", encoding) == {"octets": ENCODED}
    with pytest.raises(fastber.DecodeError, match="in one piece"):
        _ = SPEC.view("Outer", encoding)["octets"].contained


@pytest.mark.parametrize("member", ["octets", "bits", "named"])
def test_views_step_into_it(member: str) -> None:
    inner = SPEC.view("Outer", ENCODING)[member].contained
    assert inner["text"].value == "x"
    assert bytes(inner.raw) == ENCODED
    assert SPEC.view("Outer", ENCODING)[member].decode(resolve_open_types=True) == INNER


def test_only_strings_that_contain_have_a_contained() -> None:
    view = SPEC.view("Outer", ENCODING)
    for other in (view, view["packed"]):
        with pytest.raises(TypeError):
            _ = other.contained


@pytest.mark.parametrize(
    ("encoding", "reason"),
    [
        ("30 0b 80 09 3006800101810178 00", "octets left over behind a contained value"),
        ("30 05 80 03 800101", r"expected tag \[UNIVERSAL 16\]"),
        ("30 02 80 00", "ran out of data"),
        ("30 16 80 08 3006800101810178 81 0a 04 3006800101810178 00", "expected whole octets"),
    ],
)
def test_faults(encoding: str, reason: str) -> None:
    data = bytes.fromhex(encoding)
    assert SPEC.decode("Outer", data)
    with pytest.raises(fastber.DecodeError, match=reason) as caught:
        SPEC.decode("Outer", data, resolve_open_types=True)
    member = "bits" if "81 0a" in encoding else "octets"
    assert (caught.value.path or "").startswith(f"Outer.{member}")
    with pytest.raises(fastber.DecodeError):
        _ = SPEC.view("Outer", data)[member].contained


def test_constraints_of_what_is_contained() -> None:
    outer = SPEC.types["Outer"]
    wrong: dict[str, Any] = {"octets": {"number": 10, "text": ""}}
    with pytest.raises(fastber.ConstraintsError, match=r"octets\.number"):
        outer.encode(wrong, check_constraints=True, resolve_open_types=True)


def test_a_type_that_contains_itself() -> None:
    spec = fastber.compile_string("M DEFINITIONS ::= BEGIN A ::= OCTET STRING (CONTAINING B)  B ::= [1] A END")
    b = spec.types["B"].describe()
    assert b.contained == b
    view = spec.view("A", bytes.fromhex("04 08 a1 06 04 04 a1 02 04 00"))
    assert bytes(view.contained.contained.raw) == bytes.fromhex("a1 02 04 00")


def test_types_that_contain_one_another_in_a_long_row() -> None:
    row = "\n".join(f"T{i} ::= OCTET STRING (CONTAINING T{i + 1})" for i in range(20_000))
    spec = fastber.compile_string(f"M DEFINITIONS ::= BEGIN {row} T20000 ::= NULL END")
    assert spec.decode("T19998", bytes.fromhex("04 04 0402 0500"), resolve_open_types=True) is None
