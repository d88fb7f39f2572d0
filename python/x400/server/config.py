"""The configuration file: read into typed structures, every error with file, line, key, and what was expected.

``load`` reads a file; ``mta_configuration`` gives what the procedures of the MTA want of it. Relative folders and files
in it are relative to the file itself.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from x400.mta.configuration import MTAConfiguration, Restrictions, Route
from x400.mts.apdu import PRIORITIES
from x400.mts.exceptions import InvalidIdentifier, InvalidORAddress
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.oraddress import ORAddress
from x400.server import security
from x400.server.directory import DirectoryTable, check_directory
from x400.server.peer_tables import OF_1984, Protocol, Strong, Tls
from x400.server.recipients import (
    DistributionListTable,
    UserTable,
    check_recipients,
    distribution_lists,
    users,
)
from x400.server.tables import (
    ContentTypeName,
    Count,
    EncodedInformationType,
    Fail,
    Kibioctets,
    Name,
    Password,
    PortNumber,
    Priority,
    Seconds,
    Selector,
    Table,
    Text,
    address_of,
    addresses_of,
    check_addresses,
    content_types,
)
from x400.server.toml_place import Step, line_of, parse_path, show_path


class ConfigError(Exception):
    """The configuration is refused: ``file``, ``line`` (if it can be told), ``key``, and what was ``expected``."""

    def __init__(self, file: str, line: int | None, key: str, expected: str) -> None:
        self.file = file
        self.line = line
        self.key = key
        self.expected = expected
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {key}: {expected}" if key else f"{place}: {expected}")


class Domain(Table):
    """[mta.global-domain-identifier]"""

    country: Annotated[str, Meta(min_length=2, max_length=3)]
    administration_domain: Annotated[str, Meta(max_length=16)]
    private_domain: Annotated[str, Meta(min_length=1, max_length=16)] | None = None


class Mta(Table):
    """[mta]: who we are, and where the spool is. ``workers`` are processes, each with its own spool. Of the same event
    of the same peer ``log_repeats`` lines a minute are logged (0: all), then their number."""

    name: Name
    global_domain_identifier: Domain | Text
    spool: Text = "spool"
    certificate: Text | None = None
    key: Text | None = None
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_repeats: Annotated[int, Meta(ge=0)] = 100
    internal_trace: Literal["always", "within-domain", "never"] = "always"
    deferred_delivery: Literal["hold", "pass-on"] = "hold"
    gateway_1984: Text | None = None


class Listener(Table):
    """[[listener]]: where other MTAs call us (port 102 is RFC 1006's). ``capture`` is a pcapng file to write, of
    what TLS would hide, too; the passwords of the configuration are overwritten in it. With ``tls``, those who call
    must use it, with a certificate of their own.
    """

    address: Text = "127.0.0.1"
    port: PortNumber = 102
    transport_selector: Selector | None = None
    tls: Tls | None = None
    capture: Text | None = None


class Peer(Table):
    """[[peer]]: another MTA: how we call it, and what it must present when it calls us.

    ``name`` is what it calls itself in the MTA-bind. ``address`` is HOST:PORT; without it we never call, and what is
    for this peer waits. ``password`` is what it presents, ``own_name`` and ``own_password`` what we present; without a
    password on either side the bind is unauthenticated, which is accepted only from the ``hosts`` of a peer that has
    ``unauthenticated``. Passwords may stand in a file (``password-file``) or in the environment (``password-env``)
    instead. With ``strong``, both sides sign their credentials; with ``tls``, associations are over TLS, either way.
    ``domains`` are those that it speaks for: what comes from it must have left one of them last.

    ``protocol`` is the application context (X.419 12) of all associations with it, either way: mts-transfer is that of
    1988 and later; mts-transfer-protocol has its messages, and mts-transfer-protocol-1984 those of 1984, over reliable
    transfer of 1984 (X.410). ``association_recovery``: after the loss of an association in the middle of a transfer, it
    is gone on with without a new bind (X.228 7.8.3), by either side; transfers go on in any case, after a new bind.
    ``content-types`` and ``content-octets`` are what it takes; all else goes by another route, or is answered by a
    non-delivery report. Text in other than its ``encoded-information-types`` is converted.
    """

    name: Name
    address: Text | None = None
    password: Password | None = None
    own_name: Name | None = None
    own_password: Password | None = None
    password_file: Text | None = None
    password_env: Text | None = None
    own_password_file: Text | None = None
    own_password_env: Text | None = None
    strong: Strong | None = None
    tls: Tls | None = None
    domains: tuple[Text, ...] | None = None
    unauthenticated: bool = False
    hosts: tuple[Text, ...] = ()
    transport_selector: Selector = ""
    session_selector: Selector = ""
    presentation_selector: Selector = ""
    max_associations: Count = 8
    checkpoint_size: Kibioctets = 63
    window_size: Annotated[int, Meta(ge=1, le=255)] = 16
    dialogue_mode: Literal["monologue", "two-way-alternate"] = "monologue"
    extensions_of_1988: bool = False
    protocol: Protocol = "mts-transfer"
    association_recovery: bool = False
    content_types: tuple[ContentTypeName, ...] | None = None
    content_octets: Count | None = None
    encoded_information_types: tuple[EncodedInformationType, ...] | None = None
    capture: Text | None = None


class RouteTable(Table):
    """[[route]]: O/R addresses that begin with ``to`` go to a ``peer``, or are delivered to the folder ``deliver``.

    ``O=*`` stands for any organization, and so on. Of routes to the same, that of the least ``cost`` comes first, the
    others when it is down. With ``content-types``, ``priorities``, ``content-octets`` (at most) or ``originators`` (how
    their addresses begin) it is for such messages only. Delivery with ``listed-users``: only to names that a [[user]]
    or a [[distribution-list]] has. ``alternate-recipient`` gets what cannot be delivered to whom it is for.
    """

    to: Text
    peer: Name | None = None
    deliver: Text | None = None
    cost: Annotated[int, Meta(ge=0)] = 0
    content_types: tuple[ContentTypeName, ...] | None = None
    priorities: tuple[Priority, ...] | None = None
    content_octets: Count | None = None
    originators: tuple[Text, ...] | None = None
    listed_users: bool = False
    alternate_recipient: Text | None = None


class Limits(Table):
    """[limits]: associations in all and of one peer, octets of one message, of memory for what is handed on at once.

    Of a message of more than ``large_content_octets`` the content is in a file, and only its envelope in memory, which
    has at most ``envelope_octets``: what has a longer one is refused for good.

    When more call than may be unbound or open in all, the one that has been unbound longest is dropped. Of each peer
    so many ``interrupted`` transfers, and octets of them, are held on disk for it to go on with. Transfers are refused
    while a worker has ``waiting`` entries on its spool, or fewer than ``free_octets`` are free on the disk. Of what
    cannot be understood a worker keeps at most ``quarantine_entries``, and octets; more of it is refused for now.
    """

    associations: Count = 1000
    associations_per_peer: Count = 100
    unbound_associations: Count = 200
    message_octets: Count = 2 << 30
    returned_content_octets: Annotated[int, Meta(ge=0)] = 65536
    large_content_octets: Annotated[int, Meta(ge=4096)] = 262144
    envelope_octets: Annotated[int, Meta(ge=4096)] = 8 << 20
    trace_days: Annotated[float, Meta(gt=0)] = 7.0
    failed_binds: Count = 5
    interrupted_transfers: Annotated[int, Meta(ge=0)] = 16
    interrupted_octets: Annotated[int, Meta(ge=0)] = 1 << 30
    waiting: Count = 10_000_000
    free_octets: Annotated[int, Meta(ge=0)] = 64 << 20
    quarantine_entries: Annotated[int, Meta(ge=0)] = 1000
    quarantine_octets: Annotated[int, Meta(ge=0)] = 1 << 30


class Timers(Table):
    """[timers], in seconds: TCP connection, bind, one step of a transfer, idle time until release, stopping; how long
    a transfer that was ``interrupted`` is held, and an association that was lost may be recovered.
    """

    connect: Seconds = 10.0
    bind: Seconds = 30.0
    transfer: Seconds = 300.0
    idle: Seconds = 30.0
    stop: Seconds = 10.0
    interrupted: Seconds = 86400.0
    recovery: Seconds = 300.0
    failed_bind: Seconds = 1.0
    failed_bind_longest: Seconds = 300.0
    bind_token: Seconds = 300.0


class Retry(Table):
    """[retry]: the wait after the first failure, what it is multiplied by after each, the longest, the random part.

    After so many ``refusals`` for good of a transfer its recipients are reported on.
    """

    first: Seconds = 5.0
    factor: Annotated[float, Meta(ge=1)] = 2.0
    longest: Seconds = 900.0
    jitter: Annotated[float, Meta(ge=0, le=1)] = 0.2
    refusals: Count = 5


class TransferTimes(Table):
    """[transfer-times], in seconds: after how long a message that cannot be passed on is given up, by priority."""

    urgent: Seconds = 4 * 3600.0
    normal: Seconds = 24 * 3600.0
    non_urgent: Seconds = 36 * 3600.0


class MetricsTable(Table):
    """[metrics]: where Prometheus finds the page /metrics; without the table there is none."""

    address: Text = "127.0.0.1"
    port: PortNumber = 9402


class AccountingTable(Table):
    """[accounting]: the ``file`` that gets a JSON line for each message that comes and goes."""

    file: Text


class Config(Table):
    """The whole file. ``folder`` and ``file`` are set by ``load``."""

    mta: Mta
    listener: tuple[Listener, ...] = ()
    peer: tuple[Peer, ...] = ()
    route: tuple[RouteTable, ...] = ()
    user: tuple[UserTable, ...] = ()
    distribution_list: tuple[DistributionListTable, ...] = ()
    limits: Limits = msgspec.field(default_factory=Limits)
    timers: Timers = msgspec.field(default_factory=Timers)
    retry: Retry = msgspec.field(default_factory=Retry)
    transfer_times: TransferTimes = msgspec.field(default_factory=TransferTimes)
    metrics: MetricsTable | None = None
    accounting: AccountingTable | None = None
    directory: DirectoryTable | None = None
    file: str = ""

    def path(self, given: str) -> str:
        """A path of the file, seen from the file's folder."""
        return os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(self.file)), given))

    @property
    def spool(self) -> Path:
        """The folder below which each worker has its spool."""
        return Path(self.path(self.mta.spool))

    @property
    def peers(self) -> dict[str, Peer]:
        return {peer.name: peer for peer in self.peer}


def parse_address(text: str) -> tuple[str, int]:
    """``HOST:PORT`` or ``[IPv6]:PORT``; ValueError says what was expected."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 < int(port) < 65536 or (":" in host and host[0] != "["):
        raise ValueError(f"expected HOST:PORT, got {text!r}")
    return host.strip("[]"), int(port)


def load(file: str | os.PathLike[str]) -> Config:
    """Read and check a configuration file; raises ConfigError."""
    name = os.fspath(file)
    try:
        text = Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "expected UTF-8"
        raise ConfigError(name, None, "", f"cannot be read: {reason}") from None
    return parse(text, name)


def parse(text: str, name: str) -> Config:
    """Check the text of the configuration file ``name``; raises ConfigError."""
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).partition(" (at line ")
        line = place.partition(",")[0]
        raise ConfigError(name, int(line) if line.isdigit() else None, "", f"expected TOML: {message}") from None

    def fail(expected: str, *steps: Step) -> ConfigError:
        return ConfigError(name, line_of(text, steps), show_path(steps), expected)

    if "file" in value:
        raise fail("unknown key", "file")
    try:
        config = msgspec.convert(value | {"file": name}, Config)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        steps = _steps(path.removesuffix("`"), message)
        raise fail(_explain(message, value, steps), *steps) from None
    _check(config, fail)
    _check_certificates(config, fail)
    return msgspec.structs.replace(config, peer=tuple(_with_secrets(config, fail)))


def _with_secrets(config: Config, fail: Fail) -> Iterator[Peer]:
    """The peers with the passwords that the file only says where to find."""
    for number, peer in enumerate(config.peer):
        found: dict[str, str] = {}
        for name in ("password", "own_password"):
            given = {suffix: getattr(peer, f"{name}{suffix}") for suffix in ("", "_file", "_env")}
            if sum(value is not None for value in given.values()) > 1:
                raise fail(f"expected one {name.replace('_', '-')}, in one place", "peer", number)
            suffix = next((suffix for suffix, value in given.items() if suffix and value is not None), None)
            if suffix is None:
                continue
            file = None if given["_file"] is None else config.path(given["_file"])
            try:
                found[name] = security.secret(file, given["_env"])
            except ValueError as error:
                raise fail(str(error), "peer", number, f"{name}{suffix}".replace("_", "-")) from None
            found[f"{name}{suffix}"] = None  # type: ignore[assignment]
        yield msgspec.structs.replace(peer, **found)


def _check_certificates(config: Config, fail: Fail) -> None:
    """What is named can be read."""
    try:
        if config.mta.certificate is not None:
            key = config.path(config.mta.key or config.mta.certificate)
            security.identity(config.mta.name, config.path(config.mta.certificate), key)
    except ValueError as error:
        raise fail(str(error), "mta", "certificate") from None
    for number, listener in enumerate(config.listener):
        if listener.tls is not None:
            try:
                security.tls_context(listener.tls, config.path, listening=True)
            except ValueError as error:
                raise fail(str(error), "listener", number, "tls") from None
    for number, peer in enumerate(config.peer):
        try:
            if peer.tls is not None:
                security.tls_context(peer.tls, config.path, listening=False)
        except ValueError as error:
            raise fail(str(error), "peer", number, "tls") from None
        try:
            if peer.strong is not None:
                security.anchors(config.path(peer.strong.trust))
        except ValueError as error:
            raise fail(str(error), "peer", number, "strong", "trust") from None


def _steps(path: str, message: str) -> tuple[Step, ...]:
    steps = parse_path(path)
    for phrase in ("unknown field `", "required field `"):
        if phrase in message:
            steps = (*steps, message.split(phrase)[1].split("`")[0])
    return steps


def _explain(message: str, value: Any, steps: Sequence[Step]) -> str:
    """msgspec's message in the words of who writes the file."""
    if "unknown field" in message:
        return "unknown key"
    if "required field" in message:
        return "expected this key, it is missing"
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return message[0].lower() + message[1:]
    shown = repr(value)
    got = "" if isinstance(value, dict | list) or len(shown) > 60 else f" (it is {shown})"
    return message.replace("`", "").replace("Expected", "expected").replace("Invalid", "invalid") + got


def _check(config: Config, fail: Fail) -> None:
    """What types alone do not say."""
    try:
        domain(config)
    except (InvalidIdentifier, InvalidORAddress) as error:
        raise fail(f"expected a domain: {error}", "mta", "global-domain-identifier") from None
    if not config.mta.name.isascii():
        raise fail("expected 1 to 32 ASCII characters", "mta", "name")
    if not config.listener and not config.peer:
        raise fail("expected at least one [[listener]] or [[peer]]", "listener")
    for number, listener in enumerate(config.listener):
        try:
            ipaddress.ip_address(listener.address)
        except ValueError:
            raise fail(f"expected an IP address, got {listener.address!r}", "listener", number, "address") from None
    if config.metrics is not None:
        try:
            ipaddress.ip_address(config.metrics.address)
        except ValueError:
            expected = f"expected an IP address, got {config.metrics.address!r}"
            raise fail(expected, "metrics", "address") from None
    _check_peers(config, fail)
    if config.mta.gateway_1984 is not None:
        address_of(config.mta.gateway_1984, fail, "mta", "gateway-1984")
    _check_routes(config, fail)
    check_recipients(config.user, config.distribution_list, fail)
    if config.directory is not None:
        check_directory(config.directory, config.path, fail)


def _check_peers(config: Config, fail: Fail) -> None:
    seen: set[str] = set()
    for number, peer in enumerate(config.peer):
        if peer.name in seen:
            raise fail(f"expected a name of its own, {peer.name!r} is the name of two peers", "peer", number, "name")
        seen.add(peer.name)
        if peer.address is not None:
            try:
                parse_address(peer.address)
            except ValueError as error:
                raise fail(str(error), "peer", number, "address") from None
        for place, host in enumerate(peer.hosts):
            try:
                ipaddress.ip_network(host)
            except ValueError:
                expected = f"expected IP addresses or networks, got {host!r}"
                raise fail(expected, "peer", number, "hosts", place) from None
        for place, domain in enumerate(peer.domains or ()):
            try:
                GlobalDomainIdentifier.parse(domain)
            except (InvalidIdentifier, InvalidORAddress) as error:
                raise fail(f"expected a domain: {error}", "peer", number, "domains", place) from None
        if peer.strong is not None and peer.protocol == OF_1984:
            raise fail("expected a later protocol: in 1984 there were passwords only", "peer", number, "strong")
        if peer.strong is not None and config.mta.certificate is None:
            raise fail("expected [mta] certificate and key, to sign with", "peer", number, "strong")
        if peer.unauthenticated and not peer.hosts:
            raise fail("expected the hosts that may call without credentials", "peer", number, "hosts")


def _check_routes(config: Config, fail: Fail) -> None:
    seen: dict[tuple[object, ...], int] = {}
    for number, route in enumerate(config.route):
        place = ("route", number)
        address = address_of(route.to, fail, *place, "to", what="an O/R address or its first attributes")
        same = (address, route.cost, route.content_types, route.priorities, route.content_octets, route.originators)
        if same in seen:
            raise fail(f"expected one route, or another cost: route[{seen[same]}] is to the same", *place, "to")
        seen[same] = number
        check_addresses(route.originators, fail, *place, "originators")
        if route.alternate_recipient is not None:
            address_of(route.alternate_recipient, fail, *place, "alternate-recipient")
        if (route.peer is None) == (route.deliver is None):
            raise fail("expected either peer or deliver", "route", number)
        if route.peer is not None and route.peer not in config.peers:
            names = ", ".join(sorted(config.peers)) or "there is none"
            expected = f"expected the name of a [[peer]] ({names}), got {route.peer!r}"
            raise fail(expected, "route", number, "peer")


def domain(config: Config) -> GlobalDomainIdentifier:
    """Our own domain."""
    given = config.mta.global_domain_identifier
    if isinstance(given, str):
        return GlobalDomainIdentifier.parse(given)
    return GlobalDomainIdentifier(given.country, given.administration_domain, given.private_domain)


def routes(config: Config) -> tuple[Route, ...]:
    """The routes as the MTA wants them, folders as absolute paths."""
    return tuple(
        Route(
            ORAddress.parse(route.to),
            route.peer,
            None if route.deliver is None else config.path(route.deliver),
            route.cost,
            content_types(route.content_types),
            None if route.priorities is None else frozenset(PRIORITIES[name] for name in route.priorities),
            route.content_octets,
            addresses_of(route.originators),
            route.listed_users,
            None if route.alternate_recipient is None else ORAddress.parse(route.alternate_recipient),
        )
        for route in config.route
    )


def _restrictions(peer: Peer) -> Restrictions:
    """What a peer takes; an empty list is of nothing, as a user's is."""
    types = peer.encoded_information_types
    return Restrictions(
        content_types(peer.content_types), peer.content_octets, None if types is None else frozenset(types)
    )


def mta_configuration(config: Config, worker: int = 0) -> MTAConfiguration:
    """What the procedures of X.411 are told."""
    from x400.mta.configuration import InternalTrace

    times = config.transfer_times
    return MTAConfiguration(
        name=config.mta.name,
        global_domain_identifier=domain(config),
        routes=routes(config),
        internal_trace=InternalTrace(config.mta.internal_trace),
        transfer_times=(
            timedelta(seconds=times.urgent),
            timedelta(seconds=times.normal),
            timedelta(seconds=times.non_urgent),
        ),
        maximum_content_length=config.limits.message_octets,
        maximum_returned_content=config.limits.returned_content_octets,
        worker="" if config.mta.workers == 1 else f"w{worker}",
        defers=config.mta.deferred_delivery == "hold",
        peers_1984=frozenset(peer.name for peer in config.peer if peer.protocol == OF_1984),
        peer_domains={
            peer.name: GlobalDomainIdentifier.parse(peer.domains[0])
            for peer in config.peer
            if peer.domains is not None and len(peer.domains) == 1
        },
        gateway_1984=None if config.mta.gateway_1984 is None else ORAddress.parse(config.mta.gateway_1984),
        users=users(config.user, config.path),
        distribution_lists=distribution_lists(config.distribution_list),
        restrictions={peer.name: one for peer in config.peer if (one := _restrictions(peer)).any},
        peers_1988=frozenset(peer.name for peer in config.peer if peer.extensions_of_1988),
    )
