//! Types (X.680 clauses 17 to 41).

use std::rc::Rc;

use super::{Parsed, Parser, split};
use crate::front::ast::*;
use crate::front::lexer::Kind as T;
use crate::schema::{Class, Kind, Members, StringKind};
use foldhash::HashSet;

impl<'a> Parser<'a> {
    /// An object or object set by name, in the form of a type reference.
    pub fn ty_or_object(&mut self) -> Parsed<Rc<Type<'a>>> {
        let parsed = self.reference()?;
        Ok(Rc::new(parsed))
    }

    /// What is left of the span.
    pub fn rest(&self) -> Span {
        Span {
            module: self.module,
            start: self.at,
            end: self.end,
        }
    }

    pub(super) fn make(&self, token: u32, kind: TypeKind<'a>) -> Type<'a> {
        Type {
            token,
            module: self.module,
            tags: Vec::new(),
            kind,
            constraints: Vec::new(),
        }
    }

    pub fn ty(&mut self) -> Parsed<Rc<Type<'a>>> {
        self.nest(|p| {
            let token = p.at;
            let mut tags = Vec::new();
            while p.is(b'[') {
                if !p.encoding_instruction()? {
                    tags.push(p.tag()?);
                }
            }
            let mut ty = p.untagged()?;
            ty.token = token;
            if let (TypeKind::Simple(Kind::Time(kind)), [tag]) = (&mut ty.kind, &tags[..])
                && let (Class::Universal, TagNumber::Number(number @ 31..=34)) = (tag.class, &tag.number)
            {
                *kind = *number;
            }
            ty.tags = tags;
            while p.is(b'(') {
                let constraint = p.constraint()?;
                ty.constraints.push(constraint);
            }
            Ok(Rc::new(ty))
        })
    }

    /// Step over `[XER: ATTRIBUTE]`, which is for encoding rules other than these (X.680 31.3); a tag is none.
    fn encoding_instruction(&mut self) -> Parsed<bool> {
        let named = self.peek(1) == T::Upper && self.peek(2) == T::Mark(b':');
        let by_tag = if named {
            self.word_at(1) == "TAG"
        } else {
            !self.instructions
        };
        if !by_tag {
            self.bracketed(b'[', b']')?;
        }
        Ok(!by_tag)
    }

    pub(super) fn tag(&mut self) -> Parsed<TagSpec<'a>> {
        self.expect(b'[')?;
        if self.is_word("TAG") && self.peek(1) == T::Mark(b':') {
            self.at += 2;
        }
        let class = match self.word() {
            "UNIVERSAL" => Class::Universal,
            "APPLICATION" => Class::Application,
            "PRIVATE" => Class::Private,
            _ => Class::Context,
        };
        if class != Class::Context {
            self.bump();
        }
        let number = match self.kind() {
            T::Number => {
                let number = self.word().parse::<u32>().ok().filter(|n| *n < 1 << 29);
                let number = number.ok_or_else(|| self.fault("a tag number below 2^29"))?;
                self.bump();
                TagNumber::Number(number)
            }
            T::Lower => TagNumber::Reference(self.bump()),
            _ => return Err(self.fault("a tag number")),
        };
        self.expect(b']')?;
        let implicit = match self.word() {
            "IMPLICIT" => Some(true),
            "EXPLICIT" => Some(false),
            _ => None,
        };
        if implicit.is_some() {
            self.bump();
        }
        Ok(TagSpec {
            class,
            number,
            implicit,
        })
    }

    pub(super) fn untagged(&mut self) -> Parsed<Type<'a>> {
        let token = self.at;
        if self.kind() == T::Lower {
            if self.peek(1) == T::Mark(b'<') {
                let alternative = self.bump();
                self.bump();
                let ty = self.ty()?;
                return Ok(self.make(token, TypeKind::Selection(alternative, ty)));
            }
            if self.peek(1) == T::Mark(b'.') && matches!(self.peek(2), T::UpperField | T::LowerField) {
                return self.reference();
            }
        }
        if self.kind() != T::Upper {
            return Err(self.fault("a type"));
        }
        let simple = |kind| Ok(TypeKind::Simple(kind));
        let string = |kind| Ok(TypeKind::Simple(Kind::String(kind)));
        let word = self.word();
        let kind = match word {
            "BOOLEAN" => simple(Kind::Boolean),
            "NULL" => simple(Kind::Null),
            "REAL" => simple(Kind::Real),
            "EXTERNAL" => simple(Kind::External(Members::default())),
            "UTCTime" => simple(Kind::UtcTime),
            "GeneralizedTime" => simple(Kind::GeneralizedTime),
            "ObjectDescriptor" => simple(Kind::ObjectDescriptor),
            "RELATIVE-OID" => simple(Kind::RelativeOid),
            "TIME" => simple(Kind::Time(14)),
            "UTF8String" => string(StringKind::Utf8),
            "NumericString" => string(StringKind::Numeric),
            "PrintableString" => string(StringKind::Printable),
            "TeletexString" | "T61String" => string(StringKind::Teletex),
            "VideotexString" => string(StringKind::Videotex),
            "IA5String" => string(StringKind::Ia5),
            "GraphicString" => string(StringKind::Graphic),
            "VisibleString" | "ISO646String" => string(StringKind::Visible),
            "GeneralString" => string(StringKind::General),
            "UniversalString" => string(StringKind::Universal),
            "BMPString" => string(StringKind::Bmp),
            "CHARACTER" | "EMBEDDED" | "OBJECT" | "OCTET" | "BIT" | "INTEGER" | "ENUMERATED" | "SEQUENCE" | "SET"
            | "CHOICE" | "ANY" | "INSTANCE" => {
                self.bump();
                self.compound(word)
            }
            _ => return self.reference(),
        }?;
        if self.at == token {
            self.bump();
        }
        let mut ty = self.make(token, kind);
        ty.constraints = std::mem::take(&mut self.before_of);
        Ok(ty)
    }

    pub(super) fn compound(&mut self, word: &str) -> Parsed<TypeKind<'a>> {
        Ok(match word {
            "CHARACTER" => {
                self.expect_word("STRING")?;
                TypeKind::Simple(Kind::CharacterString(Members::default()))
            }
            "EMBEDDED" => {
                self.expect_word("PDV")?;
                TypeKind::Simple(Kind::EmbeddedPdv(Members::default()))
            }
            "OBJECT" => {
                self.expect_word("IDENTIFIER")?;
                TypeKind::Simple(Kind::ObjectIdentifier)
            }
            "OCTET" => {
                self.expect_word("STRING")?;
                TypeKind::Simple(Kind::OctetString { contained: None })
            }
            "BIT" => {
                self.expect_word("STRING")?;
                TypeKind::BitString(self.named()?)
            }
            "INTEGER" => TypeKind::Integer(self.named()?),
            "ENUMERATED" => self.enumerated()?,
            "ANY" => {
                let mut defined_by = None;
                if self.eat_word("DEFINED") {
                    self.expect_word("BY")?;
                    defined_by = Some(self.expect_kind(T::Lower, "an identifier")?);
                }
                TypeKind::Any { defined_by }
            }
            "INSTANCE" => {
                self.expect_word("OF")?;
                if self.kind() != T::Upper {
                    return Err(self.fault("a class"));
                }
                TypeKind::InstanceOf(self.ty_or_object()?)
            }
            "CHOICE" => TypeKind::Choice(self.components()?),
            _ => {
                let set = word == "SET";
                if self.is(b'{') {
                    let components = self.components()?;
                    return Ok(if set {
                        TypeKind::Set(components)
                    } else {
                        TypeKind::Sequence(components)
                    });
                }
                let mut constraints = Vec::new();
                if self.is(b'(') {
                    constraints.push(self.constraint()?);
                } else if self.is_word("SIZE") {
                    let start = self.at;
                    self.bump();
                    self.bracketed(b'(', b')')?;
                    let span = Span {
                        module: self.module,
                        start,
                        end: self.at,
                    };
                    constraints.push(Constraint {
                        span,
                        table: None,
                        at: Vec::new(),
                        containing: None,
                        encoded_by: None,
                    });
                }
                self.expect_word("OF")?;
                if self.kind() == T::Lower && !matches!(self.peek(1), T::Mark(b'<') | T::Mark(b'.')) {
                    self.bump();
                }
                let of = self.ty()?;
                self.before_of = constraints;
                if set {
                    TypeKind::SetOf(of)
                } else {
                    TypeKind::SequenceOf(of)
                }
            }
        })
    }

    /// `{ name(value), ... }` of INTEGER and BIT STRING
    pub(super) fn named(&mut self) -> Parsed<Named<'a>> {
        let mut named = Vec::new();
        if !self.eat(b'{') {
            return Ok(named);
        }
        let mut names = HashSet::default();
        while !self.eat(b'}') {
            let name = self.item(&mut names)?;
            self.expect(b'(')?;
            let value = self.value()?;
            self.expect(b')')?;
            named.push((name, value));
            if !self.eat(b',') && !self.is(b'}') {
                return Err(self.fault("`,` or `}`"));
            }
        }
        Ok(named)
    }

    /// The identifier of an item, which none before it in the list has.
    fn item(&mut self, names: &mut HashSet<&'a str>) -> Parsed<&'a str> {
        if self.kind() == T::Lower && !names.insert(self.word()) {
            return Err(self.fault("an identifier that is not in the list yet"));
        }
        self.expect_kind(T::Lower, "an identifier")
    }

    pub(super) fn enumerated(&mut self) -> Parsed<TypeKind<'a>> {
        self.expect(b'{')?;
        let (mut items, mut extensible, mut root) = (Vec::new(), false, None);
        let mut names = HashSet::default();
        while !self.eat(b'}') {
            if self.eat_kind(T::Ellipsis) {
                extensible = true;
                root = root.or(Some(items.len()));
                self.exception()?;
            } else {
                let name = self.item(&mut names)?;
                let value = if self.eat(b'(') {
                    let value = self.value()?;
                    self.expect(b')')?;
                    Some(value)
                } else {
                    None
                };
                items.push((name, value));
            }
            if !self.eat(b',') && !self.is(b'}') {
                return Err(self.fault("`,` or `}`"));
            }
        }
        let root = root.unwrap_or(items.len());
        Ok(TypeKind::Enumerated {
            items,
            extensible,
            root,
        })
    }

    pub(super) fn exception(&mut self) -> Parsed<()> {
        if self.eat(b'!') {
            if self.kind() == T::Upper {
                self.ty()?;
                self.expect(b':')?;
            }
            self.value()?;
        }
        Ok(())
    }

    pub(super) fn components(&mut self) -> Parsed<Components<'a>> {
        self.expect(b'{')?;
        let mut components = Components::default();
        let mut markers = 0;
        while !self.eat(b'}') {
            if self.eat_kind(T::Ellipsis) {
                markers += 1;
                if markers > 2 {
                    self.at -= 1;
                    return Err(self.fault("two `...` at most"));
                }
                components.extensible = true;
                self.exception()?;
            } else if self.is(b'[') && self.peek(1) == T::Mark(b'[') {
                self.at += 2;
                if self.kind() == T::Number && self.peek(1) == T::Mark(b':') {
                    self.bump();
                    self.bump();
                }
                while !self.eat(b']') {
                    let component = self.component(true)?;
                    components.items.push(component);
                    if !self.eat(b',') && !self.is(b']') {
                        return Err(self.fault("`,` or `]]`"));
                    }
                }
                self.expect(b']')?;
            } else {
                let component = self.component(markers == 1)?;
                components.items.push(component);
                components.behind += usize::from(markers > 1);
            }
            if !self.eat(b',') && !self.is(b'}') {
                return Err(self.fault("`,` or `}`"));
            }
        }
        Ok(components)
    }

    pub(super) fn component(&mut self, addition: bool) -> Parsed<Component<'a>> {
        if self.is_word("COMPONENTS") && self.word_at(1) == "OF" {
            self.bump();
            self.bump();
            return Ok(Component::ComponentsOf {
                ty: self.ty()?,
                addition,
            });
        }
        // X.208 let a component go without an identifier
        let named = self.kind() == T::Lower && !matches!(self.peek(1), T::Mark(b'<') | T::Mark(b'.'));
        let name = if named { self.bump() } else { "" };
        let ty = self.ty()?;
        let (mut optional, mut default) = (false, None);
        if self.eat_word("OPTIONAL") {
            optional = true;
        } else if self.eat_word("DEFAULT") {
            default = Some(self.value()?);
        }
        Ok(Component::Named {
            name,
            ty,
            optional,
            default,
            addition,
        })
    }

    /// A type by name, with its parameters, or a field of a class or object.
    pub(super) fn reference(&mut self) -> Parsed<Type<'a>> {
        let token = self.at;
        let mut name = self.bump();
        let mut module = None;
        if self.is(b'.') && matches!(self.peek(1), T::Upper | T::Lower) && name.as_bytes()[0].is_ascii_uppercase() {
            self.bump();
            module = Some(name);
            name = self.bump();
        }
        let arguments = if self.is(b'{') { self.arguments()? } else { Vec::new() };
        let mut path = Vec::new();
        while self.is(b'.') && matches!(self.peek(1), T::UpperField | T::LowerField) {
            self.bump();
            path.push(self.bump());
        }
        let kind = if path.is_empty() {
            TypeKind::Reference {
                module,
                name,
                arguments,
            }
        } else {
            TypeKind::Field {
                module,
                head: name,
                arguments,
                path,
            }
        };
        Ok(self.make(token, kind))
    }

    /// The spans of actual parameters, to be parsed when their governors are known.
    pub(super) fn arguments(&mut self) -> Parsed<Vec<Span>> {
        let within = self.bracketed(b'{', b'}')?;
        Ok(split(&self.tokens, within, b','))
    }
}
