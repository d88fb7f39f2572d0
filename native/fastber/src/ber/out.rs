//! The encoder's output, written from the end to the start: when a header is written its contents are already there,
//! so no length is computed in advance and nothing is moved.

use std::mem::MaybeUninit;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::ber::tlv::{Tag, length_size};
use crate::py::buffer::Export;

/// Octets of another object that stand before what the buffer holds up to `mark`.
struct Kept {
    mark: usize,
    octets: Export,
}

#[derive(Default)]
pub struct Out {
    /// What was written is `octets[start..]`, all of it initialised; what is before need not be.
    octets: Box<[MaybeUninit<u8>]>,
    start: usize,
    kept: Vec<Kept>,
    /// Number of octets in `kept`.
    elsewhere: usize,
}

impl Out {
    pub fn with_capacity(capacity: usize) -> Out {
        Out {
            octets: Box::new_uninit_slice(capacity),
            start: capacity,
            ..Out::default()
        }
    }

    /// Number of octets written so far; as a mark, it names the end of what is written next.
    #[inline]
    pub fn len(&self) -> usize {
        self.octets.len() - self.start + self.elsewhere
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was written into the buffer.
    #[inline]
    fn written(&self) -> &[u8] {
        let written = &self.octets[self.start..];
        // SAFETY: from `start` on every octet has been written: `start` goes down only over octets that are written
        // with it, and a new buffer (`grow`, `gather`) is filled from its `start` on before it takes the old one's place.
        unsafe { std::slice::from_raw_parts(written.as_ptr().cast::<u8>(), written.len()) }
    }

    /// Everything that was written. Nothing may be kept elsewhere: `gather` comes first.
    pub fn as_slice(&self) -> &[u8] {
        self.since(0)
    }

    /// What was written since the mark. Nothing may be kept elsewhere: `gather` comes first.
    pub fn since(&self, mark: usize) -> &[u8] {
        assert!(self.kept.is_empty(), "octets kept elsewhere");
        let written = self.written();
        &written[..written.len() - mark]
    }

    /// Puts `octets`, as many as were written since the mark, in their place.
    pub fn rewrite(&mut self, mark: usize, octets: &[u8]) {
        assert_eq!(self.len() - mark, octets.len());
        self.start += octets.len();
        self.extend(octets);
    }

    /// As one object; what is kept elsewhere is copied only here.
    pub fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        if self.kept.is_empty() {
            return Ok(PyBytes::new(py, self.written()));
        }
        PyBytes::new_with_writer(py, self.len(), |writer| {
            self.pieces(py).try_for_each(|piece| writer.write_bytes(piece))
        })
    }

    /// All that was written, in order.
    fn pieces<'a>(&'a self, py: Python<'a>) -> impl Iterator<Item = &'a [u8]> {
        let written = self.written();
        let mut from = 0;
        let kept = self.kept.iter().rev().flat_map(move |kept| {
            let to = written.len() - kept.mark;
            let before = &written[from..to];
            from = to;
            [before, kept.octets.in_place(py)]
        });
        let last = self.kept.first().map_or(written.len(), |kept| kept.mark);
        kept.chain([&written[written.len() - last..]])
    }

    /// Brings what is kept elsewhere into the buffer.
    pub fn gather(&mut self, py: Python<'_>) {
        if self.kept.is_empty() {
            return;
        }
        let mut whole = Out::with_capacity(self.len());
        whole.start = 0;
        let mut at = 0;
        for piece in self.pieces(py) {
            whole.octets[at..at + piece.len()].copy_from_slice(uninit(piece));
            at += piece.len();
        }
        assert_eq!(at, whole.octets.len());
        *self = whole;
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, room: usize) {
        let used = self.octets.len() - self.start;
        let capacity = (self.octets.len() * 2).max(used + room + 512);
        let mut octets = Box::new_uninit_slice(capacity);
        octets[capacity - used..].copy_from_slice(&self.octets[self.start..]);
        self.start = capacity - used;
        self.octets = octets;
    }

    #[inline]
    pub fn push(&mut self, octet: u8) {
        if self.start == 0 {
            self.grow(1);
        }
        self.start -= 1;
        self.octets[self.start].write(octet);
    }

    /// Puts `octets`, in their own order, before what is there.
    #[inline]
    pub fn extend(&mut self, octets: &[u8]) {
        if self.start < octets.len() {
            self.grow(octets.len());
        }
        let end = self.start;
        self.octets[end - octets.len()..end].copy_from_slice(uninit(octets));
        self.start = end - octets.len();
    }

    /// As `extend`, but the octets stay where they are until all is put together.
    pub fn keep(&mut self, octets: Export) {
        self.elsewhere += octets.len();
        self.kept.push(Kept {
            mark: self.octets.len() - self.start,
            octets,
        });
    }

    /// Header for the contents written since the mark.
    #[inline]
    pub fn header(&mut self, tag: Tag, constructed: bool, mark: usize) {
        let length = self.len() - mark;
        let lead = (tag.class() << 6) | if constructed { 0x20 } else { 0 };
        if length < 0x80 && tag.number() < 0x1f && self.start >= 2 {
            self.start -= 2;
            self.octets[self.start].write(lead | tag.number() as u8);
            self.octets[self.start + 1].write(length as u8);
        } else {
            self.long_header(lead, tag.number(), length);
        }
    }

    #[inline(never)]
    fn long_header(&mut self, lead: u8, number: u32, length: usize) {
        self.length(length, 1);
        if number < 0x1f {
            self.push(lead | number as u8);
        } else {
            self.high_tag(lead, number);
        }
    }

    /// Length octets: the shortest form, or, if that is shorter than `width` octets, the long form of that width.
    pub fn length(&mut self, length: usize, width: usize) {
        if width <= length_size(length) {
            return if length < 0x80 {
                self.push(length as u8)
            } else {
                self.long_length(length)
            };
        }
        for index in 0..width - 1 {
            self.push(if index < size_of::<usize>() {
                (length >> (8 * index)) as u8
            } else {
                0
            });
        }
        self.push(0x80 | (width - 1) as u8);
    }

    fn long_length(&mut self, mut length: usize) {
        let mut count = 0;
        while length > 0 {
            self.push(length as u8);
            length >>= 8;
            count += 1;
        }
        self.push(0x80 | count);
    }

    fn high_tag(&mut self, lead: u8, mut number: u32) {
        self.push((number & 0x7f) as u8);
        number >>= 7;
        while number > 0 {
            self.push(0x80 | (number & 0x7f) as u8);
            number >>= 7;
        }
        self.push(lead | 0x1f);
    }
}

/// The same octets, as a buffer that need not be initialised takes them.
fn uninit(octets: &[u8]) -> &[MaybeUninit<u8>] {
    // SAFETY: MaybeUninit<u8> has the layout of u8, and every u8 is a valid one.
    unsafe { std::slice::from_raw_parts(octets.as_ptr().cast::<MaybeUninit<u8>>(), octets.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_keep_their_width() {
        for (length, width, octets) in [
            (5, 3, &[0x82, 0, 5][..]),
            (300, 1, &[0x82, 1, 44]),
            (127, 1, &[127]),
            (128, 2, &[0x81, 128]),
        ] {
            let mut out = Out::default();
            out.length(length, width);
            assert_eq!(out.as_slice(), octets);
        }
    }

    #[test]
    fn headers_come_before_their_contents() {
        let mut out = Out::with_capacity(2);
        let mark = out.len();
        out.extend(&[7; 200]);
        out.header(Tag::context(128), true, mark);
        assert_eq!(&out.as_slice()[..6], [0xbf, 0x81, 0x00, 0x81, 200, 7]);
        assert_eq!(out.len(), 205);
        out.header(Tag::universal(16), true, 0);
        assert_eq!(&out.as_slice()[..4], [0x30, 0x81, 205, 0xbf]);
        assert_eq!(out.since(205), [0x30, 0x81, 205]);
    }

    #[test]
    fn what_is_kept_elsewhere_is_put_in_its_place() {
        Python::attach(|py| {
            let export = |octets: &[u8]| Export::get(PyBytes::new(py, octets).as_any()).unwrap();
            let mut out = Out::with_capacity(1);
            out.keep(export(b"last"));
            out.extend(b"third");
            let mark = out.len();
            out.keep(export(b"second"));
            out.keep(export(b"first"));
            out.header(Tag::universal(4), false, mark);
            assert_eq!(out.len(), 22);
            assert_eq!(out.to_bytes(py).unwrap().as_bytes(), b"\x04\x0bfirstsecondthirdlast");
            out.gather(py);
            assert_eq!(out.since(mark), b"\x04\x0bfirstsecond");
            out.rewrite(mark, b"\x04\x0bsecondfirst");
            assert_eq!(out.as_slice(), b"\x04\x0bsecondfirstthirdlast");
        });
    }
}
