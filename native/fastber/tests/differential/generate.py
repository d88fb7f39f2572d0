"""Random modules: every seed gives the same module again, of types that use and contain one another."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from schema import NAMED_NUMBERS, UNIVERSAL, Assignment, Member, Module, Tag, Type
from values import notated, value

STRINGS = ["UTF8String", "NumericString", "PrintableString", "IA5String", "VisibleString", "BMPString",
           "UniversalString", "TeletexString", "GraphicString", "GeneralString"]  # fmt: skip
LEAVES = ["BOOLEAN", "INTEGER", "INTEGER", "BIT STRING", "OCTET STRING", "NULL", "OBJECT IDENTIFIER", "REAL",
          "ENUMERATED", "RELATIVE-OID", "UTCTime", "GeneralizedTime", "STRING", "STRING"]  # fmt: skip
PARTS = ["SEQUENCE", "SET", "CHOICE", "SEQUENCE OF", "SET OF"]
FEATURED = {"REAL", "RELATIVE-OID", "SET", "CHOICE", "UniversalString", "GeneralizedTime", "UTCTime", "TeletexString"}


class Generator:
    def __init__(self, seed: int, count: int) -> None:
        self.random = Random(seed)
        self.tagging = self.random.choice(["AUTOMATIC", "AUTOMATIC", "IMPLICIT", "EXPLICIT"])
        self.assignments: list[Assignment] = []
        self.current: Assignment | None = None
        for number in range(count):
            self.assign(f"T{number}")
        self.module = Module(f"Random{seed}", self.tagging, self.assignments)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def assign(self, name: str) -> None:
        self.current = Assignment(name, Type("NULL", "NULL", frozenset()))
        way = self.random.random()
        if way < 0.07:
            made = self.open_type(name)
        elif way < 0.14:
            made = self.parameterised(name)
        elif way < 0.2:
            made = self.recursive(name)
        else:
            made = self.type(0)
            if self.chance(0.2):
                made = self.tagged(made, name)
        self.current.type = made
        self.assignments.append(self.current)

    def tagged(self, kind: Type, name: str) -> Type:
        """`[APPLICATION n] ...`, the number being the assignment's own."""
        number = int(name[1:])
        word = self.random.choice(["", "IMPLICIT ", "EXPLICIT "])
        if word == "IMPLICIT " and kind.resolved().kind in ("CHOICE", "OPEN"):
            word = "EXPLICIT "
        self.tagged_again(kind, word)
        kind.notation = f"[APPLICATION {number}] {word}{kind.notation}"
        kind.tags = frozenset({("APPLICATION", number)})
        return kind

    def tagged_again(self, kind: Type, word: str = "") -> None:
        """A tag replaces that of a tagged CHOICE: only an untagged one makes it EXPLICIT (X.680 31.2.7 c)."""
        if self.tagging != "EXPLICIT" and word != "EXPLICIT " and kind.is_tagged() and kind.resolved().kind == "CHOICE":
            kind.features |= {"tagged CHOICE tagged again"}

    # -- leaves --

    def leaf(self) -> Type:
        kind = self.random.choice(LEAVES)
        if kind == "STRING":
            kind = self.random.choice(STRINGS)
        made = Type(kind, kind, frozenset({("UNIVERSAL", UNIVERSAL[kind])}), frozenset({kind} & FEATURED))
        if kind == "INTEGER":
            self.integer(made)
        elif kind == "ENUMERATED":
            self.enumerated(made)
        elif kind == "BIT STRING" and self.chance(0.4):
            made.names = [f"bit{number}" for number in range(self.random.randint(1, 12))]
            made.notation += " { " + ", ".join(f"{name}({at})" for at, name in enumerate(made.names)) + " }"
        elif kind.endswith(("String", "STRING")) and self.chance(0.3):
            made.low = self.random.randint(0, 4)
            made.high = made.low + self.random.choice([0, 1, 5, 40])
            made.notation += f" (SIZE ({made.low}..{made.high}))"
        return made

    def integer(self, made: Type) -> None:
        way = self.random.random()
        if way < 0.35:
            made.low = self.random.choice([0, 1, -1, -128, -(2**31), -(2**63), 5])
            made.high = made.low + self.random.choice([1, 10, 255, 256, 65535, 2**32 - 1, 2**63])
            made.notation += f" ({made.low}..{made.high}{', ...' if self.chance(0.2) else ''})"
        elif way < 0.5:
            made.notation += " { " + ", ".join(f"{name}({number})" for name, number in NAMED_NUMBERS.items()) + " }"

    def enumerated(self, made: Type) -> None:
        count = self.random.randint(1, 6)
        numbers = self.random.sample(range(-3, 300), count) if self.chance(0.5) else list(range(count))
        plain = numbers == list(range(count)) and self.chance(0.7)
        made.names = [f"e{at}" for at in range(count)]
        items = [name if plain else f"{name}({number})" for name, number in zip(made.names, numbers, strict=True)]
        if self.chance(0.35):
            items.append("...")
            for at in range(self.random.randint(0, 3)):
                made.names.append(f"x{at}")
                items.append(f"x{at}" if plain else f"x{at}({400 + 3 * at})")
        made.notation += " { " + ", ".join(items) + " }"

    # -- types with parts --

    def type(self, depth: int) -> Type:
        if self.assignments and self.chance(0.3):
            return self.reference(self.random.choice(self.assignments))
        if depth >= 3 or self.chance(0.55 if depth else 0.15):
            return self.leaf()
        kind = self.random.choice(PARTS)
        if kind.endswith(" OF"):
            return self.list_of(kind, self.type(depth + 1))
        members = [self.member(f"{'m' if self.chance(0.8) else 'long-name-'}{at}", kind, depth)
                   for at in range(self.random.randint(1 if kind == "CHOICE" else 0, 6))]  # fmt: skip
        return self.composed(kind, members)

    def reference(self, target: Assignment) -> Type:
        return Type("REFERENCE", target.name, target.type.tags, target=target)

    def list_of(self, kind: str, element: Type, sized: bool = True) -> Type:
        made = Type(kind, "", frozenset({("UNIVERSAL", UNIVERSAL[kind])}), element.features, element=element)
        size = ""
        if sized and self.chance(0.2):
            made.low, made.high = self.random.choice([(0, 3), (1, 1), (2, 5)])
            size = f" (SIZE ({made.low}..{made.high}))"
        made.notation = f"{kind.split()[0]}{size} OF {element.notation}"
        return made

    def member(self, name: str, kind: str, depth: int) -> Member:
        made = Member(name, self.type(depth + 1))
        if kind == "CHOICE":
            return made
        way = self.random.random()
        if way < 0.25:
            made.optional = True
        elif way < 0.5 and (written := notated(made.type, self.random)) is not None:
            made.has_default = True
            made.default, made.default_notation = written
            if set(made.default_notation) & set("'(){},") and made.default_notation.startswith('"'):
                made.type.features |= {"quotes, brackets and commas in a string"}
        return made

    def composed(self, kind: str, members: list[Member], extension: bool | None = None) -> Type:
        """SEQUENCE, SET or CHOICE, the members given tags and parted into root and additions."""
        features = frozenset().union(*(member.type.features for member in members)) | (frozenset({kind}) & FEATURED)
        extensible = self.chance(0.3) if extension is None else extension
        groups: list[list[Member]] = []
        root, behind = members, []
        if extensible and len(members) > 1:
            cut = self.random.randint(1, len(members))
            root, additions = members[:cut], members[cut:]
            while additions:
                size = self.random.choice([1, 1, 2, 3])
                groups.append(additions[:size])
                additions = additions[size:]
            if kind != "CHOICE" and len(root) > 1 and self.chance(0.2):
                root, behind = root[:-1], root[-1:]
                features |= {"root members behind additions"}
        for number, group in enumerate(groups):
            for member in group:
                member.addition = number
        ordered = [*root, *behind, *(member for group in groups for member in group)]
        tags = self.tag_members(kind, ordered, extensible)
        features |= frozenset().union(*(member.type.features for member in members))
        if kind == "SET" and any(not member.notation and member.type.resolved().kind == "CHOICE" for member in ordered):
            automatic = tags == frozenset(("CONTEXT", at) for at in range(len(ordered))) and self.tagging == "AUTOMATIC"
            features |= frozenset() if automatic else {"SET with an untagged CHOICE"}
        parts = [self.written(member) for member in root]
        if extensible:
            parts.append("...")
            for group in groups:
                inner = ", ".join(self.written(member) for member in group)
                bracketed = len(group) > 1 or (kind != "CHOICE" and self.chance(0.4))
                parts.append(f"[[ {inner} ]]" if bracketed else inner)
                if bracketed:
                    features |= {"addition groups"}
            if behind:
                parts += ["...", *(self.written(member) for member in behind)]
        own = tags if kind == "CHOICE" else frozenset({("UNIVERSAL", UNIVERSAL[kind])})
        in_text = [*root, *(member for group in groups for member in group), *behind]
        return Type(kind, f"{kind} {{ {', '.join(parts)} }}", own, features, in_text, extensible)

    def written(self, member: Member) -> str:
        text = f"{member.name} {member.notation}{member.type.notation}"
        if member.optional:
            return text + " OPTIONAL"
        return text + (f" DEFAULT {member.default_notation}" if member.has_default else "")

    def tag_members(self, kind: str, members: Sequence[Member], extensible: bool) -> frozenset[Tag]:
        if self.tagging == "AUTOMATIC" and self.chance(0.7):
            for member in members:
                self.tagged_again(member.type)
            return frozenset(("CONTEXT", at) for at in range(len(members)))
        used: set[Tag] = set()
        for at, member in enumerate(members):
            resolved = member.type.resolved().kind
            untagged = member.type.tags and not member.type.tags & used and at > 0 and self.chance(0.5)
            if untagged and member.type.may_grow():  # its additions have to be told from others (X.680 52.7)
                untagged = kind == "SEQUENCE" and not (extensible or member.optional or member.has_default)
            if untagged:
                used |= member.type.tags
                continue
            tag = ("CONTEXT", at)
            while tag in used or self.chance(0.3):
                tag = (self.random.choice(["CONTEXT", "CONTEXT", "APPLICATION", "PRIVATE"]),
                       self.random.choice([self.random.randint(0, 30), self.random.randint(31, 20000)]))  # fmt: skip
            used.add(tag)
            if tag[1] > 16383:
                member.type.features |= {"tag numbers above 16383"}
            word = self.random.choice(["", "", "IMPLICIT ", "EXPLICIT "])
            if word == "IMPLICIT " and resolved in ("CHOICE", "OPEN"):
                word = ""
            self.tagged_again(member.type, word)
            name = "" if tag[0] == "CONTEXT" else tag[0] + " "
            member.notation = f"[{name}{tag[1]}] {word}"
        return frozenset(used)

    # -- what needs more than one assignment --

    def open_type(self, name: str) -> Type:
        """A class of identifiers and types, an object set, and a SEQUENCE that the set governs."""
        assert self.current is not None
        rows = {number: self.type(1) for number in self.random.sample(range(-5, 300), self.random.randint(1, 4))}
        objects = " | ".join(f"{{ {row.notation} IDENTIFIED BY {number} }}" for number, row in rows.items())
        self.current.extra = (
            f"CLASS-{name} ::= CLASS {{ &id INTEGER UNIQUE, &Type }} WITH SYNTAX {{ &Type IDENTIFIED BY &id }}\n"
            f"Set{name} CLASS-{name} ::= {{ {objects}, ... }}"
        )
        features = frozenset().union(*(row.features for row in rows.values())) | {"open types"}
        if self.tagging != "EXPLICIT":
            features |= {"tagged open types"}
        number = Type("INTEGER", f"CLASS-{name}.&id ({{Set{name}}})", frozenset({("UNIVERSAL", 2)}))
        open_ = Type("OPEN", f"CLASS-{name}.&Type ({{Set{name}}}{{@id}})", frozenset(), features,
                     identified_by="id", rows=rows)  # fmt: skip
        members = [Member("id", number), Member("val", open_), self.member("more", "SEQUENCE", 2)]
        members[2].optional, members[2].has_default = True, False
        return self.composed("SEQUENCE", members, False)

    def parameterised(self, name: str) -> Type:
        """A SEQUENCE of two parameters, and a type that fills them."""
        assert self.current is not None
        first, second = self.type(2), self.type(2)
        if first.notation.startswith("CHOICE") or self.chance(0.5):
            first = self.leaf()
        tags = ("", "") if self.tagging == "AUTOMATIC" else ("[1] ", "[2] EXPLICIT ")
        self.current.extra = (
            f"Pair{name} {{ First, Second }} ::= SEQUENCE {{ first {tags[0]}First OPTIONAL, "
            f"list SEQUENCE OF Second, second {tags[1]}Second }}"
        )
        list_of = Type("SEQUENCE OF", "", frozenset(), element=second)
        members = [Member("first", first, optional=True), Member("list", list_of), Member("second", second)]
        features = first.features | second.features | {"parameterised types"}
        if self.tagging != "EXPLICIT":
            features |= {"tagged parameters"}
        elif "[" in first.notation + second.notation:
            features |= {"tags in parameters"}
        notation = f"Pair{name} {{ {first.notation}, {second.notation} }}"
        return Type("SEQUENCE", notation, frozenset({("UNIVERSAL", 16)}), features, members=members)

    def recursive(self, name: str) -> Type:
        """A node with a value, an optional successor and children, or a CHOICE of a value and a list of itself."""
        assert self.current is not None
        itself = Type("REFERENCE", name, frozenset({("RECURSIVE", 0)}), target=self.current)
        if self.chance(0.5):
            leaf, nodes = Member("leaf", self.leaf()), Member("nodes", self.list_of("SEQUENCE OF", itself, sized=False))
            made = self.composed("CHOICE", [leaf, nodes], False)
        else:
            children = self.list_of(self.random.choice(["SEQUENCE OF", "SET OF"]), itself, sized=False)
            members = [self.member("item", "SEQUENCE", 2), Member("next", itself, optional=True)]
            members.append(Member("children", children))
            for member in members:  # a tag on each, since its own tags are not known yet
                member.type.tags = frozenset()
            made = self.composed("SEQUENCE", members, False)
        made.features |= {"recursion"}
        return made


def module(seed: int, count: int = 60) -> Module:
    return Generator(seed, count).module


__all__ = ["module", "value"]
