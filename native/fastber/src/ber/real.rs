//! REAL (X.690 8.5 and 11.3).

use pyo3::prelude::*;
use pyo3::types::PyFloat;

use crate::ber::out::Out;
use crate::error::{Error, Result};

pub fn decode(contents: &[u8], at: usize, strict: bool) -> Result<f64> {
    let Some((&control, rest)) = contents.split_first() else {
        return Ok(0.0);
    };
    match control {
        0x80.. => binary(control, rest, at, strict),
        0x40.. if !rest.is_empty() => Err(Error::decode(at, "a special REAL of more than one octet")),
        0x40 => Ok(f64::INFINITY),
        0x41 => Ok(f64::NEG_INFINITY),
        0x42 => Ok(f64::NAN),
        0x43 => Ok(-0.0),
        0x44.. => Err(Error::decode(at, format!("unknown special REAL 0x{control:02x}"))),
        _ => decimal(control, rest, at, strict),
    }
}

fn binary(control: u8, rest: &[u8], at: usize, strict: bool) -> Result<f64> {
    let cut = || Error::decode(at, "a binary REAL that is too short");
    let (count, rest) = match control & 3 {
        3 => {
            let (&count, rest) = rest.split_first().ok_or_else(cut)?;
            (count as usize, rest)
        }
        n => (n as usize + 1, rest),
    };
    if count == 0 || rest.len() <= count {
        return Err(cut());
    }
    let (exponent, mantissa) = rest.split_at(count);
    if strict {
        let shortest = crate::ber::prim::redundant_octets(exponent) == 0 && (control & 3 != 3 || count > 3);
        let normal = mantissa[0] != 0 && mantissa[mantissa.len() - 1] & 1 == 1;
        if control & 0x3c != 0 || !shortest || !normal {
            return Err(Error::decode(
                at,
                "a binary REAL that is not in DER's normal form (X.690 11.3.1)",
            ));
        }
    }
    let redundant = crate::ber::prim::redundant_octets(exponent);
    let exponent = match exponent[redundant..] {
        ref octets if octets.len() <= 4 => crate::ber::prim::small_integer(octets),
        ref octets if octets[0] & 0x80 != 0 => i64::from(i32::MIN),
        _ => i64::from(i32::MAX),
    };
    let bits = match (control >> 4) & 3 {
        0 => 1,
        1 => 3,
        2 => 4,
        _ => return Err(Error::decode(at, "a binary REAL of reserved base")),
    };
    let exponent = exponent * bits + i64::from((control >> 2) & 3);
    let value = scale(mantissa, exponent);
    Ok(if control & 0x40 != 0 { -value } else { value })
}

/// mantissa * 2^exponent; of a longer mantissa the leading 128 bits count, the rest only as "not exact".
fn scale(mantissa: &[u8], exponent: i64) -> f64 {
    let leading = mantissa.iter().take_while(|octet| **octet == 0).count();
    let mantissa = &mantissa[leading..];
    let (kept, dropped) = mantissa.split_at(mantissa.len().min(15));
    let mut number = kept.iter().fold(0u128, |number, octet| (number << 8) | *octet as u128);
    if number == 0 {
        return 0.0;
    }
    if dropped.iter().any(|octet| *octet != 0) {
        number = (number << 1) | 1;
        return ldexp(number, exponent.saturating_add(dropped.len() as i64 * 8 - 1));
    }
    ldexp(number, exponent.saturating_add(dropped.len() as i64 * 8))
}

/// number * 2^exponent, rounded once, to nearest even.
fn ldexp(number: u128, exponent: i64) -> f64 {
    let width = 128 - number.leading_zeros() as i64;
    let top = exponent + width;
    if top > 1024 {
        return f64::INFINITY;
    }
    if top < -1074 {
        return 0.0;
    }
    // The lowest bit that a double of this size can hold.
    let lowest = (top - 53).max(-1074);
    let drop = lowest - exponent;
    let (mut kept, exponent) = if drop <= 0 {
        (number, exponent)
    } else {
        let kept = if drop >= 128 { 0 } else { number >> drop };
        let rest = if drop >= 128 {
            number
        } else {
            number & ((1u128 << drop) - 1)
        };
        let half = if drop > 128 { u128::MAX } else { 1u128 << (drop - 1) };
        let up = rest > half || (rest == half && kept & 1 == 1);
        (kept + u128::from(up), lowest)
    };
    // Exact by now: powers of two in steps that stay normal.
    let mut exponent = exponent;
    while kept & 1 == 0 && kept != 0 && exponent < 0 {
        kept >>= 1;
        exponent += 1;
    }
    let mut value = kept as f64;
    while exponent > 0 {
        let step = exponent.min(1000);
        value *= 2f64.powi(step as i32);
        exponent -= step;
    }
    while exponent < 0 {
        let step = (-exponent).min(1000);
        value /= 2f64.powi(step as i32);
        exponent += step;
    }
    value
}

fn decimal(control: u8, rest: &[u8], at: usize, strict: bool) -> Result<f64> {
    let bad = || Error::decode(at, "a decimal REAL that is no ISO 6093 number");
    if !(1..=3).contains(&control) {
        return Err(bad());
    }
    let text = std::str::from_utf8(rest).map_err(|_| bad())?;
    if strict {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let normal = control == 3
            && digits.split_once(".E").is_some_and(|(mantissa, exponent)| {
                let number = exponent.strip_prefix('-').unwrap_or(exponent);
                mantissa.bytes().all(|b| b.is_ascii_digit())
                    && !mantissa.starts_with('0')
                    && !mantissa.ends_with('0')
                    && !mantissa.is_empty()
                    && (exponent == "+0"
                        || (!number.is_empty()
                            && number.bytes().all(|b| b.is_ascii_digit())
                            && !number.starts_with('0')))
            });
        if !normal {
            return Err(Error::decode(
                at,
                "a decimal REAL that is not in DER's normal form (X.690 11.3.2)",
            ));
        }
    }
    let text = text.trim_start_matches(' ').replace(',', ".");
    if !text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) {
        return Err(bad());
    }
    text.parse().map_err(|_| bad())
}

pub fn encode(value: &Bound<'_, PyAny>, out: &mut Out) -> Result<()> {
    let value = match value.cast::<PyFloat>() {
        Ok(value) => value.value(),
        Err(_) => value
            .extract::<f64>()
            .map_err(|_| Error::encode(format!("expected float, got {}", crate::ber::prim::type_name(value))))?,
    };
    if value.is_nan() {
        out.push(0x42);
    } else if value.is_infinite() {
        out.push(if value > 0.0 { 0x40 } else { 0x41 });
    } else if value == 0.0 {
        if value.is_sign_negative() {
            out.push(0x43);
        }
    } else {
        let bits = value.to_bits();
        let raised = ((bits >> 52) & 0x7ff) as i64;
        let fraction = bits & ((1 << 52) - 1);
        let (mantissa, exponent) = if raised == 0 {
            (fraction, -1074)
        } else {
            (fraction | (1 << 52), raised - 1075)
        };
        let zeros = mantissa.trailing_zeros();
        let mantissa = (mantissa >> zeros).to_be_bytes();
        let exponent = exponent + i64::from(zeros);
        let leading = mantissa.iter().take_while(|octet| **octet == 0).count();
        out.extend(&mantissa[leading..]);
        let mark = out.len();
        crate::ber::prim::encode_small_integer(exponent, out);
        let count = (out.len() - mark) as u8;
        out.push(0x80 | if value < 0.0 { 0x40 } else { 0 } | (count - 1));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_forms() {
        assert_eq!(decode(&[0x80, 0, 5], 0, true).unwrap(), 5.0);
        assert_eq!(decode(&[0xc0, 0xff, 1], 0, true).unwrap(), -0.5);
        // base 16, scale 3: 1 * 2^3 * 16^1
        assert_eq!(decode(&[0xac, 1, 1], 0, false).unwrap(), 128.0);
        assert!(decode(&[0x80, 0, 4], 0, true).is_err());
        assert_eq!(decode(&[0x80, 0, 4], 0, false).unwrap(), 4.0);
    }

    #[test]
    fn extremes_do_not_overflow() {
        assert_eq!(
            decode(&[0x83, 4, 0x7f, 0xff, 0xff, 0xff, 1], 0, false).unwrap(),
            f64::INFINITY
        );
        assert_eq!(decode(&[0x83, 4, 0x80, 0, 0, 0, 1], 0, false).unwrap(), 0.0);
        assert_eq!(ldexp(1, -1074), f64::from_bits(1));
        assert_eq!(ldexp(3, -1075), f64::from_bits(2));
        assert_eq!(ldexp((1 << 53) - 1, 971), f64::MAX);
        assert_eq!(ldexp((1 << 54) - 1, 970), f64::INFINITY);
    }

    #[test]
    fn decimal_forms() {
        assert_eq!(decode(b"\x0315.E-1", 0, true).unwrap(), 1.5);
        assert_eq!(decode(b"\x01 +1", 0, false).unwrap(), 1.0);
        assert_eq!(decode(b"\x021,5", 0, false).unwrap(), 1.5);
        assert!(decode(b"\x021,5", 0, true).is_err());
        assert!(decode(b"\x02inf", 0, false).is_err());
    }
}
