"""Two users of an association that have no spool: one that calls and transfers APDUs, one that takes what comes.

They are what a tester needs, an MTA of one message or of none that are kept: `Caller` sends, `Answerer` takes in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from x400.mts.bind import Credentials, InvalidBind, decode_argument, decode_error, encode_argument, encode_result
from x400.net.association import Association, TapMaker
from x400.net.endpoint import call
from x400.osi import rtse

__all__ = ["Answerer", "Caller", "TransferFailed", "transfer_all"]

Buffer = bytes | bytearray | memoryview


class TransferFailed(Exception):
    """There was no association, or the peer refused; the text says which layer, and why."""


class Caller:
    """One association as its initiator, in monologue.

    `ready` is called when the association stands, and after each transfer that the peer has confirmed: it calls
    `transfer` or `release`, at once or later. `failed` is called at most once, when something went wrong, and nothing
    is called after it. `ended` is done when the connection is gone.
    """

    __slots__ = ("_argument", "_association", "_done", "_failed", "_ready", "ended")

    def __init__(
        self,
        credentials: Credentials | None,
        ready: Callable[[Caller], None],
        failed: Callable[[Caller, TransferFailed], None],
    ) -> None:
        self._argument = encode_argument(credentials)
        self._ready = ready
        self._failed = failed
        self._association: Association | None = None
        self._done = False
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def connect(
        self,
        host: str,
        port: int,
        parameters: rtse.Parameters | None = None,
        *,
        timeout: float = 10.0,
        taps: TapMaker | None = None,
    ) -> None:
        """Make the connection, over which the association is asked for; raises TransferFailed."""
        chosen = parameters or rtse.Parameters()

        def make() -> Association:
            return Association(rtse.Connection(True, chosen, asyncio.get_running_loop().time()), self, True, taps)

        try:
            await call(host, port, make, timeout)
        except OSError as error:
            raise TransferFailed(f"{host}:{port} cannot be reached: {error.strerror or 'no answer in time'}") from None

    def transfer(self, *buffers: Buffer) -> None:
        """Transfer one APDU; the association is ready."""
        association = self._association
        if association is not None:
            association.connection.rt_transfer_request(rtse.BytesSource(buffers), now=association.now())
            association.flush()

    def release(self) -> None:
        """End the association in order; it is ready."""
        if self._association is not None:
            self._done = True
            self._association.connection.rt_close_request(self._association.now())
            self._association.flush()

    def abort(self) -> None:
        """End the association at once."""
        self._done = True
        if self._association is not None:
            self._association.abort()

    # ---- AssociationUser

    def made(self, association: Association) -> None:
        self._association = association
        association.connection.rt_open_request(self._argument, association.now())

    def received(self, association: Association, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, rtse.RTReady):
                # not if it was refused, or aborted, with what came together with this
                if not self._done and association.connection.may_transfer:
                    self._ready(self)
            elif isinstance(event, rtse.RTTransferConfirm) and not event.accepted:
                self._fail(f"transfer refused by the peer: reason {event.reason} {event.detail}".rstrip())
            elif isinstance(event, rtse.RTOpenConfirm) and not event.accepted:
                self._fail(f"association refused by {event.layer}: {_bind_refusal(event)}")
            elif isinstance(event, rtse.RTAbort):
                self._fail(f"association aborted by {event.layer}, reason {event.reason}: {event.detail}".rstrip(": "))

    def lost(self, association: Association) -> None:
        self._association = None
        self._fail("connection lost")
        if not self.ended.done():
            self.ended.set_result(None)

    def _fail(self, reason: str) -> None:
        if not self._done:
            self._done = True
            self._failed(self, TransferFailed(reason))
            if self._association is not None and not self._association.connection.closed:
                self._association.abort()


def _bind_refusal(event: rtse.RTOpenConfirm) -> str:
    if event.user_data:
        try:
            return decode_error(event.user_data).name.lower().replace("_", "-")
        except InvalidBind as error:
            return str(error)
    return f"reason {event.reason} {event.detail}".rstrip()


class Answerer:
    """One association as its responder: whoever binds is welcome, and every APDU is confirmed.

    `take` gets each APDU whole, and who presented himself (None: nobody); `ended` is called when the connection is
    gone. `credentials` are what the responder presents to one who presented any.
    """

    __slots__ = ("_association", "_chunks", "_credentials", "_ended", "_peer", "_take")

    def __init__(
        self,
        take: Callable[[bytes, str | None], None],
        ended: Callable[[Answerer], None],
        credentials: Credentials | None = None,
    ) -> None:
        self._take = take
        self._ended = ended
        self._credentials = credentials
        self._chunks: list[bytes] = []
        self._peer: str | None = None
        self._association: Association | None = None

    def abort(self) -> None:
        """End the association at once."""
        if self._association is not None:
            self._association.abort()

    # ---- AssociationUser

    def made(self, association: Association) -> None:
        self._association = association

    def received(self, association: Association, events: list[Any]) -> None:
        connection = association.connection
        for event in events:
            kind = type(event)
            if kind is rtse.RTTransferData:
                self._chunks.append(bytes(event.data))
            elif kind is rtse.RTTransferCheckpoint:
                if event.due:  # nothing is kept here after an interruption: held until the association ends
                    connection.rt_checkpoint_response(event, association.now())
            elif kind is rtse.RTTransferStart or kind is rtse.RTTransferDiscarded:
                self._chunks = []
            elif kind is rtse.RTTransferIndication:
                chunks, self._chunks = self._chunks, []
                self._take(chunks[0] if len(chunks) == 1 else b"".join(chunks), self._peer)
                connection.rt_transfer_response(now=association.now())
            elif kind is rtse.RTOpenIndication:
                self._open(association, event)
            elif kind is rtse.RTRecoverIndication:
                connection.rt_recover_response(False, association.now())
            elif kind is rtse.RTCloseIndication:
                connection.rt_close_response(association.now())
            elif kind is rtse.RTTurnPleaseIndication and connection.has_turn:
                connection.rt_turn_give_request(association.now())

    def lost(self, association: Association) -> None:
        self._association = None
        self._ended(self)

    def _open(self, association: Association, event: rtse.RTOpenIndication) -> None:
        try:
            presented = decode_argument(event.user_data)
        except InvalidBind as error:
            association.failure("mts", None, str(error), None)
            association.abort()
            return
        self._peer = None if presented is None else presented.name
        answer = encode_result(None if presented is None else self._credentials)
        association.connection.rt_open_response(True, answer, now=association.now())


async def transfer_all(
    host: str,
    port: int,
    apdus: Sequence[Buffer],
    *,
    credentials: Credentials | None = None,
    parameters: rtse.Parameters | None = None,
    timeout: float = 10.0,
    taps: TapMaker | None = None,
    confirmed: Callable[[int], None] | None = None,
) -> None:
    """Transfer APDUs one after another over one association, and release it; raises TransferFailed.

    `confirmed` is called with the place of each APDU once the peer has taken the responsibility for it. `timeout` is
    for the connection; what comes after has the timers of `parameters`.
    """
    failures: list[TransferFailed] = []
    begun = 0

    def ready(caller: Caller) -> None:
        nonlocal begun
        if begun and confirmed is not None:
            confirmed(begun - 1)
        if begun == len(apdus):
            caller.release()
        else:
            begun += 1
            caller.transfer(apdus[begun - 1])

    caller = Caller(credentials, ready, lambda _, failure: failures.append(failure))
    await caller.connect(host, port, parameters, timeout=timeout, taps=taps)
    await caller.ended
    if failures:
        raise failures[0]
