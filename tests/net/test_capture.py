"""Captures: what tshark reads out of them is what was said to have been received and sent."""

from __future__ import annotations

import json
import random
import struct
import subprocess
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from x400.net.capture import Capture, _checksum

SERVER, CLIENT = ("127.0.0.1", 20102), ("127.0.0.1", 49152)
CONNECT_REQUEST = bytes.fromhex("0300000e09e00000000100c0010b")
DATA = bytes.fromhex("0300000702f080")


def tshark(path: Path, *arguments: str) -> str:
    command = ["tshark", "-r", str(path), "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def fields(path: Path, *names: str, only: str = "frame") -> list[list[str]]:
    arguments = [part for name in names for part in ("-e", name)]
    return [line.split("\t") for line in tshark(path, "-Y", only, "-T", "fields", *arguments).splitlines()]


def blocks(path: Path) -> list[int]:
    data, kinds, place = path.read_bytes(), [], 0
    while place < len(data):
        kind, length = struct.unpack_from("<II", data, place)
        assert length % 4 == 0
        assert struct.unpack_from("<I", data, place + length - 4) == (length,)
        kinds.append(kind)
        place += length
    return kinds


def test_the_blocks_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "one.pcapng"
    tap = Capture(path).connection(CLIENT, SERVER, initiator=True)
    tap.sent(CONNECT_REQUEST)
    tap.closed()
    tap.closed()
    tap.sent(DATA)
    assert blocks(path) == [0x0A0D0D0A, 1, *[6] * (3 + 1 + 3)]


def test_the_checksum_of_rfc_1071() -> None:
    assert _checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2
    assert _checksum(bytes.fromhex("ffff")) == 0
    assert _checksum(b"\x01") == 0xFEFF


def test_a_full_disk_stops_recording_and_nothing_else() -> None:
    capture = Capture("/dev/full")
    assert capture.error is not None
    capture.connection(CLIENT, SERVER, initiator=True).sent(DATA)


@pytest.mark.tshark
@pytest.mark.parametrize("initiator", [True, False])
def test_the_listening_side_is_on_port_102(tmp_path: Path, initiator: bool) -> None:
    path = tmp_path / "one.pcapng"
    local, peer = (CLIENT, SERVER) if initiator else (SERVER, CLIENT)
    tap = Capture(path).connection(local, peer, initiator)
    (tap.sent if initiator else tap.received)(CONNECT_REQUEST)
    tap.closed()
    assert {tuple(row) for row in fields(path, "tcp.srcport", "tcp.dstport")} == {("49152", "102"), ("102", "49152")}
    assert fields(path, "tcp.srcport", "cotp.type", only="cotp") == [["49152", "0x0e"]]


@pytest.mark.tshark
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_interleaved_connections_add_up(tmp_path: Path, host: str) -> None:
    path = tmp_path / "many.pcapng"
    capture = Capture(path)
    choose = random.Random(4)
    taps = [capture.connection((host, 20102), (host, 50000 + number), initiator=False) for number in range(5)]
    expected: dict[str, list[bytes]] = {}
    for _ in range(60):
        number = choose.randrange(5)
        data = choose.randbytes(choose.choice([1, 7, 1460, 65_495, 65_496, 200_001]))
        if choose.random() < 0.5:
            taps[number].received(data)
            expected.setdefault(f"{50000 + number} 102", []).append(data)
        else:
            taps[number].sent(memoryview(data))
            expected.setdefault(f"102 {50000 + number}", []).append(data)
    for tap in taps:
        tap.closed()
    bad = "tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0 || _ws.malformed"
    arguments = ["--disable-protocol", "tpkt", "-Y", bad]
    assert tshark(path, *arguments) == ""
    found: dict[str, bytes] = {}
    rows = tshark(
        path, "--disable-protocol", "tpkt", "-Y", "tcp.len > 0",
        "-T", "fields", "-e", "tcp.srcport", "-e", "tcp.dstport", "-e", "tcp.payload",
    )  # fmt: skip
    for row in rows.splitlines():
        source, destination, payload = row.split("\t")
        key = f"{source} {destination}"
        found[key] = found.get(key, b"") + bytes.fromhex(payload.replace(":", ""))
    assert found == {key: b"".join(pieces) for key, pieces in expected.items()}


@pytest.mark.tshark
def test_two_writers_of_one_file(tmp_path: Path) -> None:
    path = tmp_path / "both.pcapng"
    ticks = count(1_700_000_000_000_000_000, 1_000_001)
    captures = [Capture(path, clock=lambda: next(ticks)) for _ in range(2)]
    taps = [
        capture.connection(SERVER, ("127.0.0.1", 50_000 + number), initiator=False)
        for number, capture in enumerate(captures)
    ]
    for _ in range(3):
        for tap in taps:
            tap.received(DATA)
    for tap in taps:
        tap.closed()
    for capture in captures:
        capture.close()
    Capture(path, clock=lambda: next(ticks)).connection(CLIENT, SERVER, initiator=True).closed()
    rows: list[dict[str, Any]] = json.loads(tshark(path, "-T", "json", "-e", "tcp.stream", "-e", "frame.time_epoch"))
    assert {row["_source"]["layers"]["tcp.stream"][0] for row in rows} == {"0", "1", "2"}
    assert rows[0]["_source"]["layers"]["frame.time_epoch"] == ["1700000000.000000000"]
    assert tshark(path, "-Y", "tcp.analysis.flags || _ws.malformed") == ""
