"""The PPDUs of connection and abort (X.226 8.2), as octets and as plain values. One type is looked up once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import fastber
from x400.asn1 import specification
from x400.osi.presentation.events import ContextResult
from x400.osi.presentation.exceptions import AbortReason, EventIdentifier, PresentationError, ProviderReason
from x400.osi.presentation.user_data import PDV
from x400.osi.tlv import Buffer

if TYPE_CHECKING:
    from fastber import CompiledType

__all__ = [
    "BASIC_ENCODING",
    "decode_abort",
    "decode_cp",
    "decode_cpa",
    "decode_cpr",
    "encode_arp",
    "encode_aru",
    "encode_cp",
    "encode_cpa",
    "encode_cpr",
]

BASIC_ENCODING = "2.1.1"
"""The only transfer syntax that is offered and accepted: X.690 BER."""

_NORMAL_MODE = {"mode-value": 1}


@cache
def _type(name: str) -> CompiledType:
    return specification().modules["ISO8823-PRESENTATION"][name]


def _decode(name: str, data: Buffer) -> Any:
    try:
        value, length = _type(name).decode_with_length(data)
    except fastber.DecodeError as error:
        raise _unrecognized(f"{name}: {error}", getattr(error, "offset", None)) from None
    if length != len(data):
        raise _unrecognized(f"octets after {name}", length)
    return value


def _unrecognized(detail: str, offset: int | None) -> PresentationError:
    return PresentationError(
        AbortReason.UNRECOGNIZED_PPDU, detail, offset, provider_reason=ProviderReason.USER_DATA_NOT_READABLE
    )


def _user_data(values: Sequence[PDV]) -> tuple[str, list[dict[str, Any]]]:
    return (
        "fully-encoded-data",
        [
            {
                "presentation-context-identifier": context,
                "presentation-data-values": ("single-ASN1-type", bytes(value)),
            }
            for context, value in values
        ],
    )


def _values(parameters: dict[str, Any]) -> list[PDV]:
    user_data = parameters.get("user-data")
    if user_data is None:
        return []
    form, lists = user_data
    if form != "fully-encoded-data":
        raise PresentationError(
            AbortReason.INVALID_PPDU_PARAMETER_VALUE,
            "user data that is not fully encoded",
            provider_reason=ProviderReason.USER_DATA_NOT_READABLE,
        )
    values: list[PDV] = []
    for pdv_list in lists:
        kind, value = pdv_list["presentation-data-values"]
        if kind == "arbitrary":
            raise PresentationError(
                AbortReason.INVALID_PPDU_PARAMETER_VALUE,
                "presentation data values encoded as arbitrary bits",
                provider_reason=ProviderReason.USER_DATA_NOT_READABLE,
            )
        values.append((pdv_list["presentation-context-identifier"], value))
    return values


def _normal_mode_parameters(name: str, value: dict[str, Any]) -> dict[str, Any]:
    if value["mode-selector"]["mode-value"] != 1 or "normal-mode-parameters" not in value:
        raise PresentationError(
            AbortReason.INVALID_PPDU_PARAMETER_VALUE,
            f"{name} in X.410-1984 mode",
            provider_reason=ProviderReason.PROTOCOL_VERSION_NOT_SUPPORTED,
        )
    parameters: dict[str, Any] = value["normal-mode-parameters"]
    return parameters


def _result_list(contexts: tuple[ContextResult, ...]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    for context in contexts:
        result: dict[str, Any] = {"result": context.result}
        if context.result == 0:
            result["transfer-syntax-name"] = BASIC_ENCODING
        elif context.provider_reason is not None:
            result["provider-reason"] = context.provider_reason
        results.append(result)
    return results


def encode_cp(calling: bytes, called: bytes, contexts: tuple[tuple[int, str], ...], values: Sequence[PDV]) -> bytes:
    """The CP PPDU of an initiator; selectors that are empty are left out."""
    parameters: dict[str, Any] = {
        "presentation-context-definition-list": [
            {
                "presentation-context-identifier": identifier,
                "abstract-syntax-name": abstract_syntax,
                "transfer-syntax-name-list": [BASIC_ENCODING],
            }
            for identifier, abstract_syntax in contexts
        ],
        "user-data": _user_data(values),
    }
    if calling:
        parameters["calling-presentation-selector"] = calling
    if called:
        parameters["called-presentation-selector"] = called
    return _type("CP-type").encode({"mode-selector": _NORMAL_MODE, "normal-mode-parameters": parameters})


def decode_cp(data: Buffer) -> tuple[dict[str, Any], list[PDV]]:
    """The normal mode parameters of a CP PPDU, and its values; raises PresentationError."""
    parameters = _normal_mode_parameters("CP", _decode("CP-type", data))
    return parameters, _values(parameters)


def encode_cpa(responding: bytes, contexts: tuple[ContextResult, ...], values: Sequence[PDV]) -> bytes:
    parameters: dict[str, Any] = {
        "presentation-context-definition-result-list": _result_list(contexts),
        "user-data": _user_data(values),
    }
    if responding:
        parameters["responding-presentation-selector"] = responding
    return _type("CPA-PPDU").encode({"mode-selector": _NORMAL_MODE, "normal-mode-parameters": parameters})


def decode_cpa(data: Buffer) -> tuple[dict[str, Any], list[PDV]]:
    """The normal mode parameters of a CPA PPDU, and its values; raises PresentationError."""
    parameters = _normal_mode_parameters("CPA", _decode("CPA-PPDU", data))
    return parameters, _values(parameters)


def encode_cpr(
    contexts: tuple[ContextResult, ...], values: Sequence[PDV], provider_reason: ProviderReason | None = None
) -> bytes:
    """The CPR PPDU: the user refuses, in `values`, or the provider does, for a reason."""
    parameters: dict[str, Any] = {}
    if contexts:
        parameters["presentation-context-definition-result-list"] = _result_list(contexts)
    if provider_reason is not None:
        parameters["provider-reason"] = int(provider_reason)
    if values:
        parameters["user-data"] = _user_data(values)
    return _type("CPR-PPDU").encode(("normal-mode-parameters", parameters))


def decode_cpr(data: Buffer) -> tuple[int | None, list[PDV]]:
    """The provider's reason, None if it was the user who refused, and the values; raises PresentationError."""
    mode, parameters = _decode("CPR-PPDU", data)
    if mode != "normal-mode-parameters":
        return ProviderReason.PROTOCOL_VERSION_NOT_SUPPORTED, []
    return parameters.get("provider-reason"), _values(parameters)


def encode_aru(contexts: tuple[int, ...], values: Sequence[PDV]) -> bytes:
    """The ARU PPDU; `contexts` are named, as an abort may reach a peer that has not seen the CPA yet (X.226 6.4.2)."""
    parameters: dict[str, Any] = {"user-data": _user_data(values)} if values else {}
    if contexts:
        parameters["presentation-context-identifier-list"] = [
            {"presentation-context-identifier": identifier, "transfer-syntax-name": BASIC_ENCODING}
            for identifier in contexts
        ]
    return _type("Abort-type").encode(("aru-ppdu", ("normal-mode-parameters", parameters)))


def encode_arp(reason: AbortReason, event: EventIdentifier | None) -> bytes:
    value = {"provider-reason": int(reason)}
    if event is not None:
        value["event-identifier"] = int(event)
    return _type("Abort-type").encode(("arp-ppdu", value))


def decode_abort(data: Buffer) -> tuple[list[PDV], None] | tuple[None, int]:
    """The values of an ARU PPDU, or the reason of an ARP PPDU; octets that are neither count as an ARP without a
    reason.
    """
    try:
        kind, value = _decode("Abort-type", data)
        if kind == "arp-ppdu":
            return None, value.get("provider-reason", AbortReason.REASON_NOT_SPECIFIED)
        mode, parameters = value
        return (_values(parameters) if mode == "normal-mode-parameters" else []), None
    except PresentationError:
        return None, AbortReason.REASON_NOT_SPECIFIED
