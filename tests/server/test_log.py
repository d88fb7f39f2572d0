"""What each line of the log bears: the MTS identifier if it is about a message, the association if it is on one."""

from __future__ import annotations

import ast
import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import x400.server
from tests.server.harness import Process, apdu, configuration, free_port, transfer
from x400.net.transfer import TransferFailed

SERVER = Path(x400.server.__file__).parent
ON_AN_ASSOCIATION = ("link", "inbound")
"""Modules in which whatever happens, happens on an association."""
OF_A_MESSAGE = {"entry", "batch", "stored"}
"""Parameters that are a message: who has one knows its identifier."""


def lines_of_the_log(module: Path) -> Iterator[tuple[int, set[str], set[str]]]:
    """Where a line is logged, the parameters of the function, and the keys that the line is given."""
    for function in ast.walk(ast.parse(module.read_text("utf-8"))):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        parameters = {argument.arg for argument in function.args.args}
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("log."):
                yield call.lineno, parameters, {word.arg or ast.unparse(word.value) for word in call.keywords}


@pytest.mark.parametrize("module", sorted(SERVER.glob("*.py")), ids=lambda path: path.stem)
def test_every_line_bears_what_it_is_about(module: Path) -> None:
    for number, parameters, keys in lines_of_the_log(module):
        if module.stem in ON_AN_ASSOCIATION:
            assert keys & {"self.marks", "self._link.marks", "marks"}, f"{module.name}:{number}"
        if parameters & OF_A_MESSAGE:
            assert "identifier" in keys, f"{module.name}:{number}"


def test_the_modules_on_associations_do_log() -> None:
    """The test above is of something."""
    for name in ON_AN_ASSOCIATION:
        assert len(list(lines_of_the_log(SERVER / f"{name}.py"))) > 3


def test_the_lines_of_one_association_have_its_name(tmp_path: Path) -> None:
    port = free_port()
    path = configuration(tmp_path, "A", port)
    text = path.read_text().replace('name = "source"', 'name = "source"\ndomains = ["/C=FR/A=X/"]', 1)
    path.write_text(text.replace("[mta]", '[mta]\nlog-format = "json"'))

    async def body() -> None:
        for name in ("first", "second"):
            with pytest.raises(TransferFailed, match="transfer refused"):
                await transfer(
                    port, [apdu(name, "/C=GB/A=TEST/P=A/S=Ann/"), apdu(f"{name}.2", "/C=GB/A=TEST/P=A/S=Ann/")]
                )
        with pytest.raises(TransferFailed):
            await transfer(port, [b"\x04\x00"])

    with Process(path) as mta:
        asyncio.run(body())
        mta.stop()
        lines = [json.loads(line) for line in mta.log.read_text().splitlines()]
    refused = {line["identifier"]: line for line in lines if line["event"] == "transfer refused"}
    assert {identifier.rpartition(";")[2].rstrip("]") for identifier in refused} >= {"test.first", "test.second"}
    names = {line["association"] for line in refused.values()}
    assert len(names) == 2
    (undecodable,) = [line for line in lines if line["event"] == "undecodable APDU"]
    assert undecodable["association"] not in names
    assert undecodable["identifier"] == ""
    assert {line["peer"] for line in (*refused.values(), undecodable)} == {"source"}
