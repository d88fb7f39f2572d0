from collections.abc import Iterator, Mapping
from typing import Any, Literal, final

from typing_extensions import Buffer  # collections.abc.Buffer from Python 3.12 on

__all__ = [
    "CompiledType",
    "Member",
    "OpenType",
    "Raw",
    "Reader",
    "Remove",
    "Specification",
    "Splicer",
    "Tree",
    "Type",
    "View",
    "check",
    "compile_sources",
    "tree",
]

_Kind = Literal[
    "BOOLEAN",
    "INTEGER",
    "BIT STRING",
    "OCTET STRING",
    "NULL",
    "OBJECT IDENTIFIER",
    "RELATIVE-OID",
    "ObjectDescriptor",
    "REAL",
    "ENUMERATED",
    "UTF8String",
    "NumericString",
    "PrintableString",
    "TeletexString",
    "VideotexString",
    "IA5String",
    "GraphicString",
    "VisibleString",
    "GeneralString",
    "UniversalString",
    "BMPString",
    "UTCTime",
    "GeneralizedTime",
    "TIME",
    "DATE",
    "TIME-OF-DAY",
    "DATE-TIME",
    "DURATION",
    "EXTERNAL",
    "EMBEDDED PDV",
    "CHARACTER STRING",
    "SEQUENCE",
    "SET",
    "SEQUENCE OF",
    "SET OF",
    "CHOICE",
    "open type",
]
_Path = str | tuple[str | int, ...]

@final
class Raw:
    """The complete encoding (identifier, length and contents octets) of one value."""

    def __new__(cls, data: Buffer) -> Raw: ...
    @property
    def data(self) -> Buffer: ...

@final
class Remove:
    """The class of `REMOVE`."""

    def __new__(cls) -> Remove: ...

@final
class CompiledType:
    """One type: immutable, shareable between threads."""

    @property
    def name(self) -> str: ...
    @property
    def module(self) -> str: ...
    def decode(self, data: Buffer, *, resolve_open_types: bool = False, check_constraints: bool = False) -> Any: ...
    def decode_with_length(
        self, data: Buffer, *, resolve_open_types: bool = False, check_constraints: bool = False
    ) -> tuple[Any, int]: ...
    def decode_length(self, data: Buffer) -> int | None: ...
    def encode(self, value: Any, *, resolve_open_types: bool = False, check_constraints: bool = False) -> bytes: ...
    def check_constraints(self, value: Any) -> None: ...
    def describe(self) -> Type:
        """What the type is made of, as ASN.1 has it."""

    def view(self, buffer: Buffer, *, partial: bool = False) -> View: ...
    def reader(self, *paths: str) -> Reader:
        """Some paths of this type, resolved once, to be read together from many buffers.

        A path ends in `:raw` (the complete encoding as bytes, what it is without an ending), `:contents` (its contents
        octets) or `:value` (the decoded value). The step `[*]` goes to each element and gives a list. What a string is
        constrained to contain is stepped into as if it stood there itself.
        """

    def splicer(self, *paths: _Path) -> Splicer:
        """Some paths of this type, resolved once, whose parts are to be replaced in many buffers."""

@final
class Type:
    """What a type is made of. Equal to another where both are the same place in one specification.

    What does not belong to the kind is empty, None or False.
    """

    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    @property
    def kind(self) -> _Kind:
        """The type's name in ASN.1; "open type" for an open type and ANY."""
    @property
    def name(self) -> str:
        """The name that a type assignment gives the type, "" for one written in place."""
    @property
    def module(self) -> str:
        """The module of that assignment; "" for a type written in place or built in.

        The instances of a parameterised type share module and name, and are not in `Specification.modules`.
        """
    @property
    def tags(self) -> tuple[tuple[int, int], ...]:
        """Class (0 to 3, as in the identifier octet) and number, outermost first.

        All but the last are EXPLICIT; of a CHOICE and an open type all are.
        """
    @property
    def members(self) -> tuple[Member, ...]:
        """Of a SEQUENCE or SET, and of what is encoded as one: EXTERNAL, EMBEDDED PDV, CHARACTER STRING."""
    @property
    def alternatives(self) -> tuple[tuple[str, Type], ...]:
        """Of a CHOICE: name and type."""
    @property
    def element(self) -> Type | None:
        """Of a SEQUENCE OF or SET OF."""
    @property
    def items(self) -> tuple[tuple[str, int], ...]:
        """Names and numbers: of an ENUMERATED all that it has, of an INTEGER and a BIT STRING those that are named."""
    @property
    def contained(self) -> Type | None:
        """The type that an OCTET STRING or BIT STRING is constrained to contain."""
    @property
    def extensible(self) -> bool:
        """Has "...": of a SEQUENCE, SET, CHOICE or ENUMERATED."""
    @property
    def open_type(self) -> OpenType | None:
        """Of an open type that another member governs."""
    @property
    def values(self) -> tuple[tuple[int | None, int | None], ...]:
        """Inclusive ranges of an INTEGER, of which one must hold; None is MIN or MAX. Empty: unconstrained."""
    @property
    def sizes(self) -> tuple[tuple[int, int | None], ...]:
        """Inclusive ranges of the size, of which one must hold; None is MAX. Empty: unconstrained.

        In octets, bits, characters or elements, as the kind has it.
        """
    @property
    def alphabet(self) -> tuple[tuple[str, str], ...] | None:
        """Inclusive ranges of the characters that a string may have; None where that is not constrained."""
    @property
    def added_values(self) -> tuple[tuple[int | None, int | None], ...]:
        """What `values` are extended to: those that the additions behind "..." permit besides."""
    @property
    def added_sizes(self) -> tuple[tuple[int, int | None], ...]:
        """The same of `sizes`."""
    @property
    def added_alphabet(self) -> tuple[tuple[str, str], ...]:
        """The same of `alphabet`."""
    @property
    def constraint_extensible(self) -> bool:
        """The constraint has "...": values that break it may come."""

@final
class Member:
    """A member of a SEQUENCE or SET."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> Type: ...
    @property
    def optional(self) -> bool: ...
    @property
    def has_default(self) -> bool: ...
    @property
    def default(self) -> Any:
        """The DEFAULT, as a decode gives it; None where there is none."""
    @property
    def addition(self) -> bool:
        """Stands behind "...": may be absent, whatever else is said of it."""

@final
class OpenType:
    """How the type of an open type is known: by the value of another member (X.682 clause 10)."""

    @property
    def field(self) -> str:
        """The class field that the open type is written as: `EXTENSION.&Type`."""
    @property
    def up(self) -> int:
        """From which SEQUENCE or SET the path starts: 0 is the one that the open type is a member of, 1 the one around."""
    @property
    def path(self) -> tuple[str, ...]:
        """The names of the members that lead to the identifier."""
    @property
    def rows(self) -> tuple[tuple[Any, Type], ...]:
        """Identifier and type of each object in the set."""
    @property
    def always(self) -> bool:
        """Decoded whether or not that is asked for: its rows are those of `any_defined_by_choices`."""

@final
class Reader:
    """Reads the parts at some paths of a type in one walk over the octets, without views between."""

    @property
    def paths(self) -> tuple[str, ...]: ...
    def read(self, buffer: Buffer, *, partial: bool = False) -> tuple[Any, ...]:
        """One result for each path: octets or a value, a list of them below `[*]`, None for what is absent."""

@final
class Splicer:
    """Replaces the parts at some paths of a type."""

    @property
    def paths(self) -> tuple[_Path, ...]: ...
    def splice(self, buffer: Buffer, *values: Any, partial: bool = False) -> list[bytes | memoryview]:
        """The encoding with new values at the paths, in their order, as `View.splice` gives it."""

@final
class Specification:
    """Compiled modules: their types and values."""

    @property
    def types(self) -> Mapping[str, CompiledType]: ...
    @property
    def modules(self) -> Mapping[str, Mapping[str, CompiledType]]: ...
    @property
    def values(self) -> Mapping[str, Mapping[str, Any]]: ...
    @property
    def warnings(self) -> list[str]: ...
    def encode(
        self,
        name: str,
        data: Any,
        check_types: bool = True,
        check_constraints: bool = False,
        *,
        resolve_open_types: bool = False,
    ) -> bytes: ...
    def decode(
        self, name: str, data: Buffer, check_constraints: bool = False, *, resolve_open_types: bool = False
    ) -> Any: ...
    def decode_with_length(
        self, name: str, data: Buffer, check_constraints: bool = False, *, resolve_open_types: bool = False
    ) -> tuple[Any, int]: ...
    def decode_length(self, data: Buffer) -> int | None: ...
    def view(self, name: str, buffer: Buffer, *, partial: bool = False) -> View: ...

@final
class View:
    """Part of a buffer, seen as a value of an ASN.1 type. Nothing is decoded until it is asked for."""

    def __getitem__(self, key: str | int, /) -> View: ...
    def __contains__(self, name: object, /) -> bool: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...
    def __iter__(self) -> Iterator[View]: ...
    def get(self, name: str) -> View | None: ...
    def keys(self) -> list[str]: ...
    @property
    def choice(self) -> str | None: ...
    @property
    def chosen(self) -> View: ...
    @property
    def contained(self) -> View:
        """The value whose encoding an OCTET STRING or BIT STRING (CONTAINING ...) holds; steps go into it by themselves."""

    @property
    def value(self) -> Any: ...
    def decode(self, *, resolve_open_types: bool = False) -> Any: ...
    @property
    def raw(self) -> memoryview: ...
    @property
    def contents(self) -> memoryview: ...
    @property
    def contents_offset(self) -> int: ...
    @property
    def contents_length(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def length(self) -> int: ...
    @property
    def complete(self) -> bool: ...
    @property
    def type_name(self) -> str: ...
    def at(self, path: _Path) -> View:
        """The part at the end of a path such as `a.b[2].c` or `("a", "b", 2, "c")`, through strings that contain values."""

    def splice(self, changes: dict[str, Any] | dict[tuple[str | int, ...], Any]) -> list[bytes | memoryview]: ...

@final
class Tree:
    """One element of an encoding."""

    @property
    def tag_class(self) -> int: ...
    @property
    def tag_number(self) -> int: ...
    @property
    def constructed(self) -> bool: ...
    @property
    def offset(self) -> int: ...
    @property
    def contents_offset(self) -> int: ...
    @property
    def length(self) -> int: ...
    @property
    def indefinite(self) -> bool: ...
    @property
    def contents(self) -> bytes | None: ...
    @property
    def children(self) -> list[Tree]: ...

def check(buffer: Buffer, *, max_depth: int = 256) -> int: ...
def tree(data: Buffer, *, max_depth: int = 256) -> list[Tree]: ...
def compile_sources(
    sources: list[tuple[str, str]],
    *,
    codec: str,
    numeric_enums: bool,
    tolerate_explicit: bool,
    ignore_unknown: bool,
    strict_imports: bool,
    any_choices: list[tuple[list[str], list[tuple[int | str, str]]]],
    max_depth: int | None,
    max_size: int | None,
    max_elements: int | None,
) -> Specification: ...
