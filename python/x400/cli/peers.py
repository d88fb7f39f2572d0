"""`x400 peers`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from x400.cli.arguments import Flag
from x400.cli.console import age, console, fail, new_table
from x400.cli.damage import tell_damage

if TYPE_CHECKING:
    from x400.console.control import PeerState

__all__ = ["peers"]


def peers(config: Path, /, *, json: Flag = False) -> int:
    """Show how it stands with each peer: associations, what waits, the last error, when it is called again.

    The MTA must be running; without it, `x400 queue list` says what waits.

    Parameters
    ----------
    config
        The MTA's TOML file.
    json
        A JSON array, one object for each peer and worker process.
    """
    from x400.console.control import ControlError, Peers, PeerStates, ask, running
    from x400.server.config import ConfigError, load
    from x400.spool import SpoolError, queries

    try:
        folder = load(config).spool
        workers = running(folder)
        if not workers:
            fail(f"no MTA runs with the spool {folder}")
        tell_damage(folder)
        states = {worker.name: ask(worker, Peers(), PeerStates).peers for worker in workers}
        waiting = {line.queue: line.total for line in queries.queues(folder)}
    except (ConfigError, ControlError, SpoolError) as error:
        fail(error)
    if json:
        import msgspec

        lines = [
            {"worker": worker, **msgspec.to_builtins(state), "waiting": waiting.get(state.name, 0)}
            for worker, peers in states.items()
            for state in peers
        ]
        print(msgspec.json.encode(lines).decode())
        return 0
    table = new_table("peer", "state", "in", "out", "waiting", "received", "sent", "last error", title="Peers")
    now = time.time()
    for some in zip(*states.values(), strict=True):
        last = max(some, key=lambda state: state.error_at)
        table.add_row(
            some[0].name,
            _state(some, now),
            str(sum(one.associations_in for one in some)),
            str(sum(one.associations_out for one in some)),
            str(waiting.get(some[0].name, 0)),
            str(sum(one.received for one in some)),
            str(sum(one.sent for one in some)),
            f"{last.error} ({age(now - last.error_at)} ago)" if last.error_at else "",
        )
    console.print(table)
    return 0


def _state(some: tuple[PeerState, ...], now: float) -> str:
    """One peer, seen by all workers."""
    if any(one.transferring for one in some):
        return "transferring"
    if any(one.associations_in or one.associations_out for one in some):
        return "connected"
    unreachable = [one for one in some if one.again]
    if unreachable:
        first = min(unreachable, key=lambda one: one.again)
        return f"cannot be reached ({first.failures} in a row), called again in {age(first.again - now)}"
    return "idle" if some[0].address else "idle, calls us"
