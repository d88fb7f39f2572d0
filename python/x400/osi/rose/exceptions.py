"""What can go wrong in remote operations.

BindError      the user data of RT-OPEN is no bind of the kind that is due
"""

from __future__ import annotations

from x400.osi.exceptions import OSIError

__all__ = ["BindError"]


class BindError(OSIError):
    """No bind; `offset` within the user data."""

    def __init__(self, detail: str, offset: int) -> None:
        super().__init__(f"{detail} at offset {offset}")
        self.detail = detail
        self.offset = offset
