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


DEEP = fastber.compile_string("""
M DEFINITIONS AUTOMATIC TAGS ::= BEGIN
Letter ::= SEQUENCE { number INTEGER, sealed OCTET STRING (CONTAINING Envelope), note UTF8String OPTIONAL, ... }
Envelope ::= [APPLICATION 1] EXPLICIT SEQUENCE { to SEQUENCE OF IA5String, body BIT STRING (CONTAINING Body),
    mark NULL OPTIONAL }
Body ::= CHOICE { text UTF8String, number INTEGER, again OCTET STRING (CONTAINING OCTET STRING (CONTAINING Body)) }
Bodies ::= SEQUENCE OF OCTET STRING (CONTAINING Body)
Itself ::= OCTET STRING (CONTAINING Itself)
END
""")
LETTER = {"number": 7, "sealed": {"to": ["a", "b"], "body": ("text", "hello")}, "note": "n"}
SEALED = DEEP.encode("Letter", LETTER, resolve_open_types=True)


def changed(**parts: Any) -> bytes:
    value = {**LETTER, "sealed": {**LETTER["sealed"], **parts}}  # type: ignore[dict-item]
    return DEEP.encode("Letter", value, resolve_open_types=True)


def test_a_path_goes_through_a_string_into_what_it_contains() -> None:
    view = DEEP.view("Letter", SEALED)
    assert view.at("sealed.body.text").value == "hello"
    assert view["sealed"]["body"]["text"].value == "hello"
    assert view.at("sealed.to[-1]").value == "b"
    assert view["sealed"].value == DEEP.encode("Envelope", LETTER["sealed"], resolve_open_types=True)
    assert view["sealed"].at("to[0]").value == "a"
    assert "to" in view["sealed"]
    assert view["sealed"].get("mark") is None
    with pytest.raises(KeyError):
        view.at("sealed.body.number")
    again = DEEP.encode("Body", ("again", ("number", 5)), resolve_open_types=True)
    assert DEEP.view("Body", again).at("again.number").value == 5


def test_readers_go_through_it() -> None:
    letter = DEEP.types["Letter"]
    reader = letter.reader(
        "sealed.body.text:value", "number:value", "sealed.to[*]:value", "sealed:contents", "sealed.mark"
    )
    contents = DEEP.encode("Envelope", LETTER["sealed"], resolve_open_types=True)
    assert reader.read(SEALED) == ("hello", 7, ["a", "b"], contents, None)
    bodies = DEEP.encode("Bodies", [("text", "a"), ("number", 1)], resolve_open_types=True)
    assert DEEP.types["Bodies"].reader("[*].number:value", "[0].text:value").read(bodies) == ([None, 1], "a")
    with pytest.raises(ValueError, match='no member "from"'):
        letter.reader("sealed.from")


def test_splices_go_through_it() -> None:
    view = DEEP.view("Letter", SEALED)
    long = "x" * 300
    assert b"".join(view.splice({"sealed.body.text": long})) == changed(body=("text", long))
    assert b"".join(view.splice({"sealed.to[+]": "c", "sealed.mark": None})) == changed(to=["a", "b", "c"], mark=None)
    assert b"".join(view.splice({"sealed.body.number": 3})) == changed(body=("number", 3))
    assert b"".join(view["sealed"].splice({"to[0]": fastber.REMOVE})) == bytes(
        DEEP.view("Letter", changed(to=["b"]))["sealed"].raw
    )
    splicer = DEEP.types["Letter"].splicer("sealed.body.text", "number", "sealed.mark")
    expected = DEEP.encode(
        "Letter",
        {**LETTER, "number": 8, "sealed": {**LETTER["sealed"], "body": ("text", long), "mark": None}},
        resolve_open_types=True,
    )
    assert b"".join(splicer.splice(SEALED, long, 8, None)) == expected
    for both in ({"sealed": b"\x05\x00", "sealed.mark": None}, {"sealed.mark": None, "sealed": b"\x05\x00"}):
        with pytest.raises(ValueError, match="two edits of the same part"):
            view.splice(both)


def test_what_is_in_the_way_has_its_place() -> None:
    inner = DEEP.encode("Envelope", LETTER["sealed"], resolve_open_types=True)
    head, tail = inner[:4], inner[4:]
    empty = DEEP.encode("Letter", LETTER | {"sealed": b""})
    constructed = bytes([4, len(head)]) + head + bytes([4, len(tail)]) + tail
    string = b"\xa1" + bytes([len(constructed)]) + constructed
    data = empty.replace(b"\x81\x00", string, 1)
    in_pieces = bytes([0x30, len(data) - 2]) + data[2:]
    other = SEALED.replace(b"\x61", b"\x62", 1)
    longer = DEEP.encode("Letter", LETTER | {"sealed": inner + b"\x05\x00"})
    bits = DEEP.encode("Letter", LETTER | {"sealed": inner.replace(b"\x00\x80\x05hello", b"\x03\x80\x05hello")})
    for octets, path, reason in (
        (in_pieces, "sealed.to", "expected a string in one piece"),
        (other, "sealed.to", r"Letter\.sealed\.Envelope: expected tag \[APPLICATION 1\]"),
        (longer, "sealed.to", r"Letter\.sealed: octets left over behind a contained value"),
        (empty, "sealed.to", r"Letter\.sealed: "),
        (bits, "sealed.body.text", r"Letter\.sealed\.body: expected whole octets"),
    ):
        view = DEEP.view("Letter", octets)
        assert view["number"].value == 7
        with pytest.raises(fastber.DecodeError, match=reason):
            view.at(path)
        with pytest.raises(fastber.DecodeError, match=reason):
            DEEP.types["Letter"].reader(path).read(octets)
        with pytest.raises(fastber.DecodeError, match=reason):
            view.splice({path: fastber.Raw(b"\x05\x00")})


@pytest.mark.parametrize("have", range(4, len(SEALED) + 1))
def test_what_is_cut_raises_when_it_is_touched(have: int) -> None:
    view = DEEP.view("Letter", SEALED[:have], partial=True)
    reader = DEEP.types["Letter"].reader("sealed.to[0]:value")
    end = SEALED.index(b"\x16\x01a") + 3
    if have >= end:
        assert view.at("sealed.to[0]").value == "a"
        assert reader.read(SEALED[:have], partial=True) == ("a",)
    else:
        with pytest.raises(fastber.DecodeError, match=r"the buffer ends|ran out of data"):
            _ = view.at("sealed.to[0]").value
        with pytest.raises(fastber.DecodeError, match=r"the buffer ends|ran out of data"):
            reader.read(SEALED[:have], partial=True)


def test_what_contains_itself_has_no_steps() -> None:
    itself = DEEP.types["Itself"]
    view = itself.view(bytes.fromhex("04 04 04 02 04 00"))
    assert bytes(view.contained.contained.raw) == b"\x04\x00"
    with pytest.raises(KeyError):
        view.at("a")
    with pytest.raises(KeyError):
        _ = view["a"]
    with pytest.raises(KeyError):
        view.splice({"a": 1})
    with pytest.raises(KeyError):
        itself.splicer("a")
    with pytest.raises(ValueError, match="a"):
        itself.reader("a")
    with pytest.raises(ValueError, match=r"has no \[\*\]"):
        itself.reader("[*]")
