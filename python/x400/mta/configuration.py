"""What an MTA is told about itself, its users and distribution lists, and about where things go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum

from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.oraddress import ORAddress

__all__ = [
    "DistributionList",
    "InternalTrace",
    "MTAConfiguration",
    "ReportPolicy",
    "Restrictions",
    "Route",
    "User",
]

ContentType = int | str
"""A number of BuiltInContentType, or an object identifier as text."""


class InternalTrace(Enum):
    """When an element is added to the internal trace information (X.411 12.2.1.1.1.4)."""

    ALWAYS = "always"
    WITHIN_DOMAIN = "within-domain"
    """Only to what came from another MTA of the own domain."""
    NEVER = "never"


class ReportPolicy(Enum):
    """To whom reports on the members of a distribution list go (X.402 14.4, X.411 14.4.2)."""

    ORIGINATOR = "originator"
    """Back along the expansion history: to the list that this one was a member of, or to the originator."""
    OWNER = "owner"
    BOTH = "both"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What a peer or a user takes; None: all. `encoded_information_types` are names of built-in types and object
    identifiers as text, `maximum_content_length` is in octets."""

    content_types: frozenset[ContentType] | None = None
    maximum_content_length: int | None = None
    encoded_information_types: frozenset[str] | None = None

    @property
    def any(self) -> bool:
        """Whether something is restricted."""
        return not (
            self.content_types is None
            and self.maximum_content_length is None
            and self.encoded_information_types is None
        )


@dataclass(frozen=True, slots=True)
class User:
    """A local user, where more is to be said of it than the route does (X.411 8.4.1, register).

    `alternate_recipient` is assigned by the recipient: all is redirected there. `permitted` are prefixes of the
    originators that may write to it, None: all (restricted-delivery). With `implicit_conversion`, what it does not take
    is converted if it can be.
    """

    address: ORAddress
    deliver: str | None = None
    alternate_recipient: ORAddress | None = None
    restrictions: Restrictions = Restrictions()
    permitted: tuple[ORAddress, ...] | None = None
    implicit_conversion: bool = True


@dataclass(frozen=True, slots=True)
class DistributionList:
    """A list that is expanded here (X.402 14). `permitted` are those who may submit to it, None: everybody; each is the
    prefix of an originator's address, or the address of a list that this one is a member of."""

    address: ORAddress
    members: tuple[ORAddress, ...]
    owner: ORAddress | None = None
    permitted: tuple[ORAddress, ...] | None = None
    report_policy: ReportPolicy = ReportPolicy.ORIGINATOR

    def __post_init__(self) -> None:
        if not self.members:
            raise ValueError(f"distribution list {self.address}: at least one member is expected")
        if self.owner is None and self.report_policy in (ReportPolicy.OWNER, ReportPolicy.BOTH):
            raise ValueError(f"distribution list {self.address}: an owner is expected, to whom reports can go")


@dataclass(frozen=True, slots=True)
class Route:
    """All O/R addresses that have the attributes of `to` go to one `peer`, or are delivered to one `deliver` folder.

    An attribute whose value is a lone `*` (written `O=*`) is matched by any value. Of several routes to the same, that
    of the least `cost` is taken first, the others if it is down. A route that has `content_types`, `priorities` (0
    urgent, 1 normal, 2 non-urgent), a `maximum_content_length` or `originators` (prefixes) is for such messages only.

    With `listed_users`, a name below it is recognised only if it is that of a `User` or a `DistributionList`.
    `alternate_recipient` is assigned by the management domain: who cannot be delivered to is redirected there, if the
    originator has allowed it.
    """

    to: ORAddress
    peer: str | None = None
    deliver: str | None = None
    cost: int = 0
    content_types: frozenset[ContentType] | None = None
    priorities: frozenset[int] | None = None
    maximum_content_length: int | None = None
    originators: tuple[ORAddress, ...] | None = None
    listed_users: bool = False
    alternate_recipient: ORAddress | None = None

    def __post_init__(self) -> None:
        if (self.peer is None) == (self.deliver is None):
            raise ValueError(f"route to {self.to}: either peer or deliver is expected")

    @property
    def conditional(self) -> bool:
        """Whether it is for some messages only."""
        return not (
            self.content_types is None
            and self.priorities is None
            and self.maximum_content_length is None
            and self.originators is None
        )


@dataclass(frozen=True, slots=True)
class MTAConfiguration:
    """One MTA.

    `transfer_times` are, for urgent, normal and non-urgent, after how long a message that could not be passed on is
    given up (F.410 table); reports as normal. `worker` distinguishes the identifiers of several processes of one MTA.
    `maximum_content_length` and `maximum_returned_content` are in octets, the first None for no limit. To the peers
    in `peers_1988`, types of extension fields are written as in 1988; `restrictions` are by peer. A message that is not
    to be delivered before some time is held here, unless `defers` is False. At most `maximum_copies` are made of one
    message that comes in, by redirection, expansion of lists and conversion. `peers_1984` speak the P1 of 1984;
    `gateway_1984` is the address under which they write to addresses that only 1988 can hold (RFC 1328 3.1).
    `peer_domains` are those of the peers, where they are known: the trace names them.
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
    peers_1984: frozenset[str] = frozenset()
    peer_domains: Mapping[str, GlobalDomainIdentifier] = field(default_factory=dict)
    gateway_1984: ORAddress | None = None
    users: tuple[User, ...] = ()
    distribution_lists: tuple[DistributionList, ...] = ()
    restrictions: Mapping[str, Restrictions] = field(default_factory=dict)
    defers: bool = True
    maximum_copies: int = 1000
    maximum_redirections: int = 512

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= 32 or not self.name.isascii():
            raise ValueError(f"MTA name {self.name!r}: 1 to 32 ASCII characters are expected")
