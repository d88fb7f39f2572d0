//! The compact walk table that decoder, encoder and views share: a `Schema` lowered once, with the Python objects that
//! every decode would otherwise make again (interned member names, DEFAULT values, enumeration items).

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use crate::ber::tlv::Tag;
use crate::schema::{Constraint, StringKind, TypeId};

/// What bounds the work on one input; all settable, all on by default.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Levels of the type tree inside one another.
    pub max_depth: usize,
    /// Octets of one decode.
    pub max_size: usize,
    /// Elements of one SEQUENCE OF or SET OF.
    pub max_elements: usize,
}

/// Nesting beyond this could exhaust the native stack of a thread, whatever the caller asks for.
pub const DEEPEST: usize = 1000;

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_depth: 256,
            max_size: 1 << 30,
            max_elements: 1_000_000,
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// DER instead of BER.
    pub der: bool,
    /// ENUMERATED values are numbers instead of names.
    pub numeric_enums: bool,
    /// `a0 03 02 01 26` is read for `[0] IMPLICIT INTEGER`.
    pub tolerate_explicit: bool,
    /// Elements that a SEQUENCE or SET without "..." does not know are skipped.
    pub ignore_unknown: bool,
    pub limits: Limits,
}

pub struct Table {
    pub nodes: Vec<Node>,
    pub options: Options,
    /// Has open types that are always resolved.
    pub always: bool,
}

impl Table {
    #[inline]
    pub fn node(&self, id: TypeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// The type that a step of a path is made in: of a string that contains a value the type of that value. None where
    /// strings contain one another without end.
    pub fn stepped_in(&self, mut id: TypeId) -> Option<TypeId> {
        for _ in 0..DEEPEST {
            let Op::Containing { of, .. } = self.node(id).op else {
                return Some(id);
            };
            id = of;
        }
        None
    }
}

/// The tags that an encoding of a type may start with.
#[derive(Clone, Debug)]
pub enum First {
    One(Tag),
    Many(Box<[Tag]>),
    Any,
}

impl First {
    #[inline]
    pub fn accepts(&self, tag: Tag) -> bool {
        match self {
            First::One(one) => *one == tag,
            First::Many(many) => many.binary_search(&tag).is_ok(),
            First::Any => true,
        }
    }

    /// For error texts.
    pub fn describe(&self) -> String {
        match self {
            First::One(tag) => format!("tag {tag}"),
            First::Many(tags) if tags.len() <= 8 => {
                let tags: Vec<String> = tags.iter().map(Tag::to_string).collect();
                format!("one of the tags {}", tags.join(", "))
            }
            First::Many(tags) => format!("one of {} tags", tags.len()),
            First::Any => "any tag".to_owned(),
        }
    }

    /// The tag by which X.690 10.3 and X.680 8.6 order a component.
    pub fn least(&self) -> Tag {
        match self {
            First::One(tag) => *tag,
            First::Many(tags) => tags.first().copied().unwrap_or(Tag::universal(0)),
            First::Any => Tag::new(3, u32::MAX),
        }
    }
}

pub struct Node {
    /// EXPLICIT tags, outermost first.
    pub wrappers: Box<[Tag]>,
    /// The tag of the value itself; None for CHOICE and open types.
    pub tag: Option<Tag>,
    pub first: First,
    pub op: Op,
    pub name: String,
    pub constraint: Constraint,
    /// The universal tag that the type would have untagged, where `tolerate_explicit` applies to it.
    pub tolerated: Option<Tag>,
}

impl Node {
    /// May an element with this tag be a value of the type? An extensible CHOICE takes alternatives that it does not know.
    #[inline]
    pub fn takes(&self, tag: Tag) -> bool {
        let any = || self.wrappers.is_empty() && matches!(&self.op, Op::Choice(choice) if choice.extensible);
        self.first.accepts(tag) || any()
    }
}

pub enum Op {
    Boolean,
    Integer,
    BitString {
        named: bool,
    },
    OctetString,
    /// An OCTET STRING, or where `bits` a BIT STRING, of which the contents are the encoding of a value (X.682 11).
    Containing {
        of: TypeId,
        bits: bool,
    },
    Null,
    ObjectIdentifier,
    RelativeOid,
    Real,
    Enumerated(Enumerated),
    Text(StringKind),
    UtcTime,
    GeneralizedTime,
    /// DATE (31), TIME-OF-DAY (32), DATE-TIME (33), DURATION (34).
    UsefulTime(u32),
    Sequence(Fields),
    Set(Fields),
    SequenceOf(TypeId),
    SetOf(TypeId),
    Choice(Alternatives),
    Open(Option<Open>),
}

impl Op {
    /// Is the encoding of this type always constructed?
    pub fn is_constructed(&self) -> bool {
        matches!(self, Op::Sequence(_) | Op::Set(_) | Op::SequenceOf(_) | Op::SetOf(_))
    }

    /// The type's name in ASN.1.
    pub fn describe(&self) -> &'static str {
        match self {
            Op::Boolean => "BOOLEAN",
            Op::Integer => "INTEGER",
            Op::BitString { .. } => "BIT STRING",
            Op::Containing { bits: true, .. } => "BIT STRING",
            Op::OctetString | Op::Containing { .. } => "OCTET STRING",
            Op::Null => "NULL",
            Op::ObjectIdentifier => "OBJECT IDENTIFIER",
            Op::RelativeOid => "RELATIVE-OID",
            Op::Real => "REAL",
            Op::Enumerated(_) => "ENUMERATED",
            Op::Text(kind) => match kind {
                StringKind::Utf8 => "UTF8String",
                StringKind::Numeric => "NumericString",
                StringKind::Printable => "PrintableString",
                StringKind::Teletex => "TeletexString",
                StringKind::Videotex => "VideotexString",
                StringKind::Ia5 => "IA5String",
                StringKind::Graphic => "GraphicString",
                StringKind::Visible => "VisibleString",
                StringKind::General => "GeneralString",
                StringKind::Universal => "UniversalString",
                StringKind::Bmp => "BMPString",
            },
            Op::UtcTime => "UTCTime",
            Op::GeneralizedTime => "GeneralizedTime",
            Op::UsefulTime(31) => "DATE",
            Op::UsefulTime(32) => "TIME-OF-DAY",
            Op::UsefulTime(33) => "DATE-TIME",
            Op::UsefulTime(_) => "DURATION",
            Op::Sequence(_) => "SEQUENCE",
            Op::Set(_) => "SET",
            Op::SequenceOf(_) => "SEQUENCE OF",
            Op::SetOf(_) => "SET OF",
            Op::Choice(_) => "CHOICE",
            Op::Open(_) => "open type",
        }
    }
}

pub struct Enumerated {
    /// Sorted by number.
    pub by_number: Box<[(i64, Py<PyAny>)]>,
    /// name (or number, with numeric_enums) -> number
    pub by_name: Py<PyDict>,
    pub extensible: bool,
}

impl Enumerated {
    pub fn get(&self, number: i64) -> Option<&Py<PyAny>> {
        // Most enumerations are 0, 1, 2, ... in order.
        if let Some((n, item)) = usize::try_from(number).ok().and_then(|i| self.by_number.get(i))
            && *n == number
        {
            return Some(item);
        }
        let index = self.by_number.binary_search_by_key(&number, |(n, _)| *n).ok()?;
        Some(&self.by_number[index].1)
    }
}

pub struct Fields {
    pub fields: Box<[Field]>,
    /// For SET: which member a tag belongs to, sorted by tag.
    pub by_tag: Box<[(Tag, u32)]>,
    /// The member that takes any tag (an untagged open type).
    pub any: Option<u32>,
    pub extensible: bool,
    /// The order in which members are written: textual for SEQUENCE, by tag for SET (X.690 10.3).
    pub order: Box<[u32]>,
    /// The members that are mandatory or have a DEFAULT: what has to be done about them when they are absent.
    pub owed: Box<[u32]>,
}

impl Fields {
    pub fn for_tag(&self, tag: Tag) -> Option<u32> {
        match self.by_tag.binary_search_by_key(&tag, |(t, _)| *t) {
            Ok(index) => Some(self.by_tag[index].1),
            Err(_) => self.any,
        }
    }

    /// As `for_tag`, looking at the member first that is next in the order of the text, in which most SETs are written.
    #[inline]
    pub fn for_tag_from(&self, next: usize, tag: Tag) -> Option<u32> {
        match self.fields.get(next) {
            Some(Field {
                first: First::One(first),
                ..
            }) if *first == tag => Some(next as u32),
            _ => self.for_tag(tag),
        }
    }

    /// The member whose name is that very object, looked for from `next` on and then before it.
    #[inline]
    pub fn identical(&self, next: usize, name: &Bound<'_, PyAny>) -> Option<usize> {
        self.position(next, |field| field.name.as_ptr() == name.as_ptr())
    }

    /// The member whose name is that text, looked for likewise.
    #[inline]
    pub fn equal(&self, next: usize, name: &str) -> Option<usize> {
        self.position(next, |field| field.text == name)
    }

    #[inline]
    fn position(&self, next: usize, is_named: impl Fn(&Field) -> bool) -> Option<usize> {
        let (before, after) = self.fields.split_at(next);
        match after.iter().position(&is_named) {
            Some(distance) => Some(next + distance),
            None => before.iter().position(is_named),
        }
    }

    /// The member of that name. Interned names are found by identity.
    pub fn named(&self, name: &Bound<'_, PyString>) -> Option<usize> {
        if let Some(index) = self.fields.iter().position(|f| f.name.as_ptr() == name.as_ptr()) {
            return Some(index);
        }
        let text = name.to_str().ok()?;
        self.fields.iter().position(|field| field.text == text)
    }
}

pub struct Field {
    pub name: Py<PyString>,
    pub text: String,
    pub type_id: TypeId,
    pub first: First,
    /// May be absent without a default.
    pub optional: bool,
    pub default: Option<Default_>,
    /// A member of a SET that contains an open type, which a sibling may govern.
    pub governed: bool,
}

/// A DEFAULT: immutable objects are shared, others are made anew for each value that needs them.
pub enum Default_ {
    Shared(Py<PyAny>),
    Fresh(Py<PyAny>),
}

impl Default_ {
    pub fn object<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Default_::Shared(object) => Ok(object.bind(py).clone()),
            Default_::Fresh(object) => fresh(object.bind(py)),
        }
    }

    pub fn reference<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        match self {
            Default_::Shared(object) | Default_::Fresh(object) => object.bind(py),
        }
    }
}

/// A copy down to the immutable leaves. The depth is that of a value written in ASN.1 text.
fn fresh<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    if let Ok(dict) = object.cast::<PyDict>() {
        let copy = PyDict::new(py);
        for (name, value) in dict {
            copy.set_item(name, fresh(&value)?)?;
        }
        return Ok(copy.into_any());
    }
    if let Ok(list) = object.cast::<PyList>() {
        let items = list.iter().map(|item| fresh(&item)).collect::<PyResult<Vec<_>>>()?;
        return Ok(PyList::new(py, items)?.into_any());
    }
    if let Ok(tuple) = object.cast::<PyTuple>() {
        let items = tuple.iter().map(|item| fresh(&item)).collect::<PyResult<Vec<_>>>()?;
        return Ok(PyTuple::new(py, items)?.into_any());
    }
    Ok(object.clone())
}

pub struct Alternatives {
    pub items: Box<[Alternative]>,
    pub by_tag: Box<[(Tag, u32)]>,
    pub any: Option<u32>,
    pub extensible: bool,
}

impl Alternatives {
    #[inline]
    pub fn for_tag(&self, tag: Tag) -> Option<&Alternative> {
        self.index_for_tag(tag).map(|index| &self.items[index])
    }

    #[inline]
    pub fn index_for_tag(&self, tag: Tag) -> Option<usize> {
        match self.by_tag.binary_search_by_key(&tag, |(t, _)| *t) {
            Ok(index) => Some(self.by_tag[index].1 as usize),
            Err(_) => self.any.map(|index| index as usize),
        }
    }

    pub fn named(&self, name: &Bound<'_, PyString>) -> Option<&Alternative> {
        if let Some(item) = self.items.iter().find(|item| item.name.as_ptr() == name.as_ptr()) {
            return Some(item);
        }
        let text = name.to_str().ok()?;
        self.items.iter().find(|item| item.text == text)
    }
}

pub struct Alternative {
    pub name: Py<PyString>,
    pub text: String,
    pub type_id: TypeId,
}

/// How another member names the type of an open type (X.682 10).
pub struct Open {
    pub up: usize,
    pub path: Vec<Py<PyString>>,
    /// value of the identifier -> type
    pub rows: Py<PyDict>,
    /// Whether or not open types are to be resolved, and what has no row is refused.
    pub always: bool,
}
