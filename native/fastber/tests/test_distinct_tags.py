"""Tags that have to differ: SEQUENCE (X.680 25.6), SET (27.3) and CHOICE (29.3), with what is extensible (52.7)."""

from __future__ import annotations

import pytest

import fastber

OTHERS = """
Pick ::= CHOICE { one [1] NULL, two INTEGER }
Open ::= CHOICE { one [1] NULL, ... }
More ::= CHOICE { three [3] NULL, ... }
Part ::= SEQUENCE { x [0] NULL OPTIONAL, y [1] NULL OPTIONAL }
Held ::= SET { x [0] NULL, ..., added [9] NULL }
Of {T} ::= CHOICE { a [0] NULL, t T }
"""
SEQUENCE = "expected a tag that differs from those of the components before it that may be absent, found "
SET = "expected a tag that differs from those of the other components of the SET, found "
CHOICE = "expected a tag that differs from those of the other alternatives of the CHOICE, found "
ADDED = "expected a tag: what is added to this CHOICE may be what is added to "


def compiled(definition: str, tags: str = "IMPLICIT") -> fastber.Specification:
    return fastber.compile_string(f"M DEFINITIONS {tags} TAGS ::= BEGIN\nT ::= {definition}{OTHERS}END")


REFUSED = [
    ("SET { a NULL, b [0] NULL, c NULL }", 27, SET + "[UNIVERSAL 5], which `a` has"),
    ("SET { a [0] NULL, b [0] INTEGER OPTIONAL }", 19, SET + "[0], which `a` has"),
    ("SET { a INTEGER, p Pick }", 18, SET + "[UNIVERSAL 2], which `a` has"),
    ("SET { p Pick, a [1] NULL }", 15, SET + "[1], which `p` has"),
    ("SET { a [0] NULL, COMPONENTS OF Held }", 33, SET + "[0], which `a` has"),
    ("SET { a [7] NULL, ..., b [7] NULL }", 24, SET + "[7], which `a` has"),
    ("SET { a [7] NULL, ..., [[ b [8] NULL, c [7] NULL ]] }", 39, SET + "[7], which `a` has"),
    ("SET { a [7] NULL, ..., ..., b [7] NULL }", 29, SET + "[7], which `a` has"),
    ("SET { a NULL, b ANY }", 15, "expected tags that differ from those of `a`, found an open type without a tag"),
    ("SET { a ANY, b NULL }", 14, "expected tags that differ from those of `a`, found an open type without a tag"),
    ("SET { p Open, ... }", 7, ADDED + "the SET itself"),
    ("SET { p Open, q More }", 15, ADDED + "`p`"),
    ("CHOICE { a NULL, b NULL }", 18, CHOICE + "[UNIVERSAL 5], which `a` has"),
    ("CHOICE { a [APPLICATION 3] NULL, b [APPLICATION 3] NULL }", 34, CHOICE + "[APPLICATION 3], which `a` has"),
    ("CHOICE { p Pick, b [PRIVATE 1] NULL, c [1] NULL }", 38, CHOICE + "[1], which `p` has"),
    ("CHOICE { a [0] NULL, ..., b [0] NULL }", 27, CHOICE + "[0], which `a` has"),
    ("CHOICE { a [0] NULL, p Open, ... }", 22, ADDED + "the CHOICE itself"),
    ("CHOICE { a SEQUENCE { b NULL }, c SEQUENCE OF NULL }", 33, CHOICE + "[UNIVERSAL 16], which `a` has"),
    ("SEQUENCE { a NULL OPTIONAL, b NULL }", 29, SEQUENCE + "[UNIVERSAL 5], which `a` has"),
    ("SEQUENCE { a INTEGER DEFAULT 1, b NULL OPTIONAL, c INTEGER }", 50, SEQUENCE + "[UNIVERSAL 2], which `a` has"),
    ("SEQUENCE { p Pick OPTIONAL, b INTEGER }", 29, SEQUENCE + "[UNIVERSAL 2], which `p` has"),
    ("SEQUENCE { COMPONENTS OF Part, b [1] NULL }", 32, SEQUENCE + "[1], which `y` has"),
    ("SEQUENCE { a [0] NULL OPTIONAL, COMPONENTS OF Part }", 47, SEQUENCE + "[0], which `a` has"),
    ("SEQUENCE { a NULL OPTIONAL, ..., b NULL }", 34, SEQUENCE + "[UNIVERSAL 5], which `a` has"),
    ("SEQUENCE { ..., b NULL, ..., c NULL }", 30, SEQUENCE + "[UNIVERSAL 5], which `b` has"),
    ("SEQUENCE { ..., [[ b NULL, c INTEGER ]], ..., d INTEGER }", 47, SEQUENCE + "[UNIVERSAL 2], which `c` has"),
    ("SEQUENCE { a NULL OPTIONAL, ..., b INTEGER, ..., c NULL }", 50, SEQUENCE + "[UNIVERSAL 5], which `a` has"),
    ("SEQUENCE { a ANY OPTIONAL, b NULL }", 28, "expected tags that differ from those of `a`"),
    ("SEQUENCE { p Open OPTIONAL, ... }", 12, ADDED + "the SEQUENCE itself"),
    ("SEQUENCE { ..., ..., p Open }", 22, ADDED + "the SEQUENCE itself"),
    ("SEQUENCE { p Open OPTIONAL, q More }", 29, ADDED + "`p`"),
    ("CHOICE { a T, b NULL }", 10, "expected a tag somewhere in a CHOICE that leads back to itself"),
]


@pytest.mark.parametrize(("definition", "column", "message"), REFUSED)
def test_refused_with_its_place(definition: str, column: int, message: str) -> None:
    with pytest.raises(fastber.CompileError) as caught:
        compiled(definition)
    first = str(caught.value).splitlines()[0]
    assert first.startswith(f"<string>:2:{column + len('T ::= ')}: {message}")


@pytest.mark.parametrize(
    "definition",
    [
        "SET { a NULL, b [0] NULL, p Pick, d [2] ANY }",
        "SET { p [5] Open, q [3] More, ..., r [4] NULL }",
        "SET { p Open, a NULL }",
        "SET { COMPONENTS OF Held, a [9] NULL }",
        "CHOICE { a [0] NULL, b [1] NULL, ..., c [2] NULL }",
        "CHOICE { a [0] T, b [1] SEQUENCE OF T }",
        "SEQUENCE { a NULL, b NULL, c NULL OPTIONAL }",
        "SEQUENCE { a NULL OPTIONAL, b INTEGER, c NULL OPTIONAL, d INTEGER }",
        "SEQUENCE { a NULL, ..., b NULL, c NULL }",
        "SEQUENCE { p Open, ... }",
        "SEQUENCE { a INTEGER, b ANY DEFINED BY a OPTIONAL }",
        "SEQUENCE { a INTEGER, b ANY DEFINED BY a OPTIONAL, ... }",
        "SEQUENCE { ..., a NULL OPTIONAL, ..., p Pick }",
        "SEQUENCE { a [1] NULL OPTIONAL, b Of {BOOLEAN}, c Of {NULL} OPTIONAL }",
    ],
)
def test_permitted(definition: str) -> None:
    compiled(definition)


def test_automatic_tags_differ() -> None:
    """What AUTOMATIC TAGS gives is held against each other, and not what it takes the place of (X.680 25.7, 25.8)."""
    compiled("SET { a NULL, b NULL, p Pick, ..., c NULL }", "AUTOMATIC")
    compiled("CHOICE { a NULL, b NULL, ..., c NULL }", "AUTOMATIC")
    compiled("SEQUENCE { a NULL OPTIONAL, COMPONENTS OF Part, b NULL }", "AUTOMATIC")
    # one tag that is written is enough for there to be no automatic ones
    with pytest.raises(fastber.CompileError, match=r":2:21: .*found \[UNIVERSAL 5\], which `a` has"):
        compiled("SET { a NULL, b NULL, d [0] NULL }", "AUTOMATIC")


def test_each_instance_of_a_parameterised_type_is_looked_at() -> None:
    compiled("SEQUENCE OF Of {INTEGER}")
    with pytest.raises(fastber.CompileError, match=r":8:\d+: .*CHOICE, found \[0\], which `a` has"):
        compiled("SEQUENCE OF Of {[0] BOOLEAN}")


def test_all_are_told_in_one_run() -> None:
    with pytest.raises(fastber.CompileError) as caught:
        compiled("SEQUENCE { s SET { a NULL, b NULL, c NULL }, t CHOICE { d NULL, e NULL } }")
    assert len(str(caught.value).splitlines()) == 3


def test_what_is_not_at_hand_has_any_tag_that_is_wanted() -> None:
    text = "M DEFINITIONS ::= BEGIN IMPORTS X FROM Elsewhere {1 2 3}; T ::= SET { a X, b NULL, c X } END"
    assert fastber.compile_string(text).types["T"].name == "T"


def test_choices_within_choices_come_to_an_end() -> None:
    def row(length: int) -> str:
        choices = "\n".join(f"C{i} ::= CHOICE {{ a [{i}] NULL, b C{i + 1} }}" for i in range(length))
        return f"M DEFINITIONS ::= BEGIN {choices} C{length} ::= NULL END"

    assert fastber.compile_string(row(90)).encode("C0", ("b", ("a", None))) == bytes.fromhex("a1 02 0500")
    with pytest.raises(fastber.CompileError, match="expected fewer CHOICEs without a tag within one another"):
        fastber.compile_string(row(2_000))
