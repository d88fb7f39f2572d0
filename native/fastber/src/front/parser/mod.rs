//! Tokens to modules of assignments. A fault skips to the next assignment, so that one run reports several.
//!
//! This file is the parser's hand: looking at tokens and taking them. What it reads with it, each kind of notation has a
//! file of its own.

mod classes;
mod constraints;
mod macros;
mod modules;
mod types;
mod values;

use std::rc::Rc;

pub use values::quoted;

use super::Diagnostic;
use super::ast::*;
use super::lexer::{Kind as T, Token, place};

/// How deep types, values and constraints may nest in the notation.
const DEEPEST: u32 = 150;

type Parsed<T> = Result<T, Diagnostic>;

/// Read all modules of one file.
pub fn modules<'a>(
    file: &'a str,
    text: &'a str,
    tokens: Rc<[Token]>,
    into: &mut Vec<Module<'a>>,
    faults: &mut Vec<Diagnostic>,
) {
    let mut at = 0;
    loop {
        let module = into.len() as u32;
        let mut parser = Parser::new(file, text, tokens.clone(), module, at, tokens.len() as u32 - 1);
        if parser.kind() == T::End {
            return;
        }
        match parser.module(faults) {
            Ok(parsed) => into.push(parsed),
            Err(fault) => {
                faults.push(fault);
                return;
            }
        }
        at = parser.at;
    }
}

pub struct Parser<'a> {
    file: &'a str,
    text: &'a str,
    tokens: Rc<[Token]>,
    module: u32,
    pub at: u32,
    end: u32,
    depth: u32,
    /// Constraints that stand between SEQUENCE or SET and its OF.
    before_of: Vec<Constraint<'a>>,
    /// What stands in brackets before a type is an instruction to other encoding rules unless it says TAG.
    instructions: bool,
    /// What was written with macros in this module.
    macro_parts: Vec<MacroPart<'a>>,
}

impl<'a> Parser<'a> {
    pub fn new(file: &'a str, text: &'a str, tokens: Rc<[Token]>, module: u32, at: u32, end: u32) -> Self {
        Parser {
            file,
            text,
            tokens,
            module,
            at,
            end,
            depth: 0,
            before_of: Vec::new(),
            instructions: false,
            macro_parts: Vec::new(),
        }
    }

    /// A parser of a span of a module that was parsed before.
    pub fn of(module: &Module<'a>, span: Span) -> Self {
        let mut parser = Parser::new(
            module.file,
            module.text,
            module.tokens.clone(),
            span.module,
            span.start,
            span.end,
        );
        parser.instructions = module.instructions;
        parser
    }

    // Looking

    pub(super) fn token(&self, ahead: u32) -> Token {
        let i = self.at + ahead;
        if i < self.end {
            return self.tokens[i as usize];
        }
        let last = self.tokens.len() - 1;
        Token {
            kind: T::End,
            ..self.tokens[last.min(self.end as usize)]
        }
    }

    pub fn kind(&self) -> T {
        self.token(0).kind
    }

    pub fn peek(&self, ahead: u32) -> T {
        self.token(ahead).kind
    }

    pub(super) fn slice(&self, token: Token) -> &'a str {
        &self.text[token.start as usize..token.end as usize]
    }

    pub fn word(&self) -> &'a str {
        if self.kind() == T::End {
            ""
        } else {
            self.slice(self.token(0))
        }
    }

    pub fn word_at(&self, ahead: u32) -> &'a str {
        if self.peek(ahead) == T::End {
            ""
        } else {
            self.slice(self.token(ahead))
        }
    }

    pub fn is(&self, mark: u8) -> bool {
        self.kind() == T::Mark(mark)
    }

    pub fn is_word(&self, word: &str) -> bool {
        self.kind() == T::Upper && self.word() == word
    }

    pub fn done(&self) -> bool {
        self.kind() == T::End
    }

    // Taking

    pub fn bump(&mut self) -> &'a str {
        let word = self.word();
        if self.at < self.end {
            self.at += 1;
        }
        word
    }

    pub fn eat(&mut self, mark: u8) -> bool {
        let found = self.is(mark);
        if found {
            self.at += 1;
        }
        found
    }

    pub fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.at += 1;
        }
        found
    }

    pub(super) fn eat_kind(&mut self, kind: T) -> bool {
        let found = self.kind() == kind;
        if found {
            self.at += 1;
        }
        found
    }

    pub fn fault(&self, expected: &str) -> Diagnostic {
        let token = self.token(0);
        let (line, column) = place(self.text, token.start as usize);
        let found = if token.kind == T::End {
            "the end".to_owned()
        } else {
            format!("`{}`", self.slice(token))
        };
        Diagnostic {
            file: self.file.to_owned(),
            line,
            column,
            message: format!("expected {expected}, found {found}"),
        }
    }

    pub fn expect(&mut self, mark: u8) -> Parsed<()> {
        if self.eat(mark) {
            Ok(())
        } else {
            Err(self.fault(&format!("`{}`", mark as char)))
        }
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.eat_word(word) {
            Ok(())
        } else {
            Err(self.fault(&format!("`{word}`")))
        }
    }

    pub(super) fn expect_kind(&mut self, kind: T, expected: &str) -> Parsed<&'a str> {
        if self.kind() == kind {
            Ok(self.bump())
        } else {
            Err(self.fault(expected))
        }
    }

    /// The span within the brackets that begin here, which are consumed.
    pub fn bracketed(&mut self, open: u8, close: u8) -> Parsed<Span> {
        self.expect(open)?;
        let start = self.at;
        let mut depth = 1;
        loop {
            match self.kind() {
                T::Mark(m) if m == open => depth += 1,
                T::Mark(m) if m == close => {
                    depth -= 1;
                    if depth == 0 {
                        let span = Span {
                            module: self.module,
                            start,
                            end: self.at,
                        };
                        self.at += 1;
                        return Ok(span);
                    }
                }
                T::End => return Err(self.fault(&format!("`{}`", close as char))),
                _ => {}
            }
            self.at += 1;
        }
    }

    pub(super) fn nest<R>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<R>) -> Parsed<R> {
        if self.depth >= DEEPEST {
            return Err(self.fault("notation that nests less deep"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }
}

/// The parts of a span between marks that stand in no brackets.
pub fn split(tokens: &[Token], span: Span, mark: u8) -> Vec<Span> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (span.start, 0i32);
    for at in span.start..span.end {
        match tokens[at as usize].kind {
            T::Mark(b'{' | b'(' | b'[') => depth += 1,
            T::Mark(b'}' | b')' | b']') => depth -= 1,
            T::Mark(m) if m == mark && depth == 0 => {
                parts.push(Span { start, end: at, ..span });
                start = at + 1;
            }
            _ => {}
        }
    }
    if start < span.end || !parts.is_empty() {
        parts.push(Span {
            start,
            end: span.end,
            ..span
        });
    }
    parts
}
