"""x400 run, and what queue and trace tell of it."""

from __future__ import annotations

import json
import time
from pathlib import Path

from tests.cli.processes import Running, relay_config, x400
from tests.cli.test_send import FROM, TO, free_port


def test_a_message_delivered_and_traced(tmp_path: Path) -> None:
    config = relay_config(tmp_path)
    with Running("run", config) as relay:
        sender = "/C=GB/A=T/P=OTHER/O=X/S=Alice/"
        done = x400("send", "--from", sender, "--to", FROM, "--via", relay.address, "-", stdin="Hi\n")
        identifier = done.stdout.strip()
        (folder,) = wait_for_deliveries(tmp_path / "delivered", 1)
        assert json.loads((folder / "envelope.json").read_text())["identifier"] == identifier
        shown = x400("inspect", folder / "content").stdout
        assert "ia5-text" in shown
        assert relay.stop() == 0
    assert "delivered" in x400("trace", config, identifier).stdout
    part = identifier[-12:-1]
    lines = json.loads(x400("trace", config, part, "--json").stdout)
    assert lines[0]["action"] == "arrived"
    assert "has not been here" in x400("trace", config, "nothing", code=1).stderr
    assert "nothing is waiting" in x400("queue", "list", config).stdout


def wait_for_deliveries(folder: Path, number: int) -> list[Path]:
    for _ in range(400):
        found = [path for path in folder.glob("*") if not path.name.startswith(".")]
        if len(found) >= number:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{number} deliveries expected in {folder}")


def test_what_waits_for_a_peer_that_does_not_answer(tmp_path: Path) -> None:
    config = relay_config(tmp_path, next_hop=free_port())
    with Running("run", config) as relay:
        done = x400("send", "--from", FROM, "--to", TO, "--via", relay.address, "--priority", "urgent", "-", stdin="Hi")
        identifier = done.stdout.strip()
        waiting = json.loads(x400("queue", "list", config, "--json").stdout)
        assert waiting["queues"][0]["queue"] == "next"
        assert waiting["queues"][0]["urgent"] == 1
        (entry,) = waiting["waiting"]
        assert entry["identifier"] == identifier
        assert "Waiting" in x400("queue", "list", config).stdout
        assert "nothing is waiting" in x400("queue", "list", config, "--to", "somebody").stdout
        assert relay.stop() == 0


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    config = relay_config(tmp_path)
    with Running("run", config) as relay:
        port = relay.address.rpartition(":")[2]
        config.write_text(config.read_text().replace("port = 0", f"port = {port}"))
        assert "cannot listen" in x400("run", config, code=1).stderr


def test_the_life_of_a_message_across_a_restart(tmp_path: Path) -> None:
    """x400 trace and the accounting log have what happened before it and after it."""
    peer = free_port()
    config = relay_config(tmp_path, next_hop=peer)
    config.write_text(config.read_text() + '\n[accounting]\nfile = "accounting"\n')
    arguments = ("--from", FROM, "--to", TO, "--priority", "urgent", "-")
    with Running("run", config) as relay:
        identifier = x400("send", "--via", relay.address, *arguments, stdin="Hi").stdout.strip()
        lost = x400("send", "--via", relay.address, *arguments, stdin="Hi").stdout.strip()
        assert "1 given up" in x400("queue", "delete", config, "--id", lost).stdout
        assert relay.stop() == 0
    with Running("sink", "--listen", peer, "--count", 1) as sink, Running("run", config) as relay:
        assert sink.wait() == 0
        assert relay.stop() == 0
    lines = json.loads(x400("trace", config, identifier, "--json").stdout)
    assert [line["action"] for line in lines] == ["arrived", "transfer", "transferred"]
    assert [line["peer"] for line in lines if line["action"] == "transferred"] == ["next"]
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert "given-up" in x400("trace", config, lost).stdout
    accounted = [json.loads(line) for line in (tmp_path / "accounting").read_text().splitlines()]
    lives = {
        one: [line["event"] for line in accounted if line["identifier"] == one and line["kind"] == "message"]
        for one in (identifier, lost)
    }
    assert lives == {identifier: ["accepted", "transferred"], lost: ["accepted", "given-up"]}
    (left,) = [line for line in accounted if line["event"] == "transferred"]
    assert (left["peer"], left["priority"], left["originator"]) == ("next", "urgent", FROM)
    assert left["recipients"] == [TO]
    assert left["octets"] > 100
    assert left["seconds"] > 0
