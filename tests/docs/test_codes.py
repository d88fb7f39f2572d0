"""docs/mta.md tells of each reason and diagnostic code that is given somewhere, and of no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import x400
from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode, NonDeliveryReasonCode

SOURCES = Path(x400.__file__).parent
DOCUMENT = Path(__file__).parents[2] / "docs" / "mta.md"
BY_NAME = {"maximum-time-expired", "unable-to-complete-transfer"}
"""Codes that are given by their names in the Recommendation, as text."""
WITH_A_DIAGNOSTIC = {"TRANSFER_FAILURE", "UNABLE_TO_TRANSFER", "CONVERSION_NOT_PERFORMED"}
"""Reasons that follow from the diagnostic, and say less than it."""
OF_OTHERS = {
    "PHYSICAL_RENDITION_NOT_PERFORMED",
    "PHYSICAL_DELIVERY_NOT_PERFORMED",
    "DEFERRED_DELIVERY_NOT_PERFORMED",
    "TRANSFER_FAILURE_FOR_SECURITY_REASON",
}


def written(name: str) -> str:
    return name.lower().replace("_", "-")


def given() -> set[str]:
    """The codes that the procedures and the server name."""
    found = set()
    for path in (*(SOURCES / "mta").glob("*.py"), *(SOURCES / "server").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if node.value.id in {"NonDeliveryDiagnosticCode", "NonDeliveryReasonCode"} and node.attr.isupper():
                    found.add(written(node.attr))
            elif isinstance(node, ast.Constant) and node.value in BY_NAME:
                found.add(node.value)
    return found


def told() -> set[str]:
    """The codes in the first column of the table."""
    table = DOCUMENT.read_text().partition("| reason and diagnostic | where |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    return {name.strip().lower() for cell in cells for name in cell.split(",") if not set(name) <= set("-")}


def test_what_is_given_is_told() -> None:
    assert told() == given()


def test_every_reason_is_given_follows_or_is_that_of_others() -> None:
    reasons = {reason.name for reason in NonDeliveryReasonCode}
    here = {name for name in reasons if written(name) in given()}
    assert here | WITH_A_DIAGNOSTIC | OF_OTHERS == reasons
    assert not here & OF_OTHERS


@pytest.mark.parametrize("code", NonDeliveryDiagnosticCode)
def test_an_operator_may_give_any(code: NonDeliveryDiagnosticCode) -> None:
    why = NonDelivery.of(written(code.name), "by hand")
    assert (why.diagnostic, why.supplementary_information) == (code, "by hand")
    assert why.reason.name in WITH_A_DIAGNOSTIC
