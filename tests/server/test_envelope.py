"""An envelope longer than what is held in memory of a large message, of 10,000 recipients, passes, up to a limit;
then the transfer is refused for good, and the MTA that sent it reports it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.harness import (
    apdu,
    configuration,
    delivered,
    free_port,
    identifier,
    run,
    sink,
    transfer,
    until,
    working,
)
from x400.mts.apdu import Apdu
from x400.mts.stored import Stored
from x400.net.transfer import TransferFailed
from x400.osi.rtse import ExceptionReason
from x400.spool import queries

MANY = 10_000
LOCAL = "/C=GB/A=TEST/P=A/S=Alice/"


def test_ten_thousand_recipients_and_a_local_one(tmp_path: Path) -> None:
    async def body() -> None:
        a, b = free_port(), free_port()
        path = configuration(tmp_path, "A", a, to={"B": b})
        came: list[bytes] = []
        content = bytes(range(256)) * 4000
        octets = apdu(
            1, *[f"/C=GB/A=TEST/P=B/O=Somewhere/S=N{number}/" for number in range(MANY)], LOCAL, content=content
        )
        assert Apdu(Stored(octets)).body["content"].offset > 500_000
        async with working(path), sink(b, "B", lambda octets, peer: came.append(octets)):
            await transfer(a, [octets])
            (passed_on,) = await until(lambda: came, 30)
            relayed = Apdu(Stored(passed_on))
            assert sum(1 for _ in relayed.recipients) == MANY + 1
            assert bytes(relayed.contents().buffers[0]) == content
            await until(lambda: delivered(tmp_path, "A"), 30)
            ((found, about),) = delivered(tmp_path, "A").values()
            assert (found, about["recipient"]) == (content, LOCAL)
            contents = tmp_path / "A" / "spool" / "worker-0" / "contents"
            await until(lambda: not list(contents.iterdir()))

    run(body())


def test_past_the_limit_it_is_refused_for_good_and_its_sender_reports_it(tmp_path: Path) -> None:
    async def body() -> None:
        a, b = free_port(), free_port()
        retry = "[retry]\nfirst = 0.1\nlongest = 0.2\nrefusals = 2"
        path_a = configuration(tmp_path, "A", a, to={"B": b}, more=retry)
        limits = "[limits]\nlarge-content-octets = 4096\nenvelope-octets = 8192"
        path_b = configuration(tmp_path, "B", b, to={"A": a}, more=limits)
        to = [f"/C=GB/A=TEST/P=B/S=N{number}/" for number in range(300)]
        async with working(path_a), working(path_b):
            with pytest.raises(TransferFailed) as refused:
                await transfer(b, [apdu(1, *to)])
            assert f"{ExceptionReason.UNRECOVERABLE_PROCEDURAL_ERROR}" in str(refused.value)
            assert queries.quarantined(tmp_path / "B" / "spool") == [], "it is understood"
            await transfer(a, [apdu(2, *to, originator=LOCAL), apdu(3, *to[:100], originator=LOCAL)])
            ((_, report),) = (await until(lambda: delivered(tmp_path, "A"))).values()
            assert report["envelope"]["subject-submission-identifier"]["local-identifier"] == "test.2"
            assert len(report["envelope"]["per-recipient-fields"]) == 300
            await until(lambda: len(delivered(tmp_path, "B")) == 100)
            assert {about["identifier"] for _, about in delivered(tmp_path, "B").values()} == {identifier(3)}

    run(body())
