//! Character strings (X.690 8.23): contents octets to and from Python's str.
//!
//! A str is made by a look at the octets, for how many characters there are and how wide, and a second one that writes
//! them. Both see the same: the octets are those of a bytes object or a copy of our own (`Export::fixed`).

use pyo3::ffi;
use pyo3::prelude::*;

use crate::ber::out::Out;
use crate::error::{Error, Result};
use crate::schema::StringKind;

pub fn decode<'py>(py: Python<'py>, kind: StringKind, octets: &[u8], at: usize) -> Result<Bound<'py, PyAny>> {
    use StringKind::*;
    match kind {
        Numeric | Printable | Ia5 | Visible => {
            if octets.is_ascii() {
                return ascii(py, octets);
            }
            let index = octets.iter().position(|octet| !octet.is_ascii()).unwrap_or(0);
            let octet = octets[index];
            Err(Error::decode(
                at + index,
                format!("octet 0x{octet:02x} is no ASCII character"),
            ))
        }
        Utf8 if octets.is_ascii() => ascii(py, octets),
        Utf8 => match std::str::from_utf8(octets) {
            Ok(text) => str_of(py, text.chars()),
            Err(error) => Err(Error::decode(at + error.valid_up_to(), "invalid UTF-8")),
        },
        Teletex | Videotex | Graphic | General if octets.is_ascii() => ascii(py, octets),
        Teletex | Videotex | Graphic | General => str_of(py, octets.iter().map(|&octet| octet as char)),
        Bmp => {
            let (units, rest) = octets.as_chunks::<2>();
            if !rest.is_empty() {
                return Err(Error::decode(at, "a BMPString of an odd number of octets"));
            }
            let chars = char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit)));
            if chars.clone().any(|char| char.is_err()) {
                return Err(Error::decode(at, "an unpaired surrogate in a BMPString"));
            }
            str_of(py, chars.flatten())
        }
        Universal => {
            let (units, rest) = octets.as_chunks::<4>();
            if !rest.is_empty() {
                return Err(Error::decode(
                    at,
                    "a UniversalString whose number of octets is no multiple of 4",
                ));
            }
            let chars = units.iter().map(|unit| char::from_u32(u32::from_be_bytes(*unit)));
            if chars.clone().any(|char| char.is_none()) {
                return Err(Error::decode(at, "no character of ISO/IEC 10646"));
            }
            str_of(py, chars.flatten())
        }
    }
}

/// A str of these characters. They are counted first, so that nothing but the str is ever held.
fn str_of<'py>(py: Python<'py>, chars: impl Iterator<Item = char> + Clone) -> Result<Bound<'py, PyAny>> {
    let (count, widest) = chars
        .clone()
        .fold((0, 0), |(count, widest), char| (count + 1, widest.max(char as u32)));
    // SAFETY: PyUnicode_New returns null (checked by from_owned_ptr_or_err) or a new compact str that nobody else has
    // seen, of `count` characters none of which is above `widest`, whose data is `count` units in one piece, aligned for
    // them: of 1, 2 or 4 octets as `widest` is below 2^8, 2^16 or above. `filled` writes all of them and no more, with
    // the characters that were looked at, so that the widest is among them as a str promises. An empty one is shared,
    // and is not written to.
    unsafe {
        let text = Bound::from_owned_ptr_or_err(py, ffi::PyUnicode_New(count as ffi::Py_ssize_t, widest))?;
        let data = ffi::PyUnicode_DATA(text.as_ptr());
        match widest {
            ..0x100 => filled(data.cast::<u8>(), count, chars, |char| char as u8),
            0x100..0x1_0000 => filled(data.cast::<u16>(), count, chars, |char| char as u16),
            _ => filled(data.cast::<u32>(), count, chars, |char| char as u32),
        }
        Ok(text)
    }
}

/// Writes `count` units, one for each character.
///
/// # Safety
/// `data` must be valid for writes of `count` units, and there must be as many `chars`.
unsafe fn filled<T>(data: *mut T, count: usize, chars: impl Iterator<Item = char>, unit: impl Fn(char) -> T) {
    for (index, char) in chars.take(count).enumerate() {
        // SAFETY: below `count`, so among the units that the caller promises.
        unsafe { data.add(index).write(unit(char)) };
    }
}

/// `octets` are ASCII.
#[inline]
fn ascii<'py>(py: Python<'py>, octets: &[u8]) -> Result<Bound<'py, PyAny>> {
    debug_assert!(octets.is_ascii());
    // SAFETY: PyUnicode_New returns null (checked by from_owned_ptr_or_err) or a new compact str that nobody else has
    // seen, of `len` characters below 128, whose data is `len` octets (and a zero) in one piece right behind its ASCII
    // header: that many are written, none of them 128 or above, as the callers checked.
    unsafe {
        let text = ffi::PyUnicode_New(octets.len() as ffi::Py_ssize_t, 127);
        let text = Bound::from_owned_ptr_or_err(py, text)?;
        if !octets.is_empty() {
            let data = ffi::PyUnicode_DATA(text.as_ptr()).cast::<u8>();
            std::ptr::copy_nonoverlapping(octets.as_ptr(), data, octets.len());
        }
        Ok(text)
    }
}

pub fn encode(kind: StringKind, text: &str, out: &mut Out) -> Result<()> {
    use StringKind::*;
    let refuse = |c: char| Error::encode(format!("character {c:?} cannot be encoded"));
    match kind {
        Utf8 => out.extend(text.as_bytes()),
        _ if text.is_ascii() && !matches!(kind, Bmp | Universal) => out.extend(text.as_bytes()),
        Numeric | Printable | Ia5 | Visible => {
            return Err(refuse(text.chars().find(|c| !c.is_ascii()).unwrap_or_default()));
        }
        Teletex | Videotex | Graphic | General => {
            for c in text.chars().rev() {
                out.push(u8::try_from(c as u32).map_err(|_| refuse(c))?);
            }
        }
        Bmp => {
            for c in text.chars().rev() {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units).iter().rev() {
                    out.extend(&unit.to_be_bytes());
                }
            }
        }
        Universal => {
            for c in text.chars().rev() {
                out.extend(&(c as u32).to_be_bytes());
            }
        }
    }
    Ok(())
}
