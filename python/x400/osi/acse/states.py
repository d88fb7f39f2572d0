"""The states of an association control protocol machine (X.227 Annex A), kernel functional unit.

    state                   X.227
    IDLE                    STA0   unassociated
    AWAITING_AARE           STA1
    AWAITING_A_ASC_RESPONSE STA2
    AWAITING_RLRE           STA3
    AWAITING_A_RLS_RESPONSE STA4
    ASSOCIATED              STA5
    CLOSED                  STA0   again, for good: one object serves one association

STA6 and STA7 belong to release collisions. These need both sides to be allowed to release at once; with the session's
tokens, which reliable transfer always has, only one side is. An RLRQ in AWAITING_RLRE is therefore a protocol error
here.

ABRT, either way, and P-P-ABORT lead from every state to CLOSED.
"""

from __future__ import annotations

from enum import Enum, auto

__all__ = ["TRANSITIONS", "Event", "State"]


class State(Enum):
    IDLE = auto()
    AWAITING_AARE = auto()
    AWAITING_A_ASC_RESPONSE = auto()
    AWAITING_RLRE = auto()
    AWAITING_A_RLS_RESPONSE = auto()
    ASSOCIATED = auto()
    CLOSED = auto()


class Event(Enum):
    A_ASSOCIATE_REQUEST = "A-ASSOCIATE request"
    A_ASSOCIATE_RESPONSE_ACCEPT = "A-ASSOCIATE response, accepted"
    A_ASSOCIATE_RESPONSE_REJECT = "A-ASSOCIATE response, rejected"
    AARQ = "AARQ"
    AARE_ACCEPT = "AARE, accepted"
    AARE_REJECT = "AARE, rejected"
    P_CONNECT_REFUSED = "P-CONNECT confirm, refused"
    A_RELEASE_REQUEST = "A-RELEASE request"
    A_RELEASE_RESPONSE = "A-RELEASE response"
    RLRQ = "RLRQ"
    RLRE = "RLRE"
    ABORT = "ABRT or P-P-ABORT, either way"


TRANSITIONS: dict[State, dict[Event, State]] = {
    State.IDLE: {
        Event.A_ASSOCIATE_REQUEST: State.AWAITING_AARE,
        Event.AARQ: State.AWAITING_A_ASC_RESPONSE,
        Event.ABORT: State.CLOSED,
    },
    State.AWAITING_AARE: {
        Event.AARE_ACCEPT: State.ASSOCIATED,
        Event.AARE_REJECT: State.CLOSED,
        Event.P_CONNECT_REFUSED: State.CLOSED,
        Event.ABORT: State.CLOSED,
    },
    State.AWAITING_A_ASC_RESPONSE: {
        Event.A_ASSOCIATE_RESPONSE_ACCEPT: State.ASSOCIATED,
        Event.A_ASSOCIATE_RESPONSE_REJECT: State.CLOSED,
        Event.ABORT: State.CLOSED,
    },
    State.ASSOCIATED: {
        Event.A_RELEASE_REQUEST: State.AWAITING_RLRE,
        Event.RLRQ: State.AWAITING_A_RLS_RESPONSE,
        Event.ABORT: State.CLOSED,
    },
    State.AWAITING_RLRE: {
        Event.RLRE: State.CLOSED,
        Event.ABORT: State.CLOSED,
    },
    State.AWAITING_A_RLS_RESPONSE: {
        Event.A_RELEASE_RESPONSE: State.CLOSED,
        Event.ABORT: State.CLOSED,
    },
    State.CLOSED: {},
}
