"""What all commands share: how they speak, how they fail, how quantities and times are written."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import NoReturn

from rich.console import Console
from rich.table import Table

__all__ = [
    "CommandFailed",
    "age",
    "console",
    "duration",
    "fail",
    "new_table",
    "octets",
    "say_error",
    "stderr",
    "time_of_day",
]

_WIDE = 200
"""Columns where nobody watches: in a pipe or a file nothing is cut."""

# no markup: identifiers begin with [/, and nothing that comes from a message may colour the terminal

console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else _WIDE)
stderr = Console(stderr=True, highlight=False, markup=False)


class CommandFailed(Exception):
    """A command ends without success; the text is for the user, `code` is the exit code."""

    def __init__(self, reason: str, code: int = 1) -> None:
        super().__init__(reason)
        self.code = code


def fail(reason: object, code: int = 1) -> NoReturn:
    """End the command, saying why."""
    raise CommandFailed(str(reason), code) from None


def say_error(reason: str) -> None:
    """One line on standard error."""
    print(f"x400: {reason}", file=sys.stderr)


def new_table(*columns: str, title: str) -> Table:
    """A table in which a narrow terminal folds what is long, and cuts nothing; without columns it has no header."""
    made = Table(title=title, title_justify="left", show_header=bool(columns))
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def octets(number: int) -> str:
    """12 B, 3.4 KB, 5.0 MB: powers of 1024."""
    size = float(number)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            return f"{number} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError


def duration(seconds: float) -> str:
    """850 us, 12.3 ms, 4.56 s, 3 min 20 s."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} us"
    if seconds < 1:
        return f"{seconds * 1e3:.1f} ms"
    if seconds < 120:
        return f"{seconds:.2f} s"
    return age(seconds)


def age(seconds: float) -> str:
    """Whole seconds, minutes, hours or days, the two largest units."""
    left = max(0, int(seconds))
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        number, left = divmod(left, length)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2]) or "0 s"


def time_of_day(timestamp: float) -> str:
    """Seconds since 1970 as local date and time with milliseconds."""
    return datetime.fromtimestamp(timestamp).astimezone().isoformat(" ", "milliseconds")
