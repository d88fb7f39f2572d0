"""A relayed message leaves with every octet as it came, except what X.411 makes the MTA change: compared TLV by TLV."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mta.samples import INTERNAL_1988, NOW, mta, octets_of, peculiar, routes, taken
from tests.mta.tlv import definite, differences, indefinite, long_form, parse
from x400.mta import InternalTrace, Stored

ONE_HOP = {"/C=GB/": ("peer", "east"), "/C=FR/": ("peer", "east")}
OWN_DOMAIN = definite(
    0x63, definite(0x61, definite(0x13, b"GB")), definite(0x62, definite(0x13, b"OWNADMD")), definite(0x13, b"OWN")
)
SUPPLIED = definite(0x31, definite(0x80, b"260304050607Z"), bytes.fromhex("820100"))
OWN_TRACE = definite(0x30, OWN_DOMAIN, SUPPLIED)
OWN_INTERNAL = definite(0x30, OWN_DOMAIN, definite(0x16, b"mta.own"), SUPPLIED)


@pytest.mark.parametrize("outer", [indefinite, definite, long_form])
def test_one_next_hop(outer: Any) -> None:
    before = peculiar(outer=outer)
    (transfer,) = taken(before, mta(routes=routes(ONE_HOP))).transfers
    after = octets_of(transfer)
    found = differences(parse(before), parse(after))
    assert found == [
        ("appended", "/a0/31/a3/30/a2/30", b"", OWN_INTERNAL),
        ("appended", "/a0/31/69", b"", OWN_TRACE),
    ]
    assert parse(after).indefinite is parse(before).indefinite


def test_two_next_hops_differ_by_responsibility_only() -> None:
    before = peculiar()
    transfers = taken(before, mta()).transfers
    assert [(transfer.next_hop, transfer.recipients, transfer.recipient_names) for transfer in transfers] == [
        ("east", (0,), ("/C=GB/A=EAST/S=Bob/",)),
        ("west", (1,), ("/C=FR/A=WEST/S=Carol/",)),
    ]
    indicators = "/a0/31/a2/31/81"
    for transfer, was, becomes in zip(transfers, ("810200a8", "810307d000"), ("81020028", "8103075000"), strict=True):
        found = differences(parse(before), parse(octets_of(transfer)))
        changed = [difference for difference in found if difference[0] != "appended"]
        assert changed == [("changed", indicators, bytes.fromhex(was), bytes.fromhex(becomes))]
        assert len(found) == 3


def test_extensions_absent_are_added() -> None:
    before = peculiar(extensions=b"")
    (transfer,) = taken(before, mta(routes=routes(ONE_HOP))).transfers
    field = definite(0x30, bytes.fromhex("800126"), definite(0xA2, definite(0x30, OWN_INTERNAL)))
    found = differences(parse(before), parse(octets_of(transfer)))
    assert ("appended", "/a0/31/69", b"", OWN_TRACE) in found
    assert ("appended", "/a0/31", b"", definite(0xA3, field)) in found
    assert len(found) == 2


def test_internal_trace_absent_is_added_in_either_style() -> None:
    before = peculiar(extensions=indefinite(0xA3))
    for peers, kind in ((frozenset[str](), "800126"), (frozenset({"east"}), "a003020126")):
        (transfer,) = taken(before, mta(routes=routes(ONE_HOP), peers_1988=peers)).transfers
        field = definite(0x30, bytes.fromhex(kind), definite(0xA2, definite(0x30, OWN_INTERNAL)))
        assert ("appended", "/a0/31/a3", b"", field) in differences(parse(before), parse(octets_of(transfer)))


def test_no_internal_trace_when_the_policy_says_so() -> None:
    before = peculiar()
    for policy in (InternalTrace.NEVER, InternalTrace.WITHIN_DOMAIN):
        (transfer,) = taken(before, mta(routes=routes(ONE_HOP), internal_trace=policy)).transfers
        found = differences(parse(before), parse(octets_of(transfer)))
        assert found == [("appended", "/a0/31/69", b"", OWN_TRACE)]


def test_nothing_is_touched_by_being_looked_at() -> None:
    before = peculiar()
    kept = bytes(before)
    mta().message_in(Stored(memoryview(before)), "sender", NOW)
    assert before == kept
    assert INTERNAL_1988 in before
