"""One MTS-APDU (X.419 MTSTransferProtocol) looked at in place: only what is asked for is decoded, nothing is copied.

What an MTA does with it goes by views and splices, so that every octet that X.411 does not make it change leaves as
it came.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

import fastber
from x400.mts.exceptions import InvalidAPDU, MTSError
from x400.mts.extensions import Extension, StandardExtension, extension_of, extensions
from x400.mts.fields import BitString, Kind, fields_of, first_octet
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.oraddress import ORAddress
from x400.mts.reports import Indicators
from x400.mts.stored import Buffer, Stored, Tail

__all__ = [
    "PRIORITIES",
    "Apdu",
    "Contents",
    "Recipient",
    "domain_of",
    "name_of",
    "readable_identifier",
    "type_named",
]

PRIORITIES: dict[str, int] = {"urgent": 0, "normal": 1, "non-urgent": 2}
"""Priority to its place in the order of queues."""

_ALTERNATE_RECIPIENT_ALLOWED = 0x20
_CONTENT_RETURN_REQUEST = 0x10
_IMPLICIT_CONVERSION_PROHIBITED = 0x40
_DISCLOSURE_OF_OTHER_RECIPIENTS = 0x80
_CACHED = 65_536


@cache
def type_named(name: str, module: str = "MTSAbstractService") -> fastber.CompiledType:
    """A type of the MTS's modules."""
    from x400.asn1 import compiled_type

    return compiled_type(module, name)


_PATHS: dict[Kind, str] = {"message": "message.envelope.", "probe": "probe.", "report": "report.envelope."}

_domains: dict[bytes, GlobalDomainIdentifier] = {}
_names: dict[bytes, ORAddress] = {}


def domain_of(raw: bytes) -> GlobalDomainIdentifier:
    """The value of the element of a GlobalDomainIdentifier; the same few come again and again, so they are kept.

    Raises fastber.DecodeError.
    """
    domain = _domains.get(raw)
    if domain is None:
        if len(_domains) >= _CACHED:
            _domains.clear()
        domain = _domains[raw] = GlobalDomainIdentifier.from_value(type_named("GlobalDomainIdentifier").decode(raw))
    return domain


def name_of(raw: bytes) -> ORAddress:
    """The O/R address of the element of an ORName, kept likewise; raises fastber.DecodeError and InvalidORAddress."""
    name = _names.get(raw)
    if name is None:
        if len(_names) >= _CACHED:
            _names.clear()
        name = _names[raw] = ORAddress.from_value(type_named("ORName").decode(raw))
    return name


def readable_identifier(octets: Buffer) -> str:
    """The MTS identifier of what should be an APDU; nothing where not even that can be read."""
    for partial in (False, True):
        try:
            root = type_named("MTS-APDU", "MTSTransferProtocol").view(octets, partial=partial)
            kind = str(root.choice)
            view = (root[kind] if kind == "probe" else root[kind]["envelope"])[f"{kind}-identifier"]
            return _identifier(bytes(view["global-domain-identifier"].raw), view["local-identifier"].value)
        except (MTSError, fastber.DecodeError, KeyError):
            continue
    return ""


def _identifier(domain: bytes, local: str) -> str:
    """An MTS identifier as text (`identifiers.MTSIdentifier`)."""
    return f"[{domain_of(domain).text};{local}]"


class Recipient:
    """One member of the per-recipient-fields of a message or probe: `path` leads from `root` to the envelope."""

    __slots__ = ("_has_extensions", "_path", "_root", "index", "indicators", "raw_name")

    def __init__(
        self,
        root: fastber.View,
        path: str,
        index: int,
        raw_name: bytes | None,
        indicators: BitString | None,
        has_extensions: bool,
    ) -> None:
        if raw_name is None or indicators is None:
            raise InvalidAPDU(f"the name, or the indicators, of recipient {index} are missing")
        # not the APDU itself: with a way back to it each message would wait for the garbage collector, octets and all
        self._root = root
        self._path = path
        self.index = index
        self.indicators = Indicators(indicators)
        self.raw_name = raw_name
        self._has_extensions = has_extensions

    @property
    def view(self) -> fastber.View:
        """All of its members."""
        return self._root.at(f"{self._path}per-recipient-fields[{self.index}]")

    @property
    def name(self) -> ORAddress:
        """The recipient's O/R address; raises fastber.DecodeError or InvalidORAddress when it is none."""
        return name_of(self.raw_name)

    @property
    def extensions(self) -> Iterable[Extension]:
        """The extension fields of this recipient."""
        return extensions(self.view.get("extensions")) if self._has_extensions else ()


class Contents:
    """Where a content's octets are: `buffers`, then `tail`; `constructed` when they are still cut into pieces."""

    __slots__ = ("buffers", "constructed", "tail")

    def __init__(self, buffers: list[Buffer], tail: Tail | None, *, constructed: bool = False) -> None:
        self.buffers = buffers
        self.tail = tail
        self.constructed = constructed


class Apdu:
    """A message, probe or report. `envelope` and `body` are views; `path` leads from the APDU to the envelope.

    Raises InvalidAPDU at once when the octets are no MTS-APDU, or when what is asked for of every APDU is malformed.
    As it decodes all else when it is asked for, its attributes may raise fastber.DecodeError.
    """

    __slots__ = (
        "_body", "_domain", "_extension_criticality", "_extension_types", "_extension_values", "_local_identifier",
        "_originator", "_priority", "_raw_identifier", "_raw_recipients", "_raw_trace", "_recipient_extensions",
        "_recipient_indicators", "_recipient_names", "_recipients", "_text", "_trace_actions", "_trace_domains",
        "deferred", "kind", "root", "stored",
    )  # fmt: skip

    kind: Kind
    deferred: datetime | None
    """The deferred-delivery-time of a message."""

    def __init__(self, stored: Stored) -> None:
        self.stored = stored
        self._body: fastber.View | None = None
        self._recipients: list[Recipient] | None = None
        self._text = ""
        try:
            self.root = type_named("MTS-APDU", "MTSTransferProtocol").view(stored.head, partial=stored.tail is not None)
            if stored.tail is None and self.root.length != len(stored.head):
                raise InvalidAPDU("octets after the APDU", self.root.length)
            self.kind = self.root.choice  # type: ignore[assignment]
            (
                self._raw_identifier, self._domain, self._local_identifier,
                self._raw_trace, self._trace_domains, self._trace_actions,
                self._extension_types, self._extension_criticality, self._extension_values,
                self._originator,
                self._raw_recipients, self._recipient_names, self._recipient_indicators, self._recipient_extensions,
                self._priority, self.deferred,
            ) = fields_of(self.kind, stored)  # fmt: skip
        except fastber.DecodeError as error:
            raise InvalidAPDU(str(error), error.offset) from None
        if self._local_identifier is None or self._domain is None or self._trace_domains is None:
            raise InvalidAPDU("the identifier, or the trace information, is missing")
        if self.kind != "report" and (self._originator is None or self._recipient_names is None):
            raise InvalidAPDU("the originator, or the per-recipient-fields, are missing")

    @property
    def path(self) -> str:
        """From the APDU to the envelope."""
        return _PATHS[self.kind]

    @property
    def body(self) -> fastber.View:
        """What the APDU is a choice of."""
        if self._body is None:
            self._body = self.root[self.kind]
        return self._body

    @property
    def envelope(self) -> fastber.View:
        """The envelope, which of a probe is all that there is."""
        return self.body if self.kind == "probe" else self.body["envelope"]

    @property
    def identity(self) -> tuple[bytes, ...]:
        """Octets that are the same wherever the same way brought the same to the same recipients."""
        if self._raw_recipients is None:
            return self._raw_identifier, self._raw_trace
        return self._raw_identifier, self._raw_trace, self._raw_recipients

    @property
    def identifier(self) -> str:
        """The MTS identifier as text (`identifiers.MTSIdentifier`)."""
        if not self._text:
            self._text = _identifier(self._domain, self._local_identifier)
        return self._text

    @property
    def originator(self) -> ORAddress:
        """Of a message or probe."""
        return name_of(self._originator)

    @property
    def report_destination(self) -> ORAddress:
        """Of a report."""
        return name_of(bytes(self.envelope["report-destination-name"].raw))

    @property
    def priority(self) -> int:
        """As in `PRIORITIES`; a probe or a report that came in is queued as a normal message."""
        return PRIORITIES.get(self._priority, PRIORITIES["normal"])

    @property
    def trace(self) -> list[tuple[bytes, int]]:
        """The trace information, oldest first: of each element the octets of the domain, and the first octet of the
        other-actions."""
        if None in self._trace_domains:
            raise InvalidAPDU("a trace element without a domain")
        return list(zip(self._trace_domains, map(first_octet, self._trace_actions), strict=True))

    @property
    def recipients(self) -> list[Recipient]:
        """The per-recipient-fields of a message or probe."""
        if self._recipients is None:
            indicators, extended = self._recipient_indicators, self._recipient_extensions
            self._recipients = [
                Recipient(self.root, self.path, index, name, indicators[index], extended[index] is not None)
                for index, name in enumerate(self._recipient_names)
            ]
        return self._recipients

    @property
    def extensions(self) -> list[Extension]:
        """The extension fields of the envelope."""
        if self._extension_types is None:
            return []
        criticality, values = self._extension_criticality, self._extension_values
        fields = self.envelope["extensions"]
        return [
            extension_of(kind, criticality[place], values[place], place, fields)
            for place, kind in enumerate(self._extension_types)
        ]

    def value(self, member: str) -> Any:
        """A member of the envelope decoded, None where it is absent."""
        view = self.envelope.get(member)
        return None if view is None else view.value

    def _indicated(self, mask: int) -> bool:
        indicators = self.value("per-message-indicators")
        return bool(indicators and indicators[0] and indicators[0][0] & mask)

    @property
    def content_return_request(self) -> bool:
        """Whether the originator asks for the content in a non-delivery report (X.411 8.2.1.1.1.23)."""
        return self._indicated(_CONTENT_RETURN_REQUEST)

    @property
    def content_type(self) -> int | str | None:
        """A number of BuiltInContentType, or an object identifier; None where a peer has left it out."""
        value = self.value("content-type")
        kind: int | str | None = None if value is None else value[1]
        return kind

    @property
    def alternate_recipient_allowed(self) -> bool:
        """Whether the recipient's domain may put another in the recipient's place (X.411 8.2.1.1.1.4)."""
        return self._indicated(_ALTERNATE_RECIPIENT_ALLOWED)

    @property
    def implicit_conversion_prohibited(self) -> bool:
        """Whether the content may not be converted unless the originator asks for it (X.411 8.2.1.1.1.10)."""
        return self._indicated(_IMPLICIT_CONVERSION_PROHIBITED)

    @property
    def disclosure_of_other_recipients(self) -> bool:
        """Whether each recipient may see who the others are (X.411 8.2.1.1.1.20)."""
        return self._indicated(_DISCLOSURE_OF_OTHER_RECIPIENTS)

    @property
    def submission_time(self) -> datetime | None:
        """The arrival time in the first trace element, when the message was submitted (X.411 12.2.1.1.1.3)."""
        trace = self.envelope["trace-information"]
        if not len(trace):
            return None
        time: datetime = trace[0]["domain-supplied-information"]["arrival-time"].value
        return time

    def find_extension(self, number: StandardExtension) -> Extension | None:
        """The envelope's extension of that number."""
        return next((extension for extension in self.extensions if extension.type == number), None)

    @property
    def content_length(self) -> int:
        """Octets of the content of a message, never less than they are; of a probe as it says, 0 when it does not."""
        if self.kind == "probe":
            return self.value("content-length") or 0
        if self.kind == "report":
            return 0
        content = self.body["content"]
        return content.length if content.length else self.stored.length - content.offset

    def contents_at(self) -> int:
        """Where in the head the octets of the content of a message begin."""
        content = self.body["content"]
        header, _, _ = _header(memoryview(self.stored.head)[content.offset :])
        offset: int = content.offset
        return offset + header

    def contents(self) -> Contents:
        """The octets of the content of a message."""
        content = self.body["content"]
        if self.stored.tail is None:
            return Contents([_octets(content)], None)
        header, constructed, length = _header(memoryview(self.stored.head)[content.offset :])
        start = content.offset + header
        at_hand = memoryview(self.stored.head)[start:]
        if length is None:
            length = len(at_hand) + self.stored.tail.length
        at_hand = at_hand[:length]
        tail = self.stored.tail
        rest = length - len(at_hand)
        if rest > tail.length:
            raise InvalidAPDU("the content runs past the end of the APDU", content.offset)
        return Contents([at_hand], Tail(tail.path, tail.offset, rest) if rest else None, constructed=constructed)

    def returned_content(self) -> Contents:
        """The octets of the content that a report brings back, none where it brings none."""
        returned = self.body["content"].get("returned-content")
        return Contents([_octets(returned)] if returned is not None else [], None)


def _octets(view: fastber.View) -> Buffer:
    """The octets of an OCTET STRING, in place when it is primitive."""
    _, constructed, _ = _header(view.raw)
    return view.value if constructed else view.contents


def _header(octets: Buffer) -> tuple[int, bool, int | None]:
    """Of an element with a single identifier octet: octets of header, constructed?, length of contents if definite."""
    if len(octets) < 2:
        raise InvalidAPDU("the content begins beyond the part of the APDU that is at hand")
    constructed, first = bool(octets[0] & 0x20), octets[1]
    if first < 0x80:
        return 2, constructed, first
    if first == 0x80:
        return 2, constructed, None
    length = octets[2 : 2 + (first & 0x7F)]
    if len(length) < first & 0x7F:
        raise InvalidAPDU("the content begins beyond the part of the APDU that is at hand")
    return 2 + len(length), constructed, int.from_bytes(length, "big")
