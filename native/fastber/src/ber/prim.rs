//! Contents octets of primitive types, to and from Python objects (X.690 8.2 to 8.4, 8.19, 8.20).

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt};

use crate::ber::out::Out;
use crate::error::{Error, Result};

pub fn integer<'py>(py: Python<'py>, contents: &[u8], at: usize) -> Result<Bound<'py, PyAny>> {
    match contents.len() {
        0 => Err(Error::decode(at, "expected at least one contents octet in INTEGER")),
        1..=8 => Ok(small_integer(contents)
            .into_pyobject(py)
            .map_err(PyErr::from)?
            .into_any()),
        // SAFETY: the octets are valid for reads of their number, big end first and signed, as the two last arguments
        // say; the call only reads them, and returns null (checked by from_owned_ptr_or_err) or a new reference.
        _ => Ok(unsafe {
            let number = ffi::_PyLong_FromByteArray(contents.as_ptr(), contents.len(), 0, 1);
            Bound::from_owned_ptr_or_err(py, number)?
        }),
    }
}

/// Two's complement of up to eight octets.
#[inline]
pub fn small_integer(contents: &[u8]) -> i64 {
    let mut value = if contents[0] & 0x80 != 0 { -1i64 } else { 0 };
    for &octet in contents {
        value = (value << 8) | octet as i64;
    }
    value
}

pub fn encode_integer(value: &Bound<'_, PyAny>, out: &mut Out) -> Result<()> {
    let Ok(value) = value.cast::<PyInt>() else {
        return Err(Error::encode(format!("expected int, got {}", type_name(value))));
    };
    if let Ok(number) = value.extract::<i64>() {
        encode_small_integer(number, out);
        return Ok(());
    }
    let bits: usize = value.call_method0("bit_length")?.extract()?;
    let options = PyDict::new(value.py());
    options.set_item("signed", true)?;
    // One octet more than may be needed: negative powers of two need it not.
    let octets = value.call_method("to_bytes", (bits / 8 + 1, "big"), Some(&options))?;
    let octets = octets.cast::<PyBytes>().map_err(PyErr::from)?.as_bytes();
    out.extend(&octets[redundant_octets(octets)..]);
    Ok(())
}

/// How many leading octets of a two's complement number say nothing (X.690 8.3.2).
pub fn redundant_octets(octets: &[u8]) -> usize {
    octets
        .windows(2)
        .take_while(|pair| matches!((pair[0], pair[1] & 0x80), (0, 0) | (0xff, 0x80)))
        .count()
}

#[inline]
pub fn encode_small_integer(number: i64, out: &mut Out) {
    if (-128..128).contains(&number) {
        out.push(number as u8);
    } else {
        let octets = number.to_be_bytes();
        out.extend(&octets[redundant_octets(&octets)..]);
    }
}

/// Text of an OBJECT IDENTIFIER (or, with `relative`, a RELATIVE-OID), appended to `text`.
pub fn oid_text(contents: &[u8], at: usize, relative: bool, text: &mut Vec<u8>) -> Result<()> {
    let mut first = !relative;
    let mut start = true;
    let mut arc = 0u64;
    for (index, &octet) in contents.iter().enumerate() {
        if start && octet == 0x80 {
            return Err(Error::decode(at + index, "a subidentifier starts with 0x80"));
        }
        if arc >> 57 != 0 {
            return big_oid_text(contents, at, relative, text);
        }
        arc = (arc << 7) | (octet & 0x7f) as u64;
        start = octet & 0x80 == 0;
        if start {
            if first {
                let top = (arc / 40).min(2);
                text.push(b'0' + top as u8);
                arc -= top * 40;
                first = false;
            }
            if !text.is_empty() {
                text.push(b'.');
            }
            digits(arc, text);
            arc = 0;
        }
    }
    if contents.is_empty() || !start {
        return Err(Error::decode(
            at + contents.len(),
            "an object identifier ends within a subidentifier",
        ));
    }
    Ok(())
}

/// The same for arcs of more than 63 bits, up to 128 (X.667).
#[cold]
fn big_oid_text(contents: &[u8], at: usize, relative: bool, text: &mut Vec<u8>) -> Result<()> {
    text.clear();
    let mut first = !relative;
    let mut start = true;
    let mut arc = 0u128;
    for (index, &octet) in contents.iter().enumerate() {
        if start && octet == 0x80 {
            return Err(Error::decode(at + index, "a subidentifier starts with 0x80"));
        }
        if arc >> 121 != 0 {
            return Err(Error::decode(at + index, "an arc of more than 128 bits"));
        }
        arc = (arc << 7) | (octet & 0x7f) as u128;
        start = octet & 0x80 == 0;
        if start {
            if first {
                let top = (arc / 40).min(2);
                text.push(b'0' + top as u8);
                arc -= top * 40;
                first = false;
            }
            if !text.is_empty() {
                text.push(b'.');
            }
            text.extend(arc.to_string().bytes());
            arc = 0;
        }
    }
    if start {
        return Ok(());
    }
    Err(Error::decode(
        at + contents.len(),
        "an object identifier ends within a subidentifier",
    ))
}

fn digits(mut number: u64, text: &mut Vec<u8>) {
    if number < 10 {
        text.push(b'0' + number as u8);
        return;
    }
    let mut buffer = [0u8; 20];
    let mut at = buffer.len();
    while number > 0 {
        at -= 1;
        buffer[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    text.extend_from_slice(&buffer[at..]);
}

/// Writes the contents octets of `text`, last subidentifier first.
pub fn encode_oid(text: &str, relative: bool, out: &mut Out) -> Result<()> {
    let bad = || Error::encode(format!("expected an object identifier in dotted form, got {text:?}"));
    let arc = |part: &str| -> Result<u128> {
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        part.parse().map_err(|_| bad())
    };
    let mut parts = text.split('.');
    let mut first = None;
    if !relative {
        let (Some(top), Some(second)) = (parts.next(), parts.next()) else {
            return Err(bad());
        };
        let (top, second) = (arc(top)?, arc(second)?);
        if top > 2 || (top < 2 && second > 39) || second > u128::MAX - 80 {
            return Err(bad());
        }
        first = Some(top * 40 + second);
    } else if text.is_empty() {
        return Err(bad());
    }
    for part in parts.rev() {
        subidentifier(arc(part)?, out);
    }
    if let Some(first) = first {
        subidentifier(first, out);
    }
    Ok(())
}

fn subidentifier(mut arc: u128, out: &mut Out) {
    out.push((arc & 0x7f) as u8);
    arc >>= 7;
    while arc > 0 {
        out.push(0x80 | (arc & 0x7f) as u8);
        arc >>= 7;
    }
}

pub fn type_name(value: &Bound<'_, PyAny>) -> String {
    value
        .get_type()
        .name()
        .map_or_else(|_| "?".to_owned(), |name| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(contents: &[u8]) -> Option<String> {
        let mut text = Vec::new();
        oid_text(contents, 0, false, &mut text).ok()?;
        String::from_utf8(text).ok()
    }

    fn contents(text: &str) -> Vec<u8> {
        let mut out = Out::default();
        encode_oid(text, false, &mut out).unwrap();
        out.as_slice().to_vec()
    }

    #[test]
    fn object_identifiers_both_ways() {
        for (dotted, octets) in [
            ("2.6.0.1.6", &[0x56, 0, 1, 6][..]),
            ("2.999.3", &[0x88, 0x37, 3]),
            ("1.2.840.113549", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]),
            ("0.39", &[39]),
        ] {
            assert_eq!(text(octets).as_deref(), Some(dotted));
            assert_eq!(contents(dotted), octets);
        }
        let big = "2.25.340282366920938463463374607431768211455";
        assert_eq!(text(&contents(big)).as_deref(), Some(big));
        assert_eq!(text(&[]), None);
        assert_eq!(text(&[0x80, 1]), None);
        assert_eq!(text(&[0x2a, 0x86]), None);
        // A subidentifier with a needless octet, behind one of more than 63 bits.
        let mut padded = contents(big);
        padded.extend([0x80, 0x05]);
        assert_eq!(text(&padded), None);
    }

    #[test]
    fn integers_are_shortest() {
        for (number, octets) in [
            (0i64, &[0u8][..]),
            (127, &[127]),
            (128, &[0, 128]),
            (-128, &[0x80]),
            (-129, &[0xff, 0x7f]),
            (i64::MIN, &[0x80, 0, 0, 0, 0, 0, 0, 0]),
        ] {
            let mut out = Out::default();
            encode_small_integer(number, &mut out);
            assert_eq!(out.as_slice(), octets);
            assert_eq!(small_integer(octets), number);
        }
    }
}
