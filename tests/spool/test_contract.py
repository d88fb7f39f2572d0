"""The contract at the head of x400/spool/interface.py, point by point, for every engine in conftest.ENGINES."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from x400.spool import Batch, Entry, Event, Part, Spool, SpoolClosed, SpoolInUse

Make = Callable[[], Spool]
LEASE = 60.0


def entry(queue: str = "peer", priority: int = 1, identifier: str = "[/C=GB/A=X/;1]", **rest: object) -> Entry:
    values: dict[str, object] = {"head": b"octets", "expiry": time.time() + 3600, **rest}
    return Entry(queue, priority, identifier, "message", "/S=from/", "/S=to/", **values)  # type: ignore[arg-type]


def batch(identifier: str, *entries: Entry, key: bytes | None = b"key") -> Batch:
    for one in entries:
        one.identifier = identifier
    return Batch(identifier, key, "message", "from", 6, list(entries), [Event("accepted", "from")])


def run(make: Make, body: Callable[[Spool], Awaitable[None]]) -> None:
    async def whole() -> None:
        spool = make()
        await spool.open()
        try:
            await body(spool)
        finally:
            await spool.close()

    asyncio.run(whole())


async def heads(spool: Spool, queue: str = "peer", limit: int = 100) -> list[bytes]:
    return [bytes(one.head) for one in (await spool.claim(queue, limit, LEASE)).entries]


def test_1_what_is_confirmed_is_there_after_a_restart(make_spool: Make) -> None:
    async def put(spool: Spool) -> None:
        assert await spool.store(batch("a", entry(head=b"1", detail=b"extra")))

    async def look(spool: Spool) -> None:
        (found,) = (await spool.claim("peer", 10, LEASE)).entries
        assert (found.head, found.detail, found.originator, found.identifier) == (b"1", b"extra", "/S=from/", "a")

    run(make_spool, put)
    run(make_spool, look)


def test_2_a_batch_is_whole_or_absent(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        bad = entry(head=b"bad")
        bad.queue = None  # type: ignore[assignment]
        good, broken, other = (
            spool.store(batch("good", entry(head=b"good"))),
            spool.store(batch("broken", entry(head=b"half"), bad)),
            spool.store(batch("other", entry(head=b"other"))),
        )
        assert await good
        assert await other
        with pytest.raises(Exception, match="NOT NULL"):
            await broken
        assert await heads(spool) == [b"good", b"other"]
        assert await spool.store(batch("broken", entry(head=b"again"))), "its key was not kept either"

    run(make_spool, body)


@pytest.mark.parametrize("together", [True, False])
def test_3_a_repetition_is_stored_once(make_spool: Make, together: bool) -> None:
    async def body(spool: Spool) -> None:
        batches = [batch("a", entry(head=b"%d" % number)) for number in range(3)]
        if together:
            results = await asyncio.gather(*map(spool.store, batches))
        else:
            results = [await spool.store(one) for one in batches]
        assert results == [True, False, False]
        assert await spool.store(batch("a", entry(head=b"other"), key=b"other way"))
        assert await spool.store(batch("b", entry(head=b"b")))
        assert await heads(spool) == [b"0", b"other", b"b"]

    run(make_spool, body)


def test_3_a_repetition_is_recognised_after_the_message_has_left_and_after_a_restart(make_spool: Make) -> None:
    async def first(spool: Spool) -> None:
        assert await spool.store(batch("a", entry()))
        (claimed,) = (await spool.claim("peer", 1, LEASE)).entries
        spool.done(claimed, Event("transferred", "peer"))

    async def second(spool: Spool) -> None:
        assert await spool.queues() == []
        assert not await spool.store(batch("a", entry()))
        assert await heads(spool) == []

    run(make_spool, first)
    run(make_spool, second)


def test_4_one_claimant_at_a_time_until_the_lease_ends(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        await spool.store(batch("a", entry(head=b"1"), entry(head=b"2"), entry(head=b"3", claimed=True)))
        (one,) = (await spool.claim("peer", 1, 0.1)).entries
        assert await heads(spool) == [b"2"]
        assert await heads(spool) == []
        await asyncio.sleep(0.15)
        assert await heads(spool) == [bytes(one.head)], "the lease has run out"
        spool.release([one])
        assert await heads(spool) == [bytes(one.head)], "given back"

    run(make_spool, body)


def test_4_renewed_claims_last(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        await spool.store(batch("a", entry()))
        claimed = (await spool.claim("peer", 1, 0.05)).entries
        spool.renew(claimed, 60)
        await asyncio.sleep(0.1)
        assert await heads(spool) == []

    run(make_spool, body)


def test_4_claims_end_with_the_claimant(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        if not await spool.queues():
            await spool.store(batch("a", entry(head=b"1"), entry(head=b"2", claimed=True)))
        assert b"1" in await heads(spool)

    async def after(spool: Spool) -> None:
        assert await heads(spool) == [b"1", b"2"]

    run(make_spool, body)
    run(make_spool, after)


def test_5_priority_then_age(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        for number, priority in enumerate([2, 1, 0, 2, 1, 0]):
            await spool.store(batch(f"m{number}", entry(priority=priority, head=b"%d%d" % (priority, number))))
        await spool.store(batch("elsewhere", entry(queue="other peer", head=b"x")))
        assert await heads(spool, limit=4) == [b"02", b"05", b"11", b"14"]
        assert await heads(spool, limit=4) == [b"20", b"23"]

    run(make_spool, body)


def test_5_priorities_are_kept_over_a_restart(make_spool: Make) -> None:
    async def put(spool: Spool) -> None:
        for number, priority in enumerate([2, 0, 1]):
            await spool.store(batch(f"m{number}", entry(priority=priority, head=b"%d" % priority)))

    async def look(spool: Spool) -> None:
        assert await heads(spool) == [b"0", b"1", b"2"]

    run(make_spool, put)
    run(make_spool, look)


def test_5_a_claim_is_limited_in_octets(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        await spool.store(batch("a", *[entry(head=b"x" * 1000) for _ in range(10)]))
        claim = await spool.claim("peer", 10, LEASE, octets=2500)
        assert len(claim.entries) == 3

    run(make_spool, body)


def test_6_a_retry_waits_until_due_and_says_why(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        await spool.store(batch("a", entry(head=b"1")))
        (claimed,) = (await spool.claim("peer", 1, LEASE)).entries
        due = time.time() + 0.2
        spool.retry(claimed, due, "peer is busy")
        claim = await spool.claim("peer", 1, LEASE)
        assert claim.entries == []
        assert claim.next_due == pytest.approx(due)
        await asyncio.sleep(0.25)
        (again,) = (await spool.claim("peer", 1, LEASE)).entries
        assert (again.attempts, again.error) == (1, "peer is busy")

    run(make_spool, body)


def test_6_a_report_takes_the_place_of_what_has_expired(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        await spool.store(batch("a", entry(head=b"old", expiry=time.time() - 1), entry(head=b"new")))
        (late,) = await spool.expired(time.time(), 10)
        assert late.head == b"old"
        assert await spool.expired(time.time(), 10) == [], "claimed"
        assert await spool.replace(late, batch("report", entry(queue="back", head=b"report"), key=None))
        assert await heads(spool) == [b"new"]
        assert await heads(spool, "back") == [b"report"]

    run(make_spool, body)


def test_7_a_large_content_lives_as_long_as_an_entry_refers_to_it(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        content = spool.content()
        content.write(b"abc" * 1000)
        content.write(memoryview(b"def"))
        await content.sync()
        tail = Part(content.path, 2, 3000)
        await spool.store(batch("a", entry(queue="p", tail=tail), entry(queue="q", tail=tail)))
        for queue in ("p", "q"):
            assert Path(content.path).exists()
            (claimed,) = (await spool.claim(queue, 1, LEASE)).entries
            assert claimed.tail == tail
            assert claimed.size == 3006
            spool.done(claimed, Event("transferred", queue))
            await spool.queues()
        await asyncio.sleep(0.1)
        assert not Path(content.path).exists()

    run(make_spool, body)


def test_7_a_discarded_content_and_one_that_nobody_stored_are_gone(make_spool: Make) -> None:
    paths = []

    async def body(spool: Spool) -> None:
        content = spool.content()
        content.write(b"x" * (9 << 20))
        content.discard()
        await asyncio.sleep(0.5)
        assert not Path(content.path).exists()
        orphan = spool.content()
        orphan.write(b"x")
        await orphan.sync()
        kept = spool.content()
        kept.write(b"x")
        await kept.sync()
        await spool.store(batch("a", entry(tail=Part(kept.path, 0, 1))))
        paths.extend([orphan.path, kept.path])

    async def after(spool: Spool) -> None:
        assert [Path(path).exists() for path in paths] == [False, True]

    run(make_spool, body)
    run(make_spool, after)


def test_one_process_at_a_time(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        with pytest.raises(SpoolInUse):
            await make_spool().open()

    run(make_spool, body)


def test_closed(make_spool: Make) -> None:
    async def body() -> None:
        spool = make_spool()
        await spool.open()
        last = spool.store(batch("a", entry()))
        await spool.close()
        assert await last, "what was pending is written"
        with pytest.raises(SpoolClosed):
            await spool.store(batch("b", entry()))

    asyncio.run(body())


def test_quarantine(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        kept = await spool.quarantine("peer", "no MTS-APDU", 7, [b"ab", memoryview(b"cd")])
        assert kept.read_bytes() == b"abcd"
        content = spool.content()
        content.write(b"large")
        await content.sync()
        part = Part(content.path, 1, 4)
        assert (await spool.quarantine("peer", "x", None, [b"l"], part)).read_bytes() == b"large"
        assert spool.quarantined() == (2, 9)

    run(make_spool, body)


def test_many_at_once(make_spool: Make) -> None:
    async def body(spool: Spool) -> None:
        results = await asyncio.gather(*(spool.store(batch(f"m{n}", entry(head=b"%d" % n))) for n in range(500)))
        assert all(results)
        seen: list[bytes] = []
        while claimed := (await spool.claim("peer", 64, LEASE)).entries:
            seen += [bytes(one.head) for one in claimed]
            for one in claimed:
                spool.done(one, Event("transferred", "peer"))
        assert seen == [b"%d" % n for n in range(500)]
        await asyncio.sleep(0.1)
        assert await spool.queues() == []

    run(make_spool, body)
