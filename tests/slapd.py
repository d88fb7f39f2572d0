"""A directory for tests: slapd, with a schema and a database of its own in a folder, on a port of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

BASE = "dc=test"
ADMIN, PASSWORD = "cn=admin,dc=test", "secret-of-admin"

_STRING = "EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15"
_CONFIGURATION = """
include /etc/ldap/schema/core.schema
attributetype ( 1.3.6.1.4.1.32473.1.1 NAME 'mhsORAddresses' {string} )
attributetype ( 1.3.6.1.4.1.32473.1.2 NAME 'routingMTA' {string} )
attributetype ( 1.3.6.1.4.1.32473.1.3 NAME 'redirectTo' {string} )
objectclass ( 1.3.6.1.4.1.32473.2.1 NAME 'mhsUser' SUP top STRUCTURAL
  MUST cn MAY ( sn $ o $ mhsORAddresses $ routingMTA $ redirectTo ) )
pidfile {folder}/pid
argsfile {folder}/args
modulepath /usr/lib/ldap
moduleload back_mdb
{tls}
database mdb
suffix "{base}"
rootdn "{admin}"
rootpw {password}
directory {folder}/data
maxsize 16777216
access to * by * read
"""


def _program(name: str) -> str:
    found = shutil.which(name) or f"/usr/sbin/{name}"
    assert Path(found).exists()
    return found


def ldif(name: str, **attributes: str) -> str:
    """An entry."""
    lines = [f"dn: cn={name},{BASE}", "objectClass: mhsUser", f"cn: {name}"]
    return "\n".join(lines + [f"{attribute}: {value}" for attribute, value in attributes.items()]) + "\n\n"


class Slapd:
    """Runs between `start` and `stop`; entries are added and changed while it does not."""

    def __init__(self, folder: Path, entries: str = "", *, certificate: Path | None = None) -> None:
        self.folder = folder
        (folder / "data").mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.scheme = "ldap" if certificate is None else "ldaps"
        tls = "" if certificate is None else f"TLSCertificateFile {certificate}\nTLSCertificateKeyFile {certificate}"
        configuration = _CONFIGURATION.format(
            string=_STRING, folder=folder, base=BASE, admin=ADMIN, password=PASSWORD, tls=tls
        )
        (folder / "slapd.conf").write_text(configuration, "utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        root = f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: test\no: Test\n\n"
        self._apply("slapadd", root + entries)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def _apply(self, program: str, text: str) -> None:
        arguments = [_program(program), "-f", str(self.folder / "slapd.conf")]
        done = subprocess.run(arguments, input=text.encode(), capture_output=True)
        assert done.returncode == 0, done.stderr.decode()

    def add(self, entries: str) -> None:
        """More entries; it is stopped meanwhile."""
        self._while_stopped("slapadd", entries)

    def change(self, name: str, attribute: str, value: str) -> None:
        """Another value; it is stopped meanwhile."""
        text = f"dn: cn={name},{BASE}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n\n"
        self._while_stopped("slapmodify", text)

    def _while_stopped(self, program: str, text: str) -> None:
        running = self._process is not None
        self.stop()
        self._apply(program, text)
        if running:
            self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = [_program("slapd"), "-f", str(self.folder / "slapd.conf"), "-h", self.url, "-d", "0"]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20.0
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._process.poll() is None, "slapd has ended"
            time.sleep(0.05)
        raise AssertionError("slapd does not listen")

    def stop(self) -> None:
        """Stop it, if it runs."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait(20.0)

    def __enter__(self) -> Slapd:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
