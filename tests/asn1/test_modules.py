"""Every module is there, under its own name, and all of them compile together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import fastber
from x400.asn1 import folder, module_files, specification

WITHOUT_COMMENTS = re.compile(r"--.*?(?:--|$)", re.MULTILINE)
IMPORTED = re.compile(r"FROM\s+([A-Z][A-Za-z0-9-]*)")

NEEDED = {
    "red-book": {"P1", "P2", "P3"},
    "rfc4511": {"Lightweight-Directory-Access-Protocol-V3"},
    "x219": {"Remote-Operation-Notation"},
    "x226": {"ISO8823-PRESENTATION"},
    "x227": {"ACSE-1"},
    "x228": {"Reliable-Transfer-APDU"},
    "x229": {"Remote-Operations-APDUs"},
    "x402": {"MHSDirectoryObjectsAndAttributes", "MHSObjectIdentifiers"},
    "x411": {
        "MTAAbstractService",
        "MTSAbstractService",
        "MTSAbstractService88",
        "MTSObjectIdentifiers",
        "MTSUpperBounds",
    },
    "x412": {"MHSRoutingDirectoryObjects", "MHSRoutingORAddressSubtree", "MHSRoutingObjectIdentifiers"},
    "x419": {"MHSProtocolObjectIdentifiers", "MTSAccessProtocol", "MTSTransferProtocol"},
    "x420": {
        "IPMSExtendedBodyPartTypes",
        "IPMSFileTransferBodyPartType",
        "IPMSHeadingExtensions",
        "IPMSInformationObjects",
        "IPMSObjectIdentifiers",
    },
    "x880": {
        "Remote-Operations-Generic-ROS-PDUs",
        "Remote-Operations-Information-Objects",
        "Remote-Operations-Useful-Definitions",
    },
}


def names(path: Path) -> tuple[str, set[str]]:
    """The module's name and the names of those that it imports from."""
    text = WITHOUT_COMMENTS.sub("", path.read_text(encoding="utf-8"))
    return text.split(maxsplit=1)[0], set(IMPORTED.findall(text))


@pytest.mark.parametrize("path", module_files(), ids=lambda path: path.stem)
def test_file_is_named_after_its_module(path: Path) -> None:
    assert names(path)[0] == path.stem


@pytest.mark.parametrize(("recommendation", "modules"), NEEDED.items(), ids=NEEDED)
def test_recommendation_is_there(recommendation: str, modules: set[str]) -> None:
    assert modules <= {path.stem for path in (folder() / recommendation).glob("*.asn1")}


def test_imports_close() -> None:
    present = {path.stem for path in module_files()}
    assert set().union(*(names(path)[1] for path in module_files())) <= present


def test_every_symbol_that_is_imported_is_defined_where_it_is_imported_from() -> None:
    files = [str(path) for path in module_files()]
    assert fastber.compile_files(files, strict_imports=True).warnings == []


def test_nothing_of_the_directory_services_is_imported() -> None:
    """No module of MHS takes anything from X.511 or X.518: their operations are not ours, and X.501's own need of them
    (contexts and searches) lies in parts that MHS does not import either."""
    services = {"DirectoryAbstractService", "DistributedOperations", "DirectoryOperationalBindingTypes"}
    assert not services & set().union(*(names(path)[1] for path in module_files()))


def test_all_compile() -> None:
    assert set(specification().modules) == {path.stem for path in module_files()}


def test_lines_and_tabs() -> None:
    for path in module_files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert len(line) <= 120, f"{path.name}:{number}"
            assert "\t" not in line, f"{path.name}:{number}"
            assert line == line.rstrip(), f"{path.name}:{number}"
