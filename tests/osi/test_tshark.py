"""What we say, as an independent dissector reads it: every PDU of every layer, and nothing to complain about."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.osi.pairs import BIND_ERROR, Pair, Side
from tests.osi.rtse.test_x410 import x410
from x400.net.capture import Capture, Tap
from x400.osi import rtse

pytestmark = pytest.mark.tshark

COMPLAINT = "_ws.malformed || _ws.expert.severity == 8388608"
MESSAGE = Path(__file__).parents[1] / "data" / "p1-1988-message.hex"


def dissect(path: Path, *arguments: str) -> list[str]:
    command = ["tshark", "-r", str(path), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def tap(pair: Pair, capture: Capture, port: int) -> Tap:
    """Record what passes between the two, as the initiator sees it."""
    recorded = capture.connection(("127.0.0.1", port), ("127.0.0.1", 102), True)
    for side, record in ((pair.initiator, recorded.received), (pair.responder, recorded.sent)):
        inner = side.connection.receive_data

        def receive(data: bytes, now: float, inner=inner, record=record) -> list[rtse.RTEvent]:  # type: ignore[no-untyped-def]
            record(data)
            events: list[rtse.RTEvent] = inner(data, now)
            return events

        side.connection.receive_data = receive  # type: ignore[method-assign,assignment]
    return recorded


def refuse(side: Side, event: rtse.RTEvent) -> None:
    if isinstance(event, rtse.RTOpenIndication):
        side.connection.rt_open_response(False, BIND_ERROR)


def test_every_pdu_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "osi.pcapng"
    capture = Capture(path)
    apdu = bytes.fromhex(MESSAGE.read_text())

    pair = Pair(dialogue_mode="two-way-alternate", checkpoint_size=1, calling_presentation_selector=b"P1")
    tap(pair, capture, 40001)
    pair.open()
    pair.transfer(apdu)
    pair.responder.connection.rt_turn_please_request(3)
    pair.run()
    pair.initiator.connection.rt_turn_give_request()
    pair.run()
    pair.transfer(apdu, pair.responder)
    pair.responder.connection.rt_turn_give_request()
    pair.run()
    pair.initiator.connection.rt_close_request()
    pair.run()

    pair = Pair()
    pair.responder.answer = refuse
    tap(pair, capture, 40002)
    pair.open()

    pair = Pair()
    tap(pair, capture, 40003)
    pair.open()
    pair.initiator.connection.rt_u_abort_request()
    pair.run()
    capture.close()

    assert len(dissect(path, "-Y", "p1.message_element")) == 2
    text = "\n".join(dissect(path, "-O", "ses,pres,acse,rtse"))
    for word in (
        "CONNECT (CN) SPDU",
        "ACCEPT (AC) SPDU",
        "ACTIVITY START (AS) SPDU",
        "FINISH (FN) SPDU",
        "REFUSE (RF) SPDU",
        "ABORT (AB) SPDU",
        "rtorq-apdu",
        "rtoac-apdu",
        "rtorj-apdu",
        "rttp-apdu: 3",
        "rtab-apdu",
        "aarq",
        "aare",
        "rlrq",
        "rlre",
        "abrt",
    ):
        assert word in text, word
    assert dissect(path, "-Y", COMPLAINT) == []


UNWRAPPED = "Internal error:can't get spdu type from session dissector"
"""What tshark 4.0 says of a DATA TRANSFER of X.410-1984 mode: it looks for a CPC PPDU there, but nothing is around an
RTTR in that mode (X.228 8.3).
"""


@pytest.mark.parametrize("protocol", [1, 12])
def test_every_pdu_of_x410_mode_is_understood(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "x410.pcapng"
    capture = Capture(path)
    apdu = bytes.fromhex(MESSAGE.read_text())
    pair = x410(dialogue_mode="two-way-alternate", checkpoint_size=1, protocol=protocol)
    tap(pair, capture, 40001)
    pair.open()
    pair.transfer(apdu)
    pair.responder.connection.rt_turn_please_request(3)
    pair.run()
    pair.initiator.connection.rt_turn_give_request()
    pair.run()
    pair.transfer(apdu, pair.responder)
    pair.responder.connection.rt_turn_give_request()
    pair.run()
    pair.initiator.connection.rt_close_request()
    pair.run()
    pair = x410(protocol=protocol)
    pair.responder.answer = refuse
    tap(pair, capture, 40002)
    pair.open()
    pair = x410(protocol=protocol)
    tap(pair, capture, 40003)
    pair.open()
    pair.initiator.connection.rt_u_abort_request()
    pair.run()
    capture.close()

    text = "\n".join(dissect(path, "-O", "ses,pres,rtse,x411"))
    name = {1: "mts-transfer-protocol-1984 (1)", 12: "mts-transfer-protocol (12)"}[protocol]
    for word in (
        f"applicationProtocol: {name}",
        "mode-value: x410-1984-mode (0)",
        "x410-mode-parameters",
        "MTABindArgument: authenticated (1)",
        "initiator-name: MTA-A",
        "MTABindResult: authenticated (1)",
        "responder-name: MTA-B",
        "refuseReason: validationFailure (2)",
        "abortReason: userError (6)",
        "ACTIVITY START (AS) SPDU",
        "FINISH (FN) SPDU",
    ):
        assert word in text, word
    fields = ("-T", "fields", "-e", "_ws.expert.severity", "-e", "_ws.expert.message")
    complaints = [line.split("\t") for line in dissect(path, "-Y", COMPLAINT, *fields)]
    assert {tuple(line) for line in complaints} == {("8388608", UNWRAPPED)}
