//! Object sets (X.681 clause 12): all objects of a union of objects, sets, and fields of either.

use std::collections::HashSet;
use std::rc::Rc;

use super::classes::{Class, Object, Objects};
use super::{MOST_OBJECTS, Resolved, Resolver, ScopeId, Symbol};
use crate::front::ast::{Body, Span, Type, TypeKind};
use crate::front::lexer::Kind as T;
use crate::front::parser::Parser;
use crate::schema::Value;

impl<'a> Resolver<'a> {
    /// All objects of a set; `span` is within its braces.
    pub(super) fn object_set(&mut self, span: Span, scope: ScopeId, ty: &Type<'a>) -> Resolved<Objects<'a>> {
        if let Some(known) = self.object_sets.get(&(span, scope)) {
            return Ok(known.clone());
        }
        self.step(ty)?;
        let listed = self.listed(span, scope, ty);
        self.chain -= 1;
        let objects = listed?;
        self.object_sets.insert((span, scope), objects.clone());
        Ok(objects)
    }

    fn listed(&mut self, span: Span, scope: ScopeId, ty: &Type<'a>) -> Resolved<Objects<'a>> {
        let mut parser = self.parser(span);
        if parser.kind() == T::Upper && !parser.is_word("ALL") {
            let parsed = parser.ty_or_object();
            let reference = self.parsed(span, parsed)?;
            // nothing but the name of a set: its own list
            if let TypeKind::Reference {
                module,
                name,
                arguments,
            } = &reference.kind
                && parser.done()
            {
                return self.named_set(*module, name, arguments, scope, &reference);
            }
        }
        let mut objects = Vec::new();
        self.list_objects(span, scope, None, ty, &mut objects)?;
        Ok(Rc::new(objects))
    }

    fn list_objects(
        &mut self,
        span: Span,
        scope: ScopeId,
        class: Option<&Class<'a>>,
        ty: &Type<'a>,
        into: &mut Vec<Rc<Object<'a>>>,
    ) -> Resolved<()> {
        self.step(ty)?;
        let listed = self.list_elements(span, scope, class, ty, into);
        self.chain -= 1;
        listed
    }

    fn list_elements(
        &mut self,
        span: Span,
        scope: ScopeId,
        class: Option<&Class<'a>>,
        ty: &Type<'a>,
        into: &mut Vec<Rc<Object<'a>>>,
    ) -> Resolved<()> {
        let mut parser = self.parser(span);
        while !parser.done() {
            match parser.kind() {
                T::Ellipsis | T::Mark(b'|' | b',') => {
                    parser.bump();
                }
                T::Upper if parser.is_word("UNION") => {
                    parser.bump();
                }
                T::Mark(b'!') => return Ok(()),
                _ => self.list_term(&mut parser, span, scope, class, ty, into)?,
            }
            if into.len() > MOST_OBJECTS {
                return self.fault(ty, "expected an object set of fewer objects");
            }
        }
        Ok(())
    }

    /// `A ^ B EXCEPT C ^ ALL EXCEPT D`
    fn list_term(
        &mut self,
        parser: &mut Parser<'a>,
        span: Span,
        scope: ScopeId,
        class: Option<&Class<'a>>,
        ty: &Type<'a>,
        into: &mut Vec<Rc<Object<'a>>>,
    ) -> Resolved<()> {
        // None is all objects of the class
        let mut met: Option<Vec<Rc<Object<'a>>>> = None;
        let mut excepted = HashSet::new();
        loop {
            if !parser.eat_word("ALL") {
                let mut objects = Vec::new();
                self.list_element(parser, span, scope, class, ty, &mut objects)?;
                if let Some(known) = met {
                    let these: HashSet<String> = known.iter().map(|object| self.identity(object)).collect();
                    objects.retain(|object| these.contains(&self.identity(object)));
                }
                met = Some(objects);
            }
            while parser.eat_word("EXCEPT") {
                let mut objects = Vec::new();
                self.list_element(parser, span, scope, class, ty, &mut objects)?;
                excepted.extend(objects.iter().map(|object| self.identity(object)));
            }
            if !parser.eat(b'^') && !parser.eat_word("INTERSECTION") {
                break;
            }
        }
        // of all objects of a class, which are any that anyone defines, none are known
        let mut objects = met.unwrap_or_default();
        if !excepted.is_empty() {
            objects.retain(|object| !excepted.contains(&self.identity(object)));
        }
        into.extend(objects);
        Ok(())
    }

    /// What two objects of a set that are the same have in common: the value that must be unique among them, or else all
    /// that they are made of.
    fn identity(&mut self, object: &Object<'a>) -> String {
        object
            .class
            .unique()
            .and_then(|field| {
                let (span, scope) = object.setting(field.name)?;
                let governor = field.governor.clone()?;
                let target = self.target(&governor, object.class.scope).ok()?;
                let value = self.parser(span).value().ok()?;
                let value = self.value(&value, scope, &target).ok()?;
                (value != Value::Unknown).then(|| format!("{value:?}"))
            })
            .unwrap_or_else(|| object.settings_as_written())
    }

    fn list_element(
        &mut self,
        parser: &mut Parser<'a>,
        span: Span,
        scope: ScopeId,
        class: Option<&Class<'a>>,
        ty: &Type<'a>,
        into: &mut Vec<Rc<Object<'a>>>,
    ) -> Resolved<()> {
        let start = parser.at;
        match parser.kind() {
            T::Mark(b'(') => {
                let within = parser.bracketed(b'(', b')');
                let within = self.parsed(span, within)?;
                self.list_objects(within, scope, class, ty, into)
            }
            T::Mark(b'{') => {
                let within = parser.bracketed(b'{', b'}');
                let within = self.parsed(span, within)?;
                match class {
                    Some(class) => {
                        into.push(self.object(within, scope, class)?);
                        Ok(())
                    }
                    // an argument written in braces is the set itself
                    None => self.list_objects(within, scope, class, ty, into),
                }
            }
            T::Lower | T::Upper => {
                let parsed = parser.ty_or_object();
                let reference = self.parsed(Span { start, ..span }, parsed)?;
                self.list_reference(&reference, scope, ty, into)
            }
            _ => self.parsed(span, Err(parser.fault("an object or object set"))),
        }
    }

    fn list_reference(
        &mut self,
        reference: &Rc<Type<'a>>,
        scope: ScopeId,
        ty: &Type<'a>,
        into: &mut Vec<Rc<Object<'a>>>,
    ) -> Resolved<()> {
        let lower = |name: &str| name.as_bytes()[0].is_ascii_lowercase();
        match &reference.kind {
            TypeKind::Reference {
                module,
                name,
                arguments,
            } if lower(name) => {
                let object = self.named_object(*module, name, arguments, scope, reference)?;
                into.push(object);
                Ok(())
            }
            TypeKind::Reference {
                module,
                name,
                arguments,
            } => {
                let set = self.named_set(*module, name, arguments, scope, reference)?;
                into.extend(set.iter().cloned());
                Ok(())
            }
            TypeKind::Field {
                module,
                head,
                arguments,
                path,
            } => {
                let mut objects = Vec::new();
                if lower(head) {
                    objects.push(self.named_object(*module, head, arguments, scope, reference)?);
                } else {
                    let set = self.named_set(*module, head, arguments, scope, reference)?;
                    objects.extend(set.iter().cloned());
                }
                for name in path {
                    let mut next = Vec::new();
                    for object in objects {
                        let governor = object.class.field(name).and_then(|f| f.governor.clone());
                        let (Some(governor), Some((span, scope))) = (governor, object.setting(name)) else {
                            continue;
                        };
                        let class = self.class(&governor, object.class.scope)?;
                        if name.as_bytes()[1].is_ascii_lowercase() {
                            next.push(self.span_object(span, scope, class.as_ref(), ty)?);
                        } else {
                            let mut parser = self.parser(span);
                            let within = if parser.is(b'{') {
                                let within = parser.bracketed(b'{', b'}');
                                self.parsed(span, within)?
                            } else {
                                span
                            };
                            self.list_objects(within, scope, class.as_ref(), ty, &mut next)?;
                        }
                        if next.len() > MOST_OBJECTS {
                            return self.fault(ty, "expected an object set of fewer objects");
                        }
                    }
                    objects = next;
                }
                into.extend(objects);
                Ok(())
            }
            _ => self.fault(reference, "expected an object or object set"),
        }
    }

    fn named_set(
        &mut self,
        qualifier: Option<&'a str>,
        name: &'a str,
        arguments: &[Span],
        scope: ScopeId,
        reference: &Type<'a>,
    ) -> Resolved<Objects<'a>> {
        match self.look_up_qualified(qualifier, name, scope, reference.module, reference.token)? {
            Symbol::Argument(argument) => self.object_set(argument.span, argument.scope, reference),
            Symbol::Assigned { module, index } => match self.modules[module as usize].assignments[index].body.clone() {
                Body::Set(governor, span) => {
                    let scope = self.scope_of(module, index, arguments, scope, (reference.module, reference.token))?;
                    let key = (module, index, scope);
                    if let Some(known) = self.named_sets.get(&key) {
                        return Ok(known.clone());
                    }
                    let class = self.class(&governor, scope)?;
                    let mut objects = Vec::new();
                    self.list_objects(span, scope, class.as_ref(), reference, &mut objects)?;
                    let objects = Rc::new(objects);
                    self.named_sets.insert(key, objects.clone());
                    Ok(objects)
                }
                _ => self.fault(reference, format!("expected an object set, found `{name}`")),
            },
        }
    }
}
