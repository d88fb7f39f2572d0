//! Macros (X.208 annex A): their definitions are stepped over, and of what is written with them is kept what it carries:
//! its value, and the types and names behind the words that the macros of X.219, X.407, X.411, X.420, X.509 and SNMP have.

use std::rc::Rc;

use super::{Parsed, Parser};
use crate::front::ast::*;
use crate::front::lexer::Kind as T;

/// Macros whose own name a type follows.
const OF_A_TYPE: [&str; 8] = [
    "EXTENSION",
    "EXTENSION-ATTRIBUTE",
    "TOKEN-DATA",
    "ATTRIBUTE-SYNTAX",
    "SIGNED",
    "ENCRYPTED",
    "SIGNATURE",
    "PROTECTED",
];

/// Words that a type follows, or a name and a type.
const BEFORE_NAMED_TYPES: [&str; 5] = ["ARGUMENT", "RESULT", "PARAMETER", "BIND-ERROR", "UNBIND-ERROR"];

/// Words that a type follows.
const BEFORE_TYPES: [&str; 5] = ["PARAMETERS", "DATA", "ATTRIBUTE-SYNTAX", "SYNTAX", "VALUE"];

/// Words that names in braces follow.
const BEFORE_NAMES: [&str; 9] = [
    "ERRORS",
    "LINKED",
    "PORTS",
    "OPERATIONS",
    "INVOKES",
    "TO",
    "FROM",
    "INDEX",
    "OBJECTS",
];

impl<'a> Parser<'a> {
    pub(super) fn macro_definition(&mut self, token: u32, name: &'a str) -> Parsed<Assignment<'a>> {
        self.bump();
        self.expect_kind(T::Assign, "`::=`")?;
        if self.eat_word("BEGIN") {
            while !self.eat_word("END") {
                if self.done() {
                    return Err(self.fault("`END` of the macro"));
                }
                self.bump();
            }
        } else {
            self.bump();
        }
        Ok(Assignment {
            name,
            token,
            parameters: Vec::new(),
            body: Body::Macro,
        })
    }

    /// A type written with a macro (`BIND ARGUMENT ...`) is followed by the macro's own notation.
    pub(super) fn after_type(&mut self, name: &'a str, body: Rc<Type<'a>>) -> Parsed<Body<'a>> {
        match &body.kind {
            TypeKind::Reference { name: of, .. } if is_capitals(of) => {
                let expected = OF_A_TYPE.contains(of);
                if self.next_assignment(expected) {
                    return Ok(Body::Type(body));
                }
                self.macro_notation(name, of, false);
                Ok(Body::Macro)
            }
            _ if self.next_assignment(false) => Ok(Body::Type(body)),
            _ if matches!(self.kind(), T::Upper | T::Lower) => Ok(Body::Type(body)),
            _ => Err(self.fault("an assignment or `END`")),
        }
    }

    /// The value of what was written with a macro: X.208 wrote that of a CHOICE without a colon, `::= localValue 4`.
    pub(super) fn macro_value(&mut self) -> Parsed<Rc<Value<'a>>> {
        if matches!(self.word(), "localValue" | "globalValue" | "local" | "global") && self.peek(1) != T::Mark(b'.') {
            self.bump();
            self.eat(b':');
        }
        self.value()
    }

    /// Where the notation of a macro that assigns a type ends. When a type is `expected`, `Type Name ::=` is one, and then
    /// the next assignment.
    fn next_assignment(&self, expected: bool) -> bool {
        let goes_on = is_known(self.word()) && self.peek(1) != T::Assign;
        let is_type = expected && self.kind() == T::Upper && self.peek(1) == T::Upper && self.word_at(1) != "MACRO";
        self.done() || self.is_word("END") || !goes_on && !is_type && self.begins_assignment()
    }

    /// What stands between the macro `of` and `::=` with a value, or the next assignment.
    pub(super) fn macro_notation(&mut self, instance: &'a str, of: &'a str, of_value: bool) {
        let mut word = if OF_A_TYPE.contains(&of) { "TYPE" } else { "" };
        let mut before = "";
        loop {
            let ends = match of_value {
                true => self.done() || self.kind() == T::Assign || self.is_word("END"),
                false => self.next_assignment(!word.is_empty()),
            };
            if ends {
                return;
            }
            let at = self.at;
            let named = BEFORE_NAMED_TYPES.contains(&word);
            if !word.is_empty() && !self.ends_clause(named) {
                if named && self.kind() == T::Lower && matches!(self.peek(1), T::Upper | T::Mark(b'[')) {
                    self.bump();
                }
                match self.ty() {
                    Ok(ty) => self.carried(instance, word, Carried::Type(ty)),
                    // some other notation, which is stepped over like all that is not known
                    Err(_) => self.at = at + 1,
                }
                word = "";
                continue;
            }
            word = "";
            let next = self.bump();
            let of_values = matches!(before, "SINGLE" | "MULTI");
            if (BEFORE_TYPES.contains(&next) || BEFORE_NAMED_TYPES.contains(&next)) && !of_values {
                self.eat_word("IS");
                word = next;
            } else if BEFORE_NAMES.contains(&next) && self.is(b'{') {
                self.names(instance, next);
            }
            before = next;
        }
    }

    /// No type, and if it may be `named` no name, so that the clause is empty.
    fn ends_clause(&self, named: bool) -> bool {
        match self.kind() {
            T::Upper => is_known(self.word()),
            T::Mark(b'[') => false,
            T::Lower => match self.peek(1) {
                T::Mark(b'<') => false,
                T::Upper | T::Mark(b'[') => !named,
                _ => true,
            },
            _ => true,
        }
    }

    /// `{ name, Module.name, name }`
    fn names(&mut self, instance: &'a str, word: &'a str) {
        let Ok(span) = self.bracketed(b'{', b'}') else {
            self.at = self.end;
            return;
        };
        let mut names = Vec::new();
        for part in super::split(&self.tokens, span, b',') {
            let inside = part.start < part.end;
            if inside {
                let (first, last) = (self.tokens[part.start as usize], self.tokens[part.end as usize - 1]);
                names.push(&self.text[first.start as usize..last.end as usize]);
            }
        }
        self.carried(instance, word, Carried::Names(names));
    }

    fn carried(&mut self, instance: &'a str, word: &'a str, carried: Carried<'a>) {
        self.macro_parts.push(MacroPart {
            instance,
            word,
            carried,
        });
    }
}

/// A word of the macros' own.
fn is_known(word: &str) -> bool {
    BEFORE_TYPES.contains(&word)
        || BEFORE_NAMED_TYPES.contains(&word)
        || BEFORE_NAMES.contains(&word)
        || matches!(
            word,
            "CRITICAL" | "DEFAULT" | "SYNCHRONOUS" | "ASYNCHRONOUS" | "IDENTIFIED" | "WITH"
        )
}

pub(super) fn is_capitals(name: &str) -> bool {
    name.bytes().all(|b| !b.is_ascii_lowercase())
}
