"""The floor of a decode: the cost of making the decoded value's objects from C by hand, and nothing else.

``floor.c`` is compiled with the system's compiler at the first call; there is nothing to install.
"""

from __future__ import annotations

import functools
import importlib.util
import shlex
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

SOURCE = Path(__file__).with_name("floor.c")


@functools.cache
def _native() -> ModuleType:
    """``floor.c``, compiled and loaded. CalledProcessError or FileNotFoundError where there is no C compiler."""
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
    with tempfile.TemporaryDirectory(prefix="floor-") as folder:
        library = Path(folder) / f"_floor{sysconfig.get_config_var('EXT_SUFFIX')}"
        flags = ["-O3", "-DNDEBUG", "-fPIC", "-shared", f"-I{sysconfig.get_path('include')}"]
        subprocess.run([*compiler, *flags, str(SOURCE), "-o", str(library)], check=True)
        spec = importlib.util.spec_from_file_location("_floor", library)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def floor(value: Any) -> Callable[[], Any]:
    """A callable that makes ``value`` anew on each call, from C, all its parts known beforehand.

    Keys, interned strings (names of alternatives and of enumeration items), None and booleans are shared, as a decoder
    shares them; every other object is made by the interpreter's C function for its type.
    """
    build: Callable[[], Any] = _native().floor(value)
    if build() != value:
        raise AssertionError("the floor made another value")
    return build
