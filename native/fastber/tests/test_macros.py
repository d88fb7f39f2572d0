"""What is written with the macros of 1988 (X.208 annex A): values, and the types and names that it carries."""

import ast

import pytest

import fastber
from fastber.stubs import render

MACROS = [
    "OPERATION",
    "ERROR",
    "BIND",
    "UNBIND",
    "ABSTRACT-BIND",
    "ABSTRACT-OPERATION",
    "ABSTRACT-ERROR",
    "EXTENSION",
    "EXTENSION-ATTRIBUTE",
    "TOKEN",
    "TOKEN-DATA",
    "PORT",
    "OBJECT",
    "SIGNED",
    "ATTRIBUTE",
    "ATTRIBUTE-SYNTAX",
    "ALGORITHM",
    "HEADING-EXTENSION",
    "OBJECT-TYPE",
]
# the macros themselves only need to be there: any definition is stepped over
DEFINED = "\n".join(
    f'{name} MACRO ::= BEGIN TYPE NOTATION ::= "X" type | empty VALUE NOTATION ::= value (VALUE INTEGER) END'
    for name in MACROS
)


def compiled(text: str) -> fastber.Specification:
    return fastber.compile_string(f"M DEFINITIONS IMPLICIT TAGS ::= BEGIN\n{DEFINED}\n{text}\nEND")


def types(spec: fastber.Specification) -> dict[str, str]:
    return {name: compiled.describe().kind for name, compiled in spec.modules["M"].items() if "." in name}


def test_operations_and_errors() -> None:
    spec = compiled(
        """
        Question ::= SEQUENCE { about UTF8String }
        ask OPERATION
            ARGUMENT Question
            RESULT answer SEQUENCE { yes BOOLEAN }
            ERRORS { busy, Other.tired }
            LINKED { nudge }
            ::= localValue 4
        nudge OPERATION RESULT ERRORS {} ::= 5
        look OPERATION ARGUMENT [2] INTEGER ::= globalValue { 1 2 3 }
        busy ERROR PARAMETER INTEGER { later(1) } ::= localValue : 7
        gone ERROR ::= 8
        """
    )
    values = dict(spec.values["M"])
    assert values == {
        "ask": 4,
        "ask.ERRORS": ["busy", "Other.tired"],
        "ask.LINKED": ["nudge"],
        "nudge": 5,
        "nudge.ERRORS": [],
        "look": "1.2.3",
        "busy": 7,
        "gone": 8,
    }
    assert types(spec) == {
        "ask.ARGUMENT": "SEQUENCE",
        "ask.RESULT": "SEQUENCE",
        "look.ARGUMENT": "INTEGER",
        "busy.PARAMETER": "INTEGER",
    }
    argument = spec.modules["M"]["ask.ARGUMENT"]
    assert argument.encode({"about": "x"}) == spec.encode("Question", {"about": "x"})
    assert argument.describe().name == "Question"
    assert spec.encode("look.ARGUMENT", 5) == spec.encode("M.look.ARGUMENT", 5) == bytes.fromhex("820105")
    assert spec.decode("ask.RESULT", spec.encode("ask.RESULT", {"yes": True})) == {"yes": True}


def test_binds_and_abstract_operations_are_types() -> None:
    spec = compiled(
        """
        Open ::= BIND ARGUMENT SET { name IA5String } RESULT Welcome BIND-ERROR INTEGER
        Welcome ::= NULL
        Close ::= UNBIND UNBIND-ERROR ENUMERATED { no }
        Enter ::= ABSTRACT-BIND TO { desk, hall } BIND ARGUMENT Welcome
        Carry ::= ABSTRACT-OPERATION ARGUMENT BOOLEAN RESULT ERRORS { Heavy }
        Heavy ::= ABSTRACT-ERROR PARAMETER weight INTEGER
        last INTEGER ::= 3
        """
    )
    assert types(spec) == {
        "Open.ARGUMENT": "SET",
        "Open.RESULT": "NULL",
        "Open.BIND-ERROR": "INTEGER",
        "Close.UNBIND-ERROR": "ENUMERATED",
        "Enter.ARGUMENT": "NULL",
        "Carry.ARGUMENT": "BOOLEAN",
        "Heavy.PARAMETER": "INTEGER",
    }
    assert dict(spec.values["M"]) == {"Enter.TO": ["desk", "hall"], "Carry.ERRORS": ["Heavy"], "last": 3}
    assert set(spec.types) - set(types(spec)) == {"Welcome"}


def test_extensions_tokens_ports_and_objects() -> None:
    spec = compiled(
        """
        hold EXTENSION Hold DEFAULT released CRITICAL FOR DELIVERY ::= 1
        mark EXTENSION ::= 2
        Hold ::= ENUMERATED { held(0), released(1) }
        nickname EXTENSION-ATTRIBUTE PrintableString (SIZE (1..8)) ::= 21
        sealed TOKEN ::= id-sealed
        key TOKEN-DATA BIT STRING ::= 3
        see HEADING-EXTENSION VALUE SEQUENCE OF NULL ::= id-see
        desk PORT CONSUMER INVOKES { ask, Enter } SUPPLIER INVOKES { tell } ::= { id-m 2 }
        post OBJECT PORTS { desk [S], hall [C] } ::= id-post
        id-m OBJECT IDENTIFIER ::= { 2 6 9 }
        id-sealed OBJECT IDENTIFIER ::= { id-m 1 }  id-see OBJECT IDENTIFIER ::= { id-m 4 }
        id-post OBJECT IDENTIFIER ::= { id-m 3 }
        """
    )
    assert types(spec) == {
        "hold.TYPE": "ENUMERATED",
        "nickname.TYPE": "PrintableString",
        "key.TYPE": "BIT STRING",
        "see.VALUE": "SEQUENCE OF",
    }
    assert spec.types["nickname.TYPE"].describe().sizes == ((1, 8),)
    values = spec.values["M"]
    numbers = {name: values[name] for name in ("hold", "mark", "nickname", "sealed", "key", "see", "desk", "post")}
    assert numbers == {
        "hold": 1,
        "mark": 2,
        "nickname": 21,
        "sealed": "2.6.9.1",
        "key": 3,
        "see": "2.6.9.4",
        "desk": "2.6.9.2",
        "post": "2.6.9.3",
    }
    assert values["post.PORTS"] == ["desk [S]", "hall [C]"]


def test_directory_and_management_macros() -> None:
    spec = compiled(
        """
        colour ATTRIBUTE WITH ATTRIBUTE-SYNTAX INTEGER (0..7) SINGLE VALUE ::= { 2 5 4 99 }
        shade ATTRIBUTE WITH ATTRIBUTE-SYNTAX colourSyntax MULTI VALUE ::= { 2 5 4 98 }
        colourSyntax ATTRIBUTE-SYNTAX OCTET STRING MATCHES FOR EQUALITY ::= { 2 5 5 99 }
        cipher ALGORITHM PARAMETER NULL ::= { 2 5 8 1 }
        Card ::= SIGNED SEQUENCE { name IA5String }
        Pass ::= SIGNED Name
        Name ::= IA5String
        ifNumber OBJECT-TYPE SYNTAX INTEGER ACCESS read-only STATUS mandatory
            DESCRIPTION "How many ::= there are" ::= { 1 3 6 }
        """
    )
    assert types(spec) == {
        "colour.ATTRIBUTE-SYNTAX": "INTEGER",
        "colourSyntax.TYPE": "OCTET STRING",
        "cipher.PARAMETER": "NULL",
        "Card.TYPE": "SEQUENCE",
        "Pass.TYPE": "IA5String",
        "ifNumber.SYNTAX": "INTEGER",
    }
    assert spec.values["M"]["ifNumber"] == "1.3.6"
    assert spec.values["M"]["colourSyntax"] == "2.5.5.99"


def test_faults_in_the_notation_of_macros_are_told() -> None:
    with pytest.raises(fastber.CompileError, match="found `Nothing`"):
        compiled("op OPERATION ARGUMENT Nothing ::= 1")
    with pytest.raises(fastber.CompileError, match="found `MISSING`"):
        compiled("op MISSING ARGUMENT NULL ::= 1")


def test_what_other_modules_of_the_time_import() -> None:
    """A macro, or a type, of a published module that is not at hand."""
    spec = fastber.compile_string(
        """
        M DEFINITIONS ::= BEGIN IMPORTS OPERATION, Far FROM Elsewhere { 1 2 };
        op OPERATION ARGUMENT Far RESULT NULL ::= 1 END
        """
    )
    assert spec.values["M"]["op"] == 1
    assert spec.encode("op.RESULT", None) == b"\x05\x00"
    assert spec.warnings


def test_stubs_of_what_macros_carry() -> None:
    spec = compiled("ask-it OPERATION ARGUMENT SEQUENCE { about UTF8String } RESULT NULL ::= 4")
    text = render(spec)["M.pyi"]
    ast.parse(text)
    assert 'ask_it_ARGUMENT = t.TypedDict("ask_it_ARGUMENT"' in text
