"""fastber decode | encode | check | stubs | tree

decode and encode turn BER or DER into JSON and back without loss, as `fastber.json_values` says.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import fastber
from fastber.json_values import dumps, loads
from fastber.stubs import render


def _read(name: str) -> bytes:
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()


def _type(spec: fastber.Specification, name: str) -> fastber.CompiledType:
    module, _, type_name = name.rpartition(".")
    types = spec.modules.get(module, {}) if module else spec.types
    if type_name not in types:
        raise fastber.Error(f"type {name} is not in the modules given")
    return types[type_name]


def _print_tree(elements: list[fastber.Tree], depth: int = 0) -> None:
    classes = ("UNIVERSAL ", "APPLICATION ", "", "PRIVATE ")
    for element in elements:
        tag = f"[{classes[element.tag_class]}{element.tag_number}]"
        length = f"{element.length} indefinite" if element.indefinite else str(element.length)
        contents = "" if element.contents is None else element.contents[:32].hex(" ")
        print(f"{element.offset:8} {'  ' * depth}{tag} {length} {contents}".rstrip())
        _print_tree(element.children, depth + 1)


def _write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fastber", description="BER and DER by ASN.1 modules")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("decode", "BER or DER to JSON"), ("encode", "JSON to BER or DER")):
        command = commands.add_parser(name, help=text)
        command.add_argument("type", help="Module.Type, or Type where it is unique")
        command.add_argument("file", help="the input; - is standard input")
        command.add_argument("modules", nargs="+", help="files of ASN.1 modules")
        command.add_argument("--codec", choices=("ber", "der"), default="ber")
        command.add_argument("--resolve", action="store_true", help="decode open types by their object sets")
    command = commands.add_parser("check", help="compile modules, tell every fault")
    command.add_argument("modules", nargs="+", help="files of ASN.1 modules")
    command.add_argument("--strict-imports", action="store_true", help="modules that are imported must be given, too")
    command = commands.add_parser("stubs", help="Python's types of the values, a .pyi for each module")
    command.add_argument("modules", nargs="+", help="files of ASN.1 modules")
    command.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="the package to write")
    command.add_argument("--resolve", action="store_true", help="as decoded with open types resolved")
    command = commands.add_parser("tree", help="the elements of an encoding, without a schema")
    command.add_argument("file", help="the input; - is standard input")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The command's entry point: 0 if all is well, 1 for an error in the input."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "tree":
            _print_tree(fastber.tree(_read(options.file)))
            return 0
        spec = fastber.compile_files(
            options.modules,
            codec=getattr(options, "codec", "ber"),
            strict_imports=getattr(options, "strict_imports", False),
        )
        if options.command == "stubs":
            _write(options.output, render(spec, resolve_open_types=options.resolve))
            return 0
        if options.command == "check":
            for warning in spec.warnings:
                print(f"warning: {warning}", file=sys.stderr)
            print(f"{len(spec.modules)} modules, {sum(map(len, spec.modules.values()))} types")
            return 0
        compiled = _type(spec, options.type)
        if options.command == "decode":
            value = compiled.decode(_read(options.file), resolve_open_types=options.resolve)
            sys.stdout.buffer.write(dumps(value) + b"\n")
        else:
            value = loads(_read(options.file))
            sys.stdout.buffer.write(compiled.encode(value, resolve_open_types=options.resolve))
    except fastber.CompileError as error:
        print(error, file=sys.stderr)
        return 1
    except (fastber.Error, OSError, ValueError) as error:
        print(f"fastber: {error}", file=sys.stderr)
        return 1
    return 0
