"""Octets taken apart: names, values, places."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from x400.ipm.body_parts import File, Text
from x400.ipm.heading import Heading
from x400.ipm.inspection import Node, NotDecodable, UnknownType, inspect, inspect_ber, named, show, to_plain
from x400.ipm.message import encode
from x400.mts.identifiers import GlobalDomainIdentifier, MTSIdentifier
from x400.mts.oraddress import ORAddress
from x400.mts.originate import NewRecipient, Subject, message
from x400.osi.tlv import FramingError

ALICE = ORAddress.parse("/C=GB/A=X/P=Y/O=Z/S=Alice/")
APDU = message(
    Subject(MTSIdentifier(GlobalDomainIdentifier("GB", "X", "Y"), "one"), ALICE, [NewRecipient(ALICE)], mta_name="m"),
    encode(Heading("ipm-1", ALICE, subject="Hello"), [Text("Hi"), Text("Grüße"), File("a.bin", bytes(100))]),
    datetime(2026, 11, 25, tzinfo=UTC),
)


def all_nodes(node: Node) -> list[Node]:
    return [node, *(found for child in node.children for found in all_nodes(child))]


def find(node: Node, *path: str) -> Node:
    for name in path:
        (node,) = [child for child in node.children if child.name == name]
    return node


def test_every_place_is_the_place_of_an_element() -> None:
    name, tree = inspect(APDU)
    assert name == "MTSTransferProtocol.MTS-APDU"
    assert (tree.offset, tree.length) == (0, len(APDU))
    for node in all_nodes(tree):
        if node.offset is not None:
            assert node.length is not None
            assert 0 <= node.offset < node.offset + node.length <= len(APDU), node.name
    subject = find(tree, "message", "content", "InformationObject", "ipm", "heading", "subject")
    assert subject.offset is not None
    assert APDU[subject.offset :][: subject.length] == b"\xa8\x07\x14\x05Hello"


def test_content_extensions_and_body_parts_are_taken_apart() -> None:
    _, tree = inspect(APDU)
    plain = to_plain(tree)
    ipm = plain["message"]["content"]["InformationObject"]["ipm"]
    assert ipm["heading"]["subject"] == "Hello"
    first, second, third = ipm["body"]
    assert first["basic"]["ia5-text"]["data"] == "Hi"
    assert second["extended"]["data"]["encoding"]["single-ASN1-type"] == "Grüße"
    assert third["extended"]["data"]["encoding"]["single-ASN1-type"][0]["encoding"] == {"octet-aligned": "00" * 100}
    (extension,) = plain["message"]["envelope"]["extensions"]
    assert extension["value"][0]["mta-name"] == "m"


def test_names_and_identifiers_have_notes() -> None:
    _, tree = inspect(APDU)
    assert find(tree, "message", "envelope", "originator-name").note == str(ALICE)
    assert find(tree, "message", "envelope", "message-identifier").note == "[/C=GB/A=X/P=Y/;one]"


def test_a_message_of_1988() -> None:
    data = bytes.fromhex((Path(__file__).parents[1] / "data" / "p1-1988-message.hex").read_text())
    _, tree = inspect(data)
    assert find(tree, "message", "content", "InformationObject", "ipm", "heading").children


def test_a_content_alone() -> None:
    name, _ = inspect(encode(Heading("1"), []))
    assert name == "IPMSInformationObjects.InformationObject"


def test_what_fits_no_type_is_ber() -> None:
    data = bytes.fromhex("3013 0101ff 020105 0c026869 06032a0304 a0020500")
    with pytest.raises(NotDecodable, match="MTS-APDU"):
        inspect(data)
    tree = inspect_ber(data)
    assert to_plain(tree) == [
        {"BOOLEAN": True},
        {"INTEGER": 5},
        {"UTF8String": "hi"},
        {"OBJECT IDENTIFIER": "1.2.3.4"},
        {"[0]": [{"NULL": None}]},
    ]
    assert [(child.offset, child.length) for child in tree.children] == [(2, 3), (5, 3), (8, 4), (12, 5), (17, 4)]


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        ("3080 020105 0000", [{"INTEGER": 5}]),
        ("7f8701 03 020105", [{"INTEGER": 5}]),
        ("9f8701 01 05", "05"),
        ("3080 3080 0000 0000", [{"SEQUENCE": []}]),
    ],
)
def test_ber_of_all_forms(octets: str, value: object) -> None:
    assert to_plain(inspect_ber(bytes.fromhex(octets))) == value


@pytest.mark.parametrize(
    "octets", ["", "30", "3003020105 00", "3005 0201", "30 80 0201", "1f", "30 88 ffffffffffffffff"]
)
def test_no_ber(octets: str) -> None:
    with pytest.raises(FramingError):
        inspect_ber(bytes.fromhex(octets))


def test_nesting_has_a_limit() -> None:
    data = b""
    for _ in range(100):
        data = b"\x30\x82" + len(data).to_bytes(2, "big") + data
    with pytest.raises(FramingError, match="nested"):
        inspect_ber(data)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(APDU) - 1), st.binary(max_size=4), st.integers(0, 4))
def test_damaged_octets_are_taken_apart_or_refused(place: int, inserted: bytes, removed: int) -> None:
    data = APDU[:place] + inserted + APDU[place + removed :]
    try:
        _, tree = inspect(data)
    except NotDecodable:
        try:
            tree = inspect_ber(data)
        except FramingError:
            return
    json.dumps(to_plain(tree))
    for node in all_nodes(tree):
        show(node.value)


def test_types_by_name() -> None:
    assert named("MTS-APDU").name == "MTS-APDU"
    assert named("MTSTransferProtocol.MTS-APDU").name == "MTS-APDU"
    for wrong in ("Nothing", "No.Thing", "MTSTransferProtocol.Nothing"):
        with pytest.raises(UnknownType):
            named(wrong)


def test_values_for_people() -> None:
    assert show("2.6.1.4.11") == "2.6.1.4.11 id-et-general-text"
    assert show(bytes(100)) == "00" * 64 + "... 100 octets"
    assert show("text") == "'text'"
    assert show((b"\xa0", 3)) == "101"
    assert show(None) == ""


@pytest.mark.parametrize(("text", "charset"), [("Grüße\nund so", "iso8859-1"), ("漢字 €", "utf-8")])
def test_general_text_is_shown_in_its_own_character_set(text: str, charset: str) -> None:
    _, tree = inspect(encode(Heading("ipm-1", ALICE), [Text("Hi"), Text(text)]))
    nodes = all_nodes(tree)
    assert [node.value.replace("\r\n", "\n") for node in nodes if node.note == charset] == [text]
    assert text.replace("\n", "\\r\\n") in json.dumps(to_plain(tree), ensure_ascii=False)


def test_general_text_in_a_set_that_is_not_known_stays_as_it_is() -> None:
    octets = encode(Heading("ipm-1", ALICE), [Text("漢字")])
    place = octets.index(b"\x1b%G")
    octets = octets.replace(b"\x1b%G", b"\x1b$B").replace(b"\x02\x02\x00\xc4", b"\x02\x02\x00\x87")
    _, tree = inspect(octets)
    (text,) = [node for node in all_nodes(tree) if node.note.startswith("octets as in Latin-1")]
    assert text.value.encode("latin-1") == octets[place : place + 9]
