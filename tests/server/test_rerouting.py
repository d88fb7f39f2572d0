"""A peer that is down, and another route: what waits for the first goes by the second."""

from __future__ import annotations

from pathlib import Path

from tests.server.harness import apdu, configuration, free_port, identifier, run, sink, transfer, until, working
from x400.mts.apdu import Apdu
from x400.mts.stored import Stored
from x400.spool import queries


def test_the_second_route_is_taken(tmp_path: Path) -> None:
    async def body() -> None:
        a, b, nobody = free_port(), free_port(), free_port()
        second = '[[route]]\nto = "/C=GB/A=TEST/P=DOWN/"\npeer = "B"\ncost = 1'
        path = configuration(tmp_path, "A", a, to={"B": b, "DOWN": nobody}, more=second)
        came: list[bytes] = []
        async with working(path), sink(b, "B", lambda octets, peer: came.append(octets)):
            await transfer(a, [apdu(number, "/C=GB/A=TEST/P=DOWN/S=Bob/") for number in range(20)])
            await until(lambda: len(came) == 20)
            await until(lambda: not queries.queues(tmp_path / "A" / "spool"))
        assert {Apdu(Stored(octets)).identifier for octets in came} == {identifier(number) for number in range(20)}
        actions = [line.action for line in queries.trace(tmp_path / "A" / "spool", identifier(3))]
        assert "rerouted" in actions
        assert actions[-1] == "transferred"

    run(body())
