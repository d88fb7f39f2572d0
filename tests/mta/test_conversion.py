"""Implicit conversion between IA5 text and general text, and what stands against it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mta.samples import BOB, DAVE, ERIN, NOW, NOW_UTC, codes_of, decoded, mta, report_of, sent, subject, taken
from x400.asn1 import specification
from x400.mta import MTA, Outcome, Restrictions, User
from x400.mts.extensions import field_value
from x400.mts.oraddress import ORAddress
from x400.mts.originate import NewRecipient, probe

IPM = specification().modules["IPMSInformationObjects"]["InformationObject"]
TYPES_2 = specification().modules["IPMSExtendedBodyPartTypes2"]
MTS = specification().modules["MTSAbstractService"]
SET = "1.0.10021.7.1.0."
IA5 = {"built-in-encoded-information-types": (b"\x20", 3)}
LATIN = {
    "built-in-encoded-information-types": (b"", 0),
    "extended-encoded-information-types": [SET + "1", SET + "6", SET + "100"],
}
FAX = {"built-in-encoded-information-types": (b"\x10", 4)}
LOSS_PROHIBITED = {"type": ("standard-extension", 4), "value": b"\x0a\x01\x01"}


def ia5(text: str) -> Any:
    return "basic", ("ia5-text", {"parameters": {"repertoire": "ia5"}, "data": text})


def general(octets: bytes, *registrations: int) -> Any:
    parameters = TYPES_2["GeneralTextParameters"].encode(list(registrations))
    data = TYPES_2["GeneralTextData"].encode(octets.decode("latin-1"))
    return "extended", {
        "parameters": {"direct-reference": "2.6.1.11.11", "encoding": ("single-ASN1-type", parameters)},
        "data": {"direct-reference": "2.6.1.4.11", "encoding": ("single-ASN1-type", data)},
    }


LATIN_TEXT = general(b"\x1b-ACaf\xe9", 1, 6, 100)


def ipm(*body: Any) -> bytes:
    octets: bytes = IPM.encode(("ipm", {"heading": {"this-IPM": {"user-relative-identifier": "1"}}, "body": [*body]}))
    return octets


def body_of(octets: bytes) -> list[Any]:
    body: list[Any] = IPM.decode(octets)[1]["body"]
    return body


def taking(*types: str, **more: Any) -> MTA:
    """An MTA whose user Dave takes these encoded information types."""
    restrictions = Restrictions(encoded_information_types=frozenset(types))
    return mta(users=(User(ORAddress.parse(DAVE), restrictions=restrictions, **more),))


def to_dave(content: bytes, types: dict[str, Any], one: MTA, *others: str, **more: Any) -> Outcome:
    dave = NewRecipient(ORAddress.parse(DAVE), "report")
    return taken(sent(dave, *others, content=content, encoded_information_types=types, **more), one)


def delivered(outcome: Outcome) -> bytes:
    (delivery,) = [delivery for delivery in outcome.deliveries if delivery.user == DAVE]
    return b"".join(delivery.buffers)


def test_latin_1_to_ia5() -> None:
    outcome = to_dave(ipm(LATIN_TEXT, ia5("as it was")), LATIN, taking("ia5-text"))
    assert body_of(delivered(outcome)) == [ia5("Cafe"), ia5("as it was")]
    envelope = MTS["MessageDeliveryEnvelope"].decode(outcome.deliveries[0].envelope)["other-fields"]
    assert envelope["original-encoded-information-types"]["extended-encoded-information-types"]
    assert envelope["converted-encoded-information-types"]["built-in-encoded-information-types"] == (b"\x20", 3)
    (fields,) = report_of(outcome)["content"]["per-recipient-fields"]
    last = fields["last-trace-information"]
    assert last["report-type"][0] == "delivery"
    assert last["converted-encoded-information-types"]["built-in-encoded-information-types"] == (b"\x20", 3)


def test_others_get_it_as_it_came() -> None:
    content = ipm(LATIN_TEXT)
    outcome = to_dave(content, LATIN, taking("ia5-text"), ERIN, BOB)
    assert [b"".join(d.buffers) for d in outcome.deliveries if d.user == ERIN] == [content]
    (onward,) = [t for t in outcome.transfers if not t.is_report]
    value = decoded(onward)[1]
    assert value["content"] == content
    supplied = value["envelope"]["trace-information"][-1]["domain-supplied-information"]
    assert "converted-encoded-information-types" not in supplied


def test_ia5_to_general_text() -> None:
    outcome = to_dave(ipm(ia5("text")), IA5, taking("general-text"))
    assert body_of(delivered(outcome)) == [general(b"text", 1, 6)]


@pytest.mark.parametrize("accepted", [("ia5-text",), ("ia5-text", "general-text"), (SET + "6",)])
def test_what_can_be_taken_is_not_touched(accepted: tuple[str, ...]) -> None:
    content = ipm(ia5("text"))
    types = IA5 if "ia5-text" in accepted else LATIN | {"extended-encoded-information-types": [SET + "1", SET + "6"]}
    outcome = to_dave(content, types, taking(*accepted))
    assert delivered(outcome) == content
    assert "converted-encoded-information-types" not in outcome.deliveries[0].envelope_value["other-fields"]


def test_a_message_that_does_not_say_what_is_in_it() -> None:
    outcome = taken(sent(DAVE, content=ipm(LATIN_TEXT)), taking("ia5-text"))
    assert body_of(delivered(outcome)) == [LATIN_TEXT]


def test_in_forwarded_messages_and_nothing_else_is_changed() -> None:
    inner = {"heading": {"this-IPM": {"user-relative-identifier": "2"}}, "body": [LATIN_TEXT, ia5("b")]}
    fax = "basic", ("g3-facsimile", {"parameters": {}, "data": [(b"\x00\x01", 16)]})
    forwarded = "basic", ("message", {"parameters": {}, "data": inner})
    types = LATIN | {"built-in-encoded-information-types": (b"\x10", 4)}
    before = ipm(fax, forwarded)
    outcome = to_dave(before, types, taking("ia5-text", "g3-facsimile"))
    same, changed = body_of(delivered(outcome))
    assert same == body_of(before)[0]
    assert changed[1][1]["data"]["body"] == [ia5("Cafe"), ia5("b")]


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (LATIN_TEXT, (2, 24)),
        (general(b"\x1b-A\xbfque", 1, 6, 100), (2, 23)),
        (general(b"\x1b-A5 \xb1 1", 1, 6, 100), (2, 22)),
        (general(b"\x1b-A\xe9\xbf", 1, 6, 100), (2, 25)),
        (general("\u20ac\u4e2d".encode(), 196), (2, 25)),
        (general(b"plain", 1, 6), None),
    ],
)
def test_loss_prohibited(part: Any, code: Any) -> None:
    outcome = to_dave(ipm(part), LATIN, taking("ia5-text"), extensions=(LOSS_PROHIBITED,))
    assert codes_of(report_of(outcome)) == ([code] if code else [])
    assert len(outcome.deliveries) == (0 if code else 1)


@pytest.mark.parametrize(
    ("registration", "octets", "expected"),
    [(144, b"\xb4\xd0", "??"), (126, b"\xe1", "?"), (101, b"\xe8", "c"), (None, "\xe9\u4e2d".encode(), "e?")],
)
def test_other_character_sets(registration: int | None, octets: bytes, expected: str) -> None:
    part = general(octets, 196) if registration is None else general(octets, 1, 6, registration)
    assert body_of(delivered(to_dave(ipm(part), LATIN, taking("ia5-text")))) == [ia5(expected)]


def test_prohibited() -> None:
    outcome = to_dave(ipm(LATIN_TEXT), LATIN, taking("ia5-text"), implicit_conversion_prohibited=True)
    assert codes_of(report_of(outcome)) == [(2, 9)]


def test_not_subscribed() -> None:
    outcome = to_dave(ipm(LATIN_TEXT), LATIN, taking("ia5-text", implicit_conversion=False))
    assert codes_of(report_of(outcome)) == [(2, 10)]


@pytest.mark.parametrize(("types", "content_type"), [(FAX, 22), (LATIN, 35), (LATIN, "1.2.3"), ({**LATIN, **FAX}, 22)])
def test_types_between_which_nothing_is_converted(types: dict[str, Any], content_type: int | str) -> None:
    outcome = to_dave(ipm(LATIN_TEXT), types, taking("ia5-text"), content_type=content_type)
    assert codes_of(report_of(outcome)) == [(1, 6)]


@pytest.mark.parametrize(
    "content",
    [
        b"no content at all",
        b"",
        ipm(general(b"\xe9", 1, 6)),
        ipm(general(b"\x1b$Ab", 1, 6)),
        ipm(general(b"x", 1, 6, 100, 101)),
        ipm(("extended", {"data": {"direct-reference": "2.6.1.4.11", "encoding": ("single-ASN1-type", b"\x05\x00")}})),
    ],
)
def test_a_content_that_is_not_what_it_says(content: bytes) -> None:
    """Elsewhere such a message was rerouted and lost: here there is exactly one report."""
    outcome = to_dave(content, LATIN, taking("ia5-text"))
    assert codes_of(report_of(outcome)) == [(2, 12)]
    assert outcome.deliveries == []


def test_a_failed_conversion_goes_to_the_alternate() -> None:
    value = MTS["OriginatorRequestedAlternateRecipient"].encode(ORAddress.parse(BOB).to_value())
    dave = NewRecipient(ORAddress.parse(DAVE), extensions=(field_value(2, value),))
    octets = sent(dave, content=b"bad", encoded_information_types=LATIN)
    (onward,) = taken(octets, taking("ia5-text")).transfers
    assert onward.recipient_names == (BOB,)


def test_for_a_peer() -> None:
    one = mta(restrictions={"east": Restrictions(encoded_information_types=frozenset({"ia5-text"}))})
    (onward,) = taken(sent(BOB, content=ipm(LATIN_TEXT), encoded_information_types=LATIN), one).transfers
    value = decoded(onward)[1]
    assert body_of(value["content"]) == [ia5("Cafe")]
    supplied = value["envelope"]["trace-information"][-1]["domain-supplied-information"]
    assert supplied["arrival-time"] == NOW_UTC
    assert supplied["converted-encoded-information-types"]["built-in-encoded-information-types"] == (b"\x20", 3)
    assert value["envelope"]["original-encoded-information-types"]["extended-encoded-information-types"]


def test_a_probe_tells_what_would_be_converted() -> None:
    one = taking("ia5-text")
    (fields,) = report_of(taken(probe(subject(DAVE, encoded_information_types=LATIN), 10, NOW), one))["content"][
        "per-recipient-fields"
    ]
    last = fields["last-trace-information"]
    assert last["report-type"][0] == "delivery"
    assert last["converted-encoded-information-types"]["built-in-encoded-information-types"] == (b"\x20", 3)
    report = report_of(taken(probe(subject(DAVE, encoded_information_types=FAX), 10, NOW), one))
    assert codes_of(report) == [(1, 6)]


def test_explicit_conversion_is_refused_here_and_passed_on_elsewhere() -> None:
    kind, value = decoded(sent(DAVE, BOB))
    for fields in value["envelope"]["per-recipient-fields"]:
        fields["explicit-conversion"] = 8
    octets = specification().modules["MTSTransferProtocol"]["MTS-APDU"].encode((kind, value))
    outcome = taken(octets)
    assert codes_of(report_of(outcome)) == [(2, 8)]
    assert [t.next_hop for t in outcome.transfers if not t.is_report] == ["east"]
