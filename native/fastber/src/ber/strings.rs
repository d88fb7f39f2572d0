//! The decoder's part for string types, which may come in segments (X.690 8.6.4, 8.7.3, 8.23.6).

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::ber::de::{Decoded, Decoder, Element, too_deep};
use crate::ber::der;
use crate::ber::tlv::Tag;
use crate::error::{Error, Result};
use crate::schema::StringKind;

impl<'a, 'py> Decoder<'a, 'py> {
    /// Contents of a constructed string, segments put together (X.690 8.7.3, 8.23.6). Segments are OCTET STRINGs, or,
    /// as is met, of the string's own type.
    pub(super) fn gathered(&mut self, element: &Element, universal: u32, depth: usize) -> Result<Vec<u8>> {
        let mut length = 0;
        self.segments(element, universal, depth, &mut |segment, _| {
            length += segment.len();
            Ok(())
        })?;
        let mut octets = Vec::with_capacity(length);
        self.after = self.segments(element, universal, depth, &mut |segment, _| {
            octets.extend_from_slice(segment);
            Ok(())
        })?;
        Ok(octets)
    }

    /// A constructed OCTET STRING: segments are measured first and then copied once, to where they stay.
    pub(super) fn octets_of_segments(&mut self, element: &Element, depth: usize) -> Decoded<'py> {
        let mut length = 0;
        self.after = self.segments(element, 4, depth, &mut |segment, _| {
            length += segment.len();
            Ok(())
        })?;
        let octets = PyBytes::new_with(self.py, length, |mut rest| {
            let copied = self.segments(element, 4, depth, &mut |segment, _| {
                let (place, others) = std::mem::take(&mut rest).split_at_mut(segment.len());
                place.copy_from_slice(segment);
                rest = others;
                Ok(())
            });
            copied.map(drop).map_err(PyErr::from)
        })?;
        Ok(octets.into_any())
    }

    fn segments(
        &self,
        of: &Element,
        universal: u32,
        depth: usize,
        take: &mut dyn FnMut(&'a [u8], usize) -> Result<()>,
    ) -> Result<usize> {
        if self.strict {
            return Err(Error::decode(of.at, "a constructed string in DER (X.690 10.2)"));
        }
        if depth > self.table.options.limits.max_depth {
            return Err(too_deep(of.at));
        }
        let mut at = of.contents;
        loop {
            if let Some(after) = self.end_of(of, at)? {
                return Ok(after);
            }
            let segment = self.header(at, of.end)?;
            let segments_are_bits = universal == 3;
            if segment.tag != Tag::universal(universal) && (segments_are_bits || segment.tag != Tag::universal(4)) {
                return Err(Error::decode(
                    at,
                    format!("unexpected segment {} in a string", segment.tag),
                ));
            }
            if segment.constructed {
                at = self.segments(&segment, universal, depth + 1, take)?;
            } else {
                take(&self.data[segment.contents..segment.end], segment.contents)?;
                at = segment.end;
            }
        }
    }

    pub(super) fn bit_string(&mut self, named: bool, element: &Element, depth: usize) -> Decoded<'py> {
        if element.constructed {
            return self.bits_of_segments(element, depth);
        }
        self.after = element.end;
        let (octets, unused) = split_bits(&self.data[element.contents..element.end], element.contents)?;
        if self.strict {
            der::bits(octets, unused, named, element.contents)?;
        }
        self.bits(octets, unused)
    }

    #[cold]
    fn bits_of_segments(&mut self, element: &Element, depth: usize) -> Decoded<'py> {
        let mut length = 0;
        self.segments(element, 3, depth, &mut |segment, _| {
            length += segment.len().saturating_sub(1);
            Ok(())
        })?;
        let mut octets: Vec<u8> = Vec::with_capacity(length);
        let mut unused = 0;
        self.after = self.segments(element, 3, depth, &mut |segment, at| {
            if unused != 0 {
                return Err(Error::decode(at, "unused bits before the last segment of a BIT STRING"));
            }
            let bits;
            (bits, unused) = split_bits(segment, at)?;
            octets.extend_from_slice(bits);
            Ok(())
        })?;
        self.bits(&octets, unused)
    }

    fn bits(&self, octets: &[u8], unused: u8) -> Decoded<'py> {
        let count = octets.len() * 8 - unused as usize;
        let octets = PyBytes::new_with(self.py, octets.len(), |place| {
            place.copy_from_slice(octets);
            // BER lets unused bits be anything; they are no part of the value, so that equal values are equal.
            if let Some(last) = place.last_mut() {
                *last &= 0xff << unused;
            }
            Ok(())
        })?;
        Ok((octets, count).into_pyobject(self.py)?.into_any())
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
