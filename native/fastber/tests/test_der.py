"""DER: each rule of X.690 10 and 11, on encode and, strictly, on decode."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

import fastber

TEXT = """
Test DEFINITIONS IMPLICIT TAGS ::= BEGIN
Bool ::= BOOLEAN  Int ::= INTEGER  Bits ::= BIT STRING  Named ::= BIT STRING { a(0), b(1), z(9) }
Octets ::= OCTET STRING
Num ::= REAL  Utc ::= UTCTime  Gen ::= GeneralizedTime  Enum ::= ENUMERATED { a(0), b(1) }
Def ::= SEQUENCE { x INTEGER DEFAULT 5, f Named DEFAULT { b } }
Set ::= SET { z [2] INTEGER, c CHOICE { p [9] NULL, i INTEGER }, a [APPLICATION 1] INTEGER }
SetOf ::= SET OF OCTET STRING
END
"""
DER = fastber.compile_string(TEXT, "der")
BER = fastber.compile_string(TEXT)

TABLE: list[tuple[str, Any, str]] = [
    ("Bool", True, "01 01 ff"),
    ("Named", (b"\x40\x00", 10), "03 02 06 40"),
    ("Named", (b"\x00", 8), "03 01 00"),
    ("Bits", (b"\x40\x00", 10), "03 03 06 40 00"),
    ("Bits", (b"\xff", 4), "03 02 04 f0"),
    ("Def", {"x": 5, "f": (b"\x40", 2)}, "30 00"),
    ("Def", {"x": 5, "f": (b"\x40\x00", 16)}, "30 00"),
    ("Def", {"x": 6}, "30 03 02 01 06"),
    ("Set", {"z": 1, "c": ("p", None), "a": 2}, "31 08 41 01 02 82 01 01 89 00"),
    ("Set", {"z": 1, "c": ("i", 7), "a": 2}, "31 09 02 01 07 41 01 02 82 01 01"),
    ("SetOf", [b"b", b"", b"a", b"aa"], "31 0c 04 00 04 01 61 04 01 62 04 02 61 61"),
    ("Utc", datetime(2026, 1, 2, 3, 4, tzinfo=timezone(timedelta(hours=1))), "17 0d" + b"260102020400Z".hex()),
    ("Gen", datetime(2026, 1, 2, 3, 4, 5, 120000, tzinfo=UTC), "18 12" + b"20260102030405.12Z".hex()),
    ("Num", 10.0, "09 03 80 01 05"),
]


@pytest.mark.parametrize(("name", "value", "octets"), TABLE)
def test_encode_is_distinguished(name: str, value: Any, octets: str) -> None:
    encoding = bytes.fromhex(octets)
    assert DER.encode(name, value) == encoding
    assert DER.encode(name, DER.decode(name, encoding)) == encoding


REFUSED = [
    ("x690_10_1_lengths_are_shortest", "Int", "02 81 01 05", "10.1"),
    ("x690_10_1_lengths_are_definite", "Def", "30 80 00 00", "10.1"),
    ("x690_10_2_strings_are_primitive", "Octets", "24 03 04 01 61", "10.2"),
    ("x690_10_3_sets_are_in_tag_order", "Set", "31 09 82 01 01 02 01 07 41 01 02", "10.3"),
    ("x690_11_1_booleans_are_all_ones", "Bool", "01 01 01", "11.1"),
    ("x690_8_3_2_integers_are_shortest", "Int", "02 02 00 01", "8.3.2"),
    ("x690_8_3_2_enumerations_are_shortest", "Enum", "0a 02 00 01", "8.3.2"),
    ("x690_11_2_1_unused_bits_are_zero", "Bits", "03 02 04 ff", "11.2.1"),
    ("x690_11_2_2_named_bits_are_trimmed", "Named", "03 02 00 80", "11.2.2"),
    ("x690_11_3_1_mantissas_are_odd", "Num", "09 03 80 00 02", "11.3.1"),
    ("x690_11_3_1_base_is_2", "Num", "09 03 90 00 01", "11.3.1"),
    ("x690_11_3_2_decimals_are_nr3", "Num", "09 02 01 31", "11.3.2"),
    ("x690_11_5_defaults_are_left_out", "Def", "30 03 02 01 05", "11.5"),
    ("x690_11_6_sets_of_are_sorted", "SetOf", "31 06 04 01 62 04 01 61", "11.6"),
    ("x690_11_7_generalized_seconds", "Gen", "18 0d" + b"202601020304Z".hex(), "GeneralizedTime"),
    ("x690_11_7_generalized_zulu", "Gen", "18 0e" + b"20260102030405".hex(), "GeneralizedTime"),
    ("x690_11_7_no_trailing_zeros", "Gen", "18 12" + b"20260102030405.10Z".hex(), "GeneralizedTime"),
    ("x690_11_8_utc_seconds", "Utc", "17 0b" + b"2601020304Z".hex(), "UTCTime"),
    ("x690_11_8_utc_zulu", "Utc", "17 11" + b"260102030405+0000".hex(), "UTCTime"),
]


@pytest.mark.parametrize(("rule", "name", "octets", "text"), REFUSED, ids=[row[0] for row in REFUSED])
def test_decode_is_strict(rule: str, name: str, octets: str, text: str) -> None:
    encoding = bytes.fromhex(octets)
    with pytest.raises(fastber.DecodeError, match=text):
        DER.decode(name, encoding)
    if name not in ("Gen", "Utc"):
        BER.decode(name, encoding)
