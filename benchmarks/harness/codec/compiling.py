"""Compile: from the text of modules to a codec that decodes."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import fastber
from benchmarks.harness.codec.references import NotAvailable, spend
from benchmarks.harness.codec.references.packages import package, pycrate_compile
from benchmarks.harness.codec.references.programs import BUILD
from benchmarks.harness.codec.rounds import Contender, Effort, compete
from benchmarks.harness.codec.rows import Row
from benchmarks.harness.codec.workloads import for_references

ASN1 = Path(__file__).parents[3] / "asn1"
GOAL, GOAL_MILLISECONDS = 50.0, 50.0

MODULES = ("P1", "IPM", "P7", "PKIX", "LDAP")
PUBLISHED = {"PKIX, as asn1tools ships it": "ietf/rfc5280.asn", "3GPP RRC 8.6": "3gpp/rrc_8_6_0.asn"}
"""Test files in asn1tools' source distribution, compiled by all three."""


def published() -> dict[str, str]:
    """The texts of PUBLISHED, out of asn1tools' source distribution, which pip brings once."""
    package("asn1tools", "asn1tools")
    name = f"asn1tools-{importlib.metadata.version('asn1tools')}"
    archive = BUILD / f"{name}.tar.gz"
    if not archive.exists():
        BUILD.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        source = ["--no-build-isolation", "--no-binary", ":all:", "--dest", str(BUILD), name.replace("-", "==")]
        if subprocess.run([*command, *source], capture_output=True).returncode or not archive.exists():
            raise NotAvailable(f"pip does not bring the source distribution of {name}")
    texts = {}
    with tarfile.open(archive) as members:
        for title, path in PUBLISHED.items():
            member = members.extractfile(f"{name}/tests/files/{path}")
            assert member is not None
            texts[title] = member.read().decode()
    return texts


def against(title: str, text: str, effort: Effort, say: Callable[[str], None]) -> list[Row]:
    """One set of modules, compiled by all three in the same rounds."""
    contenders = [Contender("fastber", partial(spend, partial(fastber.compile_string, text)))]
    try:
        contenders.append(
            Contender("asn1tools", partial(spend, partial(package("asn1tools", "").compile_string, text)))
        )
    except NotAvailable as why:
        say(f"left out: asn1tools for compile: {why}")
    try:
        package("pycrate_asn1c.asnproc", "pycrate")
        contenders.append(Contender("pycrate", partial(spend, partial(pycrate_compile, text))))
    except NotAvailable as why:
        say(f"left out: pycrate for compile: {why}")
    own, *others = compete(contenders, effort)
    figure = f"compile {title}, {text.count(chr(10)):,} lines"
    return [
        Row(figure, other.name, "ms", own.cpu * 1e3, other.cpu * 1e3, other.ratio, GOAL, wall=own.wall * 1e3)
        for other in others
    ]


def all_modules(effort: Effort) -> Row:
    """Every module of the Recommendations in asn1/, read from its files."""
    files = [str(path) for path in sorted(ASN1.glob("*/*.asn1"))]
    lines = sum(Path(file).read_text().count("\n") for file in files)

    def compile_all() -> Any:
        return fastber.compile_files(files, tolerate_explicit=True, ignore_unknown=True)

    (own,) = compete([Contender("fastber", partial(spend, compile_all))], effort)
    figure = f"compile all of asn1/, {len(files)} modules, {lines:,} lines"
    return Row(figure, "", "ms", own.cpu * 1e3, None, None, GOAL_MILLISECONDS, at_most=True, wall=own.wall * 1e3)


def compiling(effort: Effort, say: Callable[[str], None], *, fetch: bool) -> list[Row]:
    rows = [all_modules(effort)]
    rows += against("the modules of this benchmark", "\n".join(map(for_references, MODULES)), effort, say)
    if fetch:
        try:
            for title, text in published().items():
                rows += against(title, text, effort, say)
        except NotAvailable as why:
            say(f"left out: compile of published modules: {why}")
    return rows
