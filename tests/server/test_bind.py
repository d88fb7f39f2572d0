"""Who may associate with whom (X.411 8.1.1): both directions."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from tests.server.harness import (
    SOURCE,
    apdu,
    configuration,
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

TEXT = """
[mta]
name = "US"
global-domain-identifier = "/C=GB/A=X/"
[[peer]]
name = "named"
password = "secret"
own-password = "ours"
[[peer]]
name = "callee"
[[peer]]
name = "open"
unauthenticated = true
hosts = ["10.0.0.0/8", "::1"]
[[peer]]
name = "other open"
unauthenticated = true
hosts = ["10.0.0.0/8"]
"""


@pytest.fixture
def binding() -> Binding:
    return Binding(config.parse(TEXT, "us.toml"))


@pytest.mark.parametrize(
    ("credentials", "address", "peer"),
    [
        (Credentials("named", "secret"), "192.0.2.1", "named"),
        (Credentials("named", b"secret"), "192.0.2.1", "named"),
        (None, "10.1.2.3", "open"),
        (None, "::ffff:10.1.2.3", "open"),
        (None, "::1", "open"),
        (Credentials("other open", "anything"), "10.1.2.3", "other open"),
    ],
)
def test_who_is_recognised(binding: Binding, credentials: Credentials | None, address: str, peer: str) -> None:
    assert binding.identify(encode_argument(credentials), address).name == peer


@pytest.mark.parametrize(
    ("argument", "address", "cause"),
    [
        (encode_argument(Credentials("named", "wrong")), "10.0.0.1", "wrong password of 'named'"),
        (encode_argument(Credentials("nobody", "secret")), "10.0.0.1", "no peer 'nobody'"),
        (encode_argument(Credentials("callee", "")), "192.0.2.1", "no peer 'callee'"),
        (encode_argument(Credentials("open", "x")), "192.0.2.1", "no peer 'open' is expected from 192.0.2.1"),
        (encode_argument(None), "192.0.2.1", "no peer without credentials"),
        (encode_argument(None), "unknown", "no peer without credentials"),
        (b"\x04\x00", "10.0.0.1", ""),
    ],
)
def test_who_is_refused(binding: Binding, argument: bytes, address: str, cause: str) -> None:
    with pytest.raises(BindRefused, match=cause or None) as caught:
        binding.identify(argument, address)
    assert caught.value.error is MTABindError.AUTHENTICATION_ERROR
    assert "secret" not in str(caught.value)


def test_what_we_present(binding: Binding) -> None:
    peers = config.parse(TEXT, "us.toml").peers
    assert decode_result(binding.result(peers["named"])) == Credentials("US", "ours")
    assert decode_result(binding.result(peers["open"])) is None


@pytest.mark.parametrize(
    ("credentials", "cause"),
    [(None, "without credentials"), (Credentials("named", "no"), "wrong"), (Credentials("x", "secret"), "wrong")],
)
def test_who_answers_is_checked(binding: Binding, credentials: Credentials | None, cause: str) -> None:
    peer = config.parse(TEXT, "us.toml").peers["named"]
    with pytest.raises(BindRefused, match=cause):
        binding.check_result(peer, encode_result(credentials))
    with pytest.raises(BindRefused):
        binding.check_result(peer, None)
    binding.check_result(peer, encode_result(Credentials("named", "secret")))


def test_refused_on_the_wire(tmp_path: Path) -> None:
    async def body() -> None:
        port = free_port()
        async with working(configuration(tmp_path, "A", port)):
            for credentials in (None, Credentials("stranger", "x"), Credentials(SOURCE.name, "guess")):
                with pytest.raises(TransferFailed, match="authentication-error"):
                    await transfer(port, [], credentials)
            await transfer(port, [])

    run(body())


def test_too_many_associations_of_one_peer(tmp_path: Path) -> None:
    async def body() -> None:
        port = free_port()
        path = configuration(tmp_path, "A", port, more="[limits]\nassociations-per-peer = 1\nassociations = 3")
        async with working(path) as worker:
            first = await idle_caller(port)
            with pytest.raises(TransferFailed, match="busy"):
                await transfer(port, [])
            first.release()
            await first.ended
            await until(lambda: not worker.links)
            await transfer(port, [apdu(1, "/C=GB/A=TEST/P=A/S=Ann/")])

    run(body())


def test_too_many_associations_in_all(tmp_path: Path) -> None:
    """Silent callers take the places that there are: the first of them makes room for who comes, and is served. The
    others lose theirs to a timer."""

    async def body() -> None:
        port = free_port()
        more = "[limits]\nassociations = 5\nunbound-associations = 3\n[timers]\nbind = 1.0"
        async with working(configuration(tmp_path, "A", port, more=more)):
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            await transfer(port, [apdu(1, "/C=GB/A=TEST/P=A/S=Ann/")])
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.wait_for(silent[0][0].read(), 0.1) == b"", "one too many"
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(silent[1][0].read(), 0.05)
            for one, other in silent[1:]:
                assert await asyncio.wait_for(one.read(), 3) == b""
                other.close()
            silent[0][1].close()

    run(body())


def test_an_impostor_gets_nothing(tmp_path: Path) -> None:
    """Who answers at the peer's address with other credentials gets no message."""

    async def body() -> None:
        a, b = free_port(), free_port()
        path = configuration(tmp_path, "A", a, to={"B": b})
        came: list[bytes] = []
        async with working(path) as worker:
            async with sink(b, "IMPOSTOR", lambda octets, peer: came.append(octets)):
                await transfer(a, [apdu(1, "/C=GB/A=TEST/P=B/S=Ann/")])
                await until(lambda: worker.peer_queue("B").failures >= 2)
            assert came == []
            async with sink(b, "B", lambda octets, peer: came.append(octets)):
                await until(lambda: came)

    run(body())
