"""What tests need beside the project: tshark, slapd, the captures of a team checkout, and room on the disk.

Where one is absent the tests that need it are left out, and the run's last lines say which and how to get it.
With X400_NOTHING_LEFT_OUT set (as .ci/run does), leaving anything out fails the run.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "captures"

NEEDS = {
    "tshark": (lambda: shutil.which("tshark") is not None, "tshark is not installed (Debian: apt-get install tshark)"),
    "slapd": (
        lambda: shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None,
        "slapd is not installed (Debian: apt-get install slapd)",
    ),
    "shared": (SHARED.is_dir, "the captures of ../shared are not beside this checkout"),
}

FREE_OCTETS = 1 << 30
"""What the largest tests need on the disk: below it MTAs refuse messages, and tests would wait for what never comes."""

LEFT_OUT = pytest.StashKey[dict[str, list[str]]]()


@pytest.fixture(scope="session", autouse=True)
def _room(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    free = shutil.disk_usage(folder).free
    if free < FREE_OCTETS:
        pytest.exit(f"{folder} has {free >> 20} MiB free, the tests need {FREE_OCTETS >> 20}", returncode=1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out: dict[str, list[str]] = {}
    for name, (present, how) in NEEDS.items():
        if present():
            continue
        for item in items:
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=how))
                left_out.setdefault(how, []).append(item.nodeid)
    config.stash[LEFT_OUT] = left_out


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for how, tests in config.stash.get(LEFT_OUT, {}).items():
        names = sorted({test.split("::")[0] for test in tests})
        terminalreporter.write_line(f"left out {len(tests)} tests, {how}: {', '.join(names)}", yellow=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("X400_NOTHING_LEFT_OUT") and session.config.stash.get(LEFT_OUT, {}):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def shared_captures() -> Path:
    """The folder of captures that a test marked ``shared`` reads."""
    return SHARED
