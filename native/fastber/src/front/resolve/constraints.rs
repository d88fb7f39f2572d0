//! What of a constraint can be checked on a value alone: ranges, sizes and alphabets (X.680 clause 51).

use std::rc::Rc;

use super::{Resolved, Resolver, ScopeId};
use crate::front::ast::*;
use crate::front::lexer::Kind as T;
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
                let mut read = Checked::default();
                if self
                    .read(constraint.span, *scope, &mut read)
                    .is_ok_and(|understood| understood)
                {
                    if !read.value.is_empty() {
                        checked.value = read.value;
                    }
                    if !read.size.is_empty() {
                        checked.size = read.size;
                    }
                    checked.alphabet = read.alphabet.or(checked.alphabet);
                    checked.extensible |= read.extensible;
                }
            }
        }
        checked
    }

    /// Whether all of a constraint was understood: a union of ranges, of sizes, or an alphabet.
    fn read(&mut self, span: Span, scope: ScopeId, into: &mut Checked) -> Resolved<bool> {
        let mut parser = self.parser(span);
        while !parser.done() {
            match parser.kind() {
                T::Mark(b'|') => {
                    parser.bump();
                }
                T::Upper if parser.is_word("UNION") => {
                    parser.bump();
                }
                T::Mark(b',') => {
                    parser.bump();
                    if parser.kind() != T::Ellipsis {
                        return Ok(false);
                    }
                    into.extensible = true;
                    return Ok(true);
                }
                T::Mark(b'!') => return Ok(true),
                T::Upper if parser.is_word("SIZE") => {
                    parser.bump();
                    let within = parser.bracketed(b'(', b')');
                    let within = self.parsed(span, within)?;
                    let mut sizes = Checked::default();
                    if !self.read(within, scope, &mut sizes)? {
                        return Ok(false);
                    }
                    into.extensible |= sizes.extensible;
                    let size = |n: i128| u64::try_from(n).unwrap_or(0);
                    into.size.extend(
                        sizes
                            .value
                            .iter()
                            .map(|&(low, high)| (low.map_or(0, size), high.map(size))),
                    );
                }
                T::Upper if parser.is_word("FROM") => {
                    parser.bump();
                    let within = parser.bracketed(b'(', b')');
                    let within = self.parsed(span, within)?;
                    match alphabet(self.parser(within)) {
                        Some(alphabet) => into.alphabet = Some(alphabet),
                        None => return Ok(false),
                    }
                }
                _ => match self.range(&mut parser, scope)? {
                    Some(range) => into.value.push(range),
                    None => return Ok(false),
                },
            }
        }
        Ok(true)
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
