"""Micro-benchmarks of fastber, one construct each: ``make bench-micro``. They time, and judge nothing.

``--benchmark-compare`` and ``--benchmark-save`` (pytest-benchmark) hold one state of the code against another.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

import fastber
from benchmarks.harness.codec.compiling import ASN1
from benchmarks.harness.codec.workloads import TRACE, schema, transfer

TYPES = """
Micro DEFINITIONS AUTOMATIC TAGS ::= BEGIN
Boolean ::= BOOLEAN
Integer ::= INTEGER
Null ::= NULL
Enumerated ::= ENUMERATED { one(1), two(2), three(3) }
Real ::= REAL
BitString ::= BIT STRING
OctetString ::= OCTET STRING
ObjectIdentifier ::= OBJECT IDENTIFIER
Utf8 ::= UTF8String
Printable ::= PrintableString
Bmp ::= BMPString
Utc ::= UTCTime
Generalized ::= GeneralizedTime
External ::= EXTERNAL
Sequence ::= SEQUENCE { a INTEGER, b BOOLEAN OPTIONAL, c INTEGER DEFAULT 7, d OCTET STRING OPTIONAL, e NULL }
Set ::= SET { a [5] INTEGER, b [4] BOOLEAN, c [3] INTEGER, d [2] OCTET STRING, e [1] NULL, f [0] INTEGER }
Choice ::= CHOICE { a INTEGER, b BOOLEAN, c NULL, d OCTET STRING, e Utf8 }
SequenceOf ::= SEQUENCE OF INTEGER
SetOf ::= SET OF OCTET STRING
KIND ::= CLASS { &id INTEGER UNIQUE, &Type } WITH SYNTAX { &Type IDENTIFIED BY &id }
Kinds KIND ::= { { INTEGER IDENTIFIED BY 1 } | { Sequence IDENTIFIED BY 2 } }
Open ::= SEQUENCE { id KIND.&id ({Kinds}), value KIND.&Type ({Kinds}{@id}) }
END
"""

VALUES: dict[str, Any] = {
    "Boolean": True,
    "Integer": 1 << 40,
    "Null": None,
    "Enumerated": "two",
    "Real": 3.25,
    "BitString": (b"\xa5\x80", 10),
    "OctetString": bytes(100),
    "ObjectIdentifier": "1.2.840.113549.1.1.11",
    "Utf8": "Straße 17, Köln",
    "Printable": "Widgets and Sons",
    "Bmp": "Widgets",
    "Utc": datetime(2026, 1, 2, 3, 4, 5),
    "Generalized": datetime(2026, 1, 2, 3, 4, 5),
    "External": {"direct-reference": "2.6.1.4.0", "encoding": ("single-ASN1-type", b"\x05\x00")},
    "Sequence": {"a": 1, "c": 8, "d": b"abc", "e": None},
    "Set": {"a": 1, "b": True, "c": 2, "d": b"abc", "e": None, "f": 3},
    "Choice": ("e", "text"),
    "SequenceOf": list(range(1000)),
    "SetOf": [number.to_bytes(2) for number in range(1000)],
    "Open": {"id": 2, "value": {"a": 1, "c": 7, "e": None}},
}

Benchmark = Callable[..., Any]


@pytest.fixture(scope="session")
def micro() -> dict[str, fastber.Specification]:
    return {codec: fastber.compile_string(TYPES, codec) for codec in ("ber", "der")}


@pytest.fixture(scope="session")
def apdu() -> fastber.CompiledType:
    return fastber.compile_string(schema("P1")).types["APDU"]


@pytest.mark.parametrize("codec", ["ber", "der"])
@pytest.mark.parametrize("name", VALUES)
def test_decode(benchmark: Benchmark, micro: dict[str, fastber.Specification], name: str, codec: str) -> None:
    of = micro[codec].types[name]
    octets = of.encode(VALUES[name], resolve_open_types=True)
    assert benchmark(of.decode, octets, resolve_open_types=True) == VALUES[name]


@pytest.mark.parametrize("codec", ["ber", "der"])
@pytest.mark.parametrize("name", VALUES)
def test_encode(benchmark: Benchmark, micro: dict[str, fastber.Specification], name: str, codec: str) -> None:
    of = micro[codec].types[name]
    octets = benchmark(of.encode, VALUES[name], resolve_open_types=True)
    assert of.decode(octets, resolve_open_types=True) == VALUES[name]


def test_set_with_its_members_in_reverse(benchmark: Benchmark, micro: dict[str, fastber.Specification]) -> None:
    of = micro["ber"].types["Set"]
    view = of.view(of.encode(VALUES["Set"]))
    elements = [view[name].raw for name in "fedcba"]
    contents = b"".join(elements)
    for order in (elements, elements[::-1]):
        assert of.decode(bytes([0x31, len(contents)]) + b"".join(order)) == VALUES["Set"]
    benchmark(of.decode, bytes([0x31, len(contents)]) + b"".join(elements[::-1]))


def test_view_step(benchmark: Benchmark, apdu: fastber.CompiledType) -> None:
    view = apdu.view(apdu.encode(transfer(3)))
    assert benchmark(lambda: view["message"]["envelope"]["priority"]).value == "urgent"


def test_view_path(benchmark: Benchmark, apdu: fastber.CompiledType) -> None:
    view = apdu.view(apdu.encode(transfer(3)))
    found = benchmark(view.at, "message.envelope.per-recipient-fields[2].originally-specified-recipient-number")
    assert found.value == 3


def test_reader(benchmark: Benchmark, apdu: fastber.CompiledType) -> None:
    octets = apdu.encode(transfer(3))
    reader = apdu.reader("message.envelope.per-recipient-fields[*].originally-specified-recipient-number:value")
    assert benchmark(reader.read, octets) == ([1, 2, 3],)


def test_splice_of_a_new_element(benchmark: Benchmark, apdu: fastber.CompiledType) -> None:
    octets = apdu.encode(transfer(3))
    splicer = apdu.splicer("message.envelope.trace-information[+]")
    spliced = b"".join(benchmark(splicer.splice, octets, TRACE))
    assert len(apdu.view(spliced).at("message.envelope.trace-information")) == 2


def test_splice_without_a_change_of_length(benchmark: Benchmark, apdu: fastber.CompiledType) -> None:
    octets = apdu.encode(transfer(3))
    splicer = apdu.splicer("message.envelope.per-recipient-fields[0].per-recipient-indicators")
    assert len(b"".join(benchmark(splicer.splice, octets, (b"\x1c", 8)))) == len(octets)


def test_tree(benchmark: Benchmark, apdu: fastber.CompiledType) -> None:
    assert len(benchmark(fastber.tree, apdu.encode(transfer(3)))) == 1


def test_check(benchmark: Benchmark, apdu: fastber.CompiledType) -> None:
    octets = apdu.encode(transfer(3))
    assert benchmark(fastber.check, octets) == len(octets)


def test_compile_of_a_small_module(benchmark: Benchmark) -> None:
    assert "Open" in benchmark(fastber.compile_string, TYPES).types


def test_compile_of_all_modules(benchmark: Benchmark) -> None:
    files = [str(path) for path in sorted(ASN1.glob("*/*.asn1"))]
    compiled = benchmark(fastber.compile_files, files, tolerate_explicit=True, ignore_unknown=True)
    assert "MTSTransferProtocol" in compiled.modules
