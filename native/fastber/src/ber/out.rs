//! The encoder's output, written from the end to the start: when a header is written its contents are already there,
//! so no length is computed in advance and nothing is moved.

use crate::ber::tlv::{Tag, length_size};

#[derive(Default)]
pub struct Out {
    octets: Vec<u8>,
    /// What was written is `octets[start..]`.
    start: usize,
}

impl Out {
    pub fn with_capacity(capacity: usize) -> Out {
        Out {
            octets: vec![0; capacity],
            start: capacity,
        }
    }

    /// Number of octets written so far; as a mark, it names the end of what is written next.
    #[inline]
    pub fn len(&self) -> usize {
        self.octets.len() - self.start
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn as_slice(&self) -> &[u8] {
        &self.octets[self.start..]
    }

    /// What was written since the mark.
    pub fn since(&self, mark: usize) -> &[u8] {
        &self.octets[self.start..self.octets.len() - mark]
    }

    pub fn since_mut(&mut self, mark: usize) -> &mut [u8] {
        let end = self.octets.len() - mark;
        &mut self.octets[self.start..end]
    }

    #[cold]
    fn grow(&mut self, room: usize) {
        let used = self.len();
        let capacity = (self.octets.len() * 2).max(used + room).max(256);
        let mut octets = vec![0; capacity];
        octets[capacity - used..].copy_from_slice(self.as_slice());
        self.start = capacity - used;
        self.octets = octets;
    }

    #[inline]
    pub fn push(&mut self, octet: u8) {
        if self.start == 0 {
            self.grow(1);
        }
        self.start -= 1;
        self.octets[self.start] = octet;
    }

    /// Puts `octets`, in their own order, before what is there.
    #[inline]
    pub fn extend(&mut self, octets: &[u8]) {
        if self.start < octets.len() {
            self.grow(octets.len());
        }
        self.start -= octets.len();
        self.octets[self.start..self.start + octets.len()].copy_from_slice(octets);
    }

    /// Header for the contents written since the mark.
    #[inline]
    pub fn header(&mut self, tag: Tag, constructed: bool, mark: usize) {
        let length = self.len() - mark;
        if length < 0x80 {
            self.push(length as u8);
        } else {
            self.long_length(length);
        }
        let lead = (tag.class() << 6) | if constructed { 0x20 } else { 0 };
        if tag.number() < 0x1f {
            self.push(lead | tag.number() as u8);
        } else {
            self.high_tag(lead, tag.number());
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
}
