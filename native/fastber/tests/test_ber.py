"""BER, both ways: a table of values and their octets, and the forms that only a decoder meets."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

import fastber

TEXT = """
Test DEFINITIONS IMPLICIT TAGS EXTENSIBILITY IMPLIED ::= BEGIN
IMPORTS Pick FROM Closed;
Bool ::= BOOLEAN  Int ::= INTEGER  Bits ::= BIT STRING  Octets ::= OCTET STRING  Nil ::= NULL  Oid ::= OBJECT IDENTIFIER
Num ::= REAL  Enum ::= ENUMERATED { a(0), b(1), z(300) }  Utf8 ::= UTF8String  Ia5 ::= IA5String  T61 ::= TeletexString
Bmp ::= BMPString  Uni ::= UniversalString  Utc ::= UTCTime  Gen ::= GeneralizedTime
Seq ::= SEQUENCE { x INTEGER, y [0] BOOLEAN DEFAULT FALSE, z [1] EXPLICIT IA5String OPTIONAL }
Set ::= SET { x INTEGER, y [0] BOOLEAN OPTIONAL, c Pick }
Choice ::= CHOICE { i [5] INTEGER, o OCTET STRING, s [6] SEQUENCE OF Choice }
Many ::= SEQUENCE OF INTEGER
High ::= [APPLICATION 1000] INTEGER
Ext ::= EXTERNAL
END
Closed DEFINITIONS IMPLICIT TAGS ::= BEGIN
Shut ::= SEQUENCE { x INTEGER, y [0] BOOLEAN OPTIONAL }
Pick ::= CHOICE { i [5] INTEGER, o OCTET STRING }
Few ::= ENUMERATED { a(0), b(1) }
Opt ::= SEQUENCE { a [0] INTEGER OPTIONAL, list SEQUENCE OF Shut OPTIONAL }
Any ::= SEQUENCE { a ANY, b ANY OPTIONAL }
END
"""

SPEC = fastber.compile_string(TEXT)

TABLE: list[tuple[str, Any, str]] = [
    ("Bool", True, "01 01 ff"),
    ("Bool", False, "01 01 00"),
    ("Int", 0, "02 01 00"),
    ("Int", 127, "02 01 7f"),
    ("Int", 128, "02 02 00 80"),
    ("Int", -128, "02 01 80"),
    ("Int", -129, "02 02 ff 7f"),
    ("Int", -(1 << 63), "02 08 80 00 00 00 00 00 00 00"),
    ("Int", 1 << 63, "02 09 00 80 00 00 00 00 00 00 00"),
    ("Int", -(1 << 71), "02 09 80 00 00 00 00 00 00 00 00"),
    ("Bits", (b"", 0), "03 01 00"),
    ("Bits", (b"\xa0", 3), "03 02 05 a0"),
    ("Octets", b"\x01\x02", "04 02 01 02"),
    ("Nil", None, "05 00"),
    ("Oid", "2.6.0.1.6", "06 04 56 00 01 06"),
    ("Oid", "2.999.3", "06 03 88 37 03"),
    ("Num", 0.0, "09 00"),
    ("Num", 0.5, "09 03 80 ff 01"),
    ("Num", -math.inf, "09 01 41"),
    ("Enum", "b", "0a 01 01"),
    ("Enum", "z", "0a 02 01 2c"),
    ("Utf8", "\u00e5\u20ac", "0c 05 c3 a5 e2 82 ac"),
    ("Ia5", "hi", "16 02 68 69"),
    ("T61", "\u00e5", "14 01 e5"),
    ("Bmp", "a\U0001f600", "1e 06 00 61 d8 3d de 00"),
    ("Uni", "a", "1c 04 00 00 00 61"),
    ("Utc", datetime(1990, 11, 24, 8, 38, 28), "17 0d 39 30 31 31 32 34 30 38 33 38 32 38 5a"),
    ("Gen", datetime(2026, 1, 1, 12, 0, 5, tzinfo=UTC), "18 0f 32 30 32 36 30 31 30 31 31 32 30 30 30 35 5a"),
    ("Seq", {"x": 1, "y": False}, "30 03 02 01 01"),
    ("Seq", {"x": 1, "y": True, "z": "a"}, "30 0b 02 01 01 80 01 ff a1 03 16 01 61"),
    ("Set", {"x": 1, "c": ("o", b"z")}, "31 06 02 01 01 04 01 7a"),
    ("Choice", ("s", [("i", 1), ("s", [])]), "a6 05 85 01 01 a6 00"),
    ("Many", [1, 2], "30 06 02 01 01 02 01 02"),
    ("High", 5, "5f 87 68 01 05"),
    (
        "Ext",
        {"direct-reference": "2.6.0", "indirect-reference": 1, "encoding": ("single-ASN1-type", b"\x05\x00")},
        "28 0b 06 02 56 00 02 01 01 a0 02 05 00",
    ),
    ("Ext", {"encoding": ("octet-aligned", b"a")}, "28 03 81 01 61"),
]


@pytest.mark.parametrize(("name", "value", "octets"), TABLE)
def test_table(name: str, value: Any, octets: str) -> None:
    encoding = bytes.fromhex(octets)
    assert SPEC.encode(name, value) == encoding
    assert SPEC.decode(name, encoding) == value
    assert SPEC.decode_with_length(name, encoding + b"\x00") == (value, len(encoding))


LIBERAL: list[tuple[str, str, Any]] = [
    ("Bool", "01 01 01", True),
    ("Int", "02 02 00 01", 1),
    ("Int", "02 81 01 05", 5),
    ("Int", "02 84 00 00 00 01 05", 5),
    ("Octets", "24 80 04 01 61 24 04 04 02 62 63 00 00", b"abc"),
    ("Ia5", "36 06 04 01 61 16 01 62", "ab"),
    ("Bits", "23 08 03 02 00 ff 03 02 04 f0", (b"\xff\xf0", 12)),
    ("Seq", "30 80 02 01 01 a1 80 16 01 61 00 00 00 00", {"x": 1, "y": False, "z": "a"}),
    ("Set", "31 09 80 01 ff 04 01 7a 02 01 01", {"x": 1, "y": True, "c": ("o", b"z")}),
    ("Seq", "30 0a 02 01 01 bf 81 48 03 02 01 07", {"x": 1, "y": False}),
    ("Utc", "17 11 39 30 31 31 32 34 30 38 33 38 32 38 2b 30 31 33 30",
     datetime(1990, 11, 24, 8, 38, 28, tzinfo=timezone(timedelta(hours=1, minutes=30)))),
    ("Num", "09 05 03 31 2e 45 31", 10.0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "octets", "value"), LIBERAL)
def test_forms_that_only_a_decoder_meets(name: str, octets: str, value: Any) -> None:
    assert SPEC.decode(name, bytes.fromhex(octets)) == value


REFUSED: list[tuple[str, str, str, int]] = [
    ("Int", "", "Int", 0),
    ("Int", "02", "Int", 0),
    ("Int", "02 02 01", "Int", 2),
    ("Int", "02 00", "Int", 2),
    ("Int", "02 ff", "Int", 1),
    ("Int", "04 01 00", "Int", 0),
    ("Int", "22 03 02 01 05", "Int", 0),
    ("Int", "02 88 80 00 00 00 00 00 00 00", "Int", 10),
    ("Bool", "01 02 00 00", "Bool", 2),
    ("Bits", "03 01 01", "Bits", 2),
    ("Bits", "03 02 08 00", "Bits", 2),
    ("Bits", "23 08 03 02 04 f0 03 02 00 ff", "Bits", 8),
    ("Oid", "06 01 80", "Oid", 2),
    ("Oid", "06 00", "Oid", 2),
    ("Ia5", "16 01 e5", "Ia5", 2),
    ("Utf8", "0c 01 ff", "Utf8", 2),
    ("Utc", "17 01 5a", "Utc", 2),
    ("Seq", "30 00", "Seq.x", 2),
    ("Seq", "30 07 02 01 01 80 01 ff 00", "Seq", 8),
    ("Seq", "30 06 02 01 01 02 01 02", "Seq.x", 5),
    ("Seq", "30 80 02 01 01", "Seq", 5),
    ("Seq", "30 0a 02 01 01 a1 05 16 01 61 05 00", "Seq.z", 10),
    ("Set", "31 06 02 01 01 02 01 02", "Set.x", 5),
    ("Choice", "a6 03 85 01", "Choice", 2),
    ("Choice", "a6 05 a6 03 a6 01 00", "Choice.s[0].s[0].s[0]", 6),
    ("Shut", "30 06 02 01 01 81 01 00", "Shut", 5),
    ("Few", "0a 01 05", "Few", 2),
    ("Opt", "30 07 30 05 30 04 02 01 05", "Opt.list[0]", 6),
    ("Opt", "30 07 30 05 30 03 04 01 05", "Opt.list[0].x", 6),
    ("High", "5f 80 68 01 05", "High", 0),
]


@pytest.mark.parametrize(("name", "octets", "path", "offset"), REFUSED)
def test_refused_with_path_and_offset(name: str, octets: str, path: str, offset: int) -> None:
    with pytest.raises(fastber.DecodeError) as caught:
        SPEC.decode(name, bytes.fromhex(octets))
    assert (caught.value.path, caught.value.offset) == (path, offset), str(caught.value)


BAD_VALUES: list[tuple[str, Any, str]] = [
    ("Int", "1", "Int: expected int, got str"),
    ("Bool", 1, "Bool: expected bool, got int"),
    ("Octets", "a", "Octets: expected bytes, got str"),
    ("Bits", (b"", 1), "Bits: a BIT STRING of 1 bits in 0 octets"),
    ("Oid", "1", "Oid: expected an object identifier in dotted form, got \"1\""),
    ("Oid", "3.1.1", "Oid: expected an object identifier in dotted form, got \"3.1.1\""),
    ("Few", "q", "Few: expected one of a, b, got 'q'"),
    ("Ia5", "\u00e5", "Ia5: character '\u00e5' cannot be encoded"),
    ("Seq", {}, "Seq.x: missing"),
    ("Seq", [], "Seq: expected dict, got list"),
    ("Many", [1, None], "Many[1]: expected int, got NoneType"),
    ("Choice", ("q", 1), "Choice: expected one of the alternatives i, o, s, got 'q'"),
    ("Choice", ("s", [("i", 1), ("o", 5)]), "Choice.s[1].o: expected bytes, got int"),
    ("Any", {"a": b"\x05"}, "Any.a: an open type's value is not the encoding of one value"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "text"), BAD_VALUES)
def test_values_that_do_not_fit(name: str, value: Any, text: str) -> None:
    with pytest.raises(fastber.EncodeError) as caught:
        SPEC.encode(name, value)
    assert str(caught.value) == text


def test_a_truncated_encoding_is_refused_wherever_it_is_cut() -> None:
    value = {"x": 1, "y": True, "z": "abc"}
    encoding = SPEC.encode("Seq", value)
    for cut in range(len(encoding)):
        with pytest.raises(fastber.DecodeError):
            SPEC.decode("Seq", encoding[:cut])


def test_any_buffer_can_be_decoded() -> None:
    encoding = SPEC.encode("Int", 5)
    for data in (bytearray(encoding), memoryview(encoding), memoryview(bytearray(encoding))):
        assert SPEC.decode("Int", data) == 5


def test_an_alternative_of_the_future_decodes_to_none() -> None:
    assert SPEC.decode("Choice", bytes.fromhex("02 01 00")) == (None, None)


def test_decode_length() -> None:
    assert SPEC.decode_length(b"\x30\x0e\x02") == 16
    assert SPEC.decode_length(b"\x30\x82\x01") is None
    assert SPEC.decode_length(b"") is None
    with pytest.raises(fastber.DecodeError):
        SPEC.decode_length(b"\x30\x80")


def test_options() -> None:
    liberal = fastber.compile_string(TEXT, tolerate_explicit=True, ignore_unknown=True)
    assert liberal.decode("High", bytes.fromhex("7f 87 68 03 02 01 05")) == 5
    assert liberal.decode("High", bytes.fromhex("7f 87 68 80 02 01 05 00 00")) == 5
    assert liberal.decode("Shut", bytes.fromhex("30 06 02 01 01 81 01 00")) == {"x": 1}
    assert liberal.decode("Few", bytes.fromhex("0a 01 05")) == 5
    numeric = fastber.compile_string(TEXT, numeric_enums=True)
    assert numeric.decode("Enum", bytes.fromhex("0a 01 01")) == 1
    assert numeric.encode("Enum", 1) == bytes.fromhex("0a 01 01")


def test_unknown_types_and_codecs() -> None:
    with pytest.raises(fastber.EncodeError):
        SPEC.encode("Nowhere", 1)
    with pytest.raises(fastber.DecodeError):
        SPEC.decode("Nowhere", b"")
    with pytest.raises(fastber.CompileError, match="Unsupported codec 'per'"):
        fastber.compile_string(TEXT, "per")
    with pytest.raises(fastber.CompileError, match="<string>:1:"):
        fastber.compile_string("A DEFINITIONS ::= BEGIN B ::= }")
