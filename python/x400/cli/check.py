"""`x400 check`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from x400.cli.console import console, duration, fail, new_table, octets

if TYPE_CHECKING:
    from x400.server.config import Config, Peer
    from x400.server.directory import DirectoryTable

__all__ = ["check"]


def check(config: Path, /, *others: Path) -> int:
    """Check a configuration, and show who the MTA is, where it listens, its routes, peers, users, lists and directory.

    What is wrong with it is said with file, line and key, and what was expected there; the exit code is then 1.

    Parameters
    ----------
    config
        The TOML file.
    others
        Those of other MTAs, by whose routes together nothing may go in a circle.
    """
    from x400.mta.loops import routing_loops
    from x400.server.config import ConfigError, domain, load, mta_configuration

    try:
        loaded = load(config)
        mta_configuration(loaded)
        everybody = [loaded, *map(load, others)]
        circles = routing_loops({one.mta.name: mta_configuration(one) for one in everybody})
    except (ConfigError, ValueError) as error:
        fail(error)
    if circles:
        fail("; ".join(f"{to} goes in a circle: {' -> '.join((*way, way[0]))}" for to, way in circles))
    listeners = ", ".join(f"{one.address}:{one.port}" for one in loaded.listener) or "nowhere"
    console.print(f"{loaded.mta.name} of domain {domain(loaded)}, listens on {listeners}", style="bold")
    console.print(f"spool {os.path.normpath(loaded.spool)}, {_number(loaded.mta.workers, 'process', 'processes')}")
    console.print(f"messages of up to {octets(loaded.limits.message_octets)}")
    console.print(_routes(loaded))
    console.print(_peers(loaded))
    if loaded.user or loaded.distribution_list:
        console.print(_recipients(loaded))
    if loaded.directory is not None:
        console.print(_directory(loaded, loaded.directory))
    return 0


def _number(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _routes(config: Config) -> Table:
    """The routes, the one that is chosen first on top: the longest."""
    from x400.server.config import routes

    table = new_table("to", "by", "where", title="Routes")
    for route in sorted(routes(config), key=lambda one: len(one.to.components), reverse=True):
        to = str(route.to) if route.to else "all others"
        if route.peer is not None:
            address = config.peers[route.peer].address or "waits until it calls us"
            table.add_row(to, f"peer {route.peer}", address)
        else:
            table.add_row(to, "delivery", os.path.normpath(str(route.deliver)))
    if config.directory is not None:
        table.add_row("what no route is for", "directory", config.directory.url)
    elif not config.route:
        table.add_row(Text("none: every message is answered by a non-delivery report", "red"))
    return table


def _recipients(config: Config) -> Table:
    """Users of whom more is said than their route does, and the lists that are expanded here."""
    table = new_table("address", "what", "more", title="Users and distribution lists")
    for user in config.user:
        redirected = f"redirected to {user.alternate_recipient}" if user.alternate_recipient is not None else ""
        folder = "" if user.deliver is None else f"delivered into {config.path(user.deliver)}"
        table.add_row(user.address, "user", redirected or folder)
    for one in config.distribution_list:
        members = _number(len(one.members), "member", "members")
        table.add_row(one.address, "distribution list", f"{members}, reports to {one.reports}")
    return table


def _directory(config: Config, directory: DirectoryTable) -> Table:
    """Where names are looked up that no route is for, and what comes of an entry."""
    table = new_table(title="Directory")
    secret = directory.password_file or f"the variable {directory.password_env}"
    table.add_row("asked at", f"{directory.url}, by {_number(config.mta.workers, 'process', 'processes')}")
    table.add_row("as", f"{directory.bind_name}, password in {secret}" if directory.bind_name else "nobody")
    table.add_row("below", directory.base or "its root")
    table.add_row("with", directory.filter)
    if directory.redirect_attribute is not None:
        table.add_row(directory.redirect_attribute, "redirected to the O/R address that it holds")
    if directory.mta_attribute is not None:
        table.add_row(directory.mta_attribute, "the peer of that name is next")
        if directory.deliver is not None:
            table.add_row(f"{directory.mta_attribute} = {config.mta.name}", f"into {config.path(directory.deliver)}")
    known = f"an answer is kept for {duration(directory.cache)}, that there is none for"
    table.add_row("cache", f"{known} {duration(directory.negative_cache)}, {directory.cached} of them")
    table.add_row(
        "without an answer", f"after {duration(directory.timeout)} tried again in {duration(directory.retry)}"
    )
    return table


def _peers(config: Config) -> Table:
    columns = ("name", "address", "it presents", "we present", "protocol", "associations", "dialogue")
    table = new_table(*columns, title="Peers")
    for peer in config.peer:
        name = peer.own_name or config.mta.name
        ours = f"{name}, signed" if peer.strong is not None else "nothing" if peer.own_password is None else name
        table.add_row(
            peer.name,
            peer.address or "calls us",
            _presents(peer),
            ours,
            peer.protocol if peer.tls is None else f"{peer.protocol} over TLS",
            f"up to {peer.max_associations}",
            f"{peer.dialogue_mode}, checkpoints of {peer.checkpoint_size} KB, window {peer.window_size}",
        )
    return table


def _presents(peer: Peer) -> str:
    if peer.unauthenticated:
        return f"nothing, from {', '.join(peer.hosts)}"
    if peer.strong is not None:
        return f"signed credentials, trusted by {peer.strong.trust}"
    return "a password" if peer.password is not None else "no password: it cannot call us"
