"""The framer's twin in plain Python: octets to events by the same table of states, written to be read, not to be fast.

An event is a tuple, its name and its fields; `events_of` gives the framer's events in the same form. What our own side
asks for is told to the twin by `request`, which changes its state and sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from x400_framer import Parameters, SPAbortIndication, TDisconnectIndication
from x400_framer.states import IGNORE, TABLE

Event = tuple[Any, ...]
DATA, MINOR, MAJOR = 1, 4, 16
SECOND = {
    0: "ER",
    1: "DT",
    25: "AI",
    26: "AIA",
    29: "AR",
    41: "AE",
    42: "AEA",
    45: "AS",
    48: "ED",
    49: "MIP",
    50: "MIA",
}
SECOND |= {57: "AD", 58: "ADA"}
FIRST = {9: "FN", 10: "DN", 12: "RF", 13: "CN", 14: "AC", 15: "CDO", 16: "OA", 21: "GTC", 22: "GTA", 25: "AB", 26: "AA"}
FIRST |= {33: "TD"}


class Fault(Exception):
    """What the peer did wrong, as far as the events tell: reason and layer."""

    def __init__(self, reason: int = 4, layer: str = "session") -> None:
        super().__init__(reason, layer)
        self.reason, self.layer = reason, layer


def events_of(events: Iterable[Any]) -> list[Event]:
    """The framer's events as tuples, without the texts and places that are for the log."""
    result: list[Event] = []
    for event in events:
        name = type(event).__name__
        if isinstance(event, SPAbortIndication):
            result.append((name, event.reason, event.layer, event.local))
        elif isinstance(event, TDisconnectIndication):
            result.append((name, event.reason))
        else:
            values = [getattr(event, field) for field in event._fields]
            result.append((name, *(bytes(value) if isinstance(value, memoryview) else value for value in values)))
    return result


def length(octets: bytes, at: int) -> tuple[int, int]:
    """A length indicator and where its field begins (X.225 8.2.5)."""
    if at >= len(octets) or (octets[at] == 255 and at + 3 > len(octets)):
        raise Fault
    size, at = (octets[at], at + 1) if octets[at] != 255 else (octets[at + 1] << 8 | octets[at + 2], at + 3)
    if at + size > len(octets):
        raise Fault
    return size, at


def units(octets: bytes, group: int = 0) -> dict[int, bytes]:
    """PI units by code, those of a group among the others; linked ones have 128 added (X.225 8.2.2)."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(octets):
        code = octets[at]
        size, start = length(octets, at + 1)
        value = octets[start : start + size]
        if group == 0 and code in (1, 5, 33):
            inside = units(value, code)
        else:
            inside = {code & 127 | 128 if group == 33 else code: value}
        if inside.keys() & found.keys():
            raise Fault
        found |= inside
        at = start + size
    return found


def number(found: dict[int, bytes], code: int, default: int, size: int = 1) -> int:
    if code not in found:
        return default
    if len(found[code]) != size:
        raise Fault
    return int.from_bytes(found[code], "big")


def serial(found: dict[int, bytes], code: int = 42) -> int:
    value = found.get(code, b"")
    if not 1 <= len(value) <= 6 or not value.isdigit():
        raise Fault
    return int(value)


def text(found: dict[int, bytes], code: int, limit: int) -> bytes:
    value = found.get(code, b"")
    if len(value) > limit:
        raise Fault
    return value


def user(found: dict[int, bytes]) -> bytes:
    return found.get(193, found.get(194, found.get(46, b"")))


@dataclass
class Oracle:
    initiator: bool
    parameters: Parameters
    state: str = "STA01"
    closed: bool = False
    open: bool = False
    requirements: int = 0
    available: int = 0
    tokens: int = 0
    activity: bool = False
    acknowledges: bool = False
    va: int = 0
    vm: int = 0
    version: int = 2
    _input: bytes = b""
    _tsdu: bytes | None = None
    _segments: tuple[int, bool, dict[int, bytes], bytes] | None = None
    _connect: tuple[Any, ...] = ()
    _connect_data: bytes = b""
    _common: int = 0
    _setting: int = 0
    _events: list[Event] = field(default_factory=list)

    def receive_data(self, data: bytes) -> list[Event]:
        self._events = []
        self._input += data
        try:
            while len(self._input) >= 4 and not self.closed:
                size = int.from_bytes(self._input[2:4], "big")
                if self._input[0] != 3 or size < 7:
                    raise Fault(4, "transport")
                if len(self._input) < size:
                    break
                tpdu, self._input = self._input[4:size], self._input[size:]
                self._tpdu(tpdu)
        except Fault as fault:
            self._failed(fault)
        return self._events

    def receive_eof(self) -> list[Event]:
        self._events = []
        self._gone(-1)
        return self._events

    def _failed(self, fault: Fault) -> None:
        if not self.closed and self.state not in ("STA01A", "STA16"):
            self._events.append(("SPAbortIndication", fault.reason, fault.layer, True))
            self.state = "STA01" if self.state in ("STA01C", "STA01") or not self.open else "STA01A"
        self.closed = True

    def _gone(self, reason: int) -> None:
        if not self.closed and self.state not in ("STA16", "STA01A"):
            self._events.append(("TDisconnectIndication", reason))
        self.state, self.closed = "STA01", True

    def _tpdu(self, tpdu: bytes) -> None:
        indicator = tpdu[0]
        if indicator < 2 or indicator + 1 > len(tpdu):
            raise Fault(4, "transport")
        code = tpdu[1] & 0xF0
        if code == 0xF0:
            if indicator != 2 or not self.open:
                raise Fault(4, "transport")
            if self._tsdu is not None or not tpdu[2] & 0x80:
                self._tsdu = (self._tsdu or b"") + tpdu[3:]
                if len(self._tsdu) > self.parameters.max_tsdu:
                    raise Fault(16)
            if tpdu[2] & 0x80:
                whole, self._tsdu = (tpdu[3:] if self._tsdu is None else self._tsdu), None
                if whole:
                    self._whole(whole)
            return
        if indicator + 1 != len(tpdu) and code != 0x80:
            raise Fault(4, "transport")
        if code == 0x80 and indicator >= 6:
            self._gone(tpdu[6])
        elif code == 0x70:
            self._gone(tpdu[4] if indicator >= 4 else 0)
        elif code == 0xE0 and not self.initiator and self.state == "STA01" and not self.open:
            self._cr(tpdu)
        elif code == 0xD0 and self.initiator and self.state == "STA01B" and not self.open:
            if len(tpdu) < 7 or tpdu[6] >> 4:
                raise Fault(4, "transport")
            self._options(tpdu[7:])
            self.open, self.state = True, "STA02A" if len(self._connect_data) <= 10240 else "STA02B"
        else:
            raise Fault(4, "transport")

    def _options(self, octets: bytes) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        while octets:
            if len(octets) < 2 or 2 + octets[1] > len(octets):
                raise Fault(4, "transport")
            found[octets[0]] = octets[2 : 2 + octets[1]]
            octets = octets[2 + octets[1] :]
        size = found.get(0xC0, b"")
        if size and (len(size) != 1 or not 7 <= size[0] <= 13):
            raise Fault(4, "transport")
        return found

    def _cr(self, tpdu: bytes) -> None:
        if len(tpdu) < 7:
            raise Fault(4, "transport")
        found = self._options(tpdu[7:])
        called, ours = found.get(0xC2, b""), self.parameters.called_transport_selector
        if tpdu[6] >> 4 and 0 not in [octet >> 4 for octet in found.get(0xC7, b"")]:
            self._refused(0x82, "transport", "STA01")
        elif ours and called != ours:
            self._refused(3, "transport", "STA01")
        else:
            preferred = int.from_bytes(found.get(0xF0, b""), "big")
            limit = self.parameters.tpdu_size
            if len(found.get(0xF0, b"")) > 4:
                raise Fault(4, "transport")
            if preferred:
                size = max(1, min(preferred, limit // 128)) * 128
            elif found.get(0xC0):
                size = 1 << min(found[0xC0][0], 11, limit.bit_length() - 1)
            else:
                size = limit
            self.open, self.state = True, "STA01C"
            self._events.append(("TConnectIndication", found.get(0xC1, b""), called, size))

    def _refused(self, reason: int, layer: str, state: str) -> None:
        self._events.append(("SPAbortIndication", reason, layer, True))
        self.state, self.closed = state, self.closed or layer == "transport"

    def _spdu(self, octets: bytes) -> tuple[int, dict[int, bytes], bytes]:
        size, at = length(octets, 1)
        return octets[0], units(octets[at : at + size]), octets[at + size :]

    def _whole(self, octets: bytes) -> None:
        si, found, rest = self._spdu(octets)
        if si not in (1, 2):
            self._one(si, found, rest, False)
            return
        token, data = number(found, 16, 0), user(found) if si == 2 else b""
        if rest:
            self._one(*self._spdu(rest), True)
        elif si == 1 and not token:
            raise Fault
        if (not token and not data) or self.closed:
            return
        token &= 0x55
        if si == 2 and self._take("PT", token):
            self._events.append(("STokenPleaseIndication", token, data))
        elif si == 1 and self._take("GT*" if self.state == "STA20" and token & DATA else "GT", token):
            self.tokens |= token
            self._events.append(("STokenGiveIndication", token))

    def _one(self, si: int, found: dict[int, bytes], rest: bytes, second: bool) -> None:
        carries = (si == 1 and second) or (si == 33 and not second)
        if rest and not carries:
            raise Fault
        data = rest if carries else user(found)
        enclosure = number(found, 25, 3) & 3
        if si == 15 and not second:
            self._overflow(data, enclosure)
            return
        if si == 25 and not second and 25 not in found:
            self._segments = None
        if self._segments is None and enclosure != 3:
            if not enclosure & 1:
                raise Fault
            self._segments = (si, second, found, b"")
        elif self._segments is not None and (enclosure & 1 or self._segments[:2] != (si, second)):
            raise Fault
        if self._segments is None:
            self._act(si, second, found, data)
            return
        data = self._segments[3] + data
        if len(data) > self.parameters.max_tsdu:
            raise Fault(16)
        first = self._segments[2]
        self._segments = (si, second, first, data)
        if enclosure & 2:
            self._segments = None
            self._act(si, second, first, data)

    def _holds(self, condition: str, mine: int, tokens: int = 0) -> bool:
        """A condition of the table; I(t) of X.225 A.4.2 is `allowed`."""
        managed, allowed = bool(self.requirements & 0x40), mine | ~self.available
        active = self.activity or not managed
        all_tokens = not self.available & ~mine
        holds = {
            "-": True,
            "data": active and allowed & DATA,
            "typed": self.requirements & 0x400,
            "give": not tokens & ~mine,
            "giveDk": not tokens & ~mine and tokens & DATA,
            "please": not tokens & ~self.available,
            "syncm": active and self.requirements & 8 and allowed & DATA and mine & MINOR,
            "ackm": self.requirements & 8,
            "start": managed and not self.activity and allowed & DATA and allowed & MINOR and mine & MAJOR,
            "act": managed and self.activity and mine & MAJOR,
            "end": managed and self.activity and mine & MAJOR and allowed & DATA and allowed & MINOR,
            "ctrl": managed and not self.activity and all_tokens,
            "except": active and self.requirements & 0x200 and self.available & DATA and not mine & DATA,
            "rel": all_tokens and not (managed and self.activity),
        }
        return bool(holds[condition])

    def _take(self, event: str, tokens: int = 0) -> bool:
        cell = TABLE[event].get(self.state)
        if cell == IGNORE:
            return False
        if cell is None or not self._holds(cell.split()[0], self.available & ~self.tokens, tokens):
            raise Fault
        following = cell.split()[2]
        self.state = self.state if following == "." else following
        return True

    def _act(self, si: int, second: bool, found: dict[int, bytes], data: bytes) -> None:
        name = (SECOND if second else FIRST).get(si)
        if name is None:
            raise Fault
        getattr(self, "_on_" + name.lower())(found, data)

    def _simple(self, event: str, *indication: Any) -> bool:
        taken = self._take(event)
        if taken:
            self._events.append(indication)
        return taken

    def _on_dt(self, found: dict[int, bytes], data: bytes) -> None:
        self._simple("DT", "SDataIndication", data)

    def _on_td(self, found: dict[int, bytes], data: bytes) -> None:
        self._simple("TD", "STypedDataIndication", data)

    def _on_mip(self, found: dict[int, bytes], data: bytes) -> None:
        point, kind = serial(found), number(found, 15, 0)
        if self._take("MIP"):
            self._point(point)
            self._events.append(("SSyncMinorIndication", point, not kind & 1, data))

    def _point(self, point: int) -> None:
        """A synchronization point of the peer (Table A-4)."""
        if point != self.vm:
            raise Fault
        if not self.acknowledges:
            self.va = self.vm
        self.acknowledges, self.vm = True, self.vm + 1

    def _on_mia(self, found: dict[int, bytes], data: bytes) -> None:
        point = serial(found)
        if self._take("MIA"):
            if self.acknowledges or not self.va <= point < self.vm:
                raise Fault
            self.va = point + 1
            self._events.append(("SSyncMinorConfirm", point, data))

    def _on_as(self, found: dict[int, bytes], data: bytes) -> None:
        if 41 not in found:
            raise Fault
        if self._simple("AS", "SActivityStartIndication", text(found, 41, 6), data):
            self.activity, self.va, self.vm = True, 1, 1

    def _on_ar(self, found: dict[int, bytes], data: bytes) -> None:
        if 41 not in found or 169 not in found:
            raise Fault
        point = serial(found, 170)
        linking = [text(found, code, limit) for code, limit in ((138, 64), (137, 64), (139, 64), (140, 4))]
        identifiers = text(found, 41, 6), text(found, 169, 6)
        if self._simple("AR", "SActivityResumeIndication", *identifiers, point, *linking, data):
            self.activity, self.va, self.vm = True, point + 1, point + 1

    def _on_ai(self, found: dict[int, bytes], data: bytes) -> None:
        self._simple("AI", "SActivityInterruptIndication", number(found, 50, 0), data)

    def _on_ad(self, found: dict[int, bytes], data: bytes) -> None:
        self._simple("AD", "SActivityDiscardIndication", number(found, 50, 0), data)

    def _on_aia(self, found: dict[int, bytes], data: bytes) -> None:
        if self._simple("AIA", "SActivityInterruptConfirm", data):
            self.activity, self.tokens = False, self.available

    def _on_ada(self, found: dict[int, bytes], data: bytes) -> None:
        if self._simple("ADA", "SActivityDiscardConfirm", data):
            self.activity, self.tokens = False, self.available

    def _on_ae(self, found: dict[int, bytes], data: bytes) -> None:
        point = serial(found)
        if self._take("AE"):
            self._point(point)
            self._events.append(("SActivityEndIndication", point, data))

    def _on_aea(self, found: dict[int, bytes], data: bytes) -> None:
        point = serial(found)
        if self._take("AEA"):
            if point != self.vm - 1:
                raise Fault
            self.activity, self.va = False, self.vm
            self._events.append(("SActivityEndConfirm", point, data))

    def _exception(self, event: str, *indication: Any) -> None:
        crossed = self.available & DATA & ~self.tokens and self.state not in ("STA16", "STA01A")
        if not crossed:
            self._simple(event, *indication)

    def _on_ed(self, found: dict[int, bytes], data: bytes) -> None:
        self._exception("ED", "SUExceptionReportIndication", number(found, 50, 0), data)

    def _on_er(self, found: dict[int, bytes], data: bytes) -> None:
        self._exception("ER", "SPExceptionReportIndication", found.get(48, b""))

    def _on_gtc(self, found: dict[int, bytes], data: bytes) -> None:
        if self._simple("GTC", "SControlGiveIndication"):
            self.tokens = self.available

    def _on_gta(self, found: dict[int, bytes], data: bytes) -> None:
        if self._take("GTA"):
            self.tokens = 0

    def _on_fn(self, found: dict[int, bytes], data: bytes) -> None:
        self._simple("FN", "SReleaseIndication", data)

    def _on_dn(self, found: dict[int, bytes], data: bytes) -> None:
        if self._simple("DN", "SReleaseConfirm", data):
            self.closed = True

    def _on_aa(self, found: dict[int, bytes], data: bytes) -> None:
        self._take("AA")
        self.closed = True

    def _on_ab(self, found: dict[int, bytes], data: bytes) -> None:
        reason = number(found, 17, 9)
        if self.state not in ("STA01A", "STA16"):
            provider = ("SPAbortIndication", reason & ~1 or 8, "session", False)
            self._events.append(("SUAbortIndication", data) if reason & 2 else provider)
        self.state, self.closed = "STA01", True

    def _on_rf(self, found: dict[int, bytes], data: bytes) -> None:
        code = found.get(50, b"")
        if self._simple("RF", "SConnectRefused", code[0] if code else 0, code[1:]):
            self.closed = True

    def _on_oa(self, found: dict[int, bytes], data: bytes) -> None:
        if not number(found, 22, 1) & 2 or len(found.get(21, b"    ")) != 4:
            raise Fault
        self._take("OA")

    def _on_cn(self, found: dict[int, bytes], data: bytes) -> None:
        versions = number(found, 22, 1) & self.parameters.versions
        proposed, setting = number(found, 20, 0x349, 2), number(found, 26, 0)
        overflow = number(found, 60, 0) & 1
        if len(found.get(21, b"    ")) != 4:
            raise Fault
        if self.state == "STA01C":
            called, common = text(found, 52, 16), proposed & self.parameters.session_requirements
            common &= ~2 if common & 1 else ~0x200
            ours = self.parameters.called_session_selector
            refusal = 132 if not versions else 129 if ours and called != ours else 0 if common & 3 else 133
            if refusal:
                self._refused(refusal, "session", "STA16")
                return
            self.version = 2 if versions & 2 else 1
            self._common, self._setting = common, setting
            names = [text(found, code, limit) for code, limit in ((10, 64), (11, 64), (12, 4))]
            self._connect = (text(found, 51, 16), called, proposed, setting, self.version, *names)
            self.va = self.vm = serial(found, 23) if 23 in found else 1
        self._take("CN*" if overflow else "CN")
        if overflow and self.version != 2:
            raise Fault
        self._connect_data = data
        if not overflow:
            self._events.append(("SConnectIndication", *self._connect, data))

    def _overflow(self, data: bytes, enclosure: int) -> None:
        if self.state == "STA01D":
            self._connect_data += data
            if len(self._connect_data) > self.parameters.max_tsdu:
                raise Fault(16)
            if not enclosure & 2:
                return
        if self._take("CDO"):
            self._events.append(("SConnectIndication", *self._connect, self._connect_data))

    def _on_ac(self, found: dict[int, bytes], data: bytes) -> None:
        version, setting = number(found, 22, 1), number(found, 26, 0)
        requirements = number(found, 20, 0x349, 2) & self.parameters.session_requirements
        if len(found.get(21, b"    ")) != 4:
            raise Fault
        if not self._take("AC"):
            return
        if not version & self.parameters.versions or version > 3 or requirements & 3 not in (1, 2):
            raise Fault
        self.version = 2 if version & self.parameters.versions & 2 else 1
        self._agreed(requirements, setting)
        if 23 in found:
            self.va = self.vm = serial(found, 23)
        names = [text(found, code, limit) for code, limit in ((9, 64), (11, 64), (12, 4))]
        head = (text(found, 52, 16), requirements, self.tokens, self.version)
        self._events.append(("SConnectConfirm", *head, *names, data))

    def _agreed(self, requirements: int, setting: int) -> None:
        self.requirements = requirements
        self.available = sum(bit for unit, bit in ((1, DATA), (8, MINOR), (0x40, MAJOR)) if requirements & unit)
        responder = sum(bit for place, bit in ((0, DATA), (2, MINOR), (4, MAJOR)) if setting >> place & 3 == 1)
        self.tokens = self.available & (~responder if self.initiator else responder)

    def request(self, event: str, argument: Any = None) -> None:
        """A request that the framer took: the same step here. `argument`: connect data, tokens or a serial number."""
        if event == "abort":
            self.state = "STA01" if not self.open or self.state in ("STA01", "STA01C") else "STA01A"
            self.closed = True
            return
        tokens = argument if event in ("SGTreq", "SPTreq") else 0
        cell = TABLE[event][self.state]
        assert self._holds(cell.split()[0], self.tokens, tokens), (event, self.state)
        following = cell.split()[2]
        self.state = self.state if following == "." else following
        if event == "SCONreq":
            self._connect_data, self.va, self.vm = argument or b"", 1, 1
        elif event == "SCONrsp+":
            self._agreed(self._common, self._setting)
        elif event == "SGTreq":
            self.tokens &= ~argument
        elif event in ("SSYNmreq", "SACTEreq"):
            self.va = self.vm if self.acknowledges else self.va
            self.acknowledges, self.vm = False, self.vm + 1
        elif event == "SSYNmrsp":
            self.va = argument + 1
        elif event == "SACTSreq":
            self.activity, self.va, self.vm = True, 1, 1
        elif event == "SACTErsp":
            self.activity, self.va = False, self.vm
        elif event in ("SACTIrsp", "SACTDrsp"):
            self.activity, self.tokens = False, 0
