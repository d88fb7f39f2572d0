"""Why something was not delivered, and who asked to be told (X.411 8.3.1.2.1, 12.2.1.1.1.7, figure 4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "Indicators",
    "NonDelivery",
    "NonDeliveryDiagnosticCode",
    "NonDeliveryReasonCode",
    "printable",
]


class NonDeliveryReasonCode(IntEnum):
    """X.411 8.3.1.2.1.10."""

    TRANSFER_FAILURE = 0
    UNABLE_TO_TRANSFER = 1
    CONVERSION_NOT_PERFORMED = 2
    PHYSICAL_RENDITION_NOT_PERFORMED = 3
    PHYSICAL_DELIVERY_NOT_PERFORMED = 4
    RESTRICTED_DELIVERY = 5
    DIRECTORY_OPERATION_UNSUCCESSFUL = 6
    DEFERRED_DELIVERY_NOT_PERFORMED = 7
    TRANSFER_FAILURE_FOR_SECURITY_REASON = 8


class NonDeliveryDiagnosticCode(IntEnum):
    """X.411 8.3.1.2.1.11, those that this MTA gives."""

    UNRECOGNISED_OR_NAME = 0
    AMBIGUOUS_OR_NAME = 1
    MTS_CONGESTION = 2
    LOOP_DETECTED = 3
    RECIPIENT_UNAVAILABLE = 4
    MAXIMUM_TIME_EXPIRED = 5
    ENCODED_INFORMATION_TYPES_UNSUPPORTED = 6
    CONTENT_TOO_LONG = 7
    CONVERSION_IMPRACTICAL = 8
    INVALID_ARGUMENTS = 11
    CONTENT_SYNTAX_ERROR = 12
    SIZE_CONSTRAINT_VIOLATION = 13
    PROTOCOL_VIOLATION = 14
    CONTENT_TYPE_NOT_SUPPORTED = 15
    TOO_MANY_RECIPIENTS = 16
    NO_BILATERAL_AGREEMENT = 17
    UNSUPPORTED_CRITICAL_FUNCTION = 18
    UNABLE_TO_DOWNGRADE = 47
    UNABLE_TO_COMPLETE_TRANSFER = 48
    TRANSFER_ATTEMPTS_LIMIT_REACHED = 49


@dataclass(frozen=True, slots=True)
class NonDelivery:
    """The reason, the diagnostic, and what a human is told beside them."""

    reason: NonDeliveryReasonCode
    diagnostic: NonDeliveryDiagnosticCode | None = None
    supplementary_information: str | None = None

    @classmethod
    def of(cls, diagnostic: NonDeliveryDiagnosticCode | str, information: str | None = None) -> NonDelivery:
        """With the reason that goes with a diagnostic, which may be given by its name in the Recommendation.

        Text that is no such name stands for an expired time, and is what the human is told.
        """
        if isinstance(diagnostic, str):
            name = diagnostic.upper().replace("-", "_")
            if name not in NonDeliveryDiagnosticCode.__members__:
                return cls.of(NonDeliveryDiagnosticCode.MAXIMUM_TIME_EXPIRED, information or diagnostic or None)
            diagnostic = NonDeliveryDiagnosticCode[name]
        failure = diagnostic in _FAILURES_OF_TRANSFER
        reason = NonDeliveryReasonCode.TRANSFER_FAILURE if failure else NonDeliveryReasonCode.UNABLE_TO_TRANSFER
        return cls(reason, diagnostic, information)

    def __str__(self) -> str:
        names = [self.reason.name, *([self.diagnostic.name] if self.diagnostic is not None else [])]
        return " ".join(name.lower().replace("_", "-") for name in names)


_FAILURES_OF_TRANSFER = frozenset(
    {
        NonDeliveryDiagnosticCode.MTS_CONGESTION,
        NonDeliveryDiagnosticCode.MAXIMUM_TIME_EXPIRED,
        NonDeliveryDiagnosticCode.UNABLE_TO_COMPLETE_TRANSFER,
        NonDeliveryDiagnosticCode.TRANSFER_ATTEMPTS_LIMIT_REACHED,
    }
)
"""Where communication failed, not the subject: reason transfer-failure (X.411 8.3.1.2.1.10)."""


class Indicators:
    """PerRecipientIndicators, as decoded: octets and number of bits (X.411 12.2.1.1.1.6 to 12.2.1.1.1.8)."""

    __slots__ = ("bits", "octets")

    def __init__(self, value: tuple[bytes, int]) -> None:
        self.octets, self.bits = value

    def _first(self, mask: int) -> bool:
        return bool(self.octets) and bool(self.octets[0] & mask)

    @property
    def responsibility(self) -> bool:
        """Whether the MTA that gets this is to see to the recipient."""
        return self._first(0x80)

    @property
    def delivery_report(self) -> bool:
        """Whether a delivery report is asked for by originator or originating MTA (report or audited-report)."""
        return self._first(0x50)

    @property
    def audited_report(self) -> bool:
        """Whether the originating MTA asks for the trace in reports."""
        return bool(self.octets) and self.octets[0] & 0x60 == 0x60

    @property
    def originator_report(self) -> bool:
        """Whether the originator wants to see a delivery report."""
        return self._first(0x10)

    @property
    def originator_non_delivery_report(self) -> bool:
        """Whether the originator wants to see a non-delivery report; one who wants reports wants these too."""
        return self._first(0x18)

    def without_responsibility(self) -> tuple[bytes, int]:
        """The value with the responsibility bit zero, all others as they came."""
        return bytes((self.octets[0] & 0x7F,)) + self.octets[1:], self.bits


def printable(text: str, length: int = 256) -> str:
    """Text cut to PrintableString and to `length` characters, other characters as spaces."""
    return "".join(c if c.isascii() and (c.isalnum() or c in " '()+,-./:=?") else " " for c in text)[:length]
