"""Octets that are not decodable taken apart as far as they go: what can be read is shown, the fault where it is.

It goes by views, one level at a time: a part that decodes is shown whole, one that does not is gone into, down to the
part that is at fault; its note says what is wrong with it, and its value is its octets.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import fastber
from x400.ipm.inspection import Node, Octets, named, of_view

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["inspect_broken"]

_SHOWN = 100
"""Parts of a list that are gone into."""


def inspect_broken(data: Octets, name: str = "MTSTransferProtocol.MTS-APDU") -> Node:
    """The tree of what should be a value of a type; raises UnknownType."""
    compiled = named(name)
    try:
        view = compiled.view(data, partial=True)
    except fastber.DecodeError as error:
        return Node(name, value=bytes(data), offset=0, length=len(data), note=_fault(error))
    node = _node(name, view)
    if view.complete and view.length < len(data):
        rest = bytes(data[view.length :])
        left = Node("", value=rest, offset=view.length, length=len(rest), note="fault: octets after the value")
        return Node(name, "members", offset=0, length=len(data), children=[node, left])
    return node


def _node(name: str, view: fastber.View) -> Node:
    try:
        return of_view(name, view)
    except fastber.DecodeError as error:
        fault = error
    node = Node(name, offset=view.offset, length=_length(view))
    node.children = list(_parts(view))
    if node.children:
        node.kind = "elements" if node.children[0].name == "[0]" else "members"
    else:
        node.value = _octets(view)
    if not any(_has_fault(child) for child in node.children):
        node.note = _fault(fault)
    return node


def _parts(view: fastber.View) -> Iterator[Node]:
    """What a view can be stepped into, as far as that goes."""
    names: list[str] = []
    with suppress(fastber.DecodeError):
        names = view.keys()
    for name in names:
        try:
            yield _node(name, view[name])
        except fastber.DecodeError as error:
            yield Node(name, value=b"", note=_fault(error))
    if names:
        return
    place = -1
    try:
        for place, part in enumerate(view):
            if place == _SHOWN:
                return
            yield _node(f"[{place}]", part)
    except TypeError:  # not a list
        return
    except fastber.DecodeError as error:
        if place >= 0:
            yield Node(f"[{place + 1}]", value=b"", note=_fault(error))


def _has_fault(node: Node) -> bool:
    return node.note.startswith("fault: ") or any(_has_fault(child) for child in node.children)


def _fault(error: fastber.DecodeError) -> str:
    """What is wrong, and where; the path is the tree's."""
    return f"fault: {error.reason}" + ("" if error.offset is None else f", at {error.offset}")


def _octets(view: fastber.View) -> bytes:
    try:
        return bytes(view.raw)
    except fastber.DecodeError:
        return b""


def _length(view: fastber.View) -> int | None:
    """Octets of the encoding; None where it runs past the end."""
    try:
        return view.length
    except fastber.DecodeError:
        return None
