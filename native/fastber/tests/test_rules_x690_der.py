"""X.690 9 to 11: what CER and DER restrict, each test named after its clause.

CER is no codec of ours: of clause 9 there are tests that its forms are what BER reads and DER refuses.
"""

from __future__ import annotations

from typing import Any

import pytest

import fastber

TEXT = """
Rules DEFINITIONS IMPLICIT TAGS ::= BEGIN
Bool ::= BOOLEAN  Int ::= INTEGER  Num ::= REAL  Bits ::= BIT STRING  Named ::= BIT STRING { a(0), b(1), z(9) }
Octets ::= OCTET STRING  Utf8 ::= UTF8String  Bmp ::= BMPString  Ia5 ::= IA5String  Graphic ::= GraphicString
General ::= GeneralString  Teletex ::= TeletexString  Gen ::= GeneralizedTime  Utc ::= UTCTime
Seq ::= SEQUENCE { a INTEGER, b BOOLEAN OPTIONAL, c [0] INTEGER DEFAULT 3 }  Ints ::= SEQUENCE OF INTEGER
Set ::= SET { a INTEGER, b BOOLEAN, c [0] NULL OPTIONAL }  IntSet ::= SET OF INTEGER
Untagged ::= SET { z [5] INTEGER, c CHOICE { p [9] NULL, i [1] INTEGER } }
Implicit ::= [2] IMPLICIT Octets  Explicit ::= [2] EXPLICIT Octets  Any ::= SEQUENCE { id INTEGER, any ANY }
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


def test_9_1_cer_has_indefinite_lengths_which_ber_reads_and_der_refuses() -> None:
    assert read("Seq", "3080 020105 0000") == {"a": 5, "c": 3}
    refused(DER, "Seq", "3080 020105 0000")
    for spec in (BER, DER):  # ours are definite in either
        assert spec.encode("Seq", {"a": 5}).hex() == "3003020105"


def test_9_2_cer_has_segments_of_1000_octets_which_ber_reads_and_der_refuses() -> None:
    value = b"a" * 1500
    segments = "2480" + "048203e8" + "61" * 1000 + "048201f4" + "61" * 500 + "0000"
    assert read("Octets", segments) == value
    refused(DER, "Octets", segments)
    both("Octets", value, "048205dc" + "61" * 1500)


def test_9_3_cer_puts_an_untagged_choice_by_its_smallest_tag_and_der_by_the_one_it_has() -> None:
    value = {"z": 1, "c": ("p", None)}
    cer, der = "3105 8900 850101", "3105 850101 8900"
    assert DER.encode("Untagged", value).hex() == der.replace(" ", "")
    assert read("Untagged", cer) == read("Untagged", der) == value
    refused(DER, "Untagged", cer)


def test_9_1_to_9_3_cer_as_a_codec_is_refused() -> None:
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


def test_11_2_2_named_bits_have_no_zeros_behind_the_last_one() -> None:
    assert DER.encode("Named", (b"\x40\x00", 10)).hex() == "03020640"
    assert DER.encode("Named", (b"\x00", 8)).hex() == "030100"
    refused(DER, "Named", "03020540")
    refused(DER, "Named", "03020700")
    both("Bits", (b"\x40", 8), "03020040")  # bits without names keep theirs


@pytest.mark.parametrize("octets", ["0903800002", "09038c0001", "090481000105", "090380000a", "0904 8000 0005"])
def test_11_3_1_binary_reals_are_normal(octets: str) -> None:
    read("Num", octets)
    refused(DER, "Num", octets)


@pytest.mark.parametrize("text", ["1.0E1", "10.E0", "1.E1 ", "1.e1", "+1.E1", "1.E01"])
def test_11_3_2_decimal_reals_are_normal(text: str) -> None:
    contents = b"\x03" + text.encode()
    with pytest.raises(fastber.DecodeError):
        DER.decode("Num", bytes([9, len(contents)]) + contents)


@pytest.mark.parametrize(("name", "number"), [("General", 27), ("Graphic", 25), ("Teletex", 20)])
def test_11_4_escape_sequences_are_the_caller_s_and_none_is_added(name: str, number: int) -> None:
    """Designations of character sets are octets of the value: they go out as given and come in as they were."""
    for value in ("ab", "a\x1b(Bb", "\x1b-A\xe9"):
        both(name, value, f"{number:02x}{len(value):02x}{value.encode('latin-1').hex()}")


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
