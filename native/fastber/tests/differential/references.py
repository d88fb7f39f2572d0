"""The other codecs: each compiles a module, encodes values as fastber has them and decodes to the same."""

from __future__ import annotations

import importlib.util
import shutil
import struct
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from etf import Atom, Bits, dump, load
from schema import NAMED_NUMBERS, Assignment, Module, Type

PORT = Path(__file__).with_name("asn1_port.escript")


class Refused(Exception):
    """A reference did not compile, encode or decode."""


class Reference(Protocol):
    def encode(self, one: Assignment, values: list[Any]) -> list[bytes | Refused]: ...
    def decode(self, one: Assignment, encodings: list[bytes]) -> list[Any]: ...


# -- asn1tools --


class Asn1tools:
    def __init__(self, module: Module, text: str, codec: str, folder: Path) -> None:
        import asn1tools

        self.specification = asn1tools.compile_string(text, codec)

    def encode(self, one: Assignment, values: list[Any]) -> list[bytes | Refused]:
        return [attempt(lambda v=value: self.specification.encode(one.name, v)) for value in values]

    def decode(self, one: Assignment, encodings: list[bytes]) -> list[Any]:
        return [attempt(lambda e=octets: self.specification.decode(one.name, e)) for octets in encodings]


def attempt(action: Any) -> Any:
    try:
        return action()
    except Exception as error:
        return Refused(f"{type(error).__name__}: {error}")


# -- pycrate --


class Pycrate:
    def __init__(self, module: Module, text: str, codec: str, folder: Path) -> None:
        from pycrate_asn1c.asnproc import GLOBAL, PycrateGenerator, compile_text, generate_modules

        GLOBAL.clear()
        compile_text(text)
        path = folder / f"{module.name}_{codec}.py"
        generate_modules(PycrateGenerator, str(path))
        GLOBAL.clear()
        self.types = getattr(imported(path), module.name)
        self.codec = codec

    def encode(self, one: Assignment, values: list[Any]) -> list[bytes | Refused]:
        found = getattr(self.types, one.name)

        def encoded(value: Any) -> bytes:
            found.set_val(to_pycrate(one.type, value))
            octets: bytes = getattr(found, f"to_{self.codec}")()
            return octets

        return [attempt(lambda v=value: encoded(v)) for value in values]

    def decode(self, one: Assignment, encodings: list[bytes]) -> list[Any]:
        found = getattr(self.types, one.name)

        def decoded(octets: bytes) -> Any:
            getattr(found, f"from_{self.codec}")(octets)
            return from_pycrate(one.type, found.get_val())

        return [attempt(lambda e=octets: decoded(e)) for octets in encodings]


def imported(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def to_pycrate(kind: Type, value: Any) -> Any:
    resolved = kind.resolved()
    name = resolved.kind
    if name in ("SEQUENCE", "SET"):
        return {m.name: to_pycrate(m.type, value[m.name]) if m.type.kind != "OPEN" else opened(m.type, value, m.name)
                for m in resolved.members if m.name in value}  # fmt: skip
    if name == "CHOICE":
        chosen = {member.name: member.type for member in resolved.members}
        return value[0], to_pycrate(chosen[value[0]], value[1])
    if name in ("SEQUENCE OF", "SET OF"):
        assert resolved.element is not None
        return [to_pycrate(resolved.element, one) for one in value]
    if name == "NULL":
        return 0
    if name == "BIT STRING":
        octets, count = value
        return (int.from_bytes(octets, "big") >> (len(octets) * 8 - count) if count else 0), count
    if name in ("OBJECT IDENTIFIER", "RELATIVE-OID"):
        return tuple(map(int, value.split(".")))
    if name == "REAL":
        mantissa, exponent = binary(value)
        return mantissa, 2, exponent
    if name in ("UTCTime", "GeneralizedTime"):
        return times(value, name)
    return value


def opened(kind: Type, value: dict[str, Any], name: str) -> Any:
    row = kind.rows[value[kind.identified_by]]
    word = row.target.name if row.target is not None else row.kind
    return word, to_pycrate(row, value[name])


def from_pycrate(kind: Type, value: Any) -> Any:
    resolved = kind.resolved()
    name = resolved.kind
    if name in ("SEQUENCE", "SET"):
        made = {}
        for member in resolved.members:
            if member.name not in value:
                continue
            found, found_type = value[member.name], member.type
            if member.type.kind == "OPEN":
                found, found_type = found[1], member.type.rows[value[member.type.identified_by]]
            made[member.name] = from_pycrate(found_type, found)
        return made
    if name == "CHOICE":
        chosen = {member.name: member.type for member in resolved.members}
        return value[0], from_pycrate(chosen[value[0]], value[1])
    if name in ("SEQUENCE OF", "SET OF"):
        assert resolved.element is not None
        return [from_pycrate(resolved.element, one) for one in value]
    if name == "NULL":
        return None
    if name == "BIT STRING":
        number, count = value
        size = (count + 7) // 8
        return (number << (size * 8 - count)).to_bytes(size, "big"), count
    if name in ("OBJECT IDENTIFIER", "RELATIVE-OID"):
        return ".".join(map(str, value))
    if name == "REAL":
        mantissa, base, exponent = value
        return scaled(mantissa, base, exponent)
    if name in ("UTCTime", "GeneralizedTime"):
        return from_times(value, name)
    return value


def binary(value: float) -> tuple[int, int]:
    """An odd mantissa, or 0, and an exponent of 2."""
    numerator, denominator = value.as_integer_ratio()
    exponent = 1 - denominator.bit_length()
    while numerator and not numerator & 1:
        numerator >>= 1
        exponent += 1
    return numerator, exponent if numerator else 0


def scaled(mantissa: int, base: int, exponent: int) -> float:
    if exponent >= 0:
        return float(mantissa * base**exponent)
    return mantissa / base**-exponent


def times(value: datetime, name: str) -> tuple[str | None, ...]:
    year = f"{value.year % 100:02}" if name == "UTCTime" else f"{value.year:04}"
    parts: list[str | None] = [year, *(f"{number:02}" for number in value.timetuple()[1:6])]
    if name == "GeneralizedTime":
        parts.append(f"{value.microsecond:06}".rstrip("0") or None)
    return (*parts, "Z")


def from_times(value: tuple[str | None, ...], name: str) -> datetime:
    numbers = [int(part or 0) for part in value[:6]]
    if name == "UTCTime":
        numbers[0] += 2000 if numbers[0] < 50 else 1900
    assert value[-1] in ("Z", "+0000", "-0000"), value
    fraction = (value[6] or "") if name == "GeneralizedTime" else ""
    return datetime(*numbers, int(fraction.ljust(6, "0")[:6]), UTC)  # type: ignore[misc, arg-type]


# -- Erlang's asn1 --


class Port:
    """One Erlang process that serves every module compiled into its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            ["escript", str(PORT), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, requests: list[tuple[Any, ...]]) -> list[Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        packet = dump(requests)
        self.process.stdin.write(struct.pack(">I", len(packet)) + packet)
        self.process.stdin.flush()
        head = self.process.stdout.read(4)
        if len(head) < 4:
            raise Refused("the Erlang process ended")
        answers = load(self.process.stdout.read(struct.unpack(">I", head)[0]))
        return [answer[1] if answer[0] == "ok" else Refused(answer[1].decode(errors="replace")) for answer in answers]

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)


class Erlang:
    def __init__(self, module: Module, text: str, codec: str, port: Port) -> None:
        name = f"{module.name}{codec.title()}"
        path = port.folder / f"{name}.asn1"
        path.write_text(text.replace(module.name, name, 1))
        options = ["-bber", "+maps"] + (["+der"] if codec == "der" else [])
        done = subprocess.run(
            ["erlc", *options, path.name], cwd=port.folder, capture_output=True, text=True, timeout=300
        )
        if done.returncode:
            raise Refused((done.stdout + done.stderr)[:2000])
        self.name, self.port = Atom(name), port

    def ask(self, way: str, one: Assignment, terms: list[Any]) -> list[Any]:
        return self.port.ask([(Atom(way), self.name, Atom(one.name), term) for term in terms])

    def encode(self, one: Assignment, values: list[Any]) -> list[bytes | Refused]:
        return self.ask("encode", one, [to_erlang(one.type, value) for value in values])

    def decode(self, one: Assignment, encodings: list[bytes]) -> list[Any]:
        found = self.ask("decode", one, encodings)
        return [one_ if isinstance(one_, Refused) else attempt(lambda f=one_: from_erlang(one.type, f))
                for one_ in found]  # fmt: skip


def erlang_is_here() -> bool:
    return shutil.which("erlc") is not None and shutil.which("escript") is not None


NO_VALUE = Atom("asn1_NOVALUE")
"""An addition that an older version does not have."""


def to_erlang(kind: Type, value: Any) -> Any:
    resolved = kind.resolved()
    name = resolved.kind
    if name in ("SEQUENCE", "SET"):
        made: dict[Atom, Any] = {}
        for m in resolved.members:
            if m.name in value:
                held = m.type.rows[value[m.type.identified_by]] if m.type.kind == "OPEN" else m.type
                made[Atom(m.name)] = to_erlang(held, value[m.name])
            elif m.addition is not None and not m.optional and not m.has_default:
                made[Atom(m.name)] = NO_VALUE
        return made
    if name == "CHOICE":
        chosen = {member.name: member.type for member in resolved.members}
        return Atom(value[0]), to_erlang(chosen[value[0]], value[1])
    if name in ("SEQUENCE OF", "SET OF"):
        assert resolved.element is not None
        return [to_erlang(resolved.element, one) for one in value]
    if name == "NULL":
        return Atom("NULL")
    if name == "ENUMERATED":
        return Atom(value)
    if name == "BIT STRING":
        if resolved.names:
            octets, count = value
            digits = bin(int.from_bytes(octets, "big"))[2:].zfill(len(octets) * 8) if count else ""
            return [Atom(bit) for bit, digit in zip(resolved.names, digits, strict=False) if digit == "1"]
        return Bits(value)
    if name in ("OBJECT IDENTIFIER", "RELATIVE-OID"):
        return tuple(map(int, value.split(".")))
    if name == "REAL":
        mantissa, exponent = binary(value)
        return (mantissa, 2, exponent) if mantissa else 0
    if name == "UTF8String":
        return value.encode()
    if name == "BMPString":
        return [(0, 0, ord(c) >> 8, ord(c) & 0xFF) for c in value]
    if name == "UniversalString":
        return [tuple(ord(c).to_bytes(4, "big")) for c in value]
    if name == "UTCTime":
        return list(value.strftime("%y%m%d%H%M%SZ").encode())
    if name == "GeneralizedTime":
        fraction = f"{value.microsecond:06}".rstrip("0")
        return list((value.strftime("%Y%m%d%H%M%S") + ("." + fraction if fraction else "") + "Z").encode())
    return list(value.encode("latin-1")) if isinstance(value, str) else value


def from_erlang(kind: Type, term: Any) -> Any:
    resolved = kind.resolved()
    name = resolved.kind
    if name in ("SEQUENCE", "SET"):
        made = {}
        for m in resolved.members:
            if term.get(Atom(m.name), NO_VALUE) != NO_VALUE:
                found_type = m.type.rows[term[Atom(m.type.identified_by)]] if m.type.kind == "OPEN" else m.type
                made[m.name] = from_erlang(found_type, term[Atom(m.name)])
        return made
    if name == "CHOICE":
        chosen = {member.name: member.type for member in resolved.members}
        return str(term[0]), from_erlang(chosen[term[0]], term[1])
    if name in ("SEQUENCE OF", "SET OF"):
        assert resolved.element is not None
        return [from_erlang(resolved.element, one) for one in term]
    if name == "NULL":
        return None
    if name == "ENUMERATED":
        return str(term)
    if name == "INTEGER" and isinstance(term, Atom):
        return NAMED_NUMBERS[term]
    if name == "BOOLEAN":
        return {"true": True, "false": False}[term]
    if name == "BIT STRING":
        if resolved.names:
            number = sum(1 << (len(resolved.names) - 1 - resolved.names.index(bit)) for bit in term)
            count = len(resolved.names)
            size = (count + 7) // 8
            return (number << (size * 8 - count)).to_bytes(size, "big"), count
        return (bytes(term[0]), term[1]) if isinstance(term, Bits) else (term, len(term) * 8)
    if name in ("OBJECT IDENTIFIER", "RELATIVE-OID"):
        return ".".join(map(str, term))
    if name == "REAL":
        return float(term) if isinstance(term, (int, float)) else scaled(*term)
    if name == "UTF8String":
        return term.decode()
    if name in ("BMPString", "UniversalString"):
        return "".join(chr(c if isinstance(c, int) else int.from_bytes(bytes(c), "big")) for c in term)
    if name in ("UTCTime", "GeneralizedTime"):
        return from_text(bytes(term).decode(), name)
    return bytes(term).decode("latin-1") if isinstance(term, list) else term


def from_text(text: str, name: str) -> datetime:
    text = text.replace("+0000", "Z")
    assert text.endswith("Z"), text
    if name == "UTCTime":
        text = ("20" if text < "50" else "19") + text
    main, _, fraction = text[:-1].partition(".")
    main = main.ljust(14, "0")  # BER may leave the seconds out
    return datetime.strptime(main, "%Y%m%d%H%M%S").replace(microsecond=int(fraction.ljust(6, "0") or "0"), tzinfo=UTC)
