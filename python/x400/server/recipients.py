"""[[user]] and [[distribution-list]] of the configuration file: whom the MTA knows by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from x400.mta.configuration import DistributionList, ReportPolicy, Restrictions, User
from x400.mts.oraddress import ORAddress
from x400.server.tables import (
    ContentTypeName,
    Count,
    EncodedInformationType,
    Fail,
    Table,
    Text,
    address_of,
    addresses_of,
    check_addresses,
    content_types,
)


class UserTable(Table):
    """[[user]]: a local user of whom more is to be said than its route does.

    ``alternate-recipient`` gets all that is for it. ``content-types``, ``content-octets`` and
    ``encoded-information-types`` are what it takes; text in another type is converted, unless
    ``implicit-conversion = false``. ``permitted`` is how the addresses begin of those who may write to it.
    """

    address: Text
    deliver: Text | None = None
    alternate_recipient: Text | None = None
    content_types: tuple[ContentTypeName, ...] | None = None
    content_octets: Count | None = None
    encoded_information_types: tuple[EncodedInformationType, ...] | None = None
    implicit_conversion: bool = True
    permitted: tuple[Text, ...] | None = None


class DistributionListTable(Table):
    """[[distribution-list]]: expanded here. ``permitted`` is how the addresses begin of those who may submit to it.

    ``reports`` says to whom reports on members go: back to the originator (or to the list of which this one is a
    member), to the ``owner``, to both, or to nobody.
    """

    address: Text
    members: tuple[Text, ...]
    owner: Text | None = None
    permitted: tuple[Text, ...] | None = None
    reports: Literal["originator", "owner", "both", "none"] = "originator"


def check_recipients(users: Sequence[UserTable], lists: Sequence[DistributionListTable], fail: Fail) -> None:
    """Users and lists: addresses are addresses, each stands once, alternates and lists do not go in circles."""
    seen: dict[ORAddress, str] = {}
    named = [("user", number, user.address) for number, user in enumerate(users)]
    named += [("distribution-list", number, one.address) for number, one in enumerate(lists)]
    for table, number, text in named:
        address = address_of(text, fail, table, number, "address")
        if address in seen:
            raise fail(f"expected a name of its own, {seen[address]} has it", table, number, "address")
        seen[address] = f"{table}[{number}]"
    _check_users(users, fail)
    _check_lists(lists, fail)


def _check_users(users: Sequence[UserTable], fail: Fail) -> None:
    alternates: dict[ORAddress, tuple[ORAddress, ...]] = {}
    for number, user in enumerate(users):
        check_addresses(user.permitted, fail, "user", number, "permitted")
        if user.alternate_recipient is not None:
            alternate = address_of(user.alternate_recipient, fail, "user", number, "alternate-recipient")
            alternates[ORAddress.parse(user.address)] = (alternate,)
    for number, user in enumerate(users):
        if _in_circle(ORAddress.parse(user.address), alternates):
            raise fail("expected an end of redirections, they lead back here", "user", number, "alternate-recipient")


def _check_lists(lists: Sequence[DistributionListTable], fail: Fail) -> None:
    table = "distribution-list"
    members: dict[ORAddress, tuple[ORAddress, ...]] = {ORAddress.parse(one.address): () for one in lists}
    for number, one in enumerate(lists):
        check_addresses(one.permitted, fail, table, number, "permitted")
        check_addresses(one.members, fail, table, number, "members")
        if not one.members:
            raise fail("expected at least one member", table, number, "members")
        if one.owner is not None and address_of(one.owner, fail, table, number, "owner") in members:
            raise fail("expected somebody who is not a distribution list", table, number, "owner")
        if one.owner is None and one.reports in ("owner", "both"):
            raise fail("expected an owner, to whom reports can go", table, number, "owner")
        members[ORAddress.parse(one.address)] = tuple(map(ORAddress.parse, one.members))
    for number, one in enumerate(lists):
        if _in_circle(ORAddress.parse(one.address), members):
            raise fail("expected lists that end, this one contains itself", table, number, "members")


def _in_circle(start: ORAddress, leads_to: dict[ORAddress, tuple[ORAddress, ...]]) -> bool:
    """Whether one comes back to `start`."""
    pending, seen = list(leads_to.get(start, ())), set[ORAddress]()
    while pending:
        address = pending.pop()
        if address == start:
            return True
        if address not in seen:
            seen.add(address)
            pending += leads_to.get(address, ())
    return False


def users(tables: Iterable[UserTable], path: Callable[[str], str]) -> tuple[User, ...]:
    """The users as the MTA wants them."""
    return tuple(
        User(
            ORAddress.parse(user.address),
            None if user.deliver is None else path(user.deliver),
            None if user.alternate_recipient is None else ORAddress.parse(user.alternate_recipient),
            Restrictions(
                content_types(user.content_types),
                user.content_octets,
                None if user.encoded_information_types is None else frozenset(user.encoded_information_types),
            ),
            addresses_of(user.permitted),
            user.implicit_conversion,
        )
        for user in tables
    )


def distribution_lists(tables: Iterable[DistributionListTable]) -> tuple[DistributionList, ...]:
    """The distribution lists as the MTA wants them."""
    return tuple(
        DistributionList(
            ORAddress.parse(one.address),
            tuple(map(ORAddress.parse, one.members)),
            None if one.owner is None else ORAddress.parse(one.owner),
            addresses_of(one.permitted),
            ReportPolicy(one.reports),
        )
        for one in tables
    )
