"""Constraints as sets of values: X.680 clause 50, and the same of object sets (X.681 clause 12)."""

import itertools

import pytest

import fastber


def permitted(constraint: str, among: range, more: str = "") -> set[int]:
    spec = fastber.compile_string(f"M DEFINITIONS AUTOMATIC TAGS ::= BEGIN T ::= INTEGER {constraint} {more} END")
    kept = set()
    for number in among:
        try:
            encoding = spec.encode("T", number, check_constraints=True)
        except fastber.ConstraintsError:
            with pytest.raises(fastber.ConstraintsError):
                spec.decode("T", spec.encode("T", number), check_constraints=True)
        else:
            assert spec.decode("T", encoding, check_constraints=True) == number
            kept.add(number)
    return kept


SMALL = range(-3, 13)


@pytest.mark.parametrize(
    ("constraint", "kept"),
    [
        ("(1..9 EXCEPT 5)", {1, 2, 3, 4, 6, 7, 8, 9}),
        ("(1..9 EXCEPT (2 | 4..6))", {1, 3, 7, 8, 9}),
        ("(ALL EXCEPT 0..8)", {-3, -2, -1, 9, 10, 11, 12}),
        ("(ALL EXCEPT (ALL EXCEPT 4))", {4}),
        ("(1..9 INTERSECTION ALL EXCEPT 3..8)", {1, 2, 9}),
        ("(1..4 ^ 3..9 | 11)", {3, 4, 11}),
        ("(1..4 UNION 3..9 EXCEPT 4..8)", {1, 2, 3, 4, 9}),
        ("((1..4 UNION 3..9) EXCEPT 4..8)", {1, 2, 3, 9}),
        ("(0<..<3)", {1, 2}),
        ("(MIN..1 EXCEPT MIN<..0)", {1}),
        ("(1..9)(4..12)(ALL EXCEPT 6)", {4, 5, 7, 8, 9}),
        ("(Odd EXCEPT 5)", {1, 3, 7}),
        ("(ALL EXCEPT Odd)", set(SMALL) - {1, 3, 5, 7}),
        ("(INCLUDES Odd | 2)", {1, 2, 3, 5, 7}),
        ("(5 EXCEPT 5)", set()),
        ("(1..3)(7..9)", set()),
    ],
)
def test_set_arithmetic_of_values(constraint: str, kept: set[int]) -> None:
    assert permitted(constraint, SMALL, "Odd ::= INTEGER (1 | 3 | 5 | 7)") == kept


def test_operations_on_sets_are_those_of_python() -> None:
    sets = {"0..3": {0, 1, 2, 3}, "(2 | 4)": {2, 4}, "1..5": {1, 2, 3, 4, 5}}
    everything = set(range(-1, 8))
    for (a, first), (b, second), (c, third) in itertools.product(sets.items(), repeat=3):
        for text, kept in (
            (f"{a} | {b} ^ {c}", first | second & third),
            (f"{a} EXCEPT {b} | {c}", first - second | third),
            (f"{a} ^ {b} EXCEPT {c}", first & (second - third)),
            (f"({a} ^ ALL EXCEPT {b}) EXCEPT {c}", first - second - third),
        ):
            assert permitted(f"({text})", range(-1, 8)) == kept & everything, text


def check(kind: str, good: list[object], bad: list[object]) -> None:
    spec = fastber.compile_string(f"M DEFINITIONS AUTOMATIC TAGS ::= BEGIN T ::= {kind} END")
    for value in good:
        spec.encode("T", value, check_constraints=True)
    for value in bad:
        with pytest.raises(fastber.ConstraintsError):
            spec.encode("T", value, check_constraints=True)


def test_sizes() -> None:
    check("OCTET STRING (SIZE (0..4 EXCEPT 2))", [b"", b"a", b"abc"], [b"ab", b"abcde"])
    check("SEQUENCE (SIZE (ALL EXCEPT 0)) OF NULL", [[None], [None] * 3], [[]])
    check("OCTET STRING (SIZE (2) | SIZE (4))", [b"ab", b"abcd"], [b"abc"])
    check("OCTET STRING (ALL EXCEPT SIZE (2))", [b"a", b"abc"], [b"ab"])


def test_alphabets() -> None:
    check('IA5String (FROM ("a".."z" EXCEPT "q"))', ["abc", ""], ["q", "aq", "A"])
    check('IA5String (FROM (ALL EXCEPT ("0".."9" | "-")))', ["abc"], ["a1", "-"])
    check('IA5String (FROM ("a"<..<"d"))', ["bc"], ["a", "d"])
    check('IA5String (FROM ("""" | "a"))', ['a"'], ["b"])
    check('IA5String (FROM ("a".."f") ^ SIZE (1..3))', ["abc"], ["", "abcd", "g"])


def test_what_ranges_cannot_tell() -> None:
    # strings of one character, or of "a" alone
    check('IA5String (SIZE (1) | FROM ("a"))', ["b", "aaa"], ["bb"])
    # strings that are all of "a" or all of "b"; and strings that are not all of "a"
    check('IA5String (FROM ("a") | FROM ("b"))', ["aa", "bb"], ["c", "ab"])
    check('IA5String (ALL EXCEPT FROM ("a"))', ["ab"], ["aa"])
    check('IA5String (SIZE (2..3) EXCEPT "no")', ["yes"], ["maybe", "no"])


def test_additions_are_kept_and_every_value_may_come() -> None:
    spec = fastber.compile_string(
        """
        M DEFINITIONS AUTOMATIC TAGS ::= BEGIN
        A ::= INTEGER (1..4, ..., 3..9 EXCEPT 7)
        B ::= OCTET STRING (SIZE (1, ..., 5..6))
        C ::= IA5String (FROM ("a".."c", ..., "x"))
        D ::= INTEGER (A EXCEPT 2)
        E ::= A (2..6)
        F ::= INTEGER (1..4, ... ! 5)
        END
        """
    )
    a, b, c = (spec.types[name].describe() for name in "ABC")
    assert (a.values, a.added_values, a.constraint_extensible) == (((1, 4),), ((5, 6), (8, 9)), True)
    assert (b.sizes, b.added_sizes, b.constraint_extensible) == (((1, 1),), ((5, 6),), True)
    assert (c.alphabet, c.added_alphabet, c.constraint_extensible) == ((("a", "c"),), (("x", "x"),), True)
    assert spec.encode("A", 100, check_constraints=True)
    # X.680 50.8: what uses the type has its root alone
    d, e, f = (spec.types[name].describe() for name in "DEF")
    assert (d.values, d.added_values, d.constraint_extensible) == (((1, 1), (3, 4)), (), False)
    assert (e.values, e.added_values, e.constraint_extensible) == (((2, 4),), (), False)
    assert (f.values, f.added_values, f.constraint_extensible) == (((1, 4),), (), True)


OBJECTS = """
    M DEFINITIONS AUTOMATIC TAGS ::= BEGIN
    X ::= CLASS {{ &id INTEGER UNIQUE, &Type }} WITH SYNTAX {{ &Type ID &id }}
    one X ::= {{ BOOLEAN ID 1 }}  two X ::= {{ UTF8String ID 2 }}  three X ::= {{ INTEGER ID 3 }}
    four INTEGER ::= 4
    Few X ::= {{ one | two, ... }}  Other X ::= {{ two | three | {{ NULL ID four }} }}
    Those X ::= {{ {those} }}
    S ::= SEQUENCE {{ id X.&id ({{Those}}), value X.&Type ({{Those}}{{@id}}) }}
    END
"""


@pytest.mark.parametrize(
    ("those", "identifiers"),
    [
        ("Few | Other", {1, 2, 3, 4}),
        ("Few EXCEPT two", {1}),
        ("Other EXCEPT { NULL ID 4 }", {2, 3}),
        ("Few ^ Other", {2}),
        ("Few INTERSECTION Other UNION three", {2, 3}),
        ("(Few | Other) EXCEPT (one | three)", {2, 4}),
        ("Few | Other EXCEPT (two | three)", {1, 2, 4}),
        ("Other ^ ALL EXCEPT Few", {3, 4}),
        ("ALL EXCEPT one", set()),
        ("Few EXCEPT two, ..., Other EXCEPT two", {1, 3, 4}),
    ],
)
def test_set_arithmetic_of_objects(those: str, identifiers: set[int]) -> None:
    spec = fastber.compile_string(OBJECTS.format(those=those))
    open_type = spec.types["S"].describe().members[1].type.open_type
    rows = open_type.rows if open_type is not None else ()
    assert {row[0] for row in rows} == identifiers
    for number, value in {1: True, 2: "x"}.items():
        if number in identifiers:
            encoding = spec.encode("S", {"id": number, "value": value}, resolve_open_types=True)
            assert spec.decode("S", encoding, resolve_open_types=True) == {"id": number, "value": value}
