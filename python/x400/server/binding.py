"""Who may associate with us, and as whom we call (X.411 8.1.1, MTA-bind): both directions; and what a peer may pass."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import fastber
from x400.mts.apdu import Apdu, domain_of
from x400.mts.bind import (
    Credentials,
    InvalidBind,
    MTABindError,
    decode_argument,
    decode_result,
    encode_argument,
    encode_result,
    same_password,
)
from x400.mts.exceptions import MTSError
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.stored import Stored
from x400.server import security
from x400.server.config import Config, Peer

if TYPE_CHECKING:
    from cryptography import x509

    from x400.mts.strong import BindTokens, Identity


class BindRefused(Exception):
    """A bind is refused: the error for the peer, and the cause, which is for our log only."""

    def __init__(self, error: MTABindError, cause: str) -> None:
        super().__init__(cause)
        self.error = error
        self.cause = cause


def _refused(cause: str) -> BindRefused:
    return BindRefused(MTABindError.AUTHENTICATION_ERROR, cause)


class Binding:
    """The peers of the configuration, as they present themselves and as we present ourselves to them.

    `tokens` are the bind tokens that another one has taken already. Raises ValueError for certificates that cannot be
    read.
    """

    def __init__(
        self, config: Config, tokens: BindTokens | None = None, now: Callable[[], datetime] | None = None
    ) -> None:
        self._own_name = config.mta.name
        self._now = now or (lambda: datetime.now(UTC))
        self._peers = config.peers
        self._networks = [
            (ipaddress.ip_network(host), peer) for peer in config.peer if peer.unauthenticated for host in peer.hosts
        ]
        self._domains = {
            peer.name: [GlobalDomainIdentifier.parse(domain) for domain in peer.domains]
            for peer in config.peer
            if peer.domains is not None
        }
        self._identity: Identity | None = None
        if config.mta.certificate is not None:
            key = config.path(config.mta.key or config.mta.certificate)
            self._identity = security.identity(config.mta.name, config.path(config.mta.certificate), key)
        self._anchors: dict[str, list[x509.Certificate]] = {
            peer.name: security.anchors(config.path(peer.strong.trust)) for peer in config.peer if peer.strong
        }
        self.tokens = tokens
        if self._anchors and tokens is None:
            from x400.mts.strong import BindTokens

            self.tokens = BindTokens(config.timers.bind_token)

    # ---- they call us

    def identify(self, argument: bytes, address: str, certified: frozenset[str] | None = None) -> Peer:
        """The peer whose bind argument this is; raises BindRefused.

        ``certified`` are the names of the client's certificate; None when TLS is not used.
        """
        peer = self._identify(argument, address)
        if peer.tls is not None:
            if certified is None:
                raise _refused(f"{peer.name!r} is to use TLS")
            if (peer.tls.client_name or peer.name) not in certified:
                raise _refused(f"{peer.name!r} has a certificate for {', '.join(sorted(certified)) or 'nobody'}")
        return peer

    def _identify(self, argument: bytes, address: str) -> Peer:
        try:
            presented = decode_argument(argument)
        except InvalidBind as error:
            raise _refused(str(error)) from None
        named = None if presented is None else self._peers.get(presented.name)
        if presented is not None and presented.strong is not None:
            if named is None or named.strong is None:
                raise _refused(f"no strong credentials are expected of {presented.name!r}")
            self._verify(named, argument)
            return named
        if named is not None and named.strong is not None:
            raise _refused(f"{named.name!r} presents no strong credentials")
        if presented is not None and named is not None and named.password is not None:
            if same_password(named.password, presented.password):
                return named
            raise _refused(f"wrong password of {presented.name!r}")
        for peer in self._unauthenticated(address):
            if presented is None or peer.name == presented.name:
                return peer
        who = "no peer without credentials" if presented is None else f"no peer {presented.name!r}"
        raise _refused(f"{who} is expected from {address}")

    def _unauthenticated(self, address: str) -> Iterable[Peer]:
        try:
            host = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return
        if isinstance(host, ipaddress.IPv6Address) and host.ipv4_mapped:
            host = host.ipv4_mapped
        for network, peer in self._networks:
            if host in network:
                yield peer

    def _verify(self, peer: Peer, data: bytes) -> None:
        """Strong credentials that the peer presents, as argument or as result."""
        from x400.mts.strong import verify

        assert peer.strong is not None
        assert self.tokens is not None
        subject = peer.strong.certificate_name or peer.name
        recipient = peer.own_name or self._own_name
        try:
            name = verify(data, recipient, subject, self._anchors[peer.name], self.tokens, self._now())
        except InvalidBind as error:
            raise _refused(f"{peer.name!r}: {error}") from None
        if name != peer.name:
            raise _refused(f"{name!r} has answered for {peer.name!r}")

    def result(self, peer: Peer) -> bytes:
        """What we answer a peer that we have accepted."""
        if peer.strong is not None:
            return self._strong(peer)
        return encode_result(self._own(peer))

    # ---- we call them

    def argument(self, peer: Peer) -> bytes:
        """What we present to the peer."""
        if peer.strong is not None:
            return self._strong(peer)
        return encode_argument(self._own(peer))

    def check_result(self, peer: Peer, result: bytes | None) -> None:
        """Whether who has answered is the peer; raises BindRefused."""
        if peer.strong is not None:
            self._verify(peer, result or b"")
            return
        try:
            presented = decode_result(result or b"")
        except InvalidBind as error:
            raise _refused(str(error)) from None
        if peer.password is None:
            return
        if presented is None:
            raise _refused(f"{peer.name!r} has answered without credentials")
        if presented.name != peer.name or not same_password(peer.password, presented.password):
            raise _refused(f"{presented.name!r} has answered, with wrong credentials")

    def _own(self, peer: Peer) -> Credentials | None:
        if peer.own_password is None:
            return None
        return Credentials(peer.own_name or self._own_name, peer.own_password)

    def _strong(self, peer: Peer) -> bytes:
        """A token for the peer; argument and result have the same form."""
        from x400.mts.strong import Identity, encode_strong_argument

        assert self._identity is not None
        identity = self._identity
        if peer.own_name is not None:
            identity = Identity(peer.own_name, identity.key, identity.certificates)
        return encode_strong_argument(identity, peer.name, self._now())

    # ---- what they pass

    def not_to_pass(self, peer: str, stored: Stored) -> str | None:
        """Why the peer may not pass this: the domain that it last left is none that the peer speaks for.

        That is the last one in its trace. None when it may; what cannot be decoded is told apart elsewhere.
        """
        domains = self._domains.get(peer)
        if domains is None:
            return None
        try:
            trace = Apdu(stored).trace
            if not trace:
                return f"{peer!r} passes something without a trace"
            last = domain_of(trace[-1][0])
        except (fastber.Error, MTSError, KeyError):
            return None
        for domain in domains:
            if last.key[: len(domain.key)] == domain.key:
                return None
        return f"{peer!r} does not speak for {last}"
