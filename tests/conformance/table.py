"""Writes docs/conformance.md: for each step of the procedures of X.411 clause 14 its tests, and how they went.

    python -m tests.conformance.table

A test is named `test_<clause>_step_<number>_<what it shows>`. It exits with 1 when a test has failed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

__all__ = ["CLAUSES", "Test", "named", "page"]

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "conformance.md"
CLAUSES = {
    "14.2.1": "Deferred-delivery procedure",
    "14.3.1": "Control procedure of the main module",
    "14.3.2": "Front-end procedure",
    "14.3.3": "Routing-and-conversion-decision procedure",
    "14.3.4": "Routing-decision procedure",
    "14.3.5": "Conversion-decision procedure",
    "14.3.6": "Error-processing procedure",
    "14.3.7": "Redirection procedure",
    "14.3.8": "Conversion procedure",
    "14.3.9": "Distribution-list-expansion procedure",
    "14.3.10": "Loop-detection procedure",
    "14.3.11": "Splitter procedure",
    "14.3.12": "Dispatcher procedure",
    "14.4.1": "Control procedure of the report module",
    "14.4.2": "Report-front-end procedure",
    "14.4.3": "Report-generation procedure",
    "14.4.4": "Report-routing procedure",
    "14.6.1": "Message-submission procedure",
    "14.6.2": "Probe-submission procedure",
    "14.6.3": "Cancel-deferred-delivery procedure",
    "14.7.1": "Message-delivery procedure",
    "14.7.2": "Probe-delivery-test procedure",
    "14.7.3": "Report-delivery procedure",
    "14.9.1": "MTA-bind-in",
    "14.9.2": "MTA-unbind-in",
    "14.9.3": "MTA-bind-out",
    "14.9.4": "MTA-unbind-out",
    "14.10.1": "Message-in",
    "14.10.2": "Probe-in",
    "14.10.3": "Report-in",
    "14.10.4": "Message-out",
    "14.10.5": "Probe-out",
    "14.10.6": "Report-out",
}
_NAME = re.compile(r"test_(\d+(?:_\d+)+)_step_(\d+)_(\w+)")
_HEAD = """\
# Conformance to X.411, clause 14

Written by `python -m tests.conformance.table` from a run of tests/conformance; do not edit. Each test bears the name
of the clause and of the step that it shows. Editions number clauses and steps differently: here the procedures of 14.3
stand in the order in which a message meets them, and steps are counted in the order in which a procedure takes them;
the procedures have the Recommendation's names, the numbers are this project's.

Messages and probes are handed to the MTA by functions that also check that each recipient has exactly one outcome:
transferred, delivered, reported on, or held (tests/mta/accounts.py).
"""


class Test(NamedTuple):
    """One test function: its clause, its step, what it shows."""

    clause: str
    step: int
    shows: str

    __test__ = False


def named(function: str) -> Test | None:
    """What a test function's name says; None when it says no clause."""
    found = _NAME.fullmatch(function)
    if found is None:
        return None
    clause, step, shows = found.groups()
    return Test(clause.replace("_", "."), int(step), shows.replace("_", " "))


class _Results:
    def __init__(self) -> None:
        self.outcomes: dict[Test, list[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = named(report.nodeid.rpartition("::")[2].partition("[")[0])
        if test is not None and (report.when == "call" or report.outcome != "passed"):
            self.outcomes.setdefault(test, []).append(report.outcome)


def page(outcomes: dict[Test, list[str]]) -> str:
    """The page: a table for each clause."""
    lines = [_HEAD]
    for clause, title in CLAUSES.items():
        tests = sorted(test for test in outcomes if test.clause == clause)
        lines += [f"## {clause} {title}\n", "| step | test | cases | result |", "|---|---|---|---|"]
        for test in tests:
            results = outcomes[test]
            result = "passes" if set(results) == {"passed"} else "**fails**"
            lines.append(f"| {test.step} | {test.shows} | {len(results)} | {result} |")
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    results = _Results()
    code = pytest.main(
        ["-q", "-p", "no:cacheprovider", *map(str, sorted(HERE.glob("test_14_*.py")))], plugins=[results]
    )
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(results.outcomes), "utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
