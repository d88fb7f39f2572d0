"""Large contents as files beside the database.

A file is written as its octets come, forced to disk every few megabytes by a helper thread so that the last wait is
short, and its folder entry is on disk before ``sync`` returns (contract, 7).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import uuid
from pathlib import Path

from x400.spool.exceptions import SpoolError, SpoolFull
from x400.spool.interface import Buffer
from x400.spool.sealed import Sums

SYNC_EVERY = 8 << 20


def sync_folder(folder: Path) -> None:
    """Force a folder's entries to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def as_spool_error(error: OSError) -> SpoolError:
    """The spool's name for an operating system's refusal to write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return SpoolFull(str(error))
    return SpoolError(str(error))


def write_all(descriptor: int, data: Buffer) -> None:
    """Write every octet (a single write may be short when the disk fills up)."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


class ContentFile:
    """One content on its way to disk (interface.ContentWriter)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = str(folder / uuid.uuid4().hex)
        self.length = 0
        self._synced = 0
        self._sums = Sums()
        self._background: asyncio.Future[None] | None = None
        try:
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise as_spool_error(error) from error

    def write(self, data: Buffer) -> None:
        try:
            write_all(self._descriptor, data)
        except OSError as error:
            raise as_spool_error(error) from error
        self.length += len(data)
        self._sums.add(data)
        if self.length - self._synced >= SYNC_EVERY and (self._background is None or self._background.done()):
            self._synced = self.length
            loop = asyncio.get_running_loop()
            self._background = loop.run_in_executor(None, os.fdatasync, self._descriptor)

    async def sync(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            if self._background is not None:
                await self._background
            await loop.run_in_executor(None, self._sync)
        except OSError as error:
            raise as_spool_error(error) from error

    def _sync(self) -> None:
        write_all(self._descriptor, self._sums.seal(0))
        os.fdatasync(self._descriptor)
        sync_folder(self._folder)
        os.close(self._descriptor)
        self._descriptor = -1

    def discard(self) -> None:
        if self._background is not None and not self._background.done():
            self._background.add_done_callback(lambda _: self._remove())
        else:
            self._remove()

    def _remove(self) -> None:
        if self._background is not None and not self._background.cancelled():
            self._background.exception()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        Path(self.path).unlink(missing_ok=True)


def adopt(folder: Path, path: str) -> str:
    """A second name of a content file in another spool's folder, on disk on return; the new path. What is not there is
    not there under the new name, either, and is noticed when it is read."""
    adopted = str(folder / os.path.basename(path))
    with contextlib.suppress(FileExistsError, FileNotFoundError):
        os.link(path, adopted)
    sync_folder(folder)
    return adopted


def remove_orphans(folder: Path, referred: set[str]) -> int:
    """Remove content files that no entry refers to; the number removed."""
    removed = 0
    for item in os.scandir(folder):
        if item.name not in referred:
            os.unlink(item.path)
            removed += 1
    return removed


def keep_orphans(folder: Path, referred: set[str], kept: Path) -> int:
    """Set content files aside that no entry refers to any more since the database was damaged; their number."""
    orphans = [item for item in os.scandir(folder) if item.name not in referred]
    for item in orphans:
        os.rename(item.path, kept / f"{item.name}.content")
    if orphans:
        sync_folder(kept)
    return len(orphans)
