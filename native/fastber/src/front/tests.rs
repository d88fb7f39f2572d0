//! What the front end makes of small modules: tags, members, tables; and what it says of faults.

use super::{Options, Source, compile};
use crate::schema::{Class, Kind, Schema, Tag, TypeNode, Value};

fn schema(text: &str) -> Schema {
    compile(
        &[Source {
            name: "m.asn1".into(),
            text: text.into(),
        }],
        &Options::default(),
    )
    .unwrap()
}

fn faults(text: &str) -> Vec<String> {
    let found = compile(
        &[Source {
            name: "m.asn1".into(),
            text: text.into(),
        }],
        &Options::default(),
    )
    .unwrap_err();
    found.iter().map(ToString::to_string).collect()
}

fn node<'s>(schema: &'s Schema, name: &str) -> &'s TypeNode {
    let found = schema
        .modules
        .iter()
        .flat_map(|m| &m.types)
        .find(|(n, _)| n == name)
        .unwrap();
    &schema.types[found.1 as usize]
}

fn tags(schema: &Schema, name: &str) -> Vec<(Class, u32)> {
    node(schema, name).tags.iter().map(|t| (t.class, t.number)).collect()
}

const U: Class = Class::Universal;
const C: Class = Class::Context;

#[test]
fn tagging_follows_x680_31_2() {
    let s = schema(
        "M DEFINITIONS IMPLICIT TAGS ::= BEGIN
        A ::= [APPLICATION 1] INTEGER  B ::= [2] EXPLICIT A  C ::= [3] Pick  Pick ::= CHOICE { a NULL, b BOOLEAN }
        D ::= [4] IMPLICIT C  E ::= [5] ANY END",
    );
    assert_eq!(tags(&s, "A"), [(Class::Application, 1)]);
    assert_eq!(tags(&s, "B"), [(C, 2), (Class::Application, 1)]);
    assert_eq!(tags(&s, "C"), [(C, 3)]);
    assert_eq!(tags(&s, "D"), [(C, 4)]);
    assert_eq!(tags(&s, "E"), [(C, 5)]);
    assert_eq!(tags(&s, "Pick"), []);
}

#[test]
fn automatic_tags_number_the_root_first() {
    let s = schema(
        "M DEFINITIONS AUTOMATIC TAGS ::= BEGIN
        S ::= SEQUENCE { a INTEGER, ..., x BOOLEAN, ..., b NULL }  T ::= SEQUENCE { a [7] INTEGER, b NULL } END",
    );
    let member = |name: &str, i: usize| {
        let Kind::Sequence(members) = &node(&s, name).kind else {
            panic!()
        };
        s.types[members.members[i].type_id as usize].tags[0]
    };
    let context = |number| Tag { class: C, number };
    assert_eq!(
        [member("S", 0), member("S", 1), member("S", 2)],
        [context(0), context(2), context(1)]
    );
    assert_eq!(member("T", 1), Tag { class: U, number: 5 });
}

#[test]
fn component_relation_lists_the_rows_of_a_parameter() {
    let s = schema(
        "M DEFINITIONS IMPLICIT TAGS ::= BEGIN
        EXT ::= CLASS { &id INTEGER UNIQUE, &Type } WITH SYNTAX { &Type IDENTIFIED BY &id }
        one EXT ::= { INTEGER IDENTIFIED BY 1 }  two EXT ::= { SEQUENCE { f Field {{All}} } IDENTIFIED BY 2 }
        All EXT ::= { one | two, ... }
        Field {EXT:Set} ::= SEQUENCE { type EXT.&id ({Set}), value [2] EXT.&Type ({Set}{@type}) }
        Fields ::= SEQUENCE OF Field {{All}} END",
    );
    let Kind::SequenceOf(field) = node(&s, "Fields").kind else {
        panic!()
    };
    let Kind::Sequence(members) = &s.types[field as usize].kind else {
        panic!()
    };
    let value = &s.types[members.members[1].type_id as usize];
    assert_eq!(value.tags, [Tag { class: C, number: 2 }]);
    let Kind::Open(Some(table)) = &value.kind else { panic!() };
    assert_eq!((table.up, &table.path), (0, &vec!["type".to_owned()]));
    let ids: Vec<&Value> = table.rows.iter().map(|(id, _)| id).collect();
    assert_eq!(ids, [&Value::Integer(1), &Value::Integer(2)]);
}

#[test]
fn object_identifiers_are_put_together() {
    let s = schema(
        "M DEFINITIONS ::= BEGIN a OBJECT IDENTIFIER ::= { joint-iso-itu-t mhs(6) 0 }  b OBJECT IDENTIFIER ::= { a ac(1) 6 } END",
    );
    assert_eq!(s.modules[0].values[1].1, Value::Oid(vec![2, 6, 0, 1, 6]));
}

#[test]
fn several_faults_are_told_with_their_places() {
    assert_eq!(
        faults("M DEFINITIONS ::= BEGIN\nA ::= SEQUENCE { a INTEGER b NULL }\nB ::= Missing\nC ::= [ INTEGER\nEND"),
        [
            "m.asn1:2:28: expected `,` or `}`, found `b`",
            "m.asn1:4:9: expected a tag number, found `INTEGER`"
        ],
    );
    assert_eq!(
        faults("M DEFINITIONS ::= BEGIN\nB ::= Missing\nEND"),
        ["m.asn1:2:7: expected a name that is defined or imported, found `Missing`"]
    );
}

#[test]
fn definitions_that_never_end_are_refused() {
    assert_eq!(faults("M DEFINITIONS ::= BEGIN A ::= B  B ::= A END").len(), 2);
    assert!(
        !faults("M DEFINITIONS ::= BEGIN A {T} ::= SEQUENCE { x A {SEQUENCE OF T} OPTIONAL }  B ::= A {NULL} END")
            .is_empty()
    );
    assert!(!faults("M DEFINITIONS ::= BEGIN a INTEGER ::= b  b INTEGER ::= a END").is_empty());
    let deep = format!(
        "M DEFINITIONS ::= BEGIN A ::= {} NULL END",
        "SEQUENCE OF ".repeat(100_000)
    );
    assert!(!faults(&deep).is_empty());
}

#[test]
fn recursive_types_are_one_node() {
    let s = schema("M DEFINITIONS ::= BEGIN T ::= CHOICE { leaf NULL, node SEQUENCE OF T } END");
    assert_eq!(s.types.len(), 3);
}
