"""X.411 14.9: MTA-bind and MTA-unbind, in and out. What crosses the wire is tried with an MTA that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.harness import (
    apdu,
    configuration,
    delivered,
    free_port,
    idle_caller,
    run,
    sink,
    transfer,
    until,
    working,
)
from x400.mts.bind import Credentials, MTABindError, decode_result, encode_argument, encode_result
from x400.net.transfer import TransferFailed
from x400.server import config
from x400.server.binding import Binding, BindRefused
from x400.spool import queries

TEXT = """
[mta]
name = "US"
global-domain-identifier = "/C=GB/A=X/"
[[peer]]
name = "named"
password = "secret"
own-password = "ours"
[[peer]]
name = "open"
unauthenticated = true
hosts = ["10.0.0.0/8"]
"""
BINDING = Binding(config.parse(TEXT, "us.toml"))
NAMED = config.parse(TEXT, "us.toml").peers["named"]
HERE = "/C=GB/A=TEST/P=A/S=Ann/"


# ---- 14.9.1 MTA-bind-in


@pytest.mark.parametrize(("credentials", "peer"), [(Credentials("named", "secret"), "named"), (None, "open")])
def test_14_9_1_step_1_who_presents_what_is_expected_is_that_peer(credentials: Credentials | None, peer: str) -> None:
    assert BINDING.identify(encode_argument(credentials), "10.0.0.1").name == peer


@pytest.mark.parametrize(
    ("credentials", "address"),
    [(Credentials("named", "guess"), "10.0.0.1"), (Credentials("nobody", "secret"), "10.0.0.1"), (None, "192.0.2.1")],
)
def test_14_9_1_step_2_anybody_else_gets_an_authentication_error(credentials: Credentials | None, address: str) -> None:
    with pytest.raises(BindRefused) as refused:
        BINDING.identify(encode_argument(credentials), address)
    assert refused.value.error is MTABindError.AUTHENTICATION_ERROR


def test_14_9_1_step_3_the_result_has_our_own_name_and_credentials() -> None:
    assert decode_result(BINDING.result(NAMED)) == Credentials("US", "ours")


def test_14_9_1_step_4_busy_when_the_peer_has_as_many_as_it_may(tmp_path: Path) -> None:
    async def body() -> None:
        port = free_port()
        path = configuration(tmp_path, "A", port, more="[limits]\nassociations-per-peer = 1")
        async with working(path) as worker:
            first = await idle_caller(port)
            with pytest.raises(TransferFailed, match="busy"):
                await transfer(port, [])
            first.release()
            await until(lambda: not worker.links)
            await transfer(port, [apdu(1, HERE)])

    run(body())


# ---- 14.9.2 MTA-unbind-in


def test_14_9_2_step_1_the_association_ends_and_what_came_over_it_stays(tmp_path: Path) -> None:
    async def body() -> None:
        port = free_port()
        async with working(configuration(tmp_path, "A", port)) as worker:
            await transfer(port, [apdu(1, HERE)])  # binds, transfers, unbinds
            await until(lambda: not worker.links)
            await until(lambda: delivered(tmp_path, "A"))

    run(body())


# ---- 14.9.3 MTA-bind-out


def test_14_9_3_step_1_we_present_what_the_peer_knows_us_by() -> None:
    assert BINDING.argument(NAMED) == encode_argument(Credentials("US", "ours"))


@pytest.mark.parametrize("answer", [None, Credentials("named", "guess"), Credentials("other", "secret")])
def test_14_9_3_step_2_who_answers_as_somebody_else_gets_nothing(answer: Credentials | None) -> None:
    with pytest.raises(BindRefused):
        BINDING.check_result(NAMED, encode_result(answer))
    BINDING.check_result(NAMED, encode_result(Credentials("named", "secret")))


def test_14_9_3_step_3_refused_or_not_reached_it_is_tried_again_and_nothing_is_lost(tmp_path: Path) -> None:
    async def body() -> None:
        port, next_port = free_port(), free_port()
        path = configuration(tmp_path, "A", port, to={"B": next_port}, more="[retry]\nfirst = 0.2\njitter = 0\n")
        came: list[bytes] = []
        async with working(path) as worker:
            await transfer(port, [apdu(1, "/C=GB/A=TEST/P=B/S=Ann/")])
            await until(lambda: worker.counters.peer("B").unreachable)
            assert [one.total for one in queries.queues(tmp_path / "A" / "spool")] == [1]
            async with sink(next_port, "B", lambda octets, peer: came.append(octets)):
                await until(lambda: came)

    run(body())


# ---- 14.9.4 MTA-unbind-out


def test_14_9_4_step_1_an_association_that_is_not_used_any_more_is_released(tmp_path: Path) -> None:
    async def body() -> None:
        port, next_port = free_port(), free_port()
        path = configuration(tmp_path, "A", port, to={"B": next_port}, more="[timers]\nidle = 0.1")
        came: list[bytes] = []
        async with working(path) as worker, sink(next_port, "B", lambda octets, peer: came.append(octets)):
            await transfer(port, [apdu(1, "/C=GB/A=TEST/P=B/S=Ann/")])
            await until(lambda: came)
            await until(lambda: not worker.links)
            assert not worker.counters.peer("B").failures

    run(body())
