"""X.690 8.1 to 8.15, each test named after its clause; 8.16 on and 9 to 11 stand in the files beside this one."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

import fastber

TEXT = """
Rules DEFINITIONS IMPLICIT TAGS ::= BEGIN
Bool ::= BOOLEAN  Int ::= INTEGER  Enum ::= ENUMERATED { a(-1), b(0), c(128) }  Num ::= REAL  Bits ::= BIT STRING
Named ::= BIT STRING { a(0), b(1), z(9) }  Octets ::= OCTET STRING  Nil ::= NULL
Low ::= [30] INTEGER  High ::= [31] INTEGER  Higher ::= [128] INTEGER  Private ::= [PRIVATE 5] INTEGER
Application ::= [APPLICATION 5] INTEGER
Seq ::= SEQUENCE { a INTEGER, b BOOLEAN OPTIONAL, c [0] INTEGER DEFAULT 3 }  Ints ::= SEQUENCE OF INTEGER
Set ::= SET { a INTEGER, b BOOLEAN, c [0] NULL OPTIONAL }  IntSet ::= SET OF INTEGER
Choice ::= CHOICE { a INTEGER, b [1] CHOICE { c BOOLEAN, d NULL } }
Implicit ::= [2] IMPLICIT Octets  Explicit ::= [2] EXPLICIT Octets  Both ::= [3] EXPLICIT Implicit
ImplicitSeq ::= [4] IMPLICIT Seq  Any ::= SEQUENCE { id INTEGER, any ANY }
END
"""
BER = fastber.compile_string(TEXT)
DER = fastber.compile_string(TEXT, "der")

CLAUSES = re.findall(
    r"\S+",
    """
    8.1.1 8.1.2.1 8.1.2.2 8.1.2.3 8.1.2.4 8.1.2.4.2 8.1.2.5 8.1.3.1 8.1.3.2 8.1.3.4 8.1.3.5 8.1.3.6 8.1.4 8.1.5
    8.2.1 8.2.2 8.3.1 8.3.2 8.3.3 8.4 8.5.1 8.5.2 8.5.6 8.5.7 8.5.8 8.5.9 8.6.1 8.6.2.1 8.6.2.2 8.6.2.3 8.6.3 8.6.4
    8.7.1 8.7.2 8.7.3 8.8.1 8.8.2 8.9.1 8.9.2 8.9.3 8.10.1 8.10.2 8.10.3 8.11.1 8.11.2 8.11.3 8.12.1 8.12.2 8.12.3
    8.13 8.14.1 8.14.2 8.14.3 8.14.4 8.15 8.16 8.17 8.18 8.19.1 8.19.2 8.19.3 8.19.4 8.19.5 8.20 8.21 8.22 8.23 8.24
    8.25 8.26.1 8.26.2 8.26.3 8.26.4 8.26.5 9.1 9.2 9.3 10.1 10.2 10.3 11.1 11.2.1 11.2.2 11.3.1 11.3.2 11.4 11.5
    11.6 11.7 11.8
    """,
)
"""The rules of clauses 8 to 11 that bind octets; a clause whose parts say one thing stands for them."""


def refused(spec: fastber.Specification, name: str, octets: str) -> None:
    with pytest.raises(fastber.DecodeError):
        spec.decode(name, bytes.fromhex(octets))


def read(name: str, octets: str) -> Any:
    return BER.decode(name, bytes.fromhex(octets))


def both(name: str, value: Any, octets: str) -> None:
    for spec in (BER, DER):
        assert spec.encode(name, value).hex() == octets.replace(" ", "")
        assert spec.decode(name, bytes.fromhex(octets)) == value


def test_every_clause_has_a_test_of_its_name() -> None:
    """And every test of these files has a clause of the list."""
    files = Path(__file__).parent.glob("test_rules_x690*.py")
    named = {name for file in files for name in re.findall(r"^def test_((?:\d+_)+)", file.read_text("utf-8"), re.M)}
    clauses = [clause.replace(".", "_") + "_" for clause in CLAUSES]
    assert [clause for clause in clauses if not any(name.startswith(clause) for name in named)] == []
    assert [name for name in named if not any(name.startswith(clause) for clause in clauses)] == []


def test_8_1_1_identifier_length_contents_and_the_end() -> None:
    definite, indefinite = fastber.tree(bytes.fromhex("3003020101 3080 020101 0000"))
    assert bytes(definite.children[0].contents) == b"\x01"
    assert [child.tag_number for child in indefinite.children] == [2]


def test_8_1_1_3_contents_end_where_the_length_says() -> None:
    assert BER.decode_with_length("Int", bytes.fromhex("0201050201")) == (5, 3)
    refused(BER, "Seq", "3004020105")


def test_8_1_2_1_the_tag_in_the_identifier_is_the_type_s() -> None:
    refused(BER, "Int", "040105")
    refused(BER, "Low", "020105")


def test_8_1_2_2_the_four_classes() -> None:
    both("Int", 1, "02 01 01")
    both("Application", 1, "45 01 01")
    both("Low", 1, "9e 01 01")
    both("Private", 1, "c5 01 01")
    refused(BER, "Private", "850101")


def test_8_1_2_3_numbers_up_to_30_are_in_bits_5_to_1() -> None:
    both("Low", 1, "9e 01 01")
    both("Private", 1, "c5 01 01")


def test_8_1_2_4_numbers_from_31_follow_the_leading_octet() -> None:
    both("High", 1, "9f 1f 01 01")
    both("Higher", 1, "9f 81 00 01 01")


def test_8_1_2_4_2_c_a_number_has_no_leading_zeros() -> None:
    refused(BER, "High", "9f801f0101")


def test_8_1_2_4_numbers_up_to_30_in_the_long_form_are_refused() -> None:
    refused(BER, "Low", "9f1e0101")


def test_8_1_2_5_a_constructed_encoding_has_bit_6() -> None:
    refused(BER, "Seq", "1003020105")
    refused(BER, "IntSet", "1103020105")


def test_8_1_3_1_both_forms_of_length_may_be_sent() -> None:
    assert read("Ints", "3003 020101") == read("Ints", "3080 020101 0000") == [1]


def test_8_1_3_2_primitive_encodings_have_definite_lengths() -> None:
    refused(BER, "Octets", "048061620000")
    refused(BER, "Nil", "05800000")


def test_8_1_3_4_the_short_form_goes_up_to_127() -> None:
    both("Octets", b"a" * 127, "04 7f" + "61" * 127)
    both("Octets", b"a" * 128, "04 8180" + "61" * 128)


def test_8_1_3_5_the_long_form_may_have_leading_zeros() -> None:
    for length in ("81 02", "82 0002", "87 00000000000002", "8a 00000000000000000002"):
        assert read("Octets", f"04 {length} 6162") == b"ab"


def test_8_1_3_5_length_octet_ff_is_reserved() -> None:
    refused(BER, "Octets", "04ff" + "00" * 126 + "0161")


def test_8_1_3_6_indefinite_lengths_nest() -> None:
    assert read("Ints", "3080 020101 020102 0000") == [1, 2]
    assert read("Explicit", "a280 2480 040161 0000 0000") == b"a"
    refused(BER, "Ints", "3080 020101 00")


def test_8_1_4_contents_are_zero_or_more_octets() -> None:
    both("Octets", b"", "04 00")
    both("Ints", [], "30 00")


def test_8_1_5_end_of_contents_is_two_zero_octets() -> None:
    refused(BER, "Ints", "3080 0001 00")
    refused(BER, "Ints", "3002 0000")
    refused(BER, "Ints", "3080 008100")


def test_8_2_1_a_boolean_is_primitive_and_one_octet() -> None:
    refused(BER, "Bool", "2103 0101ff")
    refused(BER, "Bool", "0100")


def test_8_2_2_any_octet_but_zero_is_true() -> None:
    assert [read("Bool", f"0101{octet:02x}") for octet in (0, 1, 0x80, 0xFF)] == [False, True, True, True]


def test_8_3_2_the_first_nine_bits_are_not_all_alike() -> None:
    for octets in ("02020001", "0202ff80", "0203000080", "0a020000"):
        name = "Int" if octets.startswith("02") else "Enum"
        refused(DER, name, octets)
    assert read("Int", "02020001") == 1  # as most decoders read it: the value is in no doubt


def test_8_3_3_integers_are_twos_complement() -> None:
    for number, octets in ((-1, "ff"), (-129, "ff7f"), (32768, "008000"), (-(1 << 64), "ff0000000000000000")):
        both("Int", number, f"02{len(octets) // 2:02x}{octets}")


def test_8_3_1_an_integer_has_at_least_one_octet() -> None:
    refused(BER, "Int", "0200")
    refused(BER, "Enum", "0a00")


def test_8_4_an_enumeration_is_its_integer() -> None:
    both("Enum", "a", "0a 01 ff")
    both("Enum", "c", "0a 02 00 80")


PRIMITIVE = [("Bool", "2103 0101ff"), ("Int", "2203 020105"), ("Enum", "2a03 0a0100"), ("Num", "2900"),
             ("Nil", "2500"), ("Low", "be03 020105")]  # fmt: skip


@pytest.mark.parametrize(("name", "octets"), PRIMITIVE)
def test_8_2_1_to_8_8_1_simple_types_are_primitive(name: str, octets: str) -> None:
    refused(BER, name, octets)
    refused(DER, name, octets)


def test_8_5_1_a_real_is_primitive() -> None:
    refused(BER, "Num", "2905 0903800105")


def test_8_5_2_zero_is_no_octets() -> None:
    both("Num", 0.0, "0900")


def test_8_5_6_bits_8_and_7_tell_binary_decimal_and_special() -> None:
    assert read("Num", "0903 800105") == 10.0
    assert read("Num", "0902 0131") == 1.0
    assert read("Num", "0901 40") == math.inf
    refused(BER, "Num", "0902 0031")


def test_8_5_7_binary_reals_of_base_2_8_and_16_with_scale() -> None:
    assert read("Num", "0903 800105") == 10.0
    assert read("Num", "0903 900101") == 8.0
    assert read("Num", "0903 a00101") == 16.0
    assert read("Num", "0903 ac0001") == 8.0
    assert read("Num", "0903 c00105") == -10.0


def test_8_5_7_2_base_11_is_reserved() -> None:
    refused(BER, "Num", "0903 b00001")


def test_8_5_7_4_lengths_of_exponents() -> None:
    assert read("Num", "0904 81000105") == 10.0
    assert read("Num", "0905 8200000105") == 10.0
    assert read("Num", "0904 83010105") == 10.0
    refused(BER, "Num", "0903 820000")


def test_8_5_8_decimal_reals_of_iso_6093() -> None:
    for form, text in ((1, "12"), (1, " +12"), (2, "12.0"), (2, "12,0"), (3, "1.2E1"), (3, "120e-1")):
        contents = bytes([form]) + text.encode()
        assert BER.decode("Num", bytes([9, len(contents)]) + contents) == 12.0
    refused(BER, "Num", "0903 043132")
    refused(BER, "Num", "0903 017a7a")


def test_8_5_9_special_reals() -> None:
    both("Num", math.inf, "090140")
    both("Num", -math.inf, "090141")
    assert math.isnan(read("Num", "090142"))
    assert math.copysign(1, read("Num", "090143")) == -1
    refused(BER, "Num", "090144")
    refused(BER, "Num", "09024000")


def test_8_6_1_a_bit_string_is_primitive_or_constructed() -> None:
    assert read("Bits", "0304 066e5dc0") == read("Bits", "2309 0303006e5d 030206c0") == (bytes.fromhex("6e5dc0"), 18)


def test_8_6_2_1_bits_go_from_bit_8_of_the_first_octet_on() -> None:
    both("Bits", (bytes.fromhex("6e5dc0"), 18), "0304 06 6e5dc0")
    both("Named", (b"\x80", 1), "0302 07 80")
    both("Named", (b"\x00\x40", 10), "0303 06 0040")


def test_8_6_2_2_unused_bits_are_0_to_7() -> None:
    refused(BER, "Bits", "03020800")
    refused(BER, "Bits", "0300")


def test_8_6_2_3_an_empty_bit_string_is_one_zero_octet() -> None:
    both("Bits", (b"", 0), "030100")
    refused(BER, "Bits", "030101")


def test_8_6_3_segments_are_zero_or_more_and_in_order() -> None:
    assert read("Bits", "2380 0000") == (b"", 0)
    assert read("Bits", "2380 0303000a3b 0305045f291cd0 0000") == (bytes.fromhex("0a3b5f291cd0"), 44)


def test_8_6_4_segments_of_bit_strings_but_the_last_are_whole_octets() -> None:
    assert read("Bits", "2308 03020011 030204f0") == (b"\x11\xf0", 12)
    assert read("Bits", "2300") == (b"", 0)
    refused(BER, "Bits", "2308 03020410 030200f0")
    refused(BER, "Bits", "2303 040161")


def test_8_7_1_an_octet_string_is_primitive_or_constructed() -> None:
    assert read("Octets", "0402 6162") == read("Octets", "2406 040161 040162") == b"ab"


def test_8_7_2_primitive_contents_are_the_value() -> None:
    both("Octets", bytes.fromhex("0123456789abcdef"), "0408 0123456789abcdef")


def test_8_7_3_segments_of_octet_strings_are_octet_strings() -> None:
    assert read("Octets", "2408 040161 2403 040162") == b"ab"
    assert read("Octets", "2400") == b""
    assert read("Implicit", "a203 040161") == b"a"
    refused(BER, "Octets", "2403 160161")
    refused(BER, "Octets", "2403 800161")


def test_8_8_1_a_null_is_primitive() -> None:
    refused(BER, "Nil", "2500")


def test_8_8_2_a_null_has_no_contents() -> None:
    both("Nil", None, "0500")
    refused(BER, "Nil", "050100")


def test_8_9_1_a_sequence_is_constructed() -> None:
    both("Seq", {"a": 5, "c": 3}, "3003 020105")
    refused(BER, "Seq", "1003 020105")
    refused(BER, "ImplicitSeq", "8403 020105")


def test_8_9_2_members_of_a_sequence_are_in_order() -> None:
    refused(BER, "Seq", "3006 0101ff 020105")


def test_8_9_3_optional_and_default_members_may_be_absent_or_there() -> None:
    assert read("Seq", "3003 020101") == {"a": 1, "c": 3}
    assert read("Seq", "3006 020101 800103") == {"a": 1, "c": 3}


def test_8_10_1_a_sequence_of_is_constructed() -> None:
    refused(BER, "Ints", "1003 020105")


def test_8_10_2_a_sequence_of_is_zero_or_more_encodings() -> None:
    both("Ints", [], "3000")
    both("Ints", [1], "3003 020101")
    refused(BER, "Ints", "3004 020101 02")
    refused(BER, "Ints", "3003 0101ff")


def test_8_10_3_a_sequence_of_keeps_its_order() -> None:
    both("Ints", [2, 1, 2], "3009 020102 020101 020102")


def test_8_11_1_a_set_is_constructed() -> None:
    refused(BER, "Set", "1106 020101 0101ff")


def test_8_11_2_members_of_a_set_are_in_any_order() -> None:
    for order in ("020101 0101ff 8000", "8000 0101ff 020101", "0101ff 8000 020101"):
        assert read("Set", f"3108 {order}") == {"a": 1, "b": True, "c": None}
    refused(BER, "Set", "3109 020101 0101ff 020101")


def test_8_11_3_optional_members_of_a_set_may_be_absent_and_others_not() -> None:
    assert read("Set", "3106 020101 0101ff") == {"a": 1, "b": True}
    refused(BER, "Set", "3103 020101")


def test_8_12_1_a_set_of_is_constructed() -> None:
    refused(BER, "IntSet", "1103 020105")


def test_8_12_2_a_set_of_is_zero_or_more_encodings() -> None:
    both("IntSet", [], "3100")
    both("IntSet", [5], "3103 020105")
    refused(BER, "IntSet", "3104 020101 02")


def test_8_12_3_a_set_of_keeps_what_it_was_given() -> None:
    assert read("IntSet", "3106 020102 020101") == [2, 1]


def test_8_13_a_choice_is_its_alternative() -> None:
    both("Choice", ("a", 1), "020101")
    both("Choice", ("b", ("d", None)), "a1 02 05 00")


def test_8_14_1_a_prefixed_type_has_its_tag() -> None:
    both("Low", 5, "9e 01 05")
    refused(BER, "Implicit", "040161")
    refused(BER, "Explicit", "040161")


def test_8_14_2_explicit_contents_are_the_base_encoding() -> None:
    whole = DER.encode("Explicit", b"abc")
    assert whole[2:] == DER.encode("Octets", b"abc")


def test_8_14_3_explicit_tags_are_constructed_and_hold_one_value() -> None:
    both("Explicit", b"a", "a2 03 04 01 61")
    both("Both", b"a", "a3 03 82 01 61")
    refused(BER, "Explicit", "8203 040161")
    refused(BER, "Explicit", "a200")
    refused(BER, "Explicit", "a206 040161 040161")


def test_8_14_4_implicit_tags_take_the_form_of_the_base() -> None:
    both("Implicit", b"a", "82 01 61")
    both("ImplicitSeq", {"a": 5, "c": 3}, "a403 020105")


def test_8_15_an_open_type_is_one_whole_encoding() -> None:
    both("Any", {"id": 1, "any": b"\x05\x00"}, "3005 020101 0500")
    assert read("Any", "3080 020101 3080 0500 0000 0000")["any"] == bytes.fromhex("308005000000")
    refused(BER, "Any", "3004 020101 05")
