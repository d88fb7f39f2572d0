"""What the event loop hands to the writer thread, and how the writer is woken: no more often than it must.

Each time the writer wakes it takes Python's lock from the loop. So while it waits for a group to fill it sleeps through
what comes, until there is enough, or time is up; while it writes nothing wakes it at all.

Changes are put in by one thread and taken out by one other. Without the lock's help this is sound because ``_wanted``
is set before the number is looked at on the one side, and the number before ``_wanted`` on the other: whoever comes
second sees the other. A wake that comes late only makes the writer look once more.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sized
from typing import Generic, Protocol, TypeVar


class HasStores(Protocol):
    """What is handed over; ``stores`` are what a group is counted by."""

    @property
    def stores(self) -> Sized: ...


C = TypeVar("C", bound=HasStores)


class Inbox(Generic[C]):
    """From the event loop to the writer."""

    def __init__(self) -> None:
        self.closed = False
        self._items: deque[C] = deque()
        self._put_in = 0
        self._taken = 0
        """Stores, ever."""
        self._wanted = 0
        """Stores for which the writer is to be woken; -1: for anything; 0: it does not wait."""
        self._asleep = threading.Lock()
        """Held by the writer while nobody has woken it."""
        self._asleep.acquire()

    # ---- the event loop's

    def put(self, item: C) -> None:
        self._items.append(item)
        self._put_in += len(item.stores)
        if self._wanted < 0 or 0 < self._wanted <= self._put_in - self._taken:
            self._wake()

    def close(self) -> None:
        """Nothing more will come."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        self._wanted = 0
        if self._asleep.locked():  # nobody else releases it
            self._asleep.release()

    # ---- the writer's

    def __bool__(self) -> bool:
        return bool(self._items)

    def take(self) -> list[C]:
        """All that is there."""
        taken = []
        while self._items:
            item = self._items.popleft()
            self._taken += len(item.stores)
            taken.append(item)
        return taken

    def wait(self, timeout: float | None) -> None:
        """Return once there is anything, or it is closed, or time is up."""
        self._wanted = -1
        if not self._items and not self.closed:
            self._asleep.acquire(timeout=-1 if timeout is None else timeout)
        self._wanted = 0

    def gather(self, wanted: int, timeout: float) -> None:
        """Return once ``wanted`` stores more are there, or it is closed, or time is up."""
        self._wanted = wanted
        if self._put_in - self._taken < wanted and not self.closed:
            self._asleep.acquire(timeout=timeout)
        self._wanted = 0
