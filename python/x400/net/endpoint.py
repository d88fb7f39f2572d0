"""Listening and calling."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

from x400.net.association import Association

BACKLOG = 512


def open_listener(address: str, port: int, *, shared: bool = False) -> socket.socket:
    """A bound socket; ``shared``: several processes may listen on the port, each gets a part of the calls.

    Raises OSError with the address in its text.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    handle = socket.socket(family, socket.SOCK_STREAM)
    try:
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        handle.setblocking(False)
        handle.bind((address, port))
    except OSError as error:
        handle.close()
        raise OSError(error.errno, f"cannot listen on {address}:{port}: {error.strerror}") from None
    return handle


async def listen(
    handle: socket.socket, make: Callable[[], Association], tls: ssl.SSLContext | None = None
) -> asyncio.Server:
    """Accept calls on a bound socket, an association for each."""
    return await asyncio.get_running_loop().create_server(make, sock=handle, backlog=BACKLOG, ssl=tls)


async def call(
    host: str,
    port: int,
    make: Callable[[], Association],
    timeout: float,
    tls: ssl.SSLContext | None = None,
    server_name: str | None = None,
) -> Association:
    """Connect, with `tls` to one whose certificate is for `server_name`.

    Raises OSError (TimeoutError is one) when the peer cannot be reached, or trusted, within ``timeout`` seconds.
    """
    loop = asyncio.get_running_loop()
    name = server_name if tls is not None else None
    async with asyncio.timeout(timeout):
        _, association = await loop.create_connection(make, host, port, ssl=tls, server_hostname=name)
    return association
