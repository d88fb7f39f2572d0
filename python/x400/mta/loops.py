"""Loops that the routes of several MTAs make together, found before any message does (X.411 14.3, loop-detection)."""

from __future__ import annotations

from collections.abc import Mapping

from x400.mta.configuration import MTAConfiguration
from x400.mta.routing_and_conversion_decision import RouteTable
from x400.mts.oraddress import ORAddress

__all__ = ["routing_loops"]


def routing_loops(configurations: Mapping[str, MTAConfiguration]) -> list[tuple[ORAddress, tuple[str, ...]]]:
    """For what each route of any MTA is for: the MTAs among which it would go in a circle, each circle once.

    `configurations` are by the name under which the others have the MTA as their peer.
    """
    tables = {name: RouteTable(one.routes) for name, one in configurations.items()}
    found: dict[tuple[ORAddress, frozenset[str]], tuple[str, ...]] = {}
    addresses = dict.fromkeys(route.to for one in configurations.values() for route in one.routes)
    for address in addresses:
        for start in tables:
            circle = _circle(tables, address, start)
            if circle:
                found.setdefault((address, frozenset(circle)), circle)
    return [(address, circle) for (address, _), circle in found.items()]


def _circle(tables: Mapping[str, RouteTable], address: ORAddress, start: str) -> tuple[str, ...]:
    """The MTAs of the circle that one comes into from `start`; none where the way ends."""
    way: list[str] = []
    place: str | None = start
    while place is not None and place in tables:
        if place in way:
            return tuple(way[way.index(place) :])
        way.append(place)
        route = tables[place].find(address)
        place = None if route is None else route.peer
    return ()
