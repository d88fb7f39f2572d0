"""The metrics page, of one worker and of several, and the accounting log."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.processes import Running, relay_config, x400
from tests.cli.test_send import FROM, TO, free_port
from tests.server import harness
from x400.console.control import Sample
from x400.console.metrics import COUNTERS
from x400.mta import Stored
from x400.mts.apdu import Apdu
from x400.net.transfer import TransferFailed
from x400.server.observation import measured

ALICE = "/C=GB/A=T/P=OTHER/O=X/S=Alice/"


def samples(port: int) -> dict[tuple[str, tuple[str, ...]], float]:
    """What the page says now: by name and the labels but the worker, summed over workers."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found: dict[tuple[str, tuple[str, ...]], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(value for name, value in sorted(sample.labels.items()) if name != "worker")
            found[sample.name, labels] = found.get((sample.name, labels), 0.0) + sample.value
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_the_page_counts_what_happened(tmp_path: Path, workers: int) -> None:
    port = harness.free_port()
    config = relay_config(tmp_path, next_hop=free_port(), workers=workers)
    config.write_text(config.read_text() + f'\n[metrics]\nport = {port}\n[accounting]\nfile = "log/accounting"\n')
    if workers > 1:
        listening = harness.free_port()
        config.write_text(config.read_text().replace("port = 0", f"port = {listening}"))
    with Running("run", config) as relay:
        x400("send", "--from", ALICE, "--to", FROM, "--via", relay.address, "-", stdin="Hi\n")
        x400("send", "--from", FROM, "--to", TO, "--via", relay.address, "--priority", "urgent", "-", stdin="Hi\n")
        end = time.monotonic() + 20
        while (now := samples(port))["x400_deliveries_total", ()] < 1 and time.monotonic() < end:
            time.sleep(0.1)
        assert now["x400_worker_up", ()] == workers
        assert now["x400_transfers_received_total", ("anybody",)] == 2
        assert now["x400_octets_received_total", ("anybody",)] > 500
        assert now["x400_deliveries_total", ()] == 1
        assert now["x400_queue_entries", ("urgent", "next")] == 1
        assert now["x400_queue_oldest_seconds", ("urgent", "next")] > 0
        assert now["x400_queue_oldest_seconds", ("normal", "next")] == 0
        assert now["x400_peer_unreachable_total", ("next",)] >= 1
        assert now["x400_commit_seconds_count", ()] >= 2
        assert now["x400_commit_seconds_bucket", ("+Inf",)] == now["x400_commit_seconds_count", ()]
        assert now["x400_procedures_total", ("transfer",)] == 1
        assert relay.stop() == 0
    lines = [json.loads(line) for line in (tmp_path / "log" / "accounting").read_text().splitlines()]
    assert sorted(line["event"] for line in lines) == ["accepted", "accepted", "delivered"]
    (delivered,) = [line for line in lines if line["event"] == "delivered"]
    assert delivered["recipients"] == [FROM]
    assert delivered["seconds"] >= 0


def by_peer(metric: list[Sample]) -> dict[str, float]:
    found: dict[str, float] = {}
    for sample in metric:
        found[sample.labels[0]] = found.get(sample.labels[0], 0.0) + sample.value
    return found


def test_each_peer_has_its_own(tmp_path: Path) -> None:
    """Associations, messages, octets, reports, retries and errors, by peer; and what is the process's own."""

    async def body() -> None:
        a, back, b = harness.free_port(), harness.free_port(), harness.free_port()
        more = "[retry]\nfirst = 0.2\njitter = 0\n"
        path = harness.configuration(tmp_path, "A", a, to={"B": b, "SOURCE": back}, more=more)
        came: list[bytes] = []
        lost = harness.apdu("lost", "/C=FR/A=NOWHERE/S=Nobody/")
        good = harness.apdu("good", "/C=GB/A=TEST/P=B/S=Ann/", priority="urgent")
        async with harness.working(path) as worker:
            await harness.transfer(a, [good])
            await harness.until(lambda: worker.counters.peer("B").unreachable)
            now = await measured(worker)
            assert [one for one in now.gauges["queue_entries"] if one.value] == [Sample(("B", "urgent"), 1)]
            assert [one.labels for one in now.gauges["queue_oldest_seconds"] if one.value] == [("B", "urgent")]
            async with (
                harness.sink(b, "B", lambda octets, peer: came.append(octets)),
                harness.sink(back, "SOURCE", lambda octets, peer: came.append(octets)),
            ):
                await harness.transfer(a, [lost])
                await harness.until(lambda: len(came) == 2)
                await harness.until(lambda: worker.counters.peer("B").sent and worker.counters.peer("SOURCE").sent)
                await harness.transfer(a, [next(one for one in came if Apdu(Stored(one)).kind == "report")])
                now = await measured(worker)
                associations = {one.labels: one.value for one in now.gauges["associations"]}
                assert associations["B", "out"] == associations["SOURCE", "out"] == 1
                assert associations["B", "in"] == 0
            with pytest.raises(TransferFailed):
                await harness.transfer(a, [b"\x04\x00"])
            await harness.until(lambda: worker.counters.loop_lag.sum)
            now = await measured(worker)
        counters = {name: by_peer(samples) for name, samples in now.counters.items() if "peer" in COUNTERS[name][1]}
        assert counters["transfers_received"] == {"source": 3, "B": 0, "SOURCE": 0}
        assert counters["reports_received"] == {"source": 1, "B": 0, "SOURCE": 0}
        assert counters["transfers_sent"] == {"source": 0, "B": 1, "SOURCE": 1}
        assert counters["reports_sent"] == {"source": 0, "B": 0, "SOURCE": 1}
        sizes = {Apdu(Stored(one)).kind: len(one) for one in came}
        assert counters["octets_sent"] == {"source": 0, "B": sizes["message"], "SOURCE": sizes["report"]}
        assert counters["octets_received"]["source"] == len(good) + len(lost) + sizes["report"]
        assert counters["peer_unreachable"]["B"] >= 1
        assert counters["transfers_refused"]["source"] == 1
        assert sum(counters["association_failures"].values()) >= 1
        assert sum(now.histograms["event_loop_lag_seconds"].counts) >= 1
        assert now.histograms["commit_seconds"].sum > 0

    harness.run(body())


def test_a_worker_that_died_is_missed_and_comes_back(tmp_path: Path) -> None:
    port, listening = harness.free_port(), harness.free_port()
    config = relay_config(tmp_path, workers=2)
    text = config.read_text().replace("port = 0", f"port = {listening}")
    config.write_text(text + f"\n[metrics]\nport = {port}\n")
    with Running("run", config) as relay:
        children = Path(f"/proc/{relay.process.pid}/task/{relay.process.pid}/children").read_text().split()
        assert len(children) == 3
        os.kill(int(children[0]), signal.SIGKILL)
        seen = set()
        end = time.monotonic() + 20
        while not seen >= {1.0, 2.0} and time.monotonic() < end:
            seen.add(samples(port)["x400_worker_up", ()])
            time.sleep(0.02 if 1.0 not in seen else 0.2)
        assert seen >= {1.0, 2.0}
        assert relay.stop() == 0


def test_a_metrics_port_that_is_taken_stops_the_start(tmp_path: Path) -> None:
    config = relay_config(tmp_path)
    with harness.socket.socket() as handle:
        handle.bind(("127.0.0.1", 0))
        handle.listen()
        config.write_text(config.read_text() + f"\n[metrics]\nport = {handle.getsockname()[1]}\n")
        with Running("run", config, ready=False) as relay:
            assert relay.wait() == 1
            assert "metrics cannot be served" in "".join(relay.errors)
