"""The command: both ways without loss, and errors in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

import fastber
from fastber.cli import main

MODULE = "M DEFINITIONS ::= BEGIN T ::= SEQUENCE { a INTEGER, b CHOICE { c OCTET STRING, d NULL } } END"


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    module, data = tmp_path / "m.asn", tmp_path / "data"
    module.write_text(MODULE)
    data.write_bytes(bytes.fromhex("30 06 02 01 05 04 01 61"))
    return str(module), str(data)


def test_decode_then_encode(files: tuple[str, str], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    module, data = files
    assert main(["decode", "T", data, module]) == 0
    text = tmp_path / "text"
    text.write_bytes(capfdbinary.readouterr().out)
    assert main(["encode", "M.T", str(text), module, "--codec", "der"]) == 0
    assert capfdbinary.readouterr().out == Path(data).read_bytes()


def test_check_and_tree(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    module, data = files
    assert main(["check", module]) == 0
    assert capsys.readouterr().out == "1 modules, 1 types\n"
    assert main(["tree", data]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "       5   [UNIVERSAL 4] 1 61"


def test_errors_are_told_in_one_line(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    module, data = files
    Path(data).write_bytes(b"\x30\x03\x04\x01a")
    assert main(["decode", "T", data, module]) == 1
    assert (
        capsys.readouterr().err == "fastber: T.a: missing: expected tag [UNIVERSAL 2], got [UNIVERSAL 4] at offset 2\n"
    )
    assert main(["decode", "Nothing", data, module]) == 1
    assert main(["tree", data + "missing"]) == 1
    assert isinstance(fastber.DecodeError("a", "b", 1), fastber.Error)


def test_check_tells_every_fault_and_every_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    importing, wrong = tmp_path / "importing.asn", tmp_path / "wrong.asn"
    importing.write_text("I DEFINITIONS ::= BEGIN\nIMPORTS Far FROM Away { 1 2 3 };\nT ::= SEQUENCE { far Far }\nEND")
    assert main(["check", str(importing)]) == 0
    told = capsys.readouterr()
    assert told.out == "1 modules, 1 types\n"
    assert told.err.startswith(f"warning: {importing}:3:22: ")
    assert main(["check", "--strict-imports", str(importing)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"{importing}:3:22: ")
    wrong.write_text("W DEFINITIONS ::= BEGIN\nA ::= SEQUENCE OF\nB ::= INTEGER\nC ::= { }\nEND\n")
    assert main(["check", str(wrong)]) == 1
    assert len(capsys.readouterr().err.splitlines()) >= 2


def test_strict_imports_hold_what_is_imported_against_its_source(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, user = tmp_path / "source.asn", tmp_path / "user.asn"
    source.write_text("S DEFINITIONS ::= BEGIN\nA ::= NULL\nb INTEGER ::= 1\nEND\n")
    user.write_text("U DEFINITIONS ::= BEGIN\nIMPORTS\n  A, b, Lost, gone FROM S\n  Far FROM Away;\nT ::= A\nEND\n")
    files = [str(source), str(user)]
    assert main(["check", *files]) == 0
    assert capsys.readouterr() == ("2 modules, 2 types\n", "")
    assert main(["check", "--strict-imports", *files]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"{user}:3:9: expected `Lost` to be assigned in module `S`, from which it is imported",
        f"{user}:3:15: expected `gone` to be assigned in module `S`, from which it is imported",
        f"{user}:4:3: expected module `Away`, from which `Far` is imported, among the sources",
    ]
    user.write_text("U DEFINITIONS ::= BEGIN\nIMPORTS A, b FROM S;\nT ::= SEQUENCE { a A, n INTEGER (b) }\nEND\n")
    assert main(["check", "--strict-imports", *files]) == 0
