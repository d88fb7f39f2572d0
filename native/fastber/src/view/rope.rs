//! What a splice makes: pieces of the old buffer and new octets, put together from the end to the start.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::ber::tlv;
use crate::view::Source;

/// Pieces of the old buffer below this size are copied: a system call's vector entry costs more than that.
const WORTH_A_VIEW: usize = 2048;

enum Piece {
    Old { start: usize, end: usize },
    New(Vec<u8>),
}

/// Pieces are held last one first.
#[derive(Default)]
pub struct Rope {
    pieces: Vec<Piece>,
    /// Octets put so far, those past the end of a partial buffer included.
    pub len: usize,
}

impl Rope {
    /// Part of the old buffer. What lies past the end of a partial buffer counts, but the caller will have to add it.
    pub fn old(&mut self, start: usize, end: usize, available: usize) {
        self.len += end - start;
        let end = end.min(available);
        if start >= end {
            return;
        }
        if let Some(Piece::Old { start: next, .. }) = self.pieces.last_mut()
            && *next == end
        {
            *next = start;
            return;
        }
        self.pieces.push(Piece::Old { start, end });
    }

    pub fn new_octets(&mut self, octets: Vec<u8>) {
        self.len += octets.len();
        self.pieces.push(Piece::New(octets));
    }

    /// Length octets for what was put since the mark, in the form that the old ones had where it still fits.
    pub fn length(&mut self, mark: usize, old_length: usize, old_width: usize) {
        let width = if old_width == tlv::length_size(old_length) {
            1
        } else {
            old_width
        };
        let mut octets = Vec::with_capacity(old_width.max(9));
        tlv::encode_length(self.len - mark, width, &mut octets);
        self.new_octets(octets);
    }

    /// The buffers, first one first.
    pub fn buffers<'py>(&self, py: Python<'py>, source: &Source) -> PyResult<Bound<'py, PyList>> {
        let data = source.export.octets(py);
        let buffers = PyList::empty(py);
        let mut gathered: Vec<u8> = Vec::new();
        for piece in self.pieces.iter().rev() {
            match piece {
                Piece::New(octets) => gathered.extend_from_slice(octets),
                Piece::Old { start, end } if end - start < WORTH_A_VIEW => {
                    gathered.extend_from_slice(&data[*start..*end]);
                }
                Piece::Old { start, end } => {
                    if !gathered.is_empty() {
                        buffers.append(PyBytes::new(py, &gathered))?;
                        gathered.clear();
                    }
                    buffers.append(source.slice(py, *start, *end)?)?;
                }
            }
        }
        if !gathered.is_empty() {
            buffers.append(PyBytes::new(py, &gathered))?;
        }
        Ok(buffers)
    }
}
