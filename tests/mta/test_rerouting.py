"""Other routes for what is queued, and routes of several MTAs that go in circles."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.mta.accounts import checked
from tests.mta.samples import (
    BOB,
    CAROL,
    EARLIER,
    NOBODY,
    NOW,
    OWN,
    decoded,
    mta,
    sent,
    subject,
    taken,
)
from tests.mta.tlv import differences, parse
from x400.asn1 import specification
from x400.mta import MTA, MTAConfiguration, Route
from x400.mta.loops import routing_loops
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.oraddress import ORAddress
from x400.mts.originate import probe

EAST = GlobalDomainIdentifier("GB", "EAST")
LATER = NOW + timedelta(minutes=10)


def route(to: str, peer: str, cost: int = 0) -> Route:
    return Route(ORAddress.parse(to), peer=peer, cost=cost)


def two_ways() -> MTA:
    return mta(
        routes=(
            route("/C=GB/A=EAST/", "east"),
            route("/C=GB/A=EAST/", "round", 5),
            route("/C=FR/", "east"),
            route("/C=GB/A=SENDER/", "sender"),
            route("/C=GB/A=SENDER/", "round", 1),
        )
    )


def test_the_other_way_and_what_the_trace_says() -> None:
    one = two_ways()
    (queued,) = taken(sent(BOB), one).transfers
    assert queued.alternatives == ("round",)
    outcome = one.reroute(queued.stored(), queued.recipients, "east", ["east"], LATER)
    assert outcome is not None
    checked(queued.stored(), outcome, places=queued.recipients)
    (transfer,) = outcome.transfers
    assert (transfer.next_hop, transfer.alternatives, transfer.expiry) == ("round", (), queued.expiry)
    envelope = decoded(transfer)[1]["envelope"]
    assert len(envelope["trace-information"]) == 2
    assert envelope["trace-information"][1]["domain-supplied-information"]["routing-action"] == "rerouted"
    internal = next(f["value"] for f in envelope["extensions"] if f["type"][1] == 38)
    elements = specification().modules["MTAAbstractService"]["InternalTraceInformation"].decode(internal)
    assert len(elements) == 2
    assert elements[1]["mta-supplied-information"]["attempted"] == ("mta", "east")
    assert elements[1]["mta-supplied-information"]["routing-action"] == "rerouted"


@pytest.mark.parametrize(
    ("domain", "action", "attempted"),
    [(EAST, "rerouted", EAST), (OWN, "relayed", None), (None, "rerouted", None)],
)
def test_the_trace_between_domains_says_which_domain_was_attempted(
    domain: GlobalDomainIdentifier | None, action: str, attempted: GlobalDomainIdentifier | None
) -> None:
    """An MTA of our own domain is no other's business: only the internal trace tells."""
    configuration = replace(two_ways().configuration, peer_domains={} if domain is None else {"east": domain})
    one = MTA(configuration)
    for queued in (*taken(sent(BOB), one).transfers, *taken(probe(subject(BOB), 10, NOW), one).transfers):
        outcome = one.reroute(queued.stored(), queued.recipients, "east", ["east"], LATER)
        assert outcome is not None
        (transfer,) = outcome.transfers
        value = decoded(transfer)[1]
        envelope = value.get("envelope", value)
        supplied = envelope["trace-information"][-1]["domain-supplied-information"]
        assert supplied["routing-action"] == action
        assert supplied.get("attempted-domain") == (None if attempted is None else attempted.to_value())
        internal = next(f["value"] for f in envelope["extensions"] if f["type"][1] == 38)
        elements = specification().modules["MTAAbstractService"]["InternalTraceInformation"].decode(internal)
        assert elements[-1]["mta-supplied-information"]["attempted"] == ("mta", "east")
        assert elements[-1]["mta-supplied-information"]["routing-action"] == "rerouted"


def test_nothing_else_is_touched() -> None:
    one = two_ways()
    (queued,) = taken(sent(BOB), one).transfers
    outcome = one.reroute(queued.stored(), queued.recipients, "east", [], LATER)
    assert outcome is not None
    changed = {
        path
        for _, path, _, _ in differences(parse(bytes(queued.stored().head)), parse(outcome.transfers[0].stored().head))
    }
    assert all("/69" in path or "/a3" in path for path in changed)


def test_no_other_way() -> None:
    one = two_ways()
    (queued,) = taken(sent(BOB, CAROL), one).transfers
    assert one.reroute(queued.stored(), queued.recipients, "east", [], LATER) is None
    assert one.reroute(queued.stored(), (0,), "east", ["round"], LATER) is None
    assert one.has_alternatives("east")
    assert not mta().has_alternatives("east")


def test_a_probe_and_a_report() -> None:
    one = two_ways()
    (queued,) = taken(probe(subject(BOB), 5, EARLIER), one).transfers
    outcome = one.reroute(queued.stored(), queued.recipients, "east", [], LATER)
    assert outcome is not None
    assert [t.next_hop for t in outcome.transfers] == ["round"]
    (report,) = taken(sent(NOBODY), one).transfers
    assert (report.next_hop, report.alternatives) == ("sender", ("round",))
    outcome = one.reroute(report.stored(), (), "sender", [], LATER)
    assert outcome is not None
    (transfer,) = outcome.transfers
    assert (transfer.next_hop, transfer.is_report) == ("round", True)
    assert (
        decoded(transfer)[1]["envelope"]["trace-information"][0]["domain-supplied-information"]["routing-action"]
        == "rerouted"
    )


# ---- circles


def configurations(**routes: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        name: MTAConfiguration(name, GlobalDomainIdentifier("GB", name), tuple(route(to, peer) for to, peer in table))
        for name, table in routes.items()
    }


def test_circles_are_found() -> None:
    three = configurations(
        a=[("/C=GB/A=c/", "b"), ("/C=FR/", "b")],
        b=[("/C=GB/A=c/", "c"), ("/C=FR/", "c")],
        c=[("/C=FR/", "a"), ("/C=DE/", "elsewhere")],
    )
    ((address, circle),) = routing_loops(three)
    assert str(address) == "/C=FR/"
    assert set(circle) == {"a", "b", "c"}


def test_a_more_specific_route_leads_out() -> None:
    two = configurations(a=[("/C=GB/", "b")], b=[("/C=GB/A=x/", "out"), ("/C=GB/", "a")])
    assert [str(address) for address, _ in routing_loops(two)] == ["/C=GB/"]
    assert routing_loops(configurations(a=[("/C=GB/A=x/", "b")], b=[("/C=GB/A=x/", "out"), ("/C=GB/", "a")])) == []
