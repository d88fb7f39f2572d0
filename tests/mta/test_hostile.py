"""Whatever comes in is passed on, delivered, reported, or refused as InvalidAPDU, and no recipient is lost."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.mta.samples import BOB, CAROL, DAVE, NOBODY, NOW, decoded, mta, peculiar, sent, subject
from x400.mta import Outcome, Stored
from x400.mts.apdu import Apdu
from x400.mts.exceptions import InvalidAPDU
from x400.mts.originate import probe

MESSAGE = sent(BOB, CAROL, DAVE, NOBODY)
REPORT = next(t for t in mta().message_in(Stored(MESSAGE), "sender", NOW).transfers if t.is_report).stored().head
SEEDS = [MESSAGE, peculiar(), probe(subject(BOB, DAVE), 10, NOW), bytes(REPORT)]
ONE = mta()


def handled(octets: bytes) -> Outcome | None:
    try:
        return ONE.message_in(Stored(octets), "sender", NOW)
    except InvalidAPDU:
        return None


def everyone_is_seen_to(octets: bytes, outcome: Outcome) -> None:
    """Each recipient that the MTA was responsible for is in exactly one transfer, delivery or report."""
    if outcome.kind == "report":
        assert len(outcome.transfers) + len(outcome.deliveries) <= 1
        return
    responsible = [r.index for r in Apdu(Stored(octets)).recipients if r.indicators.responsibility]
    seen = [place for transfer in outcome.transfers for place in transfer.recipients]
    seen += [delivery.recipient for delivery in outcome.deliveries if delivery.kind == "message"]
    seen += [record.fields["place"] for record in outcome.log if record.event == "non-delivery"]
    if outcome.kind == "message":
        assert sorted(seen) == responsible
    for transfer in outcome.transfers:
        if transfer.is_report:
            assert decoded(transfer)[0] == "report"


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), min_size=1, max_size=3),
)
def test_octets_changed(seed: bytes, changes: list[tuple[int, int]]) -> None:
    octets = bytearray(seed)
    for place, value in changes:
        octets[place % len(octets)] = value
    outcome = handled(bytes(octets))
    if outcome is not None:
        everyone_is_seen_to(bytes(octets), outcome)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 700), st.integers(0, 20), st.binary(max_size=20))
def test_octets_cut_out_and_put_in(seed: bytes, place: int, length: int, put: bytes) -> None:
    place %= len(seed)
    octets = seed[:place] + put + seed[place + length :]
    outcome = handled(octets)
    if outcome is not None:
        everyone_is_seen_to(octets, outcome)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
@example(b"\xa0\x80" * 30)
@example(b"\xa0\x84\xff\xff\xff\xff\x31\x00")
def test_any_octets(octets: bytes) -> None:
    handled(octets)


def test_the_seeds_themselves() -> None:
    for seed in SEEDS:
        outcome = handled(seed)
        assert outcome is not None
        everyone_is_seen_to(seed, outcome)
