"""An encoding as the elements that it is made of, to be changed element by element and written again.

`liberal` changes how it is written and not what it says (X.690 8.1.3, 8.6, 8.7, 8.23); `hostile` changes what it says,
or makes it none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

INDEFINITE = -1
STRINGS = frozenset({3, 4, 12, *range(18, 31)} - {29})
"""Universal tags of the types whose values may come in pieces: strings, and times, which are strings too."""
BITS = 3


@dataclass
class Element:
    identifier: bytes
    contents: bytes = b""
    """Of a primitive encoding."""
    children: list[Element] = field(default_factory=list)
    """Of a constructed one."""
    length_octets: int = 0
    """0: as few as are needed; more: the long form in so many; INDEFINITE."""
    length: int | None = None
    """The length that is written, true or not; None for the true one."""

    @property
    def constructed(self) -> bool:
        return bool(self.identifier[0] & 0x20)

    @property
    def universal(self) -> int | None:
        """The tag number, of a tag of class universal."""
        return self.identifier[0] & 0x1F if self.identifier[0] < 0x40 else None

    def octets(self) -> bytes:
        contents = b"".join([child.octets() for child in self.children]) if self.constructed else self.contents
        if self.length_octets == INDEFINITE:
            return self.identifier + b"\x80" + contents + bytes(2)
        length = len(contents) if self.length is None else self.length
        if length < 128 and not self.length_octets:
            return self.identifier + bytes([length]) + contents
        count = max(self.length_octets, (length.bit_length() + 7) // 8)
        return self.identifier + bytes([0x80 | count]) + length.to_bytes(count, "big") + contents

    def walk(self) -> Iterator[Element]:
        yield self
        for child in self.children:
            yield from child.walk()


def parse(octets: bytes) -> list[Element]:
    """The elements of octets that are in order, all lengths definite."""
    elements, at = [], 0
    while at < len(octets):
        start = at
        at += 1
        if octets[start] & 0x1F == 0x1F:
            while octets[at] & 0x80:
                at += 1
            at += 1
        identifier = octets[start:at]
        length, at = octets[at], at + 1
        if length & 0x80:
            count = length & 0x7F
            length, at = int.from_bytes(octets[at : at + count], "big"), at + count
        contents, at = octets[at : at + length], at + length
        if identifier[0] & 0x20:
            elements.append(Element(identifier, children=parse(contents)))
        else:
            elements.append(Element(identifier, contents))
    return elements


def liberal(element: Element, random: Random) -> Element:
    """The same value, written as some other sender might."""
    changed = replace(element, children=[liberal(child, random) for child in element.children])
    if not element.constructed and element.universal in STRINGS and random.random() < 0.4:
        changed = _in_pieces(element, random)
    forms = [0, 0, 1, 2, 4, 8, 100]
    changed.length_octets = random.choice([*forms, INDEFINITE, INDEFINITE] if changed.constructed else forms)
    return changed


def _in_pieces(string: Element, random: Random, depth: int = 0) -> Element:
    """A constructed encoding of the string, whose pieces may be in pieces themselves."""
    bits = string.universal == BITS
    unused, octets = (string.contents[:1], string.contents[1:]) if bits else (b"", string.contents)
    cuts = sorted(random.randint(0, len(octets)) for _ in range(random.randint(0, 3)))
    parts = [octets[start:end] for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
    tag = string.identifier if bits or random.random() < 0.5 else b"\x04"
    pieces = [Element(tag, (b"\0" if bits else b"") + part) for part in parts]
    if bits:
        pieces[-1].contents = unused + parts[-1]
        if not parts[-1] and unused != b"\0":
            return string
    pieces = [
        _in_pieces(piece, random, depth + 1) if depth < 3 and random.random() < 0.2 else piece for piece in pieces
    ]
    return Element(bytes([string.identifier[0] | 0x20]), children=pieces, length_octets=random.choice([0, INDEFINITE]))


def hostile(root: Element, random: Random) -> bytes:
    """Octets of the element after one to three changes to elements anywhere in it."""
    root = _copy(root)
    for _ in range(random.randint(1, 3)):
        _change(root, random)
    octets = root.octets()
    if random.random() < 0.1:
        octets = octets[: random.randint(0, len(octets))]
    return octets


def _copy(element: Element) -> Element:
    return replace(element, children=[_copy(child) for child in element.children])


IDENTIFIERS = [bytes.fromhex(octets) for octets in ("00", "20", "02", "04", "24", "30", "31", "05", "a0", "80", "1f1f",
                                                    "bf8101", "9f8000", "3fffffffff7f", "df7f", "60")]  # fmt: skip
LENGTHS = [0, 1, 127, 128, 255, 65535, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 2**200]


def _change(root: Element, random: Random) -> None:
    everything = list(root.walk())
    one = random.choice(everything)
    parents = [element for element in everything if element.children]
    parent = random.choice(parents) if parents else root
    siblings, at = parent.children, random.randrange(len(parent.children) or 1)
    match random.randrange(12):
        case 0 if siblings:  # swap
            other = random.randrange(len(siblings))
            siblings[at], siblings[other] = siblings[other], siblings[at]
        case 1 if siblings:  # drop
            del siblings[at]
        case 2 if siblings:  # repeat, beside it or somewhere else
            siblings.insert(random.randint(0, len(siblings)), _copy(siblings[at]))
        case 3:  # retag
            one.identifier = random.choice(IDENTIFIERS)
        case 4:  # another class, number or form
            one.identifier = bytes([one.identifier[0] ^ random.choice([0x20, 0x40, 0x80, 1, 2])]) + one.identifier[1:]
        case 5:  # a length that is not true
            one.length = random.choice([*LENGTHS, max(0, len(one.octets()) - random.randint(0, 4))])
        case 6:  # definite and indefinite
            one.length_octets = random.choice([INDEFINITE, 0, 1, 8, 126])
        case 7 if siblings:  # move
            random.choice(parents).children.append(_copy(siblings.pop(at)))
        case 8:  # put inside itself
            inner = _copy(one)
            one.identifier, one.children = random.choice([b"\x30", b"\xa0", one.identifier]), [inner]
        case 9 if siblings:  # end-of-contents octets among elements
            siblings.insert(random.randint(0, len(siblings)), Element(b"\0"))
        case 10 if one.universal in STRINGS and not one.constructed:
            pieces = _in_pieces(one, random)
            one.identifier, one.children = pieces.identifier, pieces.children
        case _:  # other contents
            one.contents = random.choice(
                [b"", b"\0", b"\x80", random.randbytes(random.randint(1, 9)), one.contents * 2]
            )
