"""The client of a directory, against slapd, and against a server that means harm."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import PEM, Authority
from tests.slapd import ADMIN, BASE, PASSWORD, Slapd, ldif
from x400.asn1 import compiled_type
from x400.net.ldap import MAX_MESSAGE, Client, LdapError, Server
from x400.net.ldap_filter import Filter

PEOPLE = "".join(ldif(f"user{number}", sn=f"Surname {number}", o="Here", routingMTA="next") for number in range(20))
WEIRD = ldif("star", sn="*") + ldif("parens", sn="x)(cn=*")


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(tmp_path_factory.mktemp("slapd"), PEOPLE + WEIRD) as running:
        yield running


def found(server: Server, *filters: Any, most: int = 3, base: str = BASE) -> list[list[str]]:
    """The names of what is found by each, all asked at once."""

    async def body() -> list[list[str]]:
        client = Client(server)
        try:
            answers = await asyncio.gather(*(client.search(base, one, ("cn", "routingMTA"), most) for one in filters))
            return [[entry.attributes["cn"][0].decode() for entry in answer] for answer in answers]
        finally:
            await client.close()

    return asyncio.run(body())


def by_surname(value: str) -> Any:
    return Filter("(&(objectClass=mhsUser)(sn={S}))").filled({"S": value})


@pytest.mark.slapd
def test_many_searches_at_once_over_one_connection(slapd: Slapd) -> None:
    answers = found(Server("127.0.0.1", slapd.port), *(by_surname(f"surname {number}") for number in range(25)))
    assert answers == [[f"user{number}"] for number in range(20)] + [[]] * 5


@pytest.mark.slapd
def test_what_would_be_notation_in_a_filter_finds_itself_alone(slapd: Slapd) -> None:
    server = Server("127.0.0.1", slapd.port)
    assert found(server, by_surname("*"), by_surname("x)(cn=*"), by_surname("Surname*")) == [["star"], ["parens"], []]


@pytest.mark.slapd
def test_more_than_were_asked_for(slapd: Slapd) -> None:
    (answer,) = found(Server("127.0.0.1", slapd.port), Filter("(o=Here)").filled({}), most=3)
    assert len(answer) == 4


@pytest.mark.slapd
def test_bind_by_name_and_password(slapd: Slapd) -> None:
    assert found(Server("127.0.0.1", slapd.port, None, ADMIN, PASSWORD), by_surname("*")) == [["star"]]
    with pytest.raises(LdapError, match="bind ended with invalidCredentials"):
        found(Server("127.0.0.1", slapd.port, None, ADMIN, "wrong"), by_surname("*"))


@pytest.mark.slapd
def test_a_base_that_is_not_there_is_no_empty_answer(slapd: Slapd) -> None:
    with pytest.raises(LdapError, match="noSuchObject"):
        found(Server("127.0.0.1", slapd.port), by_surname("*"), base="dc=elsewhere")


@pytest.mark.slapd
def test_down_and_up_again(tmp_path: Path) -> None:
    async def body() -> None:
        one = Slapd(tmp_path / "slapd", PEOPLE)
        client = Client(Server("127.0.0.1", one.port))
        with pytest.raises(LdapError, match="no connection"):
            await client.search(BASE, by_surname("Surname 1"), ("cn",), 1)
        for _ in range(2):
            one.start()
            assert len(await client.search(BASE, by_surname("Surname 1"), ("cn",), 1)) == 1
            one.stop()
            await asyncio.sleep(0.1)
        with pytest.raises(LdapError):
            await client.search(BASE, by_surname("Surname 1"), ("cn",), 1)
        await client.close()

    asyncio.run(body())


# ---- a server that means harm

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def message(number: int, kind: str, value: Any) -> bytes:
    octets: bytes = compiled_type("Lightweight-Directory-Access-Protocol-V3", "LDAPMessage").encode(
        {"messageID": number, "protocolOp": (kind, value)}
    )
    return octets


def result(code: str = "success") -> dict[str, Any]:
    return {"resultCode": code, "matchedDN": b"", "diagnosticMessage": b""}


@contextlib.asynccontextmanager
async def answering(search: Talk) -> AsyncIterator[int]:
    """A server that binds whoever comes, and answers the first search by `search`."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(4096)
            writer.write(message(1, "bindResponse", result()))
            await reader.read(4096)
            await search(reader, writer)
            await reader.read()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def refused(search: Talk, match: str, timeout: float = 5.0) -> None:
    async def body() -> None:
        async with answering(search) as port:
            client = Client(Server("127.0.0.1", port, timeout=timeout))
            with pytest.raises(LdapError, match=match):
                await client.search(BASE, by_surname("x"), ("cn",), 1)
            await client.close()

    asyncio.run(body())


ENTRY = {"objectName": b"cn=x", "attributes": [{"type": b"cn", "vals": [b"x"]}]}


@pytest.mark.parametrize(
    ("octets", "match"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not a message of LDAP"),
        (b"\x30\x80" + b"\0" * 64, "not a message of LDAP"),
        (b"\x30\x84\xff\xff\xff\xff", f"longer than {MAX_MESSAGE}"),
        (b"\x30\x89" + b"\xff" * 9, "not a message of LDAP"),
        (b"\x30\x06\x02\x01\x02\x65\x84\xff", "not a message of LDAP"),
        (b"\x30\x03\x02\x01\x02", "not a message of LDAP"),
        (b"", "has closed the connection"),
        (b"\x30\x20\x02\x01", "has closed the connection"),
        (message(2, "searchResEntry", ENTRY) * 10, "more entries than were asked for"),
        (message(0, "extendedResp", result("unavailable")), "the directory ends the connection"),
        (message(2, "searchResDone", result("busy")), "ended with busy"),
        (message(2, "searchResDone", result("sizeLimitExceeded")), "ended with sizeLimitExceeded"),
        (message(2, "searchResRef", [b"ldap://elsewhere/"]) + message(2, "searchResDone", result()), "elsewhere"),
    ],
)
def test_a_directory_that_answers_something_else(octets: bytes, match: str) -> None:
    async def search(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(octets)
        if "closed" in match:
            writer.close()

    refused(search, match)


def test_a_directory_that_is_silent() -> None:
    async def search(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(message(77, "searchResDone", result()))

    refused(search, "no answer in time", timeout=0.2)


@pytest.mark.slapd
def test_over_tls(tmp_path: Path) -> None:
    authority = Authority("directory authority", now=datetime.now(UTC))
    certificate, trusted = tmp_path / "directory.pem", tmp_path / "authority.pem"
    certificate.write_bytes(b"".join(authority.issue("localhost")))
    trusted.write_bytes(authority.certificate.public_bytes(PEM))
    trust = ssl.create_default_context(cafile=str(trusted))
    with Slapd(tmp_path / "slapd", PEOPLE, certificate=certificate) as running:
        assert found(Server("localhost", running.port, trust), by_surname("Surname 7")) == [["user7"]]
        with pytest.raises(LdapError, match="no connection"):
            found(Server("localhost", running.port, ssl.create_default_context()), by_surname("Surname 7"))
