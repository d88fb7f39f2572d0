"""The character sets of general text (X.420 7.4.11): registrations of ISO 2375, and how ISO 2022 designates them.

Content itself is of no concern to the MTS, but for its conversion (X.408).
"""

from __future__ import annotations

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
