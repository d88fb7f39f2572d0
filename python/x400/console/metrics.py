"""The metrics page for Prometheus: what every worker tells over its control socket, gathered when it is asked for.

It is served by a thread of the process that supervises, so a worker that hangs or has died is seen by its absence
(`x400_worker_up`), and takes nothing else with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from x400.console.control import ControlError, Histogram, Measured, Metrics, Sample, ask

COUNTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "transfers_received": ("Messages, probes and reports taken over from a peer.", ("peer",)),
    "octets_received": ("Octets of the APDUs taken over from a peer.", ("peer",)),
    "transfers_sent": ("Messages, probes and reports that a peer has taken over.", ("peer",)),
    "octets_sent": ("Octets of the APDUs that a peer has taken over.", ("peer",)),
    "reports_received": ("Reports among what was taken over from a peer.", ("peer",)),
    "reports_sent": ("Reports among what a peer has taken over.", ("peer",)),
    "repetitions_received": ("Transfers of a peer that had been taken over before.", ("peer",)),
    "transfers_refused": ("Transfers of a peer that were refused.", ("peer",)),
    "attempts_failed": ("Transfers to a peer that are tried again.", ("peer",)),
    "transfers_refused_for_good": ("Transfers that a peer refused for good until they were given up.", ("peer",)),
    "peer_unreachable": ("Times that no association with a peer could be had.", ("peer",)),
    "association_failures": ("Associations that ended in a failure, by the layer that told.", ("peer", "layer")),
    "procedures": ("Steps of X.411's procedures, by the names that `x400 trace` shows.", ("step",)),
    "deliveries": ("Messages and reports delivered to local users.", ()),
    "directory_lookups": ("Names that the directory was asked for.", ()),
    "directory_unknown": ("Names that the directory has no entry for.", ()),
    "directory_failures": ("Questions to the directory without an answer of use.", ()),
    "directory_cache_hits": ("Names whose answer was still known.", ()),
    "quarantined": ("APDUs that could not be understood, put aside.", ()),
    "quarantine_refused": ("APDUs that could not be understood, and were refused for want of room to keep them.", ()),
    "entries_damaged": ("Entries that were damaged on disk, set aside instead of being passed on.", ()),
    "spool_rescues": ("Times that the database was damaged: what could be read was saved into a new one.", ()),
}
GAUGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "queue_entries": ("What waits, by next hop and priority.", ("queue", "priority")),
    "queue_oldest_seconds": ("How long the oldest entry of a queue has waited, by priority.", ("queue", "priority")),
    "associations": ("Associations with a peer, opened by it (in) or by us (out).", ("peer", "direction")),
    "quarantine_entries": ("APDUs in quarantine, for an operator to look at.", ()),
    "quarantine_octets": ("Octets of the APDUs in quarantine.", ()),
    "peer_failures_in_a_row": ("Times in a row that a peer could not be reached.", ("peer",)),
}
HISTOGRAMS: dict[str, str] = {
    "event_loop_lag_seconds": "How much later than meant the event loop came to a timer, looked at once a second.",
    "directory_lookup_seconds": "How long the directory took to answer, or not to.",
    "commit_seconds": "How long it took to make a group of batches durable (SQLite's commit, with its fsync).",
}


class MtaCollector(Collector):
    """Asks ``workers`` workers below the spool folder each time it is collected."""

    def __init__(self, spool: Path, workers: int) -> None:
        self._folders = [spool / f"worker-{number}" for number in range(workers)]

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("x400_worker_up", "Whether a worker process answers.", labels=["worker"])
        answers: dict[str, Measured] = {}
        for folder in self._folders:
            try:
                answers[folder.name] = ask(folder, Metrics(), Measured, patience=5.0)
            except ControlError:
                up.add_metric([folder.name], 0)
            else:
                up.add_metric([folder.name], 1)
        yield up
        for name, (text, labels) in COUNTERS.items():
            counter = CounterMetricFamily(f"x400_{name}", text, labels=["worker", *labels])
            for worker, answer in answers.items():
                _add(counter, worker, answer.counters[name])
            yield counter
        for name, (text, labels) in GAUGES.items():
            gauge = GaugeMetricFamily(f"x400_{name}", text, labels=["worker", *labels])
            for worker, answer in answers.items():
                _add(gauge, worker, answer.gauges[name])
            yield gauge
        for name, text in HISTOGRAMS.items():
            histogram = HistogramMetricFamily(f"x400_{name}", text, labels=["worker"])
            for worker, answer in answers.items():
                _add_histogram(histogram, worker, answer.histograms[name])
            yield histogram


def _add(family: CounterMetricFamily | GaugeMetricFamily, worker: str, samples: list[Sample]) -> None:
    for sample in samples:
        family.add_metric([worker, *sample.labels], sample.value)


def _add_histogram(family: HistogramMetricFamily, worker: str, histogram: Histogram) -> None:
    total = 0
    buckets = []
    for bound, count in zip((*map(str, histogram.bounds), "+Inf"), histogram.counts, strict=True):
        total += count
        buckets.append((bound, total))
    family.add_metric([worker], buckets, histogram.sum)


def serve(spool: Path, workers: int, address: str, port: int) -> int:
    """Serve the page at http://ADDRESS:PORT/metrics from a thread; the port that was got. Raises OSError."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(MtaCollector(spool, workers))
    server, _ = start_http_server(port, addr=address, registry=registry)
    return int(server.server_port)
