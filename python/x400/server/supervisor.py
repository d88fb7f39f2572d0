"""`x400 run`: one worker in this process, or several in processes of their own that are started again when they die.

Standard output has one line for each listener once it answers; what else there is to say goes to the log on stderr.
SIGTERM and SIGINT end in order what is in flight, exit code 0; SIGHUP reads the routes again.
"""

from __future__ import annotations

import asyncio
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable

import structlog
import uvloop

from x400.net.endpoint import open_listener
from x400.server.config import Config, ConfigError, MetricsTable
from x400.server.log import set_up
from x400.server.worker import Worker
from x400.spool import SpoolError
from x400.spool.queries import number_of_entries, worker_folders

log = structlog.get_logger("x400.server")

RESTART_AFTER = 1.0
METRICS = -1
"""The number of the process that serves the metrics, where several workers run."""


def run(config: Config) -> int:
    """Run the MTA until it is told to stop; the exit code."""
    set_up(config.mta.log_format, config.mta.log_level)
    _raise_descriptor_limit(config.limits.associations)
    shared = config.mta.workers > 1
    _tell_stranded(config)
    try:
        sockets = [open_listener(one.address, one.port, shared=shared) for one in config.listener]
    except OSError as error:
        log.error("cannot listen", error=error.strerror)
        return 1
    if not shared:
        if config.metrics is not None and not _serve_metrics(config.metrics, config):
            return 1
        return serve(config, 0, sockets, lambda: announce(config, sockets))
    return Supervisor(config, sockets).run()


def _serve_metrics(where: MetricsTable, config: Config) -> bool:
    """Serve the metrics from a thread of this process; whether that goes."""
    from x400.console.metrics import serve

    try:
        port = serve(config.spool, config.mta.workers, where.address, where.port)
    except OSError as error:
        log.error("metrics cannot be served", address=where.address, port=where.port, error=error.strerror)
        return False
    log.info("metrics are served", address=where.address, port=port)
    return True


def _tell_stranded(config: Config) -> None:
    """Spools of workers that there are no more: what waits in them would wait without end, and unseen."""
    ours = {f"worker-{number}" for number in range(config.mta.workers)}
    for folder in worker_folders(config.spool):
        if folder.name in ours:
            continue
        try:
            entries = number_of_entries(folder)
        except SpoolError as error:
            log.error("spool of a worker that is not started cannot be read", error=str(error))
            continue
        if entries:
            log.error("entries wait for a worker that is not started", spool=str(folder), entries=entries,
                      expected="as many [mta] workers as before, until it is empty")  # fmt: skip


def _raise_descriptor_limit(associations: int) -> None:
    """Allow as many open files as the associations, the spool and its contents may need, if the system lets us."""
    wanted = 2 * associations + 256
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and wanted > hard:
        log.warning("fewer open files allowed than [limits] associations may need", allowed=hard, wanted=wanted)
        wanted = hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def announce(config: Config, sockets: list[socket.socket]) -> None:
    """One line for each listener."""
    for handle in sockets:
        address, port = handle.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        print(f"ready: {config.mta.name} listens on {shown}:{port}", flush=True)
    if not sockets:
        print(f"ready: {config.mta.name} has no listener", flush=True)


def serve(
    config: Config, number: int, sockets: list[socket.socket], ready: Callable[[], object], alive: int | None = None
) -> int:
    """Run one worker in this process; the exit code. It stops, too, when the pipe ``alive`` ends."""

    async def main() -> int:
        worker = Worker(config, number, sockets, ready)
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, worker.stop)
        loop.add_signal_handler(signal.SIGHUP, worker.reload)
        if alive is not None:
            loop.add_reader(alive, _orphaned, worker, alive)
        try:
            await worker.run()
        except (SpoolError, ConfigError, OSError) as error:
            log.error("cannot run", error=str(error))
            return 1
        return 0

    return uvloop.run(main())


def _orphaned(worker: Worker, alive: int) -> None:
    """The supervisor is no more: end in order, so that another can take over the ports and the spools."""
    asyncio.get_running_loop().remove_reader(alive)
    log.error("the supervisor is no more", worker=worker.number)
    worker.stop()


class Supervisor:
    """Several workers; each listens on the same ports and has a spool of its own."""

    def __init__(self, config: Config, sockets: list[socket.socket]) -> None:
        self._config = config
        self._sockets = sockets
        self._workers: dict[int, int] = {}
        self._alive_in, self._alive_out = os.pipe()
        """Nothing is written to it: its end tells the children that this process is no more."""
        self._stopping = False

    def run(self) -> int:
        """Start them, keep them running, stop them; the exit code."""
        ready_in, ready_out = os.pipe()
        signals = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        for number in range(self._config.mta.workers):
            self._start(number, ready_out)
        if self._config.metrics is not None:
            self._start(METRICS, ready_out)
        code = self._wait_until_ready(ready_in)
        if code == 0:
            announce(self._config, self._sockets)
        while self._workers:
            received = signal.sigwait(signals)
            if received == signal.SIGHUP:
                self._tell(signal.SIGHUP)
            elif received == signal.SIGCHLD:
                for number, died in self._reap():
                    if self._stopping:
                        code = code or died
                        continue
                    log.error("worker died", worker=number, code=died)
                    time.sleep(RESTART_AFTER)
                    self._start(number, ready_out)
            else:
                self._stopping = True
                self._tell(signal.SIGTERM)
        return code

    def _wait_until_ready(self, ready_in: int) -> int:
        left = self._config.mta.workers + (self._config.metrics is not None)
        while left:
            if select.select([ready_in], [], [], 0.5)[0]:
                left -= len(os.read(ready_in, left))
            dead = self._reap()
            if dead:
                self._stopping = True
                self._tell(signal.SIGTERM)
                return dead[0][1] or 1
        return 0

    def _start(self, number: int, ready_out: int) -> None:
        """A worker with sockets of its own: those that listen share the calls, ours only hold the ports."""
        pid = os.fork()
        if pid:
            self._workers[pid] = number
            return
        code = 1
        try:
            os.close(self._alive_out)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {*signal.Signals} - {signal.SIGKILL, signal.SIGSTOP})
            if number == METRICS:
                code = self._run_metrics(ready_out)
                return
            sockets = [open_listener(*handle.getsockname()[:2], shared=True) for handle in self._sockets]
            for handle in self._sockets:
                handle.close()
            code = serve(self._config, number, sockets, lambda: os.write(ready_out, b"+"), self._alive_in)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _run_metrics(self, ready_out: int) -> int:
        """Serve the metrics in this process until told to stop; the exit code."""
        for handle in self._sockets:
            handle.close()
        assert self._config.metrics is not None
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, lambda number, frame: os._exit(0))
        if not _serve_metrics(self._config.metrics, self._config):
            return 1
        os.write(ready_out, b"+")
        os.read(self._alive_in, 1)
        return 0

    def _tell(self, what: signal.Signals) -> None:
        for pid in self._workers:
            os.kill(pid, what)

    def _reap(self) -> list[tuple[int, int]]:
        """Workers that have ended: (number, exit code)."""
        ended = []
        while self._workers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid in self._workers:
                ended.append((self._workers.pop(pid), os.waitstatus_to_exitcode(status)))
        return ended
