"""x400 load and x400 sink, together and through a relay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.processes import Running, relay_config, x400
from tests.cli.test_send import free_port


def test_load_into_the_sink() -> None:
    with Running("sink", "--listen", free_port(), "--count", 200) as sink:
        done = x400("load", "--to", sink.address, "--count", 200, "--size", 2000, "--associations", 4, "--json")
        assert sink.wait() == 0
    figures = json.loads(done.stdout)
    assert figures["count"] == 200
    assert figures["size"] == 2000
    assert figures["messages_per_second"] > 0
    assert figures["cpu_microseconds_per_message"] > 0
    latency = [figures["latency"][percent] for percent in ("50", "90", "99", "99.9", "100")]
    assert latency == sorted(latency)
    shown = "".join(sink.out)
    assert "200, 200 different" in shown


def test_large_messages() -> None:
    with Running("sink", "--listen", free_port(), "--count", 3, "--json", ready=False) as sink:
        address = sink.process.args[5]  # type: ignore[index]
        wait_for(address)
        x400("load", "--to", address, "--count", 3, "--size", 3_000_000, "--associations", 2)
        assert sink.wait() == 0
    assert json.loads("".join(sink.out))["octets"] > 9_000_000


def wait_for(address: str) -> None:
    import socket
    import time

    host, port = address.split(":")
    for _ in range(200):
        try:
            with socket.create_connection((host, int(port)), 1):
                return
        except OSError:
            time.sleep(0.05)


def test_through_a_relay(tmp_path: Path) -> None:
    to = ["--recipient", "/C=GB/A=T/P=NEXT/O=X/S=Sink/", "--from", "/C=GB/A=T/P=OTHER/O=X/S=Source/"]
    with (
        Running("sink", "--listen", free_port(), "--count", 100) as sink,
        Running("run", relay_config(tmp_path, next_hop=sink.address)) as relay,
    ):
        x400("load", "--to", relay.address, "--count", 100, "--associations", 3, *to)
        assert sink.wait() == 0
        assert relay.stop() == 0
    assert "100, 100 different" in "".join(sink.out)


def test_the_sink_tells_what_is_missing_and_what_came_twice(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with Running("sink", "--listen", free_port(), "--count", 3, "--keep", kept) as sink:
        x400("load", "--to", sink.address, "--count", 3, "--associations", 1)
        assert sink.wait() == 0
    first, second, _ = sorted(path.read_bytes() for path in kept.iterdir())
    with Running("sink", "--listen", free_port()) as sink:
        transfer(sink.address, [first, second, second])
        assert sink.stop() == 1
    shown = "".join(sink.out)
    run = first.partition(b".00000003.")[0][-9:].decode()
    assert f"{run}/2" in shown.split("missing")[1].split("came twice")[0]
    assert f"{run}/1" in shown.split("came twice")[1]


def transfer(address: str, apdus: list[bytes]) -> None:
    import asyncio

    from x400.net.transfer import transfer_all

    host, port = address.split(":")
    asyncio.run(transfer_all(host, int(port), apdus))


def test_no_peer() -> None:
    done = x400("load", "--to", free_port(), "--count", 10, code=1)
    assert "0 of 10 messages transferred" in done.stderr
    assert "cannot be reached" in done.stderr


def test_too_small() -> None:
    assert "size" in x400("load", "--to", free_port(), "--size", 10, code=1).stderr


def test_the_sink_goes_on_after_what_is_no_message() -> None:
    with Running("sink", "--listen", free_port()) as sink:
        transfer(sink.address, [b"\x30\x00", b"\xa0\x02\x30\x00", b"\xff"])
        x400("load", "--to", sink.address, "--count", 2)
        assert sink.stop() == 0
    shown = "".join(sink.out)
    assert "2, 2 different" in shown
    assert "invalid" in shown


def test_a_rate_and_the_time_of_each(tmp_path: Path) -> None:
    handed_in, came = tmp_path / "handed-in", tmp_path / "came"
    with Running("sink", "--listen", free_port(), "--count", 50, "--times", came) as sink:
        arguments = ("--count", 50, "--size", 500, "--associations", 3, "--rate", 200, "--times", handed_in, "--json")
        done = x400("load", "--to", sink.address, *arguments)
        assert sink.wait() == 0
    assert done.returncode == 0
    began = dict(line.split() for line in handed_in.read_text().splitlines())
    ended = dict(line.split() for line in came.read_text().splitlines())
    assert len(began) == 50
    assert began.keys() == ended.keys()
    assert all(float(ended[one]) > float(at) for one, at in began.items())
    due = sorted(map(float, began.values()))
    assert due[-1] - due[0] == pytest.approx(49 / 200, abs=0.005)  # a loop's timer may be early, by a millisecond
