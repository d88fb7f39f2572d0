"""The error-processing procedure (X.411 14.3, error-processing): what becomes of a recipient that cannot be served.

The alternate that the originator has asked for comes first, then the one that the recipient's management domain has
assigned, if the originator allows that; what remains is reported on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import fastber
from x400.mta.redirection import Reason, Redirection, objection
from x400.mts.apdu import Apdu, Recipient, type_named
from x400.mts.exceptions import InvalidORAddress
from x400.mts.extensions import StandardExtension
from x400.mts.oraddress import ORAddress
from x400.mts.reports import NonDelivery

if TYPE_CHECKING:
    from x400.mta.configuration import MTAConfiguration

__all__ = ["Failure", "error_processing"]


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient and why nothing came of it.

    `final`: no other recipient would change it, as it is the message that cannot go on. `alternate` is the one that the
    management domain has for this name.
    """

    recipient: Recipient
    non_delivery: NonDelivery
    final: bool = False
    alternate: ORAddress | None = None


def error_processing(
    apdu: Apdu, failures: list[Failure], configuration: MTAConfiguration
) -> tuple[list[Redirection], list[Failure]]:
    """Those recipients that have an alternate, and those failures that a non-delivery report is to be made of.

    The originating MTA's request is at least a non-delivery report (X.411 12.2.1.1.1.7: one of the two bits is one), so
    none is left out, not even where a peer has sent both as zero: nothing may be lost without a word.
    """
    redirections: list[Redirection] = []
    remaining: list[Failure] = []
    for failure in failures:
        redirection = None if failure.final else _alternate(apdu, failure, configuration.maximum_redirections)
        if redirection is None:
            remaining.append(failure)
        else:
            redirections.append(redirection)
    return redirections, remaining


def _alternate(apdu: Apdu, failure: Failure, maximum: int) -> Redirection | None:
    recipient = failure.recipient
    candidates = [(_requested(recipient), Reason.ORIGINATOR)]
    if failure.alternate is not None and apdu.alternate_recipient_allowed:
        candidates.append((failure.alternate, Reason.DOMAIN))
    for alternate, reason in candidates:
        try:
            if alternate is not None and objection(recipient, alternate, maximum) is None:
                return Redirection(recipient, alternate, reason)
        except (fastber.DecodeError, InvalidORAddress, KeyError):  # the name that failed is none: nothing to remember
            return None
    return None


def _requested(recipient: Recipient) -> ORAddress | None:
    """The alternate that the originator asks for, None when it names none that is an address."""
    for extension in recipient.extensions:
        if extension.type == StandardExtension.ORIGINATOR_REQUESTED_ALTERNATE_RECIPIENT:
            try:
                name = type_named("OriginatorRequestedAlternateRecipient", "MTAAbstractService")
                return ORAddress.from_value(name.decode(extension.value))
            except (fastber.DecodeError, InvalidORAddress):
                return None
    return None
