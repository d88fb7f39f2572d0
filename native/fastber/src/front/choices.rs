//! Types that the caller gives to an ANY DEFINED BY, by the value of the member that defines it: ASN.1 text, read in the
//! scope of the module that the ANY stands in, as a module of its own whose symbols are all imported from there.

use std::rc::Rc;
use std::sync::Arc;

use super::ast::{Body, Component, Import, Module, Type, TypeKind};
use super::{Diagnostic, Source, lexer, parser};
use crate::schema::{Kind, OpenTable, Schema, TypeId, Value};

/// What diagnostics call the text of the choices.
const FILE: &str = "any_defined_by_choices";

/// The types of one ANY DEFINED BY.
#[derive(Debug, Clone)]
pub struct AnyChoices {
    /// Module and type assignment, and the member of a SEQUENCE or SET where the type itself is not the ANY.
    pub location: Vec<String>,
    /// The identifier, and a type in ASN.1.
    pub rows: Vec<(Value, String)>,
}

/// The texts of the modules that the choices become; the resolver's modules borrow from them.
pub fn sources(choices: &[AnyChoices]) -> Vec<Source> {
    let module = |(place, choices): (usize, &AnyChoices)| {
        let mut text = format!("Any-Defined-By-{place} DEFINITIONS ::= BEGIN\n");
        for (number, (_, row)) in choices.rows.iter().enumerate() {
            text += &format!("Choice{number} ::= {row}\n");
        }
        text + "END\n"
    };
    let source = |numbered| Source {
        name: FILE.to_owned(),
        text: module(numbered),
    };
    choices.iter().enumerate().map(source).collect()
}

/// One ANY DEFINED BY that was found, and where its choices are.
pub struct Placed<'a> {
    choices: &'a AnyChoices,
    by: String,
    module: usize,
}

/// Appends a module for each of `choices`, and says what each defines.
pub fn add<'a>(
    choices: &'a [AnyChoices],
    sources: &'a [Source],
    modules: &mut Vec<Module<'a>>,
    faults: &mut Vec<Diagnostic>,
) -> Vec<Placed<'a>> {
    let mut placed = Vec::new();
    for (choices, source) in choices.iter().zip(sources) {
        let Some((by, home)) = find(choices, modules) else {
            let location = choices.location.join(".");
            faults.push(fault(format!("expected an ANY DEFINED BY at {location}")));
            continue;
        };
        let module = modules.len();
        match lexer::tokens(&source.name, &source.text) {
            Ok(tokens) => parser::modules(&source.name, &source.text, tokens.into(), modules, faults),
            Err(fault) => faults.push(fault),
        }
        if modules.len() != module + 1 {
            continue; // faults say why, or the text ends the module and goes on
        }
        let home = &modules[home];
        let (name, tagging, extensible) = (home.name, home.tagging, home.extensible);
        let mut imports = home.imports.clone();
        imports.values_mut().for_each(|import| import.token = None);
        let own = home.assignments.iter().map(|assignment| assignment.name);
        imports.extend(own.map(|symbol| {
            let from = Import {
                module: name,
                published: false,
                token: None,
            };
            (symbol, from)
        }));
        let added = &mut modules[module];
        (added.tagging, added.extensible, added.imports) = (tagging, extensible, imports);
        placed.push(Placed { choices, by, module });
    }
    placed
}

/// Gives the types to the ANYs, and takes the added modules, which start at `first`, out of the schema.
pub fn apply(placed: &[Placed], first: usize, schema: &mut Schema) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for Placed { choices, by, module } in placed {
        let types = &schema.modules[*module].types;
        let id = |number: usize| types.iter().find(|(name, _)| *name == format!("Choice{number}"));
        let rows = choices.rows.iter().enumerate();
        let rows = rows.filter_map(|(number, (value, _))| Some((value.clone(), id(number)?.1)));
        let table = OpenTable {
            field: format!("ANY DEFINED BY {by}"),
            up: 0,
            path: vec![by.clone()],
            rows: Arc::new(rows.collect()),
            always: true,
        };
        if !put(choices, table, schema) {
            let location = choices.location.join(".");
            faults.push(fault(format!("expected an ANY DEFINED BY at {location}")));
        }
    }
    for node in &mut schema.types {
        if node.module as usize >= first && node.module != u32::MAX {
            node.name.clear();
        }
    }
    schema.modules.truncate(first);
    faults
}

fn put(choices: &AnyChoices, table: OpenTable, schema: &mut Schema) -> bool {
    let [module, name, member @ ..] = choices.location.as_slice() else {
        return false;
    };
    let types = schema.modules.iter().find(|m| m.name == *module).map(|m| &m.types);
    let Some(&(_, id)) = types.and_then(|types| types.iter().find(|(of, _)| of == name)) else {
        return false;
    };
    let [member] = member else {
        schema.types[id as usize].kind = Kind::Open(Some(table));
        return true;
    };
    let place = schema.types[id as usize].kind.members();
    let Some(place) = place.and_then(|all| all.members.iter().position(|one| one.name == *member)) else {
        return false;
    };
    // other members may be of the same type, and governed by something else
    let added = schema.types.len() as TypeId;
    let (Kind::Sequence(members) | Kind::Set(members)) = &mut schema.types[id as usize].kind else {
        return false;
    };
    let old = std::mem::replace(&mut members.members[place].type_id, added);
    let mut node = schema.types[old as usize].clone();
    node.kind = Kind::Open(Some(table));
    schema.types.push(node);
    true
}

/// The member that defines the ANY, and the module that it is in.
fn find(choices: &AnyChoices, modules: &[Module]) -> Option<(String, usize)> {
    let [module, name, member @ ..] = choices.location.as_slice() else {
        return None;
    };
    let home = modules.iter().position(|of| of.name == *module)?;
    let assignment = &modules[home].assignments[*modules[home].index.get(name.as_str())?];
    let Body::Type(ty) = &assignment.body else { return None };
    let by = match (member, &ty.kind) {
        ([], _) => defined_by(ty),
        ([member], TypeKind::Sequence(components) | TypeKind::Set(components)) => {
            components.items.iter().find_map(|item| match item {
                Component::Named { name, ty, .. } if name == member => defined_by(ty),
                _ => None,
            })
        }
        _ => None,
    };
    Some((by?.to_owned(), home))
}

fn defined_by<'a>(ty: &Rc<Type<'a>>) -> Option<&'a str> {
    match ty.kind {
        TypeKind::Any { defined_by } => defined_by,
        _ => None,
    }
}

fn fault(message: String) -> Diagnostic {
    Diagnostic {
        file: FILE.to_owned(),
        line: 1,
        column: 1,
        message,
    }
}
