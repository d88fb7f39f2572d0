"""A reading of BER for tests, independent of the codec: trees of elements, built and compared."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Element:
    """One element: identifier octets, whether its length is indefinite, length octets, its octets or its members."""

    identifier: bytes
    indefinite: bool
    length: bytes
    octets: bytes
    members: list[Element] = field(default_factory=list)
    raw: bytes = b""

    @property
    def constructed(self) -> bool:
        return bool(self.identifier[0] & 0x20)


def parse(data: bytes) -> Element:
    element, end = _parse(data, 0)
    assert end == len(data), "octets after the element"
    return element


def _parse(data: bytes, start: int) -> tuple[Element, int]:
    place = start + 1
    if data[start] & 0x1F == 0x1F:
        while data[place] & 0x80:
            place += 1
        place += 1
    identifier = data[start:place]
    first = data[place]
    size = 1 + (first & 0x7F if first > 0x80 else 0)
    length_octets = data[place : place + size]
    place += size
    members: list[Element] = []
    if first == 0x80:
        assert identifier[0] & 0x20
        while data[place : place + 2] != b"\0\0":
            member, place = _parse(data, place)
            members.append(member)
        end = place + 2
        return Element(identifier, True, length_octets, b"", members, data[start:end]), end
    length = int.from_bytes(length_octets[1:], "big") if size > 1 else first
    end = place + length
    assert end <= len(data), "an element runs past the end"
    octets = data[place:end]
    if identifier[0] & 0x20:
        while place < end:
            member, place = _parse(data, place)
            members.append(member)
        assert place == end
    return Element(identifier, False, length_octets, octets, members, data[start:end]), end


def differences(before: Element, after: Element, path: str = "") -> list[tuple[str, str, bytes, bytes]]:
    """How `after` differs from `before`, as (kind, path, octets before, octets after).

    Kind is `changed`, `appended`, `removed`, `form` for one that went between definite and indefinite length, `length`
    for one whose length octets changed though nothing in it grew.
    """
    here = f"{path}/{before.identifier.hex()}"
    if before.raw == after.raw:
        return []
    if before.identifier != after.identifier:
        return [("changed", here, before.raw, after.raw)]
    if before.indefinite != after.indefinite:
        return [("form", here, before.raw, after.raw)]
    if not before.constructed:
        return [("changed", here, before.raw, after.raw)]
    found: list[tuple[str, str, bytes, bytes]] = []
    for number, one in enumerate(before.members):
        if number >= len(after.members):
            found.append(("removed", here, one.raw, b""))
        else:
            found += differences(one, after.members[number], here)
    found += [("appended", here, b"", member.raw) for member in after.members[len(before.members) :]]
    grown = sum(len(member.raw) for member in after.members) != sum(len(member.raw) for member in before.members)
    if not grown and before.length != after.length:
        found.append(("length", here, before.length, after.length))
    return found


def definite(identifier: int, *contents: bytes) -> bytes:
    """An element with the shortest length."""
    octets = b"".join(contents)
    if len(octets) < 0x80:
        return bytes((identifier, len(octets))) + octets
    length = len(octets).to_bytes((len(octets).bit_length() + 7) // 8, "big")
    return bytes((identifier, 0x80 | len(length))) + length + octets


def long_form(identifier: int, *contents: bytes) -> bytes:
    """An element whose length is written in four octets more than it needs."""
    octets = b"".join(contents)
    return bytes((identifier, 0x84)) + len(octets).to_bytes(4, "big") + octets


def indefinite(identifier: int, *contents: bytes) -> bytes:
    """An element of indefinite length."""
    return bytes((identifier, 0x80)) + b"".join(contents) + b"\0\0"
