"""Who may associate with us, and as whom we call (X.411 8.1.1, MTA-bind): both directions."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

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
from x400.server.config import Config, Peer


class BindRefused(Exception):
    """A bind is refused: the error for the peer, and the cause, which is for our log only."""

    def __init__(self, error: MTABindError, cause: str) -> None:
        super().__init__(cause)
        self.error = error
        self.cause = cause


class Binding:
    """The peers of the configuration, as they present themselves and as we present ourselves to them."""

    def __init__(self, config: Config) -> None:
        self._own_name = config.mta.name
        self._peers = config.peers
        self._networks = [
            (ipaddress.ip_network(host), peer) for peer in config.peer if peer.unauthenticated for host in peer.hosts
        ]

    # ---- they call us

    def identify(self, argument: bytes, address: str) -> Peer:
        """The peer whose bind argument this is; raises BindRefused."""
        try:
            presented = decode_argument(argument)
        except InvalidBind as error:
            raise BindRefused(MTABindError.AUTHENTICATION_ERROR, str(error)) from None
        if presented is not None and presented.strong is not None:
            raise BindRefused(MTABindError.AUTHENTICATION_ERROR, f"{presented.name!r} presents no simple credentials")
        if presented is not None:
            named = self._peers.get(presented.name)
            if named is not None and named.password is not None:
                if same_password(named.password, presented.password):
                    return named
                raise BindRefused(MTABindError.AUTHENTICATION_ERROR, f"wrong password of {presented.name!r}")
        for peer in self._unauthenticated(address):
            if presented is None or peer.name == presented.name:
                return peer
        who = "no peer without credentials" if presented is None else f"no peer {presented.name!r}"
        raise BindRefused(MTABindError.AUTHENTICATION_ERROR, f"{who} is expected from {address}")

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

    def result(self, peer: Peer) -> bytes:
        """What we answer a peer that we have accepted."""
        return encode_result(self._own(peer))

    # ---- we call them

    def argument(self, peer: Peer) -> bytes:
        """What we present to the peer."""
        return encode_argument(self._own(peer))

    def check_result(self, peer: Peer, result: bytes | None) -> None:
        """Whether who has answered is the peer; raises BindRefused."""
        try:
            presented = decode_result(result or b"")
        except InvalidBind as error:
            raise BindRefused(MTABindError.AUTHENTICATION_ERROR, str(error)) from None
        if peer.password is None:
            return
        if presented is None:
            raise BindRefused(MTABindError.AUTHENTICATION_ERROR, f"{peer.name!r} has answered without credentials")
        if presented.name != peer.name or not same_password(peer.password, presented.password):
            raise BindRefused(
                MTABindError.AUTHENTICATION_ERROR, f"{presented.name!r} has answered, with wrong credentials"
            )

    def _own(self, peer: Peer) -> Credentials | None:
        if peer.own_password is None:
            return None
        return Credentials(peer.own_name or self._own_name, peer.own_password)
