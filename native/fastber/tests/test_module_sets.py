"""Whole sets of modules that others publish compile as they stand; what is refused, and why, stands here."""

from __future__ import annotations

from pathlib import Path

import pytest

import fastber

# Of the modules that asn1tools ships with its tests: file -> what fastber says of it.
REFUSED = {
    # a value of a CHOICE of `foo A`, where nothing assigns A
    "all_types.asn": "201:21: expected a name that is defined or imported, found `A`",
    # a component behind additions that has the tag of one of them (X.680 25.6), and AUTOMATIC TAGS nowhere
    "extensibility_implied.asn": "38:3: expected a tag that differs from those of the components before it",
}
# Files that import from others by bare name, and those others where they are published with them.
WITH = {
    "rfc1157.asn": ["rfc1155.asn"],
    "module-2.asn": ["module-1.asn"],
}
# RFC 2986 imports X.501's and X.509's modules by name and they are not among asn1tools' files.
ABSENT = {"rfc2986.asn": "InformationFramework"}


def test_modules_of_asn1tools(asn1tools_sources: Path) -> None:
    files = sorted((asn1tools_sources / "tests").rglob("*.asn"))
    assert len(files) > 55
    types = 0
    for file in files:
        others = [file.with_name(name) for name in WITH.get(file.name, [])]
        if file.name in REFUSED | ABSENT:
            with pytest.raises(fastber.CompileError) as caught:
                fastber.compile_files([file])
            assert REFUSED.get(file.name, ABSENT.get(file.name, "")) in str(caught.value)
            continue
        specification = fastber.compile_files([file, *others])
        types += sum(len(of_module) for of_module in specification.modules.values())
    assert types > 4500


def test_all_of_them_at_once(asn1tools_sources: Path) -> None:
    """Sets as they are deployed: LTE's signalling, and the Internet's certificates, messages and attributes."""
    files = asn1tools_sources / "tests" / "files"
    ietf = ["rfc3161", "rfc3279", "rfc3281", "rfc3447", "rfc3852", "rfc4210", "rfc4211", "rfc5084", "rfc5280"]
    specification = fastber.compile_files([files / "ietf" / f"{name}.asn" for name in ietf])
    assert "Certificate" in specification.modules["PKIX1Explicit88"]
    specification = fastber.compile_files([files / "3gpp" / f"{name}.asn" for name in ("rrc_14_4_0", "s1ap_14_4_0")])
    assert specification.modules["S1AP-PDU-Descriptions"]["S1AP-PDU"].name == "S1AP-PDU"


def test_modules_of_itu_t(itu_modules: Path) -> None:
    """X.400 of 1999 and what it imports (X.5xx, X.7xx, X.88x), 65 files, one of a module each, as they stand."""
    files = sorted(itu_modules.glob("*.asn1"))
    assert len(files) >= 65
    specification = fastber.compile_files(files)
    wanted = {"MTSAbstractService", "MTSTransferProtocol", "IPMSInformationObjects", "MSAbstractService", "CMIP-1"}
    assert wanted <= set(specification.modules)
