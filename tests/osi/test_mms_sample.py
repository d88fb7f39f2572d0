"""Other implementers' TPKT, COTP, session, presentation and ACSE: IEC 61850 devices, whatever is above."""

from __future__ import annotations

from pathlib import Path

import pytest

import fastber
import x400_framer
from tests.osi.captures import Endpoint, segments
from x400.osi.acse import apdu
from x400.osi.presentation import ppdu, user_data

pytestmark = pytest.mark.shared

SAMPLE = "mms-sample.pcap"


def streams(path: Path) -> dict[tuple[Endpoint, Endpoint], bytes]:
    found: dict[tuple[Endpoint, Endpoint], bytes] = {}
    for source, target, octets in segments(path):
        if 102 in (source[1], target[1]):
            found[source, target] = found.get((source, target), b"") + octets
    return found


def session_user_data(spdu: bytes) -> bytes:
    """The user data of a CN or AC: the last of its parameters."""
    offset = 2 if spdu[1] != 0xFF else 4
    while offset < len(spdu):
        length = spdu[offset + 1]
        start = offset + 2
        if length == 0xFF:
            length = int.from_bytes(spdu[offset + 2 : offset + 4], "big")
            start = offset + 4
        if spdu[offset] == 0xC1:
            return spdu[start : start + length]
        offset = start + length
    raise AssertionError("no user data")


def test_an_association_is_asked_for_and_accepted(shared_captures: Path) -> None:
    found = streams(shared_captures / SAMPLE)
    (key,) = [key for key, octets in found.items() if octets[5:6] == b"\xe0"]
    request = found[key]
    length = int.from_bytes(request[2:4], "big")
    parameters, values = ppdu.decode_cp(session_user_data(request[length + 7 :]))
    contexts = parameters["presentation-context-definition-list"]
    assert [context["abstract-syntax-name"] for context in contexts] == ["2.2.1.0.1", "1.0.9506.2.1"]
    ((context, aarq),) = values
    name, value = apdu.decode(aarq)
    assert (context, name) == (1, "aarq")
    assert value["aSO-context-name"] == "1.0.9506.2.3"
    assert len(apdu.user_information(value)) == 1

    answer = found[key[1], key[0]]
    length = int.from_bytes(answer[2:4], "big")
    accepted, values = ppdu.decode_cpa(session_user_data(answer[length + 7 :]))
    assert [result["result"] for result in accepted["presentation-context-definition-result-list"]] == [0, 0]
    name, value = apdu.decode(values[0][1])
    assert (name, value["result"]) == ("aare", 0)


def test_our_framer_takes_it_as_a_responder(shared_captures: Path) -> None:
    """Session of MMS is duplex: our functional units refuse it, after the CP has come through."""
    found = streams(shared_captures / SAMPLE)
    (octets,) = [octets for octets in found.values() if octets[5:6] == b"\xe0"]
    connection = x400_framer.Connection(False, x400_framer.Parameters())
    kinds = []
    for event in connection.receive_data(octets[: octets.index(b"\x03\x00", 30)]):
        kinds.append(type(event).__name__)
    assert kinds
    assert kinds[0] in ("TConnectIndication", "SConnectIndication")


def test_every_data_spdu_holds_presentation_data(shared_captures: Path) -> None:
    count = 0
    for octets in streams(shared_captures / SAMPLE).values():
        packets = octets if octets[:2] == b"\x03\x00" else b""
        while len(packets) >= 4:
            length = int.from_bytes(packets[2:4], "big")
            packet, packets = packets[:length], packets[length:]
            if len(packet) == length and packet[5:11] == b"\xf0\x80\x01\x00\x01\x00":
                ((context, value),) = user_data.decode(packet[11:])
                assert context == 3
                assert len(value)
                assert user_data.encode([(context, value)]) == packet[11:]
                assert len(fastber.tree(bytes(value))) == 1  # of MMS we have no module; its elements are whole
                count += 1
    assert count > 10
