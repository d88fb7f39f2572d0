"""The compiled types of X.420's modules, and which of them stand behind the object identifiers of its open types."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from x400.asn1 import compiled_type, object_identifier

if TYPE_CHECKING:
    import fastber

__all__ = ["ipm_type", "oid", "open_type"]

_OPEN_TYPES: dict[str, tuple[str, str]] = {
    "id-ep-ia5-text": ("IPMSInformationObjects", "IA5TextParameters"),
    "id-et-ia5-text": ("IPMSInformationObjects", "IA5TextData"),
    "id-ep-g3-facsimile": ("IPMSInformationObjects", "G3FacsimileParameters"),
    "id-et-g3-facsimile": ("IPMSInformationObjects", "G3FacsimileData"),
    "id-ep-teletex": ("IPMSInformationObjects", "TeletexParameters"),
    "id-et-teletex": ("IPMSInformationObjects", "TeletexData"),
    "id-ep-message": ("IPMSInformationObjects", "MessageParameters"),
    "id-et-message": ("IPMSInformationObjects", "MessageData"),
    "id-et-bilaterally-defined": ("IPMSInformationObjects", "BilaterallyDefinedBodyPart"),
    "id-ep-general-text": ("IPMSExtendedBodyPartTypes2", "GeneralTextParameters"),
    "id-et-general-text": ("IPMSExtendedBodyPartTypes2", "GeneralTextData"),
    "id-ep-file-transfer": ("IPMSFileTransferBodyPartType", "FileTransferParameters"),
    "id-et-file-transfer": ("IPMSFileTransferBodyPartType", "FileTransferData"),
    "id-ep-voice": ("IPMSExtendedVoiceBodyPartType", "VoiceParameters"),
    "id-et-voice": ("IPMSExtendedVoiceBodyPartType", "VoiceData"),
    "id-ep-notification": ("IPMSInformationObjects", "MessageParameters"),
    "id-et-notification": ("IPMSInformationObjects", "IPN"),
    "id-et-report": ("MTSAbstractService", "ReportDeliveryArgument"),
}
"""An extended body part's table constraint is a comment in X.420, so its open types are looked up here."""


def ipm_type(name: str, module: str = "IPMSInformationObjects") -> fastber.CompiledType:
    """A type of X.420."""
    return compiled_type(module, name)


def oid(name: str, module: str = "IPMSObjectIdentifiers") -> str:
    """An object identifier of X.420 by its name there, as dotted text."""
    return object_identifier(module, name)


@cache
def _open_types() -> dict[str, tuple[str, str]]:
    return {oid(name): module_and_type for name, module_and_type in _OPEN_TYPES.items()}


def open_type(identifier: str) -> fastber.CompiledType | None:
    """The type of the parameters or data of an extended body part, by its object identifier."""
    found = _open_types().get(identifier)
    return None if found is None else compiled_type(*found)
