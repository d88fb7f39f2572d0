//! Constraints of values one by one (X.680 51.2), PATTERN (51.9) and inner subtyping (51.8).

use super::constraints::Of;
use super::limits::Limits;
use super::types::Target;
use super::{Resolved, Resolver, ScopeId};
use crate::front::ast::*;
use crate::front::lexer::Kind as T;
use crate::front::parser::{Parser, split};
use crate::pattern::Pattern;
use crate::rule::{Component as Said, Rule};
use crate::schema::{Kind, Value as SchemaValue};

impl<'a> Resolver<'a> {
    /// One value, or a range of a REAL.
    pub(super) fn single(&mut self, mut parser: Parser<'a>, scope: ScopeId, target: &Target<'a>) -> Resolved<Limits> {
        let kind = &target.ty.kind;
        if matches!(kind, TypeKind::Simple(Kind::Real)) {
            return self.reals(parser, scope, target);
        }
        let span = parser.rest();
        let parsed = parser.value();
        let value = self.parsed(span, parsed)?;
        if !parser.done() {
            return Ok(Limits::unknown());
        }
        Ok(Limits::ruled(match self.value(&value, scope, target)? {
            SchemaValue::Enumerated(name) => {
                let items = self.enumeration(&target.ty, target.scope)?;
                match items.into_iter().find(|(item, _)| *item == name) {
                    Some((name, number)) => Rule::Item(name, number),
                    None => Rule::Unknown,
                }
            }
            value if value.is_whole() => Rule::Value(value),
            _ => Rule::Unknown,
        }))
    }

    fn reals(&mut self, mut parser: Parser<'a>, scope: ScopeId, target: &Target<'a>) -> Resolved<Limits> {
        let end = |resolver: &mut Self, parser: &mut Parser<'a>, open: &str, whole: f64| {
            if parser.eat_word(open) {
                return Ok(Some(whole));
            }
            let span = parser.rest();
            let parsed = parser.value();
            let value = resolver.parsed(span, parsed)?;
            Ok(match resolver.value(&value, scope, target)? {
                SchemaValue::Real(number) => Some(number),
                SchemaValue::Integer(number) => Some(number as f64),
                _ => None,
            })
        };
        let low = end(self, &mut parser, "MIN", f64::NEG_INFINITY)?;
        let above = parser.eat(b'<');
        let high = if parser.kind() == T::Range {
            parser.bump();
            let below = parser.eat(b'<');
            end(self, &mut parser, "MAX", f64::INFINITY)?.map(|high| (high, !below))
        } else {
            low.map(|low| (low, true))
        };
        Ok(match (low, high, parser.done()) {
            (Some(low), Some(high), true) => Limits::ruled(Rule::Reals {
                low: (low, !above),
                high,
            }),
            _ => Limits::unknown(),
        })
    }

    /// `PATTERN value`, `WITH COMPONENT (...)`, `WITH COMPONENTS {...}`
    pub(super) fn inner(
        &mut self,
        mut parser: Parser<'a>,
        span: Span,
        scope: ScopeId,
        target: &Target<'a>,
        depth: u32,
    ) -> Resolved<Limits> {
        if parser.bump() == "PATTERN" {
            let parsed = parser.value();
            let value = self.parsed(span, parsed)?;
            let SchemaValue::String(text) = self.value(&value, scope, target)? else {
                return Ok(Limits::unknown());
            };
            return Ok(
                Pattern::new(&text).map_or_else(Limits::unknown, |pattern| Limits::ruled(Rule::Pattern(pattern)))
            );
        }
        match (parser.bump(), &target.ty.kind) {
            ("COMPONENT", TypeKind::SequenceOf(of) | TypeKind::SetOf(of)) => {
                let element = self.target(of, target.scope)?;
                let constraint = parser.constraint();
                let constraint = self.parsed(span, constraint)?;
                let rule = self.of_component(&constraint, scope, &element, depth)?;
                Ok(rule.map_or_else(Limits::all, |rule| Limits::ruled(Rule::Each(rule))))
            }
            ("COMPONENTS", TypeKind::Sequence(_) | TypeKind::Set(_) | TypeKind::Choice(_)) => {
                let within = parser.bracketed(b'{', b'}');
                let within = self.parsed(span, within)?;
                self.components(within, scope, target, depth)
            }
            _ => Ok(Limits::unknown()),
        }
    }

    fn of_component(
        &mut self,
        constraint: &Constraint<'a>,
        scope: ScopeId,
        component: &Target<'a>,
        depth: u32,
    ) -> Resolved<Option<std::sync::Arc<Rule>>> {
        if constraint.containing.is_some() || self.is_table(constraint, scope, component) {
            return Ok(None);
        }
        let extent = self.read(constraint.span, scope, Of::Values(component), depth + 1)?;
        Ok((!extent.extensible).then(|| extent.root.as_rule()))
    }

    /// `{a (constraint) PRESENT, ...}`, with "..." in front if what is not listed is as it was (X.680 51.8.5 to 51.8.9).
    fn components(&mut self, within: Span, scope: ScopeId, target: &Target<'a>, depth: u32) -> Resolved<Limits> {
        let items = self.items(&target.ty, target.scope)?;
        let choice = matches!(target.ty.kind, TypeKind::Choice(_));
        let mut partial = false;
        let mut said: Vec<Said> = Vec::new();
        for part in split(&self.modules[within.module as usize].tokens.clone(), within, b',') {
            let mut parser = self.parser(part);
            if parser.kind() == T::Ellipsis {
                partial = true;
                continue;
            }
            let name = parser.bump();
            let Some(item) = items.iter().find(|item| item.name == name) else {
                return self.fault(&target.ty, format!("expected a component, found `{name}`"));
            };
            let mut one = Said {
                name: name.to_owned(),
                present: None,
                rule: None,
                has_default: item.default.is_some(),
            };
            if parser.is(b'(') {
                let constraint = parser.constraint();
                let constraint = self.parsed(part, constraint)?;
                let component = self.target(&item.ty, item.scope)?;
                one.rule = self.of_component(&constraint, scope, &component, depth)?;
            }
            one.present = match () {
                () if parser.eat_word("PRESENT") => Some(true),
                () if parser.eat_word("ABSENT") => Some(false),
                () if parser.eat_word("OPTIONAL") || partial || choice => None,
                // listed in a full specification, so that it is there
                () => Some(true),
            };
            said.push(one);
        }
        let chosen = choice && said.iter().any(|one| one.present == Some(true));
        for item in items.iter().filter(|_| !partial || chosen) {
            if !said.iter().any(|one| one.name == item.name) && (choice || item.optional && !item.addition) {
                said.push(Said {
                    name: item.name.to_owned(),
                    present: Some(false),
                    rule: None,
                    has_default: false,
                });
            }
        }
        Ok(Limits::ruled(Rule::Components(said)))
    }
}
