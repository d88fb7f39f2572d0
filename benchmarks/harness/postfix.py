"""A Postfix instance of our own on loopback: smtp-source -> Postfix -> smtp-sink, its queue synced as shipped."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

from benchmarks.harness.cpu import tree_cpu

PROGRAMS = ("postfix", "smtp-source", "smtp-sink")
SEARCH = "/usr/sbin:/usr/bin:/sbin:/bin"

MAIN = """
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
maillog_file = /var/log/x400-benchmark-postfix.log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.test
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
relayhost = [127.0.0.1]:{sink}
disable_dns_lookups = yes
default_process_limit = 100
in_flow_delay = 0
default_destination_concurrency_limit = 50
initial_destination_concurrency = 50
smtp_connection_cache_on_demand = yes
message_size_limit = 0
mailbox_size_limit = 0
"""

MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


def missing() -> list[str]:
    """The programs of the reference that are not installed."""
    return [p for p in PROGRAMS if shutil.which(p, path=SEARCH) is None]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, seconds: float = 20.0) -> None:
    """Until something listens there, without troubling it with a connection."""
    deadline = time.monotonic() + seconds
    listening = f"0100007F:{port:04X} 00000000:0000 0A"
    while time.monotonic() < deadline:
        if listening in Path("/proc/net/tcp").read_text():
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


class Postfix:
    """The reference MTA, running between ``__enter__`` and ``__exit__``."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="x400-postfix-"))
        self.port, self.sink_port = free_port(), free_port()

    def _command(self, verb: str) -> None:
        subprocess.run(
            [shutil.which("postfix", path=SEARCH) or "postfix", "-c", str(self.root / "etc"), verb],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip

    def __enter__(self) -> Postfix:
        for folder in ("etc", "queue", "data"):
            (self.root / folder).mkdir()
        self.root.chmod(0o755)
        shutil.chown(self.root / "data", "postfix")
        names = {"root": self.root, "port": self.port, "sink": self.sink_port}
        (self.root / "etc" / "main.cf").write_text(MAIN.format(**names))
        (self.root / "etc" / "master.cf").write_text(MASTER.format(**names))
        self._command("start")
        wait_for_port(self.port)
        self.master = int((self.root / "queue" / "pid" / "master.pid").read_text())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._command("stop")
        shutil.rmtree(self.root, ignore_errors=True)

    def relay(self, count: int, size: int, sessions: int, recipients: int = 1) -> tuple[float, float]:
        """Pass ``count`` messages of ``size`` octets through; wall seconds and CPU seconds of Postfix alone."""
        sink = subprocess.Popen(
            [shutil.which("smtp-sink", path=SEARCH) or "smtp-sink", "-u", "postfix", "-M", str(count),
             f"127.0.0.1:{self.sink_port}", "1000"],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_for_port(self.sink_port)
            cpu, begin = tree_cpu(self.master), time.monotonic()
            subprocess.run(
                [shutil.which("smtp-source", path=SEARCH) or "smtp-source", "-d", "-s", str(sessions), "-m", str(count),
                 "-l", str(size), "-r", str(recipients), "-f", "a@source.test", "-t", "b@sink.test",
                 f"127.0.0.1:{self.port}"],
                check=True, timeout=600,
            )  # fmt: skip
            sink.wait(timeout=600)
            return time.monotonic() - begin, tree_cpu(self.master) - cpu
        finally:
            sink.kill()
            sink.wait()
