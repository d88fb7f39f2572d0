//! The front end: ASN.1 modules (X.680 to X.683, and X.208 as it is still met) to a `Schema`.
//!
//! `lexer` makes tokens, `parser` modules of assignments (`ast`), `resolve` the table of types that the codec walks.

mod ast;
mod choices;
mod lexer;
mod parser;
mod resolve;

#[cfg(test)]
mod tests;

pub use choices::AnyChoices;

use crate::schema::Schema;

/// A file of one or more modules; `name` is what diagnostics call it.
#[derive(Debug, Clone)]
pub struct Source {
    pub name: String,
    pub text: String,
}

/// How strictly modules are read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// A type imported from a module that is not among the sources is a fault even where the import names the module by
    /// its object identifier. Without this, such a type is left open (its values are whole encodings) and
    /// `Schema::warnings` tells of it: published modules import far more than a protocol uses. A module that is imported
    /// by its bare name must be among the sources either way.
    pub strict_imports: bool,
    /// Types for some of the ANY DEFINED BY.
    pub any_choices: Vec<AnyChoices>,
}

/// One fault in the notation: where, what was expected, what was found. Line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub file: String,
    pub line: u32,
    pub column: u32,
    pub message: String,
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

/// How many faults are reported before the front end gives up.
const MOST_DIAGNOSTICS: usize = 100;

/// Compile modules that may import one another, in any order.
pub fn compile(sources: &[Source], options: &Options) -> Result<Schema, Vec<Diagnostic>> {
    let texts = choices::sources(&options.any_choices);
    let mut modules = Vec::new();
    let mut faults = Vec::new();
    for source in sources {
        match lexer::tokens(&source.name, &source.text) {
            Ok(tokens) => parser::modules(&source.name, &source.text, tokens.into(), &mut modules, &mut faults),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        let first = modules.len();
        let placed = choices::add(&options.any_choices, &texts, &mut modules, &mut faults);
        if faults.is_empty() {
            let (mut schema, found) = resolve::schema(modules, options.strict_imports);
            faults = found;
            if faults.is_empty() {
                faults = choices::apply(&placed, first, &mut schema);
            }
            if faults.is_empty() {
                return Ok(schema);
            }
        }
    }
    faults.truncate(MOST_DIAGNOSTICS);
    Err(faults)
}
