"""Tags and structure: values whose encodings are known, octet by octet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from x400.asn1 import acse_apdu, compiled_type, rtse_apdu

MTS = "MTSAbstractService"
MTA = "MTAAbstractService"
GB: Any = ("iso-3166-alpha2-code", "GB")
ADDRESS: dict[str, Any] = {
    "built-in-standard-attributes": {
        "country-name": GB,
        "administration-domain-name": ("printable", "A"),
        "private-domain-name": ("printable", "P"),
        "organization-name": "X",
        "personal-name": {"surname": "Bob"},
    }
}
ADDRESS_OCTETS = "301a 6104 13024742 6203 130141 a203 130150 830158 a505 8003426f62"
IDENTIFIER: dict[str, Any] = {
    "global-domain-identifier": {"country-name": GB, "administration-domain-name": ("printable", "A")},
    "local-identifier": "i",
}
IDENTIFIER_OCTETS = "6410 630b 6104 13024742 6203 130141 160169"
SIMPLE = {"initiator-name": "PPMTA", "initiator-credentials": ("simple", ("octet-string", b"pppass"))}
ARRIVAL = {"arrival-time": datetime(1990, 11, 24, 8, 38, 28), "routing-action": "relayed"}

KNOWN: list[tuple[str, str, Any, str]] = [
    (MTS, "ORAddress", ADDRESS, f"301c {ADDRESS_OCTETS}"),
    (MTS, "ORName", ADDRESS, f"601c {ADDRESS_OCTETS}"),
    (MTS, "MTSIdentifier", IDENTIFIER, IDENTIFIER_OCTETS),
    (MTS, "CountryName", ("x121-dcc-code", "234"), "6105 1203323334"),
    (MTS, "AdministrationDomainName", ("numeric", "1"), "6203 120131"),
    (MTS, "PrivateDomainName", ("printable", "P"), "130150"),
    (MTS, "EncodedInformationTypes", {"built-in-encoded-information-types": (b"\x20", 3)}, "6504 80020520"),
    (MTS, "ContentType", ("built-in", 22), "460116"),
    (MTS, "ContentType", ("extended", "2.6.1.10.1"), "0604 56010a01"),
    (MTS, "DeliveredContentType", ("built-in", 22), "800116"),
    (MTS, "Priority", "urgent", "470102"),
    (MTS, "PerMessageIndicators", (b"\x40", 2), "48020640"),
    (MTS, "ContentIdentifier", "UA1", "4a03554131"),
    (MTS, "ReportType", ("non-delivery", {"non-delivery-reason-code": 1, "non-delivery-diagnostic-code": 5}),
     "a106 800101 810105"),
    (MTS, "ObjectName", ("message-store", ADDRESS), f"a41c {ADDRESS_OCTETS}"),
    (MTS, "Credentials", ("simple", ("ia5-string", "p")), "160170"),
    (MTS, "MTSBindArgument",
     {"initiator-name": ("mTA", "X"), "initiator-credentials": ("simple", ("ia5-string", "p"))},
     "3108 800158 a203160170"),
    (MTS, "ExtensionType", ("standard-extension", 38), "800126"),
    (MTS, "ExtensionType", ("private-extension", "1.2.3"), "83022a03"),
    (MTS, "SecurityLabel", {"security-policy-identifier": "1.2.3", "security-classification": 3},
     "3107 020103 06022a03"),
    (MTS, "UniversalCommonName", {"character-encoding": ("two-octets", "A")}, "3104 1e020041"),
    (MTS, "Redirection",
     {"intended-recipient-name": {"intended-recipient": ADDRESS, "redirection-time": ARRIVAL["arrival-time"]},
      "redirection-reason": "alias"},
     f"3032 302d 601c {ADDRESS_OCTETS} 170d3930313132343038333832385a 0a0104"),
    (MTA, "MTABindArgument", ("unauthenticated", None), "0500"),
    (MTA, "MTABindArgument", ("authenticated", SIMPLE), "a111 800550504d5441 a1080406707070617373"),
    (MTA, "DomainSuppliedInformation", ARRIVAL, "3112 800d3930313132343038333832385a 820100"),
    (MTA, "PerRecipientIndicators", (b"\xd0", 8), "030200d0"),
    ("MSAbstractService", "FetchArgument", {"item": ("precise", 7)}, "3105 a203 020107"),
    ("MSAbstractService", "Filter", ("item", ("present", "2.6.4.3.31")), "a008 a406 0604 5604031f"),
    ("EDIMSInformationObjects", "InformationObject",
     ("edim", {"heading": {"this-EDIM": {"user": {"built-in-standard-attributes": {}},
                                         "user-relative-identifier": "1"}},
               "body": {"primary-body-part": ("edi-body-part", b"UNB")}}),
     "a012 3009 a107 a0023000 810131 3005 8003554e42"),
    ("MMSInformationObjects", "InformationObject",
     ("mm", {"mmheading": {"this-IPM": {"user-relative-identifier": "1"}}, "mmbody": []}),
     "a009 3105 6b03 130131 3000"),
    ("MMSHeadingExtensions", "DistributionCodes", {"sics": ["ABC"]}, "3107 a005 1303414243"),
    ("SelectedAttributeTypes", "PresentationAddress", {"nAddresses": [b"\x01"]}, "3007 a305 3103 040101"),
    ("Remote-Operations-Information-Objects", "Code", ("local", 3), "020103"),
    ("Reliable-Transfer-APDU", "RTSE-apdus", ("rttp-apdu", 2), "020102"),
    ("Reliable-Transfer-APDU", "RTSE-apdus", ("rtab-apdu", {"abortReason": 4}), "b603 800104"),
    ("ACSE-1", "ACSE-apdu", ("rlrq", {"reason": 0}), "6203 800100"),
    ("ACSE-1", "ACSE-apdu", ("abrt", {"abort-source": 1}), "6403 800101"),
    ("ISO8823-PRESENTATION", "Abort-type", ("arp-ppdu", {"provider-reason": 2}), "3003 800102"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "name", "value", "octets"), KNOWN, ids=[f"{m}.{n}" for m, n, _, _ in KNOWN])
def test_known_encoding(module: str, name: str, value: object, octets: str) -> None:
    compiled = compiled_type(module, name)
    expected = bytes.fromhex(octets)
    assert compiled.encode(value) == expected
    assert compiled.encode(compiled.decode(expected)) == expected


def test_alternatives_of_what_is_transferred() -> None:
    """X.419, clause 12: message [0], probe [2], report [1]; the tags of the three envelopes lie within."""
    trace = [{"global-domain-identifier": IDENTIFIER["global-domain-identifier"],
              "domain-supplied-information": ARRIVAL}]  # fmt: skip
    common = {"originator-name": ADDRESS, "content-type": ("built-in", 22), "trace-information": trace}
    recipient = {"recipient-name": ADDRESS, "originally-specified-recipient-number": 1,
                 "per-recipient-indicators": (b"\x80", 8)}  # fmt: skip
    apdu = compiled_type("MTSTransferProtocol", "MTS-APDU")
    message = {"message-identifier": IDENTIFIER, **common, "per-recipient-fields": [recipient]}
    octets = apdu.encode(("message", {"envelope": message, "content": b"c"}))
    assert octets[0] == 0xA0
    fields = members(elements(elements(elements(octets)[0][1])[0][1]))
    assert fields == {0x64, 0x60, 0x46, 0x69, 0xA2}
    probe = {"probe-identifier": IDENTIFIER, **common, "per-recipient-fields": [recipient], "content-length": 7}
    octets = apdu.encode(("probe", probe))
    assert octets[0] == 0xA2
    assert members(elements(elements(octets)[0][1])) == {0x64, 0x60, 0x46, 0x69, 0xA2, 0x80}
    last = {"arrival-time": ARRIVAL["arrival-time"],
            "report-type": ("non-delivery", {"non-delivery-reason-code": 1})}  # fmt: skip
    reported = {"actual-recipient-name": ADDRESS, "originally-specified-recipient-number": 1,
                "per-recipient-indicators": (b"\x80", 8), "last-trace-information": last}  # fmt: skip
    report = {
        "envelope": {"report-identifier": IDENTIFIER, "report-destination-name": ADDRESS, "trace-information": trace},
        "content": {"subject-identifier": IDENTIFIER, "per-recipient-fields": [reported]},
    }
    octets = apdu.encode(("report", report))
    assert octets[0] == 0xA1
    envelope, content = elements(elements(octets)[0][1])
    assert members(elements(envelope[1])) == {0x64, 0x60, 0x69}
    assert members(elements(content[1])) == {0x64, 0xA0}
    (_, (_, listed)) = sorted(elements(content[1]), key=lambda element: element[0])
    assert members(elements(elements(listed)[0][1])) == {0xA0, 0x81, 0x82, 0xA3}


def elements(octets: bytes) -> list[tuple[int, bytes]]:
    """The (identifier octet, contents) of each element in octets of definite lengths."""
    found = []
    while octets:
        length, start = octets[1], 2
        if length & 0x80:
            start = 2 + (length & 0x7F)
            length = int.from_bytes(octets[2:start])
        found.append((octets[0], octets[start : start + length]))
        octets = octets[start + length :]
    return found


def members(found: list[tuple[int, bytes]]) -> set[int]:
    return {tag for tag, _ in found}


def test_rtorq_of_1988() -> None:
    """An RT-OPEN request with MTABind inside, as an MTA of 1988 sent it."""
    octets = bytes.fromhex("b01f 80013f 820100 a317 a015 b013 a111 800550504d5441 a1080406707070617373")
    kind, value = rtse_apdu().decode(octets)
    assert kind == "rtorq-apdu"
    assert (value["checkpointSize"], value["windowSize"], value["dialogueMode"]) == (63, 3, 0)
    assert value["connectionDataRQ"] == ("open", octets[12:])


def test_aarq_of_1988() -> None:
    """An AARQ of the kernel alone; the form of 1998 takes it."""
    octets = bytes.fromhex("6017 a106 0604 56000106 be0d 280b 06025101 020103 a0020500")
    kind, value = acse_apdu().decode(octets)
    assert kind == "aarq"
    assert value["aSO-context-name"] == "2.6.0.1.6"
    (information,) = value["user-information"]
    assert information["direct-reference"] == "2.1.1"
    assert information["indirect-reference"] == 3
    assert information["encoding"] == ("single-ASN1-type", b"\x05\x00")
