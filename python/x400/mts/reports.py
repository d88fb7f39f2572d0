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
    """X.411 8.3.1.2.1.11; those from 32 to 46 are of physical delivery and of security, and come from others."""

    UNRECOGNISED_OR_NAME = 0
    AMBIGUOUS_OR_NAME = 1
    MTS_CONGESTION = 2
    LOOP_DETECTED = 3
    RECIPIENT_UNAVAILABLE = 4
    MAXIMUM_TIME_EXPIRED = 5
    ENCODED_INFORMATION_TYPES_UNSUPPORTED = 6
    CONTENT_TOO_LONG = 7
    CONVERSION_IMPRACTICAL = 8
    IMPLICIT_CONVERSION_PROHIBITED = 9
    IMPLICIT_CONVERSION_NOT_SUBSCRIBED = 10
    INVALID_ARGUMENTS = 11
    CONTENT_SYNTAX_ERROR = 12
    SIZE_CONSTRAINT_VIOLATION = 13
    PROTOCOL_VIOLATION = 14
    CONTENT_TYPE_NOT_SUPPORTED = 15
    TOO_MANY_RECIPIENTS = 16
    NO_BILATERAL_AGREEMENT = 17
    UNSUPPORTED_CRITICAL_FUNCTION = 18
    CONVERSION_WITH_LOSS_PROHIBITED = 19
    LINE_TOO_LONG = 20
    PAGE_SPLIT = 21
    PICTORIAL_SYMBOL_LOSS = 22
    PUNCTUATION_SYMBOL_LOSS = 23
    ALPHABETIC_CHARACTER_LOSS = 24
    MULTIPLE_INFORMATION_LOSS = 25
    RECIPIENT_REASSIGNMENT_PROHIBITED = 26
    REDIRECTION_LOOP_DETECTED = 27
    DL_EXPANSION_PROHIBITED = 28
    NO_DL_SUBMIT_PERMISSION = 29
    DL_EXPANSION_FAILURE = 30
    PHYSICAL_RENDITION_ATTRIBUTES_NOT_SUPPORTED = 31
    UNDELIVERABLE_MAIL_PHYSICAL_DELIVERY_ADDRESS_INCORRECT = 32
    UNDELIVERABLE_MAIL_PHYSICAL_DELIVERY_OFFICE_INCORRECT_OR_INVALID = 33
    UNDELIVERABLE_MAIL_PHYSICAL_DELIVERY_ADDRESS_INCOMPLETE = 34
    UNDELIVERABLE_MAIL_RECIPIENT_UNKNOWN = 35
    UNDELIVERABLE_MAIL_RECIPIENT_DECEASED = 36
    UNDELIVERABLE_MAIL_ORGANIZATION_EXPIRED = 37
    UNDELIVERABLE_MAIL_RECIPIENT_REFUSED_TO_ACCEPT = 38
    UNDELIVERABLE_MAIL_RECIPIENT_DID_NOT_CLAIM = 39
    UNDELIVERABLE_MAIL_RECIPIENT_CHANGED_ADDRESS_PERMANENTLY = 40
    UNDELIVERABLE_MAIL_RECIPIENT_CHANGED_ADDRESS_TEMPORARILY = 41
    UNDELIVERABLE_MAIL_RECIPIENT_CHANGED_TEMPORARY_ADDRESS = 42
    UNDELIVERABLE_MAIL_NEW_ADDRESS_UNKNOWN = 43
    UNDELIVERABLE_MAIL_RECIPIENT_DID_NOT_WANT_FORWARDING = 44
    UNDELIVERABLE_MAIL_ORIGINATOR_PROHIBITED_FORWARDING = 45
    SECURE_MESSAGING_ERROR = 46
    UNABLE_TO_DOWNGRADE = 47
    UNABLE_TO_COMPLETE_TRANSFER = 48
    TRANSFER_ATTEMPTS_LIMIT_REACHED = 49
    INCORRECT_NOTIFICATION_TYPE = 50
    DL_EXPANSION_PROHIBITED_BY_SECURITY_POLICY = 51
    FORBIDDEN_ALTERNATE_RECIPIENT = 52
    SECURITY_POLICY_VIOLATION = 53
    SECURITY_SERVICES_REFUSAL = 54
    UNAUTHORISED_DL_MEMBER = 55
    UNAUTHORISED_DL_NAME = 56
    UNAUTHORISED_ORIGINALLY_INTENDED_RECIPIENT_NAME = 57
    UNAUTHORISED_ORIGINATOR_NAME = 58
    UNAUTHORISED_RECIPIENT_NAME = 59
    UNRELIABLE_SYSTEM = 60
    AUTHENTICATION_FAILURE_ON_SUBJECT_MESSAGE = 61
    DECRYPTION_FAILED = 62
    DECRYPTION_KEY_UNOBTAINABLE = 63
    DOUBLE_ENVELOPE_CREATION_FAILURE = 64
    DOUBLE_ENVELOPING_MESSAGE_RESTORING_FAILURE = 65
    FAILURE_OF_PROOF_OF_MESSAGE = 66
    INTEGRITY_FAILURE_ON_SUBJECT_MESSAGE = 67
    INVALID_SECURITY_LABEL = 68
    KEY_FAILURE = 69
    MANDATORY_PARAMETER_ABSENCE = 70
    OPERATION_SECURITY_FAILURE = 71
    REPUDIATION_FAILURE_OF_MESSAGE = 72
    SECURITY_CONTEXT_FAILURE = 73
    TOKEN_DECRYPTION_FAILED = 74
    TOKEN_ERROR = 75
    UNKNOWN_SECURITY_LABEL = 76
    UNSUPPORTED_ALGORITHM_IDENTIFIER = 77
    UNSUPPORTED_SECURITY_POLICY = 78


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
        reason = _REASONS.get(diagnostic, NonDeliveryReasonCode.UNABLE_TO_TRANSFER)
        return cls(reason, diagnostic, information)

    def __str__(self) -> str:
        names = [self.reason.name, *([self.diagnostic.name] if self.diagnostic is not None else [])]
        return " ".join(name.lower().replace("_", "-") for name in names)


_REASONS: dict[NonDeliveryDiagnosticCode, NonDeliveryReasonCode] = {
    **dict.fromkeys(
        (
            NonDeliveryDiagnosticCode.MTS_CONGESTION,
            NonDeliveryDiagnosticCode.MAXIMUM_TIME_EXPIRED,
            NonDeliveryDiagnosticCode.UNABLE_TO_COMPLETE_TRANSFER,
            NonDeliveryDiagnosticCode.TRANSFER_ATTEMPTS_LIMIT_REACHED,
        ),
        NonDeliveryReasonCode.TRANSFER_FAILURE,
    ),
    **dict.fromkeys(
        (
            NonDeliveryDiagnosticCode.CONVERSION_IMPRACTICAL,
            NonDeliveryDiagnosticCode.IMPLICIT_CONVERSION_PROHIBITED,
            NonDeliveryDiagnosticCode.IMPLICIT_CONVERSION_NOT_SUBSCRIBED,
            NonDeliveryDiagnosticCode.CONTENT_SYNTAX_ERROR,
            NonDeliveryDiagnosticCode.CONVERSION_WITH_LOSS_PROHIBITED,
            NonDeliveryDiagnosticCode.LINE_TOO_LONG,
            NonDeliveryDiagnosticCode.PAGE_SPLIT,
            NonDeliveryDiagnosticCode.PICTORIAL_SYMBOL_LOSS,
            NonDeliveryDiagnosticCode.PUNCTUATION_SYMBOL_LOSS,
            NonDeliveryDiagnosticCode.ALPHABETIC_CHARACTER_LOSS,
            NonDeliveryDiagnosticCode.MULTIPLE_INFORMATION_LOSS,
        ),
        NonDeliveryReasonCode.CONVERSION_NOT_PERFORMED,
    ),
}
"""Where the reason is not unable-to-transfer (X.411 8.3.1.2.1.10): communication failed, or a conversion did."""


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

    def with_responsibility(self) -> tuple[bytes, int]:
        """The value with the responsibility bit one, all others as they came."""
        return bytes((self.octets[0] | 0x80,)) + self.octets[1:], max(self.bits, 1)

    def without_responsibility(self) -> tuple[bytes, int]:
        """The value with the responsibility bit zero, all others as they came."""
        return bytes((self.octets[0] & 0x7F,)) + self.octets[1:], self.bits


def printable(text: str, length: int = 256) -> str:
    """Text cut to PrintableString and to `length` characters, other characters as spaces."""
    return "".join(c if c.isascii() and (c.isalnum() or c in " '()+,-./:=?") else " " for c in text)[:length]
