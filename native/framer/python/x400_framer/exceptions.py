"""LocalProtocolError (a request that the state, the tokens or the functional units do not allow)

A peer's fault is never an exception: it ends the connection and comes as SPAbortIndication.
"""

from __future__ import annotations

__all__ = ["LocalProtocolError"]


class LocalProtocolError(Exception):
    """Our own user asked for what the session service does not allow now. Nothing was sent, nothing has changed."""
