"""A peer refuses a transfer for good: asked again a few times, then reported on; never at the head of the queue."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.server.harness import (
    SOURCE,
    apdu,
    configuration,
    delivered,
    free_port,
    identifier,
    run,
    transfer,
    until,
    working,
)
from x400.mta import MTA
from x400.mts.apdu import Apdu
from x400.mts.exceptions import InvalidAPDU
from x400.mts.stored import Stored
from x400.server.recovery import refusals_of, with_refusals
from x400.server.worker import Worker
from x400.spool import Entry, SpoolFull, queries

RETRY = "[retry]\nfirst = 0.1\nlongest = 0.2\nrefusals = 3"
LOCAL = "/C=GB/A=TEST/P=A/S=Alice/"


class Refusing:
    """B understands nothing of the message of these numbers, however often it comes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *numbers: int) -> None:
        self.times = 0
        meant = MTA.message_in
        refused = {identifier(number) for number in numbers}

        def message_in(mta: MTA, stored: Stored, peer: str, now: datetime) -> Any:
            apdu_ = Apdu(stored)
            if mta.configuration.name == "B" and (apdu_.identifier in refused or apdu_.kind == "report"):
                self.times += 1
                raise InvalidAPDU("nothing that B knows", 17)
            return meant(mta, stored, peer, now)

        monkeypatch.setattr(MTA, "message_in", message_in)


def two(tmp_path: Path) -> tuple[Path, Path, int]:
    a, b = free_port(), free_port()
    path = configuration(tmp_path, "A", a, to={"B": b}, more=RETRY)
    return path, configuration(tmp_path, "B", b, to={"A": a}, more=RETRY), a


def test_the_others_pass_and_its_recipients_are_reported_on_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = Refusing(monkeypatch, 1)

    async def body() -> None:
        path_a, path_b, a = two(tmp_path)
        async with working(path_a) as worker, working(path_b):
            to = ("/C=GB/A=TEST/P=B/S=Ann/", "/C=GB/A=TEST/P=B/S=Ben/", LOCAL)
            await transfer(a, [apdu(1, *to, originator=LOCAL, priority="urgent")])
            await transfer(a, [apdu(number, to[0]) for number in range(2, 12)])
            await until(lambda: len(delivered(tmp_path, "B")) == 10)
            await until(lambda: len(delivered(tmp_path, "A")) == 2)
            await until(lambda: not queries.queues(tmp_path / "A" / "spool"))
            assert refusing.times == 3
            assert worker.counters.peer("B").refused_for_good == 1
        message, report = sorted((about for _, about in delivered(tmp_path, "A").values()), key=lambda it: it["kind"])
        assert message["recipient"] == LOCAL
        about = json.dumps(report["envelope"])
        assert report["kind"] == "report"
        assert about.count('"non-delivery-reason-code": 0') == 2, "transfer-failure"
        assert about.count('"non-delivery-diagnostic-code": 49') == 2, "transfer-attempts-limit-reached"
        assert "refused 3 times by B" in about
        actions = [line.action for line in queries.trace(tmp_path / "A" / "spool", identifier(1))]
        assert actions.count("given-up") == 1
        assert actions.count("retry") == 2

    run(body())


def test_refusals_are_counted_over_restarts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody takes does not go round for ever because the MTA is started anew now and then."""
    refusing = Refusing(monkeypatch, 1)
    path_a, path_b, a = two(tmp_path)
    path_a.write_text(
        path_a.read_text().replace("first = 0.1", "first = 900").replace("longest = 0.2", "longest = 900")
    )
    spool = tmp_path / "A" / "spool"

    async def once(number: int) -> None:
        """One attempt, as the next one is far away."""
        async with working(path_b), working(path_a):
            if number == 1:
                await transfer(a, [apdu(1, "/C=GB/A=TEST/P=B/S=Ann/", originator=LOCAL)])
            await until(lambda: refusing.times == number)
            if number < 3:
                times = "1 time" if number == 1 else "2 times"
                await until(lambda: queries.waiting(spool)[0].error.startswith(f"refused {times} by B: "))
            else:
                await until(lambda: len(delivered(tmp_path, "A")) == 1)
                await until(lambda: not queries.queues(spool))

    for number in (1, 2, 3):
        run(once(number))
        with sqlite3.connect(spool / "worker-0" / "spool.sqlite") as database:
            database.execute("UPDATE entry SET due=0")
    actions = [line.action for line in queries.trace(spool, identifier(1))]
    assert actions.count("given-up") == 1
    assert actions.count("retry") == 2


def test_the_refusals_of_one_peer_are_not_those_of_another() -> None:
    entry = Entry("C", 1, "x", "message", "", "", 1e12, b"", error=with_refusals("busy: it says", 2, "B"))
    assert entry.error == "refused 2 times by B: busy: it says"
    assert refusals_of(entry, "B") == 2
    assert refusals_of(entry, "C") == 0
    entry.error = with_refusals("busy", 0, "B")
    assert entry.error == "busy"
    assert refusals_of(entry, "B") == 0


def test_a_report_that_is_refused_is_discarded_and_begets_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Refusing(monkeypatch)

    async def body() -> None:
        path_a, path_b, a = two(tmp_path)
        async with working(path_a) as worker, working(path_b):
            await transfer(a, [apdu(1, "/C=GB/A=TEST/P=NOWHERE/S=X/", originator="/C=GB/A=TEST/P=B/S=Ann/")])
            await until(lambda: worker.counters.events["report-discarded"] == 1)
            await until(lambda: not queries.queues(tmp_path / "A" / "spool"))
            assert worker.counters.peer("B").refused_for_good == 1
            assert worker.counters.events["report"] == 1
        assert delivered(tmp_path, "A") == delivered(tmp_path, "B") == {}

    run(body())


def test_a_fault_of_ours_in_sending_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from x400.server import link

    meant = link.source_of

    def source_of(entry: Any, offset: int = 0) -> Any:
        if entry.identifier == identifier(1):
            raise ZeroDivisionError("a fault of ours")
        return meant(entry, offset)

    monkeypatch.setattr(link, "source_of", source_of)

    async def body() -> None:
        path_a, path_b, a = two(tmp_path)
        async with working(path_a), working(path_b):
            to = "/C=GB/A=TEST/P=B/S=Ann/"
            await transfer(a, [apdu(number, to, originator=LOCAL) for number in range(1, 12)])
            await until(lambda: len(delivered(tmp_path, "B")) == 10)
            await until(lambda: len(delivered(tmp_path, "A")) == 1)
            await until(lambda: not queries.queues(tmp_path / "A" / "spool"))

    run(body())


def test_without_room_for_the_report_it_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Refusing(monkeypatch, 1)
    meant = Worker.give_up
    full = True
    tried = 0

    async def give_up(worker: Worker, entry: Entry, reason: Any) -> None:
        nonlocal tried
        tried += 1
        if full:
            raise SpoolFull("the disk is full")
        await meant(worker, entry, reason)

    monkeypatch.setattr(Worker, "give_up", give_up)

    async def body() -> None:
        nonlocal full
        path_a, path_b, a = two(tmp_path)
        async with working(path_a), working(path_b):
            await transfer(a, [apdu(1, "/C=GB/A=TEST/P=B/S=Ann/", originator=LOCAL)], SOURCE)
            await until(lambda: tried >= 1)
            (waiting,) = queries.waiting(tmp_path / "A" / "spool")
            assert waiting.identifier == identifier(1)
            full = False
            await until(lambda: len(delivered(tmp_path, "A")) == 1)
            await until(lambda: not queries.queues(tmp_path / "A" / "spool"))

    run(body())
