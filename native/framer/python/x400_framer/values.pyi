"""The framing of presentation and of reliable transfer, where it is plain: definite lengths, one value, the whole APDU
in one segment. What is not plain is for the readers of x400.osi: they take every form, and say what is wrong."""

from typing import TypeAlias

_Buffer: TypeAlias = bytes | bytearray | memoryview

def one_value(data: _Buffer) -> tuple[int, _Buffer] | None:
    """The presentation context and the element of the one value in an SSDU (X.226 8.4.2); None where it is not plain."""

def whole_apdu(rttr: _Buffer) -> tuple[int, _Buffer] | None:
    """The presentation context and the octets of the APDU in an RTTR that holds all of it (X.228 8.2); None where it is
    not plain."""

def segment_prefix(context: int, size: int) -> bytes:
    """All that stands before a segment of `size` octets: presentation's framing, the RTTR's identifier and length.

    Raises ValueError where there is no context.
    """

def apdu_prefix(context: int, size: int) -> bytes:
    """What stands before an APDU of `size` octets: the head of its EXTERNAL. Nothing stands after it."""
