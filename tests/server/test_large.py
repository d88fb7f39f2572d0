"""A content of 100 MB through the relay: the same octets, and less than 32 MB more of resident memory."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.server.harness import Process, apdu, configuration, free_port, run, sink, transfer, until
from x400.mta import Stored
from x400.mts.apdu import Apdu

SIZE = 100_000_000
GROWTH = 32 << 20


def test_100_mb(tmp_path: Path) -> None:
    a, b = free_port(), free_port()
    path = configuration(tmp_path, "A", a, to={"B": b})
    came: list[bytes] = []

    async def body() -> None:
        with Process(path) as relay:
            async with sink(b, "B", lambda octets, peer: came.append(octets)):
                to = "/C=GB/A=TEST/P=B/S=Ann/"
                await transfer(a, [apdu(f"warm.{number}", to, content=b"x" * 1000) for number in range(50)])
                await until(lambda: len(came) == 50)
                came.clear()
                before = relay.resident()
                relay.reset_peak()
                at_rest = relay.peak()
                content = hashlib.shake_128(b"content").digest(1 << 20) * (SIZE >> 20) + b"x" * (SIZE % (1 << 20))
                assert len(content) == SIZE
                await transfer(a, [apdu("large", to, content=content)])
                (octets,) = await until(lambda: came, 60)
                growth = max(relay.peak() - at_rest, relay.resident() - before)
                print(f"peak of resident memory: {growth / 2**20:.1f} MiB above what it was")
                assert bytes(Apdu(Stored(octets)).contents().buffers[0]) == content
                assert growth < GROWTH
            assert relay.stop() == 0
        assert not list((tmp_path / "A" / "spool" / "worker-0" / "contents").iterdir())

    run(body())
