"""What is not decodable is shown as far as it goes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastber
from tests.server.harness import apdu
from x400.ipm.broken import inspect_broken
from x400.ipm.inspection import Node, named

APDU = apdu(1, "/C=GB/A=TEST/P=B/S=Ann/", "/C=GB/A=TEST/P=B/S=Bob/")


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def faults(node: Node) -> list[Node]:
    return [one for one in nodes(node) if one.note.startswith("fault: ")]


def test_the_part_at_fault_is_named_and_all_others_are_shown() -> None:
    octets = bytearray(APDU)
    place = octets.index(b"\x13\x04TEST", octets.index(b"test.1") - 30)
    octets[place + 1] = 0x7F
    tree = inspect_broken(bytes(octets))
    (fault,) = faults(tree)
    assert fault.name == "administration-domain-name"
    assert fault.offset == place - 2
    assert fault.note == f"fault: expected 127 contents octets, got 4, at {place + 2}"
    notes = [one.note for one in nodes(tree)]
    assert "/C=GB/A=TEST/P=B/S=Bob/" in notes
    assert "test.1" in [one.value for one in nodes(tree)]


@pytest.mark.parametrize("length", [0, 1, 3, 50, 100, 150, len(APDU) - 1])
def test_what_is_cut_short_is_shown_up_to_there(length: int) -> None:
    tree = inspect_broken(APDU[:length])
    assert faults(tree)
    if length >= 100:
        assert "/C=GB/A=TEST/P=SOURCE/S=Source/" in [one.note for one in nodes(tree)]


def test_octets_after_it() -> None:
    (fault,) = faults(inspect_broken(APDU + b"xx"))
    assert (fault.offset, fault.value) == (len(APDU), b"xx")


def test_what_is_no_such_thing() -> None:
    (fault,) = faults(inspect_broken(b"\x04\x03abc"))
    assert (fault.value, fault.offset) == (b"\x04\x03abc", 0)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(APDU) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_whatever_is_changed_there_is_a_tree(changes: list[tuple[int, int]]) -> None:
    octets = bytearray(APDU)
    for place, value in changes:
        octets[place] = value
    tree = inspect_broken(bytes(octets))
    try:
        named("MTSTransferProtocol.MTS-APDU").decode(bytes(octets))
    except fastber.DecodeError:
        assert faults(tree), "what does not decode has a fault somewhere"
