"""Instructions to other encoding rules (X.680 13, 31 and 54): they say nothing of BER, and are stepped over."""

from __future__ import annotations

import pytest

import fastber


@pytest.mark.parametrize(
    ("default", "notation", "octets"),
    [
        ("", "[XER:ATTRIBUTE] INTEGER", "020105"),
        ("", '[PER: foo {bar [1]} "x"] [5] INTEGER', "a503020105"),
        ("", "[TAG: APPLICATION 5] IMPLICIT INTEGER", "450105"),
        ("TAG INSTRUCTIONS", "[5] IMPLICIT [XER: ELEMENT] INTEGER", "850105"),
        ("XER INSTRUCTIONS", "[ATTRIBUTE] INTEGER", "020105"),
        ("XER INSTRUCTIONS", '[NAME AS "x"] [TAG: 5] INTEGER', "850105"),
    ],
)
def test_prefixes(default: str, notation: str, octets: str) -> None:
    tags = "IMPLICIT TAGS" if default else ""
    specification = fastber.compile_string(f"M DEFINITIONS {default} {tags} ::= BEGIN A ::= {notation} END")
    assert specification.encode("A", 5).hex() == octets
    assert specification.decode("A", bytes.fromhex(octets)) == 5


def test_without_a_reference_they_are_tags() -> None:
    with pytest.raises(fastber.CompileError, match="1:33: expected a tag number, found `ATTRIBUTE`"):
        fastber.compile_string("M DEFINITIONS ::= BEGIN A ::= [ ATTRIBUTE] INTEGER END")


def test_control_sections() -> None:
    specification = fastber.compile_string("""
        M DEFINITIONS XER INSTRUCTIONS AUTOMATIC TAGS ::= BEGIN
        A ::= SEQUENCE { a INTEGER }
        ENCODING-CONTROL XER
            GLOBAL-DEFAULTS MODIFIED-ENCODINGS
            NAMESPACE ALL AS "http://example.com" PREFIX "x"
        ENCODING-CONTROL PER
            some ::= [thing]
        END
        N DEFINITIONS ::= BEGIN B ::= NULL END
    """)
    assert specification.encode("A", {"a": 5}).hex() == "3003800105"
    assert specification.encode("B", None).hex() == "0500"
