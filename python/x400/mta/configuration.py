"""What an MTA is told about itself and about where things go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.oraddress import ORAddress

__all__ = ["InternalTrace", "MTAConfiguration", "Route"]


class InternalTrace(Enum):
    """When an element is added to the internal trace information (X.411 12.2.1.1.1.4)."""

    ALWAYS = "always"
    WITHIN_DOMAIN = "within-domain"
    """Only to what came from another MTA of the own domain."""
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Route:
    """All O/R addresses that have the attributes of `to` go to one `peer`, or are delivered to one `deliver` folder."""

    to: ORAddress
    peer: str | None = None
    deliver: str | None = None

    def __post_init__(self) -> None:
        if (self.peer is None) == (self.deliver is None):
            raise ValueError(f"route to {self.to}: either peer or deliver is expected")


@dataclass(frozen=True, slots=True)
class MTAConfiguration:
    """One MTA.

    `transfer_times` are, for urgent, normal and non-urgent, after how long a message that could not be passed on is
    given up (F.410 table); reports as normal. `worker` distinguishes the identifiers of several processes of one MTA.
    `maximum_content_length` and `maximum_returned_content` are in octets, the first None for no limit. To the peers
    in `peers_1988`, types of extension fields are written as in 1988.
    """

    name: str
    global_domain_identifier: GlobalDomainIdentifier
    routes: tuple[Route, ...] = ()
    internal_trace: InternalTrace = InternalTrace.ALWAYS
    transfer_times: tuple[timedelta, timedelta, timedelta] = (
        timedelta(hours=4),
        timedelta(hours=24),
        timedelta(hours=36),
    )
    maximum_content_length: int | None = None
    maximum_returned_content: int = 65_536
    maximum_trace_elements: int = 512
    worker: str = ""
    peers_1988: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= 32 or not self.name.isascii():
            raise ValueError(f"MTA name {self.name!r}: 1 to 32 ASCII characters are expected")
