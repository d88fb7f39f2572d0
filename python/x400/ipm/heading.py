"""The heading of an interpersonal message (X.420 7.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from unicodedata import combining, normalize

from x400.ipm.exceptions import InvalidIPM, Unencodable
from x400.ipm.types import ipm_type, oid
from x400.mts.exceptions import MTSError
from x400.mts.oraddress import ORAddress

__all__ = ["Heading", "Recipient"]

Importance = Literal["low", "normal", "high"]
Sensitivity = Literal["personal", "private", "company-confidential"]
NotificationRequest = Literal["rn", "nrn", "ipm-return"]

_REQUEST_BITS: dict[str, int] = {"rn": 0x80, "nrn": 0x40, "ipm-return": 0x20}
_MAX_SUBJECT, _MAX_EXTENDED_SUBJECT, _MAX_LOCAL_IDENTIFIER = 128, 256, 64


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient specifier (7.1.3); `free_form_name` is for people to read."""

    address: ORAddress | None
    free_form_name: str | None = None
    notification_requests: frozenset[NotificationRequest] = frozenset()
    reply_requested: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """Who to whom about what. `identifier` is unique among the messages of the originator (7.2.1)."""

    identifier: str
    originator: ORAddress | None = None
    primary_recipients: tuple[Recipient, ...] = ()
    copy_recipients: tuple[Recipient, ...] = ()
    blind_copy_recipients: tuple[Recipient, ...] = ()
    subject: str | None = None
    importance: Importance = "normal"
    sensitivity: Sensitivity | None = None
    replied_to: str | None = None
    others: Mapping[str, Any] = field(default_factory=dict)
    """Fields that are only read, as values by their names in the Recommendation."""

    def to_value(self) -> dict[str, Any]:
        """The Heading value; raises Unencodable."""
        if not 0 < len(self.identifier) <= _MAX_LOCAL_IDENTIFIER or not self.identifier.isascii():
            raise Unencodable(f"identifier {self.identifier!r}: 1 to 64 ASCII characters are expected")
        value: dict[str, Any] = {"this-IPM": self._this_ipm()}
        if self.originator is not None:
            value["originator"] = {"formal-name": self.originator.to_value()}
        if self.primary_recipients:
            value["primary-recipients"] = [_specifier(recipient) for recipient in self.primary_recipients]
        if self.copy_recipients:
            value["copy-recipients"] = [_specifier(recipient) for recipient in self.copy_recipients]
        if self.blind_copy_recipients:
            value["blind-copy-recipients"] = [_specifier(recipient) for recipient in self.blind_copy_recipients]
        if self.replied_to is not None:
            value["replied-to-IPM"] = {"user-relative-identifier": self.replied_to}
        if self.importance != "normal":
            value["importance"] = self.importance
        if self.sensitivity is not None:
            value["sensitivity"] = self.sensitivity
        if self.subject is not None:
            value |= _subject_fields(self.subject)
        return value

    def _this_ipm(self) -> dict[str, Any]:
        this_ipm: dict[str, Any] = {"user-relative-identifier": self.identifier}
        if self.originator is not None:
            this_ipm["user"] = self.originator.to_value()
        return this_ipm

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> Heading:
        """From a Heading value; raises InvalidIPM."""
        originator = value.get("originator", {}).get("formal-name")
        replied_to = value.get("replied-to-IPM")
        return cls(
            identifier=value["this-IPM"]["user-relative-identifier"],
            originator=None if originator is None else _address(originator),
            primary_recipients=_recipients(value.get("primary-recipients")),
            copy_recipients=_recipients(value.get("copy-recipients")),
            blind_copy_recipients=_recipients(value.get("blind-copy-recipients")),
            subject=_subject(value),
            importance=value.get("importance", "normal"),
            sensitivity=value.get("sensitivity"),
            replied_to=None if replied_to is None else replied_to["user-relative-identifier"],
            others={name: member for name, member in value.items() if name not in _FIELDS and member},
        )


_FIELDS = frozenset(
    {
        "this-IPM",
        "originator",
        "primary-recipients",
        "copy-recipients",
        "blind-copy-recipients",
        "subject",
        "importance",
        "sensitivity",
        "replied-to-IPM",
    }
)


def _specifier(recipient: Recipient) -> dict[str, Any]:
    descriptor: dict[str, Any] = {}
    if recipient.address is not None:
        descriptor["formal-name"] = recipient.address.to_value()
    if recipient.free_form_name is not None:
        descriptor["free-form-name"] = recipient.free_form_name
    value: dict[str, Any] = {"recipient": descriptor}
    if recipient.notification_requests:
        bits = sum(_REQUEST_BITS[request] for request in recipient.notification_requests)
        value["notification-requests"] = (bytes((bits,)), 3)
    if recipient.reply_requested:
        value["reply-requested"] = True
    return value


def _recipients(values: list[dict[str, Any]] | None) -> tuple[Recipient, ...]:
    return tuple(_recipient(value) for value in values or ())


def _recipient(value: dict[str, Any]) -> Recipient:
    descriptor = value["recipient"]
    name = descriptor.get("formal-name")
    octets, _ = value.get("notification-requests", (b"", 0))
    requests: set[Any] = {request for request, bit in _REQUEST_BITS.items() if octets and octets[0] & bit}
    return Recipient(
        None if name is None else _address(name),
        descriptor.get("free-form-name"),
        frozenset(requests),
        value.get("reply-requested", False),
    )


def _address(value: Any) -> ORAddress:
    try:
        return ORAddress.from_value(value)
    except MTSError as error:
        raise InvalidIPM(str(error)) from None


def _subject_fields(subject: str) -> dict[str, Any]:
    """The subject; one that is not all ASCII or too long goes into the extended-subject extension, too.

    The field itself, a TeletexString, then has it in ASCII, without accents: other octets would be T.61's, not Latin-1.
    """
    plain = "".join(character for character in normalize("NFKD", subject) if not combining(character))
    text = plain.encode("ascii", "replace").decode()[:_MAX_SUBJECT]
    fields: dict[str, Any] = {"subject": text}
    if subject != text:
        if len(subject) > _MAX_EXTENDED_SUBJECT:
            raise Unencodable(f"subject: at most {_MAX_EXTENDED_SUBJECT} characters are expected")
        encoding = "two-octets" if max(map(ord, subject)) < 0x10000 else "four-octets"
        extended = ipm_type("ExtendedSubject", "IPMSHeadingExtensions").encode(
            {"character-encoding": (encoding, subject)}
        )
        fields["extensions"] = [{"type": oid("id-hex-extended-subject"), "value": extended}]
    return fields


def _subject(value: Mapping[str, Any]) -> str | None:
    import fastber

    subject: str | None = value.get("subject")
    for extension in value.get("extensions", ()):
        if extension["type"] == oid("id-hex-extended-subject"):
            try:
                extended = ipm_type("ExtendedSubject", "IPMSHeadingExtensions").decode(extension["value"])
            except fastber.DecodeError:
                continue
            _, subject = extended["character-encoding"]
    return subject
