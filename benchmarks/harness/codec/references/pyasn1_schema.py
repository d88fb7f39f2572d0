"""pyasn1 has no compiler of ASN.1: its schema objects are made here from the parse tree that asn1tools gives."""

from __future__ import annotations

from typing import Any

STRINGS = ("IA5String", "NumericString", "PrintableString", "TeletexString", "UTF8String")


class Builder:
    """One module. Types are made where they are used, as pyasn1's classes want it."""

    def __init__(self, text: str, module: str) -> None:
        import asn1tools

        parsed = asn1tools.parse_string(text)[module]
        self._types: dict[str, Any] = parsed["types"]
        self._explicit = parsed["tags"] != "IMPLICIT"

    def type(self, tree: dict[str, Any]) -> Any:
        """An object of pyasn1 that stands for a type."""
        made = self._untagged(tree)
        if "tag" in tree:
            made = made.subtype(**self._tag(tree, constructed=not self._primitive(tree)))
        return made

    def _resolved(self, tree: dict[str, Any]) -> dict[str, Any]:
        while "tag" not in tree and tree["type"] in self._types:
            tree = self._types[tree["type"]]
        return tree

    def _choice(self, tree: dict[str, Any]) -> bool:
        """Without a tag of its own, so that one put before it is EXPLICIT (X.680 31.2.7)."""
        if tree["type"] in self._types:
            inner = self._resolved(self._types[tree["type"]])
            return "tag" not in inner and self._choice(inner)
        return tree["type"] in ("CHOICE", "ANY")

    def _primitive(self, tree: dict[str, Any]) -> bool:
        if tree["type"] in self._types:
            return self._primitive(self._types[tree["type"]])
        return tree["type"] not in ("SEQUENCE", "SEQUENCE OF", "SET OF")

    def _tag(self, tree: dict[str, Any], *, constructed: bool) -> dict[str, Any]:
        from pyasn1.type import tag

        given = tree["tag"]
        classes = {
            "UNIVERSAL": tag.tagClassUniversal,
            "APPLICATION": tag.tagClassApplication,
            "PRIVATE": tag.tagClassPrivate,
        }
        explicit = given.get("kind", "EXPLICIT" if self._explicit else "IMPLICIT") == "EXPLICIT" or self._choice(tree)
        form = tag.tagFormatConstructed if explicit or constructed else tag.tagFormatSimple
        made = tag.Tag(classes.get(given.get("class"), tag.tagClassContext), form, given["number"])
        return {"explicitTag" if explicit else "implicitTag": made}

    def _members(self, tree: dict[str, Any]) -> Any:
        from pyasn1.type import namedtype

        made = []
        for member in tree["members"]:
            built = self.type(member)
            if "default" in member:
                default = member["default"]
                if isinstance(default, str) and default.startswith("0b"):
                    made.append(namedtype.DefaultedNamedType(member["name"], built.clone(binValue=default[2:])))
                else:
                    made.append(namedtype.DefaultedNamedType(member["name"], built.clone(default)))
            elif member.get("optional"):
                made.append(namedtype.OptionalNamedType(member["name"], built))
            else:
                made.append(namedtype.NamedType(member["name"], built))
        return namedtype.NamedTypes(*made)

    def _untagged(self, tree: dict[str, Any]) -> Any:
        from pyasn1.type import char, namedval, univ, useful

        kind: str = tree["type"]
        if kind in self._types:
            return self.type(self._types[kind])
        if kind in STRINGS:
            return getattr(char, kind)()
        if kind in ("UTCTime", "GeneralizedTime"):
            return getattr(useful, kind)()
        if kind in ("SEQUENCE", "CHOICE"):
            return {"SEQUENCE": univ.Sequence, "CHOICE": univ.Choice}[kind](componentType=self._members(tree))
        if kind in ("SEQUENCE OF", "SET OF"):
            of = {"SEQUENCE OF": univ.SequenceOf, "SET OF": univ.SetOf}[kind]
            return of(componentType=self.type(tree["element"]))
        if kind == "ENUMERATED":
            return univ.Enumerated(namedValues=namedval.NamedValues(*map(tuple, tree["values"])))
        simple = {
            "INTEGER": univ.Integer,
            "BOOLEAN": univ.Boolean,
            "NULL": univ.Null,
            "BIT STRING": univ.BitString,
            "OCTET STRING": univ.OctetString,
            "OBJECT IDENTIFIER": univ.ObjectIdentifier,
            "ANY": univ.Any,
        }
        return simple[kind]()


def build(text: str, module: str, type_name: str) -> Any:
    return Builder(text, module).type({"type": type_name})
