"""The tables of states: each state can be reached and left, each event is used, and each state has a timer."""

from __future__ import annotations

from enum import Enum
from typing import Any

import pytest

from x400.osi.acse import states as acse
from x400.osi.presentation import states as presentation
from x400.osi.rtse import Parameters
from x400.osi.rtse import states as rtse
from x400.osi.rtse.machine import state_times

LAYERS = [presentation, acse, rtse]


def reached(table: dict[Any, dict[Any, Any]], start: Enum) -> set[Enum]:
    seen: set[Enum] = set()
    todo = [start]
    while todo:
        state = todo.pop()
        if state not in seen:
            seen.add(state)
            todo += table[state].values()
    return seen


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.__name__.split(".")[-2])
def test_the_table_is_whole(layer: Any) -> None:
    table = layer.TRANSITIONS
    assert set(table) == set(layer.State)
    assert reached(table, layer.State.IDLE) == set(layer.State)
    assert all(layer.State.CLOSED in reached(table, state) for state in layer.State)
    assert {event for row in table.values() for event in row} == set(layer.Event)
    assert table[layer.State.CLOSED] == {}
    assert all(row[layer.Event.ABORT] is layer.State.CLOSED for state, row in table.items() if row)


def test_every_state_of_rtse_has_a_timer() -> None:
    times = state_times(Parameters())
    assert set(times) == set(rtse.State)
    assert all(0 < seconds < float("inf") for seconds in times.values())
