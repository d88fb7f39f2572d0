"""A database that is damaged while nobody uses it, or while it is used: what can be read is saved, the rest is kept."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from x400.spool import Batch, ContentDamaged, Entry, Event, Part, SpoolCorrupt, SpoolError, SqliteSpool, queries, rescue
from x400.spool.sealed import PartReader
from x400.spool.wal import Log
from x400_framer.sqlite import Connection

PAGE = 4096
NUMBER = 36
LONG = 1e12


def head(number: int) -> bytes:
    return random.Random(number).randbytes(300 if number % 3 else 9000)


def batch(number: int) -> Batch:
    entry = Entry(f"q{number % 3}", number % 3, f"m{number}", "message", "/S=a/", "/S=b/", LONG, head(number))
    return Batch(entry.identifier, b"key", "message", "from", 4, [entry], [Event("accepted")])


async def fill(folder: Path, numbers: range) -> None:
    spool = SqliteSpool(folder, gather=0)
    await spool.open()
    for number in numbers:
        assert await spool.store(batch(number))
    await spool.close()


async def content_of(folder: Path) -> tuple[SqliteSpool, dict[int, bytes], int]:
    """Open the spool as after a restart; the spool, closed, its messages by number, how many are known as damaged.

    Damage that is only met when it is read is rescued when the spool is opened for the second time.
    """
    spool = SqliteSpool(folder)
    await spool.open()
    with contextlib.suppress(SpoolError):
        return await _content_of(spool)
    await spool.close()
    spool = SqliteSpool(folder)
    await spool.open()
    return await _content_of(spool)


async def _content_of(spool: SqliteSpool) -> tuple[SqliteSpool, dict[int, bytes], int]:
    found = {}
    damaged = 0
    for queue in ("q0", "q1", "q2"):
        for entry in (await spool.claim(queue, 1000, 60)).entries:
            if entry.damage:
                damaged += 1
            elif int(entry.identifier[1:]) < NUMBER:
                found[int(entry.identifier[1:])] = bytes(entry.head)
    assert await spool.store(batch(random.randrange(NUMBER, 1 << 60))), "service goes on"
    await spool.close()
    return spool, found, damaged


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "quarantine").glob("*.sqlite"))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled") / "spool"
    asyncio.run(fill(folder, range(NUMBER)))
    assert not (folder / "spool.sqlite-wal").exists()
    return folder


def copied(filled: Path, tmp_path: Path, name: str) -> Path:
    return Path(shutil.copytree(filled, tmp_path / name))


def overwrite(path: Path, offset: int, octets: bytes) -> None:
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(octets)


def test_any_page_may_be_zeroed(filled: Path, tmp_path: Path) -> None:
    """Each page in turn: no more is lost than what was on it, and nothing comes out other than it went in."""
    pages = (filled / "spool.sqlite").stat().st_size // PAGE
    missing = []
    set_aside = 0
    for page in range(pages):
        folder = copied(filled, tmp_path, f"page{page}")
        overwrite(folder / "spool.sqlite", page * PAGE, bytes(PAGE))
        damaged = (folder / "spool.sqlite").read_bytes()
        spool, found, aside = asyncio.run(content_of(folder))
        assert found == {number: head(number) for number in found}
        missing.append(NUMBER - len(found) - aside)
        if spool.rescued is not None:
            assert [path.read_bytes() for path in kept(folder)] == [damaged], "kept as it is"
            (about,) = (json.loads(path.read_text()) for path in (folder / "quarantine").glob("*.damage"))
            assert about["saved"] == spool.rescued.saved
            assert about["reason"]
        else:
            assert missing[-1] == 0, "nothing is missing that nobody was told of"
        shutil.rmtree(folder)
        set_aside += aside
    print(f"{pages} pages; entries missing by page: {missing}; {set_aside} damaged")
    assert set_aside, "octets beside the table's pages"
    assert missing[0] == 0, "the first page is known anyway"
    assert max(missing) <= 8, "what one leaf of a table holds"
    assert sum(missing) <= NUMBER, "each was on one leaf"


def test_the_file_is_cut_off(filled: Path, tmp_path: Path) -> None:
    size = (filled / "spool.sqlite").stat().st_size
    for part in (0.0, 0.3, 0.6, 0.95):
        folder = copied(filled, tmp_path, f"part{part}")
        os.truncate(folder / "spool.sqlite", int(size * part))
        spool, found, _ = asyncio.run(content_of(folder))
        assert found == {number: head(number) for number in found}
        print(f"{part:.0%} of the file: {len(found)} of {NUMBER} entries")
        assert spool.rescued is not None
        assert kept(folder)
        assert len(found) >= NUMBER * (part - 0.3)


def test_random_octets_anywhere(filled: Path, tmp_path: Path) -> None:
    """Some octets are changed at random: nothing comes out other than it went in, and the spool can be used."""
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    size = (filled / "spool.sqlite").stat().st_size
    for attempt in range(10):
        folder = copied(filled, tmp_path, f"a{attempt}")
        for _ in range(chance.choice([1, 3, 20])):
            place = chance.randrange(size - 8)
            overwrite(folder / "spool.sqlite", place, chance.randbytes(chance.choice([1, 8])))
        _, found, _ = asyncio.run(content_of(folder))
        assert found == {number: head(number) for number in found}
        shutil.rmtree(folder)


@pytest.mark.parametrize(("place", "what"), [(60, "version"), (None, "described")])
def test_the_first_page_reads_well_and_is_wrong(filled: Path, tmp_path: Path, place: int | None, what: str) -> None:
    folder = copied(filled, tmp_path, "spool")
    at = (folder / "spool.sqlite").read_bytes().index(b"size INTEGER") if place is None else place
    overwrite(folder / "spool.sqlite", at, b"u")
    spool, found, _ = asyncio.run(content_of(folder))
    assert spool.rescued is not None
    assert what in spool.rescued.reason
    assert len(found) == NUMBER


def test_a_spool_of_version_1(filled: Path, tmp_path: Path) -> None:
    """It had no checksums: it is read as it is, and has them from now on."""
    folder = copied(filled, tmp_path, "spool")
    with sqlite3.connect(folder / "spool.sqlite") as database:
        database.execute("ALTER TABLE entry DROP COLUMN checksum")
        database.execute("UPDATE entry SET content='large', tail_offset=2, tail_length=70000 WHERE id=1")
        database.execute("PRAGMA user_version=1")
    database.close()
    (folder / "contents" / "large").write_bytes(b"--" + b"x" * 70000 + b"--")
    spool, found, damaged = asyncio.run(content_of(folder))
    assert spool.rescued is None
    assert len(found) == NUMBER
    assert not damaged
    part = PartReader(Part(str(folder / "contents" / "large"), 2, 70000))
    assert sum(len(data) for data in iter(lambda: part.read(1 << 20), b"")) == 70000
    part.close()
    assert len(asyncio.run(content_of(folder))[1]) == NUMBER


@pytest.mark.parametrize("how", ["changed", "cut off", "gone", "end changed"])
def test_a_damaged_content_file(tmp_path: Path, how: str) -> None:
    async def body() -> None:
        spool = SqliteSpool(tmp_path / "spool")
        await spool.open()
        content = spool.content()
        octets = random.Random(1).randbytes(300_000)
        for at in range(0, len(octets), 70_000):
            content.write(octets[at : at + 70_000])
        await content.sync()
        path = Path(content.path)
        whole = PartReader(Part(content.path, 100, 299_000))
        assert b"".join(iter(lambda: bytes(whole.read(50_000)), b"")) == octets[100:299_100]
        whole.close()
        if how == "changed":
            overwrite(path, 200_000, b"?")
        elif how == "cut off":
            os.truncate(path, 250_000)
        elif how == "gone":
            path.unlink()
        else:
            overwrite(path, path.stat().st_size - 50, b"?")
        read = b""
        with pytest.raises(ContentDamaged):  # noqa: PT012
            part = PartReader(Part(content.path, 100, 299_000))
            while data := part.read(50_000):
                read += data
        assert octets[100:].startswith(read)
        assert len(read) == (196_608 - 100 if how == "changed" else 0)
        await spool.close()

    asyncio.run(body())


def test_no_database_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    octets = b"this is not a database, but it is long enough to be looked at" * 100
    (folder / "spool.sqlite").write_bytes(octets)
    spool, found, _ = asyncio.run(content_of(folder))
    assert found == {}
    assert spool.rescued is not None
    assert [path.read_bytes() for path in kept(folder)] == [octets]


# ---- the log


def with_log(tmp_path: Path, name: str) -> Path:
    """A spool whose messages are in the log alone, as kill -9 leaves it."""
    used, folder = tmp_path / f"{name}-used", tmp_path / name

    async def body() -> None:
        spool = SqliteSpool(used, gather=0)
        await spool.open()
        for number in range(NUMBER):
            assert await spool.store(batch(number))
        shutil.copytree(used, folder)
        await spool.close()

    asyncio.run(body())
    (folder / "spool.sqlite-shm").unlink()
    return folder


def test_a_log_as_kill_9_leaves_it_is_no_damage(tmp_path: Path) -> None:
    folder = with_log(tmp_path, "killed")
    with open(folder / "spool.sqlite-wal", "ab") as file:
        file.write(bytes(3000))  # a frame that was being written
    spool, found, _ = asyncio.run(content_of(folder))
    assert spool.rescued is None
    assert found == {number: head(number) for number in range(NUMBER)}


@pytest.mark.parametrize("place", ["head", "first", "middle", "number"])
def test_a_damaged_log(tmp_path: Path, place: str) -> None:
    """SQLite would leave out all that stands behind the damage, without a word."""
    folder = with_log(tmp_path, "log")
    log = folder / "spool.sqlite-wal"
    frames = (log.stat().st_size - 32) // (PAGE + 24)
    middle = 32 + frames // 2 * (PAGE + 24)
    overwrite(log, {"head": 17, "first": 32 + 24 + 100, "middle": middle + 24 + 100, "number": middle + 2}[place], b"?")
    damaged = log.read_bytes()
    spool, found, _ = asyncio.run(content_of(folder))
    print(f"{place}: {len(found)} of {NUMBER} entries, {spool.rescued}")
    assert spool.rescued is not None
    assert "log" in spool.rescued.reason
    assert found == {number: head(number) for number in found}
    assert len(found) >= NUMBER - 20
    (database,) = kept(folder)
    assert database.with_name(database.name + "-wal").read_bytes() == damaged


def test_the_frames_of_a_log_verify(tmp_path: Path) -> None:
    folder = with_log(tmp_path, "frames")
    log = Log(folder / "spool.sqlite")
    assert log
    assert not log.damaged_header
    copy = tmp_path / "copy.sqlite"
    shutil.copyfile(folder / "spool.sqlite", copy)
    log.apply(copy)
    with sqlite3.connect(f"{copy.as_uri()}?immutable=1", uri=True) as database:
        assert database.execute("SELECT count(*) FROM entry").fetchone() == (NUMBER,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_rescue_that_was_interrupted_is_finished(filled: Path, tmp_path: Path) -> None:
    """Killed when the new database was whole, and the old log was still there."""
    folder = copied(filled, tmp_path, "spool")
    os.rename(folder / "spool.sqlite", folder / "rescued.sqlite")
    (folder / "spool.sqlite").write_bytes(b"damaged" * 1000)
    (folder / "spool.sqlite-wal").write_bytes(b"damaged" * 1000)
    spool, found, _ = asyncio.run(content_of(folder))
    assert spool.rescued is None
    assert len(found) == NUMBER


def test_a_rescue_needs_room_for_two_more_copies_and_no_more(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied(filled, tmp_path, "spool")
    size = (folder / "spool.sqlite").stat().st_size
    overwrite(folder / "spool.sqlite", 100, bytes(1000))
    measured = []
    committed = rescue._saved

    def saved(target: Connection) -> set[int]:
        measured.append(sum(file.stat().st_size for file in folder.glob("rescue-*")))
        return committed(target)

    monkeypatch.setattr(rescue, "_saved", saved)
    assert len(asyncio.run(content_of(folder))[1]) == NUMBER
    assert size < max(measured) < 2.2 * size


@pytest.mark.parametrize("step", ["_copy_entries", "_end_histories"])
def test_a_rescue_without_room_leaves_all_as_it_was(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    folder = copied(filled, tmp_path, "spool")
    overwrite(folder / "spool.sqlite", 100, bytes(1000))
    before = (folder / "spool.sqlite").read_bytes()

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(rescue, step, full)
        with pytest.raises(SpoolCorrupt, match="is full"):
            asyncio.run(content_of(folder))
    assert (folder / "spool.sqlite").read_bytes() == before
    assert not list(folder.glob("rescue*"))
    assert not list((folder / "quarantine").iterdir())
    spool, found, _ = asyncio.run(content_of(folder))
    assert spool.rescued is not None
    assert len(found) == NUMBER
    assert len(kept(folder)) == 1


# ---- while it is used


def test_damage_that_is_met_while_the_spool_is_used(filled: Path, tmp_path: Path) -> None:
    """Nothing is confirmed any more, nobody is left waiting; opened again, the spool has what could be read."""
    folder = copied(filled, tmp_path, "spool")
    stored = []

    async def body() -> None:
        spool = SqliteSpool(folder, gather=0)
        told: list[str] = []
        spool.on_damage = told.append
        await spool.open()
        claimed = (await spool.claim("q1", 1000, 60)).entries
        spool._connection.execute("PRAGMA cache_size=0")
        size = (folder / "spool.sqlite").stat().st_size
        for page in range(2, size // PAGE):
            overwrite(folder / "spool.sqlite", page * PAGE, os.urandom(PAGE))
        refused = 0
        for number in range(NUMBER, NUMBER + 20):
            try:
                if await spool.store(batch(number)):
                    stored.append(number)
            except SpoolError:
                refused += 1
        with pytest.raises(SpoolCorrupt):
            await spool.claim("q0", 10, 60)
        retries = [spool.retry(entry, 2e9, "busy") for entry in claimed]
        assert {type(error) for error in await asyncio.gather(*retries, return_exceptions=True)} == {SpoolCorrupt}
        assert refused
        assert len(told) == 1
        await spool.close()

    asyncio.run(body())
    spool, found, _ = asyncio.run(content_of(folder))
    assert spool.rescued is not None
    assert set(stored) <= set(found)
    assert found == {number: head(number) for number in found}


def test_one_damaged_page_while_the_spool_is_used(filled: Path, tmp_path: Path) -> None:
    """A leaf of the table: what is on it is lost, what is not is passed on after the spool was opened again."""
    folder = copied(filled, tmp_path, "spool")
    with sqlite3.connect(folder / "spool.sqlite") as database:
        database.execute("SELECT 1")
    damaged = False

    async def body() -> None:
        nonlocal damaged
        spool = SqliteSpool(folder, gather=0)
        await spool.open()
        spool._connection.execute("PRAGMA cache_size=0")
        octets = (folder / "spool.sqlite").read_bytes()
        leaf = next(page for page in range(8, len(octets) // PAGE) if octets[page * PAGE] == 13)
        overwrite(folder / "spool.sqlite", leaf * PAGE, bytes(64))
        for queue in ("q0", "q1", "q2"):
            try:
                await spool.claim(queue, 1000, 60)
            except SpoolError:
                damaged = True
        await spool.close()

    asyncio.run(body())
    assert damaged
    spool, found, _ = asyncio.run(content_of(folder))
    assert spool.rescued is not None
    assert NUMBER > len(found) > NUMBER - 20
    assert len(spool.rescued.lost) == NUMBER - len(found), "the indices still have them"
    assert not queries.waiting(tmp_path, "nobody")
