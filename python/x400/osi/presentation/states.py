"""The states of a presentation protocol machine (X.226 Annex A), kernel functional unit.

A connection goes from idle to data transfer, by one PPDU each way, and ends by a release or an abort. In data
transfer the presentation service adds contexts to what session carries and otherwise steps aside: S-DATA, S-TYPED-
DATA, S-TOKEN-PLEASE and S-RELEASE have user data to be looked into, every other session primitive passes through.

    state                         X.226
    IDLE                          STAI0   no connection
    AWAITING_CPA                  STAI1   we sent the CP PPDU
    AWAITING_P_CONNECT_RESPONSE   STAI2   we received the CP PPDU
    DATA_TRANSFER                 STAt0   connected
    CLOSED                        STAI0   again, for good: one object serves one connection

An event that has no entry in its state's row is a protocol error when it comes from the peer (ARP, unexpected-ppdu)
and a LocalProtocolError when it comes from our user. Aborts, P-U-ABORT either way and P-P-ABORT, are allowed
everywhere.
"""

from __future__ import annotations

from enum import Enum, auto

__all__ = ["TRANSITIONS", "Event", "State"]


class State(Enum):
    IDLE = auto()
    AWAITING_CPA = auto()
    AWAITING_P_CONNECT_RESPONSE = auto()
    DATA_TRANSFER = auto()
    CLOSED = auto()


class Event(Enum):
    """Requests of the user, and PPDUs or session primitives received."""

    P_CONNECT_REQUEST = "P-CONNECT request"
    CP = "CP PPDU"
    P_CONNECT_RESPONSE_ACCEPT = "P-CONNECT response, accept"
    P_CONNECT_RESPONSE_REFUSE = "P-CONNECT response, refuse"
    CPA = "CPA PPDU"
    CPR = "CPR PPDU"
    TRANSFER = "a primitive of data transfer, either way"
    S_RELEASE_CONFIRM = "S-RELEASE confirm"
    P_RELEASE_RESPONSE = "P-RELEASE response"
    ABORT = "an abort, either way"


TRANSITIONS: dict[State, dict[Event, State]] = {
    State.IDLE: {
        Event.P_CONNECT_REQUEST: State.AWAITING_CPA,
        Event.CP: State.AWAITING_P_CONNECT_RESPONSE,
        Event.ABORT: State.CLOSED,
    },
    State.AWAITING_CPA: {
        Event.CPA: State.DATA_TRANSFER,
        Event.CPR: State.CLOSED,
        Event.ABORT: State.CLOSED,
    },
    State.AWAITING_P_CONNECT_RESPONSE: {
        Event.P_CONNECT_RESPONSE_ACCEPT: State.DATA_TRANSFER,
        Event.P_CONNECT_RESPONSE_REFUSE: State.CLOSED,
        Event.ABORT: State.CLOSED,
    },
    State.DATA_TRANSFER: {
        Event.TRANSFER: State.DATA_TRANSFER,
        Event.S_RELEASE_CONFIRM: State.CLOSED,
        Event.P_RELEASE_RESPONSE: State.CLOSED,
        Event.ABORT: State.CLOSED,
    },
    State.CLOSED: {},
}
