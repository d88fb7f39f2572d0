//! `View`: one part of a buffer, known by type.

use std::sync::Arc;

use pyo3::exceptions::{PyIndexError, PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString};

use crate::error::{Error, Result, guarded};
use crate::py::spec::Shared;
use crate::schema::TypeId;
use crate::table::{Fields, Op};
use crate::view::level::{Level, Part, Parts};
use crate::view::path::{Step, no_such, parse};
use crate::view::splice::{Edit, splice};
use crate::view::{Source, Spot, Via, root_end};

/// Part of a buffer, seen as a value of an ASN.1 type. Nothing is decoded until it is asked for.
#[pyclass(frozen, module = "fastber")]
pub struct View {
    source: Arc<Source>,
    spot: Arc<Spot>,
    level: PyOnceLock<Level>,
}

impl View {
    pub fn root(buffer: &Bound<'_, PyAny>, shared: Arc<Shared>, id: TypeId, partial: bool) -> PyResult<View> {
        let source = Arc::new(Source::new(buffer, shared, partial)?);
        let data = source.export.in_place(buffer.py());
        let end = guarded(|| root_end(data, source.table(), id, partial))?;
        let spot = Arc::new(Spot {
            id,
            at: 0,
            end,
            via: Via::Root,
            parent: None,
        });
        Ok(View {
            source,
            spot,
            level: PyOnceLock::new(),
        })
    }

    fn at_spot(&self, spot: Arc<Spot>) -> View {
        View {
            source: self.source.clone(),
            spot,
            level: PyOnceLock::new(),
        }
    }

    fn read(&self, py: Python<'_>, spot: &Spot) -> Result<Level> {
        let reader = self.source.reader(py);
        reader.level(spot).map_err(|error| spot.name_error(reader.table, error))
    }

    fn level<'a>(&'a self, py: Python<'a>) -> PyResult<&'a Level> {
        self.level.get_or_try_init(py, || guarded(|| self.read(py, &self.spot)))
    }

    /// The spot that a step leads to; None if it is absent.
    fn step(&self, py: Python<'_>, spot: &Arc<Spot>, level: &Level, step: &Step) -> PyResult<Option<Spot>> {
        let table = self.source.table();
        let found = match (&level.parts, &table.node(spot.id).op, step) {
            (Parts::Members(parts), Op::Sequence(fields), Step::Name(name)) => {
                let member = fields.fields.iter().position(|field| field.text == *name);
                self.member(py, spot, level, parts, fields, member, true)?
            }
            (Parts::Members(parts), Op::Set(fields), Step::Name(name)) => {
                let member = fields.fields.iter().position(|field| field.text == *name);
                self.member(py, spot, level, parts, fields, member, false)?
            }
            (Parts::Elements(parts), Op::SequenceOf(id) | Op::SetOf(id), Step::Index(index)) => {
                let index = if *index < 0 {
                    parts.len().checked_add_signed(*index)
                } else {
                    Some(*index as usize)
                };
                self.element(py, spot, level, parts, *id, index)?
            }
            (Parts::Chosen(Some(chosen)), Op::Choice(choice), Step::Name(name)) => {
                (choice.items[*chosen].text == *name).then(|| self.alternative(spot, level, *chosen))
            }
            _ => None,
        };
        Ok(found)
    }

    /// The value that a string contains.
    fn inner(&self, py: Python<'_>, spot: &Arc<Spot>, level: &Level, of: TypeId, bits: bool) -> PyResult<Spot> {
        let reader = self.source.reader(py);
        let found = reader.contained(of, bits, level.in_pieces(), level.contents, level.contents_end);
        Ok(Spot {
            id: of,
            at: found.map_err(|error| spot.name_error(reader.table, error))?,
            end: level.contents_end,
            via: Via::Root,
            parent: Some(spot.clone()),
        })
    }

    #[allow(clippy::too_many_arguments)]
    fn member(
        &self,
        py: Python<'_>,
        spot: &Arc<Spot>,
        level: &Level,
        parts: &[Part],
        fields: &Fields,
        member: Option<usize>,
        ordered: bool,
    ) -> PyResult<Option<Spot>> {
        let Some(member) = member else {
            return Ok(None);
        };
        match parts.iter().find(|part| part.member == Some(member as u32)) {
            Some(part) => Ok(Some(Spot {
                id: fields.fields[member].type_id,
                at: part.at,
                end: part.end,
                via: Via::Member(member),
                parent: Some(spot.clone()),
            })),
            None if level.cut && !(ordered && level.last_member().is_some_and(|last| last as usize > member)) => {
                Err(self.cut(py, spot))
            }
            None => Ok(None),
        }
    }

    fn element(
        &self,
        py: Python<'_>,
        spot: &Arc<Spot>,
        level: &Level,
        parts: &[Part],
        id: TypeId,
        index: Option<usize>,
    ) -> PyResult<Option<Spot>> {
        match index.and_then(|index| parts.get(index).map(|part| (index, part))) {
            Some((index, part)) => Ok(Some(Spot {
                id,
                at: part.at,
                end: part.end,
                via: Via::Element(index),
                parent: Some(spot.clone()),
            })),
            None if level.cut => Err(self.cut(py, spot)),
            None => Ok(None),
        }
    }

    fn alternative(&self, spot: &Arc<Spot>, level: &Level, chosen: usize) -> Spot {
        let Op::Choice(choice) = &self.source.table().node(spot.id).op else {
            unreachable!("only a CHOICE has a chosen alternative");
        };
        Spot {
            id: choice.items[chosen].type_id,
            at: level.contents,
            end: level.contents_end,
            via: Via::Alternative(chosen),
            parent: Some(spot.clone()),
        }
    }

    #[cold]
    fn cut(&self, py: Python<'_>, spot: &Spot) -> PyErr {
        let end = self.source.export.in_place(py).len();
        spot.name_error(
            self.source.table(),
            Error::decode(end, "the buffer ends within this value"),
        )
        .into()
    }

    fn whole(&self, py: Python<'_>) -> PyResult<()> {
        if self.spot.end > self.source.export.in_place(py).len() {
            return Err(self.cut(py, &self.spot));
        }
        Ok(())
    }

    /// One step by a Python key.
    fn child(&self, key: &Bound<'_, PyAny>) -> PyResult<Option<View>> {
        let py = key.py();
        let table = self.source.table();
        if matches!(table.node(self.spot.id).op, Op::Containing { .. }) && table.stepped_in(self.spot.id).is_some() {
            return self.contained(py)?.child(key);
        }
        let level = self.level(py)?;
        let found = if let Ok(name) = key.cast::<PyString>() {
            match (&level.parts, &table.node(self.spot.id).op) {
                (Parts::Members(parts), Op::Sequence(fields)) => {
                    self.member(py, &self.spot, level, parts, fields, fields.named(name), true)?
                }
                (Parts::Members(parts), Op::Set(fields)) => {
                    self.member(py, &self.spot, level, parts, fields, fields.named(name), false)?
                }
                (Parts::Chosen(Some(chosen)), Op::Choice(choice)) => choice
                    .named(name)
                    .is_some_and(|item| std::ptr::eq(item, &choice.items[*chosen]))
                    .then(|| self.alternative(&self.spot, level, *chosen)),
                _ => None,
            }
        } else {
            let index: isize = key
                .extract()
                .map_err(|_| PyTypeError::new_err("a step is a name or a number"))?;
            self.step(py, &self.spot, level, &Step::Index(index))?
        };
        Ok(found.map(|spot| self.at_spot(Arc::new(spot))))
    }

    /// The values of the SEQUENCEs and SETs around the spot, outermost first, for the tables that govern open types.
    fn scopes<'py>(&self, py: Python<'py>) -> Result<Vec<Bound<'py, PyDict>>> {
        let reader = self.source.reader(py);
        let mut scopes = Vec::new();
        let mut spot = &self.spot;
        while let Some(parent) = &spot.parent {
            spot = parent;
            if matches!(reader.table.node(spot.id).op, Op::Containing { .. }) {
                break; // a value that is contained stands on its own
            }
            // What governs is near: a look beyond two levels would decode whole messages.
            if spot.end <= reader.data.len()
                && scopes.len() < 2
                && matches!(reader.table.node(spot.id).op, Op::Sequence(_) | Op::Set(_))
            {
                let value = reader.value(py, None, spot.id, spot.at, spot.end)?;
                scopes.push(value.cast_into::<PyDict>().map_err(PyErr::from)?);
            }
        }
        scopes.reverse();
        Ok(scopes)
    }
}

#[pymethods]
impl View {
    fn __getitem__(&self, key: &Bound<'_, PyAny>) -> PyResult<View> {
        match self.child(key)? {
            Some(view) => Ok(view),
            None if key.is_instance_of::<PyString>() => Err(PyKeyError::new_err(key.clone().unbind())),
            None => Err(PyIndexError::new_err("no such element")),
        }
    }

    /// The member or alternative of that name, or None if it is absent.
    fn get(&self, name: &Bound<'_, PyAny>) -> PyResult<Option<View>> {
        self.child(name)
    }

    fn __contains__(&self, name: &Bound<'_, PyAny>) -> PyResult<bool> {
        if !name.is_instance_of::<PyString>() {
            return Ok(false);
        }
        Ok(self.child(name)?.is_some())
    }

    /// Names of the members that are present, in the order met.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let level = self.level(py)?;
        let names = PyList::empty(py);
        match (&level.parts, &self.source.table().node(self.spot.id).op) {
            (Parts::Members(parts), Op::Sequence(fields) | Op::Set(fields)) => {
                for member in parts.iter().filter_map(|part| part.member) {
                    names.append(fields.fields[member as usize].name.bind(py))?;
                }
            }
            (Parts::Chosen(Some(chosen)), Op::Choice(choice)) => names.append(choice.items[*chosen].name.bind(py))?,
            _ => {}
        }
        Ok(names)
    }

    /// Name of the alternative that a CHOICE has taken; None if the type does not know it.
    #[getter]
    fn choice(&self, py: Python<'_>) -> PyResult<Option<Py<PyString>>> {
        let level = self.level(py)?;
        match (&level.parts, &self.source.table().node(self.spot.id).op) {
            (Parts::Chosen(chosen), Op::Choice(choice)) => {
                Ok(chosen.map(|index| choice.items[index].name.clone_ref(py)))
            }
            _ => Err(PyTypeError::new_err("not a CHOICE")),
        }
    }

    /// The alternative that a CHOICE has taken.
    #[getter]
    fn chosen(&self, py: Python<'_>) -> PyResult<View> {
        let level = self.level(py)?;
        match level.parts {
            Parts::Chosen(Some(chosen)) => Ok(self.at_spot(Arc::new(self.alternative(&self.spot, level, chosen)))),
            Parts::Chosen(None) => Err(PyKeyError::new_err("an alternative that the type does not know")),
            _ => Err(PyTypeError::new_err("not a CHOICE")),
        }
    }

    /// The value whose encoding an OCTET STRING or BIT STRING (CONTAINING ...) holds.
    #[getter]
    fn contained(&self, py: Python<'_>) -> PyResult<View> {
        let table = self.source.table();
        match table.node(self.spot.id).op {
            Op::Containing { of, bits } => {
                let inner = self.inner(py, &self.spot, self.level(py)?, of, bits)?;
                Ok(self.at_spot(Arc::new(inner)))
            }
            _ => Err(PyTypeError::new_err("not a string that contains a value")),
        }
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        let level = self.level(py)?;
        match &level.parts {
            Parts::Elements(_) if level.cut => Err(self.cut(py, &self.spot)),
            Parts::Elements(parts) => Ok(parts.len()),
            Parts::Members(parts) => Ok(parts.iter().filter(|part| part.member.is_some()).count()),
            _ => Err(PyTypeError::new_err(
                "only SEQUENCE OF, SET OF, SEQUENCE and SET have a length",
            )),
        }
    }

    /// A view that holds no elements is not false.
    fn __bool__(&self) -> bool {
        true
    }

    /// The elements of a SEQUENCE OF or SET OF.
    fn __iter__(&self, py: Python<'_>) -> PyResult<Elements> {
        let level = self.level(py)?;
        match (&level.parts, &self.source.table().node(self.spot.id).op) {
            (Parts::Elements(parts), Op::SequenceOf(id) | Op::SetOf(id)) => Ok(Elements {
                source: self.source.clone(),
                spot: self.spot.clone(),
                id: *id,
                parts: parts.clone(),
                cut: level.cut,
                next: 0,
            }),
            _ => Err(PyTypeError::new_err("only SEQUENCE OF and SET OF are iterable")),
        }
    }

    /// This part, decoded.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.decode(py, false)
    }

    #[pyo3(signature = (*, resolve_open_types=false))]
    fn decode<'py>(&self, py: Python<'py>, resolve_open_types: bool) -> PyResult<Bound<'py, PyAny>> {
        self.whole(py)?;
        let (reader, spot) = (self.source.reader(py), &self.spot);
        guarded(|| {
            let scopes = resolve_open_types.then(|| self.scopes(py)).transpose()?;
            let decoded = reader.value(py, scopes, spot.id, spot.at, spot.end);
            decoded.map_err(|error| spot.name_error(reader.table, error))
        })
    }

    /// The exact octets of the encoding.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.whole(py)?;
        self.source.slice(py, self.spot.at, self.spot.end)
    }

    /// The contents octets, without identifier and length (and without EXPLICIT tags).
    #[getter]
    fn contents<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.whole(py)?;
        let level = self.level(py)?;
        self.source.slice(py, level.contents, level.contents_end)
    }

    /// Where the contents octets start, in the buffer.
    #[getter]
    fn contents_offset(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.level(py)?.contents)
    }

    /// Number of contents octets, by the header; they need not all be at hand in a partial view.
    #[getter]
    fn contents_length(&self, py: Python<'_>) -> PyResult<usize> {
        let level = self.level(py)?;
        if level.contents_end >= isize::MAX as usize {
            return Err(self.cut(py, &self.spot));
        }
        Ok(level.contents_end - level.contents)
    }

    /// Where the encoding starts, in the buffer.
    #[getter]
    fn offset(&self) -> usize {
        self.spot.at
    }

    /// Number of octets of the encoding, which need not all be at hand in a partial view.
    #[getter]
    fn length(&self, py: Python<'_>) -> PyResult<usize> {
        if self.spot.end >= isize::MAX as usize {
            return Err(self.cut(py, &self.spot));
        }
        Ok(self.spot.end - self.spot.at)
    }

    /// Is the whole encoding at hand?
    #[getter]
    fn complete(&self, py: Python<'_>) -> bool {
        self.spot.end <= self.source.export.in_place(py).len()
    }

    /// Name of the type, empty if it has none.
    #[getter]
    fn type_name(&self) -> String {
        self.source.table().node(self.spot.id).name.clone()
    }

    /// The part at the end of a path such as `a.b[2].c` or `("a", "b", 2, "c")`. A path goes through a string that
    /// contains a value into that value.
    fn at(&self, path: &Bound<'_, PyAny>) -> PyResult<View> {
        let py = path.py();
        let steps = parse(path)?;
        let table = self.source.table();
        let mut spot = self.spot.clone();
        for (index, step) in steps.iter().enumerate() {
            let mut read;
            let mut level = if index == 0 {
                self.level(py)?
            } else {
                read = guarded(|| self.read(py, &spot))?;
                &read
            };
            while let Op::Containing { of, bits } = table.node(spot.id).op {
                if table.stepped_in(of).is_none() {
                    return Err(no_such(step));
                }
                spot = Arc::new(self.inner(py, &spot, level, of, bits)?);
                read = guarded(|| self.read(py, &spot))?;
                level = &read;
            }
            match self.step(py, &spot, level, step)? {
                Some(next) => spot = Arc::new(next),
                None => return Err(no_such(step)),
            }
        }
        Ok(self.at_spot(spot))
    }

    /// The encoding with parts replaced: buffers to be sent one behind the other. Values are Python values, `Raw`, or
    /// `REMOVE`; a path that ends in `[+]` appends; an absent member is inserted.
    fn splice<'py>(&self, py: Python<'py>, changes: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyList>> {
        let mut edit = Edit::nothing();
        let mut values = Vec::with_capacity(changes.len());
        for (path, value) in changes {
            edit.insert(self.source.table(), self.spot.id, &path, values.len())?;
            values.push(value);
        }
        guarded(|| splice(py, &self.source, &self.spot, &edit, &values))
    }

    fn __repr__(&self) -> String {
        let Spot { id, at, end, .. } = *self.spot;
        let node = self.source.table().node(id);
        let name = if node.name.is_empty() {
            node.op.describe()
        } else {
            &node.name
        };
        format!("View({name} at {at}, {} octets)", end - at)
    }
}

/// Iterator over the elements of a SEQUENCE OF or SET OF.
#[pyclass(module = "fastber")]
pub struct Elements {
    source: Arc<Source>,
    spot: Arc<Spot>,
    id: TypeId,
    parts: Vec<Part>,
    cut: bool,
    next: usize,
}

#[pymethods]
impl Elements {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Option<View>> {
        let Some(part) = self.parts.get(self.next) else {
            if self.cut {
                let end = self.source.export.in_place(py).len();
                let error = Error::decode(end, "the buffer ends within this value");
                return Err(self.spot.name_error(self.source.table(), error).into());
            }
            return Ok(None);
        };
        let spot = Spot {
            id: self.id,
            at: part.at,
            end: part.end,
            via: Via::Element(self.next),
            parent: Some(self.spot.clone()),
        };
        self.next += 1;
        Ok(Some(View {
            source: self.source.clone(),
            spot: Arc::new(spot),
            level: PyOnceLock::new(),
        }))
    }
}
