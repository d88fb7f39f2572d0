"""TLS, signed binds, secrets, domains, and those who guess."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.server.harness import (
    SOURCE,
    apdu,
    configuration,
    delivered,
    free_port,
    run,
    sink,
    transfer,
    until,
    working,
)
from x400.mts.bind import Credentials, MTABindError, encode_argument
from x400.mts.stored import Stored
from x400.net.transfer import TransferFailed
from x400.server import config, security
from x400.server.binding import Binding, BindRefused
from x400.server.security import MAXIMUM_ADDRESSES, FailedBinds

ROOT = Authority("root", now=datetime.now(UTC))
TLS = '{{ trust = "../root.pem", certificate = "{0}.pem", key = "{0}.key", server-name = "{1}" }}'


def secured(
    folder: Path, name: str, port: int, peer: str, peer_port: int, more: str, authority: Authority = ROOT
) -> Path:
    """An MTA that listens with TLS and calls its peer with TLS."""
    path = configuration(folder, name, port, to={peer: peer_port}, peer_more=f"tls = {TLS.format(name, peer)}\n{more}")
    authority.write(folder, name)
    (folder / "root.pem").write_bytes(ROOT.pem)
    text = path.read_text().replace(f"port = {port}", f"port = {port}\ntls = {TLS.format(name, peer)}", 1)
    path.write_text(
        text.replace(f'name = "{name}"', f'name = "{name}"\ncertificate = "{name}.pem"\nkey = "{name}.key"', 1)
    )
    return path


@pytest.mark.parametrize("strong", [False, True])
def test_tls_there_and_back(tmp_path: Path, strong: bool) -> None:
    a, b = free_port(), free_port()
    plain = free_port()
    more = 'strong = { trust = "../root.pem" }' if strong else ""
    there = secured(tmp_path, "A", a, "B", b, more)
    with open(there, "a") as file:
        file.write(f"\n[[listener]]\nport = {plain}\n")
    here = secured(tmp_path, "B", b, "A", a, more)

    async def body() -> None:
        async with working(there) as first, working(here):
            await transfer(plain, [apdu("there", "/C=GB/A=TEST/P=B/S=Ann/", content=b"x" * 700_000)])
            await until(lambda: delivered(tmp_path, "B"))
            ours = [link.association for link in first.links if link.queue is not None]
            assert [association.certified for association in ours if association] == [frozenset({"B"})]

    run(body())
    ((content, _),) = delivered(tmp_path, "B").values()
    assert content == b"x" * 700_000


def test_a_caller_without_tls(tmp_path: Path) -> None:
    """On a listener with TLS there is nothing to say; on another, a peer that is to use TLS is refused."""
    a = free_port()
    plain = free_port()
    path = secured(tmp_path, "A", a, "B", 0 or free_port(), "")
    with open(path, "a") as file:
        file.write(f"\n[[listener]]\nport = {plain}\n")

    async def body() -> None:
        async with working(path):
            with pytest.raises(TransferFailed):
                await transfer(a, [apdu("x", "/C=GB/A=TEST/P=A/S=Ann/")])
            with pytest.raises(TransferFailed, match="authentication-error"):
                await transfer(plain, [apdu("x", "/C=GB/A=TEST/P=A/S=Ann/")], Credentials("B", "secret of B"))
            await transfer(plain, [apdu("x", "/C=GB/A=TEST/P=A/S=Ann/")])

    run(body())


def test_a_server_that_is_not_trusted(tmp_path: Path) -> None:
    a, b, plain = free_port(), free_port(), free_port()
    there = secured(tmp_path, "A", a, "B", b, "")
    with open(there, "a") as file:
        file.write(f"\n[[listener]]\nport = {plain}\n")
    here = secured(tmp_path, "B", b, "A", a, "", Authority("stranger", now=datetime.now(UTC)))

    async def body() -> None:
        async with working(there) as first, working(here):
            await transfer(plain, [apdu("x", "/C=GB/A=TEST/P=B/S=Ann/")])
            await until(lambda: first.counters.peer("B").unreachable)
            assert not delivered(tmp_path, "B")

    run(body())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("version", "lowest", "agreed"),
    [("TLSv1_1", None, False), ("TLSv1_2", None, True), ("TLSv1_3", None, True), ("TLSv1_1", "TLSv1", True)],
)
def test_nothing_before_tls_1_2(tmp_path: Path, version: str, lowest: str | None, agreed: bool) -> None:
    """The last line shows that it is the listener that refuses, and nothing else about the older version."""
    table = config.load(secured(tmp_path, "A", 1, "B", 2, "")).listener[0].tls
    assert table is not None
    folder = tmp_path / "A"
    server = security.tls_context(table, lambda file: str(folder / file), listening=True)
    client = security.tls_context(table, lambda file: str(folder / file), listening=False)
    client.check_hostname = False
    client.minimum_version = ssl.TLSVersion.TLSv1
    client.maximum_version = ssl.TLSVersion[version]
    for context in (server, client):
        context.set_ciphers("ALL:@SECLEVEL=0")
    if lowest is not None:
        server.minimum_version = ssl.TLSVersion[lowest]
    assert handshake(server, client) is agreed


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> bool:
    """Whether the two agree, each on its side of a pipe."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [client.wrap_bio(back, there), server.wrap_bio(there, back, server_side=True)]
    done: set[int] = set()
    for _ in range(8):
        for number, side in enumerate(sides):
            try:
                side.do_handshake()
                done.add(number)
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
    return done == {0, 1}


def test_the_certificate_must_be_the_peers(tmp_path: Path) -> None:
    binding = Binding(config.load(secured(tmp_path, "A", 1, "B", 2, "")))
    argument = encode_argument(Credentials("B", "secret of B"))
    assert binding.identify(argument, "192.0.2.1", frozenset({"B", "b.example"})).name == "B"
    for certified, cause in ((None, "TLS"), (frozenset({"C"}), "for C"), (frozenset(), "for nobody")):
        with pytest.raises(BindRefused, match=cause):
            binding.identify(argument, "192.0.2.1", certified)


# ---- strong credentials


def strong(folder: Path, name: str, peer: str, **more: bool) -> Binding:
    path = configuration(folder, name, 1, to={peer: 2}, peer_more='strong = { trust = "../root.pem" }')
    ROOT.write(folder, name, **more)
    path.write_text(
        path.read_text().replace(
            f'name = "{name}"', f'name = "{name}"\ncertificate = "{name}.pem"\nkey = "{name}.key"', 1
        )
    )
    return Binding(config.load(path))


def test_both_sides_sign(tmp_path: Path) -> None:
    a, b = strong(tmp_path, "A", "B"), strong(tmp_path, "B", "A")
    to_b, to_a = a._peers["B"], b._peers["A"]
    argument = a.argument(to_b)
    assert b.identify(argument, "192.0.2.1").name == "A"
    a.check_result(to_b, b.result(to_a))
    with pytest.raises(BindRefused, match="used before") as caught:
        b.identify(argument, "192.0.2.1")
    assert caught.value.error is MTABindError.AUTHENTICATION_ERROR
    with pytest.raises(BindRefused, match="no strong credentials"):
        b.identify(encode_argument(Credentials("A", "secret of A")), "192.0.2.1")
    with pytest.raises(BindRefused):
        a.check_result(to_b, encode_argument(Credentials("B", "secret of B")))
    with pytest.raises(BindRefused, match="not of 'B'"):
        a.check_result(to_b, argument)  # our own, sent back


def test_strong_credentials_of_one_of_whom_none_are_expected(tmp_path: Path) -> None:
    a = strong(tmp_path, "source", "A")
    argument = a.argument(a._peers["A"])
    simple = Binding(config.load(configuration(tmp_path, "A", 1)))
    with pytest.raises(BindRefused, match="no strong credentials are expected of 'source'"):
        simple.identify(argument, "192.0.2.1")


# ---- secrets


def test_passwords_from_a_file_and_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = configuration(tmp_path, "A", 1, to={"B": 2})
    text = path.read_text().replace('password = "secret of B"', 'password-file = "b.secret"')
    path.write_text(text.replace('own-password = "secret of A"', 'own-password-env = "SECRET_OF_A"'))
    with pytest.raises(config.ConfigError, match="password-file: expected a file with a password"):
        config.load(path)
    (tmp_path / "A" / "b.secret").write_text("from the file\n")
    with pytest.raises(config.ConfigError, match="own-password-env: expected a password of 1 to 62 characters there"):
        config.load(path)
    monkeypatch.setenv("SECRET_OF_A", "from the environment")
    peer = config.load(path).peers["B"]
    assert (peer.password, peer.own_password) == ("from the file", "from the environment")
    path.write_text(path.read_text().replace("password-file", 'password = "x"\npassword-file', 1))
    with pytest.raises(config.ConfigError, match="expected one password, in one place"):
        config.load(path)


def test_no_password_in_a_capture(tmp_path: Path) -> None:
    a, b = free_port(), free_port()
    path = configuration(tmp_path, "A", a, to={"B": b}, peer_more='capture = "out.pcapng"')
    path.write_text(path.read_text().replace(f"port = {a}", f'port = {a}\ncapture = "in.pcapng"', 1))
    came: list[bytes] = []

    async def body() -> None:
        async with working(path), sink(b, "B", lambda octets, peer: came.append(octets)):
            await transfer(a, [apdu("x", "/C=GB/A=TEST/P=B/S=Ann/")], SOURCE)
            await until(lambda: came)

    run(body())
    for name in ("in.pcapng", "out.pcapng"):
        octets = (tmp_path / "A" / name).read_bytes()
        assert b"secret of" not in octets
        assert b"*" * len("secret of A") in octets
        assert octets.count(b"source" if name == "in.pcapng" else b"B") >= 1


# ---- what a peer may pass


def test_the_domains_that_a_peer_speaks_for(tmp_path: Path) -> None:
    path = configuration(tmp_path, "A", 1)
    octets = Stored(apdu("x", "/C=GB/A=TEST/P=A/S=Ann/"))
    for domains, allowed in (
        ('["/C=GB/A=TEST/P=SOURCE/"]', True),
        ('["/C=GB/A=TEST/"]', True),
        ('["/C=FR/A=X/", "/C=GB/A=TEST/P=source/"]', True),
        ('["/C=GB/A=TEST/P=OTHER/"]', False),
        ("[]", False),
    ):
        text = path.read_text().replace('name = "source"', f'name = "source"\ndomains = {domains}', 1)
        cause = Binding(config.parse(text, str(path))).not_to_pass("source", octets)
        assert (cause is None) is allowed, (domains, cause)
    assert Binding(config.load(path)).not_to_pass("source", octets) is None


def test_what_comes_from_another_domain_is_refused(tmp_path: Path) -> None:
    a = free_port()
    path = configuration(tmp_path, "A", a)
    path.write_text(path.read_text().replace('name = "source"', 'name = "source"\ndomains = ["/C=FR/A=X/"]', 1))

    async def body() -> None:
        async with working(path):
            with pytest.raises(TransferFailed, match="transfer refused"):
                await transfer(a, [apdu("x", "/C=GB/A=TEST/P=A/S=Ann/")])
        assert not delivered(tmp_path, "A")

    run(body())


# ---- those who guess


def test_each_failure_makes_the_wait_longer() -> None:
    failed = FailedBinds(2, 1.0, 10.0)
    waits = []
    now = 100.0
    for _ in range(8):
        failed.failed("192.0.2.1", now)
        waits.append(failed.wait("192.0.2.1", now))
        now += waits[-1]
        assert failed.wait("192.0.2.1", now) == 0.0
    assert waits == [0.0, 0.0, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert failed.wait("192.0.2.2", now) == 0.0
    failed.succeeded("192.0.2.1")
    failed.failed("192.0.2.1", now)
    assert failed.wait("192.0.2.1", now) == 0.0


def test_the_table_of_those_who_guess_is_bounded() -> None:
    failed = FailedBinds(1, 1.0, 10.0)
    for number in range(MAXIMUM_ADDRESSES + 10):
        failed.failed(str(number), 0.0)
        failed.failed(str(number), 0.0)
    assert len(failed._failed) == MAXIMUM_ADDRESSES
    assert failed.wait("0", 0.0) == 0.0
    assert failed.wait(str(MAXIMUM_ADDRESSES), 0.0) == 1.0


def test_who_guesses_waits_even_with_the_right_password(tmp_path: Path) -> None:
    a = free_port()
    path = configuration(tmp_path, "A", a, more="[limits]\nfailed-binds = 2\n[timers]\nfailed-bind = 0.4")

    async def body() -> None:
        async with working(path):
            for _ in range(3):
                with pytest.raises(TransferFailed, match="authentication-error"):
                    await transfer(a, [apdu("x", "/C=GB/A=TEST/P=A/S=Ann/")], Credentials("source", "guess"))
            with pytest.raises(TransferFailed, match="busy"):
                await transfer(a, [apdu("x", "/C=GB/A=TEST/P=A/S=Ann/")])

            async def taken() -> bool:
                try:
                    await transfer(a, [apdu("x", "/C=GB/A=TEST/P=A/S=Ann/")])
                except TransferFailed:
                    return False
                return True

            while not await taken():
                await asyncio.sleep(0.1)

    run(body())
