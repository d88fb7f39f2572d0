"""The character sets of general text (X.420 7.4.11): registrations of ISO 2375, and how ISO 2022 designates them.

Content itself is of no concern to the MTS, but for its conversion (X.408).
"""

from __future__ import annotations

from collections.abc import Container

C0, ASCII, LATIN_1, UTF_8 = 1, 6, 100, 196
"""Registrations: the controls of ISO 646, ASCII, the right half of ISO 8859-1, UTF-8."""
RIGHT_HALVES = {
    LATIN_1: "iso8859-1",
    101: "iso8859-2",
    109: "iso8859-3",
    110: "iso8859-4",
    144: "iso8859-5",
    127: "iso8859-6",
    126: "iso8859-7",
    138: "iso8859-8",
    148: "iso8859-9",
}
"""Registrations of the right halves of ISO 8859, and Python's names of the whole sets."""
DESIGNATE_LATIN_1 = b"\x1b-A"
"""ISO 8859-1's right half as G1."""
USE_UTF_8 = b"\x1b%G"
"""Leave ISO 2022 for UTF-8, with return."""
_DESIGNATIONS = {
    b"\x1b-" + final: RIGHT_HALVES[number]
    for final, number in (
        (b"A", LATIN_1), (b"B", 101), (b"C", 109), (b"D", 110), (b"L", 144), (b"G", 127), (b"F", 126), (b"H", 138),
        (b"M", 148),
    )
}  # fmt: skip
"""How the right halves are designated as G1 (ISO 2022, ISO 2375)."""


def general_text(octets: bytes, registrations: Container[int]) -> tuple[str, str]:
    """The text of a general text and the name of its character set, which it designates itself at its beginning, or
    which is the one of its ``registrations``.

    Raises LookupError when it goes from one set to another, or has several; UnicodeDecodeError.
    """
    if octets.startswith(USE_UTF_8) or UTF_8 in registrations:
        return octets.removeprefix(USE_UTF_8).decode(), "utf-8"
    name = _DESIGNATIONS.get(octets[:3])
    if name is not None:
        octets = octets[3:]
    if b"\x1b" in octets:
        raise LookupError("a general text that changes its character set")
    if name is None:
        names = [RIGHT_HALVES[number] for number in RIGHT_HALVES if number in registrations]
        if len(names) > 1:
            raise LookupError("a general text of several character sets")
        name = names[0] if names else "ascii"
    return octets.decode(name), name
