"""A peer is taken out of the configuration while messages wait for it: these go another way, or are seen to wait."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.server.harness import (
    SOURCE,
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
from x400.console.control import NOT_CONFIGURED
from x400.mts.apdu import Apdu
from x400.mts.bind import Credentials
from x400.mts.stored import Stored
from x400.net.transfer import Caller
from x400.spool import queries

TO_OLD = "/C=GB/A=TEST/P=OLD/S=Ann/"
LOCAL = "/C=GB/A=TEST/P=A/S=Alice/"
SECOND = '[[route]]\nto = "/C=GB/A=TEST/P=OLD/"\npeer = "B"'


def test_what_waits_goes_by_the_new_routes_whenever_it_was_to_be_tried_again(tmp_path: Path) -> None:
    async def body() -> None:
        a, b, nobody = free_port(), free_port(), free_port()
        late = "[retry]\nfirst = 600\nlongest = 600"
        path = configuration(tmp_path, "A", a, to={"B": b, "OLD": nobody}, more=late)
        spool = tmp_path / "A" / "spool"
        came: list[bytes] = []
        async with working(path) as worker:
            await transfer(a, [apdu(number, TO_OLD) for number in range(20)])
            await until(lambda: worker.peer_queue("OLD").failures == 1)
            async with sink(b, "B", lambda octets, peer: came.append(octets)):
                configuration(tmp_path, "A", a, to={"B": b}, more=SECOND + "\n" + late)
                worker.reload()
                await until(lambda: len(came) == 20)
                await until(lambda: not queries.queues(spool))
        assert {Apdu(Stored(octets)).identifier for octets in came} == {identifier(number) for number in range(20)}
        actions = [line.action for line in queries.trace(spool, identifier(7))]
        assert actions.count("rerouted") == actions.count("transferred") == 1

    run(body())


def test_what_has_no_other_way_is_seen_and_reported_on_when_its_time_is_over(tmp_path: Path) -> None:
    async def body() -> None:
        a, nobody = free_port(), free_port()
        times = "[transfer-times]\nnormal = 3"
        path = configuration(tmp_path, "A", a, to={"OLD": nobody}, more=times)
        spool = tmp_path / "A" / "spool"
        async with working(path) as worker:
            await transfer(a, [apdu(1, TO_OLD, originator=LOCAL)])
            configuration(tmp_path, "A", a, more=times)
            worker.reload()
            await until(lambda: [one.obstacle for one in queries.waiting(spool)] == [NOT_CONFIGURED])
            assert [one.queue for one in queries.queues(spool)] == ["OLD"]
            await until(lambda: delivered(tmp_path, "A"))
            await until(lambda: not queries.queues(spool))
            ((_, about),) = delivered(tmp_path, "A").values()
            assert about["kind"] == "report"

    run(body())


def test_put_back_it_goes_on(tmp_path: Path) -> None:
    async def body() -> None:
        a, b = free_port(), free_port()
        path = configuration(tmp_path, "A", a, to={"OLD": b})
        spool = tmp_path / "A" / "spool"
        came: list[bytes] = []
        async with working(path) as worker:
            await transfer(a, [apdu(1, TO_OLD)])
            configuration(tmp_path, "A", a)
            worker.reload()
            await until(lambda: [one.obstacle for one in queries.waiting(spool)] == [NOT_CONFIGURED])
            async with sink(b, "OLD", lambda octets, peer: came.append(octets)):
                configuration(tmp_path, "A", a, to={"OLD": b})
                worker.reload()
                await until(lambda: len(came) == 1)
                await until(lambda: not queries.queues(spool))

    run(body())


def test_associations_with_it_end_either_way_and_it_is_not_called_again(tmp_path: Path) -> None:
    async def body() -> None:
        a, b = free_port(), free_port()
        path = configuration(tmp_path, "A", a, to={"OLD": b})
        came: list[bytes] = []
        async with working(path) as worker, sink(b, "OLD", lambda octets, peer: came.append(octets)) as standing:
            await transfer(a, [apdu(1, TO_OLD)])
            await until(lambda: came)
            caller = Caller(Credentials("OLD", "secret of OLD"), lambda caller: None, lambda caller, failure: None)
            await caller.connect("127.0.0.1", a)
            await until(lambda: any(link.bound and link.peer_name == "OLD" for link in worker.links))
            assert standing
            configuration(tmp_path, "A", a, to={"B": b})
            worker.reload()
            await caller.ended
            await until(lambda: not standing and not worker.links)
            await transfer(a, [apdu(2, "/C=GB/A=TEST/P=A/S=Ann/")], SOURCE)  # others are served
            await asyncio.sleep(1.2)  # a turn of the schedule
            assert not standing

    run(body())
