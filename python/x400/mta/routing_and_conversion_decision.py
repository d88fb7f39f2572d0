"""Where each recipient's copy goes (X.411 14.3, routing-and-conversion-decision; X.402 clause 19).

The route with the most specific attributes wins: user before organizational unit before organization, private domain,
administration domain, country; at each level a value before a `*`. Of routes to the same, the cheapest that the message
may take. A name is decided once: its octets are the key under which the decision is kept, unless it depends on the
message.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from x400.mta.configuration import DistributionList, MTAConfiguration, Restrictions, Route, User
from x400.mts.oraddress import HIERARCHY, ORAddress
from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode

if TYPE_CHECKING:
    from x400.mts.apdu import Apdu

__all__ = ["Decision", "RouteTable", "chosen_route"]

_PLACES = {keyword: place for place, keyword in enumerate(HIERARCHY)}


@dataclass(frozen=True, slots=True)
class Decision:
    """For one recipient: the next MTA, or the local folder, or the reason why neither is possible.

    `special` is true when there is more to look at: the name is a distribution list's, a user's of whom something is
    configured, or has routes that depend on the message (`routes`). `alternatives` are next MTAs after `next_hop`.
    """

    recipient: str
    next_hop: str | None = None
    folder: str | None = None
    non_delivery: NonDelivery | None = None
    special: bool = False
    alternatives: tuple[str, ...] = ()
    route: Route | None = None
    routes: tuple[Route, ...] = ()
    user: User | None = None
    distribution_list: DistributionList | None = None
    passing: bool = False
    """Made of what a directory says now, and not to be kept."""
    wanted: bool = False
    """None yet: a directory has to be asked first."""


UNRECOGNISED = NonDelivery.of(NonDeliveryDiagnosticCode.UNRECOGNISED_OR_NAME)
_TOO_LONG = NonDelivery.of(NonDeliveryDiagnosticCode.CONTENT_TOO_LONG)
_CONTENT_TYPE = NonDelivery.of(NonDeliveryDiagnosticCode.CONTENT_TYPE_NOT_SUPPORTED)
_NO_AGREEMENT = NonDelivery.of(NonDeliveryDiagnosticCode.NO_BILATERAL_AGREEMENT)

_Names = tuple[tuple[str, ...], tuple[str, ...]]
"""Keywords of which a route gives the value, and those of which any value will do."""


class RouteTable:
    """Longest-prefix lookup over the attributes of O/R addresses, and exact lookup of users and distribution lists.

    Routes are kept by which attributes they name; a lookup tries each such set, the most specific first.
    """

    def __init__(
        self,
        routes: Iterable[Route],
        users: Iterable[User] = (),
        distribution_lists: Iterable[DistributionList] = (),
        restricted: Container[str] = (),
    ) -> None:
        tables: dict[_Names, dict[tuple[str, ...], list[Route]]] = {}
        for route in routes:
            names = _names(route.to)
            components = route.to.components
            values = tuple(components[keyword] for keyword in names[0])
            same = tables.setdefault(names, {}).setdefault(values, [])
            if any(_rank(route) == _rank(other) for other in same):
                raise ValueError(f"two routes to {route.to}")
            same.append(route)
            same.sort(key=lambda one: (not one.conditional, one.cost))
        self._tables = sorted(tables.items(), key=lambda item: _specificity(item[0]), reverse=True)
        self._users = {user.address: user for user in users}
        self._lists = {one.address: one for one in distribution_lists}
        self._restricted = restricted

    def all_of(self, address: ORAddress) -> Iterable[list[Route]]:
        """The routes whose attributes `address` has, by how specific they are."""
        components = address.components
        for (keywords, any_value), table in self._tables:
            try:
                routes = table.get(tuple([components[keyword] for keyword in keywords]))
            except KeyError:
                continue
            if routes is not None and all(keyword in components for keyword in any_value):
                yield routes

    def find(self, address: ORAddress) -> Route | None:
        """The most specific, and of these the first, of the routes whose attributes `address` has."""
        return next(iter(self.all_of(address)), [None])[0]

    def has_alternatives(self, peer: str) -> bool:
        """Whether some name that goes to `peer` may go to another."""
        return any(
            any(route.peer == peer for route in same) and any(route.peer not in (None, peer) for route in same)
            for _, table in self._tables
            for same in table.values()
        )

    def distribution_list(self, address: ORAddress) -> DistributionList | None:
        """The list of that name, if it is expanded here."""
        return self._lists.get(address)

    def user(self, address: ORAddress) -> User | None:
        """What is configured of the user of that name."""
        return self._users.get(address)

    def decide(self, address: ORAddress) -> Decision:
        """The routing decision for one recipient; without a route the name is not recognised."""
        text = str(address)
        if address in self._lists:
            return Decision(text, special=True, distribution_list=self._lists[address])
        user = self._users.get(address)
        routes: list[Route] = []
        for same in self.all_of(address):
            routes += same
            if not all(route.conditional for route in same):
                break
        if not routes:
            if user is not None and (user.deliver or user.alternate_recipient):
                return Decision(text, folder=user.deliver, special=True, user=user)
            return Decision(text, non_delivery=UNRECOGNISED)
        first = routes[0]
        if first.conditional or any(route.peer in self._restricted for route in routes if route.peer):
            return Decision(text, special=True, routes=tuple(routes), user=user)
        if first.peer is not None:
            return Decision(
                text,
                first.peer,
                special=user is not None,
                alternatives=_peers(routes[1:], first.peer),
                route=first,
                user=user,
            )
        if user is None and first.listed_users:
            return Decision(text, non_delivery=UNRECOGNISED, route=first)
        folder = (user.deliver if user else None) or first.deliver
        return Decision(text, folder=folder, special=user is not None, route=first, user=user)


def chosen_route(apdu: Apdu, decision: Decision, configuration: MTAConfiguration) -> Decision:
    """The decision for this message among routes that depend on it: the first that it may take, the others after it."""
    usable: list[Route] = []
    why: NonDelivery | None = None
    for route in decision.routes:
        objection = _objection(apdu, route)
        if objection is None and route.peer is not None:
            objection = refusal(apdu, configuration.restrictions.get(route.peer))
        if objection is None:
            usable.append(route)
        else:
            why = why or objection
    if not usable:
        return Decision(decision.recipient, non_delivery=why or UNRECOGNISED, route=decision.routes[0])
    first, user = usable[0], decision.user
    if first.peer is not None:
        others = _peers(usable[1:], first.peer)
        return Decision(decision.recipient, first.peer, alternatives=others, route=first, user=user)
    if user is None and first.listed_users:
        return Decision(decision.recipient, non_delivery=UNRECOGNISED, route=first)
    folder = (user.deliver if user else None) or first.deliver
    return Decision(decision.recipient, folder=folder, route=first, user=user)


def refusal(apdu: Apdu, restrictions: Restrictions | None) -> NonDelivery | None:
    """Why a peer or a user does not take a message, but for its encoded information types, which may be converted."""
    if restrictions is None:
        return None
    types = restrictions.content_types
    if types is not None and apdu.content_type not in types:
        return _CONTENT_TYPE
    limit = restrictions.maximum_content_length
    return _TOO_LONG if limit is not None and apdu.content_length > limit else None


def _objection(apdu: Apdu, route: Route) -> NonDelivery | None:
    """Why a message may not take a route."""
    if route.content_types is not None and apdu.content_type not in route.content_types:
        return _CONTENT_TYPE
    if route.maximum_content_length is not None and apdu.content_length > route.maximum_content_length:
        return _TOO_LONG
    if route.priorities is not None and apdu.priority not in route.priorities:
        return _NO_AGREEMENT
    if route.originators is not None and not any(one.is_prefix_of(apdu.originator) for one in route.originators):
        return _NO_AGREEMENT
    return None


def _peers(routes: Iterable[Route], first: str) -> tuple[str, ...]:
    """The next MTAs of routes, each once, without the first."""
    return tuple(dict.fromkeys(route.peer for route in routes if route.peer is not None and route.peer != first))


def _rank(route: Route) -> tuple[object, ...]:
    """What two routes to the same must differ in, for one to come before the other."""
    return route.cost, route.content_types, route.priorities, route.maximum_content_length, route.originators


def _names(address: ORAddress) -> _Names:
    """The keywords of which an address gives the value, and those whose value is a lone `*`, both sorted."""
    any_value = {
        keyword[:-1]
        for keyword, value in address.attributes.items()
        if keyword.endswith("*") and not value and keyword[:-1] not in address.attributes
    }
    given = [keyword for keyword in address.components if keyword not in any_value]
    return tuple(sorted(given, key=_place)), tuple(sorted(any_value, key=_place))


def _place(keyword: str) -> tuple[int, str]:
    return _PLACES.get(keyword, len(_PLACES)), keyword


def _specificity(names: _Names) -> list[tuple[int, int]]:
    """The places that a route names, the deepest first: a route that names one deeper is the more specific."""
    given, any_value = names
    places = [(_place(keyword)[0], 1) for keyword in given] + [(_place(keyword)[0], 0) for keyword in any_value]
    return sorted(places, reverse=True)
