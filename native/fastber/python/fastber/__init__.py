"""A BER and DER codec: asn1tools' API, zero-copy views, byte-exact splicing.

>>> import fastber
>>> text = "A DEFINITIONS ::= BEGIN B ::= SEQUENCE { c INTEGER, d BOOLEAN DEFAULT FALSE } END"
    >>> spec = fastber.compile_string(text)
>>> spec.encode("B", {"c": 5}).hex()
'3003020105'
>>> spec.decode("B", bytes.fromhex("3003020105"))
{'c': 5, 'd': False}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final, TypeAlias

from ._fastber import (
    CompiledType,
    Raw,
    Reader,
    Remove,
    Specification,
    Splicer,
    Tree,
    View,
    check,
    compile_sources,
    tree,
)
from .errors import CompileError, ConstraintsError, DecodeError, EncodeError, Error

__all__ = [
    "REMOVE",
    "CompileError",
    "CompiledType",
    "ConstraintsError",
    "DecodeError",
    "EncodeError",
    "Error",
    "Raw",
    "Reader",
    "Remove",
    "Specification",
    "Splicer",
    "Tree",
    "View",
    "check",
    "compile_files",
    "compile_string",
    "tree",
]

AnyChoices: TypeAlias = Mapping[tuple[str, ...], Mapping[int, str] | Mapping[str, str]]
"""Module, type and member of an ANY DEFINED BY -> value of the member that defines it -> the type, in ASN.1."""

REMOVE: Final = Remove()
"""In a splice, takes the part away."""


def compile_files(
    filenames: str | PathLike[str] | Iterable[str | PathLike[str]],
    codec: str = "ber",
    any_defined_by_choices: AnyChoices | None = None,
    encoding: str = "utf-8",
    cache_dir: str | None = None,
    numeric_enums: bool = False,
    *,
    tolerate_explicit: bool = False,
    ignore_unknown: bool = False,
    strict_imports: bool = False,
    max_depth: int | None = None,
    max_size: int | None = None,
    max_elements: int | None = None,
) -> Specification:
    """Compile the ASN.1 modules in these files, which may import one another in any order.

    `cache_dir` is taken for asn1tools' sake and not used: compiling takes milliseconds.
    """
    paths = [filenames] if isinstance(filenames, str | PathLike) else list(filenames)
    sources = [(fspath(path), Path(path).read_text(encoding=encoding)) for path in paths]
    return _compile(
        sources,
        any_defined_by_choices,
        codec=codec,
        numeric_enums=numeric_enums,
        tolerate_explicit=tolerate_explicit,
        ignore_unknown=ignore_unknown,
        strict_imports=strict_imports,
        max_depth=max_depth,
        max_size=max_size,
        max_elements=max_elements,
    )


def compile_string(
    string: str,
    codec: str = "ber",
    any_defined_by_choices: AnyChoices | None = None,
    numeric_enums: bool = False,
    *,
    tolerate_explicit: bool = False,
    ignore_unknown: bool = False,
    strict_imports: bool = False,
    max_depth: int | None = None,
    max_size: int | None = None,
    max_elements: int | None = None,
) -> Specification:
    """Compile the ASN.1 modules in this text.

    any_defined_by_choices: the types of an ANY DEFINED BY, as {("Module", "Type", "member"): {1: "INTEGER", 2: "A"}};
    they are then decoded and encoded always, and other values of the member that defines it are refused.
    tolerate_explicit: read a primitive type in constructed form whose contents are one value of its own universal tag
    as if it were tagged EXPLICIT. ignore_unknown: skip elements that a SEQUENCE or SET without "..." does not know.
    strict_imports: a module that is imported must be among those given, even where the import names it by its object
    identifier; without it, what it would define is left open, and `Specification.warnings` tells of it.
    max_depth, max_size, max_elements: limits on nesting, on the octets of one decode, and on the elements of one
    SEQUENCE OF or SET OF.
    """
    return _compile(
        [("<string>", string)],
        any_defined_by_choices,
        codec=codec,
        numeric_enums=numeric_enums,
        tolerate_explicit=tolerate_explicit,
        ignore_unknown=ignore_unknown,
        strict_imports=strict_imports,
        max_depth=max_depth,
        max_size=max_size,
        max_elements=max_elements,
    )


def _compile(
    sources: list[tuple[str, str]], any_defined_by_choices: AnyChoices | None, **options: Any
) -> Specification:
    choices = any_defined_by_choices or {}
    any_choices: list[tuple[list[str], list[tuple[int | str, str]]]] = [
        (list(location), [*types.items()]) for location, types in choices.items()
    ]
    return compile_sources(sources, any_choices=any_choices, **options)
