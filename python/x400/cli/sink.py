"""`x400 sink`."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from x400.cli.arguments import Flag, HostPort, host_port
from x400.cli.console import console, fail, new_table, say_error

__all__ = ["sink"]


def sink(
    *,
    listen: HostPort,
    count: int | None = None,
    keep: Path | None = None,
    times: Path | None = None,
    name: str = "x400-sink",
    password: str | None = None,
    json: Flag = False,
) -> int:
    """Take every message from whoever calls, confirm it and count it; at the end say what is missing or came twice.

    It ends on SIGTERM, SIGINT, or when COUNT different messages have come. The exit code is 1 if of the messages of
    `x400 load` any is missing or came twice.

    Parameters
    ----------
    listen
        HOST:PORT to listen on.
    count
        End when so many different messages have come.
    keep
        A folder in which each APDU is kept as a file, named after its MTS identifier.
    times
        A file for a line each message: local identifier, and when it came, in seconds of the machine's monotonic clock.
    name
        The name of this MTA, presented to who presents one.
    password
        This MTA's password, presented likewise.
    json
        At the end one JSON object instead of a table.
    """
    import uvloop

    return uvloop.run(_sink(Sink(count, keep, name, password, times), *host_port(listen), json=json))


class Sink:
    """Counts what comes in."""

    def __init__(
        self, expected: int | None, keep: Path | None, name: str, password: str | None, times: Path | None = None
    ) -> None:
        from x400.ipm.numbered import Count
        from x400.mts.bind import Credentials

        self.count = Count()
        self.reports = 0
        self.invalid = 0
        self.octets = 0
        self.began = 0.0
        self.ended = 0.0
        self.enough = asyncio.Event()
        self.answerers: set[Any] = set()
        self._expected = expected
        self._keep = keep
        self._times = times
        self._came: list[tuple[str, float]] = []
        self._credentials = None if password is None else Credentials(name, password)
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)

    def association(self) -> Any:
        """One more association, for the one who calls."""
        from x400.net.association import Association
        from x400.net.transfer import Answerer
        from x400.osi import rtse

        answerer = Answerer(self.take, self.answerers.discard, self._credentials)
        self.answerers.add(answerer)
        connection = rtse.Connection(False, rtse.Parameters(), asyncio.get_running_loop().time())
        return Association(connection, answerer, False)

    def take(self, apdu: bytes, peer: str | None) -> None:
        """Count one APDU."""
        import fastber
        from x400.mts.apdu import Apdu
        from x400.mts.exceptions import InvalidAPDU
        from x400.mts.stored import Stored

        self.ended = time.perf_counter()
        self.began = self.began or self.ended
        self.octets += len(apdu)
        try:
            seen = Apdu(Stored(apdu))
            identifier = seen.identifier
        except (InvalidAPDU, fastber.Error) as error:
            self.invalid += 1
            say_error(f"no MTS-APDU: {error}")
            return
        if seen.kind == "report":
            self.reports += 1
        else:
            local = identifier.rpartition(";")[2].removesuffix("]")
            self.count.add(local)
            if self._times is not None:
                self._came.append((local, self.ended))
        if self._keep is not None:
            readable = "".join(c if c.isalnum() or c in ".-" else "_" for c in identifier.strip("[]"))
            (self._keep / f"{readable}.{seen.kind}").write_bytes(apdu)
        if self._expected is not None and self.count.distinct >= self._expected:
            self.enough.set()

    def write_times(self) -> None:
        """The file of arrivals, if one is wanted."""
        if self._times is not None:
            self._times.write_text("".join([f"{local} {at:.6f}\n" for local, at in self._came]))


async def _sink(sink: Sink, host: str, port: int, *, json: bool) -> int:
    from x400.asn1 import specification
    from x400.net.endpoint import listen, open_listener

    specification()
    try:
        handle = open_listener(host, port)
        server = await listen(handle, sink.association)
    except OSError as error:
        fail(error.strerror)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, sink.enough.set)
    address, port = handle.getsockname()[:2]
    if not json:
        print(f"ready: sink listens on {f'[{address}]' if ':' in address else address}:{port}", flush=True)
    cpu = _cpu()
    await sink.enough.wait()
    cpu = _cpu() - cpu
    server.close()
    for _ in range(20):  # the last confirmations, and those who now release
        await asyncio.sleep(0.05)
        if not sink.answerers:
            break
    for answerer in tuple(sink.answerers):
        answerer.abort()
    sink.write_times()
    figures = _figures(sink, cpu)
    if json:
        import msgspec

        print(msgspec.json.encode(figures).decode())
    else:
        console.print(_table(figures))
    return 1 if figures["missing"] or figures["duplicates"] else 0


def _cpu() -> float:
    times = os.times()
    return times.user + times.system


def _figures(sink: Sink, cpu: float) -> dict[str, Any]:
    count = sink.count
    messages = count.distinct + count.duplicates
    seconds = sink.ended - sink.began
    return {
        "messages": messages,
        "distinct": count.distinct,
        "duplicates": count.duplicates,
        "missing": count.missing,
        "some_duplicates": count.some("repeated"),
        "some_missing": count.some("missing"),
        "reports": sink.reports,
        "invalid": sink.invalid,
        "octets": sink.octets,
        "seconds": round(seconds, 6),
        "messages_per_second": round((messages - 1) / seconds, 1) if seconds > 0 else 0.0,
        "cpu_microseconds_per_message": round(cpu / max(messages, 1) * 1e6, 1),
    }


def _table(figures: dict[str, Any]) -> Table:
    table = new_table(title="sink")
    table.add_row("messages", f"{figures['messages']}, {figures['distinct']} different")
    for what, name in (("missing", "missing"), ("duplicates", "came twice or more")):
        some = ", ".join(figures[f"some_{what}"])
        colour = "red" if figures[what] else "green"
        table.add_row(name, Text(f"{figures[what]} {some}".rstrip(), colour))
    for what in ("reports", "invalid"):
        if figures[what]:
            table.add_row(what, str(figures[what]))
    table.add_row("rate, from the first to the last", f"{figures['messages_per_second']} msg/s")
    table.add_row("CPU per message, of this process", f"{figures['cpu_microseconds_per_message']} us")
    return table
