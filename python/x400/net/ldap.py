"""A client of a directory: LDAP version 3 (RFC 4511), bind and search, many searches at once over one connection.

Everything that comes is bounded: the octets of a message, the entries of an answer, the time. A message that is not
what it must be ends the connection, and with it what was asked over it.

It is our own because no library was fit: those that are kept well (bonsai, python-ldap) are built against OpenLDAP's C
libraries, which a machine with pip alone has not; ldap3 has seen no release since 2021, holds a thread for each
question, and reads an answer of any length into memory. The messages are ASN.1 in BER, which fastber does.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Any

import fastber
from x400.asn1 import compiled_type

__all__ = ["Client", "Entry", "LdapError", "Server"]

MAX_MESSAGE = 1 << 20
"""Octets of one message of the directory's."""

_MAX_ID = 2**31 - 1


class LdapError(Exception):
    """The directory could not be asked, or did not answer as it must."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a directory is, and as whom it is asked; without a name, as nobody. `timeout` is for each step, in seconds:
    connection, bind, search."""

    host: str
    port: int = 389
    tls: ssl.SSLContext | None = None
    name: str = ""
    password: str = ""
    timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry that was found: attributes by their names in lower case, without options, values as octets."""

    name: str
    attributes: dict[str, list[bytes]]


@dataclass(slots=True)
class _Pending:
    done: asyncio.Future[str]
    """The result code of the last message of the answer."""
    most: int
    entries: list[Entry] = field(default_factory=list)
    references: int = 0


class Client:
    """Connects when it is asked for something, and again after the connection was lost."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connecting = asyncio.Lock()
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._pending: dict[int, _Pending] = {}
        self._last = 0

    async def search(self, base: str, filter: Any, attributes: tuple[str, ...], most: int) -> list[Entry]:
        """The entries below `base` that the filter (RFC 4511, a value) is true of, at most `most`, or one more when
        there are more. Raises LdapError."""
        request = {
            "baseObject": base.encode(),
            "scope": "wholeSubtree",
            "derefAliases": "derefAlways",
            "sizeLimit": most + 1,
            "timeLimit": max(1, round(self._server.timeout)),
            "typesOnly": False,
            "filter": filter,
            "attributes": [one.encode() for one in attributes],
        }
        try:
            async with asyncio.timeout(self._server.timeout * 2):
                await self._connected()
            pending = await self._ask("searchRequest", request, most)
        except TimeoutError:
            raise LdapError("no connection in time") from None
        except OSError as error:
            raise LdapError(f"no connection: {error.strerror or error}") from None
        code = pending.done.result()
        if code not in ("success", "sizeLimitExceeded") or (code != "success" and len(pending.entries) <= most):
            raise LdapError(f"the search ended with {code}")
        if pending.references and not pending.entries:
            raise LdapError("the search is continued elsewhere, which is not followed")
        return pending.entries

    async def close(self) -> None:
        """End the connection, if there is one."""
        if self._writer is not None:
            self._send(self._next(), ("unbindRequest", None))
            self._lost("closed")
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    # ---- the connection

    async def _connected(self) -> None:
        async with self._connecting:
            if self._writer is not None:
                return
            server = self._server
            name = server.host if server.tls is not None else None
            async with asyncio.timeout(server.timeout):
                reader, self._writer = await asyncio.open_connection(
                    server.host, server.port, ssl=server.tls, server_hostname=name
                )
            if self._reading is not None:
                self._reading.cancel()
            self._reading = asyncio.create_task(self._read(reader, self._writer))
            request = {
                "version": 3,
                "name": server.name.encode(),
                "authentication": ("simple", server.password.encode()),
            }
            bound = await self._ask("bindRequest", request, 0)
            if bound.done.result() != "success":
                self._lost("the bind failed")
                raise LdapError(f"the bind ended with {bound.done.result()}")

    async def _ask(self, kind: str, request: Any, most: int) -> _Pending:
        """Send a request; what has come in answer when it is whole."""
        number = self._next()
        pending = self._pending[number] = _Pending(asyncio.get_running_loop().create_future(), most)
        try:
            self._send(number, (kind, request))
            async with asyncio.timeout(self._server.timeout):
                await pending.done
        except TimeoutError:
            if kind == "searchRequest" and self._writer is not None:
                self._send(self._next(), ("abandonRequest", number))
            else:
                self._lost("no answer in time")
            raise LdapError("no answer in time") from None
        finally:
            self._pending.pop(number, None)
        return pending

    def _next(self) -> int:
        self._last = self._last % _MAX_ID + 1
        return self._last

    def _send(self, number: int, operation: tuple[str, Any]) -> None:
        if self._writer is None:
            raise LdapError("the connection was lost")
        self._writer.write(_message().encode({"messageID": number, "protocolOp": operation}))

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cause = "the directory has closed the connection"
        try:
            while True:
                self._take(await _element(reader))
        except LdapError as error:
            cause = str(error)
        except fastber.DecodeError as error:
            cause = f"not a message of LDAP: {error}"
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            if writer is self._writer:
                self._lost(cause)
            else:
                writer.transport.abort()

    def _lost(self, cause: str) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        for pending in self._pending.values():
            if not pending.done.done():
                pending.done.set_exception(LdapError(cause))

    def _take(self, octets: bytes) -> None:
        message = _message().decode(octets)
        kind, value = message["protocolOp"]
        pending = self._pending.get(message["messageID"])
        if message["messageID"] == 0:
            raise LdapError("the directory ends the connection")
        if pending is None or pending.done.done():
            return  # of a search that was given up
        if kind == "searchResEntry":
            if len(pending.entries) > pending.most:
                raise LdapError("more entries than were asked for")
            pending.entries.append(_entry(value))
        elif kind == "searchResRef":
            pending.references += 1
        elif kind in ("searchResDone", "bindResponse"):
            pending.done.set_result(str(value["resultCode"]))


def _message() -> fastber.CompiledType:
    return compiled_type("Lightweight-Directory-Access-Protocol-V3", "LDAPMessage")


def _entry(value: dict[str, Any]) -> Entry:
    found: dict[str, list[bytes]] = {}
    for attribute in value["attributes"]:
        name = attribute["type"].decode("ascii", "replace").partition(";")[0].lower()
        found.setdefault(name, []).extend(attribute["vals"])
    return Entry(value["objectName"].decode("utf-8", "replace"), found)


async def _element(reader: asyncio.StreamReader) -> bytes:
    """One message's octets: a SEQUENCE of a definite length, as RFC 4511 5.1 has it."""
    head = await reader.readexactly(2)
    if head[0] != 0x30 or head[1] == 0x80 or head[1] > 0x84:
        raise LdapError("not a message of LDAP")
    length = head[1]
    if length > 0x80:
        more = await reader.readexactly(length & 0x7F)
        head += more
        length = int.from_bytes(more, "big")
    if length > MAX_MESSAGE:
        raise LdapError(f"a message of {length} octets, longer than {MAX_MESSAGE}")
    return head + await reader.readexactly(length)
