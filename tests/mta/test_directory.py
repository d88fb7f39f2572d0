"""Names that no route knows: held until a directory has been asked, and then on their way as any other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.mta.accounts import checked
from tests.mta.samples import ALICE, BOB, CAROL, DAVE, ERIN, NOBODY, NOW, OWN, codes_of, decoded, report_of, sent
from x400.mta import MTA, DistributionList, Held, MTAConfiguration, Outcome, Restrictions, Route, Stored, User
from x400.mta.directory import Answer, DirectoryCache
from x400.mts.oraddress import ORAddress
from x400.mts.reports import NonDeliveryDiagnosticCode

LATER = NOW + timedelta(minutes=3)


def with_directory(directory: DirectoryCache, **changes: Any) -> MTA:
    routes = (
        Route(ORAddress.parse("/C=GB/A=EAST/"), peer="east"),
        Route(ORAddress.parse(ALICE), peer="sender"),
        *changes.pop("routes", ()),
    )
    return MTA(MTAConfiguration("mta.own", OWN, routes, **changes), directory)


def put(directory: DirectoryCache, **answers: Answer) -> None:
    names = {"alice": ALICE, "carol": CAROL, "nobody": NOBODY, "dave": DAVE, "erin": ERIN}
    for name, answer in answers.items():
        directory.put(ORAddress.parse(names[name]), answer, LATER)


def arrived(one: MTA, octets: bytes) -> Outcome:
    return checked(Stored(octets), one.message_in(Stored(octets), "x", NOW))


def asked_for(one: MTA, held: Held) -> list[str]:
    return [str(name) for name in one.wanted(held.stored(), LATER)]


def resumed(one: MTA, held: Held) -> Outcome:
    return checked(held.stored(), one.resume(held.stored(), LATER))


def test_who_is_known_goes_on_at_once_and_the_others_are_held() -> None:
    directory = DirectoryCache()
    one = with_directory(directory)
    outcome = arrived(one, sent(BOB, CAROL, NOBODY))
    assert [t.next_hop for t in outcome.transfers] == ["east"]
    (held,) = outcome.held
    assert held.recipients == (1, 2)
    assert held.recipient_names == (CAROL, NOBODY)
    assert asked_for(one, held) == [CAROL, NOBODY]
    put(directory, carol=Answer(next_hop="west"), nobody=Answer())
    assert asked_for(one, held) == []
    outcome = resumed(one, held)
    assert outcome.held == []
    assert [t.next_hop for t in outcome.transfers] == ["west", "sender"]
    assert codes_of(report_of(outcome)) == [(1, 0)]


def test_its_trace_says_when_it_came_and_not_when_it_was_known() -> None:
    directory = DirectoryCache()
    one = with_directory(directory)
    (held,) = arrived(one, sent(CAROL)).held
    put(directory, carol=Answer(next_hop="west"))
    (transfer,) = resumed(one, held).transfers
    trace = decoded(transfer)[1]["envelope"]["trace-information"]
    times = [element["domain-supplied-information"]["arrival-time"] for element in trace]
    assert times[1:] == [NOW.replace(tzinfo=None)]
    assert transfer.expiry == held.expiry


def test_as_if_it_had_been_known_from_the_start() -> None:
    """A message that was held leaves as the same octets as one that was not."""
    known, asked = DirectoryCache(), DirectoryCache()
    put(known, carol=Answer(next_hop="west"))
    (at_once,) = arrived(with_directory(known), sent(CAROL)).transfers
    one = with_directory(asked)
    (held,) = arrived(one, sent(CAROL)).held
    put(asked, carol=Answer(next_hop="west"))
    (later,) = resumed(one, held).transfers
    assert decoded(later) == decoded(at_once)


def test_members_of_a_list_and_alternates_are_asked_for_too() -> None:
    directory = DirectoryCache()
    staff = DistributionList(ORAddress.parse(DAVE), (ORAddress.parse(CAROL), ORAddress.parse(BOB)))
    away = User(ORAddress.parse(ERIN), alternate_recipient=ORAddress.parse(CAROL))
    one = with_directory(directory, users=(away,), distribution_lists=(staff,))
    outcome = arrived(one, sent(DAVE))
    assert [t.next_hop for t in outcome.transfers] == ["east"]
    (held,) = outcome.held
    assert asked_for(one, held) == [CAROL]
    (redirected,) = arrived(one, sent(ERIN)).held
    assert asked_for(one, redirected) == [CAROL]
    put(directory, carol=Answer(folder="here"))
    assert [(d.user, d.folder) for d in resumed(one, held).deliveries] == [(CAROL, "here")]
    (delivery,) = resumed(one, redirected).deliveries
    assert str(delivery.envelope_value["other-fields"]).count("Erin") >= 1


def test_a_directory_redirects() -> None:
    directory = DirectoryCache()
    one = with_directory(directory)
    put(directory, carol=Answer(alternate=ORAddress.parse(BOB)))
    outcome = arrived(one, sent(CAROL))
    assert [t.next_hop for t in outcome.transfers] == ["east"]
    assert outcome.log[0].event == "redirection"


def test_a_directory_that_redirects_in_a_circle() -> None:
    directory = DirectoryCache()
    one = with_directory(directory)
    put(directory, carol=Answer(alternate=ORAddress.parse(NOBODY)), nobody=Answer(alternate=ORAddress.parse(CAROL)))
    assert codes_of(report_of(arrived(one, sent(CAROL)))) == [(1, NonDeliveryDiagnosticCode.REDIRECTION_LOOP_DETECTED)]


def test_several_of_one_name() -> None:
    directory = DirectoryCache()
    put(directory, carol=Answer(ambiguous=True))
    assert codes_of(report_of(arrived(with_directory(directory), sent(CAROL)))) == [(1, 1)]


def test_what_the_next_mta_does_not_take_is_not_sent_there() -> None:
    directory = DirectoryCache()
    put(directory, carol=Answer(next_hop="west"))
    small = {"west": Restrictions(maximum_content_length=1)}
    assert codes_of(report_of(arrived(with_directory(directory, restrictions=small), sent(CAROL)))) == [(1, 7)]


def test_a_report_is_held_apart_from_its_message() -> None:
    """The originator is one whom only a directory knows: what was decided about the message stands."""
    directory = DirectoryCache()
    one = with_directory(directory)
    put(directory, nobody=Answer())
    octets = sent(BOB, NOBODY, originator=CAROL)
    outcome = one.message_in(Stored(octets), "x", NOW)
    assert [t.next_hop for t in outcome.transfers] == ["east"]
    (report,) = outcome.held
    assert (report.is_report, report.recipient_names, report.recipients) == (True, (CAROL,), ())
    assert asked_for(one, report) == [CAROL]
    put(directory, carol=Answer(next_hop="west"))
    outcome = resumed(one, report)
    assert [(t.next_hop, t.is_report) for t in outcome.transfers] == [("west", True)]
    assert codes_of(report_of(outcome)) == [(1, 0)]
    assert len(report_of(outcome)["envelope"]["trace-information"]) == 1


def test_what_is_held_is_given_up_when_its_time_is_over() -> None:
    one = with_directory(DirectoryCache())
    (held,) = arrived(one, sent(CAROL)).held
    assert held.expiry is not None
    outcome = one.expire(held.stored(), held.recipients, "maximum-time-expired", held.expiry)
    assert codes_of(report_of(outcome)) == [(0, 5)]


def test_still_not_known_is_held_again() -> None:
    one = with_directory(DirectoryCache())
    (held,) = arrived(one, sent(CAROL)).held
    (again,) = resumed(one, held).held
    assert again == held


def test_a_route_needs_no_directory() -> None:
    directory = DirectoryCache()
    one = with_directory(directory)
    assert arrived(one, sent(BOB)).held == []
    assert directory.hits == 0


def test_answers_are_kept_for_a_time_and_no_longer() -> None:
    directory = DirectoryCache(keep=timedelta(minutes=5), keep_unknown=timedelta(minutes=1))
    carol, nobody = ORAddress.parse(CAROL), ORAddress.parse(NOBODY)
    directory.put(carol, Answer(next_hop="west"), NOW)
    directory.put(nobody, Answer(), NOW)
    assert [directory.answer(name, NOW) is None for name in (carol, nobody)] == [False, False]
    assert [directory.answer(name, LATER) is None for name in (carol, nobody)] == [False, True]
    assert directory.answer(carol, NOW + timedelta(minutes=5)) is None
    assert (directory.hits, len(directory)) == (3, 0)


def test_a_cache_is_bounded() -> None:
    directory = DirectoryCache(maximum=2)
    names = [ORAddress.parse(f"/C=GB/A=X/S=n{number}/") for number in range(3)]
    for name in names[:2]:
        directory.put(name, Answer(next_hop="x"), NOW)
    directory.answer(names[0], NOW)
    directory.put(names[2], Answer(next_hop="x"), NOW)
    assert [directory.answer(name, NOW) is not None for name in names] == [True, False, True]
