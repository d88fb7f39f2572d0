"""What an operator installs: the systemd unit as systemd reads it, the container file as far as it can be read."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.processes import x400

ROOT = Path(__file__).parents[2]
UNIT = (ROOT / "deploy/x400.service").read_text()
CONTAINERFILE = (ROOT / "deploy/Containerfile").read_text().replace("\\\n", " ")
PROGRAM = "/opt/x400/bin/x400"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_has_nothing_against_the_unit(tmp_path: Path) -> None:
    """With a program and a user that are there."""
    unit = tmp_path / "x400.service"
    unit.write_text(UNIT.replace(PROGRAM, "/bin/true").replace("=x400\nGroup=x400", "=daemon\nGroup=daemon"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "x400.service" in line]) == (0, [])


def test_the_unit_runs_commands_that_there_are() -> None:
    commands = re.findall(rf"^Exec\w+={PROGRAM} (\w+) ", UNIT, re.MULTILINE)
    assert commands == ["check", "run"]
    usage = x400("--help").stdout
    assert all(command in usage for command in commands)


def copied() -> list[tuple[list[str], str]]:
    """What is copied from the work tree, and where to."""
    lines = [shlex.split(line)[1:] for line in CONTAINERFILE.splitlines() if line.startswith("COPY ")]
    return [(line[:-1], line[-1]) for line in lines if not line[0].startswith("--from")]


def test_the_container_is_built_from_what_is_there_and_holds_all_that_is_built_from() -> None:
    there: set[str] = set()
    for sources, target in copied():
        for source in sources:
            assert (ROOT / source).exists(), source
            in_folder = len(sources) > 1 or target.endswith("/")
            put = Path(target) / Path(source).name if in_folder else Path(target)
            assert put == Path(source), f"{source} has another place in the image"
            there.add(source)
    for project in ("native/fastber", "native/framer", "."):
        for name in ("pyproject.toml", "README.md"):
            file = Path(project, name)
            assert any(str(path) in there for path in (file, *file.parents)), file
    assert {"native/fastber/src", "native/fastber/Cargo.lock", "asn1", "python", "requirements.txt"} <= there


def test_the_entry_point_is_a_command() -> None:
    assert f'ENTRYPOINT ["{PROGRAM}"]' in CONTAINERFILE
    (command,) = re.findall(r'CMD \["(\w+)", "/etc/x400/relay.toml"\]', CONTAINERFILE)
    assert command == "run"
    project = (ROOT / "pyproject.toml").read_text()
    assert re.search(r'^x400 = "x400\.cli\.main:main"', project, re.MULTILINE)
