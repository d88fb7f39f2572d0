"""x400 check, and how all commands fail."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.cli.processes import relay_config, x400

EXAMPLE = Path(__file__).parents[2] / "examples" / "relay.toml"


def test_the_example_is_good() -> None:
    shown = x400("check", EXAMPLE).stdout
    for expected in ("relay", "/C=GB/A=EXAMPLE/P=NEXT/", "127.0.0.1:10103", "delivered", "monologue"):
        assert expected in shown


@pytest.mark.parametrize(
    ("wrong", "line", "key", "expected"),
    [
        ('name = "here"', 'name = ""', "name", "length"),
        ("port = 0", "port = 70000", "port", "65535"),
        ('peer = "next"', 'peer = "nowhere"', "peer", "nowhere"),
        ('spool = "spool"', "spool = 7", "spool", "str"),
        ("unauthenticated = true", "unauthenticatet = true", "unauthenticatet", "unknown"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, wrong: str, line: str, key: str, expected: str) -> None:
    config = relay_config(tmp_path)
    config.write_text(config.read_text().replace(wrong, line))
    for command in (("check",), ("run",), ("queue", "list")):
        error = x400(*command, config, code=1).stderr
        assert f"{config}:" in error
        assert key in error
        assert expected in error
        assert "Traceback" not in error


@pytest.mark.parametrize(
    "arguments", [("check",), ("nothing",), ("load", "--to", "nowhere"), ("sink", "--listen", "x:y")]
)
def test_misuse_exits_2(arguments: tuple[str, ...]) -> None:
    done = x400(*arguments, code=2)
    assert "Traceback" not in done.stderr


def test_help_names_every_command() -> None:
    shown = x400("--help").stdout
    for command in ("run", "check", "send", "inspect", "queue", "peers", "trace", "load", "sink", "demo"):
        assert f" {command} " in shown
        assert "Usage" in x400(command, "--help").stdout


def test_routes_of_two_mtas_that_go_in_a_circle(tmp_path: Path) -> None:
    paths = []
    for name, other in (("A", "B"), ("B", "A")):
        path = tmp_path / f"{name}.toml"
        path.write_text(
            f'[mta]\nname = "{name}"\nglobal-domain-identifier = "/C=GB/A=X/P={name}/"\n'
            f'[[peer]]\nname = "{other}"\naddress = "localhost:102"\n[[route]]\nto = "/C=FR/"\npeer = "{other}"\n'
        )
        paths.append(path)
    assert x400("check", paths[0]).returncode == 0
    refused = x400("check", *paths, code=1)
    assert "/C=FR/ goes in a circle" in " ".join(refused.stderr.split())


def test_a_directory_users_and_lists_are_shown_and_no_secret(tmp_path: Path) -> None:
    config = relay_config(tmp_path)
    assert "Directory" not in x400("check", config).stdout
    (tmp_path / "secret").write_text("only the directory knows\n")
    config.write_text(
        config.read_text()
        + """
[[user]]
address = "/C=GB/A=T/P=HERE/O=X/S=Away/"
alternate-recipient = "/C=GB/A=T/P=HERE/O=X/S=Bob/"

[[distribution-list]]
address = "/C=GB/A=T/P=HERE/CN=Staff/"
members = ["/C=GB/A=T/P=HERE/O=X/S=Bob/", "/C=GB/A=T/P=NEXT/O=Y/S=Carol/"]

[directory]
url = "ldap://127.0.0.1:3890"
base = "o=Example,c=GB"
filter = "(&(o={O})(sn={S}))"
bind-name = "cn=relay,o=Example,c=GB"
password-file = "secret"
mta-attribute = "routingMTA"
redirect-attribute = "redirectTo"
deliver = "by-directory"
cache = 90
"""
    )
    shown = x400("check", config).stdout
    for expected in (
        "what no route is for",
        "ldap://127.0.0.1:3890, by 1 process",
        "cn=relay,o=Example,c=GB, password in secret",
        "(&(o={O})(sn={S}))",
        "redirectTo",
        "routingMTA = here",
        str(tmp_path / "by-directory"),
        "an answer is kept for 90.00 s, that there is none for 60.00 s, 65536 of them",
        "after 5.00 s tried again in 30.00 s",
        "redirected to /C=GB/A=T/P=HERE/O=X/S=Bob/",
        "2 members, reports to originator",
    ):
        assert expected in shown, expected
    assert "only the directory knows" not in shown


def test_what_peers_present(tmp_path: Path) -> None:
    authority = Authority("root", now=datetime.now(UTC))
    (tmp_path / "here").mkdir()
    authority.write(tmp_path, "here")
    config = relay_config(tmp_path, certificate="here/here.pem", key="here/here.key")
    one = 'name = "next"\n'
    assert one in config.read_text()
    config.write_text(
        config.read_text().replace(one, f'{one}strong = {{ trust = "root.pem" }}\nprotocol = "mts-transfer-protocol"\n')
    )
    shown = x400("check", config).stdout
    for expected in ("nothing, from 127.0.0.1", "trusted by root.pem", "here, signed", "mts-transfer-protocol "):
        assert expected in shown, expected
