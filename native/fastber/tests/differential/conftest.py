"""How many random modules the differential tests try, and Erlang's process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import references


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """FASTBER_SEEDS: a number of seeds, or a range `100:200`."""
    if "seed" in metafunc.fixturenames:
        first, _, last = os.environ.get("FASTBER_SEEDS", "2").rpartition(":")
        metafunc.parametrize("seed", range(int(first or 0), int(last)))


@pytest.fixture(scope="session")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[references.Port]:
    """One Erlang process for all modules."""
    if not references.erlang_is_here():
        how = "erlc and escript are not installed (Debian: apt-get install erlang-base erlang-asn1)"
        if os.environ.get("X400_NOTHING_LEFT_OUT"):
            pytest.fail(how)
        pytest.skip(how)
    port = references.Port(tmp_path_factory.mktemp("erlang"))
    yield port
    port.close()
