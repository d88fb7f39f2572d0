"""Garbage on the port: no other association is stopped, no memory, no file descriptor is lost."""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.harness import HOST, SOURCE, Process, apdu, configuration, free_port, run, transfer, until
from x400.mts.bind import Credentials, encode_argument, encode_result
from x400.osi import rtse

MEMORY = 12 << 20


def recording() -> list[bytes]:
    """What the initiator of a good association says, a piece for each of its turns."""
    here, there = rtse.Connection(True, rtse.Parameters(), 0.0), rtse.Connection(False, rtse.Parameters(), 0.0)
    here.rt_open_request(encode_argument(SOURCE), 0.0)
    octets = apdu("recorded", "/C=GB/A=TEST/P=A/S=Ann/", content=b"x" * 300)
    said: list[bytes] = []
    sent = False
    for _ in range(30):
        piece = b"".join(here.data_to_send())
        if piece:
            said.append(piece)
            for event in there.receive_data(piece, 0.0):
                if isinstance(event, rtse.RTOpenIndication):
                    there.rt_open_response(True, encode_result(Credentials("A", "x")), now=0.0)
                elif isinstance(event, rtse.RTTransferIndication):
                    there.rt_transfer_response(now=0.0)
                elif isinstance(event, rtse.RTCloseIndication):
                    there.rt_close_response(0.0)
        for event in here.receive_data(b"".join(there.data_to_send()), 0.0):
            if isinstance(event, rtse.RTReady):
                if sent:
                    here.rt_close_request(0.0)
                else:
                    sent = True
                    here.rt_transfer_request(rtse.BytesSource(octets), now=0.0)
    assert len(said) >= 4
    return said


async def say(port: int, pieces: list[bytes], wait: float = 0.15) -> bytes:
    """Say the pieces, each after an answer to the one before; what was answered in all."""
    answers = b""
    with contextlib.suppress(OSError):
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            for piece in pieces:
                writer.write(piece)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        answer = await reader.read(65536)
                        if not answer:
                            break
                        answers += answer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    return answers


def tpkt(tpdu: bytes, length: int | None = None) -> bytes:
    return struct.pack("!BBH", 3, 0, len(tpdu) + 4 if length is None else length) + tpdu


def garbage(chance: random.Random, good: list[bytes]) -> list[list[bytes]]:
    """Pieces to say, one list for each association."""
    request = good[0]
    said = [
        [chance.randbytes(chance.randrange(1, 3000))],
        [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
        [request[: chance.randrange(1, len(request))]],
        [tpkt(b"\x11" + chance.randbytes(17))],
        [tpkt(request[4:], 65535) + b"\x00" * 70000],
        [tpkt(b"", 3)],
        [b"\x03\x00\x00\x04" * 50],
        [request, tpkt(b"\x02\xf0\x80" + chance.randbytes(60))],
        [request, tpkt(b"\x02\xf0\x80" + bytes([chance.choice((1, 7, 14, 25, 33, 41, 62, 255)), 4]) + b"\x00" * 4)],
        [request, tpkt(b"\x02\xf0\x80\x0d\xff\xff\xff" + b"\x00" * 100)],
        [request, good[1][:-1], chance.randbytes(30)],
        [*good[:2], tpkt(b"\x02\xf0\x80\x01\x00\x01\x00" + chance.randbytes(200))],
        [good[2]],
        [good[1]],
    ]
    for _ in range(8):
        pieces = [bytearray(piece) for piece in good]
        piece = chance.choice(pieces)
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(piece))
            what = chance.randrange(3)
            if what == 0:
                piece[place] = chance.randrange(256)
            elif what == 1:
                del piece[place]
            else:
                piece[place:place] = chance.randbytes(chance.randrange(1, 5))
        said.append([bytes(piece) for piece in pieces])
    return said


def test_garbage_does_not_disturb_others_and_nothing_leaks(tmp_path: Path) -> None:
    port = free_port()
    path = configuration(tmp_path, "A", port, more="[timers]\nbind = 1.0")
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    good = recording()
    confirmed: list[bytes] = []

    async def round_of_garbage() -> None:
        await asyncio.gather(*(say(port, pieces) for pieces in garbage(chance, good)))

    async def body(process: Process) -> None:
        assert len(await say(port, good, 2.0)) > 100, "the recording itself is a good association"
        stop = asyncio.Event()

        def good_messages() -> object:
            number = 0
            while not stop.is_set():
                yield apdu(f"good.{number}", "/C=GB/A=TEST/P=A/S=Ann/")
                number += 1

        going_on = asyncio.create_task(transfer(port, good_messages(), confirmed=confirmed.append))  # type: ignore[arg-type]
        for _ in range(4):
            await round_of_garbage()
        await asyncio.sleep(1.3)
        descriptors, resident = process.descriptors(), process.resident()
        for _ in range(10):
            before = len(confirmed)
            await round_of_garbage()
            await until(lambda before=before: len(confirmed) > before, 5)
        await asyncio.sleep(1.3)
        assert not going_on.done()
        stop.set()
        await going_on
        await until(lambda: process.descriptors() <= descriptors, 5)
        growth = process.resident() - resident
        print(f"{len(confirmed)} good transfers beside; memory grew by {growth / 2**20:.1f} MiB")
        assert growth < MEMORY
        assert len(await say(port, good, 2.0)) > 100

    with Process(path) as process:
        run(body(process))
        log = process.log.read_text()
        assert process.stop() == 0
    assert "fault in handling" not in log, log[log.index("fault in handling") - 200 :][:3000]
    assert "Traceback" not in log
    assert "association failed" in log


GOOD: list[bytes] = []


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_mutated_association_never_raises(data: st.DataObject) -> None:
    """The machine alone, without a socket: whatever comes, receiving raises nothing and ends in a known state."""
    if not GOOD:
        GOOD.extend(recording())
    connection = rtse.Connection(False, rtse.Parameters(), 0.0)
    which = data.draw(st.integers(0, len(GOOD) - 1))
    for number, piece in enumerate(GOOD):
        octets = bytearray(piece)
        if number == which:
            place = data.draw(st.integers(0, len(octets) - 1))
            octets[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=5))
        for event in connection.receive_data(bytes(octets), 1.0):
            if isinstance(event, rtse.RTOpenIndication):
                connection.rt_open_response(True, encode_result(None), now=1.0)
            elif isinstance(event, rtse.RTTransferIndication):
                connection.rt_transfer_response(now=1.0)
            elif isinstance(event, rtse.RTCloseIndication):
                connection.rt_close_response(1.0)
        connection.data_to_send()
        if connection.closed:
            break
