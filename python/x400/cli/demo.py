"""`x400 demo`."""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from x400.cli.console import console, duration, fail, new_table, octets
from x400.cli.demo_arrivals import Arrival, Arrivals
from x400.cli.demo_messages import KINDS
from x400.cli.demo_network import NAMES, Network, domain
from x400.cli.demo_shipments import Shipment, shipments

if TYPE_CHECKING:
    from x400.spool.queries import TraceLine

__all__ = ["demo"]

_ARRIVE_WITHIN = 45.0
"""Seconds without any arrival after which what is missing is given up."""


@dataclass
class Times:
    """When what was done, in seconds: of the clock that does not jump, but for `sent`, which is since 1970."""

    began: float = field(default_factory=time.perf_counter)
    ready: float = 0.0
    handed_in: float = 0.0
    arrived: float = 0.0
    stopped: float = 0.0
    sent: dict[str, float] = field(default_factory=dict)


def demo(
    *,
    count: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 1,
    capture: Path | None = None,
    keep: Path | None = None,
) -> int:
    """Watch messages travel: three MTAs in three domains on this machine, and ten kinds of messages through them.

    A flight plan on which a delivery report comes back, an EDIFACT invoice, a text with two recipients in different
    domains, a file of 5 MB, a message to nobody, of which a non-delivery report comes back, one to a distribution list
    that has another as a member, two that are redirected, for the recipient and for the originator, one that is kept
    until its time comes, and a probe. Exits 0 only if all arrives as it was sent, where and as it was to arrive.

    Parameters
    ----------
    count
        Send all of it so many times.
    capture
        A pcapng file for Wireshark: all associations of the MTA in the middle. An existing file is replaced.
    keep
        A folder for the MTAs' configurations, spools, logs and delivered messages, which stays.
    """
    with ExitStack() as stack:
        if keep is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="x400-demo-")))
        else:
            folder = keep
            if folder.exists() and any(folder.iterdir()):
                fail(f"{folder}: an empty or a new folder is expected", 2)
        if capture is not None:
            capture.unlink(missing_ok=True)
        network = Network(folder, capture)
        stack.callback(network.kill)
        faults = _run(network, count)
        if capture is not None:
            console.print(f"capture: {capture}, {octets(capture.stat().st_size)}; wireshark {capture} shows it")
        if keep is not None:
            console.print(f"kept in {keep}: NAME/mta.toml, NAME/log, NAME/spool, NAME/delivered")
        if faults:
            for name in NAMES:
                console.print(f"log of {name}", style="bold")
                console.print(network[name].last_of_log(), soft_wrap=True)
            fail("not as expected:\n  " + "\n  ".join(faults))
    console.print("all as expected", style="green")
    return 0


def _run(network: Network, count: int) -> list[str]:
    """The whole demo; what was not as expected."""
    from x400.net.transfer import TransferFailed

    times = Times()
    with console.status("starting three MTAs"):
        network.start()
    times.ready = time.perf_counter()
    arrivals = Arrivals(network)
    faults: list[str] = []
    try:
        asyncio.run(_send_and_watch(network, arrivals, times, count))
    except TransferFailed as failure:
        faults.append(f"handing in: {failure}")
    times.arrived = time.perf_counter()
    with console.status("stopping"):
        codes = network.stop()
    times.stopped = time.perf_counter()
    faults += arrivals.faults
    faults += [f"MTA {name} ended with {code}" for name, code in codes.items() if code != 0]
    faults += _left_over(network)
    first = list(arrivals.shipments.values())[: len(KINDS)]
    console.print(_arrival_table(arrivals, first, times))
    console.print(_trace_table(network, arrivals, first, times))
    console.print(_times_table(arrivals, times))
    return faults


async def _send_and_watch(network: Network, arrivals: Arrivals, times: Times, count: int) -> None:
    from x400.mts.identifiers import GlobalDomainIdentifier, MTSIdentifiers

    identifiers: dict[str, MTSIdentifiers] = {
        name: MTSIdentifiers(GlobalDomainIdentifier.parse(domain(name)), "demo") for name in NAMES
    }
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bars = {kind.title: progress.add_task(kind.title, total=count * len(kind.comes)) for kind in KINDS}
        watching = asyncio.ensure_future(_watch(arrivals, progress, bars))
        try:
            for number in range(count):
                made = list(shipments(identifiers, datetime.now(UTC), number))
                arrivals.add(made)
                await _hand_in(network, made, times)
            times.handed_in = time.perf_counter()
            last, outstanding = time.monotonic(), arrivals.outstanding
            while outstanding and time.monotonic() - last < _ARRIVE_WITHIN and not watching.done():
                await asyncio.sleep(0.02)
                if arrivals.outstanding != outstanding:
                    last, outstanding = time.monotonic(), arrivals.outstanding
        finally:
            watching.cancel()
    if watching.done() and not watching.cancelled():
        watching.result()


async def _watch(arrivals: Arrivals, progress: Progress, bars: dict[str, TaskID]) -> None:
    while True:
        for arrival in arrivals.look():
            progress.advance(bars[arrival.shipment.kind.title])
        await asyncio.sleep(0.02)


async def _hand_in(network: Network, made: list[Shipment], times: Times) -> None:
    """Each message at the MTA of its originator, as that MTA's users would: one association for each MTA.

    What is deferred goes first: on a busy machine its time would have come before its turn has.
    """
    from x400.net.transfer import transfer_all

    async def at(name: str, some: list[Shipment]) -> None:
        def confirmed(place: int) -> None:
            if place + 1 < len(some):
                times.sent[some[place + 1].identifier] = time.time()

        times.sent[some[0].identifier] = time.time()
        await transfer_all("127.0.0.1", network[name].port, [one.apdu for one in some], confirmed=confirmed)

    made = sorted(made, key=lambda shipment: not shipment.not_before)
    names = sorted({shipment.kind.mta for shipment in made})
    await asyncio.gather(*(at(name, [one for one in made if one.kind.mta == name]) for name in names))


def _left_over(network: Network) -> list[str]:
    """What still waits in a queue."""
    from x400.spool import queries

    return [
        f"{name}: {line.total} still wait for {line.queue}"
        for name in NAMES
        for line in queries.queues(network[name].folder / "spool")
    ]


def _arrival_table(arrivals: Arrivals, first: list[Shipment], times: Times) -> Table:
    title = f"What was sent, and what came of it; addresses begin with {_SHARED}"
    table = new_table("what", "handed in at", "to", "arrived at", "for", "as", "size", "after", title=title)
    for shipment in first:
        kind = shipment.kind
        sent = (kind.title, kind.mta, "\n".join(to.address.removeprefix(_SHARED) for to in kind.to))
        for place, comes in enumerate(kind.comes):
            arrival = arrivals.arrived.get((shipment.identifier, place))
            table.add_row(
                *(sent if place == 0 else ("", "", "")),
                comes.mta,
                comes.user.removeprefix(_SHARED),
                *_arrival_cells(arrival, times.sent.get(shipment.identifier)),
            )
        table.add_section()
    return table


_SHARED = "/C=GB/A=DEMO"


def _arrival_cells(arrival: Arrival | None, sent: float | None) -> tuple[Text | str, str, str]:
    if arrival is None:
        return Text("nothing", "red"), "", ""
    summary = Text(arrival.fault, "red") if arrival.fault else Text(arrival.summary.replace(_SHARED, ""), "green")
    size = octets(arrival.octets) if arrival.octets else ""
    return summary, size, "" if sent is None else duration(max(0.0, arrival.at - sent))


def _trace_table(network: Network, arrivals: Arrivals, first: list[Shipment], times: Times) -> Table:
    """Step by step, what each MTA has done with each message of the first round, and with the reports on it."""
    from x400.spool import queries

    table = new_table("what", "after", "MTA", "step", "more", title="Their ways")
    for shipment in first:
        reports = [arrival.identifier for arrival in arrivals.of(shipment) if arrival.expected.outcomes]
        lines = [
            (line.at, name, line)
            for name in NAMES
            for identifier in (shipment.identifier, *reports)
            for line in queries.trace(network[name].folder / "spool", identifier)
        ]
        began = times.sent.get(shipment.identifier, 0.0)
        title = shipment.kind.title
        for at, name, line in sorted(lines, key=lambda one: one[0]):
            if line.action not in _DECISIONS:
                table.add_row(title, duration(max(0.0, at - began)), name, line.action, _more(line))
                title = ""
        table.add_section()
    return table


_DECISIONS = frozenset({"transfer", "delivery", "report", "report-transfer", "report-delivery"})
"""Steps that say what is to be done, not what has been."""


def _more(line: TraceLine) -> str:
    if line.action == "arrived":
        return f"from {line.peer}: {line.detail}"
    if line.action == "transferred":
        return f"to {line.peer}"
    if line.action == "delivered":
        return line.detail.rpartition(" to ")[0]
    return line.detail


def _times_table(arrivals: Arrivals, times: Times) -> Table:
    table = new_table(title="Times")
    messages = len(arrivals.shipments)
    travelled = times.arrived - times.ready
    table.add_row("starting three MTAs", duration(times.ready - times.began))
    table.add_row(f"handing in {messages} messages", duration(max(0.0, times.handed_in - times.ready)))
    table.add_row(f"until all of {len(arrivals.arrived)} deliveries were there", duration(travelled))
    table.add_row("stopping in order", duration(times.stopped - times.arrived))
    table.add_row("all", duration(times.stopped - times.began))
    return table
