"""Two MTAs, each pair of protocol and bind: a message there, another back, and what tshark makes of it."""

from __future__ import annotations

import itertools
import struct
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

NO_PPDU = "Internal error:can't get spdu type from session dissector"
"""What tshark 4 says of each DATA TRANSFER in X.410 mode: its dissector of presentation looks for User-data, finds
none, and stays where it is. There is none: the octets of the APDU are session's (X.410 4.2, X.228 8.3). No preference
makes it hand them to RTSE, so they are put together here, and given to its dissector of P1."""

P1_IN_A_FILE = """\
DissectorTable.get("wtap_encap"):add(wtap.USER0, DissectorTable.get("ber.syntax"):get_dissector("P1 Message"))
"""
USER0 = 147
DT = b"\xf0"
ACTIVITY_DATA = b"\x01\x00\x01\x00"
"""GIVE TOKENS and DATA TRANSFER without parameters (X.225 8.3.11, 8.3.12): what follows is the user's."""

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
    path = tmp_path / "there.pcapng"
    if protocol == PROTOCOLS[0]:
        assert faults(path) == []
    else:
        ways = {"there": user_data(path, "tcp.dstport")}
        if dialogue != "monologue":
            ways["back"] = user_data(path, "tcp.srcport")
        assert faults(path) == [NO_PPDU] * sum(map(len, ways.values()))
        for way, data in ways.items():
            file = in_a_file(tmp_path, b"".join(data))
            assert faults(*file) == []
            text = tshark(*file, "-V")
            assert f"local-identifier: test.{way}" in text
            assert "Dissected, too." in text
    text = tshark(path, "-V")
    if protocol != PROTOCOLS[0]:
        assert f"applicationProtocol: {protocol} (" in text
    form = "unauthenticated (0)" if bind == "unauthenticated" else "authenticated (1)"
    assert f"MTABindArgument: {form}" in text
    assert f"MTABindResult: {form}" in text
    assert "ACTIVITY START (AS) SPDU" in text


def tshark(path: Path, *more: str) -> str:
    command = ["tshark", "-r", str(path), "-d", "tcp.port==1024-65535,tpkt", *more]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def faults(path: Path, *more: str) -> list[str]:
    wrong = "_ws.malformed || _ws.expert.severity == 8388608"
    return tshark(path, *more, "-Y", wrong, "-T", "fields", "-e", "_ws.expert.message").split("\n")[:-1]


def user_data(path: Path, port: str) -> list[bytes]:
    """What the DATA TRANSFER SPDUs to, or from, the one called carry: each is in a TPDU of its own."""
    wanted = f"{port} == 102 && tcp.len > 0"
    octets = bytes.fromhex(tshark(path, "-Y", wanted, "-T", "fields", "-e", "tcp.payload").replace("\n", ""))
    found = []
    while octets:
        length = int.from_bytes(octets[2:4])
        tpdu, octets = octets[4:length], octets[length:]
        if tpdu[1:2] == DT and tpdu[3:].startswith(ACTIVITY_DATA):
            found.append(tpdu[3 + len(ACTIVITY_DATA) :])
    return found


def in_a_file(folder: Path, apdu: bytes) -> tuple[Path, str, str]:
    """The APDU as the one packet of a file, and how tshark is to take it for P1."""
    path, script = folder / "apdu.pcap", folder / "p1.lua"
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, USER0)
    path.write_bytes(head + struct.pack("<IIII", 0, 0, len(apdu), len(apdu)) + apdu)
    script.write_text(P1_IN_A_FILE)
    return path, "-X", f"lua_script:{script}"


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
