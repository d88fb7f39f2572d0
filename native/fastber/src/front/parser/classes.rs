//! Information object classes and the settings of objects (X.681 clauses 9 to 11).

use super::{Parsed, Parser};
use crate::front::ast::*;
use crate::front::lexer::Kind as T;

impl<'a> Parser<'a> {
    pub(super) fn class(&mut self) -> Parsed<ClassDefinition<'a>> {
        self.expect(b'{')?;
        let mut fields = Vec::new();
        while !self.eat(b'}') {
            let upper = match self.kind() {
                T::UpperField => true,
                T::LowerField => false,
                _ => return Err(self.fault("a field such as &id or `}`")),
            };
            let name = self.bump();
            let ends =
                matches!(self.kind(), T::Mark(b',' | b'}')) || self.is_word("OPTIONAL") || self.is_word("DEFAULT");
            let governor = if upper && ends {
                None
            } else if matches!(self.kind(), T::UpperField | T::LowerField) {
                // of the type that another field gives
                self.bump();
                while self.eat(b'.') {
                    self.bump();
                }
                None
            } else {
                Some(self.ty()?)
            };
            let mut field = ClassField {
                name,
                governor,
                unique: self.eat_word("UNIQUE"),
                default: None,
            };
            if self.eat_word("DEFAULT") {
                field.default = Some(self.setting()?);
            } else {
                self.eat_word("OPTIONAL");
            }
            fields.push(field);
            if !self.eat(b',') && !self.is(b'}') {
                return Err(self.fault("`,` or `}`"));
            }
        }
        let syntax = if self.eat_word("WITH") {
            self.expect_word("SYNTAX")?;
            self.expect(b'{')?;
            self.syntax(b'}')?
        } else {
            Vec::new()
        };
        Ok(ClassDefinition { fields, syntax })
    }

    pub(super) fn syntax(&mut self, close: u8) -> Parsed<Vec<Syntax<'a>>> {
        self.nest(|p| {
            let mut items = Vec::new();
            loop {
                items.push(match p.kind() {
                    T::Mark(m) if m == close => {
                        p.bump();
                        return Ok(items);
                    }
                    T::Mark(b'[') => {
                        p.bump();
                        Syntax::Optional(p.syntax(b']')?)
                    }
                    T::UpperField | T::LowerField => Syntax::Field(p.bump()),
                    T::Upper | T::Mark(b',') => Syntax::Literal(p.bump()),
                    _ => return Err(p.fault("a word, a field or a bracket of the syntax")),
                });
            }
        })
    }

    /// The span of one setting of a field: a type, value, object or set, whichever.
    pub fn setting(&mut self) -> Parsed<Span> {
        let start = self.at;
        if self.is(b'{') {
            self.bracketed(b'{', b'}')?;
        } else {
            match self.kind() {
                T::Upper => {
                    let type_like = self.peek(1) == T::Mark(b':');
                    self.ty()?;
                    if type_like || self.is(b':') {
                        self.bump();
                        self.value()?;
                    }
                }
                T::Mark(b'[') => {
                    self.ty()?;
                }
                _ => {
                    self.value()?;
                    if self.is(b'{') {
                        self.bracketed(b'{', b'}')?;
                    }
                }
            }
        }
        Ok(Span {
            module: self.module,
            start,
            end: self.at,
        })
    }
}
