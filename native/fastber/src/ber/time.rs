//! UTCTime and GeneralizedTime (X.680 46, 47; X.690 11.7, 11.8), to and from datetime as asn1tools has them:
//! a UTCTime that ends in Z is naive, a GeneralizedTime that ends in Z is aware; in DER both are naive.

use pyo3::prelude::*;
use pyo3::types::{PyDateAccess, PyDateTime, PyDelta, PyDeltaAccess, PyTimeAccess, PyTzInfo, PyTzInfoAccess};

use crate::ber::out::Out;
use crate::ber::prim::type_name;
use crate::error::{Error, Result};

/// What the two digits of a UTCTime's year tell apart, as POSIX and asn1tools have them.
const UTC_YEARS: std::ops::Range<i32> = 1969..2069;

/// How much of a text that is none is told of.
const TOLD: usize = 40;

#[derive(Default)]
struct Parts {
    year: i32,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    microsecond: u32,
    zone: Option<Zone>,
}

enum Zone {
    Zulu,
    /// Minutes east.
    Offset(i32),
}

/// Takes digits from the front of the text.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    fn two(&mut self) -> Option<u8> {
        let [tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] = self.0 else {
            return None;
        };
        let number = (tens - b'0') * 10 + (ones - b'0');
        self.0 = rest;
        Some(number)
    }

    fn zone(&mut self) -> Option<Option<Zone>> {
        let zone = match self.0 {
            [] => return Some(None),
            b"Z" => Zone::Zulu,
            [sign @ (b'+' | b'-'), rest @ ..] => {
                let mut digits = Digits(rest);
                let hours = digits.two()? as i32;
                let minutes = if digits.0.is_empty() { 0 } else { digits.two()? as i32 };
                if !digits.0.is_empty() || minutes > 59 || hours > 23 {
                    return None;
                }
                let offset = hours * 60 + minutes;
                Zone::Offset(if *sign == b'-' { -offset } else { offset })
            }
            _ => return None,
        };
        Some(Some(zone))
    }
}

fn utc_parts(text: &[u8]) -> Option<Parts> {
    let mut digits = Digits(text);
    let year = digits.two()? as i32;
    let mut parts = Parts {
        year: if 1900 + year < UTC_YEARS.start {
            2000 + year
        } else {
            1900 + year
        },
        month: digits.two()?,
        day: digits.two()?,
        hour: digits.two()?,
        minute: digits.two()?,
        ..Parts::default()
    };
    if digits.0.first()?.is_ascii_digit() {
        parts.second = digits.two()?;
    }
    parts.zone = Some(digits.zone()??);
    Some(parts)
}

fn generalized_parts(text: &[u8]) -> Option<Parts> {
    let mut digits = Digits(text);
    let mut parts = Parts {
        year: digits.two()? as i32 * 100 + digits.two()? as i32,
        month: digits.two()?,
        day: digits.two()?,
        hour: digits.two()?,
        ..Parts::default()
    };
    // What a fraction is a fraction of, in microseconds.
    let mut unit = 3_600_000_000u64;
    if digits.0.first().is_some_and(u8::is_ascii_digit) {
        parts.minute = digits.two()?;
        unit = 60_000_000;
        if digits.0.first().is_some_and(u8::is_ascii_digit) {
            parts.second = digits.two()?;
            unit = 1_000_000;
        }
    }
    if let [b'.' | b',', rest @ ..] = digits.0 {
        let count = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
        if count == 0 {
            return None;
        }
        let kept = &rest[..count.min(9)];
        let number = kept
            .iter()
            .fold(0u64, |number, digit| number * 10 + (digit - b'0') as u64);
        let micros = number * unit / 10u64.pow(kept.len() as u32);
        parts.minute += (micros / 60_000_000) as u8;
        parts.second += (micros / 1_000_000 % 60) as u8;
        parts.microsecond = (micros % 1_000_000) as u32;
        digits.0 = &rest[count..];
    }
    parts.zone = digits.zone()?;
    Some(parts)
}

pub fn decode_utc<'py>(py: Python<'py>, text: &[u8], at: usize, strict: bool) -> Result<Bound<'py, PyAny>> {
    let parts = utc_parts(text).filter(|_| !strict || (text.len() == 13 && text[12] == b'Z'));
    let parts = parts.ok_or_else(|| bad("UTCTime", text, at))?;
    let zone = match parts.zone {
        Some(Zone::Offset(minutes)) => Some(minutes),
        _ => None,
    };
    datetime(py, &parts, zone, at)
}

pub fn decode_generalized<'py>(py: Python<'py>, text: &[u8], at: usize, strict: bool) -> Result<Bound<'py, PyAny>> {
    let normal = |text: &[u8]| {
        let [digits @ .., b'Z'] = text else {
            return false;
        };
        let seconds = digits
            .get(..14)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_digit));
        seconds && (digits.len() == 14 || (digits.len() > 15 && digits[14] == b'.' && !digits.ends_with(b"0")))
    };
    let parts = generalized_parts(text).filter(|_| !strict || normal(text));
    let parts = parts.ok_or_else(|| bad("GeneralizedTime", text, at))?;
    let zone = match parts.zone {
        Some(Zone::Offset(minutes)) => Some(minutes),
        Some(Zone::Zulu) if !strict => Some(0),
        _ => None,
    };
    datetime(py, &parts, zone, at)
}

fn bad(kind: &str, text: &[u8], at: usize) -> Error {
    Error::decode(
        at,
        format!(
            "expected a {kind}, got {:?}",
            String::from_utf8_lossy(&text[..text.len().min(TOLD)])
        ),
    )
}

fn datetime<'py>(py: Python<'py>, parts: &Parts, zone: Option<i32>, at: usize) -> Result<Bound<'py, PyAny>> {
    let zone = match zone {
        None => None,
        Some(0) => Some(PyTzInfo::utc(py)?.to_owned()),
        Some(minutes) => Some(PyTzInfo::fixed_offset(py, PyDelta::new(py, 0, minutes * 60, 0, true)?)?),
    };
    let Parts {
        year,
        month,
        day,
        hour,
        minute,
        second,
        microsecond,
        ..
    } = *parts;
    PyDateTime::new(py, year, month, day, hour, minute, second, microsecond, zone.as_ref())
        .map(Bound::into_any)
        .map_err(|error| Error::decode(at, format!("no such time: {}", error.value(py))))
}

/// Minutes east of Greenwich; None for a naive datetime.
fn offset(value: &Bound<'_, PyDateTime>) -> Result<Option<i32>> {
    if value.get_tzinfo().is_none() {
        return Ok(None);
    }
    let delta = value.call_method0("utcoffset")?;
    let Ok(delta) = delta.cast::<PyDelta>() else {
        return Ok(None);
    };
    let seconds = delta.get_days() * 86400 + delta.get_seconds();
    if seconds % 60 != 0 {
        return Err(Error::encode("the time zone's offset is no whole number of minutes"));
    }
    Ok(Some(seconds / 60))
}

/// The value, in UTC if it is aware and `utc` is asked for.
fn parts_of<'py>(value: &Bound<'py, PyAny>, utc: bool) -> Result<(Bound<'py, PyDateTime>, Option<i32>)> {
    let value = value
        .cast::<PyDateTime>()
        .map_err(|_| Error::encode(format!("expected datetime, got {}", type_name(value))))?;
    match offset(value)? {
        Some(minutes) if utc && minutes != 0 => {
            let delta = PyDelta::new(value.py(), 0, minutes * 60, 0, true)?;
            let shifted = value.sub(delta);
            let shifted = shifted.map_err(|_| Error::encode("a time that is out of range in UTC"))?;
            Ok((shifted.cast_into::<PyDateTime>().map_err(PyErr::from)?, Some(0)))
        }
        offset => Ok((value.clone(), offset)),
    }
}

fn zone_text(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

pub fn encode_utc(value: &Bound<'_, PyAny>, der: bool, out: &mut Out) -> Result<()> {
    let (value, offset) = parts_of(value, der)?;
    if !UTC_YEARS.contains(&value.get_year()) {
        let reason = format!(
            "the year {} is not of those that UTCTime has, 1969 to 2068",
            value.get_year()
        );
        return Err(Error::encode(reason));
    }
    match offset {
        Some(minutes) if !der => out.extend(zone_text(minutes).as_bytes()),
        _ => out.push(b'Z'),
    }
    if der || value.get_second() > 0 {
        two(value.get_second(), out);
    }
    two(value.get_minute(), out);
    two(value.get_hour(), out);
    two(value.get_day(), out);
    two(value.get_month(), out);
    two((value.get_year() % 100) as u8, out);
    Ok(())
}

pub fn encode_generalized(value: &Bound<'_, PyAny>, der: bool, out: &mut Out) -> Result<()> {
    let (value, offset) = parts_of(value, der)?;
    match offset {
        Some(minutes) if !der && minutes != 0 => out.extend(zone_text(minutes).as_bytes()),
        None if !der => {}
        _ => out.push(b'Z'),
    }
    let micros = value.get_microsecond();
    if micros > 0 {
        let digits = format!(".{micros:06}");
        out.extend(digits.trim_end_matches('0').as_bytes());
    }
    // asn1tools leaves zero seconds out even before a fraction, which would then be one of a minute; we do not.
    if der || micros > 0 || value.get_second() > 0 {
        two(value.get_second(), out);
    }
    two(value.get_minute(), out);
    two(value.get_hour(), out);
    two(value.get_day(), out);
    two(value.get_month(), out);
    two((value.get_year() % 100) as u8, out);
    two((value.get_year() / 100) as u8, out);
    Ok(())
}

fn two(number: u8, out: &mut Out) {
    out.extend(&[b'0' + number / 10, b'0' + number % 10]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_times() {
        for text in [
            &b"9912312359Z"[..],
            b"991231235959Z",
            b"9912312359+0100",
            b"991231235959-1130",
        ] {
            let parts = utc_parts(text).unwrap();
            assert_eq!((parts.year, parts.minute), (1999, 59));
        }
        for text in [
            &b""[..],
            b"9912312359",
            b"99123123Z",
            b"9912312359Zx",
            b"9912312359+01000",
        ] {
            assert!(utc_parts(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn generalized_times_with_fractions() {
        let parts = generalized_parts(b"20260101120030.25Z").unwrap();
        assert_eq!((parts.second, parts.microsecond), (30, 250_000));
        let parts = generalized_parts(b"2026010112.5").unwrap();
        assert_eq!((parts.minute, parts.second), (30, 0));
        assert!(generalized_parts(b"20260101120030.Z").is_none());
    }
}
