"""examples/relay.toml has every key of the configuration, in its table, and the defaults that it shows are those."""

from __future__ import annotations

import re
import tomllib
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from x400.server import config

EXAMPLE = Path(__file__).parents[2] / "examples" / "relay.toml"
HEADER = re.compile(r"^(?:# )?\[\[?([a-z.-]+)\]?\]$")
KEY = re.compile(r"^(?:# )?([a-z][a-z0-9-]*) = (.*)$")
WITHIN = re.compile(r"[{,] *([a-z-]+) = ")
"""Keys of an inline table."""


def shown() -> dict[str, dict[str, str]]:
    """Of each table the keys that stand in it, commented or not, with what stands behind them."""
    found: dict[str, dict[str, str]] = {}
    table = ""
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if header := HEADER.match(line):
            table = header[1]
            above, _, last = table.rpartition(".")
            if above:
                found.setdefault(above, {})[last] = ""
        elif key := KEY.match(line):
            keys = found.setdefault(table, {})
            keys.setdefault(key[1], key[2])
            for name in WITHIN.findall(key[2]) if key[2].startswith("{") else ():
                found.setdefault(f"{table}.{key[1]}", {})[name] = ""
    return found


def structures(kind: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for part in typing.get_args(kind):
        yield from structures(part)


def tables() -> dict[str, type[msgspec.Struct]]:
    """Every table of the configuration, by its name."""
    found: dict[str, type[msgspec.Struct]] = {}
    todo: list[tuple[str, type[msgspec.Struct]]] = [("", config.Config)]
    while todo:
        prefix, kind = todo.pop()
        for field in msgspec.structs.fields(kind):
            for structure in structures(field.type):
                name = f"{prefix}{field.encode_name}"
                found[name] = structure
                todo.append((f"{name}.", structure))
    return found


TABLES = tables()
ONLY_OF_PEERS = {"server-name", "client-name"}
"""Of the keys of TLS, which listeners and the directory have likewise."""


@pytest.mark.parametrize("name", TABLES)
def test_every_key_is_in_its_table(name: str) -> None:
    keys = {field.encode_name for field in msgspec.structs.fields(TABLES[name])}
    if name in ("listener.tls", "directory.tls"):
        keys -= ONLY_OF_PEERS | ({"certificate", "key"} if name == "directory.tls" else set())
    assert keys - set(shown()[name]) == set()


def test_no_other_keys_are_shown() -> None:
    for name, keys in shown().items():
        assert set(keys) <= {field.encode_name for field in msgspec.structs.fields(TABLES[name])}, name


@pytest.mark.parametrize("name", ["limits", "retry", "timers", "transfer-times", "directory"])
def test_what_is_shown_is_the_default(name: str) -> None:
    """Where a key is a number, it is the one that holds without it."""
    for field in msgspec.structs.fields(TABLES[name]):
        if isinstance(field.default, int | float) and not isinstance(field.default, bool):
            (value,) = tomllib.loads(f"x = {shown()[name][field.encode_name]}").values()
            assert value == field.default, field.encode_name
