"""How a running MTA is asked, and told what to do: one Unix socket for each worker process, in its spool folder.

A request is one line of JSON, the answer another; a connection carries one request after another. Who may open the
socket may command the MTA: it belongs to the MTA's user, mode 0600.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

SOCKET = "control"
NOT_CONFIGURED = "no [[peer]] of that name is configured"
"""Why a queue is held up whose peer is not in the configuration."""
LONGEST_LINE = 1 << 22
"""Octets of an answer: the metrics of some ten thousand peers."""


class Selection(Struct, forbid_unknown_fields=True):
    """Entries of the queues: those of one queue, of one message, or both; neither: all."""

    queue: str | None = None
    identifier: str | None = None


class Hold(Selection, tag="hold"):
    """Keep entries back until they are released, given up by an operator, or expire."""


class Release(Selection, tag="release"):
    """Let entries go that were held back."""


class Retry(Selection, tag="retry"):
    """Try entries, and the peers that they wait for, at once, whatever the retry schedule says."""


class Delete(Selection, tag="delete", kw_only=True):
    """Give entries up: a non-delivery report for their recipients takes their place, if one is wanted."""

    diagnostic: str


class Cancel(Selection, tag="cancel", kw_only=True):
    """Take back one message that is deferred, without a report."""


class Reroute(Selection, tag="reroute", kw_only=True):
    """Pass entries to another peer than the one they wait for."""

    to: str


class Readmit(Struct, tag="readmit", forbid_unknown_fields=True):
    """Let something in again that is in quarantine."""

    name: str


class Peers(Struct, tag="peers"):
    """How it stands with each peer."""


class Metrics(Struct, tag="metrics"):
    """Everything that is counted."""


Change = Cancel | Hold | Release | Retry | Delete | Reroute
Request = Change | Readmit | Peers | Metrics


class Changed(Struct, tag="changed"):
    """So many entries were changed; so many are just being transferred, or expire, and were left alone."""

    changed: int = 0
    busy: int = 0


class Readmitted(Struct, tag="readmitted"):
    """The answer to ``Readmit``: what it was, and the steps of the procedures; ``repeated``: it had been here before,
    and nothing was done."""

    identifier: str
    repeated: bool
    steps: list[str]


class PeerState(Struct):
    """One peer, seen by one worker. Times are seconds since 1970, 0 for never."""

    name: str
    address: str
    associations_in: int
    associations_out: int
    transferring: int
    at_hand: int
    failures: int
    again: float
    error: str
    error_at: float
    received: int
    sent: int


class PeerStates(Struct, tag="peers"):
    """The answer to ``Peers``."""

    peers: list[PeerState]


class Sample(Struct, array_like=True):
    """One number of a family of metrics, with the values of the family's labels."""

    labels: tuple[str, ...]
    value: float


class Histogram(Struct, array_like=True):
    """Upper bounds in seconds, how many fell into each (the last: above all of them), and the sum in seconds."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum: float


class Measured(Struct, tag="measured"):
    """The answer to ``Metrics``, by the families' names."""

    counters: dict[str, list[Sample]]
    gauges: dict[str, list[Sample]]
    histograms: dict[str, Histogram]


class Refused(Struct, tag="refused"):
    """The request could not be carried out."""

    reason: str


Answer = Changed | Readmitted | PeerStates | Measured | Refused

decode_request = msgspec.json.Decoder(Request).decode
_decode_answer = msgspec.json.Decoder(Answer).decode
A = TypeVar("A", bound=Struct)


class ControlError(Exception):
    """A worker could not be asked, or refused; the text says which and why."""


@contextmanager
def short_path(folder: Path) -> Iterator[str]:
    """A name for the folder's socket that is short enough for an address (108 octets), however deep the folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)


def ask(worker: Path, request: Request, kind: type[A], patience: float = 10.0) -> A:
    """Send one request to the worker whose spool folder is given; the answer, of the ``kind`` expected.

    Raises ControlError; ``patience`` in seconds.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as handle, short_path(worker) as path:
            handle.settimeout(patience)
            handle.connect(path)
            handle.sendall(msgspec.json.encode(request) + b"\n")
            with handle.makefile("rb") as file:
                line = file.readline(LONGEST_LINE)
        answer = _decode_answer(line)
    except OSError as error:
        raise ControlError(f"{worker.name} does not answer: {error.strerror or error}") from error
    except msgspec.DecodeError as error:
        raise ControlError(f"{worker.name}: an answer that cannot be read: {error}") from error
    if isinstance(answer, Refused):
        raise ControlError(f"{worker.name}: {answer.reason}")
    if not isinstance(answer, kind):
        raise ControlError(f"{worker.name}: an answer of another kind, {type(answer).__name__}")
    return answer


def running(spool: Path) -> list[Path]:
    """The spool folders of the workers that run, below an MTA's spool folder."""
    found = []
    for folder in sorted(spool.glob("worker-*")):
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as handle, short_path(folder) as path:
                handle.settimeout(1.0)
                handle.connect(path)
            found.append(folder)
        except OSError:
            continue
    return found
