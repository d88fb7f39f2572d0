//! `Reader`: some paths of a type, resolved once and read together.

use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};

use crate::error::guarded;
use crate::py::buffer::Export;
use crate::py::spec::Shared;
use crate::schema::TypeId;
use crate::view::level;
use crate::view::plan::{Plan, Walk, compile};
use crate::view::root_end;

/// Slots kept on the stack.
const FEW: usize = 16;

/// Reads the parts at some paths of a type in one walk over the octets, without views between.
#[pyclass(frozen, module = "fastber")]
pub struct Reader {
    shared: Arc<Shared>,
    id: TypeId,
    plan: Plan,
    slots: usize,
    #[pyo3(get)]
    paths: Py<PyTuple>,
}

impl Reader {
    pub fn compile(shared: Arc<Shared>, id: TypeId, paths: &Bound<'_, PyTuple>) -> PyResult<Reader> {
        let named = paths
            .iter()
            .map(|path| match path.cast::<PyString>() {
                Ok(path) => Ok(path.to_str()?.to_owned()),
                Err(_) => Err(PyTypeError::new_err("a path to read is a str")),
            })
            .collect::<PyResult<Vec<String>>>()?;
        let (plan, slots) = compile(&shared.table, id, &named)?;
        Ok(Reader {
            shared,
            id,
            plan,
            slots,
            paths: paths.clone().unbind(),
        })
    }
}

#[pymethods]
impl Reader {
    /// One result for each path: octets or a value, a list of them below `[*]`, None for what is absent.
    #[pyo3(signature = (buffer, *, partial=false))]
    fn read<'py>(&self, py: Python<'py>, buffer: &Bound<'py, PyAny>, partial: bool) -> PyResult<Bound<'py, PyTuple>> {
        let count = self.paths.bind(py).len();
        let export;
        let (data, fixed) = match buffer.cast::<PyBytes>() {
            Ok(bytes) => (bytes.as_bytes(), true),
            Err(_) => {
                export = Export::get(buffer)?;
                (export.in_place(py), export.fixed(py).is_some())
            }
        };
        guarded(|| {
            let table = &self.shared.table;
            let end = root_end(data, table, self.id, partial)?;
            let mut few: [Option<Bound<'py, PyAny>>; FEW] = Default::default();
            let mut many = Vec::new();
            let slots = if self.slots <= FEW {
                &mut few[..self.slots]
            } else {
                many.resize_with(self.slots, || None);
                &mut many[..]
            };
            let reader = level::Reader {
                data,
                fixed,
                table,
                partial,
            };
            Walk { py, reader, slots }
                .read(&self.plan, 0, end)
                .map_err(|error| error.member(&table.node(self.id).name))?;
            let results = slots[..count].iter_mut().map(Option::take);
            Ok(PyTuple::new(py, results)?)
        })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "Reader({}, {})",
            self.shared.table.node(self.id).name,
            self.paths.bind(py).repr()?
        ))
    }
}
