"""x400 inspect."""

from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path

from tests.cli.processes import X400, x400

DATA = Path(__file__).parents[1] / "data"


def message() -> bytes:
    return bytes.fromhex((DATA / "p1-1988-message.hex").read_text())


def test_a_tree_of_names_values_and_places(tmp_path: Path) -> None:
    path = tmp_path / "message.ber"
    path.write_bytes(message())
    shown = x400("inspect", path).stdout
    assert "MTSTransferProtocol.MTS-APDU" in shown
    assert "message-identifier [/C=GB/A=TESTADMD/P=TESTPRMD/;mta.pp.tes.514:msg.user1]" in shown
    assert "@0 +" in shown
    assert "this-IPM" in shown


def test_json_from_standard_input() -> None:
    shown = json.loads(x400("inspect", "-", "--json", stdin=message()).stdout)
    assert shown["type"] == "MTSTransferProtocol.MTS-APDU"
    envelope = shown["value"]["message"]["envelope"]
    assert envelope["message-identifier"]["local-identifier"] == "mta.pp.tes.514:msg.user1"
    assert "ipm" in shown["value"]["message"]["content"]["InformationObject"]


def test_standard_input_that_has_no_path() -> None:
    """A socket cannot be opened as /dev/stdin; nor can another user's pipe, which a test that root runs cannot show."""
    here, there = socket.socketpair()
    with here, there:
        here.sendall(message())
        here.shutdown(socket.SHUT_WR)
        done = subprocess.run([*X400, "inspect", "-"], stdin=there, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "MTSTransferProtocol.MTS-APDU" in done.stdout


def test_a_type_by_name() -> None:
    data = bytes.fromhex("0c026869")
    assert x400("inspect", "-", "--type", "MTSAbstractService.Nothing", stdin=data, code=2).stderr.startswith("x400: ")
    shown = x400("inspect", "-", "--type", "MTSAbstractService.MTSIdentifier", stdin=data, code=1)
    assert "UTF8String 'hi'" in shown.stdout
    assert "MTSIdentifier" in shown.stderr


def test_what_is_no_ber_at_all(tmp_path: Path) -> None:
    assert "no BER either" in x400("inspect", "-", stdin=b"\xff", code=1).stderr
    assert "No such file" in x400("inspect", tmp_path / "nothing", code=1).stderr
