"""Two other MTAs' octets, replayed: the initiator's to our responder, the responder's to our initiator."""

from __future__ import annotations

import pytest

from tests.osi.session.oracle import Oracle, events_of
from x400_framer import Connection, Parameters

CONNECT = (
    "0300001d18e00000050600c103353931c20878343030696e3838c0010b",
    "030000b902f0800db001180a041402766d0b10170e313236313132343038343635335a050f130100150407f907f91601031a010014020249"
    "c17f317da003800101a276a433300f020101060452010001300406025101300f02010306045600020c300406025101300f020105060456000207"
    "300406025101613f303d020101a0386036a106060456000106be2c282a06025101020103a021b01f80013f820100a317a015b013a11180055050"
    "4d5441a1080406707070617373",
)
ACTIVITY = ("0300001002f08001002d052903020101", "0300000e02f08001000100616263",
            "0300000e02f080010029032a0131")  # fmt: skip
RELEASE = ("0300001c02f0800913110101c10e610c300a020101a0056203800100", "0300000b06800507050680")
ANSWERS = (
    "0300000e09d00506050700c0010b",
    "030000a902f0800ea0011809041402766d0b10170e313236313132343038343635335a05091301001601021a0100140202493400c1733171"
    "a003800101a26aa51b300780010081025101300780010081025101300780010081025101614b3049020101a0446142a106060456000106a20302"
    "0100a305a103020100be2c282a06025101020103a021b11f800101810103a217a015b113a1118005"
    "50504d5441a1080406707070617373",
    "0300000e02f08002002a032a0131",
    "0300001902f0800a10c10e610c300a020101a0056303800100",
)


@pytest.mark.parametrize("step", [1, 7, 10000])
def test_initiator_s_octets(step: int) -> None:
    octets = b"".join(map(bytes.fromhex, CONNECT + ACTIVITY + RELEASE))
    ours, twin, names = Connection(False, Parameters()), Oracle(False, Parameters()), []
    answers = {"SConnectIndication": ("SCONrsp+", lambda: ours.s_connect_accept(b"CPA"))}
    answers["SActivityEndIndication"] = ("SACTErsp", ours.s_activity_end_response)
    answers["SReleaseIndication"] = ("SRELrsp", ours.s_release_response)
    for tpdu in CONNECT + ACTIVITY + RELEASE:
        octets = bytes.fromhex(tpdu)
        for at in range(0, len(octets), step):
            events = events_of(ours.receive_data(octets[at : at + step]))
            assert events == twin.receive_data(octets[at : at + step])
            for event in events:
                names.append(event[0])
                if event[0] in answers:
                    request, call = answers[event[0]]
                    call()
                    twin.request(request)
    assert names == [
        "TConnectIndication", "SConnectIndication", "SActivityStartIndication", "SDataIndication",
        "SActivityEndIndication", "SReleaseIndication",
    ]  # fmt: skip
    assert ours.closed
    sent = [bytes(buffer).hex() for buffer in ours.data_to_send()]
    assert sent[0] == "0300000e09d00506000100c0010b"
    assert sent[2] == ANSWERS[2]


def test_responder_s_octets() -> None:
    ours = Connection(True, Parameters())
    ours.s_connect_request(b"CP")
    names = []
    for answer in ANSWERS:
        for event in ours.receive_data(bytes.fromhex(answer)):
            names.append(type(event).__name__)
            if names[-1] == "SConnectConfirm":
                ours.s_activity_start_request(b"\x02\x01\x01")
                ours.s_data_request(b"abc")
                assert ours.s_activity_end_request() == 1
            elif names[-1] == "SActivityEndConfirm":
                ours.s_release_request(bytes.fromhex("610c300a020101a0056203800100"))
    assert names == ["SConnectConfirm", "SActivityEndConfirm", "SReleaseConfirm"]
    assert ours.closed
    sent = b"".join(map(bytes, ours.data_to_send())).hex()
    assert ACTIVITY[0] + "0300000e02f08001000100616263" + ACTIVITY[2] + RELEASE[0] in sent
    assert sent.endswith("0300000b06800507000180")
