//! Values (X.680 clause 17).

use std::rc::Rc;

use super::{Parsed, Parser};
use crate::front::ast::*;
use crate::front::lexer::Kind as T;

impl<'a> Parser<'a> {
    pub fn value(&mut self) -> Parsed<Rc<Value<'a>>> {
        self.nest(|p| Ok(Rc::new(p.any_value()?)))
    }

    pub(super) fn any_value(&mut self) -> Parsed<Value<'a>> {
        let negative = self.eat(b'-');
        Ok(match self.kind() {
            T::Number => {
                let number: i128 = self
                    .word()
                    .parse()
                    .map_err(|_| self.fault("a number of less than 128 bits"))?;
                self.bump();
                Value::Integer(if negative { -number } else { number })
            }
            T::Real => {
                let real: f64 = self.word().parse().map_err(|_| self.fault("a real number"))?;
                self.bump();
                Value::Real(if negative { -real } else { real })
            }
            _ if negative => return Err(self.fault("a number")),
            T::BinaryString => {
                let word = self.bump();
                Value::Bits(&word[1..word.len() - 2])
            }
            T::HexString => {
                let word = self.bump();
                Value::Hex(&word[1..word.len() - 2])
            }
            T::CharacterString => {
                let word = self.bump();
                Value::Text(word[1..word.len() - 1].replace("\"\"", "\""))
            }
            T::Mark(b'{') => Value::Braces(self.bracketed(b'{', b'}')?),
            T::Lower => {
                let name = self.bump();
                if self.eat(b':') {
                    Value::Choice(name, self.value()?)
                } else if self.is(b'.') && matches!(self.peek(1), T::UpperField | T::LowerField) {
                    Value::Field {
                        head: name,
                        path: self.field_path(),
                    }
                } else {
                    let arguments = if self.is(b'{') { self.arguments()? } else { Vec::new() };
                    Value::Reference {
                        module: None,
                        name,
                        arguments,
                    }
                }
            }
            T::Upper => match self.word() {
                "TRUE" | "FALSE" => Value::Boolean(self.bump() == "TRUE"),
                "PLUS-INFINITY" => self.special(f64::INFINITY),
                "MINUS-INFINITY" => self.special(f64::NEG_INFINITY),
                "NOT-A-NUMBER" => self.special(f64::NAN),
                "NULL" if self.peek(1) != T::Mark(b':') => {
                    self.bump();
                    Value::Null
                }
                _ if self.peek(1) == T::Mark(b'.') && self.peek(2) == T::Lower => {
                    let module = self.bump();
                    self.bump();
                    let name = self.bump();
                    let arguments = if self.is(b'{') { self.arguments()? } else { Vec::new() };
                    Value::Reference {
                        module: Some(module),
                        name,
                        arguments,
                    }
                }
                _ if self.peek(1) == T::Mark(b'.') && matches!(self.peek(2), T::LowerField | T::UpperField) => {
                    let head = self.bump();
                    Value::Field {
                        head,
                        path: self.field_path(),
                    }
                }
                _ => {
                    // the value of an open type: Type:value
                    let ty = self.ty()?;
                    if self.eat(b':') {
                        Value::Open(ty, self.value()?)
                    } else {
                        Value::Unknown
                    }
                }
            },
            _ => return Err(self.fault("a value")),
        })
    }

    pub(super) fn special(&mut self, value: f64) -> Value<'a> {
        self.bump();
        Value::Real(value)
    }

    pub(super) fn field_path(&mut self) -> Vec<&'a str> {
        let mut path = Vec::new();
        while self.is(b'.') && matches!(self.peek(1), T::UpperField | T::LowerField) {
            self.bump();
            path.push(self.bump());
        }
        path
    }
}
