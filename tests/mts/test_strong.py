"""Strong credentials (X.411 8.5.8): what is taken, and each thing that makes them refused."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from tests.certificates import Authority
from x400.mts.bind import Credentials, InvalidBind, decode_argument, decode_result, encode_argument
from x400.mts.strong import BindTokens, Identity, encode_strong_argument, encode_strong_result, verify

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
ROOT = Authority("root", now=NOW)


def identity(name: str = "A", authority: Authority = ROOT, kind: str = "rsa", **more: object) -> Identity:
    certificates, key = authority.issue(name, kind=kind, **more)  # type: ignore[arg-type]
    return Identity.load(name, certificates, key)


def check(data: bytes, now: datetime = NOW, tokens: BindTokens | None = None, recipient: str = "B", subject: str = "A",
          anchors: list[x509.Certificate] | None = None) -> str:  # fmt: skip
    return verify(data, recipient, subject, anchors or [ROOT.certificate], tokens or BindTokens(), now)


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_taken(kind: str) -> None:
    presented = encode_strong_argument(identity(kind=kind), "B", NOW)
    assert check(presented) == "A"
    argument = decode_argument(presented)
    assert argument is not None
    assert (argument.name, argument.password) == ("A", None)
    assert argument.strong is not None
    result = decode_result(encode_strong_result(identity(kind=kind), "B", NOW))
    assert result is not None
    assert result.strong is not None
    assert check(encode_strong_result(identity(kind=kind), "B", NOW)) == "A"


def test_by_way_of_another_authority() -> None:
    middle = Authority("middle", ROOT, now=NOW)
    assert check(encode_strong_argument(identity(authority=middle), "B", NOW)) == "A"
    last = Authority("last", middle, now=NOW)
    assert check(encode_strong_argument(identity(authority=last), "B", NOW)) == "A"


def test_under_another_name() -> None:
    one = identity(name="relay.example", kind="ec")
    presented = encode_strong_argument(Identity("A", one.key, one.certificates), "B", NOW)
    assert check(presented, subject="relay.example") == "A"
    with pytest.raises(InvalidBind, match="not of 'A'"):
        check(presented)


def test_replayed() -> None:
    tokens = BindTokens()
    presented = encode_strong_argument(identity(), "B", NOW)
    assert check(presented, tokens=tokens) == "A"
    with pytest.raises(InvalidBind, match="used before"):
        check(presented, NOW + timedelta(seconds=200), tokens)
    assert check(encode_strong_argument(identity(), "B", NOW), tokens=tokens) == "A"


def test_the_memory_of_tokens_is_bounded() -> None:
    tokens = BindTokens(maximum=2)
    for _ in range(2):
        check(encode_strong_argument(identity(kind="ec"), "B", NOW), tokens=tokens)
    with pytest.raises(InvalidBind, match="too many"):
        check(encode_strong_argument(identity(kind="ec"), "B", NOW), tokens=tokens)
    later = NOW + timedelta(seconds=700)
    check(encode_strong_argument(identity(kind="ec"), "B", later), later, tokens)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_of_another_time(seconds: int) -> None:
    with pytest.raises(InvalidBind, match="now it is"):
        check(encode_strong_argument(identity(), "B", NOW), NOW + timedelta(seconds=seconds))


def test_for_somebody_else() -> None:
    with pytest.raises(InvalidBind, match="another recipient"):
        check(encode_strong_argument(identity(), "C", NOW))


def test_signed_with_another_key() -> None:
    ours, theirs = identity(kind="ec"), identity(kind="ec")
    with pytest.raises(InvalidBind, match="signature"):
        check(encode_strong_argument(Identity("A", ours.key, theirs.certificates), "B", NOW))
    with pytest.raises(InvalidBind, match="algorithm"):
        check(encode_strong_argument(Identity("A", ours.key, identity().certificates), "B", NOW))


def test_of_another_authority() -> None:
    stranger = Authority("root", now=NOW)  # the same name
    with pytest.raises(InvalidBind, match="no path"):
        check(encode_strong_argument(identity(authority=stranger), "B", NOW))


def test_a_user_is_no_authority() -> None:
    user, key = ROOT.issue("user", kind="ec")
    false = Authority("user", now=NOW)
    false.adopt(user, key)
    with pytest.raises(InvalidBind, match="no path"):
        check(encode_strong_argument(identity(authority=false, kind="ec"), "B", NOW))


def test_a_path_that_is_longer_than_its_authority_allows() -> None:
    short = Authority("short", ROOT, now=NOW, path_length=0)
    assert check(encode_strong_argument(identity(authority=short), "B", NOW)) == "A"
    beyond = Authority("beyond", short, now=NOW)
    with pytest.raises(InvalidBind, match="no path"):
        check(encode_strong_argument(identity(authority=beyond), "B", NOW))


@pytest.mark.parametrize("days", [-2, 400])
def test_not_valid_now(days: int) -> None:
    when = NOW + timedelta(days=days)
    with pytest.raises(InvalidBind, match="not valid now"):
        check(encode_strong_argument(identity(), "B", when), when)


def test_a_key_that_is_not_for_signatures() -> None:
    with pytest.raises(InvalidBind, match="not for signatures"):
        check(encode_strong_argument(identity(kind="ec", signatures=False), "B", NOW))


def test_simple_credentials_are_not_strong() -> None:
    for data in (encode_argument(Credentials("A", "secret")), encode_argument(None), b"", b"\x30\x00"):
        with pytest.raises(InvalidBind):
            check(data)


def test_every_octet_matters() -> None:
    """No octet of what was presented can be another one without a refusal, but in the certificate's own signature: its
    BIT STRING may say that a last bit of zero is unused.
    """
    presented = bytearray(encode_strong_argument(identity(kind="ec"), "B", NOW))
    for place, mask in itertools.product(range(len(presented)), (0x01, 0x80)):
        presented[place] ^= mask
        try:
            taken = check(bytes(presented))
        except InvalidBind:
            pass
        else:
            assert taken != "A" or place >= len(presented) - 80, place  # the signature comes last
        presented[place] ^= mask
    assert check(bytes(presented)) == "A"


def test_a_key_that_does_not_fit() -> None:
    certificates, _ = ROOT.issue("A", kind="ec")
    _, key = ROOT.issue("A", kind="ec")
    with pytest.raises(ValueError, match="not that of the first certificate"):
        Identity.load("A", certificates, key)
