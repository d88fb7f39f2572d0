"""Two MTAs, each pair of protocol and bind: a message there, another back, and what tshark makes of it."""

from __future__ import annotations

import itertools
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.server.harness import SOURCE, apdu, configuration, delivered, free_port, run, transfer, until, working
from x400.ipm.body_parts import Text
from x400.ipm.heading import Heading
from x400.ipm.message import encode
from x400.net.transfer import TransferFailed
from x400.osi import rtse
from x400.server import config

PROTOCOLS = ["mts-transfer", "mts-transfer-protocol", "mts-transfer-protocol-1984"]
BINDS = {
    "unauthenticated": ('unauthenticated = true\nhosts = ["127.0.0.1"]', True),
    "simple": ("", False),
    "strong": ('strong = { trust = "../root.pem" }', True),
}

LETTER = encode(Heading("letter"), [Text("Dissected, too.\n")])

NO_SPDU_TYPE = "Internal error:can't get spdu type from session dissector"
"""What tshark says of itself in X.410 mode, where its dissector of presentation is called without a PPDU: there is none
(X.410 4.2 puts RTS's octets straight into session's)."""

AUTHORITY = Authority("root", now=datetime.now(UTC))


def mta(folder: Path, name: str, port: int, peer: str, peer_port: int, protocol: str, bind: str, dialogue: str) -> Path:
    more, without = BINDS[bind]
    more += f'\nprotocol = "{protocol}"\ndialogue-mode = "{dialogue}"\ncapture = "{name}.pcapng"'
    path = configuration(folder, name, port, to={peer: peer_port}, peer_more=more)
    if without:
        text = path.read_text()
        for line in (f'password = "secret of {peer}"', f'own-password = "secret of {name}"'):
            assert line in text
            text = text.replace(line, "")
        path.write_text(text)
    if bind == "strong":
        AUTHORITY.write(folder, name)
        here = f'name = "{name}"\n'
        path.write_text(path.read_text().replace(here, f'{here}certificate = "{name}.pem"\nkey = "{name}.key"\n', 1))
    return path


PAIRS = [pair for pair in itertools.product(PROTOCOLS, BINDS) if pair != (PROTOCOLS[2], "strong")]


@pytest.mark.parametrize("dialogue", ["monologue", "two-way-alternate"])
@pytest.mark.parametrize(("protocol", "bind"), PAIRS)
def test_there_and_back(tmp_path: Path, protocol: str, bind: str, dialogue: str) -> None:
    a, b = free_port(), free_port()
    back = b if dialogue == "monologue" else 0
    there = mta(tmp_path, "A", a, "B", b, protocol, bind, dialogue)
    here = mta(tmp_path, "B", b, "A", a if back else 0, protocol, bind, dialogue)

    async def body() -> None:
        async with working(there), working(here):
            await transfer(a, [apdu("there", "/C=GB/A=TEST/P=B/S=Ann/", content=LETTER)])
            await until(lambda: delivered(tmp_path, "B"))
            await transfer(b, [apdu("back", "/C=GB/A=TEST/P=A/S=Ann/", content=LETTER)])
            await until(lambda: delivered(tmp_path, "A"))

    run(body())
    (tmp_path / "A" / "A.pcapng").rename(tmp_path / "there.pcapng")


@pytest.mark.tshark
@pytest.mark.parametrize("dialogue", ["monologue", "two-way-alternate"])
@pytest.mark.parametrize(("protocol", "bind"), PAIRS)
def test_what_is_said_is_understood(tmp_path: Path, protocol: str, bind: str, dialogue: str) -> None:
    """tshark finds nothing wrong in any frame, and names the protocol and the form of the bind."""
    test_there_and_back(tmp_path, protocol, bind, dialogue)
    path = str(tmp_path / "there.pcapng")
    command = ["tshark", "-r", path, "-d", "tcp.port==1024-65535,tpkt"]
    wrong = [
        *command,
        "-Y",
        "_ws.malformed || _ws.expert.severity == 8388608",
        "-T",
        "fields",
        "-e",
        "_ws.expert.message",
    ]
    found = set(subprocess.run(wrong, check=True, capture_output=True, text=True).stdout.split("\n"))
    assert found <= {"", NO_SPDU_TYPE if protocol != PROTOCOLS[0] else ""}
    text = subprocess.run([*command, "-V"], check=True, capture_output=True, text=True).stdout
    if protocol != PROTOCOLS[0]:
        assert f"applicationProtocol: {protocol} (" in text
    form = "unauthenticated (0)" if bind == "unauthenticated" else "authenticated (1)"
    assert f"MTABindArgument: {form}" in text
    assert f"MTABindResult: {form}" in text
    assert "ACTIVITY START (AS) SPDU" in text


@pytest.mark.parametrize(("says", "is_to"), [(a, b) for a, b in itertools.product(PROTOCOLS, PROTOCOLS) if a != b])
def test_another_protocol_than_the_configured_one(tmp_path: Path, says: str, is_to: str) -> None:
    from x400.server.peer_tables import APPLICATION_PROTOCOLS

    a = free_port()
    path = configuration(tmp_path, "A", a)
    path.write_text(path.read_text().replace('name = "source"', f'name = "source"\nprotocol = "{is_to}"'))
    parameters = rtse.Parameters(application_protocol=APPLICATION_PROTOCOLS[says])

    async def body() -> None:
        async with working(path):
            with pytest.raises(TransferFailed, match="authentication-error"):
                await transfer(a, [apdu("x", "/C=GB/A=TEST/P=A/S=Ann/")], SOURCE, parameters)
            right = rtse.Parameters(application_protocol=APPLICATION_PROTOCOLS[is_to])
            await transfer(a, [apdu("x", "/C=GB/A=TEST/P=A/S=Ann/")], SOURCE, right)
            await until(lambda: delivered(tmp_path, "A"))

    run(body())


def test_no_strong_credentials_in_1984(tmp_path: Path) -> None:
    path = mta(tmp_path, "A", 1, "B", 2, PROTOCOLS[2], "strong", "monologue")
    with pytest.raises(config.ConfigError, match="strong: expected a later protocol"):
        config.load(path)
