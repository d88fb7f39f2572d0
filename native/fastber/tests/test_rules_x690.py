"""X.690 clause by clause, the rules that test_ber and test_der have not: each test is named after its clause."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

import pytest

import fastber

TEXT = """
Rules DEFINITIONS IMPLICIT TAGS ::= BEGIN
Bool ::= BOOLEAN  Int ::= INTEGER  Enum ::= ENUMERATED { a(-1), b(0), c(128) }  Num ::= REAL  Bits ::= BIT STRING
Octets ::= OCTET STRING  Nil ::= NULL  Oid ::= OBJECT IDENTIFIER  Rel ::= RELATIVE-OID  Utf8 ::= UTF8String
Bmp ::= BMPString  Ia5 ::= IA5String  Graphic ::= GraphicString  Gen ::= GeneralizedTime  Utc ::= UTCTime
Descriptor ::= ObjectDescriptor  Pdv ::= EMBEDDED PDV
Low ::= [30] INTEGER  High ::= [31] INTEGER  Higher ::= [128] INTEGER  Private ::= [PRIVATE 5] INTEGER
Seq ::= SEQUENCE { a INTEGER, b BOOLEAN OPTIONAL, c [0] INTEGER DEFAULT 3 }  Ints ::= SEQUENCE OF INTEGER
Set ::= SET { a INTEGER, b BOOLEAN, c [0] NULL OPTIONAL }  IntSet ::= SET OF INTEGER
Choice ::= CHOICE { a INTEGER, b [1] CHOICE { c BOOLEAN, d NULL } }
Implicit ::= [2] IMPLICIT Octets  Explicit ::= [2] EXPLICIT Octets  Both ::= [3] EXPLICIT Implicit
Any ::= SEQUENCE { id INTEGER, any ANY }
Defaults ::= SEQUENCE { n INTEGER DEFAULT 1, t BOOLEAN DEFAULT TRUE, s IA5String DEFAULT "x", l Ints DEFAULT {} }
END
"""
BER = fastber.compile_string(TEXT)
DER = fastber.compile_string(TEXT, "der")


def refused(spec: fastber.Specification, name: str, octets: str) -> None:
    with pytest.raises(fastber.DecodeError):
        spec.decode(name, bytes.fromhex(octets))


def read(name: str, octets: str) -> Any:
    return BER.decode(name, bytes.fromhex(octets))


def both(name: str, value: Any, octets: str) -> None:
    for spec in (BER, DER):
        assert spec.encode(name, value).hex() == octets.replace(" ", "")
        assert spec.decode(name, bytes.fromhex(octets)) == value


def test_8_1_1_3_contents_end_where_the_length_says() -> None:
    assert BER.decode_with_length("Int", bytes.fromhex("0201050201")) == (5, 3)
    refused(BER, "Seq", "3004020105")


def test_8_1_2_2_the_four_classes() -> None:
    both("Low", 1, "9e 01 01")
    both("Private", 1, "c5 01 01")
    refused(BER, "Private", "850101")


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


def test_8_1_3_2_primitive_encodings_have_definite_lengths() -> None:
    refused(BER, "Octets", "048061620000")
    refused(BER, "Nil", "05800000")


def test_8_1_3_5_the_long_form_may_have_leading_zeros() -> None:
    for length in ("81 02", "82 0002", "87 00000000000002", "8a 00000000000000000002"):
        assert read("Octets", f"04 {length} 6162") == b"ab"


def test_8_1_3_5_length_octet_ff_is_reserved() -> None:
    refused(BER, "Octets", "04ff" + "00" * 126 + "0161")


def test_8_1_3_6_indefinite_lengths_nest() -> None:
    assert read("Ints", "3080 020101 020102 0000") == [1, 2]
    assert read("Explicit", "a280 2480 040161 0000 0000") == b"a"
    refused(BER, "Ints", "3080 020101 00")


def test_8_1_5_end_of_contents_is_two_zero_octets() -> None:
    refused(BER, "Ints", "3080 0001 00")
    refused(BER, "Ints", "3002 0000")
    refused(BER, "Ints", "3080 008100")


def test_8_2_1_a_boolean_is_primitive_and_one_octet() -> None:
    refused(BER, "Bool", "2103 0101ff")
    refused(BER, "Bool", "0100")


def test_8_2_2_any_octet_but_zero_is_true() -> None:
    assert [read("Bool", f"0101{octet:02x}") for octet in (0, 1, 0x80, 0xFF)] == [False, True, True, True]


def test_8_3_integers_are_twos_complement() -> None:
    for number, octets in ((-1, "ff"), (-129, "ff7f"), (32768, "008000"), (-(1 << 64), "ff0000000000000000")):
        both("Int", number, f"02{len(octets) // 2:02x}{octets}")


def test_8_3_1_an_integer_has_at_least_one_octet() -> None:
    refused(BER, "Int", "0200")
    refused(BER, "Enum", "0a00")


def test_8_4_an_enumeration_is_its_integer() -> None:
    both("Enum", "a", "0a 01 ff")
    both("Enum", "c", "0a 02 00 80")


def test_8_5_2_zero_is_no_octets() -> None:
    both("Num", 0.0, "0900")


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


def test_8_6_2_2_unused_bits_are_0_to_7() -> None:
    refused(BER, "Bits", "03020800")
    refused(BER, "Bits", "0300")


def test_8_6_2_3_an_empty_bit_string_is_one_zero_octet() -> None:
    both("Bits", (b"", 0), "030100")
    refused(BER, "Bits", "030101")


def test_8_6_4_segments_of_bit_strings_but_the_last_are_whole_octets() -> None:
    assert read("Bits", "2308 03020011 030204f0") == (b"\x11\xf0", 12)
    assert read("Bits", "2300") == (b"", 0)
    refused(BER, "Bits", "2308 03020410 030200f0")
    refused(BER, "Bits", "2303 040161")


def test_8_7_3_segments_of_octet_strings_are_octet_strings() -> None:
    assert read("Octets", "2408 040161 2403 040162") == b"ab"
    assert read("Octets", "2400") == b""
    assert read("Implicit", "a203 040161") == b"a"
    refused(BER, "Octets", "2403 160161")
    refused(BER, "Octets", "2403 800161")


def test_8_8_a_null_has_no_contents() -> None:
    both("Nil", None, "0500")
    refused(BER, "Nil", "050100")


def test_8_9_2_members_of_a_sequence_are_in_order() -> None:
    refused(BER, "Seq", "3006 0101ff 020105")


def test_8_9_3_optional_and_default_members_may_be_absent_or_there() -> None:
    assert read("Seq", "3003 020101") == {"a": 1, "c": 3}
    assert read("Seq", "3006 020101 800103") == {"a": 1, "c": 3}


def test_8_10_a_sequence_of_may_be_empty() -> None:
    both("Ints", [], "3000")


def test_8_11_2_members_of_a_set_are_in_any_order() -> None:
    for order in ("020101 0101ff 8000", "8000 0101ff 020101", "0101ff 8000 020101"):
        assert read("Set", f"3108 {order}") == {"a": 1, "b": True, "c": None}
    refused(BER, "Set", "3109 020101 0101ff 020101")


def test_8_12_3_a_set_of_keeps_what_it_was_given() -> None:
    assert read("IntSet", "3106 020102 020101") == [2, 1]


def test_8_13_a_choice_is_its_alternative() -> None:
    both("Choice", ("a", 1), "020101")
    both("Choice", ("b", ("d", None)), "a1 02 05 00")


def test_8_14_3_explicit_tags_are_constructed_and_hold_one_value() -> None:
    both("Explicit", b"a", "a2 03 04 01 61")
    both("Both", b"a", "a3 03 82 01 61")
    refused(BER, "Explicit", "8203 040161")
    refused(BER, "Explicit", "a200")
    refused(BER, "Explicit", "a206 040161 040161")


def test_8_14_4_implicit_tags_take_the_form_of_the_base() -> None:
    both("Implicit", b"a", "82 01 61")


def test_8_15_an_open_type_is_one_whole_encoding() -> None:
    both("Any", {"id": 1, "any": b"\x05\x00"}, "3005 020101 0500")
    assert read("Any", "3080 020101 3080 0500 0000 0000")["any"] == bytes.fromhex("308005000000")
    refused(BER, "Any", "3004 020101 05")


def test_8_19_4_the_first_two_arcs_are_one_subidentifier() -> None:
    both("Oid", "0.39", "060127")
    both("Oid", "1.0", "060128")
    both("Oid", "2.0", "060150")
    both("Oid", "2.48", "06028100")
    both("Oid", "2.100.3", "0603813403")


def test_8_19_2_subidentifiers_have_no_leading_zeros_and_end() -> None:
    refused(BER, "Oid", "06032a8001")
    refused(BER, "Oid", "06022a81")
    refused(BER, "Oid", "0600")


def test_8_20_a_relative_oid_has_every_arc_alone() -> None:
    both("Rel", "8571.3.2", "0d04c27b0302")


def test_8_23_strings_are_octet_strings_in_segments() -> None:
    assert read("Ia5", "3606 040161 040162") == "ab"
    assert read("Bmp", "3e08 04020061 04020062") == "ab"
    assert read("Utf8", "2c06 0401c3 0401a5") == "\u00e5"


def test_8_25_times_and_descriptors_are_strings() -> None:
    both("Descriptor", "ab", "07026162")
    assert read("Gen", "1813 " + b"20260102030405.678Z".hex()) == datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


USEFUL = """
Useful DEFINITIONS AUTOMATIC TAGS ::= BEGIN
Day ::= DATE  Hour ::= TIME-OF-DAY  Moment ::= DATE-TIME  Span ::= DURATION  Whole ::= TIME
Tagged ::= SEQUENCE { day DATE, moment Moment }
END
"""


@pytest.mark.parametrize(
    ("name", "text", "octets"),
    [("Day", "1985-04-12", "1f1f08" + b"19850412".hex()), ("Hour", "15:27:46", "1f2006" + b"152746".hex()),
     ("Moment", "1951-10-14T15:30:00", "1f210e" + b"19511014153000".hex()),
     ("Span", "P2DT3H", "1f2205" + b"2DT3H".hex()),
     ("Whole", "1985-W15-5", "0e0a" + b"1985-W15-5".hex())]
)  # fmt: skip
def test_8_26_useful_times_are_encoded_without_separators(name: str, text: str, octets: str) -> None:
    for codec in ("ber", "der"):
        spec = fastber.compile_string(USEFUL, codec)
        assert spec.encode(name, text).hex() == octets
        assert spec.decode(name, bytes.fromhex(octets)) == text


def test_8_26_useful_times_with_separators_are_refused() -> None:
    spec = fastber.compile_string(USEFUL)
    assert spec.encode("Day", date(1985, 4, 12)) == spec.encode("Day", "1985-04-12")
    value = {"day": "1985-04-12", "moment": "1951-10-14T15:30:00"}
    assert spec.encode("Tagged", value).hex() == "301a8008" + b"19850412".hex() + "810e" + b"19511014153000".hex()
    assert spec.decode("Tagged", spec.encode("Tagged", value)) == value
    for octets in ("1f1f0a" + b"1985-04-12".hex(), "1f1f06" + b"850412".hex(), "1f1f09" + b"198504120".hex()):
        refused(spec, "Day", octets)
    for text in ("19850412", "1985-04", "1985/04/12", ""):
        with pytest.raises(fastber.EncodeError):
            spec.encode("Day", text)


def test_9_is_of_cer_which_is_refused() -> None:
    with pytest.raises(fastber.CompileError, match="cer"):
        fastber.compile_string(TEXT, "cer")


@pytest.mark.parametrize("octets", ["048161" + "61" * 97, "04820080" + "61" * 128, "0484 00000001 61"])
def test_10_1_lengths_are_the_shortest(octets: str) -> None:
    assert read("Octets", octets).startswith(b"a")
    refused(DER, "Octets", octets)


@pytest.mark.parametrize(
    ("name", "octets"),
    [("Ints", "30800000"), ("Explicit", "a2800401610000"), ("Any", "3080 020101 0500 0000"), ("Octets", "24800000")],
)
def test_10_1_lengths_are_definite_at_every_level(name: str, octets: str) -> None:
    read(name, octets)
    refused(DER, name, octets)


@pytest.mark.parametrize(
    ("name", "octets"),
    [("Bits", "2303 030100"), ("Utf8", "2c03 0c0161"), ("Ia5", "3603 040161"), ("Bmp", "3e04 04020061"),
     ("Implicit", "a203 040161"), ("Graphic", "3903 040161")],
)  # fmt: skip
def test_10_2_strings_are_primitive(name: str, octets: str) -> None:
    read(name, octets)
    refused(DER, name, octets)


def test_10_3_sets_are_in_the_order_of_their_tags() -> None:
    assert DER.encode("Set", {"c": None, "b": True, "a": 1}).hex() == "31080101ff0201018000"
    refused(DER, "Set", "3108 020101 0101ff 8000")


def test_11_1_true_is_ff() -> None:
    refused(DER, "Seq", "3006 020101 010101")


def test_11_2_1_unused_bits_are_zero() -> None:
    assert DER.encode("Bits", (b"\xff", 4)).hex() == "030204f0"
    refused(DER, "Bits", "030204ff")


@pytest.mark.parametrize("octets", ["0903800002", "09038c0001", "090481000105", "090380000a", "0904 8000 0005"])
def test_11_3_1_binary_reals_are_normal(octets: str) -> None:
    read("Num", octets)
    refused(DER, "Num", octets)


@pytest.mark.parametrize("text", ["1.0E1", "10.E0", "1.E1 ", "1.e1", "+1.E1", "1.E01"])
def test_11_3_2_decimal_reals_are_normal(text: str) -> None:
    contents = b"\x03" + text.encode()
    with pytest.raises(fastber.DecodeError):
        DER.decode("Num", bytes([9, len(contents)]) + contents)


@pytest.mark.parametrize("octets", ["3003 800101", "3003 8101ff", "3003 820178", "3002 a300"])
def test_11_5_default_values_are_left_out(octets: str) -> None:
    auto = TEXT.replace("IMPLICIT TAGS", "AUTOMATIC TAGS", 1)
    ber, der = (fastber.compile_string(auto, codec).types["Defaults"] for codec in ("ber", "der"))
    value = {"n": 1, "t": True, "s": "x", "l": []}
    assert ber.decode(bytes.fromhex(octets)) == value
    assert der.encode(value) == b"\x30\x00"
    with pytest.raises(fastber.DecodeError, match=r"11\.5"):
        der.decode(bytes.fromhex(octets))


def test_11_6_sets_of_are_sorted_by_their_octets() -> None:
    assert DER.encode("IntSet", [256, 5, -1]).hex() == "310a" + "020105" + "0201ff" + "02020100"
    refused(DER, "IntSet", "3106 0201ff 020105")


@pytest.mark.parametrize(
    "text", ["2026010203Z", "202601020304Z", "20260102030405", "20260102030405+0100", "20260102030405.Z",
             "20260102030405.50Z", "20260102030405,5Z", "20260102030405.0Z"]
)  # fmt: skip
def test_11_7_generalized_times_have_seconds_z_and_no_trailing_zeros(text: str) -> None:
    with pytest.raises(fastber.DecodeError):
        DER.decode("Gen", bytes([0x18, len(text)]) + text.encode())


@pytest.mark.parametrize("text", ["2601020304Z", "260102030405+0000", "260102030405", "2601020304-0100"])
def test_11_8_utc_times_have_seconds_and_z(text: str) -> None:
    with pytest.raises(fastber.DecodeError):
        DER.decode("Utc", bytes([0x17, len(text)]) + text.encode())
