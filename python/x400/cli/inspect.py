"""`x400 inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.text import Text
from rich.tree import Tree

from x400.cli.arguments import Flag, octets_of
from x400.cli.console import console, fail, say_error

if TYPE_CHECKING:
    from x400.ipm.inspection import Node

__all__ = ["inspect", "print_broken", "print_tree"]


def inspect(
    file: Path,
    /,
    *,
    type_: Annotated[str | None, Parameter(name="--type", metavar="MODULE.TYPE")] = None,
    json: Flag = False,
) -> int:
    """Take a BER file apart into names, values and places (offset and length in octets).

    Without a type it is tried as an MTS-APDU of P1, as a content, and as a delivered envelope. Contents of
    interpersonal messages, extensions and body parts inside are taken apart, too. What is of no such type is shown as
    BER, and the exit code is 1.

    Parameters
    ----------
    file
        A file, or `-` for standard input.
    type_
        Any type of the modules in asn1/, such as MTSTransferProtocol.MTS-APDU.
    json
        One JSON object: the type, and the value without the places.
    """
    from x400.ipm.inspection import TYPES, NotDecodable, UnknownType, inspect_ber
    from x400.ipm.inspection import inspect as take_apart
    from x400.osi.tlv import FramingError

    data = octets_of(file)
    try:
        name, tree = take_apart(data, TYPES if type_ is None else (type_,))
    except UnknownType as error:
        fail(error, 2)
    except NotDecodable as error:
        say_error(f"{file}: not decodable\n{error}")
        try:
            tree = inspect_ber(data)
            _show(f"BER {tree.name}", tree, json)
        except FramingError as framing:
            fail(f"{file}: no BER either: {framing}")
        return 1
    _show(name, tree, json)
    return 0


def print_tree(apdu: bytes) -> None:
    """Show an APDU of P1 taken apart, or as BER if it cannot be."""
    from x400.ipm.inspection import NotDecodable, inspect_ber
    from x400.ipm.inspection import inspect as take_apart

    try:
        name, tree = take_apart(apdu, ("MTSTransferProtocol.MTS-APDU",))
    except NotDecodable:
        tree = inspect_ber(apdu)
        name = f"BER {tree.name}"
    _show(name, tree, False)


def print_broken(apdu: bytes) -> None:
    """Show what should be an APDU of P1 taken apart as far as it goes, and where it is at fault."""
    from x400.ipm.broken import inspect_broken
    from x400.ipm.inspection import NotDecodable
    from x400.ipm.inspection import inspect as take_apart

    name = "MTSTransferProtocol.MTS-APDU"
    try:
        _, tree = take_apart(apdu, (name,))
    except NotDecodable:
        tree = inspect_broken(apdu, name)
    _show(name, tree, False)


def _show(name: str, node: Node, json: bool) -> None:
    if json:
        import msgspec

        from x400.ipm.inspection import to_plain

        print(msgspec.json.format(msgspec.json.encode({"type": name, "value": to_plain(node)}), indent=2).decode())
    else:
        console.print(_tree(node, name), soft_wrap=True)


def _tree(node: Node, name: str | None = None) -> Tree:
    tree = Tree(_label(node, name))
    for child in node.children:
        tree.children.append(_tree(child))
    return tree


def _label(node: Node, name: str | None = None) -> Text:
    from x400.ipm.inspection import show

    label = Text(name or node.name, style="bold")
    if node.kind == "leaf":
        label.append(f" {show(node.value)}", "green")
    if node.note:
        label.append(f" {node.note}", "cyan")
    if node.offset is not None:
        label.append(f"  @{node.offset}" + ("" if node.length is None else f" +{node.length}"), "dim")
    return label
