//! `Splicer`: some paths of a type, resolved once, whose parts are replaced.

use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::error::guarded;
use crate::py::spec::Shared;
use crate::schema::TypeId;
use crate::view::splice::{Edit, splice};
use crate::view::{Source, Spot, Via, root_end};

/// Replaces the parts at some paths of a type.
#[pyclass(frozen, module = "fastber")]
pub struct Splicer {
    shared: Arc<Shared>,
    id: TypeId,
    edit: Edit,
    #[pyo3(get)]
    paths: Py<PyTuple>,
}

impl Splicer {
    pub fn compile(shared: Arc<Shared>, id: TypeId, paths: &Bound<'_, PyTuple>) -> PyResult<Splicer> {
        let mut edit = Edit::nothing();
        for (value, path) in paths.iter().enumerate() {
            edit.insert(&shared.table, id, &path, value)?;
        }
        Ok(Splicer {
            shared,
            id,
            edit,
            paths: paths.clone().unbind(),
        })
    }
}

#[pymethods]
impl Splicer {
    /// The encoding with new values at the paths, in their order, as `View.splice` gives it.
    #[pyo3(signature = (buffer, *values, partial=false))]
    fn splice<'py>(
        &self,
        py: Python<'py>,
        buffer: &Bound<'py, PyAny>,
        values: &Bound<'py, PyTuple>,
        partial: bool,
    ) -> PyResult<Bound<'py, PyList>> {
        let count = self.paths.bind(py).len();
        if values.len() != count {
            let reason = format!("expected {count} values, got {}", values.len());
            return Err(PyTypeError::new_err(reason));
        }
        let source = Source::new(buffer, self.shared.clone(), partial)?;
        guarded(|| {
            let spot = Spot {
                id: self.id,
                at: 0,
                end: root_end(source.export.in_place(py), source.table(), self.id, partial)?,
                via: Via::Root,
                parent: None,
            };
            splice(py, &source, &spot, &self.edit, values.as_slice())
        })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let name = &self.shared.table.node(self.id).name;
        Ok(format!("Splicer({name}, {})", self.paths.bind(py).repr()?))
    }
}
