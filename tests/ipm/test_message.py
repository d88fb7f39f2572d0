"""Whole interpersonal messages: to octets and back, and one that another implementation has made."""

from __future__ import annotations

from pathlib import Path

import pytest

from x400.asn1 import mts_apdu
from x400.ipm.body_parts import File, Text
from x400.ipm.exceptions import InvalidIPM, Unencodable
from x400.ipm.heading import Heading, Recipient
from x400.ipm.message import decode, encode, plain
from x400.mts.oraddress import ORAddress

ALICE = ORAddress.parse("/C=GB/A=X/P=Y/O=Z/S=Alice/")
BOB = ORAddress.parse("/C=GB/A=X/P=Y/O=Z/S=Bob/")


def test_all_of_a_heading_comes_back() -> None:
    heading = Heading(
        identifier="one 1",
        originator=ALICE,
        primary_recipients=(Recipient(BOB, "Bob", frozenset({"rn", "ipm-return"}), True),),
        copy_recipients=(Recipient(ALICE),),
        blind_copy_recipients=(Recipient(None, "a friend"),),
        subject="Hello",
        importance="high",
        sensitivity="private",
        replied_to="zero 0",
    )
    message = decode(encode(heading, [Text("Hi\n"), File("a.bin", b"\x00")]))
    assert message.heading == heading
    assert message.body == (Text("Hi\n"), File("a.bin", b"\x00"))


def test_the_octets_of_a_small_message() -> None:
    assert encode(Heading("1"), [Text("a")]) == bytes.fromhex("a010 3105 6b03 130131 3007 a005 3100 160161")


@pytest.mark.parametrize("subject", ["Grüße", "Ελλάς", "\U0001f600", "x" * 200])
def test_a_subject_that_the_field_cannot_hold_is_extended(subject: str) -> None:
    assert decode(encode(Heading("1", subject=subject), [])).heading.subject == subject


def test_the_subject_of_those_who_know_no_extension_is_ascii() -> None:
    """The field is a TeletexString: ISO 8859-1's octets would be other characters in it."""
    assert b"\xa8\x07\x14\x05Gru?e" in encode(Heading("1", subject="Grüße"), [])


def test_a_subject_too_long_for_anything() -> None:
    with pytest.raises(Unencodable, match="subject"):
        encode(Heading("1", subject="x" * 257), [])


@pytest.mark.parametrize("identifier", ["", "x" * 65, "ü"])
def test_an_identifier_that_is_none(identifier: str) -> None:
    with pytest.raises(Unencodable, match="identifier"):
        encode(Heading(identifier), [])


@pytest.mark.parametrize("octets", ["", "3000", "a003020100", "a0"])
def test_octets_that_are_no_message(octets: str) -> None:
    with pytest.raises(InvalidIPM):
        decode(bytes.fromhex(octets))


def test_a_notification_is_no_message() -> None:
    notification = bytes.fromhex("a118 6b03 130131 a011 a10f 800d") + b"261125010203Z"
    with pytest.raises(InvalidIPM, match="notification"):
        decode(notification)


def test_a_message_of_1988() -> None:
    data = bytes.fromhex((Path(__file__).parents[1] / "data" / "p1-1988-message.hex").read_text())
    kind, value = mts_apdu().decode(data)
    assert kind == "message"
    message = decode(value["content"])
    assert message.heading.identifier
    assert any(isinstance(part, Text) and part.text for part in message.body)
    assert decode(encode(message.heading, message.body)) == message


def test_plain() -> None:
    heading = Heading("1", ALICE, (Recipient(BOB),), subject="Hello")
    assert plain(decode(encode(heading, [Text("Hi"), File("a.bin", b"\x00")]))) == {
        "identifier": "1",
        "from": str(ALICE),
        "to": [str(BOB)],
        "subject": "Hello",
        "body": [{"text": "Hi"}, {"file": "a.bin", "octets": 1}],
    }
