"""JSON and back: every kind of value, as BER gives it, and the same octets made of it again."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

import fastber
from fastber.json_values import dumps, from_json, loads, to_json

MODULE = """
Torture DEFINITIONS AUTOMATIC TAGS ::= BEGIN
Torture ::= SEQUENCE { boolean BOOLEAN, integer INTEGER, bits BIT STRING, named BIT STRING { a(0), b(9) },
    octets OCTET STRING, nothing NULL, id OBJECT IDENTIFIER, relative RELATIVE-OID, real REAL,
    colour ENUMERATED { red, green, ... }, utf8 UTF8String, bmp BMPString, universal UniversalString,
    teletex TeletexString, visible VisibleString, utc UTCTime, generalized GeneralizedTime, day DATE, hour TIME-OF-DAY,
    moment DATE-TIME, span DURATION, choice Choice, list SEQUENCE OF Choice, set SET OF INTEGER, foreign EXTERNAL,
    kind KIND.&code ({Known}), open KIND.&Type ({Known}{@kind}), held OCTET STRING (CONTAINING Choice),
    absent NULL OPTIONAL, given REAL DEFAULT 1.5 }
Choice ::= CHOICE { nothing NULL, octets OCTET STRING, bits BIT STRING, count INTEGER, inner Choice, text IA5String }
KIND ::= CLASS { &code INTEGER UNIQUE, &Type } WITH SYNTAX { &Type AT &code }
Known KIND ::= { { REAL AT 1 } | { Choice AT 2 }, ... }
END
"""
SPEC = fastber.compile_string(MODULE)

# powers, as hypothesis shows its strategies, and Python no more than 4,300 digits
powers = st.builds(lambda sign, power: sign * 10**power, st.sampled_from([1, -1]), st.sampled_from([0, 20, 4000, 5000]))
integers = st.one_of(st.integers(), st.sampled_from([2**63, -(2**63), -(2**63) - 1, 2**64]), powers)
bits = st.binary(max_size=5).flatmap(
    lambda octets: st.integers(max(0, len(octets) * 8 - 7), len(octets) * 8).map(
        lambda count: (clear(octets, len(octets) * 8 - count), count)
    )
)
reals = st.one_of(st.floats(allow_nan=False), st.sampled_from([0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324]))
zones = st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=11))])
choices = st.recursive(
    st.one_of(
        st.just(("nothing", None)),
        st.tuples(st.just("octets"), st.binary(max_size=4)),
        st.tuples(st.just("bits"), bits),
        st.tuples(st.just("count"), integers),
        st.tuples(st.just("text"), st.text(st.characters(max_codepoint=127), max_size=4)),
    ),
    lambda inner: st.tuples(st.just("inner"), inner),
    max_leaves=4,
)
texts = st.text(max_size=6)
plane = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=6)
moments = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2068, 12, 30))

values = st.fixed_dictionaries(
    {
        "boolean": st.booleans(), "integer": integers, "bits": bits, "named": bits, "octets": st.binary(max_size=9),
        "nothing": st.none(), "id": st.sampled_from(["2.6.1", "1.2.840.113549", "2.999.18446744073709551615"]),
        "relative": st.just("8571.3.2"), "real": reals, "colour": st.sampled_from(["red", "green", 77]),
        "utf8": texts, "bmp": plane, "universal": texts, "teletex": st.text(st.characters(max_codepoint=255)),
        "visible": st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=6),
        "utc": moments.map(lambda moment: moment.replace(microsecond=0)),
        "generalized": st.builds(lambda moment, zone: moment.replace(tzinfo=zone), moments, zones),
        "day": st.dates(), "hour": st.times().map(lambda hour: hour.replace(microsecond=0)),
        "moment": st.datetimes().map(lambda moment: moment.replace(microsecond=0)), "span": st.just("P2DT3H"),
        "choice": choices, "list": st.lists(choices, max_size=3), "set": st.lists(integers, max_size=3),
        "foreign": st.just({"direct-reference": "2.1.1", "encoding": ("single-ASN1-type", b"\x05\x00")}),
        "held": choices,
    },
    optional={"absent": st.none(), "given": reals},
)  # fmt: skip
opened = st.one_of(
    st.fixed_dictionaries({"kind": st.just(1), "open": reals}),
    st.fixed_dictionaries({"kind": st.just(2), "open": choices}),
    st.fixed_dictionaries({"kind": st.just(3), "open": st.just(b"\x05\x00")}),
)


def clear(octets: bytes, unused: int) -> bytes:
    """The octets with their last bits zero."""
    return octets[:-1] + bytes([octets[-1] & (0xFF << unused)]) if octets else octets


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same classes; not a number is itself, minus zero is not zero, nor one zone another."""
    if type(one) is not type(other):
        return False
    match one:
        case dict():
            return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
        case list() | tuple():
            return len(one) == len(other) and all(map(same, one, other))
        case float():
            return repr(one) == repr(other)
        case datetime():
            return (one, one.utcoffset()) == (other, other.utcoffset())
    return bool(one == other)


@settings(max_examples=60, deadline=None)
@given(values, opened, st.booleans())
def test_every_kind_of_value(value: dict[str, Any], governed: dict[str, Any], resolve: bool) -> None:
    octets = SPEC.encode("Torture", value | governed, resolve_open_types=True)
    decoded = SPEC.decode("Torture", octets, resolve_open_types=resolve)
    back = loads(dumps(decoded))
    assert same(back, decoded)
    assert SPEC.encode("Torture", back, resolve_open_types=resolve) == octets


@given(st.recursive(st.none() | st.booleans() | integers | reals | texts | st.binary() | bits, st.lists))
@example("\ud800 half a pair")
@example("\\\udfff")
def test_any_values(value: Any) -> None:
    assert same(loads(dumps(value)), value)


@pytest.mark.parametrize(
    ("value", "form"),
    [(b"\x0f", {"$bytes": "0f"}), ((b"\xf0", 4), {"$bits": "f0", "count": 4}),
     (("a", None), {"$choice": "a", "value": None}), (math.inf, {"$real": "inf"}), (-0.0, -0.0), (1, 1),
     (2**63, {"$integer": "0x8000000000000000"}), (2**63 - 1, 2**63 - 1),
     (datetime(2026, 1, 2, 3, 4, 5, 600, UTC), {"$time": "2026-01-02T03:04:05.000600+00:00"}),
     (date(2026, 1, 2), {"$date": "2026-01-02"}), (time(3, 4), {"$time-of-day": "03:04:00"})],
)  # fmt: skip
def test_the_forms(value: Any, form: Any) -> None:
    assert same(to_json(value), form)
    assert same(from_json(form), value)
    assert json.loads(dumps(value)) == form


@pytest.mark.parametrize(
    "text",
    ['{"$bytes": "0"}', '{"$bytes": 1}', '{"$other": 1}', '{"$choice": "a"}', '{"$real": "much"}', '{"a"', "[" * 100000,
     "9" * 5000, b"\xff", '{"$time": "today"}']
)  # fmt: skip
def test_what_is_no_such_text(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        loads(text)
