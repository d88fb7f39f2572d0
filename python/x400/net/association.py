"""One TCP connection and the protocol machine above it (x400.osi.rtse.Connection).

The loop reads straight into the machine's buffer; what the machine has to say goes out by writelines; its timers are
one timer of the loop. Events go to a user (``AssociationUser``), whose requests on ``association.connection`` are
followed by ``association.flush()``.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from typing import Any, Protocol, cast

import structlog

from x400.osi import rtse

log = structlog.get_logger("x400.net")

_numbers = itertools.count(1)
"""Of the associations of this process."""

CLOSE_WITHIN = 5.0  # seconds for the peer to take our last octets


class Tap(Protocol):
    """What is told every octet of a connection, for a capture."""

    def received(self, data: bytes) -> None: ...

    def sent(self, data: bytes) -> None: ...

    def closed(self) -> None: ...


class TapMaker(Protocol):
    """Makes the tap of one connection (x400.net.capture.Capture is one)."""

    def connection(self, local_addr: Any, peer_addr: Any, initiator: bool) -> Tap: ...


class AssociationUser(Protocol):
    """Who uses an association. ``lost`` comes once, last, whatever happened."""

    def made(self, association: Association) -> None:
        """The TCP connection stands."""

    def received(self, association: Association, events: list[Any]) -> None:
        """What the peer's octets, or a timer, have brought about."""

    def lost(self, association: Association) -> None:
        """There is no connection any more."""


class Association(asyncio.BufferedProtocol):
    """See the module. ``peer`` is what the peer is called in the log: its address, until the user knows a name; the
    association's own ``name`` there is the process and its number in it."""

    __slots__ = (
        "_acting", "_buffer", "_closer", "_ending", "_loop", "_paused", "_tap", "_tap_maker", "_timer",
        "_timer_at", "_transport", "_user", "address", "cause", "certified", "closing", "connection", "failed",
        "initiator", "name", "peer",
    )  # fmt: skip

    def __init__(
        self, connection: rtse.Connection, user: AssociationUser, initiator: bool, tap_maker: TapMaker | None = None
    ) -> None:
        self.connection = connection
        self.initiator = initiator
        self.name = f"{os.getpid()}.{next(_numbers)}"
        self.peer = ""
        self.address = ""
        self.certified: frozenset[str] | None = None
        """The names in the peer's certificate; None without TLS."""
        self.closing = False
        self.failed = False
        self.cause: tuple[str, str] | None = None
        """Why it failed, once it has: the layer and what happened."""
        self._user = user
        self._tap_maker = tap_maker
        self._tap: Tap | None = None
        self._transport: asyncio.Transport | None = None
        self._buffer: Any = None
        self._paused = False
        self._acting = False
        self._ending = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._closer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    # ---- called by the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        handle = transport.get_extra_info("socket")
        if handle is not None:
            handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self.address = str(peer[0]) if peer else "unknown"
        if transport.get_extra_info("ssl_object") is not None:
            self.certified = _names(transport.get_extra_info("peercert") or {})
        self.peer = self.peer or (f"{peer[0]}:{peer[1]}" if peer else "unknown")
        if self._tap_maker is not None and peer and local:
            self._tap = self._tap_maker.connection(local, peer, self.initiator)
        self._guard(self._user.made, self)
        self.flush()

    def get_buffer(self, sizehint: int) -> Any:
        self._buffer = buffer = self.connection.get_buffer(sizehint)
        return buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._tap is not None:
            self._tap.received(bytes(memoryview(self._buffer)[:nbytes]))
        self._act(self.connection.buffer_updated, nbytes)

    def eof_received(self) -> bool:
        self._act(self.connection.receive_eof)
        return False

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.connection.closed and not self.failed:
            self.failure("transport", None, str(exc) if exc else "connection lost", None)
        self._transport = None
        for timer in (self._timer, self._closer):
            if timer is not None:
                timer.cancel()
        self._timer = self._closer = None
        if self._tap is not None:
            self._tap.closed()
        self._guard(self._user.lost, self)

    # ---- called by the user

    def now(self) -> float:
        """The clock of the machine's timers: seconds, monotonic."""
        return self._loop.time()

    def flush(self) -> None:
        """Send what the machine has to say, as far as the peer takes it; then its timer.

        From within ``made`` or ``received`` it does nothing: it comes after them anyway.
        """
        transport = self._transport
        if transport is None or self._acting:
            return
        connection = self.connection
        if not self._paused and (buffers := connection.data_to_send()):
            if self._tap is not None:
                self._tap.sent(b"".join(buffers))
            transport.writelines(buffers)
        if connection.closed or self._ending:
            self.close()
            return
        due = connection.next_timer()
        if due is not None and (self._timer is None or due < self._timer_at):
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = due
            self._timer = self._loop.call_at(due, self._timer_due)

    def close(self) -> None:
        """End the TCP connection once what was written has gone."""
        if self._transport is not None and not self.closing:
            self.closing = True
            self._transport.close()
            self._closer = self._loop.call_later(CLOSE_WITHIN, self.drop)

    def drop(self) -> None:
        """End the TCP connection at once."""
        if self._transport is not None:
            self.closing = True
            self._transport.abort()

    def abort(self) -> None:
        """Abort the association (U-ABORT) and close."""
        if self._transport is None:
            return
        try:
            self.connection.rt_u_abort_request()
        except Exception:
            self.drop()
            return
        self._ending = True
        self.flush()

    def failure(self, layer: str, reason: int | None, detail: str, offset: int | None, level: str = "warning") -> None:
        """The one log line about the end of this association."""
        self.failed = True
        self.cause = (layer, detail)
        getattr(log, level)("association failed", peer=self.peer, association=self.name, layer=layer, reason=reason,
                            offset=offset, detail=detail)  # fmt: skip

    # ---- inside

    def _timer_due(self) -> None:
        self._timer = None
        due = self.connection.next_timer()
        if due is None:
            return
        if due > self._loop.time():
            self._timer_at = due
            self._timer = self._loop.call_at(due, self._timer_due)
            return
        self._act(self.connection.handle_timer)

    def _act(self, action: Any, *arguments: Any) -> None:
        """Let the machine take something in, tell the user, send what comes of it."""
        self._acting = True
        try:
            events = action(*arguments, self._loop.time())
            if events:
                for event in events:
                    if type(event) is rtse.RTAbort and not self.failed:
                        level = "warning" if event.provider else "info"
                        self.failure(event.layer, event.reason, event.detail, event.offset, level)
                self._user.received(self, events)
        except Exception:
            self._acting = False
            self._fault()
        self._acting = False
        self.flush()

    def _guard(self, action: Any, *arguments: Any) -> None:
        try:
            action(*arguments)
        except Exception:
            self._fault()

    def _fault(self) -> None:
        """Our own fault: this association ends, the others go on."""
        self.failed = True
        self.cause = ("local", "a fault in handling the association")
        log.exception("fault in handling an association", peer=self.peer, association=self.name)
        self.abort()


def _names(certificate: dict[str, Any]) -> frozenset[str]:
    """Common names and DNS names of a certificate as the ssl module gives it."""
    common = {value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"}
    return frozenset(common | {value for key, value in certificate.get("subjectAltName", ()) if key == "DNS"})
