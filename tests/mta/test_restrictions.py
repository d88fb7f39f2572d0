"""What peers, users and routes take: content types, sizes, originators, priorities; and what it is answered with."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mta.samples import ALICE, BOB, DAVE, ERIN, NOW, codes_of, mta, report_of, routes, sent, subject, taken
from x400.mta import MTA, Restrictions, Route, Stored, User
from x400.mts.oraddress import ORAddress
from x400.mts.originate import probe

GB = ORAddress.parse("/C=GB/A=EAST/")
BACK = Route(ORAddress.parse(ALICE), peer="sender")


def routed(*options: dict[str, Any], **changes: Any) -> MTA:
    return mta(routes=(BACK, *(Route(GB, **option) for option in options)), **changes)


def hops(one: MTA, **message: Any) -> list[str]:
    return [t.next_hop for t in taken(sent(BOB, **message), one).transfers if not t.is_report]


@pytest.mark.parametrize(
    ("restrictions", "message", "code"),
    [
        (Restrictions(content_types=frozenset({22})), {"content_type": 2}, (1, 15)),
        (Restrictions(content_types=frozenset({22})), {"content_type": "1.2.3"}, (1, 15)),
        (Restrictions(content_types=frozenset({22, "1.2.3"})), {"content_type": "1.2.3"}, None),
        (Restrictions(maximum_content_length=100), {"content": b"x" * 200}, (1, 7)),
        (Restrictions(maximum_content_length=300), {"content": b"x" * 200}, None),
    ],
)
def test_of_a_peer_and_of_a_user(restrictions: Restrictions, message: dict[str, Any], code: Any) -> None:
    for recipient, one in (
        (BOB, mta(restrictions={"east": restrictions})),
        (DAVE, mta(users=(User(ORAddress.parse(DAVE), restrictions=restrictions),))),
    ):
        outcome = taken(sent(recipient, ERIN, **message), one)
        assert ERIN in [d.user for d in outcome.deliveries]
        reported = [t for t in outcome.transfers if t.is_report]
        assert bool(reported) is (code is not None)
        if code is not None:
            assert codes_of(report_of(outcome)) == [code]


def test_a_probe_is_answered_as_a_message_would_be() -> None:
    one = mta(users=(User(ORAddress.parse(DAVE), restrictions=Restrictions(maximum_content_length=100)),))
    assert codes_of(report_of(taken(probe(subject(DAVE), 101, NOW), one))) == [(1, 7)]
    assert codes_of(report_of(taken(probe(subject(DAVE), 100, NOW), one))) == []


def test_who_may_write_to_a_user() -> None:
    one = mta(users=(User(ORAddress.parse(DAVE), permitted=(ORAddress.parse("/C=FR/"),)),))
    assert codes_of(report_of(taken(sent(DAVE), one))) == [(5, None)]
    assert len(taken(sent(DAVE, originator="/C=FR/A=WEST/S=Friend/"), one).deliveries) == 1


def test_a_user_with_a_folder_of_its_own() -> None:
    one = mta(users=(User(ORAddress.parse(DAVE), deliver="dave"),))
    assert [d.folder for d in taken(sent(DAVE, ERIN), one).deliveries] == ["dave", "here"]


def test_cost_and_alternatives() -> None:
    one = routed({"peer": "dear", "cost": 9}, {"peer": "cheap", "cost": 1}, {"peer": "middle", "cost": 5})
    (transfer,) = taken(sent(BOB), one).transfers
    assert (transfer.next_hop, transfer.alternatives) == ("cheap", ("middle", "dear"))


def test_alternatives_are_those_of_all_recipients() -> None:
    one = mta(
        routes=(
            Route(ORAddress.parse("/C=GB/A=EAST/"), peer="a"),
            Route(ORAddress.parse("/C=GB/A=EAST/"), peer="b", cost=1),
            Route(ORAddress.parse("/C=GB/A=EAST/"), peer="c", cost=2),
            Route(ORAddress.parse("/C=FR/"), peer="a"),
            Route(ORAddress.parse("/C=FR/"), peer="c", cost=2),
        )
    )
    (transfer,) = taken(sent(BOB, "/C=FR/A=W/S=x/"), one).transfers
    assert (transfer.next_hop, transfer.alternatives) == ("a", ("c",))


def test_two_routes_to_the_same_must_differ() -> None:
    with pytest.raises(ValueError, match="two routes"):
        routed({"peer": "a"}, {"peer": "b"})


def test_by_content_type() -> None:
    one = routed({"peer": "edi", "content_types": frozenset({35})}, {"peer": "others"})
    assert hops(one, content_type=35) == ["edi"]
    assert hops(one, content_type=22) == ["others"]


def test_by_priority() -> None:
    one = routed({"peer": "fast", "priorities": frozenset({0})}, {"peer": "others"})
    assert hops(one, priority="urgent") == ["fast"]
    assert hops(one, priority="normal") == ["others"]


def test_by_size() -> None:
    one = routed({"peer": "narrow", "maximum_content_length": 100}, {"peer": "wide"})
    assert hops(one, content=b"x" * 50) == ["narrow"]
    assert hops(one, content=b"x" * 200) == ["wide"]


def test_by_originator() -> None:
    ours = {"peer": "ours", "originators": (ORAddress.parse("/C=GB/A=SENDER/"),)}
    one = routed(ours, {"peer": "others"})
    assert hops(one) == ["ours"]
    assert hops(one, originator="/C=GB/A=EAST/S=Else/") == ["others"]


def test_a_condition_that_fails_falls_back_to_a_shorter_route() -> None:
    short = Route(ORAddress.parse("/C=GB/"), peer="short")
    one = mta(routes=(BACK, short, Route(GB, peer="edi", content_types=frozenset({35}))))
    assert hops(one) == ["short"]
    assert hops(one, content_type=35) == ["edi"]


def test_no_route_for_such_a_message() -> None:
    one = routed({"peer": "edi", "content_types": frozenset({35})})
    assert codes_of(report_of(taken(sent(BOB), one))) == [(1, 15)]
    one = routed({"peer": "fast", "priorities": frozenset({0})})
    assert codes_of(report_of(taken(sent(BOB), one))) == [(1, 17)]


def test_a_restricted_peer_is_passed_by() -> None:
    one = routed({"peer": "a"}, {"peer": "b", "cost": 1}, restrictions={"a": Restrictions(maximum_content_length=100)})
    assert hops(one, content=b"x" * 200) == ["b"]
    assert hops(one) == ["a"]


def test_any_value_at_a_level() -> None:
    one = mta(
        routes=(
            Route(ORAddress.parse("/C=GB/A=EAST/P=*/O=Sales/"), peer="sales"),
            Route(ORAddress.parse("/C=GB/A=EAST/P=E/"), peer="e"),
            Route(ORAddress.parse("/C=*/"), peer="abroad"),
            Route(ORAddress.parse("/C=GB/"), peer="gb"),
        )
    )
    for address, expected in {
        "/C=GB/A=EAST/P=any/O=Sales/S=x/": "sales",
        "/C=GB/A=EAST/P=E/O=Sales/S=x/": "sales",
        "/C=GB/A=EAST/P=E/O=Other/S=x/": "e",
        "/C=GB/A=EAST/O=Sales/S=x/": "gb",
        "/C=DE/A=x/S=y/": "abroad",
    }.items():
        assert one.decide(ORAddress.parse(address)).next_hop == expected
    assert one.decide(ORAddress.parse("/A=x/S=y/")).next_hop is None


def test_reports_take_routes_that_depend_on_the_message_too() -> None:
    one = mta(routes=(*routes(), Route(ORAddress.parse(ALICE), peer="urgent", priorities=frozenset({0}))))
    report = next(t for t in taken(sent("/C=ZZ/A=NOWHERE/S=x/"), one).transfers)
    assert report.next_hop == "sender"
    assert Stored(report.stored().head).length == report.length
