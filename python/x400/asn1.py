"""The ASN.1 modules of the Recommendations, compiled once for the whole process.

The modules are files of their own, one folder for each Recommendation: ``asn1/`` in a checkout, ``_asn1`` inside the
package in a wheel. They are compiled for BER with the leniency that message handling asks for: elements that are not
known are passed over (X.411 clause 9: what is not understood and not critical is no error), and an EXPLICIT tag where
IMPLICIT is meant is taken, as MTAs of 1988 send it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import fastber

IN_WHEEL = Path(__file__).with_name("_asn1")
IN_CHECKOUT = Path(__file__).parents[2] / "asn1"


def folder() -> Path:
    """Where the modules are, for this way of being installed."""
    for candidate in (IN_WHEEL, IN_CHECKOUT):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"no ASN.1 modules, neither at {IN_WHEEL} nor at {IN_CHECKOUT}: the installation is broken")


@cache
def module_files() -> tuple[Path, ...]:
    """The file of every module, in a fixed order."""
    return tuple(sorted(folder().glob("*/*.asn1")))


@cache
def specification() -> fastber.Specification:
    """All modules, compiled for BER: ``specification().modules["MTSTransferProtocol"]["MTS-APDU"].decode(data)``."""
    import fastber

    return fastber.compile_files(
        [str(path) for path in module_files()], codec="ber", tolerate_explicit=True, ignore_unknown=True
    )


@cache
def compiled_type(module: str, name: str) -> fastber.CompiledType:
    """One type of a module; KeyError if there is none of that name."""
    return specification().modules[module][name]


@cache
def object_identifier(module: str, name: str) -> str:
    """The value of an OBJECT IDENTIFIER that a module assigns, dotted."""
    value = specification().values[module][name]
    if not isinstance(value, str):
        raise TypeError(f"{module}.{name} is not an object identifier")
    return value


def mts_apdu() -> fastber.CompiledType:
    """What is transferred between MTAs (X.419, clause 12): a message, a probe or a report."""
    return compiled_type("MTSTransferProtocol", "MTS-APDU")


def rtse_apdu() -> fastber.CompiledType:
    """The APDUs of reliable transfer (X.228, clause 10)."""
    return compiled_type("Reliable-Transfer-APDU", "RTSE-apdus")


def acse_apdu() -> fastber.CompiledType:
    """The APDUs of association control (X.227, clause 9)."""
    return compiled_type("ACSE-1", "ACSE-apdu")
