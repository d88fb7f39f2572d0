"""APDUs whose content runs on in a file: the head is spliced, the rest is only referred to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.mta.samples import BOB, CAROL, DAVE, NOBODY, NOW, codes_of, mta, peculiar, report_of, routes, sent
from tests.mta.tlv import definite, differences, indefinite, long_form, parse
from x400.mta import DistributionList, Outcome, Route, Stored, Tail, Transfer, User
from x400.mts.content import Flattener
from x400.mts.exceptions import InvalidAPDU
from x400.mts.oraddress import ORAddress

CONTENT = bytes(range(256)) * 64
HEAD = 2000


def cut(octets: bytes, at: int = HEAD) -> Stored:
    """As the spool has it: the tail starts at offset 100 of a file."""
    return Stored(octets[:at], Tail("file", 100, len(octets) - at))


def whole(octets: bytes, buffers: list[Any], tail: Tail | None, at: int = HEAD) -> bytes:
    """What a transfer or a delivery refers to."""
    rest = b"" if tail is None else octets[at + tail.offset - 100 :][: tail.length]
    return b"".join(bytes(buffer) for buffer in buffers) + rest


def relayed(octets: bytes) -> tuple[Outcome, list[Transfer]]:
    outcome = mta().message_in(cut(octets), "sender", NOW)
    return outcome, [transfer for transfer in outcome.transfers if not transfer.is_report]


def test_relayed_like_a_small_one() -> None:
    octets = sent(BOB, CAROL, content=CONTENT)
    small = mta().message_in(Stored(octets), "sender", NOW).transfers
    _, large = relayed(octets)
    assert [transfer.next_hop for transfer in large] == ["east", "west"]
    for one, other in zip(small, large, strict=True):
        assert other.tail == Tail("file", 100, len(octets) - HEAD)
        assert whole(octets, other.buffers, other.tail) == whole(octets, one.buffers, one.tail)
        assert other.length == one.length


@pytest.mark.parametrize("outer", [definite, indefinite, long_form])
@pytest.mark.parametrize("pieces", [False, True])
def test_every_form_of_lengths(outer: Any, pieces: bool) -> None:
    content = indefinite(0x24, *[definite(0x04, CONTENT[i : i + 1000]) for i in range(0, len(CONTENT), 1000)])
    octets = peculiar(outer=outer, content=content if pieces else definite(0x04, CONTENT))
    _, transfers = relayed(octets)
    for transfer in transfers:
        after = whole(octets, transfer.buffers, transfer.tail)
        found = differences(parse(octets), parse(after))
        assert sorted(kind for kind, *_ in found) == ["appended", "appended", "changed"]


def test_delivered() -> None:
    octets = sent(DAVE, content=CONTENT)
    (delivery,) = mta().message_in(cut(octets), "sender", NOW).deliveries
    assert whole(octets, delivery.buffers, delivery.tail) == CONTENT
    assert not delivery.content_is_constructed


@pytest.mark.parametrize("outer", [definite, indefinite])
def test_delivered_without_what_follows_the_content(outer: Any) -> None:
    octets = peculiar(outer=outer, content=definite(0x04, CONTENT))
    here = mta(routes=_here())
    for delivery in here.message_in(cut(octets), "sender", NOW).deliveries:
        assert whole(octets, delivery.buffers, delivery.tail) == CONTENT


@pytest.mark.parametrize("form", [definite, indefinite])
def test_delivered_in_pieces(form: Any) -> None:
    content = form(0x24, *[definite(0x04, CONTENT[i : i + 1000]) for i in range(0, len(CONTENT), 1000)])
    octets = peculiar(content=content)
    for delivery in mta(routes=_here()).message_in(cut(octets), "sender", NOW).deliveries:
        assert delivery.content_is_constructed
        inside = whole(octets, delivery.buffers, delivery.tail)
        flattener = Flattener(None if form is indefinite else len(inside))
        assert b"".join(flattener.feed(inside)) == CONTENT
        assert flattener.finished


def _here() -> Any:
    from tests.mta.samples import routes

    return routes({"/C=GB/A=EAST/": ("deliver", "east"), "/C=FR/": ("deliver", "west")})


def test_not_delivered() -> None:
    octets = sent(NOBODY, content=CONTENT, content_return_request=True)
    outcome = mta().message_in(cut(octets), "sender", NOW)
    report = report_of(outcome)
    assert codes_of(report) == [(1, 0)]
    assert "returned-content" not in report["content"]


def test_too_long() -> None:
    octets = sent(BOB, content=CONTENT)
    outcome = mta(maximum_content_length=len(CONTENT) - 1).message_in(cut(octets), "sender", NOW)
    assert codes_of(report_of(outcome)) == [(1, 7)]


def test_expired() -> None:
    octets = sent(BOB, content=CONTENT)
    one = mta()
    (queued,) = one.message_in(cut(octets), "sender", NOW).transfers
    outcome = one.expire(queued.stored(), queued.recipients, "maximum-time-expired", datetime(2026, 4, 1, tzinfo=UTC))
    assert codes_of(report_of(outcome)) == [(0, 5)]


def test_the_envelope_must_be_at_hand() -> None:
    octets = sent(BOB, content=CONTENT)
    with pytest.raises(InvalidAPDU):
        mta().message_in(cut(octets, 150), "sender", NOW)


@pytest.mark.parametrize("outer", [definite, indefinite])
def test_what_the_procedures_change_leaves_the_content_in_its_file(outer: Any) -> None:
    """A list, a redirected member, a copy to a peer of 1984, a reroute, a release: each like that of a small one."""
    staff, dave = ORAddress.parse("/C=GB/A=EAST/S=Bob/"), ORAddress.parse(DAVE)
    one = mta(
        distribution_lists=(DistributionList(staff, (dave, ORAddress.parse(CAROL))),),
        users=(User(dave, alternate_recipient=ORAddress.parse("/C=GB/A=EAST/S=Ben/")),),
        peers_1984=frozenset({"west"}),
        routes=(*routes(), Route(ORAddress.parse("/C=GB/A=EAST/"), peer="round", cost=1)),
    )
    octets = peculiar(outer=outer, content=definite(0x04, CONTENT))
    small = one.message_in(Stored(octets), "sender", NOW)
    large = one.message_in(cut(octets), "sender", NOW)
    assert [t.next_hop for t in large.transfers] == [t.next_hop for t in small.transfers]
    assert {record.event for record in large.log} >= {"dl-expansion", "redirection"}
    for before, after in zip(small.transfers, large.transfers, strict=True):
        if after.is_report:
            continue
        assert after.tail == Tail("file", 100, len(octets) - HEAD)
        assert whole(octets, after.buffers, after.tail) == whole(octets, before.buffers, before.tail)
        sent_out = one.message_out(after.stored(), after.next_hop)
        expected = one.message_out(before.stored(), before.next_hop)
        assert whole(octets, [sent_out.head], sent_out.tail) == bytes(expected.head)
        if after.next_hop == "east":
            moved = one.reroute(after.stored(), after.recipients, "east", [], NOW)
            assert moved is not None
            assert [t.tail for t in moved.transfers] == [after.tail]
    released = one.release(cut(octets), NOW, NOW)
    assert [t.next_hop for t in released.transfers] == [t.next_hop for t in small.transfers]
