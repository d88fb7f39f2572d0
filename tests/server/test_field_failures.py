"""What has broken other MTAs in the field, each in an MTA that runs: the names of the tests say what happened to others
and does not happen here. docs/mta.md lists them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.server.harness import (
    DOMAIN,
    HOST,
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
from x400.asn1 import specification
from x400.mta import MTA, MTAConfiguration, Route
from x400.mts.apdu import Apdu
from x400.mts.oraddress import ORAddress
from x400.mts.stored import Stored
from x400.net.transfer import TransferFailed
from x400.server.observation import peer_states
from x400.server.worker import Worker
from x400.spool import queries

APDU = specification().modules["MTSTransferProtocol"]["MTS-APDU"]
LOCAL = "/C=GB/A=TEST/P=A/S=Alice/"
TO_B = "/C=GB/A=TEST/P=B/S=Ann/"


def spool(tmp_path: Path, name: str = "A") -> Path:
    return tmp_path / name / "spool"


def report(number: int | str, destination: str) -> bytes:
    """A report as another MTA makes it."""
    routes = (Route(ORAddress.parse("/C=GB/A=TEST/"), "next"),)
    mta = MTA(MTAConfiguration("SOURCE", DOMAIN, routes))
    subject = apdu(number, "/C=FR/A=UNKNOWN/S=X/", originator=destination)
    (transfer_,) = mta.message_in(Stored(subject), "other", datetime.now(UTC)).transfers
    return bytes(transfer_.stored().head)


def with_name(octets: bytes, change: Any) -> bytes:
    """The message with the first recipient's standard attributes changed."""
    kind, value = APDU.decode(octets)
    change(value["envelope"]["per-recipient-fields"][0]["recipient-name"]["built-in-standard-attributes"])
    changed: bytes = APDU.encode((kind, value))
    return changed


def actions(tmp_path: Path, number: int | str, name: str = "A") -> list[str]:
    return [line.action for line in queries.trace(spool(tmp_path, name), identifier(number))]


@pytest.mark.parametrize("kind", ["message", "report"])
def test_an_unexpected_encoding_does_not_block_the_queue(tmp_path: Path, kind: str) -> None:
    """It is shunted aside, listed, and can be released; what came with it, before and after, flows."""

    async def body() -> None:
        a, b = free_port(), free_port()
        path = configuration(tmp_path, "A", a, to={"B": b})
        good = [apdu(number, TO_B) for number in range(10)]
        odd = bytearray(apdu("odd", TO_B) if kind == "message" else report("odd", TO_B))
        odd[odd.index(b"\x13\x04TEST") + 1] = 0x7F
        came: list[bytes] = []
        async with working(path) as worker, sink(b, "B", lambda octets, peer: came.append(octets)):
            await transfer(a, good[:5])
            with pytest.raises(TransferFailed, match="refused"):
                await transfer(a, [bytes(odd), good[5]])
            await transfer(a, good[5:])
            await until(lambda: len(came) == 10)
            (kept,) = queries.quarantined(spool(tmp_path))
            assert kept.path.read_bytes() == odd
            assert kept.about.peer == "source"
            assert worker.counters.quarantined == 1

    run(body())


@pytest.mark.parametrize(
    "change",
    [
        lambda name: name.update({"personal-name": {"surname": "", "given-name": "Ann"}}),
        lambda name: name.update({"country-name": ("iso-3166-alpha2-code", "G")}),
    ],
    ids=["given-name-without-surname", "country-of-one-letter"],
)
def test_an_address_that_breaks_a_rule_is_reported_on_at_once(tmp_path: Path, change: Any) -> None:
    """It neither sticks in a queue nor stops the process; the other recipients and messages are served."""

    async def body() -> None:
        a, b = free_port(), free_port()
        path = configuration(tmp_path, "A", a, to={"B": b})
        came: list[bytes] = []
        odd = with_name(apdu(1, "/C=GB/A=TEST/P=NOWHERE/S=X/", TO_B, originator=LOCAL), change)
        async with working(path), sink(b, "B", lambda octets, peer: came.append(octets)):
            await transfer(a, [odd, apdu(2, TO_B)])
            ((_, about),) = (await until(lambda: delivered(tmp_path, "A"))).values()
            assert about["kind"] == "report"
            (fields,) = about["envelope"]["per-recipient-fields"]
            assert fields["report-type"]["non-delivery"]["non-delivery-reason-code"] == 1
            await until(lambda: len(came) == 2)
            await until(lambda: not queries.queues(spool(tmp_path)))
            assert actions(tmp_path, 1).count("transferred") == actions(tmp_path, 1).count("report") == 1

    run(body())


def test_many_urgent_messages_share_the_associations_that_the_peer_allows(tmp_path: Path) -> None:
    """Not one association for each until the peer refuses, then another route, a loop, non-delivery: they queue."""

    async def body() -> None:
        a, b, c = free_port(), free_port(), free_port()
        second = '[[route]]\nto = "/C=GB/A=TEST/P=B/"\npeer = "C"\ncost = 1'
        path_a = configuration(tmp_path, "A", a, to={"B": b, "C": c}, more=second, peer_more="max-associations = 8")
        path_b = configuration(tmp_path, "B", b, to={"A": 0}, more="[limits]\nassociations-per-peer = 2")
        elsewhere: list[bytes] = []
        most = 0

        async def watch(worker: Worker) -> None:
            nonlocal most
            while True:
                most = max(most, worker.associations_of("A"))
                await asyncio.sleep(0.002)

        async with working(path_a) as worker, working(path_b) as receiver:
            async with sink(c, "C", lambda octets, peer: elsewhere.append(octets)):
                watching = asyncio.create_task(watch(receiver))
                async with asyncio.TaskGroup() as group:
                    for source in range(10):
                        urgent = [apdu(f"{source}.{n}", TO_B, originator=LOCAL, priority="urgent") for n in range(20)]
                        group.create_task(transfer(a, urgent))
                await until(lambda: len(delivered(tmp_path, "B")) == 200, 30)
                watching.cancel()
            assert 1 <= most <= 2
            assert worker.counters.events["rerouted"] == worker.counters.events["report"] == 0
        assert (elsewhere, delivered(tmp_path, "A")) == ([], {})

    run(body())


class Lines:
    """Ways to MTAs that can be cut: octets go nowhere, and nobody is told."""

    def __init__(self) -> None:
        self.cut = False
        self._writers: list[asyncio.StreamWriter] = []

    @contextlib.asynccontextmanager
    async def to(self, target: int) -> AsyncIterator[int]:
        port = free_port()

        async def carry(source: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while octets := await source.read(65536):
                    if not self.cut:
                        into.write(octets)
            if not self.cut:
                into.transport.abort()

        async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.append(writer)
            if self.cut:
                return
            try:
                there_reader, there = await asyncio.open_connection(HOST, target)
            except OSError:
                writer.transport.abort()
                return
            self._writers.append(there)
            await asyncio.gather(carry(reader, there), carry(there_reader, writer))

        server = await asyncio.start_server(connection, HOST, port)
        try:
            yield port
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()


def test_queues_go_on_both_ways_after_the_transport_was_lost(tmp_path: Path) -> None:
    """The line goes dead under both: timers end the associations, `x400 peers` has the next attempt, both resume."""

    async def body() -> None:
        a, b = free_port(), free_port()
        lines = Lines()
        quick = "[retry]\nfirst = 0.5\nlongest = 0.5\n[timers]\nconnect = 0.5\nbind = 0.5\ntransfer = 0.5\n"
        async with lines.to(a) as to_a, lines.to(b) as to_b:
            path_a = configuration(tmp_path, "A", a, to={"B": to_b}, more=quick)
            path_b = configuration(tmp_path, "B", b, to={"A": to_a}, more=quick)
            async with working(path_a) as first, working(path_b) as second:
                await transfer(a, [apdu("1", TO_B)])
                await transfer(b, [apdu("2", LOCAL)])
                await until(lambda: delivered(tmp_path, "A") and delivered(tmp_path, "B"))
                lines.cut = True
                await transfer(a, [apdu(f"a{number}", TO_B) for number in range(20)])
                await transfer(b, [apdu(f"b{number}", LOCAL) for number in range(20)])

                def called_again(worker: Worker, peer: str) -> bool:
                    (state,) = [one for one in peer_states(worker) if one.name == peer]
                    return state.failures > 0 and state.again > 0 and bool(state.error)

                await until(lambda: called_again(first, "B"), 20)
                await until(lambda: called_again(second, "A"), 20)
                lines.cut = False
                await until(lambda: len(delivered(tmp_path, "A")) == len(delivered(tmp_path, "B")) == 21, 20)
                await until(lambda: not queries.queues(spool(tmp_path)) and not queries.queues(spool(tmp_path, "B")))
                assert all(one.failures == 0 for worker in (first, second) for one in peer_states(worker))

    run(body())


def test_a_conversion_that_fails_and_a_rerouting_end_in_exactly_one_report(tmp_path: Path) -> None:
    """One recipient's route wants text that cannot be made of it, the other's peer is down, and there is another way:
    one is reported on, one transferred, each once; nothing is lost without a word."""

    async def body() -> None:
        a, b, nobody = free_port(), free_port(), free_port()
        more = (
            '[[route]]\nto = "/C=GB/A=TEST/P=DOWN/"\npeer = "B"\ncost = 1\n'
            '[[peer]]\nname = "IA5"\nencoded-information-types = ["ia5-text"]\n'
            '[[route]]\nto = "/C=GB/A=TEST/P=IA5/"\npeer = "IA5"\n'
        )
        path = configuration(tmp_path, "A", a, to={"B": b, "DOWN": nobody}, more=more)
        kind, value = APDU.decode(
            apdu(1, "/C=GB/A=TEST/P=IA5/S=X/", "/C=GB/A=TEST/P=DOWN/S=Y/", originator=LOCAL, content=b"no IPM at all")
        )
        value["envelope"]["original-encoded-information-types"] = {
            "built-in-encoded-information-types": (b"\x00", 1),
            "extended-encoded-information-types": ["1.0.10021.7.1.0.1", "1.0.10021.7.1.0.6", "1.0.10021.7.1.0.100"],
        }
        came: list[bytes] = []
        async with working(path) as worker, sink(b, "B", lambda octets, peer: came.append(octets)):
            await transfer(a, [APDU.encode((kind, value))])
            ((_, about),) = (await until(lambda: delivered(tmp_path, "A"))).values()
            (fields,) = about["envelope"]["per-recipient-fields"]
            assert fields["report-type"]["non-delivery"]["non-delivery-reason-code"] == 2, "conversion-not-performed"
            await until(lambda: len(came) == 1)
            await until(lambda: not queries.queues(spool(tmp_path)))
            (copy,) = [Apdu(Stored(octets)) for octets in came]
            assert [one.name.text for one in copy.recipients if one.indicators.responsibility] == [
                "/C=GB/A=TEST/P=DOWN/S=Y/"
            ]
            assert worker.counters.events["rerouted"] == worker.counters.events["report"] == 1
            assert actions(tmp_path, 1).count("transferred") == 1

    run(body())


def test_a_report_in_a_loop_ends_and_begets_none(tmp_path: Path) -> None:
    """A and B each think the other knows the originator: the report passes each once, is discarded, and that is all."""

    async def body() -> None:
        a, b = free_port(), free_port()
        nowhere = "/C=GB/A=TEST/P=NOWHERE/"
        path_a = configuration(tmp_path, "A", a, to={"B": b}, routes={nowhere: "B"})
        path_b = configuration(tmp_path, "B", b, to={"A": a}, routes={nowhere: "A"})
        async with working(path_a) as first, working(path_b) as second:
            await transfer(a, [apdu(1, "/C=GB/A=TEST/P=UNKNOWN/S=X/", originator=f"{nowhere}S=Lost/")])
            workers = (first, second)
            await until(lambda: sum(worker.counters.events["report-discarded"] for worker in workers) == 1)
            await asyncio.sleep(0.5)
            assert queries.queues(spool(tmp_path)) == queries.queues(spool(tmp_path, "B")) == []
            assert sum(worker.counters.events["report"] for worker in workers) == 1
            assert first.counters.peer("B").sent == 1
            assert second.counters.peer("A").sent <= 1

    run(body())


def test_a_restart_keeps_the_priorities_of_what_is_queued(tmp_path: Path) -> None:
    async def body() -> None:
        a, b = free_port(), free_port()
        path = configuration(tmp_path, "A", a, to={"B": b}, peer_more="max-associations = 1")
        order = ["non-urgent", "normal", "urgent"] * 3
        async with working(path):
            await transfer(a, [apdu(number, TO_B, priority=priority) for number, priority in enumerate(order)])
        async with working(path):  # still down
            await until(lambda: all(one.obstacle for one in queries.waiting(spool(tmp_path))))
            (waiting,) = queries.queues(spool(tmp_path))
            assert (waiting.urgent, waiting.normal, waiting.non_urgent) == (3, 3, 3)
        came: list[str] = []
        async with working(path), sink(b, "B", lambda octets, peer: came.append(Apdu(Stored(octets)).identifier)):
            await until(lambda: len(came) == 9)
        assert came == [identifier(number) for number in (2, 5, 8, 1, 4, 7, 0, 3, 6)]

    run(body())
