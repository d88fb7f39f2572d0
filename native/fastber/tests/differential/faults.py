"""Where the references are known to differ: each row with the clause that says who is right.

A fault of the notation leaves the types that use it out of the module that the reference compiles. A fault of values
leaves a value that meets it out of one comparison: `encode` (the octets that the reference writes), `decode` (what it
reads of ours), `octets` (both encodings are right, but not the same).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from schema import Type
from values import normal, trimmed


def parts(kind: Type, value: Any) -> Iterator[tuple[Type, Any]]:
    """The value and every value in it, each with its type past references."""
    resolved = kind.resolved()
    yield resolved, value
    if resolved.kind in ("SEQUENCE", "SET"):
        for member in resolved.members:
            if member.name in value:
                open_ = member.type.kind == "OPEN"
                held = member.type.rows[value[member.type.identified_by]] if open_ else member.type
                yield from parts(held, value[member.name])
    elif resolved.kind == "CHOICE":
        yield from parts(next(one.type for one in resolved.members if one.name == value[0]), value[1])
    elif resolved.element is not None:
        for element in value:
            yield from parts(resolved.element, element)


def of(*kinds: str) -> Callable[[Type, Any], bool]:
    return lambda kind, value: kind.kind in kinds


def arcs_from_2_40(kind: Type, value: Any) -> bool:
    return kind.kind == "OBJECT IDENTIFIER" and value.startswith("2.") and int(value.split(".")[1]) >= 40


def several_in_a_set_of(kind: Type, value: Any) -> bool:
    return kind.kind == "SET OF" and len(value) > 1


def trailing_zero_bits(kind: Type, value: Any) -> bool:
    return kind.kind == "BIT STRING" and bool(kind.names) and trimmed(value) != value


def written_default(kind: Type, value: Any) -> bool:
    return kind.kind in ("SEQUENCE", "SET") and any(
        one.has_default and one.name in value and normal(one.type, value[one.name]) == normal(one.type, one.default)
        for one in kind.members
    )


def digits_as_default(kind: Type, value: Any) -> bool:
    return any(one.has_default and isinstance(one.default, str) and one.default.isdigit() for one in kind.members)


def absent_null(kind: Type, value: Any) -> bool:
    return any(one.has_default and one.default is None for one in kind.members)


def zero(kind: Type, value: Any) -> bool:
    return kind.kind == "REAL" and value == 0


def default_of(held: Callable[[Type, Any], bool]) -> Callable[[Type, Any], bool]:
    """A member has a default of such a kind."""
    return lambda kind, value: any(one.has_default and held(one.type.resolved(), one.default) for one in kind.members)


def empty_optional_list(kind: Type, value: Any) -> bool:
    return kind.kind in ("SEQUENCE", "SET") and any(one.optional and value.get(one.name) == [] for one in kind.members)


def present_addition_of_a_set(kind: Type, value: Any) -> bool:
    return kind.kind == "SET" and any(one.addition is not None and one.name in value for one in kind.members)


def misplaced_bits(kind: Type, value: Any) -> bool:
    """Read as a number: zeros in front are lost, and the rest is moved to the end of the octet."""
    return kind.kind == "BIT STRING" and value[1] > 0 and (not value[0][0] & 0x80 or value[1] % 8 != 0)


def empty_named_bits_with_default(kind: Type, value: Any) -> bool:
    return any(
        one.has_default and one.type.resolved().names and one.name in value and trimmed(value[one.name])[1] == 0
        for one in kind.members
        if one.type.resolved().kind == "BIT STRING"
    )


def named_bits_with_default_in_digits(kind: Type, value: Any) -> bool:
    return any(one.default_notation.startswith("'") and one.type.resolved().names for one in kind.members)


def absent_with_a_long_tag(kind: Type, value: Any) -> bool:
    return kind.kind in ("SEQUENCE", "SET") and any(
        (one.has_default or one.name not in value)  # a default is left out when it is the value
        and (tag := re.match(r"\[(?:\w+ )?(\d+)\]", one.notation))
        and int(tag[1]) > 127
        for one in kind.members
    )


def fraction_of_second_0(kind: Type, value: Any) -> bool:
    return kind.kind == "GeneralizedTime" and value.second == 0 and value.microsecond > 0


def control_characters(kind: Type, value: Any) -> bool:
    return kind.kind == "IA5String" and any(ord(c) < 32 or ord(c) == 127 for c in value)


def rows_of_one_kind(kind: Type, value: Any) -> bool:
    """pycrate names the type of a value in an open type by its keyword."""
    for member in kind.members:
        words = [row.resolved().kind for row in member.type.rows.values()]
        if len(words) != len(set(words)):
            return True
    return False


def absent_default_addition(kind: Type, value: Any) -> bool:
    return any(
        one.addition is not None
        and one.has_default
        and normal(one.type, value.get(one.name, one.default)) == normal(one.type, one.default)
        for one in kind.members
    )


def group_in_a_set(kind: Type, value: Any) -> bool:
    places = [one.addition for one in kind.members if one.addition is not None and one.name in value]
    return kind.kind == "SET" and len(set(places)) < len(places)


def absent_addition(kind: Type, value: Any) -> bool:
    return kind.kind in ("SEQUENCE", "SET") and any(
        one.addition is not None and one.name not in value and not one.optional and not one.has_default
        for one in kind.members
    )


@dataclass(frozen=True)
class Fault:
    reference: str
    clause: str
    what: str
    feature: str = ""
    met: Callable[[Type, Any], bool] | None = None
    ways: tuple[str, ...] = ()
    codecs: tuple[str, ...] = ("ber", "der")


FAULTS = [
    Fault("asn1tools", "X.681 14", "open types are refused", "open types"),
    Fault("asn1tools", "X.680 27", "a SET with an untagged CHOICE is refused", "SET with an untagged CHOICE"),
    Fault("asn1tools", "X.680 33", "RELATIVE-OID is not known", "RELATIVE-OID"),
    Fault("asn1tools", "X.680 25.8", "automatic tags in textual order", "root members behind additions"),
    Fault("asn1tools", "X.690 8.9.3", "absent recursive members at the end are refused", "recursion"),
    Fault("asn1tools", "X.680 25.8", "a type given as a parameter has no automatic tags", "tagged parameters"),
    Fault("asn1tools", "X.680 41.3", "a default string of digits is a number", met=digits_as_default,
          ways=("encode", "decode")),
    Fault("asn1tools", "X.690 8.9.3", "NULL DEFAULT NULL has to be there", met=absent_null,
          ways=("encode", "decode")),
    Fault("asn1tools", "X.690 11.2.2", "named bits untrimmed", met=trailing_zero_bits, ways=("encode",),
          codecs=("der",)),
    Fault("asn1tools", "X.690 8.5.7.4", "an exponent with a redundant octet", met=of("REAL"), ways=("octets",)),
    Fault("asn1tools", "X.690 11.3.1", "the same in DER", met=of("REAL"), ways=("encode",), codecs=("der",)),
    Fault("asn1tools", "X.690 8.19.4", "arcs from 2.40 on", met=arcs_from_2_40, ways=("encode", "decode")),
    Fault("asn1tools", "X.690 11.6", "SET OF unsorted", met=several_in_a_set_of, ways=("encode",), codecs=("der",)),
    Fault("asn1tools", "X.690 10.3", "SET in textual order", met=of("SET"), ways=("encode",), codecs=("der",)),
    Fault("asn1tools", "X.680 31.2.7 a", "tags written in a parameter are not EXPLICIT", "tags in parameters"),
    Fault("asn1tools", "X.680 32.3", "the default of an OBJECT IDENTIFIER is a list of arcs",
          met=default_of(of("OBJECT IDENTIFIER")), ways=("encode", "decode")),
    Fault("asn1tools", "X.680 22.9", "a default of bits is read as a number", met=default_of(misplaced_bits),
          ways=("encode", "decode")),
    Fault("asn1tools", "X.680 25.11", "DEFAULT { } of one member is met by another of its name and type",
          met=empty_optional_list, ways=("encode", "decode")),
    Fault("asn1tools", "X.680 31.2.7 c", "a tag on a tagged CHOICE is EXPLICIT", "tagged CHOICE tagged again"),
    Fault("asn1tools", "X.690 8.11.2", "additions of a SET before members of its root are refused",
          met=present_addition_of_a_set, ways=("decode",)),
    Fault("asn1tools", "X.690 8.9.3", "an absent member is refused where less is left than its identifier is long",
          met=absent_with_a_long_tag, ways=("decode",)),
    Fault("asn1tools", "X.680 46.2", "a fraction at second 0 becomes one of a minute", met=fraction_of_second_0,
          ways=("encode",)),
    Fault("pycrate", "X.680 25.8", "automatic tags in textual order", "root members behind additions"),
    Fault("pycrate", "X.680 3.8.61", "one value object for all levels of a recursive type", "recursion"),
    Fault("pycrate", "X.680 31.2.7 c", "tags on parameters are not EXPLICIT", "tagged parameters"),
    Fault("pycrate", "X.680 31.2.7 c", "a tag on a tagged CHOICE is EXPLICIT", "tagged CHOICE tagged again"),
    Fault("pycrate", "X.680 12.14", "a string with quotes, brackets or commas ends early",
          "quotes, brackets and commas in a string"),
    Fault("pycrate", "X.690 8.9.3", "a default in an addition group has to be there", met=absent_default_addition,
          ways=("encode", "decode")),
    Fault("pycrate", "X.690 8.11.2", "an addition group of a SET has to be together", met=group_in_a_set,
          ways=("decode",)),
    Fault("pycrate", "X.680 41", "IA5String without C0 and DEL", met=control_characters, ways=("encode",)),
    Fault("pycrate", "X.681 14.6", "rows of one built-in type are confused", met=rows_of_one_kind,
          ways=("encode", "decode")),
    Fault("pycrate", "X.690 10.3", "SET in textual order", met=of("SET"), ways=("encode",), codecs=("der",)),
    Fault("pycrate", "X.690 11.2.2", "named bits untrimmed", met=trailing_zero_bits, ways=("encode",),
          codecs=("der",)),
    Fault("pycrate", "X.690 11.5", "default values written", met=written_default, ways=("encode",), codecs=("der",)),
    Fault("pycrate", "X.690 11.6", "SET OF unsorted", met=several_in_a_set_of, ways=("encode",), codecs=("der",)),
    Fault("Erlang", "X.680 31.2.7 c", "tags on parameters are not EXPLICIT", "tagged parameters"),
    Fault("Erlang", "X.680 31.2.7 c", "tags on open types are not EXPLICIT", "tagged open types"),
    Fault("Erlang", "X.680 31.2.7 c", "a tag on a tagged CHOICE is EXPLICIT", "tagged CHOICE tagged again"),
    Fault("Erlang", "X.690 8.1.2.4", "tag numbers of more than two octets", "tag numbers above 16383"),
    Fault("Erlang", "X.690 8.5.2", "a zero of no octets is refused", met=zero, ways=("encode", "decode")),
    Fault("Erlang", "X.690 10.3", "a SET's members are confused when sorted", met=of("SET"),
          ways=("encode", "decode"), codecs=("der",)),
    Fault("Erlang", "X.690 8.6.2.3", "no named bit set, where there is a default, is refused",
          met=empty_named_bits_with_default, ways=("encode",), codecs=("der",)),
    Fault("Erlang", "X.680 22.9", "the default '01'B of named bits is a list of characters",
          met=named_bits_with_default_in_digits, ways=("encode", "decode")),
    Fault("Erlang", "X.680 25.12", "absent additions cannot be encoded", met=absent_addition, ways=("encode",)),
]  # fmt: skip

# BER leaves the sender a choice here; the encodings are held against each other by decoding them.
CHOICES = [
    ("X.690 8.6.2, 11.2.2: trailing zeros of named bits", trailing_zero_bits),
    ("X.690 8.9.3, 11.5: members that equal their default", written_default),
    ("X.690 8.11.2, 10.3: the order of a SET", of("SET")),
    ("X.690 8.25, 11.8: Z or +0000", of("UTCTime", "GeneralizedTime")),
]


def lacking(reference: str) -> frozenset[str]:
    return frozenset(fault.feature for fault in FAULTS if fault.reference == reference and fault.feature)


def excused(reference: str, codec: str, way: str, kind: Type, value: Any) -> bool:
    """Is one of the table's faults met by this value, for this comparison?"""
    tests = [
        fault.met
        for fault in FAULTS
        if fault.met is not None and fault.reference == reference and way in fault.ways and codec in fault.codecs
    ]
    if way == "octets" and codec == "ber":
        tests += [test for _, test in CHOICES]
    return bool(tests) and any(test(*part) for part in parts(kind, value) for test in tests)
