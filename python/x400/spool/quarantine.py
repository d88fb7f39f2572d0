"""What could not be understood, kept for a human: octets in a file, and beside it what is known about them.

``TIME-ID.ber`` has the octets, ``TIME-ID.json`` what is known; the latter is written last, so that what is listed is
whole. Two kinds of things come here. What a peer transferred was refused, and is the peer's still: such is kept only
while there is room (`QuarantineLimits`), else SpoolFull says so before the peer is answered. What had been taken over
(an entry of the spool) is nobody else's: it is kept in any case, on disk before the entry leaves, with all that it
takes to queue it again.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from x400.spool.contents import as_spool_error, sync_folder
from x400.spool.exceptions import SpoolError, SpoolFull
from x400.spool.interface import Buffer, Entry, Part

__all__ = ["FOLDER", "Quarantine", "QuarantineLimits", "Quarantined", "forget", "listed", "named", "take_over"]

FOLDER = "quarantine"
"""The folder of a worker's spool."""


@dataclass(frozen=True, slots=True)
class QuarantineLimits:
    """How much of what was refused is kept by one worker."""

    entries: int = 1000
    octets: int = 1 << 30


class WasEntry(msgspec.Struct, forbid_unknown_fields=True):
    """An entry of the spool that is in quarantine; ``head`` is how many octets of the file were its head."""

    queue: str
    priority: int
    identifier: str
    kind: str
    originator: str
    recipients: str
    expiry: float
    head: int
    detail: bytes
    arrived: float
    attempts: int


class About(msgspec.Struct, forbid_unknown_fields=True):
    """What the JSON file has. ``offset`` is the fault's place in the octets, where it is known."""

    peer: str
    reason: str
    offset: int | None
    time: float
    entry: WasEntry | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One thing in quarantine: ``name`` is its file's, ``path`` the file of its octets."""

    name: str
    path: Path
    size: int
    about: About

    @property
    def entry(self) -> Entry | None:
        """What it was on the spool; None: it was refused, and never was there."""
        was = self.about.entry
        if was is None:
            return None
        with open(self.path, "rb") as file:
            head = file.read(was.head)
        rest = self.size - len(head)
        tail = Part(str(self.path), len(head), rest) if rest else None
        return Entry(was.queue, was.priority, was.identifier, was.kind, was.originator, was.recipients, was.expiry,
                     head, tail, was.detail, arrived=was.arrived)  # fmt: skip


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(About).decode


class Quarantine:
    """One worker's quarantine folder, as its MTA sees it. ``keep`` may be called from any thread."""

    def __init__(self, folder: Path, limits: QuarantineLimits | None = None) -> None:
        self.folder = folder
        self.limits = limits or QuarantineLimits()
        self._lock = threading.Lock()
        self._coming: dict[str, int] = {}

    def keep(
        self,
        peer: str,
        reason: str,
        offset: int | None,
        octets: Sequence[Buffer],
        tail: Part | None = None,
        entry: Entry | None = None,
    ) -> Path:
        """Keep the octets, then those of ``tail``, whose file stays; what was ``entry`` has room in any case.

        On disk on return. Raises SpoolFull when there is no room, SpoolError.
        """
        stem = _stem()
        size = sum(map(len, octets)) + (tail.length if tail else 0)
        with self._lock:
            if entry is None:
                self._check_room(size)
            self._coming[stem] = size
        kept = self.folder / f"{stem}.ber"
        about = About(peer, reason, offset, time.time(), None if entry is None else _was(entry))
        try:
            _write_whole(kept, octets, tail)
            _write_whole(kept.with_suffix(".json"), [_encode(about) + b"\n"])
            sync_folder(self.folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                kept.unlink(missing_ok=True)
            raise as_spool_error(error) from error
        finally:
            with self._lock:
                del self._coming[stem]
        return kept

    def keep_damaged(self, entry: Entry, reason: str) -> Path:
        """Keep an entry that is damaged on disk, whatever the limits are: its head, and its content file as it is, as
        ``.content``. On disk on return; raises SpoolError."""
        kept = self.folder / f"{_stem()}.ber"
        about = About(entry.queue, f"damaged on disk: {reason}", None, time.time())
        try:
            _write_whole(kept, [entry.head])
            if entry.tail is not None:
                with contextlib.suppress(FileNotFoundError):
                    os.link(entry.tail.path, kept.with_suffix(".content"))
            _write_whole(kept.with_suffix(".json"), [_encode(about) + b"\n"])
            sync_folder(self.folder)
        except OSError as error:
            for suffix in (".ber", ".content"):
                with contextlib.suppress(OSError):
                    kept.with_suffix(suffix).unlink(missing_ok=True)
            raise as_spool_error(error) from error
        return kept

    def used(self) -> tuple[int, int]:
        """How many things are here, and their octets."""
        sizes = [item.stat().st_size for item in _scan(self.folder) if item.name.endswith(".ber")]
        return len(sizes), sum(sizes)

    def _check_room(self, size: int) -> None:
        entries, octets = self.used()
        entries += len(self._coming)
        octets += sum(self._coming.values())
        if entries >= self.limits.entries:
            raise SpoolFull(f"{entries} are in quarantine, [limits] quarantine-entries is {self.limits.entries}")
        if octets + size > self.limits.octets:
            raise SpoolFull(
                f"{octets} octets are in quarantine, no room for {size}: [limits] quarantine-octets is "
                f"{self.limits.octets}"
            )


def _stem() -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) + "-" + uuid.uuid4().hex[:8]


def _was(entry: Entry) -> WasEntry:
    return WasEntry(entry.queue, entry.priority, entry.identifier, entry.kind, entry.originator, entry.recipients,
                    entry.expiry, len(entry.head), entry.detail, entry.arrived, entry.attempts)  # fmt: skip


def _write_whole(path: Path, octets: Sequence[Buffer], tail: Part | None = None) -> None:
    with open(path, "xb") as file:
        file.writelines(octets)
        if tail is not None:
            with open(tail.path, "rb") as rest:
                rest.seek(tail.offset)
                left = tail.length
                while left:
                    data = rest.read(min(left, 1 << 20))
                    if not data:
                        raise OSError("a content file is shorter than its entry says")
                    file.write(data)
                    left -= len(data)
        file.flush()
        os.fsync(file.fileno())


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return list(os.scandir(folder))
    except FileNotFoundError:
        return []


# ---- for who looks


def listed(worker: Path) -> list[Quarantined]:
    """All that is in quarantine in a worker's spool folder, the oldest first. Raises SpoolError."""
    names = sorted(item.name for item in _scan(worker / FOLDER) if item.name.endswith(".json"))
    return [one for name in names if (one := named(worker, name.removesuffix(".json"))) is not None]


def named(worker: Path, name: str) -> Quarantined | None:
    """The one of that name, None when there is none. Raises SpoolError when what is known about it cannot be read."""
    path = worker / FOLDER / f"{name}.ber"
    if os.path.basename(path) != f"{name}.ber":
        return None
    try:
        about = _decode(path.with_suffix(".json").read_bytes())
        return Quarantined(name, path, path.stat().st_size, about)
    except FileNotFoundError:  # just released or deleted
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise SpoolError(f"{path.with_suffix('.json')}: {error}") from error


def forget(one: Quarantined) -> None:
    """It is not kept any longer. Raises SpoolError."""
    try:
        one.path.with_suffix(".json").unlink(missing_ok=True)
        one.path.with_suffix(".content").unlink(missing_ok=True)
        one.path.unlink(missing_ok=True)
        sync_folder(one.path.parent)
    except OSError as error:
        raise as_spool_error(error) from error


def take_over(worker: Path, into: Path) -> int:
    """Move all that is in quarantine in the spool folder of a worker to that of another, on the same disk; how many.

    Raises SpoolError."""
    moved = 0
    try:
        for item in sorted(_scan(worker / FOLDER), key=lambda item: item.name):  # .ber before .json
            os.rename(item.path, into / FOLDER / item.name)
            moved += item.name.endswith(".json")
        if moved:
            sync_folder(into / FOLDER)
            sync_folder(worker / FOLDER)
    except OSError as error:
        raise as_spool_error(error) from error
    return moved
