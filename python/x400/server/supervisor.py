"""`x400 run`: one worker in this process, or several in processes of their own that are started again when they die.

Standard output has one line for each listener once it answers; what else there is to say goes to the log on stderr.
SIGTERM and SIGINT end in order what is in flight, exit code 0; SIGHUP reads the routes again; SIGUSR2
restarts with what is installed and configured now, a worker at a time, so that the others go on.
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
from collections import Counter
from collections.abc import Callable

import structlog
import uvloop

from x400.net.endpoint import open_listener
from x400.server.config import Config, ConfigError, MetricsTable, load
from x400.server.log import set_up
from x400.server.worker import Worker
from x400.spool import SpoolCorrupt, SpoolError

log = structlog.get_logger("x400.server")

RESTART_AFTER, RESTART_LONGEST = 1.0, 60.0
"""Seconds until a worker that has died is started again; twice as long each time that it does not get ready."""
ADOPT = "X400_ADOPT"
"""The variable by which a program that replaces itself tells the next one of its children."""
DAMAGED = 75
"""The exit code of a worker whose spool turned out to be damaged (sysexits' EX_TEMPFAIL)."""
UNREADABLE = 74
"""The exit code of a worker whose spool cannot be opened, nor be rescued (sysexits' EX_IOERR)."""
METRICS = -1
"""The number of the process that serves the metrics, where several workers run."""


def run(config: Config) -> int:
    """Run the MTA until it is told to stop; the exit code."""
    set_up(config.mta.log_format, config.mta.log_level, config.mta.log_repeats)
    _raise_descriptor_limit(config.limits.associations)
    shared = config.mta.workers > 1
    try:
        sockets = [open_listener(one.address, one.port, shared=shared) for one in config.listener]
    except OSError as error:
        log.error("cannot listen", error=error.strerror)
        return 1
    if not shared:
        if config.metrics is not None and not _serve_metrics(config.metrics, config):
            return 1
        code = serve(config, 0, sockets, lambda: announce(config, sockets))
        if code == DAMAGED:  # begin again: the spool is rescued
            sys.stdout.flush()
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
        return code
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
        except SpoolCorrupt as error:
            log.error("the spool cannot be opened", worker=number, error=str(error))
            return UNREADABLE
        except (SpoolError, ConfigError, OSError) as error:
            log.error("cannot run", error=str(error))
            return 1
        return DAMAGED if worker.damage else 0

    return uvloop.run(main())


def _orphaned(worker: Worker, alive: int) -> None:
    """The supervisor is no more: end in order, so that another can take over the ports and the spools."""
    asyncio.get_running_loop().remove_reader(alive)
    log.error("the supervisor is no more", worker=worker.number)
    worker.stop()


class Supervisor:
    """Several workers; each listens on the same ports and has a spool of its own. What one of them dies of is no matter
    of the others: it is started again, and again, and they serve meanwhile."""

    def __init__(self, config: Config, sockets: list[socket.socket]) -> None:
        self._config = config
        self._sockets = sockets
        self._workers: dict[int, int] = {}
        self._alive_in, self._alive_out = os.pipe()
        """Nothing is written to it: its end tells the children that this process is no more. It stays the same in
        rolling restarts, as there may be workers of several of the programs that this process has been."""
        self._ready_in, self._ready_out = os.pipe()
        self._unready: set[int] = set()
        self._died: Counter[int] = Counter()
        """How often each worker has died since it was last ready."""
        self._due: dict[int, float] = {}
        """When a worker that has died is started again, on the monotonic clock."""
        self._to_replace: list[int] = []
        self._replacing: int | None = None
        self._leaving: set[int] = set()
        self._stopping = False

    def run(self) -> int:
        """Start them, keep them running, stop them; the exit code."""
        signals = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2, signal.SIGCHLD}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        adopted = os.environ.pop(ADOPT, "")
        if adopted:
            self._adopt(adopted)
        else:
            for number in self._numbers:
                self._start(number)
        code = 0 if adopted else self._wait_until_ready()
        if code == 0 and not adopted:
            announce(self._config, self._sockets)
        while self._workers or self._due:
            waits = self._to_replace or self._due
            received = signal.sigtimedwait(signals, 0.1) if waits else signal.sigwaitinfo(signals)
            number = received.si_signo if received is not None else 0
            if number == signal.SIGHUP:
                self._tell(signal.SIGHUP)
            elif number == signal.SIGUSR2:
                self._replace_myself()
            elif number in (signal.SIGTERM, signal.SIGINT):
                self._stopping = True
                self._to_replace.clear()
                self._due.clear()
                self._tell(signal.SIGTERM)
            died = self._look_after()
            code = code or died
        return code

    def _look_after(self) -> int:
        """Start again what has ended, and go on with a rolling restart; an exit code that ours should be."""
        for number, died in self._reap():
            if self._stopping:
                if died not in (0, -signal.SIGTERM):  # the latter: before it had come to wait for it
                    return died
                continue
            if number == self._replacing:
                self._start(number)
                self._replacing = None
                continue
            log.error("worker died", worker=number, code=died)
            if number in self._to_replace:  # it is when it is started
                self._to_replace.remove(number)
            self._start_later(number)
        self._count_ready()
        now = time.monotonic()
        for number in [number for number, due in self._due.items() if due <= now]:
            del self._due[number]
            self._start(number)
        all_serve = not self._unready and not self._due
        if self._to_replace and self._replacing is None and all_serve and not self._stopping:
            self._replacing = number = self._to_replace.pop(0)
            log.info("worker is replaced", worker=number)
            os.kill(next(pid for pid, worker in self._workers.items() if worker == number), signal.SIGTERM)
        return 0

    # ---- a rolling restart: this process becomes the new program, then replaces its workers one after another

    def _replace_myself(self) -> None:
        """Run the program anew in this process: what is installed now, with the configuration as it is now. The workers
        go on meanwhile: they stay this process's children."""
        try:
            load(self._config.file)
        except ConfigError as error:
            log.error("not restarted: the configuration is wrong", error=str(error))
            return
        log.info("restarting, a worker at a time")
        children = ",".join(f"{number}:{pid}" for pid, number in self._workers.items())
        for end in (self._alive_in, self._alive_out):
            os.set_inheritable(end, True)
        os.environ[ADOPT] = f"{self._alive_in},{self._alive_out};{children}"
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])

    def _adopt(self, text: str) -> None:
        """Take over the children of the program that this process was before; all of them are to be replaced."""
        ends, _, children = text.partition(";")
        for end in (self._alive_in, self._alive_out):
            os.close(end)
        self._alive_in, self._alive_out = (int(end) for end in ends.split(","))
        for end in (self._alive_in, self._alive_out):
            os.set_inheritable(end, False)
        for child in filter(None, children.split(",")):  # none: all have died, and wait to be started again
            worker, _, pid = child.partition(":")
            self._workers[int(pid)] = int(worker)
        running = set(self._workers.values())
        self._to_replace = [number for number in self._numbers if number in running]
        for process, number in self._workers.items():
            if number not in self._numbers:  # a worker less than before
                self._leaving.add(number)
                os.kill(process, signal.SIGTERM)
        for number in self._numbers:
            if number not in running:
                self._start(number)

    # ---- starting

    @property
    def _numbers(self) -> list[int]:
        return [*range(self._config.mta.workers), *([METRICS] if self._config.metrics is not None else [])]

    def _count_ready(self) -> None:
        while self._unready and select.select([self._ready_in], [], [], 0)[0]:
            ready = os.read(self._ready_in, 64)
            self._unready.difference_update(ready)
            for number in ready:
                del self._died[number]

    def _wait_until_ready(self) -> int:
        """Until all answer that can; an exit code when something is wrong that an operator has to see to first."""
        while self._unready:
            select.select([self._ready_in], [], [], 0.5)
            self._count_ready()
            for number, code in self._reap():
                if code == DAMAGED:  # it is rescued when it is started again
                    self._start(number)
                elif code == UNREADABLE and any(other != METRICS for other in self._workers.values()):
                    log.error("worker died, the others go on", worker=number, code=code)
                    self._unready.discard(number & 0xFF)
                    self._start_later(number)
                else:
                    self._stopping = True
                    self._due.clear()
                    self._tell(signal.SIGTERM)
                    return code or 1
        return 0

    def _start_later(self, number: int) -> None:
        """A worker has died: it is started again after a while."""
        wait = min(RESTART_LONGEST, RESTART_AFTER * 2 ** min(self._died[number & 0xFF], 16))
        self._died[number & 0xFF] += 1
        self._due[number] = time.monotonic() + wait

    def _start(self, number: int) -> None:
        """A worker with sockets of its own: those that listen share the calls, ours only hold the ports."""
        self._unready.add(number & 0xFF)
        pid = os.fork()
        if pid:
            self._workers[pid] = number
            return
        code = 1
        try:
            os.close(self._alive_out)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {*signal.Signals} - {signal.SIGKILL, signal.SIGSTOP})
            if number == METRICS:
                code = self._run_metrics()
                return
            sockets = [open_listener(*handle.getsockname()[:2], shared=True) for handle in self._sockets]
            for handle in self._sockets:
                handle.close()
            code = serve(
                self._config, number, sockets, lambda: os.write(self._ready_out, bytes([number & 0xFF])), self._alive_in
            )
        except Exception:
            log.exception("fault in starting a worker", worker=number)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _run_metrics(self) -> int:
        """Serve the metrics in this process until told to stop; the exit code."""
        for handle in self._sockets:
            handle.close()
        assert self._config.metrics is not None
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, lambda number, frame: os._exit(0))
        if not _serve_metrics(self._config.metrics, self._config):
            return 1
        os.write(self._ready_out, bytes([METRICS & 0xFF]))
        select.select([self._alive_in], [], [])
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
                number = self._workers.pop(pid)
                if number in self._leaving:
                    self._leaving.discard(number)
                else:
                    ended.append((number, os.waitstatus_to_exitcode(status)))
        return ended
