"""The extensions and extension attributes of X.411: each number leads to its type."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from x400.asn1 import compiled_type

GDI: Any = {
    "country-name": ("iso-3166-alpha2-code", "GB"),
    "administration-domain-name": ("printable", "A"),
}
GDI_OCTETS = "630b 6104 13024742 6203 130141"
NAME: Any = {"built-in-standard-attributes": {}}
NAME_OCTETS = "6002 3000"
TIME = datetime(1990, 11, 24, 8, 38, 28)
TIME_OCTETS = "170d 3930313132343038333832385a"
IDENTIFIER: Any = {"global-domain-identifier": GDI, "local-identifier": "i"}
LABEL: Any = {"security-classification": 3}
TRACE: Any = [{"global-domain-identifier": GDI,
               "domain-supplied-information": {"arrival-time": TIME, "routing-action": "relayed",
                                               "other-actions": (b"", 0)}}]  # fmt: skip
TRACE_OCTETS = f"30 21 {GDI_OCTETS} 3112 800d 3930313132343038333832385a 820100"
INTERNAL: Any = [{"global-domain-identifier": GDI, "mta-name": "m",
                  "mta-supplied-information": TRACE[0]["domain-supplied-information"]}]  # fmt: skip

SUBMITTED: dict[int, tuple[str, Any]] = {
    1: ("0a0101", "recipient-reassignment-prohibited"),
    3: ("0a0101", "dl-expansion-prohibited"),
    4: ("0a0101", "conversion-with-loss-prohibited"),
    5: (TIME_OCTETS, TIME),
    13: ("3002 3000", NAME),
    20: ("3103 020103", LABEL),
    21: ("0a0101", "proof-of-submission-requested"),
    23: ("160163", ("ia5text", "c")),
    36: ("020107", 7),
    40: ("3104 a002 3000", [("directory-entry", ("rdnSequence", []))]),
    42: (f"3104 {NAME_OCTETS}", [NAME]),
    45: ("3105 a203 800105", {"content-integrity-check": {"serialNumber": 5}}),
}
SUBMITTED_FOR_RECIPIENT: dict[int, tuple[str, Any]] = {
    2: (NAME_OCTETS, NAME),
    6: ("3006 020101 020102", [1, 2]),
    7: ("0a0101", "physical-forwarding-prohibited"),
    8: ("0a0101", "physical-forwarding-address-requested"),
    9: ("03020640", (b"\x40", 2)),
    10: ("020102", 2),
    11: ("140131", "1"),
    12: ("0604 56030500", "2.6.3.5.0"),
    14: ("020103", 3),
    22: ("0a0101", "proof-of-delivery-requested"),
    46: ("3105 a203 800105", {"content-integrity-check": {"serialNumber": 5}}),
}
DELIVERED: dict[int, tuple[str, Any]] = {
    25: (
        f"301a 3018 3013 {NAME_OCTETS} {TIME_OCTETS} 0a0103",
        [{"intended-recipient-name": {"intended-recipient": NAME, "redirection-time": TIME},
          "redirection-reason": "directory-look-up"}],
    ),
    26: (f"3015 3013 {NAME_OCTETS} {TIME_OCTETS}", [{"dl": NAME, "dl-expansion-time": TIME}]),
    37: (f"6923 {TRACE_OCTETS}", TRACE),
    38: (f"3026 3024 {GDI_OCTETS} 16016d 3112 800d 3930313132343038333832385a 820100", INTERNAL),
}  # fmt: skip
REPORTED: dict[int, tuple[str, Any]] = {
    30: (f"3015 3013 {NAME_OCTETS} {TIME_OCTETS}",
         [{"originator-or-dl-name": NAME, "origination-or-expansion-time": TIME}]),
    31: (NAME_OCTETS, NAME),
    39: (f"3010 {GDI_OCTETS} 16016d", {"domain": GDI, "mta-name": "m"}),
}  # fmt: skip
REPORTED_FOR_RECIPIENT: dict[int, tuple[str, Any]] = {27: (NAME_OCTETS, NAME)}

# Where each set of extensions stands, and what else its envelope cannot do without.
PLACES: list[tuple[str, dict[str, Any], dict[int, tuple[str, Any]]]] = [
    ("PerMessageSubmissionFields", {"originator-name": NAME, "content-type": ("built-in", 22)}, SUBMITTED),
    ("PerRecipientMessageSubmissionFields",
     {"recipient-name": NAME, "originator-report-request": (b"\x08", 5)}, SUBMITTED_FOR_RECIPIENT),
    ("OtherMessageDeliveryFields",
     {"content-type": ("built-in", 22), "originator-name": NAME, "this-recipient-name": NAME,
      "message-submission-time": TIME}, DELIVERED),
    ("PerReportDeliveryFields", {"subject-submission-identifier": IDENTIFIER}, REPORTED),
    ("PerRecipientReportDeliveryFields",
     {"actual-recipient-name": NAME, "report-type": ("non-delivery", {"non-delivery-reason-code": 1})},
     REPORTED_FOR_RECIPIENT),
]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "fields", "number", "octets", "value"),
    [
        pytest.param(place, fields, number, octets, value, id=f"{place}-{number}")
        for place, fields, extensions in PLACES
        for number, (octets, value) in extensions.items()
    ],
)
def test_extension(place: str, fields: dict[str, Any], number: int, octets: str, value: object) -> None:
    compiled = compiled_type("MTSAbstractService", place)
    tlv = bytes.fromhex(octets)
    field = {"type": ("standard-extension", number), "criticality": (b"\x20", 3), "value": tlv}
    encoded = compiled.encode({**fields, "extensions": [field]})
    assert compiled.decode(encoded)["extensions"][0]["value"] == tlv
    resolved = compiled.decode(encoded, resolve_open_types=True)
    assert without_defaults(resolved["extensions"][0]["value"]) == without_defaults(value)
    assert compiled.encode(resolved, resolve_open_types=True) == encoded


def without_defaults(value: Any) -> Any:
    """The value without the members that decoding fills in (empty bit strings)."""
    if isinstance(value, dict):
        return {name: without_defaults(part) for name, part in value.items() if part != (b"", 0)}
    if isinstance(value, list):
        return [without_defaults(part) for part in value]
    return value


def test_unknown_extension_stays_as_it_is() -> None:
    compiled = compiled_type("MTSAbstractService", "PerMessageSubmissionFields")
    fields = {"originator-name": NAME, "content-type": ("built-in", 22)}
    unknown = [
        {"type": ("standard-extension", 200), "value": b"\x04\x01x"},
        {"type": ("private-extension", "1.2.3"), "value": b"\x04\x01y"},
    ]
    encoded = compiled.encode({**fields, "extensions": unknown})
    decoded = compiled.decode(encoded, resolve_open_types=True)["extensions"]
    assert [(field["type"], field["value"]) for field in decoded] == [
        (("standard-extension", 200), b"\x04\x01x"),
        (("private-extension", "1.2.3"), b"\x04\x01y"),
    ]


PDS = ("3103 130150", {"printable-string": "P"})
UNIVERSAL = ("3104 1e020041", {"character-encoding": ("two-octets", "A")})
ATTRIBUTES: dict[int, tuple[str, Any]] = {
    1: ("130143", "C"),
    2: ("140143", "C"),
    3: ("14014f", "O"),
    4: ("3103 800153", {"surname": "S"}),
    5: ("3003 140155", ["U"]),
    6: ("3008 3006 140154 140156", [{"type": "T", "value": "V"}]),
    7: ("130150", "P"),
    8: ("13024742", ("iso-3166-alpha2-code", "GB")),
    9: ("120131", ("numeric-code", "1")),
    **dict.fromkeys((10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21), PDS),
    16: ("3108 3003 13014c 140154", {"printable-address": ["L"], "teletex-string": "T"}),
    22: ("3003 800131", ("e163-4-address", {"number": "1"})),
    23: ("020105", 5),
    24: UNIVERSAL,
    25: UNIVERSAL,
    26: ("3106 a004 1e020041", {"surname": UNIVERSAL[1]}),
    27: ("3006 3104 1e020041", [UNIVERSAL[1]]),
    28: ("300e 300c 3104 1e020041 3104 1e020041", [{"type": UNIVERSAL[1], "value": UNIVERSAL[1]}]),
    **dict.fromkeys((29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40), UNIVERSAL),
}


@pytest.mark.parametrize("number", ATTRIBUTES)
def test_extension_attribute(number: int) -> None:
    octets, value = ATTRIBUTES[number]
    tlv = bytes.fromhex(octets)
    compiled = compiled_type("MTSAbstractService", "ORAddress")
    attribute = {"extension-attribute-type": number, "extension-attribute-value": tlv}
    encoded = compiled.encode({**NAME, "extension-attributes": [attribute]})
    length = len(tlv)
    assert encoded.endswith(bytes((0x30, length + 5, 0x80, 1, number, 0xA1, length)) + tlv)
    resolved = compiled.decode(encoded, resolve_open_types=True)
    assert resolved["extension-attributes"][0]["extension-attribute-value"] == value
    assert compiled.encode(resolved, resolve_open_types=True) == encoded


def test_all_attributes_are_tried() -> None:
    assert sorted(ATTRIBUTES) == list(range(1, 41))
