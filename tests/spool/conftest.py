"""The engines that the contract is tried on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from x400.spool import Spool, SqliteSpool

ENGINES: dict[str, Callable[[Path], Spool]] = {"sqlite": lambda folder: SqliteSpool(folder)}


@pytest.fixture(params=sorted(ENGINES))
def make_spool(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Spool]:
    """Makes the spool of the same folder each time: as after a restart."""
    engine = ENGINES[request.param]
    return lambda: engine(tmp_path / "spool")
