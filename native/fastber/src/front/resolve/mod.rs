//! Modules to the table of types: names are looked up, parameters filled in, tags decided, object sets listed.
//!
//! Nothing here recurses along the modules' references without a count: types are built from a work list, and chains of
//! references, nested scopes and object sets have limits of their own.

mod classes;
mod constraints;
mod distinct;
mod inner;
mod limits;
mod members;
mod named;
mod notation;
mod object_sets;
mod types;
mod values;

use std::collections::HashSet;
use std::rc::Rc;

use super::Diagnostic;
use super::ast::*;
use super::lexer::{place, tokens};
use super::parser;
use crate::schema::{self, Schema, Tag, TypeId, TypeNode};
use classes::{Object, Objects, Rows};
use distinct::Listed;
use foldhash::HashMap;

/// The longest chain of references, the deepest nesting of parameterised definitions, the largest object set.
const LONGEST_CHAIN: u32 = 100;
const DEEPEST_SCOPE: u32 = 40;
const MOST_TYPES: usize = 300_000;
const MOST_OBJECTS: usize = 20_000;

/// The classes that X.681 has built in (annexes A and B), types that differ from another in their tag alone (X.680 38),
/// and what values of EXTERNAL (of 1988, and X.680 37.5), EMBEDDED PDV (36.5) and CHARACTER STRING (44.5) are written as.
const BUILT_IN: &str = "Built-In DEFINITIONS ::= BEGIN
DATE ::= [UNIVERSAL 31] IMPLICIT TIME  TIME-OF-DAY ::= [UNIVERSAL 32] IMPLICIT TIME
DATE-TIME ::= [UNIVERSAL 33] IMPLICIT TIME  DURATION ::= [UNIVERSAL 34] IMPLICIT TIME
OID-IRI ::= [UNIVERSAL 35] IMPLICIT UTF8String  RELATIVE-OID-IRI ::= [UNIVERSAL 36] IMPLICIT UTF8String
TYPE-IDENTIFIER ::= CLASS { &id OBJECT IDENTIFIER UNIQUE, &Type } WITH SYNTAX { &Type IDENTIFIED BY &id }
ABSTRACT-SYNTAX ::= CLASS { &id OBJECT IDENTIFIER, &Type, &property BIT STRING { handles-invalid-encodings(0) } DEFAULT {} }
    WITH SYNTAX { &Type IDENTIFIED BY &id [HAS PROPERTY &property] }
EXTERNAL-Value ::= SEQUENCE {
    identification CHOICE { syntax OBJECT IDENTIFIER, presentation-context-id INTEGER, context-negotiation Negotiation-Value }
        OPTIONAL,
    direct-reference OBJECT IDENTIFIER OPTIONAL, indirect-reference INTEGER OPTIONAL,
    data-value-descriptor ObjectDescriptor OPTIONAL, data-value OCTET STRING OPTIONAL,
    encoding CHOICE { single-ASN1-type ANY, octet-aligned OCTET STRING, arbitrary BIT STRING } OPTIONAL }
Negotiation-Value ::= SEQUENCE { presentation-context-id INTEGER, transfer-syntax OBJECT IDENTIFIER }
PDV-Value ::= SEQUENCE {
    identification CHOICE {
        syntaxes SEQUENCE { abstract OBJECT IDENTIFIER, transfer OBJECT IDENTIFIER }, syntax OBJECT IDENTIFIER,
        presentation-context-id INTEGER, context-negotiation Negotiation-Value, transfer-syntax OBJECT IDENTIFIER,
        fixed NULL },
    data-value-descriptor ObjectDescriptor OPTIONAL, data-value OCTET STRING OPTIONAL, string-value OCTET STRING OPTIONAL }
END";

type ScopeId = u32;

/// A fault with its place: token `token` of module `module`.
struct Fault {
    module: u32,
    token: u32,
    message: String,
    /// Because a module, or what is imported from it, is not among the sources.
    missing: bool,
    /// And what stands there may be left open instead.
    lenient: bool,
}

type Resolved<T> = Result<T, Fault>;

/// Where names are looked up: a module, and the actual parameters in force.
struct Scope<'a> {
    module: u32,
    arguments: Vec<Argument<'a>>,
    nesting: u32,
}

#[derive(Clone)]
struct Argument<'a> {
    name: &'a str,
    span: Span,
    /// Where the argument was written.
    scope: ScopeId,
}

/// What a name stands for.
enum Symbol<'a> {
    Argument(Argument<'a>),
    Assigned { module: u32, index: usize },
}

/// A type whose body is still to be made: node, type, scope, and how many SEQUENCEs and SETs are written around it.
struct Work<'a> {
    id: TypeId,
    ty: Rc<Type<'a>>,
    scope: ScopeId,
    depth: u32,
    /// What an OCTET STRING or BIT STRING contains.
    contained: Option<(Rc<Type<'a>>, ScopeId)>,
    /// What has the table of an open type, if that is not the type itself.
    table: Option<(Rc<Type<'a>>, ScopeId)>,
}

type ScopeKey = (u32, usize, Vec<(Span, ScopeId)>);

/// What two types that are the same have in common: where the structure, its tags, its name and each constraint come from.
#[derive(PartialEq, Eq, Hash)]
struct NodeKey<'a> {
    ty: *const Type<'a>,
    scope: ScopeId,
    tags: Vec<Tag>,
    name: &'a str,
    constraints: Vec<(*const Type<'a>, ScopeId)>,
}

struct Resolver<'a> {
    modules: Vec<Module<'a>>,
    by_name: HashMap<&'a str, u32>,
    scopes: Vec<Scope<'a>>,
    scope_index: HashMap<ScopeKey, ScopeId>,
    nodes: Vec<TypeNode>,
    node_index: HashMap<NodeKey<'a>, TypeId>,
    /// Where the body of a type is made, the first time.
    bodies: HashMap<(*const Type<'a>, ScopeId), TypeId>,
    copies: Vec<(TypeId, TypeId)>,
    work: Vec<Work<'a>>,
    /// What was made with components whose tags have to differ.
    listed: Vec<Listed>,
    /// Types that are left open because their definition is not at hand, in ascending order.
    untold: Vec<TypeId>,
    /// Spans that were parsed as types; the parsed type is what identity hangs on.
    span_types: HashMap<Span, Rc<Type<'a>>>,
    value_sets: HashMap<Span, Rc<Type<'a>>>,
    object_sets: HashMap<(Span, ScopeId), Objects<'a>>,
    /// Objects and object sets by their assignment and its scope.
    named_objects: HashMap<(u32, usize, ScopeId), Rc<Object<'a>>>,
    named_sets: HashMap<(u32, usize, ScopeId), Objects<'a>>,
    /// What the objects of a set have in a field, by the address of their list.
    rows: HashMap<(*const Vec<Rc<Object<'a>>>, &'a str), Rows>,
    chain: u32,
    /// References followed so far, and how many may be: definitions that double at every step end here.
    steps: u64,
    most_steps: u64,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
    strict_imports: bool,
}

/// Resolve everything; the faults found, if any, and then an unfinished schema.
pub fn schema(mut modules: Vec<Module<'_>>, strict_imports: bool) -> (Schema, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    match tokens("built-in", BUILT_IN) {
        Ok(tokens) => parser::modules("built-in", BUILT_IN, tokens.into(), &mut modules, &mut faults),
        Err(fault) => faults.push(fault),
    }
    let mut resolver = Resolver::new(modules);
    resolver.strict_imports = strict_imports;
    let mut schema = resolver.run();
    for found in [&mut resolver.warnings, &mut resolver.faults] {
        found.sort_by_key(|f| (f.module, f.token));
        found.truncate(super::MOST_DIAGNOSTICS);
    }
    let mut warnings: Vec<Diagnostic> = resolver.warnings.iter().map(|f| resolver.diagnostic(f)).collect();
    warnings.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    warnings.dedup();
    schema.warnings = warnings.iter().map(ToString::to_string).collect();
    let mut diagnostics: Vec<Diagnostic> = resolver.faults.iter().map(|f| resolver.diagnostic(f)).collect();
    diagnostics.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    diagnostics.dedup();
    faults.extend(diagnostics);
    (schema, faults)
}

impl<'a> Resolver<'a> {
    fn new(modules: Vec<Module<'a>>) -> Self {
        let scopes = (0..modules.len())
            .map(|module| Scope {
                module: module as u32,
                arguments: Vec::new(),
                nesting: 0,
            })
            .collect();
        // a file's modules share its tokens
        let tokens: usize = modules.iter().map(|m| m.tokens.len() / modules.len().max(1)).sum();
        Resolver {
            steps: 0,
            most_steps: 2_000_000 + 20 * tokens as u64,
            by_name: HashMap::default(),
            scopes,
            modules,
            scope_index: HashMap::default(),
            nodes: Vec::new(),
            node_index: HashMap::default(),
            bodies: HashMap::default(),
            copies: Vec::new(),
            work: Vec::new(),
            listed: Vec::new(),
            untold: Vec::new(),
            span_types: HashMap::default(),
            value_sets: HashMap::default(),
            object_sets: HashMap::default(),
            named_objects: HashMap::default(),
            named_sets: HashMap::default(),
            rows: HashMap::default(),
            chain: 0,
            faults: Vec::new(),
            warnings: Vec::new(),
            strict_imports: false,
        }
    }

    fn run(&mut self) -> Schema {
        for number in 0..self.modules.len() {
            let name = self.modules[number].name;
            if self.by_name.insert(name, number as u32).is_some() {
                self.faults.push(Fault {
                    module: number as u32,
                    token: 0,
                    message: format!("expected each module once, found a second `{name}`"),
                    missing: false,
                    lenient: false,
                });
            }
        }
        let mut schema = Schema::default();
        for number in 0..self.modules.len().saturating_sub(1) {
            let (types, values) = self.assigned(number as u32);
            schema.modules.push(schema::Module {
                name: self.modules[number].name.to_owned(),
                types,
                values,
            });
        }
        while let Some(work) = self.work.pop() {
            let kept = Fault {
                module: work.ty.module,
                token: work.ty.token,
                message: String::new(),
                missing: false,
                lenient: false,
            };
            if self.nodes.len() > MOST_TYPES {
                self.faults.push(Fault {
                    message: "expected definitions of fewer types".to_owned(),
                    ..kept
                });
                break;
            }
            if let Err(fault) = self.build(work) {
                self.faults.push(fault);
            }
        }
        if self.strict_imports {
            self.check_imports();
        }
        for &(to, from) in &self.copies {
            self.nodes[to as usize].kind = self.nodes[from as usize].kind.clone();
        }
        self.check_tags();
        schema.types = std::mem::take(&mut self.nodes);
        schema
    }

    /// Every symbol that is imported has to be there, used or not; what is used has been told of where it is.
    fn check_imports(&mut self) {
        let told: HashSet<(u32, &str)> = self.faults.iter().map(|f| (f.module, f.message.as_str())).collect();
        let imports = (0u32..).zip(&self.modules).flat_map(|(number, module)| {
            module
                .imports
                .iter()
                .map(move |(name, import)| (number, *name, import.token))
        });
        let missing: Vec<Fault> = imports
            .filter_map(|(number, name, token)| self.look_up_in(name, number, number, token?).err())
            .filter(|fault| !told.contains(&(fault.module, fault.message.as_str())))
            .collect();
        self.faults.extend(missing);
    }

    /// The types and values that a module assigns and that need no parameters.
    #[allow(clippy::type_complexity)]
    fn assigned(&mut self, module: u32) -> (Vec<(String, TypeId)>, Vec<(String, schema::Value)>) {
        let (mut types, mut values) = (Vec::new(), Vec::new());
        for index in 0..self.modules[module as usize].assignments.len() {
            let assignment = &self.modules[module as usize].assignments[index];
            if !assignment.parameters.is_empty() {
                continue;
            }
            let (name, body) = (assignment.name, assignment.body.clone());
            let found = match body {
                Body::Type(ty) if !self.is_class(&ty, module) => self
                    .named_type(&ty, module, name)
                    .map(|id| types.push((name.to_owned(), id))),
                Body::Value(governor, value) if !self.is_class(&governor, module) => {
                    self.assigned_value(&governor, &value, module).map(|value| {
                        if value != schema::Value::Unknown {
                            values.push((name.to_owned(), value));
                        }
                    })
                }
                _ => Ok(()),
            };
            match found {
                // a value that needs a module which is not there is left out; a type is not
                Err(fault)
                    if !fault.missing
                        || !matches!(self.modules[module as usize].assignments[index].body, Body::Value(..)) =>
                {
                    self.faults.push(fault);
                }
                _ => {}
            }
        }
        self.carried_by_macros(module, &mut types, &mut values);
        (types, values)
    }

    /// The types and names that stand in the notation of macros, as `instance.WORD`.
    fn carried_by_macros(
        &mut self,
        module: u32,
        types: &mut Vec<(String, TypeId)>,
        values: &mut Vec<(String, schema::Value)>,
    ) {
        for part in std::mem::take(&mut self.modules[module as usize].macro_parts) {
            let name = format!("{}.{}", part.instance, part.word);
            match part.carried {
                Carried::Type(ty) => match self.type_id(&ty, module, None, 0) {
                    Ok(id) => types.push((name, id)),
                    Err(fault) if fault.missing => {}
                    Err(fault) => self.faults.push(fault),
                },
                Carried::Names(names) => {
                    let names = names.into_iter().map(|name| schema::Value::String(name.to_owned()));
                    values.push((name, schema::Value::List(names.collect())));
                }
            }
        }
    }

    fn diagnostic(&self, fault: &Fault) -> Diagnostic {
        let module = &self.modules[fault.module as usize];
        let offset = module.tokens.get(fault.token as usize).map_or(0, |t| t.start as usize);
        let (line, column) = place(module.text, offset);
        Diagnostic {
            file: module.file.to_owned(),
            line,
            column,
            message: fault.message.clone(),
        }
    }

    fn fault<T>(&self, ty: &Type<'a>, message: impl Into<String>) -> Resolved<T> {
        self.fault_at((ty.module, ty.token), message)
    }

    /// `place`: a module and a token of it.
    fn fault_at<T>(&self, (module, token): (u32, u32), message: impl Into<String>) -> Resolved<T> {
        Err(Fault {
            module,
            token,
            message: message.into(),
            missing: false,
            lenient: false,
        })
    }

    /// A parser's diagnostic has its line already; the span's first token stands for it.
    fn parsed<T>(&self, span: Span, parsed: Result<T, Diagnostic>) -> Resolved<T> {
        parsed.map_err(|d| Fault {
            module: span.module,
            token: span.start,
            message: d.message,
            missing: false,
            lenient: false,
        })
    }

    fn parser(&self, span: Span) -> parser::Parser<'a> {
        parser::Parser::of(&self.modules[span.module as usize], span)
    }

    // Names

    /// What `name` stands for in `scope`; `token` of `module` is where it was written.
    fn look_up(&self, name: &'a str, scope: ScopeId, module: u32, token: u32) -> Resolved<Symbol<'a>> {
        let within = &self.scopes[scope as usize];
        if let Some(argument) = within.arguments.iter().find(|a| a.name == name) {
            return Ok(Symbol::Argument(argument.clone()));
        }
        self.look_up_in(name, within.module, module, token)
    }

    fn look_up_in(&self, name: &'a str, within: u32, module: u32, token: u32) -> Resolved<Symbol<'a>> {
        let fault = |message: String, import: Option<Import<'a>>| {
            Err(Fault {
                module,
                token,
                message,
                missing: import.is_some(),
                lenient: import.is_some_and(|i| i.published) && !self.strict_imports,
            })
        };
        let (mut within, mut followed) = (within, None);
        // a module may pass on what it imports itself
        for _ in 0..LONGEST_CHAIN {
            let home = &self.modules[within as usize];
            if let Some(&index) = home.index.get(name) {
                return Ok(Symbol::Assigned { module: within, index });
            }
            let Some(&import) = home.imports.get(name) else { break };
            match self.by_name.get(import.module) {
                Some(&number) => within = number,
                None => {
                    let from = import.module;
                    let message =
                        format!("expected module `{from}`, from which `{name}` is imported, among the sources");
                    return fault(message, Some(import));
                }
            }
            followed = Some(import);
        }
        let built_in = self.modules.len() as u32 - 1;
        if let Some(&index) = self.modules[built_in as usize].index.get(name) {
            return Ok(Symbol::Assigned {
                module: built_in,
                index,
            });
        }
        match followed {
            Some(import) => {
                let message = format!(
                    "expected `{name}` to be assigned in module `{}`, from which it is imported",
                    import.module
                );
                fault(message, followed)
            }
            None => fault(
                format!("expected a name that is defined or imported, found `{name}`"),
                None,
            ),
        }
    }

    fn look_up_qualified(
        &self,
        qualifier: Option<&'a str>,
        name: &'a str,
        scope: ScopeId,
        module: u32,
        token: u32,
    ) -> Resolved<Symbol<'a>> {
        match qualifier {
            None => self.look_up(name, scope, module, token),
            Some(qualifier) => match self.by_name.get(qualifier) {
                Some(&number) => self.look_up_in(name, number, module, token),
                None => Err(Fault {
                    module,
                    token,
                    message: format!("expected module `{qualifier}` among the sources"),
                    missing: true,
                    lenient: false,
                }),
            },
        }
    }

    /// The scope in which the body of an assignment is to be read, given its actual parameters.
    fn scope_of(
        &mut self,
        module: u32,
        index: usize,
        arguments: &[Span],
        scope: ScopeId,
        ty: (u32, u32),
    ) -> Resolved<ScopeId> {
        let assignment = &self.modules[module as usize].assignments[index];
        if assignment.parameters.is_empty() {
            return Ok(module);
        }
        let fault = |message: String| {
            Err(Fault {
                module: ty.0,
                token: ty.1,
                message,
                missing: false,
                lenient: false,
            })
        };
        // X.509 of 2019 gave AlgorithmIdentifier a parameter that modules of 1999 do not know: all is left open
        let none = [Span {
            module: ty.0,
            start: ty.1,
            end: ty.1,
        }]
        .repeat(assignment.parameters.len());
        let arguments = if arguments.is_empty() { &none } else { arguments };
        if assignment.parameters.len() != arguments.len() {
            let (name, wanted, given) = (assignment.name, assignment.parameters.len(), arguments.len());
            return fault(format!("expected {wanted} parameters of `{name}`, found {given}"));
        }
        let nesting = self.scopes[scope as usize].nesting + 1;
        if nesting > DEEPEST_SCOPE {
            return fault("expected parameterised definitions that come to an end".to_owned());
        }
        // an argument that is itself a dummy stands for that dummy's argument
        let given: Vec<(Span, ScopeId)> = arguments.iter().map(|&span| self.forwarded(span, scope)).collect();
        let key = (module, index, given);
        if let Some(&known) = self.scope_index.get(&key) {
            return Ok(known);
        }
        let arguments = assignment.parameters.iter().zip(&key.2);
        let arguments = arguments
            .map(|(p, &(span, scope))| Argument {
                name: p.name,
                span,
                scope,
            })
            .collect();
        let id = self.scopes.len() as ScopeId;
        self.scopes.push(Scope {
            module,
            arguments,
            nesting,
        });
        self.scope_index.insert(key, id);
        Ok(id)
    }

    fn forwarded(&self, span: Span, scope: ScopeId) -> (Span, ScopeId) {
        let parser = self.parser(span);
        let mut inner = span;
        let braced = parser.is(b'{');
        if braced {
            inner = Span {
                start: span.start + 1,
                end: span.end.saturating_sub(1),
                ..span
            };
        }
        if inner.end == inner.start + 1 {
            let word = self.parser(inner).word();
            if let Some(argument) = self.scopes[scope as usize].arguments.iter().find(|a| a.name == word) {
                return (argument.span, argument.scope);
            }
        }
        (span, scope)
    }

    /// Count one more reference followed; the count is taken back by the caller's `chain -= 1`.
    fn step(&mut self, ty: &Type<'a>) -> Resolved<()> {
        if self.chain >= LONGEST_CHAIN {
            return self.fault(ty, "expected a definition that does not lead back to itself");
        }
        self.steps += 1;
        if self.steps > self.most_steps {
            return self.fault(ty, "expected definitions that take less work to resolve");
        }
        self.chain += 1;
        Ok(())
    }
}
