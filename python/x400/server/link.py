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
from x400.mts.stored import Stored
from x400.net.association import Association
from x400.osi import rtse
from x400.server.batches import close_source, damage_of, source_of, stored_of
from x400.server.binding import BindRefused
from x400.server.inbound import Receiver
from x400.server.peer_tables import APPLICATION_PROTOCOLS, OF_1984
from x400.spool import ContentDamaged

if TYPE_CHECKING:
    from x400.server.config import Peer
    from x400.server.outbound import PeerQueue
    from x400.server.worker import Worker
    from x400.spool import Entry

log = structlog.get_logger("x400.server")


class Link:
    """See the module. ``queue`` is what we send from: of an outgoing link from the start, else once it has a turn."""

    __slots__ = (
        "_again", "_asked", "_closing", "_handlers", "_receiver", "_recovering", "_resumed", "_source", "_wanted",
        "_worker", "association", "bound", "free_since", "name", "peer", "peer_name", "queue", "releasing", "retired",
        "sending", "since", "two_way", "useful",
    )  # fmt: skip

    def __init__(self, worker: Worker, queue: PeerQueue | None = None) -> None:
        self.association: Association | None = None
        self.queue = queue
        self.peer: Peer | None = queue.peer if queue is not None else None
        self.peer_name = queue.name if queue is not None else ""
        self.name = ""
        """The association's in the log, once it is made."""
        self.since = 0.0
        """When the connection was made."""
        self.bound = False
        self.two_way = False
        self.releasing = False
        self.retired = False
        """Its peer is not in the configuration any more."""
        self.useful = False
        """Something was transferred over it."""
        self.sending: Entry | None = None
        self.free_since = 0.0
        self._again: Entry | None = None
        """An entry to send from its beginning: the peer holds nothing of what was sent before."""
        self._resumed = False
        """What is being sent goes on from a checkpoint."""
        self._recovering = False
        self._closing = False
        self._source: rtse.Source | None = None
        self._wanted = False
        self._asked = False
        self._worker = worker
        self._receiver = Receiver(self, worker)
        self._handlers: dict[type, Callable[[Any], None]] = {
            rtse.RTTransferStart: self._receiver.start,
            rtse.RTTransferResume: self._receiver.resume,
            rtse.RTTransferCheckpoint: self._receiver.checkpoint,
            rtse.RTTransferData: self._receiver.data,
            rtse.RTTransferIndication: self._receiver.whole,
            rtse.RTTransferDiscarded: self._receiver.broken_off,
            rtse.RTTransferConfirm: self._transfer_confirm,
            rtse.RTReady: self._ready,
            rtse.RTTurnPleaseIndication: self._turn_please,
            rtse.RTTurnGiveIndication: self._turn_given,
            rtse.RTOpenIndication: self._open_indication,
            rtse.RTOpenConfirm: self._open_confirm,
            rtse.RTRecoverIndication: self._recover_indication,
            rtse.RTCloseIndication: self._close_indication,
            rtse.RTCloseConfirm: lambda event: None,
            rtse.RTAbort: self._abort,
        }

    @property
    def marks(self) -> dict[str, str]:
        """What every line of the log about this association has."""
        return {"peer": self.peer_name, "association": self.name}

    @property
    def busy(self) -> bool:
        """Something is under way, in or out."""
        return self.sending is not None or self._again is not None or self._receiver.busy

    # ---- AssociationUser

    def made(self, association: Association) -> None:
        self.association, self.name = association, association.name
        self.since = time.monotonic()
        self._worker.links.add(self)
        association.connection.recall = self._receiver.recall
        if self.peer is not None:
            association.peer = self.peer.name
            self._open(association, self.peer)
        else:
            self._worker.admit()

    def received(self, association: Association, events: list[Any]) -> None:
        handlers = self._handlers
        for event in events:
            handlers[type(event)](event)

    def lost(self, association: Association) -> None:
        self._worker.links.discard(self)
        self._worker.counters.lost(self.peer_name, association.cause)
        self._receiver.lost()
        self._close_source()
        self._recoverable(association)
        queue = self.queue
        if queue is not None:
            queue.gone(self)
            entry, self.sending = self.sending or self._again, None
            if entry is not None:
                self._cut_off(entry, queue, association)
            if association.initiator and self._recovering and not self.bound:
                queue.not_recovered()
            elif association.initiator and not self.bound:
                queue.refused(_cause(association, "the association was refused or lost"))
            elif association.initiator and not self.useful and not self.releasing:
                queue.back_off(_cause(association, "the association was lost before anything was transferred"))
            if not queue.stopping:
                queue.work()
        self.association = None
        self._worker.link_gone()

    def _cut_off(self, entry: Entry, queue: PeerQueue, association: Association) -> None:
        """The association was lost with a transfer under way."""
        progress = queue.interrupted.cut_off(entry.id, association.connection.resumption)
        self.useful = self.useful or progress
        if progress and self.bound and association.initiator and queue.peer.association_recovery:
            queue.recovery = association.connection.connection_identifier
        queue.failed(entry, "the association was lost", progress)

    def _abort(self, event: rtse.RTAbort) -> None:
        """The peer's RTSE may say with its abort what became of the transfer (X.228 9)."""
        entry = self.sending
        if entry is None or self.queue is None or event.layer != "rtse" or event.local:
            return
        if event.reason == rtse.AbortReason.TRANSFER_COMPLETED:
            self.sending = None
            self.queue.transferred(entry)
        elif event.reason == rtse.AbortReason.UNRECOGNIZED_ACTIVITY:
            self.queue.interrupted.forget(entry.id)

    # ---- an association that was lost

    def _recoverable(self, association: Association) -> None:
        """Remember an association of the peer's that was not ended in order."""
        peer = self.peer
        if peer is None or not peer.association_recovery or association.initiator or not self.bound or self._closing:
            return
        until = time.monotonic() + self._worker.config.timers.recovery
        connection = association.connection.connection_identifier
        self._worker.lost_associations.add(connection, peer.name, association.address, until)

    def _recover_indication(self, event: rtse.RTRecoverIndication) -> None:
        """The peer goes on with an association that was lost, without a bind, from where it had it."""
        assert self.association is not None
        worker, address = self._worker, self.association.address
        name = worker.lost_associations.take(event.lost, address, time.monotonic())
        peer = worker.config.peers.get(name) if name is not None else None
        limit = worker.config.limits.associations_per_peer
        refuse = worker.stopping or peer is None or not peer.association_recovery
        if peer is None or refuse or worker.associations_of(peer.name) >= limit:
            self.association.failure("rtse", None, f"no association to recover for {address}", None, "info")
            self.association.connection.rt_recover_response(False, self.association.now())
            return
        self._is_bound(peer, event.dialogue_mode)
        log.info("association recovered", **self.marks)
        self.association.connection.rt_recover_response(True, self.association.now())
        if self.association.connection.may_transfer:
            self._ready(rtse.RTReady())

    # ---- bind

    def _open(self, association: Association, peer: Peer) -> None:
        """Bind to the peer, or go on with the association that we had with it."""
        assert self.queue is not None
        lost, self.queue.recovery = self.queue.recovery, rtse.NO_CONNECTION
        if lost:
            self._recovering = True
            association.connection.rt_recover_request(lost, association.now())
        else:
            association.connection.rt_open_request(self._worker.binding.argument(peer), association.now())

    def _is_bound(self, peer: Peer, dialogue_mode: str) -> None:
        """The peer has called, and is who it says."""
        assert self.association is not None
        self.peer, self.peer_name, self.bound = peer, peer.name, True
        self.association.peer = peer.name
        self.two_way = dialogue_mode == "two-way-alternate"
        if self.two_way:
            self.queue = self._worker.peer_queue(peer.name)
            self.queue.askable.add(self)

    def _open_indication(self, event: rtse.RTOpenIndication) -> None:
        assert self.association is not None
        connection, worker = self.association.connection, self._worker
        try:
            peer = self._identify(event.user_data, self.association)
            if worker.stopping or worker.associations_of(peer.name) >= worker.config.limits.associations_per_peer:
                raise BindRefused(MTABindError.BUSY, f"too many associations of {peer.name!r}, or stopping")
            if worker.congestion.cause:
                raise BindRefused(MTABindError.BUSY, worker.congestion.cause)
            if APPLICATION_PROTOCOLS[peer.protocol] != event.application_protocol:
                cause = (
                    f"{peer.name!r} is to use {peer.protocol}, not application protocol {event.application_protocol}"
                )
                raise BindRefused(MTABindError.AUTHENTICATION_ERROR, cause)
        except BindRefused as refused:
            self.association.failure("mts", refused.error, refused.cause, None)
            connection.rt_open_response(False, encode_error(refused.error), now=self.association.now())
            return
        self._is_bound(peer, event.dialogue_mode)
        connection.rt_open_response(True, worker.binding.result(peer), now=self.association.now())
        if connection.may_transfer:
            self._ready(rtse.RTReady())

    def _identify(self, argument: bytes, association: Association) -> Peer:
        """Who binds; after a few failures from an address, no bind is taken from there for a while."""
        failed, address, now = self._worker.failed_binds, association.address, time.monotonic()
        wait = failed.wait(address, now)
        if wait:
            raise BindRefused(MTABindError.BUSY, f"too many failed binds from {address}, again in {wait:.0f} s")
        try:
            peer = self._worker.binding.identify(argument, address, association.certified)
        except BindRefused:
            failed.failed(address, now)
            raise
        failed.succeeded(address)
        return peer

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
            if not self._recovering:
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
        self._closing = True
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
        if self._again is not None:
            entry, self._again = self._again, None
            self.send(entry)
            return
        self.queue.is_free(self)

    def send(self, entry: Entry) -> None:
        """Transfer an entry; the link is free."""
        association = self.association
        assert association is not None
        assert self.queue is not None
        resumption = self.queue.interrupted.of(entry.id)
        self._resumed = resumption is not None
        try:
            octets = entry if self.queue.peer.protocol != OF_1984 else self._downgraded(entry)
            self._source = source = source_of(octets, 0 if resumption is None else resumption.offset)
        except OSError as error:
            self._unreadable(entry, self.queue, error)
            asyncio.get_running_loop().call_soon(self._still_free)
            return
        except Exception as error:  # InvalidAPDU, or a fault of ours: the others go on, and this one is reported on
            log.error("cannot be sent", **self.marks, identifier=entry.identifier, error=repr(error))
            self.queue.refused_for_good(entry, f"cannot be sent: {error}")
            asyncio.get_running_loop().call_soon(self._still_free)
            return
        self.sending = entry
        try:
            association.connection.rt_transfer_request(source, None, association.now(), resumption)
        except OSError as error:  # of the content file; the confirm of the discard makes the link free again
            self.sending = None
            self._close_source()
            self._unreadable(entry, self.queue, error)
        association.flush()

    def _still_free(self) -> None:
        """Nothing came of an entry: the next one, if the association still stands."""
        if self.association is not None and not self.association.connection.closed and self.queue is not None:
            self.queue.is_free(self)

    def _unreadable(self, entry: Entry, queue: PeerQueue, error: Exception) -> None:
        """The octets to send cannot be had: what is damaged on disk is not tried again."""
        if isinstance(error, ContentDamaged):
            queue.interrupted.forget(entry.id)
            queue.damaged(entry, str(error))
        else:
            queue.failed(entry, f"content cannot be read: {error}")

    def _downgraded(self, entry: Entry) -> Stored:
        """The octets for a peer of 1984. They are the same each time, so that an interrupted transfer can go on."""
        assert self.queue is not None
        return self._worker.mta.message_out(stored_of(entry), self.queue.name)

    def _transfer_confirm(self, event: rtse.RTTransferConfirm) -> None:
        entry, self.sending = self.sending, None
        damage = damage_of(self._source)
        self._close_source()
        if entry is None or self.queue is None or self.association is None:
            return
        self.useful = self.useful or event.accepted
        if event.accepted:
            self.queue.transferred(entry)
        elif damage:
            self._unreadable(entry, self.queue, ContentDamaged(damage))
        elif self._resumed and not event.interrupted:
            log.info("transfer begins anew", **self.marks, identifier=entry.identifier, reason=event.reason)
            self.queue.interrupted.forget(entry.id)
            self._again = entry
        else:
            if event.interrupted:
                self.queue.interrupted.cut_off(entry.id, self.association.connection.resumption)
            else:
                self.queue.interrupted.forget(entry.id)
            reason = f"{event.reason}" if event.detail == "" else f"{event.reason}, {event.detail}"
            log.warning("transfer refused by peer", **self.marks, layer="rtse", reason=event.reason,
                        detail=event.detail, identifier=entry.identifier)  # fmt: skip
            error = f"refused by the peer: {reason}"
            if event.reason == rtse.ExceptionReason.UNRECOVERABLE_PROCEDURAL_ERROR:
                self.queue.refused_for_good(entry, error)
            else:
                self.queue.failed(entry, error)

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

    def retire(self) -> None:
        """The configuration has no such peer any more: end the association, or what is under way first."""
        self.retired = True
        if not self.busy and not self.releasing:
            self._worker.finish(self)

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

    def checkpoint_held(self, checkpoint: rtse.RTTransferCheckpoint) -> None:
        """All before the checkpoint is on disk: confirm it."""
        association = self.association
        if association is not None and not association.connection.closed:
            association.connection.rt_checkpoint_response(checkpoint, association.now())
            association.flush()

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
        if (self._worker.stopping or self.retired) and not self.releasing:
            self._worker.finish(self)
        elif self.two_way and self.queue is not None:
            self.queue.work()


def _cause(association: Association, otherwise: str) -> str:
    """What the association failed of, in the words of its line in the log."""
    return otherwise if association.cause is None else association.cause[1] or otherwise
