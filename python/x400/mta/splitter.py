"""The splitter procedure (X.411 14.3, splitter): one copy for each next MTA that some of the recipients share.

Every copy carries all recipients, so that what a signature or a later report needs is there; in each, the
responsibility flag is set only for those recipients that the next MTA is to see to (X.411 12.2.1.1.1.6).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from x400.mta.routing_and_conversion_decision import Decision
    from x400.mts.apdu import Recipient

__all__ = ["split"]


def split(decided: Iterable[tuple[Recipient, Decision]]) -> dict[str, list[tuple[Recipient, Decision]]]:
    """Next hop to those recipients that go there, in the order of the envelope."""
    copies: dict[str, list[tuple[Recipient, Decision]]] = {}
    for recipient, decision in decided:
        if decision.next_hop is not None:
            copies.setdefault(decision.next_hop, []).append((recipient, decision))
    return copies
