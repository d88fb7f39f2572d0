"""The worker's side of its control socket (x400.console.control says what is spoken over it)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import structlog

from x400.console import control
from x400.console.control import Answer, Refused, Request
from x400.server.observation import measured, peer_states
from x400.server.operations import OperationRefused, Operations
from x400.server.readmission import NotReadmitted, readmit
from x400.spool import SpoolError

if TYPE_CHECKING:
    from x400.server.worker import Worker

log = structlog.get_logger("x400.server")

LONGEST_REQUEST = 1 << 16


def bind(folder: Path) -> socket.socket:
    """The listening socket of a worker's spool folder; what a worker that died has left is replaced."""
    handle = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with control.short_path(folder) as path:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        mask = os.umask(0o177)
        try:
            handle.bind(path)
        finally:
            os.umask(mask)
    handle.listen(16)
    handle.setblocking(False)
    return handle


class ControlServer:
    """Answers requests until closed. The spool's lock is held: no other worker has this folder."""

    def __init__(self, worker: Worker, folder: Path) -> None:
        self._worker = worker
        self._folder = folder
        self._operations = Operations(worker)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; without a socket (a file system that has none) the worker runs, and cannot be asked."""
        try:
            handle = bind(self._folder)
        except OSError as error:
            log.error("no control socket", folder=str(self._folder), error=error.strerror)
            return
        self._server = await asyncio.start_unix_server(self._serve, sock=handle, limit=LONGEST_REQUEST)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            with contextlib.suppress(OSError), control.short_path(self._folder) as path:
                os.unlink(path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(msgspec.json.encode(await self._answer(line)) + b"\n")
                await writer.drain()
        except (OSError, ValueError):  # gone, or a line without end
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> Answer:
        try:
            return await self._do(control.decode_request(line))
        except msgspec.DecodeError as error:
            return Refused(f"a request that cannot be read: {error}")
        except (OperationRefused, NotReadmitted, SpoolError) as error:
            return Refused(str(error))
        except Exception as error:
            log.exception("fault in answering an operator")
            return Refused(f"a fault: {error!r}")

    async def _do(self, request: Request) -> Answer:
        operations = self._operations
        match request:
            case control.Hold():
                return await operations.hold(request)
            case control.Release():
                return await operations.release(request)
            case control.Retry():
                return await operations.retry(request)
            case control.Cancel():
                return await operations.cancel(request)
            case control.Delete():
                return await operations.delete(request)
            case control.Reroute():
                return await operations.reroute(request)
            case control.Readmit():
                return await readmit(self._worker, self._folder, request.name)
            case control.Peers():
                return control.PeerStates(peer_states(self._worker))
            case control.Metrics():
                return await measured(self._worker)
