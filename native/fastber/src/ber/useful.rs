//! The useful time types (X.690 8.26): text whose separators are not encoded.

use pyo3::prelude::*;
use pyo3::types::{PyDate, PyDateTime, PyString, PyTime};

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
    moment(py, kind, &text).ok_or_else(|| Error::decode(at, format!("no such date or time: {text}")))
}

/// The object of datetime for a text; None where it is not of the form, or is no date or time that Python has.
pub fn moment<'py>(py: Python<'py>, kind: u32, text: &str) -> Option<Bound<'py, PyAny>> {
    if !(31..=33).contains(&kind) || !fits(kind, text) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text[range].parse::<u16>().unwrap_or(0);
    let day = || (i32::from(number(0..4)), number(5..7) as u8, number(8..10) as u8);
    let hour = |at: usize| {
        (
            number(at..at + 2) as u8,
            number(at + 3..at + 5) as u8,
            number(at + 6..at + 8) as u8,
        )
    };
    let made = match kind {
        31 => {
            let (y, m, d) = day();
            PyDate::new(py, y, m, d).map(Bound::into_any)
        }
        32 => {
            let (h, m, s) = hour(0);
            PyTime::new(py, h, m, s, 0, None).map(Bound::into_any)
        }
        _ => {
            let ((y, m, d), (h, minute, s)) = (day(), hour(11));
            PyDateTime::new(py, y, m, d, h, minute, s, 0, None).map(Bound::into_any)
        }
    };
    made.ok()
}

fn fits(kind: u32, text: &str) -> bool {
    let form = form(kind);
    let alike = |(mark, c): (char, char)| if mark == '0' { c.is_ascii_digit() } else { c == mark };
    text.len() == form.len() && form.chars().zip(text.chars()).all(alike)
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
    if !fits(kind, &text) {
        return Err(Error::encode(format!("expected text of the form {form}, got {text:?}")));
    }
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
    out.extend(&digits);
    Ok(())
}
