"""The states of a reliable transfer protocol machine (X.228 Annex A), normal mode.

An association is opened by RTORQ and RTOAC. After that one side has the turn: it alone may start transfers, and
close. A transfer is an activity of session: S-ACTIVITY-START, segments (RTTR) with S-SYNC-MINOR between them,
S-ACTIVITY-END; the receiving side confirms each checkpoint and, once it has secured the APDU, the end. Either side
can break a transfer off: the sender by S-ACTIVITY-DISCARD or -INTERRUPT, the receiver by S-U-EXCEPTION-REPORT, to
which the sender answers with one of these. Afterwards the turn is where it was. What was interrupted, or cut off with
its association, is resumed (7.8) by S-ACTIVITY-RESUME in place of S-ACTIVITY-START; a receiver that holds nothing of it
reports that, and the sender discards and begins anew.

    state                     X.228's procedure in which it occurs
    IDLE                      7.1 association-establishment, nothing said yet
    AWAITING_RTOAC            7.1, the initiator has sent RTORQ
    AWAITING_OPEN_RESPONSE    7.1, the responder has given its user RT-OPEN indication
    TURN                      associated, the turn is ours
    NO_TURN                   associated, the turn is the peer's
    SENDING                   7.3 transfer, segments still to be sent
    AWAITING_END_CONFIRM      7.3, S-ACTIVITY-END requested
    DISCARDING                7.7 transfer-discard, S-ACTIVITY-DISCARD requested
    INTERRUPTING              7.7 transfer-interrupt, S-ACTIVITY-INTERRUPT requested
    RECEIVING                 7.3, between S-ACTIVITY-START and S-ACTIVITY-END indication
    AWAITING_TRANSFER_RESPONSE 7.3, the APDU is whole, our user has not said yet that it is secured
    REFUSING                  7.6 user-exception-report, S-U-EXCEPTION-REPORT requested
    AWAITING_RELEASE_CONFIRM  7.2 association-release
    AWAITING_CLOSE_RESPONSE   7.2, our user has been given RT-CLOSE indication
    CLOSED                    the end; one object serves one association

An event that has no entry in its state's row is a protocol error when it comes from the peer (RTAB, protocolError)
and a LocalProtocolError when it comes from our user. Aborts lead from every state to CLOSED.
"""

from __future__ import annotations

from enum import Enum, auto

__all__ = ["TRANSITIONS", "Event", "State"]


class State(Enum):
    __hash__ = object.__hash__  # members are looked up for each message; Enum's own is a Python function

    IDLE = auto()
    AWAITING_RTOAC = auto()
    AWAITING_OPEN_RESPONSE = auto()
    TURN = auto()
    NO_TURN = auto()
    SENDING = auto()
    AWAITING_END_CONFIRM = auto()
    DISCARDING = auto()
    INTERRUPTING = auto()
    RECEIVING = auto()
    AWAITING_TRANSFER_RESPONSE = auto()
    REFUSING = auto()
    AWAITING_RELEASE_CONFIRM = auto()
    AWAITING_CLOSE_RESPONSE = auto()
    CLOSED = auto()


class Event(Enum):
    """Requests and responses of the user; APDUs and session primitives received."""

    __hash__ = object.__hash__

    RT_OPEN_REQUEST = "RT-OPEN request"
    RTORQ = "RTORQ"
    OPENED_WITH_TURN = "RTOAC sent or received, the turn is ours"
    OPENED_WITHOUT_TURN = "RTOAC sent or received, the turn is the peer's"
    REFUSED = "RTORJ sent or received"
    RT_TRANSFER_REQUEST = "RT-TRANSFER request"
    S_SYNC_MINOR_CONFIRM = "S-SYNC-MINOR confirm"
    S_ACTIVITY_END_REQUEST = "S-ACTIVITY-END request"
    S_ACTIVITY_END_CONFIRM = "S-ACTIVITY-END confirm"
    S_U_EXCEPTION_REPORT = "S-U-EXCEPTION-REPORT indication"
    S_ACTIVITY_DISCARD_REQUEST = "S-ACTIVITY-DISCARD request"
    S_ACTIVITY_DISCARD_CONFIRM = "S-ACTIVITY-DISCARD confirm"
    S_ACTIVITY_INTERRUPT_REQUEST = "S-ACTIVITY-INTERRUPT request"
    S_ACTIVITY_INTERRUPT_CONFIRM = "S-ACTIVITY-INTERRUPT confirm"
    S_ACTIVITY_START = "S-ACTIVITY-START indication"
    S_ACTIVITY_RESUME = "S-ACTIVITY-RESUME indication of an activity that is held"
    S_ACTIVITY_RESUME_UNKNOWN = "S-ACTIVITY-RESUME indication of an activity of which nothing is held"
    RTTR = "RTTR"
    S_SYNC_MINOR = "S-SYNC-MINOR indication"
    S_ACTIVITY_END = "S-ACTIVITY-END indication"
    S_ACTIVITY_DISCARD = "S-ACTIVITY-DISCARD or -INTERRUPT indication"
    TRANSFER_ACCEPTED = "the APDU is secured"
    TRANSFER_REFUSED = "the APDU is refused"
    RT_TURN_PLEASE_REQUEST = "RT-TURN-PLEASE request"
    RTTP = "RTTP"
    RT_TURN_GIVE_REQUEST = "RT-TURN-GIVE request"
    S_CONTROL_GIVE = "S-CONTROL-GIVE indication"
    RT_CLOSE_REQUEST = "RT-CLOSE request"
    A_RELEASE_CONFIRM = "A-RELEASE confirm"
    A_RELEASE = "A-RELEASE indication"
    RT_CLOSE_RESPONSE = "RT-CLOSE response"
    ABORT = "an abort, either way"


def _with_abort(table: dict[State, dict[Event, State]]) -> dict[State, dict[Event, State]]:
    for state, row in table.items():
        if state is not State.CLOSED:
            row[Event.ABORT] = State.CLOSED
    return table


TRANSITIONS: dict[State, dict[Event, State]] = _with_abort(
    {
        State.IDLE: {
            Event.RT_OPEN_REQUEST: State.AWAITING_RTOAC,
            Event.RTORQ: State.AWAITING_OPEN_RESPONSE,
        },
        State.AWAITING_RTOAC: {
            Event.OPENED_WITH_TURN: State.TURN,
            Event.OPENED_WITHOUT_TURN: State.NO_TURN,
            Event.REFUSED: State.CLOSED,
        },
        State.AWAITING_OPEN_RESPONSE: {
            Event.OPENED_WITH_TURN: State.TURN,
            Event.OPENED_WITHOUT_TURN: State.NO_TURN,
            Event.REFUSED: State.CLOSED,
        },
        State.TURN: {
            Event.RT_TRANSFER_REQUEST: State.SENDING,
            Event.RTTP: State.TURN,
            Event.RT_TURN_GIVE_REQUEST: State.NO_TURN,
            Event.RT_CLOSE_REQUEST: State.AWAITING_RELEASE_CONFIRM,
        },
        State.SENDING: {
            Event.S_SYNC_MINOR_CONFIRM: State.SENDING,
            Event.S_ACTIVITY_END_REQUEST: State.AWAITING_END_CONFIRM,
            Event.S_U_EXCEPTION_REPORT: State.DISCARDING,
            Event.S_ACTIVITY_DISCARD_REQUEST: State.DISCARDING,
            Event.RTTP: State.SENDING,
        },
        State.AWAITING_END_CONFIRM: {
            Event.S_SYNC_MINOR_CONFIRM: State.AWAITING_END_CONFIRM,
            Event.S_ACTIVITY_END_CONFIRM: State.TURN,
            Event.S_U_EXCEPTION_REPORT: State.DISCARDING,
            Event.S_ACTIVITY_DISCARD_REQUEST: State.DISCARDING,
            Event.RTTP: State.AWAITING_END_CONFIRM,
        },
        State.DISCARDING: {
            Event.S_SYNC_MINOR_CONFIRM: State.DISCARDING,
            Event.S_ACTIVITY_DISCARD_CONFIRM: State.TURN,
            Event.S_ACTIVITY_INTERRUPT_REQUEST: State.INTERRUPTING,  # after a report that leaves what is confirmed
            Event.S_ACTIVITY_END_CONFIRM: State.DISCARDING,  # it crossed our discard
            Event.S_U_EXCEPTION_REPORT: State.DISCARDING,
            Event.RTTP: State.DISCARDING,
        },
        State.INTERRUPTING: {
            Event.S_SYNC_MINOR_CONFIRM: State.INTERRUPTING,
            Event.S_ACTIVITY_INTERRUPT_CONFIRM: State.TURN,
            Event.S_ACTIVITY_END_CONFIRM: State.INTERRUPTING,  # it crossed our interrupt
            Event.S_U_EXCEPTION_REPORT: State.INTERRUPTING,
            Event.RTTP: State.INTERRUPTING,
        },
        State.NO_TURN: {
            Event.S_ACTIVITY_START: State.RECEIVING,
            Event.S_ACTIVITY_RESUME: State.RECEIVING,
            Event.S_ACTIVITY_RESUME_UNKNOWN: State.REFUSING,
            Event.RT_TURN_PLEASE_REQUEST: State.NO_TURN,
            Event.S_CONTROL_GIVE: State.TURN,
            Event.A_RELEASE: State.AWAITING_CLOSE_RESPONSE,
        },
        State.RECEIVING: {
            Event.RTTR: State.RECEIVING,
            Event.S_SYNC_MINOR: State.RECEIVING,
            Event.S_ACTIVITY_END: State.AWAITING_TRANSFER_RESPONSE,
            Event.S_ACTIVITY_DISCARD: State.NO_TURN,
            Event.TRANSFER_REFUSED: State.REFUSING,
            Event.RT_TURN_PLEASE_REQUEST: State.RECEIVING,
        },
        State.AWAITING_TRANSFER_RESPONSE: {
            Event.TRANSFER_ACCEPTED: State.NO_TURN,
            Event.TRANSFER_REFUSED: State.REFUSING,
            Event.S_ACTIVITY_DISCARD: State.NO_TURN,
            Event.RT_TURN_PLEASE_REQUEST: State.AWAITING_TRANSFER_RESPONSE,
        },
        State.REFUSING: {
            # What the peer sent before it saw our report is dropped.
            Event.RTTR: State.REFUSING,
            Event.S_SYNC_MINOR: State.REFUSING,
            Event.S_ACTIVITY_END: State.REFUSING,
            Event.S_ACTIVITY_DISCARD: State.NO_TURN,
            Event.RT_TURN_PLEASE_REQUEST: State.REFUSING,
        },
        State.AWAITING_RELEASE_CONFIRM: {
            Event.A_RELEASE_CONFIRM: State.CLOSED,
            Event.RTTP: State.AWAITING_RELEASE_CONFIRM,
        },
        State.AWAITING_CLOSE_RESPONSE: {
            Event.RT_CLOSE_RESPONSE: State.CLOSED,
        },
        State.CLOSED: {},
    }
)
