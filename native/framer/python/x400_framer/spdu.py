"""The SPDUs' codes, and how their parameters nest (X.225 clause 8)."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["CATEGORY_1", "CATEGORY_2", "Parameter", "si_name"]

# SPDUs that stand alone (category 1), by SI; the name is the event in states.Event
CATEGORY_1: dict[int, str] = {
    5: "EX",
    7: "PR",
    8: "NF",
    9: "FN",
    10: "DN",
    12: "RF",
    13: "CN",
    14: "AC",
    15: "CDO",
    16: "OA",
    21: "GTC",
    22: "GTA",
    25: "AB",
    26: "AA",
    33: "TD",
}

# SPDUs that follow a GIVE TOKENS or PLEASE TOKENS (category 2), by SI
CATEGORY_2: dict[int, str] = {
    0: "ER",
    1: "DT",
    25: "AI",
    26: "AIA",
    29: "AR",
    41: "AE",
    42: "AEA",
    45: "AS",
    48: "ED",
    49: "MIP",
    50: "MIA",
    57: "AD",
    58: "ADA",
}


class Parameter(IntEnum):
    """PI and PGI codes."""

    CONNECTION_IDENTIFIER = 1
    CONNECT_ACCEPT_ITEM = 5
    CALLED_SS_USER_REFERENCE = 9
    CALLING_SS_USER_REFERENCE = 10
    COMMON_REFERENCE = 11
    ADDITIONAL_REFERENCE = 12
    SYNC_TYPE_ITEM = 15
    TOKEN_ITEM = 16
    TRANSPORT_DISCONNECT = 17
    PROTOCOL_OPTIONS = 19
    SESSION_USER_REQUIREMENTS = 20
    TSDU_MAXIMUM_SIZE = 21
    VERSION_NUMBER = 22
    INITIAL_SERIAL_NUMBER = 23
    ENCLOSURE_ITEM = 25
    TOKEN_SETTING_ITEM = 26
    LINKING_INFORMATION = 33
    ACTIVITY_IDENTIFIER = 41
    SERIAL_NUMBER = 42
    REFLECT_PARAMETER = 49
    REASON_CODE = 50
    CALLING_SESSION_SELECTOR = 51
    CALLED_SESSION_SELECTOR = 52
    DATA_OVERFLOW = 60
    USER_DATA = 193
    EXTENDED_USER_DATA = 194


def si_name(si: int, category: int) -> str:
    """The name of an SPDU for an error message."""
    return (CATEGORY_2 if category == 2 else CATEGORY_1).get(si, f"SI {si}")
