"""How quantities and times are written."""

from __future__ import annotations

import pytest

from x400.cli.console import age, console, duration, new_table, octets


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KB"), (5 << 20, "5.0 MB"), (3 << 40, "3072.0 GB")]
)
def test_octets(number: int, text: str) -> None:
    assert octets(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.000_85, "850 us"), (0.0123, "12.3 ms"), (4.561, "4.56 s"), (200, "3 min 20 s"), (90_061, "1 d 1 h")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_age() -> None:
    assert age(0.5) == "0 s"
    assert age(-3) == "0 s"


def test_what_comes_from_messages_is_no_markup() -> None:
    table = new_table("identifier", title="[/C=GB/A=X/;1]")
    table.add_row("[/C=GB/A=X/;2] [red]x[/]")
    with console.capture() as captured:
        console.print(table)
    assert "[/C=GB/A=X/;1]" in captured.get()
    assert "[/C=GB/A=X/;2] [red]x[/]" in captured.get()
