"""Captures without passwords: in what a connection begins with, those of the configuration are overwritten.

A capture must begin with the bind to be dissected, and simple credentials go as they are. Octets are overwritten only
where a whole password stands as the element of a bind, so nothing else changes, and no length does. What somebody
presents that is no password of the configuration stays, and so does one that comes in two reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from x400.net.association import Tap, TapMaker

BEGINNING = 65536
"""Octets of each direction in which binds are looked for."""


class Masking:
    """A maker of taps that overwrites passwords before another sees them."""

    def __init__(self, maker: TapMaker, passwords: Iterable[str]) -> None:
        self._maker = maker
        self._masks: list[tuple[bytes, bytes]] = []
        for password in passwords:
            octets = password.encode("latin-1", "replace")
            for tag in (0x16, 0x04):  # IA5String, OCTET STRING
                head = bytes((tag, len(octets)))
                self._masks.append((head + octets, head + b"*" * len(octets)))

    def connection(self, local_addr: Any, peer_addr: Any, initiator: bool) -> Tap:
        return _MaskingTap(self._maker.connection(local_addr, peer_addr, initiator), self._masks)


class _MaskingTap:
    def __init__(self, tap: Tap, masks: list[tuple[bytes, bytes]]) -> None:
        self._tap = tap
        self._masks = masks
        self._left = [BEGINNING, BEGINNING]

    def _masked(self, data: bytes, direction: int) -> bytes:
        if self._left[direction] > 0:
            self._left[direction] -= len(data)
            for password, mask in self._masks:
                data = data.replace(password, mask)
        return data

    def received(self, data: bytes) -> None:
        self._tap.received(self._masked(data, 0))

    def sent(self, data: bytes) -> None:
        self._tap.sent(self._masked(data, 1))

    def closed(self) -> None:
        self._tap.closed()
