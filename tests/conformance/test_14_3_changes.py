"""X.411 14.3.6 to 14.3.12: error-processing, redirection, conversion, list expansion, loops, splitter, dispatcher."""

from __future__ import annotations

import pytest

from tests.conformance.world import (
    BOB,
    CREW,
    DAVE,
    ERIN,
    POSTMASTER,
    STAFF,
    ReportPolicy,
    a_list,
    critical,
    delivered_envelope,
    envelope_of,
    extension,
    history_of,
    internal_of,
    last_trace,
    listed,
    name,
    onward,
    passed_through,
    prohibited,
    redirecting,
    sent,
    text_of,
    with_alternate,
    with_lists,
)
from tests.mta.samples import (
    CAROL,
    NOBODY,
    NOW,
    NOW_UTC,
    codes_of,
    decoded,
    mta,
    peculiar,
    report_of,
    routes,
    subject,
    taken,
)
from tests.mta.test_conversion import LATIN, LATIN_TEXT, body_of, delivered, general, ia5, ipm, taking, to_dave
from tests.mta.tlv import differences, parse
from x400.asn1 import specification
from x400.mta import User
from x400.mts.extensions import field_value
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.originate import NewRecipient, probe

MTS = specification().modules["MTSAbstractService"]
ELSEWHERE = GlobalDomainIdentifier("GB", "EAST")


# ---- 14.3.6 error-processing


def test_14_3_6_step_1_the_alternate_that_the_originator_asks_for() -> None:
    (transfer,) = taken(sent(with_alternate(NOBODY, BOB))).transfers
    assert transfer.recipient_names == (BOB,)
    (fields,) = envelope_of(transfer)["per-recipient-fields"]
    assert history_of(fields) == [(NOBODY, "originator-requested-alternate-recipient")]


def test_14_3_6_step_2_else_the_one_that_the_domain_assigns() -> None:
    outcome = taken(sent(ERIN), listed())
    assert [delivery.user for delivery in outcome.deliveries] == [POSTMASTER]
    assert history_of(delivered_envelope(outcome)) == [(ERIN, "recipient-MD-assigned-alternate-recipient")]


def test_14_3_6_step_3_if_the_originator_allows_it() -> None:
    assert codes_of(report_of(taken(sent(ERIN, alternate_recipient_allowed=False), listed()))) == [(1, 0)]


def test_14_3_6_step_4_else_it_is_reported() -> None:
    assert codes_of(report_of(taken(sent(NOBODY)))) == [(1, 0)]


def test_14_3_6_step_5_no_alternate_mends_a_message_that_cannot_go_on() -> None:
    outcome = taken(sent(with_alternate(BOB, CAROL), extensions=(critical(99, 0x40),)))
    assert codes_of(report_of(outcome)) == [(1, 18)]


# ---- 14.3.7 redirection


def test_14_3_7_step_1_name_number_and_history() -> None:
    (transfer,) = onward(taken(sent(CAROL, DAVE), redirecting(DAVE, BOB, routes=routes({"/C=GB/": ("peer", "east")}))))[
        :1
    ]
    fields = envelope_of(transfer)["per-recipient-fields"][1]
    assert (text_of(fields["recipient-name"]), fields["originally-specified-recipient-number"]) == (BOB, 2)
    history = MTS["RedirectionHistory"].decode(extension(fields["extensions"], 25))
    assert history[0]["intended-recipient-name"]["redirection-time"] == NOW_UTC
    assert history_of(fields) == [(DAVE, "recipient-assigned-alternate-recipient")]


def test_14_3_7_step_2_the_trace_says_redirected() -> None:
    (transfer,) = taken(sent(DAVE), redirecting(DAVE, BOB)).transfers
    assert last_trace(envelope_of(transfer))["other-actions"] == (b"\x80", 2)
    assert internal_of(envelope_of(transfer))[-1]["mta-supplied-information"]["other-actions"] == (b"\x80", 2)


def test_14_3_7_step_3_only_of_the_copy_for_whom_it_is() -> None:
    for transfer in taken(sent(CAROL, DAVE), redirecting(DAVE, BOB)).transfers:
        fields = envelope_of(transfer)["per-recipient-fields"]
        responsible = [one["per-recipient-indicators"][0][0] >> 7 for one in fields]
        actions = last_trace(envelope_of(transfer)).get("other-actions", (b"", 0))[0]
        assert (responsible, actions) == {"west": ([1, 0], b""), "east": ([0, 1], b"\x80")}[transfer.next_hop]


def test_14_3_7_step_4_a_loop_of_redirections() -> None:
    one = mta(
        users=(User(name(DAVE), alternate_recipient=name(ERIN)), User(name(ERIN), alternate_recipient=name(DAVE)))
    )
    assert codes_of(report_of(taken(sent(DAVE), one))) == [(1, 27)]


def test_14_3_7_step_5_delivery_names_the_one_intended() -> None:
    envelope = delivered_envelope(taken(sent(DAVE), redirecting(DAVE, ERIN)))
    assert text_of(envelope["originally-intended-recipient-name"]) == DAVE


# ---- 14.3.8 conversion


def test_14_3_8_step_1_texts_are_converted_and_nothing_else() -> None:
    fax = "basic", ("g3-facsimile", {"parameters": {}, "data": [(b"\x00\x01", 16)]})
    types = LATIN | {"built-in-encoded-information-types": (b"\x10", 4)}
    before = ipm(fax, LATIN_TEXT)
    after = delivered(to_dave(before, types, taking("ia5-text", "g3-facsimile")))
    assert body_of(after) == [body_of(before)[0], ia5("Cafe")]


def test_14_3_8_step_2_trace_delivery_and_report_tell_the_new_types() -> None:
    outcome = to_dave(ipm(LATIN_TEXT), LATIN, taking("ia5-text"))
    expected = (b"\x20", 3)
    converted = delivered_envelope(outcome)["converted-encoded-information-types"]
    assert converted["built-in-encoded-information-types"] == expected
    (fields,) = report_of(outcome)["content"]["per-recipient-fields"]
    converted = fields["last-trace-information"]["converted-encoded-information-types"]
    assert converted["built-in-encoded-information-types"] == expected


def test_14_3_8_step_3_a_prohibited_loss() -> None:
    outcome = to_dave(ipm(LATIN_TEXT), LATIN, taking("ia5-text"), extensions=(prohibited(4),))
    assert codes_of(report_of(outcome)) == [(2, 24)]


@pytest.mark.parametrize("content", [b"", b"\x30\x80", ipm(general(b"\xff", 6))])
def test_14_3_8_step_4_a_content_that_is_not_what_it_says_is_reported_once(content: bytes) -> None:
    assert codes_of(report_of(to_dave(content, LATIN, taking("ia5-text")))) == [(2, 12)]


# ---- 14.3.9 distribution-list-expansion


def test_14_3_9_step_1_prohibited_by_the_originator() -> None:
    outcome = taken(sent(STAFF, extensions=(prohibited(3),)), with_lists(a_list(STAFF, DAVE)))
    assert codes_of(report_of(outcome)) == [(1, 28)]


def test_14_3_9_step_2_not_permitted_to_submit() -> None:
    one = with_lists(a_list(STAFF, DAVE, permitted=(name("/C=FR/"),)))
    assert codes_of(report_of(taken(sent(STAFF), one))) == [(1, 29)]


def test_14_3_9_step_3_expanded_before() -> None:
    one = with_lists(a_list(STAFF, CREW, DAVE), a_list(CREW, STAFF, ERIN))
    outcome = taken(sent(STAFF), one)
    assert sorted(delivery.user for delivery in outcome.deliveries) == [DAVE, ERIN]
    assert codes_of(report_of(outcome)) == [(1, 3)]


def test_14_3_9_step_4_members_with_the_number_and_requests_of_the_list() -> None:
    staff = NewRecipient(name(STAFF), "report")
    (transfer,) = onward(taken(sent(CAROL, staff), with_lists(a_list(STAFF, BOB, BOB.replace("Bob", "Ben")))))[1:]
    fields = envelope_of(transfer)["per-recipient-fields"]
    assert [one["originally-specified-recipient-number"] for one in fields] == [2, 2]
    assert [one["per-recipient-indicators"][0] for one in fields] == [b"\xd0", b"\xd0"]


def test_14_3_9_step_5_exempted_recipients_get_nothing() -> None:
    value = MTS["DLExemptedRecipients"].encode([name(DAVE).to_value()])
    outcome = taken(sent(STAFF, extensions=(field_value(42, value),)), with_lists(a_list(STAFF, DAVE, ERIN)))
    assert [delivery.user for delivery in outcome.deliveries] == [ERIN]


def test_14_3_9_step_6_the_expansion_history_grows() -> None:
    outcome = taken(sent(STAFF), with_lists(a_list(STAFF, CREW), a_list(CREW, DAVE)))
    history = MTS["DLExpansionHistory"].decode(extension(delivered_envelope(outcome)["extensions"], 26))
    assert [(text_of(one["dl"]), one["dl-expansion-time"]) for one in history] == [(STAFF, NOW_UTC), (CREW, NOW_UTC)]


def test_14_3_9_step_7_the_trace_says_dl_operation() -> None:
    (transfer,) = taken(sent(STAFF), with_lists(a_list(STAFF, BOB))).transfers
    assert last_trace(envelope_of(transfer))["other-actions"] == (b"\x40", 2)


def test_14_3_9_step_8_where_reports_stay_with_the_list_it_reports_itself() -> None:
    one = with_lists(a_list(STAFF, BOB, report_policy=ReportPolicy.NONE))
    outcome = taken(sent(NewRecipient(name(STAFF), "report")), one)
    (fields,) = report_of(outcome)["content"]["per-recipient-fields"]
    assert fields["last-trace-information"]["report-type"][1]["type-of-MTS-user"] == 3
    (transfer,) = onward(outcome)
    assert envelope_of(transfer)["per-recipient-fields"][0]["per-recipient-indicators"][0] == b"\xa0"


def test_14_3_9_step_9_a_probe_is_answered_for_the_list() -> None:
    (fields,) = report_of(taken(probe(subject(STAFF), 1, NOW), with_lists(a_list(STAFF, BOB))))["content"][
        "per-recipient-fields"
    ]
    assert fields["last-trace-information"]["report-type"][1]["type-of-MTS-user"] == 3


# ---- 14.3.10 loop-detection


def test_14_3_10_step_1_a_domain_that_was_left_and_is_entered_again() -> None:
    other = mta(name="m", global_domain_identifier=ELSEWHERE, routes=routes({"/C=GB/": ("peer", "own")}))
    assert codes_of(report_of(passed_through(mta(), other, sent(BOB)))) == [(1, 3)]


def test_14_3_10_step_2_an_mta_of_the_domain_that_has_been_passed() -> None:
    other = mta(name="mta.second", routes=routes({"/C=GB/": ("peer", "own")}))
    assert codes_of(report_of(passed_through(mta(), other, sent(BOB)))) == [(1, 3)]


def test_14_3_10_step_3_what_was_redirected_may_come_back() -> None:
    changes = {"name": "m", "global_domain_identifier": ELSEWHERE, "routes": routes({"/C=GB/": ("peer", "own")})}
    outcome = passed_through(mta(), redirecting(BOB, ERIN, **changes), sent(BOB))
    assert [delivery.user for delivery in outcome.deliveries] == [ERIN]


def test_14_3_10_step_4_and_so_may_what_was_expanded() -> None:
    changes = {"name": "m", "global_domain_identifier": ELSEWHERE, "routes": routes({"/C=GB/": ("peer", "own")})}
    outcome = passed_through(mta(), with_lists(a_list(BOB, ERIN), **changes), sent(BOB))
    assert [delivery.user for delivery in outcome.deliveries] == [ERIN]


# ---- 14.3.11 splitter


def test_14_3_11_step_1_one_copy_where_the_next_mta_is_the_same() -> None:
    (transfer,) = taken(
        sent(BOB, CAROL), mta(routes=routes({"/C=GB/": ("peer", "a"), "/C=FR/": ("peer", "a")}))
    ).transfers
    assert transfer.recipients == (0, 1)


def test_14_3_11_step_2_else_one_for_each_with_its_responsibility() -> None:
    copies = {t.next_hop: envelope_of(t)["per-recipient-fields"] for t in taken(sent(BOB, CAROL)).transfers}
    responsible = {
        hop: [one["per-recipient-indicators"][0][0] >> 7 for one in fields] for hop, fields in copies.items()
    }
    assert responsible == {"east": [1, 0], "west": [0, 1]}


# ---- 14.3.12 dispatcher


def test_14_3_12_step_1_all_but_the_trace_leaves_as_it_came() -> None:
    before = peculiar()
    one = mta(routes=routes({"/C=GB/": ("peer", "a"), "/C=FR/": ("peer", "a")}))
    (transfer,) = taken(before, one).transfers
    found = differences(parse(before), parse(bytes(transfer.stored().head)))
    assert [kind for kind, *_ in found] == ["appended", "appended"]


def test_14_3_12_step_2_to_an_mta_of_1984_it_is_downgraded() -> None:
    one = mta(peers_1984=frozenset({"east"}))
    (transfer,) = taken(sent(BOB), one).transfers
    octets = bytes(one.message_out(transfer.stored(), "east").head)
    assert specification().modules["P1"]["MPDU"].decode(octets)[0] == "userMPDU"
    assert decoded(octets)[1]["envelope"]["extensions"] == []


def test_14_3_12_step_3_and_what_cannot_be_downgraded_is_reported() -> None:
    one = mta(peers_1984=frozenset({"east"}))
    assert codes_of(report_of(taken(sent("/C=GB/A=EAST/PD-ED=x/"), one))) == [(1, 47)]
