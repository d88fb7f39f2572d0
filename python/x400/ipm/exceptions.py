"""What can be wrong with an interpersonal message.

IPMError
    InvalidIPM          octets that are no interpersonal message
    Unencodable         what the message's types cannot hold
"""

from __future__ import annotations

__all__ = ["IPMError", "InvalidIPM", "Unencodable"]


class IPMError(ValueError):
    """Base of all errors of x400.ipm."""


class InvalidIPM(IPMError):
    """Octets that are no InformationObject of X.420; `offset` is where that shows, if it is known."""

    def __init__(self, reason: str, offset: int | None = None) -> None:
        super().__init__(reason)
        self.offset = offset


class Unencodable(IPMError):
    """A value that its ASN.1 type cannot hold; the text says which field and why."""
