"""Which extensions are understood when they are critical (X.411 9.2): for submission, for transfer, for delivery.

An extension that is critical for a port must be understood by who takes the message, probe or report there, or it goes
no further: a submission is refused (unsupported-critical-function), else there is a non-delivery report. Understood is
what the Recommendations define and this system does as they say; all the others stand in the tables below.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from x400.mts.extensions import (
    FOR_DELIVERY,
    FOR_SUBMISSION,
    FOR_TRANSFER,
    HIGHEST_STANDARD_EXTENSION,
    StandardExtension,
)
from x400.mts.fields import first_octet

__all__ = ["OF_A_SUBMISSION", "is_understood", "not_understood"]

OF_A_SUBMISSION = frozenset({*range(1, 25), 28, 36, *range(40, 47)})
"""What the envelope of a submission may have (X.411 8.2.1.1.1, 8.2.1.2.1); the others are made by MTAs."""

_NOT_DONE = {
    FOR_SUBMISSION: frozenset({StandardExtension.PROOF_OF_SUBMISSION_REQUEST, StandardExtension.FORWARDING_REQUEST}),
    FOR_TRANSFER: frozenset[StandardExtension](),
    FOR_DELIVERY: frozenset({StandardExtension.PROOF_OF_DELIVERY_REQUEST}),
}
"""Extensions of the standard that ask for what is not done here: proofs, which are to be signed; forwarding out of a
message store. For transfer there is nothing to do but to pass them on."""


def is_understood(kind: int | str, port: int) -> bool:
    """Whether an extension, by its number or object identifier, may be critical for `port`, one of the FOR_ bits."""
    if not isinstance(kind, int) or not 0 < kind <= HIGHEST_STANDARD_EXTENSION:
        return False
    if port == FOR_SUBMISSION and kind not in OF_A_SUBMISSION:
        return False
    return kind not in _NOT_DONE[port]


def not_understood(fields: Iterable[dict[str, Any]], port: int) -> list[int | str]:
    """Of ExtensionField values those, in their order, that are critical for `port` and not understood."""
    return [
        field["type"][1]
        for field in fields
        if first_octet(field.get("criticality")) & port and not is_understood(field["type"][1], port)
    ]
