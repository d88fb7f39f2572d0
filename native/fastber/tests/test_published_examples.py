"""Examples that others have published: RFC 8410, and RSA Laboratories' guide to BER and DER of 1993."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import fastber

PKIX = fastber.compile_files(Path(__file__).parent / "data" / "certificates.asn1", "der")
LIBERAL = fastber.compile_files(Path(__file__).parent / "data" / "certificates.asn1")

TEXT = """
Guide DEFINITIONS EXPLICIT TAGS ::= BEGIN
Bits ::= BIT STRING  Ia5 ::= IA5String  Int ::= INTEGER  Nil ::= NULL  Octets ::= OCTET STRING
Oid ::= OBJECT IDENTIFIER  Printable ::= PrintableString  T61 ::= T61String  Utc ::= UTCTime
AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY DEFINED BY algorithm OPTIONAL }
ContentType ::= [0] EXPLICIT ANY  Name ::= SEQUENCE OF SET OF SEQUENCE { type OBJECT IDENTIFIER, value PrintableString }
END
"""
BER = fastber.compile_string(TEXT)
DER = fastber.compile_string(TEXT, "der")

NAME = [
    [{"type": "2.5.4.6", "value": "US"}],
    [{"type": "2.5.4.10", "value": "Example Organization"}],
    [{"type": "2.5.4.3", "value": "Test User 1"}],
]
# What the guide gives as DER, and what it gives as further encodings by BER.
GUIDE: list[tuple[str, Any, str, list[str]]] = [
    ("Bits", (bytes.fromhex("6e5dc0"), 18), "0304066e5dc0",
     ["0304066e5de0", "038104066e5dc0", "23090303006e5d030206c0"]),
    ("Ia5", "test1@rsa.com", "160d" + b"test1@rsa.com".hex(),
     ["16810d" + b"test1@rsa.com".hex(), "3613 16057465737431 160140 16077273612e636f6d"]),
    ("Int", 0, "020100", []),
    ("Int", 127, "02017f", []),
    ("Int", 128, "02020080", []),
    ("Int", 256, "02020100", []),
    ("Int", -128, "020180", []),
    ("Int", -129, "0202ff7f", []),
    ("Nil", None, "0500", ["058100"]),
    ("Oid", "1.2.840.113549", "06062a864886f70d", []),
    ("Octets", bytes.fromhex("0123456789abcdef"), "04080123456789abcdef",
     ["0481080123456789abcdef", "240c 040401234567 040489abcdef"]),
    ("Printable", "Test User 1", "130b" + b"Test User 1".hex(),
     ["13810b" + b"Test User 1".hex(), "330f 13055465737420 13065573657220 31"]),
    ("T61", "cl\u00c2es publiques", "140f636cc26573207075626c6971756573",
     ["14810f636cc26573207075626c6971756573", "3415 1405636cc26573 140120 14097075626c6971756573"]),
    ("AlgorithmIdentifier", {"algorithm": "1.2.840.113549.1.1.2", "parameters": b"\x05\x00"},
     "300d06092a864886f70d0101020500", []),
    ("Name", NAME, "3042 310b3009060355040613025553 311d301b060355040a1314" + b"Example Organization".hex()
     + "311430120603550403130b" + b"Test User 1".hex(), []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "octets", "others"), GUIDE)
def test_the_guide(name: str, value: Any, octets: str, others: list[str]) -> None:
    """One encoding by DER, the others by BER alone."""
    encoding = bytes.fromhex(octets)
    assert DER.encode(name, value) == encoding
    assert DER.decode(name, encoding) == BER.decode(name, encoding) == value
    assert bytes(BER.view(name, encoding).raw) == encoding
    for other in map(bytes.fromhex, others):
        if name != "Bits" or other[-1] != 0xE0:  # unused bits that are ones are handed on as they came
            assert BER.decode(name, other) == value
        with pytest.raises(fastber.DecodeError):
            DER.decode(name, other)


def test_the_guide_s_times() -> None:
    zulu, local = b"\x17\x0d910506234540Z", b"\x17\x11910506164540-0700"
    assert DER.decode("Utc", zulu) == BER.decode("Utc", zulu) == datetime(1991, 5, 6, 23, 45, 40)
    assert BER.decode("Utc", local) == datetime(1991, 5, 6, 23, 45, 40, tzinfo=UTC)
    with pytest.raises(fastber.DecodeError):
        DER.decode("Utc", local)


# RFC 8410, section 10: a key of Ed25519, and a certificate made with it.
PUBLIC_KEY = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
PRIVATE_KEY = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC"
CERTIFICATE = """
    MIIBLDCB36ADAgECAghWAUdKKo3DMDAFBgMrZXAwGTEXMBUGA1UEAwwOSUVURiBUZX
    N0IERlbW8wHhcNMTYwODAxMTIxOTI0WhcNNDAxMjMxMjM1OTU5WjAZMRcwFQYDVQQD
    DA5JRVRGIFRlc3QgRGVtbzAqMAUGAytlbgMhAIUg8AmJMKdUdIt93LQ+91oNvzoNJj
    ga9OukqY6qm05qo0UwQzAPBgNVHRMBAf8EBTADAQEAMA4GA1UdDwEBAAQEAwIDCDAg
    BgNVHQ4BAQAEFgQUmx9e7e0EM4Xk97xiPFl1uQvIuzswBQYDK2VwA0EAryMB/t3J5v
    /BzKc9dNZIpDmAgs3babFOTQbs+BolzlDUwsPrdGxO3YNGhW7Ibz3OGhhlxXrCe1Cg
    w1AH9efZBw=="""


@pytest.mark.parametrize(("name", "text"), [("PublicKey", PUBLIC_KEY), ("PrivateKey", PRIVATE_KEY)])
def test_rfc_8410_keys(name: str, text: str) -> None:
    octets = base64.b64decode(text)
    value = PKIX.decode(name, octets)
    assert value["algorithm"] == {"algorithm": "1.3.101.112"}
    assert PKIX.encode(name, value) == octets


def test_rfc_8410_certificate_writes_its_defaults_and_is_kept_as_it_came() -> None:
    """Two extensions say `critical FALSE`: not DER (11.5). What was signed can only be passed on by its octets."""
    octets = base64.b64decode(CERTIFICATE)
    with pytest.raises(fastber.DecodeError, match=r"extensions\[1\].critical: .*11\.5"):
        PKIX.decode("Certificate", octets)
    value = LIBERAL.decode("Certificate", octets)
    assert value["toBeSigned"]["issuer"] == [[{"type": "2.5.4.3", "value": ("utf8", "IETF Test Demo")}]]
    assert [extension["critical"] for extension in value["toBeSigned"]["extensions"]] == [True, False, False]
    assert len(LIBERAL.encode("Certificate", value)) == len(octets) - 6
    view = LIBERAL.view("Certificate", octets)
    assert bytes(view["toBeSigned"].raw) == octets[4 : 4 + 3 + 0xDF]
    spliced = b"".join(view.splice({"signature": (bytes(64), 512)}))
    assert spliced == octets[:-64] + bytes(64)
