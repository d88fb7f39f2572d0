"""What a peer's or a listener's table says in tables and words of its own: protocols, certificates."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from x400.server.tables import Table, Text

OF_1984 = "mts-transfer-protocol-1984"
Protocol = Literal["mts-transfer", "mts-transfer-protocol", "mts-transfer-protocol-1984"]

APPLICATION_PROTOCOLS: dict[str, int | None] = {
    "mts-transfer": None,
    "mts-transfer-protocol": 12,
    "mts-transfer-protocol-1984": 1,
}
"""The application protocol of X.410-1984 mode that tells a protocol (X.419 12); None: normal mode."""

X410_PROTOCOLS = frozenset(number for number in APPLICATION_PROTOCOLS.values() if number is not None)


class Tls(Table):
    """``tls = {...}`` of a listener or a peer: files in PEM. ``trust`` has the authorities of the other side,
    ``certificate`` (and ``key``, unless it is in the same file) is ours: a listener must have it. ``server-name`` is
    what a peer's certificate must be for, when we call; its address if it is left out. ``client-name`` is what the
    certificate of a peer that calls us must say (a common name, or a DNS name); its own name if it is left out.
    """

    trust: Text
    certificate: Text | None = None
    key: Text | None = None
    server_name: Text | None = None
    client_name: Text | None = None


class Strong(Table):
    """``strong = {...}`` of a peer: it presents a signed bind token (X.411 8.5.8), and so do we, either way.

    ``trust`` is a file with the authorities that may have certified it, ``certificate-name`` what its certificate must
    say (a common name, or a DNS name), the peer's name if it is left out.
    """

    trust: Text
    certificate_name: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
