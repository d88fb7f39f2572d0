//! The decoder: one walk over the octets, straight into Python objects.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::ber::strings::universal;
use crate::ber::tlv::{self, Header, Tag};
use crate::ber::{der, prim, real, text, time, useful};
use crate::error::{Error, Result};
use crate::schema::TypeId;
use crate::table::{Alternatives, Enumerated, Fields, Node, Op, Open, Table};

/// A value and where its encoding ends.
pub type Decoded<'py> = Result<(Bound<'py, PyAny>, usize)>;

pub struct Decoder<'a, 'py> {
    pub py: Python<'py>,
    pub data: &'a [u8],
    pub table: &'a Table,
    /// Decode open types by the tables that govern them.
    pub resolve: bool,
    /// The SEQUENCE and SET values being decoded, outermost first; kept only with `resolve`.
    scopes: Vec<Bound<'py, PyDict>>,
    scratch: Vec<u8>,
}

impl<'a, 'py> Decoder<'a, 'py> {
    pub fn new(py: Python<'py>, data: &'a [u8], table: &'a Table, resolve: bool) -> Self {
        Decoder {
            py,
            data,
            table,
            resolve,
            scopes: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Decodes the element at `at` as the type `id`.
    pub fn decode(&mut self, id: TypeId, at: usize, end: usize, depth: usize) -> Decoded<'py> {
        let header = self.header(at, end)?;
        self.value(id, &header, end, depth)
    }

    /// As `decode`, with the values around it, outermost first, for the tables that govern open types.
    pub fn decode_within(
        &mut self,
        scopes: Vec<Bound<'py, PyDict>>,
        id: TypeId,
        at: usize,
        end: usize,
    ) -> Decoded<'py> {
        self.scopes = scopes;
        self.decode(id, at, end, 0)
    }

    #[inline]
    pub(super) fn header(&self, at: usize, end: usize) -> Result<Header> {
        let header = tlv::header(self.data, at, end)?;
        if self.table.options.der {
            der::header(self.data, &header)?;
        }
        Ok(header)
    }

    /// `end` is the end of what encloses the element.
    #[inline]
    fn value(&mut self, id: TypeId, header: &Header, end: usize, depth: usize) -> Decoded<'py> {
        let table = self.table;
        if depth > table.options.limits.max_depth {
            return Err(Error::decode(header.at, "nested deeper than max_depth"));
        }
        let node = table.node(id);
        if node.wrappers.is_empty() {
            self.bare(node, header, end, depth)
        } else {
            self.wrapped(node, &node.wrappers, header, end, depth)
        }
    }

    fn wrapped(&mut self, node: &'a Node, wrappers: &[Tag], header: &Header, end: usize, depth: usize) -> Decoded<'py> {
        let Some((&tag, inner)) = wrappers.split_first() else {
            return self.bare(node, header, end, depth);
        };
        self.constructed(tag, header)?;
        let limit = header.end(end);
        let first = self.header(header.contents, limit)?;
        let (value, after) = self.wrapped(node, inner, &first, limit, depth)?;
        Ok((value, self.close(header, after, end)?))
    }

    /// Checks that the contents of a constructed encoding end at `at`; returns where the encoding ends.
    fn close(&self, header: &Header, at: usize, end: usize) -> Result<usize> {
        match header.length {
            Some(length) if at == header.contents + length => Ok(at),
            Some(_) => Err(Error::decode(at, "octets left over in an explicit tag")),
            None if tlv::is_end_of_contents(self.data, at, end)? => Ok(at + 2),
            None => Err(Error::decode(at, "expected end-of-contents octets")),
        }
    }

    fn constructed(&self, tag: Tag, header: &Header) -> Result<()> {
        if header.tag != tag {
            return Err(unexpected(tag, header));
        }
        if !header.constructed {
            return Err(Error::decode(
                header.at,
                format!("expected a constructed encoding of tag {tag}"),
            ));
        }
        Ok(())
    }

    fn bare(&mut self, node: &'a Node, header: &Header, end: usize, depth: usize) -> Decoded<'py> {
        let py = self.py;
        if let Some(tag) = node.tag
            && header.tag != tag
        {
            return Err(unexpected(tag, header));
        }
        match &node.op {
            Op::Sequence(fields) => {
                self.must_be_constructed(node, header)?;
                let (value, after) = self.sequence(fields, header, end, depth)?;
                return Ok((value.into_any(), after));
            }
            Op::Set(fields) => {
                self.must_be_constructed(node, header)?;
                let (value, after) = self.set(fields, header, end, depth)?;
                return Ok((value.into_any(), after));
            }
            Op::SequenceOf(element) => {
                self.must_be_constructed(node, header)?;
                return self.list(*element, header, end, depth, false);
            }
            Op::SetOf(element) => {
                self.must_be_constructed(node, header)?;
                return self.list(*element, header, end, depth, self.table.options.der);
            }
            Op::Choice(alternatives) => return self.choice(node, alternatives, header, end, depth),
            Op::Open(open) => return self.open(open.as_ref(), header, end, depth),
            Op::BitString { named } => return self.bit_string(*named, header, end, depth),
            Op::OctetString => {
                let (octets, after) = self.octets(header, end, 4, depth)?;
                return Ok((PyBytes::new(py, &octets).into_any(), after));
            }
            Op::Text(kind) => {
                let (octets, after) = self.octets(header, end, universal(*kind), depth)?;
                return Ok((text::decode(py, *kind, &octets, header.contents)?, after));
            }
            _ => {}
        }
        let (start, stop, after) = self.primitive(node, header, end)?;
        let contents = &self.data[start..stop];
        let strict = self.table.options.der;
        let value = match &node.op {
            Op::Boolean => {
                let &[octet] = contents else {
                    let reason = format!("expected one contents octet in BOOLEAN, got {}", contents.len());
                    return Err(Error::decode(start, reason));
                };
                if strict {
                    der::boolean(octet, start)?;
                }
                PyBool::new(py, octet != 0).to_owned().into_any()
            }
            Op::Integer => {
                if strict {
                    der::integer(contents, start)?;
                }
                prim::integer(py, contents, start)?
            }
            Op::Null => {
                if !contents.is_empty() {
                    return Err(Error::decode(start, "expected no contents octets in NULL"));
                }
                py.None().into_bound(py)
            }
            Op::ObjectIdentifier | Op::RelativeOid => {
                self.scratch.clear();
                prim::oid_text(contents, start, matches!(node.op, Op::RelativeOid), &mut self.scratch)?;
                PyString::from_bytes(py, &self.scratch)?.into_any()
            }
            Op::Real => real::decode(contents, start, strict)?
                .into_pyobject(py)
                .map_err(PyErr::from)?
                .into_any(),
            Op::Enumerated(items) => {
                if strict {
                    der::integer(contents, start)?;
                }
                self.enumerated(items, contents, start)?
            }
            Op::UtcTime => time::decode_utc(py, contents, start, strict)?,
            Op::GeneralizedTime => time::decode_generalized(py, contents, start, strict)?,
            Op::UsefulTime(kind) => useful::decode(py, *kind, contents, start)?,
            _ => unreachable!("constructed and string types returned above"),
        };
        Ok((value, after))
    }

    #[inline]
    fn must_be_constructed(&self, node: &Node, header: &Header) -> Result<()> {
        if header.constructed {
            return Ok(());
        }
        Err(Error::decode(
            header.at,
            format!("expected a constructed encoding of {}", node.op.describe()),
        ))
    }

    /// Contents of a type that is only ever primitive, and where its encoding ends.
    #[inline]
    fn primitive(&self, node: &Node, header: &Header, end: usize) -> Result<(usize, usize, usize)> {
        match header.length {
            Some(length) if !header.constructed => {
                let after = header.contents + length;
                Ok((header.contents, after, after))
            }
            _ if matches!(node.op, Op::UtcTime | Op::GeneralizedTime) && !self.table.options.der => {
                // A string type in all but name: X.690 8.25, 8.26 let it be constructed.
                self.single_segment(header, end)
            }
            _ => self.as_if_explicit(node, header, end),
        }
    }

    /// `a0 03 02 01 26` for `[0] IMPLICIT INTEGER`, as some MTAs of 1988 send it.
    #[cold]
    fn as_if_explicit(&self, node: &Node, header: &Header, end: usize) -> Result<(usize, usize, usize)> {
        let reason = || {
            Error::decode(
                header.at,
                format!("expected a primitive encoding of {}", node.op.describe()),
            )
        };
        let Some(tag) = node.tolerated.filter(|_| self.table.options.tolerate_explicit) else {
            return Err(reason());
        };
        let limit = header.end(end);
        let inner = self.header(header.contents, limit)?;
        match inner.length {
            Some(length) if inner.tag == tag && !inner.constructed => {
                let stop = inner.contents + length;
                Ok((inner.contents, stop, self.close(header, stop, end)?))
            }
            _ => Err(reason()),
        }
    }

    fn single_segment(&self, header: &Header, end: usize) -> Result<(usize, usize, usize)> {
        let limit = header.end(end);
        let inner = self.header(header.contents, limit)?;
        match inner.length {
            Some(length) if inner.tag == Tag::universal(4) && !inner.constructed => {
                let stop = inner.contents + length;
                Ok((inner.contents, stop, self.close(header, stop, end)?))
            }
            _ => Err(Error::decode(inner.at, "expected one primitive segment of a time")),
        }
    }

    fn enumerated(&self, items: &Enumerated, contents: &[u8], at: usize) -> Result<Bound<'py, PyAny>> {
        if contents.is_empty() || contents.len() > 8 {
            return Err(Error::decode(at, format!("an ENUMERATED of {} octets", contents.len())));
        }
        let number = prim::small_integer(contents);
        match items.get(number) {
            Some(item) => Ok(item.bind(self.py).clone()),
            None if items.extensible || self.table.options.ignore_unknown => {
                Ok(number.into_pyobject(self.py).map_err(PyErr::from)?.into_any())
            }
            None => Err(Error::decode(at, format!("unknown ENUMERATED value {number}"))),
        }
    }

    fn choice(
        &mut self,
        node: &'a Node,
        alternatives: &'a Alternatives,
        header: &Header,
        end: usize,
        depth: usize,
    ) -> Decoded<'py> {
        let Some(item) = alternatives.for_tag(header.tag) else {
            if alternatives.extensible {
                let none = self.py.None().into_bound(self.py);
                let value = PyTuple::new(self.py, [none.clone(), none])?;
                return Ok((value.into_any(), tlv::skip(self.data, header, end)?));
            }
            let reason = format!("expected {}, got {}", node.first.describe(), header.tag);
            return Err(Error::decode(header.at, reason));
        };
        let (value, after) = self
            .value(item.type_id, header, end, depth + 1)
            .map_err(|error| error.member(&item.text))?;
        let name = item.name.bind(self.py).clone().into_any();
        Ok((PyTuple::new(self.py, [name, value])?.into_any(), after))
    }

    fn open(&mut self, open: Option<&'a Open>, header: &Header, end: usize, depth: usize) -> Decoded<'py> {
        if self.resolve
            && let Some(open) = open
            && let Some(id) = governing_type(&self.scopes, open)?
        {
            return self.value(id, header, end, depth + 1);
        }
        let after = tlv::skip(self.data, header, end)?;
        Ok((PyBytes::new(self.py, &self.data[header.at..after]).into_any(), after))
    }

    fn list(&mut self, element: TypeId, header: &Header, end: usize, depth: usize, sorted: bool) -> Decoded<'py> {
        let limit = header.end(end);
        let mut items: Vec<Bound<'py, PyAny>> = Vec::new();
        let mut at = header.contents;
        let mut previous: Option<&[u8]> = None;
        let after = loop {
            match header.length {
                Some(_) if at == limit => break at,
                None if tlv::is_end_of_contents(self.data, at, limit)? => break at + 2,
                _ => {}
            }
            let index = items.len();
            if index >= self.table.options.limits.max_elements {
                return Err(Error::decode(at, "more elements than max_elements"));
            }
            let (value, next) = self
                .decode(element, at, limit, depth + 1)
                .map_err(|error| error.index(index))?;
            if sorted {
                let this = &self.data[at..next];
                if let Some(previous) = previous {
                    der::set_of_order(previous, this, at).map_err(|error| error.index(index))?;
                }
                previous = Some(this);
            }
            items.push(value);
            at = next;
        };
        Ok((PyList::new(self.py, items)?.into_any(), after))
    }

    fn sequence(
        &mut self,
        fields: &'a Fields,
        header: &Header,
        end: usize,
        depth: usize,
    ) -> Result<(Bound<'py, PyDict>, usize)> {
        let value = PyDict::new(self.py);
        if self.resolve {
            self.scopes.push(value.clone());
        }
        let limit = header.end(end);
        let mut at = header.contents;
        let mut next = 0;
        let after = loop {
            match header.length {
                Some(_) if at == limit => break at,
                None if tlv::is_end_of_contents(self.data, at, limit)? => break at + 2,
                _ => {}
            }
            let element = self.header(at, limit)?;
            let found = fields.fields[next..]
                .iter()
                .position(|field| field.first.accepts(element.tag));
            let Some(distance) = found else {
                at = self.unknown_in_sequence(fields, next, &element, limit)?;
                continue;
            };
            for absent in next..next + distance {
                self.absent(fields, absent, &value, element.at, Some(&element))?;
            }
            next += distance;
            at = self.member(fields, next, &value, &element, limit, depth)?;
            next += 1;
        };
        for absent in next..fields.fields.len() {
            self.absent(fields, absent, &value, at, None)?;
        }
        if self.resolve {
            self.scopes.pop();
        }
        Ok((value, after))
    }

    #[inline]
    fn member(
        &mut self,
        fields: &'a Fields,
        index: usize,
        into: &Bound<'py, PyDict>,
        element: &Header,
        limit: usize,
        depth: usize,
    ) -> Result<usize> {
        let field = &fields.fields[index];
        let (value, after) = self
            .value(field.type_id, element, limit, depth + 1)
            .map_err(|error| error.member(&field.text))?;
        if self.table.options.der
            && let Some(default) = &field.default
            && value.eq(default.reference(self.py))?
        {
            let error = Error::decode(element.at, "a DEFAULT value that is encoded in DER (X.690 11.5)");
            return Err(error.member(&field.text));
        }
        into.set_item(field.name.bind(self.py), value)?;
        Ok(after)
    }

    #[inline]
    fn absent(
        &self,
        fields: &Fields,
        index: usize,
        into: &Bound<'py, PyDict>,
        at: usize,
        instead: Option<&Header>,
    ) -> Result<()> {
        let field = &fields.fields[index];
        if let Some(default) = &field.default {
            into.set_item(field.name.bind(self.py), default.object(self.py)?)?;
        } else if !field.optional {
            let got = instead.map_or_else(|| "the end".to_owned(), |header| header.tag.to_string());
            let reason = format!("missing: expected {}, got {got}", field.first.describe());
            return Err(Error::decode(at, reason).member(&field.text));
        }
        Ok(())
    }

    #[cold]
    fn unknown_in_sequence(&self, fields: &Fields, next: usize, element: &Header, limit: usize) -> Result<usize> {
        let Header { tag, at, .. } = *element;
        if let Some(index) = fields.fields[..next].iter().position(|field| field.first.accepts(tag)) {
            let name = &fields.fields[index].text;
            return Err(Error::decode(at, format!("{tag} is repeated or out of order")).member(name));
        }
        if fields.extensible || self.table.options.ignore_unknown {
            return Ok(tlv::skip(self.data, element, limit)?);
        }
        match fields.fields.get(next) {
            Some(field) if !field.optional && field.default.is_none() => {
                let reason = format!("expected {}, got {tag}", field.first.describe());
                Err(Error::decode(at, reason).member(&field.text))
            }
            _ => Err(Error::decode(at, format!("unexpected element {tag}"))),
        }
    }

    fn set(
        &mut self,
        fields: &'a Fields,
        header: &Header,
        end: usize,
        depth: usize,
    ) -> Result<(Bound<'py, PyDict>, usize)> {
        let value = PyDict::new(self.py);
        if self.resolve {
            self.scopes.push(value.clone());
        }
        let count = fields.fields.len();
        let mut seen = Seen::new(count);
        // Open types wait until what governs them has been decoded, as a SET comes in any order.
        let mut waiting: Vec<(usize, Header)> = Vec::new();
        let limit = header.end(end);
        let mut at = header.contents;
        let mut previous = None;
        let after = loop {
            match header.length {
                Some(_) if at == limit => break at,
                None if tlv::is_end_of_contents(self.data, at, limit)? => break at + 2,
                _ => {}
            }
            let element = self.header(at, limit)?;
            if self.table.options.der {
                der::set_order(previous, &element)?;
                previous = Some(element.tag);
            }
            let Some(index) = fields.for_tag(element.tag).map(|index| index as usize) else {
                if !fields.extensible && !self.table.options.ignore_unknown {
                    return Err(Error::decode(at, format!("unexpected element {}", element.tag)));
                }
                at = tlv::skip(self.data, &element, limit)?;
                continue;
            };
            if seen.put(index) {
                let error = Error::decode(at, format!("{} is repeated", element.tag));
                return Err(error.member(&fields.fields[index].text));
            }
            if self.resolve && fields.fields[index].governed {
                at = tlv::skip(self.data, &element, limit)?;
                waiting.push((index, element));
            } else {
                at = self.member(fields, index, &value, &element, limit, depth)?;
            }
        };
        for (index, element) in waiting {
            self.member(fields, index, &value, &element, limit, depth)?;
        }
        for index in 0..count {
            if !seen.has(index) {
                self.absent(fields, index, &value, at, None)?;
            }
        }
        if self.resolve {
            self.scopes.pop();
        }
        Ok((value, after))
    }
}

/// The type that a table gives to an open type among these values, if the identifier is there and known.
pub fn governing_type(scopes: &[Bound<'_, PyDict>], open: &Open) -> Result<Option<TypeId>> {
    let Some(scope) = scopes.len().checked_sub(1 + open.up).map(|index| &scopes[index]) else {
        return Ok(None);
    };
    let py = scope.py();
    let mut value = scope.clone().into_any();
    for name in &open.path {
        let Ok(dict) = value.cast::<PyDict>() else {
            return Ok(None);
        };
        match dict.get_item(name.bind(py))? {
            Some(inner) => value = inner,
            None => return Ok(None),
        }
    }
    if value.hash().is_err() {
        return Ok(None);
    }
    match open.rows.bind(py).get_item(value)? {
        Some(id) => Ok(Some(id.extract()?)),
        None => Ok(None),
    }
}

#[cold]
fn unexpected(expected: Tag, header: &Header) -> Error {
    Error::decode(header.at, format!("expected tag {expected}, got {}", header.tag))
}

/// Which members of a SET have been met: a bit each, on the heap only beyond 64.
enum Seen {
    Few(u64),
    Many(Vec<bool>),
}

impl Seen {
    fn new(count: usize) -> Seen {
        if count <= 64 {
            Seen::Few(0)
        } else {
            Seen::Many(vec![false; count])
        }
    }

    fn has(&self, index: usize) -> bool {
        match self {
            Seen::Few(bits) => bits & (1 << index) != 0,
            Seen::Many(bits) => bits[index],
        }
    }

    /// True if it was there before.
    fn put(&mut self, index: usize) -> bool {
        let before = self.has(index);
        match self {
            Seen::Few(bits) => *bits |= 1 << index,
            Seen::Many(bits) => bits[index] = true,
        }
        before
    }
}
