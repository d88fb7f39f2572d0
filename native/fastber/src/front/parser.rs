//! Tokens to modules of assignments. A fault skips to the next assignment, so that one run reports several.

use std::collections::HashMap;
use std::rc::Rc;

use super::Diagnostic;
use super::ast::*;
use super::lexer::{Kind as T, Token, place};
use crate::schema::{Class, Kind, StringKind};

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
        }
    }

    /// A parser of a span of a module that was parsed before.
    pub fn of(module: &Module<'a>, span: Span) -> Self {
        Parser::new(
            module.file,
            module.text,
            module.tokens.clone(),
            span.module,
            span.start,
            span.end,
        )
    }

    // Looking

    fn token(&self, ahead: u32) -> Token {
        let i = self.at + ahead;
        let last = self.tokens[self.tokens.len() - 1];
        if i < self.end {
            self.tokens[i as usize]
        } else {
            Token {
                kind: T::End,
                ..*self.tokens.get(self.end as usize).unwrap_or(&last)
            }
        }
    }

    pub fn kind(&self) -> T {
        self.token(0).kind
    }

    fn peek(&self, ahead: u32) -> T {
        self.token(ahead).kind
    }

    fn slice(&self, token: Token) -> &'a str {
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

    fn eat_kind(&mut self, kind: T) -> bool {
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

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.eat_word(word) {
            Ok(())
        } else {
            Err(self.fault(&format!("`{word}`")))
        }
    }

    fn expect_kind(&mut self, kind: T, expected: &str) -> Parsed<&'a str> {
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

    fn nest<R>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<R>) -> Parsed<R> {
        if self.depth >= DEEPEST {
            return Err(self.fault("notation that nests less deep"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    // Modules (X.680 clause 13)

    fn module(&mut self, faults: &mut Vec<Diagnostic>) -> Parsed<Module<'a>> {
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
        let mut imports = HashMap::new();
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
            imports,
            assignments: Vec::new(),
            index: HashMap::new(),
        };
        while !self.eat_word("END") {
            if self.done() {
                return Err(self.fault("an assignment or `END`"));
            }
            let begin = self.at;
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
                    if faults.len() > super::MOST_DIAGNOSTICS {
                        return Err(self.fault("fewer faults"));
                    }
                    self.at = self.at.max(begin + 1);
                    self.skip_to_assignment();
                }
            }
        }
        Ok(module)
    }

    fn imports(&mut self, imports: &mut HashMap<&'a str, Import<'a>>) -> Parsed<()> {
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
                    for symbol in symbols.drain(..) {
                        imports.insert(
                            symbol,
                            Import {
                                module: from,
                                published,
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
                    symbols.push(self.bump());
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
    fn skip_to_assignment(&mut self) {
        while !self.done() && !self.is_word("END") && !self.begins_assignment() {
            self.at += 1;
        }
    }

    /// `Name ::=`, `Name {...} ::=`, `Name MACRO`, `name Type ::=`, `Name Type ::=`: the start of each kind of assignment.
    fn begins_assignment(&self) -> bool {
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

    fn begins_line(&self) -> bool {
        let start = self.token(0).start as usize;
        start == 0 || self.text.as_bytes()[start - 1] == b'\n'
    }

    fn past_braces(&self, mut ahead: u32) -> Option<u32> {
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

    fn assignment(&mut self) -> Parsed<Assignment<'a>> {
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
                    self.after_type(body)?
                }
            } else {
                let governor = self.ty()?;
                self.expect_kind(T::Assign, "`::=`")?;
                Body::Set(governor, self.bracketed(b'{', b'}')?)
            }
        } else {
            let governor = self.ty()?;
            let of_macro = matches!(&governor.kind, TypeKind::Reference { name, .. } if is_capitals(name));
            if of_macro {
                // an instance of a macro has its own notation up to the value
                while self.kind() != T::Assign && !self.done() && !self.is_word("END") {
                    self.at += 1;
                }
            }
            self.expect_kind(T::Assign, "`::=`")?;
            if of_macro && matches!(self.word(), "localValue" | "globalValue") && !matches!(self.peek(1), T::Mark(b':'))
            {
                // X.208 wrote the value of a CHOICE without a colon: `::= localValue 4`
                self.bump();
            }
            let value = self.value()?;
            Body::Value(governor, value)
        };
        Ok(Assignment {
            name,
            token,
            parameters,
            body,
        })
    }

    /// A type written with a macro (`BIND ARGUMENT ...`) is followed by the macro's own notation.
    fn after_type(&mut self, body: Rc<Type<'a>>) -> Parsed<Body<'a>> {
        if self.done() || self.is_word("END") || self.begins_assignment() {
            return Ok(Body::Type(body));
        }
        match &body.kind {
            TypeKind::Reference { name, .. } if is_capitals(name) => {
                self.skip_to_assignment();
                Ok(Body::Macro)
            }
            _ if matches!(self.kind(), T::Upper | T::Lower) => Ok(Body::Type(body)),
            _ => Err(self.fault("an assignment or `END`")),
        }
    }

    fn macro_definition(&mut self, token: u32, name: &'a str) -> Parsed<Assignment<'a>> {
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

    /// `{Governor:Dummy, Dummy}` (X.683 8.3)
    fn parameters(&mut self) -> Parsed<Vec<Parameter<'a>>> {
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

    // Classes (X.681 clauses 9, 10)

    fn class(&mut self) -> Parsed<ClassDefinition<'a>> {
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
                field.default = Some(self.setting(&[])?);
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

    fn syntax(&mut self, close: u8) -> Parsed<Vec<Syntax<'a>>> {
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

    /// The span of one setting of a field: a type, value, object or set, whichever; it ends before one of `stops`.
    pub fn setting(&mut self, stops: &[&str]) -> Parsed<Span> {
        let start = self.at;
        if self.is(b'{') {
            self.bracketed(b'{', b'}')?;
        } else {
            match self.kind() {
                T::Upper if !stops.contains(&self.word()) => {
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

    // Types

    /// An object or object set by name, in the form of a type reference.
    pub fn ty_or_object(&mut self) -> Parsed<Rc<Type<'a>>> {
        let parsed = self.reference()?;
        Ok(Rc::new(parsed))
    }

    /// What is left of the span.
    pub fn rest(&self) -> Span {
        Span {
            module: self.module,
            start: self.at,
            end: self.end,
        }
    }

    fn make(&self, token: u32, kind: TypeKind<'a>) -> Type<'a> {
        Type {
            token,
            module: self.module,
            tags: Vec::new(),
            kind,
            constraints: Vec::new(),
        }
    }

    pub fn ty(&mut self) -> Parsed<Rc<Type<'a>>> {
        self.nest(|p| {
            let token = p.at;
            let mut tags = Vec::new();
            while p.is(b'[') {
                tags.push(p.tag()?);
            }
            let mut ty = p.untagged()?;
            ty.token = token;
            ty.tags = tags;
            while p.is(b'(') {
                let constraint = p.constraint()?;
                ty.constraints.push(constraint);
            }
            Ok(Rc::new(ty))
        })
    }

    fn tag(&mut self) -> Parsed<TagSpec<'a>> {
        self.expect(b'[')?;
        let class = match self.word() {
            "UNIVERSAL" => Class::Universal,
            "APPLICATION" => Class::Application,
            "PRIVATE" => Class::Private,
            _ => Class::Context,
        };
        if class != Class::Context {
            self.bump();
        }
        let number = match self.kind() {
            T::Number => {
                let number = self.word().parse::<u32>().ok().filter(|n| *n < 1 << 29);
                let number = number.ok_or_else(|| self.fault("a tag number below 2^29"))?;
                self.bump();
                TagNumber::Number(number)
            }
            T::Lower => TagNumber::Reference(self.bump()),
            _ => return Err(self.fault("a tag number")),
        };
        self.expect(b']')?;
        let implicit = match self.word() {
            "IMPLICIT" => Some(true),
            "EXPLICIT" => Some(false),
            _ => None,
        };
        if implicit.is_some() {
            self.bump();
        }
        Ok(TagSpec {
            class,
            number,
            implicit,
        })
    }

    fn untagged(&mut self) -> Parsed<Type<'a>> {
        let token = self.at;
        if self.kind() == T::Lower {
            if self.peek(1) == T::Mark(b'<') {
                let alternative = self.bump();
                self.bump();
                let ty = self.ty()?;
                return Ok(self.make(token, TypeKind::Selection(alternative, ty)));
            }
            if self.peek(1) == T::Mark(b'.') && matches!(self.peek(2), T::UpperField | T::LowerField) {
                return self.reference();
            }
        }
        if self.kind() != T::Upper {
            return Err(self.fault("a type"));
        }
        let simple = |kind| Ok(TypeKind::Simple(kind));
        let string = |kind| Ok(TypeKind::Simple(Kind::String(kind)));
        let word = self.word();
        let kind = match word {
            "BOOLEAN" => simple(Kind::Boolean),
            "NULL" => simple(Kind::Null),
            "REAL" => simple(Kind::Real),
            "EXTERNAL" => simple(Kind::External),
            "UTCTime" => simple(Kind::UtcTime),
            "GeneralizedTime" => simple(Kind::GeneralizedTime),
            "ObjectDescriptor" => simple(Kind::ObjectDescriptor),
            "RELATIVE-OID" => simple(Kind::RelativeOid),
            "TIME" => simple(Kind::Time),
            "UTF8String" => string(StringKind::Utf8),
            "NumericString" => string(StringKind::Numeric),
            "PrintableString" => string(StringKind::Printable),
            "TeletexString" | "T61String" => string(StringKind::Teletex),
            "VideotexString" => string(StringKind::Videotex),
            "IA5String" => string(StringKind::Ia5),
            "GraphicString" => string(StringKind::Graphic),
            "VisibleString" | "ISO646String" => string(StringKind::Visible),
            "GeneralString" => string(StringKind::General),
            "UniversalString" => string(StringKind::Universal),
            "BMPString" => string(StringKind::Bmp),
            "CHARACTER" | "EMBEDDED" | "OBJECT" | "OCTET" | "BIT" | "INTEGER" | "ENUMERATED" | "SEQUENCE" | "SET"
            | "CHOICE" | "ANY" | "INSTANCE" => {
                self.bump();
                self.compound(word)
            }
            _ => return self.reference(),
        }?;
        if self.at == token {
            self.bump();
        }
        let mut ty = self.make(token, kind);
        ty.constraints = std::mem::take(&mut self.before_of);
        Ok(ty)
    }

    fn compound(&mut self, word: &str) -> Parsed<TypeKind<'a>> {
        Ok(match word {
            "CHARACTER" => {
                self.expect_word("STRING")?;
                TypeKind::Simple(Kind::CharacterString)
            }
            "EMBEDDED" => {
                self.expect_word("PDV")?;
                TypeKind::Simple(Kind::EmbeddedPdv)
            }
            "OBJECT" => {
                self.expect_word("IDENTIFIER")?;
                TypeKind::Simple(Kind::ObjectIdentifier)
            }
            "OCTET" => {
                self.expect_word("STRING")?;
                TypeKind::Simple(Kind::OctetString { contained: None })
            }
            "BIT" => {
                self.expect_word("STRING")?;
                TypeKind::BitString(self.named()?)
            }
            "INTEGER" => TypeKind::Integer(self.named()?),
            "ENUMERATED" => self.enumerated()?,
            "ANY" => {
                if self.eat_word("DEFINED") {
                    self.expect_word("BY")?;
                    self.expect_kind(T::Lower, "an identifier")?;
                }
                TypeKind::Any
            }
            "INSTANCE" => {
                self.expect_word("OF")?;
                self.expect_kind(T::Upper, "a class")?;
                TypeKind::InstanceOf
            }
            "CHOICE" => TypeKind::Choice(self.components()?),
            _ => {
                let set = word == "SET";
                if self.is(b'{') {
                    let components = self.components()?;
                    return Ok(if set {
                        TypeKind::Set(components)
                    } else {
                        TypeKind::Sequence(components)
                    });
                }
                let mut constraints = Vec::new();
                if self.is(b'(') {
                    constraints.push(self.constraint()?);
                } else if self.is_word("SIZE") {
                    let start = self.at;
                    self.bump();
                    self.bracketed(b'(', b')')?;
                    let span = Span {
                        module: self.module,
                        start,
                        end: self.at,
                    };
                    constraints.push(Constraint {
                        span,
                        table: None,
                        at: Vec::new(),
                        containing: None,
                    });
                }
                self.expect_word("OF")?;
                if self.kind() == T::Lower && !matches!(self.peek(1), T::Mark(b'<') | T::Mark(b'.')) {
                    self.bump();
                }
                let of = self.ty()?;
                self.before_of = constraints;
                if set {
                    TypeKind::SetOf(of)
                } else {
                    TypeKind::SequenceOf(of)
                }
            }
        })
    }

    /// `{ name(value), ... }` of INTEGER and BIT STRING
    fn named(&mut self) -> Parsed<Named<'a>> {
        let mut named = Vec::new();
        if !self.eat(b'{') {
            return Ok(named);
        }
        while !self.eat(b'}') {
            let name = self.expect_kind(T::Lower, "an identifier")?;
            self.expect(b'(')?;
            let value = self.value()?;
            self.expect(b')')?;
            named.push((name, value));
            if !self.eat(b',') && !self.is(b'}') {
                return Err(self.fault("`,` or `}`"));
            }
        }
        Ok(named)
    }

    fn enumerated(&mut self) -> Parsed<TypeKind<'a>> {
        self.expect(b'{')?;
        let (mut items, mut extensible, mut root) = (Vec::new(), false, None);
        while !self.eat(b'}') {
            if self.eat_kind(T::Ellipsis) {
                extensible = true;
                root = root.or(Some(items.len()));
                self.exception()?;
            } else {
                let name = self.expect_kind(T::Lower, "an identifier")?;
                let value = if self.eat(b'(') {
                    let value = self.value()?;
                    self.expect(b')')?;
                    Some(value)
                } else {
                    None
                };
                items.push((name, value));
            }
            if !self.eat(b',') && !self.is(b'}') {
                return Err(self.fault("`,` or `}`"));
            }
        }
        let root = root.unwrap_or(items.len());
        Ok(TypeKind::Enumerated {
            items,
            extensible,
            root,
        })
    }

    fn exception(&mut self) -> Parsed<()> {
        if self.eat(b'!') {
            if self.kind() == T::Upper {
                self.ty()?;
                self.expect(b':')?;
            }
            self.value()?;
        }
        Ok(())
    }

    fn components(&mut self) -> Parsed<Components<'a>> {
        self.expect(b'{')?;
        let mut components = Components::default();
        let mut markers = 0;
        while !self.eat(b'}') {
            if self.eat_kind(T::Ellipsis) {
                markers += 1;
                components.extensible = true;
                self.exception()?;
            } else if self.is(b'[') && self.peek(1) == T::Mark(b'[') {
                self.at += 2;
                if self.kind() == T::Number && self.peek(1) == T::Mark(b':') {
                    self.bump();
                    self.bump();
                }
                while !self.eat(b']') {
                    let component = self.component(true)?;
                    components.items.push(component);
                    if !self.eat(b',') && !self.is(b']') {
                        return Err(self.fault("`,` or `]]`"));
                    }
                }
                self.expect(b']')?;
            } else {
                let component = self.component(markers == 1)?;
                components.items.push(component);
            }
            if !self.eat(b',') && !self.is(b'}') {
                return Err(self.fault("`,` or `}`"));
            }
        }
        Ok(components)
    }

    fn component(&mut self, addition: bool) -> Parsed<Component<'a>> {
        if self.is_word("COMPONENTS") && self.word_at(1) == "OF" {
            self.bump();
            self.bump();
            return Ok(Component::ComponentsOf {
                ty: self.ty()?,
                addition,
            });
        }
        // X.208 let a component go without an identifier
        let named = self.kind() == T::Lower && !matches!(self.peek(1), T::Mark(b'<') | T::Mark(b'.'));
        let name = if named { self.bump() } else { "" };
        let ty = self.ty()?;
        let (mut optional, mut default) = (false, None);
        if self.eat_word("OPTIONAL") {
            optional = true;
        } else if self.eat_word("DEFAULT") {
            default = Some(self.value()?);
        }
        Ok(Component::Named {
            name,
            ty,
            optional,
            default,
            addition,
        })
    }

    /// A type by name, with its parameters, or a field of a class or object.
    fn reference(&mut self) -> Parsed<Type<'a>> {
        let token = self.at;
        let mut name = self.bump();
        let mut module = None;
        if self.is(b'.') && matches!(self.peek(1), T::Upper | T::Lower) && name.as_bytes()[0].is_ascii_uppercase() {
            self.bump();
            module = Some(name);
            name = self.bump();
        }
        let arguments = if self.is(b'{') { self.arguments()? } else { Vec::new() };
        let mut path = Vec::new();
        while self.is(b'.') && matches!(self.peek(1), T::UpperField | T::LowerField) {
            self.bump();
            path.push(self.bump());
        }
        let kind = if path.is_empty() {
            TypeKind::Reference {
                module,
                name,
                arguments,
            }
        } else {
            TypeKind::Field {
                module,
                head: name,
                arguments,
                path,
            }
        };
        Ok(self.make(token, kind))
    }

    /// The spans of actual parameters, to be parsed when their governors are known.
    fn arguments(&mut self) -> Parsed<Vec<Span>> {
        let within = self.bracketed(b'{', b'}')?;
        Ok(split(&self.tokens, within, b','))
    }

    // Constraints (X.680 clauses 49 to 51, X.682)

    fn constraint(&mut self) -> Parsed<Constraint<'a>> {
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
        };
        self.bump();
        if self.is(b'{') {
            constraint.table = Some(self.bracketed(b'{', b'}')?);
            if self.eat(b'{') {
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
        }
        self.at = span.end + 1;
        Ok(constraint)
    }

    // Values (X.680 clause 17)

    pub fn value(&mut self) -> Parsed<Rc<Value<'a>>> {
        self.nest(|p| Ok(Rc::new(p.any_value()?)))
    }

    fn any_value(&mut self) -> Parsed<Value<'a>> {
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
                    self.ty()?;
                    if self.eat(b':') {
                        self.value()?;
                    }
                    Value::Unknown
                }
            },
            _ => return Err(self.fault("a value")),
        })
    }

    fn special(&mut self, value: f64) -> Value<'a> {
        self.bump();
        Value::Real(value)
    }

    fn field_path(&mut self) -> Vec<&'a str> {
        let mut path = Vec::new();
        while self.is(b'.') && matches!(self.peek(1), T::UpperField | T::LowerField) {
            self.bump();
            path.push(self.bump());
        }
        path
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

fn is_capitals(name: &str) -> bool {
    name.bytes().all(|b| !b.is_ascii_lowercase())
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
