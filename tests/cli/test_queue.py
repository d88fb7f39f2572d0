"""x400 queue and peers: what an operator sees, and does, while a peer does not answer."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.processes import Running, relay_config, x400
from tests.cli.test_run import wait_for_deliveries
from tests.cli.test_send import FROM, TO, free_port

ALICE = "/C=GB/A=T/P=HERE/O=X/S=Alice/"
"""A local user: what is reported to her is delivered."""


def send(relay: Running, *, originator: str = FROM) -> str:
    return x400("send", "--from", originator, "--to", TO, "--via", relay.address, "-", stdin="Hi\n").stdout.strip()


def waiting(config: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(x400("queue", "list", config, "--json").stdout)["waiting"]
    return found


def until(what: Any, *, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "that has not come about"
        time.sleep(0.1)


def patient(config: Path) -> None:
    """No attempt of the schedule's comes while the test runs."""
    config.write_text(config.read_text() + "\n[retry]\nfirst = 600.0\nlongest = 3600.0\n")


def test_held_shown_released_and_tried_again(tmp_path: Path) -> None:
    peer = free_port()
    config = relay_config(tmp_path, next_hop=peer)
    patient(config)
    with Running("run", config) as relay:
        first, second = send(relay), send(relay)
        assert "1 held" in x400("queue", "hold", config, "--id", first).stdout
        assert {entry["identifier"]: entry["held"] for entry in waiting(config)} == {first: True, second: False}
        shown = x400("queue", "show", config, first).stdout
        assert "held by an operator" in shown
        assert "per-recipient-fields" in shown
        assert relay.stop() == 0

    with Running("sink", "--listen", peer) as sink, Running("run", config) as relay:
        # held across the restart; the peer is reachable now
        until(lambda: [entry["identifier"] for entry in waiting(config)] == [first])
        assert "0 to be tried" in x400("queue", "retry", config, "--to", "next", code=1).stdout
        assert len(waiting(config)) == 1
        assert "1 released" in x400("queue", "release", config, "--to", "next").stdout
        until(lambda: not waiting(config))
        assert "transferred" in x400("trace", config, first).stdout
        assert relay.stop() == 0
        assert sink.process.poll() is None


def test_a_peer_that_came_back_is_called_at_once(tmp_path: Path) -> None:
    peer = free_port()
    config = relay_config(tmp_path, next_hop=peer)
    patient(config)
    with Running("run", config) as relay:
        send(relay)

        def state() -> dict[str, Any]:
            states = json.loads(x400("peers", config, "--json").stdout)
            (of_next,) = [one for one in states if one["name"] == "next"]
            found: dict[str, Any] = of_next
            return found

        until(lambda: state()["failures"] == 1)
        assert state()["again"] > time.time() + 300
        assert state()["waiting"] == 1
        assert "cannot be reached" in x400("peers", config).stdout
        with Running("sink", "--listen", peer):
            assert "1 to be tried at once" in x400("queue", "retry", config, "--to", "next").stdout
            until(lambda: not waiting(config))
            until(lambda: state()["sent"] == 1 and state()["failures"] == 0)
        assert relay.stop() == 0


def test_given_up_with_a_report(tmp_path: Path) -> None:
    config = relay_config(tmp_path, next_hop=free_port())
    patient(config)
    with Running("run", config) as relay:
        identifier = send(relay, originator=ALICE)
        refused = x400("queue", "delete", config, "--id", identifier, "--diagnostic", "no-such-thing", code=1)
        assert "not a non-delivery-diagnostic-code" in refused.stderr
        assert "1 given up" in x400("queue", "delete", config, "--id", identifier).stdout
        assert waiting(config) == []
        (report,) = wait_for_deliveries(tmp_path / "delivered", 1)
        about = json.loads((report / "envelope.json").read_text())
        assert about["kind"] == "report"
        assert "unable-to-complete-transfer" in x400("trace", config, identifier).stdout
        assert relay.stop() == 0


def test_a_peer_that_was_removed_is_said_to_be_missing(tmp_path: Path) -> None:
    config = relay_config(tmp_path, next_hop=free_port())
    with Running("run", config) as relay:
        send(relay)
        before, _, _ = config.read_text().partition('[[peer]]\nname = "next"')
        config.write_text(before.replace("port = 0", f"port = {relay.address.rpartition(':')[2]}"))
        relay.process.send_signal(signal.SIGHUP)
        until(lambda: "no [[peer]] of that name is configured" in x400("queue", "list", config).stdout)
        assert "1 given up" in x400("queue", "delete", config, "--to", "next").stdout
        assert relay.stop() == 0


def test_rerouted(tmp_path: Path) -> None:
    other = free_port()
    config = relay_config(tmp_path, next_hop=free_port())
    config.write_text(config.read_text() + f'\n[[peer]]\nname = "other"\naddress = "{other}"\n')
    patient(config)
    with Running("run", config) as relay, Running("sink", "--listen", other):
        send(relay)
        wrong = x400("queue", "reroute", config, "nobody", "--to", "next", code=1)
        assert "'nobody' is not a peer" in wrong.stderr
        assert "1 rerouted to other" in x400("queue", "reroute", config, "other", "--to", "next").stdout
        until(lambda: not waiting(config))
        assert relay.stop() == 0


@pytest.mark.parametrize("command", ["hold", "release", "retry", "delete"])
def test_what_is_meant_must_be_said_and_the_mta_must_run(tmp_path: Path, command: str) -> None:
    config = relay_config(tmp_path)
    assert "--to QUEUE" in x400("queue", command, config, code=2).stderr
    assert "no MTA runs" in x400("queue", command, config, "--to", "next", code=1).stderr
    assert "no MTA runs" in x400("peers", config, code=1).stderr


def test_a_damaged_spool_is_told_of_until_its_note_is_removed(tmp_path: Path) -> None:
    config = relay_config(tmp_path, next_hop=free_port())
    patient(config)
    with Running("run", config) as relay:
        first = send(relay)
        assert relay.stop() == 0
    (spool,) = tmp_path.rglob("spool.sqlite")
    with open(spool, "r+b") as file:  # the first page of an index: every entry can be read without it
        file.seek(4096 * (page_of(spool, "entry_expiry") - 1))
        file.write(b"\xff" * 64)
    with Running("run", config) as relay:
        assert [entry["identifier"] for entry in waiting(config)] == [first]
        for command in (["queue", "list"], ["peers"]):
            told = x400(*command, config).stderr
            assert "the spool of worker-0 was damaged" in told
            assert "1 entries saved, 0 lost" in told
        (note,) = spool.parent.rglob("*.damage")
        note.unlink()
        assert x400("peers", config).stderr == ""
        assert relay.stop() == 0


def test_what_damage_has_cost_is_named(tmp_path: Path) -> None:
    config = relay_config(tmp_path, next_hop=free_port())
    patient(config)
    with Running("run", config) as relay:
        gone = send(relay)
        assert relay.stop() == 0
    assert "neither" not in x400("trace", config, gone).stdout
    (spool,) = tmp_path.rglob("spool.sqlite")
    with open(spool, "r+b") as file:
        file.seek(4096 * (page_of(spool, "entry") - 1))
        file.write(bytes(4096))
    with Running("run", config) as relay:
        assert waiting(config) == []
        assert "1 messages not accounted for: `x400 quarantine list`" in x400("queue", "list", config).stderr
        told = x400("quarantine", "list", config).stdout
        assert "".join(gone.split()) in "".join(told.split())
        assert "unaccounted" in x400("trace", config, gone).stdout
        (note,) = spool.parent.rglob("*.damage")
        note.unlink()
        assert gone not in x400("quarantine", "list", config).stdout
        assert relay.stop() == 0


def page_of(spool: Path, name: str) -> int:
    with closing(sqlite3.connect(spool)) as database:
        page: int = database.execute("SELECT rootpage FROM sqlite_master WHERE name=?", (name,)).fetchone()[0]
        return page


def test_a_deferred_message_is_held_and_taken_back(tmp_path: Path) -> None:
    config = relay_config(tmp_path)
    with Running("run", config) as relay:
        arguments = ("--from", "/C=GB/A=T/P=OTHER/S=Alice/", "--to", FROM, "--via", relay.address, "-")
        identifier = x400("send", "--defer", 3600, *arguments, stdin="Later").stdout.strip()
        (entry,) = waiting(config)
        assert (entry["queue"], entry["identifier"]) == ("deferred:", identifier)
        assert "1 cancelled" in x400("queue", "cancel", config, identifier).stdout
        assert waiting(config) == []
        assert "0 cancelled" in x400("queue", "cancel", config, identifier, code=1).stdout
        assert relay.stop() == 0
    lines = json.loads(x400("trace", config, identifier, "--json").stdout)
    assert [line["action"] for line in lines] == ["arrived", "deferred", "cancelled"]
    assert not list((tmp_path / "delivered").glob("*"))
