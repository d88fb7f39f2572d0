//! Information objects (X.681): classes, objects and object sets, and the open types that they fill (X.682 clause 10).

use std::rc::Rc;
use std::sync::Arc;

use super::types::universal;
use super::{Resolved, Resolver, ScopeId, Symbol};
use crate::front::ast::*;
use crate::front::lexer::Kind as T;
use crate::front::parser::Parser;
use crate::schema::{self, Kind, Member, Members, OpenTable, Tag, TypeId, TypeNode, Value as SchemaValue};

/// A class, and where its fields' types are looked up.
#[derive(Clone)]
pub(super) struct Class<'a> {
    definition: Rc<ClassDefinition<'a>>,
    pub(super) scope: ScopeId,
}

/// An object: what each of its fields is set to, and where that is looked up.
pub(super) struct Object<'a> {
    pub(super) class: Class<'a>,
    settings: Vec<(&'a str, Span, ScopeId)>,
}

/// The objects of a set, listed once for all that use it.
pub(super) type Objects<'a> = Rc<Vec<Rc<Object<'a>>>>;

/// Identifiers, each with the type that an open type has with it.
pub(super) type Rows = Arc<Vec<(SchemaValue, TypeId)>>;

impl<'a> Class<'a> {
    pub(super) fn field(&self, name: &str) -> Option<&ClassField<'a>> {
        self.definition.fields.iter().find(|f| f.name == name)
    }

    /// The field whose value no two objects of a set share.
    pub(super) fn unique(&self) -> Option<&ClassField<'a>> {
        self.definition.fields.iter().find(|f| f.unique)
    }

    /// The field that tells the objects of a set apart: the UNIQUE one, else the first value field.
    fn identifier(&self) -> Option<&ClassField<'a>> {
        let is_value = |f: &&ClassField<'a>| f.name.as_bytes()[1].is_ascii_lowercase();
        self.unique().or_else(|| self.definition.fields.iter().find(is_value))
    }
}

impl<'a> Object<'a> {
    /// The same for no two objects, but where they come from the same notation.
    pub(super) fn settings_as_written(&self) -> String {
        format!("{:?}", self.settings)
    }

    pub(super) fn setting(&self, name: &str) -> Option<(Span, ScopeId)> {
        let set = self
            .settings
            .iter()
            .find(|(n, ..)| *n == name)
            .map(|&(_, span, scope)| (span, scope));
        set.or_else(|| {
            self.class
                .field(name)
                .and_then(|f| f.default)
                .map(|span| (span, self.class.scope))
        })
    }
}

impl<'a> Resolver<'a> {
    /// Whether a type as written is really the name of a class.
    pub(super) fn is_class(&mut self, ty: &Type<'a>, scope: ScopeId) -> bool {
        matches!(self.class(ty, scope), Ok(Some(_)))
    }

    /// The class that a reference names; None when it names something else.
    pub(super) fn class(&mut self, ty: &Type<'a>, scope: ScopeId) -> Resolved<Option<Class<'a>>> {
        let TypeKind::Reference { module, name, .. } = &ty.kind else {
            return Ok(None);
        };
        self.step(ty)?;
        let found = self.named_class(*module, name, ty, scope);
        self.chain -= 1;
        found
    }

    fn named_class(
        &mut self,
        qualifier: Option<&'a str>,
        name: &'a str,
        ty: &Type<'a>,
        scope: ScopeId,
    ) -> Resolved<Option<Class<'a>>> {
        match self.look_up_qualified(qualifier, name, scope, ty.module, ty.token)? {
            Symbol::Argument(argument) => {
                if self.parser(argument.span).kind() != T::Upper {
                    return Ok(None);
                }
                let inner = self.span_type(argument.span)?;
                self.class(&inner, argument.scope)
            }
            Symbol::Assigned { module, index } => match self.modules[module as usize].assignments[index].body.clone() {
                Body::Class(definition) => Ok(Some(Class {
                    definition,
                    scope: module,
                })),
                Body::Type(inner) => self.class(&inner, module),
                _ => Ok(None),
            },
        }
    }

    // Types out of classes and objects

    /// The type that `CLASS.&field` or `object.&Type` gives, None where it is left open.
    pub(super) fn field_type(
        &mut self,
        ty: &Rc<Type<'a>>,
        scope: ScopeId,
    ) -> Resolved<Option<(Rc<Type<'a>>, ScopeId)>> {
        let TypeKind::Field {
            module,
            head,
            arguments,
            path,
        } = &ty.kind
        else {
            return Ok(None);
        };
        if head.as_bytes()[0].is_ascii_lowercase() {
            let object = self.named_object(*module, head, arguments, scope, ty)?;
            return self.object_field_type(&object, path, ty);
        }
        let as_class = Type {
            token: ty.token,
            module: ty.module,
            tags: Vec::new(),
            kind: TypeKind::Reference {
                module: *module,
                name: head,
                arguments: Vec::new(),
            },
            constraints: Vec::new(),
        };
        let mut found = self.class(&as_class, scope)?;
        if found.is_none() {
            // a field of the objects of a set is typed by their class
            if let Symbol::Assigned { module, index } =
                self.look_up_qualified(*module, head, scope, ty.module, ty.token)?
                && let Body::Set(governor, _) = self.modules[module as usize].assignments[index].body.clone()
            {
                found = self.class(&governor, module)?;
            }
        }
        let Some(mut class) = found else {
            return Ok(None);
        };
        for (i, name) in path.iter().enumerate() {
            let Some(field) = class.field(name) else {
                return self.fault(ty, format!("expected a field of the class `{head}`, found `{name}`"));
            };
            let Some(governor) = field.governor.clone() else {
                return Ok(None);
            };
            if i + 1 == path.len() {
                return Ok(Some((governor, class.scope)));
            }
            class = match self.class(&governor, class.scope)? {
                Some(class) => class,
                None => return self.fault(ty, format!("expected a field that holds objects, found `{name}`")),
            };
        }
        Ok(None)
    }

    fn object_field_type(
        &mut self,
        object: &Object<'a>,
        path: &[&'a str],
        ty: &Type<'a>,
    ) -> Resolved<Option<(Rc<Type<'a>>, ScopeId)>> {
        let Some((name, rest)) = path.split_first() else {
            return Ok(None);
        };
        let Some((span, scope)) = object.setting(name) else {
            return self.fault(ty, format!("expected an object that sets `{name}`"));
        };
        if rest.is_empty() {
            return Ok(Some((self.span_type(span)?, scope)));
        }
        self.step(ty)?;
        let inner = self.span_object(span, scope, None, ty);
        let found = inner.and_then(|inner| self.object_field_type(&inner, rest, ty));
        self.chain -= 1;
        found
    }

    /// The type of an open type that its constraint leaves no choice: `CLASS.&Type ({object})`.
    pub(super) fn only_type(&mut self, ty: &Rc<Type<'a>>, scope: ScopeId) -> Resolved<Option<(Rc<Type<'a>>, ScopeId)>> {
        let TypeKind::Field { path, .. } = &ty.kind else {
            return Ok(None);
        };
        let Some(set) = ty.constraints.iter().find(|c| c.at.is_empty()).and_then(|c| c.table) else {
            return Ok(None);
        };
        let [name] = path.as_slice() else { return Ok(None) };
        match self.object_set(set, scope, ty) {
            Ok(objects) => match objects.as_slice() {
                [only] => match only.setting(name) {
                    Some((span, scope)) => Ok(Some((self.span_type(span)?, scope))),
                    None => Ok(None),
                },
                _ => Ok(None),
            },
            Err(fault) if fault.missing => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The rows of `CLASS.&Type ({Set}{@identifier})`; the constraint is that of `by`.
    pub(super) fn open_table(
        &mut self,
        ty: &Type<'a>,
        by: &Type<'a>,
        scope: ScopeId,
        depth: u32,
    ) -> Resolved<Option<OpenTable>> {
        let TypeKind::Field { head, path, .. } = &ty.kind else {
            return Ok(None);
        };
        let constraint = by.constraints.iter().find(|c| c.table.is_some() && !c.at.is_empty());
        let (Some(constraint), [field]) = (constraint, path.as_slice()) else {
            return Ok(None);
        };
        let (Some(set), Some(at)) = (constraint.table, constraint.at.first()) else {
            return Ok(None);
        };
        let Some(rows) = self.rows(set, field, scope, by)? else {
            return Ok(None);
        };
        let up = if at.dots == 0 {
            depth.saturating_sub(1)
        } else {
            at.dots - 1
        };
        Ok(Some(OpenTable {
            field: format!("{head}.{field}"),
            up,
            path: at.path.iter().map(|&p| p.to_owned()).collect(),
            rows,
            always: false,
        }))
    }

    /// What the objects of a set have in `field`, each with its identifier; None where the set is not at hand.
    pub(super) fn rows(&mut self, set: Span, field: &'a str, scope: ScopeId, ty: &Type<'a>) -> Resolved<Option<Rows>> {
        let objects = match self.object_set(set, scope, ty) {
            Ok(objects) => objects,
            Err(fault) if fault.missing => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let key = (Rc::as_ptr(&objects), field);
        if let Some(known) = self.rows.get(&key) {
            return Ok(Some(known.clone()));
        }
        let mut rows = Vec::with_capacity(objects.len());
        for object in objects.iter() {
            let Some(identifier) = object.class.identifier() else {
                continue;
            };
            let (Some(governor), Some((value, value_scope)), Some((held, held_scope))) = (
                identifier.governor.clone(),
                object.setting(identifier.name),
                object.setting(field),
            ) else {
                continue;
            };
            let row = self.row(&governor, object.class.scope, (value, value_scope), (held, held_scope));
            match row {
                Ok(row) => rows.push(row),
                Err(fault) if fault.missing => {}
                Err(fault) => return Err(fault),
            }
        }
        let rows: Rows = rows.into();
        self.rows.insert(key, rows.clone());
        Ok(Some(rows))
    }

    fn row(
        &mut self,
        governor: &Rc<Type<'a>>,
        class_scope: ScopeId,
        (value, value_scope): (Span, ScopeId),
        (held, held_scope): (Span, ScopeId),
    ) -> Resolved<(SchemaValue, u32)> {
        let target = self.target(governor, class_scope)?;
        let mut parser = self.parser(value);
        let parsed = self.parsed(value, parser.value())?;
        let identifier = self.value(&parsed, value_scope, &target)?;
        let ty = self.span_type(held)?;
        Ok((identifier, self.type_id(&ty, held_scope, None, 0)?))
    }

    /// The associated type of INSTANCE OF (X.681 annex C): an object identifier, and a value of the type that the class's
    /// object of that identifier has.
    pub(super) fn instance_of(&mut self, class: &Type<'a>, ty: &Rc<Type<'a>>, scope: ScopeId) -> Resolved<Members> {
        match self.class(class, scope) {
            Ok(Some(class)) if class.field("&id").is_some() && class.field("&Type").is_some() => {}
            Err(fault) if fault.lenient => self.warnings.push(fault),
            Err(fault) => return Err(fault),
            Ok(_) => return self.fault(class, "expected a class with the fields of TYPE-IDENTIFIER"),
        }
        let set = ty.constraints.iter().find_map(|constraint| constraint.table);
        let table = match set {
            Some(set) => self.rows(set, "&Type", scope, ty)?.map(|rows| OpenTable {
                field: "TYPE-IDENTIFIER.&Type".to_owned(),
                up: 0,
                path: vec!["type-id".to_owned()],
                rows,
                always: false,
            }),
            None => None,
        };
        let value_tag = Tag {
            class: schema::Class::Context,
            number: 0,
        };
        let parts = [
            ("type-id", universal(6), Kind::ObjectIdentifier),
            ("value", value_tag, Kind::Open(table)),
        ];
        let members = parts.map(|(name, tag, kind)| {
            self.nodes.push(TypeNode {
                tags: vec![tag],
                kind,
                name: String::new(),
                module: u32::MAX,
                constraint: schema::Constraint::default(),
            });
            Member {
                name: name.to_owned(),
                type_id: self.nodes.len() as TypeId - 1,
                optional: false,
                default: None,
                addition: false,
            }
        });
        Ok(Members {
            members: members.into(),
            extensible: false,
        })
    }

    // Objects

    pub(super) fn named_object(
        &mut self,
        qualifier: Option<&'a str>,
        name: &'a str,
        arguments: &[Span],
        scope: ScopeId,
        ty: &Type<'a>,
    ) -> Resolved<Rc<Object<'a>>> {
        self.step(ty)?;
        let found = self.looked_up_object(qualifier, name, arguments, scope, ty);
        self.chain -= 1;
        found
    }

    fn looked_up_object(
        &mut self,
        qualifier: Option<&'a str>,
        name: &'a str,
        arguments: &[Span],
        scope: ScopeId,
        ty: &Type<'a>,
    ) -> Resolved<Rc<Object<'a>>> {
        match self.look_up_qualified(qualifier, name, scope, ty.module, ty.token)? {
            Symbol::Argument(argument) => self.span_object(argument.span, argument.scope, None, ty),
            Symbol::Assigned { module, index } => match self.modules[module as usize].assignments[index].body.clone() {
                Body::Value(governor, value) => {
                    let scope = self.scope_of(module, index, arguments, scope, (ty.module, ty.token))?;
                    let key = (module, index, scope);
                    if let Some(known) = self.named_objects.get(&key) {
                        return Ok(known.clone());
                    }
                    let Some(class) = self.class(&governor, module)? else {
                        return self.fault(ty, format!("expected an object, found the value `{name}`"));
                    };
                    let object = match &value.notation {
                        Notation::Braces(span) => self.object(*span, scope, &class),
                        Notation::Reference {
                            module,
                            name,
                            arguments,
                        } => self.named_object(*module, name, arguments, scope, ty),
                        _ => self.fault(ty, format!("expected an object, found the value `{name}`")),
                    }?;
                    self.named_objects.insert(key, object.clone());
                    Ok(object)
                }
                _ => self.fault(ty, format!("expected an object, found `{name}`")),
            },
        }
    }

    /// The object that a span names, or defines when its class is known.
    pub(super) fn span_object(
        &mut self,
        span: Span,
        scope: ScopeId,
        class: Option<&Class<'a>>,
        ty: &Type<'a>,
    ) -> Resolved<Rc<Object<'a>>> {
        let mut parser = self.parser(span);
        match (parser.kind(), class) {
            (T::Lower, _) => {
                let name = parser.bump();
                let arguments = self.object_arguments(&mut parser, span)?;
                self.named_object(None, name, &arguments, scope, ty)
            }
            (T::Mark(b'{'), Some(class)) => {
                let within = parser.bracketed(b'{', b'}');
                let within = self.parsed(span, within)?;
                self.object(within, scope, class)
            }
            (T::Mark(b'{'), None) => {
                let within = parser.bracketed(b'{', b'}');
                let within = self.parsed(span, within)?;
                self.step(ty)?;
                let found = self.span_object(within, scope, None, ty);
                self.chain -= 1;
                found
            }
            _ => self.parsed(span, Err(parser.fault("an object"))),
        }
    }

    pub(super) fn object_arguments(&mut self, parser: &mut Parser<'a>, span: Span) -> Resolved<Vec<Span>> {
        if !parser.is(b'{') {
            return Ok(Vec::new());
        }
        let within = parser.bracketed(b'{', b'}');
        let within = self.parsed(span, within)?;
        Ok(crate::front::parser::split(
            &self.modules[span.module as usize].tokens,
            within,
            b',',
        ))
    }

    /// Read an object's definition in the syntax of its class (X.681 clauses 10 and 11).
    pub(super) fn object(&mut self, span: Span, scope: ScopeId, class: &Class<'a>) -> Resolved<Rc<Object<'a>>> {
        let mut parser = self.parser(span);
        let mut settings = Vec::new();
        let definition = class.definition.clone();
        let read = if definition.syntax.is_empty() {
            default_syntax(&mut parser, &mut settings)
        } else {
            defined_syntax(&mut parser, &definition.syntax, &mut settings)
        };
        let read = read.and_then(|()| {
            if parser.done() {
                Ok(())
            } else {
                Err(parser.fault("the syntax of the class"))
            }
        });
        self.parsed(
            Span {
                start: parser.at.min(span.end),
                ..span
            },
            read,
        )?;
        let settings = settings.into_iter().map(|(name, span)| (name, span, scope)).collect();
        Ok(Rc::new(Object {
            class: class.clone(),
            settings,
        }))
    }
}

type Settings<'a> = Vec<(&'a str, Span)>;

fn default_syntax<'a>(parser: &mut Parser<'a>, settings: &mut Settings<'a>) -> Result<(), crate::front::Diagnostic> {
    while matches!(parser.kind(), T::UpperField | T::LowerField) {
        let name = parser.bump();
        settings.push((name, parser.setting()?));
        if !parser.eat(b',') {
            break;
        }
    }
    Ok(())
}

fn defined_syntax<'a>(
    parser: &mut Parser<'a>,
    syntax: &[Syntax<'a>],
    settings: &mut Settings<'a>,
) -> Result<(), crate::front::Diagnostic> {
    for item in syntax {
        match item {
            Syntax::Literal(",") => parser.expect(b',')?,
            Syntax::Literal(word) => {
                if !parser.eat_word(word) {
                    return Err(parser.fault(&format!("`{word}`")));
                }
            }
            Syntax::Field(name) => settings.push((name, parser.setting()?)),
            Syntax::Optional(group) => {
                if begins(parser, group) {
                    let (at, known) = (parser.at, settings.len());
                    let read = defined_syntax(parser, group, settings);
                    if read.is_err() && matches!(group.first(), Some(Syntax::Field(_))) {
                        // what looked like the field was a word of what follows
                        parser.at = at;
                        settings.truncate(known);
                    } else {
                        read?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// Whether an optional group is what stands next: its first words tell.
fn begins(parser: &Parser<'_>, group: &[Syntax<'_>]) -> bool {
    let mut ahead = 0;
    for item in group {
        match item {
            Syntax::Literal(",") => return parser.is(b','),
            Syntax::Literal(word) if parser.word_at(ahead) == *word => ahead += 1,
            Syntax::Literal(_) => return false,
            Syntax::Field(name) => {
                let upper = name.as_bytes()[1].is_ascii_uppercase();
                return ahead > 0 || !parser.done() && (!upper || !matches!(parser.kind(), T::Mark(b',')));
            }
            Syntax::Optional(group) => return ahead > 0 || begins(parser, group),
        }
    }
    ahead > 0
}
