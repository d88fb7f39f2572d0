"""The session protocol machine: its states, its events, and one table of transitions (X.225 Annex A).

The states have the names of Annex A. Everything that decides what may follow what is in this file; `session.pyx` parses
and builds SPDUs and carries out what the table allows. Only the functional units that reliable transfer uses are here:
kernel, half-duplex and duplex, minor synchronise, activity management, exceptions, typed data.

Reading the table: TRANSITIONS[state][event] is the next state. An event that is missing is an error: of our own user
(LocalProtocolError) when it is a request or response, of the peer (S-P-ABORT, protocol error) when it is an SPDU. Events
in IGNORED[state] are SPDUs that were under way when the state was entered; they are dropped (X.225 A.5.4).

    STA01   no transport connection           STA08   S-CONNECT response awaited
    STA01B  T-CONNECT confirm awaited         STA09   S-RELEASE response awaited
    STA01C  transport connected, idle         STA10B  S-ACTIVITY-END response awaited
    STA01D  CDO awaited (overflow of CN)      STA11B  S-ACTIVITY-INTERRUPT response awaited
    STA02A  AC awaited                        STA11C  S-ACTIVITY-DISCARD response awaited
    STA02B  OA awaited (overflow of CN)       STA16   T-DISCONNECT awaited
    STA03   DN awaited                        STA18   GTA awaited
    STA04B  AEA awaited                       STA19   recovery by us awaited, after an exception
    STA05B  AIA awaited                       STA20   recovery by the peer awaited, after an exception
    STA05C  ADA awaited                       STA713  data transfer
"""

from __future__ import annotations

from enum import IntEnum, auto

__all__ = ["IGNORED", "TRANSITIONS", "Event", "State"]


class State(IntEnum):
    STA01 = 0
    STA01B = auto()
    STA01C = auto()
    STA01D = auto()
    STA02A = auto()
    STA02B = auto()
    STA03 = auto()
    STA04B = auto()
    STA05B = auto()
    STA05C = auto()
    STA08 = auto()
    STA09 = auto()
    STA10B = auto()
    STA11B = auto()
    STA11C = auto()
    STA16 = auto()
    STA18 = auto()
    STA19 = auto()
    STA20 = auto()
    STA713 = auto()


class Event(IntEnum):
    # requests and responses of the session's user
    S_CONNECT_REQUEST = 0
    S_CONNECT_ACCEPT = auto()
    S_CONNECT_REFUSE = auto()
    S_DATA_REQUEST = auto()
    S_TYPED_DATA_REQUEST = auto()
    S_TOKEN_GIVE_REQUEST = auto()
    S_TOKEN_PLEASE_REQUEST = auto()
    S_CONTROL_GIVE_REQUEST = auto()
    S_SYNC_MINOR_REQUEST = auto()
    S_SYNC_MINOR_RESPONSE = auto()
    S_ACTIVITY_START_REQUEST = auto()
    S_ACTIVITY_RESUME_REQUEST = auto()
    S_ACTIVITY_INTERRUPT_REQUEST = auto()
    S_ACTIVITY_INTERRUPT_RESPONSE = auto()
    S_ACTIVITY_DISCARD_REQUEST = auto()
    S_ACTIVITY_DISCARD_RESPONSE = auto()
    S_ACTIVITY_END_REQUEST = auto()
    S_ACTIVITY_END_RESPONSE = auto()
    S_U_EXCEPTION_REPORT_REQUEST = auto()
    S_RELEASE_REQUEST = auto()
    S_RELEASE_RESPONSE = auto()
    # transport
    T_CONNECT_CONFIRM = auto()
    T_CONNECT_INDICATION = auto()
    # SPDUs of the peer; PLUS: with more to come by overflow
    CN = auto()
    CN_PLUS = auto()
    OA = auto()
    CDO = auto()
    AC = auto()
    RF = auto()
    DT = auto()
    TD = auto()
    GT = auto()
    PT = auto()
    GTC = auto()
    GTA = auto()
    MIP = auto()
    MIA = auto()
    AS = auto()
    AR = auto()
    AI = auto()
    AIA = auto()
    AD = auto()
    ADA = auto()
    AE = auto()
    AEA = auto()
    ED = auto()
    ER = auto()
    FN = auto()
    DN = auto()


S, E = State, Event

TRANSITIONS: dict[State, dict[Event, State]] = {
    S.STA01: {E.S_CONNECT_REQUEST: S.STA01B, E.T_CONNECT_INDICATION: S.STA01C},
    S.STA01B: {E.T_CONNECT_CONFIRM: S.STA02A},
    S.STA01C: {E.CN: S.STA08, E.CN_PLUS: S.STA01D},
    S.STA01D: {E.CDO: S.STA08},
    S.STA02A: {E.AC: S.STA713, E.RF: S.STA16},
    S.STA02B: {E.OA: S.STA02A, E.RF: S.STA16},
    S.STA08: {E.S_CONNECT_ACCEPT: S.STA713, E.S_CONNECT_REFUSE: S.STA16},
    S.STA713: {
        E.S_DATA_REQUEST: S.STA713,
        E.S_TYPED_DATA_REQUEST: S.STA713,
        E.S_TOKEN_GIVE_REQUEST: S.STA713,
        E.S_TOKEN_PLEASE_REQUEST: S.STA713,
        E.S_CONTROL_GIVE_REQUEST: S.STA18,
        E.S_SYNC_MINOR_REQUEST: S.STA713,
        E.S_SYNC_MINOR_RESPONSE: S.STA713,
        E.S_ACTIVITY_START_REQUEST: S.STA713,
        E.S_ACTIVITY_RESUME_REQUEST: S.STA713,
        E.S_ACTIVITY_INTERRUPT_REQUEST: S.STA05B,
        E.S_ACTIVITY_DISCARD_REQUEST: S.STA05C,
        E.S_ACTIVITY_END_REQUEST: S.STA04B,
        E.S_U_EXCEPTION_REPORT_REQUEST: S.STA20,
        E.S_RELEASE_REQUEST: S.STA03,
        E.DT: S.STA713,
        E.TD: S.STA713,
        E.GT: S.STA713,
        E.PT: S.STA713,
        E.GTC: S.STA713,
        E.MIP: S.STA713,
        E.MIA: S.STA713,
        E.AS: S.STA713,
        E.AR: S.STA713,
        E.AI: S.STA11B,
        E.AD: S.STA11C,
        E.AE: S.STA10B,
        E.ED: S.STA19,
        E.ER: S.STA19,
        E.FN: S.STA09,
    },
    S.STA03: {E.DN: S.STA16, E.DT: S.STA03, E.TD: S.STA03, E.PT: S.STA03, E.MIA: S.STA03},
    S.STA04B: {
        E.S_TYPED_DATA_REQUEST: S.STA04B,
        E.S_TOKEN_PLEASE_REQUEST: S.STA04B,
        E.S_ACTIVITY_INTERRUPT_REQUEST: S.STA05B,
        E.S_ACTIVITY_DISCARD_REQUEST: S.STA05C,
        E.AEA: S.STA713,
        E.MIA: S.STA04B,
        E.TD: S.STA04B,
        E.PT: S.STA04B,
        E.GT: S.STA04B,
        E.ED: S.STA19,
        E.ER: S.STA19,
    },
    S.STA05B: {E.AIA: S.STA713, E.PT: S.STA05B},
    S.STA05C: {E.ADA: S.STA713, E.PT: S.STA05C},
    S.STA09: {
        E.S_RELEASE_RESPONSE: S.STA16,
        E.S_DATA_REQUEST: S.STA09,
        E.S_TYPED_DATA_REQUEST: S.STA09,
        E.S_SYNC_MINOR_RESPONSE: S.STA09,
        E.S_TOKEN_PLEASE_REQUEST: S.STA09,
    },
    S.STA10B: {
        E.S_ACTIVITY_END_RESPONSE: S.STA713,
        E.S_SYNC_MINOR_RESPONSE: S.STA10B,
        E.S_TYPED_DATA_REQUEST: S.STA10B,
        E.S_TOKEN_PLEASE_REQUEST: S.STA10B,
        E.S_U_EXCEPTION_REPORT_REQUEST: S.STA20,
        E.TD: S.STA10B,
        E.PT: S.STA10B,
        E.AI: S.STA11B,
        E.AD: S.STA11C,
    },
    S.STA11B: {E.S_ACTIVITY_INTERRUPT_RESPONSE: S.STA713, E.PT: S.STA11B},
    S.STA11C: {E.S_ACTIVITY_DISCARD_RESPONSE: S.STA713, E.PT: S.STA11C},
    S.STA18: {E.GTA: S.STA713, E.PT: S.STA18},
    S.STA19: {
        E.S_ACTIVITY_INTERRUPT_REQUEST: S.STA05B,
        E.S_ACTIVITY_DISCARD_REQUEST: S.STA05C,
        E.S_TOKEN_GIVE_REQUEST: S.STA713,
        E.PT: S.STA19,
    },
    S.STA20: {E.AI: S.STA11B, E.AD: S.STA11C, E.GT: S.STA713, E.PT: S.STA20},
    S.STA16: {},
}

_UNDER_WAY = frozenset({E.DT, E.TD, E.MIA, E.AEA, E.ED, E.ER, E.GT})

IGNORED: dict[State, frozenset[Event]] = {
    S.STA05B: _UNDER_WAY,
    S.STA05C: _UNDER_WAY,
    S.STA16: frozenset(Event),
    S.STA19: frozenset({E.DT, E.TD, E.MIA, E.AEA, E.ED, E.ER}),
    S.STA20: frozenset({E.DT, E.TD, E.MIP, E.MIA, E.AE, E.AS, E.AR}),
}
