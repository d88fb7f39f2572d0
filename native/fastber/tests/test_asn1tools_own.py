"""asn1tools' own tests of BER and DER, unchanged, with fastber in the place of asn1tools.

Its tests hold asn1tools' texts of errors too; ours say more, so that a text is let pass where the class of the error is
right. Every vector that differs stands below with its reason; one that no longer does fails the test.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import types
import unittest
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fastber

UNDEFINED = "choice CHOICE { foo A } ::= foo : bar"
UNTOLD_APART = re.compile(r"^Sequence(6|7|15) ::= SEQUENCE \{.*?^\}\n", re.MULTILINE | re.DOTALL)
REPRS = 28
# test -> how many of its vectors differ, and why
DIFFERS: dict[str, dict[str, tuple[int, str]]] = {
    "test_ber": {
        "test_bit_string": (2, "zero bits behind the last one are no part of a DEFAULT with named bits (X.680 22.7)"),
        "test_decode_length": (1, "a tag number with leading zeros is refused (X.690 8.1.2.4.2)"),
        "test_enumerated": (1, "an unknown number of an extensible ENUMERATED is given as it is"),
        "test_real": (1, "minus zero is a value of its own (X.690 8.5.9)"),
        "test_repr_all_types": (REPRS + 1, "repr is the type's name"),
        "test_rfc4511": (1, "published as what asn1tools' parser made of it, without the module"),
        "test_rfc5280": (1, "a DEFAULT that names a number is that number, not its name"),
        "test_rfc5280_modified": (1, "likewise"),
        "test_sequence": (3, "root members behind additions are tagged first (X.680 25.7); groups have their DEFAULTs"),
    },
    "test_der": {
        "test_all_types": (1, "an unknown element of a SEQUENCE without a marker is refused"),
        "test_bit_string": (2, "as of BER"),
        "test_repr_all_types": (REPRS, "as of BER"),
        "test_rfc5280": (1, "as of BER"),
    },
}


def _compile_files(paths: Any, *arguments: Any, **options: Any) -> fastber.Specification:
    """One of asn1tools' files is refused (see test_module_sets): without what no test of its own names it compiles."""
    if str(paths).endswith("/all_types.asn"):
        text = Path(paths).read_text().replace(UNDEFINED, "")
        return fastber.compile_string(UNTOLD_APART.sub("", text), *arguments, **options)
    return fastber.compile_files(paths, *arguments, **options)


def _stand_in() -> types.ModuleType:
    module = types.ModuleType("asn1tools")
    module.__dict__.update({name: getattr(fastber, name) for name in fastber.__all__})
    # asn1tools also compiles what its parser made; `load` below puts the modules that it was made from in its place
    module.__dict__.update(compile_files=_compile_files, compile_dict=_compile_files)
    return module


class Going(unittest.TestCase):
    """Goes on behind a vector that differs, and takes any text of an error once the error is of the class expected."""

    def assertRaises(self, expected: Any, *arguments: Any, **options: Any) -> Any:
        raised = super().assertRaises(expected, *arguments, **options)  # noqa: PT027
        texts = self.__dict__.setdefault("texts", set())

        class Context:
            def __enter__(self) -> Any:
                return raised.__enter__()

            def __exit__(self, kind: Any, error: Any, traceback: Any) -> Any:
                texts.add(str(error))
                return raised.__exit__(kind, error, traceback)

        return Context()

    def assertEqual(self, first: Any, second: Any, msg: Any = None) -> None:
        texts = self.__dict__.get("texts", ())
        if first != second and not any(isinstance(held, str) and held in texts for held in (first, second)):
            differences.append((self._testMethodName, f"{first!r} != {second!r}"))


differences: list[tuple[str, str]] = []


@pytest.fixture
def own_tests(asn1tools_sources: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Loads one of asn1tools' test files with `import asn1tools` meaning fastber."""
    before = set(sys.modules)
    real = {name: sys.modules.pop(name) for name in before if name.split(".")[0] == "asn1tools"}
    stand_in = _stand_in()
    # the time zones and helpers that the tests take from inside asn1tools are asn1tools' own
    pytest.importorskip("asn1tools")
    for name in ("asn1tools.codecs", "asn1tools.compat"):
        importlib.import_module(name)
    monkeypatch.setitem(sys.modules, "asn1tools", stand_in)
    monkeypatch.chdir(asn1tools_sources)

    def load(name: str) -> types.ModuleType:
        package = types.ModuleType("tests")
        package.__path__ = [str(asn1tools_sources / "tests")]
        monkeypatch.setitem(sys.modules, "tests", package)
        path = asn1tools_sources / "tests" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(f"tests.{name}", path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for found in list(sys.modules.values()):
            made, file = getattr(found, "EXPECTED", None), getattr(found, "__file__", None)
            if isinstance(made, dict) and file and str(asn1tools_sources) in str(Path(file).resolve()):
                for held in [key for key, value in vars(module).items() if value is made]:
                    setattr(module, held, re.sub(r"\.py$", ".asn", str(Path(file).resolve())))
        return module

    yield load
    for name in set(sys.modules) - before:
        del sys.modules[name]
    sys.modules.update(real)


@pytest.mark.parametrize("name", DIFFERS)
def test_own_tests(own_tests: Any, name: str) -> None:
    module = own_tests(name)
    suite = unittest.TestSuite()
    for case in vars(module).values():
        if isinstance(case, type) and issubclass(case, unittest.TestCase) and case.__module__ == module.__name__:
            suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(type(case.__name__, (Going, case), {})))
    assert suite.countTestCases() > 10
    differences.clear()
    result = unittest.TestResult()
    suite.run(result)
    found = [(case.id().rsplit(".", 1)[1], text) for case, text in [*result.failures, *result.errors]] + differences
    counted = Counter(test for test, _ in found)
    wanted = {test: count for test, (count, _) in DIFFERS[name].items()}
    told = "\n".join(f"{test}: {text}" for test, text in found if counted[test] != wanted.get(test))
    assert counted == wanted, told
