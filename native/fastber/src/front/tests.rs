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
fn a_value_may_have_the_name_of_an_arc() {
    let s = schema(
        "M DEFINITIONS ::= BEGIN ds OBJECT IDENTIFIER ::= { joint-iso-itu-t ds(5) }  b OBJECT IDENTIFIER ::= { ds 1 } END",
    );
    assert_eq!(s.modules[0].values[1].1, Value::Oid(vec![2, 5, 1]));
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

fn member_tags(schema: &Schema, name: &str) -> Vec<Vec<Tag>> {
    let (Kind::Sequence(members) | Kind::Set(members)) = &node(schema, name).kind else {
        panic!("{name} is no SEQUENCE")
    };
    let tags = |id: u32| schema.types[id as usize].tags.clone();
    members.members.iter().map(|m| tags(m.type_id)).collect()
}

#[test]
fn a_tag_on_a_dummy_reference_is_explicit() {
    let s = schema(
        "M DEFINITIONS AUTOMATIC TAGS ::= BEGIN W {T} ::= SEQUENCE { a T, b INTEGER }  X ::= W {BOOLEAN}
        E {T} ::= SEQUENCE { a [5] T }  Y ::= E {BOOLEAN} END",
    );
    let context = |number| Tag { class: C, number };
    let boolean = Tag { class: U, number: 1 };
    assert_eq!(member_tags(&s, "X"), [vec![context(0), boolean], vec![context(1)]]);
    assert_eq!(member_tags(&s, "Y"), [vec![context(5), boolean]]);
}

#[test]
fn a_published_module_that_is_not_at_hand_leaves_its_types_open() {
    let text = "M DEFINITIONS IMPLICIT TAGS ::= BEGIN IMPORTS T FROM Elsewhere {iso 1}; A ::= SEQUENCE { t [0] T } END";
    let s = schema(text);
    assert_eq!(s.warnings.len(), 1);
    assert_eq!(member_tags(&s, "A"), [vec![Tag { class: C, number: 0 }]]);
    let strict = Options {
        strict_imports: true,
        ..Options::default()
    };
    let source = Source {
        name: "m".into(),
        text: text.into(),
    };
    assert_eq!(compile(&[source], &strict).unwrap_err().len(), 1);
    assert_eq!(
        faults("M DEFINITIONS ::= BEGIN IMPORTS T FROM Elsewhere; A ::= T END").len(),
        1
    );
}

#[test]
fn imports_that_are_not_used_need_no_module() {
    schema("M DEFINITIONS ::= BEGIN IMPORTS T, U FROM Elsewhere; A ::= NULL END");
}

#[test]
fn an_enumeration_numbers_its_additions_from_what_the_root_left() {
    let s = schema("M DEFINITIONS ::= BEGIN E ::= ENUMERATED { a, z(25), ..., d, e(30), f } END");
    let Kind::Enumerated { items, extensible } = &node(&s, "E").kind else {
        panic!()
    };
    let numbers: Vec<i64> = items.iter().map(|(_, n)| *n).collect();
    assert!(*extensible);
    assert_eq!(numbers, [0, 25, 1, 30, 31]);
}

#[test]
fn an_optional_group_that_starts_with_a_type_gives_way_to_the_words_that_follow() {
    let s = schema(
        "M DEFINITIONS ::= BEGIN X ::= CLASS { &id INTEGER UNIQUE, &Type OPTIONAL, &absent &Type OPTIONAL }
        WITH SYNTAX { [&Type [IF ABSENT &absent],] IDENTIFIED BY &id }
        a X ::= { IDENTIFIED BY 1 }  b X ::= { INTEGER IF ABSENT 7, IDENTIFIED BY 2 }
        F ::= SEQUENCE { id X.&id ({a | b}), value X.&Type ({a | b}{@id}) } END",
    );
    let Kind::Sequence(members) = &node(&s, "F").kind else {
        panic!()
    };
    let Kind::Open(Some(table)) = &s.types[members.members[1].type_id as usize].kind else {
        panic!()
    };
    assert_eq!(table.rows.len(), 1);
    assert_eq!(table.rows[0].0, Value::Integer(2));
}

#[test]
fn macros_are_passed_over_and_their_instances_are_values() {
    let s = schema(
        "M DEFINITIONS ::= BEGIN
        OP MACRO ::= BEGIN TYPE NOTATION ::= \"ARGUMENT\" type VALUE NOTATION ::= value(VALUE INTEGER) END
        op OP ARGUMENT SEQUENCE { a NULL } RESULT BOOLEAN ::= 5  S ::= SEQUENCE { x ANY DEFINED BY t, t INTEGER } END",
    );
    assert_eq!(s.modules[0].values, [("op".to_owned(), Value::Integer(5))]);
}

#[test]
fn time_types_have_their_own_tags() {
    let s = schema("M DEFINITIONS ::= BEGIN A ::= DATE  B ::= OID-IRI  C ::= TIME END");
    assert_eq!(tags(&s, "A"), [(U, 31)]);
    assert_eq!(tags(&s, "B"), [(U, 35)]);
    assert_eq!(tags(&s, "C"), [(U, 14)]);
}

#[test]
fn selection_components_of_and_groups() {
    let s = schema(
        "M DEFINITIONS IMPLICIT TAGS ::= BEGIN C ::= CHOICE { a [3] NULL, b BOOLEAN }
        S ::= SEQUENCE { x a < C, COMPONENTS OF T, ..., [[2: y [9] NULL, z [10] NULL OPTIONAL ]] }
        T ::= SEQUENCE { p INTEGER DEFAULT 4, ..., q NULL } END",
    );
    let Kind::Sequence(members) = &node(&s, "S").kind else {
        panic!()
    };
    let names: Vec<(&str, bool)> = members.members.iter().map(|m| (m.name.as_str(), m.addition)).collect();
    assert_eq!(names, [("x", false), ("p", false), ("y", true), ("z", true)]);
    assert_eq!(members.members[1].default, Some(Value::Integer(4)));
}

#[test]
fn two_modules_of_one_name_are_refused() {
    assert_eq!(
        faults("M DEFINITIONS ::= BEGIN END M DEFINITIONS ::= BEGIN END").len(),
        1
    );
}

#[test]
fn real_values() {
    let s = schema("M DEFINITIONS ::= BEGIN a REAL ::= {mantissa 5, base 2, exponent -1} END");
    assert_eq!(s.modules[0].values[0].1, Value::Real(2.5));
}

#[test]
fn constraints_are_read() {
    let s = schema(
        "M DEFINITIONS ::= BEGIN n INTEGER ::= 9  A ::= INTEGER (0..<n | 20..MAX, ...)
        B ::= IA5String (SIZE (1..n)) (FROM (\"a\"..\"f\"))  O ::= OCTET STRING (CONTAINING A) END",
    );
    let a = &node(&s, "A").constraint;
    assert_eq!(
        (a.value.as_slice(), a.extensible),
        (&[(Some(0), Some(8)), (Some(20), None)][..], true)
    );
    let b = &node(&s, "B").constraint;
    assert_eq!(b.size, [(1, Some(9))]);
    assert_eq!(b.alphabet, Some(vec![('a', 'f')]));
    assert!(matches!(node(&s, "O").kind, Kind::OctetString { contained: Some(_) }));
}

#[test]
fn constraints_are_never_read_stricter_than_they_are() {
    let s = schema(
        "M DEFINITIONS ::= BEGIN A ::= INTEGER (0..255 INTERSECTION 3..9)  B ::= IA5String (FROM (\"A\"..\"Z\") ^ SIZE (1..4))
        C ::= INTEGER (1..9 EXCEPT 5)  D ::= INTEGER (ALL EXCEPT 5)  E ::= IA5String (SIZE (1) | FROM (\"a\"))
        V INTEGER ::= {1 | 2, ...}  F ::= SEQUENCE { v V }  G ::= INTEGER (INCLUDES A | 20)  H ::= INTEGER (0..9) (5..20)
        I ::= BIT STRING { x(0) } (CONTAINING A) END",
    );
    let value = |name: &str| node(&s, name).constraint.value.clone();
    assert_eq!(value("A"), [(Some(3), Some(9))]);
    assert_eq!(node(&s, "B").constraint.size, [(1, Some(4))]);
    assert_eq!(node(&s, "B").constraint.alphabet, Some(vec![('A', 'Z')]));
    assert_eq!(value("C"), [(Some(1), Some(4)), (Some(6), Some(9))]);
    assert_eq!(value("D"), [(None, Some(4)), (Some(6), None)]);
    assert!(node(&s, "E").constraint.size.is_empty() && node(&s, "E").constraint.alphabet.is_none());
    let Kind::Sequence(members) = &node(&s, "F").kind else {
        panic!()
    };
    let v = &s.types[members.members[0].type_id as usize].constraint;
    assert_eq!(
        (v.value.as_slice(), v.extensible),
        (&[(Some(1), Some(1)), (Some(2), Some(2))][..], true)
    );
    assert_eq!(value("G"), [(Some(3), Some(9)), (Some(20), Some(20))]);
    assert_eq!(value("H"), [(Some(5), Some(9))]);
    assert!(matches!(&node(&s, "I").kind, Kind::BitString { contained: Some(_), named } if named.len() == 1));
}

#[test]
fn strings_are_put_together() {
    let s = schema("M DEFINITIONS ::= BEGIN lf IA5String ::= {0, 10}  a IA5String ::= {\"x\", lf} END");
    assert_eq!(s.modules[0].values[1].1, Value::String("x\n".into()));
}

/// Definitions of which each names the next twice; what they stand for doubles at every step.
fn doubling(definition: impl Fn(usize) -> String, last: &str) -> String {
    let all: Vec<String> = (0..60).map(definition).collect();
    format!("M DEFINITIONS ::= BEGIN {} {last} END", all.join("\n"))
}

#[test]
fn definitions_that_double_end_soon() {
    let texts = [
        doubling(
            |i| format!("a{i} OBJECT IDENTIFIER ::= {{ a{0} a{0} }}", i + 1),
            "a60 OBJECT IDENTIFIER ::= {1 2}",
        ),
        doubling(
            |i| format!("T{i} ::= INTEGER (T{0} | T{0})", i + 1),
            "T60 ::= INTEGER (1)",
        ),
        doubling(
            |i| format!("S{i} ::= SEQUENCE {{ COMPONENTS OF S{0}, COMPONENTS OF S{0} }}", i + 1),
            "S60 ::= SEQUENCE {}",
        ),
        doubling(
            |i| format!("O{i} X ::= {{ O{0} | O{0} }}", i + 1),
            "O60 X ::= {{&id 1, &T NULL}}  X ::= CLASS {&id INTEGER UNIQUE, &T}  F ::= SEQUENCE { a X.&id ({O0}), b X.&T ({O0}{@a}) }",
        ),
        doubling(
            |i| format!("P{i} {{T}} ::= SEQUENCE {{ a P{0} {{T}}, b P{0} {{SET OF T}} }}", i + 1),
            "P60 {T} ::= T  Q ::= P0 {NULL}",
        ),
        doubling(
            |i| format!("v{i} V ::= {{ v{0}, v{0} }}", i + 1),
            "v60 V ::= {}  V ::= SEQUENCE OF V",
        ),
    ];
    for text in texts {
        let Err(faults) = compile(&[Source { name: "m".into(), text }], &Options::default()) else {
            panic!("2^60 steps cannot have been taken")
        };
        // each ends at a count of the work: of steps, of arcs, of types or of objects
        let first = faults[0].to_string();
        assert!(
            first.contains("less work")
                || first.contains("expected an object identifier of fewer arcs")
                || first.contains("definitions of fewer types")
                || first.contains("an object set of fewer objects"),
            "{first}"
        );
    }
}

#[test]
fn numbers_at_the_edge_do_not_overflow() {
    faults("M DEFINITIONS ::= BEGIN E ::= ENUMERATED { a, ..., b(9223372036854775807), c } END");
    faults("M DEFINITIONS ::= BEGIN a INTEGER ::= 999999999999999999999999999999999999999999999 END");
}

#[test]
fn parameterised_values_and_objects() {
    let s = schema(
        "M DEFINITIONS ::= BEGIN y {INTEGER:n} INTEGER ::= n  z INTEGER ::= y {5}
        X ::= CLASS { &id INTEGER UNIQUE, &T } WITH SYNTAX { &T ID &id }
        base X ::= { BOOLEAN ID 1 }  again {X:o} X ::= { SEQUENCE OF o.&T ID 2 }  two X ::= again {base}
        F ::= SEQUENCE { a X.&id ({base | two EXCEPT base}), b X.&T ({base | two EXCEPT base}{@a}) } END",
    );
    assert_eq!(s.modules[0].values[0], ("z".to_owned(), Value::Integer(5)));
    let Kind::Sequence(members) = &node(&s, "F").kind else {
        panic!()
    };
    let Kind::Open(Some(table)) = &s.types[members.members[1].type_id as usize].kind else {
        panic!()
    };
    // `two EXCEPT base` binds closer than `|`
    assert_eq!(table.rows.len(), 2);
    assert!(matches!(s.types[table.rows[1].1 as usize].kind, Kind::SequenceOf(_)));
}
