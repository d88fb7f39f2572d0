//! Character strings (X.690 8.23): contents octets to and from Python's str.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::ber::out::Out;
use crate::error::{Error, Result};
use crate::schema::StringKind;

pub fn decode<'py>(py: Python<'py>, kind: StringKind, octets: &[u8], at: usize) -> Result<Bound<'py, PyAny>> {
    use StringKind::*;
    let text = match kind {
        Numeric | Printable | Ia5 | Visible => {
            if octets.is_ascii() {
                return ascii(py, octets);
            }
            let index = octets.iter().position(|octet| !octet.is_ascii()).unwrap_or(0);
            let octet = octets[index];
            return Err(Error::decode(
                at + index,
                format!("octet 0x{octet:02x} is no ASCII character"),
            ));
        }
        Utf8 => return utf8(py, octets, at),
        Teletex | Videotex | Graphic | General => {
            if octets.is_ascii() {
                return ascii(py, octets);
            }
            octets.iter().map(|&octet| octet as char).collect::<String>()
        }
        Bmp => {
            let (units, rest) = octets.as_chunks::<2>();
            if !rest.is_empty() {
                return Err(Error::decode(at, "a BMPString of an odd number of octets"));
            }
            char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit)))
                .collect::<std::result::Result<String, _>>()
                .map_err(|_| Error::decode(at, "an unpaired surrogate in a BMPString"))?
        }
        Universal => {
            let (units, rest) = octets.as_chunks::<4>();
            if !rest.is_empty() {
                return Err(Error::decode(
                    at,
                    "a UniversalString whose number of octets is no multiple of 4",
                ));
            }
            units
                .iter()
                .map(|unit| char::from_u32(u32::from_be_bytes(*unit)))
                .collect::<Option<String>>()
                .ok_or_else(|| Error::decode(at, "no character of ISO/IEC 10646"))?
        }
    };
    Ok(PyString::new(py, &text).into_any())
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

#[inline]
fn utf8<'py>(py: Python<'py>, octets: &[u8], at: usize) -> Result<Bound<'py, PyAny>> {
    match std::str::from_utf8(octets) {
        Ok(text) => Ok(PyString::new(py, text).into_any()),
        Err(error) => Err(Error::decode(at + error.valid_up_to(), "invalid UTF-8")),
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
