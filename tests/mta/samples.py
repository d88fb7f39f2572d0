"""Messages, probes and an MTA for the tests of this folder."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.mta.accounts import checked
from tests.mta.tlv import definite, indefinite, long_form
from x400.asn1 import specification
from x400.mta import MTA, MTAConfiguration, Outcome, Route, Stored, Transfer
from x400.mts.identifiers import GlobalDomainIdentifier, MTSIdentifier
from x400.mts.oraddress import ORAddress
from x400.mts.originate import NewRecipient, Subject, message

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
EARLIER = datetime(2026, 3, 4, 5, 0, 0, tzinfo=UTC)
NOW_UTC, EARLIER_UTC = NOW.replace(tzinfo=None), EARLIER.replace(tzinfo=None)
"""As the codec gives them."""
OWN = GlobalDomainIdentifier("GB", "OWNADMD", "OWN")
ALICE = "/C=GB/A=SENDER/P=S/O=X/S=Alice/"
BOB = "/C=GB/A=EAST/P=E/O=X/S=Bob/"
CAROL = "/C=FR/A=WEST/P=W/O=X/S=Carol/"
DAVE = "/C=GB/A=OWNADMD/P=OWN/O=Here/S=Dave/"
ERIN = "/C=GB/A=OWNADMD/P=OWN/O=Here/S=Erin/"
NOBODY = "/C=ZZ/A=NOWHERE/S=Nobody/"
ROUTES = {
    "/C=GB/A=EAST/": ("peer", "east"),
    "/C=FR/": ("peer", "west"),
    "/C=GB/A=SENDER/": ("peer", "sender"),
    "/C=GB/A=OWNADMD/P=OWN/O=Here/": ("deliver", "here"),
}


def routes(table: dict[str, tuple[str, str]] = ROUTES) -> tuple[Route, ...]:
    return tuple(
        Route(ORAddress.parse(to), peer=where if kind == "peer" else None, deliver=where if kind == "deliver" else None)
        for to, (kind, where) in table.items()
    )


def mta(**changes: Any) -> MTA:
    arguments: dict[str, Any] = {"name": "mta.own", "global_domain_identifier": OWN, "routes": routes()}
    return MTA(MTAConfiguration(**(arguments | changes)))


def subject(*recipients: str | NewRecipient, originator: str = ALICE, **changes: Any) -> Subject:
    arguments: dict[str, Any] = {
        "identifier": MTSIdentifier(GlobalDomainIdentifier("GB", "SENDER", "S"), "local.1"),
        "originator": ORAddress.parse(originator),
        "recipients": [NewRecipient(ORAddress.parse(r)) if isinstance(r, str) else r for r in recipients],
        "mta_name": "mta.sender",
        "content_identifier": "id 1",
    }
    return Subject(**(arguments | changes))


def sent(
    *recipients: str | NewRecipient, content: bytes = b"the content", priority: Any = "normal", **changes: Any
) -> bytes:
    return message(subject(*recipients, **changes), content, EARLIER, priority=priority)


def taken(octets: bytes, one: MTA | None = None, peer: str = "sender", now: datetime = NOW) -> Outcome:
    return checked(Stored(octets), (one or mta()).message_in(Stored(octets), peer, now))


def octets_of(transfer: Transfer) -> bytes:
    assert transfer.tail is None
    return b"".join(bytes(buffer) for buffer in transfer.buffers)


def decoded(transfer: Transfer | bytes) -> tuple[str, dict[str, Any]]:
    octets = transfer if isinstance(transfer, bytes) else octets_of(transfer)
    value: tuple[str, dict[str, Any]] = specification().modules["MTSTransferProtocol"]["MTS-APDU"].decode(octets)
    return value


def report_of(outcome: Outcome) -> dict[str, Any]:
    """The one report that an outcome sends out, decoded."""
    (transfer,) = [transfer for transfer in outcome.transfers if transfer.is_report]
    kind, value = decoded(transfer)
    assert kind == "report"
    return value


def codes_of(report: dict[str, Any]) -> list[tuple[int, int | None]]:
    """Reason and diagnostic for each recipient that a report has as not delivered."""
    found = []
    for recipient in report["content"]["per-recipient-fields"]:
        kind, value = recipient["last-trace-information"]["report-type"]
        if kind == "non-delivery":
            found.append((value["non-delivery-reason-code"], value.get("non-delivery-diagnostic-code")))
    return found


def printable(text: str) -> bytes:
    return definite(0x13, text.encode())


def domain(country: str, administration: str, private: str) -> bytes:
    return definite(
        0x63, definite(0x61, printable(country)), definite(0x62, printable(administration)), printable(private)
    )


def name(country: str, administration: str, surname: str) -> bytes:
    standard = long_form(
        0x30,
        definite(0x61, printable(country)),
        indefinite(0x62, printable(administration)),
        definite(0xA5, definite(0x80, surname.encode())),
    )
    return indefinite(0x60, standard)


INTERNAL_1988 = definite(
    0x30,
    bytes.fromhex("a003020126"),
    definite(
        0xA2,
        definite(
            0x30,
            definite(
                0x30,
                domain("GB", "SENDER", "S"),
                definite(0x16, b"mta.sender"),
                definite(0x31, definite(0x80, b"260304050000Z"), bytes.fromhex("820100")),
            ),
        ),
    ),
)
UNKNOWN_STANDARD = definite(0x30, bytes.fromhex("800163"), indefinite(0xA2, definite(0x04, b"??")))
UNKNOWN_PRIVATE = long_form(
    0x30, definite(0x83, bytes.fromhex("2a030405")), bytes.fromhex("81020780"), definite(0xA2, b"\x05\x00")
)
CONTENT_PIECES = indefinite(
    0x24, definite(0x04, b"the con"), indefinite(0x24, definite(0x04, b"te")), long_form(0x04, b"nt")
)


def peculiar(*, outer: Any = indefinite, extensions: bytes | None = None, content: bytes = CONTENT_PIECES) -> bytes:
    """A message in which everything is encoded as seldom as X.690 allows: members in odd order, indefinite and overlong
    lengths, strings in pieces, extensions that nobody knows. Its recipients are Bob (east) and Carol (west)."""
    trace = definite(
        0x69,
        long_form(
            0x30,
            domain("GB", "SENDER", "S"),
            indefinite(0x31, bytes.fromhex("820100"), definite(0x80, b"2603040500Z")),
        ),
    )
    if extensions is None:
        extensions = indefinite(0xA3, UNKNOWN_STANDARD, INTERNAL_1988, UNKNOWN_PRIVATE)
    recipients = long_form(
        0xA2,
        indefinite(0x31, bytes.fromhex("810307d000"), definite(0x80, b"\x01"), name("GB", "EAST", "Bob")),
        definite(0x31, name("FR", "WEST", "Carol"), definite(0x80, b"\x02"), bytes.fromhex("810200a8")),
    )
    bilateral = definite(
        0xA1,
        definite(
            0x30, definite(0x61, printable("GB")), definite(0x62, printable("EAST")), definite(0x04, b"between us")
        ),
    )
    identifier = definite(
        0x64, domain("GB", "SENDER", "S"), indefinite(0x36, definite(0x16, b"local"), definite(0x16, b".7"))
    )
    envelope = outer(
        0x31,
        recipients,
        extensions,
        definite(0x47, b"\x02"),
        trace,
        bilateral,
        bytes.fromhex("460116"),
        identifier,
        name("GB", "SENDER", "Alice"),
        bytes.fromhex("48020410"),
    )
    return bytes(outer(0xA0, envelope, content))
