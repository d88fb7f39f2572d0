//! `Specification` and `CompiledType`.

use std::sync::Arc;

use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMappingProxy, PyTuple};

use crate::ber::de::Decoder;
use crate::ber::en::Encoder;
use crate::ber::tlv;
use crate::error::{Error, Result, compile_error, guarded};
use crate::front;
use crate::lower::lower;
use crate::py::buffer::Export;
use crate::py::description::Type;
use crate::py::reader::Reader;
use crate::py::splicer::Splicer;
use crate::py::view::View;
use crate::schema::{Schema, TypeId, Value};
use crate::table::{DEEPEST, Limits, Options, Table};
use crate::value::to_python;

/// What all types of one specification share.
pub struct Shared {
    pub table: Table,
    /// What the table was made from, for `describe`.
    pub schema: Schema,
}

/// One type: immutable, shareable between threads.
#[pyclass(frozen, module = "fastber")]
pub struct CompiledType {
    pub shared: Arc<Shared>,
    pub id: TypeId,
    #[pyo3(get)]
    name: String,
    #[pyo3(get)]
    module: String,
}

/// Calls `work` with the octets of `data`, of which there may be `most`. Those that may change are copied first.
pub fn with_octets<T>(data: &Bound<'_, PyAny>, most: usize, work: impl FnOnce(&[u8]) -> Result<T>) -> PyResult<T> {
    let within = |octets: usize| match octets {
        _ if octets <= most => Ok(()),
        _ => Err(Error::decode(most, "more octets than max_size")),
    };
    if let Ok(data) = data.cast::<PyBytes>() {
        let octets = data.as_bytes();
        within(octets.len())?;
        return guarded(|| work(octets));
    }
    let export = Export::get(data)?;
    within(export.len())?;
    match export.fixed(data.py()) {
        Some(octets) => guarded(|| work(octets)),
        None => {
            let copy = export.in_place(data.py()).to_vec();
            guarded(|| work(&copy))
        }
    }
}

impl CompiledType {
    fn max_size(&self) -> usize {
        self.shared.table.options.limits.max_size
    }

    fn decode_octets<'py>(
        &self,
        py: Python<'py>,
        octets: &[u8],
        resolve: bool,
        check: bool,
    ) -> Result<(Bound<'py, PyAny>, usize)> {
        let table = &self.shared.table;
        let mut decoder = Decoder::new(py, octets, table, resolve);
        let decoded = decoder.decode(self.id, 0, octets.len(), 0);
        let (value, length) = (decoded.map_err(|error| error.member(&self.name))?, decoder.after);
        if check {
            crate::constraints::check(table, self.id, &value).map_err(|error| error.member(&self.name))?;
        }
        Ok((value, length))
    }
}

#[pymethods]
impl CompiledType {
    /// The value that `data` starts with. Octets behind it are ignored, as in asn1tools.
    #[pyo3(signature = (data, *, resolve_open_types=false, check_constraints=false))]
    fn decode<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        resolve_open_types: bool,
        check_constraints: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        with_octets(data, self.max_size(), |octets| {
            Ok(self.decode_octets(py, octets, resolve_open_types, check_constraints)?.0)
        })
    }

    /// The value and the number of octets of its encoding.
    #[pyo3(signature = (data, *, resolve_open_types=false, check_constraints=false))]
    fn decode_with_length<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        resolve_open_types: bool,
        check_constraints: bool,
    ) -> PyResult<(Bound<'py, PyAny>, usize)> {
        with_octets(data, self.max_size(), |octets| {
            self.decode_octets(py, octets, resolve_open_types, check_constraints)
        })
    }

    /// Number of octets that the encoding takes by its header; None if the header is not all there.
    fn decode_length(&self, data: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
        decode_length(data)
    }

    #[pyo3(signature = (value, *, resolve_open_types=false, check_constraints=false))]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        value: &Bound<'py, PyAny>,
        resolve_open_types: bool,
        check_constraints: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        guarded(|| {
            if check_constraints {
                let checked = crate::constraints::check(&self.shared.table, self.id, value);
                checked.map_err(|error| error.member(&self.name))?;
            }
            let mut encoder = Encoder::new(py, &self.shared.table, resolve_open_types);
            encoder
                .encode(self.id, value)
                .map_err(|error| error.member(&self.name))?;
            Ok(encoder.out.to_bytes(py)?)
        })
    }

    /// Raises ConstraintsError where the value breaks a constraint of its type.
    fn check_constraints(&self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        guarded(|| {
            let checked = crate::constraints::check(&self.shared.table, self.id, value);
            checked.map_err(|error| error.member(&self.name))
        })
    }

    /// Looks at a buffer without copying it. With `partial`, only the head of the value needs to be there.
    #[pyo3(signature = (buffer, *, partial=false))]
    fn view(&self, buffer: &Bound<'_, PyAny>, partial: bool) -> PyResult<View> {
        View::root(buffer, self.shared.clone(), self.id, partial)
    }

    /// Some paths of this type, resolved once, to be read together from many buffers.
    ///
    /// A path ends in `:raw` (the complete encoding as bytes, what it is without an ending), `:contents` (its contents
    /// octets) or `:value` (the decoded value). The step `[*]` goes to each element and gives a list.
    #[pyo3(signature = (*paths))]
    fn reader(&self, paths: &Bound<'_, PyTuple>) -> PyResult<Reader> {
        Reader::compile(self.shared.clone(), self.id, paths)
    }

    /// Some paths of this type, resolved once, whose parts are to be replaced in many buffers.
    #[pyo3(signature = (*paths))]
    fn splicer(&self, paths: &Bound<'_, PyTuple>) -> PyResult<Splicer> {
        Splicer::compile(self.shared.clone(), self.id, paths)
    }

    /// What the type is made of, as ASN.1 has it.
    fn describe(&self) -> Type {
        Type::new(self.shared.clone(), self.id)
    }

    fn __repr__(&self) -> String {
        format!("CompiledType({}.{})", self.module, self.name)
    }
}

fn decode_length(data: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
    let export = Export::get(data)?;
    let octets = export.in_place(data.py());
    guarded(|| match tlv::head(octets, 0, octets.len()) {
        Ok(header) => match header.length {
            Some(length) => Ok(Some(header.contents + length)),
            None => Err(Error::decode(
                header.contents - 1,
                "expected definite length, but got indefinite",
            )),
        },
        Err((tlv::Fault::Cut, _)) => Ok(None),
        Err(located) => Err(located.into()),
    })
}

/// Compiled modules: their types and values.
#[pyclass(frozen, module = "fastber")]
pub struct Specification {
    /// The types whose names are unique, by name.
    #[pyo3(get)]
    types: Py<PyMappingProxy>,
    /// module name -> type name -> type
    #[pyo3(get)]
    modules: Py<PyMappingProxy>,
    /// module name -> value name -> value
    #[pyo3(get)]
    values: Py<PyMappingProxy>,
    /// What the front end had to say about modules that it compiled nevertheless.
    #[pyo3(get)]
    warnings: Vec<String>,
}

impl Specification {
    fn find<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, CompiledType>> {
        let types = self.types.bind(py);
        let found = match name.split_once('.') {
            None => types.get_item(name),
            Some((module, of_it)) => match self.modules.bind(py).get_item(module) {
                Ok(module) => module.get_item(of_it),
                // what is written with a macro has parts: `operation.ARGUMENT`
                Err(_) => types.get_item(name),
            },
        };
        match found {
            Ok(found) => Ok(found.cast_into::<CompiledType>()?),
            Err(error) if error.is_instance_of::<PyKeyError>(py) => Err(PyKeyError::new_err(format!(
                "type {name:?} not found in the specification"
            ))),
            Err(error) => Err(error),
        }
    }

    fn find_or(&self, py: Python<'_>, name: &str, error: impl Fn(String) -> Error) -> PyResult<Py<CompiledType>> {
        match self.find(py, name) {
            Ok(found) => Ok(found.unbind()),
            Err(_) => Err(error(format!("type {name:?} not found in the specification")).into()),
        }
    }
}

#[pymethods]
impl Specification {
    #[pyo3(signature = (name, data, check_types=true, check_constraints=false, *, resolve_open_types=false))]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        data: &Bound<'py, PyAny>,
        check_types: bool,
        check_constraints: bool,
        resolve_open_types: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let _ = check_types; // Types are always checked: it costs nothing here.
        self.find_or(py, name, Error::encode)?
            .get()
            .encode(py, data, resolve_open_types, check_constraints)
    }

    #[pyo3(signature = (name, data, check_constraints=false, *, resolve_open_types=false))]
    fn decode<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        data: &Bound<'py, PyAny>,
        check_constraints: bool,
        resolve_open_types: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let found = self.find_or(py, name, |reason| Error::decode(0, reason))?;
        found.get().decode(py, data, resolve_open_types, check_constraints)
    }

    #[pyo3(signature = (name, data, check_constraints=false, *, resolve_open_types=false))]
    fn decode_with_length<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        data: &Bound<'py, PyAny>,
        check_constraints: bool,
        resolve_open_types: bool,
    ) -> PyResult<(Bound<'py, PyAny>, usize)> {
        let found = self.find_or(py, name, |reason| Error::decode(0, reason))?;
        found
            .get()
            .decode_with_length(py, data, resolve_open_types, check_constraints)
    }

    fn decode_length(&self, data: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
        decode_length(data)
    }

    #[pyo3(signature = (name, buffer, *, partial=false))]
    fn view(&self, py: Python<'_>, name: &str, buffer: &Bound<'_, PyAny>, partial: bool) -> PyResult<View> {
        self.find(py, name)?.get().view(buffer, partial)
    }
}

/// What the member that defines an ANY DEFINED BY has: a number, or text (of an OBJECT IDENTIFIER, with dots).
#[derive(FromPyObject)]
pub enum Identifier {
    Number(i128),
    Text(String),
}

/// Compiles `sources`, pairs of a name for diagnostics and ASN.1 text.
/// Where an ANY DEFINED BY stands: module, type, and the member that it is, if it is one.
type Location = Vec<String>;

#[pyfunction(name = "compile_sources")]
#[pyo3(signature = (sources, *, codec, numeric_enums, tolerate_explicit, ignore_unknown, strict_imports, any_choices, max_depth, max_size, max_elements))]
#[allow(clippy::too_many_arguments)]
pub fn compile(
    py: Python<'_>,
    sources: Vec<(String, String)>,
    codec: &str,
    numeric_enums: bool,
    tolerate_explicit: bool,
    ignore_unknown: bool,
    strict_imports: bool,
    any_choices: Vec<(Location, Vec<(Identifier, String)>)>,
    max_depth: Option<usize>,
    max_size: Option<usize>,
    max_elements: Option<usize>,
) -> PyResult<Specification> {
    let der = match codec {
        "ber" => false,
        "der" => true,
        _ => return Err(compile_error(py, vec![format!("Unsupported codec '{codec}'.")])),
    };
    let default = Limits::default();
    let limits = Limits {
        max_depth: max_depth.unwrap_or(default.max_depth),
        max_size: max_size.unwrap_or(default.max_size),
        max_elements: max_elements.unwrap_or(default.max_elements),
    };
    if limits.max_depth > DEEPEST {
        return Err(PyValueError::new_err(format!("max_depth is at most {DEEPEST}")));
    }
    let options = Options {
        der,
        numeric_enums,
        tolerate_explicit,
        ignore_unknown,
        limits,
    };
    let sources: Vec<front::Source> = sources
        .into_iter()
        .map(|(name, text)| front::Source { name, text })
        .collect();
    let value = |identifier| match identifier {
        Identifier::Number(number) => Value::Integer(number),
        Identifier::Text(text) => Value::String(text),
    };
    let any_choices = any_choices.into_iter().map(|(location, rows)| front::AnyChoices {
        location,
        rows: rows
            .into_iter()
            .map(|(identifier, text)| (value(identifier), text))
            .collect(),
    });
    let reading = front::Options {
        strict_imports,
        any_choices: any_choices.collect(),
    };
    let compiled = guarded(|| Ok(front::compile(&sources, &reading)))?;
    let mut schema = compiled.map_err(|faults| compile_error(py, faults.iter().map(ToString::to_string).collect()))?;
    let table = lower(py, &mut schema, options)?;
    let shared = Arc::new(Shared { table, schema });
    let schema = &shared.schema;

    let types = PyDict::new(py);
    let modules = PyDict::new(py);
    let values = PyDict::new(py);
    let mut repeated: Vec<&str> = Vec::new();
    for module in &schema.modules {
        let named = PyDict::new(py);
        for (name, id) in &module.types {
            let compiled = CompiledType {
                shared: shared.clone(),
                id: *id,
                name: name.clone(),
                module: module.name.clone(),
            };
            let compiled = Bound::new(py, compiled)?;
            named.set_item(name, &compiled)?;
            if types.contains(name)? {
                repeated.push(name);
            }
            types.set_item(name, compiled)?;
        }
        modules.set_item(&module.name, PyMappingProxy::new(py, named.as_mapping()))?;
        let named = PyDict::new(py);
        for (name, value) in &module.values {
            named.set_item(name, to_python(py, value, TypeId::MAX, &[], numeric_enums)?)?;
        }
        values.set_item(&module.name, PyMappingProxy::new(py, named.as_mapping()))?;
    }
    for name in repeated {
        if types.contains(name)? {
            types.del_item(name)?;
        }
    }
    Ok(Specification {
        types: PyMappingProxy::new(py, types.as_mapping()).unbind(),
        modules: PyMappingProxy::new(py, modules.as_mapping()).unbind(),
        values: PyMappingProxy::new(py, values.as_mapping()).unbind(),
        warnings: schema.warnings.iter().map(ToString::to_string).collect(),
    })
}
