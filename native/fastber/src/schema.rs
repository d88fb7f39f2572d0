//! The compiled form of ASN.1 modules: what the front end makes and the codec walks.
//!
//! A `Schema` is a flat table of `TypeNode`s that refer to each other by index, so that recursive types cost nothing
//! and the whole is immutable and shareable between threads. Every tagging decision (IMPLICIT, EXPLICIT, AUTOMATIC,
//! the implicit EXPLICIT of an untagged CHOICE or open type, X.680 31.2.7) has been taken by the front end.

/// Index of a node in `Schema::types`.
pub type TypeId = u32;

/// Tag class, in the two bits of the identifier octet (X.690 8.1.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    Universal = 0,
    Application = 1,
    Context = 2,
    Private = 3,
}

/// A tag: class and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    pub class: Class,
    pub number: u32,
}

/// Everything that was compiled.
#[derive(Debug, Default)]
pub struct Schema {
    pub types: Vec<TypeNode>,
    pub modules: Vec<Module>,
    /// What was left open because a definition is not among the sources: `file:line:column: message`.
    pub warnings: Vec<String>,
}

/// One module's exported view: its type and value assignments, in source order.
#[derive(Debug, Default)]
pub struct Module {
    pub name: String,
    pub types: Vec<(String, TypeId)>,
    pub values: Vec<(String, Value)>,
}

/// One type as it is met on the wire.
#[derive(Debug, Clone)]
pub struct TypeNode {
    /// Outermost first. All but the last are EXPLICIT wrappers (constructed); the last is the tag of the value itself.
    /// Empty for an untagged CHOICE, ANY or open type. A CHOICE/open type with tags: all of them are EXPLICIT wrappers.
    pub tags: Vec<Tag>,
    pub kind: Kind,
    /// The name that error paths and stubs give the type, e.g. `ORName`; empty when anonymous.
    pub name: String,
    /// Where that name is assigned, as an index into `Schema::modules`; beyond them for anonymous and built-in types.
    pub module: u32,
    pub constraint: Constraint,
}

#[derive(Debug, Clone)]
pub enum Kind {
    Boolean,
    Integer {
        named: Vec<(String, i64)>,
    },
    BitString {
        named: Vec<(String, u32)>,
        contained: Option<TypeId>,
    },
    OctetString {
        contained: Option<TypeId>,
    },
    Null,
    ObjectIdentifier,
    RelativeOid,
    ObjectDescriptor,
    Real,
    /// `extensible`: unknown values decode to their number.
    Enumerated {
        items: Vec<(String, i64)>,
        extensible: bool,
    },
    String(StringKind),
    UtcTime,
    GeneralizedTime,
    /// TIME (14), DATE (31), TIME-OF-DAY (32), DATE-TIME (33), DURATION (34), by their universal tags: text.
    Time(u32),
    /// The members of this and the next two are those of their associated types, which `lower` fills in.
    External(Members),
    EmbeddedPdv(Members),
    CharacterString(Members),
    Sequence(Members),
    Set(Members),
    SequenceOf(TypeId),
    SetOf(TypeId),
    Choice(Choice),
    /// ANY, or an open type; `table` says how another member names its type.
    Open(Option<OpenTable>),
}

impl Kind {
    /// The members of what is, or is encoded as, a SEQUENCE or SET.
    pub fn members(&self) -> Option<&Members> {
        match self {
            Kind::Sequence(members)
            | Kind::Set(members)
            | Kind::External(members)
            | Kind::EmbeddedPdv(members)
            | Kind::CharacterString(members) => Some(members),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringKind {
    Utf8,
    Numeric,
    Printable,
    Teletex,
    Videotex,
    Ia5,
    Graphic,
    Visible,
    General,
    Universal,
    Bmp,
}

#[derive(Debug, Clone, Default)]
pub struct Members {
    /// Root and extension members in textual order (COMPONENTS OF expanded; addition groups flattened, X.680 25.x).
    pub members: Vec<Member>,
    /// Has a "...": unknown elements are skipped.
    pub extensible: bool,
}

#[derive(Debug, Clone)]
pub struct Member {
    pub name: String,
    pub type_id: TypeId,
    pub optional: bool,
    pub default: Option<Value>,
    /// An addition behind "...": absent is not an error.
    pub addition: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub alternatives: Vec<(String, TypeId)>,
    pub extensible: bool,
}

/// A table or component-relation constraint (X.682 10): the open type's type is looked up in `rows` by the value of the
/// identifier member. `path` leads from the enclosing SEQUENCE/SET (`up` levels above the open type's own) to it by member names.
#[derive(Debug, Clone)]
pub struct OpenTable {
    /// The field of the class that the open type is written as: `EXTENSION.&Type`.
    pub field: String,
    pub up: u32,
    pub path: Vec<String>,
    pub rows: std::sync::Arc<Vec<(Value, TypeId)>>,
    /// Decoded without being asked for, and what has no row is refused: `any_defined_by_choices`.
    pub always: bool,
}

/// A value known at compile time: DEFAULTs, value assignments, identifiers in object sets.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i128),
    Real(f64),
    Enumerated(String),
    Bits(Vec<u8>, usize),
    Octets(Vec<u8>),
    Oid(Vec<u64>),
    RelativeOid(Vec<u64>),
    String(String),
    List(Vec<Value>),
    Fields(Vec<(String, Value)>),
    Choice(String, Box<Value>),
    /// Of an open type: the type that was chosen, and its value.
    Open(TypeId, Box<Value>),
    /// Notation that was parsed but means nothing to the codec (e.g. a value of an unresolved class field).
    Unknown,
}

impl Value {
    /// Can it be told without encoding anything? What stands in an open type is octets wherever that is not resolved.
    pub fn is_whole(&self) -> bool {
        match self {
            Value::Unknown | Value::Open(..) => false,
            Value::List(items) => items.iter().all(Value::is_whole),
            Value::Fields(fields) => fields.iter().all(|(_, value)| value.is_whole()),
            Value::Choice(_, value) => value.is_whole(),
            _ => true,
        }
    }
}

/// What `check_constraints` verifies. Ranges are inclusive; None is MIN or MAX. No ranges are no limit; where nothing is
/// permitted, there is one that ends before it starts.
#[derive(Debug, Clone, Default)]
pub struct Constraint {
    pub value: Vec<(Option<i128>, Option<i128>)>,
    pub size: Vec<(u64, Option<u64>)>,
    pub alphabet: Option<Vec<(char, char)>>,
    pub extensible: bool,
    /// What the additions behind "..." permit beside that.
    pub added_value: Vec<(Option<i128>, Option<i128>)>,
    pub added_size: Vec<(u64, Option<u64>)>,
    pub added_alphabet: Vec<(char, char)>,
    /// What ranges cannot tell, of the root.
    pub rule: Option<std::sync::Arc<crate::rule::Rule>>,
}
