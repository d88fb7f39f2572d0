"""Where each recipient's copy goes (X.411 14.3, routing-and-conversion-decision; X.402 clause 19).

The route with the most specific attributes wins: user before organizational unit before organization, private domain,
administration domain, country. A name is decided once: its octets are the key under which the decision is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from x400.mta.configuration import Route
from x400.mts.oraddress import HIERARCHY, ORAddress
from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode

__all__ = ["Decision", "RouteTable"]

_PLACES = {keyword: place for place, keyword in enumerate(HIERARCHY)}


@dataclass(frozen=True, slots=True)
class Decision:
    """For one recipient: the next MTA, or the local folder, or the reason why neither is possible."""

    recipient: str
    next_hop: str | None = None
    folder: str | None = None
    non_delivery: NonDelivery | None = None


UNRECOGNISED = NonDelivery.of(NonDeliveryDiagnosticCode.UNRECOGNISED_OR_NAME)


class RouteTable:
    """Longest-prefix lookup over the attributes of O/R addresses.

    Routes are kept by which attributes they name; a lookup tries each such set, the most specific first.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        tables: dict[tuple[str, ...], dict[tuple[str, ...], Route]] = {}
        for route in routes:
            components = route.to.components
            keywords = tuple(sorted(components, key=_place))
            table = tables.setdefault(keywords, {})
            values = tuple(components[keyword] for keyword in keywords)
            if values in table:
                raise ValueError(f"two routes to {route.to}")
            table[values] = route
        self._tables = sorted(tables.items(), key=lambda item: _specificity(item[0]), reverse=True)

    def find(self, address: ORAddress) -> Route | None:
        """The most specific route whose attributes `address` has."""
        components = address.components
        for keywords, table in self._tables:
            try:
                route = table.get(tuple([components[keyword] for keyword in keywords]))
            except KeyError:
                continue
            if route is not None:
                return route
        return None

    def decide(self, address: ORAddress) -> Decision:
        """The routing decision for one recipient; without a route the name is not recognised."""
        route = self.find(address)
        if route is None:
            return Decision(str(address), non_delivery=UNRECOGNISED)
        return Decision(str(address), route.peer, route.deliver)


def _place(keyword: str) -> tuple[int, str]:
    return _PLACES.get(keyword, len(_PLACES)), keyword


def _specificity(keywords: tuple[str, ...]) -> list[int]:
    """The places that a route names, the deepest first: a route that names one deeper is the more specific."""
    return sorted((_place(keyword)[0] for keyword in keywords), reverse=True)
