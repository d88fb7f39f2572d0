"""x400 send: what the sink gets is what was sent, and tshark reads it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.processes import Running, x400
from x400.ipm.body_parts import File, Text
from x400.ipm.message import decode
from x400.mts.apdu import Apdu
from x400.mts.stored import Stored

FROM, TO, OTHER = "/C=GB/A=T/P=HERE/O=X/S=Alice/", "/C=GB/A=T/P=NEXT/O=X/S=Bob/", "C=GB; A=T; P=NEXT; O=X; S=Carol"


def sent(folder: Path) -> Apdu:
    (path,) = folder.iterdir()
    return Apdu(Stored(path.read_bytes()))


def test_files_of_all_kinds(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Hello\nBob\n")
    (tmp_path / "brief.txt").write_text("Grüße\n", "utf-8")
    (tmp_path / "data.bin").write_bytes(bytes(range(256)) * 1000)
    kept = tmp_path / "kept"
    with Running("sink", "--listen", free_port(), "--count", 1, "--keep", kept) as sink:
        files = [tmp_path / name for name in ("note.txt", "brief.txt", "data.bin")]
        arguments = ["--from", FROM, "--to", TO, "--copy", OTHER, "--via", sink.address, "--priority", "urgent"]
        done = x400("send", *arguments, "--subject", "Grüße", "--request-report", "report", *files)
        assert sink.wait() == 0
    apdu = sent(kept)
    assert apdu.identifier == done.stdout.strip()
    assert apdu.priority == 0
    assert str(apdu.originator) == FROM
    assert [str(one.name) for one in apdu.recipients] == [TO, "/C=GB/A=T/P=NEXT/O=X/S=Carol/"]
    assert all(one.indicators.originator_report for one in apdu.recipients)
    message = decode(b"".join(apdu.contents().buffers))
    assert message.heading.subject == "Grüße"
    note, brief, data = message.body
    assert (note, brief) == (Text("Hello\nBob\n"), Text("Grüße\n"))
    assert isinstance(data, File)
    assert (data.name, data.octets) == ("data.bin", bytes(range(256)) * 1000)


def free_port() -> str:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"


def test_text_from_standard_input(tmp_path: Path) -> None:
    with Running("sink", "--listen", free_port(), "--count", 1, "--keep", tmp_path / "kept") as sink:
        x400("send", "--from", FROM, "--to", TO, "--via", sink.address, "-", stdin="Hi\n")
        assert sink.wait() == 0
    assert decode(b"".join(sent(tmp_path / "kept").contents().buffers)).body == (Text("Hi\n"),)


@pytest.mark.tshark
def test_tshark_reads_the_association(tmp_path: Path) -> None:
    capture = tmp_path / "send.pcapng"
    with Running("sink", "--listen", free_port(), "--count", 1) as sink:
        done = x400("send", "--from", FROM, "--to", TO, "--via", sink.address, "--capture", capture, "-", stdin="Hi\n")
        assert sink.wait() == 0
    assert tshark(capture, "-Y", "_ws.malformed || _ws.expert.severity == 8388608") == ""
    fields = ["-Y", "p1.message_element", "-T", "fields", "-e", "p1.local_identifier", "-e", "p22.data"]
    identifier = done.stdout.strip()
    (row,) = tshark(capture, *fields).splitlines()
    assert identifier.rpartition(";")[2].removesuffix("]") in row
    assert "p1" in tshark(capture, "-T", "fields", "-e", "frame.protocols")


def tshark(path: Path, *arguments: str) -> str:
    return subprocess.run(["tshark", "-r", str(path), *arguments], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--from", FROM, "--to", TO, "--via", "127.0.0.1:1"], 2, "file"),
        (["--from", FROM, "--to", TO, "--via", "127.0.0.1:9", "-"], 1, "127.0.0.1:9 cannot be reached"),
        (["--from", FROM, "--to", TO, "--via", "127.0.0.1", "-"], 2, "HOST:PORT"),
        (["--from", FROM, "--to", "Bob", "--via", "127.0.0.1:1", "-"], 2, "Bob"),
        (["--from", FROM, "--to", "/C=GB/A=T/", "--via", "127.0.0.1:1", "-"], 2, "no user"),
        (["--from", FROM, "--to", TO, "--via", "127.0.0.1:1", "no-such-file"], 1, "no-such-file"),
    ],
)
def test_what_cannot_be_sent(arguments: list[str], code: int, expected: str) -> None:
    done = x400("send", *arguments, code=code)
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_a_peer_that_does_not_speak_the_protocol() -> None:
    import socket
    import threading

    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        threading.Thread(target=answer, daemon=True).start()
        via = f"127.0.0.1:{server.getsockname()[1]}"
        done = x400("send", "--from", FROM, "--to", TO, "--via", via, "-", stdin="Hi", code=1)
    assert "transport" in done.stderr
    assert "Traceback" not in done.stderr
