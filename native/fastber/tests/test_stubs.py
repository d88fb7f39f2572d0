"""Python's types from ASN.1: what each notation becomes, and what mypy makes of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import fastber
from fastber.cli import main
from fastber.stubs import render

ASN1 = Path(__file__).parents[3] / "asn1"

RIGHT = """
from mhs.MTAAbstractService import MessageTransferEnvelope
from mhs.MTSAbstractService import MTSIdentifier

def identifier(of: MessageTransferEnvelope) -> str:
    return of["message-identifier"]["local-identifier"]
def responsible(of: MessageTransferEnvelope) -> list[tuple[bytes, int]]:
    return [recipient["per-recipient-indicators"] for recipient in of["per-recipient-fields"]]
def of(id: MTSIdentifier, envelope: MessageTransferEnvelope) -> MessageTransferEnvelope:
    return {
        "message-identifier": id,
        "originator-name": envelope["originator-name"],
        "content-type": ("built-in", 22),
        "priority": "urgent",
        "trace-information": envelope["trace-information"],
        "per-recipient-fields": [
            {
                "recipient-name": envelope["originator-name"],
                "originally-specified-recipient-number": 1,
                "per-recipient-indicators": (b"\\x80", 8),
            }
        ],
    }
"""

WRONG = {
    'of["mesage-identifier"]': 'TypedDict "MessageTransferEnvelope" has no key "mesage-identifier"',
    'of["priority"].bit_length()': "has no attribute",
    'of["content-type"][1].colour': "has no attribute",
    'of["per-recipient-fields"]["recipient-name"]': "No overload variant",
    'of.update({"priority": "slow"})': "Incompatible types",
}
"""Expressions with an envelope of P1, and what mypy says of them."""


def test_mypy_reads_what_asn1_becomes(tmp_path: Path) -> None:
    """All of the repository's modules, as decoded plainly and with open types resolved, in one strict run."""
    pytest.importorskip("mypy")
    modules = [str(file) for file in sorted(ASN1.glob("*/*.asn1"))]
    assert main(["stubs", *modules, "-o", str(tmp_path / "mhs")]) == 0
    assert main(["stubs", *modules, "-o", str(tmp_path / "mhs_resolved"), "--resolve"]) == 0
    (tmp_path / "right.py").write_text(RIGHT)
    head = ["from mhs.MTAAbstractService import MessageTransferEnvelope as P1", "def wrong(of: P1) -> None:"]
    (tmp_path / "wrong.py").write_text("\n".join([*head, *(f"    {expression}" for expression in WRONG)]) + "\n")
    options = ["--strict", "--config-file=", "--no-error-summary", "--hide-error-context", "--cache-dir=cache"]
    checked = [argument for name in ("mhs", "mhs_resolved", "right", "wrong") for argument in ("-p", name)]
    command = [sys.executable, "-m", "mypy", *options, *checked]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout.splitlines()
    errors = [line for line in told if ": error: " in line]
    assert [line for line in errors if not line.startswith("wrong.py:")] == []
    for number, (expression, message) in enumerate(WRONG.items(), len(head) + 1):
        found = [line for line in errors if line.startswith(f"wrong.py:{number}:")]
        assert any(message in line for line in found), expression


MODULES = """
Every-Kind DEFINITIONS IMPLICIT TAGS ::= BEGIN
IMPORTS Colour, Name FROM Other;
Record ::= SEQUENCE { class [0] INTEGER DEFAULT 7, day UTCTime OPTIONAL, colour [1] Colour, ..., size [2] REAL }
Tree ::= CHOICE { leaf-octets OCTET STRING, trees SEQUENCE OF Tree, pair SET { left [0] Tree, right [1] Tree } }
Flag ::= BIT STRING { on(0) }
Shut ::= ENUMERATED { yes, no }
Plain ::= SEQUENCE { nothing NULL, id OBJECT IDENTIFIER, text UTF8String, name [5] Name, foreign EXTERNAL }
Same ::= [APPLICATION 3] Plain
Inner ::= SEQUENCE OF SEQUENCE { a BOOLEAN }
Pair {T} ::= SEQUENCE { one T, two T }
Pairs ::= SEQUENCE { a Pair {BOOLEAN}, b Pair {NULL}, c [0] Pair {BOOLEAN}, d [1] Shut }
KIND ::= CLASS { &code INTEGER UNIQUE, &Type } WITH SYNTAX { &Type AT &code }
Known KIND ::= { { BOOLEAN AT 1 } | { Plain AT 2 } | { SEQUENCE { x NULL } AT 3 }, ... }
Open ::= SEQUENCE { code KIND.&code ({Known}), value KIND.&Type ({Known}{@code}), held OCTET STRING (CONTAINING Flag) }
END
Other DEFINITIONS ::= BEGIN Colour ::= ENUMERATED { red, green, ..., blue } Name ::= IA5String END
"""

EVERY_KIND = """import datetime
import typing as t
from . import Other as _Other
from . import _built_in as _built_in

Record = t.TypedDict("Record", {
    "class": t.NotRequired[int],  # DEFAULT 7
    "day": t.NotRequired[datetime.datetime],
    "colour": _Other.Colour,
    "size": t.NotRequired[float],
})

Tree: t.TypeAlias = (
    tuple[t.Literal["leaf-octets"], bytes]
    | tuple[t.Literal["trees"], list[Tree]]
    | tuple[t.Literal["pair"], Tree__pair]
)

Flag: t.TypeAlias = tuple[bytes, int]

Shut: t.TypeAlias = t.Literal["yes", "no"]

Plain = t.TypedDict("Plain", {
    "nothing": None,
    "id": str,
    "text": str,
    "name": _Other.Name,
    "foreign": _built_in.EXTERNAL,
})

Same = t.TypedDict("Same", {
    "nothing": None,
    "id": str,
    "text": str,
    "name": _Other.Name,
    "foreign": _built_in.EXTERNAL,
})

Inner: t.TypeAlias = list[Inner__element]

Pairs = t.TypedDict("Pairs", {
    "a": Pair,
    "b": Pair__2,
    "c": Pair,
    "d": Shut,
})

Open = t.TypedDict("Open", {
    "code": int,
    "value": bytes,
    "held": bytes,
})

Tree__pair = t.TypedDict("Tree__pair", {
    "left": Tree,
    "right": Tree,
})

Inner__element = t.TypedDict("Inner__element", {
    "a": bool,
})

Pair = t.TypedDict("Pair", {
    "one": bool,
    "two": bool,
})

Pair__2 = t.TypedDict("Pair__2", {
    "one": None,
    "two": None,
})
"""


def test_what_each_notation_becomes() -> None:
    files = render(fastber.compile_string(MODULES))
    assert files["Every_Kind.pyi"] == EVERY_KIND
    assert 'Colour: t.TypeAlias = t.Literal["red", "green", "blue"] | int' in files["Other.pyi"]
    assert files["__init__.pyi"] == "from . import Every_Kind as Every_Kind\nfrom . import Other as Other\n"
    assert sorted(files) == ["Every_Kind.pyi", "Other.pyi", "__init__.pyi", "_built_in.pyi"]


def test_open_types_resolved() -> None:
    text = render(fastber.compile_string(MODULES), resolve_open_types=True)["Every_Kind.pyi"]
    assert '    "value": bytes | bool | Plain | Open__value__row3,\n' in text
    assert 'Open__value__row3 = t.TypedDict("Open__value__row3", {\n    "x": None,\n})' in text
    assert '    "held": bytes | Flag,\n' in text


def test_errors_are_those_of_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = tmp_path / "m.asn"
    module.write_text("M DEFINITIONS ::= BEGIN\nA ::= Missing\nB ::= Lost\nEND")
    assert main(["check", str(module)]) == 1
    told = capsys.readouterr().err
    assert [line.partition(": ")[0] for line in told.splitlines()] == [f"{module}:2:7", f"{module}:3:7"]
    assert main(["stubs", str(module), "-o", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == told
    assert not (tmp_path / "out").exists()
