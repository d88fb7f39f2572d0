//! What of a constraint can be checked on a value alone (X.680 clause 51): ranges, sizes and alphabets, values one by one,
//! patterns and inner subtyping; and what a string contains.

use std::rc::Rc;

use super::limits::{ALPHABET, Extent, Limits, SIZE, VALUE, WHOLE};
use super::types::Target;
use super::{Resolved, Resolver, ScopeId};
use crate::front::ast::*;
use crate::front::lexer::{Kind as T, Token};
use crate::front::parser::{Parser, quoted};
use crate::rule::Rule;
use crate::schema::Constraint as Checked;

/// What stands in a constraint where it is read: values of a type, sizes, or the characters of a permitted alphabet.
#[derive(Clone, Copy)]
pub(super) enum Of<'t, 'a> {
    Values(&'t Target<'a>),
    Sizes,
    Characters,
}

impl<'a> Resolver<'a> {
    /// The constraints on a type, the outermost last; where one cannot be read it checks nothing.
    pub(super) fn constraint(&mut self, target: &Target<'a>) -> Checked {
        if target.constraints.is_empty() {
            return Checked::default();
        }
        self.extent(target).constraint()
    }

    fn extent(&mut self, target: &Target<'a>) -> Extent {
        let mut extent = Extent::of(Limits::all());
        for (ty, scope) in &target.constraints {
            for constraint in &ty.constraints {
                if constraint.containing.is_some() || self.is_table(constraint, *scope, target) {
                    continue;
                }
                let next = self.read(constraint.span, *scope, Of::Values(target), 0);
                let next = next.unwrap_or_else(|_| Extent::of(Limits::unknown()));
                // X.680 50.8: the last constraint alone says how the type is extended
                extent.extended = None;
                extent.extensible = false;
                extent = Extent {
                    extended: next.extended.map(|limits| limits.intersection(&extent.root)),
                    extensible: next.extensible,
                    root: extent.root.intersection(&next.root),
                };
            }
        }
        extent
    }

    /// The type that a string contains, unless it is encoded by other rules than BER's (X.682 11.4).
    #[allow(clippy::type_complexity)]
    pub(super) fn containing(
        &mut self,
        constraints: &[(Rc<Type<'a>>, ScopeId)],
    ) -> Resolved<Option<(Rc<Type<'a>>, ScopeId)>> {
        for (ty, scope) in constraints {
            for constraint in &ty.constraints {
                let Some(contained) = &constraint.containing else {
                    continue;
                };
                let Some(rules) = &constraint.encoded_by else {
                    return Ok(Some((contained.clone(), *scope)));
                };
                let arcs = match &rules.notation {
                    Notation::Braces(span) => self.arcs(*span, *scope)?,
                    Notation::Reference { module: None, name, .. } => self.arcs_of(name, *scope, constraint.span)?,
                    _ => return self.fault(ty, "expected an object identifier behind ENCODED BY"),
                };
                // {joint-iso-itu-t asn1(1) basic-encoding(1)} and those of its CER and DER
                return Ok(matches!(arcs[..], [2, 1, 1] | [2, 1, 2, 0 | 1]).then(|| (contained.clone(), *scope)));
            }
        }
        Ok(None)
    }

    /// `X.&field ({Set})`, whether the field is written here or behind a name, and `INSTANCE OF X ({Set})`. Anything else
    /// in braces is a value, as it is of a field where it is no set of objects: `X.&id ({joint-iso-itu-t 5})`.
    pub(super) fn is_table(&mut self, constraint: &Constraint<'a>, scope: ScopeId, target: &Target<'a>) -> bool {
        let Some(set) = constraint.table else {
            return false;
        };
        if !constraint.at.is_empty() || matches!(target.ty.kind, TypeKind::InstanceOf(_)) {
            return true;
        }
        target.field
            && self
                .object_set(set, scope, &target.ty)
                .map_or_else(|fault| fault.missing, |_| true)
    }

    /// `root, ..., additions ! exception`
    pub(super) fn read(&mut self, span: Span, scope: ScopeId, of: Of<'_, 'a>, depth: u32) -> Resolved<Extent> {
        if depth > 20 {
            return Ok(Extent::of(Limits::unknown()));
        }
        let tokens = self.modules[span.module as usize].tokens.clone();
        let outer: Vec<u32> = outermost(&tokens, span);
        let is = |at: u32, mark: u8| tokens[at as usize].kind == T::Mark(mark);
        let end = outer.iter().copied().find(|&at| is(at, b'!')).unwrap_or(span.end);
        let mut commas = outer.iter().copied().filter(|&at| at < end && is(at, b','));
        let Some(first) = commas.next() else {
            return self.union(Span { end, ..span }, &outer, scope, of, depth);
        };
        let mut extent = self.union(Span { end: first, ..span }, &outer, scope, of, depth)?;
        if let Some(second) = commas.next() {
            let start = second + 1;
            let additions = self.union(Span { start, end, ..span }, &outer, scope, of, depth)?;
            let both = vec![extent.extended().clone(), additions.extended().clone()];
            extent.extended = Some(Limits::union(both));
        }
        extent.extensible = true;
        Ok(extent)
    }

    /// `A | B ^ C EXCEPT D` (X.680 50.1); `outer` are the tokens that stand in no brackets.
    fn union(&mut self, span: Span, outer: &[u32], scope: ScopeId, of: Of<'_, 'a>, depth: u32) -> Resolved<Extent> {
        let tokens = self.modules[span.module as usize].tokens.clone();
        let text = self.modules[span.module as usize].text;
        let parts = |from: Span, words: [&str; 2]| {
            let mut parts = Vec::new();
            let mut start = from.start;
            for &at in outer.iter().filter(|&&at| at >= from.start && at < from.end) {
                let token = tokens[at as usize];
                if words.contains(&&text[token.start as usize..token.end as usize]) {
                    parts.push(Span { start, end: at, ..from });
                    start = at + 1;
                }
            }
            parts.push(Span { start, ..from });
            parts
        };
        let mut terms = Vec::new();
        for term in parts(span, ["|", "UNION"]) {
            let mut met: Option<Extent> = None;
            for factor in parts(term, ["^", "INTERSECTION"]) {
                let sides = parts(factor, ["EXCEPT", "EXCEPT"]);
                let mut one = match self.parser(sides[0]).is_word("ALL") {
                    true => Extent::of(Limits::all()),
                    false => self.element(sides[0], scope, of, depth)?,
                };
                for &side in &sides[1..] {
                    one = one.with(&self.element(side, scope, of, depth)?, Limits::except);
                }
                met = Some(match met {
                    None => one,
                    Some(met) => met.with(&one, Limits::intersection),
                });
            }
            terms.extend(met);
        }
        Ok(Extent::union(terms))
    }

    fn element(&mut self, span: Span, scope: ScopeId, of: Of<'_, 'a>, depth: u32) -> Resolved<Extent> {
        let mut parser = self.parser(span);
        Ok(match parser.kind() {
            T::Mark(b'(') => {
                let within = parser.bracketed(b'(', b')');
                let within = self.parsed(span, within)?;
                return self.read(within, scope, of, depth + 1);
            }
            T::Upper if parser.is_word("SIZE") || parser.is_word("FROM") => {
                let (what, of) = match parser.bump() {
                    "SIZE" => (SIZE, Of::Sizes),
                    _ => (ALPHABET, Of::Characters),
                };
                let within = parser.bracketed(b'(', b')');
                let within = self.parsed(span, within)?;
                let inner = self.read(within, scope, of, depth + 1)?;
                let as_limit = |limits: Limits| {
                    let exact = limits.rule.is_none();
                    let [values, ..] = limits.of;
                    let ranges = values
                        .map(|values| Limits::only(what, values).intersection(&Limits::only(what, vec![WHOLE[what]])));
                    let ranges = ranges.unwrap_or_else(Limits::all);
                    if exact {
                        ranges
                    } else {
                        ranges.intersection(&Limits::unknown())
                    }
                };
                Extent {
                    root: as_limit(inner.root),
                    extended: inner.extended.map(as_limit),
                    extensible: inner.extensible,
                }
            }
            T::Upper if parser.is_word("PATTERN") || parser.is_word("WITH") => match of {
                Of::Values(target) => Extent::of(self.inner(parser, span, scope, target, depth)?),
                _ => Extent::of(Limits::unknown()),
            },
            T::Upper
                if parser.is_word("INCLUDES")
                    || !matches!(
                        parser.word(),
                        "MIN" | "TRUE" | "FALSE" | "NULL" | "PLUS-INFINITY" | "MINUS-INFINITY"
                    ) =>
            {
                Extent::of(self.included(parser, span, scope, of))
            }
            T::CharacterString if matches!(of, Of::Characters) => Extent::of(characters(&mut parser)),
            _ => {
                if let Of::Values(target) = of
                    && !matches!(target.ty.kind, TypeKind::Integer(_))
                {
                    return Ok(Extent::of(self.single(parser, scope, target)?));
                }
                let range = self.range(&mut parser, scope, of)?;
                Extent::of(match range {
                    Some(range) if parser.done() => Limits::only(VALUE, vec![range]),
                    _ => Limits::unknown(),
                })
            }
        })
    }

    /// `INCLUDES Type`, or a type or value set by name: its own constraints, without their extension.
    fn included(&mut self, mut parser: Parser<'a>, span: Span, scope: ScopeId, of: Of<'_, 'a>) -> Limits {
        parser.eat_word("INCLUDES");
        let rest = parser.rest();
        if parser.kind() != T::Upper
            || rest.end != rest.start + 1
            || self.chain + 1 >= super::LONGEST_CHAIN
            || self.steps > self.most_steps
        {
            return Limits::unknown();
        }
        self.chain += 1;
        self.steps += 1;
        let found = self
            .span_type(Span {
                start: rest.start,
                ..span
            })
            .and_then(|ty| self.target(&ty, scope));
        let limits = match found {
            Ok(target) if target.constraints.len() < 10 => {
                let root = self.extent(&target).root;
                match of {
                    Of::Characters => {
                        let rule = root.rule.map(|_| Rule::Unknown.into());
                        let [_, _, alphabet] = root.of;
                        Limits {
                            of: [alphabet, None, None],
                            rule,
                        }
                    }
                    _ => root,
                }
            }
            _ => Limits::unknown(),
        };
        self.chain -= 1;
        limits
    }

    /// `low..high`, `low<..<high` or one value; None for what is no integer.
    fn range(&mut self, parser: &mut Parser<'a>, scope: ScopeId, of: Of<'_, 'a>) -> Resolved<Option<(i128, i128)>> {
        let (least, most) = WHOLE[VALUE];
        let Some(low) = self.end(parser, scope, of, "MIN", least)? else {
            return Ok(None);
        };
        let above = i128::from(parser.eat(b'<'));
        if parser.kind() != T::Range {
            return Ok(Some((low, low)));
        }
        parser.bump();
        let below = i128::from(parser.eat(b'<'));
        let Some(high) = self.end(parser, scope, of, "MAX", most)? else {
            return Ok(None);
        };
        let beyond = |end: i128, open: i128, by: i128| if end == open { end } else { end.saturating_add(by) };
        Ok(Some((beyond(low, least, above), beyond(high, most, -below))))
    }

    /// One end of a range.
    fn end(
        &mut self,
        parser: &mut Parser<'a>,
        scope: ScopeId,
        of: Of<'_, 'a>,
        open: &str,
        whole: i128,
    ) -> Resolved<Option<i128>> {
        if parser.eat_word(open) {
            return Ok(Some(whole));
        }
        if let Of::Values(target) = of
            && let TypeKind::Integer(named) = &target.ty.kind
            && let Some((_, number)) = named.iter().find(|(name, _)| *name == parser.word())
        {
            parser.bump();
            return self.integer(number, target.scope);
        }
        if !matches!(parser.kind(), T::Number | T::Lower | T::Mark(b'-')) {
            return Ok(None);
        }
        let span = parser.rest();
        let parsed = parser.value();
        let value = self.parsed(span, parsed)?;
        self.integer(&value, scope)
    }
}

/// `"a".."z"`, `"a"<..<"z"`, or characters one by one: `"09"`.
fn characters(parser: &mut Parser<'_>) -> Limits {
    let code = |c: char| i128::from(u32::from(c));
    let low = quoted(parser.bump());
    if parser.done() {
        return Limits::only(VALUE, low.chars().map(|c| (code(c), code(c))).collect());
    }
    let above = i128::from(parser.eat(b'<'));
    if parser.kind() != T::Range {
        return Limits::unknown();
    }
    parser.bump();
    let below = i128::from(parser.eat(b'<'));
    let high = match parser.kind() {
        T::CharacterString => quoted(parser.bump()),
        _ => return Limits::unknown(),
    };
    match (low.chars().next(), high.chars().next(), parser.done()) {
        (Some(low), Some(high), true) => Limits::only(VALUE, vec![(code(low) + above, code(high) - below)]),
        _ => Limits::unknown(),
    }
}

/// The tokens of a span that stand in no brackets.
fn outermost(tokens: &[Token], span: Span) -> Vec<u32> {
    let mut depth = 0i32;
    (span.start..span.end)
        .filter(|&at| {
            match tokens[at as usize].kind {
                T::Mark(b'{' | b'(' | b'[') => depth += 1,
                T::Mark(b'}' | b')' | b']') => depth -= 1,
                T::Mark(_) | T::Upper => return depth == 0,
                _ => {}
            }
            false
        })
        .collect()
}
