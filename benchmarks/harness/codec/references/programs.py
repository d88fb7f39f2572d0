"""Programs in other languages: asn1c into C structs, Erlang's asn1ct, rasn. Each reads its own clocks around its loop.

What is generated and compiled goes to benchmarks/build/, which git ignores, and is made once for a schema's text.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness.codec.references.base import Codec, NotAvailable, Spent
from benchmarks.harness.codec.workloads import Workload, for_references

SOURCES = Path(__file__).parents[3] / "references"
BUILD = Path(__file__).parents[3] / "build"


class Program:
    """A running program that decodes and encodes on demand: a line asks, a line answers."""

    def __init__(self, command: Sequence[str], octets: bytes) -> None:
        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name) / "octets"
        file.write_bytes(octets)
        self._process = subprocess.Popen(
            [*command, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=self._folder.name
        )

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise NotAvailable(f"the program ended with status {self._process.wait()}") from error
        answer = self._process.stdout.readline()
        if not answer:
            raise NotAvailable(f"the program ended with status {self._process.wait()}")
        return answer

    def _timed(self, operation: str, times: int) -> Spent:
        cpu, wall = map(int, self._ask(f"{operation} {times}").split())
        return Spent(cpu / times / 1e9, wall / times / 1e9)

    def decode(self, times: int) -> Spent:
        return self._timed("decode", times)

    def encode(self, times: int) -> Spent:
        return self._timed("encode", times)

    def again(self) -> bytes:
        return bytes.fromhex(self._ask("again"))

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._folder.cleanup()


def run(*command: str | Path, cwd: Path) -> None:
    """NotAvailable with the last line of what a tool complained of."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or [""]
        raise NotAvailable(f"{command[0]} failed: {lines[-1][:100]}")


def needs(*tools: str, package: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            raise NotAvailable(f"{tool} is not installed ({package})")


def build_folder(name: str, *parts: str) -> tuple[Path, bool]:
    """The folder for what is made from these texts, and whether it is made already (``finished`` says so)."""
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    folder = BUILD / f"{name}-{digest}"
    if (folder / "done").exists():
        return folder, True
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder, False


def finished(folder: Path) -> None:
    (folder / "done").touch()


class Asn1c:
    """The C that asn1c generates, compiled with -O2: a value is a tree of structs, made and freed in each decode."""

    name = "asn1c"

    def prepare(self, workload: Workload) -> Codec:
        needs("asn1c", package="Debian: asn1c")
        needs("gcc", package="Debian: gcc")
        text, main = for_references(workload.module), SOURCES / "asn1c" / "timed.c"
        folder, made = build_folder(f"asn1c-{workload.type_name}", text, main.read_text())
        if not made:
            (folder / "schema.asn").write_text(text)
            run("asn1c", "-fcompound-names", "schema.asn", cwd=folder)
            (folder / "converter-sample.c").unlink()
            generated = sorted(str(path) for path in folder.glob("*.c"))
            header = f'-DHEADER="{workload.type_name}.h"'
            run(
                *("gcc", "-O2", "-w", "-I.", f"-DPDU={workload.type_name}", header, "-o", "timed"),
                *(str(main), *generated),
                cwd=folder,
            )
            finished(folder)
        return Program([str(folder / "timed")], workload.octets)


class Erlang:
    """asn1ct with -bber, one scheduler that does not spin while it waits."""

    name = "Erlang asn1ct"

    def prepare(self, workload: Workload) -> Codec:
        needs("erlc", "erl", package="Debian: erlang-base, erlang-asn1")
        text = for_references(workload.module).replace(" ANY", " TYPE-IDENTIFIER.&Type")
        source = SOURCES / "erlang" / "timed.erl"
        folder, made = build_folder(f"erlang-{workload.module}", text, source.read_text())
        if not made:
            (folder / f"{workload.module}.asn1").write_text(text)
            run("erlc", "-bber", f"{workload.module}.asn1", cwd=folder)
            run("erlc", str(source), cwd=folder)
            finished(folder)
        flags = ["-noshell", "-pa", str(folder), "+S", "1:1", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"]
        call = ["-run", "timed", "main", workload.module, workload.type_name]
        return Program(["erl", *flags, *call], workload.octets)


class Rasn:
    """rasn's derive macros for P1; its own crates for certificates and LDAP."""

    name = "rasn"
    TYPES = ("APDU", "Certificate", "CertificateList", "LDAPMessage")

    def __init__(self, *, build: bool = True) -> None:
        self._build = build

    def prepare(self, workload: Workload) -> Codec:
        if workload.type_name not in self.TYPES:
            raise NotAvailable("no Rust types for this here")
        needs("cargo", package="a Rust toolchain")
        program = BUILD / "rasn" / "release" / "timed"
        if self._build:
            manifest = SOURCES / "rasn" / "Cargo.toml"
            run(
                *("cargo", "build", "--quiet", "--release", "--locked", "--manifest-path", str(manifest)),
                *("--target-dir", str(BUILD / "rasn")),
                cwd=SOURCES,
            )
        elif not program.exists():
            raise NotAvailable("not compiled yet; a run without --smoke does it")
        return Program([str(program), workload.type_name], workload.octets)
