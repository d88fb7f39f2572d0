//! Which notation can be a value of which type (X.680 17): a number is no BOOLEAN, and braces are no INTEGER.
//!
//! Of what is open, or typed by a macro or a class, nothing is known here: any notation may be a value of it.

use super::{Resolved, Resolver};
use crate::front::ast::{Notation, Type, TypeKind, Value};
use crate::front::parser::Parser;
use crate::schema::Kind;

impl<'a> Resolver<'a> {
    pub(super) fn check_notation(&self, value: &Value<'a>, ty: &Type<'a>) -> Resolved<()> {
        let Some((named, kinds)) = named(&ty.kind) else {
            return Ok(());
        };
        let fits = match &value.notation {
            Notation::Null => kinds == Of::Null,
            Notation::Boolean(_) => kinds == Of::Boolean,
            Notation::Integer(_) => matches!(kinds, Of::Integer | Of::Real),
            Notation::Real(_) => kinds == Of::Real,
            Notation::Text(_) => kinds == Of::Text,
            Notation::Bits(_) | Notation::Hex(_) => matches!(kinds, Of::Bits | Of::Octets),
            Notation::Choice(..) => kinds == Of::Choice,
            Notation::Braces(_) => matches!(
                kinds,
                Of::Bits | Of::Real | Of::Text | Of::List | Of::Members | Of::Arcs
            ),
            Notation::Open(..) => false,
            Notation::Reference { .. } | Notation::Field { .. } | Notation::Unknown => true,
        };
        if fits {
            return Ok(());
        }
        let module = &self.modules[value.module as usize];
        let parser = Parser::new(
            module.file,
            module.text,
            module.tokens.clone(),
            value.module,
            value.token,
            module.tokens.len() as u32,
        );
        self.fault_at(value.place(), parser.fault(&format!("a value of {named}")).message)
    }
}

/// What values of a type are made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Null,
    Boolean,
    Integer,
    Real,
    Text,
    Bits,
    Octets,
    Arcs,
    Item,
    List,
    Members,
    Choice,
}

/// What a type is called, and what its values are made of; None where that is not known.
fn named(kind: &TypeKind<'_>) -> Option<(&'static str, Of)> {
    Some(match kind {
        TypeKind::Integer(_) => ("INTEGER", Of::Integer),
        TypeKind::BitString(_) => ("BIT STRING", Of::Bits),
        TypeKind::Enumerated { .. } => ("ENUMERATED", Of::Item),
        TypeKind::Sequence(_) => ("SEQUENCE", Of::Members),
        TypeKind::Set(_) => ("SET", Of::Members),
        TypeKind::SequenceOf(_) => ("SEQUENCE OF", Of::List),
        TypeKind::SetOf(_) => ("SET OF", Of::List),
        TypeKind::Choice(_) => ("CHOICE", Of::Choice),
        TypeKind::Simple(kind) => match kind {
            Kind::Null => ("NULL", Of::Null),
            Kind::Boolean => ("BOOLEAN", Of::Boolean),
            Kind::Real => ("REAL", Of::Real),
            Kind::OctetString { .. } => ("OCTET STRING", Of::Octets),
            Kind::ObjectIdentifier => ("OBJECT IDENTIFIER", Of::Arcs),
            Kind::RelativeOid => ("RELATIVE-OID", Of::Arcs),
            Kind::ObjectDescriptor => ("ObjectDescriptor", Of::Text),
            Kind::String(_) => ("a type of character string", Of::Text),
            Kind::UtcTime => ("UTCTime", Of::Text),
            Kind::GeneralizedTime => ("GeneralizedTime", Of::Text),
            Kind::Time(_) => ("a type of time", Of::Text),
            Kind::External(_) => ("EXTERNAL", Of::Members),
            Kind::EmbeddedPdv(_) => ("EMBEDDED PDV", Of::Members),
            Kind::CharacterString(_) => ("CHARACTER STRING", Of::Members),
            _ => return None,
        },
        TypeKind::Reference { .. }
        | TypeKind::Field { .. }
        | TypeKind::Selection(..)
        | TypeKind::Any { .. }
        | TypeKind::InstanceOf(_) => return None,
    })
}
