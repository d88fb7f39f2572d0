//! Types: references followed, tags decided (X.680 31.2), components expanded and tagged automatically (X.680 25).

use std::rc::Rc;

use super::distinct::Place;
use super::{NodeKey, Resolved, Resolver, ScopeId, Symbol, Work};
use crate::front::ast::*;
use crate::schema::{self, Choice, Class, Kind, Tag, TypeId, TypeNode};

/// What a type comes to when its references are followed.
#[derive(Clone)]
pub(super) struct Target<'a> {
    /// The type that has the structure, and where its names are looked up.
    pub ty: Rc<Type<'a>>,
    pub scope: ScopeId,
    pub tags: Vec<Tag>,
    /// A CHOICE or an open type, not yet wrapped: it has no tag of its own to be replaced.
    pub untagged: bool,
    pub name: &'a str,
    /// The module that assigns `name`.
    pub module: u32,
    pub constraints: Vec<(Rc<Type<'a>>, ScopeId)>,
    /// Written in place, with no reference followed.
    pub inline: bool,
    /// By the field of a class: `({...})` behind it is a table, not a value (X.682 10).
    pub field: bool,
}

/// One component after COMPONENTS OF was expanded.
pub(super) struct Item<'a> {
    pub name: &'a str,
    pub ty: Rc<Type<'a>>,
    pub scope: ScopeId,
    pub automatic: Option<u32>,
    pub optional: bool,
    pub default: Option<Rc<Value<'a>>>,
    pub addition: bool,
    pub place: Place,
}

pub(super) fn universal(number: u32) -> Tag {
    Tag {
        class: Class::Universal,
        number,
    }
}

/// The universal tag of a kind that the notation alone determines (X.680 table 1).
fn universal_tag(kind: &Kind) -> u32 {
    use schema::StringKind as S;
    match kind {
        Kind::Boolean => 1,
        Kind::Integer { .. } => 2,
        Kind::BitString { .. } => 3,
        Kind::OctetString { .. } => 4,
        Kind::Null => 5,
        Kind::ObjectIdentifier => 6,
        Kind::ObjectDescriptor => 7,
        Kind::External(_) => 8,
        Kind::Real => 9,
        Kind::Enumerated { .. } => 10,
        Kind::EmbeddedPdv(_) => 11,
        Kind::RelativeOid => 13,
        Kind::Time(_) => 14,
        Kind::Sequence(_) | Kind::SequenceOf(_) => 16,
        Kind::Set(_) | Kind::SetOf(_) => 17,
        Kind::UtcTime => 23,
        Kind::GeneralizedTime => 24,
        Kind::CharacterString(_) => 29,
        Kind::String(string) => match string {
            S::Utf8 => 12,
            S::Numeric => 18,
            S::Printable => 19,
            S::Teletex => 20,
            S::Videotex => 21,
            S::Ia5 => 22,
            S::Graphic => 25,
            S::Visible => 26,
            S::General => 27,
            S::Universal => 28,
            S::Bmp => 30,
        },
        Kind::Choice(_) | Kind::Open(_) => 0,
    }
}

impl<'a> Resolver<'a> {
    /// The node of a type assignment.
    pub(super) fn named_type(&mut self, ty: &Rc<Type<'a>>, module: u32, name: &'a str) -> Resolved<TypeId> {
        let mut target = self.target(ty, module)?;
        (target.name, target.module) = (name, module);
        target.inline = true;
        self.node(target, 0)
    }

    /// The node of a type written within `depth` SEQUENCEs and SETs.
    pub(super) fn type_id(
        &mut self,
        ty: &Rc<Type<'a>>,
        scope: ScopeId,
        automatic: Option<u32>,
        depth: u32,
    ) -> Resolved<TypeId> {
        let mut target = self.target(ty, scope)?;
        if let Some(number) = automatic {
            target.untagged |= self.is_dummy(ty, scope);
            put_tag(
                &mut target,
                Tag {
                    class: Class::Context,
                    number,
                },
                true,
            );
        }
        self.node(target, depth)
    }

    fn node(&mut self, target: Target<'a>, depth: u32) -> Resolved<TypeId> {
        let constraints = target.constraints.iter();
        let key = NodeKey {
            ty: Rc::as_ptr(&target.ty),
            scope: target.scope,
            tags: target.tags.clone(),
            name: target.name,
            constraints: constraints.map(|(ty, scope)| (Rc::as_ptr(ty), *scope)).collect(),
        };
        if let Some(&id) = self.node_index.get(&key) {
            return Ok(id);
        }
        let id = self.nodes.len() as TypeId;
        let constraint = self.constraint(&target);
        self.nodes.push(TypeNode {
            tags: key.tags.clone(),
            kind: Kind::Null,
            name: target.name.to_owned(),
            module: target.module,
            constraint,
        });
        if matches!(target.ty.kind, TypeKind::Reference { .. }) {
            self.untold.push(id);
        }
        let body = (key.ty, key.scope);
        self.node_index.insert(key, id);
        if let TypeKind::Simple(kind) = &target.ty.kind {
            self.nodes[id as usize].kind = kind.clone();
        }
        let containing = self.containing(&target.constraints)?;
        let table = behind_reference(&target);
        let work = match (&target.ty.kind, containing) {
            (TypeKind::Simple(Kind::OctetString { .. }) | TypeKind::BitString(_), contained @ Some(_)) => {
                Some((0, contained, None))
            }
            (TypeKind::Field { .. }, _) if table.is_some() => Some((depth, None, table)),
            (TypeKind::Simple(_), _) => None,
            _ => {
                if let Some(&first) = self.bodies.get(&body) {
                    self.copies.push((id, first));
                    None
                } else {
                    self.bodies.insert(body, id);
                    Some((if target.inline { depth } else { 0 }, None, None))
                }
            }
        };
        if let Some((depth, contained, table)) = work {
            let (ty, scope) = (target.ty, target.scope);
            self.work.push(Work {
                id,
                ty,
                scope,
                depth,
                contained,
                table,
            });
        }
        Ok(id)
    }

    // Following references

    /// Follow references to the structure, gathering tags and constraints on the way.
    pub(super) fn target(&mut self, ty: &Rc<Type<'a>>, scope: ScopeId) -> Resolved<Target<'a>> {
        self.step(ty)?;
        let found = self.untagged_target(ty, scope);
        self.chain -= 1;
        let mut target = found?;
        if !ty.tags.is_empty() && self.is_dummy(ty, scope) {
            target.untagged = true;
        }
        for tag in ty.tags.iter().rev() {
            let number = match tag.number {
                TagNumber::Number(number) => number,
                TagNumber::Reference(name) => {
                    let value = Value {
                        module: ty.module,
                        token: ty.token,
                        notation: Notation::Reference {
                            module: None,
                            name,
                            arguments: Vec::new(),
                        },
                    };
                    match self.integer(&value, scope)? {
                        Some(number) if (0..1 << 29).contains(&number) => number as u32,
                        _ => return self.fault(ty, "expected a tag number below 2^29"),
                    }
                }
            };
            let default = self.modules[ty.module as usize].tagging != Tagging::Explicit;
            put_tag(
                &mut target,
                Tag {
                    class: tag.class,
                    number,
                },
                tag.implicit.unwrap_or(default),
            );
        }
        if !ty.constraints.is_empty() {
            target.constraints.push((ty.clone(), scope));
        }
        Ok(target)
    }

    /// As `resolved_target`, but what a published module that is not at hand defines is left open.
    fn untagged_target(&mut self, ty: &Rc<Type<'a>>, scope: ScopeId) -> Resolved<Target<'a>> {
        match self.resolved_target(ty, scope) {
            Err(fault) if fault.lenient => {
                self.warnings.push(fault);
                Ok(Target {
                    ty: ty.clone(),
                    scope,
                    tags: Vec::new(),
                    untagged: true,
                    name: "",
                    module: u32::MAX,
                    constraints: Vec::new(),
                    inline: true,
                    field: false,
                })
            }
            found => found,
        }
    }

    fn resolved_target(&mut self, ty: &Rc<Type<'a>>, scope: ScopeId) -> Resolved<Target<'a>> {
        let here = |tags: Vec<Tag>, untagged| Target {
            ty: ty.clone(),
            scope,
            tags,
            untagged,
            name: "",
            module: u32::MAX,
            constraints: Vec::new(),
            inline: true,
            field: matches!(ty.kind, TypeKind::Field { .. }),
        };
        Ok(match &ty.kind {
            TypeKind::Simple(kind) => here(vec![universal(universal_tag(kind))], false),
            TypeKind::Integer(_) => here(vec![universal(2)], false),
            TypeKind::BitString(_) => here(vec![universal(3)], false),
            TypeKind::Enumerated { .. } => here(vec![universal(10)], false),
            TypeKind::Sequence(_) | TypeKind::SequenceOf(_) => here(vec![universal(16)], false),
            TypeKind::Set(_) | TypeKind::SetOf(_) => here(vec![universal(17)], false),
            TypeKind::InstanceOf(_) => here(vec![universal(8)], false),
            TypeKind::Choice(_) | TypeKind::Any { .. } => here(Vec::new(), true),
            TypeKind::Reference {
                module,
                name,
                arguments,
            } => {
                return match self.look_up_qualified(*module, name, scope, ty.module, ty.token)? {
                    Symbol::Argument(argument) if argument.span.start >= argument.span.end => {
                        Ok(here(Vec::new(), true))
                    }
                    Symbol::Argument(argument) => {
                        let inner = self.span_type(argument.span)?;
                        self.followed(&inner, argument.scope, None)
                    }
                    Symbol::Assigned { module, index } => {
                        let assignment = &self.modules[module as usize].assignments[index];
                        let name = assignment.name;
                        match assignment.body.clone() {
                            Body::Type(inner) => {
                                let scope = self.scope_of(module, index, arguments, scope, (ty.module, ty.token))?;
                                self.followed(&inner, scope, Some((name, module)))
                            }
                            // a value set is a type with fewer values
                            Body::Set(governor, span) => {
                                let scope = self.scope_of(module, index, arguments, scope, (ty.module, ty.token))?;
                                let mut target = self.followed(&governor, scope, Some((name, module)))?;
                                target.constraints.push((self.value_set(&governor, span), scope));
                                Ok(target)
                            }
                            Body::Macro => Ok(here(Vec::new(), true)),
                            _ => self.fault(ty, format!("expected a type, found the class or value `{name}`")),
                        }
                    }
                };
            }
            TypeKind::Field { .. } => match self.field_type(ty, scope)? {
                Some((inner, scope)) => {
                    let mut target = self.followed(&inner, scope, None)?;
                    target.field = true;
                    return Ok(target);
                }
                None => match self.only_type(ty, scope)? {
                    Some((inner, scope)) => {
                        let mut target = self.followed(&inner, scope, None)?;
                        // written as an open type: its tag is never replaced
                        (target.untagged, target.field) = (true, true);
                        return Ok(target);
                    }
                    None => here(Vec::new(), true),
                },
            },
            TypeKind::Selection(alternative, of) => {
                let choice = self.target(of, scope)?;
                let TypeKind::Choice(_) = &choice.ty.kind else {
                    return self.fault(of, "expected a CHOICE to select from");
                };
                let items = self.items(&choice.ty, choice.scope)?;
                let Some(item) = items.iter().find(|i| i.name == *alternative) else {
                    return self.fault(
                        ty,
                        format!("expected an alternative of the CHOICE, found `{alternative}`"),
                    );
                };
                let mut target = self.followed(&item.ty, item.scope, None)?;
                if let Some(number) = item.automatic {
                    put_tag(
                        &mut target,
                        Tag {
                            class: Class::Context,
                            number,
                        },
                        true,
                    );
                }
                return Ok(target);
            }
        })
    }

    /// What bears the constraint that a value set's elements make; one for each set, so that nodes can be shared.
    fn value_set(&mut self, governor: &Rc<Type<'a>>, span: Span) -> Rc<Type<'a>> {
        let made = self.value_sets.entry(span).or_insert_with(|| {
            let constraint = Constraint {
                span,
                table: None,
                at: Vec::new(),
                containing: None,
                encoded_by: None,
            };
            Rc::new(Type {
                token: governor.token,
                module: governor.module,
                tags: Vec::new(),
                kind: TypeKind::Any { defined_by: None },
                constraints: vec![constraint],
            })
        });
        made.clone()
    }

    /// A dummy reference: whatever it stands for, a tag upon it is EXPLICIT (X.680 31.2.7 c).
    fn is_dummy(&self, ty: &Type<'a>, scope: ScopeId) -> bool {
        let TypeKind::Reference { module: None, name, .. } = &ty.kind else {
            return false;
        };
        self.scopes[scope as usize].arguments.iter().any(|a| a.name == *name)
    }

    fn followed(
        &mut self,
        ty: &Rc<Type<'a>>,
        scope: ScopeId,
        assigned: Option<(&'a str, u32)>,
    ) -> Resolved<Target<'a>> {
        let mut target = self.target(ty, scope)?;
        target.inline = false;
        if let Some(assigned) = assigned {
            (target.name, target.module) = assigned;
        }
        Ok(target)
    }

    /// The type that a span holds, parsed once.
    pub(super) fn span_type(&mut self, span: Span) -> Resolved<Rc<Type<'a>>> {
        if let Some(ty) = self.span_types.get(&span) {
            return Ok(ty.clone());
        }
        let mut parser = self.parser(span);
        let ty = self.parsed(span, parser.ty())?;
        self.span_types.insert(span, ty.clone());
        Ok(ty)
    }

    // Bodies

    pub(super) fn build(&mut self, work: Work<'a>) -> Resolved<()> {
        let Work {
            id,
            ty,
            scope,
            depth,
            contained,
            table,
        } = work;
        let contained = match contained {
            Some((ty, scope)) => Some(self.type_id(&ty, scope, None, 0)?),
            None => None,
        };
        let kind = match &ty.kind {
            TypeKind::Integer(_) => Kind::Integer {
                named: self.named_numbers(&ty, scope)?,
            },
            TypeKind::BitString(_) => Kind::BitString {
                named: self.named_bits(&ty, scope)?,
                contained,
            },
            TypeKind::Simple(Kind::OctetString { .. }) => Kind::OctetString { contained },
            TypeKind::Enumerated { extensible, .. } => {
                let extensible = *extensible || self.modules[ty.module as usize].extensible;
                Kind::Enumerated {
                    items: self.enumeration(&ty, scope)?,
                    extensible,
                }
            }
            TypeKind::Sequence(_) => Kind::Sequence(self.members(id, &ty, scope, depth)?),
            TypeKind::Set(_) => Kind::Set(self.members(id, &ty, scope, depth)?),
            TypeKind::Choice(components) => {
                let mut choice = Choice {
                    alternatives: Vec::with_capacity(components.items.len()),
                    extensible: components.extensible || self.modules[ty.module as usize].extensible,
                };
                let items = self.items(&ty, scope)?;
                for item in &items {
                    let found = self.type_id(&item.ty, item.scope, item.automatic, depth);
                    let named = found.map(|id| (item.name.to_owned(), id));
                    choice.alternatives.extend(self.or_told(named)?);
                }
                self.list(id, &items, choice.alternatives.len());
                Kind::Choice(choice)
            }
            TypeKind::SequenceOf(of) => Kind::SequenceOf(self.type_id(of, scope, None, depth)?),
            TypeKind::SetOf(of) => Kind::SetOf(self.type_id(of, scope, None, depth)?),
            TypeKind::Field { .. } => {
                let (by, scope) = table.unwrap_or((ty.clone(), scope));
                Kind::Open(self.open_table(&ty, &by, scope, depth)?)
            }
            TypeKind::InstanceOf(class) => Kind::Sequence(self.instance_of(class, &ty, scope)?),
            _ => Kind::Open(None),
        };
        self.nodes[id as usize].kind = kind;
        Ok(())
    }

    /// The components of a SEQUENCE, SET or CHOICE, COMPONENTS OF expanded, with the tags of AUTOMATIC TAGS.
    pub(super) fn items(&mut self, ty: &Rc<Type<'a>>, scope: ScopeId) -> Resolved<Vec<Item<'a>>> {
        let (TypeKind::Sequence(components) | TypeKind::Set(components) | TypeKind::Choice(components)) = &ty.kind
        else {
            return self.fault(ty, "expected a SEQUENCE, SET or CHOICE");
        };
        let automatic = self.modules[ty.module as usize].tagging == Tagging::Automatic
            && components
                .items
                .iter()
                .all(|c| !matches!(c, Component::Named { ty, .. } if !ty.tags.is_empty()));
        let mut items: Vec<Item<'a>> = Vec::with_capacity(components.items.len());
        let before = components.items.len() - components.behind;
        for (index, component) in components.items.iter().enumerate() {
            let behind = index >= before;
            match component {
                Component::Named {
                    name,
                    ty,
                    optional,
                    default,
                    addition,
                } => items.push(Item {
                    name,
                    ty: ty.clone(),
                    scope,
                    automatic: None,
                    optional: *optional,
                    default: default.clone(),
                    addition: *addition,
                    place: Place {
                        module: ty.module,
                        // the name stands in front of the type
                        token: ty.token - u32::from(!name.is_empty()),
                        behind,
                    },
                }),
                Component::ComponentsOf { ty: of, addition } => {
                    self.step(of)?;
                    let target = self.target(of, scope);
                    let expanded = target.and_then(|t| match &t.ty.kind {
                        // not at hand, of which there is a warning
                        TypeKind::Reference { .. } => Ok(Vec::new()),
                        _ => self.items(&t.ty, t.scope),
                    });
                    self.chain -= 1;
                    if items.len() > 1 << 16 {
                        return self.fault(of, "expected a type of fewer components");
                    }
                    items.extend(expanded?.into_iter().filter(|i| !i.addition).map(|i| Item {
                        addition: *addition,
                        place: Place {
                            module: of.module,
                            token: of.token,
                            behind,
                        },
                        ..i
                    }));
                }
            }
        }
        if automatic {
            let mut number = 0;
            for addition in [false, true] {
                for item in items.iter_mut().filter(|i| i.addition == addition) {
                    item.automatic = Some(number);
                    number += 1;
                }
            }
        }
        Ok(items)
    }
}

/// The reference to an open type that a table stands behind: `Held ({Set}{@id})`, where `Held ::= CLASS.&Type`.
fn behind_reference<'a>(target: &Target<'a>) -> Option<(Rc<Type<'a>>, ScopeId)> {
    let tabled = |ty: &Type<'a>| ty.constraints.iter().any(|c| c.table.is_some() && !c.at.is_empty());
    let found = target.constraints.iter().rev().find(|(ty, _)| tabled(ty));
    found.filter(|(ty, _)| !Rc::ptr_eq(ty, &target.ty)).cloned()
}

/// X.680 31.2: IMPLICIT replaces the outermost tag, EXPLICIT wraps; what has no tag of its own can only be wrapped.
fn put_tag(target: &mut Target<'_>, tag: Tag, implicit: bool) {
    match target.tags.first_mut() {
        Some(first) if implicit && !target.untagged => *first = tag,
        _ => target.tags.insert(0, tag),
    }
    target.untagged = false;
}
