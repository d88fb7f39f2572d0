"""The layers below reliable transfer, put together: session, which brings transport, presentation, ACSE."""

from __future__ import annotations

import x400_framer
from x400.osi import acse, presentation
from x400.osi.acse import apdu as acse_apdu
from x400.osi.rtse.parameters import P1_OF_1984, Parameters
from x400.osi.tlv import header

__all__ = ["lower_layers", "presentation_parameters", "session_parameters"]

_T61_STRING = 0x14
_UTC_TIME = 0x17

_ALL_TOKENS = x400_framer.DATA_TOKEN | x400_framer.SYNCHRONIZE_MINOR_TOKEN | x400_framer.MAJOR_ACTIVITY_TOKEN

_BOTH_VERSIONS = x400_framer.VERSION_1 | x400_framer.VERSION_2


def lower_layers(
    initiator: bool, parameters: Parameters
) -> tuple[x400_framer.Connection, presentation.Connection, acse.Connection]:
    """A session connection, and presentation and association control upon it."""
    session = x400_framer.Connection(initiator, session_parameters(parameters))
    above = presentation.Connection(presentation_parameters(parameters), session)
    return session, above, acse.Connection(parameters.application_context, above)


def presentation_parameters(parameters: Parameters) -> presentation.Parameters:
    """Three contexts, with the identifiers that MTAs have always given them."""
    return presentation.Parameters(
        contexts=(
            (1, acse_apdu.ABSTRACT_SYNTAX),
            (3, parameters.rtse_abstract_syntax),
            (5, parameters.user_abstract_syntax),
        ),
        calling_selector=parameters.calling_presentation_selector,
        called_selector=parameters.called_presentation_selector,
        maximum_head_size=parameters.maximum_head_size,
    )


def session_parameters(parameters: Parameters) -> x400_framer.Parameters:
    """What X.228 8.2 asks of session: half-duplex, minor synchronize, exceptions, activity management.

    P1 of 1984 knows version 1 only; what is to be said to open in mts-transfer-protocol may be too long for that.
    The references of the session connection identifier are themselves elements: T61String and UTCTime (X.228 8.1).
    """
    reference, common = parameters.calling_ss_user_reference, parameters.common_reference
    return x400_framer.Parameters(
        calling_transport_selector=parameters.calling_transport_selector,
        called_transport_selector=parameters.called_transport_selector,
        calling_session_selector=parameters.calling_session_selector,
        called_session_selector=parameters.called_session_selector,
        versions=x400_framer.VERSION_1 if parameters.application_protocol == P1_OF_1984 else _BOTH_VERSIONS,
        tpdu_size=parameters.tpdu_size,
        tsdu_maximum_size=parameters.tsdu_maximum_size,
        initial_tokens=_ALL_TOKENS if parameters.initial_turn == "responder" else 0,
        ss_user_reference=header(_T61_STRING, len(reference)) + reference if reference else b"",
        common_reference=header(_UTC_TIME, len(common)) + common if common else b"",
        max_tsdu=parameters.maximum_segment_size + parameters.maximum_head_size,
    )
