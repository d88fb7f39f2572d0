"""What the systemd unit forbids is nothing that a relay at work does: its system calls are looked at, from its start
through a rolling restart to its end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli import processes
from tests.cli.processes import Running, relay_config, x400
from tests.cli.test_run import wait_for_deliveries
from tests.cli.test_send import FROM, TO, free_port

UNIT = (Path(__file__).parents[2] / "deploy/x400.service").read_text()
TOOLS = ("systemd-analyze", "strace")

pytestmark = pytest.mark.skipif(not all(map(shutil.which, TOOLS)), reason="no systemd or no strace here")

AS_ROOT = {"chown", "fchown"}
"""What SQLite does to its files only when root runs it; the unit runs it as a user of its own."""


def filtered(name: str) -> set[str]:
    """The system calls of one of systemd's sets."""
    shown = subprocess.run(["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True)
    found: set[str] = set()
    for line in shown.stdout.splitlines()[1:]:
        member = line.strip()
        if member.startswith("@"):
            found |= filtered(member)
        elif member and not member.startswith("#"):
            found.add(member)
    return found


def allowed() -> set[str]:
    calls: set[str] = set()
    for value in re.findall(r"^SystemCallFilter=(.*)$", UNIT, re.MULTILINE):
        names = set().union(*map(filtered, value.removeprefix("~").split()))
        calls = calls - names if value.startswith("~") else calls | names
    assert len(calls) > 100
    return calls | (AS_ROOT if os.geteuid() == 0 else set())


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines of strace of a relay with two workers: delivers, transfers, reads its file again, restarts, ends."""
    peer, port, out = free_port(), free_port().rpartition(":")[2], tmp_path / "calls"
    config = relay_config(tmp_path, next_hop=peer, workers=2)
    config.write_text(config.read_text().replace("port = 0", f"port = {port}"))
    plain = processes.X400
    monkeypatch.setattr(processes, "X400", ("strace", "-D", "-f", "-qq", "-e", "signal=none", "-o", out, *plain))
    with Running("run", config) as relay:
        monkeypatch.setattr(processes, "X400", plain)
        with Running("sink", "--listen", peer, "--count", 2) as sink:
            for to in (FROM, TO):
                x400("send", "--from", FROM, "--to", to, "--via", relay.address, "-", stdin="Hi")
            relay.process.send_signal(signal.SIGHUP)
            relay.process.send_signal(signal.SIGUSR2)
            wait_for(lambda: "".join(relay.errors).count("worker is replaced") == 2)
            x400("send", "--from", FROM, "--to", TO, "--via", relay.address, "-", stdin="Hi")
            assert sink.wait() == 0
        wait_for_deliveries(tmp_path / "delivered", 1)
        assert relay.stop() == 0
    return out.read_text(errors="replace").splitlines()


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "that has not come about"
        time.sleep(0.1)


def test_a_relay_does_nothing_that_its_unit_forbids(calls: list[str]) -> None:
    made = {found[1] for line in calls if (found := re.match(r"\d+ +(?:<\.\.\. )?(\w+)[( ]", line))}
    assert {"accept4", "fdatasync", "execve"} <= made, "strace has not seen it"
    assert made - allowed() == set()
    families = {found[1] for line in calls if (found := re.match(r"\d+ +socket\((AF_\w+)", line))}
    (permitted,) = re.findall(r"^RestrictAddressFamilies=(.*)$", UNIT, re.MULTILINE)
    assert families <= set(permitted.split())
    executable = [line for line in calls if re.match(r"\d+ +(mmap|mprotect)\(.*PROT_WRITE\|PROT_EXEC", line)]
    assert executable == [], "MemoryDenyWriteExecute"


def test_systemd_thinks_it_well_confined(tmp_path: Path) -> None:
    unit = tmp_path / "x400.service"
    unit.write_text(UNIT)
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", unit]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
