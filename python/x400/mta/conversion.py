"""The conversion procedure (X.411 14.3, conversion; X.408): texts of an interpersonal message into another type.

IA5 text and general text (X.420 7.3.1, 7.4.11), whose octets are of ISO 646 and the right halves of ISO 8859, or UTF-8,
become one another. Body parts of other types, and all else of the content, stay octet by octet.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import fastber
from x400.mta.conversion_decision import Target, types_after
from x400.mta.copies import Actions, Work, spliced, traced, without
from x400.mts.apdu import Recipient, type_named
from x400.mts.charsets import ASCII, C0, general_text
from x400.mts.extensions import StandardExtension, is_set
from x400.mts.reports import NonDelivery, NonDeliveryDiagnosticCode

if TYPE_CHECKING:
    from x400.mta.configuration import MTAConfiguration

__all__ = ["ConversionFailed", "conversion"]

_GENERAL_TEXT, _GENERAL_TEXT_PARAMETERS = "2.6.1.4.11", "2.6.1.11.11"
_SUBSTITUTE = "?"
_DEEPEST = 16
"""Of messages forwarded in messages."""

_LOSSES = {
    "L": NonDeliveryDiagnosticCode.ALPHABETIC_CHARACTER_LOSS,
    "P": NonDeliveryDiagnosticCode.PUNCTUATION_SYMBOL_LOSS,
    "S": NonDeliveryDiagnosticCode.PICTORIAL_SYMBOL_LOSS,
}


class ConversionFailed(Exception):
    """A content cannot be converted; what is to be reported."""

    def __init__(self, non_delivery: NonDelivery) -> None:
        super().__init__(str(non_delivery))
        self.non_delivery = non_delivery


def conversion(
    work: Work, target: Target, others: Iterable[Recipient], configuration: MTAConfiguration, now: datetime
) -> Work:
    """A copy whose texts are all of the target type; `others` are those whom the copy is not for.

    Raises ConversionFailed where the content is not what its type says, or characters would be lost and the originator
    has prohibited that.
    """
    apdu = work.apdu
    converter = _Converter(target)
    try:
        content = converter.content(b"".join(apdu.contents().buffers))
    except (fastber.Error, UnicodeDecodeError, LookupError) as error:
        why = NonDelivery.of(NonDeliveryDiagnosticCode.CONTENT_SYNTAX_ERROR, str(error))
        raise ConversionFailed(why) from None
    if converter.lost and is_set(apdu.find_extension(StandardExtension.CONVERSION_WITH_LOSS_PROHIBITED)):
        raise ConversionFailed(_loss(converter.lost))
    copy = traced(work, configuration, now, Actions(converted=types_after(apdu, target)))
    edits = without(others, copy.apdu)
    edits["message.content"] = content
    copy.apdu = spliced(copy.apdu, edits)
    return copy


def _loss(lost: set[str]) -> NonDelivery:
    """The code for the kinds of characters that would be lost, by the first letter of their Unicode category."""
    kinds = {_LOSSES.get(kind, NonDeliveryDiagnosticCode.CONVERSION_WITH_LOSS_PROHIBITED) for kind in lost}
    if len(kinds) > 1:
        return NonDelivery.of(NonDeliveryDiagnosticCode.MULTIPLE_INFORMATION_LOSS)
    return NonDelivery.of(kinds.pop())


class _Converter:
    def __init__(self, target: Target) -> None:
        self._target = target
        self.lost: set[str] = set()

    def content(self, octets: bytes) -> bytes:
        """An InformationObject with its texts converted; a notification has none."""
        view = type_named("InformationObject", "IPMSInformationObjects").view(octets)
        if view.choice != "ipm":
            return octets
        edits = {}
        for place, part in enumerate(view["ipm"]["body"]):
            value = part.value
            changed = self._part(value, 0)
            if changed is not value:
                edits[f"ipm.body[{place}]"] = changed
        return b"".join(view.splice(edits)) if edits else octets

    def _part(self, part: Any, depth: int) -> Any:
        """A BodyPart value converted; the same one when there is nothing to convert."""
        kind, value = part
        if kind == "extended":
            if self._target == "ia5-text" and value["data"].get("direct-reference") == _GENERAL_TEXT:
                data = self._ia5(_text_of(value))
                return "basic", ("ia5-text", {"parameters": {"repertoire": "ia5"}, "data": data})
            return part
        name, inner = value
        if name == "ia5-text" and self._target == "general-text":
            return _general_text(inner["data"])
        if name == "message" and depth < _DEEPEST:
            body = [self._part(one, depth + 1) for one in inner["data"]["body"]]
            if any(new is not old for new, old in zip(body, inner["data"]["body"], strict=True)):
                return kind, (name, inner | {"data": inner["data"] | {"body": body}})
        return part

    def _ia5(self, text: str) -> str:
        """Text in IA5: without what stands on letters, and with a substitute for what has no near relation there."""
        if text.isascii():
            return text
        found: list[str] = []
        for character in text:
            if character.isascii():
                found.append(character)
                continue
            self.lost.add(unicodedata.category(character)[0])
            plain = "".join(c for c in unicodedata.normalize("NFKD", character) if c.isascii())
            found.append(plain or _SUBSTITUTE)
        return "".join(found)


def _text_of(part: dict[str, Any]) -> str:
    """The characters of a general text body part."""
    registrations: list[int] = []
    if "parameters" in part:
        kind = type_named("GeneralTextParameters", "IPMSExtendedBodyPartTypes2")
        registrations = kind.decode(_tlv(part["parameters"]))
    data = type_named("GeneralTextData", "IPMSExtendedBodyPartTypes2").decode(_tlv(part["data"]))
    return general_text(data.encode("latin-1"), registrations)[0]


def _tlv(external: dict[str, Any]) -> bytes:
    """The element in an INSTANCE OF; some wrap it into octets."""
    form, contents = external["encoding"]
    return bytes(contents[0] if form == "arbitrary" else contents)


def _general_text(text: str) -> Any:
    module = "IPMSExtendedBodyPartTypes2"
    parameters = type_named("GeneralTextParameters", module).encode([C0, ASCII])
    data = type_named("GeneralTextData", module).encode(text)
    return "extended", {
        "parameters": {"direct-reference": _GENERAL_TEXT_PARAMETERS, "encoding": ("single-ASN1-type", parameters)},
        "data": {"direct-reference": _GENERAL_TEXT, "encoding": ("single-ASN1-type", data)},
    }
