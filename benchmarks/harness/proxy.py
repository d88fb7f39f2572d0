"""A TCP proxy on loopback that misbehaves when told to: it severs, goes silent (half-open), is slow, unsteady, stalls.

What lies below TCP is not to be had in a process: a segment lost or overtaken shows above it as delay, no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct

HOST = "127.0.0.1"
CHUNK = 1 << 16
STALL = 0.5
_RESET = struct.pack("ii", 1, 0)


class Line:
    """One connection through the proxy: two sockets, and whether anything passes between them still."""

    def __init__(self, proxy: Proxy, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.proxy = proxy
        self.near = near
        self.far = far
        self.silent = False

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, RuntimeError, asyncio.CancelledError):  # severed; just severed; it is over
            while data := await reader.read(CHUNK):
                if wait := self.proxy.wait():
                    await asyncio.sleep(wait)
                while self.silent:
                    await asyncio.sleep(0.1)
                writer.write(data)
                await writer.drain()
        if not self.silent:
            with contextlib.suppress(RuntimeError):
                writer.close()

    def sever(self) -> None:
        """Reset both connections, whatever is under way."""
        for writer in (self.near, self.far):
            handle = writer.get_extra_info("socket")
            if handle is not None and not writer.transport.is_closing():
                with contextlib.suppress(OSError, ValueError):  # closed already, if not yet noticed
                    handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()


class Proxy:
    """Listens on ``port``, and passes on to ``target``."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self.delay = 0.0
        """Seconds that each piece waits."""
        self.jitter = 0.0
        """Seconds that each piece waits at most beside that, at random. (Pieces stay in order, as TCP has them.)"""
        self.stalls = 0.0
        """The part of the pieces that wait for ``STALL`` seconds, as when something was lost and is sent again."""
        self._target = target
        self._lines: set[Line] = set()
        self._server: asyncio.Server | None = None

    def wait(self) -> float:
        """Seconds that the next piece is to wait."""
        wait = self.delay
        if self.jitter:
            wait += random.uniform(0.0, self.jitter)
        if self.stalls and random.random() < self.stalls:
            wait += STALL
        return wait

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self._target)
        except OSError:
            writer.transport.abort()
            return
        line = Line(self, writer, far_writer)
        self._lines.add(line)
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(line.pump(reader, far_writer), line.pump(far_reader, writer))
        finally:
            self._lines.discard(line)

    def sever(self) -> int:
        """Reset every connection; how many there were."""
        lines = tuple(self._lines)
        for line in lines:
            line.sever()
        return len(lines)

    def go_silent(self) -> int:
        """Let nothing more through those connections that there are, and leave them open; how many."""
        lines = tuple(self._lines)
        for line in lines:
            line.silent = True
        return len(lines)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.sever()
