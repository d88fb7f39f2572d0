//! The useful time types (X.690 8.26): text whose separators are not encoded.

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::ber::out::Out;
use crate::error::{Error, Result};

/// The form of the text, 0 standing for a digit, by universal tag.
fn form(kind: u32) -> &'static str {
    match kind {
        31 => "0000-00-00",
        32 => "00:00:00",
        _ => "0000-00-00T00:00:00",
    }
}

pub fn decode<'py>(py: Python<'py>, kind: u32, octets: &[u8], at: usize) -> Result<Bound<'py, PyAny>> {
    let mut text = String::with_capacity(octets.len() + 5);
    if kind == 34 {
        text.push('P');
        let duration = octets.iter().all(|octet| octet.is_ascii_graphic()) && !octets.is_empty();
        if !duration {
            return Err(Error::decode(at, "no duration (X.690 8.26.4)"));
        }
        text.extend(octets.iter().map(|&octet| octet as char));
        return Ok(PyString::new(py, &text).into_any());
    }
    let mut digits = octets.iter();
    for mark in form(kind).chars() {
        if mark != '0' {
            text.push(mark);
            continue;
        }
        match digits.next() {
            Some(digit) if digit.is_ascii_digit() => text.push(*digit as char),
            _ => {
                return Err(Error::decode(
                    at,
                    "expected the digits of a date or time alone (X.690 8.26)",
                ));
            }
        }
    }
    if digits.next().is_some() {
        return Err(Error::decode(at, "more digits than a date or time has (X.690 8.26)"));
    }
    Ok(PyString::new(py, &text).into_any())
}

/// `value` is text, or an object of datetime.
pub fn encode(kind: u32, value: &Bound<'_, PyAny>, out: &mut Out) -> Result<()> {
    let value = match value.cast::<PyString>() {
        Ok(text) => text.clone().into_any(),
        Err(_) if kind != 34 && value.hasattr("isoformat")? => value.call_method0("isoformat")?,
        Err(_) => {
            let name = crate::ber::prim::type_name(value);
            return Err(Error::encode(format!("expected str, got {name}")));
        }
    };
    let text: String = value.extract()?;
    if kind == 34 {
        let Some(rest) = text
            .strip_prefix('P')
            .filter(|rest| !rest.is_empty() && rest.is_ascii())
        else {
            return Err(Error::encode(format!("expected a duration, P..., got {text:?}")));
        };
        out.extend(rest.as_bytes());
        return Ok(());
    }
    let form = form(kind);
    let fits = |(mark, c): (char, char)| if mark == '0' { c.is_ascii_digit() } else { c == mark };
    if text.len() != form.len() || !form.chars().zip(text.chars()).all(fits) {
        return Err(Error::encode(format!("expected text of the form {form}, got {text:?}")));
    }
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
    out.extend(&digits);
    Ok(())
}
