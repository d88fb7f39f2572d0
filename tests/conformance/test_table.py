"""docs/conformance.md is of these tests: none is missing, none is there that is not here, each clause has some."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.conformance.table import CLAUSES, PAGE, Test, named, page

HERE = Path(__file__).parent


def _tests_here() -> set[Test]:
    found = set()
    for path in HERE.glob("test_14_*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                test = named(node.name)
                assert test is not None, f"{path.name}: {node.name} names no clause and step"
                found.add(test)
    return found


def test_every_clause_has_tests_and_steps_are_counted_from_one() -> None:
    steps: dict[str, set[int]] = {}
    for test in _tests_here():
        steps.setdefault(test.clause, set()).add(test.step)
    assert steps.keys() == CLAUSES.keys()
    for clause, numbers in steps.items():
        assert numbers == set(range(1, len(numbers) + 1)), f"{clause}: {sorted(numbers)}"


def test_the_page_is_of_these_tests() -> None:
    text = PAGE.read_text("utf-8")
    shown: dict[str, set[tuple[int, str]]] = {}
    clause = ""
    for line in text.splitlines():
        if heading := re.match(r"## (\S+) ", line):
            clause = heading[1]
        elif row := re.match(r"\| (\d+) \| (.+) \| \d+ \| passes \|", line):
            shown.setdefault(clause, set()).add((int(row[1]), row[2]))
    here: dict[str, set[tuple[int, str]]] = {}
    for test in _tests_here():
        here.setdefault(test.clause, set()).add((test.step, test.shows))
    assert shown == here


def test_a_failure_is_shown() -> None:
    good, bad = Test("14.3.7", 1, "is good"), Test("14.3.7", 2, "is not")
    text = page({good: ["passed", "passed"], bad: ["passed", "failed"]})
    assert "| 1 | is good | 2 | passes |" in text
    assert "| 2 | is not | 2 | **fails** |" in text
