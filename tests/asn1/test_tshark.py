"""Values made from the ASN.1, as an independent dissector reads their encodings: not malformed, the same choices."""

from __future__ import annotations

from collections import Counter
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from tests.asn1.strategies import values
from tests.osi.pairs import Pair
from tests.osi.test_tshark import dissect, tap
from x400 import asn1
from x400.net.capture import Capture

pytestmark = pytest.mark.tshark


def some(module: str, name: str, count: int) -> list[tuple[Any, bytes]]:
    """Values of a type and their encodings; the same ones in each run, as a dissector has faults of its own."""
    kind = asn1.compiled_type(module, name)
    made: list[tuple[Any, bytes]] = []

    @settings(max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(values(kind.describe()))
    def make(value: Any) -> None:
        made.append((value, kind.encode(value, resolve_open_types=True)))

    make()
    return made


def transferred(path: Path, apdus: list[bytes]) -> None:
    """Record one association in which the APDUs are transferred."""
    capture = Capture(path)
    pair = Pair(dialogue_mode="monologue")
    tap(pair, capture, 40001)
    pair.open()
    for apdu in apdus:
        pair.transfer(apdu)
    pair.initiator.connection.rt_close_request()
    pair.run()
    capture.close()


def test_what_mtas_transfer(tmp_path: Path) -> None:
    """Messages have contents in them that are made in the same way, as random octets would be no content."""
    contents = some("IPMSInformationObjects", "InformationObject", 40)
    envelopes = some("MTSTransferProtocol", "MTS-APDU", 40)
    messages = [
        value["envelope"] | {"content-type": ("built-in", 22)} for (name, value), _ in envelopes if name == "message"
    ]
    apdus = [octets for (name, _), octets in envelopes if name != "message"]
    for envelope, (_, octets) in zip(cycle(messages), contents, strict=False):
        message = "message", {"envelope": envelope, "content": octets}
        apdus.append(asn1.mts_apdu().encode(message, resolve_open_types=True))
    path = tmp_path / "p1.pcapng"
    transferred(path, apdus)

    transfers = Counter(name for (name, _), _ in envelopes)
    assert len(transfers) == 3
    transfers["message"] = len(contents)
    assert {name: met(path, f"p1.{name}_element") for name in transfers} == transfers
    kinds = Counter(name for (name, _), _ in contents)
    assert len(kinds) == 2
    assert {name: met(path, f"p22.{name}_element") for name in kinds} == kinds
    assert dissect(path, "-Y", "_ws.malformed") == []


def met(path: Path, field: str) -> int:
    """How many frames have the field: there is an APDU to a frame."""
    return len(dissect(path, "-Y", field))
