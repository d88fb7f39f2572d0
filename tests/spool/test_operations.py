"""What operators do to entries, by the interface: found in order, taken, held, moved; across restarts."""

from __future__ import annotations

import time

from tests.spool.test_contract import LEASE, Make, batch, entry, heads, run
from x400.spool import HELD, Event, Spool, queries


def test_found_by_queue_and_message_in_pages(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        for name in "abc":
            await spool.store(batch(name, entry("one"), entry("two")))
        everything = await spool.find(None, None, 0, 100)
        assert len(everything) == 6
        assert everything == sorted(everything)
        assert await spool.find(None, None, everything[1], 2) == everything[2:4]
        assert await spool.find("one", None, 0, 100) == everything[::2]
        assert await spool.find("two", "b", 0, 100) == [everything[3]]

    run(make_spool, body)


def test_what_somebody_else_has_is_not_taken(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        await spool.store(batch("a", entry(), entry()))
        ids = await spool.find(None, None, 0, 100)
        (first,) = (await spool.claim("peer", 1, LEASE)).entries
        assert [one.id for one in await spool.take(ids)] == [id for id in ids if id != first.id]
        assert await spool.take(ids) == []

    run(make_spool, body)


def test_held_until_told_otherwise(make_spool: Make) -> None:
    async def hold(spool: Spool) -> None:
        await spool.store(batch("a", entry(head=b"held"), entry(head=b"free")))
        ids = await spool.find(None, None, 0, 100)
        await spool.postpone(await spool.take(ids[:1]), HELD, Event("held"))
        claim = await spool.claim("peer", 10, LEASE)
        assert [one.head for one in claim.entries] == [b"free"]
        assert claim.next_due is None
        spool.release(claim.entries)

    async def look(spool: Spool) -> None:
        assert await heads(spool) == [b"free"]
        (held,) = await spool.take((await spool.find(None, None, 0, 100))[:1])
        assert held.due == HELD
        assert held.attempts == 0
        await spool.postpone([held], 0.0, Event("released"))
        assert await heads(spool) == [b"held"]

    run(make_spool, hold)
    run(make_spool, look)


def test_what_is_held_expires(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        await spool.store(batch("a", entry(expiry=time.time() - 1)))
        await spool.postpone(await spool.take(await spool.find(None, None, 0, 9)), HELD, Event("held"))
        assert len(await spool.expired(time.time(), 10)) == 1

    run(make_spool, body)


def test_moved_to_another_queue_in_one_step(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        await spool.store(batch("a", entry("one", head=b"1"), entry("one", head=b"2")))
        taken = await spool.take(await spool.find("one", None, 0, 9))
        await spool.move(taken, "two", Event("rerouted", "two"))
        assert await heads(spool, "one") == []
        assert await heads(spool, "two") == [b"1", b"2"]
        assert spool.commits().sum > 0
        folder = getattr(spool, "folder", None)
        if folder is not None:  # an engine in a folder of its own is read by the queries, too
            folder.rename(folder.with_name("worker-0"))
            steps = [line.action for line in queries.trace(folder.parent, "a")]
            assert steps.count("rerouted") == 2
            folder.with_name("worker-0").rename(folder)

    run(make_spool, body)
