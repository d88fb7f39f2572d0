"""P1 and P2 of 1984: their tags, and that what they encode is what the forms of 1988 read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from x400.asn1 import compiled_type, mts_apdu

TIME = datetime(1986, 3, 1, 12, 0, 28)
ORNAME: dict[str, Any] = {
    "standard": {
        "countryName": ("printable", "GB"),
        "administrationDomainName": ("printable", "A"),
        "privateDomainName": ("printable", "P"),
        "personalName": {"surName": "Bob"},
    }
}
ORNAME_OCTETS = "6019 3017 6104 13024742 6203 130141 a203 130150 a505 8003426f62"
DOMAIN: dict[str, Any] = {
    "countryName": ("printable", "GB"),
    "administrationDomainName": ("printable", "A"),
}
IDENTIFIER: dict[str, Any] = {"globalDomainIdentifier": DOMAIN, "localIdentifier": "i"}
TRACE: list[Any] = [{"domainid": DOMAIN, "domaininfo": {"arrival": TIME, "action": 0}}]
RECIPIENT: dict[str, Any] = {
    "recipient": ORNAME,
    "extensionIdentifier": 1,
    "perRecipientFlag": (b"\xa8", 8),
}
ENVELOPE: dict[str, Any] = {
    "mpduID": IDENTIFIER,
    "originator": ORNAME,
    "contentType": 2,
    "traceInformation": TRACE,
    "recipients": [RECIPIENT],
}
MESSAGE: dict[str, Any] = {
    "heading": {"iPMessageId": {"printableString": "1"}, "subject": ("t61String", "S")},
    "body": [("iA5Text", {"parameters": {}, "text": "hi"})],
}
MESSAGE_OCTETS = "310a 6b03 130131 a803 140153"

KNOWN: list[tuple[str, str, Any, str]] = [
    ("P1", "ORName", ORNAME, ORNAME_OCTETS),
    ("P1", "MPDUIdentifier", IDENTIFIER, "6410 630b 6104 13024742 6203 130141 160169"),
    ("P1", "ContentType", 2, "460102"),
    ("P1", "UAContentId", "UA1", "4a03554131"),
    ("P1", "Priority", 2, "470102"),
    ("P1", "PerMessageFlag", (b"\x40", 2), "48020640"),
    ("P1", "EncodedInformationTypes", {"basic": (b"\x20", 3)}, "6504 80020520"),
    ("P1", "Report", ("nonDeliveredInfo", {"reasonCode": 1, "diagnosticCode": 5}), "a106 800101 810105"),
    ("P2", "UAPDU", ("im-UAPDU", MESSAGE), f"a016 {MESSAGE_OCTETS} 3008 a006 3100 16026869"),
    (
        "P2",
        "UAPDU",
        ("sr-UAPDU", {"report": ("receipt", {"receipt": TIME}), "reported": {"printableString": "1"}}),
        "a118 6b03130131 a011 a10f 800d3836303330313132303032385a",
    ),
    ("P2", "BodyPart", ("nationallyDefined", b"\x05\x00"), "a702 0500"),
    ("P3", "DeliveryFlags", (b"\x40", 2), "03020640"),
]


@pytest.mark.parametrize(("module", "name", "value", "octets"), KNOWN)
def test_known_encoding(module: str, name: str, value: object, octets: str) -> None:
    compiled = compiled_type(module, name)
    expected = bytes.fromhex(octets)
    assert compiled.encode(value) == expected
    assert compiled.encode(compiled.decode(expected)) == expected


def test_message_is_read_by_1988() -> None:
    octets = compiled_type("P1", "MPDU").encode(("userMPDU", {"envelope": ENVELOPE, "content": b"c"}))
    kind, message = mts_apdu().decode(octets)
    assert kind == "message"
    envelope = message["envelope"]
    assert envelope["content-type"] == ("built-in", 2)
    assert envelope["originator-name"]["built-in-standard-attributes"]["personal-name"]["surname"] == "Bob"
    assert envelope["per-recipient-fields"][0]["originally-specified-recipient-number"] == 1


def test_probe_is_read_by_1988() -> None:
    members = {name: value for name, value in ENVELOPE.items() if name != "mpduID"}
    probe = {"probe": IDENTIFIER, "contentLength": 7, **members}
    octets = compiled_type("P1", "MPDU").encode(("serviceMPDU", ("probeMPDU", probe)))
    kind, value = mts_apdu().decode(octets)
    assert (kind, value["content-length"]) == ("probe", 7)


def test_report_is_read_by_1988() -> None:
    last = {"arrival": TIME, "report": ("deliveredInfo", {"delivery": TIME})}
    recipient = {**RECIPIENT, "lastTraceInformation": last}
    report = {
        "envelope": {"report": IDENTIFIER, "originator": ORNAME, "traceInformation": TRACE},
        "content": {"original": IDENTIFIER, "reportedRecipients": [recipient]},
    }
    octets = compiled_type("P1", "MPDU").encode(("serviceMPDU", ("deliveryReportMPDU", report)))
    kind, value = mts_apdu().decode(octets)
    (reported,) = value["content"]["per-recipient-fields"]
    assert kind == "report"
    assert reported["last-trace-information"]["report-type"][0] == "delivery"


def test_interpersonal_message_is_read_by_1988() -> None:
    octets = compiled_type("P2", "UAPDU").encode(("im-UAPDU", MESSAGE))
    kind, value = compiled_type("IPMSInformationObjects", "InformationObject").decode(octets)
    assert kind == "ipm"
    assert value["body"][0] == ("basic", ("ia5-text", {"parameters": {"repertoire": "ia5"}, "data": "hi"}))
