"""What can be wrong with what a peer, or a user, has given us.

- MTSError
    - InvalidAPDU: not an MTS-APDU, or one that nothing can be done with
    - InvalidORAddress: text or value that is no O/R address
    - InvalidIdentifier: text that is no MTS identifier or domain identifier
"""

from __future__ import annotations

__all__ = ["InvalidAPDU", "InvalidIdentifier", "InvalidORAddress", "MTSError"]


class MTSError(Exception):
    """Base of this folder's errors."""


class InvalidAPDU(MTSError):
    """Octets that are no MTS-APDU, or whose envelope lacks what is needed to pass it on or to report on it.

    The caller answers the transfer with a reject and keeps the octets aside. `reason` says what was expected and met,
    `offset` is where in the APDU, in octets from its start, or None where the fault has no single place.
    """

    def __init__(self, reason: str, offset: int | None = None) -> None:
        place = "" if offset is None else f" at offset {offset}"
        super().__init__(reason if reason.endswith(place) else reason + place)
        self.reason = reason
        self.offset = offset


class InvalidORAddress(MTSError, ValueError):
    """Text or a value that is no O/R address; the message says which attribute and why."""


class InvalidIdentifier(MTSError, ValueError):
    """Text that is no MTS identifier or global domain identifier."""
