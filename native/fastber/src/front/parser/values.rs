//! Values (X.680 clause 17).

use std::rc::Rc;

use super::{Parsed, Parser};
use crate::front::ast::*;
use crate::front::lexer::Kind as T;

impl<'a> Parser<'a> {
    pub fn value(&mut self) -> Parsed<Rc<Value<'a>>> {
        let (module, token) = (self.module, self.at);
        self.nest(|p| {
            let notation = p.notation()?;
            Ok(Rc::new(Value {
                module,
                token,
                notation,
            }))
        })
    }

    fn notation(&mut self) -> Parsed<Notation<'a>> {
        let negative = self.eat(b'-');
        Ok(match self.kind() {
            T::Number => {
                let number: i128 = self
                    .word()
                    .parse()
                    .map_err(|_| self.fault("a number of less than 128 bits"))?;
                self.bump();
                Notation::Integer(if negative { -number } else { number })
            }
            T::Real => {
                let real: f64 = self.word().parse().map_err(|_| self.fault("a real number"))?;
                self.bump();
                Notation::Real(if negative { -real } else { real })
            }
            _ if negative => return Err(self.fault("a number")),
            T::BinaryString => Notation::Bits(self.digits("01", "a binary string of the digits 0 and 1")?),
            T::HexString => Notation::Hex(self.digits(
                "0123456789ABCDEFabcdef",
                "a hexadecimal string of the digits 0 to 9 and A to F",
            )?),
            T::CharacterString => {
                let word = self.bump();
                Notation::Text(quoted(word))
            }
            T::Mark(b'{') => Notation::Braces(self.bracketed(b'{', b'}')?),
            T::Lower => {
                let name = self.bump();
                if self.eat(b':') {
                    Notation::Choice(name, self.value()?)
                } else if self.is(b'.') && matches!(self.peek(1), T::UpperField | T::LowerField) {
                    Notation::Field {
                        head: name,
                        path: self.field_path(),
                    }
                } else {
                    let arguments = if self.is(b'{') { self.arguments()? } else { Vec::new() };
                    Notation::Reference {
                        module: None,
                        name,
                        arguments,
                    }
                }
            }
            T::Upper => match self.word() {
                "TRUE" | "FALSE" => Notation::Boolean(self.bump() == "TRUE"),
                "PLUS-INFINITY" => self.special(f64::INFINITY),
                "MINUS-INFINITY" => self.special(f64::NEG_INFINITY),
                "NOT-A-NUMBER" => self.special(f64::NAN),
                "NULL" if self.peek(1) != T::Mark(b':') => {
                    self.bump();
                    Notation::Null
                }
                _ if self.peek(1) == T::Mark(b'.') && self.peek(2) == T::Lower => {
                    let module = self.bump();
                    self.bump();
                    let name = self.bump();
                    let arguments = if self.is(b'{') { self.arguments()? } else { Vec::new() };
                    Notation::Reference {
                        module: Some(module),
                        name,
                        arguments,
                    }
                }
                _ if self.peek(1) == T::Mark(b'.') && matches!(self.peek(2), T::LowerField | T::UpperField) => {
                    let head = self.bump();
                    Notation::Field {
                        head,
                        path: self.field_path(),
                    }
                }
                _ => {
                    // the value of an open type: Type:value
                    let ty = self.ty()?;
                    if self.eat(b':') {
                        Notation::Open(ty, self.value()?)
                    } else {
                        Notation::Unknown
                    }
                }
            },
            _ => return Err(self.fault("a value")),
        })
    }

    /// What stands between the quotation marks, of these digits and white space alone (X.680 12.10, 12.12).
    fn digits(&mut self, digits: &str, expected: &str) -> Parsed<&'a str> {
        let word = self.word();
        let within = &word[1..word.len() - 2];
        if !within.chars().all(|c| digits.contains(c) || c.is_ascii_whitespace()) {
            return Err(self.fault(expected));
        }
        self.bump();
        Ok(within)
    }

    pub(super) fn special(&mut self, value: f64) -> Notation<'a> {
        self.bump();
        Notation::Real(value)
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

/// What a character string in its quotation marks is. Where it is written on several lines, their ends, and the blanks
/// about them, are no part of it (X.680 12.14.1).
pub fn quoted(word: &str) -> String {
    let ends = ['\n', '\r', '\x0B', '\x0C'];
    let written = &word[1..word.len() - 1];
    if !written.contains(ends) {
        return written.replace("\"\"", "\"");
    }
    let blanks = [' ', '\t', '\u{A0}'];
    let lines: Vec<&str> = written.split(ends).collect();
    let last = lines.len() - 1;
    let mut text = String::with_capacity(written.len());
    for (i, line) in lines.into_iter().enumerate() {
        let line = if i > 0 { line.trim_start_matches(blanks) } else { line };
        text.push_str(if i < last { line.trim_end_matches(blanks) } else { line });
    }
    text.replace("\"\"", "\"")
}
