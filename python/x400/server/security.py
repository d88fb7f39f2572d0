"""What proves who a peer is: passwords from files or the environment, certificates, TLS contexts; all read at start.

Every function here reads what the configuration names and raises ValueError in the words of who writes it.
"""

from __future__ import annotations

import os
import ssl
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from x400.server.peer_tables import Tls

if TYPE_CHECKING:
    from cryptography import x509

    from x400.mts.strong import Identity

MAXIMUM_SECRET = 62  # octets of a password (ub-password-length)
MAXIMUM_ADDRESSES = 4096


def secret(file: str | None, variable: str | None) -> str:
    """A password from a file (its first line) or a variable of the environment."""
    if file is not None:
        try:
            with open(file, encoding="utf-8") as opened:
                text = opened.readline().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"expected a file with a password: {getattr(error, 'strerror', None) or error}") from None
    else:
        text = os.environ.get(variable or "", "")
    if not 0 < len(text) <= MAXIMUM_SECRET:
        raise ValueError(f"expected a password of 1 to {MAXIMUM_SECRET} characters there, it has {len(text)}")
    return text


def identity(name: str, certificate: str, key: str) -> Identity:
    """What we sign bind tokens with."""
    from x400.mts.strong import Identity

    try:
        with open(certificate, "rb") as certificates, open(key, "rb") as keys:
            return Identity.load(name, certificates.read(), keys.read())
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"expected a certificate and its key in PEM: {error}") from None


def anchors(file: str) -> list[x509.Certificate]:
    """Certificates of the authorities that are trusted."""
    from cryptography import x509

    try:
        with open(file, "rb") as opened:
            return x509.load_pem_x509_certificates(opened.read())
    except (OSError, ValueError) as error:
        raise ValueError(f"expected certificates in PEM: {error}") from None


def tls_context(tls: Tls, path: Callable[[str], str], *, listening: bool) -> ssl.SSLContext:
    """TLS 1.2 or later; a listener asks for a client's certificate and takes none but a trusted authority's."""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if listening else ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(path(tls.trust))
        context.verify_mode = ssl.CERT_REQUIRED
        if tls.certificate is not None:
            context.load_cert_chain(path(tls.certificate), path(tls.key or tls.certificate))
        elif listening:
            raise ValueError("a listener needs a certificate")
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"expected certificates and a key in PEM: {error}") from None
    return context


class FailedBinds:
    """Addresses from which binds have failed: after a few, each further one makes the wait twice as long.

    The table is bounded: the address that failed least recently is forgotten first.
    """

    def __init__(self, free: int, first: float, longest: float) -> None:
        self._free = free
        self._first = first
        self._longest = longest
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, address: str, now: float) -> float:
        """Seconds for which no bind is taken from the address; ``now`` is monotonic."""
        return max(0.0, self._failed.get(address, (0, 0.0))[1] - now)

    def failed(self, address: str, now: float) -> int:
        """A bind has failed; how many in a row."""
        count = self._failed.pop(address, (0, 0.0))[0] + 1
        beyond = count - self._free
        until = now + min(self._longest, self._first * 2.0 ** min(beyond - 1, 60)) if beyond > 0 else 0.0
        self._failed[address] = count, until
        if len(self._failed) > MAXIMUM_ADDRESSES:
            self._failed.popitem(last=False)
        return count

    def succeeded(self, address: str) -> None:
        """Whoever is there is known."""
        self._failed.pop(address, None)
