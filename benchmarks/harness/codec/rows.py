"""The rows of the table: a figure of fastber beside a reference's, their ratio, and the goal that it is held to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """``ours`` and ``theirs`` are in ``unit``; a ratio over 1 is to fastber's credit unless ``at_most`` is set."""

    figure: str
    reference: str
    unit: str
    ours: float
    theirs: float | None
    ratio: float | None
    goal: float | None = None
    at_most: bool = False
    wall: float | None = None

    @property
    def measured(self) -> float:
        """What the goal is about: the ratio, or the figure itself where there is no reference."""
        return self.ours if self.ratio is None else self.ratio

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.measured <= self.goal if self.at_most else self.measured >= self.goal


@dataclass(slots=True)
class Table:
    """Rows under a heading, printed as they come in."""

    section: str
    title: str
    show: Callable[[str], None]
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.show(f"\n{self.title}")
        self.show(f"{'':76} {'fastber':>13} {'(wall)':>11} {'reference':>13} {'ratio':>8} {'goal':>9}")

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self.show(line(row))

    def extend(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.add(row)

    def plain(self) -> dict[str, Any]:
        return {
            "section": self.section,
            "title": self.title,
            "rows": [asdict(row) | {"met": row.met} for row in self.rows],
        }


def number(value: float) -> str:
    """Three significant digits at least, no exponents."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def with_unit(value: float | None, unit: str) -> str:
    return "" if value is None else f"{number(value)} {unit}".strip()


def goal(row: Row) -> str:
    if row.goal is None:
        return ""
    return f"{'<=' if row.at_most else '>='} {row.goal:g}{' ' + row.unit if row.ratio is None else ''}"


def verdict(row: Row) -> str:
    return {None: "", True: "met", False: "NOT MET"}[row.met]


def line(row: Row) -> str:
    """One line of the printed table."""
    name = f"{row.figure}, against {row.reference}" if row.reference else row.figure
    ratio = "" if row.ratio is None else number(row.ratio)
    cells = (
        f"{with_unit(row.ours, row.unit):>13} {with_unit(row.wall, row.unit):>11} {with_unit(row.theirs, row.unit):>13}"
    )
    return f"{name:76} {cells} {ratio:>8} {goal(row):>9} {verdict(row)}".rstrip()


def verdicts(tables: Iterable[Table]) -> str:
    """How many goals are met, and which are not."""
    judged = [(table, row) for table in tables for row in table.rows if row.met is not None]
    missed = [f"  NOT MET  {table.title}: {line(row)}" for table, row in judged if not row.met]
    return "\n".join([f"{len(judged) - len(missed)} of {len(judged)} goals met", *missed])
