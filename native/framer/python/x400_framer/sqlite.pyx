# cython: language_level=3, auto_pickle=False, autotestdict=False, boundscheck=False, wraparound=False
"""A connection to an SQLite database whose transactions run from end to end without Python's lock.

Python's own module takes the lock back after each step of each statement, and then waits for whoever has it: a thread
that commits in groups beside a busy event loop waits longer than it writes, and each time it gets the lock the loop has
lost it. Here the values of a whole transaction are laid out first, then all of it is written in one go, each octet
bound where it lies.

The functions are those of the library that Python's module uses, so that both may have the same file open: two copies
of SQLite in one process would undo each other's locks. The errors are those of that module, too.
"""

import _sqlite3
import sqlite3

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_DecodeUTF8
from libc.stdint cimport int64_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

cdef extern from "<dlfcn.h>" nogil:
    void *dlopen(const char *, int)
    void *dlsym(void *, const char *)
    int RTLD_NOW

cdef int OK = 0, NOMEM = 7, ROW = 100, DONE = 101
cdef int INTEGER = 1, FLOAT = 2, TEXT = 3, BLOB = 4, NULL_VALUE = 5
cdef int OPEN = 0x2 | 0x4 | 0x8000  # for reading and writing, made if need be, without a mutex: see `_enter`
cdef int BUSY_MILLISECONDS = 5000
cdef int STATEMENTS = 512

ctypedef int (*_Open)(const char *, void **, int, const char *) noexcept nogil
ctypedef int (*_Prepare)(void *, const char *, int, void **, const char **) noexcept nogil
ctypedef int (*_Execute)(void *, const char *, void *, void *, char **) noexcept nogil
ctypedef int (*_One)(void *) noexcept nogil
ctypedef int (*_Two)(void *, int) noexcept nogil
ctypedef int (*_BindInteger)(void *, int, int64_t) noexcept nogil
ctypedef int (*_BindReal)(void *, int, double) noexcept nogil
ctypedef int (*_BindOctets)(void *, int, const char *, int, void *) noexcept nogil
ctypedef int64_t (*_ColumnInteger)(void *, int) noexcept nogil
ctypedef double (*_ColumnReal)(void *, int) noexcept nogil
ctypedef const char *(*_ColumnOctets)(void *, int) noexcept nogil
ctypedef const char *(*_Message)(void *) noexcept nogil

cdef _Open sqlite3_open_v2
cdef _Prepare sqlite3_prepare_v2
cdef _Execute sqlite3_exec
cdef _One sqlite3_close_v2, sqlite3_finalize, sqlite3_reset, sqlite3_step, sqlite3_changes, sqlite3_extended_errcode
cdef _One sqlite3_get_autocommit, sqlite3_stmt_readonly, sqlite3_bind_parameter_count, sqlite3_column_count
cdef _Two sqlite3_busy_timeout, sqlite3_extended_result_codes, sqlite3_bind_null, sqlite3_column_type
cdef _Two sqlite3_column_bytes
cdef _BindInteger sqlite3_bind_int64
cdef _BindReal sqlite3_bind_double
cdef _BindOctets sqlite3_bind_text, sqlite3_bind_blob
cdef _ColumnInteger sqlite3_column_int64
cdef _ColumnReal sqlite3_column_double
cdef _ColumnOctets sqlite3_column_text, sqlite3_column_blob
cdef _Message sqlite3_errmsg

cdef void *_library = NULL


cdef void *_function(const char *name) except NULL:
    found = dlsym(_library, name)
    if found == NULL:
        raise ImportError(f"SQLite's library has no function {name.decode()}")
    return found


cdef _find_library():
    """What Python's module is linked with, or holds itself; the system's where it shows nothing of that."""
    global _library
    cdef bytes name = getattr(_sqlite3, "__file__", "").encode()
    _library = dlopen(<const char *>name if name else NULL, RTLD_NOW)
    if _library == NULL or dlsym(_library, b"sqlite3_open_v2") == NULL:
        for name in (b"libsqlite3.so.0", b"libsqlite3.dylib"):
            _library = dlopen(<const char *>name, RTLD_NOW)
            if _library != NULL:
                return
        raise ImportError("SQLite's library cannot be found")


_find_library()
sqlite3_open_v2 = <_Open>_function(b"sqlite3_open_v2")
sqlite3_prepare_v2 = <_Prepare>_function(b"sqlite3_prepare_v2")
sqlite3_exec = <_Execute>_function(b"sqlite3_exec")
sqlite3_close_v2 = <_One>_function(b"sqlite3_close_v2")
sqlite3_finalize = <_One>_function(b"sqlite3_finalize")
sqlite3_reset = <_One>_function(b"sqlite3_reset")
sqlite3_step = <_One>_function(b"sqlite3_step")
sqlite3_changes = <_One>_function(b"sqlite3_changes")
sqlite3_extended_errcode = <_One>_function(b"sqlite3_extended_errcode")
sqlite3_get_autocommit = <_One>_function(b"sqlite3_get_autocommit")
sqlite3_stmt_readonly = <_One>_function(b"sqlite3_stmt_readonly")
sqlite3_bind_parameter_count = <_One>_function(b"sqlite3_bind_parameter_count")
sqlite3_column_count = <_One>_function(b"sqlite3_column_count")
sqlite3_busy_timeout = <_Two>_function(b"sqlite3_busy_timeout")
sqlite3_extended_result_codes = <_Two>_function(b"sqlite3_extended_result_codes")
sqlite3_bind_null = <_Two>_function(b"sqlite3_bind_null")
sqlite3_column_type = <_Two>_function(b"sqlite3_column_type")
sqlite3_column_bytes = <_Two>_function(b"sqlite3_column_bytes")
sqlite3_bind_int64 = <_BindInteger>_function(b"sqlite3_bind_int64")
sqlite3_bind_double = <_BindReal>_function(b"sqlite3_bind_double")
sqlite3_bind_text = <_BindOctets>_function(b"sqlite3_bind_text")
sqlite3_bind_blob = <_BindOctets>_function(b"sqlite3_bind_blob")
sqlite3_column_int64 = <_ColumnInteger>_function(b"sqlite3_column_int64")
sqlite3_column_double = <_ColumnReal>_function(b"sqlite3_column_double")
sqlite3_column_text = <_ColumnOctets>_function(b"sqlite3_column_text")
sqlite3_column_blob = <_ColumnOctets>_function(b"sqlite3_column_blob")
sqlite3_errmsg = <_Message>_function(b"sqlite3_errmsg")

cdef dict _ERRORS = {
    2: sqlite3.InternalError, 11: sqlite3.DatabaseError, 12: sqlite3.InternalError, 18: sqlite3.DataError,
    19: sqlite3.IntegrityError, 20: sqlite3.IntegrityError, 21: sqlite3.InterfaceError, 25: sqlite3.InterfaceError,
}
"""By primary result code; below 18 all others are OperationalError, above it DatabaseError (as Python's module has it)."""


cdef struct _Value:
    int kind
    int length
    int64_t integer
    double real
    const char *octets


cdef struct _Step:
    void *statement
    int width
    Py_ssize_t number
    Py_ssize_t expected
    Py_ssize_t changes
    _Value *values


cdef int _lay_out(_Value *value, item) except -1:
    """The octets stay those of `item`, which must live as long as the value."""
    cdef Py_ssize_t length = 0
    if isinstance(item, str):
        value.kind = TEXT
        value.octets = PyUnicode_AsUTF8AndSize(item, &length)
    elif isinstance(item, int):
        value.kind = INTEGER
        value.integer = item
    elif isinstance(item, float):
        value.kind = FLOAT
        value.real = item
    elif isinstance(item, bytes):
        value.kind = BLOB
        value.octets = PyBytes_AS_STRING(item)
        length = PyBytes_GET_SIZE(item)
    elif item is None:
        value.kind = NULL_VALUE
    else:
        raise sqlite3.ProgrammingError(f"no value of SQLite's: {type(item).__name__}")
    if length > 0x7FFFFFFF:
        raise sqlite3.DataError("string or blob too big")
    value.length = <int>length
    return 0


cdef int _bind(void *statement, int index, const _Value *value) noexcept nogil:
    if value.kind == TEXT:
        return sqlite3_bind_text(statement, index, value.octets, value.length, NULL)
    if value.kind == INTEGER:
        return sqlite3_bind_int64(statement, index, value.integer)
    if value.kind == FLOAT:
        return sqlite3_bind_double(statement, index, value.real)
    if value.kind == BLOB:
        return sqlite3_bind_blob(statement, index, value.octets, value.length, NULL)
    return sqlite3_bind_null(statement, index)


cdef int _run(void *statement) noexcept nogil:
    """To its end."""
    cdef int code = ROW
    while code == ROW:
        code = sqlite3_step(statement)
    if code == DONE:
        return sqlite3_reset(statement)
    sqlite3_reset(statement)
    return code


cdef int _write(void *database, _Step *step) noexcept nogil:
    """All rows of a step."""
    cdef int code, index
    cdef Py_ssize_t number
    cdef _Value *value = step.values
    step.changes = 0
    for number in range(step.number):
        for index in range(step.width):
            code = _bind(step.statement, index + 1, value)
            if code != OK:
                return code
            value += 1
        code = _run(step.statement)
        if code != OK:
            return code
        step.changes += sqlite3_changes(database)
    return OK


cdef double _now() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec + now.tv_nsec * 1e-9


@cython.final
cdef class _Statement:
    cdef void *handle
    cdef int width
    cdef bint in_use

    def __dealloc__(self):
        if self.handle != NULL:
            sqlite3_finalize(self.handle)


@cython.no_gc
@cython.final
cdef class Rows:
    """What a statement has found."""

    cdef Connection connection
    cdef _Statement statement
    cdef object parameters
    cdef int state
    cdef readonly Py_ssize_t rowcount

    def __dealloc__(self):
        if self.statement is not None:
            self._end()

    cdef _end(self):
        sqlite3_reset(self.statement.handle)
        self.statement.in_use = False
        self.statement = None

    cdef int _step(self) except -1:
        cdef void *handle = self.statement.handle
        cdef int code
        self.connection._enter()
        with nogil:
            code = sqlite3_step(handle)
        self.connection._in_use = False
        self.state = code
        if code != ROW:
            error = None if code == DONE else self.connection._error()
            self._end()
            if error is not None:
                raise error
        return 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.state != ROW:
            raise StopIteration
        row = self._row()
        self._step()
        return row

    cdef tuple _row(self):
        cdef void *handle = self.statement.handle
        cdef int column, kind, count = sqlite3_column_count(handle)
        cdef tuple row = PyTuple_New(count)
        for column in range(count):
            kind = sqlite3_column_type(handle, column)
            if kind == INTEGER:
                value = sqlite3_column_int64(handle, column)
            elif kind == FLOAT:
                value = sqlite3_column_double(handle, column)
            elif kind == TEXT:
                text = sqlite3_column_text(handle, column)
                value = PyUnicode_DecodeUTF8(text, sqlite3_column_bytes(handle, column), NULL)
            elif kind == BLOB:
                octets = sqlite3_column_blob(handle, column)
                value = PyBytes_FromStringAndSize(octets, sqlite3_column_bytes(handle, column))
            else:
                value = None
            Py_INCREF(value)
            PyTuple_SET_ITEM(row, column, value)
        return row

    def fetchone(self):
        return next(self, None)

    def fetchall(self):
        return list(self)


@cython.no_gc
@cython.final
cdef class Connection:
    """Used by one thread at a time, which is seen to."""

    cdef void *_database
    cdef dict _statements
    cdef bint _in_use
    cdef readonly double commit_seconds

    def __cinit__(self, *args):
        self._statements = {}

    def __init__(self, path):
        cdef bytes name = path.encode()
        cdef const char *octets = name
        cdef int code
        self.close()
        with nogil:
            code = sqlite3_open_v2(octets, &self._database, OPEN, NULL)
        if code != OK:
            error = self._error() if self._database != NULL else MemoryError()
            self.close()
            raise error
        sqlite3_extended_result_codes(self._database, 1)
        sqlite3_busy_timeout(self._database, BUSY_MILLISECONDS)

    def __dealloc__(self):
        if self._database != NULL:
            sqlite3_close_v2(self._database)

    def close(self):
        database, self._database = self._database, NULL
        self._statements.clear()
        if database != NULL:
            with nogil:
                sqlite3_close_v2(database)

    cdef int _enter(self) except -1:
        """SQLite's own mutexes are left out: two threads in one connection at once are refused here."""
        if self._database == NULL:
            raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
        if self._in_use:
            raise sqlite3.ProgrammingError("the connection is in use by another thread")
        self._in_use = True
        return 0

    cdef _error(self):
        """What went wrong last. Raises UnicodeDecodeError when it is told in octets that are no text."""
        cdef int code = sqlite3_extended_errcode(self._database)
        if code & 0xFF == NOMEM:
            return MemoryError()
        default = sqlite3.OperationalError if code & 0xFF < 18 or code & 0xFF == 22 else sqlite3.DatabaseError
        error = _ERRORS.get(code & 0xFF, default)(sqlite3_errmsg(self._database).decode())
        error.sqlite_errorcode = code
        return error

    cdef _Statement _prepared(self, str sql):
        cdef _Statement statement = self._statements.get(sql)
        cdef const char *text
        cdef Py_ssize_t length
        cdef int code
        if statement is not None and not statement.in_use:
            return statement
        text = PyUnicode_AsUTF8AndSize(sql, &length)
        statement = _Statement()
        self._enter()
        with nogil:
            code = sqlite3_prepare_v2(self._database, text, <int>length, &statement.handle, NULL)
        self._in_use = False
        if code != OK:
            raise self._error()
        statement.width = sqlite3_bind_parameter_count(statement.handle)
        if len(self._statements) >= STATEMENTS:
            self._statements.clear()
        self._statements[sql] = statement
        return statement

    cdef int _check(self, _Statement statement, Py_ssize_t width) except -1:
        if statement.width != width:
            raise sqlite3.ProgrammingError(f"{statement.width} values are wanted, there are {width}")
        return 0

    def execute(self, str sql, parameters=()):
        cdef _Statement statement = self._prepared(sql)
        cdef Rows rows = Rows.__new__(Rows)
        cdef _Value value
        cdef int index
        rows.parameters = tuple(parameters)
        self._check(statement, len(rows.parameters))
        for index in range(statement.width):
            _lay_out(&value, rows.parameters[index])
            if _bind(statement.handle, index + 1, &value) != OK:
                raise self._error()
        rows.connection = self
        rows.statement = statement
        statement.in_use = True
        rows._step()
        rows.rowcount = -1 if sqlite3_stmt_readonly(statement.handle) else sqlite3_changes(self._database)
        return rows

    def executescript(self, str sql):
        cdef bytes text = sql.encode()
        cdef const char *octets = text
        cdef int code
        self._enter()
        with nogil:
            code = sqlite3_exec(self._database, octets, NULL, NULL, NULL)
        self._in_use = False
        if code != OK:
            raise self._error()

    def transaction(self, list steps):
        cdef Py_ssize_t number = len(steps), values = 0, at
        cdef _Step *laid_out = NULL
        cdef _Value *value
        cdef _Statement statement, begin = self._prepared("BEGIN IMMEDIATE"), commit = self._prepared("COMMIT")
        cdef list statements = [self._prepared(sql) for sql, _, _ in steps]
        cdef list rows
        cdef tuple row
        cdef void *database = self._database
        cdef int code = OK
        cdef double before = 0.0, after = 0.0
        cdef bint undone = False
        for at in range(number):
            statement = statements[at]
            values += statement.width * len(steps[at][1])
        laid_out = <_Step *>PyMem_Malloc(number * sizeof(_Step) + values * sizeof(_Value) + 1)
        if laid_out == NULL:
            raise MemoryError()
        try:
            value = <_Value *>(laid_out + number)
            for at in range(number):
                statement = statements[at]
                _, rows, expected = steps[at]
                laid_out[at].statement = statement.handle
                laid_out[at].width = statement.width
                laid_out[at].number = len(rows)
                laid_out[at].expected = -1 if expected is None else expected
                laid_out[at].values = value
                for row in rows:
                    self._check(statement, len(row))
                    for item in row:
                        _lay_out(value, item)
                        value += 1
            self._enter()
            with nogil:
                code = _run(begin.handle)
                if code == OK:
                    for at in range(number):
                        code = _write(database, &laid_out[at])
                        undone = laid_out[at].expected >= 0 and laid_out[at].changes != laid_out[at].expected
                        if code != OK or undone:
                            break
                if code == OK and not undone:
                    before = _now()
                    code = _run(commit.handle)
                    after = _now()
            self._in_use = False
            if code != OK or undone:
                error = None if code == OK else self._error()
                if self.in_transaction:
                    self.execute("ROLLBACK")
                if error is not None:
                    raise error
                return None
            self.commit_seconds = after - before
            return [laid_out[at].changes for at in range(number)]
        finally:
            PyMem_Free(laid_out)

    @property
    def in_transaction(self):
        return self._database != NULL and not sqlite3_get_autocommit(self._database)
