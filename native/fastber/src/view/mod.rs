//! Views: parts of a buffer known by type, indexed one level at a time, without copying; and splicing.
//!
//! A `Spot` says where one value's encoding lies and of which type it is. A `Level` is what a look at that encoding
//! shows: its headers and the places of its parts, which are spots in turn once somebody steps to them.

pub mod few;
pub mod level;
pub mod path;
pub mod plan;
pub mod rope;
pub mod splice;

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyMemoryView};

use crate::ber::tlv;
use crate::error::{Error, Result};
use crate::py::buffer::Export;
use crate::py::spec::Shared;
use crate::schema::TypeId;
use crate::table::{Op, Table};
use crate::view::level::Reader;

/// The buffer that views look at, and the types they read it with.
pub struct Source {
    pub object: Py<PyAny>,
    pub export: Export,
    pub shared: Arc<Shared>,
    /// The buffer may end before the value does.
    pub partial: bool,
    fixed: bool,
    memory: PyOnceLock<Py<PyAny>>,
}

impl Source {
    pub fn new(object: &Bound<'_, PyAny>, shared: Arc<Shared>, partial: bool) -> PyResult<Source> {
        let export = Export::get(object)?;
        Ok(Source {
            object: object.clone().unbind(),
            fixed: export.fixed(object.py()).is_some(),
            export,
            shared,
            partial,
            memory: PyOnceLock::new(),
        })
    }

    pub fn table(&self) -> &Table {
        &self.shared.table
    }

    pub fn reader<'a>(&'a self, py: Python<'a>) -> Reader<'a> {
        Reader {
            data: self.export.in_place(py),
            fixed: self.fixed,
            table: self.table(),
            partial: self.partial,
        }
    }

    /// Octets at hand.
    pub fn export_len(&self) -> usize {
        self.export.len()
    }

    /// A memoryview of part of the buffer.
    pub fn slice<'py>(&self, py: Python<'py>, start: usize, end: usize) -> PyResult<Bound<'py, PyAny>> {
        let memory = self.memory.get_or_try_init(py, || -> PyResult<Py<PyAny>> {
            let memory = PyMemoryView::from(self.object.bind(py))?.into_any();
            // Of bytes a memoryview is one of octets; other objects may export what they like.
            let plain = self.object.bind(py).is_instance_of::<PyBytes>()
                || (memory.getattr("format")?.eq("B")? && memory.getattr("ndim")?.eq(1)?);
            let memory = if plain {
                memory
            } else {
                memory.call_method1("cast", ("B",))?
            };
            Ok(memory.unbind())
        })?;
        let slice = pyo3::types::PySlice::new(py, start as isize, end as isize, 1);
        memory.bind(py).get_item(slice)
    }
}

/// Where the value that a buffer starts with ends; past the end of the buffer only if `partial`.
pub fn root_end(data: &[u8], table: &Table, id: TypeId, partial: bool) -> Result<usize> {
    let header = match tlv::medium(data, 0, data.len()) {
        Some(header) => header,
        None => tlv::head(data, 0, data.len())?,
    };
    let end = match header.length {
        Some(length) => header.contents + length,
        None => match tlv::skip(data, &header, data.len()) {
            Ok(end) => end,
            Err(_) if partial => isize::MAX as usize,
            Err(located) => return Err(located.into()),
        },
    };
    if !partial && end > data.len() {
        let (needed, there) = (end - header.contents, data.len() - header.contents);
        let reason = format!("expected {needed} contents octets, got {there}");
        return Err(Error::decode(header.contents, reason));
    }
    let node = table.node(id);
    if !node.takes(header.tag) {
        let reason = format!("expected {}, got {}", node.first.describe(), header.tag);
        return Err(Error::decode(0, reason).member(&node.name));
    }
    Ok(end)
}

/// How a spot is reached from the one around it.
#[derive(Clone, Copy, Debug)]
pub enum Via {
    Root,
    Member(usize),
    Alternative(usize),
    Element(usize),
}

/// Where a value's encoding lies. `end` may be past the end of a partial buffer.
pub struct Spot {
    pub id: TypeId,
    pub at: usize,
    pub end: usize,
    pub via: Via,
    pub parent: Option<Arc<Spot>>,
}

/// Spots hold on to those around them, as far out as somebody stepped: dropped one within another they would take as deep
/// a stack.
impl Drop for Spot {
    fn drop(&mut self) {
        let mut next = self.parent.take();
        while let Some(mut spot) = next.and_then(Arc::into_inner) {
            next = spot.parent.take();
        }
    }
}

impl Spot {
    /// Names of the members that lead here, for error texts.
    pub fn name_error(&self, table: &Table, mut error: Error) -> Error {
        let mut spot = self;
        while let Some(parent) = &spot.parent {
            error = match (spot.via, &table.node(parent.id).op) {
                (Via::Member(index), Op::Sequence(fields) | Op::Set(fields)) => {
                    error.member(&fields.fields[index].text)
                }
                (Via::Alternative(index), Op::Choice(choice)) => error.member(&choice.items[index].text),
                (Via::Element(index), _) => error.index(index),
                _ => error,
            };
            spot = parent;
        }
        error.member(&table.node(spot.id).name)
    }

    pub fn truncated(&self, available: usize) -> Result<()> {
        if self.end > available {
            return Err(Error::decode(available, "the buffer ends within this value"));
        }
        Ok(())
    }
}
