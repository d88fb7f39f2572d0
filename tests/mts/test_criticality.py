"""The tables of criticality, held against the Recommendations' own modules, one extension at a time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from x400.mts.criticality import OF_A_SUBMISSION, is_understood, not_understood
from x400.mts.extensions import FOR_DELIVERY, FOR_SUBMISSION, FOR_TRANSFER, HIGHEST_STANDARD_EXTENSION

ASN1 = Path(__file__).parents[2] / "asn1"
MODULES = {
    path.stem: re.sub(r"--.*?(--|$)", "", path.read_text(), flags=re.MULTILINE)
    for path in (*ASN1.glob("x411/*.asn1"), *ASN1.glob("x413/*.asn1"), *ASN1.glob("x420/*.asn1"))
}
BITS = {"for-submission": FOR_SUBMISSION, "for-transfer": FOR_TRANSFER, "for-delivery": FOR_DELIVERY}
STANDARD = range(1, HIGHEST_STANDARD_EXTENSION + 1)


def defined() -> dict[str, tuple[int, int]]:
    """Every standard extension of the modules: its name to its number and its recommended criticality."""
    definition = re.compile(r"^([a-z][\w-]+) +EXTENSION *::= *\{(.*?)standard-extension *: *(\d+)", re.M | re.S)
    found: dict[str, tuple[int, int]] = {}
    for text in MODULES.values():
        for name, body, number in definition.findall(text):
            recommended = re.search(r"RECOMMENDED CRITICALITY *\{([^}]*)\}", body)
            bits = sum(BITS[bit.strip()] for bit in recommended[1].split(",")) if recommended else 0
            found[name] = (int(number), bits | found.get(name, (0, 0))[1])
    return found


def in_set(name: str) -> set[int]:
    """The numbers of what an object set names, in whatever set that names in turn."""
    (body,) = [
        match
        for text in MODULES.values()
        for match in re.findall(rf"^{name} EXTENSION *::= *\{{([^}}]*)\}}", text, re.M)
    ]
    found: set[int] = set()
    for member in re.findall(r"[A-Za-z][\w-]*", body):
        if member[0].isupper():
            found |= in_set(member) if member != "PrivateExtensions" else set()
        else:
            found.add(defined()[member][0])
    return found


def test_all_numbers_are_defined() -> None:
    assert {number for number, _ in defined().values()} == set(STANDARD)


def test_what_is_recommended_to_be_critical_is_understood() -> None:
    """But for the requests for proofs."""
    recommended = [(number, bits) for number, bits in defined().values() if bits]
    assert len(recommended) > 20
    assert {number for number, bits in recommended if not is_understood(number, bits)} == {21, 22}


def test_what_a_submission_may_have() -> None:
    envelopes = ("PerMessageSubmissionExtensions", "PerRecipientMessageSubmissionExtensions",
                 "PerProbeSubmissionExtensions", "PerRecipientProbeSubmissionExtensions")  # fmt: skip
    assert set.union(*map(in_set, envelopes)) == OF_A_SUBMISSION


@pytest.mark.parametrize("number", STANDARD)
def test_for_submission(number: int) -> None:
    """What a submission may have, but for a proof of it and forwarding by a message store."""
    assert is_understood(number, FOR_SUBMISSION) is (number in OF_A_SUBMISSION - {21, 36})


@pytest.mark.parametrize("number", STANDARD)
def test_for_transfer(number: int) -> None:
    assert is_understood(number, FOR_TRANSFER)


@pytest.mark.parametrize("number", STANDARD)
def test_for_delivery(number: int) -> None:
    """All but the request for a proof, which would be to be signed."""
    assert is_understood(number, FOR_DELIVERY) is (number != 22)


@pytest.mark.parametrize("port", BITS.values())
@pytest.mark.parametrize("kind", [0, -1, HIGHEST_STANDARD_EXTENSION + 1, "1.2.3.4"])
def test_what_nobody_here_knows(kind: int | str, port: int) -> None:
    assert not is_understood(kind, port)


def test_only_the_port_at_hand_counts() -> None:
    fields = [
        {"type": ("standard-extension", 99), "criticality": (b"\x40", 3), "value": b"\x05\x00"},
        {"type": ("private-extension", "1.2.3"), "criticality": (b"\xa0", 3), "value": b"\x05\x00"},
        {"type": ("standard-extension", 21), "criticality": (b"\x80", 1), "value": b"\x0a\x01\x01"},
        {"type": ("standard-extension", 99), "value": b"\x05\x00"},
        {"type": ("standard-extension", 99), "criticality": (b"", 0), "value": b"\x05\x00"},
    ]
    assert not_understood(fields, FOR_SUBMISSION) == ["1.2.3", 21]
    assert not_understood(fields, FOR_TRANSFER) == [99]
    assert not_understood(fields, FOR_DELIVERY) == ["1.2.3"]
