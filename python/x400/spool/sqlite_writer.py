"""The writer thread of the SQLite engine: the only user of the writing connection.

What the event loop hands over in one of its rounds comes as one list of operations. The thread takes what is there,
waiting at most ``gather`` seconds for as many batches as came last time (up to ``GROUP``), writes it in one
transaction, then does the claims, then tells the loop once for the whole group.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

from x400.spool import sqlite_schema as schema
from x400.spool.ballast import Ballast
from x400.spool.durations import Durations
from x400.spool.exceptions import SpoolClosed, SpoolCorrupt, SpoolError, SpoolFull
from x400.spool.inbox import Inbox
from x400.spool.interface import Entry
from x400.spool.rescue import FAILURES, is_damage
from x400.spool.siblings import Key, Siblings
from x400_framer.sqlite import Connection

Row = tuple[Any, ...]

KEPT_AGAIN = 0.5  # seconds until what left the spool while the disk was full is written again


class Store:
    """One batch to store; ``outcome`` becomes True (stored), False (a repetition) or an exception."""

    __slots__ = ("arrival", "claimed", "entries", "events", "future", "outcome", "remove", "remove_contents")

    def __init__(
        self, arrival: Row | None, entries: list[Row], events: list[Row], claimed: list[Entry], future: Any
    ) -> None:
        self.arrival = arrival
        self.entries = entries
        self.events = events
        self.claimed = claimed
        self.future = future
        self.remove: int | None = None
        self.remove_contents: tuple[str, ...] = ()
        self.outcome: bool | Exception = True


class Retry:
    """An entry to be tried again; the future becomes None once that is on disk, and the entry may be claimed.
    ``outcome`` becomes an exception if it never will be."""

    __slots__ = ("due", "entry", "error", "future", "outcome")

    def __init__(self, entry: Entry, due: float, error: str, future: Any) -> None:
        self.entry = entry
        self.due = due
        self.error = error
        self.future = future
        self.outcome: Exception | None = None


class Query:
    """Something to run between transactions; ``outcome`` becomes its result or an exception."""

    __slots__ = ("function", "future", "outcome")

    def __init__(self, function: Callable[[Connection], Any], future: Any) -> None:
        self.function = function
        self.future = future
        self.outcome: Any = None


Written = Store | Retry | Query


class Changes:
    """What the loop hands over at the end of one of its rounds."""

    __slots__ = ("contents", "done", "events", "queries", "retries", "stores")

    def __init__(self) -> None:
        self.stores: list[Store] = []
        self.done: list[Entry] = []
        self.events: list[Row] = []
        self.retries: list[Retry] = []
        self.contents: list[str] = []
        self.queries: list[Query] = []

    def __bool__(self) -> bool:
        return bool(self.stores or self.done or self.retries or self.events or self.queries)

    def add(self, other: Changes) -> None:
        self.stores += other.stores
        self.done += other.done
        self.events += other.events
        self.retries += other.retries
        self.contents += other.contents
        self.queries += other.queries


class Writer(threading.Thread):
    """Commits groups; see the module."""

    def __init__(
        self,
        connection: Connection,
        report: Callable[[list[Written], list[str]], None],
        free: Callable[[Iterable[Entry]], None],
        siblings: Siblings,
        ballast: Ballast,
        damaged: Callable[[str], None],
        gather: float = 0.002,
    ) -> None:
        super().__init__(name="spool-writer", daemon=True)
        self.inbox: Inbox[Changes] = Inbox()
        self.commits = 0
        self.batches = 0
        self.number = 0
        """Of entries in the database."""
        self.commit_times = Durations()
        self._connection = connection
        self._report = report
        self._free = free
        self._siblings = siblings
        self._ballast = ballast
        self._tell_damage = damaged
        self.damage = ""
        """What was found damaged: nothing is read or written any more."""
        self._gather = gather
        self._expected = 1
        self._kept = Changes()

    def run(self) -> None:
        while self.inbox or not self.inbox.closed:
            self.inbox.wait(KEPT_AGAIN if self._kept else None)
            self._commit(self._collect())
        if self._kept:
            self._commit(Changes())
        if self._kept.retries:  # there is no room still
            self._refuse(self._kept.retries, closed())
        self._siblings.close()

    def _collect(self) -> Changes:
        """What has come, and what soon will."""
        changes = Changes()
        self._take(changes)
        missing = self._expected - len(changes.stores)
        if changes.stores and missing > 0 and self._gather:
            self.inbox.gather(missing, self._gather)
            self._take(changes)
        if changes.stores:
            self._expected = min(len(changes.stores), schema.GROUP)
        return changes

    def _take(self, changes: Changes) -> None:
        for item in self.inbox.take():
            changes.add(item)

    def _commit(self, changes: Changes) -> None:
        changes.add(self._kept)
        self._kept = Changes()
        unlink: list[str] = []
        if self.damage:
            self._refuse_all(changes)
            return
        if changes.stores or changes.done or changes.retries or changes.events:
            self._siblings.tell(keys_of(changes.stores))
            try:
                unlink = self._transaction(changes, changes.stores)
            except (*FAILURES, SpoolError) as error:
                unlink = self._one_by_one(changes, error)
            finally:
                self._siblings.stored()
        finished: list[Written] = [*changes.stores]
        if changes.retries and not self._kept.retries:
            finished += changes.retries
        for query in changes.queries:
            try:
                query.outcome = query.function(self._connection)
            except FAILURES as error:
                query.outcome = SpoolError(str(error))
                self._look_for_damage(error)
            finished.append(query)
        if finished or unlink:
            self._report(finished, unlink)

    def _look_for_damage(self, error: Exception) -> bool:
        """Whether the error says that the database is damaged. It is told once; what was committed before stands."""
        if is_damage(error):
            self.found_damaged(str(error))
        return bool(self.damage)

    def found_damaged(self, reason: str) -> None:
        """The database is damaged: from now on nothing is read or written. Called in any thread."""
        if not self.damage:
            self.damage = reason
            self._tell_damage(reason)

    def _refuse_all(self, changes: Changes) -> None:
        """Nothing is confirmed that may not be read again. What has left is not deleted: it is passed on again, and the
        next hop recognises the repetition."""
        refused: list[Written] = [*changes.stores, *changes.retries, *changes.queries]
        self._refuse(refused, SpoolCorrupt(f"the database is damaged: {self.damage}"))

    def _refuse(self, refused: Sequence[Written], cause: SpoolError) -> None:
        for item in refused:
            item.outcome = cause
        if refused:
            self._report(list(refused), [])

    def _one_by_one(self, changes: Changes, error: Exception) -> list[str]:
        """A group failed: one batch must not take the others with it. What leaves the spool waits for the next time."""
        full = self._look_for_damage(error) or is_full(error)
        unlink: list[str] = []
        for store in changes.stores:
            if full or len(changes.stores) == 1:
                store.outcome = as_spool_error(error)
                continue
            try:
                unlink += self._transaction(Changes(), [store])
            except (*FAILURES, SpoolError) as own:
                store.outcome = as_spool_error(own)
                full = self._look_for_damage(own) or is_full(own)
                error = own
        self._kept.done = changes.done
        self._kept.events = changes.events
        self._kept.retries = changes.retries
        self._kept.contents = changes.contents
        if full and not self.damage:
            self._ballast.throw_out()
            schema.make_room(self._connection)
        return unlink

    def _transaction(self, changes: Changes, stores: list[Store]) -> list[str]:
        """Write one group; the contents that nobody refers to any more.

        As a rule all keys are new: only when fewer were stored, or another worker has or is just storing some, are the
        repetitions looked for, and the others written.
        """
        for store in stores:
            store.outcome = True
        keys = keys_of(stores)
        storing, elsewhere = self._siblings.storing(keys), self._siblings.known(keys)
        fresh = stores
        if storing or elsewhere or not self._write(changes, fresh):
            fresh = self._without_repetitions(stores, storing, elsewhere)
            if not self._write(changes, fresh):
                raise SpoolError("a key that is not in the table of arrivals could not be stored there")
        self.commits += 1
        self.batches += len(stores)
        if changes.done:
            self._free(changes.done)
        if changes.retries:
            self._free(retry.entry for retry in changes.retries)
        return self._unused({*changes.contents, *chain.from_iterable(store.remove_contents for store in fresh)})

    def _write(self, changes: Changes, stores: list[Store]) -> bool:
        """One transaction: all of it, or nothing where a batch is a repetition. What leaves comes before what is new,
        which then takes its pages."""
        arrivals = [store.arrival for store in stores if store.arrival is not None]
        removed = [(entry.id,) for entry in changes.done]
        removed += [(store.remove,) for store in stores if store.remove is not None]
        entries = [row for store in stores for row in store.entries]
        events = [row for store in stores for row in store.events] + changes.events
        retries = [(retry.due, retry.error, retry.entry.id) for retry in changes.retries]
        done = self._connection.transaction(
            [
                (schema.INSERT["arrival"], arrivals, len(arrivals)),
                (schema.DELETE, removed, None),
                (schema.INSERT["entry"], entries, None),
                (schema.INSERT["event"], events, None),
                (schema.RETRY, retries, None),
            ]
        )
        if done is None:
            return False
        self.number += done[2] - done[1]
        self.commit_times.add(self._connection.commit_seconds)
        return True

    def _unused(self, names: Iterable[str]) -> list[str]:
        """Those contents that no entry refers to. What cannot be told is left to the next time the spool is opened."""
        found = "SELECT 1 FROM entry WHERE content=? LIMIT 1"
        try:
            return [name for name in names if self._connection.execute(found, (name,)).fetchone() is None]
        except FAILURES as error:
            self._look_for_damage(error)
            return []

    def _without_repetitions(self, stores: list[Store], storing: set[Key], elsewhere: set[Key]) -> list[Store]:
        """Mark the batches whose key has been stored before, stands earlier, or is another worker's, or is just being
        stored by another; the others."""
        found = "SELECT 1 FROM arrival WHERE identifier=? AND duplicate_key=?"
        seen = set(elsewhere)
        for store in stores:
            if store.arrival is None:
                continue
            key = (store.arrival[0], store.arrival[1])
            if key in seen or self._connection.execute(found, key).fetchone() is not None:
                store.outcome = False
            elif key in storing:
                store.outcome = SpoolError("another worker is just storing the same transfer")
            else:
                seen.add(key)
        return [store for store in stores if store.outcome is True]


def keys_of(stores: Sequence[Store]) -> list[Key]:
    """The keys by which repetitions are known."""
    return [(store.arrival[0], store.arrival[1]) for store in stores if store.arrival is not None]


def is_full(error: Exception) -> bool:
    """Whether there was no room (a full disk shows as SQLITE_FULL, or as SQLITE_IOERR from the journal)."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def as_spool_error(error: Exception) -> SpoolError:
    """The spool's name for SQLite's refusal."""
    if isinstance(error, SpoolError):
        return error
    return SpoolFull(str(error)) if is_full(error) else SpoolError(str(error))


def closed() -> SpoolClosed:
    return SpoolClosed("the spool is closed")
