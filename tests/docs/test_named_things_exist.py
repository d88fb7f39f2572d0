"""What the documents name is there: tests, files, commands with their options, configuration keys, metrics."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import msgspec
import pytest

from tests.cli.processes import x400
from x400.cli.main import app
from x400.console.metrics import COUNTERS, GAUGES, HISTOGRAMS
from x400.server.config import Config

ROOT = Path(__file__).parents[2]
OPERATE = (ROOT / "docs/operate.md").read_text()
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))


def commands() -> list[str]:
    """The lines of operate.md that a user types."""
    found = [line.strip().partition("#")[0].strip() for line in OPERATE.splitlines() if line.startswith("    x400 ")]
    assert len(found) > 15
    return found


@pytest.mark.parametrize("line", commands())
def test_a_command_is_taken_as_it_is_written(line: str) -> None:
    """Its arguments are parsed, with the optional ones and without; nothing is run."""
    for written in {re.sub(r" \[[^]]*\]", "", line), line.replace("[", "").replace("]", "")}:
        arguments = shlex.split(written.partition(" > ")[0])[1:]
        app.parse_args(arguments, exit_on_error=False, print_error=False)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_tests_that_are_named_are_there() -> None:
    there = {
        name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    named = {
        name
        for path in DOCUMENTS
        if path.name != "conformance.md"
        for name in re.findall(r"`(test_\w+)`", path.read_text())
    }
    assert len(named) >= 7
    assert named <= there


def test_metrics_are_all_told_of_and_no_others() -> None:
    there = {f"x400_{name}_total" for name in COUNTERS} | {f"x400_{name}" for name in {*GAUGES, *HISTOGRAMS}}
    assert set(re.findall(r"`(x400_\w+)`", OPERATE)) == there | {"x400_worker_up"}


def test_configuration_keys_that_are_named_are_there() -> None:
    """As `[table] key`."""
    tables = {
        field.encode_name: {one.encode_name for one in msgspec.structs.fields(field.type)}
        for field in msgspec.structs.fields(Config)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
    }
    named = re.findall(r"`\[([a-z-]+)\] ([a-z_-]+)", OPERATE)
    assert len(named) > 5
    for table, key in named:
        assert key in tables[table], f"[{table}] {key}"


def test_the_usage_of_x400_names_every_command_of_the_document() -> None:
    usage = x400("--help").stdout
    for line in commands():
        assert shlex.split(line)[1] in usage


def test_events_of_the_log_are_there() -> None:
    table = OPERATE.partition("| event | what to do |\n|---|---|\n")[2].partition("\n\n")[0]
    sources = "".join(path.read_text() for path in (ROOT / "python/x400").rglob("*.py"))
    events = [
        event for line in table.splitlines() for event in re.split(", (?!and )", line.split(" | ")[0].strip("| "))
    ]
    events = [event for event in events if "=" not in event]
    assert len(events) > 10
    missing = [event for event in events if f'"{event}' not in sources]
    assert not missing
