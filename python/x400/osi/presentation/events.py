"""What a presentation connection reports (X.216).

The primitives that X.226 6.5 and 6.6 pass through from session unchanged (tokens given, synchronization, activities,
exceptions) come as the session's own events, `x400_framer.SSyncMinorIndication` and so on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from x400.osi.presentation.user_data import PDV

__all__ = [
    "ContextResult",
    "PConnectConfirm",
    "PConnectIndication",
    "PConnectRefused",
    "PDataIndication",
    "PPAbortIndication",
    "PReleaseConfirm",
    "PReleaseIndication",
    "PTokenPleaseIndication",
    "PTypedDataIndication",
    "PUAbortIndication",
]


@dataclass(frozen=True, slots=True)
class ContextResult:
    """A proposed context and what became of it: result 0 acceptance, 1 user-rejection, 2 provider-rejection."""

    identifier: int
    abstract_syntax: str
    result: int
    provider_reason: int | None = None


@dataclass(frozen=True, slots=True)
class PConnectIndication:
    """A CP PPDU came; `contexts` holds what will be answered to each proposal."""

    calling_selector: bytes
    called_selector: bytes
    contexts: tuple[ContextResult, ...]
    user_data: list[PDV]
    token_setting: int = 0
    """Which side has each session token at first (X.225 8.3.1.13)."""
    calling_ss_user_reference: bytes = b""
    common_reference: bytes = b""
    additional_reference_information: bytes = b""
    calling_transport_selector: bytes = b""
    called_transport_selector: bytes = b""
    calling_session_selector: bytes = b""
    called_session_selector: bytes = b""


@dataclass(frozen=True, slots=True)
class PConnectConfirm:
    """The peer accepted (CPA)."""

    responding_selector: bytes
    contexts: tuple[ContextResult, ...]
    user_data: list[PDV]


@dataclass(frozen=True, slots=True)
class PConnectRefused:
    """No connection: `layer` refused with its own `reason`, None where the user of the layer did, in its user data."""

    layer: str
    reason: int | None
    user_data: list[PDV] = field(default_factory=list)
    detail: str = ""


@dataclass(slots=True)
class PDataIndication:
    """Values of one S-DATA, views of the session's buffer: valid until the next octets are received."""

    user_data: list[PDV]


@dataclass(frozen=True, slots=True)
class PTypedDataIndication:
    user_data: list[PDV]


@dataclass(frozen=True, slots=True)
class PTokenPleaseIndication:
    tokens: int
    user_data: list[PDV]


@dataclass(frozen=True, slots=True)
class PReleaseIndication:
    user_data: list[PDV]


@dataclass(frozen=True, slots=True)
class PReleaseConfirm:
    user_data: list[PDV]


@dataclass(frozen=True, slots=True)
class PUAbortIndication:
    """The peer's user aborted (ARU)."""

    user_data: list[PDV]


@dataclass(frozen=True, slots=True)
class PPAbortIndication:
    """The connection is gone: `layer` (transport, session, presentation) gave it up for `reason`.

    `local` tells whether this side found the fault; `offset` is where, in the layer's own unit of data.
    """

    layer: str
    reason: int
    detail: str
    offset: int | None = None
    local: bool = False
