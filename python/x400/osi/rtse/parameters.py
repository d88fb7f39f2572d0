"""What one side of a connection of reliable transfer says, accepts and waits for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from x400.osi.rtse.events import DialogueMode

__all__ = ["P1_OF_1984", "Parameters"]

P1_OF_1984 = 1
"""The application protocol of P1 of 1984 (X.419 12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Everything has a default that suits message transfer between two MTAs (X.419 9.1.2: mts-transfer).

    `checkpoint_size` (in 1024 octets; 0: no checkpoints, an APDU goes in one segment) and `window_size` (checkpoints
    that may be unconfirmed) are proposals of an initiator and upper bounds of a responder. Times are in seconds.
    """

    application_context: str = "2.6.0.1.6"
    rtse_abstract_syntax: str = "2.6.0.2.12"
    user_abstract_syntax: str = "2.6.0.2.7"

    application_protocol: int | None = None
    """What an initiator opens in X.410-1984 mode: 1 for P1 of 1984, 12 for mts-transfer-protocol; None: normal mode."""
    application_protocols: frozenset[int] = frozenset()
    """What a responder takes in X.410-1984 mode, beside its application context in normal mode."""

    checkpoint_size: int = 63
    window_size: int = 16
    dialogue_mode: DialogueMode = "monologue"
    initial_turn: Literal["initiator", "responder"] = "initiator"

    calling_transport_selector: bytes = b""
    called_transport_selector: bytes = b""
    calling_session_selector: bytes = b""
    called_session_selector: bytes = b""
    calling_presentation_selector: bytes = b""
    called_presentation_selector: bytes = b""

    tpdu_size: int = 65531
    tsdu_maximum_size: int = 0
    """Session segments above this, 0 for no segmenting (X.225 6.3.5)."""
    calling_ss_user_reference: bytes = b""
    common_reference: bytes = b""
    """UTCTime text of the moment of connecting; with the calling reference it names the session connection (X.228
    8.1).
    """

    maximum_apdu_size: int = 1 << 31
    maximum_head_size: int = 65536
    """Octets of any one PPDU that is not a segment of an APDU: CP and CPA with the bind in them, above all."""
    maximum_segment_size: int = 4 << 20
    """Octets of one segment of an APDU. A peer that does not checkpoint sends whole APDUs as one segment."""

    connect_time: float = 60.0
    """From the transport connection to RT-OPEN's indication or confirm."""
    response_time: float = 120.0
    """For our own user to answer an indication."""
    transfer_time: float = 300.0
    """Without anything of an APDU that has begun to come in."""
    acknowledgement_time: float = 120.0
    """Without a confirm that is due: of a checkpoint, an activity's end, a discard."""
    release_time: float = 30.0
    """Until A-RELEASE is confirmed."""
    idle_time: float = 600.0
    """Associated and nothing under way."""
    closing_time: float = 10.0
    """Until the peer closes the transport connection, after the last word."""
