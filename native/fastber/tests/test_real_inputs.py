"""Octets that we did not make: certificates and CRLs of this machine, published examples, X.690 Annex A."""

from __future__ import annotations

import base64
import importlib.util
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import fastber

DATA = Path(__file__).parent / "data"
STORE = Path("/etc/ssl/certs")

PKIX = fastber.compile_files(DATA / "certificates.asn1", "der")
LIBERAL = fastber.compile_files(DATA / "certificates.asn1")
EXTENSIONS = {
    "2.5.29.19": "BasicConstraints",
    "2.5.29.15": "KeyUsage",
    "2.5.29.14": "SubjectKey",
    "2.5.29.35": "AuthorityKey",
}


def bundles() -> Iterator[Path]:
    """The system's store, and those that come with Python packages: certifi, or pip's own copy of it."""
    yield from sorted(STORE.glob("*"))
    for package in ("certifi", "pip._vendor.certifi"):
        try:
            found = importlib.util.find_spec(package)
        except ModuleNotFoundError:
            continue
        if found is not None and found.origin is not None:
            yield Path(found.origin).with_name("cacert.pem")


def in_pem(path: Path, what: str) -> Iterator[bytes]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return
    for part in text.split(f"-----BEGIN {what}-----")[1:]:
        yield base64.b64decode(part.partition(f"-----END {what}-----")[0])


@cache
def certificates() -> tuple[bytes, ...]:
    """Each once, in DER."""
    found = {octets for path in bundles() for octets in in_pem(path, "CERTIFICATE")}
    if not found:
        pytest.skip(f"no certificates in {STORE}, nor in certifi")
    return tuple(sorted(found))


def test_certificates_decode_strictly_and_encode_to_the_same_octets() -> None:
    for octets in certificates():
        value, length = PKIX.decode_with_length("Certificate", octets)
        assert length == len(octets)
        assert PKIX.encode("Certificate", value) == octets
        key = value["toBeSigned"]["key"]
        if key["algorithm"]["algorithm"] == "1.2.840.113549.1.1.1":
            rsa = PKIX.decode("RSAKey", key["key"][0])
            assert PKIX.encode("RSAKey", rsa) == key["key"][0]


def test_certificate_revocation_lists_decode_strictly_and_encode_to_the_same_octets() -> None:
    """Those of the store, and the one that Python's own tests have."""
    folders = [STORE, Path(sysconfig.get_path("stdlib")) / "test"]
    files = [path for folder in folders for path in folder.rglob("*.crl")]
    lists = [octets for path in files for octets in in_pem(path, "X509 CRL")]
    if not lists:
        pytest.skip(f"no CRLs in {STORE}, and this Python comes without its tests")
    for octets in lists:
        value = PKIX.decode("CertificateList", octets)
        assert PKIX.encode("CertificateList", value) == octets
        assert PKIX.view("CertificateList", octets).at("toBeSigned.issuer").value == value["toBeSigned"]["issuer"]


def test_extensions_of_certificates_decode_strictly() -> None:
    seen = set()
    for certificate in certificates():
        for extension in PKIX.decode("Certificate", certificate)["toBeSigned"].get("extensions", []):
            name, octets = EXTENSIONS.get(extension["id"]), extension["value"]
            if name is None:
                continue
            seen.add(name)
            value = LIBERAL.decode(name, octets)
            if name == "KeyUsage" and PKIX.encode(name, value) != octets:  # an issuer that did not trim its bits
                with pytest.raises(fastber.DecodeError, match=r"11\.2\.2"):
                    PKIX.decode(name, octets)
                continue
            assert PKIX.encode(name, PKIX.decode(name, octets)) == octets
    assert seen >= {"BasicConstraints", "KeyUsage", "SubjectKey"}


def test_a_view_of_a_certificate_reads_what_decode_does() -> None:
    for octets in certificates():
        view, value = PKIX.view("Certificate", octets), PKIX.decode("Certificate", octets)
        assert view["toBeSigned"]["subject"].value == value["toBeSigned"]["subject"]
        assert view.at("toBeSigned.serialNumber").value == value["toBeSigned"]["serialNumber"]
        assert view.value == value


def test_certificates_that_are_cut_or_have_a_length_changed_are_refused() -> None:
    for octets in certificates()[:20]:
        for cut in (1, 3, len(octets) // 2, len(octets) - 1):
            with pytest.raises(fastber.DecodeError):
                PKIX.decode("Certificate", octets[:cut])
        longer = octets[:1] + b"\x83\x00" + octets[2:]
        with pytest.raises(fastber.DecodeError, match=r"10\.1"):
            PKIX.decode("Certificate", longer)


PERSON: dict[str, Any] = {
    "name": {"givenName": "John", "initial": "P", "familyName": "Smith"},
    "title": "Director",
    "number": 51,
    "dateOfHire": "19710917",
    "nameOfSpouse": {"givenName": "Mary", "initial": "T", "familyName": "Smith"},
    "children": [
        {"name": {"givenName": "Ralph", "initial": "T", "familyName": "Smith"}, "dateOfBirth": "19571111"},
        {"name": {"givenName": "Susan", "initial": "B", "familyName": "Jones"}, "dateOfBirth": "19590717"},
    ],
}
# Members in textual order, lengths definite and shortest, as A.3 has them.
ANNEX_A = """
    60 81 85
       61 10 1a 04 4a6f686e 1a 01 50 1a 05 536d697468
       a0 0a 1a 08 4469726563746f72
       42 01 33
       a1 0a 43 08 3139373130393137
       a2 12 61 10 1a 04 4d617279 1a 01 54 1a 05 536d697468
       a3 42
          31 1f 61 11 1a 05 52616c7068 1a 01 54 1a 05 536d697468
                a0 0a 43 08 3139353731313131
          31 1f 61 11 1a 05 537573616e 1a 01 42 1a 05 4a6f6e6573
                a0 0a 43 08 3139353930373137
"""


def test_x690_annex_a() -> None:
    """The record of A.2, as A.3 encodes it; a splice leaves its order of members as it is."""
    ber = fastber.compile_files(DATA / "personnel.asn1")
    octets = bytes.fromhex(ANNEX_A)
    assert ber.decode("PersonnelRecord", octets) == PERSON
    assert ber.decode("PersonnelRecord", ber.encode("PersonnelRecord", PERSON)) == PERSON
    spliced = b"".join(ber.view("PersonnelRecord", octets).splice({"number": 52}))
    assert spliced == octets.replace(bytes.fromhex("420133"), bytes.fromhex("420134"))


def test_x690_annex_a_in_der() -> None:
    """10.3 puts the members of a SET in the order of their tags: the number goes before the title."""
    der = fastber.compile_files(DATA / "personnel.asn1", "der")
    printed = bytes.fromhex(ANNEX_A)
    octets = der.encode("PersonnelRecord", PERSON)
    number = bytes.fromhex("420133")
    at = printed.index(b"\xa0\x0a")
    assert octets == printed[:at] + number + printed[at:].replace(number, b"", 1)
    assert der.decode("PersonnelRecord", octets) == PERSON
    assert [member.tag_number for member in fastber.tree(octets)[0].children] == [1, 2, 0, 1, 2, 3]
    with pytest.raises(fastber.DecodeError, match=r"10\.3"):
        der.decode("PersonnelRecord", printed)
