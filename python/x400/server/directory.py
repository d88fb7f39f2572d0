"""The directory that is asked for names that no route knows: [directory] of the configuration, and what asks it.

What a directory has to be asked for waits on disk, in a queue of its own (`DirectoryQueue`), and goes on when all of
its names have an answer. While the directory does not answer, everything waits, and is tried again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

import structlog
from msgspec import Meta

from x400.mta.directory import Answer, DirectoryCache
from x400.mts.exceptions import InvalidORAddress
from x400.mts.oraddress import ORAddress
from x400.net.ldap import Client, Entry, LdapError, Server
from x400.net.ldap_filter import Filter, InvalidFilter
from x400.server import security
from x400.server.counters import DirectoryCounters
from x400.server.peer_tables import Tls
from x400.server.tables import Count, Fail, Seconds, Table, Text

__all__ = ["DirectoryFailed", "DirectoryTable", "Lookup", "check_directory"]

log = structlog.get_logger("x400.server")

PORTS = {"ldap": 389, "ldaps": 636}
TOGETHER = 32
"""Names of one message that are asked for at once."""

Attribute = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")]


class DirectoryTable(Table):
    """[directory]: names that no route knows are looked up by LDAP.

    ``filter`` is a search filter (RFC 4515) in which ``{address}`` stands for the O/R address as ``x400 trace`` writes
    it, ``{O}``, ``{S}``, ``{OU1}`` and so on for one attribute of it; a name that lacks one is not in the directory.
    ``mta-attribute`` of the entry holds the name of the peer that is next, or our own name: then ``deliver`` is where
    the message goes. ``redirect-attribute`` holds the O/R address of who gets what is for this name.
    """

    url: Text
    base: str
    filter: Text
    bind_name: str = ""
    password_file: Text | None = None
    password_env: Text | None = None
    tls: Tls | None = None
    mta_attribute: Attribute | None = None
    redirect_attribute: Attribute | None = None
    deliver: Text | None = None
    timeout: Seconds = 5.0
    cache: Seconds = 600.0
    negative_cache: Seconds = 60.0
    cached: Annotated[int, Meta(ge=32_768)] = 65_536
    retry: Seconds = 30.0
    searches: Count = 64


def check_directory(table: DirectoryTable, path: Callable[[str], str], fail: Fail) -> None:
    """What types alone do not say."""
    try:
        _host_port(table.url)
    except ValueError as error:
        raise fail(str(error), "directory", "url") from None
    try:
        places = Filter(table.filter).places
    except InvalidFilter as error:
        raise fail(str(error), "directory", "filter") from None
    if not places:
        raise fail("expected a filter that names the address, as {address} or {S}", "directory", "filter")
    if table.mta_attribute is None and table.redirect_attribute is None:
        raise fail("expected mta-attribute or redirect-attribute", "directory")
    if table.tls is not None and urlsplit(table.url).scheme != "ldaps":
        raise fail("expected a url that begins with ldaps:", "directory", "tls")
    if table.tls is None and urlsplit(table.url).scheme == "ldaps":
        raise fail("expected tls, with the authorities to trust", "directory")
    if (table.password_file is not None) + (table.password_env is not None) != bool(table.bind_name):
        raise fail("expected a bind-name and one of password-file and password-env, or none of them", "directory")
    try:
        server_of(table, path)
    except ValueError as error:
        raise fail(str(error), "directory") from None


def _host_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
        raise ValueError(f"expected ldap://HOST:PORT or ldaps://HOST:PORT, got {url!r}")
    return parts.hostname, parts.port or PORTS[parts.scheme]


def server_of(table: DirectoryTable, path: Callable[[str], str]) -> Server:
    """Where it is, with the password and the certificates read; raises ValueError."""
    host, port = _host_port(table.url)
    password = ""
    if table.bind_name:
        file = None if table.password_file is None else path(table.password_file)
        password = security.secret(file, table.password_env)
    tls = None if table.tls is None else security.tls_context(table.tls, path, listening=False)
    return Server(host, port, tls, table.bind_name, password, table.timeout)


class DirectoryFailed(Exception):
    """There is no answer for some name: the directory does not answer at all, or what it answers makes no sense here
    (`answers`)."""

    def __init__(self, cause: str, *, answers: bool = False) -> None:
        super().__init__(cause)
        self.answers = answers


class _BadEntry(Exception):
    """What an entry says makes no sense here."""


class Lookup:
    """Asks, and keeps the answers in `cache`. `peers` are the names that an answer may give as the next MTA."""

    def __init__(
        self,
        table: DirectoryTable,
        own_name: str,
        peers: Callable[[], Any],
        path: Callable[[str], str],
        counters: DirectoryCounters,
    ) -> None:
        self.retry = table.retry
        self.cache = DirectoryCache(
            timedelta(seconds=table.cache), timedelta(seconds=table.negative_cache), table.cached
        )
        self._table = table
        self._own_name = own_name
        self._peers = peers
        self._folder = None if table.deliver is None else path(table.deliver)
        self._filter = Filter(table.filter)
        named = (table.mta_attribute, table.redirect_attribute)
        self._attributes = tuple(attribute for attribute in named if attribute is not None)
        self._counters = counters
        self._client = Client(server_of(table, path))
        self._room = asyncio.Semaphore(table.searches)
        self._asked: dict[ORAddress, asyncio.Future[None]] = {}

    async def look_up(self, names: Sequence[ORAddress]) -> None:
        """Ask for all of these, and put the answers into the cache. Raises DirectoryFailed."""
        for place in range(0, len(names), TOGETHER):
            done = await asyncio.gather(*map(self._once, names[place : place + TOGETHER]), return_exceptions=True)
            for outcome in done:
                if isinstance(outcome, BaseException):
                    raise outcome

    async def close(self) -> None:
        await self._client.close()

    async def _once(self, name: ORAddress) -> None:
        """A name that several messages want at the same time is asked for once."""
        asked = self._asked.get(name)
        if asked is None:
            asked = self._asked[name] = asyncio.ensure_future(self._ask(name))
            asked.add_done_callback(lambda _: self._asked.pop(name, None))
        await asyncio.shield(asked)

    async def _ask(self, name: ORAddress) -> None:
        try:
            filter = self._filter.filled(_values(name))
        except KeyError:
            self.cache.put(name, Answer(), datetime.now(UTC))
            return
        async with self._room:
            began = time.perf_counter()
            self._counters.lookups += 1
            try:
                entries = await self._client.search(self._table.base, filter, self._attributes, 1)
                answer = self._answer(entries)
            except (LdapError, _BadEntry) as error:
                self._counters.failed += 1
                raise DirectoryFailed(f"directory: {error}", answers=isinstance(error, _BadEntry)) from None
            finally:
                self._counters.seconds.add(time.perf_counter() - began)
        self._counters.unknown += not answer.is_known
        self.cache.put(name, answer, datetime.now(UTC))

    def _answer(self, entries: list[Entry]) -> Answer:
        if len(entries) > 1:
            return Answer(ambiguous=True)
        if not entries:
            return Answer()
        redirect = _single(entries[0], self._table.redirect_attribute)
        if redirect is not None:
            try:
                return Answer(alternate=ORAddress.parse(redirect))
            except InvalidORAddress as error:
                raise _BadEntry(f"{entries[0].name}: {self._table.redirect_attribute}: {error}") from None
        mta = _single(entries[0], self._table.mta_attribute)
        if mta is None:
            return Answer()
        if mta == self._own_name and self._folder is not None:
            return Answer(folder=self._folder)
        if mta not in self._peers():
            raise _BadEntry(f"{entries[0].name}: {mta!r} is no peer of the configuration")
        return Answer(next_hop=mta)


def _single(entry: Entry, attribute: str | None) -> str | None:
    """The value of an attribute; raises _BadEntry when it has several, or is no text."""
    values = entry.attributes.get(attribute.lower(), []) if attribute is not None else []
    if not values:
        return None
    if len(values) > 1 or len(values[0]) > 4096:
        raise _BadEntry(f"{entry.name}: {attribute}: one short value was expected")
    try:
        return values[0].decode()
    except UnicodeDecodeError:
        raise _BadEntry(f"{entry.name}: {attribute}: not UTF-8") from None


def _values(name: ORAddress) -> dict[str, str]:
    """What the places of a filter stand for."""
    found = {keyword.removesuffix("*"): value for keyword, value in name.attributes.items() if keyword.endswith("*")}
    found |= {keyword: value for keyword, value in name.attributes.items() if not keyword.endswith("*")}
    return found | {"address": str(name)}
