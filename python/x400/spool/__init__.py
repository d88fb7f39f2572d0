"""The durable queue: what has been accepted and is not yet passed on (interface.py is the contract)."""

from x400.spool.durations import Durations
from x400.spool.exceptions import ContentDamaged, SpoolClosed, SpoolCorrupt, SpoolError, SpoolFull, SpoolInUse
from x400.spool.interface import (
    HELD,
    Batch,
    Buffer,
    Claim,
    ContentWriter,
    Entry,
    Event,
    Part,
    QueueState,
    Rescue,
    Spool,
)
from x400.spool.quarantine import Quarantined, QuarantineLimits
from x400.spool.sqlite import SqliteSpool

__all__ = [
    "HELD",
    "Batch",
    "Buffer",
    "Claim",
    "ContentDamaged",
    "ContentWriter",
    "Durations",
    "Entry",
    "Event",
    "Part",
    "QuarantineLimits",
    "Quarantined",
    "QueueState",
    "Rescue",
    "Spool",
    "SpoolClosed",
    "SpoolCorrupt",
    "SpoolError",
    "SpoolFull",
    "SpoolInUse",
    "SqliteSpool",
]
