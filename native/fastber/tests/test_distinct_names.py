"""Names and numbers that have to differ: of components, alternatives and items (X.680 19, 20, 22, 25, 27, 29)."""

from __future__ import annotations

import re

import pytest

import fastber


def module(definitions: str) -> str:
    return f"M DEFINITIONS ::= BEGIN\n{definitions}\nEND"


NAME = "expected a name that nothing else in the {} has, found `a`"
IDENTIFIER = "expected an identifier that is not in the list yet, found `a`"
NUMBER = "expected numbers that differ, found {} for `a` and for `b`"


@pytest.mark.parametrize(
    ("definition", "column", "fault"),
    [
        ("A ::= SEQUENCE { a INTEGER, b NULL, a BOOLEAN }", 37, NAME.format("SEQUENCE")),
        ("A ::= SET { a INTEGER, a NULL }", 24, NAME.format("SET")),
        ("A ::= CHOICE { a INTEGER, ..., a NULL }", 32, NAME.format("CHOICE")),
        ("A ::= SEQUENCE { a INTEGER, COMPONENTS OF B } B ::= SEQUENCE { a NULL }", 43, NAME.format("SEQUENCE")),
        ("A ::= ENUMERATED { a, b, a }", 26, IDENTIFIER),
        ("A ::= INTEGER { a(1), a(2) }", 23, IDENTIFIER),
        ("A ::= BIT STRING { a(1), a(2) }", 26, IDENTIFIER),
        ("A ::= ENUMERATED { a(1), b(1) }", 7, NUMBER.format(1)),
        ("A ::= ENUMERATED { a, ..., b(0) }", 7, NUMBER.format(0)),
        ("A ::= INTEGER { a(1), b(v) } v INTEGER ::= 1", 7, NUMBER.format(1)),
        ("A ::= BIT STRING { a(0), b(0) }", 7, NUMBER.format(0)),
        ("A ::= BIT STRING { a(-1) }", 7, "expected the number of a bit for `a`, found -1"),
    ],
)
def test_what_is_there_twice_is_a_fault(definition: str, column: int, fault: str) -> None:
    with pytest.raises(fastber.CompileError, match=re.escape(f"<string>:2:{column}: {fault}")):
        fastber.compile_string(module(definition))


def test_all_are_told_in_one_run() -> None:
    definitions = [
        "A ::= SEQUENCE { a INTEGER, a NULL }",
        "B ::= CHOICE { b INTEGER, b NULL }",
        "C ::= ENUMERATED { c(1), d(1) }",
    ]
    with pytest.raises(fastber.CompileError) as caught:
        fastber.compile_string(module("\n".join(definitions)))
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == [
        "<string>:2:29",
        "<string>:3:27",
        "<string>:4:7",
    ]


def test_components_without_an_identifier_are_no_fault() -> None:
    """X.208 let them go without, and the tags tell them apart."""
    fastber.compile_string(module("A ::= SEQUENCE { [0] INTEGER, [1] NULL }"))
