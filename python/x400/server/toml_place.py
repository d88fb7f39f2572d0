"""Where in a TOML text a key stands: what tomllib does not keep, and a good error needs."""

from __future__ import annotations

import re
from collections.abc import Sequence

Step = str | int

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\"' -]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\"'.-]+)\s*=")


def parse_path(path: str) -> tuple[Step, ...]:
    """``$.peer[1].address`` as ("peer", 1, "address")."""
    steps: list[Step] = []
    for name, index in re.findall(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]", path):
        if name:
            steps.append(name)
        elif index.isdigit():
            steps.append(int(index))
    return tuple(steps)


def show_path(steps: Sequence[Step]) -> str:
    """("peer", 1, "address") as ``peer[1].address``."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def line_of(text: str, steps: Sequence[Step]) -> int | None:
    """The line (from 1) of the key at ``steps``, or of the innermost table around it that has a header; else None."""
    counts: dict[str, int] = {}
    here: tuple[Step, ...] = ()
    best: tuple[int, int] | None = None
    wanted = tuple(steps)
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            name = header[2].strip().strip("\"'")
            here = tuple(part.strip().strip("\"'") for part in name.split("."))
            if header[1] == "[[":
                counts[name] = counts.get(name, -1) + 1
                here = (*here, counts[name])
        elif key := _KEY.match(line):
            parts = tuple(part.strip("\"'") for part in key[1].split("."))
            place = (*here, *parts)
            if place == wanted[: len(place)] and (best is None or len(place) > best[0]):
                best = (len(place), number)
            continue
        else:
            continue
        if here == wanted[: len(here)] and (best is None or len(here) >= best[0]):
            best = (len(here), number)
    return best[1] if best else None
