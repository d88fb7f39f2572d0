"""`x400 check`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from x400.cli.console import console, fail, new_table, octets

if TYPE_CHECKING:
    from x400.server.config import Config, Peer

__all__ = ["check"]


def check(config: Path, /, *others: Path) -> int:
    """Check a configuration, and show who the MTA is, where it listens, its routes and its peers.

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
    if not config.route:
        table.add_row(Text("none: every message is answered by a non-delivery report", "red"))
    return table


def _peers(config: Config) -> Table:
    table = new_table("name", "address", "it presents", "we present", "associations", "dialogue", title="Peers")
    for peer in config.peer:
        ours = "nothing" if peer.own_password is None else peer.own_name or config.mta.name
        table.add_row(
            peer.name,
            peer.address or "calls us",
            _presents(peer),
            ours,
            f"up to {peer.max_associations}",
            f"{peer.dialogue_mode}, checkpoints of {peer.checkpoint_size} KB, window {peer.window_size}",
        )
    return table


def _presents(peer: Peer) -> str:
    if peer.unauthenticated:
        return f"nothing, from {', '.join(peer.hosts)}"
    return "a password" if peer.password is not None else "no password: it cannot call us"
