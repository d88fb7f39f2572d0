/* The floor of a decode: a value laid out once as a plan of C structures, then made again from that plan, object by
 * object, through the interpreter's own C functions. No octet is parsed and nothing is looked up: what is left is what
 * any decoder has to pay for handing over these objects.
 *
 * Shared, as a decoder shares them: the keys of dicts, interned strings (names of alternatives and of enumeration
 * items), None, True and False. Made anew: every other object. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <datetime.h>
#include <string.h>

typedef enum { SHARED, INTEGER, REAL, OCTETS, ASCII, TEXT, MOMENT, TUPLE, LIST, DICT } Kind;

typedef struct Plan {
    Kind kind;
    Py_ssize_t count;     /* members of TUPLE, LIST and DICT; octets of OCTETS, ASCII and TEXT */
    PyObject *object;     /* the object itself, from which the leaves are read */
    const char *octets;   /* of OCTETS, ASCII and TEXT */
    long long integer;
    PyObject **keys;      /* of DICT */
    struct Plan *members; /* of TUPLE, LIST and DICT */
} Plan;

static void clear(Plan *plan)
{
    for (Py_ssize_t i = 0; i < plan->count; i++) {
        if (plan->keys != NULL)
            Py_XDECREF(plan->keys[i]);
        if (plan->members != NULL)
            clear(&plan->members[i]);
    }
    PyMem_Free(plan->keys);
    PyMem_Free(plan->members);
    Py_XDECREF(plan->object);
}

static int lay_out(Plan *plan, PyObject *value);

static int lay_out_members(Plan *plan, Kind kind, Py_ssize_t count, PyObject *value)
{
    plan->kind = kind;
    plan->members = PyMem_Calloc(count + 1, sizeof(Plan));
    if (plan->members == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    plan->count = count;
    if (kind == DICT) {
        plan->keys = PyMem_Calloc(count + 1, sizeof(PyObject *));
        if (plan->keys == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        PyObject *key, *member;
        Py_ssize_t at = 0;
        for (Py_ssize_t i = 0; PyDict_Next(value, &at, &key, &member); i++) {
            plan->keys[i] = Py_NewRef(key);
            if (lay_out(&plan->members[i], member) < 0)
                return -1;
        }
        return 0;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *member = kind == TUPLE ? PyTuple_GET_ITEM(value, i) : PyList_GET_ITEM(value, i);
        if (lay_out(&plan->members[i], member) < 0)
            return -1;
    }
    return 0;
}

static int lay_out(Plan *plan, PyObject *value)
{
    plan->object = Py_NewRef(value);
    if (PyDict_CheckExact(value))
        return lay_out_members(plan, DICT, PyDict_GET_SIZE(value), value);
    if (PyList_CheckExact(value))
        return lay_out_members(plan, LIST, PyList_GET_SIZE(value), value);
    if (PyTuple_CheckExact(value))
        return lay_out_members(plan, TUPLE, PyTuple_GET_SIZE(value), value);
    if (PyLong_CheckExact(value)) {
        int overflow;
        plan->integer = PyLong_AsLongLongAndOverflow(value, &overflow);
        plan->kind = overflow ? SHARED : INTEGER;
        return 0;
    }
    if (PyBytes_CheckExact(value)) {
        plan->kind = OCTETS;
        plan->octets = PyBytes_AS_STRING(value);
        plan->count = PyBytes_GET_SIZE(value);
        return 0;
    }
    if (PyUnicode_CheckExact(value) && !PyUnicode_CHECK_INTERNED(value)) {
        plan->kind = PyUnicode_IS_ASCII(value) ? ASCII : TEXT;
        plan->octets = PyUnicode_AsUTF8AndSize(value, &plan->count);
        return plan->octets == NULL ? -1 : 0;
    }
    if (PyFloat_CheckExact(value))
        plan->kind = REAL;
    else if (PyDateTime_CheckExact(value))
        plan->kind = MOMENT;
    else
        plan->kind = SHARED;
    return 0;
}

static PyObject *build(const Plan *plan)
{
    PyObject *made;
    switch (plan->kind) {
    case INTEGER:
        return PyLong_FromLongLong(plan->integer);
    case REAL:
        return PyFloat_FromDouble(PyFloat_AS_DOUBLE(plan->object));
    case OCTETS:
        return PyBytes_FromStringAndSize(plan->octets, plan->count);
    case ASCII:
        made = PyUnicode_New(plan->count, 127);
        if (made != NULL && plan->count > 0)
            memcpy(PyUnicode_1BYTE_DATA(made), plan->octets, plan->count);
        return made;
    case TEXT:
        return PyUnicode_DecodeUTF8(plan->octets, plan->count, NULL);
    case MOMENT:
        return PyDateTimeAPI->DateTime_FromDateAndTime(
            PyDateTime_GET_YEAR(plan->object), PyDateTime_GET_MONTH(plan->object), PyDateTime_GET_DAY(plan->object),
            PyDateTime_DATE_GET_HOUR(plan->object), PyDateTime_DATE_GET_MINUTE(plan->object),
            PyDateTime_DATE_GET_SECOND(plan->object), PyDateTime_DATE_GET_MICROSECOND(plan->object),
            PyDateTime_DATE_GET_TZINFO(plan->object), PyDateTimeAPI->DateTimeType);
    case TUPLE:
        made = PyTuple_New(plan->count);
        for (Py_ssize_t i = 0; made != NULL && i < plan->count; i++) {
            PyObject *member = build(&plan->members[i]);
            if (member == NULL)
                Py_CLEAR(made);
            else
                PyTuple_SET_ITEM(made, i, member);
        }
        return made;
    case LIST:
        made = PyList_New(plan->count);
        for (Py_ssize_t i = 0; made != NULL && i < plan->count; i++) {
            PyObject *member = build(&plan->members[i]);
            if (member == NULL)
                Py_CLEAR(made);
            else
                PyList_SET_ITEM(made, i, member);
        }
        return made;
    case DICT:
        made = _PyDict_NewPresized(plan->count);
        for (Py_ssize_t i = 0; made != NULL && i < plan->count; i++) {
            PyObject *member = build(&plan->members[i]);
            if (member == NULL || PyDict_SetItem(made, plan->keys[i], member) < 0)
                Py_CLEAR(made);
            Py_XDECREF(member);
        }
        return made;
    default:
        return Py_NewRef(plan->object);
    }
}

static void destroy(PyObject *capsule)
{
    Plan *plan = PyCapsule_GetPointer(capsule, NULL);
    clear(plan);
    PyMem_Free(plan);
}

static PyObject *call(PyObject *capsule, PyObject *Py_UNUSED(ignored))
{
    return build(PyCapsule_GetPointer(capsule, NULL));
}

static PyMethodDef call_method = {"build", call, METH_NOARGS, "Makes the planned value."};

static PyObject *floor_of(PyObject *Py_UNUSED(module), PyObject *value)
{
    Plan *plan = PyMem_Calloc(1, sizeof(Plan));
    if (plan == NULL)
        return PyErr_NoMemory();
    PyObject *capsule = PyCapsule_New(plan, NULL, destroy);
    if (capsule == NULL) {
        PyMem_Free(plan);
        return NULL;
    }
    PyObject *callable = lay_out(plan, value) < 0 ? NULL : PyCFunction_New(&call_method, capsule);
    Py_DECREF(capsule);
    return callable;
}

static PyMethodDef methods[] = {
    {"floor", floor_of, METH_O, "A callable that makes the value anew on each call."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_floor", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__floor(void)
{
    PyDateTime_IMPORT;
    return PyDateTimeAPI == NULL ? NULL : PyModule_Create(&definition);
}
