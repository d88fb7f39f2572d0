//! Schema-less looks at an encoding: its tree of elements, and whether it is whole.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::ber::tlv::{self, Header};
use crate::error::{Error, Result, guarded};
use crate::py::buffer::Export;
use crate::py::spec::with_octets;
use crate::table::DEEPEST;

/// From how many octets on it is worth while to let other threads run.
const LARGE: usize = 1 << 16;

/// One element of an encoding.
#[pyclass(frozen, get_all, module = "fastber")]
pub struct Tree {
    /// 0 universal, 1 application, 2 context-specific, 3 private.
    tag_class: u8,
    tag_number: u32,
    constructed: bool,
    /// Where the identifier octets start.
    offset: usize,
    /// Where the contents octets start.
    contents_offset: usize,
    /// Number of contents octets, end-of-contents octets not counted.
    length: usize,
    indefinite: bool,
    /// Contents octets of a primitive encoding.
    contents: Option<Py<PyBytes>>,
    children: Py<PyList>,
}

#[pymethods]
impl Tree {
    fn __repr__(&self) -> String {
        let tag = tlv::Tag::new(self.tag_class, self.tag_number);
        format!("Tree({tag} at {}, {} octets)", self.offset, self.length)
    }
}

/// The elements of an encoding, whatever their types: one Tree for each of the elements that stand behind one another.
#[pyfunction]
#[pyo3(signature = (data, *, max_depth=256))]
pub fn tree<'py>(data: &Bound<'py, PyAny>, max_depth: usize) -> PyResult<Bound<'py, PyList>> {
    let py = data.py();
    with_octets(data, usize::MAX, |octets| {
        let (children, _) = elements(py, octets, 0, octets.len(), false, max_depth.min(DEEPEST))?;
        Ok(children)
    })
}

fn elements<'py>(
    py: Python<'py>,
    data: &[u8],
    mut at: usize,
    end: usize,
    indefinite: bool,
    depth: usize,
) -> Result<(Bound<'py, PyList>, usize)> {
    let children = PyList::empty(py);
    loop {
        if indefinite {
            if tlv::is_end_of_contents(data, at, end)? {
                return Ok((children, at));
            }
        } else if at == end {
            return Ok((children, at));
        }
        let header = tlv::header(data, at, end)?;
        let limit = header.end(end);
        let (inner, stop, contents) = if header.constructed {
            if depth == 0 {
                return Err(Error::decode(at, "nested deeper than max_depth"));
            }
            let (inner, stop) = elements(py, data, header.contents, limit, header.length.is_none(), depth - 1)?;
            (inner, stop, None)
        } else {
            (
                PyList::empty(py),
                limit,
                Some(PyBytes::new(py, &data[header.contents..limit]).unbind()),
            )
        };
        let tree = Tree {
            tag_class: header.tag.class(),
            tag_number: header.tag.number(),
            constructed: header.constructed,
            offset: at,
            contents_offset: header.contents,
            length: stop - header.contents,
            indefinite: header.length.is_none(),
            contents,
            children: inner.unbind(),
        };
        children.append(Bound::new(py, tree)?)?;
        at = if header.length.is_none() { stop + 2 } else { stop };
    }
}

/// Checks that the buffer is exactly one whole element, nested as its headers say, and returns its length. Only headers
/// are touched. Raises DecodeError.
#[pyfunction]
#[pyo3(signature = (buffer, *, max_depth=256))]
pub fn check(py: Python<'_>, buffer: &Bound<'_, PyAny>, max_depth: usize) -> PyResult<usize> {
    match buffer.cast::<PyBytes>() {
        // bytes never change, and `walk` makes no Python object, so that other threads may run; the octets of any other
        // buffer may be written to by those, or be given up with what exports them
        Ok(bytes) if bytes.as_bytes().len() >= LARGE => {
            let octets = bytes.as_bytes();
            guarded(|| py.detach(|| walk(octets, max_depth)))
        }
        _ => {
            let export = Export::get(buffer)?;
            let octets = export.in_place(py);
            guarded(|| walk(octets, max_depth))
        }
    }
}

fn walk(data: &[u8], max_depth: usize) -> Result<usize> {
    // The ends of the open elements; for an indefinite form, that of what is around it.
    let mut open: Vec<Header> = Vec::new();
    let mut ends = vec![data.len()];
    let mut at = 0;
    loop {
        let end = ends[ends.len() - 1];
        match open.last() {
            Some(header) if header.length.is_some() && at == end => {
                open.pop();
                ends.pop();
                if open.is_empty() {
                    break;
                }
                continue;
            }
            Some(header) if header.length.is_none() && tlv::is_end_of_contents(data, at, end)? => {
                at += 2;
                open.pop();
                ends.pop();
                if open.is_empty() {
                    break;
                }
                continue;
            }
            _ => {}
        }
        let header = tlv::header(data, at, end)?;
        if header.constructed {
            if open.len() >= max_depth {
                return Err(Error::decode(at, "nested deeper than max_depth"));
            }
            at = header.contents;
            ends.push(header.end(end));
            open.push(header);
        } else {
            at = header.end(end);
            if open.is_empty() {
                break;
            }
        }
    }
    if at != data.len() {
        return Err(Error::decode(at, "octets left over behind the value"));
    }
    Ok(at)
}
