"""x400 quarantine: what an operator sees of what could not be understood, and does about it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.processes import Running, relay_config, x400
from tests.server.harness import apdu, identifier, transfer
from x400.net.transfer import TransferFailed

BROKEN = bytearray(apdu(7, "/C=GB/A=T/P=HERE/S=Bob/"))
PLACE = BROKEN.index(b"\x13\x04TEST")
"""Of the originator's administration domain, which is longer than what holds it; the identifier can be read."""
BROKEN[PLACE + 1] = 0x7F


def refused(relay: Running, *apdus: bytes) -> None:
    for one in apdus:
        with pytest.raises(TransferFailed):
            asyncio.run(transfer(int(relay.address.rpartition(":")[2]), [one], None))


def listed(config: Path, *more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(x400("quarantine", "list", config, "--json", *more).stdout)
    return found


def test_listed_shown_not_released_and_deleted(tmp_path: Path) -> None:
    config = relay_config(tmp_path)
    assert "nothing is in quarantine" in x400("quarantine", "list", config).stdout
    with Running("run", config) as relay:
        refused(relay, bytes(BROKEN), b"\x04\x03abc")
        broken, other = listed(config)
        assert (broken["peer"], broken["identifier"], broken["size"]) == ("anybody", identifier(7), len(BROKEN))
        assert (other["identifier"], other["size"], other["offset"], other["taken_over"]) == ("", 5, 0, False)
        table = x400("quarantine", "list", config).stdout
        assert identifier(7) in table
        assert "at offset" in table
        assert "still not understood" in x400("quarantine", "release", config, broken["name"], code=1).stderr
        assert relay.stop() == 0

    # what needs no running MTA
    shown = x400("quarantine", "show", config, broken["name"]).stdout
    assert "refused: the peer was told" in shown
    assert "test.7" in shown
    (line,) = [line for line in shown.splitlines() if "fault: " in line]
    assert "administration-domain-name" in line.partition("fault: ")[0]
    assert f"@{PLACE - 2}" in line
    raw = tmp_path / "raw"
    raw.write_text(x400("quarantine", "show", config, other["name"], "--apdu").stdout)
    assert raw.read_bytes() == b"\x04\x03abc"
    assert "does not run" in x400("quarantine", "release", config, "--all", code=1).stderr
    assert listed(config, "--from", "nobody") == []
    assert "give --yes" in x400("quarantine", "delete", config, "--all", code=2).stderr
    assert len(listed(config)) == 2
    assert "1 deleted" in x400("quarantine", "delete", config, other["name"], "--yes").stdout
    assert [one["name"] for one in listed(config, "--from", "anybody")] == [broken["name"]]
    assert "1 deleted" in x400("quarantine", "delete", config, "--from", "anybody", "--yes").stdout
    assert listed(config) == []


@pytest.mark.parametrize("command", ["release", "delete"])
def test_what_is_meant_must_be_said(tmp_path: Path, command: str) -> None:
    config = relay_config(tmp_path)
    assert "give names" in x400("quarantine", command, config, code=2).stderr
    assert "nothing of the name" in x400("quarantine", command, config, "that", code=1).stderr


def test_show_needs_a_name(tmp_path: Path) -> None:
    assert "nothing of the name 'x'" in x400("quarantine", "show", relay_config(tmp_path), "x", code=1).stderr
