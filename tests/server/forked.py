"""MTAs as processes that start in a moment: forked from a process that has everything loaded already."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from x400.asn1 import specification
from x400.server import load
from x400.server.log import set_up
from x400.server.supervisor import open_listener, serve

specification()

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])


def _main(path: str, log: str, ready: Connection) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(descriptor, 2)
    config = load(path)
    set_up()
    faulthandler.register(signal.SIGUSR1)  # tells where each thread is, in the log
    sockets = [open_listener(listener.address, listener.port) for listener in config.listener]
    sys.exit(serve(config, 0, sockets, lambda: ready.send(True)))


class Forked:
    """One MTA, started and killed again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = path.with_suffix(".log")
        self._process: multiprocessing.process.BaseProcess | None = None

    def start(self) -> None:
        receiver, sender = _context.Pipe(False)
        self._process = _context.Process(target=_main, args=(str(self.path), str(self.log), sender), daemon=True)
        self._process.start()
        sender.close()
        assert receiver.poll(20), self.log.read_text()[-2000:]
        receiver.recv()
        receiver.close()

    @property
    def pid(self) -> int:
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.join(10)

    def stop(self) -> int | None:
        assert self._process is not None
        self._process.terminate()
        self._process.join(20)
        return self._process.exitcode
