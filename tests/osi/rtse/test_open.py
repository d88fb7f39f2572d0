"""RT-OPEN (X.228 7.1): bind argument and result, negotiation, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.osi.pairs import ARGUMENT, BIND_ERROR, RESULT, Pair, Side
from x400.osi import rtse
from x400.osi.acse.exceptions import AssociateResult, UserDiagnostic


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_accepted(seed: int | None) -> None:
    pair = Pair(seed).open()
    indication = pair.responder.one(rtse.RTOpenIndication)
    assert indication.user_data == ARGUMENT
    assert indication.application_context == "2.6.0.1.6"
    assert pair.initiator.events == [rtse.RTOpenConfirm(True, RESULT), rtse.RTReady()]
    assert pair.initiator.connection.may_transfer
    assert not pair.responder.connection.may_transfer


def test_selectors_are_told() -> None:
    pair = Pair(
        calling_presentation_selector=b"P1",
        called_presentation_selector=b"P2",
        calling_session_selector=b"S1",
        called_session_selector=b"S2",
        calling_transport_selector=b"591",
        called_transport_selector=b"x400in88",
    ).open()
    indication = pair.responder.one(rtse.RTOpenIndication)
    assert indication.calling_presentation_selector == b"P1"
    assert indication.called_presentation_selector == b"P2"
    assert indication.calling_session_selector == b"S1"
    assert indication.called_session_selector == b"S2"
    assert indication.calling_transport_selector == b"591"
    assert indication.called_transport_selector == b"x400in88"


@pytest.mark.parametrize(
    ("ours", "theirs", "agreed"),
    [
        ((63, 3), (63, 3), (63, 3)),
        ((63, 3), (1, 5), (1, 3)),
        ((1, 5), (63, 2), (1, 2)),
        ((0, 3), (63, 3), (0, 3)),
        ((63, 3), (0, 3), (0, 3)),
    ],
)
def test_checkpoint_and_window(ours: tuple[int, int], theirs: tuple[int, int], agreed: tuple[int, int]) -> None:
    responder = {"checkpoint_size": theirs[0], "window_size": theirs[1]}
    pair = Pair(responder=responder, checkpoint_size=ours[0], window_size=ours[1]).open()
    for side in (pair.initiator, pair.responder):
        assert (side.connection.checkpoint_size, side.connection.window_size) == agreed


@pytest.mark.parametrize(
    ("error", "result", "layer"),
    [
        (BIND_ERROR, AssociateResult.REJECTED_PERMANENT, "rtse"),
        (b"\x02\x01\x00", AssociateResult.REJECTED_TRANSIENT, "rtse"),
        (None, AssociateResult.REJECTED_TRANSIENT, "acse-service-user"),
    ],
)
def test_refused_by_the_user(error: bytes | None, result: AssociateResult, layer: str) -> None:
    def refuse(side: Side, event: rtse.RTEvent) -> None:
        if isinstance(event, rtse.RTOpenIndication):
            side.connection.rt_open_response(False, error, result)

    pair = Pair()
    pair.responder.answer = refuse
    pair.open()
    confirm = pair.initiator.one(rtse.RTOpenConfirm)
    assert (confirm.accepted, confirm.user_data, confirm.layer) == (False, error, layer)
    assert confirm.transient is (result is AssociateResult.REJECTED_TRANSIENT)
    assert pair.initiator.connection.closed
    assert not pair.responder.of(rtse.RTAbort)


@pytest.mark.parametrize(
    ("responder", "layer", "reason"),
    [
        (
            {"application_context": "2.6.0.1.5"},
            "acse-service-user",
            UserDiagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED,
        ),
        ({"rtse_abstract_syntax": "2.6.0.2.99"}, "acse-service-user", UserDiagnostic.NO_REASON_GIVEN),
        ({"user_abstract_syntax": "2.6.0.2.99"}, "acse-service-user", UserDiagnostic.NO_REASON_GIVEN),
        ({"called_presentation_selector": b"none"}, "presentation", 3),
        ({"maximum_head_size": 50}, "presentation", 2),
    ],
)
def test_refused_by_a_layer(responder: dict[str, Any], layer: str, reason: int) -> None:
    pair = Pair(responder=responder).open()
    confirm = pair.initiator.one(rtse.RTOpenConfirm)
    assert (confirm.accepted, confirm.layer, confirm.reason) == (False, layer, reason)
    assert pair.responder.one(rtse.RTAbort).local
    assert not pair.responder.of(rtse.RTOpenIndication)


def test_closed_by_the_network() -> None:
    side = Side(True, 0.0)
    side.connection.rt_open_request(ARGUMENT)
    side.take(side.connection.receive_eof(1.0))
    assert not side.of(rtse.RTReady)
    assert side.connection.closed
    (event,) = side.events
    assert isinstance(event, rtse.RTAbort | rtse.RTOpenConfirm)


@pytest.mark.parametrize(
    "request_",
    [
        lambda c: c.rt_open_request(ARGUMENT),
        lambda c: c.rt_open_response(True, RESULT),
        lambda c: c.rt_open_response(False),
        lambda c: c.rt_transfer_response(),
        lambda c: c.rt_turn_please_request(),
        lambda c: c.rt_turn_give_request(),
        lambda c: c.rt_close_response(),
    ],
)
def test_local_misuse_raises_and_changes_nothing(request_: Any) -> None:
    pair = Pair().open()
    with pytest.raises(rtse.LocalProtocolError):
        request_(pair.initiator.connection)
    pair.transfer(b"\xa0\x00")
    assert pair.responder.apdus == [b"\xa0\x00"]
