"""The APDUs of X.229: octets that are known."""

from __future__ import annotations

from typing import Any

import pytest

from x400.asn1 import compiled_type, object_identifier

NULL = b"\x05\x00"
LOCAL: Any = ("localValue", 3)
APDUS: list[tuple[Any, str]] = [
    (
        ("roiv-apdu", {"invokeID": 1, "linked-ID": 2, "operation-value": LOCAL, "argument": NULL}),
        "a10b 020101 800102 020103 0500",
    ),
    (("roiv-apdu", {"invokeID": 1, "operation-value": ("globalValue", "1.2.3")}), "a107 020101 06022a03"),
    (("rors-apdu", {"invokeID": 1}), "a203 020101"),
    (
        ("rors-apdu", {"invokeID": 1, "result": {"operation-value": LOCAL, "result": NULL}}),
        "a20a 020101 3005 020103 0500",
    ),
    (("roer-apdu", {"invokeID": 1, "error-value": LOCAL, "parameter": NULL}), "a308 020101 020103 0500"),
    (("rorj-apdu", {"invokeID": ("invokeID", 1), "problem": ("invokeProblem", 2)}), "a406 020101 810102"),
    (("rorj-apdu", {"invokeID": ("null", None), "problem": ("generalProblem", 0)}), "a405 0500 800100"),
]


@pytest.mark.parametrize(("value", "octets"), APDUS)
def test_known_encoding(value: object, octets: str) -> None:
    apdus = compiled_type("Remote-Operations-APDUs", "ROSEapdus")
    expected = bytes.fromhex(octets)
    assert apdus.encode(value) == expected
    assert apdus.decode(expected) == value


def test_identifier() -> None:
    assert object_identifier("Remote-Operations-APDUs", "rOSE") == "2.4.3"
