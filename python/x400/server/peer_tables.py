"""What a peer's table says in words of its own: protocols."""

from __future__ import annotations

from typing import Literal

OF_1984 = "mts-transfer-protocol-1984"
Protocol = Literal["mts-transfer", "mts-transfer-protocol", "mts-transfer-protocol-1984"]

APPLICATION_PROTOCOLS: dict[str, int | None] = {
    "mts-transfer": None,
    "mts-transfer-protocol": 12,
    "mts-transfer-protocol-1984": 1,
}
"""The application protocol of X.410-1984 mode that tells a protocol (X.419 12); None: normal mode."""

X410_PROTOCOLS = frozenset(number for number in APPLICATION_PROTOCOLS.values() if number is not None)
