"""What the commands that show the state of an MTA say of a spool that was damaged."""

from __future__ import annotations

from pathlib import Path

from x400.cli.console import console, new_table, stderr, time_of_day

__all__ = ["print_unaccounted", "tell_damage"]


def tell_damage(folder: Path) -> None:
    """A line on standard error for each damaged database that is kept. Raises SpoolError."""
    from x400.spool import queries

    for one in queries.damaged(folder):
        keys = ", some repetitions may not be known" if one.keys_missing else ""
        missing = f", {one.unaccounted} messages not accounted for: `x400 quarantine list`" if one.unaccounted else ""
        stderr.print(
            f"x400: the spool of {one.worker} was damaged, {time_of_day(one.time)}: {one.saved} entries saved, "
            f"{one.lost} lost{missing}{keys} ({one.reason}); this is said until {one.note} is removed",
            soft_wrap=True,
        )


def print_unaccounted(folder: Path) -> None:
    """A table of what was accepted, and neither waits nor has left, in as many as are kept. Raises SpoolError."""
    from x400.spool import queries

    damaged = [one for one in queries.damaged(folder) if one.unaccounted]
    if not damaged:
        return
    table = new_table("identifier", "for", "database", title="Not accounted for: passed on, or lost by damage on disk")
    for one in damaged:
        for identifier, queue in one.messages:
            table.add_row(identifier, queue, f"{one.worker}/{one.note.stem}")
        if one.unaccounted > len(one.messages):
            table.add_row(f"and {one.unaccounted - len(one.messages)} more", "", f"{one.worker}/{one.note.stem}")
    console.print(table)
