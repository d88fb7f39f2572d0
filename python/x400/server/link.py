"""One association with a peer: bind, then transfers in, transfers out, or both, and the release.

The initiator of a monologue sends, the responder receives. In two-way alternate dialogue whoever has the turn sends:
the one that has nothing more to send gives the turn when the other asks for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog

from x400.mts.bind import InvalidBind, MTABindError, decode_error, encode_error
from x400.net.association import Association
from x400.osi import rtse
from x400.server.batches import close_source, source_of
from x400.server.binding import BindRefused
from x400.server.inbound import Receiver

if TYPE_CHECKING:
    from x400.server.config import Peer
    from x400.server.outbound import PeerQueue
    from x400.server.worker import Worker
    from x400.spool import Entry

log = structlog.get_logger("x400.server")


class Link:
    """See the module. ``queue`` is what we send from: of an outgoing link from the start, else once it has a turn."""

    __slots__ = (
        "_asked", "_handlers", "_receiver", "_source", "_wanted", "_worker",
        "association", "bound", "free_since", "peer", "peer_name", "queue", "releasing", "sending", "since",
        "two_way", "useful",
    )  # fmt: skip

    def __init__(self, worker: Worker, queue: PeerQueue | None = None) -> None:
        self.association: Association | None = None
        self.queue = queue
        self.peer: Peer | None = queue.peer if queue is not None else None
        self.peer_name = queue.name if queue is not None else ""
        self.since = 0.0
        """When the connection was made."""
        self.bound = False
        self.two_way = False
        self.releasing = False
        self.useful = False
        """Something was transferred over it."""
        self.sending: Entry | None = None
        self.free_since = 0.0
        self._source: rtse.Source | None = None
        self._wanted = False
        self._asked = False
        self._worker = worker
        self._receiver = Receiver(self, worker)
        self._handlers: dict[type, Callable[[Any], None]] = {
            rtse.RTTransferStart: lambda event: self._receiver.start(),
            rtse.RTTransferData: lambda event: self._receiver.data(event.data),
            rtse.RTTransferIndication: lambda event: self._receiver.whole(),
            rtse.RTTransferDiscarded: lambda event: self._receiver.broken_off(event.reason, event.detail),
            rtse.RTTransferConfirm: self._transfer_confirm,
            rtse.RTReady: self._ready,
            rtse.RTTurnPleaseIndication: self._turn_please,
            rtse.RTTurnGiveIndication: self._turn_given,
            rtse.RTOpenIndication: self._open_indication,
            rtse.RTOpenConfirm: self._open_confirm,
            rtse.RTCloseIndication: self._close_indication,
            rtse.RTCloseConfirm: lambda event: None,
            rtse.RTAbort: lambda event: None,
        }

    @property
    def busy(self) -> bool:
        """Something is under way, in or out."""
        return self.sending is not None or self._receiver.busy

    # ---- AssociationUser

    def made(self, association: Association) -> None:
        self.association = association
        self.since = time.monotonic()
        self._worker.links.add(self)
        if self.peer is not None:
            association.peer = self.peer.name
            association.connection.rt_open_request(self._worker.binding.argument(self.peer), association.now())
        else:
            self._worker.admit()

    def received(self, association: Association, events: list[Any]) -> None:
        handlers = self._handlers
        for event in events:
            handlers[type(event)](event)

    def lost(self, association: Association) -> None:
        self._worker.links.discard(self)
        self._worker.counters.lost(self.peer_name, association.cause)
        self._receiver.discarded()
        self._close_source()
        queue = self.queue
        if queue is not None:
            queue.gone(self)
            entry, self.sending = self.sending, None
            if entry is not None:
                queue.failed(entry, "the association was lost")
            if association.initiator and not self.bound:
                queue.refused("the association was refused or lost")
            elif association.initiator and not self.useful and not self.releasing:
                queue.back_off("the association was lost before anything was transferred")
            if not queue.stopping:
                queue.work()
        self.association = None
        self._worker.link_gone()

    # ---- bind

    def _open_indication(self, event: rtse.RTOpenIndication) -> None:
        assert self.association is not None
        connection, worker = self.association.connection, self._worker
        try:
            peer = worker.binding.identify(event.user_data, self.association.address)
            if worker.stopping or worker.associations_of(peer.name) >= worker.config.limits.associations_per_peer:
                raise BindRefused(MTABindError.BUSY, f"too many associations of {peer.name!r}, or stopping")
        except BindRefused as refused:
            self.association.failure("mts", refused.error, refused.cause, None)
            connection.rt_open_response(False, encode_error(refused.error), now=self.association.now())
            return
        self.peer, self.peer_name, self.bound = peer, peer.name, True
        self.association.peer = peer.name
        self.two_way = event.dialogue_mode == "two-way-alternate"
        if self.two_way:
            self.queue = worker.peer_queue(peer.name)
            self.queue.askable.add(self)
        connection.rt_open_response(True, worker.binding.result(peer), now=self.association.now())
        if connection.may_transfer:
            self._ready(rtse.RTReady())

    def _open_confirm(self, event: rtse.RTOpenConfirm) -> None:
        assert self.association is not None
        assert self.queue is not None
        assert self.peer is not None
        if not event.accepted:
            detail = event.detail
            if event.user_data:
                try:
                    detail = decode_error(event.user_data).name
                except InvalidBind as error:
                    detail = str(error)
            self.association.failure(event.layer, event.reason, f"bind refused: {detail}", None)
            return
        try:
            self._worker.binding.check_result(self.peer, event.user_data)
        except BindRefused as refused:
            self.association.failure("mts", refused.error, refused.cause, None)
            self.association.abort()
            return
        self.bound = True
        self.two_way = self.peer.dialogue_mode == "two-way-alternate"
        self.queue.opened(self)
        # once this association has taken what it can: only what then still waits is worth another
        asyncio.get_running_loop().call_soon(self.queue.work)

    def _close_indication(self, event: rtse.RTCloseIndication) -> None:
        assert self.association is not None
        self.association.connection.rt_close_response(self.association.now())

    # ---- out

    def _ready(self, event: rtse.RTReady) -> None:
        assert self.association is not None
        if self.sending is not None or self.releasing or self.queue is None:
            return
        if not self.association.connection.may_transfer:
            return
        if self._wanted:
            self._give_turn()
            return
        self._asked = False
        self.queue.askable.discard(self)
        self.free_since = self.association.now()
        self.queue.is_free(self)

    def send(self, entry: Entry) -> None:
        """Transfer an entry; the link is free."""
        association = self.association
        assert association is not None
        assert self.queue is not None
        try:
            self._source = source = source_of(entry)
        except OSError as error:
            self.queue.failed(entry, f"content cannot be read: {error}")
            self.queue.is_free(self)
            return
        self.sending = entry
        try:
            association.connection.rt_transfer_request(source, self._worker.config.timers.transfer, association.now())
        except OSError as error:  # of the content file; the confirm of the discard makes the link free again
            self.sending = None
            self._close_source()
            self.queue.failed(entry, f"content cannot be read: {error}")
        association.flush()

    def _transfer_confirm(self, event: rtse.RTTransferConfirm) -> None:
        entry, self.sending = self.sending, None
        self._close_source()
        if entry is None or self.queue is None:
            return
        self.useful = self.useful or event.accepted
        if event.accepted:
            self.queue.transferred(entry)
        else:
            reason = f"{event.reason}" if event.detail == "" else f"{event.reason}, {event.detail}"
            log.warning("transfer refused by peer", peer=self.peer_name, layer="rtse", reason=event.reason,
                        detail=event.detail, identifier=entry.identifier)  # fmt: skip
            self.queue.failed(entry, f"refused by the peer: {reason}")

    def _close_source(self) -> None:
        if self._source is not None:
            close_source(self._source)
            self._source = None

    def release(self) -> None:
        """End the association in order; it is free."""
        assert self.association is not None
        self.releasing = True
        self.association.connection.rt_close_request(self.association.now())
        self.association.flush()

    # ---- the turn

    def ask_turn(self, priority: int) -> None:
        """Ask for the turn, once."""
        association = self.association
        if association is None or self._asked or self.releasing or association.connection.closed:
            return
        try:
            association.connection.rt_turn_please_request(priority, association.now())
        except rtse.LocalProtocolError:  # the peer is just closing, or has not yet taken the turn that we gave
            return
        self._asked = True
        association.flush()

    def _turn_please(self, event: rtse.RTTurnPleaseIndication) -> None:
        assert self.association is not None
        # The events of one read come after all of them have moved the machine: our transfer may end in the next one.
        if self.sending is None and self.association.connection.may_transfer:
            self._give_turn()
        else:
            self._wanted = True

    def _turn_given(self, event: rtse.RTTurnGiveIndication) -> None:
        self._asked = False

    def _give_turn(self) -> None:
        assert self.association is not None
        self._wanted = False
        if self.queue is not None:
            self.queue.not_free(self)
            self.queue.askable.add(self)
        self.association.connection.rt_turn_give_request(self.association.now())

    # ---- in

    def answer(self, refusal: rtse.ExceptionReason | None) -> None:
        """Confirm the APDU that came in, or refuse it."""
        association = self.association
        if association is None or association.connection.closed:
            return
        if refusal is None:
            association.connection.rt_transfer_response(now=association.now())
        else:
            association.connection.rt_transfer_response(False, refusal, association.now())
        association.flush()
        if self._worker.stopping and not self.releasing:
            self._worker.finish(self)
        elif self.two_way and self.queue is not None:
            self.queue.work()
