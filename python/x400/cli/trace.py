"""`x400 trace`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from x400.cli.console import console, fail, new_table, time_of_day

__all__ = ["trace"]


def trace(config: Path, identifier: str, /, *, json: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Show the life of one message: when it came from whom, what was decided, where it went or why it waits.

    Parameters
    ----------
    config
        The MTA's TOML file; the MTA may be running or not.
    identifier
        The MTS identifier, `[/C=../A=../P=../;local]`, or a part of it that no other has.
    json
        A JSON array instead of a table.
    """
    from x400.server.config import ConfigError, load
    from x400.spool import SpoolError, queries

    try:
        folder = load(config).spool
        lines = queries.trace(folder, identifier)
    except (ConfigError, SpoolError) as error:
        fail(error)
    if not lines:
        found = queries.identifiers(folder, identifier)
        if len(found) > 1:
            fail(f"{identifier!r} is a part of several identifiers:\n  " + "\n  ".join(found))
        if not found:
            fail(f"{identifier!r} has not been here, or has been forgotten")
        identifier = found[0]
        lines = queries.trace(folder, identifier)
    if json:
        import msgspec

        print(msgspec.json.encode(lines).decode())
        return 0
    table = new_table("when", "what", "peer", "more", title=identifier)
    for line in lines:
        table.add_row(time_of_day(line.at), line.action, line.peer, line.detail)
    console.print(table)
    return 0
