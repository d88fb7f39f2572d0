"""What could not be understood is kept aside, within limits, and is let in again: nothing is lost, nothing stops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.server.harness import (
    apdu,
    configuration,
    delivered,
    free_port,
    identifier,
    run,
    sink,
    transfer,
    until,
    working,
)
from x400.mta import MTA
from x400.mts.apdu import Apdu
from x400.mts.stored import Stored
from x400.net.transfer import TransferFailed
from x400.osi.rtse import ExceptionReason
from x400.server.readmission import NotReadmitted, readmit
from x400.server.worker import Worker
from x400.spool import queries

GARBAGE = b"\x04\x03abc"
LARGE = bytes(range(256)) * 3000


def kept(tmp_path: Path) -> list[Any]:
    return queries.quarantined(tmp_path / "A" / "spool")


def folder(tmp_path: Path) -> Path:
    return tmp_path / "A" / "spool" / "worker-0"


class Fault:
    """A fault of ours in a procedure of the MTA, until it is mended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
        self.there = True
        meant = getattr(MTA, method)

        def faulty(*args: Any, **options: Any) -> Any:
            if self.there:
                raise ZeroDivisionError("a fault of ours")
            return meant(*args, **options)

        monkeypatch.setattr(MTA, method, faulty)


def test_a_full_quarantine_refuses_for_now_and_the_traffic_flows(tmp_path: Path) -> None:
    async def body() -> None:
        a = free_port()
        path = configuration(tmp_path, "A", a, more="[limits]\nquarantine-octets = 12")
        async with working(path) as worker:
            for _ in range(2):
                with pytest.raises(TransferFailed) as refused:
                    await transfer(a, [GARBAGE])
                assert f"{ExceptionReason.UNRECOVERABLE_PROCEDURAL_ERROR}" in str(refused.value)
            with pytest.raises(TransferFailed) as refused:
                await transfer(a, [GARBAGE])
            assert f"{ExceptionReason.LOCAL_SS_USER_ERROR}" in str(refused.value)
            assert (len(kept(tmp_path)), worker.counters.quarantined, worker.counters.quarantine_refused) == (2, 2, 1)
            await transfer(a, [apdu(1, "/C=GB/A=TEST/P=A/S=Ann/")])
            await until(lambda: delivered(tmp_path, "A"))

    run(body())


@pytest.mark.parametrize("content", [b"small", LARGE], ids=["small", "large"])
def test_after_a_fault_of_ours_is_mended_it_is_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    fault = Fault(monkeypatch, "message_in")

    async def body() -> None:
        a = free_port()
        octets = apdu(1, "/C=GB/A=TEST/P=A/S=Ann/", content=content)
        async with working(configuration(tmp_path, "A", a)) as worker:
            with pytest.raises(TransferFailed, match="refused"):
                await transfer(a, [octets])
            (one,) = kept(tmp_path)
            assert one.path.read_bytes() == octets
            assert "a fault of ours" in one.about.reason
            with pytest.raises(ZeroDivisionError):
                await readmit(worker, folder(tmp_path), one.name)
            assert kept(tmp_path) == [one]
            fault.there = False
            answer = await readmit(worker, folder(tmp_path), one.name)
            assert (answer.identifier, answer.repeated) == (identifier(1), False)
            await until(lambda: delivered(tmp_path, "A"))
            ((found, _),) = delivered(tmp_path, "A").values()
            assert found == content
            assert kept(tmp_path) == []
            await transfer(a, [octets])  # the peer repeats what it was told was wrong
            assert worker.counters.peer("source").repetitions == 1
            await until(lambda: not list((folder(tmp_path) / "contents").iterdir()))
            with pytest.raises(NotReadmitted, match="nothing of the name"):
                await readmit(worker, folder(tmp_path), one.name)
        assert len(delivered(tmp_path, "A")) == 1

    run(body())


def test_what_has_come_meanwhile_is_not_passed_on_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = Fault(monkeypatch, "message_in")

    async def body() -> None:
        a = free_port()
        octets = apdu(1, "/C=GB/A=TEST/P=A/S=Ann/", content=LARGE)
        async with working(configuration(tmp_path, "A", a)) as worker:
            with pytest.raises(TransferFailed, match="refused"):
                await transfer(a, [octets])
            fault.there = False
            await transfer(a, [octets])
            (one,) = kept(tmp_path)
            assert (await readmit(worker, folder(tmp_path), one.name)).repeated
            await until(lambda: not list((folder(tmp_path) / "contents").iterdir()))
        assert len(delivered(tmp_path, "A")) == 1

    run(body())


def test_what_is_still_not_understood_stays(tmp_path: Path) -> None:
    async def body() -> None:
        a = free_port()
        async with working(configuration(tmp_path, "A", a)) as worker:
            with pytest.raises(TransferFailed, match="refused"):
                await transfer(a, [GARBAGE])
            (one,) = kept(tmp_path)
            with pytest.raises(NotReadmitted, match="still not understood"):
                await readmit(worker, folder(tmp_path), one.name)
            assert kept(tmp_path) == [one]

    run(body())


async def _expired(worker: Worker) -> None:
    await until(lambda: worker.counters.quarantined == 1)


@pytest.mark.parametrize("content", [b"small", LARGE], ids=["small", "large"])
def test_an_entry_that_no_report_can_be_made_of_is_kept_whole_and_queued_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """It had been confirmed to its sender: its octets stay, whatever the limits are, and go on after the upgrade."""
    fault = Fault(monkeypatch, "expire")

    async def body() -> None:
        a, b, back = free_port(), free_port(), free_port()
        more = "[limits]\nquarantine-entries = 0\n[transfer-times]\nnormal = 0.5"
        path = configuration(tmp_path, "A", a, to={"B": b, "SOURCE": back}, more=more)
        came: list[bytes] = []
        async with working(path) as worker:
            await transfer(a, [apdu(1, "/C=GB/A=TEST/P=B/S=Ann/", content=content)])
            await _expired(worker)
            await until(lambda: not queries.queues(tmp_path / "A" / "spool"))
            (one,) = kept(tmp_path)
            assert one.about.entry is not None
            assert one.path.read_bytes().endswith(content)
            fault.there = False
            await readmit(worker, folder(tmp_path), one.name)
            assert kept(tmp_path) == []
            async with sink(back, "SOURCE", lambda octets, peer: came.append(octets)):
                await until(lambda: came)
            assert Apdu(Stored(came[0])).kind == "report"
            await until(lambda: not list((folder(tmp_path) / "contents").iterdir()))
            actions = [line.action for line in queries.trace(tmp_path / "A" / "spool", identifier(1))]
            assert "quarantined" in actions
            assert "readmitted" in actions

    run(body())
