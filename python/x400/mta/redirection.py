"""The redirection procedure (X.411 14.3, redirection): another recipient in the place of one.

Three assign it: the recipient, the originator, the recipient's management domain. The name that was intended stays in
the redirection history, of which reports and delivery tell; the recipient's number stays what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import fastber
from x400.mta.copies import REDIRECTED, Actions, Work, extension_edit, spliced, traced, without
from x400.mts.apdu import Recipient, type_named
from x400.mts.exceptions import InvalidORAddress
from x400.mts.extensions import Extension, StandardExtension
from x400.mts.oraddress import ORAddress
from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode
from x400.mts.trace import utc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from x400.mta.configuration import MTAConfiguration

__all__ = ["Reason", "Redirection", "history_of", "objection", "redirection"]

_LOOP = NonDelivery.of(NonDeliveryDiagnosticCode.REDIRECTION_LOOP_DETECTED)


class Reason:
    """RedirectionReason (X.411 8.3.1.1.1.7)."""

    RECIPIENT = "recipient-assigned-alternate-recipient"
    ORIGINATOR = "originator-requested-alternate-recipient"
    DOMAIN = "recipient-MD-assigned-alternate-recipient"


@dataclass(frozen=True, slots=True)
class Redirection:
    """One recipient, who it is to be instead, and on whose account (`Reason`)."""

    recipient: Recipient
    alternate: ORAddress
    reason: str


def history_of(extensions: Iterable[Extension]) -> list[dict[str, Any]]:
    """The redirection history among extension fields, oldest first; of one that does not decode: none."""
    for extension in extensions:
        if extension.type == StandardExtension.REDIRECTION_HISTORY:
            try:
                history: list[dict[str, Any]] = type_named("RedirectionHistory").decode(extension.value)
            except fastber.DecodeError:
                return []
            return history
    return []


def objection(recipient: Recipient, alternate: ORAddress, maximum: int) -> NonDelivery | None:
    """Why a recipient cannot be redirected there: it has been this one before, or too often another."""
    history = history_of(recipient.extensions)
    if alternate == recipient.name or len(history) >= maximum:
        return _LOOP
    for one in history:
        try:
            if ORAddress.from_value(one["intended-recipient-name"]["intended-recipient"]) == alternate:
                return _LOOP
        except InvalidORAddress:
            continue
    return None


def entry(intended: Any, now: datetime, reason: str) -> dict[str, Any]:
    """One element of a RedirectionHistory."""
    name = {"intended-recipient": intended, "redirection-time": utc(now)}
    return {"intended-recipient-name": name, "redirection-reason": reason}


def redirection(
    work: Work,
    redirections: Sequence[Redirection],
    others: Iterable[Recipient],
    configuration: MTAConfiguration,
    now: datetime,
) -> Work:
    """A copy in which each of these recipients is the alternate; `others` are those whom the copy is not for."""
    redirected = traced(work, configuration, now, Actions(other=REDIRECTED))
    apdu = redirected.apdu
    edits = without(others, apdu)
    for one in redirections:
        base = f"{apdu.path}per-recipient-fields[{one.recipient.index}]."
        history = history_of(one.recipient.extensions)
        history.append(entry(one.recipient.view["recipient-name"].value, now, one.reason))
        value = type_named("RedirectionHistory").encode(history)
        edits[base + "recipient-name"] = one.alternate.to_value()
        edits |= extension_edit(one.recipient.extensions, base, StandardExtension.REDIRECTION_HISTORY, value)
    redirected.apdu = spliced(apdu, edits)
    return redirected
