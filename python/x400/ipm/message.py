"""A whole content of type 22 (or 2): an interpersonal message (X.420 7), to octets and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from x400.ipm.body_parts import BodyPart, File, OtherPart, Text, from_value, to_value
from x400.ipm.exceptions import InvalidIPM, Unencodable
from x400.ipm.heading import Heading
from x400.ipm.types import ipm_type

__all__ = ["CONTENT_TYPES", "IPM", "decode", "encode", "plain"]

CONTENT_TYPES = frozenset({2, 22})
"""The built-in content types that hold what is read here: interpersonal messaging of 1984 and of 1988."""


@dataclass(frozen=True, slots=True)
class IPM:
    """Heading and body."""

    heading: Heading
    body: tuple[BodyPart, ...]


def encode(heading: Heading, body: Sequence[BodyPart]) -> bytes:
    """The content's octets; raises Unencodable."""
    import fastber

    value = {"heading": heading.to_value(), "body": [to_value(part) for part in body]}
    try:
        octets: bytes = ipm_type("InformationObject").encode(("ipm", value))
    except fastber.EncodeError as error:
        raise Unencodable(str(error)) from None
    return octets


def decode(content: bytes | memoryview) -> IPM:
    """Read a content; raises InvalidIPM, also for a notification."""
    import fastber

    try:
        kind, value = ipm_type("InformationObject").decode(content)
    except fastber.DecodeError as error:
        raise InvalidIPM(str(error), error.offset) from None
    if kind != "ipm":
        raise InvalidIPM("a message is expected, this is a notification")
    return IPM(Heading.from_value(value["heading"]), tuple(from_value(part) for part in value["body"]))


def plain(message: IPM) -> dict[str, Any]:
    """The message as plain data for people and JSON; of a file, its name and its length only."""
    heading = message.heading
    data: dict[str, Any] = {"identifier": heading.identifier}
    if heading.originator is not None:
        data["from"] = str(heading.originator)
    for name, recipients in (
        ("to", heading.primary_recipients),
        ("copies to", heading.copy_recipients),
        ("blind copies to", heading.blind_copy_recipients),
    ):
        if recipients:
            data[name] = [str(one.address or one.free_form_name or "") for one in recipients]
    if heading.subject is not None:
        data["subject"] = heading.subject
    if heading.importance != "normal":
        data["importance"] = heading.importance
    if heading.sensitivity is not None:
        data["sensitivity"] = heading.sensitivity
    data["body"] = [_plain_part(part) for part in message.body]
    return data


def _plain_part(part: BodyPart) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"text": part.text}
    if isinstance(part, File):
        modified = {} if part.modified is None else {"modified": part.modified.isoformat()}
        return {"file": part.name, "octets": len(part.octets)} | modified
    assert isinstance(part, OtherPart)
    return {"other": part.kind}
