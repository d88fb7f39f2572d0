//! Constraints (X.680 clauses 49 to 51, X.682): their span, and what of them is more than a bound on values.

use super::{Parsed, Parser};
use crate::front::ast::*;
use crate::front::lexer::Kind as T;

impl<'a> Parser<'a> {
    pub fn constraint(&mut self) -> Parsed<Constraint<'a>> {
        let span = {
            let begin = self.at;
            let span = self.bracketed(b'(', b')')?;
            self.at = begin;
            span
        };
        let mut constraint = Constraint {
            span,
            table: None,
            at: Vec::new(),
            containing: None,
            encoded_by: None,
        };
        self.bump();
        if self.is(b'{') {
            let within = self.bracketed(b'{', b'}')?;
            // with more around it, it is one of several values
            let alone = self.at == span.end || self.is(b'!') || self.is(b'{');
            constraint.table = alone.then_some(within);
            if alone && self.eat(b'{') {
                while self.eat(b'@') {
                    let mut dots = 0;
                    loop {
                        match self.kind() {
                            T::Mark(b'.') => dots += 1,
                            T::Range => dots += 2,
                            T::Ellipsis => dots += 3,
                            _ => break,
                        }
                        self.bump();
                    }
                    let mut path = vec![self.expect_kind(T::Lower, "an identifier")?];
                    while self.eat(b'.') {
                        path.push(self.expect_kind(T::Lower, "an identifier")?);
                    }
                    constraint.at.push(At { dots, path });
                    self.eat(b',');
                }
                self.expect(b'}')?;
            }
        } else if self.eat_word("CONTAINING") {
            constraint.containing = Some(self.ty()?);
            if self.eat_word("ENCODED") {
                self.expect_word("BY")?;
                constraint.encoded_by = Some(self.value()?);
            }
        }
        self.at = span.end + 1;
        Ok(constraint)
    }
}
