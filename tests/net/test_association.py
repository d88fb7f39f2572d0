"""The asyncio front over real sockets: octets, timers, flow control, faults of a user, the log line, the tap."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
import structlog
import uvloop

from x400.mts.bind import encode_argument, encode_result
from x400.net.association import Association
from x400.net.endpoint import call, listen, open_listener
from x400.osi import rtse

HOST = "127.0.0.1"


class Recorder:
    """A user that notes everything, opens when it is the initiator, and accepts when it is asked."""

    def __init__(self, on_event: Callable[[Association, Any], None] = lambda association, event: None) -> None:
        self.events: list[Any] = []
        self.octets = 0
        self.association: Association | None = None
        self.gone = asyncio.Event()
        self._on_event = on_event

    def made(self, association: Association) -> None:
        self.association = association
        if association.initiator:
            association.connection.rt_open_request(encode_argument(None), association.now())

    def received(self, association: Association, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, rtse.RTTransferData):
                self.octets += len(event.data)
                continue
            self.events.append(event)
            if isinstance(event, rtse.RTOpenIndication):
                association.connection.rt_open_response(True, encode_result(None), now=association.now())
            elif isinstance(event, rtse.RTCloseIndication):
                association.connection.rt_close_response(association.now())
            self._on_event(association, event)

    def lost(self, association: Association) -> None:
        assert not self.gone.is_set(), "lost comes once"
        self.gone.set()

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


class Octets:
    """A tap."""

    def __init__(self) -> None:
        self.sides: list[str] = []
        self.data: list[tuple[str, bytes]] = []

    def connection(self, local_addr: Any, peer_addr: Any, initiator: bool) -> Octets:
        self.sides.append("initiator" if initiator else "responder")
        return self

    def received(self, data: bytes) -> None:
        self.data.append(("received", data))

    def sent(self, data: bytes) -> None:
        self.data.append(("sent", data))

    def closed(self) -> None:
        self.data.append(("closed", b""))


def run(body: Coroutine[Any, Any, None]) -> None:
    uvloop.run(body)


@contextlib.asynccontextmanager
async def answering(
    recorder: Recorder, parameters: rtse.Parameters | None = None, taps: Octets | None = None
) -> AsyncIterator[int]:
    handle = open_listener(HOST, 0)
    chosen = parameters or rtse.Parameters()

    def make() -> Association:
        connection = rtse.Connection(False, chosen, asyncio.get_running_loop().time())
        return Association(connection, recorder, False, taps)

    server = await listen(handle, make)
    yield handle.getsockname()[1]
    server.close()


async def calling(port: int, recorder: Recorder, taps: Octets | None = None) -> Association:
    def make() -> Association:
        connection = rtse.Connection(True, rtse.Parameters(), asyncio.get_running_loop().time())
        return Association(connection, recorder, True, taps)

    return await call(HOST, port, make, 5)


def test_open_transfer_release_and_what_the_tap_sees() -> None:
    def answer(association: Association, event: Any) -> None:
        if isinstance(event, rtse.RTTransferIndication):
            association.connection.rt_transfer_response(now=association.now())

    sent = False

    def send(association: Association, event: Any) -> None:
        nonlocal sent
        if isinstance(event, rtse.RTReady):
            if sent:
                association.connection.rt_close_request(association.now())
            else:
                sent = True
                association.connection.rt_transfer_request(rtse.BytesSource(b"\x04\x02ab"), now=association.now())

    async def body() -> None:
        responder, initiator = Recorder(answer), Recorder(send)
        taps = Octets(), Octets()
        async with asyncio.timeout(10), answering(responder, taps=taps[0]) as port:
            await calling(port, initiator, taps[1])
            await initiator.gone.wait()
            await responder.gone.wait()
        assert responder.octets == 4
        assert responder.kinds() == ["RTOpenIndication", "RTTransferStart", "RTTransferIndication", "RTCloseIndication"]
        assert initiator.kinds()[-1] == "RTCloseConfirm"
        assert (taps[0].sides, taps[1].sides) == (["responder"], ["initiator"])
        assert taps[0].data[-1] == taps[1].data[-1] == ("closed", b"")
        for mine, others in ((0, 1), (1, 0)):
            received = b"".join(data for what, data in taps[mine].data if what == "received")
            assert received == b"".join(data for what, data in taps[others].data if what == "sent")
            assert received

    run(body())


def test_silence_is_ended_by_a_timer() -> None:
    async def body() -> None:
        responder = Recorder()
        async with asyncio.timeout(5), answering(responder, rtse.Parameters(connect_time=0.2)) as port:
            reader, writer = await asyncio.open_connection(HOST, port)
            assert await reader.read() == b""
            writer.close()
            await responder.gone.wait()
        (abort,) = responder.events
        assert isinstance(abort, rtse.RTAbort)
        assert abort.local

    run(body())


def test_one_log_line_a_failure_with_peer_layer_reason_and_offset() -> None:
    async def body() -> None:
        responder = Recorder()
        with structlog.testing.capture_logs() as lines:
            async with asyncio.timeout(5), answering(responder) as port:
                reader, writer = await asyncio.open_connection(HOST, port)
                writer.write(b"\x04\x00\x00\x08garbage")
                await reader.read()
                writer.close()
                await responder.gone.wait()
        (line,) = lines
        assert line["event"] == "association failed"
        assert line["peer"].startswith(HOST)
        assert line["layer"] == "transport"
        assert responder.association is not None
        assert line["association"] == responder.association.name
        assert {"reason", "offset", "detail"} <= line.keys()

    run(body())


def test_a_fault_of_ours_ends_one_association_only() -> None:
    def fail(association: Association, event: Any) -> None:
        raise ZeroDivisionError

    async def body() -> None:
        broken, sound = Recorder(fail), Recorder()
        initiators = Recorder(), Recorder()
        async with asyncio.timeout(10), answering(broken) as one, answering(sound) as other:
            await calling(other, initiators[1])
            with structlog.testing.capture_logs() as lines:
                await calling(one, initiators[0])
                await broken.gone.wait()
                await initiators[0].gone.wait()
            assert [line["event"] for line in lines].count("fault in handling an association") == 1
            assert "RTReady" in initiators[1].kinds()
            assert not initiators[1].gone.is_set()
            assert initiators[1].association is not None
            initiators[1].association.abort()
            await sound.gone.wait()

    run(body())


def test_a_peer_that_does_not_read_is_not_written_to_without_end() -> None:
    """Writing pauses: what the machine has to say stays with it, within its window."""

    async def body() -> None:
        reading = asyncio.Event()
        taken = 0

        async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal taken
            await reading.wait()
            while data := await reader.read(1 << 16):
                taken += len(data)

        server = await asyncio.start_server(slow, HOST, 0)
        port = server.sockets[0].getsockname()[1]
        recorder = Recorder()
        association = await calling(port, recorder)
        connection = association.connection
        queued = [b"x" * 65536 for _ in range(400)]
        given = 0

        def data_to_send() -> list[bytes]:
            nonlocal given
            given += bool(queued)
            return [queued.pop()] if queued else []

        class Endless:
            closed = False
            next_timer = staticmethod(lambda: None)
            receive_eof = connection.receive_eof

        Endless.data_to_send = staticmethod(data_to_send)  # type: ignore[attr-defined]
        association.connection = Endless  # type: ignore[assignment]
        for _ in range(300):
            association.flush()
            await asyncio.sleep(0)
        assert given < 200, "it has paused"
        reading.set()
        async with asyncio.timeout(10):
            while queued:
                association.flush()
                await asyncio.sleep(0)
        association.drop()
        server.close()

    run(body())


def test_nobody_there() -> None:
    async def body() -> None:
        with pytest.raises(OSError, match=r".*"):
            await calling(1, Recorder())

    run(body())


def test_a_port_in_use_is_told_with_its_number() -> None:
    handle = open_listener(HOST, 0)
    port = handle.getsockname()[1]
    handle.listen()
    with pytest.raises(OSError, match=f"cannot listen on {HOST}:{port}"):
        open_listener(HOST, port)
    handle.close()


def test_several_processes_may_share_a_port() -> None:
    first = open_listener(HOST, 0, shared=True)
    second = open_listener(HOST, first.getsockname()[1], shared=True)
    first.close()
    second.close()
