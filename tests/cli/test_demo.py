"""x400 demo, and its capture held against tshark."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.processes import x400
from x400.cli.demo_messages import KINDS
from x400.cli.demo_network import domain


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    done = x400("demo", "--capture", folder / "demo.pcapng", "--keep", folder / "kept")
    assert "all as expected" in done.stdout
    for expected in ("flight plan", "EDIFACT invoice", "unrecognised-or-name", "Their ways", "Times"):
        assert expected in done.stdout
    return folder


def envelopes(kept: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every delivery: at which MTA, and its envelope.json."""
    for path in sorted((kept / "kept").glob("*/delivered/*/envelope.json")):
        yield path.parents[2].name, json.loads(path.read_text("utf-8"))


def test_what_was_delivered_where(kept: Path) -> None:
    assert Counter((mta, about["kind"]) for mta, about in envelopes(kept)) == {
        ("north", "message"): 1,
        ("north", "report"): 1,
        ("middle", "message"): 1,
        ("south", "message"): 3,
    }


def test_twice_in_a_folder_that_does_not_stay() -> None:
    shown = x400("demo", "--count", 2).stdout
    assert "handing in 10 messages" in shown
    assert "until all of 12 deliveries" in shown


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


@pytest.mark.tshark
def test_tshark_sees_who_sent_what_to_whom(kept: Path) -> None:
    """Five messages come in to the MTA in the middle, four go out, and so does the report on the fifth."""
    messages, reports = [], []
    for row in json.loads(tshark(kept / "demo.pcapng", "-Y", "p1", "-T", "json", "--no-duplicate-keys")):
        for tree in find(row["_source"]["layers"].get("p1", {}), "p1.MTS_APDU_tree"):
            messages += find(tree, "p1.message_element")
            reports += find(tree, "p1.report_element")
    assert (len(messages), len(reports)) == (9, 1)

    seen = Counter(
        (or_address(first(message, "p1.originator_name_element")), *recipients_of(message)) for message in messages
    )
    expected = Counter[tuple[str, ...]]()
    for kind in KINDS:
        recipients = ((domain(mta) if mta else "") + user for mta, user in kind.recipients)
        arrives = any(mta is not None for mta, _ in kind.recipients)
        expected[domain(kind.mta) + kind.originator, *recipients] += 2 if arrives else 1
    assert seen == expected

    identifiers = Counter(identifier(message, "p1.message_identifier_element") for message in messages)
    about = [envelope for _, envelope in envelopes(kept)]
    delivered = {one["identifier"] for one in about if one["kind"] == "message"}
    assert {one for one, times in identifiers.items() if times == 2} == delivered
    (report,) = [one for one in about if one["kind"] == "report"]
    assert identifier(reports[0], "p1.report_identifier_element") == report["identifier"]
    (undelivered,) = identifiers.keys() - delivered
    assert identifiers[undelivered] == 1
    assert identifier(reports[0], "p1.subject_identifier_element") == undelivered


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
    organization, surname = first(tree, "p1.organization_name"), first(tree, "p1.surname")
    return f"{domain_of(tree, 'p1.private_domain_name_tree')}O={organization}/S={surname}/"


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
