//! One level of an encoding: headers, and the places of the parts.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::ber::de::{Decoded, Decoder};
use crate::ber::der;
use crate::ber::tlv::{self, Fault, Header, Tag};
use crate::error::{Error, Result};
use crate::schema::TypeId;
use crate::table::{Alternatives, Fields, Node, Op, Table};
use crate::view::Spot;
use crate::view::few::Few;

pub struct Level {
    /// Headers of the EXPLICIT tags and, unless the type is an untagged one, of the value itself.
    pub headers: Few<Header>,
    /// The contents octets within the innermost of `headers`; for an untagged type the whole encoding.
    pub contents: usize,
    pub contents_end: usize,
    pub parts: Parts,
    /// The buffer ends before the contents do: parts may be missing.
    pub cut: bool,
}

pub enum Parts {
    /// Nothing to step into.
    None,
    /// Present members of a SEQUENCE or SET in the order met; None for unknown elements.
    Members(Vec<Part>),
    Elements(Vec<Part>),
    /// The chosen alternative, None for one that the type does not know.
    Chosen(Option<usize>),
}

#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub member: Option<u32>,
    pub at: usize,
    pub end: usize,
}

/// Which members of a SET were met.
#[derive(Default)]
pub struct Seen {
    first: u64,
    more: Vec<u32>,
}

impl Seen {
    /// False if the member was met before.
    #[inline]
    pub fn add(&mut self, member: u32) -> bool {
        if member < u64::BITS {
            let bit = 1 << member;
            let new = self.first & bit == 0;
            self.first |= bit;
            return new;
        }
        let new = !self.more.contains(&member);
        if new {
            self.more.push(member);
        }
        new
    }

    pub fn has(&self, member: usize) -> bool {
        if member < u64::BITS as usize {
            return self.first & (1 << member) != 0;
        }
        self.more.contains(&(member as u32))
    }
}

/// A buffer, and how it is read.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub data: &'a [u8],
    /// Nothing can change the octets.
    pub fixed: bool,
    pub table: &'a Table,
    pub partial: bool,
}

impl Level {
    /// The string is in a constructed form.
    pub fn in_pieces(&self) -> bool {
        self.headers.as_slice().last().is_some_and(|header| header.constructed)
    }

    /// The last member known to be present, in the order of a SEQUENCE.
    pub fn last_member(&self) -> Option<u32> {
        match &self.parts {
            Parts::Members(parts) => parts.iter().rev().find_map(|part| part.member),
            _ => None,
        }
    }
}

impl Reader<'_> {
    #[inline(always)]
    fn header(&self, at: usize, end: usize) -> Result<Header> {
        if let Some(header) = tlv::short(self.data, at, end) {
            return Ok(header);
        }
        self.longer(at, end)
    }

    #[inline(never)]
    fn longer(&self, at: usize, end: usize) -> Result<Header> {
        match tlv::medium(self.data, at, end) {
            Some(header) => Ok(header),
            None => self.any_header(at, end),
        }
    }

    #[inline(never)]
    fn any_header(&self, at: usize, end: usize) -> Result<Header> {
        let available = end.min(self.data.len());
        if at >= available && at < end {
            return Err(Error::decode(available, "the buffer ends within this value"));
        }
        let header = tlv::head(self.data, at, available)?;
        if let Some(length) = header.length
            && length > end - header.contents
        {
            let fault = Fault::Overrun {
                needed: length as u128,
                there: end - header.contents,
            };
            return Err((fault, header.contents).into());
        }
        if self.table.options.der {
            der::header(&header)?;
        }
        Ok(header)
    }

    /// Where an element ends; for an indefinite form that is cut, the end of what is around it.
    fn end_of(&self, header: &Header, end: usize) -> Result<usize> {
        if let Some(length) = header.length {
            return Ok(header.contents + length);
        }
        let available = end.min(self.data.len());
        match tlv::skip(self.data, header, available) {
            Ok(end) => Ok(end),
            Err(_) if self.partial && end > available => Ok(end),
            Err(located) => Err(located.into()),
        }
    }

    /// The value at `at..end`, all of it at hand, decoded from a copy if the octets may change. With `scopes`, the values
    /// around it, open types are decoded too.
    pub fn value<'py>(
        &self,
        py: Python<'py>,
        scopes: Option<Vec<Bound<'py, PyDict>>>,
        id: TypeId,
        at: usize,
        end: usize,
    ) -> Decoded<'py> {
        let decode = |data, at, end| {
            let mut decoder = Decoder::new(py, data, self.table, scopes.is_some());
            decoder.decode_within(scopes.unwrap_or_default(), id, at, end)
        };
        if self.fixed {
            return decode(self.data, at, end);
        }
        let copy = self.data[at..end].to_vec();
        decode(&copy, 0, copy.len()).map_err(|error| error.moved(at))
    }

    pub fn level(&self, spot: &Spot) -> Result<Level> {
        let node = self.table.node(spot.id);
        let mut headers = Few::default();
        let mut at = spot.at;
        let mut end = spot.end;
        for &tag in &node.wrappers {
            headers.push(self.enter(tag, true, &mut at, &mut end)?);
        }
        let level = |headers, parts, cut| Level {
            headers,
            contents: at,
            contents_end: end,
            parts,
            cut,
        };
        let Some(tag) = node.tag else {
            if !node.wrappers.is_empty() {
                self.sole(at, end)?;
            }
            let parts = match &node.op {
                Op::Choice(choice) => Parts::Chosen(self.chosen(node, choice, at, end)?),
                _ => Parts::None,
            };
            return Ok(level(headers, parts, false));
        };
        let header = self.enter(tag, node.op.is_constructed(), &mut at, &mut end)?;
        headers.push(header);
        if let Some(inner) = self.tolerate(node, &header, &mut at, &mut end)? {
            headers.push(inner);
        }
        let (parts, cut) = match &node.op {
            Op::Sequence(fields) => self.sequence(fields, at, end)?,
            Op::Set(fields) => self.set(fields, at, end)?,
            Op::SequenceOf(element) | Op::SetOf(element) => {
                let of = self.table.node(*element);
                let mut elements = Vec::new();
                let cut = self.each(at, end, |tag, at, end| {
                    if !of.takes(tag) {
                        let reason = format!("expected {}, got {tag}", of.first.describe());
                        return Err(Error::decode(at, reason).index(elements.len()));
                    }
                    elements.push(Part { member: None, at, end });
                    Ok(())
                })?;
                (Parts::Elements(elements), cut)
            }
            _ => (Parts::None, end > self.data.len()),
        };
        Ok(Level {
            headers,
            contents: at,
            contents_end: end,
            parts,
            cut,
        })
    }

    /// Within an EXPLICIT tag there is one encoding: that of an untagged type at `at` must end where the contents do.
    pub fn sole(&self, at: usize, end: usize) -> Result<()> {
        let after = self.end_of(&self.header(at, end)?, end)?;
        if after == end {
            return Ok(());
        }
        Err(Error::decode(after, "octets left over in an explicit tag"))
    }

    /// Where the encoding lies that a string contains. `at..end` are the contents octets, `pieces` is the string's form.
    pub fn contained(&self, of: TypeId, bits: bool, pieces: bool, at: usize, end: usize) -> Result<usize> {
        if pieces {
            let reason = "expected a string in one piece, whose octets lie together";
            return Err(Error::decode(at, reason));
        }
        let start = at + usize::from(bits);
        if bits {
            match self.data.get(at) {
                None if at < end => return Err(Error::decode(at, "the buffer ends within this value")),
                Some(0) if at < end => {}
                _ => {
                    let reason = "expected whole octets, which hold the encoding of a value";
                    return Err(Error::decode(at, reason));
                }
            }
        }
        let header = self.header(start, end)?;
        let node = self.table.node(of);
        if !node.takes(header.tag) {
            let reason = format!("expected {}, got {}", node.first.describe(), header.tag);
            return Err(Error::decode(start, reason).member(&node.name));
        }
        let after = self.end_of(&header, end)?;
        if after != end {
            return Err(Error::decode(after, "octets left over behind a contained value"));
        }
        Ok(start)
    }

    /// Which alternative the encoding at `at` is of; None for one that an extensible CHOICE does not know.
    pub fn chosen(&self, node: &Node, choice: &Alternatives, at: usize, end: usize) -> Result<Option<usize>> {
        let header = self.header(at, end)?;
        match choice.index_for_tag(header.tag) {
            None if !choice.extensible => {
                let reason = format!("expected {}, got {}", node.first.describe(), header.tag);
                Err(Error::decode(at, reason))
            }
            found => Ok(found),
        }
    }

    /// Steps into one header; afterwards `at..end` are its contents.
    #[inline]
    pub fn enter(&self, tag: Tag, constructed: bool, at: &mut usize, end: &mut usize) -> Result<Header> {
        let header = self.header(*at, *end)?;
        if header.tag != tag {
            return Err(Error::decode(
                header.at,
                format!("expected tag {tag}, got {}", header.tag),
            ));
        }
        if constructed && !header.constructed {
            return Err(Error::decode(
                header.at,
                format!("expected a constructed encoding of tag {tag}"),
            ));
        }
        *at = header.contents;
        if let Some(length) = header.length {
            if header.contents + length != *end {
                return Err(Error::decode(
                    header.contents + length,
                    "octets left over in an explicit tag",
                ));
            }
        } else {
            let available = (*end).min(self.data.len());
            match tlv::skip(self.data, &header, available) {
                Ok(after) if after == *end => *end -= 2,
                Ok(after) if !self.partial => {
                    return Err(Error::decode(after, "octets left over in an explicit tag"));
                }
                Ok(after) => *end = after - 2,
                Err(_) if self.partial && *end > available => {}
                Err(located) => return Err(located.into()),
            }
        }
        Ok(header)
    }

    /// The tolerance of `tolerate_explicit`: one header more behind `outer`.
    #[inline]
    pub fn tolerate(&self, node: &Node, outer: &Header, at: &mut usize, end: &mut usize) -> Result<Option<Header>> {
        match node.tolerated {
            Some(tag) if outer.constructed && self.table.options.tolerate_explicit => {
                self.enter(tag, false, at, end).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Calls `take` with the tag, the place and the end of each element; true if the buffer ends first.
    #[inline(always)]
    pub fn each(
        &self,
        mut at: usize,
        end: usize,
        mut take: impl FnMut(Tag, usize, usize) -> Result<()>,
    ) -> Result<bool> {
        let available = end.min(self.data.len());
        while at < available {
            let (tag, after) = match tlv::short(self.data, at, end) {
                Some(header) => (header.tag, header.end(end)),
                None => match self.long(at, end)? {
                    Some(found) => found,
                    None => return Ok(true),
                },
            };
            take(tag, at, after)?;
            at = after;
        }
        Ok(end > available)
    }

    /// Tag and end of an element with any header; None if the buffer ends within the header.
    #[inline(never)]
    fn long(&self, at: usize, end: usize) -> Result<Option<(Tag, usize)>> {
        if let Some(header) = tlv::medium(self.data, at, end) {
            return Ok(Some((header.tag, header.end(end))));
        }
        let available = end.min(self.data.len());
        match self.any_header(at, end) {
            Ok(header) => Ok(Some((header.tag, self.end_of(&header, end)?))),
            // Only the end of a partial buffer can cut a header; what is wrong otherwise is wrong now.
            Err(error) if self.partial && end > available => {
                if tlv::head(self.data, at, available).is_err_and(|(fault, _)| fault == Fault::Cut) {
                    Ok(None)
                } else {
                    Err(error)
                }
            }
            Err(error) => Err(error),
        }
    }

    fn sequence(&self, fields: &Fields, at: usize, end: usize) -> Result<(Parts, bool)> {
        let mut parts: Vec<Part> = Vec::with_capacity(fields.fields.len().min(16));
        let mut next = 0;
        let cut = self.each(at, end, |tag, at, end| {
            let found = fields.fields[next..].iter().position(|field| field.first.accepts(tag));
            let member = match found {
                Some(distance) => {
                    let index = next + distance;
                    next = index + 1;
                    Some(index as u32)
                }
                None => {
                    self.unknown_in_sequence(fields, next, tag, at)?;
                    None
                }
            };
            parts.push(Part { member, at, end });
            Ok(())
        })?;
        Ok((Parts::Members(parts), cut))
    }

    fn set(&self, fields: &Fields, at: usize, end: usize) -> Result<(Parts, bool)> {
        let mut parts: Vec<Part> = Vec::with_capacity(fields.fields.len().min(16));
        let mut seen = Seen::default();
        let mut next = 0;
        let cut = self.each(at, end, |tag, at, end| {
            let member = fields.for_tag_from(next, tag);
            next = member.map_or(next, |member| member as usize + 1);
            match member {
                None => self.unknown(fields, tag, at)?,
                Some(index) if !seen.add(index) => {
                    let error = Error::decode(at, format!("{tag} is repeated"));
                    return Err(error.member(&fields.fields[index as usize].text));
                }
                _ => {}
            }
            parts.push(Part { member, at, end });
            Ok(())
        })?;
        Ok((Parts::Members(parts), cut))
    }

    /// As `unknown`, of a SEQUENCE whose members from `next` on may yet come.
    pub fn unknown_in_sequence(&self, fields: &Fields, next: usize, tag: Tag, at: usize) -> Result<()> {
        if let Some(field) = fields.fields[..next].iter().find(|field| field.first.accepts(tag)) {
            let error = Error::decode(at, format!("{tag} is repeated or out of order"));
            return Err(error.member(&field.text));
        }
        self.unknown(fields, tag, at)
    }

    pub fn unknown(&self, fields: &Fields, tag: Tag, at: usize) -> Result<()> {
        if fields.extensible || self.table.options.ignore_unknown {
            return Ok(());
        }
        Err(Error::decode(at, format!("unexpected element {tag}")))
    }
}
