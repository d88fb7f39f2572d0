"""Two MTAs that speak as of 1984: addresses of 1988 go there and come back as what they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.harness import apdu, configuration, delivered, free_port, run, sink, transfer, until, working
from x400.asn1 import specification
from x400.server import config
from x400.spool import queries

LIST = "/C=GB/A=TEST/P=B/CN=List/"


@pytest.mark.parametrize("size", [10, 500_000])
def test_a_common_name_there(tmp_path: Path, size: int) -> None:
    async def body() -> None:
        a, b = free_port(), free_port()
        more = 'protocol = "mts-transfer-protocol-1984"'
        there = configuration(tmp_path, "A", a, to={"B": b}, peer_more=more)
        here = configuration(tmp_path, "B", b, to={"A": a}, peer_more=more)
        async with working(there), working(here):
            await transfer(a, [apdu(1, LIST, content=b"x" * size)])
            ((content, about),) = (await until(lambda: delivered(tmp_path, "B"))).values()
            await until(lambda: not queries.queues(tmp_path / "A" / "spool"))
        assert (len(content), about["recipient"]) == (size, LIST)

    run(body())


def test_what_cannot_be_downgraded_is_reported(tmp_path: Path) -> None:
    """To a peer that calls us, so that it would wait; and a postal address, for which there is no gateway."""

    async def body() -> None:
        a, back = free_port(), free_port()
        path = configuration(tmp_path, "A", a, to={"SOURCE": back})
        path.write_text(
            path.read_text()
            + '[[peer]]\nname = "B"\nprotocol = "mts-transfer-protocol-1984"\n'
            + '[[route]]\nto = "/C=GB/A=TEST/P=B/"\npeer = "B"\n'
        )
        came: list[bytes] = []
        async with working(path), sink(back, "SOURCE", lambda octets, peer: came.append(octets)):
            await transfer(a, [apdu(1, "/C=GB/A=TEST/P=B/PD-ED=Somewhere/")])
            (octets,) = await until(lambda: came)
        kind, report = specification().modules["MTSTransferProtocol"]["MTS-APDU"].decode(octets)
        assert kind == "report"
        (fields,) = report["content"]["per-recipient-fields"]
        assert fields["last-trace-information"]["report-type"][1]["non-delivery-diagnostic-code"] == 47

    run(body())


def test_the_gateway_is_an_address(tmp_path: Path) -> None:
    path = configuration(tmp_path, "A", 102)
    path.write_text(path.read_text().replace('spool = "spool"', 'spool = "spool"\ngateway-1984 = "nothing"'))
    with pytest.raises(config.ConfigError) as error:
        config.load(path)
    assert error.value.key == "mta.gateway-1984"
