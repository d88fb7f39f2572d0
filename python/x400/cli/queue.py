"""`x400 queue`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from x400.cli.console import age, console, fail, new_table, octets

if TYPE_CHECKING:
    from x400.spool.queries import Waiting

__all__ = ["queue"]

_PRIORITIES = ("urgent", "normal", "non-urgent")


def queue(
    config: Path,
    /,
    *,
    to: str | None = None,
    limit: int = 100,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Show what is waiting, for whom, and why.

    Parameters
    ----------
    config
        The MTA's TOML file; the MTA may be running or not.
    to
        Only what waits for this peer (or `delivery:FOLDER`).
    limit
        Show at most so many messages of each process.
    json
        One JSON object instead of tables.
    """
    from x400.server.config import ConfigError, load
    from x400.spool import SpoolError, queries

    try:
        folder = load(config).spool
        queues = [one for one in queries.queues(folder) if to in (None, one.queue)]
        waiting = queries.waiting(folder, to, limit)
    except (ConfigError, SpoolError) as error:
        fail(error)
    if json:
        import msgspec

        print(msgspec.json.encode({"queues": queues, "waiting": waiting}).decode())
        return 0
    if not queues:
        console.print("nothing is waiting")
        return 0
    now = time.time()
    table = new_table("queue", *_PRIORITIES, "oldest", title="Queues")
    for one in queues:
        numbers = (str(number) for number in (one.urgent, one.normal, one.non_urgent))
        table.add_row(one.queue, *numbers, age(now - one.oldest))
    console.print(table)
    table = new_table("queue", "identifier", "from", "to", "size", "since", "why", title="Waiting")
    for entry in waiting:
        table.add_row(
            entry.queue,
            entry.identifier,
            entry.originator,
            entry.recipients,
            octets(entry.size),
            f"{age(now - entry.arrived)}, {_PRIORITIES[entry.priority]}",
            _why(entry, entry.due - now),
        )
    console.print(table)
    return 0


def _why(entry: Waiting, until: float) -> str:
    again = f"again in {age(until)}" if until > 0 else "to be tried again now"
    if entry.obstacle:
        return f"the peer cannot be reached: {entry.obstacle}; {again}"
    if entry.attempts:
        return f"attempt {entry.attempts} failed: {entry.error}; {again}"
    return "not tried yet" + (f", not before {age(until)} from now" if until > 1 else "")
