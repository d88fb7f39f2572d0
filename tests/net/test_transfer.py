"""A caller and an answerer over a socket: what is transferred, what is refused, what is lost."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog.testing

from x400.mts.bind import Credentials, MTABindError, encode_error
from x400.net.association import Association
from x400.net.endpoint import listen, open_listener
from x400.net.transfer import Answerer, Caller, TransferFailed, transfer_all
from x400.osi import rtse


class Taken:
    """What an answerer has taken, and from whom."""

    def __init__(self) -> None:
        self.apdus: list[tuple[bytes, str | None]] = []
        self.answerers: list[Answerer] = []
        self.ended = 0

    def make(self) -> Association:
        def ended(_: Answerer) -> None:
            self.ended += 1

        answerer = Answerer(lambda apdu, peer: self.apdus.append((apdu, peer)), ended, Credentials("sink", "secret"))
        self.answerers.append(answerer)
        connection = rtse.Connection(False, rtse.Parameters(), asyncio.get_running_loop().time())
        return Association(connection, answerer, False)


@asynccontextmanager
async def listening(make: Callable[[], Association]) -> AsyncIterator[int]:
    handle = open_listener("127.0.0.1", 0)
    server = await listen(handle, make)
    try:
        yield handle.getsockname()[1]
    finally:
        server.close()


async def settle(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("what was waited for has not come")


APDUS = [b"\xa0\x03\x02\x01\x05", b"\xa0\x83\x03\x0d\x40" + bytes(200_000), b"\xa0\x00"]


def test_apdus_arrive_in_order_and_whole() -> None:
    async def main() -> None:
        taken, confirmed = Taken(), list[int]()
        async with listening(taken.make) as port:
            await transfer_all("127.0.0.1", port, APDUS, confirmed=confirmed.append)
            await settle(lambda: taken.ended == 1)
        assert [apdu for apdu, _ in taken.apdus] == APDUS
        assert confirmed == [0, 1, 2]

    asyncio.run(main())


@pytest.mark.parametrize("checkpoint_size", [0, 1, 63])
def test_with_credentials_and_checkpoints(checkpoint_size: int) -> None:
    async def main() -> None:
        taken = Taken()
        parameters = rtse.Parameters(checkpoint_size=checkpoint_size)
        async with listening(taken.make) as port:
            credentials = Credentials("source", "secret")
            await transfer_all("127.0.0.1", port, APDUS, credentials=credentials, parameters=parameters)
        assert taken.apdus == [(apdu, "source") for apdu in APDUS]

    asyncio.run(main())


def test_nobody_listens() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
        with pytest.raises(TransferFailed, match=f"127.0.0.1:{port} cannot be reached"):
            asyncio.run(transfer_all("127.0.0.1", port, APDUS))


class Refuser:
    """Answers a bind with an error, or an APDU with a refusal."""

    def __init__(self, at_bind: bool) -> None:
        self._at_bind = at_bind

    def make(self) -> Association:
        return Association(rtse.Connection(False, rtse.Parameters()), self, False)

    def made(self, association: Association) -> None: ...

    def lost(self, association: Association) -> None: ...

    def received(self, association: Association, events: list[Any]) -> None:
        connection = association.connection
        for event in events:
            if isinstance(event, rtse.RTOpenIndication) and self._at_bind:
                connection.rt_open_response(False, encode_error(MTABindError.AUTHENTICATION_ERROR))
            elif isinstance(event, rtse.RTOpenIndication):
                connection.rt_open_response(True, b"\x05\x00")
            elif isinstance(event, rtse.RTTransferIndication):
                connection.rt_transfer_response(False, rtse.ExceptionReason.LOCAL_SS_USER_ERROR)


@pytest.mark.parametrize(("at_bind", "reason"), [(True, "authentication-error"), (False, "transfer refused")])
def test_the_peer_refuses(at_bind: bool, reason: str) -> None:
    async def main() -> None:
        async with listening(Refuser(at_bind).make) as port:
            with pytest.raises(TransferFailed, match=reason):
                await transfer_all("127.0.0.1", port, APDUS)

    asyncio.run(main())


def test_a_refusal_is_told_once_and_nothing_after_it() -> None:
    """The association is ready for another transfer with the same octets that refuse this one."""

    async def main() -> None:
        told: list[str] = []

        def ready(caller: Caller) -> None:
            told.append("ready")
            caller.transfer(bytes(200_000))

        caller = Caller(None, ready, lambda _, error: told.append(str(error)))
        async with listening(lambda: Association(small(), Answerer(lambda *_: None, lambda _: None), False)) as port:
            await caller.connect("127.0.0.1", port)
            await caller.ended
        assert told == ["ready", "transfer refused by the peer: reason 6 refused by the peer"]

    def small() -> rtse.Connection:
        return rtse.Connection(False, rtse.Parameters(maximum_apdu_size=1000), asyncio.get_running_loop().time())

    with structlog.testing.capture_logs() as logged:
        asyncio.run(main())
    assert not [line for line in logged if "fault" in line["event"]]


class Quitter(Answerer):
    """Confirms what it has taken, and aborts with the same octets."""

    def received(self, association: Association, events: list[Any]) -> None:
        super().received(association, events)
        if any(isinstance(event, rtse.RTTransferIndication) for event in events):
            self.abort()


def test_a_peer_that_confirms_and_aborts_at_once_is_not_sent_more() -> None:
    async def main() -> None:
        told: list[str] = []
        caller = Caller(None, lambda caller: caller.transfer(b"\xa0\x00"), lambda _, error: told.append(str(error)))
        quitter = Quitter(lambda *_: None, lambda _: None)
        async with listening(lambda: Association(rtse.Connection(False, rtse.Parameters()), quitter, False)) as port:
            await caller.connect("127.0.0.1", port)
            await caller.ended
        assert len(told) == 1
        assert told[0].startswith("association aborted")

    with structlog.testing.capture_logs() as logged:
        asyncio.run(main())
    assert not [line for line in logged if "fault" in line["event"]]


def test_a_connection_that_is_lost_fails_once() -> None:
    async def main() -> None:
        taken, failures = Taken(), list[TransferFailed]()
        async with listening(taken.make) as port:

            def ready(caller: Caller) -> None:
                taken.answerers[0].abort()

            caller = Caller(None, ready, lambda _, failure: failures.append(failure))
            await caller.connect("127.0.0.1", port)
            await asyncio.wait_for(caller.ended, 5)
        assert len(failures) == 1
        assert "aborted" in str(failures[0])

    asyncio.run(main())


def test_aborting_is_no_failure() -> None:
    async def main() -> None:
        taken, failures = Taken(), list[TransferFailed]()
        async with listening(taken.make) as port:
            caller = Caller(None, Caller.abort, lambda _, failure: failures.append(failure))
            await caller.connect("127.0.0.1", port)
            await asyncio.wait_for(caller.ended, 5)
            await settle(lambda: taken.ended == 1)
        assert not failures

    asyncio.run(main())
