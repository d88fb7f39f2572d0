"""Values made from the ASN.1, as an independent dissector reads their encodings: not malformed, the same choices."""

from __future__ import annotations

from collections import Counter
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

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

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
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
    """Messages have contents in them that are made in the same way, as random octets would be no content.

    Not those with an EXTERNAL that is described: tshark 4.0 takes an ObjectDescriptor for a malformed OCTET STRING,
    where X.690 8.18.1 has it as [UNIVERSAL 7].
    """
    made = some("IPMSInformationObjects", "InformationObject", 40)
    contents = [(value, octets) for value, octets in made if "data-value-descriptor" not in repr(value)]
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


def test_association_control(tmp_path: Path) -> None:
    """Each APDU alone in a connect PPDU, in a CONNECT SPDU: which one it is.

    Of what is in it tshark 4.0 knows less than X.227 has, and takes an ObjectDescriptor for a malformed OCTET STRING.
    """
    made = some("ACSE-1", "ACSE-apdu", 40)
    path = tmp_path / "acse.pcapng"
    capture = Capture(path)
    for index, (_, octets) in enumerate(made):
        connection = capture.connection(("127.0.0.1", 40001 + index), ("127.0.0.1", 102), True)
        connection.sent(connecting(octets))
    capture.close()

    chosen = Counter(name for (name, _), _ in made)
    assert len(chosen) > 4
    assert {name: met(path, f"acse.{name}_element") for name in chosen} == chosen


ACSE = "2.2.1.0.1"


def connecting(apdu: bytes) -> bytes:
    """A TPKT with the APDU in the user data of a presentation connection that has a context for it."""
    context = {
        "presentation-context-identifier": 1,
        "abstract-syntax-name": ACSE,
        "transfer-syntax-name-list": ["2.1.1"],
    }
    value = {"presentation-context-identifier": 1, "presentation-data-values": ("single-ASN1-type", apdu)}
    parameters = {
        "presentation-context-definition-list": [context],
        "user-data": ("fully-encoded-data", [value]),
    }
    ppdu = {"mode-selector": {"mode-value": 1}, "normal-mode-parameters": parameters}
    data = asn1.compiled_type("ISO8823-PRESENTATION", "CP-type").encode(ppdu)
    spdu = parameter(13, parameter(193, data))
    return b"\3\0" + (len(spdu) + 7).to_bytes(2, "big") + b"\2\xf0\x80" + spdu


def parameter(identifier: int, contents: bytes) -> bytes:
    """An SPDU, or a parameter of one: identifier, length indicator (X.225 8.2.5), contents."""
    length = bytes((len(contents),)) if len(contents) < 255 else b"\xff" + len(contents).to_bytes(2, "big")
    return bytes((identifier,)) + length + contents


def met(path: Path, field: str) -> int:
    """How many frames have the field: there is an APDU to a frame."""
    return len(dissect(path, "-Y", field))
