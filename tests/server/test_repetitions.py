"""The same event of the same peer over and over is counted; nothing else is left out."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.server.harness import Process, configuration, free_port, transfer
from x400.mts.bind import Credentials
from x400.net.transfer import TransferFailed
from x400.server.repetitions import LEFT_OUT, LeftOut, Repetitions


class Log:
    """What passes, on a clock of its own."""

    def __init__(self, lines: int) -> None:
        self.now = 0.0
        self.passed: list[dict[str, Any]] = []
        self.repetitions = Repetitions(lines, 60.0, lambda: self.now)

    def line(self, event: str, times: int = 1, level: str = "warning", **more: Any) -> None:
        for _ in range(times):
            try:
                self.passed.append(dict(self.repetitions(None, level, {"event": event, "level": level, **more})))
            except structlog.DropEvent:
                continue


def test_the_first_lines_pass_and_the_others_are_counted() -> None:
    log = Log(3)
    log.line("refused", 1000, peer="B")
    assert len(log.passed) == 3
    assert log.repetitions.take() == [], "its minute runs"
    log.now = 60.0
    assert log.repetitions.take() == [LeftOut("refused", "warning", "B", 997)]
    assert log.repetitions.take() == []
    log.line("refused", peer="B")
    assert len(log.passed) == 4


def test_other_peers_events_and_levels_are_not_hidden() -> None:
    log = Log(1)
    log.line("refused", 1000, peer="B")
    log.line("refused", peer="C")
    log.line("refused", peer="B", level="error")
    log.line("lost", peer="B")
    log.line("refused")
    assert len(log.passed) == 5


def test_of_an_address_the_port_does_not_count() -> None:
    log = Log(1)
    for number in range(1, 9):
        log.line("lost", peer=f"192.0.2.1:{number}")
        log.line("lost", peer=f"2001:db8::1:{number}")
        log.line("lost", peer=f"mta:{number}")
    assert len(log.passed) == 1 + 1 + 8
    assert {one.peer for one in log.repetitions.take(everything=True)} == {"192.0.2.1", "2001:db8::1"}


def test_a_window_that_ends_as_the_next_line_comes() -> None:
    log = Log(2)
    log.line("refused", 5, peer="B")
    log.now = 61.0
    log.line("refused", 4, peer="B")
    assert len(log.passed) == 4
    assert log.repetitions.take() == [LeftOut("refused", "warning", "B", 3)]
    assert log.repetitions.take(everything=True) == [LeftOut("refused", "warning", "B", 2)]


def test_zero_is_all_and_what_tells_the_number_always_passes() -> None:
    log = Log(0)
    log.line("refused", 1000, peer="B")
    assert len(log.passed) == 1000
    log = Log(1)
    log.line(LEFT_OUT, 50)
    assert len(log.passed) == 50


def test_however_many_peers_there_are_memory_is_bounded_and_no_line_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("x400.server.repetitions._MAXIMUM", 10)
    log = Log(1)
    for number in range(100):
        log.line("refused", 2, peer=str(number))
    assert len(log.passed) == 10 + 2 * 90
    assert len(log.repetitions._windows) == 10
    log.now = 60.0
    assert sum(one.number for one in log.repetitions.take()) == 10
    assert not log.repetitions._windows


def test_a_peer_that_fails_again_and_again_and_another_that_fails_once(tmp_path: Path) -> None:
    port = free_port()
    path = configuration(tmp_path, "A", port, more="[limits]\nfailed-binds = 1000")
    path.write_text(path.read_text().replace("[mta]", '[mta]\nlog-format = "json"\nlog-repeats = 5'))

    async def body() -> None:
        for _ in range(20):
            with pytest.raises(TransferFailed):
                await transfer(port, [], Credentials("nobody", "x"))
        with pytest.raises(TransferFailed):  # another event
            await transfer(port, [b"\x04\x00"])

    with Process(path) as mta:
        asyncio.run(body())
        mta.stop()
        lines = [json.loads(line) for line in mta.log.read_text().splitlines()]
    failed = [line for line in lines if line["event"] == "association failed" and line["layer"] == "mts"]
    assert len(failed) == 5
    assert [line for line in lines if line["event"] == "undecodable APDU"]
    (left_out,) = [line for line in lines if line["event"] == LEFT_OUT]
    assert (left_out["of"], left_out["peer"]) == ("association failed", "127.0.0.1")
    assert left_out["number"] >= 15
    assert left_out["level"] == "warning"
