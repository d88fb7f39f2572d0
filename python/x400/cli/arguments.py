"""Arguments that several commands take, and how they are read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from x400.cli.console import fail

if TYPE_CHECKING:
    from x400.mts.bind import Credentials
    from x400.mts.identifiers import GlobalDomainIdentifier
    from x400.mts.oraddress import ORAddress

__all__ = [
    "STDIN",
    "Flag",
    "HostPort",
    "ORName",
    "ORNames",
    "credentials",
    "domain_of",
    "host_port",
    "octets_of",
    "or_address",
]

STDIN = Path("/dev/stdin")
"""What the argument `-` stands for."""


def octets_of(file: Path) -> bytes:
    """What is in a file; what cannot be read ends the command.

    Standard input is read as it stands: by its path it cannot be opened where it is a socket, or another user's pipe.
    """
    try:
        return sys.stdin.buffer.read() if file == STDIN else file.read_bytes()
    except OSError as error:
        fail(f"{file}: {error.strerror}")


ORName = Annotated[str, Parameter(metavar="ORADDR")]
ORNames = Annotated[list[str], Parameter(metavar="ORADDR", negative="")]
HostPort = Annotated[str, Parameter(metavar="HOST:PORT")]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]


def or_address(text: str) -> ORAddress:
    """The O/R address of a user; what is wrong with one ends the command."""
    from x400.mts.exceptions import InvalidORAddress
    from x400.mts.oraddress import ORAddress

    try:
        address = ORAddress.parse(text)
    except InvalidORAddress as error:
        fail(f"{text}: {error}", 2)
    problems = address.problems()
    if problems:
        fail(f"{text}: {'; '.join(problems)}", 2)
    return address


def host_port(text: str) -> tuple[str, int]:
    """HOST:PORT or [IPv6]:PORT."""
    from x400.server.config import parse_address

    try:
        return parse_address(text)
    except ValueError as error:
        fail(error, 2)


def credentials(name: str, password: str | None) -> Credentials | None:
    """What to present in the MTA-bind: nothing without a password."""
    from x400.mts.bind import Credentials

    return None if password is None else Credentials(name, password)


def domain_of(address: ORAddress) -> GlobalDomainIdentifier:
    """The global domain identifier of a user's management domain."""
    from x400.mts.identifiers import GlobalDomainIdentifier

    given = address.attributes
    if "C" not in given or "A" not in given:
        fail(f"{address}: a country (C) and an administration domain (A) are expected", 2)
    return GlobalDomainIdentifier(given["C"], given["A"], given.get("P"), address.numeric)
