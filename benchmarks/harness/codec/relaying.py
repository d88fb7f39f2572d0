"""What a relay does instead of a decode: reading some parts of a P1 transfer of three recipients, and changing some."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.harness.codec.references import Asn1tools, Fastber, NotAvailable, spend
from benchmarks.harness.codec.rounds import Contender, Effort, compete
from benchmarks.harness.codec.rows import Row
from benchmarks.harness.codec.workloads import TRACE, Workload

ENVELOPE = "message.envelope"
RECIPIENTS = f"{ENVELOPE}.per-recipient-fields"
RESPONSIBILITY = 0x80
"""The first bit of PerRecipientIndicators; before it stands the octet that counts the unused bits."""
NOT_RESPONSIBLE = (b"\x1c", 8)


def reading(workload: Workload) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """By a reader, and step by step: identifier, priority, content type, each address, the responsibilities."""
    octets, p1 = workload.octets, workload.type
    reader = p1.reader(
        f"{ENVELOPE}.message-identifier",
        f"{ENVELOPE}.priority:contents",
        f"{ENVELOPE}.content-type",
        f"{RECIPIENTS}[*].recipient-name",
        f"{RECIPIENTS}[*].per-recipient-indicators:contents",
    )

    def by_reader() -> Any:
        identifier, priority, content_type, addresses, indicators = reader.read(octets)
        responsible = 0
        for each in indicators:
            if each[1] & RESPONSIBILITY:
                responsible += 1
        return identifier, priority, content_type, addresses, responsible

    def by_steps() -> Any:
        envelope = p1.view(octets)["message"]["envelope"]
        addresses, responsible = [], 0
        for recipient in envelope["per-recipient-fields"]:
            addresses.append(recipient["recipient-name"].raw)
            if recipient["per-recipient-indicators"].contents[1] & RESPONSIBILITY:
                responsible += 1
        identifier, content_type = envelope["message-identifier"].raw, envelope["content-type"].raw
        return identifier, envelope["priority"].contents, content_type, addresses, responsible

    if by_reader() != by_steps():
        raise AssertionError("a reader reads other octets than the steps")
    return by_reader, by_steps


def changing(workload: Workload) -> tuple[Callable[[], Any], Callable[[], Any], Callable[[], Any]]:
    """A trace element more and the first recipient's responsibility gone: by a splicer, by a view, by decoding all."""
    octets, p1 = workload.octets, workload.type
    changes = {f"{ENVELOPE}.trace-information[+]": TRACE, f"{RECIPIENTS}[0].per-recipient-indicators": NOT_RESPONSIBLE}
    splicer = p1.splicer(*changes)

    def by_splicer() -> list[bytes | memoryview]:
        return splicer.splice(octets, TRACE, NOT_RESPONSIBLE)

    def by_view() -> list[bytes | memoryview]:
        return p1.view(octets).splice(changes)

    def by_decoding() -> bytes:
        value = p1.decode(octets)
        value[1]["envelope"]["trace-information"].append(TRACE)
        value[1]["envelope"]["per-recipient-fields"][0]["per-recipient-indicators"] = NOT_RESPONSIBLE
        return p1.encode(value)

    spliced = b"".join(by_splicer())
    if spliced != b"".join(by_view()) or p1.decode(spliced) != p1.decode(by_decoding()):
        raise AssertionError("the ways to change an envelope do not agree")
    return by_splicer, by_view, by_decoding


def relaying(workload: Workload, effort: Effort, say: Callable[[str], None]) -> list[Row]:
    rows = []

    def row(figure: str, reference: str, ours: Callable[[], Any], theirs: Contender, goal: float | None) -> None:
        own, other = compete([Contender("fastber", partial(spend, ours)), theirs], effort)
        rows.append(
            Row(figure, reference, "us", own.cpu * 1e6, other.cpu * 1e6, other.ratio, goal, wall=own.wall * 1e6)
        )

    by_reader, by_steps = reading(workload)
    try:
        decode = Contender("decode", Asn1tools().prepare(workload).decode)
    except NotAvailable as why:
        say(f"left out: asn1tools for reading: {why}; fastber's own decode stands in")
        decode = Contender("decode", Fastber().prepare(workload).decode)
        row("read by a reader", "fastber's decode", by_reader, decode, None)
        row("read by the steps of a view", "fastber's decode", by_steps, decode, None)
    else:
        row("read by a reader", "asn1tools' decode", by_reader, decode, 150.0)
        row("read by the steps of a view", "asn1tools' decode", by_steps, decode, None)

    by_splicer, by_view, by_decoding = changing(workload)
    whole = Contender("decode and encode", partial(spend, by_decoding))
    row("splice by a splicer", "own decode and encode", by_splicer, whole, 5.0)
    row("splice by a view", "own decode and encode", by_view, whole, None)
    return rows
