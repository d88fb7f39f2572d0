"""The bind of remote operations, as reliable transfer carries it (X.880 9.1, Bind{}; X.882, association-by-RTSE).

    Bind ::= CHOICE { bind-invoke [16] argument, bind-result [17] result, bind-error [18] error }

These are explicit tags around one element, which RT-OPEN carries as its user data. An argument, result or error is
given and taken here as that element; what it means (MTABindArgument of X.411, say) is its user's affair.
"""

from __future__ import annotations

from x400.osi.rose.exceptions import BindError
from x400.osi.tlv import INDEFINITE, Buffer, FramingError, element_end, header, read_header

__all__ = ["ARGUMENT", "ERROR", "RESULT", "unwrap", "wrap"]

ARGUMENT = 16
RESULT = 17
ERROR = 18

_CONTEXT_CONSTRUCTED = 0xA0


def wrap(kind: int, element: Buffer) -> bytes:
    """The Bind of an ARGUMENT, RESULT or ERROR."""
    return header(_CONTEXT_CONSTRUCTED | kind, len(element)) + bytes(element)


def unwrap(kind: int, data: Buffer) -> bytes:
    """The element within a Bind that must be of this kind; raises BindError."""
    try:
        tag, start, length = read_header(data, 0, len(data))
        if tag != _CONTEXT_CONSTRUCTED | kind:
            raise BindError(f"a bind with identifier {tag:#04x} where [{kind}] is expected", 0)
        end = element_end(data, start, len(data))
        if end != len(data) - (2 if length == INDEFINITE else 0):
            raise BindError("octets after the element of a bind", end)
        return bytes(data[start:end])
    except FramingError as error:
        raise BindError(error.detail, error.offset) from None
