//! What a splice makes, put together from the end to the start: new octets in one output, and between them pieces of the
//! old buffer that stay where they are until all of it is known.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

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
        let buffers = PyList::empty(py);
        let octets = self.out.as_slice();
        // What is to be copied into one object, and how long it is.
        let mut run: Vec<&[u8]> = Vec::with_capacity(2 * self.cuts.len() + 1);
        let mut from = 0;
        for cut in self.cuts.iter().rev() {
            let to = octets.len() - cut.mark;
            run.push(&octets[from..to]);
            from = to;
            if cut.end - cut.start < WORTH_A_VIEW {
                run.push(&self.data[cut.start..cut.end]);
            } else {
                copied(&buffers, &mut run)?;
                buffers.append(source.slice(py, cut.start, cut.end)?)?;
            }
        }
        run.push(&octets[from..]);
        copied(&buffers, &mut run)?;
        Ok(buffers)
    }
}

/// Appends the octets of `run` as one object, unless there are none.
fn copied(buffers: &Bound<'_, PyList>, run: &mut Vec<&[u8]>) -> PyResult<()> {
    let length = run.iter().map(|piece| piece.len()).sum();
    if length > 0 {
        let octets = PyBytes::new_with(buffers.py(), length, |mut rest| {
            for piece in &*run {
                let (place, others) = rest.split_at_mut(piece.len());
                place.copy_from_slice(piece);
                rest = others;
            }
            Ok(())
        })?;
        buffers.append(octets)?;
    }
    run.clear();
    Ok(())
}
