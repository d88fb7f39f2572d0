"""`x400 quarantine`: what could not be understood, and what an operator does about it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from x400.cli.arguments import Flag
from x400.cli.console import age, console, fail, new_table, octets, say_error, time_of_day
from x400.cli.damage import print_unaccounted

if TYPE_CHECKING:
    from x400.spool import Quarantined

__all__ = ["quarantine"]

LOOKED_AT = 4 << 20
"""Octets of a file that are taken apart."""

quarantine = App(name="quarantine", help="Look at what could not be understood, let it in again, or delete it.")

ConfigFile = Annotated[Path, Parameter(help="The MTA's TOML file.")]
Names = Annotated[tuple[str, ...], Parameter(metavar="NAME", negative="", help="As `x400 quarantine list` shows them.")]
From = Annotated[
    str | None, Parameter(name="--from", metavar="PEER", negative="", help="All that came from this peer.")
]
All = Annotated[bool, Parameter(name="--all", negative="", show_default=False, help="All that is there.")]


@quarantine.command(name="list")
def list_(config: ConfigFile, /, *, from_: From = None, json: Flag = False) -> int:
    """Show what is in quarantine, and why, and what is not accounted for since a spool was damaged. The MTA may be
    running or not.

    Parameters
    ----------
    json
        A JSON array instead of a table.
    """
    found = _chosen(config, (), from_, from_ is None)
    if json:
        import msgspec

        print(msgspec.json.encode([_plain(one) for one in found]).decode())
        return 0
    if from_ is None:
        print_unaccounted(_spool(config))
    if not found:
        console.print("nothing is in quarantine")
        return 0
    table = new_table("name", "since", "from", "identifier", "size", "why", title="Quarantine")
    now = time.time()
    for one in found:
        table.add_row(
            one.name, age(now - one.about.time), one.about.peer, _identifier(one), octets(one.size), _why(one)
        )
    console.print(table)
    return 0


@quarantine.command
def show(config: ConfigFile, name: str, /, *, apdu: Flag = False) -> int:
    """Show one thing in quarantine: what is at fault, and its octets taken apart as far as they go.

    Parameters
    ----------
    name
        As `x400 quarantine list` shows it.
    apdu
        Write its octets as they are to standard output, and nothing else.
    """
    from x400.cli.inspect import print_broken

    (one,) = _chosen(config, (name,), None, False)
    if apdu:
        import shutil

        with open(one.path, "rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        return 0
    about = one.about
    table = new_table(title=one.name)
    for key, value in (
        ("came", time_of_day(about.time)),
        ("from" if about.entry is None else "was waiting for", about.peer),
        ("identifier", _identifier(one) or "cannot be read"),
        ("size", octets(one.size)),
        ("why", _why(one)),
        ("state", "refused: the peer was told" if about.entry is None else "taken over: nobody else has it"),
        ("file", str(one.path)),
    ):
        table.add_row(key, value)
    if about.entry is not None:
        table.add_row("to", about.entry.recipients)
    console.print(table)
    with open(one.path, "rb") as file:
        print_broken(file.read(LOOKED_AT))
    return 0


@quarantine.command
def release(config: ConfigFile, /, *names: str, from_: From = None, all_: All = False) -> int:
    """Let it in again, after the configuration or the program was set right. The MTA must be running.

    Parameters
    ----------
    names
        As `x400 quarantine list` shows them.
    """
    from x400.console.control import ControlError, Readmit, Readmitted, ask, running

    found = _chosen(config, names, from_, all_)
    folders = running(_spool(config))
    failed = 0
    for one in found:
        worker = one.path.parent.parent
        try:
            if worker not in folders:
                fail(f"{worker.name} of the spool {worker.parent} does not run")
            answer = ask(worker, Readmit(one.name), Readmitted, patience=600.0)
        except ControlError as error:
            say_error(f"{one.name}: {error}")
            failed += 1
            continue
        if answer.repeated:
            console.print(f"{one.name}: {answer.identifier} had come meanwhile, and is not passed on twice")
            continue
        console.print(f"{one.name}: {answer.identifier} is let in")
        for step in answer.steps[1:]:
            console.print(f"  {step}")
    return 1 if failed or not found else 0


@quarantine.command
def delete(config: ConfigFile, /, *names: str, from_: From = None, all_: All = False, yes: Flag = False) -> int:
    """Delete it for good, after asking. No report is made. The MTA may be running or not.

    Parameters
    ----------
    names
        As `x400 quarantine list` shows them.
    yes
        Do not ask.
    """
    from x400.spool import SpoolError
    from x400.spool.quarantine import forget

    found = _chosen(config, names, from_, all_)
    if not found:
        fail("nothing is in quarantine")
    ours = sum(one.about.entry is not None for one in found)
    if not yes:
        said = f"{len(found)} to delete, {octets(sum(one.size for one in found))}"
        if ours:
            said += f"; {ours} of them had been taken over, and nobody else has them"
        _ask(said)
    try:
        for one in found:
            forget(one)
    except SpoolError as error:
        fail(error)
    console.print(f"{len(found)} deleted")
    return 0


def _ask(said: str) -> None:
    """Go on after a yes."""
    if not sys.stdin.isatty():
        fail(f"{said}: nobody is there to be asked; give --yes", 2)
    if input(f"{said}. Delete? [y/N] ").strip().lower() not in ("y", "yes"):
        fail("nothing is deleted")


def _spool(config: Path) -> Path:
    from x400.server.config import ConfigError, load

    try:
        return load(config).spool
    except ConfigError as error:
        fail(error)


def _chosen(config: Path, names: tuple[str, ...], peer: str | None, everything: bool) -> list[Quarantined]:
    """What is meant, the oldest first; a name that nothing has ends the command."""
    from x400.spool import SpoolError, queries

    if not names and peer is None and not everything:
        fail("which? give names, --from PEER, or --all", 2)
    try:
        there = queries.quarantined(_spool(config))
    except SpoolError as error:
        fail(error)
    for name in names:
        if all(one.name != name for one in there):
            fail(f"nothing of the name {name!r} is in quarantine")
    if names:
        there = [one for one in there if one.name in names]
    return [one for one in there if peer in (None, one.about.peer)]


def _identifier(one: Quarantined) -> str:
    """The MTS identifier, if that much can be read."""
    from x400.mts.apdu import readable_identifier

    if one.about.entry is not None:
        return one.about.entry.identifier
    with open(one.path, "rb") as file:
        return readable_identifier(file.read(LOOKED_AT))


def _why(one: Quarantined) -> str:
    about = one.about
    if about.offset is None or about.reason.endswith(f"at offset {about.offset}"):
        return about.reason
    return f"{about.reason} at offset {about.offset}"


def _plain(one: Quarantined) -> dict[str, object]:
    about = one.about
    return {
        "name": one.name,
        "time": about.time,
        "peer": about.peer,
        "identifier": _identifier(one),
        "size": one.size,
        "reason": about.reason,
        "offset": about.offset,
        "taken_over": about.entry is not None,
        "file": str(one.path),
    }
