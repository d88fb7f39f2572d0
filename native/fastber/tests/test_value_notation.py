"""Values written in modules: of open types (X.681 14), EXTERNAL, EMBEDDED PDV and CHARACTER STRING (X.680)."""

import pytest

import fastber

MODULE = """
    M DEFINITIONS EXPLICIT TAGS ::= BEGIN
    C ::= CLASS { &id INTEGER UNIQUE, &Type }
    Pair ::= SEQUENCE { name UTF8String, size INTEGER DEFAULT 7 }
    Holder ::= SEQUENCE { held ANY, open C.&Type OPTIONAL }
    five Any ::= INTEGER : 5
    Any ::= ANY
    pair C.&Type ::= Pair : { name "x" }
    nothing ANY ::= NULL : NULL
    named ANY ::= ENUMERATED { red, green } : green
    holder Holder ::= { held BOOLEAN : TRUE, open SEQUENCE OF INTEGER : { 1, 2 } }
    DefaultOpen ::= SEQUENCE { held ANY DEFAULT INTEGER : 5 }

    of-1988 EXTERNAL ::= { direct-reference { 2 1 1 }, encoding single-ASN1-type : Pair : { name "y", size 1 } }
    octets EXTERNAL ::= { indirect-reference 3, data-value-descriptor "what", encoding octet-aligned : 'CAFE'H }
    syntax EXTERNAL ::= { identification syntax : { 2 1 1 }, data-value 'CAFE'H }
    context EXTERNAL ::= { identification presentation-context-id : 5, data-value ''H }
    negotiated EXTERNAL ::= { identification context-negotiation : {
        presentation-context-id 5, transfer-syntax { 2 1 1 } }, data-value '00'H }
    pdv EMBEDDED PDV ::= { identification syntaxes : { abstract { 2 1 0 }, transfer { 2 1 1 } }, data-value '01'H }
    fixed EMBEDDED PDV ::= { identification fixed : NULL, data-value '02'H }
    text CHARACTER STRING ::= { identification transfer-syntax : { 2 1 1 }, string-value '41'H }
    DefaultExternal ::= SEQUENCE { e EXTERNAL DEFAULT { direct-reference { 2 1 1 }, encoding octet-aligned : '00'H } }
    E ::= EXTERNAL  P ::= EMBEDDED PDV  T ::= CHARACTER STRING
    END
"""


@pytest.fixture(scope="module")
def spec() -> fastber.Specification:
    return fastber.compile_string(MODULE)


def test_values_of_open_types(spec: fastber.Specification) -> None:
    values = spec.values["M"]
    assert values["five"] == 5
    assert values["pair"] == {"name": "x"}
    assert values["nothing"] is None
    assert values["named"] == "green"
    assert values["holder"] == {"held": True, "open": [1, 2]}


def test_a_default_of_an_open_type_is_octets_so_it_is_left_out(spec: fastber.Specification) -> None:
    assert spec.decode("DefaultOpen", bytes.fromhex("3000")) == {}
    (member,) = spec.types["DefaultOpen"].describe().members
    assert member.optional
    assert not member.has_default


def test_values_of_external(spec: fastber.Specification) -> None:
    values = spec.values["M"]
    assert values["of-1988"] == {
        "direct-reference": "2.1.1",
        "encoding": ("single-ASN1-type", {"name": "y", "size": 1}),
    }
    expected: dict[str, dict[str, object]] = {
        "octets": {"indirect-reference": 3, "data-value-descriptor": "what"},
        "syntax": {"direct-reference": "2.1.1"},
        "context": {"indirect-reference": 5},
        "negotiated": {"indirect-reference": 5, "direct-reference": "2.1.1"},
    }
    octets = {"octets": b"\xca\xfe", "syntax": b"\xca\xfe", "context": b"", "negotiated": b"\0"}
    for name, value in expected.items():
        assert values[name] == value | {"encoding": ("octet-aligned", octets[name])}
        assert spec.decode("E", spec.encode("E", values[name])) == values[name]
    assert spec.decode("DefaultExternal", bytes.fromhex("3000")) == {
        "e": {"direct-reference": "2.1.1", "encoding": ("octet-aligned", b"\0")}
    }


def test_values_of_embedded_pdv_and_character_string(spec: fastber.Specification) -> None:
    values = spec.values["M"]
    assert values["pdv"] == {
        "identification": ("syntaxes", {"abstract": "2.1.0", "transfer": "2.1.1"}),
        "data-value": b"\1",
    }
    assert values["fixed"] == {"identification": ("fixed", None), "data-value": b"\2"}
    assert values["text"] == {"identification": ("transfer-syntax", "2.1.1"), "string-value": b"A"}
    for kind, name in (("P", "pdv"), ("P", "fixed"), ("T", "text")):
        assert spec.decode(kind, spec.encode(kind, values[name])) == values[name]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("e EXTERNAL ::= { encodign octet-aligned : '00'H }", "encodign"),
        ("e EXTERNAL ::= { encoding octets : '00'H }", "octets"),
        ("p EMBEDDED PDV ::= { identification syntx : { 2 1 1 }, data-value ''H }", "syntx"),
        ("a ANY ::= Missing : 5", "Missing"),
        ("b BIT STRING ::= '0120'B", "the digits 0 and 1, found `'0120'B`"),
        ("o OCTET STRING ::= 'CAFG'H", "the digits 0 to 9 and A to F, found `'CAFG'H`"),
    ],
)
def test_what_is_no_part_of_the_value_is_told(wrong: str, said: str) -> None:
    with pytest.raises(fastber.CompileError, match=f"<string>:1:[0-9]+: .*{said}"):
        fastber.compile_string(f"M DEFINITIONS ::= BEGIN {wrong} END")


def test_strings_on_several_lines() -> None:
    """The ends of lines and the blanks about them are no part of any string (X.680 12.10 to 12.14)."""
    spec = fastber.compile_string("""
        M DEFINITIONS ::= BEGIN
        text IA5String ::= "ABCDE FGH  
                            IJK""XYZ

                            "
        bits BIT STRING ::= '0101
                             1'B
        octets OCTET STRING ::= 'CA
                                 FE'H
        END
    """)  # noqa: W291
    assert spec.values["M"] == {"text": 'ABCDE FGHIJK"XYZ', "bits": (b"\x58", 5), "octets": b"\xca\xfe"}


def test_series_of_recommendations_by_their_letters() -> None:
    """X.660 has {itu-t recommendation q}: TCAP's modules, and what is built on them, name themselves so."""
    spec = fastber.compile_string("""
        M { itu-t recommendation q 773 modules(2) } DEFINITIONS ::= BEGIN
        dialogue OBJECT IDENTIFIER ::= { itu-t recommendation q 773 as(1) dialogue-as(1) version1(1) }
        first OBJECT IDENTIFIER ::= { ccitt recommendation a }
        last OBJECT IDENTIFIER ::= { itu-t(0) recommendation(0) z }
        q INTEGER ::= 4
        other OBJECT IDENTIFIER ::= { iso standard q }
        END
    """)
    assert spec.values["M"] == {
        "dialogue": "0.0.17.773.1.1.1",
        "first": "0.0.1",
        "last": "0.0.26",
        "q": 4,
        "other": "1.0.4",
    }


WRONG = [
    ("w INTEGER ::= TRUE", 15, "expected a value of INTEGER, found `TRUE`"),
    ("w BOOLEAN ::= 5", 15, "expected a value of BOOLEAN, found `5`"),
    ("w IA5String ::= 5", 17, "expected a value of a type of character string, found `5`"),
    ("w OCTET STRING ::= {1}", 20, "expected a value of OCTET STRING, found `{`"),
    ("w SEQUENCE OF INTEGER ::= {1, NULL}", 31, "expected a value of INTEGER, found `NULL`"),
    ("w T ::= {a 1, b x : 5}", 17, "expected an alternative of the CHOICE, found `x`"),
    ("w T ::= {a 1, c 5}", 15, "expected a component, found `c`"),
    ("w T ::= {a 1}", 10, "expected a value of the component `b`"),
    ("w BIT STRING {x(0)} ::= {x, y}", 29, "expected the name of a bit, found `y`"),
    ("w ENUMERATED {x} ::= y", 22, "expected a name that is defined or imported, found `y`"),
]


@pytest.mark.parametrize(("wrong", "column", "fault"), WRONG)
def test_what_is_no_value_of_the_type_is_told_where_it_stands(wrong: str, column: int, fault: str) -> None:
    with pytest.raises(fastber.CompileError) as caught:
        fastber.compile_string(
            "M DEFINITIONS ::= BEGIN T ::= SEQUENCE { a INTEGER, b CHOICE { y NULL }, d NULL OPTIONAL }\n"
            + wrong
            + "\nEND"
        )
    assert str(caught.value) == f"<string>:2:{column}: {fault}"


def test_every_component_is_told_of() -> None:
    """Faults of one type, each: none hides the next."""
    wrong = "T ::= SEQUENCE { a INTEGER DEFAULT TRUE, b Foo, c CHOICE { d Bar, e Baz }, f BOOLEAN DEFAULT 5 }"
    with pytest.raises(fastber.CompileError) as caught:
        fastber.compile_string(f"M DEFINITIONS ::= BEGIN\n{wrong}\nEND")
    told = [line.partition("expected ")[2] for line in str(caught.value).splitlines()]
    assert told == [
        "a value of INTEGER, found `TRUE`",
        "a name that is defined or imported, found `Foo`",
        "a name that is defined or imported, found `Bar`",
        "a name that is defined or imported, found `Baz`",
        "a value of BOOLEAN, found `5`",
    ]
