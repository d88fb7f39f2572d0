//! `Raw`: octets that stand for a value, written as they are. `REMOVE`: what takes a part away in a splice.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::ber::tlv;
use crate::py::buffer::Export;

/// The complete encoding (identifier, length and contents octets) of one value.
#[pyclass(frozen, module = "fastber")]
pub struct Raw {
    object: Py<PyAny>,
    export: Export,
}

#[pymethods]
impl Raw {
    #[new]
    fn new(data: &Bound<'_, PyAny>) -> PyResult<Raw> {
        let raw = Raw {
            object: data.clone().unbind(),
            export: Export::get(data)?,
        };
        let octets = raw.octets(data.py());
        match tlv::skip_at(octets, 0, octets.len()) {
            Ok(end) if end == octets.len() => Ok(raw),
            Ok(end) => Err(PyValueError::new_err(format!("octets left over at offset {end}"))),
            Err((fault, offset)) => Err(PyValueError::new_err(format!("{fault} at offset {offset}"))),
        }
    }

    #[getter]
    fn data(&self, py: Python<'_>) -> Py<PyAny> {
        self.object.clone_ref(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Raw({})", self.object.bind(py).repr()?))
    }
}

impl Raw {
    pub fn octets<'a>(&'a self, py: Python<'a>) -> &'a [u8] {
        self.export.in_place(py)
    }
}

/// The class of `REMOVE`.
#[pyclass(frozen, module = "fastber", name = "Remove")]
pub struct Remove;

#[pymethods]
impl Remove {
    #[new]
    fn new() -> Remove {
        Remove
    }

    fn __repr__(&self) -> &'static str {
        "REMOVE"
    }
}
