//! The decoder: one walk over the octets, straight into Python objects.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyList, PyString};

use crate::ber::strings::universal;
use crate::ber::tlv::{self, Header, Tag};
use crate::ber::{der, prim, real, text, time, useful};
use crate::error::{Error, Result};
use crate::schema::TypeId;
use crate::table::{Alternatives, Enumerated, Node, Op, Open, Table};

/// A value; `Decoder::after` then says where its encoding ends.
pub type Decoded<'py> = Result<Bound<'py, PyAny>>;

/// Elements of a SEQUENCE OF that are held before there is a list for them.
const RUN: usize = 256;

/// An element as the decoder walks it.
#[derive(Clone, Copy)]
pub struct Element {
    pub tag: Tag,
    pub constructed: bool,
    pub indefinite: bool,
    /// Where the identifier octets start.
    pub at: usize,
    /// Where the contents octets start.
    pub contents: usize,
    /// Where the contents octets end; of the indefinite form, the end of what encloses the element.
    pub end: usize,
}

impl Element {
    #[inline(always)]
    fn of(header: &Header, limit: usize) -> Element {
        Element {
            tag: header.tag,
            constructed: header.constructed,
            indefinite: header.length.is_none(),
            at: header.at,
            contents: header.contents,
            end: header.end(limit),
        }
    }
}

pub struct Decoder<'a, 'py> {
    pub(super) py: Python<'py>,
    pub(super) data: &'a [u8],
    pub(super) table: &'a Table,
    /// Where the encoding of the value decoded last ends.
    pub after: usize,
    /// DER.
    pub(super) strict: bool,
    /// Decode open types by the tables that govern them.
    pub(super) resolve: bool,
    /// Some open types are to be decoded.
    pub(super) scoped: bool,
    /// The SEQUENCE and SET values being decoded, outermost first; kept only with `scoped`.
    pub(super) scopes: Vec<Bound<'py, PyDict>>,
    /// Elements of the lists being decoded, outermost first, at most RUN of each.
    elements: Vec<Bound<'py, PyAny>>,
    scratch: Vec<u8>,
}

impl<'a, 'py> Decoder<'a, 'py> {
    /// `data` may not change while this decodes.
    pub fn new(py: Python<'py>, data: &'a [u8], table: &'a Table, resolve: bool) -> Self {
        Decoder {
            py,
            data,
            table,
            after: 0,
            strict: table.options.der,
            resolve,
            scoped: resolve || table.always,
            scopes: Vec::new(),
            elements: Vec::new(),
            scratch: Vec::new(),
        }
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

    /// Decodes the element at `at` as the type `id`.
    pub fn decode(&mut self, id: TypeId, at: usize, end: usize, depth: usize) -> Decoded<'py> {
        let element = self.header(at, end)?;
        self.value(id, &element, depth)
    }

    /// The header at `at` of an element that has to end by `end`.
    #[inline(always)]
    pub(super) fn header(&self, at: usize, end: usize) -> Result<Element> {
        match tlv::short(self.data, at, end) {
            Some(header) => Ok(Element::of(&header, end)),
            None => self.any_header(at, end),
        }
    }

    #[inline(never)]
    fn any_header(&self, at: usize, end: usize) -> Result<Element> {
        let header = tlv::header(self.data, at, end)?;
        if self.strict {
            der::header(&header)?;
        }
        Ok(Element::of(&header, end))
    }

    /// Where the encoding around `at` ends, if its contents end there.
    #[inline(always)]
    pub(super) fn end_of(&self, of: &Element, at: usize) -> Result<Option<usize>> {
        if !of.indefinite {
            return Ok((at == of.end).then_some(at));
        }
        Ok(tlv::is_end_of_contents(self.data, at, of.end)?.then_some(at + 2))
    }

    /// Where the encoding of an element ends that is not decoded.
    pub(super) fn skip(&self, element: &Element) -> Result<usize> {
        if element.indefinite {
            return Ok(tlv::skip_indefinite(self.data, element.contents, element.end)?);
        }
        Ok(element.end)
    }

    #[inline]
    pub(super) fn value(&mut self, id: TypeId, element: &Element, depth: usize) -> Decoded<'py> {
        let table = self.table;
        if depth > table.options.limits.max_depth {
            return Err(too_deep(element.at));
        }
        let node = table.node(id);
        if node.wrappers.is_empty() {
            self.bare(node, element, depth)
        } else {
            self.wrapped(node, &node.wrappers, element, depth)
        }
    }

    fn wrapped(&mut self, node: &'a Node, wrappers: &[Tag], element: &Element, depth: usize) -> Decoded<'py> {
        let Some((&tag, inner)) = wrappers.split_first() else {
            return self.bare(node, element, depth);
        };
        if element.tag != tag {
            return Err(unexpected(tag, element));
        }
        if !element.constructed {
            let reason = format!("expected a constructed encoding of tag {tag}");
            return Err(Error::decode(element.at, reason));
        }
        let first = self.header(element.contents, element.end)?;
        let value = self.wrapped(node, inner, &first, depth)?;
        self.after = self.close(element, self.after)?;
        Ok(value)
    }

    /// Checks that the contents of a constructed encoding end at `at`; returns where the encoding ends.
    #[inline]
    fn close(&self, element: &Element, at: usize) -> Result<usize> {
        match self.end_of(element, at)? {
            Some(after) => Ok(after),
            None if element.indefinite => Err(Error::decode(at, "expected end-of-contents octets")),
            None => Err(Error::decode(at, "octets left over in an explicit tag")),
        }
    }

    fn bare(&mut self, node: &'a Node, element: &Element, depth: usize) -> Decoded<'py> {
        if let Some(tag) = node.tag
            && element.tag != tag
        {
            return Err(unexpected(tag, element));
        }
        let py = self.py;
        match &node.op {
            Op::Sequence(fields) => {
                self.must_be_constructed(node, element)?;
                self.sequence(fields, element, depth)
            }
            Op::Set(fields) => {
                self.must_be_constructed(node, element)?;
                self.set(fields, element, depth)
            }
            Op::SequenceOf(of) => {
                self.must_be_constructed(node, element)?;
                self.list(*of, element, depth, false)
            }
            Op::SetOf(of) => {
                self.must_be_constructed(node, element)?;
                self.list(*of, element, depth, self.strict)
            }
            Op::Choice(alternatives) => self.choice(node, alternatives, element, depth),
            Op::Open(open) => self.open(open.as_ref(), element, depth),
            Op::BitString { named } => self.bit_string(*named, element, depth),
            &Op::Containing { of, bits } => self.containing(of, bits, element, depth),
            Op::OctetString => self.octet_string(element, depth),
            Op::Text(kind) => {
                if element.constructed {
                    let octets = self.gathered(element, universal(*kind), depth)?;
                    return text::decode(py, *kind, &octets, element.contents);
                }
                self.after = element.end;
                text::decode(py, *kind, &self.data[element.contents..element.end], element.contents)
            }
            // A string type in all but name: X.690 8.25 and 8.26 let it be constructed.
            Op::UtcTime | Op::GeneralizedTime if element.constructed => {
                let universal = if matches!(node.op, Op::UtcTime) { 23 } else { 24 };
                let octets = self.gathered(element, universal, depth)?;
                self.leaf(node, &octets, element.contents)
            }
            _ => {
                let (start, contents) = self.primitive(node, element)?;
                self.leaf(node, contents, start)
            }
        }
    }

    /// The value of a type that is only ever primitive, of contents octets that start at `at`.
    #[inline]
    fn leaf(&mut self, node: &Node, contents: &[u8], at: usize) -> Decoded<'py> {
        let (py, strict) = (self.py, self.strict);
        Ok(match &node.op {
            Op::Boolean => {
                let &[octet] = contents else {
                    let reason = format!("expected one contents octet in BOOLEAN, got {}", contents.len());
                    return Err(Error::decode(at, reason));
                };
                if strict {
                    der::boolean(octet, at)?;
                }
                PyBool::new(py, octet != 0).to_owned().into_any()
            }
            Op::Integer => {
                if strict {
                    der::integer(contents, at)?;
                }
                prim::integer(py, contents, at)?
            }
            Op::Null => {
                if !contents.is_empty() {
                    return Err(Error::decode(at, "expected no contents octets in NULL"));
                }
                py.None().into_bound(py)
            }
            Op::ObjectIdentifier | Op::RelativeOid => {
                self.scratch.clear();
                prim::oid_text(contents, at, matches!(node.op, Op::RelativeOid), &mut self.scratch)?;
                PyString::from_bytes(py, &self.scratch)?.into_any()
            }
            Op::Real => real::decode(contents, at, strict)?
                .into_pyobject(py)
                .map_err(PyErr::from)?
                .into_any(),
            Op::Enumerated(items) => {
                if strict {
                    der::integer(contents, at)?;
                }
                self.enumerated(items, contents, at)?
            }
            Op::UtcTime => time::decode_utc(py, contents, at, strict)?,
            Op::GeneralizedTime => time::decode_generalized(py, contents, at, strict)?,
            Op::UsefulTime(kind) => useful::decode(py, *kind, contents, at)?,
            _ => unreachable!("constructed and string types are none of these"),
        })
    }

    #[inline(always)]
    fn must_be_constructed(&self, node: &Node, element: &Element) -> Result<()> {
        if element.constructed {
            return Ok(());
        }
        Err(not_of_form("constructed", node, element))
    }

    /// Contents of a type that is only ever primitive, and where they start.
    #[inline(always)]
    fn primitive(&mut self, node: &Node, element: &Element) -> Result<(usize, &'a [u8])> {
        if !element.constructed {
            self.after = element.end;
            return Ok((element.contents, &self.data[element.contents..element.end]));
        }
        let inner = self.as_if_explicit(node, element)?;
        self.after = self.close(element, inner.end)?;
        Ok((inner.contents, &self.data[inner.contents..inner.end]))
    }

    /// `a0 03 02 01 26` for `[0] IMPLICIT INTEGER`, as some MTAs of 1988 send it.
    #[cold]
    fn as_if_explicit(&self, node: &Node, element: &Element) -> Result<Element> {
        let Some(tag) = node.tolerated.filter(|_| self.table.options.tolerate_explicit) else {
            return Err(not_of_form("primitive", node, element));
        };
        let inner = self.header(element.contents, element.end)?;
        if inner.tag == tag && !inner.constructed {
            Ok(inner)
        } else {
            Err(not_of_form("primitive", node, element))
        }
    }

    #[inline]
    fn enumerated(&self, items: &Enumerated, contents: &[u8], at: usize) -> Decoded<'py> {
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
        element: &Element,
        depth: usize,
    ) -> Decoded<'py> {
        let Some(item) = alternatives.for_tag(element.tag) else {
            if !alternatives.extensible {
                let reason = format!("expected {}, got {}", node.first.describe(), element.tag);
                return Err(Error::decode(element.at, reason));
            }
            self.after = self.skip(element)?;
            let none = self.py.None();
            return Ok((&none, &none).into_pyobject(self.py)?.into_any());
        };
        let value = self
            .value(item.type_id, element, depth + 1)
            .map_err(|error| error.member(&item.text))?;
        Ok((item.name.bind(self.py), value).into_pyobject(self.py)?.into_any())
    }

    #[inline(always)]
    fn octet_string(&mut self, element: &Element, depth: usize) -> Decoded<'py> {
        if element.constructed {
            return self.octets_of_segments(element, depth);
        }
        self.after = element.end;
        Ok(PyBytes::new(self.py, &self.data[element.contents..element.end]).into_any())
    }

    fn open(&mut self, open: Option<&'a Open>, element: &Element, depth: usize) -> Decoded<'py> {
        if let Some(open) = open
            && (self.resolve || open.always)
        {
            match governing_type(&self.scopes, open)? {
                Governed::By(id) => return self.value(id, element, depth + 1),
                Governed::Unknown(value) if open.always => return Err(Error::decode(element.at, no_choice(&value))),
                _ => {}
            }
        }
        self.after = self.skip(element)?;
        Ok(PyBytes::new(self.py, &self.data[element.at..self.after]).into_any())
    }

    /// An OCTET or BIT STRING that holds the encoding of a value: that value where open types are resolved.
    #[inline(never)]
    fn containing(&mut self, of: TypeId, bits: bool, element: &Element, depth: usize) -> Decoded<'py> {
        if !self.resolve {
            return if bits {
                self.bit_string(false, element, depth)
            } else {
                self.octet_string(element, depth)
            };
        }
        if element.constructed {
            return self.containing_pieces(of, bits, element, depth);
        }
        let mut at = element.contents;
        if bits {
            if self.data.get(at..element.end).and_then(<[u8]>::first) != Some(&0) {
                return Err(Error::decode(
                    at,
                    "expected whole octets, which hold the encoding of a value",
                ));
            }
            at += 1;
        }
        let value = self.decode(of, at, element.end, depth + 1)?;
        if self.after != element.end {
            return Err(Error::decode(self.after, "octets left over behind a contained value"));
        }
        Ok(value)
    }

    /// As `containing`, of a string that comes in pieces; offsets of faults are those of the string.
    fn containing_pieces(&mut self, of: TypeId, bits: bool, element: &Element, depth: usize) -> Decoded<'py> {
        let whole = if bits {
            self.bit_string(false, element, depth)?.get_item(0)?
        } else {
            self.octet_string(element, depth)?
        };
        let octets = whole.cast::<PyBytes>().map_err(PyErr::from)?.as_bytes();
        let mut within = Decoder::new(self.py, octets, self.table, true);
        let end = octets.len();
        let value = within
            .decode(of, 0, end, depth + 1)
            .map_err(|error| error.moved(element.at))?;
        if within.after != end {
            return Err(Error::decode(element.at, "octets left over behind a contained value"));
        }
        Ok(value)
    }

    fn list(&mut self, of: TypeId, element: &Element, depth: usize, sorted: bool) -> Decoded<'py> {
        let first = self.elements.len();
        // What is beyond the first RUN elements is appended at once: a second vector of millions would cost as much
        // memory as the list.
        let mut long: Option<Bound<'py, PyList>> = None;
        let mut at = element.contents;
        let mut previous: Option<&[u8]> = None;
        let mut count = 0;
        let after = loop {
            if let Some(after) = self.end_of(element, at)? {
                break after;
            }
            if count >= self.table.options.limits.max_elements {
                return Err(Error::decode(at, "more elements than max_elements"));
            }
            let value = self
                .decode(of, at, element.end, depth + 1)
                .map_err(|error| error.index(count))?;
            if sorted {
                let this = &self.data[at..self.after];
                if let Some(previous) = previous {
                    der::set_of_order(previous, this, at).map_err(|error| error.index(count))?;
                }
                previous = Some(this);
            }
            at = self.after;
            count += 1;
            match &long {
                Some(list) => list.append(value)?,
                None => {
                    self.elements.push(value);
                    if count == RUN {
                        long = Some(PyList::new(self.py, self.elements.drain(first..))?);
                    }
                }
            }
        };
        self.after = after;
        let list = match long {
            Some(list) => list,
            None => PyList::new(self.py, self.elements.drain(first..))?,
        };
        Ok(list.into_any())
    }
}

/// What a table says of an open type.
pub enum Governed<'py> {
    By(TypeId),
    /// The identifier has this value, which is in no row.
    Unknown(Bound<'py, PyAny>),
    /// There is no identifier.
    Absent,
}

#[cold]
pub fn no_choice(value: &Bound<'_, PyAny>) -> String {
    format!("no type is given for {value}")
}

/// The type that a table gives to an open type among these values.
pub fn governing_type<'py>(scopes: &[Bound<'py, PyDict>], open: &Open) -> Result<Governed<'py>> {
    let Some(scope) = scopes.len().checked_sub(1 + open.up).map(|index| &scopes[index]) else {
        return Ok(Governed::Absent);
    };
    let py = scope.py();
    let mut value = scope.clone().into_any();
    for name in &open.path {
        let Ok(dict) = value.cast::<PyDict>() else {
            return Ok(Governed::Absent);
        };
        match dict.get_item(name.bind(py))? {
            Some(inner) => value = inner,
            None => return Ok(Governed::Absent),
        }
    }
    if value.hash().is_err() {
        return Ok(Governed::Unknown(value));
    }
    match open.rows.bind(py).get_item(&value)? {
        Some(id) => Ok(Governed::By(id.extract()?)),
        None => Ok(Governed::Unknown(value)),
    }
}

#[cold]
fn unexpected(expected: Tag, element: &Element) -> Error {
    Error::decode(element.at, format!("expected tag {expected}, got {}", element.tag))
}

#[cold]
fn not_of_form(form: &str, node: &Node, element: &Element) -> Error {
    Error::decode(
        element.at,
        format!("expected a {form} encoding of {}", node.op.describe()),
    )
}

#[cold]
pub(super) fn too_deep(at: usize) -> Error {
    Error::decode(at, "nested deeper than max_depth")
}
