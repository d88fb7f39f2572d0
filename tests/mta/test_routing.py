"""The longest prefix wins, over all attributes, in every form that X.402 has as equal."""

from __future__ import annotations

import pytest

from x400.mta.configuration import MTAConfiguration, Route
from x400.mta.routing_and_conversion_decision import RouteTable
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.oraddress import ORAddress

ROUTES = {
    "/C=GB/": "country",
    "/C=GB/A=X/": "administration",
    "/C=GB/A=X/P=Y/": "private",
    "/C=GB/A=X/P=Y/O=Z/": "organization",
    "/C=GB/A=X/P=Y/O=Z/OU1=a/": "unit",
    "/C=GB/A=X/P=Y/O=Z/OU1=a/OU2=b/": "unit below",
    "/C=GB/A=X/P=Y/S=Bob/": "surname",
    "/C=GB/A=X/P=Y/S=Bob/G=Robert/": "person",
    "/C=GB/A=X/P=Y/CN=List/": "common name",
    "/C=GB/A= /P=Q/": "blank",
    "/C=FR/P=any/": "private of any administration",
    "/C=GB/A=X/DDA:RFC-822=a(a)b/": "gateway",
}
TABLE = RouteTable(Route(ORAddress.parse(to), peer=peer) for to, peer in ROUTES.items())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/C=GB/A=other/S=z/", "country"),
        ("/C=234/A=x/S=z/", "administration"),
        ("/C=gb/A=X/P=y/S=z/", "private"),
        ("/C=GB/A=X/P=Y/O= z /S=z/", "organization"),
        ("/C=GB/A=X/P=Y/O=Z/OU1=a/S=z/", "unit"),
        ("/C=GB/A=X/P=Y/O=Z/OU1=a/OU2=B/S=z/", "unit below"),
        ("/C=GB/A=X/P=Y/O=Z/OU1=c/OU2=b/S=z/", "organization"),
        ("/C=GB/A=X/P=Y/O=Z/S=Bob/", "surname"),
        ("/C=GB/A=X/P=Y/O=Z/S=bob/G=ROBERT/", "person"),
        ("/C=GB/A=X/P=Y/O=Z/CN=list/", "common name"),
        ("/C=GB/A= /P=Q/S=z/", "blank"),
        ("/C=GB/A=/P=Q/S=z/", "blank"),
        ("/C=FR/A=1/P=any/S=z/", "private of any administration"),
        ("/C=GB/A=X/DDA:rfc-822=A(a)B/", "gateway"),
        ("/C=GB/A=X/P=*Y/S=z/", "private"),
        ("/C=DE/A=X/S=z/", None),
        ("/A=X/S=z/", None),
    ],
)
def test_longest_prefix(address: str, expected: str | None) -> None:
    route = TABLE.find(ORAddress.parse(address))
    assert (route.peer if route else None) == expected


def test_a_route_to_everything() -> None:
    table = RouteTable([Route(ORAddress({}), peer="default"), Route(ORAddress.parse("/C=GB/"), deliver="gb")])
    assert table.decide(ORAddress.parse("/C=DE/A=X/S=z/")).next_hop == "default"
    decision = table.decide(ORAddress.parse("/C=GB/A=X/S=z/"))
    assert (decision.folder, decision.next_hop, decision.non_delivery) == ("gb", None, None)


def test_two_routes_to_the_same() -> None:
    with pytest.raises(ValueError, match="two routes to /C=GB/A=X/"):
        RouteTable([Route(ORAddress.parse("/C=GB/A=x/"), peer="a"), Route(ORAddress.parse("/C=GB/A=X/"), peer="b")])


def test_a_route_goes_one_way() -> None:
    with pytest.raises(ValueError, match="either peer or deliver"):
        Route(ORAddress.parse("/C=GB/"), peer="a", deliver="b")
    with pytest.raises(ValueError, match="either peer or deliver"):
        Route(ORAddress.parse("/C=GB/"))


@pytest.mark.parametrize("name", ["", "x" * 33, "ü"])
def test_mta_name(name: str) -> None:
    with pytest.raises(ValueError, match="MTA name"):
        MTAConfiguration(name, GlobalDomainIdentifier("GB", "X"))
