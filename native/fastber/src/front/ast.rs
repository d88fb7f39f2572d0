//! The parsed form of a module. What can be understood only with the governing class or type at hand (objects, object
//! sets, values in braces, actual parameters) is kept as a span of tokens and parsed when it is resolved.

use std::rc::Rc;

use super::lexer::Token;
use crate::schema::Class;
use foldhash::HashMap;

/// Tokens `start..end` of module number `module`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    pub module: u32,
    pub start: u32,
    pub end: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tagging {
    Explicit,
    Implicit,
    Automatic,
}

pub struct Module<'a> {
    pub file: &'a str,
    pub text: &'a str,
    pub tokens: Rc<[Token]>,
    pub name: &'a str,
    pub tagging: Tagging,
    pub extensible: bool,
    /// Brackets before a type hold instructions to other encoding rules where they name none: `XER INSTRUCTIONS`.
    pub instructions: bool,
    /// Symbol to the name of the module that it comes from.
    pub imports: HashMap<&'a str, Import<'a>>,
    pub assignments: Vec<Assignment<'a>>,
    pub index: HashMap<&'a str, usize>,
    pub macro_parts: Vec<MacroPart<'a>>,
}

/// What stands behind a word of a macro's notation: `op OPERATION ARGUMENT Type ERRORS {name} ::= 1` has two of them.
pub struct MacroPart<'a> {
    /// What the assignment that was written with the macro assigns.
    pub instance: &'a str,
    pub word: &'a str,
    pub carried: Carried<'a>,
}

pub enum Carried<'a> {
    Type(Rc<Type<'a>>),
    Names(Vec<&'a str>),
}

/// Where a symbol is imported from.
#[derive(Clone, Copy)]
pub struct Import<'a> {
    pub module: &'a str,
    /// The module is named by its object identifier: a published one.
    pub published: bool,
    /// Where the symbol stands among the imports of its module, if it was written there.
    pub token: Option<u32>,
}

pub struct Assignment<'a> {
    pub name: &'a str,
    pub token: u32,
    pub parameters: Vec<Parameter<'a>>,
    pub body: Body<'a>,
}

#[derive(Clone)]
pub enum Body<'a> {
    Type(Rc<Type<'a>>),
    /// A value, or an object where the governor is a class.
    Value(Rc<Type<'a>>, Rc<Value<'a>>),
    /// A value set, or an object set where the governor is a class; the span is within the braces.
    Set(Rc<Type<'a>>, Span),
    Class(Rc<ClassDefinition<'a>>),
    /// A MACRO definition, or something written with one that carries no type.
    Macro,
}

#[derive(Clone)]
pub struct Parameter<'a> {
    pub name: &'a str,
}

pub struct ClassDefinition<'a> {
    pub fields: Vec<ClassField<'a>>,
    pub syntax: Vec<Syntax<'a>>,
}

pub struct ClassField<'a> {
    /// With its ampersand.
    pub name: &'a str,
    /// Of a value or value set field, or the class of an object or object set field; none for a type field.
    pub governor: Option<Rc<Type<'a>>>,
    pub unique: bool,
    pub default: Option<Span>,
}

pub enum Syntax<'a> {
    Literal(&'a str),
    Field(&'a str),
    Optional(Vec<Syntax<'a>>),
}

pub struct Type<'a> {
    pub token: u32,
    pub module: u32,
    pub tags: Vec<TagSpec<'a>>,
    pub kind: TypeKind<'a>,
    pub constraints: Vec<Constraint<'a>>,
}

#[derive(Clone)]
pub struct TagSpec<'a> {
    pub class: Class,
    pub number: TagNumber<'a>,
    /// None: as the module's default says.
    pub implicit: Option<bool>,
}

#[derive(Clone)]
pub enum TagNumber<'a> {
    Number(u32),
    Reference(&'a str),
}

pub type Named<'a> = Vec<(&'a str, Rc<Value<'a>>)>;

pub enum TypeKind<'a> {
    /// A type whose kind needs nothing more: the keyword's own.
    Simple(crate::schema::Kind),
    Integer(Named<'a>),
    BitString(Named<'a>),
    Enumerated {
        items: Vec<(&'a str, Option<Rc<Value<'a>>>)>,
        extensible: bool,
        root: usize,
    },
    Sequence(Components<'a>),
    Set(Components<'a>),
    SequenceOf(Rc<Type<'a>>),
    SetOf(Rc<Type<'a>>),
    Choice(Components<'a>),
    Reference {
        module: Option<&'a str>,
        name: &'a str,
        arguments: Vec<Span>,
    },
    /// `CLASS.&field`, `object.&Type`, `Set.&field.&field`.
    Field {
        module: Option<&'a str>,
        head: &'a str,
        arguments: Vec<Span>,
        path: Vec<&'a str>,
    },
    Selection(&'a str, Rc<Type<'a>>),
    Any {
        /// The member that ANY DEFINED BY names.
        defined_by: Option<&'a str>,
    },
    /// `INSTANCE OF CLASS`
    InstanceOf(Rc<Type<'a>>),
}

#[derive(Default)]
pub struct Components<'a> {
    pub items: Vec<Component<'a>>,
    pub extensible: bool,
    /// How many of the items stand behind the second "...".
    pub behind: usize,
}

pub enum Component<'a> {
    Named {
        name: &'a str,
        ty: Rc<Type<'a>>,
        optional: bool,
        default: Option<Rc<Value<'a>>>,
        addition: bool,
    },
    ComponentsOf {
        ty: Rc<Type<'a>>,
        addition: bool,
    },
}

pub struct Constraint<'a> {
    /// Within the parentheses.
    pub span: Span,
    /// `{Set}`, or `{Set}{@path}`: the span of the set within its braces.
    pub table: Option<Span>,
    pub at: Vec<At<'a>>,
    pub containing: Option<Rc<Type<'a>>>,
    /// ENCODED BY: the encoding rules of what is contained, where they are not those around it.
    pub encoded_by: Option<Rc<Value<'a>>>,
}

/// `@a.b` (outermost) or `@.a.b`, `@..a.b` (so many levels, counted in dots).
pub struct At<'a> {
    pub dots: u32,
    pub path: Vec<&'a str>,
}

/// A value, and the token that it begins with.
pub struct Value<'a> {
    pub module: u32,
    pub token: u32,
    pub notation: Notation<'a>,
}

impl Value<'_> {
    pub fn place(&self) -> (u32, u32) {
        (self.module, self.token)
    }
}

pub enum Notation<'a> {
    Null,
    Boolean(bool),
    Integer(i128),
    Real(f64),
    Text(String),
    Bits(&'a str),
    Hex(&'a str),
    /// An identifier (of an ENUMERATED, a named number) or a value reference.
    Reference {
        module: Option<&'a str>,
        name: &'a str,
        arguments: Vec<Span>,
    },
    Choice(&'a str, Rc<Value<'a>>),
    /// `object.&field`
    Field {
        head: &'a str,
        path: Vec<&'a str>,
    },
    /// The span within the braces.
    Braces(Span),
    /// `Type : value`, of an open type.
    Open(Rc<Type<'a>>, Rc<Value<'a>>),
    Unknown,
}
