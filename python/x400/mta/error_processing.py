"""The error-processing procedure (X.411 14.3, error-processing): what becomes of a recipient that cannot be served.

Until alternate recipients are looked for here, each such recipient is reported on.
"""

from __future__ import annotations

from dataclasses import dataclass

from x400.mts.apdu import Recipient
from x400.mts.reports import NonDelivery

__all__ = ["Failure", "error_processing"]


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient and why nothing came of it."""

    recipient: Recipient
    non_delivery: NonDelivery


def error_processing(failures: list[Failure]) -> list[Failure]:
    """Those failures that a non-delivery report is to be made of.

    The originating MTA's request is at least a non-delivery report (X.411 12.2.1.1.1.7: one of the two bits is one), so
    none is left out, not even where a peer has sent both as zero: nothing may be lost without a word.
    """
    return failures
