//! One error type for everything that can go wrong, one conversion to Python.
//!
//! An error is made where it is noticed, with the reason and the offset, and the names of the members around it are
//! added on the way up; the path is put together only when it is handed to Python.

use std::fmt::Write;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::ber::tlv::Located;

#[derive(Debug)]
pub enum Cause {
    Decode {
        offset: usize,
    },
    Encode,
    Constraints,
    /// An exception that Python code raised, e.g. in an object's own method.
    Python(PyErr),
}

#[derive(Debug, Clone)]
pub enum Step {
    Member(String),
    Index(usize),
}

/// The path is innermost first.
#[derive(Debug)]
pub struct Inner {
    pub cause: Cause,
    pub reason: String,
    pub path: Vec<Step>,
}

#[derive(Debug)]
pub struct Error(pub Box<Inner>);

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    #[cold]
    fn new(cause: Cause, reason: String) -> Error {
        Error(Box::new(Inner {
            cause,
            reason,
            path: Vec::new(),
        }))
    }

    #[cold]
    pub fn decode(offset: usize, reason: impl Into<String>) -> Error {
        Error::new(Cause::Decode { offset }, reason.into())
    }

    #[cold]
    pub fn encode(reason: impl Into<String>) -> Error {
        Error::new(Cause::Encode, reason.into())
    }

    #[cold]
    pub fn constraints(reason: impl Into<String>) -> Error {
        Error::new(Cause::Constraints, reason.into())
    }

    /// Adds the step that leads to where the error was noticed.
    #[cold]
    pub fn member(mut self, name: &str) -> Error {
        self.0.path.push(Step::Member(name.to_owned()));
        self
    }

    #[cold]
    pub fn index(mut self, index: usize) -> Error {
        self.0.path.push(Step::Index(index));
        self
    }

    /// The same error in octets that start at `by` in a larger buffer.
    pub fn moved(mut self, by: usize) -> Error {
        if let Cause::Decode { offset } = &mut self.0.cause {
            *offset += by;
        }
        self
    }

    pub fn path(&self) -> String {
        let mut text = String::new();
        for step in self.0.path.iter().rev() {
            match step {
                Step::Member(name) if name.is_empty() => {}
                Step::Member(name) if text.is_empty() => text.push_str(name),
                Step::Member(name) => {
                    let _ = write!(text, ".{name}");
                }
                Step::Index(index) => {
                    let _ = write!(text, "[{index}]");
                }
            }
        }
        text
    }
}

impl From<Located> for Error {
    #[cold]
    fn from((fault, offset): Located) -> Error {
        Error::decode(offset, fault.to_string())
    }
}

impl From<PyErr> for Error {
    #[cold]
    fn from(error: PyErr) -> Error {
        Error::new(Cause::Python(error), String::new())
    }
}

/// The exception classes, defined in Python so that they can be subclassed, pickled and read there.
struct Classes {
    compile: Py<PyAny>,
    encode: Py<PyAny>,
    decode: Py<PyAny>,
    constraints: Py<PyAny>,
}

static CLASSES: PyOnceLock<Classes> = PyOnceLock::new();

fn classes(py: Python<'_>) -> PyResult<&Classes> {
    CLASSES.get_or_try_init(py, || {
        let module = py.import("fastber.errors")?;
        let class = |name: &str| module.getattr(name).map(Bound::unbind);
        Ok(Classes {
            compile: class("CompileError")?,
            encode: class("EncodeError")?,
            decode: class("DecodeError")?,
            constraints: class("ConstraintsError")?,
        })
    })
}

impl From<Error> for PyErr {
    #[cold]
    fn from(error: Error) -> PyErr {
        let path = error.path();
        let Inner { cause, reason, .. } = *error.0;
        Python::attach(|py| {
            let raise = || {
                let classes = classes(py)?;
                match cause {
                    Cause::Decode { offset } => classes.decode.bind(py).call1((path, reason, offset)),
                    Cause::Encode => classes.encode.bind(py).call1((path, reason)),
                    Cause::Constraints => classes.constraints.bind(py).call1((path, reason)),
                    Cause::Python(error) => Err(error),
                }
            };
            raise().map_or_else(|error| error, PyErr::from_value)
        })
    }
}

/// A CompileError that lists every diagnostic, one a line.
pub fn compile_error(py: Python<'_>, diagnostics: Vec<String>) -> PyErr {
    let raise = || classes(py)?.compile.bind(py).call1((diagnostics.join("\n"),));
    raise().map_or_else(|error| error, PyErr::from_value)
}

/// Runs `work`, and turns a panic (a fault of ours) into an exception that callers can catch: no panic reaches Python.
pub fn guarded<T>(work: impl FnOnce() -> Result<T>) -> PyResult<T> {
    // What the closure holds is dropped or discarded after a panic: no half-changed state is seen by anyone.
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(PyErr::from),
        Err(_) => Err(pyo3::exceptions::PySystemError::new_err("fastber: internal error")),
    }
}
