"""UNIVERSAL 0 (X.690 8.1.5) ends an indefinite form and is the tag of no element: no way in takes it for one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

import fastber

TEXT = """
M DEFINITIONS IMPLICIT TAGS ::= BEGIN
Seq ::= SEQUENCE { a [0] EXPLICIT ANY OPTIONAL, b [1] EXPLICIT Choice OPTIONAL, c [2] INTEGER OPTIONAL, ... }
Set ::= SET { a [0] EXPLICIT ANY OPTIONAL, b [1] EXPLICIT Choice OPTIONAL, c [2] INTEGER OPTIONAL, ... }
Choice ::= CHOICE { c NULL, ... }  Any ::= ANY  Anys ::= SEQUENCE OF ANY  Choices ::= SET OF Choice
Octets ::= OCTET STRING  Bits ::= BIT STRING  Text ::= UTF8String  Time ::= UTCTime
END
"""
BER = fastber.compile_string(TEXT)
DER = fastber.compile_string(TEXT, "der")

# What stands where an element may: primitive and constructed, of any length, in either form.
RESERVED = ("0000", "000105", "008100", "2000", "20800000", "2003020105")


def element(tag: str, contents: str) -> str:
    return f"{tag}{len(contents) // 2:02x}{contents}"


def indefinite(tag: str, contents: str) -> str:
    return f"{tag}80{contents}0000"


REFUSED = [
    (name, octets)
    for reserved in RESERVED
    for name, octets in (
        ("Any", reserved),
        ("Choice", reserved),
        ("Seq", element("30", reserved)),
        ("Seq", element("30", "820105" + reserved)),
        ("Seq", element("30", element("a0", reserved))),
        ("Seq", indefinite("30", indefinite("a1", "0500") + element("a1", reserved))),
        ("Seq", element("30", element("a1", reserved))),
        ("Seq", element("30", element("a0", "0500" + reserved))),
        ("Set", element("31", reserved)),
        ("Set", element("31", element("a0", reserved))),
        ("Set", element("31", element("a1", reserved))),
        ("Anys", element("30", "0500" + reserved)),
        ("Choices", element("31", reserved)),
    )
]
# Where indefinite lengths are around it, the first zero octets end the form: what is behind them is left over.
LEFT_OVER = [
    ("Seq", element("30", indefinite("a0", "0500") + "0000")),
    ("Set", element("31", indefinite("a0", "0500") + "0000")),
    ("Anys", element("30", indefinite("30", "") + "0000")),
    ("Seq", indefinite("30", indefinite("a9", "000105"))),
    ("Any", indefinite("30", "008100")),
]


def walked(view: fastber.View) -> None:
    """Steps to every part of what a view shows, and takes the octets of each."""
    assert view.raw
    children = [view[name] for name in view.keys()]  # noqa: SIM118 - a View is no dict
    with suppress(TypeError):
        children += list(view)
    for child in children:
        walked(child)
    if not children:
        view.decode()


def read(spec: fastber.Specification, name: str) -> Callable[[bytes], object]:
    """All that a reader can be asked for of the type."""
    paths = {"Seq": ("a:raw", "a:value", "b:value", "c"), "Set": ("a:raw", "a:value", "b:value", "c"),
             "Anys": ("[*]:value",), "Choices": ("[*]:raw", "[*].c")}  # fmt: skip
    return spec.types[name].reader(":raw", *paths.get(name, ())).read


def spliced(spec: fastber.Specification, name: str) -> Callable[[bytes], object]:
    places = {"Seq": ("a", "b", "c"), "Set": ("a", "b", "c"), "Anys": ("[0]",), "Choices": ("[0].c",)}
    values: dict[str, object] = {"a": fastber.Raw(b"\x05\x00"), "b": ("c", None), "c": 1}

    def work(octets: bytes) -> None:
        for place in places.get(name, ()):
            with suppress(LookupError, fastber.EncodeError):
                spec.types[name].splicer(place).splice(octets, values.get(place))

    return work


def entries(spec: fastber.Specification, name: str) -> dict[str, Callable[[bytes], object]]:
    """The ways in that look at every element of the octets."""
    made = spec.types[name]
    return {
        "decode": made.decode,
        "decode_with_length": made.decode_with_length,
        "Specification.decode": lambda octets: spec.decode(name, octets),
        "resolving": lambda octets: made.decode(octets, resolve_open_types=True),
        "view.value": lambda octets: made.view(octets).value,
        "view": lambda octets: walked(made.view(octets)),
        "partial view": lambda octets: walked(made.view(octets, partial=True)),
        "reader": read(spec, name),
        "tree": fastber.tree,
        "check": fastber.check,
    }


@pytest.mark.parametrize("spec", [BER, DER], ids=["ber", "der"])
@pytest.mark.parametrize("entry", sorted(entries(BER, "Seq")))
def test_every_way_in_refuses_it(spec: fastber.Specification, entry: str) -> None:
    for name, octets in REFUSED + LEFT_OVER:
        with pytest.raises(fastber.DecodeError) as caught:
            entries(spec, name)[entry](bytes.fromhex(octets))
        assert 0 <= (caught.value.offset or 0) <= len(octets) // 2
    for name, octets in (("Any", "0500"), ("Seq", "3004a0020500"), ("Anys", "30020500"), ("Choices", "31020500")):
        entries(spec, name)[entry](bytes.fromhex(octets))


@pytest.mark.parametrize("name", ["Seq", "Set", "Anys"])
def test_a_splice_refuses_it_at_each_level_that_it_steps_through(name: str) -> None:
    for of, octets in REFUSED:
        if of == name and octets[2:4] != "80" and octets[4:6] in ("00", "20"):
            with pytest.raises(fastber.DecodeError, match="end-of-contents"):
                spliced(BER, name)(bytes.fromhex(octets))


@pytest.mark.parametrize("reserved", RESERVED)
def test_what_stands_for_a_value_is_none_of_it(reserved: str) -> None:
    octets = bytes.fromhex(reserved)
    with pytest.raises(ValueError, match="end-of-contents"):
        fastber.Raw(octets)
    for name, value in (("Any", octets), ("Anys", [octets]), ("Seq", {"a": octets})):
        with pytest.raises(fastber.EncodeError):
            BER.encode(name, value)
    with pytest.raises(fastber.DecodeError, match="end-of-contents"):
        BER.decode_length(octets)


@pytest.mark.parametrize("name", ["Octets", "Bits", "Text", "Time"])
def test_it_is_no_segment_of_a_string(name: str) -> None:
    tag = {"Octets": "24", "Bits": "23", "Text": "2c", "Time": "37"}[name]
    for reserved in RESERVED:
        octets = bytes.fromhex(element(tag, reserved))
        for work in (BER.types[name].decode, lambda octets: BER.view(name, octets).value, fastber.check, fastber.tree):
            with pytest.raises(fastber.DecodeError, match="end-of-contents"):
                work(octets)


def test_true_end_of_contents_octets_are_taken() -> None:
    octets = bytes.fromhex(indefinite("30", indefinite("a0", indefinite("30", "0500")) + indefinite("a9", "0500")))
    assert BER.decode("Seq", octets) == {"a": bytes.fromhex("308005000000")}
    for work in entries(BER, "Seq").values():
        work(octets)
