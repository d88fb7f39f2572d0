"""The session protocol machine as one table, to be held against X.225 Annex A.

A machine is in one STATE. An EVENT is a request or response of its user (SDTreq), an SPDU that came (DT), or news of
the transport connection (TCONcnf). TABLE[event][state] is a cell:

    "condition action next"     if the condition holds, do the action and go to the next state ("." stays)
    IGNORE                      the event is taken and nothing happens: an SPDU that crossed ours on its way

No cell, or a condition that does not hold: a request is refused to its user (LocalProtocolError); an SPDU is a
protocol error, answered with ABORT (X.225 A.4.1.2). ABORT and the end of the transport connection are taken in any
state; release is not negotiated, and two FINISH SPDUs that cross (duplex, no tokens) are a protocol error here.

Conditions, in the words of A.4.2. Tokens are seen from the side that sends: of a request, ours; of an SPDU, the
peer's. I(t): t is not available, or is the sender's. AI(t): t is available and is the sender's. AA(t): t is available
and not the sender's. dk, mi, ma: data, synchronize-minor, major/activity token. Vact: an activity is in progress.
FU: the functional unit is selected.

    -       always
    data    I(dk), and Vact if FU(ACT)
    typed   FU(TD)
    give    the tokens given are the sender's
    please  the tokens asked for are available
    giveDk  give, and the data token is among them (X.225 7.28.2: that recovers from an exception)
    syncm   FU(SY), I(dk), AI(mi), and Vact if FU(ACT)
    ackm    FU(SY)
    start   FU(ACT), not Vact, I(dk), I(mi), AI(ma)
    act     FU(ACT), Vact, AI(ma)
    end     FU(ACT), Vact, I(dk), I(mi), AI(ma)
    ctrl    FU(ACT), not Vact, I of all tokens
    except  FU(EXCEP), AA(dk), and Vact if FU(ACT)
    rel     I of all tokens, and not Vact if FU(ACT)

The serial numbers V(A), V(M) and the side that may acknowledge, Vsc, follow Table A-4 in the actions.
"""

from __future__ import annotations

STATES: dict[str, str] = {
    "STA01": "idle, no transport connection",
    "STA01A": "wait for ABORT ACCEPT",
    "STA01B": "wait for T-CONNECT confirm",
    "STA01C": "idle, transport connected",
    "STA01D": "wait for CONNECT DATA OVERFLOW",
    "STA02A": "wait for ACCEPT",
    "STA02B": "wait for OVERFLOW ACCEPT",
    "STA03": "wait for DISCONNECT",
    "STA04B": "wait for ACTIVITY END ACK",
    "STA05B": "wait for ACTIVITY INTERRUPT ACK",
    "STA05C": "wait for ACTIVITY DISCARD ACK",
    "STA08": "wait for S-CONNECT response",
    "STA09": "wait for S-RELEASE response",
    "STA10B": "wait for S-ACTIVITY-END response",
    "STA11B": "wait for S-ACTIVITY-INTERRUPT response",
    "STA11C": "wait for S-ACTIVITY-DISCARD response",
    "STA16": "wait for T-DISCONNECT indication",
    "STA18": "wait for GIVE TOKENS ACK",
    "STA19": "after EXCEPTION DATA came: wait for a recovery request",
    "STA20": "after EXCEPTION DATA was sent: wait for a recovery SPDU",
    "STA713": "data transfer",
}

CONDITIONS = tuple("- data typed give please giveDk syncm ackm start act end ctrl except rel".split(" "))  # noqa: SIM905

IGNORE = "IGNORE"

REQUESTS: dict[str, dict[str, str]] = {
    "SCONreq": {"STA01": "- TCONreq STA01B"},
    "SCONrsp+": {"STA08": "- AC STA713"},
    "SCONrsp-": {"STA08": "- RF STA16"},
    "SDTreq": {"STA713": "data DT .", "STA10B": "data DT .", "STA09": "data DT ."},
    "STDreq": {"STA713": "typed TD .", "STA04B": "typed TD .", "STA10B": "typed TD .", "STA09": "typed TD ."},
    "SGTreq": {"STA713": "give GT .", "STA19": "giveDk GT STA713"},
    "SPTreq": {"STA713": "please PT .", "STA10B": "please PT .", "STA04B": "please PT ."},
    "SCGreq": {"STA713": "ctrl GTC STA18"},
    "SSYNmreq": {"STA713": "syncm MIP ."},
    "SSYNmrsp": {"STA713": "ackm MIA .", "STA10B": "ackm MIA ."},
    "SACTSreq": {"STA713": "start AS ."},
    "SACTRreq": {"STA713": "start AR ."},
    "SACTIreq": {"STA713": "act AI STA05B", "STA04B": "act AI STA05B", "STA19": "act AI STA05B"},
    "SACTIrsp": {"STA11B": "- AIA STA713"},
    "SACTDreq": {"STA713": "act AD STA05C", "STA04B": "act AD STA05C", "STA19": "act AD STA05C"},
    "SACTDrsp": {"STA11C": "- ADA STA713"},
    "SACTEreq": {"STA713": "end AE STA04B"},
    "SACTErsp": {"STA10B": "- AEA STA713"},
    "SUERreq": {"STA713": "except ED STA20", "STA10B": "except ED STA20"},
    "SRELreq": {"STA713": "rel FN STA03"},
    "SRELrsp": {"STA09": "- DN STA16"},
}

_CROSSING = dict.fromkeys(("STA05B", "STA05C", "STA20", "STA16", "STA01A"), IGNORE)
"""Where SPDUs that were on their way are dropped: our AI, AD, ED or ABORT has overtaken what they are about."""

INDICATIONS: dict[str, dict[str, str]] = {
    "TCONind": {"STA01": "- TCONrsp STA01C"},
    "TCONcnf": {"STA01B": "- CN STA02A"},
    "TCONcnf*": {"STA01B": "- CN STA02B"},  # with overflow of user data (X.225 7.1.1)
    "CN": {"STA01C": "- SCONind STA08"},
    "CN*": {"STA01C": "- OA STA01D"},  # with data overflow
    "CDO": {"STA01D": "- SCONind STA08"},
    "OA": {"STA02B": "- CDO STA02A"},
    "AC": {"STA02A": "- SCONcnf+ STA713", "STA01A": IGNORE},
    "RF": {"STA02A": "- SCONcnf- STA01", "STA02B": "- SCONcnf- STA01", "STA01A": IGNORE},
    "DT": {"STA713": "data SDTind .", "STA04B": "data SDTind .", "STA10B": "data SDTind .", "STA03": "data SDTind ."}
    | _CROSSING,
    "TD": {
        "STA713": "typed STDind .",
        "STA04B": "typed STDind .",
        "STA10B": "typed STDind .",
        "STA03": "typed STDind .",
    }
    | {"STA18": "typed STDind .", "STA19": "typed STDind ."}
    | _CROSSING,
    "GT": {"STA713": "give SGTind ."} | _CROSSING | {"STA20": "give SGTind ."},
    "GT*": {"STA20": "giveDk SGTind STA713"},  # with the data token, while an exception is to be recovered from
    "PT": {
        "STA713": "please SPTind .",
        "STA04B": "please SPTind .",
        "STA10B": "please SPTind .",
        "STA19": "please SPTind .",
    }
    | {"STA18": "please SPTind .", "STA09": IGNORE, "STA03": IGNORE, "STA11B": IGNORE, "STA11C": IGNORE}
    | _CROSSING,
    "GTC": {"STA713": "ctrl SCGind ."},
    "GTA": {"STA18": "- GTA STA713", "STA01A": IGNORE},
    "MIP": {"STA713": "syncm SSYNmind ."} | _CROSSING,
    "MIA": {"STA713": "ackm SSYNmcnf .", "STA04B": "ackm SSYNmcnf .", "STA19": IGNORE} | _CROSSING,
    "AS": {"STA713": "start SACTSind .", "STA01A": IGNORE},
    "AR": {"STA713": "start SACTRind .", "STA01A": IGNORE},
    "AI": {"STA713": "act SACTIind STA11B", "STA10B": "act SACTIind STA11B", "STA20": "act SACTIind STA11B"}
    | {"STA01A": IGNORE},
    "AIA": {"STA05B": "- SACTIcnf STA713", "STA01A": IGNORE},
    "AD": {"STA713": "act SACTDind STA11C", "STA10B": "act SACTDind STA11C", "STA20": "act SACTDind STA11C"}
    | {"STA01A": IGNORE},
    "ADA": {"STA05C": "- SACTDcnf STA713", "STA01A": IGNORE},
    "AE": {"STA713": "end SACTEind STA10B"} | _CROSSING,
    "AEA": {"STA04B": "- SACTEcnf STA713"} | _CROSSING,
    "ED": {"STA713": "except SUERind STA19", "STA04B": "except SUERind STA19"} | _CROSSING,
    "ER": {"STA713": "except SPERind STA19", "STA04B": "except SPERind STA19"} | _CROSSING,
    "FN": {"STA713": "rel SRELind STA09", "STA01A": IGNORE},
    "DN": {"STA03": "- SRELcnf STA01", "STA01A": IGNORE},
    "AA": {"STA01A": "- TDISreq STA01"},
}

TABLE: dict[str, dict[str, str]] = REQUESTS | INDICATIONS
