"""An MTA that asks a directory, which is slapd, for the names that no route knows."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.server.harness import (
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
from tests.slapd import ADMIN, BASE, PASSWORD, Slapd, ldif
from x400.asn1 import compiled_type
from x400.server import config
from x400.server.observation import measured
from x400.spool import queries

pytestmark = pytest.mark.slapd

HERE, THERE, MOVED = (f"/C=GB/A=TEST/P=ELSEWHERE/O=X/S={name}/" for name in ("Here", "There", "Moved"))
NOBODY = "/C=GB/A=TEST/P=ELSEWHERE/O=X/S=Nobody/"
STAR = "/C=GB/A=TEST/P=ELSEWHERE/O=X/S=$*/"

ENTRIES = (
    ldif("here", sn="Here", o="X", routingMTA="A")
    + ldif("there", sn="There", o="X", routingMTA="B")
    + ldif("moved", sn="Moved", o="X", redirectTo=HERE)
    + ldif("stray", sn="Stray", o="X", routingMTA="nowhere")
)


def asking(folder: Path, port: int, url: str, *, to: dict[str, int] | None = None, **more: Any) -> Path:
    """An MTA that delivers what the directory says is its own to the folder `by-directory`."""
    (folder / "secret").write_text(PASSWORD + "\n")
    keys = {
        "url": url,
        "base": BASE,
        "filter": "(&(objectClass=mhsUser)(o={O})(sn={S}))",
        "bind-name": ADMIN,
        "password-file": "../secret",
        "mta-attribute": "routingMTA",
        "redirect-attribute": "redirectTo",
        "deliver": "by-directory",
        "timeout": 2.0,
        "retry": 0.3,
    } | {key.replace("_", "-"): value for key, value in more.items()}
    lines = [f"{key} = {value!r}" for key, value in keys.items()]
    routes = {"/C=GB/A=TEST/P=SOURCE/": "source"}
    return configuration(folder, "A", port, to=to, routes=routes, more="\n".join(["[directory]", *lines]))


def by_directory(folder: Path) -> list[str]:
    """For whom something was delivered on the word of the directory."""
    found = []
    for path in (folder / "A" / "by-directory").glob("[!.]*/content"):
        found.append(path.read_text())
    return sorted(found)


def reasons(spool: Path) -> list[str]:
    """Why messages of this test were not delivered, and to whom."""
    return sorted(
        line.detail
        for number in range(1, 9)
        for line in queries.trace(spool, identifier(number))
        if line.action == "non-delivery"
    )


def waiting(spool: Path) -> int:
    return sum(line.total for line in queries.queues(spool) if line.queue == "directory:")


def test_an_entry_routes_a_message(tmp_path: Path) -> None:
    """To a peer, to a folder, to somebody else; who has no entry is not recognised; `*` is no wildcard."""

    async def body() -> None:
        port, peer = free_port(), free_port()
        came: list[bytes] = []
        with Slapd(tmp_path / "slapd", ENTRIES) as slapd:
            path = asking(tmp_path, port, slapd.url, to={"B": peer})
            spool = tmp_path / "A" / "spool"
            async with sink(peer, "B", lambda octets, _: came.append(octets)), working(path) as worker:
                await transfer(port, [
                    apdu(1, HERE, content=b"for here"), apdu(2, THERE), apdu(3, MOVED, content=b"for moved"),
                    apdu(4, NOBODY), apdu(5, STAR), apdu(6, "/C=GB/A=TEST/P=ELSEWHERE/S=Here/"),
                ])  # fmt: skip
                await until(lambda: len(by_directory(tmp_path)) == 2 and came and not waiting(spool))
                await until(lambda: len(reasons(spool)) == 3)
                assert by_directory(tmp_path) == ["for here", "for moved"]
                assert all("unrecognised-or-name" in reason for reason in reasons(spool))
                (passed,) = came
                _, message = compiled_type("MTSTransferProtocol", "MTS-APDU").decode(passed)
                assert len(message["envelope"]["trace-information"]) == 2
                # what is known is not asked for again, and goes on without a detour over the queue
                await transfer(port, [apdu(7, HERE, content=b"again")])
                await until(lambda: len(by_directory(tmp_path)) == 3)
                assert "directory-lookup" not in [line.action for line in queries.trace(spool, identifier(7))]
                told = await measured(worker)
                counted = {name: samples[0].value for name, samples in told.counters.items() if "directory" in name}
                assert counted["directory_failures"] == 0
                assert counted["directory_lookups"] == 5, "of six names one lacks what is asked for"
                assert counted["directory_unknown"] == 2
                assert counted["directory_cache_hits"] > 0
                assert sum(told.histograms["directory_lookup_seconds"].counts) == 5

    run(body())


def test_a_change_is_seen_when_the_answer_is_not_kept_any_more(tmp_path: Path) -> None:
    async def body() -> None:
        port, peer = free_port(), free_port()
        came: list[bytes] = []
        with Slapd(tmp_path / "slapd", ENTRIES) as slapd:
            path = asking(tmp_path, port, slapd.url, to={"B": peer}, cache=3.0, negative_cache=1.0)
            async with sink(peer, "B", lambda octets, _: came.append(octets)), working(path):
                await transfer(port, [apdu(1, HERE, content=b"one")])
                await until(lambda: by_directory(tmp_path) == ["one"])
                await asyncio.to_thread(slapd.change, "here", "routingMTA", "B")
                await asyncio.sleep(3.0)
                await transfer(port, [apdu(2, HERE, content=b"two")])
                await until(lambda: len(came) == 1)
                await transfer(port, [apdu(3, NOBODY)])
                await until(lambda: len(reasons(tmp_path / "A" / "spool")) == 1)
                await asyncio.to_thread(slapd.add, ldif("nobody", sn="Nobody", o="X", routingMTA="A"))
                await asyncio.sleep(1.0)
                await transfer(port, [apdu(4, NOBODY, content=b"four")])
                await until(lambda: by_directory(tmp_path) == ["four", "one"])

    run(body())


def test_a_directory_that_is_down_makes_messages_wait(tmp_path: Path) -> None:
    """Over a restart of the MTA, too; who is known otherwise waits for nobody."""

    async def body() -> None:
        port = free_port()
        slapd = Slapd(tmp_path / "slapd", ENTRIES)
        path = asking(tmp_path, port, slapd.url)
        spool = tmp_path / "A" / "spool"
        async with working(path) as worker:
            ours = "/C=GB/A=TEST/P=A/S=Ann/"
            await transfer(
                port, [apdu(1, HERE, ours, content=b"one"), apdu(2, NOBODY), apdu(3, HERE, content=b"three")]
            )
            await until(lambda: len(delivered(tmp_path, "A")) == 1)
            await until(lambda: worker.counters.directory.failed >= 2)
            assert waiting(spool) == 3
            await until(lambda: all("no connection" in one.error for one in queries.waiting(spool, "directory:")))
            assert not reasons(spool)
        async with working(path) as worker:
            await until(lambda: worker.counters.directory.failed >= 1)
            assert waiting(spool) == 3
            await asyncio.to_thread(slapd.start)
            await until(lambda: by_directory(tmp_path) == ["one", "three"])
            await until(lambda: len(reasons(spool)) == 1)
            await asyncio.to_thread(slapd.stop)
            await transfer(port, [apdu(4, THERE)])
            await until(lambda: waiting(spool) == 1)

    run(body())


def test_one_answer_of_no_use_does_not_keep_the_others(tmp_path: Path) -> None:
    async def body() -> None:
        port = free_port()
        with Slapd(tmp_path / "slapd", ENTRIES) as slapd:
            path = asking(tmp_path, port, slapd.url, retry=3600.0)
            spool = tmp_path / "A" / "spool"
            async with working(path) as worker:
                await transfer(port, [apdu(1, "/C=GB/A=TEST/P=ELSEWHERE/O=X/S=Stray/")])
                await until(lambda: worker.counters.directory.failed == 1)
                await transfer(port, [apdu(2, HERE, content=b"2" * 500_000)])
                await until(lambda: by_directory(tmp_path) == ["2" * 500_000])
                (stray,) = await until(lambda: [one for one in queries.waiting(spool) if one.error])
                assert "'nowhere' is no peer" in stray.error
                await until(lambda: not list((spool / "worker-0" / "contents").iterdir()))

    run(body())


def test_what_waits_too_long_is_given_up(tmp_path: Path) -> None:
    async def body() -> None:
        port = free_port()
        path = asking(tmp_path, port, f"ldap://127.0.0.1:{free_port()}")
        path.write_text(path.read_text() + "[transfer-times]\nnormal = 1.5\n")
        spool = tmp_path / "A" / "spool"
        async with working(path):
            await transfer(port, [apdu(1, HERE)])
            await until(lambda: len(reasons(spool)) == 1)
            assert "directory-operation-unsuccessful maximum-time-expired" in reasons(spool)[0]
            assert not waiting(spool)

    run(body())


def test_what_the_procedures_fail_with_is_kept_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was confirmed: its file goes into quarantine with its head, and only then does it leave the queue."""

    async def body() -> None:
        port = free_port()
        path = asking(tmp_path, port, f"ldap://127.0.0.1:{free_port()}")
        spool = tmp_path / "A" / "spool"

        def fault(*_: object) -> None:
            raise RuntimeError("a fault of ours")

        async with working(path) as worker:
            monkeypatch.setattr(worker.mta, "wanted", fault)
            await transfer(port, [apdu(1, HERE, content=b"1" * 500_000)])
            (kept,) = await until(lambda: queries.quarantined(spool))
            await until(lambda: not waiting(spool))
        assert kept.about.reason == "a fault of ours"
        assert kept.path.read_bytes().endswith(b"1" * 500_000)
        assert worker.counters.quarantined == 1

    run(body())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"url": "http://127.0.0.1/"}, "directory.url: expected ldap://HOST:PORT or ldaps://HOST:PORT"),
        ({"url": "ldaps://127.0.0.1/"}, "expected tls, with the authorities to trust"),
        ({"filter": "(sn={S}"}, "directory.filter: expected '\\)' at character 8"),
        ({"filter": "(sn=x)"}, "expected a filter that names the address"),
        ({"bind_name": ""}, "expected a bind-name and one of password-file"),
        ({"password_file": "../absent"}, "expected a file with a password"),
        ({"cached": 10}, "directory.cached"),
        ({"mta_attribute": "no attribute"}, "directory.mta-attribute"),
    ],
)
def test_a_table_that_is_wrong_is_refused(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    path = asking(tmp_path, 1, **({"url": "ldap://127.0.0.1:389"} | change))
    with pytest.raises(config.ConfigError, match=expected):
        config.load(path)
