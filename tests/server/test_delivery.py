"""The local delivery channel: what is in a folder, and that a repeated delivery changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from x400.server.batches import DELIVERY, DeliveryDetail
from x400.server.delivery import deliver, deliver_all, name_of
from x400.spool import ContentDamaged, Entry, Part
from x400.spool.sealed import seal_file

ENVELOPE = b"\x31\x00"


def entry(folder: Path, *, head: bytes = b"content", tail: Part | None = None, constructed: bool = False) -> Entry:
    detail = msgspec.msgpack.encode(DeliveryDetail("/S=to/", 2, ENVELOPE, {"kind": "x", "ü": 1}, constructed))
    queue = DELIVERY + str(folder)
    return Entry(queue, 1, "[/C=GB/A=X/;a/b c]", "message", "/S=from/", "/S=to/", 1e12, head, tail, detail)


def test_content_and_envelope(tmp_path: Path) -> None:
    path = deliver(tmp_path, entry(tmp_path))
    assert path.parent == tmp_path
    assert (path / "content").read_bytes() == b"content"
    assert (path / "envelope.ber").read_bytes() == b"\x31\x00"
    about = json.loads((path / "envelope.json").read_text())
    assert about["identifier"] == "[/C=GB/A=X/;a/b c]"
    assert about["recipient"] == "/S=to/"
    assert about["envelope"] == {"kind": "x", "ü": 1}
    assert sorted(item.name for item in tmp_path.iterdir()) == [path.name], "nothing temporary is left"


def test_a_repeated_delivery_is_one(tmp_path: Path) -> None:
    first = deliver(tmp_path, entry(tmp_path))
    (tmp_path / f".{first.name}").mkdir()
    (first / "content").write_bytes(b"as picked up")
    assert deliver(tmp_path, entry(tmp_path)) == first
    assert (first / "content").read_bytes() == b"as picked up"


def test_what_a_crash_left_is_written_anew(tmp_path: Path) -> None:
    left = tmp_path / f".{name_of('[/C=GB/A=X/;a/b c]', 2, ENVELOPE)}"
    left.mkdir()
    (left / "content").write_bytes(b"half")
    assert (deliver(tmp_path, entry(tmp_path)) / "content").read_bytes() == b"content"


def test_a_large_content_comes_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"--" + b"x" * 3_000_000 + b"--")
    seal_file(file)
    path = deliver(tmp_path / "in", entry(tmp_path, head=b"head", tail=Part(str(file), 2, 3_000_000)))
    assert (path / "content").read_bytes() == b"head" + b"x" * 3_000_000


def test_a_constructed_content_is_put_together(tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"cd\x04\x01e\x00\x00more")
    seal_file(file)
    path = deliver(tmp_path / "in", entry(tmp_path, head=b"\x04\x04ab", tail=Part(str(file), 0, 11), constructed=True))
    assert (path / "content").read_bytes() == b"abcde"


def test_failures_are_told_one_by_one(tmp_path: Path) -> None:
    good = entry(tmp_path)
    bad = entry(tmp_path, tail=Part(str(tmp_path / "none"), 0, 5))
    bad.identifier = "[/C=GB/A=X/;other]"
    outcomes = deliver_all(tmp_path, [bad, good])
    assert outcomes[1] is None
    assert isinstance(outcomes[0], ContentDamaged)
    assert "not there" in str(outcomes[0])


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [("[/C=GB/A=X/;abc.1]", "abc.1"), ("[/C=GB/A=X/;../../etc]", "etc"), ("[/C=GB/A=X/;\x00/]", "message")],
)
def test_names_are_safe(identifier: str, expected: str) -> None:
    name = name_of(identifier, 0)
    assert name.startswith(expected + "-")
    assert "/" not in name
    assert name != name_of(identifier, 1)
    assert name != name_of(identifier + "x", 0)
