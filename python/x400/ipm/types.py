"""The compiled types of X.420's modules."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import fastber

__all__ = ["ipm_type", "oid"]


@cache
def ipm_type(name: str, module: str = "IPMSInformationObjects") -> fastber.CompiledType:
    """A type of X.420."""
    from x400.asn1 import specification

    return specification().modules[module][name]


@cache
def oid(name: str, module: str = "IPMSObjectIdentifiers") -> str:
    """An object identifier of X.420 by its name there, as dotted text."""
    from x400.asn1 import specification

    value = specification().values[module][name]
    assert isinstance(value, str)
    return value
