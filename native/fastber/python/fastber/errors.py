"""The exceptions, named as in asn1tools.

Error
    CompileError        an ASN.1 module is wrong; one line per fault, file:line:column first
    EncodeError         a value does not fit its type: path, reason
    DecodeError         bytes do not fit their type: path, reason, offset
    ConstraintsError    a value breaks a constraint of its type: path, reason
"""

from __future__ import annotations


class Error(Exception):
    """Base of all exceptions of fastber."""


class CompileError(Error):
    """ASN.1 text that cannot be compiled; the message has a line per fault."""


class _Placed(Error):
    def __init__(self, path: str, reason: str | None = None) -> None:
        if reason is None:
            path, reason = "", path
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


class EncodeError(_Placed):
    """A value that cannot be encoded; `path` leads to the part that is at fault."""


class ConstraintsError(_Placed):
    """A value outside of its type's constraints; `path` leads to the part that is at fault."""


class DecodeError(_Placed):
    """Bytes that cannot be decoded; `offset` (octets from the start of the data) is where."""

    def __init__(self, path: str, reason: str | None = None, offset: int | None = None) -> None:
        super().__init__(path, reason)
        self.args = (self.path, self.reason, offset)
        self.offset = offset

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.offset is None else f"{text} at offset {self.offset}"
