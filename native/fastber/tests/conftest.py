"""What others publish and the tests read: fetched by hash when they run, kept in the build folder, never committed."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PINNED = HERE / "data" / "asn1tools-sources.txt"
KEPT = HERE.parent / "target" / "sources"


def _absent(reason: str) -> Path:
    """Leave the test out, unless nothing may be left out."""
    if os.environ.get("X400_NOTHING_LEFT_OUT"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def asn1tools_sources() -> Path:
    """The source distribution of asn1tools, which has its tests and the modules that they compile."""
    name, version = PINNED.read_text().splitlines()[-1].split()[0].split("==")
    folder = KEPT / f"{name}-{version}"
    if folder.is_dir():
        return folder
    KEPT.mkdir(parents=True, exist_ok=True)
    # no build isolation: what is downloaded is only unpacked, and pip must not fetch anything beside it
    options = ["--quiet", "--require-hashes", "--no-deps", "--no-build-isolation", "--no-binary", name]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(KEPT), "--requirement", str(PINNED)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return _absent(f"the sources of asn1tools could not be downloaded: {done.stderr.strip().splitlines()[-1:]}")
    with tarfile.open(KEPT / f"{name}-{version}.tar.gz") as archive:
        archive.extractall(KEPT, filter="data")
    return folder


@pytest.fixture(scope="session")
def itu_modules() -> Path:
    """ITU-T's own files of X.400 and what it imports, as they were published.

    No package carries them, so that they cannot be fetched as asn1tools' are: ``FASTBER_ITU_MODULES`` names the folder
    (README, Building). Left out without it, in every run.
    """
    folder = os.environ.get("FASTBER_ITU_MODULES")
    if not folder:
        pytest.skip("FASTBER_ITU_MODULES does not name a folder of ITU-T's published modules")
    return Path(folder)
