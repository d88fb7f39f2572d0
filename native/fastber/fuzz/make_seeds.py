"""Writes the seeds of the fuzz targets: encodings of values that touch every type, and the modules' own text.

An input of a codec target starts with the place of its type in the lists of ``src/python.rs``, which are read here.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import fastber

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SOURCE = (HERE / "src/python.rs").read_text()
NAMES: list[tuple[str, str]] = re.findall(r'\("([\w-]+)", "([\w-]+)", (?:true|false)\)', SOURCE)
WHEN = datetime(2026, 1, 2, 3, 4, 5)
NAME = {
    "built-in-standard-attributes": {
        "country-name": ("iso-3166-alpha2-code", "GB"),
        "administration-domain-name": ("printable", "A"),
        "personal-name": {"surname": "Smith", "given-name": "Jo"},
        "organizational-unit-names": ["x", "y"],
    },
    "built-in-domain-defined-attributes": [{"type": "t", "value": "v"}],
    "extension-attributes": [{"extension-attribute-type": 1, "extension-attribute-value": b"\x13\x01c"}],
}
DOMAIN = {"country-name": ("iso-3166-alpha2-code", "GB"), "administration-domain-name": ("printable", "A")}
EXTENSION = {"type": ("standard-extension", 38), "criticality": (b"\x80", 1), "value": b"\x04\x02ab"}
TRACE = {
    "global-domain-identifier": DOMAIN,
    "domain-supplied-information": {"arrival-time": WHEN, "routing-action": "relayed"},
}
PDV = {"identification": ("syntax", "2.1.1"), "data-value": b"pdv"}
TREE = ("nodes", [("leaf", 5), ("set", [("leaf", -1), ("leaf", 2)]), ("more", ("leaf", 1000))])
MIXED = {"a": 7, "b": True, "c": b"oct", "d": ("y", ("x", 3)), "e": [1, -1, 300], "f": "text"}
ALGORITHM = {"algorithm": "1.2.840.113549.1.1.11", "parameters": b"\x05\x00"}
RDN = ("rdnSequence", [[{"type": "2.5.4.6", "value": b"\x13\x02GB"}], [{"type": "2.5.4.3", "value": b"\x0c\x02ca"}]])

VALUES: dict[str, list[Any]] = {
    "All": [
        {
            "boolean": True, "integer": -(2**70), "enumerated": "blue", "bits": (b"\xa0", 3),
            "named-bits": (b"\x80", 1), "octets": b"octets", "null": None, "oid": "2.999.1", "relative": "8571.3",
            "real": 1.5, "utf8": "\u00e9", "numeric": "12 3", "printable": "A", "teletex": "t", "ia5": "a@b",
            "visible": "v", "general": "g", "bmp": "\u4e2d", "universal": "\U0001f600", "utc": WHEN,
            "generalized": WHEN, "date": date(2026, 1, 2), "time-of-day": time(3, 4, 5), "date-time": WHEN,
            "external": {"direct-reference": "2.1.1", "encoding": ("single-ASN1-type", b"\x05\x00")},
            "pdv": PDV, "bare": ("d", b"bare"), "list": [3], "tree": TREE,
        },
        {"boolean": False, "integer": 0, "enumerated": "red", "bits": (b"", 0), "octets": b"", "null": None,
         "oid": "1.2", "relative": "1", "real": float("-inf")},
    ],
    "Bare": [("a", True), ("c", (b"\xff", 8)), ("g", 0.1), ("h", TREE), ("i", MIXED)],
    "Tree": [TREE, ("leaf", 0)],
    "Mixed": [MIXED, {**MIXED, "g": MIXED}],
    "Strings": [[("text", "abc"), ("octets", b"\x80\x01\x05"), ("bits", (b"\x80", 2))]],
    "Sets": [[MIXED, {**MIXED, "a": 8}]],
    "Any": [{"before": 1, "any": b"\x30\x03\x02\x01\x05", "after": False}, {"before": -1, "any": b"\x05\x00"}],
    "Universal": [
        ("sequence", [("boolean", True), ("integer", 1), ("bits", (b"\x80", 1)), ("octets", b"o"), ("null", None)]),
        ("set", [("oid", "1.2.3"), ("real", 2.5), ("enumerated", "c"), ("utf8", "u"), ("ia5", "i")]),
        ("tagged", ("implicit", b"i")), ("utc", WHEN), ("generalized", datetime(2026, 1, 2, tzinfo=UTC)),
        ("bmp", "b"), ("universal", "u"), ("relative", "1.2"),
    ],
    "Grown": [{"a": 1, "b": True, "c": None, "d": "d", "z": b"z"}, {"a": 1}],
    "Widened": [("a", 1), ("b", {"a": 1, "b": False}), ("c", {"a": "y"})],
    "Governed": [{"id": 1, "value": b"\x02\x01\x05"}, {"id": 4, "value": b"\x30\x08\x80\x01\x03\xa1\x03\x0c\x01a"}],
    "GovernedSet": [{"id": 1, "value": b"\x02\x01\x05", "more": [{"id": 9, "value": b"\x05\x00"}]}],
    "MTS-APDU": [
        ("message", {
            "envelope": {
                "message-identifier": {"global-domain-identifier": DOMAIN, "local-identifier": "1"},
                "originator-name": NAME, "content-type": ("built-in", 22), "priority": "urgent",
                "trace-information": [TRACE], "extensions": [EXTENSION],
                "per-recipient-fields": [
                    {"recipient-name": NAME, "originally-specified-recipient-number": number,
                     "per-recipient-indicators": (b"\x9c", 8)}
                    for number in (1, 2)
                ],
            },
            "content": b"content",
        }),
    ],
    "MessageSubmissionEnvelope": [
        {"originator-name": NAME, "content-type": ("extended", "2.6.1.4"), "extensions": [EXTENSION],
         "per-recipient-fields": [{"recipient-name": NAME, "originator-report-request": (b"\x80", 2)}]}
    ],
    "MessageDeliveryEnvelope": [
        {"message-delivery-identifier": {"global-domain-identifier": DOMAIN, "local-identifier": "1"},
         "message-delivery-time": WHEN,
         "other-fields": {"content-type": ("built-in", 2), "originator-name": NAME, "this-recipient-name": NAME,
                          "message-submission-time": WHEN}}
    ],
    "ORAddress": [NAME],
    "InformationObject": [
        ("ipm", {"heading": {"this-IPM": {"user-relative-identifier": "1"}, "subject": "s", "importance": "high"},
                 "body": [("basic", ("ia5-text", {"parameters": {}, "data": "text"}))]})
    ],
    "Certificate": [
        {"toBeSigned": {"version": 2, "serialNumber": 2**80, "signature": ALGORITHM, "issuer": RDN,
                        "validity": {"notBefore": ("utcTime", WHEN), "notAfter": ("utcTime", WHEN)}, "subject": RDN,
                        "subjectPublicKeyInfo": {"algorithm": ALGORITHM, "subjectPublicKey": (b"key", 24)},
                        "extensions": [{"extnId": "2.5.29.19", "critical": True, "extnValue": b"\x30\x00"}]},
         "algorithmIdentifier": ALGORITHM, "encrypted": (b"signature", 72)}
    ],
    "CertificateList": [
        {"toBeSigned": {"version": 1, "signature": ALGORITHM, "issuer": RDN, "thisUpdate": ("utcTime", WHEN),
                        "revokedCertificates": [{"userCertificate": n, "revocationDate": ("utcTime", WHEN)}
                                                for n in (1, 2)]},
         "algorithmIdentifier": ALGORITHM, "encrypted": (b"signature", 72)}
    ],
    "ListResult": [{"next": 3, "requested": [{"sequence-number": 1, "attributes": []}]}],
}  # fmt: skip

# Encodings of types whose values take long to write.
OCTETS: dict[str, list[str]] = {
    "ACSE-apdu": ["601a a1060604 52 0106 01 be10 280e 0201 03 a009 a280 8001 00 8100 0000",
                  "6111 a103 0601 52 a203 0201 00 a305 a103 0201 00"],
    "RTSE-apdus": ["b110 8001 01 8101 05 a208 a006 3104 8002 6162", "b203 8001 01", "0203 00 01 02", "0402 6162"],
    "CP-type": ["3180 a003 8001 01 a280 8101 01 8201 02 a40e 300c 0201 01 0603 520102 3003 0601 51 6180 "
                "3008 0201 01 a003 0201 05 0000 0000 0000"],
    "MPDU": ["a080 3180 6480 6380 6180 1302 4742 0000 6280 1301 41 0000 0000 1601 31 0000 6080 3080 0000 0000 4601 02 "
             "a280 0000 6980 0000 0000 0402 6869 0000"],
}  # fmt: skip

# Constructed and indefinite forms that no encoder of ours makes.
LIBERAL: dict[str, list[str]] = {
    "Universal": ["2480 0401 61 2403 0401 62 0000", "2380 0301 00 0302 04f0 0000", "2c80 0401 61 0000",
                  "3080 3180 2480 0000 0000 0000", "a080 0101 ff 0000", "3783 0000 0f 040d 3236303130323033303430355a"],
    "Any": ["3080 0201 01 3080 3080 0000 0000 0101 00 0000"],
    "Tree": ["3080 3180 0201 01 0000 bf46 80 0201 02 0000 0000"],
    "Mixed": ["3180 c901 ff bf1f 80 bf81 0080 0c01 61 0000 0000 4201 63 9f28 01 05 0000"],
    "Grown": ["3080 8001 01 9f85 7f00 8400 0000"],
}  # fmt: skip


def main() -> None:
    published = sorted(str(path) for path in (ROOT / "asn1").glob("*/*.asn1"))
    compiled = {}
    for codec in ("ber", "der"):
        torture = fastber.compile_files(HERE / "torture.asn1", codec)
        mhs = fastber.compile_files(published, codec, tolerate_explicit=True, ignore_unknown=True)
        compiled[codec] = {**mhs.modules, **torture.modules}
    made: dict[str, set[bytes]] = {"decode_ber": set(), "decode_der": set(), "view_splice": set(), "front_end": set()}
    for place, (module, name) in enumerate(NAMES):
        for value in VALUES.get(name, []):
            ber, der = (compiled[codec][module][name].encode(value) for codec in ("ber", "der"))
            made["decode_ber"].add(bytes([place]) + ber)
            made["decode_der"].add(bytes([place]) + der)
            made["view_splice"].add(bytes([place, 1, 3, 3, 1, 0]) + der)
        for text in (*OCTETS.get(name, []), *LIBERAL.get(name, [])):
            octets = bytes.fromhex(text)
            made["decode_ber"].add(bytes([place]) + octets)
            made["view_splice"].add(bytes([place, 4, 2, 0, 1]) + octets)
    message = bytes.fromhex((ROOT / "tests/data/p1-1988-message.hex").read_text())
    place = NAMES.index(("MTSTransferProtocol", "MTS-APDU"))
    made["decode_ber"].add(bytes([place]) + message)
    for steps in ([0, 0, 0], [0, 0, 7, 0, 0], [0, 1], [0, 0, 6, 0, 1, 1]):
        made["view_splice"].add(bytes([place, 0, len(steps), *steps]) + message)
    texts = [path.read_text() for path in map(Path, published) if path.stat().st_size < 2500]
    texts += re.split(r"(?<=\nEND\n)", (HERE / "torture.asn1").read_text())
    made["front_end"] = {text.encode() for text in texts if text.strip()}
    for target, seeds in made.items():
        folder = HERE / "seeds" / target
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for number, seed in enumerate(sorted(seeds)):
            (folder / f"{number:02}").write_bytes(seed)
        print(f"{target}: {len(seeds)} seeds, {sum(map(len, seeds))} octets")


if __name__ == "__main__":
    main()
