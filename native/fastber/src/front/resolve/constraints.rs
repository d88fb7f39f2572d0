//! What of a constraint can be checked on a value alone: ranges, sizes and alphabets (X.680 clause 51).

use std::rc::Rc;

use super::{Resolved, Resolver, ScopeId};
use crate::front::ast::*;
use crate::front::lexer::{Kind as T, Token};
use crate::front::parser::Parser;
use crate::schema::Constraint as Checked;

/// A range of values; None is MIN or MAX.
type Ends = (Option<i128>, Option<i128>);

impl<'a> Resolver<'a> {
    /// The constraints on a type, the outermost last; where one cannot be read it checks nothing.
    pub(super) fn constraint(&mut self, _ty: &Rc<Type<'a>>, all: &[(Rc<Type<'a>>, ScopeId)]) -> Checked {
        let mut checked = Checked::default();
        for (ty, scope) in all {
            for constraint in &ty.constraints {
                if constraint.table.is_some() || constraint.containing.is_some() {
                    continue;
                }
                let Ok(read) = self.read(constraint.span, *scope, 0) else {
                    continue;
                };
                if !read.value.is_empty() {
                    checked.value = meet_values(&checked.value, &read.value);
                }
                if !read.size.is_empty() {
                    checked.size = meet_sizes(&checked.size, &read.size);
                }
                checked.alphabet = read.alphabet.or(checked.alphabet);
                // X.680 50.8: what the last constraint says
                checked.extensible = read.extensible;
            }
        }
        checked
    }

    /// What a constraint says of values, sizes and alphabets. Never stricter than the constraint: what is not understood,
    /// or excepted, is let pass.
    fn read(&mut self, span: Span, scope: ScopeId, depth: u32) -> Resolved<Checked> {
        let mut all = Checked::default();
        if depth > 20 {
            return Ok(all);
        }
        let tokens = self.modules[span.module as usize].tokens.clone();
        let text = self.modules[span.module as usize].text;
        let is = |at: u32, words: [&str; 2]| {
            let token = tokens[at as usize];
            words.contains(&&text[token.start as usize..token.end as usize])
        };
        // the root ends before ", ..." or an exception
        let mut root = span;
        let outer: Vec<u32> = outermost(&tokens, span);
        if let Some(&end) = outer.iter().find(|&&at| is(at, [",", "!"])) {
            all.extensible = tokens[end as usize].kind == T::Mark(b',');
            root.end = end;
        }
        let outer: Vec<u32> = outer.into_iter().filter(|&at| at < root.end).collect();
        let parts = |from: Span, words: [&str; 2]| {
            let mut parts = Vec::new();
            let mut start = from.start;
            for &at in outer
                .iter()
                .filter(|&&at| at >= from.start && at < from.end && is(at, words))
            {
                parts.push(Span { start, end: at, ..from });
                start = at + 1;
            }
            parts.push(Span { start, ..from });
            parts
        };
        for (i, term) in parts(root, ["|", "UNION"]).into_iter().enumerate() {
            let mut both = Checked::default();
            for factor in parts(term, ["^", "INTERSECTION"]) {
                let one = self.element(factor, scope, depth)?;
                both.value = meet_values(&both.value, &one.value);
                both.size = meet_sizes(&both.size, &one.size);
                both.alphabet = one.alphabet.or(both.alphabet);
                both.extensible |= one.extensible;
            }
            all.extensible |= both.extensible;
            if i == 0 {
                all = Checked {
                    extensible: all.extensible,
                    ..both
                };
                continue;
            }
            // a term without a limit lifts it for the whole
            join(&mut all.value, both.value);
            join(&mut all.size, both.size);
            all.alphabet = match (all.alphabet, both.alphabet) {
                (Some(mut known), Some(more)) => {
                    known.extend(more);
                    Some(known)
                }
                _ => None,
            };
        }
        Ok(all)
    }

    fn element(&mut self, span: Span, scope: ScopeId, depth: u32) -> Resolved<Checked> {
        let mut checked = Checked::default();
        let mut parser = self.parser(span);
        match parser.kind() {
            T::Mark(b'(') => {
                let within = parser.bracketed(b'(', b')');
                let within = self.parsed(span, within)?;
                return self.read(within, scope, depth + 1);
            }
            T::Upper if parser.is_word("SIZE") => {
                parser.bump();
                let within = parser.bracketed(b'(', b')');
                let within = self.parsed(span, within)?;
                let sizes = self.read(within, scope, depth + 1)?;
                checked.extensible = sizes.extensible;
                let size = |n: i128| u64::try_from(n).unwrap_or(0);
                checked.size = sizes
                    .value
                    .iter()
                    .map(|&(low, high)| (low.map_or(0, size), high.map(size)))
                    .collect();
            }
            T::Upper if parser.is_word("FROM") => {
                parser.bump();
                let within = parser.bracketed(b'(', b')');
                let within = self.parsed(span, within)?;
                checked.alphabet = alphabet(self.parser(within));
            }
            T::Upper if parser.is_word("INCLUDES") || !parser.is_word("MIN") => {
                self.included(parser, span, scope, &mut checked);
            }
            _ => checked.value.extend(self.range(&mut parser, scope)?),
        }
        Ok(checked)
    }

    /// `INCLUDES Type`, or a type or value set by name: its own constraints.
    fn included(&mut self, mut parser: Parser<'a>, span: Span, scope: ScopeId, into: &mut Checked) {
        parser.eat_word("INCLUDES");
        let rest = parser.rest();
        if parser.kind() != T::Upper
            || rest.end != rest.start + 1
            || self.chain + 1 >= super::LONGEST_CHAIN
            || self.steps > self.most_steps
        {
            return;
        }
        self.chain += 1;
        self.steps += 1;
        let found = self
            .span_type(Span {
                start: rest.start,
                ..span
            })
            .and_then(|ty| self.target(&ty, scope));
        if let Ok(target) = found
            && target.constraints.len() < 10
        {
            *into = self.constraint(&target.ty, &target.constraints);
            into.extensible = false;
        }
        self.chain -= 1;
    }

    fn range(&mut self, parser: &mut Parser<'a>, scope: ScopeId) -> Resolved<Option<Ends>> {
        let Some(low) = self.end(parser, scope, "MIN")? else {
            return Ok(None);
        };
        let above = i128::from(parser.eat(b'<'));
        if parser.kind() != T::Range {
            return Ok(low.map(|value| (Some(value), Some(value))));
        }
        parser.bump();
        let below = i128::from(parser.eat(b'<'));
        let Some(high) = self.end(parser, scope, "MAX")? else {
            return Ok(None);
        };
        Ok(Some((
            low.map(|n| n.saturating_add(above)),
            high.map(|n| n.saturating_sub(below)),
        )))
    }

    /// One end of a range: Some(None) is without bound, None is not an integer.
    fn end(&mut self, parser: &mut Parser<'a>, scope: ScopeId, open: &str) -> Resolved<Option<Option<i128>>> {
        if parser.eat_word(open) {
            return Ok(Some(None));
        }
        if !matches!(parser.kind(), T::Number | T::Lower | T::Mark(b'-')) {
            return Ok(None);
        }
        let span = parser.rest();
        let parsed = parser.value();
        let value = self.parsed(span, parsed)?;
        Ok(self.integer(&value, scope, (span.module, span.start))?.map(Some))
    }
}

/// `"a".."z" | "09"`
fn alphabet(mut parser: Parser<'_>) -> Option<Vec<(char, char)>> {
    let mut ranges = Vec::new();
    while !parser.done() {
        if parser.eat(b'|') {
            continue;
        }
        if parser.kind() != T::CharacterString {
            return None;
        }
        let low = parser.bump().trim_matches('"');
        if parser.kind() == T::Range {
            parser.bump();
            if parser.kind() != T::CharacterString {
                return None;
            }
            let high = parser.bump().trim_matches('"');
            ranges.push((low.chars().next()?, high.chars().next()?));
        } else {
            ranges.extend(low.chars().map(|c| (c, c)));
        }
    }
    Some(ranges)
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

/// The intersection of two unions of ranges, where an empty list is no limit. Two that have nothing in common are left as
/// the second says: there is no value for them to check.
fn meet<L: Copy, H: Copy + Ord>(
    a: &[(L, Option<H>)],
    b: &[(L, Option<H>)],
    higher: fn(L, L) -> L,
    fits: fn(L, H) -> bool,
) -> Vec<(L, Option<H>)> {
    if a.is_empty() || b.is_empty() || a.len().saturating_mul(b.len()) > 10_000 {
        return if b.is_empty() { a } else { b }.to_vec();
    }
    let mut met = Vec::new();
    for &(low, high) in a {
        for &(least, most) in b {
            let from = higher(low, least);
            let to = match (high, most) {
                (Some(x), Some(y)) => Some(x.min(y)),
                (x, y) => x.or(y),
            };
            if to.is_none_or(|to| fits(from, to)) {
                met.push((from, to));
            }
        }
    }
    if met.is_empty() { b.to_vec() } else { met }
}

fn join<R>(known: &mut Vec<R>, more: Vec<R>) {
    if more.is_empty() {
        known.clear();
    } else if !known.is_empty() {
        known.extend(more);
    }
}

fn meet_values(a: &[Ends], b: &[Ends]) -> Vec<Ends> {
    meet(a, b, Ord::max, |low, high| low.is_none_or(|low| low <= high))
}

fn meet_sizes(a: &[(u64, Option<u64>)], b: &[(u64, Option<u64>)]) -> Vec<(u64, Option<u64>)> {
    meet(a, b, Ord::max, |low, high| low <= high)
}
