"""Python packages: asn1tools, pycrate and pyasn1, each with the value that it decoded itself as what it encodes."""

from __future__ import annotations

import contextlib
import importlib
import io
import runpy
import tempfile
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.harness.codec.references import pyasn1_schema
from benchmarks.harness.codec.references.base import Calls, Codec, NotAvailable
from benchmarks.harness.codec.workloads import Workload, for_references


def package(name: str, distribution: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NotAvailable(f"the package {distribution} (PyPI) is not installed") from error


class Asn1tools:
    name = "asn1tools"

    def prepare(self, workload: Workload) -> Codec:
        specification = package("asn1tools", "asn1tools").compile_string(for_references(workload.module))
        compiled = specification.types[workload.type_name]
        value = compiled.decode(workload.octets)
        if value != workload.value:
            raise AssertionError(f"{workload.name}: asn1tools decodes another value than fastber")
        return Calls(partial(compiled.decode, workload.octets), partial(compiled.encode, value))


def pycrate_compile(text: str) -> dict[str, Any]:
    """The classes that pycrate generates, one a module. It writes Python text, which its users import."""
    process = package("pycrate_asn1c.asnproc", "pycrate")
    process.GLOBAL.clear()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        process.compile_text(text)
        generated = Path(folder) / "generated.py"
        process.PycrateGenerator(dest=str(generated))
        names = runpy.run_path(str(generated))
    process.GLOBAL.clear()
    return names


class Pycrate:
    name = "pycrate"

    def prepare(self, workload: Workload) -> Codec:
        compiled = getattr(pycrate_compile(for_references(workload.module))[workload.module], workload.type_name)

        def decode() -> Any:
            compiled.from_ber(workload.octets)
            return compiled.get_val()

        value = decode()

        def encode() -> bytes:
            compiled.set_val(value)
            octets: bytes = compiled.to_ber()
            return octets

        return Calls(decode, encode)


class Pyasn1:
    name = "pyasn1"

    def prepare(self, workload: Workload) -> Codec:
        decoder = package("pyasn1.codec.ber.decoder", "pyasn1")
        encoder = package("pyasn1.codec.ber.encoder", "pyasn1")
        package("asn1tools", "asn1tools")
        specification = pyasn1_schema.build(for_references(workload.module), workload.module, workload.type_name)
        value, rest = decoder.decode(workload.octets, asn1Spec=specification)
        if rest:
            raise AssertionError(f"{workload.name}: pyasn1 leaves {len(rest)} octets")
        return Calls(
            lambda: decoder.decode(workload.octets, asn1Spec=specification),
            lambda: encoder.encode(value),
        )
