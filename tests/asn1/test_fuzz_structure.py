"""Encodings of values, changed element by element, as an attacker who knows ASN.1 would.

Whatever comes of it: the value or a DecodeError with its place, and the same from every way in. What another sender
might have written for the same value is that value. `X400_EXAMPLES=1000` asks for that many of each type.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

import fastber
from fastber.schema import Type, walk
from tests.asn1.elements import hostile, liberal, parse
from tests.asn1.messages import specifications
from tests.asn1.strategies import FIELDS, values

EXAMPLES = int(os.environ.get("X400_EXAMPLES", "0"))
TORTURE = Path(__file__).parents[2] / "native/fastber/fuzz/torture.asn1"
CLOSED = ("All", "Bare", "Tree", "Mixed", "Choices", "Strings", "Sets", "Universal")
"""Types that know each of their elements: no open type (EXTERNAL is left out of All), no room for extensions."""
OPEN = ("Any", "Grown", "Widened", "Governed", "GovernedSet")
PUBLISHED = (("MTSTransferProtocol", "MTS-APDU"), ("MTAAbstractService", "MTABindArgument"), ("P1", "MPDU"))
CHANGES = 6
"""Changed encodings of each value."""


@cache
def kinds() -> dict[str, tuple[fastber.CompiledType, fastber.CompiledType]]:
    """The types under test, for BER and for DER."""
    torture = [fastber.compile_files(TORTURE, codec).types for codec in ("ber", "der")]
    ber, der, _ = specifications()
    found = {name: (torture[0][name], torture[1][name]) for name in (*CLOSED, *OPEN)}
    found |= {name: (ber.modules[module][name], der.modules[module][name]) for module, name in PUBLISHED}
    return found


def examples(count: int) -> settings:
    health = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    return settings(max_examples=EXAMPLES or count, deadline=None, suppress_health_check=health)


def drawn(data: st.DataObject, type: Type) -> tuple[Any, Random]:
    value = data.draw(values(type))
    if type.name == "All":
        value.pop("external", None)
    return value, Random(data.draw(st.integers(0, 2**32)))


def same(one: Any, other: Any) -> bool:
    """Equal, NaN to NaN as well."""
    return bool(one == other) or repr(one) == repr(other)


def attempt(work: Any, octets: bytes, *arguments: Any) -> Any:
    """What it gives, None for a DecodeError, which has a place among the octets."""
    offset = 0
    try:
        return (work(octets, *arguments),)
    except fastber.DecodeError as error:
        offset = error.offset
    assert 0 <= offset <= len(octets)
    return None


def walked(view: fastber.View, value: Any) -> None:
    """Every part of the view has the value that it has in the whole."""
    assert same(view.value, value)
    assert len(bytes(view.raw)) == view.length
    children = [(name, view[name]) for name in view.keys()]  # noqa: SIM118 - a View is no dict
    if isinstance(value, dict):
        for name, child in children:
            walked(child, value[name])
    elif children:
        walked(view.chosen, value[1])
    elif isinstance(value, list):
        assert len(view) == len(value)
        for child, item in zip(view, value, strict=True):
            walked(child, item)


def agree(name: str, octets: bytes) -> None:
    """Every way in takes the octets for the same value, or refuses them."""
    ber, der = kinds()[name]
    decoded = attempt(ber.decode_with_length, octets)
    seen = attempt(lambda octets: ber.view(octets).value, octets)
    length = attempt(fastber.check, octets)
    tree = attempt(fastber.tree, octets)
    if length is None:
        assert tree is None or len(tree[0]) != 1
    else:
        assert length == (len(octets),)
        assert len(tree[0]) == 1
    strict = attempt(der.decode_with_length, octets)
    if decoded is None:
        assert seen is None
        assert strict is None
        return
    value, end = decoded[0]
    assert same(seen[0], value)
    walked(ber.view(octets), value)
    if ber.describe().kind in FIELDS:
        found = ber.reader(*(f"{member}:value" for member in ber.view(octets).keys())).read(octets)  # noqa: SIM118
        assert all(same(item, value[member]) for member, item in zip(ber.view(octets).keys(), found, strict=True))
    if strict is not None:
        assert strict[0][1] == end
        if name in CLOSED:
            # not compared as they are: a time of DER has no time zone, as in asn1tools
            assert der.encode(strict[0][0]) == der.encode(value)
    if name in CLOSED:
        assert fastber.check(octets[:end]) == end
        assert same(ber.decode(ber.encode(value)), value)


def test_the_types_that_are_said_to_be_closed_are() -> None:
    for name in CLOSED:
        inside = [part for part in walk(kinds()[name][0].describe()) if part.name != "EXTERNAL"]
        assert name == "All" or not any(part.kind == "open type" or part.extensible for part in inside)


@pytest.mark.parametrize("name", [*CLOSED, *OPEN, *(name for _, name in PUBLISHED)])
def test_changed_elements_are_taken_alike_or_refused_alike(name: str) -> None:
    ber, _ = kinds()[name]

    @examples(30)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        value, random = drawn(data, ber.describe())
        [element] = parse(ber.encode(value, resolve_open_types=True))
        for _ in range(CHANGES):
            octets = hostile(liberal(element, random) if random.random() < 0.5 else element, random)
            note(octets.hex())
            agree(name, octets)

    run()


@pytest.mark.parametrize("name", CLOSED)
def test_the_same_value_written_otherwise_is_the_same_value(name: str) -> None:
    ber, der = kinds()[name]

    @examples(30)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        value, random = drawn(data, ber.describe())
        plain = ber.encode(value, resolve_open_types=True)
        [element] = parse(plain)
        assert element.octets() == plain
        expected = ber.decode(plain)
        for _ in range(CHANGES):
            octets = liberal(element, random).octets()
            note(octets.hex())
            assert same(ber.decode(octets), expected)
            agree(name, octets)
            if octets != plain:
                assert attempt(der.decode, octets) is None

    run()
