"""Two connections back to back, without a network: what one has to send the other receives, cut at will."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeVar

from x400.osi import rtse

ARGUMENT = bytes.fromhex("a111 8005 4d54412d41 a108 0406 736563726574")
"""MTABindArgument: authenticated, MTA-A, simple credentials."""
RESULT = bytes.fromhex("a111 8005 4d54412d42 a108 0406 736563726574")
BIND_ERROR = bytes.fromhex("020102")
"""authentication-error"""

E = TypeVar("E")


def parameters(**changes: Any) -> rtse.Parameters:
    settings: dict[str, Any] = {"called_transport_selector": b"x400", "calling_transport_selector": b"test"}
    return rtse.Parameters(**(settings | changes))


class Side:
    """One connection and all that it reported; octets of an APDU are copied, as their views do not last."""

    def __init__(self, initiator: bool, now: float, **changes: Any) -> None:
        self.connection = rtse.Connection(initiator, parameters(**changes), now)
        self.events: list[rtse.RTEvent] = []
        self.apdus: list[bytes] = []
        self.answer: Callable[[Side, rtse.RTEvent], None] = accept_everything

    def take(self, events: list[rtse.RTEvent]) -> None:
        for event in events:
            if isinstance(event, rtse.RTTransferStart):
                self.apdus.append(b"")
            if isinstance(event, rtse.RTTransferData):
                self.apdus[-1] += bytes(event.data)
                continue
            self.events.append(event)
        for event in events:
            self.answer(self, event)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def one(self, kind: type[E]) -> E:
        (event,) = self.of(kind)
        return event


def accept_everything(side: Side, event: rtse.RTEvent) -> None:
    match event:
        case rtse.RTOpenIndication():
            side.connection.rt_open_response(True, RESULT)
        case rtse.RTTransferCheckpoint():
            side.connection.rt_checkpoint_response(event)
        case rtse.RTTransferIndication():
            side.connection.rt_transfer_response(True)
        case rtse.RTCloseIndication():
            side.connection.rt_close_response()


def answer_nothing(side: Side, event: rtse.RTEvent) -> None:
    pass


class Pair:
    def __init__(self, seed: int | None = None, responder: dict[str, Any] | None = None, **changes: Any) -> None:
        self.now = 100.0
        self.initiator = Side(True, self.now, **changes)
        self.responder = Side(False, self.now, **(changes | (responder or {})))
        self.random = None if seed is None else random.Random(seed)
        self.octets = {True: 0, False: 0}

    def flush(self, sender: Side, receiver: Side) -> bool:
        data = b"".join(bytes(part) for part in sender.connection.data_to_send())
        self.octets[sender is self.initiator] += len(data)
        moved = bool(data)
        while data:
            size = len(data) if self.random is None else self.random.randint(1, 1 + min(len(data), 300))
            receiver.take(receiver.connection.receive_data(data[:size], self.now))
            data = data[size:]
        return moved

    def run(self) -> None:
        """Until neither has anything to say; then a connection that is closed tells the other."""
        sides = (self.initiator, self.responder)
        for _ in range(100000):
            moved = self.flush(*sides)
            moved = self.flush(*reversed(sides)) or moved
            if not moved:
                break
        else:
            raise AssertionError("they never come to an end")
        if any(side.connection.closed for side in sides):
            for side in sides:
                if not side.connection.closed:
                    side.take(side.connection.receive_eof(self.now))

    def open(self) -> Pair:
        self.initiator.connection.rt_open_request(ARGUMENT, self.now)
        self.run()
        return self

    def transfer(self, apdu: bytes, sender: Side | None = None) -> None:
        (sender or self.initiator).connection.rt_transfer_request(rtse.BytesSource(apdu), 600, self.now)
        self.run()

    def wait(self, seconds: float) -> None:
        self.now += seconds
        for side in (self.initiator, self.responder):
            timer = side.connection.next_timer()
            if timer is not None and timer <= self.now:
                side.take(side.connection.handle_timer(self.now))
        self.run()
