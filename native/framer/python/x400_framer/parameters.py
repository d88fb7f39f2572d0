"""What one side of a connection says and accepts, and the values of the fields of SPDUs (X.225 clause 8)."""

from __future__ import annotations

from dataclasses import dataclass

DATA_TOKEN = 0x01
SYNCHRONIZE_MINOR_TOKEN = 0x04
MAJOR_ACTIVITY_TOKEN = 0x10
RELEASE_TOKEN = 0x40
"""Bits of the Token Item (X.225 8.3.16.3)."""

HALF_DUPLEX = 0x0001
DUPLEX = 0x0002
MINOR_SYNCHRONIZE = 0x0008
ACTIVITY_MANAGEMENT = 0x0040
EXCEPTIONS = 0x0200
TYPED_DATA = 0x0400
"""Functional units, bits of Session User Requirements (X.225 8.3.1.16); those that are implemented here."""

SUPPORTED_REQUIREMENTS = HALF_DUPLEX | DUPLEX | MINOR_SYNCHRONIZE | ACTIVITY_MANAGEMENT | EXCEPTIONS | TYPED_DATA

INITIATOR_SIDE = 0
RESPONDER_SIDE = 1
CALLED_CHOICE = 2
"""A token's setting, two bits of the Token Setting Item (X.225 8.3.1.13)."""

VERSION_1 = 0x01
VERSION_2 = 0x02

PROTOCOL_ERROR = 0x04
NO_REASON = 0x08
IMPLEMENTATION_RESTRICTION = 0x10
"""Reasons of a provider's abort: bits of Transport Disconnect in the ABORT SPDU (X.225 8.3.9.3)."""

REFUSED_BY_USER = 0
REFUSED_BY_USER_CONGESTION = 1
REFUSED_BY_USER_WITH_DATA = 2
REFUSED_SELECTOR_UNKNOWN = 129
REFUSED_NOT_ATTACHED = 130
REFUSED_CONGESTION = 131
REFUSED_VERSION = 132
REFUSED_BY_PROVIDER = 133
REFUSED_RESTRICTION = 134
"""Reason codes of the REFUSE SPDU (X.225 8.3.5)."""

MAXIMUM_TPDU_SIZE = 65531
"""What a TPKT can hold (RFC 1006 6, RFC 2126 4.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Proposals of an initiator, bounds of a responder.

    A responder whose called selector is not empty takes no other. `initial_tokens` has a bit for each token that is
    to be the responder's side at first. `max_tsdu` bounds what is put together from parts (a TSDU of several TPDUs,
    an SSDU of several TSDUs), in octets; `tsdu_maximum_size` is what either side may send in one TSDU, 0 without limit.
    """

    calling_transport_selector: bytes = b""
    called_transport_selector: bytes = b""
    calling_session_selector: bytes = b""
    called_session_selector: bytes = b""
    tpdu_size: int = MAXIMUM_TPDU_SIZE
    reference: int = 1
    tsdu_maximum_size: int = 0
    session_requirements: int = HALF_DUPLEX | MINOR_SYNCHRONIZE | ACTIVITY_MANAGEMENT | EXCEPTIONS
    initial_tokens: int = 0
    versions: int = VERSION_1 | VERSION_2
    ss_user_reference: bytes = b""
    common_reference: bytes = b""
    additional_reference_information: bytes = b""
    initial_serial_number: int = 1
    max_tsdu: int = 8 << 20

    def __post_init__(self) -> None:
        if not 128 <= self.tpdu_size <= MAXIMUM_TPDU_SIZE:
            raise ValueError(f"tpdu_size {self.tpdu_size}: expected 128 to {MAXIMUM_TPDU_SIZE}")
        if self.session_requirements & ~SUPPORTED_REQUIREMENTS:
            raise ValueError(f"session_requirements {self.session_requirements:#x}: a functional unit not implemented")
        if not self.session_requirements & (HALF_DUPLEX | DUPLEX):
            raise ValueError("session_requirements: half-duplex or duplex is needed (X.225 5.5)")
        if not 0 < self.versions <= 3:
            raise ValueError(f"versions {self.versions}: expected 1, 2 or 3")
        if self.tsdu_maximum_size and not 64 <= self.tsdu_maximum_size <= 65535:
            raise ValueError(f"tsdu_maximum_size {self.tsdu_maximum_size}: expected 0 or 64 to 65535")
        for name, limit in (
            ("calling_transport_selector", 64),
            ("called_transport_selector", 64),
            ("calling_session_selector", 16),
            ("called_session_selector", 16),
            ("ss_user_reference", 64),
            ("common_reference", 64),
            ("additional_reference_information", 4),
        ):
            if len(getattr(self, name)) > limit:
                raise ValueError(f"{name}: at most {limit} octets")
