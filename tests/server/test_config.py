"""The configuration: what is read, and for each error its file, line, key, and what was expected."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from x400.mta import InternalTrace, MTAConfiguration, Restrictions, Route
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.oraddress import ORAddress
from x400.server import config
from x400.server.toml_place import line_of, parse_path, show_path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "relay.toml"

GOOD = """\
[mta]
name = "A"
global-domain-identifier = "/C=GB/A=X/P=Y/"

[[listener]]
address = "127.0.0.1"
port = 10102

[[peer]]
name = "B"
address = "localhost:102"

[[peer]]
name = "C"

[[route]]
to = "/C=GB/A=X/P=B/"
peer = "B"

[[route]]
to = "C=GB; A=X; P=Y"
deliver = "in"
"""


def test_good() -> None:
    read = config.parse(GOOD, "/etc/x400/a.toml")
    assert read.peers["B"].max_associations == 8
    assert read.spool == Path("/etc/x400/spool")
    mta = config.mta_configuration(read)
    assert (mta.name, str(mta.global_domain_identifier), mta.worker) == ("A", "/C=GB/A=X/P=Y/", "")
    assert [(str(route.to), route.peer, route.deliver) for route in mta.routes] == [
        ("/C=GB/A=X/P=B/", "B", None),
        ("/C=GB/A=X/P=Y/", None, "/etc/x400/in"),
    ]
    assert mta.transfer_times[1] == timedelta(days=1)


def test_the_example_is_good() -> None:
    read = config.load(EXAMPLE)
    assert str(config.domain(read)) == "/C=GB/A=EXAMPLE/P=RELAY/"


ERRORS = [
    # what is replaced, by what, line, key, expected (a part of it)
    ('name = "A"', "name = 5", 2, "mta.name", "expected str, got int (it is 5)"),
    ('name = "A"', 'name = ""', 2, "mta.name", "length >= 1"),
    ('name = "A"', 'name = "Ä"', 2, "mta.name", "ASCII"),
    ('name = "A"\n', "", 1, "mta.name", "missing"),
    ('name = "A"', 'name = "A"\nnam = "x"', 3, "mta.nam", "unknown key"),
    ("[mta]", "[mtx]", 1, "mtx", "unknown key"),
    ('"/C=GB/A=X/P=Y/"', '"/C=GB/"', 3, "mta.global-domain-identifier", "C, A and perhaps P"),
    ('"/C=GB/A=X/P=Y/"', '{ country = "GB" }', 3, "mta.global-domain-identifier.administration-domain", "missing"),
    ("port = 10102", "port = 70000", 7, "listener[0].port", "<= 65535"),
    ("port = 10102", 'port = "102"', 7, "listener[0].port", "expected int, got str"),
    ('"127.0.0.1"', '"localhost"', 6, "listener[0].address", "expected an IP address"),
    ('"localhost:102"', '"localhost"', 11, "peer[0].address", "expected HOST:PORT, got 'localhost'"),
    ('"localhost:102"', '"::1:102"', 11, "peer[0].address", "expected HOST:PORT"),
    ('name = "C"', 'name = "B"', 14, "peer[1].name", "two peers"),
    ('name = "C"', 'name = "C"\nhosts = ["nowhere"]', 15, "peer[1].hosts[0]", "expected IP addresses or networks"),
    ('name = "C"', 'name = "C"\nunauthenticated = true', 13, "peer[1].hosts", "expected the hosts"),
    ('name = "C"', 'name = "C"\ndialogue-mode = "x"', 15, "peer[1].dialogue-mode", "invalid enum value"),
    ('to = "/C=GB/A=X/P=B/"', 'to = "nothing"', 17, "route[0].to", "expected an O/R address"),
    ('to = "/C=GB/A=X/P=B/"', 'to = "/c=gb/a=x/p=y/"', 21, "route[1].to", "route[0] is to the same"),
    ('peer = "B"', 'peer = "D"', 18, "route[0].peer", "expected the name of a [[peer]] (B, C), got 'D'"),
    ('peer = "B"', "", 16, "route[0]", "either peer or deliver"),
    ('peer = "B"', 'peer = "B"\ndeliver = "x"', 16, "route[0]", "either peer or deliver"),
    ('deliver = "in"', 'deliver = "in', 22, "", "expected TOML"),
    ("[mta]", "[retry]\nfactor = 0.5\n[mta]", 2, "retry.factor", ">= 1.0"),
    ("[mta]", 'file = "x"\n[mta]', 1, "file", "unknown key"),
]


@pytest.mark.parametrize(("old", "new", "line", "key", "expected"), ERRORS)
def test_errors(old: str, new: str, line: int | None, key: str, expected: str) -> None:
    assert old in GOOD
    with pytest.raises(config.ConfigError) as caught:
        config.parse(GOOD.replace(old, new, 1), "a.toml")
    error = caught.value
    assert (error.line, error.key) == (line, key)
    assert expected in error.expected
    assert str(error).startswith(f"a.toml:{line}: " if line else "a.toml: ")


def test_neither_listener_nor_peer() -> None:
    with pytest.raises(config.ConfigError, match=r"at least one \[\[listener\]\]"):
        config.parse('[mta]\nname = "A"\nglobal-domain-identifier = "/C=GB/A=X/"\n', "a.toml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match=r"none\.toml: cannot be read: No such file"):
        config.load(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe4\n")
    with pytest.raises(config.ConfigError, match="expected UTF-8"):
        config.load(tmp_path / "latin.toml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a:1", ("a", 1)), ("[::1]:102", ("::1", 102)), ("10.0.0.1:65535", ("10.0.0.1", 65535))],
)
def test_address(text: str, expected: tuple[str, int]) -> None:
    assert config.parse_address(text) == expected


def test_places() -> None:
    steps = parse_path("$.peer[1].hosts[0]")
    assert steps == ("peer", 1, "hosts", 0)
    assert show_path(steps) == "peer[1].hosts[0]"
    assert line_of("[[peer]]\n[[peer]]\nhosts = []\n", steps) == 3
    assert line_of("", steps) is None


def test_the_protocols_of_peers() -> None:
    for protocol in ("mts-transfer", "mts-transfer-protocol", "mts-transfer-protocol-1984"):
        text = GOOD.replace('name = "C"', f'name = "C"\nprotocol = "{protocol}"')
        assert config.parse(text, "x").peers["C"].protocol == protocol
    with pytest.raises(config.ConfigError, match="protocol"):
        config.parse(GOOD.replace('name = "C"', 'name = "C"\nprotocol = "P1"'), "x")


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ('strong = { trust = "x.pem" }', r"peer\[1\].strong: expected \[mta\] certificate and key"),
        ('tls = { trust = "x.pem" }', r"peer\[1\].tls: expected certificates and a key in PEM"),
        ('tls = { certificate = "x.pem" }', r"peer\[1\].tls.trust: expected this key"),
        ('domains = ["nowhere"]', r"peer\[1\].domains\[0\]: expected a domain"),
        ('password-env = "NO_SUCH_VARIABLE"', r"peer\[1\].password-env: expected a password of 1 to 62"),
    ],
)
def test_what_peers_are_known_by(added: str, expected: str) -> None:
    with pytest.raises(config.ConfigError, match=expected):
        config.parse(GOOD.replace('name = "C"', f'name = "C"\n{added}'), "/nowhere/x.toml")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("port = 10102", 'port = 10102\ntls = { trust = "x.pem" }', r"listener\[0\].tls: expected cert"),
        (
            'name = "A"',
            'name = "A"\ncertificate = "x.pem"',
            "mta.certificate: expected a certificate",
        ),
    ],
)
def test_certificates_that_cannot_be_read(old: str, new: str, expected: str) -> None:
    with pytest.raises(config.ConfigError, match=expected):
        config.parse(GOOD.replace(old, new, 1), "/nowhere/x.toml")


@pytest.mark.parametrize(
    ("domains", "known"),
    [
        ("", None),
        ('domains = ["/C=FR/A=X/P=Y/"]', GlobalDomainIdentifier("FR", "X", "Y")),
        ('domains = ["/C=FR/A=X/", "/C=DE/A=Z/"]', None),
        ("domains = []", None),
    ],
)
def test_the_domain_of_a_peer_is_known_where_it_speaks_for_one(
    domains: str, known: GlobalDomainIdentifier | None
) -> None:
    read = config.parse(GOOD.replace('name = "C"', f'name = "C"\n{domains}'), "/nowhere/x.toml")
    assert config.mta_configuration(read).peer_domains.get("C") == known


@pytest.mark.parametrize(
    ("key", "restrictions"),
    [
        ("content-types = []", Restrictions(content_types=frozenset())),
        ("encoded-information-types = []", Restrictions(encoded_information_types=frozenset())),
        ("", None),
    ],
)
def test_a_list_of_nothing_is_taken_for_that(key: str, restrictions: Restrictions | None) -> None:
    """Of a peer as of a user: it takes none, not all."""
    told = config.mta_configuration(config.parse(GOOD.replace('name = "C"', f'name = "C"\n{key}'), "x.toml"))
    assert told.restrictions.get("C") == restrictions
    user = f'\n[[user]]\naddress = "/C=GB/A=X/P=Y/S=Z/"\n{key}\n'
    (one,) = config.mta_configuration(config.parse(GOOD + user, "x.toml")).users
    assert one.restrictions == (restrictions or Restrictions())


def test_what_the_procedures_are_told() -> None:
    """Each key of the file that is for them, none at its default."""
    text = """
[mta]
name = "A"
global-domain-identifier = "/C=GB/A=X/P=Y/"
workers = 3
internal-trace = "within-domain"
deferred-delivery = "pass-on"
gateway-1984 = "/C=GB/A=X/P=Y/O=Gateway/"
[transfer-times]
urgent = 1
normal = 2
non-urgent = 3
[limits]
message-octets = 5000
returned-content-octets = 600
[[peer]]
name = "old"
protocol = "mts-transfer-protocol-1984"
content-types = ["ipm-84", "1.2.3"]
content-octets = 70
encoded-information-types = ["ia5-text"]
[[peer]]
name = "older style"
extensions-of-1988 = true
domains = ["/C=FR/A=Z/"]
[[route]]
to = "/C=GB/"
peer = "old"
cost = 4
content-types = ["edi"]
priorities = ["urgent", "non-urgent"]
content-octets = 80
originators = ["/C=DE/"]
[[route]]
to = "/C=GB/A=X/P=Y/"
deliver = "here"
listed-users = true
alternate-recipient = "/C=GB/A=X/P=Y/S=Post/"
"""
    told = config.mta_configuration(config.parse(text, "/nowhere/x.toml"), 2)
    assert told == MTAConfiguration(
        name="A",
        global_domain_identifier=GlobalDomainIdentifier("GB", "X", "Y"),
        routes=(
            Route(
                ORAddress.parse("/C=GB/"),
                peer="old",
                cost=4,
                content_types=frozenset({35}),
                priorities=frozenset({0, 2}),
                maximum_content_length=80,
                originators=(ORAddress.parse("/C=DE/"),),
            ),
            Route(
                ORAddress.parse("/C=GB/A=X/P=Y/"),
                deliver="/nowhere/here",
                listed_users=True,
                alternate_recipient=ORAddress.parse("/C=GB/A=X/P=Y/S=Post/"),
            ),
        ),
        internal_trace=InternalTrace.WITHIN_DOMAIN,
        transfer_times=(timedelta(seconds=1), timedelta(seconds=2), timedelta(seconds=3)),
        maximum_content_length=5000,
        maximum_returned_content=600,
        worker="w2",
        peers_1988=frozenset({"older style"}),
        peers_1984=frozenset({"old"}),
        peer_domains={"older style": GlobalDomainIdentifier("FR", "Z")},
        gateway_1984=ORAddress.parse("/C=GB/A=X/P=Y/O=Gateway/"),
        restrictions={"old": Restrictions(frozenset({2, "1.2.3"}), 70, frozenset({"ia5-text"}))},
        defers=False,
    )


def test_what_is_kept_of_interrupted_transfers() -> None:
    read = config.parse(
        GOOD + "\n[limits]\ninterrupted-transfers = 3\ninterrupted-octets = 0\n[timers]\nrecovery = 7", "x"
    )
    assert (read.limits.interrupted_transfers, read.limits.interrupted_octets) == (3, 0)
    assert (read.timers.interrupted, read.timers.recovery) == (86400.0, 7.0)


RECIPIENTS = (
    GOOD
    + """
listed-users = true
alternate-recipient = "/C=GB/A=X/P=Y/S=Postmaster/"

[[route]]
to = "/C=GB/A=X/P=*/"
peer = "B"
cost = 5
content-types = ["ipm-88", "1.2.3"]
priorities = ["urgent"]
content-octets = 1000
originators = ["/C=GB/A=X/"]

[[user]]
address = "/C=GB/A=X/P=Y/S=Ann/"
alternate-recipient = "/C=GB/A=X/P=Y/S=Bea/"
content-types = ["22"]
encoded-information-types = ["ia5-text"]
permitted = ["/C=GB/"]

[[distribution-list]]
address = "/C=GB/A=X/P=Y/CN=Staff/"
members = ["/C=GB/A=X/P=Y/S=Ann/", "/C=GB/A=X/P=B/S=Bob/"]
owner = "/C=GB/A=X/P=Y/S=Bea/"
reports = "both"
"""
)


def test_users_and_lists() -> None:
    mta = config.mta_configuration(config.parse(RECIPIENTS, "/etc/x400/a.toml"))
    (user,) = mta.users
    assert str(user.alternate_recipient) == "/C=GB/A=X/P=Y/S=Bea/"
    assert user.restrictions.content_types == {22}
    assert user.restrictions.encoded_information_types == {"ia5-text"}
    assert [str(one) for one in user.permitted or ()] == ["/C=GB/"]
    (staff,) = mta.distribution_lists
    assert [str(member) for member in staff.members] == ["/C=GB/A=X/P=Y/S=Ann/", "/C=GB/A=X/P=B/S=Bob/"]
    assert staff.report_policy.value == "both"
    own, any_private = mta.routes[1:]
    assert (own.listed_users, str(own.alternate_recipient)) == (True, "/C=GB/A=X/P=Y/S=Postmaster/")
    assert any_private.content_types == {22, "1.2.3"}
    assert any_private.priorities == {0}
    assert (any_private.cost, any_private.maximum_content_length, any_private.conditional) == (5, 1000, True)


@pytest.mark.parametrize(
    ("old", "new", "key", "expected"),
    [
        ('S=Ann/"\nalternate', 'nothing"\nalternate', "user[0].address", "an O/R address"),
        ('P=Y/S=Bea/"\ncontent', 'P=Y/S=Ann/"\ncontent', "user[0].alternate-recipient", "an end of redirections"),
        ('permitted = ["/C=GB/"]', 'permitted = ["x"]', "user[0].permitted[0]", "an O/R address"),
        (
            'members = ["/C=GB/A=X/P=Y/S=Ann/"',
            'members = ["/C=GB/A=X/P=Y/CN=Staff/"',
            "distribution-list[0].members",
            "end",
        ),
        (
            'members = ["/C=GB/A=X/P=Y/S=Ann/", "/C=GB/A=X/P=B/S=Bob/"]',
            "members = []",
            "distribution-list[0].members",
            "one",
        ),
        ('owner = "/C=GB/A=X/P=Y/S=Bea/"', "", "distribution-list[0].owner", "an owner"),
        ('owner = "/C=GB/A=X/P=Y/S=Bea/"', 'owner = "/C=GB/A=X/P=Y/CN=Staff/"', "distribution-list[0].owner", "not a"),
        (
            'address = "/C=GB/A=X/P=Y/CN=Staff/"',
            'address = "/C=GB/A=X/P=Y/S=Ann/"',
            "distribution-list[0].address",
            "own",
        ),
        ('["22"]', '["x"]', "user[0].content-types[0]", "str"),
    ],
)
def test_users_and_lists_with_errors(old: str, new: str, key: str, expected: str) -> None:
    assert old in RECIPIENTS
    with pytest.raises(config.ConfigError) as error:
        config.parse(RECIPIENTS.replace(old, new), "a.toml")
    assert error.value.key == key
    assert expected in error.value.expected
