"""Bind{} of X.880 as RT-OPEN carries it."""

from __future__ import annotations

import pytest

from x400.osi.rose.bind import ARGUMENT, ERROR, RESULT, unwrap, wrap
from x400.osi.rose.exceptions import BindError

CAPTURED = bytes.fromhex("b013 a111 8005 50504d5441 a108 0406 707070617373")


def test_as_captured() -> None:
    argument = unwrap(ARGUMENT, CAPTURED)
    assert argument.hex().startswith("a1118005")
    assert wrap(ARGUMENT, argument) == CAPTURED


@pytest.mark.parametrize("kind", [ARGUMENT, RESULT, ERROR])
def test_round_trip(kind: int) -> None:
    assert unwrap(kind, wrap(kind, b"\x02\x01\x02")) == b"\x02\x01\x02"


def test_indefinite() -> None:
    assert unwrap(ERROR, bytes.fromhex("b2800201020000")) == b"\x02\x01\x02"


@pytest.mark.parametrize("octets", ["", "b0", "b103020102", "b000", "b006020102020101", "b080020102", "b08002010200"])
def test_refuse(octets: str) -> None:
    with pytest.raises(BindError):
        unwrap(ARGUMENT, bytes.fromhex(octets))
