"""The framer against its plain Python twin: the same octets of a relay's association, the same events.

Rounds are paired, A B A B; figures are medians of the pairs. The last line is `ratio N.N wall, M.M cpu`, how many times
less time the framer takes. `--smoke` does one short round.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.osi.session.oracle import Oracle, events_of
from x400_framer import Connection, Parameters

CHUNK = 65536


def association(messages: int, size: int) -> tuple[bytes, bytes]:
    """What an initiator sends: connect, then for each message an activity with one SSDU."""
    initiator, responder = Connection(True, Parameters()), Connection(False, Parameters())
    initiator.s_connect_request(b"CP")
    octets: list[bytes] = []

    def exchange() -> None:
        octets.append(b"".join(map(bytes, initiator.data_to_send())))
        for event in responder.receive_data(octets[-1]):
            if type(event).__name__ == "SActivityEndIndication":
                responder.s_activity_end_response()
            elif type(event).__name__ == "SConnectIndication":
                responder.s_connect_accept(b"CPA")
        initiator.receive_data(b"".join(map(bytes, responder.data_to_send())))

    exchange()
    exchange()
    connect, octets = b"".join(octets), []
    content = bytes(range(256)) * (size // 256)
    for _ in range(messages):
        initiator.s_activity_start_request(b"\x02\x01\x01")
        initiator.s_data_request(content)
        initiator.s_activity_end_request()
        exchange()
    return connect, b"".join(octets)


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def framer(connect: bytes, octets: bytes) -> int:
    connection, count = Connection(False, Parameters()), 0
    connection.receive_data(connect)
    connection.s_connect_accept(b"CPA")
    for at in range(0, len(octets), CHUNK):
        events = connection.receive_data(octets[at : at + CHUNK])
        count += len(events)
        for event in events:
            if type(event).__name__ == "SActivityEndIndication":
                connection.s_activity_end_response()
    return count


def twin(connect: bytes, octets: bytes) -> int:
    oracle, count = Oracle(False, Parameters()), 0
    oracle.receive_data(connect)
    oracle.request("SCONrsp+")
    for at in range(0, len(octets), CHUNK):
        events = oracle.receive_data(octets[at : at + CHUNK])
        count += len(events)
        for event in events:
            if event[0] == "SActivityEndIndication":
                oracle.request("SACTErsp")
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--messages", type=int, default=4000)
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    messages, rounds = (50, 1) if arguments.smoke else (arguments.messages, arguments.rounds)
    connect, octets = association(1, arguments.size)
    # in one read a second activity would begin before the first is answered: one message a read
    octets_of_one, pairs = octets, []
    global CHUNK
    CHUNK = len(octets_of_one)
    octets = octets_of_one * messages
    assert framer(connect, octets) == twin(connect, octets) == 3 * messages
    assert events_of([]) == []
    for number in range(rounds):
        ours = timed(lambda: framer(connect, octets))
        theirs = timed(lambda: twin(connect, octets))
        pairs.append((theirs[0] / ours[0], theirs[1] / ours[1]))
        print(
            f"round {number + 1}: framer {ours[0] / messages * 1e6:.1f} us a message "
            f"({ours[1] / messages * 1e6:.1f} cpu), twin {theirs[0] / messages * 1e6:.1f} us"
        )
    wall, cpu = (statistics.median(pair[place] for pair in pairs) for place in (0, 1))
    print(f"ratio {wall:.1f} wall, {cpu:.1f} cpu")


if __name__ == "__main__":
    main()
