"""What of message handling is in the directory: X.402, X.412, X.435, X.521."""

from __future__ import annotations

from typing import Any

import pytest

from x400.asn1 import compiled_type, object_identifier

DIRECTORY = "MHSDirectoryObjectsAndAttributes"
EDI = "EDIMUseOfDirectory"
ROUTING = "MHSRoutingDirectoryObjects"
SUBTREE = "MHSRoutingORAddressSubtree"
ADDRESS: dict[str, Any] = {"built-in-standard-attributes": {"organization-name": "X"}}
NAME: Any = ("rdnSequence", [])

KNOWN: list[tuple[str, str, Any, str]] = [
    (DIRECTORY, "DLSubmitPermission", ("individual", ADDRESS), "a005 3003 830158"),
    (DIRECTORY, "DLSubmitPermission", ("pattern-match", ADDRESS), "a205 3003 830158"),
    (DIRECTORY, "DLSubmitPermission", ("member-of-group", NAME), "a302 3000"),
    (DIRECTORY, "DLPolicy", {"report-propagation": 1, "further-dl-expansion-allowed": False}, "3106 800101 890100"),
    (DIRECTORY, "DLPolicy", {"requested-delivery-method": ("removed", None)}, "3104 ac02 8100"),
    (DIRECTORY, "Capability", {"content-types": ["1.2.3"], "maximum-content-length": 9}, "3109 a00406022a03 810109"),
    (
        DIRECTORY,
        "AddressCapabilities",
        {"address": ADDRESS, "capabilities": [{"maximum-content-length": 9}]},
        "300e 3005 3003 830158 3105 3103 810109",
    ),
    (EDI, "EDIUserCapability", {"edi-bodypart-type": "1.2.3"}, "3004 80022a03"),
    (EDI, "EDIProcessableDocument", {"documentVersion": "D", "controllingAgency": "UN"}, "3007 830144 8502554e"),
    (ROUTING, "ConnectionInformation", {"authentication-method": 2}, "3103 840102"),
    (ROUTING, "ConnectionInformation", {"profiles": ["2.6.10.4.1"]}, "3108 a106 0604 560a0401"),
    (
        ROUTING,
        "SpecificPassword",
        {
            "routing-collective-name": [],
            "this-mta-password": ("ia5-string", "p"),
            "calling-mta-password": ("octet-string", b"q"),
        },
        "310c 3000 a003 160170 a103 040171",
    ),
    (SUBTREE, "RoutingAdvice", ("non-delivery-information", {"reason": 1, "diagnostic": 0}), "a106 800101 810100"),
    (SUBTREE, "RoutingAdvice", ("alias-redirection", {"redirection-address": ADDRESS}), "a207 a005 3003 830158"),
    (SUBTREE, "RoutingAdvice", ("target-routing-collective", {"target-routing-collective": []}), "a002 a000"),
]

IDENTIFIERS = [
    ("SelectedObjectClasses", "id-oc-applicationEntity", "2.5.6.12"),
    ("SelectedObjectClasses", "id-nf-applEntityNameForm", "2.5.15.11"),
    (EDI, "id-doc-edi-message-store", "2.6.7.15.0.2"),
    (EDI, "id-dat-edi-capabilities", "2.6.7.15.1.2"),
    ("MHSRoutingObjectIdentifiers", "id-oc-routing-mta", "2.6.10.1.23"),
    ("MHSRoutingObjectIdentifiers", "id-at-transit-exit-connection-group-name", "2.6.10.3.38"),
    ("MHSRoutingObjectIdentifiers", "id-pro-rfc1006", "2.6.10.4.1"),
]


@pytest.mark.parametrize(("module", "name", "value", "octets"), KNOWN)
def test_known_encoding(module: str, name: str, value: object, octets: str) -> None:
    compiled = compiled_type(module, name)
    expected = bytes.fromhex(octets)
    assert compiled.encode(value) == expected
    assert compiled.encode(compiled.decode(expected)) == expected


@pytest.mark.parametrize(("module", "name", "value"), IDENTIFIERS)
def test_identifier(module: str, name: str, value: str) -> None:
    assert object_identifier(module, name) == value
