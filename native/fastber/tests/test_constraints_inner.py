"""Constraints of values one by one, PATTERN and inner subtyping: X.680 clauses 51.2, 51.8, 51.9 and annex A."""

import re

import pytest

import fastber


def compiled(assignments: str) -> fastber.Specification:
    return fastber.compile_string(f"M DEFINITIONS AUTOMATIC TAGS ::= BEGIN {assignments} END")


def broken(spec: fastber.Specification, name: str, value: object) -> tuple[str, str]:
    """Path and reason of the error, the same on encode and decode."""
    with pytest.raises(fastber.ConstraintsError) as caught:
        spec.encode(name, value, check_constraints=True)
    with pytest.raises(fastber.ConstraintsError) as again:
        spec.decode(name, spec.encode(name, value), check_constraints=True)
    assert (caught.value.path, caught.value.reason) == (again.value.path, again.value.reason)
    return caught.value.path, caught.value.reason


def keeps(spec: fastber.Specification, name: str, value: object) -> None:
    spec.decode(name, spec.encode(name, value, check_constraints=True), check_constraints=True)


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        ('IA5String ("yes" | "no")', ["yes", "no"], ["maybe", "", "Yes"]),
        ("ENUMERATED { a, b, c } (a | c)", ["a", "c"], ["b"]),
        ("ENUMERATED { a, b, c } (ALL EXCEPT b)", ["a", "c"], ["b"]),
        ("BOOLEAN (TRUE)", [True], [False]),
        ("INTEGER { low(1), high(9) } (low..high)", [1, 9, 5], [0, 10]),
        ("INTEGER { low(1), high(9) } (low | high)", [1, 9], [5]),
        ("REAL (0..1)", [0.0, 0.5, 1.0], [-0.5, 1.5]),
        ("REAL (0.5<..MAX)", [0.75, 1e300], [0.5, 0.0]),
        ("OCTET STRING ('00'H | 'FF'H)", [b"\0", b"\xff"], [b"\1", b""]),
        ("BIT STRING ('0110'B)", [(b"\x60", 4)], [(b"\x70", 4)]),
        ("OBJECT IDENTIFIER ({ 2 1 1 } | { 2 1 2 })", ["2.1.1", "2.1.2"], ["2.1.3"]),
        ("SEQUENCE { a INTEGER, b BOOLEAN } ({ a 1, b TRUE })", [{"a": 1, "b": True}], [{"a": 2, "b": True}]),
        ("CHOICE { a INTEGER, b BOOLEAN } (a : 1 | b : TRUE)", [("a", 1), ("b", True)], [("a", 2), ("b", False)]),
        ("Numbers ({ 1, 2 } | { })", [[1, 2], []], [[1], [2, 1]]),
        ('UTF8String (Word EXCEPT "no")', ["yes", "maybe"], ["no", "never"]),
        ('UTF8String (yes | "no")', ["yes!", "no"], ["yes"]),
    ],
)
def test_values_one_by_one(type_: str, good: list[object], bad: list[object]) -> None:
    spec = compiled(
        f"""T ::= {type_} Numbers ::= SEQUENCE OF INTEGER
            Word ::= UTF8String ("yes" | "no" | "maybe") yes UTF8String ::= "yes!" """
    )
    for value in good:
        keeps(spec, "T", value)
    for value in bad:
        path, reason = broken(spec, "T", value)
        assert path == "T"
        assert reason


def test_the_error_lists_what_is_permitted() -> None:
    spec = compiled('S ::= SEQUENCE { e ENUMERATED { a, b, c } (a | b), w IA5String ("x" | "y") OPTIONAL }')
    assert broken(spec, "S", {"e": "c"}) == ("S.e", 'expected a | b, got "c"')
    assert broken(spec, "S", {"e": "a", "w": "z"}) == ("S.w", 'expected "x" | "y", got "z"')


def test_items_are_numbers_with_numeric_enums() -> None:
    module = "M DEFINITIONS ::= BEGIN T ::= ENUMERATED { a(3), b(5) } (b) END"
    spec = fastber.compile_string(module, numeric_enums=True)
    keeps(spec, "T", 5)
    assert broken(spec, "T", 3)[1] == "expected b, got 3"


def test_an_extensible_constraint_refuses_nothing() -> None:
    spec = compiled('T ::= IA5String ("yes", ...) E ::= ENUMERATED { a, b } (a, ..., b)')
    keeps(spec, "T", "no")
    keeps(spec, "E", "b")


# Of Python's notation, the part that annex A has in common with it; each side judges each text.
PATTERNS = [
    "a", "a|b", "ab*", "(ab)*", "(a|b)+c?", "[a-c]+", "[^a-c]", ".", ".*b.*", "a?a?aa", "(a*)*b", "(a|ab)(c|bcd)",
    r"\d+", r"[\d.]+", r"\w\w", r"a\.b", r"a\|b", "[a\\]b]+", "[a-]", "(|a)b", "", "a||b", r"a\bb*", r"a\b\.b",
    r"\ba.*",
]  # fmt: skip
TEXTS = ["", "a", "b", "c", "d", "ab", "abab", "abc", "abcd", "aab", "aa", "aaa", "aaaa", "bbb", "12", "1.5", "a.b",
         "a|b", "a]b", "-", "é", "x1", "abcbcd", "acd", "acbcd", "\n"]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_are_those_of_python_where_they_are_the_same(pattern: str) -> None:
    spec = compiled(f'T ::= UTF8String (PATTERN "{pattern}")')
    python = re.compile(pattern, re.ASCII | re.DOTALL)
    for text in TEXTS:
        if python.fullmatch(text):
            keeps(spec, "T", text)
        else:
            assert repr(pattern)[1:-1].replace("\\\\", "\\") in broken(spec, "T", text)[1].replace("\\\\", "\\")


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        ("a#3", ["aaa"], ["aa", "aaaa"]),
        ("a#(2,3)", ["aa", "aaa"], ["a", "aaaa"]),
        ("(ab)#(2)", ["abab"], ["ab", "ababab"]),
        ("a#(2,)", ["aa", "aaaaaa"], ["a"]),
        ("a#(,2)b", ["b", "aab"], ["aaab"]),
        (r"\d#4-\d#2-\d#2", ["2026-11-25"], ["26-11-25"]),
        (r"a\sb", ["a b", "a\tb"], ["ab"]),
        (r"a\nb", ["a\nb", "a\rb"], ["a b"]),
        ('say ""hi""', ['say "hi"'], ["say hi"]),
        (r"\w", ["a"], ["_"]),
        # X.680 51.9, the example of annex A: a number with groups of three digits
        (r"-?\d#(1,3)(,\d#3)*", ["-1,234,567", "12"], ["1,23", "-"]),
    ],
)
def test_patterns_of_annex_a(pattern: str, good: list[str], bad: list[str]) -> None:
    spec = compiled(f'T ::= UTF8String (PATTERN "{pattern}")')
    for text in good:
        keeps(spec, "T", text)
    for text in bad:
        broken(spec, "T", text)


@pytest.mark.parametrize("pattern", [r"\N{greek}", "a#(3,2)", "(a", "[a", "*", "a#(9999,9999)b#(30000)", "(" * 200])
def test_what_is_no_pattern_here_refuses_nothing(pattern: str) -> None:
    keeps(compiled(f'T ::= UTF8String (PATTERN "{pattern}")'), "T", "whatever")


def test_a_pattern_by_name_and_in_set_arithmetic() -> None:
    spec = compiled(
        r"""T ::= IA5String (PATTERN word) word IA5String ::= "[a-z]+"
            U ::= IA5String (PATTERN "[a-z]+" EXCEPT PATTERN "x.*") V ::= T (SIZE (1..3))"""
    )
    keeps(spec, "T", "abc")
    broken(spec, "T", "ABC")
    keeps(spec, "U", "abc")
    broken(spec, "U", "xyz")
    broken(spec, "V", "abcd")
    broken(spec, "V", "A")


def test_the_text_is_matched_in_linear_time_whatever_the_pattern() -> None:
    # a matcher that tries one way after the other needs 2 to the 50,000 steps for this
    spec = compiled('T ::= UTF8String (PATTERN "((a|aa)*)*b")')
    broken(spec, "T", "a" * 50_000)
    keeps(spec, "T", "a" * 50_000 + "b")


INNER = """
    Base ::= SEQUENCE { a INTEGER, b UTF8String OPTIONAL, c BOOLEAN OPTIONAL, d INTEGER DEFAULT 4,
        list Numbers OPTIONAL }
    Numbers ::= SEQUENCE OF INTEGER
    Pick ::= CHOICE { x INTEGER, y UTF8String, z NULL }
    Small ::= Numbers (WITH COMPONENT (0..9))
    Few ::= SEQUENCE OF Base (WITH COMPONENTS { ..., b ABSENT })
    Part ::= Base (WITH COMPONENTS { ..., a (1..5), b PRESENT, c ABSENT })
    Full ::= Base (WITH COMPONENTS { a, b })
    Free ::= Base (WITH COMPONENTS { a, b OPTIONAL, c (TRUE) OPTIONAL })
    Deep ::= Base (WITH COMPONENTS { ..., list (WITH COMPONENT (1 | 3)) PRESENT })
    Either ::= Base (WITH COMPONENTS { ..., b PRESENT } | WITH COMPONENTS { ..., c PRESENT })
    OnlyX ::= Pick (WITH COMPONENTS { ..., x PRESENT })
    NotY ::= Pick (WITH COMPONENTS { ..., y ABSENT })
    Some ::= Pick (WITH COMPONENTS { x (1..3), y })
    Holder ::= SEQUENCE { parts SEQUENCE OF Part }
"""


@pytest.mark.parametrize(
    ("name", "good", "bad", "where"),
    [
        ("Small", [0, 9], [0, 3, 10], "Small[2]"),
        ("Few", [{"a": 1}, {"a": 1, "c": True}], [{"a": 1}, {"a": 1, "b": ""}], "Few[1].b"),
        ("Part", {"a": 5, "b": ""}, {"a": 6, "b": ""}, "Part.a"),
        ("Part", {"a": 5, "b": "x", "list": [1]}, {"a": 5}, "Part.b"),
        ("Part", {"a": 1, "b": ""}, {"a": 5, "b": "", "c": True}, "Part.c"),
        ("Full", {"a": 1, "b": ""}, {"a": 1}, "Full.b"),
        ("Full", {"a": 1, "b": "", "d": 6}, {"a": 1, "b": "", "c": True}, "Full.c"),
        ("Free", {"a": 1}, {"a": 1, "c": False}, "Free.c"),
        ("Free", {"a": 1, "b": "", "c": True}, {"a": 1, "list": []}, "Free.list"),
        ("Deep", {"a": 1, "list": [1, 3, 3]}, {"a": 1, "list": [1, 2]}, "Deep.list[1]"),
        ("Deep", {"a": 1, "list": []}, {"a": 1}, "Deep.list"),
        ("Either", {"a": 1, "c": True}, {"a": 1}, "Either"),
        ("OnlyX", ("x", 1), ("z", None), "OnlyX.x"),
        ("NotY", ("z", None), ("y", ""), "NotY.y"),
        ("Some", ("x", 3), ("x", 4), "Some.x"),
        ("Some", ("y", ""), ("z", None), "Some.z"),
        ("Holder", {"parts": []}, {"parts": [{"a": 1, "b": ""}, {"a": 9, "b": ""}]}, "Holder.parts[1].a"),
    ],
)
def test_inner_subtyping(name: str, good: object, bad: object, where: str) -> None:
    spec = compiled(INNER)
    keeps(spec, name, good)
    assert broken(spec, name, bad)[0] == where


def test_a_component_that_is_not_there_checks_nothing() -> None:
    # what cannot be read checks nothing: asn1tools compiles such modules too
    keeps(compiled("T ::= SEQUENCE { a NULL } (WITH COMPONENTS { ..., b PRESENT })"), "T", {"a": None})
