"""`x400 load`."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter, validators
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from x400.cli.arguments import Flag, HostPort, ORName, ORNames, credentials, host_port, or_address
from x400.cli.console import console, duration, fail, new_table, stderr

if TYPE_CHECKING:
    from x400.ipm.numbered import NumberedMessages
    from x400.mts.bind import Credentials
    from x400.net.association import TapMaker
    from x400.net.transfer import Caller, TransferFailed
    from x400.osi.rtse import Parameters

__all__ = ["load"]

_PERCENTILES = (50, 90, 99, 99.9, 100)
Positive = Annotated[int, Parameter(validator=validators.Number(gte=1))]


@dataclass
class Figures:
    """What a run came to. Latency is from the first octet of a transfer to its confirmation, in seconds."""

    run: str
    count: int
    size: int
    associations: int
    seconds: float
    messages_per_second: float
    cpu_microseconds_per_message: float
    latency: dict[str, float]
    failures: int


def load(
    *,
    to: HostPort,
    count: Positive = 1000,
    size: Positive = 4096,
    associations: Positive = 10,
    from_: Annotated[ORName, Parameter(name="--from")] = "/C=GB/A=EXAMPLE/P=LOAD/O=Load/S=Source/",
    recipient: ORNames | None = None,
    priority: Literal["normal", "non-urgent", "urgent"] = "normal",
    name: str = "x400-load",
    password: str | None = None,
    transport_selector: str = "",
    checkpoint_size: int = 63,
    rate: Annotated[float | None, Parameter(validator=validators.Number(gt=0))] = None,
    times: Path | None = None,
    json: Flag = False,
) -> int:
    """Transfer many messages over several associations at once; says how fast, how long each took, and at what cost.

    Each has a number in its MTS identifier, by which `x400 sink` knows those that are missing or came twice. An
    association that fails is opened again, and the message that was under way on it is transferred again.

    Parameters
    ----------
    to
        The MTA that takes the messages, HOST:PORT.
    count
        How many messages.
    size
        Octets of each content.
    associations
        How many associations at once.
    from_
        The originator.
    recipient
        A recipient; may be given several times. By default one of the domain P=NEXT, as in examples/relay.toml.
    priority
        Which queue the messages are in on their way.
    name
        The name of this MTA, which the peer may expect.
    password
        This MTA's password; without it, it calls unauthenticated.
    transport_selector
        The called transport selector.
    checkpoint_size
        Checkpoints after so many KB, 0 for none.
    rate
        Messages a second, evenly, instead of as many as the peer takes; a message's latency then begins when it was
        due, whether an association was free or not.
    times
        A file for a line each message: local identifier, and when it was handed in, in seconds of the machine's
        monotonic clock. `x400 sink --times` tells the same of its arrival.
    json
        One JSON object instead of a table.
    """
    import uvloop

    from x400.ipm.exceptions import IPMError
    from x400.ipm.numbered import NumberedMessages
    from x400.osi.rtse import Parameters

    recipients = tuple(or_address(one) for one in recipient or ["/C=GB/A=EXAMPLE/P=NEXT/O=Load/S=Sink/"])
    run = f"L{os.urandom(4).hex()}"
    try:
        messages = NumberedMessages(
            run, count, size, or_address(from_), recipients, datetime.now(UTC), priority=priority, mta_name=name
        )
    except IPMError as error:
        fail(error)
    source = Source(
        host_port(to),
        messages,
        credentials(name, password),
        Parameters(called_transport_selector=transport_selector.encode("latin-1"), checkpoint_size=checkpoint_size),
        rate=rate,
    )
    figures = uvloop.run(_with_progress(source, min(associations, count), hidden=json))
    if times is not None:
        lines = [f"{messages.local_identifier(number)} {at:.6f}\n" for number, at in source.handed_in.items()]
        times.write_text("".join(lines))
    if json:
        import msgspec

        print(msgspec.json.encode(asdict(figures) | {"size": size}).decode())
    else:
        console.print(_table(figures, size))
    if source.gave_up is not None:
        fail(f"{len(source.latencies)} of {count} messages transferred: {source.gave_up}")
    return 0


class Source:
    """Transfers all of a run's messages, each until it is confirmed; `rate` is how many a second, None: at once."""

    PATIENCE = 30.0
    """Seconds without any confirmation after which it gives up when associations fail."""

    def __init__(
        self,
        to: tuple[str, int],
        messages: NumberedMessages,
        presented: Credentials | None,
        parameters: Parameters,
        taps: TapMaker | None = None,
        rate: float | None = None,
    ) -> None:
        self._to = to
        self._rate = rate
        self._began = 0.0
        self._messages = messages
        self._presented = presented
        self._parameters = parameters
        self._taps = taps
        self._next = 0
        self._again: list[int] = []
        self._last_success = time.monotonic()
        self.latencies: list[float] = []
        self.handed_in: dict[int, float] = {}
        """When each message was transferred first, or was due; the clock is `time.perf_counter`."""
        self.failures = 0
        self.gave_up: TransferFailed | None = None

    async def run(self, associations: int) -> Figures:
        """All of it, over so many associations at once."""
        cpu, began = _cpu(), time.perf_counter()
        self._last_success = time.monotonic()
        await asyncio.gather(*(self._associate() for _ in range(associations)))
        seconds, cpu = time.perf_counter() - began, _cpu() - cpu
        done = len(self.latencies)
        return Figures(
            self._messages.run,
            done,
            len(self._messages.apdu(0)),
            associations,
            round(seconds, 6),
            round(done / seconds, 1),
            round(cpu / max(done, 1) * 1e6, 1),
            _percentiles(self.latencies),
            self.failures,
        )

    async def _associate(self) -> None:
        """One association after another until there is nothing left to transfer."""
        from x400.net.transfer import Caller, TransferFailed

        clock, later = time.perf_counter, asyncio.get_running_loop().call_later
        while (self._next < self._messages.total or self._again) and self.gave_up is None:
            number, began = -1, 0.0

            def ready(caller: Caller) -> None:
                nonlocal number, began
                now = clock()
                if number >= 0:
                    self.latencies.append(now - began)
                    self._last_success = time.monotonic()
                number, began = self._take(), now
                if number < 0:
                    caller.release()
                    return
                if self._rate is not None:
                    self._began = self._began or now
                    began = self._began + number / self._rate
                if began > now:
                    later(began - now, hand_in, caller, number)
                else:
                    hand_in(caller, number)

            def hand_in(caller: Caller, number: int) -> None:
                nonlocal began
                began = self.handed_in.setdefault(number, min(began, clock()))  # the loop's timers may be early
                caller.transfer(self._messages.apdu(number))

            failed: list[TransferFailed] = []

            def note(_: Caller, failure: TransferFailed, failed: list[TransferFailed] = failed) -> None:
                failed.append(failure)

            caller = Caller(self._presented, ready, note)
            try:
                await caller.connect(*self._to, self._parameters, taps=self._taps)
                await caller.ended
            except TransferFailed as failure:
                failed.append(failure)
            if failed:
                self.failures += 1
                if number >= 0:
                    self._again.append(number)
                if time.monotonic() - self._last_success > self.PATIENCE or not self.latencies:
                    self.gave_up = failed[0]
                await asyncio.sleep(0.2)

    def _take(self) -> int:
        """The number of the next message, -1 when there is none."""
        if self._again:
            return self._again.pop()
        if self._next < self._messages.total:
            self._next += 1
            return self._next - 1
        return -1


def _cpu() -> float:
    times = os.times()
    return times.user + times.system


def _percentiles(latencies: list[float]) -> dict[str, float]:
    ordered = sorted(latencies)
    if not ordered:
        return {}
    last = len(ordered) - 1
    return {f"{percent:g}": round(ordered[round(last * percent / 100)], 6) for percent in _PERCENTILES}


async def _with_progress(source: Source, associations: int, *, hidden: bool) -> Figures:
    columns = (TextColumn("transferring"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stderr, transient=True, disable=hidden or not stderr.is_terminal) as progress:
        task = progress.add_task("", total=source._messages.total)

        async def show() -> None:
            while True:
                progress.update(task, completed=len(source.latencies))
                await asyncio.sleep(0.2)

        showing = asyncio.ensure_future(show())
        try:
            return await source.run(associations)
        finally:
            showing.cancel()


def _table(figures: Figures, size: int) -> Table:
    table = new_table(title=f"run {figures.run}")
    table.add_row("messages", f"{figures.count} of {size} octets over {figures.associations} associations")
    table.add_row("time", duration(figures.seconds))
    table.add_row("rate", f"{figures.messages_per_second} msg/s")
    table.add_row("CPU per message, of this process", f"{figures.cpu_microseconds_per_message} us")
    for percent, seconds in figures.latency.items():
        name = "longest" if percent == "100" else f"{percent} % within"
        table.add_row(f"latency, {name}", duration(seconds))
    if figures.failures:
        table.add_row("associations that failed", str(figures.failures))
    return table
