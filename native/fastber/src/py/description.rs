//! `Type`: what a compiled type is made of, for whoever writes stubs, documentation or test values from ASN.1.
//!
//! A `Type` is a place in the specification's table, not a copy of it: recursive types cost nothing, and two are equal
//! where they are the same place.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::ber::tlv;
use crate::py::spec::Shared;
use crate::schema::{self, Kind, TypeId, TypeNode};
use crate::value::to_python;

#[pyclass(frozen, eq, hash, module = "fastber.schema")]
#[derive(Clone)]
pub struct Type {
    shared: Arc<Shared>,
    id: TypeId,
}

impl PartialEq for Type {
    fn eq(&self, other: &Type) -> bool {
        self.id == other.id && Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Hash for Type {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// A member of a SEQUENCE or SET.
#[pyclass(frozen, get_all, module = "fastber.schema")]
pub struct Member {
    name: Py<PyString>,
    r#type: Py<Type>,
    optional: bool,
    has_default: bool,
    default: Py<PyAny>,
    addition: bool,
}

/// How the type of an open type is known: by the value of another member (X.682 10).
#[pyclass(frozen, get_all, module = "fastber.schema")]
pub struct OpenType {
    field: Py<PyString>,
    up: u32,
    path: Py<PyTuple>,
    rows: Py<PyTuple>,
    always: bool,
}

impl Type {
    pub fn new(shared: Arc<Shared>, id: TypeId) -> Type {
        Type { shared, id }
    }

    fn node(&self) -> &TypeNode {
        &self.shared.schema.types[self.id as usize]
    }

    fn at(&self, id: TypeId) -> Type {
        Type::new(self.shared.clone(), id)
    }

    fn value<'py>(&self, py: Python<'py>, value: &schema::Value, id: TypeId) -> PyResult<Bound<'py, PyAny>> {
        let numeric = self.shared.table.options.numeric_enums;
        to_python(py, value, id, &self.shared.schema.types, numeric)
    }
}

#[pymethods]
impl Type {
    /// The type's name in ASN.1; "open type" for an open type and ANY.
    #[getter]
    fn kind(&self) -> &'static str {
        match &self.node().kind {
            Kind::ObjectDescriptor => "ObjectDescriptor",
            Kind::Time(14) => "TIME",
            Kind::External(_) => "EXTERNAL",
            Kind::EmbeddedPdv(_) => "EMBEDDED PDV",
            Kind::CharacterString(_) => "CHARACTER STRING",
            _ => self.shared.table.node(self.id).op.describe(),
        }
    }

    /// The name that a type assignment gives the type, "" for one written in place.
    #[getter]
    fn name(&self) -> &str {
        &self.node().name
    }

    /// The module of that assignment; "" for a type written in place or built in.
    #[getter]
    fn module(&self) -> &str {
        let module = self.shared.schema.modules.get(self.node().module as usize);
        module.map_or("", |module| &module.name)
    }

    /// Class (0 to 3, as in the identifier octet) and number, outermost first.
    #[getter]
    fn tags<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let tags = self.node().tags.iter().map(|tag| (tag.class as u8, tag.number));
        PyTuple::new(py, tags.collect::<Vec<_>>())
    }

    /// Of a SEQUENCE or SET, and of what is encoded as one: EXTERNAL, EMBEDDED PDV, CHARACTER STRING.
    #[getter]
    fn members<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let members = self.node().kind.members().map_or(&[][..], |all| &all.members);
        let mut made = Vec::with_capacity(members.len());
        for member in members {
            // a DEFAULT that cannot be worked out is one that the codec leaves absent
            let default = member.default.as_ref().filter(|value| value.is_whole());
            made.push(Member {
                name: PyString::intern(py, &member.name).unbind(),
                r#type: Py::new(py, self.at(member.type_id))?,
                optional: member.optional || (member.default.is_some() && default.is_none()),
                has_default: default.is_some(),
                default: match default {
                    Some(value) => self.value(py, value, member.type_id)?.unbind(),
                    None => py.None(),
                },
                addition: member.addition,
            });
        }
        PyTuple::new(py, made)
    }

    /// Of a CHOICE: name and type.
    #[getter]
    fn alternatives<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let alternatives = match &self.node().kind {
            Kind::Choice(choice) => &choice.alternatives[..],
            _ => &[],
        };
        let named = alternatives.iter().map(|(name, id)| (name.as_str(), self.at(*id)));
        PyTuple::new(py, named.collect::<Vec<_>>())
    }

    /// Of a SEQUENCE OF or SET OF.
    #[getter]
    fn element(&self) -> Option<Type> {
        match self.node().kind {
            Kind::SequenceOf(id) | Kind::SetOf(id) => Some(self.at(id)),
            _ => None,
        }
    }

    /// Names and numbers: of an ENUMERATED all that it has, of an INTEGER and a BIT STRING those that are named.
    #[getter]
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        match &self.node().kind {
            Kind::Enumerated { items, .. } | Kind::Integer { named: items } => PyTuple::new(py, items),
            Kind::BitString { named, .. } => PyTuple::new(py, named),
            _ => Ok(PyTuple::empty(py)),
        }
    }

    /// The type that an OCTET STRING or BIT STRING is constrained to contain.
    #[getter]
    fn contained(&self) -> Option<Type> {
        match self.node().kind {
            Kind::OctetString { contained } | Kind::BitString { contained, .. } => contained.map(|id| self.at(id)),
            _ => None,
        }
    }

    /// Has "...": of a SEQUENCE, SET, CHOICE or ENUMERATED.
    #[getter]
    fn extensible(&self) -> bool {
        match &self.node().kind {
            Kind::Enumerated { extensible, .. } => *extensible,
            Kind::Choice(choice) => choice.extensible,
            kind => kind.members().is_some_and(|members| members.extensible),
        }
    }

    /// Of an open type that another member governs.
    #[getter]
    fn open_type(&self, py: Python<'_>) -> PyResult<Option<OpenType>> {
        let Kind::Open(Some(table)) = &self.node().kind else {
            return Ok(None);
        };
        let mut rows = Vec::with_capacity(table.rows.len());
        for (identifier, id) in table.rows.iter() {
            let identifier = self.value(py, identifier, TypeId::MAX)?;
            rows.push((identifier, self.at(*id)));
        }
        Ok(Some(OpenType {
            field: PyString::new(py, &table.field).unbind(),
            up: table.up,
            path: PyTuple::new(py, &table.path)?.unbind(),
            rows: PyTuple::new(py, rows)?.unbind(),
            always: table.always,
        }))
    }

    /// Inclusive ranges of an INTEGER, of which one must hold; None is MIN or MAX. Empty: unconstrained.
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.node().constraint.value)
    }

    /// Inclusive ranges of the size, of which one must hold; None is MAX. Empty: unconstrained.
    #[getter]
    fn sizes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.node().constraint.size)
    }

    /// Inclusive ranges of the characters that a string may have; None where that is not constrained.
    #[getter]
    fn alphabet<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let alphabet = self.node().constraint.alphabet.as_ref();
        alphabet.map(|ranges| PyTuple::new(py, ranges)).transpose()
    }

    /// What `values` are extended to: those that the additions behind "..." permit besides.
    #[getter]
    fn added_values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.node().constraint.added_value)
    }

    /// The same of `sizes`.
    #[getter]
    fn added_sizes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.node().constraint.added_size)
    }

    /// The same of `alphabet`.
    #[getter]
    fn added_alphabet<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.node().constraint.added_alphabet)
    }

    /// The constraint has "...": values that break it may come.
    #[getter]
    fn constraint_extensible(&self) -> bool {
        self.node().constraint.extensible
    }

    fn __repr__(&self) -> String {
        let (module, name, kind) = (self.module(), self.name(), self.kind());
        let tags: Vec<String> = self
            .node()
            .tags
            .iter()
            .map(|&tag| tlv::Tag::from(tag).to_string())
            .collect();
        match (module, name) {
            (_, "") => format!("Type({} {kind})", tags.join(" ")),
            ("", name) => format!("Type({name}: {} {kind})", tags.join(" ")),
            _ => format!("Type({module}.{name}: {} {kind})", tags.join(" ")),
        }
    }
}

#[pymethods]
impl Member {
    fn __repr__(&self, py: Python<'_>) -> String {
        let kind = self.r#type.get().kind();
        let optional = if self.optional { " OPTIONAL" } else { "" };
        let default = if self.has_default { " DEFAULT" } else { "" };
        format!("Member({} {kind}{optional}{default})", self.name.bind(py))
    }
}

#[pymethods]
impl OpenType {
    fn __repr__(&self, py: Python<'_>) -> String {
        format!("OpenType({}, {} rows)", self.field.bind(py), self.rows.bind(py).len())
    }
}
