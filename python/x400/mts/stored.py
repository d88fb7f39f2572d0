"""An APDU as it lies in memory or in a file, without the file being touched here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Buffer", "Stored", "Tail"]

Buffer: TypeAlias = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Tail:
    """A part of a file: `length` octets from `offset` on."""

    path: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Stored:
    """An APDU: `head`, followed by `tail` where the APDU is too long to be held in memory.

    The whole envelope must be in the head; only the content may run into the tail.
    """

    head: Buffer
    tail: Tail | None = None

    @property
    def length(self) -> int:
        """Octets of the whole APDU."""
        return len(self.head) + (self.tail.length if self.tail else 0)
