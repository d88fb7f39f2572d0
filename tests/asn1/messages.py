"""Every message type of the protocols, found in the modules' own text, so that none can be forgotten.

They are, by protocol, the types that its modules assign, and the types that the objects of its modules carry:
arguments, results, parameters of errors, extensions, attributes, tokens. Those need no name of their own; a module is
written that gives each of them one, as `object.&Field`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

import fastber
from fastber.schema import Type
from x400 import asn1

PROTOCOLS: dict[str, tuple[str, ...]] = {
    "P1": ("MTSTransferProtocol", "MTAAbstractService", "P1"),
    "P3": ("MTSAccessProtocol", "MTSAbstractService", "MTSAbstractService88", "P3"),
    "P7": (
        "MSAccessProtocol",
        "MSAbstractService",
        "MSGeneralAttributeTypes",
        "MSGeneralAutoActionTypes",
        "MSMatchingRules",
    ),
    "P22": (
        "P2",
        "IPMSAbstractService",
        "IPMSAutoActionTypes",
        "IPMSExtendedBodyPartTypes",
        "IPMSExtendedBodyPartTypes2",
        "IPMSExtendedVoiceBodyPartType",
        "IPMSFileTransferBodyPartType",
        "IPMSForwardedContentBodyPartType",
        "IPMSForwardedReportBodyPartType",
        "IPMSHeadingExtensions",
        "IPMSInformationObjects",
        "IPMSMessageStoreAttributes",
        "IPMSSecurityExtensions",
        "PKCS7",
        "PKCS7BodyPartType",
    ),
    "P35": ("EDIMSAbstractService", "EDIMSAutoActionTypes", "EDIMSInformationObjects", "EDIMSMessageStoreAttributes"),
    "P772": (
        "MMSAbstractService",
        "MMSExtendedBodyPartTypes",
        "MMSHeadingExtensions",
        "MMSInformationObjects",
        "MMSOtherNotificationTypeExtensions",
        "MMSPerRecipientSpecifierExtensions",
    ),
    "RTSE": ("Reliable-Transfer-APDU",),
    "ROSE": (
        "Remote-Operations-APDUs",
        "Remote-Operations-Abstract-Syntaxes",
        "Remote-Operations-Generic-ROS-PDUs",
        "Remote-Operations-Information-Objects",
        "Remote-Operations-Realizations",
        "Remote-Operations-Useful-Definitions",
    ),
    "ACSE": ("ACSE-1",),
    "presentation": ("ISO8823-PRESENTATION",),
}

FIELDS = {
    "ABSTRACT-ERROR": ("ParameterType",),
    "ABSTRACT-OPERATION": ("ArgumentType", "ResultType"),
    "AUTO-ACTION": ("RegistrationParameter",),
    "AUTO-ACTION-ERROR": ("ParameterType",),
    "BILATERAL": ("Type",),
    "COMPRESSION-ALGORITHM": ("Type",),
    "EDIM-EXTENSION": ("Type",),
    "ERROR": ("ParameterType",),
    "EXTENSION": ("Type",),
    "EXTENSION-ATTRIBUTE": ("Type",),
    "IPMS-EXTENSION": ("Type",),
    "MATCHING-RULE": ("AssertionType",),
    "MS-EXTENSION": ("Type",),
    "OPERATION": ("ArgumentType", "ResultType"),
    "PKCS7-CONTENT-TYPE": ("Type",),
    "TOKEN": ("Type",),
    "TOKEN-DATA": ("Type",),
    "X413ATTRIBUTE": ("Type",),
}
"""Of the objects' classes, the fields that hold a type which crosses the wire."""

UNITS: dict[str, tuple[str, ...]] = {
    "MTSTransferProtocol": ("MTS-APDU", "RTSE-apdus"),
    "MTAAbstractService": ("MTABindArgument", "MTABindResult"),
    "P1": ("MPDU",),
    "MTSAccessProtocol": (
        "MTSBindUnbindPDUs",
        "MessageSubmissionPDUs",
        "MessageDeliveryPDUs",
        "MessageDeliveryPDUs88",
        "MessageAdministrationPDUs",
        "MessageAdministrationPDUs88",
    ),
    "MSAccessProtocol": (
        "MSBindUnbindPDUs94",
        "MSBindUnbindPDUs88",
        "MSMessageSubmissionPDUs",
        "MessageRetrievalPDUs",
        "MessageRetrievalPDUs88",
    ),
    "P2": ("UAPDU",),
    "IPMSInformationObjects": ("InformationObject",),
    "EDIMSInformationObjects": ("InformationObject",),
    "MMSInformationObjects": ("InformationObject",),
    "Reliable-Transfer-APDU": ("RTSE-apdus",),
    "Remote-Operations-APDUs": ("ROSEapdus",),
    "ACSE-1": ("ACSE-apdu",),
    "ISO8823-PRESENTATION": (
        "CP-type",
        "CPA-PPDU",
        "CPR-PPDU",
        "Abort-type",
        "Typed-data-type",
        "CPC-type",
        "User-data",
    ),
}
"""What is sent as a whole, by module."""

_OBJECT = re.compile(r"^([a-z][\w-]*)\s+([A-Z][A-Z0-9-]*)\s*::=", re.MULTILINE)
_MODULE = re.compile(r"([A-Z][\w-]*)\s*(?:\{[^}]*\})?\s*DEFINITIONS")
_COMMENT = re.compile(r"--.*?(?:--|$)", re.MULTILINE)
_UNSET = re.compile(r":(\d+):\d+: expected an object that sets `&")


class Message(NamedTuple):
    """A type under test, as both codecs have it."""

    protocol: str
    module: str
    name: str
    """Of a type, or of an object and its field."""
    ber: fastber.CompiledType
    der: fastber.CompiledType

    def __str__(self) -> str:
        return f"{self.protocol}-{self.module}.{self.name}"

    @property
    def type(self) -> Type:
        return self.ber.describe()


class Field(NamedTuple):
    """A field of an object that a module assigns."""

    module: str
    object: str
    object_class: str
    field: str


@cache
def _texts() -> dict[str, str]:
    """The text of each module, without comments."""
    texts = [_COMMENT.sub("", path.read_text()) for path in asn1.module_files()]
    return {match[1]: text for text in texts if (match := _MODULE.search(text))}


def _fields() -> list[Field]:
    wanted = [module for modules in PROTOCOLS.values() for module in modules]
    return [
        Field(module, name, object_class, field)
        for module in wanted
        for name, object_class in _OBJECT.findall(_texts()[module])
        for field in FIELDS.get(object_class, ())
    ]


def _naming(fields: list[Field]) -> str:
    """Modules in which each of the fields is a type, named by its place in the list; a field a line."""
    lines = []
    for module in dict.fromkeys(field.module for field in fields):
        own = [(index, field) for index, field in enumerate(fields) if field.module == module]
        objects = ", ".join(dict.fromkeys(field.object for _, field in own))
        lines.append(f"Fields-{module} DEFINITIONS ::= BEGIN IMPORTS {objects} FROM {module};")
        lines += [f"T{index} ::= {field.object}.&{field.field}" for index, field in own]
        lines.append("END")
    return "\n".join(lines)


def _compile(text: str, codec: str) -> fastber.Specification:
    return fastber.compile_string(text, codec, tolerate_explicit=True, ignore_unknown=True)


@cache
def specifications() -> tuple[fastber.Specification, fastber.Specification, tuple[Field, ...]]:
    """All modules for BER and for DER, and the fields that objects do set, whose types are `T0`, `T1`..."""
    fields = _fields()
    modules = "\n".join(_texts().values())
    try:
        _compile(f"{_naming(fields)}\n{modules}", "ber")
    except fastber.CompileError as error:
        lines = _naming(fields).splitlines()
        unset = [int(line) for line in _UNSET.findall(str(error))]
        if len(unset) != len(str(error).splitlines()):
            raise
        without = {int(lines[line - 1].split()[0][1:]) for line in unset}
        fields = [field for index, field in enumerate(fields) if index not in without]
    text = f"{_naming(fields)}\n{modules}"
    return _compile(text, "ber"), _compile(text, "der"), tuple(fields)


@cache
def assigned() -> tuple[Message, ...]:
    """Every type that the modules of the protocols assign."""
    ber, der, _ = specifications()
    return tuple(
        Message(protocol, module, name, kind, der.modules[module][name])
        for protocol, modules in PROTOCOLS.items()
        for module in modules
        for name, kind in ber.modules[module].items()
    )


@cache
def carried() -> tuple[Message, ...]:
    """The types that the objects of those modules carry: arguments, results, parameters, extensions, attributes."""
    ber, der, fields = specifications()
    protocols = {module: protocol for protocol, modules in PROTOCOLS.items() for module in modules}
    found = []
    for index, field in enumerate(fields):
        module, name = f"Fields-{field.module}", f"T{index}"
        of = f"{field.object}.{field.field}"
        kinds = ber.modules[module][name], der.modules[module][name]
        found.append(Message(protocols[field.module], field.module, of, *kinds))
    return tuple(found)


@cache
def units() -> tuple[Message, ...]:
    """What is sent as a whole: the protocols' APDUs and PPDUs, and the contents of messages."""
    whole = {f"{module}.{name}" for module, names in UNITS.items() for name in names}
    return tuple(message for message in assigned() if f"{message.module}.{message.name}" in whole)
