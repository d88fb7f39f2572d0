"""One worker process: its loop, its spool, its listeners, and the MTA between them."""

from __future__ import annotations

import asyncio
import gc
import secrets
import ssl
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from socket import socket
from typing import Any

import structlog

from x400.console.control import NOT_CONFIGURED
from x400.mta import MTA
from x400.mta.outcome import Outcome
from x400.mts.exceptions import InvalidAPDU
from x400.mts.reports import NonDelivery
from x400.net.association import Association, TapMaker
from x400.net.endpoint import call, listen
from x400.osi import rtse
from x400.server import config as configuration
from x400.server import security
from x400.server.absorption import absorb, tell_of_rescue
from x400.server.accounting import Accounting
from x400.server.batches import DEFERRED, DELIVERY, DIRECTORY, batch_of, recipients_of, stored_of, undelivered
from x400.server.binding import Binding
from x400.server.clock import Clock
from x400.server.config import Config, Listener, Peer, parse_address
from x400.server.congestion import Congestion
from x400.server.control import ControlServer
from x400.server.counters import Counters
from x400.server.deferred import DeferredQueue
from x400.server.delivery import DeliveryQueue
from x400.server.directory import Lookup
from x400.server.directory_queue import UNANSWERED, DirectoryQueue
from x400.server.inbound import SLACK
from x400.server.link import Link
from x400.server.log import tell_left_out
from x400.server.masking import Masking
from x400.server.outbound import PeerQueue, wait_after
from x400.server.peer_tables import APPLICATION_PROTOCOLS, X410_PROTOCOLS
from x400.server.queues import Queue
from x400.server.recovery import LostAssociations
from x400.server.rerouting import reroute, reroute_removed
from x400.spool import Batch, Entry, Event, QuarantineLimits, Spool, SpoolError, SqliteSpool
from x400.spool.held import HeldLimits, HeldTransfers
from x400.spool.queries import worker_folders

log = structlog.get_logger("x400.server")

TICK = 1.0
COLLECT_AFTER = 20_000
"""Objects more than at the last look for unreachable ones: what is on its way is fewer, and goes by itself."""
RENEW_EVERY = 120
SWEEP_EVERY = 30
EXPIRED_TOGETHER = 100
DAMAGED = "unable-to-complete-transfer"
"""The diagnostic of what was damaged on our disk."""


class Worker:
    """See the module. ``sockets`` are bound, one for each listener of the configuration."""

    def __init__(self, config: Config, number: int, sockets: list[socket], ready: Callable[[], object]) -> None:
        self.config = config
        self.number = number
        self.binding = Binding(config)
        self.counters = Counters()
        self.directory: Lookup | None = None
        if config.directory is not None:
            self.directory = Lookup(
                config.directory, config.mta.name, lambda: self.config.peers, config.path, self.counters.directory
            )
        cache = None if self.directory is None else self.directory.cache
        self.mta = MTA(configuration.mta_configuration(config, number), cache)
        folder = config.spool / f"worker-{number}"
        siblings = {config.spool / f"worker-{other}" for other in range(config.mta.workers)}
        siblings |= {*worker_folders(config.spool)}
        limits = config.limits
        self.spool: Spool = SqliteSpool(
            folder,
            retention=limits.trace_days * 86400,
            siblings=sorted(siblings - {folder}),
            quarantine=QuarantineLimits(limits.quarantine_entries, limits.quarantine_octets),
        )
        self.held = HeldTransfers(
            config.spool / "held",
            self.spool.contents,
            HeldLimits(limits.interrupted_transfers, limits.interrupted_octets, config.timers.interrupted),
        )
        self.lost_associations = LostAssociations()
        self.failed_binds = security.FailedBinds(
            limits.failed_binds, config.timers.failed_bind, config.timers.failed_bind_longest
        )
        self.congestion = Congestion(config.spool, limits.waiting, limits.free_octets)
        self.clock = Clock(config.spool / "clock")
        self.links: set[Link] = set()
        self.stopping = False
        self.damage = ""
        """What was found damaged in the spool; the worker ends because of it."""
        self._queues: dict[str, Queue] = {}
        self._unconfigured: set[str] = set()
        """Queues that something waits in, and whose peer is not in the configuration."""
        self.accounting = Accounting(config.path(config.accounting.file) if config.accounting is not None else None)
        self._folder = folder
        self._control = ControlServer(self, folder)
        self._sockets = sockets
        self._ready = ready
        self._tasks: set[asyncio.Task[None]] = set()
        self._captures: dict[str, TapMaker] = {}
        self._stop = asyncio.Event()
        self._quiet = asyncio.Event()

    # ---- life

    async def run(self) -> None:
        """Serve until ``stop``; then finish what is in flight. Raises SpoolError when the spool cannot be opened."""
        sys.setswitchinterval(0.0005)
        self.accounting.open()
        self.spool.on_damage = self._damaged
        await self.spool.open()
        if self.spool.rescued is not None:
            tell_of_rescue(self.spool.rescued)
            self.counters.rescues += 1
        await self._clock_jumped()
        await self._wake()
        if self.number == 0:
            self.start_task(self._absorb())
        servers = [
            await listen(handle, self._answering(listener), self._listening_tls(listener))
            for listener, handle in zip(self.config.listener, self._sockets, strict=True)
        ]
        await self._control.start()
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER, 20, 20)
        self._ready()
        schedule = asyncio.create_task(self._schedule())
        await self._stop.wait()
        self._control.close()
        for server in servers:
            server.close()
        schedule.cancel()
        await self._finish()
        if self.directory is not None:
            await self.directory.close()
        await self.spool.close()
        self.accounting.close()
        tell_left_out(everything=True)

    async def _wake(self) -> None:
        """Pass on what waits on disk."""
        for state in await self.spool.queues():
            queue = self.queue(state.queue)
            if queue is None:
                self._unconfigured.add(state.queue)
                self.spool.obstacle(state.queue, 1, NOT_CONFIGURED)
                await reroute_removed(self, state.queue)
                continue
            if state.queue in self._unconfigured:
                self._unconfigured.remove(state.queue)
                self.spool.obstacle(state.queue)
            queue.wake()

    def wake(self, name: str) -> None:
        """Something waits on disk for a next hop; of one that is not there it stays."""
        for queue in self.queues(name):
            queue.wake()

    async def _absorb(self) -> None:
        """Take over what waits in the spools of workers that are not started any more."""

        ours = {self.config.spool / f"worker-{number}" for number in range(self.config.mta.workers)}
        for folder in worker_folders(self.config.spool):
            if folder in ours:
                continue
            try:
                await absorb(folder, self.spool, self._folder, self.wake)
            except SpoolError as error:
                log.error("spool of a worker that is not started cannot be taken over", error=str(error))

    def stop(self) -> None:
        self._stop.set()

    def _damaged(self, reason: str) -> None:
        """What is on disk is damaged: nothing can be confirmed any more, and what can be read is rescued when the spool
        is opened again, by the next worker in this place."""
        log.error("the spool is damaged: this worker ends, and its spool is rescued", worker=self.number, error=reason)
        self.damage = reason
        self.congestion.close(f"the spool is damaged: {reason}")
        self.stop()

    async def _finish(self) -> None:
        """No new transfers; those in flight end; then every association."""
        self.stopping = True
        for queue in self._queues.values():
            queue.stop()
        for link in tuple(self.links):
            if not link.busy and not link.releasing:
                self.finish(link)
        try:
            async with asyncio.timeout(self.config.timers.stop):
                while self.links or self._tasks or any(self._deliveries_busy()):
                    self._quiet.clear()
                    try:
                        async with asyncio.timeout(0.1):
                            await self._quiet.wait()
                    except TimeoutError:
                        pass
        except TimeoutError:
            log.warning("stopping with associations open", associations=len(self.links))
        for link in tuple(self.links):
            if link.association is not None:
                link.association.drop()
        await asyncio.sleep(0)

    def finish(self, link: Link) -> None:
        """End an association that has nothing under way, as we are stopping."""
        association = link.association
        if association is None:
            return
        if association.initiator and association.connection.may_transfer:
            link.release()
        else:
            association.abort()

    def link_gone(self) -> None:
        self._quiet.set()

    def _deliveries_busy(self) -> list[bool]:
        return [queue.busy for queue in self._queues.values() if isinstance(queue, DeliveryQueue)]

    def start_task(self, work: Coroutine[Any, Any, None]) -> None:
        """For the rare thing that has to wait: kept until it ends, its failure logged."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("fault in a task", error=repr(error), exc_info=error)

    def reload(self) -> None:
        """Read the file again: its routes and its peers are taken over, what else has changed needs a restart. The
        accounting log is opened anew."""
        try:
            self.accounting.open()
            new = configuration.load(self.config.file)
            self.mta.replace_configuration(configuration.mta_configuration(new, self.number))
        except (configuration.ConfigError, OSError, ValueError) as error:
            log.error("configuration not taken over", error=str(error))
            return
        self.config = new
        self.binding = Binding(new, self.binding.tokens)
        for queue in [queue for queue in self._queues.values() if isinstance(queue, PeerQueue)]:
            peer = new.peers.get(queue.name)
            if peer is not None:
                queue.peer = peer
            else:
                del self._queues[queue.name]
                queue.retire()
        for link in tuple(self.links):
            if link.bound and link.peer_name not in new.peers:
                link.retire()
        self.start_task(self._wake())
        log.info("routes read again", routes=len(new.route), peers=len(new.peer))

    # ---- queues

    def queue(self, name: str) -> Queue | None:
        """The queue of that name; None when its peer is not configured."""
        queue = self._queues.get(name)
        if queue is None:
            if name.startswith(DELIVERY):
                queue = self._delivery_queue(name)
            elif name == DEFERRED:
                queue = DeferredQueue(self)
            elif name == DIRECTORY:
                queue = DirectoryQueue(self)
            elif name in self.config.peers:
                queue = PeerQueue(self.config.peers[name], self)
            else:
                return None
            queue.damaged = self.set_aside
            self._queues[name] = queue
        return queue

    def _delivery_queue(self, name: str) -> DeliveryQueue:
        queue = DeliveryQueue(name, self.spool, lambda failures: wait_after(failures, self.config.retry), self)
        try:
            queue.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.error("delivery folder cannot be made", folder=str(queue.folder), error=str(error))
        return queue

    def queues(self, name: str | None = None) -> list[Queue]:
        """The queues that there are: all, or the one of that name, if its peer is configured."""
        if name is None:
            return list(self._queues.values())
        queue = self.queue(name)
        return [] if queue is None else [queue]

    def withdraw(self, ids: Sequence[int]) -> list[Entry]:
        """Take those of these entries that are at hand in memory: they stay claimed, and are the caller's now."""
        wanted = frozenset(ids)
        return [entry for queue in self._queues.values() for entry in queue.withdraw(wanted)]

    def peer_queue(self, name: str) -> PeerQueue:
        queue = self.queue(name)
        assert isinstance(queue, PeerQueue)
        return queue

    def expect(self, batch: Batch) -> None:
        """A batch is about to be stored."""
        for entry in batch.entries:
            queue = self._queues.get(entry.queue) or self.queue(entry.queue)
            if queue is not None:
                queue.expect(entry)

    def stored(self, batch: Batch) -> None:
        """A batch is on disk: pass its entries on."""
        for event in batch.events:
            self.counters.events[event.action] += 1
        for entry in batch.entries:
            queue = self._queues.get(entry.queue)
            if queue is not None:
                queue.stored(entry)
                queue.work()

    def not_stored(self, batch: Batch) -> None:
        for entry in batch.entries:
            queue = self._queues.get(entry.queue)
            if queue is not None:
                queue.not_stored(entry)

    async def replace(self, entry: Entry, batch: Batch) -> None:
        """A batch takes the place of an entry that is claimed, and is passed on. Raises SpoolError; the claim is still
        held then."""
        self.expect(batch)
        try:
            await self.spool.replace(entry, batch)
        except SpoolError:
            self.not_stored(batch)
            raise
        self.stored(batch)

    # ---- what happens by the clock

    async def _schedule(self) -> None:
        """Idle associations, expired entries, leases."""
        ticks = 0
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(TICK)
            self.counters.loop_lag.add(max(0.0, loop.time() - before - TICK))
            ticks += 1
            tell_left_out()
            self.congestion.look(self.spool.number())
            if self.clock.look():
                await self._clock_jumped()
            self.spool.forgetting = not self.clock.doubtful
            for queue in tuple(self._queues.values()):
                if isinstance(queue, PeerQueue):
                    queue.release_idle(self.config.timers.idle)
                    queue.work()
                if ticks % RENEW_EVERY == 0:
                    queue.renew()
            if self.clock.doubtful:
                continue
            if ticks % SWEEP_EVERY == 0:
                await asyncio.get_running_loop().run_in_executor(None, self.held.sweep)
            try:
                while await self._expire():
                    pass
            except SpoolError as error:
                log.warning("expired entries cannot be given up", error=str(error))

    async def _clock_jumped(self) -> None:
        """No retry is due later than it could be set to be now; what is due now is looked for."""
        try:
            await self.spool.bring_forward(time.time() + self.config.retry.longest, DEFERRED)
        except SpoolError as error:
            log.warning("retries may be late", error=str(error))
        for queue in tuple(self._queues.values()):
            queue.wake()

    async def _expire(self) -> bool:
        """Give up what has waited too long: a report takes its place. True when there may be more."""
        entries = await self.spool.expired(self.clock.time(), EXPIRED_TOGETHER)
        for number, entry in enumerate(entries):
            try:
                await self.give_up(entry, UNANSWERED if entry.queue == DIRECTORY else "maximum-time-expired")
            except SpoolError:
                self.spool.release(entries[number:])
                raise
        return len(entries) == EXPIRED_TOGETHER

    def set_aside(self, entry: Entry, cause: str) -> None:
        """An entry that is claimed is damaged on disk: it is not passed on, its octets are kept, and a report takes its
        place if its envelope can be read."""
        self.start_task(self._set_aside(entry, cause))

    async def _set_aside(self, entry: Entry, cause: str) -> None:
        log.error("damaged on disk", identifier=entry.identifier, peer=entry.queue, cause=cause)
        self.counters.damaged += 1
        try:
            kept = await self.spool.set_aside(entry, cause)
            event = Event("damaged", entry.queue, f"{cause}; kept as {kept.name}")
            await self.give_up(entry, DAMAGED, event)
        except SpoolError as error:
            log.warning("cannot be set aside", identifier=entry.identifier, error=str(error))
            for queue in self.queues(entry.queue):
                queue.retry_at(entry, time.time() + self.config.retry.longest, f"{cause}; not set aside: {error}")

    async def give_up(self, entry: Entry, reason: NonDelivery | str, event: Event | None = None) -> None:
        """A report takes the place of an entry that is claimed. Raises SpoolError; the claim is still held then.

        ``event``: of what is damaged, and is kept already: what has become of it.
        """
        try:
            outcome = self._given_up(entry, reason, damaged=event is not None)
            if entry.damage and outcome.identifier != entry.identifier:
                raise InvalidAPDU(f"its identifier has become {outcome.identifier}")
        except Exception as error:  # InvalidAPDU, or a fault of ours: kept aside, the others go on
            log.error("no report can be made", identifier=entry.identifier, error=repr(error))
            if event is None:
                await self.put_aside(entry, error)
            else:
                self.spool.done(entry, event)
            return
        batch = batch_of(outcome, "", entry.size, repeatable=False)
        batch.events += [event] if event is not None else []
        batch.events.append(Event("given-up", entry.queue, f"{reason}: {entry.recipients}"))
        await self.replace(entry, batch)
        self.accounting.left("given-up", entry)
        log.info("given up", identifier=entry.identifier, peer=entry.queue, reason=str(reason))

    def _given_up(self, entry: Entry, reason: NonDelivery | str, *, damaged: bool) -> Outcome:
        now = datetime.now(UTC)
        if entry.queue.startswith(DELIVERY):
            return undelivered(self.mta, entry, reason, now)
        return self.mta.expire(stored_of(entry), recipients_of(entry), reason, now, final=damaged)

    async def put_aside(self, entry: Entry, error: Exception) -> None:
        """An entry that is claimed cannot go on: into quarantine with it. Raises SpoolError; the claim is held then."""
        offset = getattr(error, "offset", None)
        reason = str(error) or repr(error)
        await self.spool.quarantine(entry.queue, reason, offset, [entry.head], entry.tail, entry)
        self.counters.quarantined += 1
        self.spool.done(entry, Event("quarantined", entry.queue, reason))

    def reroute(self, name: str, *, removed: bool = False) -> None:
        """Pass what waits for a peer that is down, or was removed, to others (x400.server.rerouting)."""
        self.start_task(reroute_removed(self, name) if removed else reroute(self, name))

    # ---- associations

    def admit(self) -> None:
        """One more has called. If that is one too many, who has been here longest without saying who he is must go:
        whoever only holds connections open keeps nobody out who binds at once."""
        limits = self.config.limits
        unbound = [
            link for link in self.links if not link.bound and link.association and not link.association.initiator
        ]
        if len(self.links) <= limits.associations and len(unbound) <= limits.unbound_associations:
            return
        oldest = min(unbound, key=lambda link: link.since)
        assert oldest.association is not None
        detail = f"too many associations ({len(self.links)}, {len(unbound)} unbound)"
        oldest.association.failure("transport", None, detail, None)
        oldest.association.drop()
        self.links.discard(oldest)

    def associations_of(self, peer: str) -> int:
        """How many associations a peer has opened."""
        return sum(1 for link in self.links if link.peer_name == peer and link.association is not None
                   and not link.association.initiator)  # fmt: skip

    def _listening_tls(self, listener: Listener) -> ssl.SSLContext | None:
        return None if listener.tls is None else security.tls_context(listener.tls, self.config.path, listening=True)

    def _answering(self, listener: Listener) -> Callable[[], Association]:
        selector = listener.transport_selector
        parameters = self._parameters(
            called_transport_selector=selector.encode("latin-1") if selector is not None else b"",
            application_protocols=X410_PROTOCOLS,
        )
        taps = self._capture(listener.capture)

        def make() -> Association:
            connection = rtse.Connection(False, parameters, asyncio.get_running_loop().time())
            return Association(connection, Link(self), False, taps)

        return make

    def call(self, queue: PeerQueue) -> None:
        """Open an association with a peer; the queue hears of it."""
        self.start_task(self._call(queue))

    async def _call(self, queue: PeerQueue) -> None:
        peer = queue.peer
        assert peer.address is not None
        link = Link(self, queue)
        parameters = self._calling_parameters(peer)
        taps = self._capture(peer.capture)

        def make() -> Association:
            connection = rtse.Connection(True, parameters, asyncio.get_running_loop().time())
            return Association(connection, link, True, taps)

        try:
            host, port = parse_address(peer.address)
            tls, name = None, None
            if peer.tls is not None:
                tls = security.tls_context(peer.tls, self.config.path, listening=False)
                name = peer.tls.server_name or host
            await call(host, port, make, self.config.timers.connect, tls, name)
        except OSError as error:
            if link.association is None and not link.bound:
                queue.refused(error.strerror or str(error) or "no answer in time")

    def _parameters(self, **more: Any) -> rtse.Parameters:
        timers = self.config.timers
        return rtse.Parameters(
            connect_time=timers.bind,
            transfer_time=timers.transfer,
            acknowledgement_time=timers.transfer,
            idle_time=max(600.0, 2 * timers.idle),
            maximum_apdu_size=self.config.limits.message_octets + SLACK,
            **more,
        )

    def _calling_parameters(self, peer: Peer) -> rtse.Parameters:
        return self._parameters(
            application_protocol=APPLICATION_PROTOCOLS[peer.protocol],
            checkpoint_size=peer.checkpoint_size,
            window_size=peer.window_size,
            dialogue_mode=peer.dialogue_mode,
            calling_ss_user_reference=f"{self.config.mta.name}.{secrets.token_hex(12)}".encode("latin-1"),
            common_reference=datetime.now(UTC).strftime("%y%m%d%H%M%SZ").encode(),
            called_transport_selector=peer.transport_selector.encode("latin-1"),
            called_session_selector=peer.session_selector.encode("latin-1"),
            called_presentation_selector=peer.presentation_selector.encode("latin-1"),
        )

    def _capture(self, path: str | None) -> TapMaker | None:
        if path is None:
            return None
        file = self.config.path(path)
        if self.config.mta.workers > 1:
            file = str(Path(file).with_suffix(f".{self.number}{Path(file).suffix}"))
        if file not in self._captures:
            from x400.net.capture import Capture

            Path(file).parent.mkdir(parents=True, exist_ok=True)
            passwords = {peer.password for peer in self.config.peer} | {peer.own_password for peer in self.config.peer}
            self._captures[file] = Masking(Capture(file), [password for password in passwords if password])
        return self._captures[file]
