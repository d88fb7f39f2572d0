"""Transfers that are coming in, held on disk from checkpoint to checkpoint, so that they can go on after whatever
happens (X.228 7.3, 7.8.1).

One file a transfer: a header, then the octets of the APDU from the first on. ``hold`` returns when all that was written
before it is on disk together with the header that says so; only then may the checkpoint be confirmed. One fdatasync
does for both, and as the next one covers all that has come in meanwhile, a fast transfer costs one for each window and
not for each checkpoint. The header has two places, written in turn and each with its checksum: a power loss in the
middle of one leaves the other.

A transfer that is whole becomes a content of a worker's spool by renaming. What was cut off stays, in a folder that all
workers share, since the peer may come back to any of them; a lock on the file says that some association has it. What
nobody comes back for is bounded: per peer by number and octets, and by age.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import struct
import time
import uuid
import zlib
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from x400.spool.contents import as_spool_error, sync_folder, write_all
from x400.spool.exceptions import SpoolError
from x400.spool.interface import Buffer
from x400.spool.sealed import Sums, sums_of

HEADER = 4096
"""Where the APDU's octets begin in the file."""

_PLACE = HEADER // 2
_FRAME = struct.Struct(">QII")  # how many headers there were before, length and checksum of this one
MAXIMUM_CHECKPOINTS = 24
"""The last ones that are kept: a sender that goes on has seen one of those."""
MAXIMUM_NAMES = 6
COMPLETED = 4096
"""Transfers remembered as completed, in case their confirmation was lost."""


class Checkpoint(msgspec.Struct, array_like=True, frozen=True):
    """Octets of the APDU before a checkpoint, and what the layer above wants to know when it goes on from there."""

    serial: int
    offset: int
    state: bytes


class _Header(msgspec.Struct, array_like=True):
    peer: str
    names: list[bytes]
    checkpoints: list[Checkpoint]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Header).decode


@dataclass(frozen=True, slots=True)
class HeldLimits:
    """What may stay of transfers that were cut off: of one peer, and in seconds."""

    transfers: int = 16
    octets: int = 1 << 30
    seconds: float = 86400.0


class HeldTransfer:
    """A transfer on its way to disk. ``names`` are what the peer may call it by, the first one is the oldest.

    It is a content of the spool as soon as it is whole (interface.ContentWriter); the APDU then begins at ``HEADER``.
    """

    def __init__(self, path: Path, descriptor: int, header: _Header, contents: Path, number: int = 0) -> None:
        self.path = str(path)
        self.length = 0
        self.taken_over: Callable[[], None] | None = None
        """Called when the peer goes on with the transfer on another association."""
        self._descriptor = descriptor
        self._header = header
        self._number = number
        self._contents = contents
        self._folder_synced = number > 0
        self._sums: Sums | None = Sums()
        """Of what was written; None: not all of it was written by us, it is read again in the end."""
        self._working: asyncio.Future[None] | None = None

    @property
    def peer(self) -> str:
        return self._header.peer

    @property
    def names(self) -> tuple[bytes, ...]:
        return tuple(self._header.names)

    @property
    def held(self) -> bool:
        """There is a checkpoint that the transfer can go on from."""
        return bool(self._header.checkpoints)

    def write(self, data: Buffer) -> None:
        """Append; raises SpoolFull when there is no room."""
        try:
            os.lseek(self._descriptor, HEADER + self.length, os.SEEK_SET)
            write_all(self._descriptor, data)
        except OSError as error:
            raise as_spool_error(error) from error
        self.length += len(data)
        if self._sums is not None:
            self._sums.add(data)

    def head(self, size: int) -> bytes:
        """The first octets, at most ``size``."""
        try:
            return os.pread(self._descriptor, min(size, self.length), HEADER)
        except OSError as error:
            raise as_spool_error(error) from error

    def checkpoint(self, serial: int) -> Checkpoint | None:
        """The checkpoint of that number, if all before it is here."""
        for checkpoint in self._header.checkpoints:
            if checkpoint.serial == serial:
                size = os.fstat(self._descriptor).st_size
                return checkpoint if size >= HEADER + checkpoint.offset else None
        return None

    def go_on(self, serial: int, name: bytes) -> None:
        """Go on from a checkpoint, under a further name: what came after it comes again."""
        header = self._header
        header.checkpoints = [checkpoint for checkpoint in header.checkpoints if checkpoint.serial <= serial]
        self.length = header.checkpoints[-1].offset
        self._sums = None
        if name and name not in header.names:
            header.names = [*header.names[:1], *header.names[1:][-(MAXIMUM_NAMES - 2) :], name]

    async def hold(self, checkpoint: Checkpoint) -> None:
        """Return when all before the checkpoint is on disk; raises SpoolError."""
        await self._idle()
        header = self._header
        header.checkpoints = [*header.checkpoints[-(MAXIMUM_CHECKPOINTS - 1) :], checkpoint]
        octets = self._encoded()
        await self._in_thread(lambda: self._hold(octets))

    def _encoded(self) -> bytes:
        header = self._header
        while len(octets := _encode(header)) > _PLACE - _FRAME.size and len(header.checkpoints) > 1:
            header.checkpoints = header.checkpoints[1:]
        self._number += 1
        return _FRAME.pack(self._number, len(octets), zlib.crc32(octets)) + octets

    def _hold(self, header: bytes) -> None:
        os.pwrite(self._descriptor, header, self._number % 2 * _PLACE)
        os.fdatasync(self._descriptor)
        if not self._folder_synced:
            sync_folder(Path(self.path).parent)
            self._folder_synced = True

    async def sync(self) -> None:
        """The transfer is whole: return when all of it is on disk, as a content of the spool; raises SpoolError."""
        await self._idle()
        target = self._contents / Path(self.path).name
        await self._in_thread(lambda: self._sync(target))
        self.path = str(target)

    def _sync(self, target: Path) -> None:
        end = HEADER + self.length
        os.ftruncate(self._descriptor, end)
        sums = self._sums or sums_of(self._descriptor, HEADER, self.length)
        os.lseek(self._descriptor, end, os.SEEK_SET)
        write_all(self._descriptor, sums.seal(HEADER))
        os.fdatasync(self._descriptor)
        os.rename(self.path, target)
        sync_folder(self._contents)
        self._close()

    async def _idle(self) -> None:
        """One thing at a time."""
        while self._working is not None and not self._working.done():
            await asyncio.wait([self._working])
        if self._descriptor < 0:
            raise SpoolError("the transfer has ended")

    async def _in_thread(self, work: Callable[[], None]) -> None:
        self._working = working = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            await asyncio.shield(working)
        except OSError as error:
            raise as_spool_error(error) from error

    def keep(self) -> None:
        """The transfer was cut off: what is held stays until the peer comes back for it."""
        self._when_idle(self._close)

    def discard(self) -> None:
        """The transfer is not wanted any more."""
        self._when_idle(self._remove)

    def _when_idle(self, work: Callable[[], None]) -> None:
        if self._working is None or self._working.done():
            work()
            return

        def done(working: asyncio.Future[None]) -> None:
            if not working.cancelled():
                working.exception()
            work()

        self._working.add_done_callback(done)

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _remove(self) -> None:
        Path(self.path).unlink(missing_ok=True)
        self._close()


class HeldTransfers:
    """The transfers that come in to this worker, and those that were cut off from any worker.

    ``folder`` is shared by the workers of an MTA; ``contents`` is where this worker's spool has its contents, on the
    same file system.
    """

    def __init__(self, folder: Path, contents: Path, limits: HeldLimits | None = None) -> None:
        self._folder = folder
        self._contents = contents
        self._limits = limits or HeldLimits()
        self._coming: dict[tuple[str, bytes], HeldTransfer] = {}
        self._completed: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    def begin(self, peer: str, name: bytes) -> HeldTransfer:
        """A transfer that a peer has begun; an empty name is one that nobody can come back to. Raises SpoolError."""
        path = self._folder / f"{_mark(peer)}-{uuid.uuid4().hex}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise as_spool_error(error) from error
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        transfer = HeldTransfer(path, descriptor, _Header(peer, [name] if name else [], []), self._contents)
        self.coming(transfer)
        return transfer

    def coming(self, transfer: HeldTransfer) -> None:
        """An association of this worker has the transfer, under all its names."""
        for name in transfer.names:
            self._coming[transfer.peer, name] = transfer

    def gone(self, transfer: HeldTransfer) -> None:
        """No association has it any more."""
        transfer.taken_over = None
        for name in transfer.names:
            if self._coming.get((transfer.peer, name)) is transfer:
                del self._coming[transfer.peer, name]

    def find(self, peer: str, name: bytes, serial: int) -> tuple[HeldTransfer, Checkpoint] | None:
        """What is held of a transfer that the peer goes on with. The association that had it, if it still stands, must
        be as good as lost: it loses the transfer. None when nothing is held, or another process has it.
        """
        transfer = self._coming.get((peer, name))
        if transfer is not None:
            checkpoint = transfer.checkpoint(serial)
            if checkpoint is None:
                return None
            taken_over = transfer.taken_over
            self.gone(transfer)
            if taken_over is not None:
                taken_over()
            return transfer, checkpoint
        for path in self._of(peer):
            transfer = _open(path, self._contents)
            if transfer is None:
                continue
            checkpoint = transfer.checkpoint(serial) if transfer.peer == peer and name in transfer.names else None
            if checkpoint is not None:
                return transfer, checkpoint
            transfer.keep()
        return None

    def complete(self, peer: str, names: Iterable[bytes]) -> None:
        """The whole transfer is secured."""
        for name in names:
            self._completed[peer, name] = None
        while len(self._completed) > COMPLETED:
            self._completed.popitem(last=False)

    def is_complete(self, peer: str, name: bytes) -> bool:
        return (peer, name) in self._completed

    def _of(self, peer: str) -> list[Path]:
        return list(self._folder.glob(f"{_mark(peer)}-*"))

    def sweep(self, now: float | None = None) -> int:
        """Remove what is too old or too much (see HeldLimits), the oldest first; how many. ``now`` is time.time()."""
        now = time.time() if now is None else now
        limits, removed = self._limits, 0
        peers: dict[str, list[tuple[float, int, str]]] = defaultdict(list)
        try:
            for item in os.scandir(self._folder):
                about = item.stat()
                peers[item.name.partition("-")[0]].append((about.st_mtime, about.st_size, item.path))
        except FileNotFoundError:
            return 0
        for files in peers.values():
            files.sort(reverse=True)
            octets = 0
            for place, (changed, size, path) in enumerate(files):
                octets += size
                if place >= limits.transfers or octets > limits.octets or now - changed > limits.seconds:
                    removed += _remove_unlocked(path)
        return removed


def _mark(peer: str) -> str:
    """A peer in a file name."""
    return hashlib.sha256(peer.encode()).hexdigest()[:16]


def _locked(path: str | Path) -> int:
    """The file, open and locked; -1 if it is gone or somebody has it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return -1
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.stat(path)
    except OSError:
        os.close(descriptor)
        return -1
    return descriptor


def _remove_unlocked(path: str) -> bool:
    descriptor = _locked(path)
    if descriptor < 0:
        return False
    os.unlink(path)
    os.close(descriptor)
    return True


def _open(path: Path, contents: Path) -> HeldTransfer | None:
    """What a file holds; None if another association has it, or nothing in it can be read."""
    descriptor = _locked(path)
    if descriptor < 0:
        return None
    found: tuple[int, _Header] | None = None
    octets = os.pread(descriptor, HEADER, 0)
    for place in (octets[:_PLACE], octets[_PLACE:]):
        if len(place) < _FRAME.size:
            continue
        number, length, checksum = _FRAME.unpack_from(place)
        body = place[_FRAME.size : _FRAME.size + length]
        if len(body) == length and zlib.crc32(body) == checksum and (found is None or number > found[0]):
            try:
                found = number, _decode(body)
            except msgspec.DecodeError:
                continue
    if found is None or not found[0]:
        os.close(descriptor)
        return None
    return HeldTransfer(path, descriptor, found[1], contents, found[0])
