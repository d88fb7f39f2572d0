"""The root of what the layers raise.

    OSIError
      LocalProtocolError      a request that the present state does not allow: our own fault, nothing is sent
      RemoteProtocolError     the peer broke the protocol; each layer derives its own, with the code for the wire
        presentation.PresentationError
        acse.AssociationError
        rtse.TransferError

A RemoteProtocolError never leaves a `receive_data`: there it becomes the layer's abort to the peer and an event to
the user.
"""

from __future__ import annotations

__all__ = ["LocalProtocolError", "OSIError", "RemoteProtocolError"]


class OSIError(Exception):
    """Anything that these layers raise."""


class LocalProtocolError(OSIError):
    """A request in a state that does not allow it. Nothing was sent, the state is as before."""


class RemoteProtocolError(OSIError):
    """The peer's fault.

    `reason` is the code that the layer's abort carries, `detail` is for our log only, `offset` is where in the user
    data of the session primitive the fault lies, None if it lies in no octet (an event out of turn).
    """

    layer = "osi"

    def __init__(self, reason: int, detail: str, offset: int | None = None) -> None:
        super().__init__(detail if offset is None else f"{detail} at offset {offset}")
        self.reason = reason
        self.detail = detail
        self.offset = offset
