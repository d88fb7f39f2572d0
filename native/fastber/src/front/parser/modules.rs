//! Modules, their imports and assignments (X.680 clauses 13 to 16).

use std::rc::Rc;

use super::macros::is_capitals;
use super::{Parsed, Parser};
use crate::front::Diagnostic;
use crate::front::ast::*;
use crate::front::lexer::Kind as T;
use foldhash::HashMap;

impl<'a> Parser<'a> {
    pub(super) fn module(&mut self, faults: &mut Vec<Diagnostic>) -> Parsed<Module<'a>> {
        let name = self.expect_kind(T::Upper, "the name of a module")?;
        if self.is(b'{') {
            self.bracketed(b'{', b'}')?;
        }
        if self.kind() == T::CharacterString {
            self.bump();
        }
        self.expect_word("DEFINITIONS")?;
        let mut tagging = Tagging::Explicit;
        let mut extensible = false;
        self.instructions = false;
        if self.word_at(1) == "INSTRUCTIONS" {
            self.instructions = self.word() != "TAG";
            self.at += 2;
        }
        loop {
            tagging = match self.word() {
                "EXPLICIT" => Tagging::Explicit,
                "IMPLICIT" => Tagging::Implicit,
                "AUTOMATIC" => Tagging::Automatic,
                "EXTENSIBILITY" => {
                    self.bump();
                    self.expect_word("IMPLIED")?;
                    extensible = true;
                    continue;
                }
                _ => break,
            };
            self.bump();
            self.expect_word("TAGS")?;
        }
        self.expect_kind(T::Assign, "`::=`")?;
        self.expect_word("BEGIN")?;
        if self.is_word("EXPORTS") {
            self.bump();
            while !self.is(b';') && !self.done() && !self.is_word("IMPORTS") && self.peek(1) != T::Assign {
                self.bump();
            }
            self.eat(b';');
        }
        let mut imports = HashMap::default();
        while self.eat_word("IMPORTS") {
            self.imports(&mut imports)?;
        }
        let mut module = Module {
            file: self.file,
            text: self.text,
            tokens: self.tokens.clone(),
            name,
            tagging,
            extensible,
            instructions: self.instructions,
            imports,
            assignments: Vec::new(),
            index: HashMap::default(),
            macro_parts: Vec::new(),
        };
        while !self.eat_word("END") {
            if self.done() {
                return Err(self.fault("an assignment or `END`"));
            }
            let begin = self.at;
            if self.is_word("ENCODING-CONTROL") {
                // for encoding rules other than these, up to the end of the module (X.680 54)
                while !self.done() && !self.is_word("END") {
                    self.bump();
                }
                continue;
            }
            match self.assignment() {
                Ok(assignment) => {
                    if module.index.insert(assignment.name, module.assignments.len()).is_some() {
                        self.at = assignment.token;
                        faults.push(self.fault("a name that is not assigned yet"));
                        self.at = begin + 1;
                        self.skip_to_assignment();
                    }
                    module.assignments.push(assignment);
                }
                Err(fault) => {
                    faults.push(fault);
                    if faults.len() > crate::front::MOST_DIAGNOSTICS {
                        return Err(self.fault("fewer faults"));
                    }
                    self.at = self.at.max(begin + 1);
                    self.skip_to_assignment();
                }
            }
        }
        module.macro_parts = std::mem::take(&mut self.macro_parts);
        Ok(module)
    }

    pub(super) fn imports(&mut self, imports: &mut HashMap<&'a str, Import<'a>>) -> Parsed<()> {
        let mut symbols = Vec::new();
        loop {
            match self.kind() {
                T::Mark(b';') => {
                    self.bump();
                    return Ok(());
                }
                T::Upper if self.word() == "FROM" => {
                    self.bump();
                    let from = self.expect_kind(T::Upper, "the name of a module")?;
                    let published = self.is(b'{');
                    for (symbol, token) in symbols.drain(..) {
                        imports.insert(
                            symbol,
                            Import {
                                module: from,
                                published,
                                token: Some(token),
                            },
                        );
                    }
                    if self.is(b'{') {
                        self.bracketed(b'{', b'}')?;
                    } else if self.kind() == T::Lower
                        && (self.peek(1) == T::Mark(b';') || self.peek(1) == T::Upper && self.word_at(1) != "FROM")
                    {
                        self.bump();
                    }
                    if self.eat_word("WITH") {
                        self.bump();
                    }
                }
                T::Upper | T::Lower => {
                    let token = self.at;
                    symbols.push((self.bump(), token));
                    if self.is(b'{') {
                        self.bracketed(b'{', b'}')?;
                    }
                    self.eat(b',');
                }
                _ => return Err(self.fault("a symbol, `FROM` or `;`")),
            }
        }
    }

    // Assignments

    /// Move to where the next assignment, or END, seems to begin: a name that `::=` follows.
    pub(super) fn skip_to_assignment(&mut self) {
        while !self.done() && !self.is_word("END") && !self.begins_assignment() {
            self.at += 1;
        }
    }

    /// `Name ::=`, `Name {...} ::=`, `Name MACRO`, `name Type ::=`, `Name Type ::=`: the start of each kind of assignment.
    pub(super) fn begins_assignment(&self) -> bool {
        if !matches!(self.kind(), T::Upper | T::Lower) || is_reserved(self.word()) {
            return false;
        }
        let mut ahead = 1;
        if self.peek(ahead) == T::Mark(b'{') {
            ahead = match self.past_braces(ahead) {
                Some(past) => past,
                None => return false,
            };
        }
        if self.peek(ahead) == T::Assign {
            return self.kind() == T::Upper;
        }
        if self.peek(ahead) != T::Upper {
            return false;
        }
        if self.word_at(ahead) == "MACRO" || self.peek(ahead + 1) == T::Assign {
            return true;
        }
        let governor = self.word_at(ahead);
        let two = |a: &str, b: &str| governor == a && self.word_at(ahead + 1) == b && self.peek(ahead + 2) == T::Assign;
        two("OBJECT", "IDENTIFIER")
            || two("BIT", "STRING")
            || two("OCTET", "STRING")
            || self.kind() == T::Lower && is_capitals(governor) && self.begins_line()
    }

    pub(super) fn begins_line(&self) -> bool {
        let start = self.token(0).start as usize;
        start == 0 || self.text.as_bytes()[start - 1] == b'\n'
    }

    pub(super) fn past_braces(&self, mut ahead: u32) -> Option<u32> {
        let mut depth = 0;
        loop {
            match self.peek(ahead) {
                T::Mark(b'{') => depth += 1,
                T::Mark(b'}') => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(ahead + 1);
                    }
                }
                T::End | T::Assign => return None,
                // no list of parameters is so long; and looking further at every brace would take quadratic time
                _ if ahead > 500 => return None,
                _ => {}
            }
            ahead += 1;
        }
    }

    pub(super) fn assignment(&mut self) -> Parsed<Assignment<'a>> {
        let token = self.at;
        let upper = match self.kind() {
            T::Upper => true,
            T::Lower => false,
            _ => return Err(self.fault("an assignment or `END`")),
        };
        let name = self.bump();
        if upper && self.is_word("MACRO") {
            return self.macro_definition(token, name);
        }
        let parameters = if self.is(b'{') { self.parameters()? } else { Vec::new() };
        let body = if upper {
            if self.eat_kind(T::Assign) {
                if self.is_word("CLASS") {
                    self.bump();
                    Body::Class(Rc::new(self.class()?))
                } else {
                    let body = self.ty()?;
                    self.after_type(name, body)?
                }
            } else {
                let governor = self.ty()?;
                self.expect_kind(T::Assign, "`::=`")?;
                Body::Set(governor, self.bracketed(b'{', b'}')?)
            }
        } else {
            // X.407 has a macro of that name
            let object = self.is_word("OBJECT") && self.word_at(1) != "IDENTIFIER";
            let governor = if object { self.ty_or_object()? } else { self.ty()? };
            let value = match &governor.kind {
                TypeKind::Reference { name: of, .. } if is_capitals(of) => {
                    self.macro_notation(name, of, true);
                    self.expect_kind(T::Assign, "`::=`")?;
                    self.macro_value()?
                }
                _ => {
                    self.expect_kind(T::Assign, "`::=`")?;
                    self.value()?
                }
            };
            Body::Value(governor, value)
        };
        Ok(Assignment {
            name,
            token,
            parameters,
            body,
        })
    }

    /// `{Governor:Dummy, Dummy}` (X.683 8.3)
    pub(super) fn parameters(&mut self) -> Parsed<Vec<Parameter<'a>>> {
        self.expect(b'{')?;
        let mut parameters = Vec::new();
        loop {
            // the governor matters to a reader; what an argument is, its use tells
            if !matches!(self.peek(1), T::Mark(b',' | b'}')) {
                self.ty()?;
                self.expect(b':')?;
            }
            if !matches!(self.kind(), T::Upper | T::Lower) {
                return Err(self.fault("a dummy reference"));
            }
            parameters.push(Parameter { name: self.bump() });
            if !self.eat(b',') {
                self.expect(b'}')?;
                return Ok(parameters);
            }
        }
    }
}

/// Words that begin or follow a type and so are never the name of an assignment.
fn is_reserved(word: &str) -> bool {
    matches!(
        word,
        "SEQUENCE"
            | "SET"
            | "CHOICE"
            | "INTEGER"
            | "ENUMERATED"
            | "BIT"
            | "OCTET"
            | "OBJECT"
            | "STRING"
            | "IDENTIFIER"
            | "BOOLEAN"
            | "NULL"
            | "REAL"
            | "EXTERNAL"
            | "ANY"
            | "OF"
            | "OPTIONAL"
            | "DEFAULT"
            | "COMPONENTS"
            | "SIZE"
            | "IMPLICIT"
            | "EXPLICIT"
            | "TRUE"
            | "FALSE"
            | "IMPORTS"
            | "EXPORTS"
            | "FROM"
            | "WITH"
            | "BEGIN"
    )
}
