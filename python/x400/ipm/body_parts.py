"""Body parts (X.420 7.3, 7.4): IA5 text, general text and files, made and read; others are kept as they are.

General text is a GeneralString that designates its character sets itself, by the escape sequences of ISO 2022, and
names their registrations in its parameters. Two ways of writing it are made here, Latin-1 and UTF-8; read are these,
ISO 8859-1 to -9 with or without their escape sequence, and plain ASCII.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from x400.ipm.exceptions import Unencodable
from x400.ipm.types import ipm_type, oid
from x400.mts.charsets import ASCII, C0, DESIGNATE_LATIN_1, LATIN_1, USE_UTF_8, UTF_8, general_text

__all__ = [
    "BodyPart",
    "File",
    "OtherPart",
    "Text",
    "encoded_information_types",
    "from_value",
    "general_text_of",
    "to_value",
]

_UNSTRUCTURED_BINARY = "1.0.8571.2.4"
"""FTAM's abstract syntax of unstructured binary files (ISO 8571-2)."""
_IA5_TEXT_BIT = (b"\x20", 3)
_UNDEFINED_BIT = (b"\x80", 1)


@dataclass(frozen=True, slots=True)
class Text:
    """Text, lines ending in `\\n`. Goes as IA5 text when all of it is ASCII, else as general text."""

    text: str

    @property
    def is_ia5(self) -> bool:
        """Whether it goes as IA5 text."""
        return self.text.isascii()


@dataclass(frozen=True, slots=True)
class File:
    """A file with its name, its octets, and when it was last modified, if that is known."""

    name: str
    octets: bytes = field(repr=False)
    modified: datetime | None = None


@dataclass(frozen=True, slots=True)
class OtherPart:
    """A part that is not looked into: the type's name or object identifier, and the BodyPart's value."""

    kind: str
    value: Any = field(repr=False)


BodyPart: TypeAlias = Text | File | OtherPart


def to_value(part: BodyPart) -> Any:
    """The BodyPart value."""
    if isinstance(part, File):
        return _file_value(part)
    if isinstance(part, OtherPart):
        return part.value
    text = part.text.replace("\r\n", "\n").replace("\n", "\r\n")
    if part.is_ia5:
        return "basic", ("ia5-text", {"parameters": {}, "data": text})
    octets, registrations = _general_text_encoding(text)
    module = "IPMSExtendedBodyPartTypes2"
    return _extended(
        "general-text",
        ipm_type("GeneralTextParameters", module).encode(registrations),
        ipm_type("GeneralTextData", module).encode(octets.decode("latin-1")),
    )


def _general_text_encoding(text: str) -> tuple[bytes, list[int]]:
    """The octets of a general text, and the registrations of its character sets."""
    if "\x1b" not in text:  # which begins an escape sequence
        try:
            return DESIGNATE_LATIN_1 + text.encode("latin-1"), [C0, ASCII, LATIN_1]
        except UnicodeEncodeError:
            pass
    try:
        return USE_UTF_8 + text.encode(), [UTF_8]
    except UnicodeEncodeError as error:
        raise Unencodable(f"text: {error}") from None


def _extended(name: str, parameters: bytes, data: bytes) -> Any:
    return "extended", {
        "parameters": _instance_of(oid(f"id-ep-{name}"), parameters),
        "data": _instance_of(oid(f"id-et-{name}"), data),
    }


def _instance_of(identifier: str, value: bytes) -> dict[str, Any]:
    """An INSTANCE OF, which is encoded as an EXTERNAL (X.681 C.7)."""
    return {"direct-reference": identifier, "encoding": ("single-ASN1-type", value)}


def _file_value(file: File) -> Any:
    module = "IPMSFileTransferBodyPartType"
    attributes: dict[str, Any] = {
        "pathname": ("incomplete-pathname", [_graphic(file.name)]),
        "object-size": ("actual-values", len(file.octets)),
    }
    if file.modified is not None:
        attributes["date-and-time-of-last-modification"] = ("actual-values", file.modified.replace(microsecond=0))
    external = {"direct-reference": _UNSTRUCTURED_BINARY, "encoding": ("octet-aligned", file.octets)}
    return _extended(
        "file-transfer",
        ipm_type("FileTransferParameters", module).encode({"file-attributes": attributes}),
        ipm_type("FileTransferData", module).encode([external]),
    )


def _graphic(text: str) -> str:
    """Text for a GraphicString: ASCII and Latin-1 as it is commonly written, other characters and controls as `_`."""
    latin_1 = text.encode("latin-1", "replace").decode("latin-1").replace("?", "_")
    return "".join(character if character.isprintable() else "_" for character in latin_1)


def from_value(value: Any) -> BodyPart:
    """From a BodyPart value. What cannot be read as text or file is an OtherPart; nothing is refused here."""
    import fastber

    form, part = value
    if form == "basic":
        kind, contents = part
        if kind == "ia5-text":
            return Text(contents["data"].replace("\r\n", "\n"))
        return OtherPart(kind, value)
    kind = part["data"].get("direct-reference", "")
    try:
        if kind == oid("id-et-ia5-text"):
            text: str = ipm_type("IA5TextData").decode(_value(part["data"]))
            return Text(text.replace("\r\n", "\n"))
        if kind == oid("id-et-general-text"):
            return Text(general_text_of(part)[0].replace("\r\n", "\n"))
        if kind == oid("id-et-file-transfer"):
            return _file(part)
    except (fastber.DecodeError, UnicodeDecodeError, LookupError):
        pass
    return OtherPart(kind, value)


def _value(external: dict[str, Any]) -> bytes:
    """The TLV in an INSTANCE OF; some wrap it into octets."""
    form, contents = external["encoding"]
    return bytes(contents[0] if form == "arbitrary" else contents)


def _parameters(part: dict[str, Any], type_name: str, module: str) -> Any:
    parameters = part.get("parameters")
    return None if parameters is None else ipm_type(type_name, module).decode(_value(parameters))


def general_text_of(part: dict[str, Any]) -> tuple[str, str]:
    """The text in an ExtendedBodyPart of general text, as it is, and its character set.

    Raises fastber.DecodeError, UnicodeDecodeError, LookupError.
    """
    module = "IPMSExtendedBodyPartTypes2"
    registrations = _parameters(part, "GeneralTextParameters", module) or []
    octets = ipm_type("GeneralTextData", module).decode(_value(part["data"])).encode("latin-1")
    return general_text(octets, registrations)


def _file(part: dict[str, Any]) -> BodyPart:
    module = "IPMSFileTransferBodyPartType"
    parameters = _parameters(part, "FileTransferParameters", module) or {}
    attributes = parameters.get("file-attributes", {})
    _, pathname = attributes.get("pathname", ("", [""]))
    data_values = ipm_type("FileTransferData", module).decode(_value(part["data"]))
    form, modified = attributes.get("date-and-time-of-last-modification", ("no-value-available", None))
    octets = b"".join(map(_external_octets, data_values))
    return File(pathname[-1] if pathname else "", octets, modified if form == "actual-values" else None)


def _external_octets(external: dict[str, Any]) -> bytes:
    """The octets that an EXTERNAL holds; of a single value that is an OCTET STRING, its octets, else its TLV."""
    form, contents = external["encoding"]
    if form == "octet-aligned":
        return bytes(contents)
    if form == "arbitrary":
        return bytes(contents[0])
    if contents[:1] == b"\x04":
        return bytes(ipm_type("BilaterallyDefinedBodyPart").decode(contents))
    return bytes(contents)


def encoded_information_types(parts: Iterable[BodyPart]) -> dict[str, Any]:
    """The EncodedInformationTypes value that a message of these parts has (X.420 20.4)."""
    built_in = (b"\x00", 1)
    extended: list[str] = []
    for part in parts:
        if isinstance(part, Text) and part.is_ia5:
            built_in = _IA5_TEXT_BIT
        elif isinstance(part, Text):
            authority = oid("id-cs-eit-authority", "IPMSObjectIdentifiers2")
            extended += [f"{authority}.{number}" for number in _general_text_encoding(part.text)[1]]
        elif isinstance(part, File):
            extended.append(oid("id-eit-file-transfer"))
        else:
            built_in = _UNDEFINED_BIT
    value: dict[str, Any] = {"built-in-encoded-information-types": built_in}
    if extended:
        value["extended-encoded-information-types"] = list(dict.fromkeys(extended))
    return value
