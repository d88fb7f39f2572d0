"""x400_framer.sqlite.Connection beside Python's own module: the same values, the same errors, whole transactions."""

import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from x400_framer.sqlite import Connection

VALUES: list[tuple[Any, ...]] = [
    (1, "plain", 1.5, b"octets"),
    (2, "é – \0 𝄞", math.inf, b"\0\xff"),
    (-(1 << 63), "", -0.0, b""),
    ((1 << 63) - 1, None, None, None),
    (5, "x" * 100_000, 1e-300, bytes(100_000)),
]
INSERT = "INSERT INTO t VALUES (?, ?, ?, ?)"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "é.sqlite"


@pytest.fixture
def connection(database: Path) -> Iterator[Connection]:
    with closing(Connection(str(database))) as connection:
        connection.executescript(
            "PRAGMA journal_mode=WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b REAL, c BLOB)"
        )
        yield connection


def python_reads(database: Path) -> list[Any]:
    with closing(sqlite3.connect(database)) as other:
        return other.execute("SELECT * FROM t ORDER BY rowid").fetchall()


def test_values_are_those_that_were_written(connection: Connection, database: Path) -> None:
    assert connection.transaction([(INSERT, VALUES, len(VALUES))]) == [len(VALUES)]
    expected = sorted(VALUES)
    assert connection.execute("SELECT * FROM t ORDER BY id").fetchall() == expected
    assert python_reads(database) == expected
    for row in VALUES:
        assert connection.execute("SELECT * FROM t WHERE id=? AND a IS ? AND b IS ? AND c IS ?", row).fetchone() == row


def test_a_transaction_is_on_disk_when_it_returns(connection: Connection, database: Path) -> None:
    connection.transaction([(INSERT, VALUES[:1], None), ("UPDATE t SET a=? WHERE id=?", [("new", 1), ("no", 9)], 1)])
    assert python_reads(database) == [(1, "new", 1.5, b"octets")]
    assert not connection.in_transaction
    assert 0 < connection.commit_seconds < 60


def test_a_step_that_changes_another_number_of_rows_undoes_all(connection: Connection, database: Path) -> None:
    connection.transaction([(INSERT, VALUES[:1], 1)])
    ignoring = INSERT.replace("INSERT", "INSERT OR IGNORE")
    assert connection.transaction([("DELETE FROM t WHERE id=?", [(7,)], None), (ignoring, VALUES[:2], 2)]) is None
    assert not connection.in_transaction
    assert python_reads(database) == VALUES[:1]
    assert connection.transaction([(ignoring, VALUES[:2], 1)]) == [1]


FAILING: list[tuple[str, tuple[Any, ...]]] = [
    (INSERT, (1, "", 0.0, b"")),  # there already
    (INSERT, ("x", "", 0.0, b"")),
    ("INSERT INTO t VALUES (?)", (1,)),
    ("INSERT INTO nowhere VALUES (?)", (1,)),
    ("nonsense", ()),
    (INSERT, (3,)),
    (INSERT, (3, "", 0.0, object())),
    (INSERT, (1 << 63, "", 0.0, b"")),
    (INSERT, (3, "\ud800", 0.0, b"")),
]


@pytest.mark.parametrize(("sql", "row"), FAILING)
def test_errors_are_those_of_pythons_module_and_undo_all(
    connection: Connection, database: Path, sql: str, row: tuple[Any, ...]
) -> None:
    connection.transaction([(INSERT, VALUES[:1], 1)])

    def error_of(function: Callable[[], object]) -> tuple[type, Any]:
        try:
            function()
        except Exception as error:
            return type(error), getattr(error, "sqlite_errorcode", None)
        pytest.fail("no error was raised")

    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        expected = error_of(lambda: other.execute(sql, row))
        assert error_of(lambda: connection.execute(sql, row)) == expected
        assert error_of(lambda: connection.transaction([(INSERT, [VALUES[1]], 1), (sql, [row], 1)])) == expected
        assert not connection.in_transaction
        assert other.execute("SELECT id FROM t").fetchall() == [(1,)]


def test_rows_are_read_as_they_are_wanted(connection: Connection) -> None:
    connection.transaction([(INSERT, [(number, None, None, None) for number in range(100)], 100)])
    seen = []
    for row in connection.execute("SELECT id FROM t ORDER BY id"):
        seen.append(row[0])
        assert connection.execute("SELECT count(*) FROM t WHERE id<=?", row).fetchone() == (row[0] + 1,)
        if row[0] == 50:
            break
    assert seen == list(range(51))
    rows = connection.execute("SELECT id FROM t ORDER BY id")
    assert next(rows) == (0,)
    connection.close()
    with pytest.raises(sqlite3.ProgrammingError):
        rows.fetchall()
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")
    with pytest.raises(sqlite3.ProgrammingError):
        connection.transaction([])


def test_how_many_rows_a_statement_wrote(connection: Connection) -> None:
    assert connection.execute(INSERT, VALUES[0]).rowcount == 1
    assert connection.execute(INSERT, VALUES[1]).rowcount == 1
    assert connection.execute("SELECT * FROM t").rowcount == -1
    assert connection.execute("UPDATE t SET a=''").rowcount == 2
    assert connection.execute("SELECT 1 WHERE 0").fetchone() is None


def test_another_thread_is_refused_while_one_writes_and_python_runs_meanwhile(
    connection: Connection, database: Path
) -> None:
    """The transaction waits for another's lock, without Python's."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        written: list[Any] = []
        thread = threading.Thread(target=lambda: written.append(connection.transaction([(INSERT, VALUES[:1], 1)])))
        thread.start()
        refused = None
        while refused is None and thread.is_alive():
            try:
                connection.execute("SELECT 1")
                time.sleep(0.001)
            except sqlite3.ProgrammingError as error:
                refused = error
        other.execute("COMMIT")
        thread.join()
    assert "another thread" in str(refused)
    assert written == [[1]]


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError) as caught:
        Connection(str(tmp_path / "no" / "folder"))
    assert caught.value.sqlite_errorcode == sqlite3.SQLITE_CANTOPEN
