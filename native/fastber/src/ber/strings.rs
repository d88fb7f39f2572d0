//! The decoder's part for string types, which may come in segments (X.690 8.6.4, 8.7.3, 8.23.6).

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::ber::de::{Decoded, Decoder};
use crate::ber::der;
use crate::ber::tlv::{self, Header, Tag};
use crate::error::{Error, Result};
use crate::schema::StringKind;

impl<'a, 'py> Decoder<'a, 'py> {
    /// Contents of a string, segments put together (X.690 8.7.3, 8.23.6). Segments are OCTET STRINGs, or, as is met,
    /// of the string's own type.
    #[inline]
    pub(super) fn octets(
        &self,
        header: &Header,
        end: usize,
        universal: u32,
        depth: usize,
    ) -> Result<(Cow<'a, [u8]>, usize)> {
        if !header.constructed {
            let after = header.end(end);
            return Ok((Cow::Borrowed(&self.data[header.contents..after]), after));
        }
        let mut octets = Vec::new();
        let after = self.segments(header, end, universal, depth, &mut |segment, _| {
            octets.extend_from_slice(segment);
            Ok(())
        })?;
        Ok((Cow::Owned(octets), after))
    }

    fn segments(
        &self,
        header: &Header,
        end: usize,
        universal: u32,
        depth: usize,
        take: &mut dyn FnMut(&'a [u8], usize) -> Result<()>,
    ) -> Result<usize> {
        if self.table.options.der {
            return Err(Error::decode(header.at, "a constructed string in DER (X.690 10.2)"));
        }
        if depth > self.table.options.limits.max_depth {
            return Err(Error::decode(header.at, "nested deeper than max_depth"));
        }
        let limit = header.end(end);
        let mut at = header.contents;
        loop {
            match header.length {
                Some(_) if at == limit => return Ok(at),
                None if tlv::is_end_of_contents(self.data, at, limit)? => return Ok(at + 2),
                _ => {}
            }
            let segment = self.header(at, limit)?;
            let segments_are_bits = universal == 3;
            if segment.tag != Tag::universal(universal) && (segments_are_bits || segment.tag != Tag::universal(4)) {
                return Err(Error::decode(
                    at,
                    format!("unexpected segment {} in a string", segment.tag),
                ));
            }
            if segment.constructed {
                at = self.segments(&segment, limit, universal, depth + 1, take)?;
            } else {
                let stop = segment.end(limit);
                take(&self.data[segment.contents..stop], segment.contents)?;
                at = stop;
            }
        }
    }

    pub(super) fn bit_string(&self, named: bool, header: &Header, end: usize, depth: usize) -> Decoded<'py> {
        let py = self.py;
        let (octets, unused, after) = if header.constructed {
            let mut octets: Vec<u8> = Vec::new();
            let mut unused = 0;
            let after = self.segments(header, end, 3, depth, &mut |segment, at| {
                if unused != 0 {
                    return Err(Error::decode(at, "unused bits before the last segment of a BIT STRING"));
                }
                let bits;
                (bits, unused) = split_bits(segment, at)?;
                octets.extend_from_slice(bits);
                Ok(())
            })?;
            (Cow::Owned(octets), unused, after)
        } else {
            let after = header.end(end);
            let (octets, unused) = split_bits(&self.data[header.contents..after], header.contents)?;
            if self.table.options.der {
                der::bits(octets, unused, named, header.contents)?;
            }
            (Cow::Borrowed(octets), unused, after)
        };
        let count = octets.len() * 8 - unused as usize;
        let value = (PyBytes::new(py, &octets), count).into_pyobject(py)?;
        Ok((value.into_any(), after))
    }
}

/// Contents of a primitive BIT STRING: its octets and the number of unused bits (X.690 8.6.2).
fn split_bits(contents: &[u8], at: usize) -> Result<(&[u8], u8)> {
    match contents.split_first() {
        Some((&unused, octets)) if unused < 8 && (unused == 0 || !octets.is_empty()) => Ok((octets, unused)),
        _ => Err(Error::decode(at, "invalid initial octet of a BIT STRING")),
    }
}

/// Number of the string type's universal tag.
pub(super) fn universal(kind: StringKind) -> u32 {
    match kind {
        StringKind::Utf8 => 12,
        StringKind::Numeric => 18,
        StringKind::Printable => 19,
        StringKind::Teletex => 20,
        StringKind::Videotex => 21,
        StringKind::Ia5 => 22,
        StringKind::Graphic => 25,
        StringKind::Visible => 26,
        StringKind::General => 27,
        StringKind::Universal => 28,
        StringKind::Bmp => 30,
    }
}
