"""The table in fastber's README, written between two markers from the rows of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness.codec.coding import FLOOR
from benchmarks.harness.codec.rows import Row, Table, goal, number, with_unit

README = Path(__file__).parents[3] / "native" / "fastber" / "README.md"
BEGIN = "<!-- benchmarks/codec.py --readme writes what stands from here -->"
END = "<!-- to here -->"
COLUMNS = (FLOOR, "asn1tools", "pycrate", "pyasn1", "asn1c", "Erlang asn1ct", "rasn", "asn1bean")


def goals(tables: Sequence[Table]) -> list[str]:
    """Every row that is held to a goal, but of growth only the worst."""
    lines = ["| figure | fastber | reference | ratio | goal |", "|---|---|---|---|---|"]
    for table in tables:
        rows = [row for row in table.rows if row.goal is not None]
        if table.section == "growth" and rows:
            worst = max(rows, key=lambda row: row.measured)
            text = f"growth from 1 KB to 50 MB, the worst of {len(rows)}: {worst.figure}"
            own = f"{with_unit(worst.ours, worst.unit)} an octet"
            lines.append(f"| {text} | {own} | | {number(worst.measured)} | {_goal(worst)} |")
            continue
        for row in rows:
            workload = f" of a {table.title.split(':')[0]}" if table.section == "coding" else ""
            figure = f"{row.figure}{workload}" + (f", against {row.reference}" if row.reference else "")
            ratio = "" if row.ratio is None else number(row.ratio)
            cells = (with_unit(row.ours, row.unit), with_unit(row.theirs, row.unit), ratio, _goal(row))
            lines.append(f"| {figure} | {' | '.join(cells)} |")
    return lines


def _goal(row: Row) -> str:
    return goal(row) + ("" if row.met else ", not met")


def matrix(tables: Sequence[Table]) -> list[str]:
    """How many times as fast as each reference, for each workload and operation."""
    lines = [f"| | fastber | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 2) + "|"]
    for table in tables:
        if table.section != "coding":
            continue
        for operation in ("decode", "encode"):
            rows = {row.reference: row for row in table.rows if row.figure == operation}
            if rows:
                own = with_unit(next(iter(rows.values())).ours, "us")
                cells = [number(rows[name].ratio or 0.0) if name in rows else "" for name in COLUMNS]
                lines.append(f"| {operation}, {table.title} | {own} | {' | '.join(cells)} |")
    return lines


def rewrite(tables: Sequence[Table]) -> None:
    """ValueError where the markers are not in README."""
    text = README.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{README.name} has not both of {BEGIN!r} and {END!r}")
    between = "\n".join([*goals(tables), "", "How many times as fast as each reference:", "", *matrix(tables)])
    README.write_text(f"{before}{BEGIN}\n\n{between}\n\n{END}{after}")
