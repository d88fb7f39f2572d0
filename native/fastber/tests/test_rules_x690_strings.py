"""X.690 8.16 to 8.26, each test named after its clause: associated types, object identifiers, strings and times."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest

import fastber

TEXT = """
Rules DEFINITIONS IMPLICIT TAGS ::= BEGIN
Instance ::= INSTANCE OF TYPE-IDENTIFIER  Pdv ::= EMBEDDED PDV  Ext ::= EXTERNAL  Chars ::= CHARACTER STRING
Oid ::= OBJECT IDENTIFIER  Rel ::= RELATIVE-OID  Iri ::= OID-IRI  RelIri ::= RELATIVE-OID-IRI
Utf8 ::= UTF8String  Numeric ::= NumericString  Printable ::= PrintableString  Teletex ::= TeletexString
Videotex ::= VideotexString  Ia5 ::= IA5String  Graphic ::= GraphicString  Visible ::= VisibleString
General ::= GeneralString  Universal ::= UniversalString  Bmp ::= BMPString
Gen ::= GeneralizedTime  Utc ::= UTCTime  Descriptor ::= ObjectDescriptor
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


def test_8_16_an_instance_of_is_a_sequence_of_its_identifier_and_an_explicit_value() -> None:
    both("Instance", {"type-id": "1.2.3", "value": bytes.fromhex("020105")}, "2809 06022a03 a003 020105")
    refused(BER, "Instance", "3009 06022a03 a003 020105")
    refused(BER, "Instance", "2804 06022a03")
    refused(BER, "Instance", "2808 020105 a003 020105")  # an EXTERNAL has more forms
    refused(BER, "Instance", "2807 06022a03 810161")


IDENTIFICATIONS: list[tuple[Any, str]] = [
    (("syntaxes", {"abstract": "1.2.3", "transfer": "2.1.1"}), "a00a a008 80022a03 81025101"),
    (("syntax", "1.2.3"), "a004 81022a03"),
    (("presentation-context-id", 5), "a003 820105"),
    (("context-negotiation", {"presentation-context-id": 3, "transfer-syntax": "2.1.1"}), "a009 a307 800103 81025101"),
    (("transfer-syntax", "2.1.1"), "a004 84025101"),
    (("fixed", None), "a002 8500"),
]


@pytest.mark.parametrize(("identification", "octets"), IDENTIFICATIONS)
def test_8_17_an_embedded_pdv_is_its_associated_type(identification: Any, octets: str) -> None:
    contents = bytes.fromhex(octets + "82026162")
    both("Pdv", {"identification": identification, "data-value": b"ab"}, f"2b{len(contents):02x}{contents.hex()}")


def test_8_17_an_embedded_pdv_has_an_identification_and_a_value() -> None:
    refused(BER, "Pdv", "2b06 a00481022a03")
    refused(BER, "Pdv", "2b04 82026162")
    refused(BER, "Pdv", "300a a00481022a03 82026162")


@pytest.mark.parametrize(("identification", "octets"), IDENTIFICATIONS)
def test_8_24_an_unrestricted_string_is_its_associated_type(identification: Any, octets: str) -> None:
    contents = bytes.fromhex(octets + "82026162")
    both("Chars", {"identification": identification, "string-value": b"ab"}, f"3d{len(contents):02x}{contents.hex()}")


EXTERNALS: list[tuple[dict[str, Any], str]] = [
    ({"direct-reference": "1.2.3", "encoding": ("single-ASN1-type", b"\x05\x00")}, "2808 06022a03 a002 0500"),
    ({"indirect-reference": 5, "encoding": ("octet-aligned", b"ab")}, "2807 020105 81026162"),
    ({"encoding": ("arbitrary", (b"\xa0", 3))}, "2804 820205a0"),
    ({"direct-reference": "1.2.3", "indirect-reference": 5, "data-value-descriptor": "x",
      "encoding": ("octet-aligned", b"")}, "280c 06022a03 020105 070178 8100"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "octets"), EXTERNALS)
def test_8_18_1_an_external_is_a_sequence_of_references_and_an_encoding(value: Any, octets: str) -> None:
    both("Ext", value, octets)


def test_8_18_1_an_external_has_its_members_in_order_and_an_encoding() -> None:
    refused(BER, "Ext", "2803 020105")
    refused(BER, "Ext", "280a 020105 06022a03 810161")
    refused(BER, "Ext", "2806 020105 0500 00")
    refused(BER, "Ext", "0803 810161")


def test_8_18_the_encoding_may_come_in_segments_or_of_indefinite_length() -> None:
    assert read("Ext", "2880 a106 040161 040162 0000")["encoding"] == ("octet-aligned", b"ab")
    assert read("Ext", "2880 a080 3080 0000 0000 0000")["encoding"] == ("single-ASN1-type", bytes.fromhex("30800000"))
    refused(DER, "Ext", "2808 a106 040161 040162")
    refused(BER, "Ext", "2806 a004 0500 0500")


def test_8_19_1_an_object_identifier_is_primitive() -> None:
    refused(BER, "Oid", "2604 06022a03")
    refused(BER, "Rel", "2d03 0d0103")


def test_8_19_2_subidentifiers_have_7_bits_an_octet() -> None:
    both("Oid", "1.2.127.128.16383.16384.2097152", "060d 2a 7f 8100 ff7f 818000 81808000")


def test_8_19_3_there_is_one_subidentifier_less_than_arcs() -> None:
    both("Oid", "1.2", "06012a")
    both("Oid", "2.999.3", "0603883703")  # the example of 8.19.5
    for arcs in ("1", "", "3.1", "0.40", "1.40"):
        with pytest.raises(fastber.EncodeError):
            BER.encode("Oid", arcs)


def test_8_19_5_arcs_have_no_upper_bound() -> None:
    arc = (1 << 128) - 1  # an arc of 2.25 is a UUID
    both("Oid", f"2.25.{arc}", "061469" + "83" + "ff" * 17 + "7f")


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


def test_8_21_an_oid_iri_is_its_utf8() -> None:
    text = "/ISO/Registration_Authority/19785.CBEFF"
    both("Iri", text, f"1f23{len(text):02x}{text.encode().hex()}")
    both("Iri", "/Joint-ISO-ITU-T/\u00e9", "1f2313" + "/Joint-ISO-ITU-T/\u00e9".encode().hex())
    refused(BER, "Iri", "1f2302c328")
    refused(BER, "Iri", "0c022f31")


def test_8_22_a_relative_oid_iri_is_its_utf8() -> None:
    both("RelIri", "Registration_Authority/19785.CBEFF", "1f2422" + b"Registration_Authority/19785.CBEFF".hex())
    refused(BER, "RelIri", "1f2302" + b"ab".hex())


TAGS = {"Utf8": 12, "Numeric": 18, "Printable": 19, "Teletex": 20, "Videotex": 21, "Ia5": 22, "Graphic": 25,
        "Visible": 26, "General": 27}  # fmt: skip


@pytest.mark.parametrize(("name", "number"), TAGS.items())
def test_8_23_3_each_string_type_has_its_tag(name: str, number: int) -> None:
    both(name, "123", f"{number:02x}03313233")
    refused(BER, name, "0403313233")


def test_8_23_the_example_jones() -> None:
    """Its three forms: short, with a length of the long form, and in segments."""
    for octets in ("1a05 4a6f6e6573", "1a8105 4a6f6e6573", "3a09 04034a6f6e 04026573"):
        assert read("Visible", octets) == "Jones"


def test_8_23_characters_of_10646_have_four_two_or_one_to_four_octets() -> None:
    both("Universal", "a\U0001f600", "1c08 00000061 0001f600")
    both("Bmp", "a\u20ac", "1e04 0061 20ac")
    both("Utf8", "a\u20ac\U0001f600", "0c08 61 e282ac f09f9880")
    for name, octets in (("Universal", "1c03000000"), ("Universal", "1c0400110000"), ("Bmp", "1e0100"),
                         ("Utf8", "0c02c0af"), ("Utf8", "0c03eda080"), ("Ia5", "160180")):  # fmt: skip
        refused(BER, name, octets)


def test_8_23_strings_are_octet_strings_in_segments() -> None:
    assert read("Ia5", "3606 040161 040162") == "ab"
    assert read("Bmp", "3e08 04020061 04020062") == "ab"
    assert read("Utf8", "2c06 0401c3 0401a5") == "\u00e5"


def test_8_25_times_and_descriptors_are_strings() -> None:
    assert read("Utc", "170d" + b"910506234540Z".hex()) == datetime(1991, 5, 6, 23, 45, 40)
    assert read("Utc", "1711" + b"910506164540-0700".hex()) == datetime(1991, 5, 6, 23, 45, 40, tzinfo=UTC)
    both("Descriptor", "ab", "07026162")
    assert read("Gen", "1813 " + b"20260102030405.678Z".hex()) == datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


def test_8_25_times_come_in_segments_as_strings_do() -> None:
    gen, utc = b"20260102030405.678Z".hex(), b"901124083828Z".hex()
    for octets in (
        f"3815 0413{gen}",
        f"3817 0402{gen[:4]} 0411{gen[4:]}",
        f"3880 2480 0403{gen[:6]} 0000 1810{gen[6:]} 0000",
    ):
        assert read("Gen", octets) == datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
        refused(DER, "Gen", octets)
    for octets in (f"370f 040d{utc}", f"3711 0401{utc[:2]} 040c{utc[2:]}", f"3713 0400 040d{utc} 0400"):
        assert read("Utc", octets) == datetime(1990, 11, 24, 8, 38, 28)
        refused(DER, "Utc", octets)
    for octets in (f"370f 160d{utc}", f"3711 0401{utc[:2]} 020c{utc[2:]}", "3700"):
        refused(BER, "Utc", octets)


USEFUL = """
Useful DEFINITIONS AUTOMATIC TAGS ::= BEGIN
Day ::= DATE  Hour ::= TIME-OF-DAY  Moment ::= DATE-TIME  Span ::= DURATION  Whole ::= TIME
Tagged ::= SEQUENCE { day DATE, moment Moment }
END
"""


def written(name: str, text: str, octets: str, value: Any = None) -> None:
    """`value` is what `text` is decoded to, where that is an object of its own."""
    value = text if value is None else value
    for codec in ("ber", "der"):
        spec = fastber.compile_string(USEFUL, codec)
        assert spec.encode(name, text).hex() == spec.encode(name, value).hex() == octets
        assert spec.decode(name, bytes.fromhex(octets)) == value


def test_8_26_1_a_time_is_as_it_is_written() -> None:
    written("Whole", "1985-W15-5", "0e0a" + b"1985-W15-5".hex())


def test_8_26_2_a_date_goes_without_hyphens() -> None:
    written("Day", "1985-04-12", "1f1f08" + b"19850412".hex(), date(1985, 4, 12))


def test_8_26_3_a_time_of_day_goes_without_colons() -> None:
    written("Hour", "15:27:46", "1f2006" + b"152746".hex(), time(15, 27, 46))


def test_8_26_4_a_date_time_goes_without_hyphens_t_and_colons() -> None:
    moment = datetime(1951, 10, 14, 15, 30)
    written("Moment", "1951-10-14T15:30:00", "1f210e" + b"19511014153000".hex(), moment)


def test_8_26_5_a_duration_goes_without_its_p() -> None:
    written("Span", "P2DT3H", "1f2205" + b"2DT3H".hex())


def test_8_26_2_dates_with_separators_are_refused() -> None:
    spec = fastber.compile_string(USEFUL)
    assert spec.encode("Day", date(1985, 4, 12)) == spec.encode("Day", "1985-04-12")
    value = {"day": date(1985, 4, 12), "moment": datetime(1951, 10, 14, 15, 30)}
    assert spec.encode("Tagged", value).hex() == "301a8008" + b"19850412".hex() + "810e" + b"19511014153000".hex()
    assert spec.decode("Tagged", spec.encode("Tagged", value)) == value
    for octets in ("1f1f0a" + b"1985-04-12".hex(), "1f1f06" + b"850412".hex(), "1f1f09" + b"198504120".hex()):
        refused(spec, "Day", octets)
    for text in ("19850412", "1985-04", "1985/04/12", ""):
        with pytest.raises(fastber.EncodeError):
            spec.encode("Day", text)


def test_8_26_2_a_date_as_default() -> None:
    """Text and object are the same value, which DER leaves out."""
    module = 'A DEFINITIONS AUTOMATIC TAGS ::= BEGIN B ::= SEQUENCE { a DATE DEFAULT "1985-04-12" } END'
    for codec in ("ber", "der"):
        spec = fastber.compile_string(module, codec)
        assert spec.decode("B", b"\x30\x00") == {"a": date(1985, 4, 12)}
        assert spec.encode("B", {"a": "1985-04-12"}) == spec.encode("B", {"a": date(1985, 4, 12)}) == b"\x30\x00"


def test_8_26_2_dates_that_are_none_are_refused() -> None:
    spec = fastber.compile_string(USEFUL)
    for name, octets in (("Day", "1f1f08" + b"19850230".hex()), ("Hour", "1f2006" + b"240000".hex())):
        refused(spec, name, octets)


@pytest.mark.parametrize("spec", [BER, DER], ids=["ber", "der"])
@pytest.mark.parametrize("year", [1, 1900, 1968, 2069, 2100, 9999])
def test_8_25_a_year_that_two_digits_do_not_tell_is_not_encoded(spec: fastber.Specification, year: int) -> None:
    for zone in (None, UTC):
        with pytest.raises(fastber.EncodeError, match=f"year {year} ") as caught:
            spec.encode("Utc", datetime(year, 6, 1, tzinfo=zone))
        assert caught.value.path == "Utc"
        assert spec.decode("Gen", spec.encode("Gen", datetime(year, 6, 1, tzinfo=zone))).year == year


def test_8_25_the_years_of_a_utctime_are_those_that_it_is_decoded_to() -> None:
    for year in range(1969, 2069):
        assert BER.decode("Utc", BER.encode("Utc", datetime(year, 12, 31))) == datetime(year, 12, 31)


@pytest.mark.parametrize("name", ["Utc", "Gen"])
@pytest.mark.parametrize("at", [(1, 1, 1, 0, 30, 0, 60), (9999, 12, 31, 23, 30, 0, -60)])
def test_11_7_a_time_that_is_out_of_range_in_utc_is_not_encoded(name: str, at: tuple[int, ...]) -> None:
    """DER is in UTC: beyond the years that a datetime has there is no such time."""
    *local, minutes = at
    moment = datetime(*local, tzinfo=timezone(timedelta(minutes=minutes)))  # type: ignore[arg-type,misc]
    with pytest.raises(fastber.EncodeError, match="out of range in UTC") as caught:
        DER.encode(name, moment)
    assert caught.value.path == name
    if name == "Gen":
        assert BER.decode("Gen", BER.encode("Gen", moment)) == moment


def test_8_25_a_long_text_that_is_no_time_is_not_told_in_full() -> None:
    for name, tag in (("Utc", b"\x17"), ("Gen", b"\x18")):
        with pytest.raises(fastber.DecodeError) as caught:
            BER.decode(name, tag + b"\x83\x01\x00\x00" + b"9" * 65536)
        assert len(str(caught.value)) < 200
