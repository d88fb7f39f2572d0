"""How much of an APDU is needed in memory."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mta.samples import BOB, CAROL, sent
from tests.mta.tlv import Element, definite, indefinite, long_form, parse
from x400.mts.apdu import Apdu
from x400.mts.heads import EnvelopeTooLong, octets_needed, with_envelope
from x400.mts.stored import Stored, Tail


def again(element: Element, form: Any) -> bytes:
    """The element with its lengths in another form."""
    if not element.constructed:
        return definite(element.identifier[0], element.octets)
    return form(element.identifier[0], *[again(child, form) for child in element.members])


OCTETS = sent(*[BOB, CAROL] * 20, content=b"x" * 5000)


@pytest.mark.parametrize("form", [definite, indefinite, long_form])
@pytest.mark.parametrize("start", [1, 2, 3, 10, 100, 1000])
def test_of_a_message_its_envelope(form: Any, start: int) -> None:
    octets = again(parse(OCTETS), form)
    head = with_envelope(octets[:start], len(octets), 1 << 20, lambda size: octets[:size])
    apdu = Apdu(Stored(head, Tail("file", 0, len(octets) - len(head))))
    assert len(list(apdu.recipients)) == 40
    assert apdu.contents().tail is not None
    if form is definite:
        content = Apdu(Stored(octets)).body["content"].offset
        assert len(head) == content + 11


def test_what_is_enough_is_not_read_again() -> None:
    head = OCTETS[:4000]
    needed = octets_needed(head, len(OCTETS))
    assert needed < 4000
    assert with_envelope(head, len(OCTETS), 10, lambda size: b"") == OCTETS[:needed]


def test_what_is_whole_stays_whole() -> None:
    assert with_envelope(OCTETS, len(OCTETS), 10, lambda size: b"") == OCTETS


@pytest.mark.parametrize("form", [definite, indefinite])
def test_no_more_than_the_limit(form: Any) -> None:
    octets = again(parse(OCTETS), form)
    read: list[int] = []
    with pytest.raises(EnvelopeTooLong, match="more than 500 octets"):
        with_envelope(octets[:100], len(octets), 500, lambda size: read.append(size) or octets[:size])  # type: ignore
    assert all(size <= 500 for size in read)


def test_of_a_report_all_if_there_is_room() -> None:
    report = b"\xa1" + OCTETS[1:]
    assert with_envelope(report[:100], len(report), 1 << 20, lambda size: report[:size]) == report
    assert with_envelope(report[:100], len(report), 500, lambda size: report[:size]) == report[:100]


@pytest.mark.parametrize("head", [b"", b"\x30\x80", b"\x04\x84\xff\xff\xff\xff"])
def test_of_what_is_no_apdu_nothing(head: bytes) -> None:
    assert octets_needed(head, 1 << 30) == 0


@pytest.mark.parametrize("head", [b"\xa0\x80\x31\x88" + b"\x7f" * 8, b"\xa0\x89" + b"\xff" * 9, b"\xa0"])
def test_whatever_a_length_says_it_is_no_more_than_there_is(head: bytes) -> None:
    assert octets_needed(head, 1000) <= 1000
