"""One specification, and what it makes, shared by many threads."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import fastber

THREADS = 8
ROUNDS = 200

SPEC = fastber.compile_string(
    """
    M DEFINITIONS AUTOMATIC TAGS ::= BEGIN
    KIND ::= CLASS { &id INTEGER UNIQUE, &Type } WITH SYNTAX { &Type ID &id }
    Kinds KIND ::= { {INTEGER ID 1} | {UTF8String ID 2} }
    Letter ::= SEQUENCE { number INTEGER (0..1000000), text UTF8String OPTIONAL, to SEQUENCE OF Address,
        kind KIND.&id ({Kinds}), of KIND.&Type ({Kinds}{@kind}), urgent BOOLEAN DEFAULT FALSE }
    Address ::= CHOICE { name IA5String, number [7] INTEGER,
        within SET { street PrintableString, flat ENUMERATED { a, b } } }
    END
    """
)
LETTER = SPEC.types["Letter"]
READER = LETTER.reader("number:value", "to[*].name:contents", "of:raw")
SPLICER = LETTER.splicer("number", "text", "to[+]")


def letter(number: int) -> dict[str, object]:
    return {
        "number": number,
        "text": f"text of {number}",
        "to": [("name", f"n{number}"), ("within", {"street": "High Street", "flat": "b"}), ("number", -number)],
        "kind": 2,
        "of": f"of {number}",
        "urgent": bool(number % 2),
    }


@pytest.fixture(autouse=True)
def switching_often() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def in_threads(work: Callable[[int], None]) -> None:
    """Calls `work` with different numbers from threads that start at once; raises what any of them raises."""
    start = threading.Barrier(THREADS)

    def run(thread: int) -> None:
        start.wait()
        for turn in range(ROUNDS):
            work(thread * ROUNDS + turn)

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(run, thread) for thread in range(THREADS)]:
            done.result()


def test_encode_and_decode() -> None:
    def work(number: int) -> None:
        value = letter(number)
        encoding = LETTER.encode(value, resolve_open_types=True, check_constraints=True)
        assert SPEC.decode("Letter", encoding, resolve_open_types=True) == value

    in_threads(work)


def test_readers_and_splicers() -> None:
    def work(number: int) -> None:
        encoding = LETTER.encode(letter(number), resolve_open_types=True)
        read = READER.read(encoding)
        assert read[0] == number
        assert read[1] == [b"n%d" % number, None, None]
        spliced = b"".join(SPLICER.splice(encoding, number + 1, "new", ("name", "more")))
        value = LETTER.decode(spliced, resolve_open_types=True)
        assert (value["number"], value["text"], value["to"][3]) == (number + 1, "new", ("name", "more"))

    in_threads(work)


def test_one_view_in_all_threads() -> None:
    """The levels of a view are found when they are first asked for: by whichever thread comes first."""
    views = [LETTER.view(bytearray(LETTER.encode(letter(n), resolve_open_types=True))) for n in range(ROUNDS)]

    def work(number: int) -> None:
        number %= ROUNDS
        view = views[number]
        assert view["number"].value == number
        assert view.at("to[1].within.street").value == "High Street"
        assert next(bytes(address.raw) for address in view["to"]).endswith(b"n%d" % number)
        assert LETTER.decode(b"".join(view.splice({"number": 7})))["number"] == 7

    in_threads(work)


def test_errors_are_of_the_thread_that_made_them() -> None:
    def work(number: int) -> None:
        wrong = letter(number) | {"to": [("number", 1)] * (number % 5) + [("none", number)]}
        with pytest.raises(fastber.EncodeError, match=rf"Letter\.to\[{number % 5}\]"):
            LETTER.encode(wrong, resolve_open_types=True)
        with pytest.raises(fastber.ConstraintsError, match=str(10**6 + number + 1)):
            LETTER.encode(letter(10**6 + number + 1), resolve_open_types=True, check_constraints=True)

    in_threads(work)


def test_compiling() -> None:
    def work(number: int) -> None:
        if number % 20 == 0:
            spec = fastber.compile_string(f"M DEFINITIONS ::= BEGIN T ::= [{number}] INTEGER END")
            assert spec.decode("T", spec.encode("T", number)) == number
            with pytest.raises(fastber.CompileError, match=f"N{number}"):
                fastber.compile_string(f"M DEFINITIONS ::= BEGIN T ::= N{number} END")

    in_threads(work)


def test_a_large_check_lets_other_threads_run() -> None:
    """The interpreter is told to give no turns, so that another thread runs only if `check` lets it."""
    element = b"\x04\x0a" + bytes(10)
    body = element * 500_000
    encoding = b"\x30\x84" + len(body).to_bytes(4, "big") + body
    sys.setswitchinterval(1000)
    go, ran = threading.Event(), threading.Event()

    def run() -> None:
        go.wait()
        ran.set()

    other = threading.Thread(target=run)
    other.start()
    go.set()
    # how soon a thread that may run does so is the operating system's to say
    for _ in range(200):
        assert fastber.check(encoding) == len(encoding)
        if ran.is_set():
            break
    let_run = ran.is_set()
    other.join()
    assert let_run


def test_an_array_may_change_while_it_is_checked() -> None:
    """Of buffers that may be written to, `check` gives an answer or an error, whatever is written."""
    data = bytearray(b"\x30\x83\x01\x11\x70" + b"\x04\x02ab" * 17500)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            data[5:9] = b"\x30\x84\xff\xff"
            data[5:9] = b"\x04\x02ab"

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(100):
            try:
                length = fastber.check(data)
            except fastber.DecodeError as error:
                length = error.offset or 0
            assert 0 <= length <= len(data)
    finally:
        stop.set()
        writer.join()
