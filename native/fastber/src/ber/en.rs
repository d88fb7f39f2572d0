//! The encoder: one walk over the Python objects, writing from the last octet to the first.

use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyList, PyString, PyTuple};

use crate::ber::de::Governed;
use crate::ber::der;
use crate::ber::out::Out;
use crate::ber::prim::{self, type_name};
use crate::ber::{de, real, text, time, tlv, useful};
use crate::error::{Error, Result};
use crate::py::buffer::Export;
use crate::py::raw::Raw;
use crate::schema::TypeId;
use crate::table::{Alternatives, Enumerated, Field, Fields, First, Node, Op, Open, Table};

pub struct Encoder<'a, 'py> {
    py: Python<'py>,
    table: &'a Table,
    pub out: Out,
    /// Encode open types by the tables that govern them.
    resolve: bool,
    /// Some open types are to be encoded.
    scoped: bool,
    /// The SEQUENCE and SET values being encoded, outermost first; kept only with `scoped`.
    scopes: Vec<Bound<'py, PyDict>>,
    /// Members of the SEQUENCE and SET values being encoded, outermost first, each where its type has it.
    members: Vec<Option<Bound<'py, PyAny>>>,
}

/// Strings of octets from this size on are copied once, when all is put together; smaller ones twice.
const WORTH_KEEPING: usize = 1 << 16;

impl<'a, 'py> Encoder<'a, 'py> {
    pub fn new(py: Python<'py>, table: &'a Table, resolve: bool) -> Self {
        Encoder::onto(Out::with_capacity(512), py, table, resolve)
    }

    /// Writes before what `out` holds.
    pub fn onto(out: Out, py: Python<'py>, table: &'a Table, resolve: bool) -> Self {
        Encoder {
            py,
            table,
            out,
            resolve,
            scoped: resolve || table.always,
            scopes: Vec::new(),
            members: Vec::new(),
        }
    }

    pub fn encode(&mut self, id: TypeId, value: &Bound<'py, PyAny>) -> Result<()> {
        self.value(id, value, 0)
    }

    fn value(&mut self, id: TypeId, value: &Bound<'py, PyAny>, depth: usize) -> Result<()> {
        let table = self.table;
        if depth > table.options.limits.max_depth {
            return Err(Error::encode("nested deeper than max_depth"));
        }
        let node = table.node(id);
        let mark = self.out.len();
        match node.tag {
            Some(tag) => match self.contents(node, value, depth) {
                Ok(()) => self.out.header(tag, node.op.is_constructed(), mark),
                Err(error) => return self.raw_or(error, value),
            },
            None => match &node.op {
                Op::Choice(alternatives) => {
                    if let Err(error) = self.choice(alternatives, value, depth) {
                        return self.raw_or(error, value);
                    }
                }
                Op::Open(open) => self.open(open.as_ref(), value, depth)?,
                _ => unreachable!("only CHOICE and open types are untagged"),
            },
        }
        for &tag in node.wrappers.iter().rev() {
            self.out.header(tag, true, mark);
        }
        Ok(())
    }

    /// A `Raw` stands for any value: nothing but it is written where the type's own encoding was refused.
    #[cold]
    fn raw_or(&mut self, error: Error, value: &Bound<'py, PyAny>) -> Result<()> {
        match value.cast::<Raw>() {
            Ok(raw) => {
                self.out.extend(raw.get().octets(self.py));
                Ok(())
            }
            Err(_) => Err(error),
        }
    }

    #[inline]
    fn contents(&mut self, node: &'a Node, value: &Bound<'py, PyAny>, depth: usize) -> Result<()> {
        let der = self.table.options.der;
        match &node.op {
            Op::Boolean => match value.cast::<PyBool>() {
                Ok(value) => self.out.push(if value.is_true() { 0xff } else { 0 }),
                Err(_) => return Err(expected("bool", value)),
            },
            Op::Integer => prim::encode_integer(value, &mut self.out)?,
            Op::BitString { named } => self.bit_string(*named && der, value)?,
            Op::OctetString => self.octets(value)?,
            Op::Containing { of, bits } if self.resolve => {
                self.value(*of, value, depth + 1)?;
                if *bits {
                    self.out.push(0);
                }
            }
            Op::Containing { bits: true, .. } => self.bit_string(false, value)?,
            Op::Containing { .. } => self.octets(value)?,
            Op::Null => {
                if !value.is_none() {
                    return Err(expected("None", value));
                }
            }
            Op::ObjectIdentifier | Op::RelativeOid => {
                let value = string(value)?;
                prim::encode_oid(value.to_str()?, matches!(node.op, Op::RelativeOid), &mut self.out)?;
            }
            Op::Real => real::encode(value, &mut self.out)?,
            Op::Enumerated(items) => self.enumerated(items, value)?,
            Op::Text(kind) => {
                let value = string(value)?;
                let text = value
                    .to_str()
                    .map_err(|_| Error::encode("a str with lone surrogates"))?;
                text::encode(*kind, text, &mut self.out)?;
            }
            Op::UtcTime => time::encode_utc(value, der, &mut self.out)?,
            Op::GeneralizedTime => time::encode_generalized(value, der, &mut self.out)?,
            Op::UsefulTime(kind) => useful::encode(*kind, value, &mut self.out)?,
            Op::Sequence(fields) => self.fields(fields, false, value, depth)?,
            Op::Set(fields) => self.fields(fields, der, value, depth)?,
            Op::SequenceOf(element) => self.list(*element, false, value, depth)?,
            Op::SetOf(element) => self.list(*element, der, value, depth)?,
            Op::Choice(_) | Op::Open(_) => unreachable!("these have no tag of their own"),
        }
        Ok(())
    }

    fn octets(&mut self, value: &Bound<'py, PyAny>) -> Result<()> {
        if let Ok(value) = value.cast::<PyBytes>()
            && value.as_bytes().len() < WORTH_KEEPING
        {
            self.out.extend(value.as_bytes());
            return Ok(());
        }
        let export = Export::get(value).map_err(|_| expected("bytes", value))?;
        if export.len() >= WORTH_KEEPING && export.is_read_only() {
            self.out.keep(export);
        } else {
            self.out.extend(export.in_place(self.py));
        }
        Ok(())
    }

    fn bit_string(&mut self, trim: bool, value: &Bound<'py, PyAny>) -> Result<()> {
        let bits = Bits::of(value)?;
        let octets = bits.octets(self.py);
        let count = if trim { trimmed(octets, bits.count) } else { bits.count };
        let unused = (8 - count % 8) % 8;
        if let Some((last, whole)) = octets[..count.div_ceil(8)].split_last() {
            self.out.push(last & (0xffu16 << unused) as u8);
            self.out.extend(whole);
        }
        self.out.push(unused as u8);
        Ok(())
    }

    fn enumerated(&mut self, items: &Enumerated, value: &Bound<'py, PyAny>) -> Result<()> {
        let found = items.by_name.bind(self.py).get_item(value).ok().flatten();
        let number = match found {
            Some(number) => number.extract::<i64>()?,
            None if value.is_instance_of::<PyInt>() && (items.extensible || self.table.options.ignore_unknown) => value
                .extract::<i64>()
                .map_err(|_| Error::encode("an ENUMERATED value of more than 64 bits"))?,
            None => {
                let names: Vec<String> = items.by_number.iter().map(|(_, item)| item.to_string()).collect();
                let reason = format!("expected one of {}, got {}", names.join(", "), repr(value));
                return Err(Error::encode(reason));
            }
        };
        prim::encode_small_integer(number, &mut self.out);
        Ok(())
    }

    fn choice(&mut self, alternatives: &'a Alternatives, value: &Bound<'py, PyAny>, depth: usize) -> Result<()> {
        let Some([name, inner]) = pair(value) else {
            return Err(expected("a (name, value) tuple", value));
        };
        let Some(item) = name.cast::<PyString>().ok().and_then(|name| alternatives.named(name)) else {
            let names: Vec<&str> = alternatives.items.iter().map(|item| &item.text[..]).collect();
            let reason = format!(
                "expected one of the alternatives {}, got {}",
                names.join(", "),
                repr(name)
            );
            return Err(Error::encode(reason));
        };
        self.value(item.type_id, inner, depth + 1)
            .map_err(|error| error.member(&item.text))
    }

    fn open(&mut self, open: Option<&'a Open>, value: &Bound<'py, PyAny>, depth: usize) -> Result<()> {
        if let Ok(raw) = value.cast::<Raw>() {
            self.out.extend(raw.get().octets(self.py));
            return Ok(());
        }
        if let Some(open) = open
            && (self.resolve || open.always)
        {
            match de::governing_type(&self.scopes, open)? {
                Governed::By(id) => return self.value(id, value, depth + 1),
                Governed::Unknown(value) if open.always => return Err(Error::encode(de::no_choice(&value))),
                _ => {}
            }
        }
        let mark = self.out.len();
        self.octets(value)?;
        self.out.gather(self.py);
        let octets = self.out.since(mark);
        if tlv::skip_at(octets, 0, octets.len()) != Ok(octets.len()) {
            return Err(Error::encode("an open type's value is not the encoding of one value"));
        }
        Ok(())
    }

    fn list(&mut self, element: TypeId, sort: bool, value: &Bound<'py, PyAny>, depth: usize) -> Result<()> {
        let mark = self.out.len();
        let mut ends = Vec::new();
        if let Ok(list) = value.cast::<PyList>() {
            for index in (0..list.len()).rev() {
                let item = list.get_item(index)?;
                self.value(element, &item, depth + 1)
                    .map_err(|error| error.index(index))?;
                if sort {
                    ends.push(self.out.len());
                }
            }
        } else if let Ok(tuple) = value.cast::<PyTuple>() {
            for index in (0..tuple.len()).rev() {
                let item = tuple.get_item(index)?;
                self.value(element, &item, depth + 1)
                    .map_err(|error| error.index(index))?;
                if sort {
                    ends.push(self.out.len());
                }
            }
        } else {
            return Err(expected("list", value));
        }
        if sort {
            self.sort(mark, &ends, der::compare_padded);
        }
        Ok(())
    }

    /// Sorts what was written since the mark, piece by piece; `ends` are the marks after each piece.
    fn sort(&mut self, mark: usize, ends: &[usize], order: impl Fn(&[u8], &[u8]) -> std::cmp::Ordering) {
        self.out.gather(self.py);
        let written = self.out.since(mark);
        let total = written.len();
        let mut start = mark;
        let mut pieces: Vec<&[u8]> = Vec::with_capacity(ends.len());
        for &end in ends {
            pieces.push(&written[total - (end - mark)..total - (start - mark)]);
            start = end;
        }
        pieces.reverse();
        if pieces.is_sorted_by(|left, right| order(left, right).is_le()) {
            return;
        }
        pieces.sort_by(|left, right| order(left, right));
        let sorted = pieces.concat();
        self.out.rewrite(mark, &sorted);
    }

    fn fields(&mut self, fields: &'a Fields, sort: bool, value: &Bound<'py, PyAny>, depth: usize) -> Result<()> {
        let Ok(dict) = value.cast::<PyDict>() else {
            return Err(expected("dict", value));
        };
        if self.scoped {
            self.scopes.push(dict.clone());
        }
        let first = self.members.len();
        self.collect(fields, dict)?;
        let mark = self.out.len();
        let mut ends = Vec::new();
        let mut untagged = false;
        for &index in fields.order.iter().rev() {
            let field = &fields.fields[index as usize];
            let Some(value) = self.members[first + index as usize].take() else {
                if field.optional || field.default.is_some() {
                    continue;
                }
                return Err(Error::encode("missing").member(&field.text));
            };
            if self.is_default(field, &value)? {
                continue;
            }
            self.value(field.type_id, &value, depth + 1)
                .map_err(|error| error.member(&field.text))?;
            if sort {
                ends.push(self.out.len());
                untagged |= !matches!(field.first, First::One(_));
            }
        }
        if sort && untagged {
            let tag = |octets: &[u8]| tlv::head(octets, 0, octets.len()).map_or(tlv::Tag::universal(0), |h| h.tag);
            self.sort(mark, &ends, |left, right| tag(left).cmp(&tag(right)));
        }
        self.members.truncate(first);
        if self.scoped {
            self.scopes.pop();
        }
        Ok(())
    }

    /// Appends to `members` what the dict has for each of `fields`, in one pass over the dict: most of its keys come in
    /// the order of the text, and most OPTIONAL members are not there to be asked for.
    fn collect(&mut self, fields: &Fields, dict: &Bound<'py, PyDict>) -> Result<()> {
        let first = self.members.len();
        let count = fields.fields.len();
        if self.members.capacity() == 0 {
            self.members.reserve(count + 64);
        }
        self.members.resize_with(first + count, || None);
        let members = &mut self.members[first..];
        // Keys that are no plain str have an equality of their own; of many unknown ones none shall cost a search.
        let mut plain = dict.len() <= 2 * count;
        if plain {
            with_critical_section(dict, || {
                let mut next = 0;
                for (key, value) in dict.iter() {
                    let found = fields.identical(next, &key).or_else(|| {
                        let key = key.cast_exact::<PyString>();
                        plain &= key.is_ok();
                        fields.equal(next, key.ok()?.to_str().ok()?)
                    });
                    if let Some(index) = found {
                        members[index] = Some(value);
                        next = index + 1;
                    }
                }
            });
        }
        if !plain {
            for (field, member) in fields.fields.iter().zip(members) {
                if member.is_none() {
                    *member = dict.get_item(field.name.bind(self.py))?;
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn is_default(&self, field: &Field, value: &Bound<'py, PyAny>) -> Result<bool> {
        let Some(default) = &field.default else {
            return Ok(false);
        };
        let default = default.reference(self.py);
        if value.is(default) {
            return Ok(true);
        }
        if let Op::BitString { named } = self.table.node(field.type_id).op {
            let (left, right) = (Bits::of(value)?, Bits::of(default)?);
            let ((n, left), (m, right)) = ((left.count, left.octets(self.py)), (right.count, right.octets(self.py)));
            let (n, m) = if named {
                (trimmed(left, n), trimmed(right, m))
            } else {
                (n, m)
            };
            return Ok(n == m && (0..n).all(|bit| bit_at(left, bit) == bit_at(right, bit)));
        }
        if let Op::UsefulTime(kind) = self.table.node(field.type_id).op
            && let Ok(text) = value.cast::<PyString>()
            && let Some(moment) = useful::moment(self.py, kind, &text.to_cow()?)
        {
            return Ok(moment.eq(default)?);
        }
        Ok(value.eq(default)?)
    }
}

fn bit_at(octets: &[u8], bit: usize) -> bool {
    octets[bit / 8] & (0x80 >> (bit % 8)) != 0
}

/// Number of bits up to the last that is one (X.690 11.2.2).
fn trimmed(octets: &[u8], count: usize) -> usize {
    let mut count = count;
    while count > 0 {
        if count.is_multiple_of(8) && octets[count / 8 - 1] == 0 {
            count -= 8;
        } else if bit_at(octets, count - 1) {
            break;
        } else {
            count -= 1;
        }
    }
    count
}

/// A BIT STRING value: its octets, read where they are, and the number of bits.
struct Bits<'a, 'py> {
    octets: Octets<'a, 'py>,
    count: usize,
}

enum Octets<'a, 'py> {
    Bytes(&'a Bound<'py, PyBytes>),
    Other(Export),
}

impl<'a, 'py> Bits<'a, 'py> {
    fn of(value: &'a Bound<'py, PyAny>) -> Result<Bits<'a, 'py>> {
        let Some([octets, count]) = pair(value) else {
            return Err(expected("a (bytes, number of bits) tuple", value));
        };
        let (octets, length) = match octets.cast::<PyBytes>() {
            Ok(bytes) => (Octets::Bytes(bytes), bytes.as_bytes().len()),
            Err(_) => {
                let export = Export::get(octets).map_err(|_| expected("bytes", octets))?;
                let length = export.len();
                (Octets::Other(export), length)
            }
        };
        let count: usize = count
            .extract()
            .map_err(|_| Error::encode("expected a number of bits"))?;
        if count > length * 8 {
            let reason = format!("a BIT STRING of {count} bits in {length} octets");
            return Err(Error::encode(reason));
        }
        Ok(Bits { octets, count })
    }

    fn octets(&'a self, py: Python<'a>) -> &'a [u8] {
        match &self.octets {
            Octets::Bytes(bytes) => bytes.as_bytes(),
            Octets::Other(export) => export.in_place(py),
        }
    }
}

#[inline]
fn pair<'a, 'py>(value: &'a Bound<'py, PyAny>) -> Option<&'a [Bound<'py, PyAny>; 2]> {
    value.cast::<PyTuple>().ok()?.as_slice().try_into().ok()
}

fn string<'a, 'py>(value: &'a Bound<'py, PyAny>) -> Result<&'a Bound<'py, PyString>> {
    value.cast::<PyString>().map_err(|_| expected("str", value))
}

#[cold]
fn expected(what: &str, value: &Bound<'_, PyAny>) -> Error {
    Error::encode(format!("expected {what}, got {}", type_name(value)))
}

fn repr(value: &Bound<'_, PyAny>) -> String {
    value.repr().map_or_else(|_| type_name(value), |text| text.to_string())
}
