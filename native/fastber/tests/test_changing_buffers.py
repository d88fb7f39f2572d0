"""Memory that somebody writes to while it is decoded: other values or an error, but every value is a true one."""

from __future__ import annotations

import mmap
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import fastber

SPEC = fastber.compile_string(
    """
    Changing DEFINITIONS IMPLICIT TAGS ::= BEGIN
    Holder ::= SEQUENCE { text Text }
    Text ::= CHOICE { utf8 UTF8String, teletex TeletexString, ia5 IA5String, bmp BMPString, universal UniversalString }
    END
    """
)
HOLDER = SPEC.types["Holder"]
UNITS = 20_000  # of four octets each: so long that a writer comes in between

# Of each string type, contents octets that make str objects of different lengths and widths, or none.
PATTERNS = {
    "utf8": [text.encode() for text in ("abcd", "éé", "€a", "𝄞")],
    "teletex": [b"abcd", b"\xe9\xe8\xe7\xe6"],
    "ia5": [b"abcd", b"\xe9\xe8\xe7\xe6"],
    "bmp": [text.encode("utf-16-be") for text in ("ab", "€a", "𝄞")],
    "universal": [text.encode("utf-32-be") for text in ("a", "é", "€", "𝄞")],
}
# Of each, text of four octets.
TEXTS = {"utf8": "abcd", "teletex": "abcd", "ia5": "abcd", "bmp": "ab", "universal": "a"}


def check_str(text: str) -> None:
    """What the object says of itself is true of its characters."""
    size = sys.getsizeof(text)
    again = "".join(chr(ord(character)) for character in text)
    assert (text.isascii(), size, len(text)) == (again.isascii(), sys.getsizeof(again), len(again))
    assert text == again
    assert text.encode().decode() == again


# A process of its own, which never waits for the interpreter that decodes.
WRITER = """
import mmap, sys
with open(sys.argv[1], "r+b") as file:
    memory = mmap.mmap(file.fileno(), 0)
start, patterns = int(sys.argv[2]), [bytes.fromhex(pattern) for pattern in sys.argv[3:]]
whole = [pattern * ((len(memory) - start) // len(pattern)) for pattern in patterns]
print("ready", flush=True)
while True:
    for octets in whole:
        memory[start:] = octets
"""


@contextmanager
def written(path: Path, start: int, patterns: list[bytes]) -> Iterator[None]:
    """Somebody writes the patterns over the file from `start` on, in turn."""
    arguments = [str(path), str(start), *(pattern.hex() for pattern in patterns)]
    with subprocess.Popen([sys.executable, "-c", WRITER, *arguments], stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            yield
        finally:
            writer.kill()


def buffers(memory: mmap.mmap, file: int) -> list[object]:
    """The memory as it can be handed in: a buffer that is not to be written to fixes none of the octets."""
    view = memoryview(memory)
    return [memory, view.toreadonly(), view.toreadonly()[:], mmap.mmap(file, len(memory), access=mmap.ACCESS_READ)]


@pytest.mark.parametrize("kind", PATTERNS)
def test_every_str_is_a_true_one(kind: str, tmp_path: Path) -> None:
    octets = HOLDER.encode({"text": (kind, TEXTS[kind] * UNITS)})
    start = len(octets) - 4 * UNITS
    works: list[Callable[[object], object]] = [
        lambda buffer: HOLDER.decode(buffer)["text"][1],
        lambda buffer: HOLDER.view(buffer).at(f"text.{kind}").value,
        lambda buffer: HOLDER.reader(f"text.{kind}:value").read(buffer)[0],
    ]
    path = tmp_path / "changing"
    path.write_bytes(octets)
    with path.open("r+b") as file, written(path, start, PATTERNS[kind]):
        for buffer in buffers(mmap.mmap(file.fileno(), 0), file.fileno()):
            for work in works * 10:
                offset = start
                try:
                    text = work(buffer)
                except fastber.DecodeError as error:
                    offset = error.offset
                else:
                    assert isinstance(text, str)
                    check_str(text)
                assert start <= offset <= len(octets)
