"""What was accepted, and of which a damaged database has no entry any more, is named."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from x400.spool import Batch, Entry, Event, SqliteSpool
from x400.spool.accounts import unaccounted

PAGE = 4096
NUMBER = 32


def batch(number: int) -> Batch:
    """For one recipient elsewhere; one in four is for another MTA, and a recipient here, too."""
    entry = Entry("B", 1, f"m{number}", "message", "/S=a/", "/S=b/", 1e12, bytes(1000))
    entries, events = [entry], [Event("transfer", "from", "next_hop=B recipients=/S=b/,/S=c to d/")]
    if number % 4 == 0:
        for queue, action, detail in (
            ("C", "transfer", "next_hop=C recipients=/S=c/"),
            ("delivery:/a folder to see", "delivery", "recipient=/S=d/ folder=/a folder to see"),
        ):
            entries.append(Entry(queue, 1, f"m{number}", "message", "/S=a/", "/S=b/", 1e12, bytes(100)))
            events.append(Event(action, "from", detail))
    return Batch(f"m{number}", b"key", "message", "from", 4, entries, events)


async def _fill(folder: Path) -> None:
    spool = SqliteSpool(folder)
    await spool.open()
    assert all(await asyncio.gather(*[spool.store(batch(number)) for number in range(NUMBER)]))
    for queue in ("B", "C", "delivery:/a folder to see"):
        for entry in (await spool.claim(queue, 5, 60)).entries:
            here = queue.startswith("delivery:")
            spool.done(
                entry, Event("delivered", "", "/S=d/ to /a folder to see") if here else Event("transferred", queue)
            )
    await spool.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled") / "spool"
    asyncio.run(_fill(folder))
    return folder


def _waiting(folder: Path) -> set[tuple[str, str]]:
    with sqlite3.connect(folder / "spool.sqlite") as database:
        return set(database.execute("SELECT identifier, queue FROM entry"))


async def _opened(folder: Path) -> SqliteSpool:
    spool = SqliteSpool(folder)
    await spool.open()
    await spool.close()
    return spool


def _named(folder: Path) -> set[tuple[str, str]]:
    """As the trace has them."""
    with sqlite3.connect(folder / "spool.sqlite") as database:
        return set(database.execute("SELECT identifier, peer FROM event WHERE action='unaccounted'"))


def test_no_entry_is_missed_without_a_word_whatever_page_is_zeroed(filled: Path, tmp_path: Path) -> None:
    """Each entry waits still, or it is named; what has left is named only if the line that says so was in the page."""
    before = _waiting(filled)
    lost = doubtful = 0
    for page in range((filled / "spool.sqlite").stat().st_size // PAGE):
        folder = Path(shutil.copytree(filled, tmp_path / str(page) / "worker-0"))
        with open(folder / "spool.sqlite", "r+b") as file:
            file.seek(page * PAGE)
            kind = file.read(1)
            file.seek(page * PAGE)
            file.write(bytes(PAGE))
        spool = asyncio.run(_opened(folder))
        named = set(spool.rescued.unaccounted) if spool.rescued is not None else set()
        missing = before - _waiting(folder)
        assert missing <= named, page
        assert named == _named(folder)
        if spool.rescued is not None and not spool.rescued.keys_missing:
            assert named == missing
        else:
            doubtful += len(named - missing)
        assert not missing or kind == b"\x0d"
        lost += len(missing)
    assert lost == len(before), "each entry was in one of the pages"
    assert doubtful >= 15, "what has left was in one or more"


def test_it_is_told_once(filled: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(filled, tmp_path / "worker-0"))
    with sqlite3.connect(folder / "spool.sqlite") as database:
        assert list(unaccounted(database)) == []
        database.execute("DELETE FROM entry WHERE identifier IN ('m28', 'm29')")
        assert sorted(unaccounted(database)) == [
            ("m28", "B"),
            ("m28", "C"),
            ("m28", "delivery:/a folder to see"),
            ("m29", "B"),
        ]
        database.execute("INSERT INTO event VALUES ('m29', 1, 'unaccounted', 'B', '')")
        assert {identifier for identifier, _ in unaccounted(database)} == {"m28"}


@pytest.mark.parametrize(
    ("line", "queue"),
    [
        ("report-transfer\treport=the r to=/S=a/ next_hop=A", "A"),
        ("report-delivery\treport=the r to=/S=a/ folder=/f", "delivery:/f"),
        ("directory-lookup\treport=the r to=/S=a/", "directory:"),
    ],
)
def test_a_report_made_here_is_in_the_history_of_its_subject(
    filled: Path, tmp_path: Path, line: str, queue: str
) -> None:
    folder = Path(shutil.copytree(filled, tmp_path / "worker-0"))
    with sqlite3.connect(folder / "spool.sqlite") as database:
        log = f"non-delivery\tplace=0\nreport\treport=the r subject=m\n{line}"
        database.execute("INSERT INTO arrival VALUES ('m', x'00', 1, 'message', 'from', 4, ?)", (log,))
        assert list(unaccounted(database)) == [("the r", queue)]
        database.execute("INSERT INTO event VALUES ('the r', 1, 'retry', 'A', 'busy')")
        assert list(unaccounted(database)) == [("the r", queue)]
        database.execute("INSERT INTO event VALUES ('the r', 2, 'transferred', 'A', '')")
        assert list(unaccounted(database)) == []
        database.execute("DELETE FROM event WHERE identifier='the r'")
        database.execute("UPDATE entry SET identifier='the r' WHERE id=(SELECT max(id) FROM entry)")
        assert "the r" not in dict(unaccounted(database))


@pytest.mark.parametrize(
    ("log", "later", "waits", "missing"),
    [
        ("accepted\t", [], [], []),
        ("non-delivery\tplace=0\nreport\treport=r subject=m\nreport-discarded\treport=r to=a", [], [], []),
        ("report-transfer\tto=/S=a/ next_hop=A", [], [], ["A"]),
        ("report-transfer\tto=/S=a/ next_hop=A", [("transferred", "A", "")], [], []),
        ("report-delivery\tto=/S=a/ folder=/f", [], [], ["delivery:/f"]),
        ("report-delivery\tto=/S=a/ folder=/f", [("delivered", "", "/S=a/ to /f")], [], []),
        ("deferred\tuntil=x", [], [], ["deferred:"]),
        ("deferred\tuntil=x", [("released", "", "its time has come")], [], []),
        ("deferred\tuntil=x", [("released", "", ""), ("transfer", "", "next_hop=B recipients=b")], [], ["B"]),
        ("deferred\tuntil=x", [("cancelled", "", "by=operator")], [], []),
        ("directory-lookup\trecipients=b", [], ["directory:"], []),
        ("directory-lookup\trecipients=b", [("retry", "directory:", "busy")], [], ["directory:"]),
        ("transfer\tnext_hop=B recipients=b", [("retry", "B", "busy"), ("held", "", "by an operator")], [], ["B"]),
        ("transfer\tnext_hop=B recipients=b", [("given-up", "B", "too long: b")], [], []),
        ("transfer\tnext_hop=B recipients=b", [("moved", "", "to another worker")], [], []),
        ("transfer\tnext_hop=B recipients=b", [("rerouted", "C", "by an operator")], ["C"], []),
        ("moved\tfrom worker-1", [], [], [""]),
        ("moved\tfrom worker-1", [("transferred", "B", "")], [], []),
        ("moved\tfrom worker-1", [], ["B"], []),
        ("delivery\trecipient=b folder=/f", [("delivered", "", "b to /f")], [], []),
        ("delivery\trecipient=b folder=/f", [("delivered", "", "b to /g")], [], ["delivery:/f"]),
    ],
)  # fmt: skip
def test_what_the_lines_say(
    filled: Path, tmp_path: Path, log: str, later: Sequence[tuple[str, str, str]], waits: list[str], missing: list[str]
) -> None:
    folder = Path(shutil.copytree(filled, tmp_path / "worker-0"))
    with sqlite3.connect(folder / "spool.sqlite") as database:
        database.execute("INSERT INTO arrival VALUES ('m', x'00', 1, 'message', 'from', 4, ?)", (log,))
        for at, line in enumerate(later):
            database.execute("INSERT INTO event VALUES ('m', ?, ?, ?, ?)", (at, *line))
        for queue in waits:
            database.execute("UPDATE entry SET identifier='m', queue=? WHERE id=(SELECT max(id) FROM entry)", (queue,))
        assert [queue for identifier, queue in unaccounted(database) if identifier == "m"] == missing
