"""`x400 queue`: what waits, and what an operator does to it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from x400.cli.arguments import Flag
from x400.cli.console import age, console, fail, new_table, octets, time_of_day
from x400.cli.damage import tell_damage

if TYPE_CHECKING:
    from x400.console.control import Change
    from x400.server.config import Config
    from x400.spool.queries import Waiting

__all__ = ["queue"]

DIAGNOSTIC = "unable-to-complete-transfer"
_PRIORITIES = ("urgent", "normal", "non-urgent")

queue = App(name="queue", help="Look at what waits, hold it back, let it go, try it again, reroute it, give it up.")

ConfigFile = Annotated[Path, Parameter(help="The MTA's TOML file.")]
Identifier = Annotated[
    str | None, Parameter(name="--id", metavar="IDENTIFIER", help="The message of this MTS identifier.")
]
To = Annotated[
    str | None, Parameter(name="--to", metavar="QUEUE", help="What waits for this peer (or `delivery:FOLDER`).")
]


@queue.command(name="list")
def list_(config: ConfigFile, /, *, to: To = None, limit: int = 100, json: Flag = False) -> int:
    """Show what is waiting, for whom, and why. The MTA may be running or not.

    Parameters
    ----------
    limit
        Show at most so many messages of each process.
    json
        One JSON object instead of tables.
    """
    from x400.spool import SpoolError, queries

    folder = _load(config).spool
    try:
        tell_damage(folder)
        queues = [one for one in queries.queues(folder) if to in (None, one.queue)]
        waiting = queries.waiting(folder, to, None, limit)
    except SpoolError as error:
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


@queue.command
def show(config: ConfigFile, identifier: str, /, *, apdu: Flag = False) -> int:
    """Show one message that waits: each of its entries, and the envelope taken apart. The MTA may be running or not.

    Parameters
    ----------
    identifier
        The MTS identifier, `[/C=../A=../P=../;local]`.
    apdu
        Write the APDU as it stands on the spool to standard output, and nothing else; of a large one the head, without
        the part that is in a content file.
    """
    from x400.cli.inspect import print_tree
    from x400.spool import SpoolError, queries

    folder = _load(config).spool
    try:
        waiting = queries.waiting(folder, None, identifier)
        heads = [queries.octets(folder, entry.worker, entry.id) for entry in waiting]
    except SpoolError as error:
        fail(error)
    if not waiting:
        fail(f"{identifier!r} waits for nobody; `x400 trace` says what became of it")
    if apdu:
        import sys

        sys.stdout.buffer.write(heads[0] or b"")
        return 0
    now = time.time()
    for entry, head in zip(waiting, heads, strict=True):
        table = new_table(title=f"{entry.kind} {entry.identifier}")
        for name, value in (
            ("queue", f"{entry.queue} ({entry.worker}, entry {entry.id})"),
            ("priority", _PRIORITIES[entry.priority]),
            ("from", entry.originator),
            ("to", entry.recipients),
            ("size", octets(entry.size)),
            ("arrived", time_of_day(entry.arrived)),
            ("given up", time_of_day(entry.expiry) if entry.expiry < 1e11 else "never"),
            ("why", _why(entry, entry.due - now)),
        ):
            table.add_row(name, value)
        console.print(table)
        if head is not None and len(head) == entry.size and not entry.queue.startswith("delivery:"):
            print_tree(head)
    return 0


@queue.command
def hold(config: ConfigFile, /, *, to: To = None, identifier: Identifier = None) -> int:
    """Keep back what waits now, until `release`; it still expires. The MTA must be running."""
    from x400.console.control import Hold

    return _tell(config, Hold(*_selected(to, identifier)), "held")


@queue.command
def release(config: ConfigFile, /, *, to: To = None, identifier: Identifier = None) -> int:
    """Let go what was held back. The MTA must be running."""
    from x400.console.control import Release

    return _tell(config, Release(*_selected(to, identifier)), "released")


@queue.command
def retry(config: ConfigFile, /, *, to: To = None, identifier: Identifier = None) -> int:
    """Try at once, without waiting for the next attempt's time; the peer is called again, too.

    The MTA must be running. What is held stays held, unless it is named by its identifier.
    """
    from x400.console.control import Retry

    return _tell(config, Retry(*_selected(to, identifier)), "to be tried at once")


@queue.command
def reroute(config: ConfigFile, peer: str, /, *, to: To = None, identifier: Identifier = None) -> int:
    """Pass what waits for one peer to another. The MTA must be running.

    Parameters
    ----------
    peer
        The peer that is to have it.
    """
    from x400.console.control import Reroute

    queue_, message = _selected(to, identifier)
    return _tell(config, Reroute(queue_, message, to=peer), f"rerouted to {peer}")


@queue.command
def cancel(config: ConfigFile, identifier: str, /) -> int:
    """Take back one message that is deferred, without a report. The MTA must be running."""
    from x400.console.control import Cancel

    return _tell(config, Cancel(None, identifier), "cancelled")


@queue.command
def delete(config: ConfigFile, /, *, to: To = None, identifier: Identifier = None, diagnostic: str = DIAGNOSTIC) -> int:
    """Give up what waits: its originators get non-delivery reports. The MTA must be running.

    Parameters
    ----------
    diagnostic
        The non-delivery-diagnostic-code of the reports, by its name in X.411.
    """
    from x400.console.control import Delete

    queue_, message = _selected(to, identifier)
    return _tell(config, Delete(queue_, message, diagnostic=diagnostic), "given up")


def _load(config: Path) -> Config:
    from x400.server.config import ConfigError, load

    try:
        return load(config)
    except ConfigError as error:
        fail(error)


def _selected(to: str | None, identifier: str | None) -> tuple[str | None, str | None]:
    if to is None and identifier is None:
        fail("which messages? give --to QUEUE, --id IDENTIFIER, or both", 2)
    return to, identifier


def _tell(config: ConfigFile, request: Change, done: str) -> int:
    """Ask every worker; exit code 1 when nothing was changed."""
    from x400.console.control import Changed, ControlError, ask, running

    folder = _load(config).spool
    workers = running(folder)
    if not workers:
        fail(f"no MTA runs with the spool {folder}")
    changed = busy = 0
    try:
        for worker in workers:
            answer = ask(worker, request, Changed, patience=3600.0)
            changed += answer.changed
            busy += answer.busy
    except ControlError as error:
        fail(error)
    left = f", {busy} left alone: just being passed on" if busy else ""
    console.print(f"{changed} {done}{left}")
    return 0 if changed else 1


def _why(entry: Waiting, until: float) -> str:
    from x400.console.control import NOT_CONFIGURED

    if entry.held:
        return "held by an operator"
    if entry.obstacle == NOT_CONFIGURED:
        return f"{NOT_CONFIGURED}: put it back, `x400 queue reroute`, or `x400 queue delete`"
    again = f"again in {age(until)}" if until > 0 else "to be tried again now"
    if entry.obstacle:
        return f"the peer cannot be reached: {entry.obstacle}; {again}"
    if entry.attempts:
        return f"attempt {entry.attempts} failed: {entry.error}; {again}"
    return "not tried yet" + (f", not before {age(until)} from now" if until > 1 else "")
