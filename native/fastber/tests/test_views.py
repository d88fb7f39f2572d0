"""Views and splicing, over definite and indefinite forms, whole and partial buffers."""

from __future__ import annotations

import contextlib
import gc
import mmap
import random
import tempfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastber
from fastber import REMOVE, Raw

SPEC = fastber.compile_string(
    """
    Views DEFINITIONS IMPLICIT TAGS ::= BEGIN
    Message ::= CHOICE { message [0] Body, other NULL }
    Body ::= SEQUENCE { a INTEGER, b [0] OCTET STRING OPTIONAL, c SEQUENCE OF Element, d [1] Choice OPTIONAL,
        e [2] INTEGER DEFAULT 3 }
    Element ::= SET { x [0] INTEGER, y [1] IA5String OPTIONAL, z Choice, ... }
    Choice ::= CHOICE { p [5] INTEGER, q [6] EXPLICIT SEQUENCE OF INTEGER, r BOOLEAN }
    END
    """
)
MESSAGE = SPEC.types["Message"]


def indefinite(encoding: bytes) -> bytes:
    """The same with indefinite lengths wherever they can be."""

    def remade(element: fastber.Tree) -> bytes:
        if element.contents is not None:
            return encoding[element.offset : element.contents_offset + element.length]
        return (
            encoding[element.offset : element.offset + 1] + b"\x80" + b"".join(map(remade, element.children)) + b"\0\0"
        )

    return b"".join(map(remade, fastber.tree(encoding)))


def long_lengths(encoding: bytes) -> bytes:
    """The same with lengths of three octets."""

    def remade(element: fastber.Tree) -> bytes:
        contents = element.contents if element.contents is not None else b"".join(map(remade, element.children))
        return encoding[element.offset : element.offset + 1] + b"\x82" + len(contents).to_bytes(2, "big") + contents

    return b"".join(map(remade, fastber.tree(encoding)))


FORMS: list[Callable[[bytes], bytes]] = [bytes, indefinite, long_lengths]

choices = st.one_of(
    st.tuples(st.just("p"), st.integers()),
    st.tuples(st.just("q"), st.lists(st.integers(), max_size=3)),
    st.tuples(st.just("r"), st.booleans()),
)
elements = st.fixed_dictionaries({"x": st.integers(), "z": choices}, optional={"y": st.text("abc ", max_size=5)})
bodies = st.fixed_dictionaries(
    {"a": st.integers(), "c": st.lists(elements, max_size=3), "e": st.integers()},
    optional={"b": st.binary(max_size=300), "d": choices},
)
forms = st.sampled_from(FORMS)


def joined(buffers: list[Any]) -> bytes:
    return b"".join(map(bytes, buffers))


def everything(view: fastber.View, value: Any) -> None:
    """Each part of a view decodes to the part of the value, and its raw octets decode to the same."""
    assert view.value == value
    if isinstance(value, tuple):
        assert view.choice == value[0]
        everything(view.chosen, value[1])
        everything(view[value[0]], value[1])
    elif isinstance(value, dict):
        assert set(view.keys()) <= set(value)
        for name in view.keys():  # noqa: SIM118
            assert name in view
            everything(view[name], value[name])
        assert view.get("nothing") is None
    elif isinstance(value, list):
        assert len(view) == len(value)
        for element, part in zip(view, value, strict=True):
            everything(element, part)


@settings(max_examples=60, deadline=None)
@given(bodies, forms)
def test_views_see_what_decode_gives(body: dict[str, Any], form: Callable[[bytes], bytes]) -> None:
    value = ("message", body)
    encoding = form(MESSAGE.encode(value))
    assert MESSAGE.decode(encoding) == value
    view = MESSAGE.view(encoding)
    everything(view, value)
    assert view.raw == encoding
    assert joined(view.splice({})) == encoding


@settings(max_examples=100, deadline=None)
@given(bodies, bodies, forms, st.data())
def test_splice_is_decode_change_encode(
    body: dict[str, Any], other: dict[str, Any], form: Callable[[bytes], bytes], data: st.DataObject
) -> None:
    """A splice gives what changing the decoded value gives, and leaves the octets of every other part as they were."""
    encoding = form(MESSAGE.encode(("message", body)))
    view = MESSAGE.view(encoding)
    present = view["message"].keys()
    names = data.draw(st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), unique=True))
    changes: dict[str, Any] = {}
    expected = dict(body)
    for name in names:
        if name in other:
            changes[f"message.{name}"] = other[name]
            expected[name] = other[name]
        elif name in present:
            changes[f"message.{name}"] = REMOVE
            del expected[name]
    if "c" not in names:
        expected["c"] = list(body["c"])
        if body["c"] and data.draw(st.booleans()):
            index = data.draw(st.integers(0, len(body["c"]) - 1))
            changes[f"message.c[{index}].x"] = 77
            expected["c"][index] = {**body["c"][index], "x": 77}
        if other["c"]:
            changes["message.c[+]"] = other["c"][0]
            expected["c"].append(other["c"][0])
    spliced = joined(view.splice(changes))
    assert joined(MESSAGE.splicer(*changes).splice(encoding, *changes.values())) == spliced
    assert MESSAGE.decode(spliced) == ("message", expected)
    assert fastber.check(spliced) == len(spliced)
    after = MESSAGE.view(spliced)["message"]
    touched = {path.split(".")[1].split("[")[0] for path in changes}
    for name in present:
        if name not in touched:
            assert after[name].raw == view["message"][name].raw


@settings(max_examples=30, deadline=None)
@given(bodies, forms, st.data())
def test_partial_views_splice_the_head(
    body: dict[str, Any], form: Callable[[bytes], bytes], data: st.DataObject
) -> None:
    encoding = form(MESSAGE.encode(("message", body)))
    cut = data.draw(st.integers(0, len(encoding)))
    try:
        head = joined(MESSAGE.view(encoding[:cut], partial=True).splice({"message.a": 12345678}))
    except fastber.DecodeError:
        needed = MESSAGE.view(encoding).at("message.a")
        assert cut < needed.offset + needed.length
        return
    assert MESSAGE.decode(head + encoding[cut:]) == ("message", {**body, "a": 12345678})


BODY = {"a": 5, "b": b"x" * 300, "c": [{"x": 1, "y": "hi", "z": ("q", [1, 2])}, {"x": 2, "z": ("r", True)}], "e": 3}


@pytest.mark.parametrize("form", FORMS)
def test_paths(form: Callable[[bytes], bytes]) -> None:
    view = MESSAGE.view(form(MESSAGE.encode(("message", BODY))))
    assert view.at("message.c[0].z.q[1]").value == 2
    assert view.at(("message", "c", 0, "z", "q", -1)).value == 2
    assert view.at("").value == ("message", BODY)
    assert view["message"]["c"][-1]["z"].choice == "r"
    assert view.at("message.a").contents == b"\x05"
    assert view.at("message.e" if "e" in view["message"] else "message.a").value == 5
    for path, error in [
        ("message.q", KeyError),
        ("message.c[2]", IndexError),
        ("other", KeyError),
        ("a..b", ValueError),
    ]:
        with pytest.raises(error):
            view.at(path)


def test_unknown_elements_are_kept() -> None:
    encoding = bytes.fromhex("a0 14 02 01 05 30 0f 31 0d 9f 77 01 00 80 01 01 01 01 ff 9f 78 00".replace(" ", ""))
    view = MESSAGE.view(encoding)
    spliced = joined(view.splice({"message.c[0].x": 300, "message.c[0].y": "hi"}))
    assert bytes.fromhex("9f 77 01 00".replace(" ", "")) in spliced
    assert bytes.fromhex("9f7800") in spliced
    assert MESSAGE.decode(spliced)[1]["c"] == [{"x": 300, "y": "hi", "z": ("r", True)}]


def test_large_parts_are_not_copied() -> None:
    content = b"c" * 1_000_000
    encoding = MESSAGE.encode(("message", {**BODY, "b": content}))
    buffers = MESSAGE.view(encoding).splice({"message.a": 6})
    assert any(isinstance(buffer, memoryview) and buffer.obj is encoding for buffer in buffers)
    assert sum(len(buffer) for buffer in buffers if isinstance(buffer, bytes)) < 1000


def test_a_view_over_mmap_holds_the_buffer() -> None:
    encoding = MESSAGE.encode(("message", BODY))
    with tempfile.TemporaryFile() as file:
        file.write(encoding)
        file.flush()
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        view = MESSAGE.view(memory)
        part = view["message"]["c"]
        assert part.value == BODY["c"]
        with pytest.raises(BufferError):
            memory.close()
        del view, part
        gc.collect()
        memory.close()


def test_raw_and_remove() -> None:
    view = MESSAGE.view(MESSAGE.encode(("message", BODY)))
    spliced = joined(view.splice({"message.b": Raw(b"\x80\x01z"), "message.c[0]": REMOVE}))
    assert MESSAGE.decode(spliced) == ("message", {**BODY, "b": b"z", "c": BODY["c"][1:]})  # type: ignore[index]
    for bad in (b"", b"\x80", b"\x80\x01", b"\x80\x00\x00"):
        with pytest.raises(ValueError, match=r"."):
            Raw(bad)
    with pytest.raises(fastber.EncodeError, match="mandatory"):
        view.splice({"message.a": REMOVE})
    with pytest.raises(KeyError):
        view.splice({"message.d": REMOVE})
    with pytest.raises(ValueError, match="two edits"):
        view.splice({"message": ("message", BODY), "message.a": 5})
    assert MESSAGE.encode(("message", {**BODY, "b": Raw(b"\x80\x01z")})) == MESSAGE.encode(
        ("message", {**BODY, "b": b"z"})
    )


def test_tree_and_check() -> None:
    encoding = indefinite(MESSAGE.encode(("message", BODY)))
    (tree,) = fastber.tree(encoding)
    assert (tree.tag_class, tree.tag_number, tree.indefinite) == (2, 0, True)
    assert fastber.check(encoding) == len(encoding)
    for cut in range(len(encoding)):
        with pytest.raises(fastber.DecodeError):
            fastber.check(encoding[:cut])
    with pytest.raises(fastber.DecodeError, match="left over"):
        fastber.check(encoding + b"\x00")
    with pytest.raises(fastber.DecodeError, match="max_depth"):
        fastber.check(b"\x30\x80" * 1000)


READ_PATHS = (
    "",
    "message.a",
    "message.b:contents",
    "message.c",
    "message.c[*].x:value",
    "message.c[*].y:contents",
    "message.c[*].z.q[*]:value",
    "message.c[0].z",
    "message.c[-1].x:contents",
    "message.d.p:value",
    "message.e:value",
)
READER = MESSAGE.reader(*READ_PATHS)


def stepped(view: fastber.View, path: str) -> Any:
    """By views, what a reader gives for a path."""
    steps, _, want = path.partition(":")
    before, each, after = steps.partition("[*]")
    try:
        part = view.at(before)
    except (KeyError, IndexError):
        return None
    if each:
        rest = after.removeprefix(".") + (f":{want}" if want else "")
        return [stepped(element, rest) for element in part]
    if want == "value":
        return part.value
    return bytes(part.contents if want == "contents" else part.raw)


@settings(max_examples=100, deadline=None)
@given(bodies, forms)
def test_a_reader_reads_what_views_see(body: dict[str, Any], form: Callable[[bytes], bytes]) -> None:
    encoding = form(MESSAGE.encode(("message", body)))
    view = MESSAGE.view(encoding)
    expected = tuple(stepped(view, path) for path in READER.paths)
    assert READER.read(encoding) == expected
    assert READER.read(bytearray(encoding)) == expected
    assert READER.read(memoryview(encoding), partial=True) == expected


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", READER.paths)
def test_partial_readers_raise_for_what_is_cut(form: Callable[[bytes], bytes], path: str) -> None:
    encoding = form(MESSAGE.encode(("message", BODY)))
    reader = MESSAGE.reader(path)
    whole = reader.read(encoding)
    results = set()
    for cut in range(len(encoding)):
        with pytest.raises(fastber.DecodeError):
            reader.read(encoding[:cut])
        try:
            assert reader.read(encoding[:cut], partial=True) == whole
            results.add(True)
        except fastber.DecodeError:
            results.add(False)
    assert False in results


def test_hostile_input_raises_and_no_more() -> None:
    generator = random.Random(1)
    encodings = [form(MESSAGE.encode(("message", BODY))) for form in FORMS]
    splicer = MESSAGE.splicer("message.c[0].y", "message.c[+]", "message.d")
    for _ in range(3000):
        octets = bytearray(generator.choice(encodings))
        for _ in range(generator.randint(1, 6)):
            octets[generator.randrange(len(octets))] = generator.choice([0, 1, 0x30, 0x7F, 0x80, 0x88, 0xFF])
        for partial in (False, True):
            with contextlib.suppress(fastber.DecodeError):
                READER.read(bytes(octets), partial=partial)
            with contextlib.suppress(fastber.DecodeError, KeyError, IndexError):
                splicer.splice(octets, "y", BODY["c"][0], REMOVE, partial=partial)  # type: ignore[index]


def test_errors_name_the_place() -> None:
    encoding = bytes.fromhex("a00d02010530083106800101800102")
    with pytest.raises(fastber.DecodeError) as by_views:
        _ = MESSAGE.view(encoding).at("message.c[0].x").value
    with pytest.raises(fastber.DecodeError) as by_reader:
        MESSAGE.reader("message.c[0].x:value").read(encoding)
    assert str(by_reader.value) == str(by_views.value)


@pytest.mark.parametrize(
    "path",
    ["message.q", "nothing", "message.a[*]", "message.c.x", "message.c[*]x", "message.c[+]", "message:text", "a..b"],
)
def test_paths_that_the_type_does_not_have(path: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        MESSAGE.reader(path)
    with pytest.raises(TypeError):
        MESSAGE.reader(("message", "a"))  # type: ignore[arg-type]


def test_splicers_take_as_many_values_as_paths() -> None:
    encoding = MESSAGE.encode(("message", BODY))
    splicer = MESSAGE.splicer("message.a", ("message", "c", 0))
    assert splicer.paths == ("message.a", ("message", "c", 0))
    assert joined(splicer.splice(encoding, 6, REMOVE)) == joined(
        MESSAGE.view(encoding).splice({"message.a": 6, "message.c[0]": REMOVE})
    )
    with pytest.raises(TypeError, match="expected 2 values, got 1"):
        splicer.splice(encoding, 6)
    for bad, error in [("message.q", KeyError), ("message.c.x", KeyError), ("a..b", ValueError)]:
        with pytest.raises(error):
            MESSAGE.splicer(bad)
    with pytest.raises(ValueError, match="two edits"):
        MESSAGE.splicer("message.a", "message.a")


@pytest.mark.parametrize("octets", ["3006 800101 800102", "3006 810101 800102", "3080 810101 9f8100 01ff 800102 0000"])
def test_a_member_repeated_or_out_of_order_is_no_unknown_one(octets: str) -> None:
    """As decode has it: room for extensions makes none of a known member in the wrong place."""
    spec = fastber.compile_string(
        "A DEFINITIONS IMPLICIT TAGS ::= BEGIN "
        "S ::= SEQUENCE { a [0] INTEGER OPTIONAL, b [1] INTEGER OPTIONAL, ... } END"
    )
    data = bytes.fromhex(octets)
    for work in (
        lambda: spec.decode("S", data),
        lambda: spec.view("S", data).keys(),
        lambda: spec.types["S"].reader("b").read(data),
        lambda: spec.view("S", data).splice({"b": 1}),
    ):
        with pytest.raises(fastber.DecodeError, match="repeated or out of order") as caught:
            work()
        assert caught.value.offset == len(data) - (5 if octets.startswith("3080") else 3)


def test_an_alternative_that_the_type_does_not_know_has_a_view() -> None:
    """At the root as among elements; one whose tag the type does not know is refused where it has no room for it."""
    spec = fastber.compile_string(
        "A DEFINITIONS IMPLICIT TAGS ::= BEGIN C ::= CHOICE { a [0] NULL, ... } L ::= SEQUENCE OF C "
        "T ::= [1] EXPLICIT C  S ::= CHOICE { a [0] NULL } END"
    )
    unknown = bytes.fromhex("820105")
    for view in (
        spec.view("C", unknown),
        spec.view("L", b"\x30\x03" + unknown)[0],
        spec.view("T", b"\xa1\x03" + unknown),
    ):
        assert view.choice is None
        assert view.value == (None, None)
        assert bytes(view.raw).endswith(unknown)
    assert spec.types["C"].reader("a:raw").read(unknown) == (None,)
    for name in ("T", "S"):
        with pytest.raises(fastber.DecodeError, match="expected tag"):
            spec.view(name, unknown)
