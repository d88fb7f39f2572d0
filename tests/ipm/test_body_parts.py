"""Body parts: made, read again, and in the octets that X.420 and ISO 2022 prescribe."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from x400.ipm.body_parts import File, OtherPart, Text, encoded_information_types, from_value, to_value
from x400.ipm.exceptions import Unencodable
from x400.ipm.types import ipm_type

GENERAL_TEXT = "2.6.1.4.11"
FILE_TRANSFER = "2.6.1.4.12"


def instance_of(identifier: str, value: bytes) -> dict[str, object]:
    return {"direct-reference": identifier, "encoding": ("single-ASN1-type", value)}


def encoded(part: Text | File | OtherPart) -> bytes:
    return ipm_type("BodyPart").encode(to_value(part))


def read(octets: bytes) -> Text | File | OtherPart:
    return from_value(ipm_type("BodyPart").decode(octets))


def test_ia5_text() -> None:
    octets = encoded(Text("Hello\nworld"))
    assert octets == bytes.fromhex("a010 3100 160c") + b"Hello\r\nworld"
    assert read(octets) == Text("Hello\nworld")


@pytest.mark.parametrize(
    ("text", "registrations", "designation"),
    [("Grüße", "02 01 01 02 01 06 02 01 64", b"\x1b-A"), ("Ελλάς €", "02 02 00 c4", b"\x1b%G")],
)
def test_general_text(text: str, registrations: str, designation: bytes) -> None:
    octets = encoded(Text(text))
    assert bytes.fromhex(registrations) in octets
    assert designation in octets
    assert read(octets) == Text(text)


@pytest.mark.parametrize(
    ("registrations", "octets", "text"),
    [
        ([1, 6], b"plain", "plain"),
        ([1, 6, 100], b"Gr\xfc\xdfe", "Grüße"),
        ([1, 6, 144], b"\xb8\xb0", "ИА"),
        ([196], "€".encode(), "€"),
        ([1, 6, 126], b"\x1b-F\xc1\xe8", "Αθ"),
        ([1, 6], b"\x1b-L\xb8\xb0", "ИА"),
    ],
)
def test_general_text_of_others(registrations: list[int], octets: bytes, text: str) -> None:
    value = {
        "parameters": instance_of(
            "2.6.1.11.11", ipm_type("GeneralTextParameters", "IPMSExtendedBodyPartTypes2").encode(registrations)
        ),
        "data": instance_of(
            GENERAL_TEXT, ipm_type("GeneralTextData", "IPMSExtendedBodyPartTypes2").encode(octets.decode("latin-1"))
        ),
    }
    assert from_value(("extended", value)) == Text(text)


def test_text_in_an_unknown_character_set_is_left_as_it_is() -> None:
    octets = ipm_type("GeneralTextData", "IPMSExtendedBodyPartTypes2").encode("\x1b$B\xff")
    value = ("extended", {"data": instance_of(GENERAL_TEXT, octets)})
    assert from_value(value) == OtherPart(GENERAL_TEXT, value)


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_any_text_comes_back(text: str) -> None:
    assert read(encoded(Text(text))) == Text(text)


def test_half_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(Unencodable, match="text"):
        to_value(Text("\ud800"))


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300), st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="?")))
def test_any_file_comes_back(octets: bytes, name: str) -> None:
    file = File(name, octets, datetime(2026, 11, 25, 1, 2, 3, tzinfo=UTC))
    assert read(encoded(file)) == file


def test_a_file_is_unstructured_binary() -> None:
    octets = encoded(File("a.bin", b"\x00\x01"))
    assert bytes.fromhex("06 05 28 c2 7b 02 04 81 02 00 01") in octets
    assert b"a.bin" in octets


def test_a_file_in_pieces() -> None:
    pieces = [
        {"encoding": ("octet-aligned", b"one ")},
        {"encoding": ("arbitrary", (b"two ", 32))},
        {"encoding": ("single-ASN1-type", b"\x04\x05three")},
    ]
    data = ipm_type("FileTransferData", "IPMSFileTransferBodyPartType").encode(pieces)
    value = ("extended", {"data": instance_of(FILE_TRANSFER, data)})
    assert from_value(value) == File("", b"one two three")


def test_other_parts_pass_unchanged() -> None:
    octets = bytes.fromhex("8e 03 01 02 03")
    part = read(octets)
    assert isinstance(part, OtherPart)
    assert part.kind == "bilaterally-defined"
    assert encoded(part) == octets


def test_encoded_information_types() -> None:
    ia5 = (b"\x20", 3)
    assert encoded_information_types([Text("a")]) == {"built-in-encoded-information-types": ia5}
    character_sets = [f"1.0.10021.7.1.0.{number}" for number in (1, 6, 100)]
    assert encoded_information_types([Text("a"), Text("ü"), File("f", b"")]) == {
        "built-in-encoded-information-types": ia5,
        "extended-encoded-information-types": [*character_sets, "2.6.1.12.0"],
    }
