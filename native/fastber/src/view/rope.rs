//! What a splice makes, put together from the end to the start: new octets in one output, and between them pieces of the
//! old buffer that stay where they are until all of it is known.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::ber::out::Out;
use crate::ber::tlv;
use crate::view::Source;

/// Pieces of the old buffer below this size are copied: a system call's vector entry costs more than that.
const WORTH_A_VIEW: usize = 4096;

/// A piece of the old buffer that stands before what `out` holds up to `mark`.
struct Cut {
    mark: usize,
    start: usize,
    end: usize,
}

pub struct Rope<'a> {
    data: &'a [u8],
    pub out: Out,
    /// A piece of the old buffer that may yet grow at its front.
    pending: Option<(usize, usize)>,
    cuts: Vec<Cut>,
    /// Octets in `cuts` and past the end of a partial buffer.
    elsewhere: usize,
}

impl<'a> Rope<'a> {
    pub fn new(data: &'a [u8]) -> Rope<'a> {
        Rope {
            data,
            // Small enough for what an allocator keeps ready.
            out: Out::with_capacity(960),
            pending: None,
            cuts: Vec::with_capacity(16),
            elsewhere: 0,
        }
    }

    /// Octets put so far, those past the end of a partial buffer included.
    pub fn len(&self) -> usize {
        self.out.len() + self.elsewhere + self.pending.map_or(0, |(start, end)| end - start)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Part of the old buffer. What lies past the end of a partial buffer counts, but the caller will have to add it.
    pub fn old(&mut self, start: usize, end: usize) {
        let stop = end.min(self.data.len());
        if start >= stop {
            self.elsewhere += end - start;
            return;
        }
        self.elsewhere += end - stop;
        match &mut self.pending {
            Some((next, _)) if *next == stop => *next = start,
            _ => {
                self.settle();
                self.pending = Some((start, stop));
            }
        }
    }

    /// Before new octets are put into `out`.
    pub fn settle(&mut self) {
        let Some((start, end)) = self.pending.take() else {
            return;
        };
        self.elsewhere += end - start;
        self.cuts.push(Cut {
            mark: self.out.len(),
            start,
            end,
        });
    }

    pub fn new_octets(&mut self, octets: &[u8]) {
        self.settle();
        self.out.extend(octets);
    }

    /// Length octets for what was put since the mark, in the form that the old ones had where it still fits.
    pub fn length(&mut self, mark: usize, old_length: usize, old_width: usize) {
        let length = self.len() - mark;
        let width = if old_width == tlv::length_size(old_length) {
            1
        } else {
            old_width
        };
        self.settle();
        self.out.length(length, width);
    }

    /// The buffers, first one first.
    pub fn buffers<'py>(&mut self, py: Python<'py>, source: &Source) -> PyResult<Bound<'py, PyList>> {
        self.settle();
        self.out.gather(py);
        let octets = self.out.as_slice();
        let mut buffers = Vec::new();
        // What is to be copied into one object, the first piece first.
        let mut run: Vec<&[u8]> = Vec::with_capacity(2 * self.cuts.len() + 1);
        let mut from = 0;
        for cut in self.cuts.iter().rev() {
            let to = octets.len() - cut.mark;
            run.push(&octets[from..to]);
            from = to;
            if cut.end - cut.start < WORTH_A_VIEW {
                run.push(&self.data[cut.start..cut.end]);
            } else {
                buffers.extend(copied(py, &run)?);
                run.clear();
                buffers.push(source.slice(py, cut.start, cut.end)?);
            }
        }
        run.push(&octets[from..]);
        let last = copied(py, &run)?;
        if buffers.is_empty() {
            return PyList::new(py, last);
        }
        buffers.extend(last);
        PyList::new(py, buffers)
    }
}

/// The octets of `run` as one object, unless there are none.
fn copied<'py>(py: Python<'py>, run: &[&[u8]]) -> PyResult<Option<Bound<'py, PyAny>>> {
    let length = run
        .iter()
        .fold(0usize, |length, piece| length.saturating_add(piece.len()));
    if length == 0 {
        return Ok(None);
    }
    let size = ffi::Py_ssize_t::try_from(length)?;
    // SAFETY: without a source PyBytes_FromStringAndSize makes a bytes object with room for `size` octets, which are
    // not set, or fails with null and an exception. Nobody else has the object yet, so its octets may be written. The
    // pieces are written one behind the other from its start, and together they are `length` octets long: `size` is
    // positive, so the sum did not saturate (usize::MAX does not fit Py_ssize_t). So every octet is set and none
    // behind them. No piece overlaps the new object, since it was made after all of them.
    unsafe {
        let object = ffi::PyBytes_FromStringAndSize(std::ptr::null(), size);
        let object = Bound::from_owned_ptr_or_err(py, object)?;
        let mut place = ffi::PyBytes_AsString(object.as_ptr()).cast::<u8>();
        for piece in run {
            std::ptr::copy_nonoverlapping(piece.as_ptr(), place, piece.len());
            place = place.add(piece.len());
        }
        Ok(Some(object))
    }
}
