//! What DER asks beyond BER (X.690 10 and 11), checked on decode.

use crate::ber::tlv::{Header, Tag, length_size};
use crate::error::{Error, Result};
use crate::work;

/// X.690 10.1: definite lengths in the least number of octets.
pub fn header(header: &Header) -> Result<()> {
    let Some(length) = header.length else {
        return Err(Error::decode(header.at, "indefinite length in DER (X.690 10.1)"));
    };
    if header.contents - header.at - header.identifier_size() != length_size(length) {
        return Err(Error::decode(
            header.at,
            "a length that is not the shortest in DER (X.690 10.1)",
        ));
    }
    Ok(())
}

/// X.690 11.1.
pub fn boolean(octet: u8, at: usize) -> Result<()> {
    if octet != 0 && octet != 0xff {
        return Err(Error::decode(at, format!("BOOLEAN 0x{octet:02x} in DER (X.690 11.1)")));
    }
    Ok(())
}

/// X.690 8.3.2, which DER implementations hold senders to.
pub fn integer(contents: &[u8], at: usize) -> Result<()> {
    if crate::ber::prim::redundant_octets(contents) > 0 {
        return Err(Error::decode(at, "an INTEGER that is not the shortest (X.690 8.3.2)"));
    }
    Ok(())
}

/// X.690 11.2: unused bits are zero; with named bits, so are no trailing ones.
pub fn bits(octets: &[u8], unused: u8, named: bool, at: usize) -> Result<()> {
    let Some(&last) = octets.last() else {
        return Ok(());
    };
    if last & ((1u16 << unused) - 1) as u8 != 0 {
        return Err(Error::decode(at, "unused bits that are not zero in DER (X.690 11.2.1)"));
    }
    if named && last & (1 << unused) == 0 {
        return Err(Error::decode(
            at,
            "trailing zero bits of a named bit list in DER (X.690 11.2.2)",
        ));
    }
    Ok(())
}

/// X.690 10.3: components of a SET in the order of their tags.
pub fn set_order(previous: Option<Tag>, next: Tag, at: usize) -> Result<()> {
    match previous {
        Some(tag) if tag > next => Err(Error::decode(
            at,
            "components of a SET that are not sorted in DER (X.690 10.3)",
        )),
        _ => Ok(()),
    }
}

/// X.690 11.6: elements of a SET OF in ascending order, the shorter padded with zero octets.
pub fn set_of_order(previous: &[u8], next: &[u8], at: usize) -> Result<()> {
    if compare_padded(previous, next).is_gt() {
        return Err(Error::decode(
            at,
            "elements of a SET OF that are not sorted in DER (X.690 11.6)",
        ));
    }
    Ok(())
}

pub fn compare_padded(left: &[u8], right: &[u8]) -> std::cmp::Ordering {
    let common = left.len().min(right.len());
    // The padding is looked at as well.
    work::compare(left.len().max(right.len()));
    left[..common].cmp(&right[..common]).then_with(|| {
        let padding = |rest: &[u8]| rest.iter().any(|octet| *octet != 0);
        padding(&left[common..]).cmp(&padding(&right[common..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ber::tlv;

    fn strict(data: &[u8]) -> bool {
        header(&tlv::header(data, 0, data.len()).unwrap()).is_ok()
    }

    #[test]
    fn lengths_are_shortest() {
        assert!(strict(&[0x30, 0]));
        assert!(!strict(&[0x30, 0x81, 0]));
        assert!(!strict(&[0x30, 0x80, 0, 0]));
        assert!(strict(&[0xbf, 0x81, 0x00, 0]));
        assert!(!strict(&[0xbf, 0x81, 0x00, 0x81, 0]));
    }

    #[test]
    fn set_of_is_compared_as_if_padded() {
        assert!(compare_padded(&[1], &[1, 0]).is_eq());
        assert!(compare_padded(&[1], &[1, 1]).is_lt());
        assert!(compare_padded(&[2], &[1, 1]).is_gt());
    }
}
