"""Random values of random types through fastber and three other codecs, both ways.

`FASTBER_SEEDS=100:200 pytest native/fastber/tests/differential` tries other modules than the two of every run: each
seed is a module of 60 types, each type has six values, each value goes through both codecs.
"""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from faults import excused, lacking
from generate import module
from references import Asn1tools, Erlang, Port, Pycrate, Reference, Refused
from schema import Assignment, Module
from values import normal, value

import fastber

VALUES = 6
CODECS = ["ber", "der"]


def values_of(one: Assignment, seed: int) -> list[Any]:
    random = Random(f"{seed} {one.name}")
    return [value(one.type, random) for _ in range(VALUES)]


@pytest.mark.parametrize("codec", CODECS)
def test_alone(seed: int, codec: str) -> None:
    """What is encoded decodes to the same value, and encodes again to the same octets."""
    found = module(seed)
    specification = fastber.compile_string(found.text(), codec)
    for one in found.assignments:
        compiled = specification.types[one.name]
        for sample in values_of(one, seed):
            octets = compiled.encode(sample, resolve_open_types=True)
            back = compiled.decode(octets, resolve_open_types=True)
            assert normal(one.type, back) == normal(one.type, sample), one.type.notation
            assert compiled.encode(back, resolve_open_types=True) == octets, one.type.notation
            assert compiled.view(octets).decode(resolve_open_types=True) == back
            raw = compiled.decode(octets)  # open types as octets
            assert compiled.encode(raw) == octets


@pytest.mark.parametrize("codec", CODECS)
def test_asn1tools(seed: int, codec: str, tmp_path: Path) -> None:
    pytest.importorskip("asn1tools")
    found = module(seed)
    held_against("asn1tools", found, codec, seed, Asn1tools(found, found.text(lacking("asn1tools")), codec, tmp_path))


@pytest.mark.parametrize("codec", CODECS)
def test_pycrate(seed: int, codec: str, tmp_path: Path) -> None:
    pytest.importorskip("pycrate_asn1c")
    found = module(seed)
    held_against("pycrate", found, codec, seed, Pycrate(found, found.text(lacking("pycrate")), codec, tmp_path))


@pytest.mark.parametrize("codec", CODECS)
def test_erlang(seed: int, codec: str, port: Port) -> None:
    found = module(seed)
    held_against("Erlang", found, codec, seed, Erlang(found, found.text(lacking("Erlang")), codec, port))


def held_against(name: str, found: Module, codec: str, seed: int, reference: Reference) -> None:
    specification = fastber.compile_string(found.text(lacking(name)), codec)
    compared = dict.fromkeys(("encode", "decode", "octets"), 0)
    for one in found.kept(lacking(name)):
        compiled = specification.types[one.name]
        samples = values_of(one, seed)
        ours = [compiled.encode(sample, resolve_open_types=True) for sample in samples]
        theirs, read = reference.encode(one, samples), reference.decode(one, ours)
        for sample, octets, written, back in zip(samples, ours, theirs, read, strict=True):
            where = f"{name} {codec} {one.name} ::= {one.type.notation}\n{sample!r}\n{octets.hex()}"
            expected = normal(one.type, sample)
            if not excused(name, codec, "decode", one.type, sample):
                compared["decode"] += 1
                assert not isinstance(back, Refused), f"{where}\nrefused what we encode: {back}"
                assert normal(one.type, back) == expected, where
            if not excused(name, codec, "encode", one.type, sample):
                compared["encode"] += 1
                assert not isinstance(written, Refused), f"{where}\nrefused the value: {written}"
                decoded = compiled.decode(written, resolve_open_types=True)
                assert normal(one.type, decoded) == expected, f"{where}\n{written.hex()}"
                if not excused(name, codec, "octets", one.type, sample):
                    compared["octets"] += 1
                    assert written == octets, f"{where}\n{written.hex()}"
    print(f"seed {seed}, {name}, {codec}:", ", ".join(f"{way} {count}" for way, count in compared.items()))
    assert min(compared.values()) >= 20, compared
