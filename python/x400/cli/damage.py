"""What the commands that show the state of an MTA say of a spool that was damaged."""

from __future__ import annotations

from pathlib import Path

from x400.cli.console import stderr, time_of_day

__all__ = ["tell_damage"]


def tell_damage(folder: Path) -> None:
    """A line on standard error for each damaged database that is kept. Raises SpoolError."""
    from x400.spool import queries

    for one in queries.damaged(folder):
        keys = ", some repetitions may not be known" if one.keys_missing else ""
        stderr.print(
            f"x400: the spool of {one.worker} was damaged, {time_of_day(one.time)}: {one.saved} entries saved, "
            f"{one.lost} lost{keys} ({one.reason}); this is said until {one.note} is removed",
            soft_wrap=True,
        )
