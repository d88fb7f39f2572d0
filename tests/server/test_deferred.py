"""Messages held until their deferred delivery time, by a worker; one is cancelled, one outlives a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.server.harness import (
    DOMAIN,
    configuration,
    delivered,
    free_port,
    identifier,
    run,
    transfer,
    until,
    working,
)
from x400.console.control import Cancel
from x400.mts.identifiers import MTSIdentifier
from x400.mts.oraddress import ORAddress
from x400.mts.originate import NewRecipient, Subject, message
from x400.server.operations import Operations
from x400.spool import queries

ANN = "/C=GB/A=TEST/P=A/S=Ann/"


def deferred(number: int, seconds: float, content: bytes = b"content") -> bytes:
    now = datetime.now(UTC)
    originator = ORAddress.parse("/C=GB/A=TEST/P=SOURCE/S=Source/")
    to = [NewRecipient(ORAddress.parse(ANN))]
    subject = Subject(MTSIdentifier(DOMAIN, f"test.{number}"), originator, to, mta_name="SOURCE")
    return message(subject, content, now, deferred_delivery_time=now + timedelta(seconds=seconds))


def test_held_and_released(tmp_path: Path) -> None:
    async def body() -> None:
        port = free_port()
        path = configuration(tmp_path, "A", port, more="[limits]\nlarge-content-octets = 131072")
        spool = tmp_path / "A" / "spool"
        async with working(path) as worker:
            large = deferred(3, 4.0, b"x" * 500_000)
            await transfer(port, [deferred(1, 4.0), deferred(2, 3600.0), large, deferred(4, -1.0)])
            await until(lambda: len(delivered(tmp_path, "A")) == 1)
            (entries,) = (one.total for one in queries.queues(spool) if one.queue == "deferred:")
            assert entries == 3
            changed = await Operations(worker).cancel(Cancel(None, identifier(2)))
            assert (changed.changed, changed.busy) == (1, 0)
        assert len(delivered(tmp_path, "A")) == 1
        async with working(path):
            await until(lambda: len(delivered(tmp_path, "A")) == 3, 15.0)
            await until(lambda: not queries.queues(spool))
        assert sorted(len(content) for content, _ in delivered(tmp_path, "A").values()) == [7, 7, 500_000]
        assert [line.action for line in queries.trace(spool, identifier(2))][-1] == "cancelled"
        assert "released" in [line.action for line in queries.trace(spool, identifier(1))]
        assert not list((spool / "worker-0" / "contents").iterdir())

    run(body())
