"""Python's types of the values of ASN.1 types: a stub file (.pyi) for each module, of TypedDicts and aliases.

A name of ASN.1 stands with "_" for "-", and for the "." of what a macro carries. A SEQUENCE or SET written in place is
named by where it is, `Owner__member`; what shares a name with another type, as the instances of a parameterised type
do, has a number behind it, `Name__2`.
A type that is only tagged or constrained anew has the same values, and the same name.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ._fastber import Member, Specification, Type

__all__ = ["render"]

_SIMPLE: Final[Mapping[str, str]] = {
    "BOOLEAN": "bool",
    "INTEGER": "int",
    "BIT STRING": "tuple[bytes, int]",
    "OCTET STRING": "bytes",
    "NULL": "None",
    "REAL": "float",
    "UTCTime": "datetime.datetime",
    "GeneralizedTime": "datetime.datetime",
    "DATE": "datetime.date",
    "TIME-OF-DAY": "datetime.time",
    "DATE-TIME": "datetime.datetime",
    "open type": "bytes",
}
"""Kinds with values of one class. Those that are neither here nor made of other types are str."""

_BUILT_IN: Final = "_built_in"
"""The file of types that no module assigns: EXTERNAL, EMBEDDED PDV, CHARACTER STRING."""

_LONGEST_DEFAULT: Final = 60
"""Characters of a DEFAULT in a comment."""


def render(specification: Specification, *, resolve_open_types: bool = False) -> dict[str, str]:
    """The text of each file by its name. `resolve_open_types`: of the values that decode gives with the same option."""
    names = _Names(specification, resolve_open_types)
    files = {module: _Module(module, names) for module in names.modules()}
    for type, (module, name) in names.owned():
        files[module].assign(name, type)
    for (module, name), other in names.aliases.items():
        files[module].alias(name, other)
    rendered = {f"{module}.pyi": file.text() for module, file in files.items()}
    lines = [f"from . import {module} as {module}" for module in sorted(files) if module != _BUILT_IN]
    rendered["__init__.pyi"] = "\n".join(lines) + "\n"
    return rendered


def _identifier(name: str) -> str:
    python = re.sub("[-. ]", "_", name)
    return python + "_" if keyword.iskeyword(python) else python


def _prefixed(module: str) -> str:
    return "_" + module.removeprefix("_")


@dataclass(frozen=True)
class _Shape:
    """What tells the values of a type: a key, and the types that it is made of with the steps that lead to them."""

    key: tuple[Any, ...]
    parts: tuple[tuple[str, Type], ...] = ()


@dataclass
class _Names:
    """Which type has which name in which file; all are named before anything is rendered."""

    specification: Specification
    resolve: bool
    named: dict[Type, tuple[str, str]] = field(default_factory=dict)
    """File and name of the types that have one."""
    aliases: dict[tuple[str, str], Type] = field(default_factory=dict)
    """Further names that assignments give to types named elsewhere."""

    def __post_init__(self) -> None:
        self._shapes: dict[Type, _Shape] = {}
        self._same: set[tuple[Type, Type]] = set()
        self._owners: dict[tuple[str, str], Type] = {}
        self._families: dict[tuple[str, str], list[Type]] = {}
        aliased: list[tuple[tuple[str, str], Type]] = []
        for module, types in self.specification.modules.items():
            for name, compiled in types.items():
                type = compiled.describe()
                place = (_identifier(module), _identifier(name))
                if (type.module, type.name) == (module, name):
                    self._own(place, type)
                else:
                    self.aliases[place] = type
                    aliased.append(((module, name), type))
        roots = [*self._owners.values(), *self.aliases.values()]
        for type in roots:
            if type not in self.named and not self._find(type):
                self._own(next(place for place, other in self.aliases.items() if other == type), type)
        for family, type in aliased:
            self._families.setdefault(family, []).append(type)
        for place, type in list(self._owners.items()):
            self._name_parts(type, place)
        self.aliases = {place: type for place, type in self.aliases.items() if self.named.get(type) != place}

    def modules(self) -> list[str]:
        """The files that are to be written."""
        return list(dict.fromkeys([module for module, _ in [*self._owners, *self.aliases]]))

    def owned(self) -> Iterator[tuple[Type, tuple[str, str]]]:
        """The types that are to be rendered, with file and name of each."""
        return ((type, place) for place, type in self._owners.items())

    def _own(self, place: tuple[str, str], type: Type) -> None:
        self._owners[place] = type
        self.named[type] = place
        self._families.setdefault(self._family(type), []).append(type)

    @staticmethod
    def _family(type: Type) -> tuple[str, str]:
        if type.members and not type.module and not type.name:
            return "", type.kind
        return type.module, type.name

    def _find(self, type: Type) -> bool:
        """Gives the type the name of one with the same values that notation calls the same."""
        for other in self._families.get(self._family(type), ()):
            if self._alike(type, other):
                self.named[type] = self.named[other]
                return True
        return False

    def _name_parts(self, owner: Type, place: tuple[str, str]) -> None:
        """Names what an owned type is made of, however deep."""
        waiting = [(owner, place)]
        while waiting:
            type, (module, name) = waiting.pop()
            for step, part in self.shape(type).parts:
                path = (module, f"{name}__{step}")
                if part in self.named:
                    continue
                if part.name or part.kind in ("EXTERNAL", "EMBEDDED PDV", "CHARACTER STRING"):
                    if self._find(part):
                        continue
                    path = self._numbered(part)
                    self._own(path, part)
                elif part.kind in ("SEQUENCE", "SET"):
                    self._own(path, part)
                waiting.append((part, path))

    def _numbered(self, type: Type) -> tuple[str, str]:
        module = _identifier(type.module) if type.module else _BUILT_IN
        name = _identifier(type.name or type.kind)
        numbered, count = name, 1
        while (module, numbered) in self._owners or (module, numbered) in self.aliases:
            count += 1
            numbered = f"{name}__{count}"
        return module, numbered

    def shape(self, type: Type) -> _Shape:
        found = self._shapes.get(type)
        if found is None:
            found = self._shapes[type] = self._shape(type)
        return found

    def _shape(self, type: Type) -> _Shape:
        kind = type.kind
        if kind == "ENUMERATED":
            return _Shape((kind, tuple(name for name, _ in type.items), type.extensible))
        if kind == "CHOICE":
            steps = tuple((_identifier(name), part) for name, part in type.alternatives)
            return _Shape((kind, *(name for name, _ in steps)), steps)
        if type.element is not None:
            return _Shape(("list",), (("element", type.element),))
        if type.members or kind in ("SEQUENCE", "SET"):
            key = tuple((member.name, _absent(member), repr(member.default)) for member in type.members)
            return _Shape(("dict", *key), tuple((_identifier(member.name), member.type) for member in type.members))
        simple = _SIMPLE.get(kind, "str")
        if self.resolve and type.contained is not None:
            return _Shape((simple, "contained"), (("contained", type.contained),))
        if type.open_type is not None and (self.resolve or type.open_type.always):
            rows = dict.fromkeys(row for _, row in type.open_type.rows)
            number = len(rows)
            kinds = ("union", number) if type.open_type.always else (simple, "rows", number)
            return _Shape(kinds, tuple((f"row{n}", row) for n, row in enumerate(rows, 1)))
        return _Shape((simple,))

    def _alike(self, one: Type, other: Type) -> bool:
        """Whether both have the same values: no difference is found wherever both lead."""
        assumed = {(one, other)}
        waiting = [(one, other)]
        while waiting:
            left, right = waiting.pop()
            if left == right or (left, right) in self._same:
                continue
            a, b = self.shape(left), self.shape(right)
            if a.key != b.key:
                return False
            for (_, x), (_, y) in zip(a.parts, b.parts, strict=True):
                if (x, y) not in assumed:
                    assumed.add((x, y))
                    waiting.append((x, y))
        self._same |= assumed
        return True


def _absent(member: Member) -> bool:
    return member.optional or member.has_default or member.addition


class _Module:
    """The text of one file."""

    def __init__(self, module: str, names: _Names) -> None:
        self._module = module
        self._names = names
        self._imports: set[str] = set()
        self._lines: list[str] = []

    def assign(self, name: str, type: Type) -> None:
        """Renders a type that is called by this name here."""
        if self._names.shape(type).key[0] == "dict":
            self._lines += ["", f'{name} = t.TypedDict("{name}", {{', *map(self._member, type.members), "})"]
        else:
            self._alias(name, self._value(type, "\n    "))

    def alias(self, name: str, type: Type) -> None:
        """Renders a second name of a type."""
        self._alias(name, self._reference(type))

    def text(self) -> str:
        """The whole file."""
        head = ["import datetime"] if any("datetime." in line for line in self._lines) else []
        head.append("import typing as t")
        head += [f"from . import {module} as {_prefixed(module)}" for module in sorted(self._imports)]
        return "\n".join([*head, *self._lines]) + "\n"

    def _alias(self, name: str, value: str) -> None:
        self._lines += ["", f"{name}: t.TypeAlias = {value}"]

    def _member(self, member: Member) -> str:
        value = self._reference(member.type)
        if _absent(member):
            value = f"t.NotRequired[{value}]"
        line = f'    "{member.name}": {value},'
        if not member.has_default:
            return line
        default = ascii(member.default)
        return (
            f"{line}  # DEFAULT {default if len(default) <= _LONGEST_DEFAULT else default[:_LONGEST_DEFAULT] + '...'}"
        )

    def _reference(self, type: Type) -> str:
        place = self._names.named.get(type)
        if place is None:
            return self._value(type, " ")
        module, name = place
        if module == self._module:
            return name
        self._imports.add(module)
        return f"{_prefixed(module)}.{name}"

    def _value(self, type: Type, separator: str) -> str:
        shape = self._names.shape(type)
        parts = [self._reference(part) for _, part in shape.parts]
        match shape.key:
            case ("ENUMERATED", items, extensible):
                literal = "t.Literal[" + ", ".join(f'"{item}"' for item in items) + "]"
                return f"{literal} | int" if extensible else literal
            case ("CHOICE", *_):
                names = [name for name, _ in type.alternatives]
                pairs = [f'tuple[t.Literal["{name}"], {part}]' for name, part in zip(names, parts, strict=True)]
                return _union(pairs, separator) if pairs else "t.Never"
            case ("list",):
                return f"list[{parts[0]}]"
            case ("union", _):
                return _union(parts, separator) if parts else "t.Never"
            case (str() as simple, *_):
                return _union([simple, *parts], separator)
        raise AssertionError(shape.key)


def _union(types: list[str], separator: str) -> str:
    unique = list(dict.fromkeys(types))
    if len(unique) == 1:
        return unique[0]
    if separator == " ":
        return " | ".join(unique)
    return f"({separator}" + f"{separator}| ".join(unique) + "\n)"
