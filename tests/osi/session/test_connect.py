"""Connecting: sizes of user data, selectors, versions, refusals, faults with their place, the ends of a connection."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.osi.session.pairs import Side, connected, exchange, sent
from x400_framer import (
    DATA_TOKEN,
    HALF_DUPLEX,
    PROTOCOL_ERROR,
    Connection,
    LocalProtocolError,
    Parameters,
    SConnectRefused,
    SPAbortIndication,
    SUAbortIndication,
)


@pytest.mark.parametrize("size", [0, 1, 254, 255, 512, 513, 10240, 10241, 70000, 200000])
@pytest.mark.parametrize("tsdu", [0, 2041])
def test_user_data_of_any_size(size: int, tsdu: int) -> None:
    """CONNECT carries 512, 10240 extended, the rest in CONNECT DATA OVERFLOW (X.225 7.1.1)."""
    parameters = Parameters(tsdu_maximum_size=tsdu)
    connected(random.Random(1), parameters, parameters, random.Random(2).randbytes(size))


def test_a_large_ssdu_goes_in_pieces() -> None:
    one, other = connected(random.Random(1), Parameters(tpdu_size=1024), Parameters())
    one.connection.s_activity_start_request(b"\x01")
    data = random.Random(3).randbytes(300000)
    one.connection.s_data_request(data[:1000], memoryview(data)[1000:])
    other.connection.receive_data(b"")
    octets = sent(one.connection)
    events = other.connection.receive_data(octets)
    assert bytes(events[-1].user_data) == data


def test_what_is_put_together_is_bounded() -> None:
    one, other = connected(random.Random(1), Parameters(tpdu_size=1024), Parameters(max_tsdu=5000))
    one.connection.s_activity_start_request(b"\x01")
    one.connection.s_data_request(bytes(6000))
    events = other.connection.receive_data(sent(one.connection))
    assert isinstance(events[-1], SPAbortIndication)
    assert other.connection.closed
    assert isinstance(one.connection.receive_data(sent(other.connection))[-1], SPAbortIndication)


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        (Parameters(called_session_selector=b"S"), 129),
        (Parameters(versions=1), 132),
        (Parameters(session_requirements=HALF_DUPLEX), 0),
    ],
)
def test_refusals(theirs: Parameters, reason: int) -> None:
    one, other = Side(True, Parameters(versions=2), random.Random(1)), Side(False, theirs, random.Random(2))
    one.request("SCONreq", lambda c: c.s_connect_request(b"CP"), b"CP")
    exchange(one, other)
    if reason:
        assert one.heard == [("SConnectRefused", reason, b"")]
        assert one.connection.closed
    else:
        assert other.heard[-1][0] == "SConnectIndication"


def test_refused_by_the_user_with_data() -> None:
    one, other = Connection(True, Parameters()), Connection(False, Parameters())
    one.s_connect_request(b"CP")
    other.receive_data(sent(one))
    one.receive_data(sent(other))
    other.receive_data(sent(one))
    other.s_connect_refuse(2, b"CPR" * 400)
    (event,) = one.receive_data(sent(other))
    assert isinstance(event, SConnectRefused)
    assert (event.reason, bytes(event.user_data)) == (2, b"CPR" * 400)


def test_transport_selector_unknown() -> None:
    one, other = (
        Connection(True, Parameters(called_transport_selector=b"A")),
        Connection(False, Parameters(called_transport_selector=b"B")),
    )
    one.s_connect_request(b"")
    assert isinstance(other.receive_data(sent(one))[0], SPAbortIndication)
    assert other.closed
    (event,) = one.receive_data(sent(other))
    assert event.reason == 3


def test_a_wrong_length_is_placed() -> None:
    one, other = connected(random.Random(1), Parameters(), Parameters())
    before = len(other.received)
    (event,) = other.connection.receive_data(bytes.fromhex("0300000e02f080010029092a0131"))
    assert (event.reason, event.offset, event.layer, event.local) == (PROTOCOL_ERROR, before + 10, "session", True)
    assert isinstance(one.connection.receive_data(sent(other.connection))[0], SPAbortIndication)


def test_user_abort() -> None:
    one, other = connected(random.Random(1), Parameters(), Parameters())
    one.connection.s_u_abort_request(b"ARU" * 300)
    assert one.connection.closed
    (event,) = other.connection.receive_data(sent(one.connection))
    assert isinstance(event, SUAbortIndication)
    assert bytes(event.user_data) == b"ARU" * 300
    assert other.connection.closed


def test_local_misuse_changes_nothing() -> None:
    one, other = connected(random.Random(1), Parameters(), Parameters())
    for connection in (one.connection, other.connection):
        with pytest.raises(LocalProtocolError):
            connection.s_data_request(b"no activity")
    with pytest.raises(LocalProtocolError):
        other.connection.s_token_give_request(DATA_TOKEN)
    assert one.connection.state == other.connection.state == "STA713"
    assert not one.connection.data_to_send()


@pytest.mark.tshark
@pytest.mark.skipif(shutil.which("text2pcap") is None, reason="needs text2pcap, which comes with tshark")
def test_tshark_knows_every_spdu(tmp_path: Path) -> None:
    one, other = connected(random.Random(1), Parameters(), Parameters())
    tpdus: list[bytes] = []

    def do(side: Side, name: str, *arguments: object) -> None:
        getattr(side.connection, name)(*arguments)
        octets = sent(side.connection)
        tpdus.append(octets)
        (other if side is one else one).connection.receive_data(octets)
        answer = sent((other if side is one else one).connection)
        if answer:
            tpdus.append(answer)
            side.connection.receive_data(answer)

    do(one, "s_token_give_request", DATA_TOKEN)
    do(one, "s_token_please_request", DATA_TOKEN, b"x")
    do(other, "s_token_give_request", DATA_TOKEN)
    do(one, "s_control_give_request")
    do(other, "s_activity_start_request", b"\x02\x01\x01")
    do(other, "s_sync_minor_request")
    do(one, "s_sync_minor_response", 1)
    do(one, "s_u_exception_report_request", 6)
    do(other, "s_activity_discard_request", 5)
    do(one, "s_activity_discard_response")
    do(other, "s_activity_resume_request", b"\x01", b"\x02", 3)
    do(other, "s_activity_interrupt_request", 1)
    do(one, "s_activity_interrupt_response")
    lines = "".join("0000 " + tpdu.hex(" ") + "\n" for tpdu in tpdus)
    (tmp_path / "hex").write_text(lines)
    run = subprocess.run
    run(["text2pcap", "-q", "-T", "1024,102", tmp_path / "hex", tmp_path / "pcap"], check=True, capture_output=True)
    command = [
        "tshark",
        "-r",
        str(tmp_path / "pcap"),
        "-o",
        "tcp.check_checksum:FALSE",
        "-T",
        "fields",
        "-e",
        "ses.type",
    ]
    types = run(command, check=True, capture_output=True, text=True).stdout.split()
    numbers = [int(value, 0) for line in types for value in line.split(",")]
    assert numbers == [1, 2, 1, 21, 22, 1, 45, 1, 49, 2, 50, 2, 48, 1, 57, 2, 58, 1, 29, 1, 25, 2, 26]
