"""MTA-bind: values both ways, credentials compared."""

from __future__ import annotations

import pytest

from x400.mts import bind
from x400.mts.bind import Credentials, InvalidBind, MTABindError, same_password

PP = Credentials("PPMTA", b"pppass")
PP_ARGUMENT = bytes.fromhex("a1118005" + b"PPMTA".hex() + "a1080406" + b"pppass".hex())


def test_golden() -> None:
    assert bind.encode_argument(PP) == PP_ARGUMENT
    assert bind.decode_argument(PP_ARGUMENT) == PP


@pytest.mark.parametrize("credentials", [None, PP, Credentials("mta", "secret"), Credentials("mta", "")])
def test_both_ways(credentials: Credentials | None) -> None:
    assert bind.decode_argument(bind.encode_argument(credentials)) == credentials
    assert bind.decode_result(bind.encode_result(credentials)) == credentials


@pytest.mark.parametrize("error", list(MTABindError))
def test_errors_both_ways(error: MTABindError) -> None:
    assert bind.decode_error(bind.encode_error(error)) is error


@pytest.mark.parametrize("octets", [b"", b"\x05", b"\xa1\x03\x80\x01x", PP_ARGUMENT[:-1]])
def test_no_bind(octets: bytes) -> None:
    with pytest.raises(InvalidBind):
        bind.decode_argument(octets)


@pytest.mark.parametrize("octets", [b"", b"\x02\x01", b"\x02\x02\x01", b"\x04\x01\x00", b"\x02\x01\x63"])
def test_no_error(octets: bytes) -> None:
    with pytest.raises(InvalidBind):
        bind.decode_error(octets)


@pytest.mark.parametrize(
    ("expected", "presented", "same"),
    [
        ("secret", b"secret", True),
        (b"secret", "secret", True),
        ("secret", "Secret", False),
        (None, None, True),
        (None, "", False),
        ("", None, False),
        ("é", b"\xe9", True),
    ],
)
def test_same_password(expected: str | bytes | None, presented: str | bytes | None, same: bool) -> None:
    assert same_password(expected, presented) is same


def test_secrets_are_not_shown() -> None:
    assert "pppass" not in repr(PP)
    with pytest.raises(ValueError, match="password is needed"):
        bind.encode_argument(Credentials("mta"))
