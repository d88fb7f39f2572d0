//! Identifier and length octets (X.690 8.1): the only code that reads them.

use std::fmt;

use crate::work;

/// A tag as one number that orders as X.680 8.6 does: class in the top two bits, number below.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(u32);

const NUMBER_BITS: u32 = 30;

impl Tag {
    pub const fn new(class: u8, number: u32) -> Tag {
        Tag(((class as u32) << NUMBER_BITS) | (number & ((1 << NUMBER_BITS) - 1)))
    }

    pub const fn universal(number: u32) -> Tag {
        Tag::new(0, number)
    }

    pub const fn context(number: u32) -> Tag {
        Tag::new(2, number)
    }

    pub const fn class(self) -> u8 {
        (self.0 >> NUMBER_BITS) as u8
    }

    pub const fn number(self) -> u32 {
        self.0 & ((1 << NUMBER_BITS) - 1)
    }
}

impl From<crate::schema::Tag> for Tag {
    fn from(tag: crate::schema::Tag) -> Tag {
        Tag::new(tag.class as u8, tag.number)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.class() {
            0 => write!(f, "[UNIVERSAL {}]", self.number()),
            1 => write!(f, "[APPLICATION {}]", self.number()),
            2 => write!(f, "[{}]", self.number()),
            _ => write!(f, "[PRIVATE {}]", self.number()),
        }
    }
}

/// The identifier and length octets of one element.
#[derive(Clone, Copy, Debug, Default)]
pub struct Header {
    pub tag: Tag,
    pub constructed: bool,
    /// Where the identifier octets start.
    pub at: usize,
    /// Where the contents octets start.
    pub contents: usize,
    /// Number of contents octets; None for the indefinite form.
    pub length: Option<usize>,
}

impl Header {
    /// Number of identifier octets: `header` takes no tag number in more than it needs (X.690 8.1.2).
    pub fn identifier_size(&self) -> usize {
        match self.tag.number() {
            ..0x1f => 1,
            number => 1 + (u32::BITS - number.leading_zeros()).div_ceil(7) as usize,
        }
    }

    /// End of the contents octets; `limit` for the indefinite form.
    #[inline]
    pub fn end(&self, limit: usize) -> usize {
        match self.length {
            Some(length) => self.contents + length,
            None => limit,
        }
    }
}

/// What can be wrong with a header, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The identifier or length octets run past the end.
    Cut,
    /// The contents would run past the end of what encloses them: octets needed, octets there.
    Overrun { needed: u128, there: usize },
    /// A tag number that X.690 8.1.2.4 forbids, or beyond 2^30.
    BadTag,
    /// UNIVERSAL 0, reserved by X.680 8.6 for the end of an indefinite form (X.690 8.1.5), where no form ends.
    EndOfContents,
    /// Length octet 0xff (X.690 8.1.3.5 c).
    BadLength,
    /// Indefinite length on a primitive encoding (X.690 8.1.3.2).
    PrimitiveIndefinite,
    /// No end-of-contents octets before the end.
    NoEndOfContents,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Cut => write!(f, "ran out of data in the identifier or length octets"),
            Fault::Overrun { needed, there } => {
                write!(f, "expected {needed} contents octets, got {there}")
            }
            Fault::BadTag => write!(f, "invalid identifier octets"),
            Fault::EndOfContents => write!(f, "expected an element, got end-of-contents octets"),
            Fault::BadLength => write!(f, "invalid length octet 0xff"),
            Fault::PrimitiveIndefinite => {
                write!(f, "indefinite length on a primitive encoding")
            }
            Fault::NoEndOfContents => write!(f, "expected end-of-contents octets"),
        }
    }
}

pub type Located = (Fault, usize);

/// Is this the first identifier octet of UNIVERSAL 0, primitive or constructed?
#[inline(always)]
fn is_reserved(first: u8) -> bool {
    first & !0x20 == 0
}

/// The header at `at` if it is of one identifier octet and one length octet, as most are, and its contents end by `end`.
/// No form that DER has anything against; what is not of it, `header` reads or refuses.
#[inline(always)]
pub fn short(data: &[u8], at: usize, end: usize) -> Option<Header> {
    let &[first, second, ..] = data.get(at..)? else {
        return None;
    };
    let length = second as usize;
    if first & 0x1f == 0x1f || is_reserved(first) || second >= 0x80 || at + 2 + length > end {
        return None;
    }
    work::header();
    Some(Header {
        tag: Tag::new(first >> 6, (first & 0x1f) as u32),
        constructed: first & 0x20 != 0,
        at,
        contents: at + 2,
        length: Some(length),
    })
}

/// As `short`, of one identifier octet and the fewest length octets for 128 to 65,535 octets of contents: the other form
/// that many headers are of, and that DER has nothing against either.
#[inline]
pub fn medium(data: &[u8], at: usize, end: usize) -> Option<Header> {
    let &[first, form, high, low, ..] = data.get(at..)? else {
        return None;
    };
    let (length, contents) = match form {
        0x81 if high >= 0x80 => (high as usize, at + 3),
        0x82 if high != 0 => ((high as usize) << 8 | low as usize, at + 4),
        _ => return None,
    };
    if first & 0x1f == 0x1f || is_reserved(first) || contents + length > end {
        return None;
    }
    work::header();
    Some(Header {
        tag: Tag::new(first >> 6, (first & 0x1f) as u32),
        constructed: first & 0x20 != 0,
        at,
        contents,
        length: Some(length),
    })
}

/// Reads the header at `at`; the element must fit before `end`. UNIVERSAL 0 is the tag of no element: who expects
/// end-of-contents octets asks `is_end_of_contents` first.
#[inline]
pub fn header(data: &[u8], at: usize, end: usize) -> Result<Header, Located> {
    let header = head(data, at, end)?;
    match header.length {
        Some(length) if length > end - header.contents => Err((
            Fault::Overrun {
                needed: length as u128,
                there: end - header.contents,
            },
            header.contents,
        )),
        _ => Ok(header),
    }
}

/// As `header`, but the contents may run past `end` (a partial view). The sum of offsets never overflows.
#[inline]
pub fn head(data: &[u8], at: usize, end: usize) -> Result<Header, Located> {
    work::header();
    let data = &data[..end];
    let (&first, &second) = match (data.get(at), data.get(at + 1)) {
        (Some(first), Some(second)) => (first, second),
        _ => return Err((Fault::Cut, at)),
    };
    if is_reserved(first) {
        return Err((Fault::EndOfContents, at));
    }
    let constructed = first & 0x20 != 0;
    if first & 0x1f != 0x1f && second < 0x80 {
        return Ok(Header {
            tag: Tag::new(first >> 6, (first & 0x1f) as u32),
            constructed,
            at,
            contents: at + 2,
            length: Some(second as usize),
        });
    }
    let mut next = at + 1;
    let mut number = (first & 0x1f) as u32;
    if number == 0x1f {
        number = high_tag_number(data, at, &mut next)?;
    }
    let &octet = data.get(next).ok_or((Fault::Cut, at))?;
    next += 1;
    let length = match octet {
        0..0x80 => Some(octet as usize),
        0x80 if !constructed => return Err((Fault::PrimitiveIndefinite, next - 1)),
        0x80 => None,
        0xff => return Err((Fault::BadLength, next - 1)),
        _ => {
            let count = (octet & 0x7f) as usize;
            let octets = data.get(next..next + count).ok_or((Fault::Cut, next - 1))?;
            next += count;
            if count < size_of::<usize>() {
                // Below 2^56: the sum of offsets does not overflow.
                Some(octets.iter().fold(0, |length, &octet| (length << 8) | octet as usize))
            } else {
                Some(long_length(octets, next, end)?)
            }
        }
    };
    Ok(Header {
        tag: Tag::new(first >> 6, number),
        constructed,
        at,
        contents: next,
        length,
    })
}

/// A length in more octets than it should need.
#[cold]
fn long_length(octets: &[u8], next: usize, end: usize) -> Result<usize, Located> {
    let mut length = 0u128;
    for &octet in octets {
        length = (length << 8) | octet as u128;
        if length > (isize::MAX as u128) - (next as u128) {
            let there = end - next;
            return Err((Fault::Overrun { needed: length, there }, next));
        }
    }
    Ok(length as usize)
}

#[cold]
fn high_tag_number(data: &[u8], at: usize, next: &mut usize) -> Result<u32, Located> {
    let mut number = 0u32;
    loop {
        let &octet = data.get(*next).ok_or((Fault::Cut, at))?;
        if *next == at + 1 && octet == 0x80 {
            return Err((Fault::BadTag, at));
        }
        *next += 1;
        if number >= 1 << (NUMBER_BITS - 7) {
            return Err((Fault::BadTag, at));
        }
        number = (number << 7) | (octet & 0x7f) as u32;
        if octet & 0x80 == 0 {
            break;
        }
    }
    if number < 0x1f {
        Err((Fault::BadTag, at))
    } else {
        Ok(number)
    }
}

/// Are there end-of-contents octets at `at`?
#[inline]
pub fn is_end_of_contents(data: &[u8], at: usize, end: usize) -> Result<bool, Located> {
    work::header();
    match data[..end].get(at..at + 2) {
        Some(octets) => Ok(octets == [0, 0]),
        None => Err((Fault::NoEndOfContents, at)),
    }
}

/// Where the element whose header was read ends, end-of-contents octets included.
pub fn skip(data: &[u8], header: &Header, end: usize) -> Result<usize, Located> {
    match header.length {
        Some(length) => Ok(header.contents + length),
        None => skip_indefinite(data, header.contents, end),
    }
}

/// Where an element of indefinite length ends whose contents start at `at`, end-of-contents octets included.
/// One pass, no recursion: only the number of open indefinite forms matters.
pub fn skip_indefinite(data: &[u8], mut at: usize, end: usize) -> Result<usize, Located> {
    let mut open = 1usize;
    while open > 0 {
        if is_end_of_contents(data, at, end)? {
            at += 2;
            open -= 1;
            continue;
        }
        let inner = self::header(data, at, end)?;
        match inner.length {
            Some(length) => at = inner.contents + length,
            None => {
                at = inner.contents;
                open += 1;
            }
        }
    }
    Ok(at)
}

/// Where the element at `at` ends.
pub fn skip_at(data: &[u8], at: usize, end: usize) -> Result<usize, Located> {
    skip(data, &header(data, at, end)?, end)
}

/// Number of octets that `encode_length` writes.
pub fn length_size(length: usize) -> usize {
    if length < 0x80 {
        1
    } else {
        1 + significant_octets(length)
    }
}

fn significant_octets(value: usize) -> usize {
    (usize::BITS as usize - value.leading_zeros() as usize).div_ceil(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_forms() {
        let h = header(&[0x30, 0x03, 1, 2, 3], 0, 5).unwrap();
        assert_eq!((h.tag, h.constructed, h.length), (Tag::universal(16), true, Some(3)));
        let h = header(&[0xbf, 0x81, 0x00, 0x82, 0x00, 0x01, 9], 0, 7).unwrap();
        assert_eq!((h.tag, h.contents, h.length), (Tag::context(128), 6, Some(1)));
    }

    #[test]
    fn the_quick_ways_read_what_the_slow_one_reads_or_leave_it() {
        let plain = |header: Header| (header.tag, header.constructed, header.contents, header.length);
        let mut data = [0; 0x1_0010];
        for (first, second, high, low) in (0..=255u8).flat_map(|first| {
            let seconds = [0, 1, 0x7f, 0x80, 0x81, 0x82, 0x83, 0xff];
            let octets = [0, 1, 0x7f, 0x80, 0xff];
            let lengths = seconds.into_iter().flat_map(move |second| {
                octets
                    .into_iter()
                    .flat_map(move |high| octets.into_iter().map(move |low| (second, high, low)))
            });
            lengths.map(move |(second, high, low)| (first, second, high, low))
        }) {
            data[..4].copy_from_slice(&[first, second, high, low]);
            for end in [3, 4, 0x83, 0x84, 0x102, 0x103, 0x104, data.len()] {
                for found in [short(&data, 0, end), medium(&data, 0, end)].into_iter().flatten() {
                    assert_eq!(header(&data, 0, end).map(plain), Ok(plain(found)));
                    let octets = length_size(found.length.unwrap());
                    assert_eq!(found.contents, 1 + octets, "the fewest length octets");
                }
            }
        }
        for end in 0..4 {
            assert!(medium(&[0x30, 0x81, 0x80, 0][..end], 0, end).is_none());
        }
        let read = medium(&[0x30, 0x82, 0x01, 0x02], 0, 0x106).map(plain);
        assert_eq!(read, Some((Tag::universal(16), true, 4, Some(0x102))));
    }

    #[test]
    fn lengths_of_two_to_the_63_are_overruns() {
        let data = [0x04, 0x88, 0x80, 0, 0, 0, 0, 0, 0, 0, 1];
        assert!(matches!(header(&data, 0, data.len()), Err((Fault::Overrun { .. }, 10))));
        let mut long = vec![0x04, 0xfe];
        long.extend([0xff; 126]);
        assert!(matches!(header(&long, 0, long.len()), Err((Fault::Overrun { .. }, _))));
    }

    #[test]
    fn every_prefix_of_a_header_is_cut() {
        let data = [0xbf, 0x81, 0x00, 0x82, 0x00, 0x01, 9];
        for end in 0..data.len() {
            assert!(header(&data, 0, end).is_err());
        }
    }

    #[test]
    fn universal_0_is_the_tag_of_no_element() {
        for data in [
            [0, 0, 0, 0],
            [0, 1, 5, 0],
            [0x20, 0, 0, 0],
            [0x20, 0x80, 0, 0],
            [0, 0x81, 0, 0],
        ] {
            assert!(short(&data, 0, 4).is_none());
            assert_eq!(header(&data, 0, 4).unwrap_err(), (Fault::EndOfContents, 0));
        }
    }

    #[test]
    fn identifier_octets_are_counted_from_the_tag() {
        for (octets, size) in [
            (&[0x30, 0][..], 1),
            (&[0x1f, 0x1f, 0], 2),
            (&[0x9f, 0x7f, 0], 2),
            (&[0x9f, 0x81, 0x00, 0], 3),
            (&[0x9f, 0xff, 0x7f, 0], 3),
            (&[0x9f, 0x83, 0xff, 0xff, 0xff, 0x7f, 0], 6),
        ] {
            let header = header(octets, 0, octets.len()).unwrap();
            assert_eq!((header.identifier_size(), header.contents), (size, size + 1));
        }
    }

    #[test]
    fn nested_indefinite_forms_are_skipped_in_one_pass() {
        let mut data = [0x30, 0x80].repeat(1000);
        data.extend(vec![0; 2000]);
        assert_eq!(skip_at(&data, 0, data.len()), Ok(4000));
        assert_eq!(skip_at(&data, 0, 3999), Err((Fault::NoEndOfContents, 3998)));
    }
}
