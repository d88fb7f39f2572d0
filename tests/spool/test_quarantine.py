"""The quarantine folder: what is kept, what there is room for, what is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from x400.spool import Entry, Part, QuarantineLimits, SpoolError, SpoolFull
from x400.spool.quarantine import FOLDER, Quarantine, forget, listed, named, take_over


def made(worker: Path, entries: int = 10, octets: int = 100) -> Quarantine:
    (worker / FOLDER).mkdir(parents=True)
    return Quarantine(worker / FOLDER, QuarantineLimits(entries, octets))


def entry(head: bytes, tail: Part | None = None) -> Entry:
    return Entry("B", 0, "[id]", "message", "from", "to", 12.5, head, tail, b"\xff detail", arrived=3.25)


def test_it_is_listed_with_what_is_known_and_forgotten(tmp_path: Path) -> None:
    quarantine = made(tmp_path)
    kept = quarantine.keep("peer", "no MTS-APDU", 7, [b"ab", memoryview(b"cd")])
    (one,) = listed(tmp_path)
    assert (one.path, one.path.read_bytes(), one.size) == (kept, b"abcd", 4)
    assert (one.about.peer, one.about.reason, one.about.offset, one.entry) == ("peer", "no MTS-APDU", 7, None)
    assert named(tmp_path, one.name) == one
    assert quarantine.used() == (1, 4)
    forget(one)
    assert (listed(tmp_path), quarantine.used(), list((tmp_path / FOLDER).iterdir())) == ([], (0, 0), [])


@pytest.mark.parametrize("name", ["../lock", "", "nothing", "a/b"])
def test_a_name_that_nothing_has(tmp_path: Path, name: str) -> None:
    made(tmp_path)
    (tmp_path / "lock.ber").touch()
    (tmp_path / "lock.json").write_text('{"peer":"","reason":"","offset":null,"time":0}')
    assert named(tmp_path, name) is None


def test_what_was_refused_has_room_up_to_the_limits(tmp_path: Path) -> None:
    quarantine = made(tmp_path, entries=3, octets=10)
    quarantine.keep("peer", "x", None, [b"12345678"])
    with pytest.raises(SpoolFull, match="quarantine-octets is 10"):
        quarantine.keep("peer", "x", None, [b"123"])
    quarantine.keep("peer", "x", None, [b"1"])
    quarantine.keep("peer", "x", None, [b"2"])
    with pytest.raises(SpoolFull, match="quarantine-entries is 3"):
        quarantine.keep("peer", "x", None, [b""])
    assert quarantine.used() == (3, 10)


def test_what_had_been_taken_over_is_kept_whatever_the_limits_are_and_is_whole(tmp_path: Path) -> None:
    quarantine = made(tmp_path, entries=0, octets=0)
    content = tmp_path / "content"
    content.write_bytes(b"...a large content...")
    quarantine.keep("B", "x", None, [b"head, "], Part(str(content), 3, 15), entry(b"head, ", Part(str(content), 3, 15)))
    assert content.exists(), "other entries may refer to it"
    (one,) = listed(tmp_path)
    assert one.path.read_bytes() == b"head, a large content"
    again = one.entry
    assert again is not None
    assert again == entry(b"head, ", Part(str(one.path), 6, 15))


def test_a_content_that_is_cut_short_is_told_and_nothing_is_listed(tmp_path: Path) -> None:
    quarantine = made(tmp_path)
    (tmp_path / "content").write_bytes(b"short")
    with pytest.raises(SpoolError, match="shorter"):
        quarantine.keep("B", "x", None, [], Part(str(tmp_path / "content"), 0, 6))
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_what_is_known_about_it_cannot_be_read(tmp_path: Path) -> None:
    kept = made(tmp_path).keep("B", "x", None, [b"1"])
    kept.with_suffix(".json").write_text("{")
    with pytest.raises(SpoolError, match=kept.stem):
        listed(tmp_path)


def test_a_worker_takes_over_what_another_has(tmp_path: Path) -> None:
    old, new = tmp_path / "worker-1", tmp_path / "worker-0"
    made(new)
    made(old).keep("B", "x", None, [b"1"])
    (one,) = listed(old)
    assert take_over(old, new) == 1
    assert [(moved.name, moved.about, moved.path.read_bytes()) for moved in listed(new)] == [
        (one.name, one.about, b"1")
    ]
    assert listed(old) == []
    assert take_over(old, new) == 0
