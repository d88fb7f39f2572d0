"""Every message type of P1, P3, P7, P22, P35, P772, RTSE, ROSE, ACSE and presentation, with values made from its ASN.1.

What is sent as a whole is tried with many values of some size; every type that the modules assign and every type that
their objects carry with a few small ones, several types to a test. `X400_EXAMPLES=500` asks for that many of each.
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import groupby
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

import fastber
from tests.asn1.messages import UNITS, Message, assigned, carried, specifications, units
from tests.asn1.normal import normal
from tests.asn1.reference import Encoder
from tests.asn1.strategies import FIELDS, values

EXAMPLES = int(os.environ.get("X400_EXAMPLES", "0"))
GROUP = 12
"""Types to a test, of those that come in groups."""
HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


def examples(count: int) -> settings:
    return settings(max_examples=EXAMPLES or count, deadline=None, suppress_health_check=HEALTH)


def groups() -> list[list[Message]]:
    """All types, those of one module in groups."""
    found = []
    for _, same in groupby((*assigned(), *carried()), key=lambda message: message.module):
        messages = list(same)
        found += [messages[start : start + GROUP] for start in range(0, len(messages), GROUP)]
    return found


def hold(message: Message, value: Any, random: Random) -> None:
    """All that has to be true of one value of one type."""
    note(f"{message}: {value!r}")
    octets = in_ber(message, value)
    in_der(message, value)
    in_any_form(message, value, random)
    in_views(message, octets)


def in_ber(message: Message, value: Any) -> bytes:
    """There and back, with open types as values and as octets; the octets are those of a second encoder."""
    kind = message.ber
    octets = kind.encode(value, resolve_open_types=True)
    assert octets == Encoder().encode(message.type, value)
    assert fastber.check(octets) == len(octets)
    assert kind.decode_length(octets) == len(octets)
    decoded = kind.decode(octets, resolve_open_types=True)
    assert decoded == normal(message.type, value)
    assert kind.encode(decoded, resolve_open_types=True) == octets
    unresolved = kind.decode(octets)
    assert kind.encode(unresolved) == octets
    assert kind.decode_with_length(octets + b"\0") == (unresolved, len(octets))
    return octets


def in_der(message: Message, value: Any) -> None:
    """Strict decoding takes what was encoded, and nothing is lost or added by coming back."""
    octets = message.der.encode(value, resolve_open_types=True)
    decoded = message.der.decode(octets, resolve_open_types=True)
    expected = normal(message.der.describe(), value, der=True)
    assert normal(message.der.describe(), decoded, der=True) == expected
    assert message.der.encode(decoded, resolve_open_types=True) == octets
    assert message.der.encode(message.der.decode(octets)) == octets
    as_ber = message.ber.decode(octets, resolve_open_types=True)
    assert message.der.encode(as_ber, resolve_open_types=True) == octets


def in_any_form(message: Message, value: Any, random: Random) -> None:
    """However a sender of BER writes the value, it is the same value."""
    octets = Encoder(random).encode(message.type, value)
    note(octets.hex())
    assert fastber.check(octets) == len(octets)
    expected = normal(message.type, value)
    assert message.ber.decode(octets, resolve_open_types=True) == expected
    assert message.ber.view(octets).decode(resolve_open_types=True) == expected


def in_views(message: Message, octets: bytes) -> None:
    """A view has the value and the octets; its parts are read one by one, and put back where they were."""
    kind = message.ber
    view = kind.view(octets)
    value = kind.decode(octets)
    assert view.value == value
    assert view.raw == octets
    assert b"".join(view.splice({})) == octets
    parts: dict[str, fastber.View]
    if message.type.kind in FIELDS:
        parts = {name: view[name] for name in value if name in view}
        assert all(part.value == value[name] for name, part in parts.items())
    elif message.type.kind == "CHOICE":
        parts = {value[0]: view.chosen}
        assert (view.choice, view.chosen.value) == value
    else:
        if message.type.element is not None:
            assert [part.value for part in view] == value
        return
    assert kind.reader(*(f"{name}:value" for name in parts)).read(octets) == tuple(
        part.value for part in parts.values()
    )
    assert kind.reader(*parts).read(octets) == tuple(bytes(part.raw) for part in parts.values())
    same = {name: fastber.Raw(part.raw) for name, part in parts.items()}
    assert b"".join(view.splice(dict(same))) == octets
    assert b"".join(kind.splicer(*same).splice(octets, *same.values())) == octets


def test_none_is_forgotten() -> None:
    """How many there are, so that a module, a type or an object that is lost on the way is missed."""
    assert Counter(message.protocol for message in assigned()) == {
        "P1": 102,
        "P3": 273,
        "P7": 109,
        "P22": 264,
        "P35": 145,
        "P772": 61,
        "RTSE": 14,
        "ROSE": 28,
        "ACSE": 54,
        "presentation": 43,
    }
    assert Counter(message.protocol for message in carried()) == {
        "P1": 9,
        "P3": 126,
        "P7": 155,
        "P22": 177,
        "P35": 88,
        "P772": 33,
        "ROSE": 6,
    }
    assert len(units()) == sum(map(len, UNITS.values())) == 30
    assert len(specifications()[2]) == len(carried())
    assert sum(map(len, groups())) == len(assigned()) + len(carried())


@pytest.mark.parametrize("message", units(), ids=str)
def test_whole(message: Message) -> None:
    @examples(20)
    @given(values(message.type), st.integers(0, 1 << 32).map(Random))
    def run(value: Any, random: Random) -> None:
        hold(message, value, random)

    run()


@pytest.mark.parametrize("messages", groups(), ids=lambda messages: f"{messages[0]}-and-{len(messages) - 1}")
def test_each_type(messages: list[Message]) -> None:
    @examples(4)
    @given(st.tuples(*(values(message.type, 10) for message in messages)), st.integers(0, 1 << 32).map(Random))
    def run(several: tuple[Any, ...], random: Random) -> None:
        for message, value in zip(messages, several, strict=True):
            hold(message, value, random)

    run()
