"""What the codecs are given: a type of a schema in benchmarks/schemas/ and the octets of one value of it.

The octets are fastber's encoding of a value written here, or come from another program (certificates and revocation
lists from the cryptography package); every reference is shown to give the same octets back before it is timed.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import fastber

SCHEMAS = Path(__file__).parents[2] / "schemas"


@functools.cache
def schema(module: str) -> str:
    """The text of a schema; its file has the module's name."""
    return (SCHEMAS / f"{module}.asn1").read_text()


@functools.cache
def for_references(module: str) -> str:
    """The text that the references compile, its SETs written as SEQUENCEs that are tagged as SETs.

    asn1tools and asn1c refuse a SET with an untagged CHOICE, as P1's envelope is one. All of them are given the same
    structure in the order of the text: the same octets, and less work than a SET.
    """

    def as_sequence(found: re.Match[str]) -> str:
        return "] SEQUENCE {" if found[0].startswith("]") else "[UNIVERSAL 17] IMPLICIT SEQUENCE {"

    return re.sub(r"(\] )?\bSET \{", as_sequence, schema(module))


@functools.cache
def compiled(module: str, *, sets: bool = True) -> fastber.Specification:
    return fastber.compile_string(schema(module) if sets else for_references(module))


@dataclass(frozen=True)
class Workload:
    """One value in one encoding. ``make`` gives the value, or bytes where another program made the octets."""

    name: str
    title: str
    module: str
    type_name: str
    make: Callable[[], Any]

    @cached_property
    def type(self) -> fastber.CompiledType:
        return compiled(self.module).types[self.type_name]

    @cached_property
    def octets(self) -> bytes:
        made = self.make()
        plain = compiled(self.module, sets=False).types[self.type_name]
        octets = made if isinstance(made, bytes) else plain.encode(made)
        if plain.encode(self.type.decode(octets)) != octets:
            raise AssertionError(f"{self.name}: fastber gives other octets back")
        return octets

    @cached_property
    def value(self) -> Any:
        """The value as fastber decodes it."""
        return self.type.decode(self.octets)


DOMAIN = {
    "country-name": ("iso-3166-alpha2-code", "GB"),
    "administration-domain-name": ("printable", "GOLD 400"),
    "private-domain-identifier": ("printable", "EXAMPLE"),
}
TRACE = {
    "global-domain-identifier": DOMAIN,
    "domain-supplied-information": {"arrival-time": datetime(2026, 1, 2, 3, 4, 5), "routing-action": "relayed"},
}


def or_name(number: int) -> dict[str, Any]:
    return {
        "built-in-standard-attributes": {
            "country-name": ("iso-3166-alpha2-code", "GB"),
            "administration-domain-name": ("printable", "GOLD 400"),
            "private-domain-name": ("printable", "EXAMPLE"),
            "organization-name": "Widgets",
            "personal-name": {"surname": f"Smith{number}", "given-name": "Jo"},
        }
    }


def transfer(recipients: int) -> tuple[str, Any]:
    """A message transfer with 2 KB of content."""
    envelope = {
        "message-identifier": {"global-domain-identifier": DOMAIN, "local-identifier": "mta.example.1234567890"},
        "originator-name": or_name(0),
        "encoded-information-types": {"built-in": (b"\x20", 3)},
        "content-type": ("built-in", 22),
        "content-identifier": "benchmark",
        "priority": "urgent",
        "per-message-indicators": (b"\x40", 8),
        "trace-information": [TRACE],
        "extensions": [{"type": ("standard", 38), "criticality": (b"\x80", 1), "value": b"\x04\x40" + bytes(64)}],
        "per-recipient-fields": [
            {
                "recipient-name": or_name(number),
                "originally-specified-recipient-number": number,
                "per-recipient-indicators": (b"\x9c", 8),
            }
            for number in range(1, recipients + 1)
        ],
    }
    return "message", {"envelope": envelope, "content": b"c" * 2048}


def plain_or_name(surname: str) -> dict[str, Any]:
    """An O/R name of the IPM schema, whose country and administration are no CHOICEs."""
    return {
        "built-in-standard-attributes": {
            "country-name": "GB",
            "administration-domain-name": "GOLD 400",
            "private-domain-name": "EXAMPLE",
            "organization-name": "Widgets",
            "personal-name": {"surname": surname, "given-name": "Jo"},
        }
    }


def interpersonal_message() -> tuple[str, Any]:
    """An IPM of two recipients and a copy, with eight heading extensions and two body parts."""

    def recipient(surname: str) -> dict[str, Any]:
        descriptor = {"formal-name": plain_or_name(surname), "telephone-number": "+44 20 7946 0000"}
        return {"recipient": descriptor, "notification-requests": (b"\xc0", 2)}

    heading = {
        "this-IPM": {"user": plain_or_name("Alice"), "user-relative-identifier": "1234567890"},
        "originator": {"formal-name": plain_or_name("Alice")},
        "primary-recipients": [recipient("Bob"), recipient("Carol")],
        "copy-recipients": [recipient("Dave")],
        "subject": "The minutes of the meeting on Tuesday",
        "reply-time": datetime(2026, 2, 1, 9, 30, 1),
        "importance": "high",
        "extensions": [{"type": f"2.6.1.17.{i}", "value": b"\x0c\x10" + b"x" * 16} for i in range(8)],
    }
    external = {"parameters": b"\x06\x03\x55\x04\x03", "data": bytes(range(256)) * 4}
    body = [("ia5-text", {"parameters": {"repertoire": 5}, "data": "Hello. " * 150}), ("externally-defined", external)]
    return "ipm", {"heading": heading, "body": body}


def list_result(entries: int) -> dict[str, Any]:
    """What a user agent shows as its inbox: entries of eight attributes."""
    values = [b"\x02\x02\x12\x34", b"\x17\x0d260102030405Z", b"\x0c\x14" + b"Subject of a message", b"\x0a\x01\x01"]
    return {
        "next": entries + 1,
        "requested": [
            {
                "sequence-number": number,
                "attributes": [
                    {"attribute-type": f"2.6.3.{i}", "attribute-values": [values[i % 4]]} for i in range(1, 9)
                ],
            }
            for number in range(1, entries + 1)
        ],
    }


def directory_entry() -> dict[str, Any]:
    """A person's entry, with twelve attributes, as a directory answers a search."""
    names = ["cn", "sn", "givenName", "mail", "telephoneNumber", "title", "ou", "o", "l", "uid", "employeeNumber"]
    attributes: list[dict[str, Any]] = [
        {"type": name.encode(), "vals": [f"a value of {name}".encode()]} for name in names
    ]
    classes = [b"top", b"person", b"organizationalPerson", b"inetOrgPerson"]
    attributes.append({"type": b"objectClass", "vals": sorted(classes, key=lambda name: (len(name), name))})
    entry = {"objectName": b"uid=alice,ou=People,dc=example,dc=com", "attributes": attributes}
    return {"messageID": 2, "protocolOp": ("searchResEntry", entry)}


def _issuer() -> tuple[Any, Any]:
    """A name and a key of the cryptography package."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

    names = [(x509.NameOID.COUNTRY_NAME, "GB"), (x509.NameOID.ORGANIZATION_NAME, "Widgets")]
    names.append((x509.NameOID.COMMON_NAME, "Widgets issuing authority"))
    return x509.Name([x509.NameAttribute(*pair) for pair in names]), ec.generate_private_key(ec.SECP256R1())


def certificate() -> bytes:
    """A server's certificate, made and signed by the cryptography package."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    name, key = _issuer()
    subject_key = rsa.generate_private_key(65537, 2048).public_key()
    alternatives = x509.SubjectAlternativeName([x509.DNSName(f"mta{i}.example.com") for i in range(4)])
    builder = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=subject_key)
        .serial_number(0x1234567890ABCDEF)
        .not_valid_before(datetime(2026, 1, 1, 0, 0, 1))
        .not_valid_after(datetime(2027, 1, 1, 0, 0, 1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(subject_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(alternatives, critical=False)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def revocation_list(entries: int) -> bytes:
    """A revocation list with a reason for every fourth entry, made and signed by the cryptography package."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    name, key = _issuer()
    start = datetime(2026, 1, 1, 0, 0, 1)
    revoked = []
    for number in range(entries):
        entry = x509.RevokedCertificateBuilder(1_000_000_000_000 + number * 7919, start + timedelta(minutes=number))
        if number % 4 == 0:
            entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.superseded), critical=False)
        revoked.append(entry.build())
    builder = x509.CertificateRevocationListBuilder(
        name, start, start + timedelta(days=7), revoked_certificates=revoked
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def workloads(octets_of_content: int = 50 << 20, entries: int = 10_000) -> tuple[list[Workload], list[str]]:
    """All of them, and a line for what is left out because of a package that is not installed."""
    made = [
        Workload(f"p1-{count}", f"P1 transfer, {count:,} recipient{'s' * (count > 1)}", "P1", "APDU", make)
        for count in (1, 3, 30, 1000)
        for make in [functools.partial(transfer, count)]
    ]
    made.append(Workload("ipm", "IPM with heading extensions", "IPM", "InformationObject", interpersonal_message))
    made.append(Workload("p7", "P7 list result, 500 entries", "P7", "ListResult", functools.partial(list_result, 500)))
    left_out = []
    if importlib.util.find_spec("cryptography"):
        made.append(Workload("certificate", "X.509 certificate", "PKIX", "Certificate", certificate))
        crl = functools.partial(revocation_list, entries)
        made.append(Workload("crl", f"CRL of {entries:,} entries", "PKIX", "CertificateList", crl))
    else:
        left_out.append("certificate and CRL left out: the package cryptography (PyPI) is not installed")
    made.append(Workload("ldap", "LDAP search entry", "LDAP", "LDAPMessage", directory_entry))
    content = Workload(
        "octets",
        f"OCTET STRING of {octets_of_content / (1 << 20):.0f} MB",
        "Octets",
        "Content",
        lambda: {"content": bytes(octets_of_content)},
    )
    return [*made, content], left_out
