"""x400 demo, and its capture held against tshark."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.processes import x400
from x400.cli.demo_arrivals import Arrivals
from x400.cli.demo_messages import (
    ALICE,
    BOB,
    CAROL,
    DELIVERED,
    ERIN,
    FILES,
    KINDS,
    NOBODY,
    TOO_LONG,
    TOWER,
    UNKNOWN,
    Kind,
)
from x400.cli.demo_network import AWAY, EVERYBODY, FIELD, NAMES, SMALL, MtaProcess, Network, domain
from x400.cli.demo_shipments import Shipment
from x400.ipm.message import decode


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    done = x400("demo", "--capture", folder / "demo.pcapng", "--keep", folder / "kept")
    assert "all as expected" in done.stdout
    for kind in KINDS:
        assert kind.title in done.stdout
    for expected in (
        "by the list /P=SOUTH/CN=Field/",
        "instead of /P=MIDDLE/O=Home/S=Away/",
        "recipient-assigned-alternate-recipient",
        "originator-requested-alternate-recipient",
        "delivery report on /P=SOUTH/O=Tower/S=EDDF/",
        UNKNOWN,
        TOO_LONG,
        "dl-expansion",
        "redirection",
        "its time has come",
        "from north: probe",
        "Their ways",
        "Times",
    ):
        assert expected in done.stdout
    return folder


def envelopes(kept: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every delivery: at which MTA, and its envelope.json."""
    for path in sorted((kept / "kept").glob("*/delivered/*/envelope.json")):
        yield path.parents[2].name, json.loads(path.read_text("utf-8"))


def test_what_was_delivered_where(kept: Path) -> None:
    """Counted from what is in the folders, without the demo's own eyes."""
    assert Counter((mta, about["kind"], about["recipient"]) for mta, about in envelopes(kept)) == {
        ("north", "message", domain("north") + "O=Buyer/S=Invoices/"): 1,
        ("north", "message", ERIN): 2,
        ("north", "report", domain("north") + "O=Airline/S=Dispatch/"): 1,
        ("north", "report", ALICE): 2,
        ("middle", "message", BOB): 3,
        ("south", "message", TOWER): 1,
        ("south", "message", CAROL): 3,
        ("south", "message", FILES): 1,
    }


def test_twice_in_a_folder_that_does_not_stay() -> None:
    shown = x400("demo", "--count", 2).stdout
    assert "handing in 20 messages" in shown
    assert "until all of 28 deliveries" in shown


def again(kept: Path, title: str, change: Callable[[Kind], Kind], **more: Any) -> list[str]:
    """What the demo finds wrong with one message that came, had another than this one been expected."""
    kind = next(kind for kind in KINDS if kind.title == title)
    for path in sorted((kept / "kept").glob("*/delivered/*/envelope.json")):
        about = json.loads(path.read_text("utf-8"))
        content = (path.parent / "content").read_bytes()
        if about["kind"] == "message" and title.encode() in content:
            shipment = Shipment(change(kind), about["identifier"], b"", decode(content).body, 0.0)
            arrivals = Arrivals(Looked(kept / "kept"))
            arrivals.add([replace(shipment, **more)])
            arrivals.look()
            return [fault for fault in arrivals.faults if not fault.startswith("not expected")]
    raise AssertionError(title)


class Looked(Network):
    """The network of a demo that is over."""

    def __init__(self, folder: Path) -> None:
        self.mtas = {name: MtaProcess(name, folder / name, 0) for name in NAMES}


def comes(kind: Kind, place: int = 0, **other: Any) -> Kind:
    """The kind, if something else were to come of it."""
    changed = [replace(one, **other) if number == place else one for number, one in enumerate(kind.comes)]
    return replace(kind, comes=tuple(changed))


def test_what_came_is_what_was_expected_and_nothing_else_would_do(kept: Path) -> None:
    """Each of the demo's expectations, were it another, would not have been met."""
    listed = "to a distribution list"
    assert again(kept, listed, lambda kind: kind) == []
    assert again(kept, listed, lambda kind: comes(kind, 1, lists=(EVERYBODY,))) != []
    assert again(kept, listed, lambda kind: comes(kind, 0, user=CAROL)) != []
    away = "to somebody away"
    assert again(kept, away, lambda kind: kind) == []
    assert again(kept, away, lambda kind: comes(kind, intended=None)) != []
    assert again(kept, away, lambda kind: comes(kind, reason="originator-requested-alternate-recipient")) != []
    assert again(kept, "flight plan", lambda kind: kind) == []
    assert again(kept, "flight plan", lambda kind: comes(kind, 1, outcomes=((TOWER, UNKNOWN),))) != []
    assert again(kept, "flight plan", lambda kind: comes(kind, 1, outcomes=((BOB, DELIVERED),))) != []
    assert again(kept, "flight plan", lambda kind: comes(kind, 1, mta="south")) != []
    assert again(kept, "deferred", lambda kind: kind, not_before=time.time() + 60) != []
    assert again(kept, "deferred", lambda kind: kind, body=()) != []


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    assert "empty" in x400("demo", "--keep", tmp_path, code=2).stderr


def tshark(path: Path, *arguments: str) -> str:
    return subprocess.run(["tshark", "-r", str(path), *arguments], check=True, capture_output=True, text=True).stdout


@pytest.mark.tshark
def test_every_frame_is_dissected_up_to_p1(kept: Path) -> None:
    capture = kept / "demo.pcapng"
    assert tshark(capture, "-Y", "_ws.malformed || _ws.expert.severity == 8388608") == ""
    assert tshark(capture, "-Y", "tcp.analysis.flags") == ""
    for layer in ("tpkt", "cotp", "ses", "pres", "acse", "rtse", "p1", "p22"):
        assert tshark(capture, "-Y", layer) != ""


SEEN = {
    ("Dispatch", TOWER): 2,
    ("Accounts", domain("north") + "O=Buyer/S=Invoices/"): 2,
    ("Alice", BOB, CAROL): 2,
    ("Alice", FILES): 2,
    ("Alice", NOBODY): 2,  # to nobody, and to nobody or else Bob: both end here
    ("Alice", EVERYBODY): 1,
    ("Alice", BOB, FIELD): 1,  # the members, of whom Bob is here
    ("Alice", CAROL, ERIN): 2,
    ("Carol", AWAY): 1,
    ("Carol", ERIN): 1,
    ("Alice", CAROL): 2,
}
"""The messages that come in to the MTA in the middle and go out of it, by originator and recipients, how often."""


@pytest.mark.tshark
def test_tshark_sees_who_sent_what_to_whom(kept: Path) -> None:
    messages, reports, probes = [], [], []
    for row in json.loads(tshark(kept / "demo.pcapng", "-Y", "p1", "-T", "json", "--no-duplicate-keys")):
        for tree in find(row["_source"]["layers"].get("p1", {}), "p1.MTS_APDU_tree"):
            messages += find(tree, "p1.message_element")
            reports += find(tree, "p1.report_element")
            probes += find(tree, "p1.probe_element")
    seen = Counter((first(message, "p1.surname"), *recipients_of(message)) for message in messages)
    assert seen == SEEN
    assert [recipients_of(probe) for probe in probes] == [[FILES, SMALL]] * 2

    about = [envelope for _, envelope in envelopes(kept)]
    identifiers = Counter(identifier(message, "p1.message_identifier_element") for message in messages)
    delivered = {one["identifier"] for one in about if one["kind"] == "message"}
    assert delivered <= identifiers.keys()
    (undelivered,) = identifiers.keys() - delivered
    probe = identifier(probes[0], "p1.probe_identifier_element")
    about_what = Counter(identifier(report, "p1.subject_identifier_element") for report in reports)
    (flight_plan,) = about_what.keys() - {undelivered, probe}
    assert flight_plan in delivered
    assert about_what == {undelivered: 1, probe: 2, flight_plan: 2}
    reported = {one["identifier"] for one in about if one["kind"] == "report"}
    assert {identifier(report, "p1.report_identifier_element") for report in reports} == reported


def identifier(tree: Any, name: str) -> str:
    """What tshark shows of an MTS identifier, as we write it."""
    found = first(tree, name)
    return f"[{domain_of(found, 'p1.private_domain_identifier_tree')};{first(found, 'p1.local_identifier')}]"


def domain_of(tree: Any, private_domain: str) -> str:
    country = first(tree, "p1.iso_3166_alpha2_code")
    administration = first(first(tree, "p1.administration_domain_name_tree"), "p1.printable")
    private = first(first(tree, private_domain), "p1.printable")
    return f"/C={country}/A={administration}/P={private}/"


def recipients_of(message: Any) -> list[str]:
    return [or_address(one) for one in find(message, "p1.recipient_name_element")]


def or_address(tree: Any) -> str:
    """What tshark shows of an O/R name, as we write it."""
    domain = domain_of(tree, "p1.private_domain_name_tree")
    for common_name in find(tree, "p1.CommonName"):
        return f"{domain}CN={common_name}/"
    return f"{domain}O={first(tree, 'p1.organization_name')}/S={first(tree, 'p1.surname')}/"


def first(tree: Any, name: str) -> Any:
    return next(find(tree, name))


def find(tree: Any, name: str) -> Iterator[Any]:
    """Every value of that name in tshark's JSON, where a name that comes more than once holds a list."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == name:
                yield from value if isinstance(value, list) else [value]
            else:
                yield from find(value, name)
    elif isinstance(tree, list):
        for value in tree:
            yield from find(value, name)
