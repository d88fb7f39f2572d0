//! From a `Schema` to a `Table`.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::ber::tlv::Tag;
use crate::schema::{self, Choice, Kind, Member, Members, OpenTable, Schema, StringKind, TypeId, TypeNode, Value};
use crate::table::{
    Alternative, Alternatives, Default_, Enumerated, Field, Fields, First, Node, Op, Open, Options, Table,
};
use crate::value::to_python;

/// The table of a schema, which gains the nodes of the types that are SEQUENCEs in all but name (X.690 8.17 to 8.19).
pub fn lower(py: Python<'_>, schema: &mut Schema, options: Options) -> PyResult<Table> {
    let associated = Associated::add(&mut schema.types);
    for node in &mut schema.types {
        match &mut node.kind {
            Kind::External(members) => members.clone_from(&associated.external),
            Kind::EmbeddedPdv(members) => members.clone_from(&associated.embedded_pdv),
            Kind::CharacterString(members) => members.clone_from(&associated.character_string),
            _ => {}
        }
    }
    let types = &schema.types;
    let mut lowering = Lowering {
        py,
        types,
        options,
        rows: HashMap::new(),
    };
    let nodes = (0..types.len()).map(|id| lowering.node(id as TypeId));
    let always = |node: &TypeNode| matches!(&node.kind, Kind::Open(Some(table)) if table.always);
    Ok(Table {
        nodes: nodes.collect::<PyResult<_>>()?,
        options,
        always: types.iter().any(always),
    })
}

struct Lowering<'a, 'py> {
    py: Python<'py>,
    types: &'a [TypeNode],
    options: Options,
    /// By address, the rows that open types have in common.
    rows: HashMap<*const Vec<(Value, TypeId)>, Bound<'py, PyDict>>,
}

impl<'py> Lowering<'_, 'py> {
    fn node(&mut self, id: TypeId) -> PyResult<Node> {
        let node = &self.types[id as usize];
        let untagged = matches!(node.kind, Kind::Choice(_) | Kind::Open(_));
        let mut tags: Vec<Tag> = node.tags.iter().map(|&tag| tag.into()).collect();
        let tag = if untagged { None } else { tags.pop() };
        Ok(Node {
            wrappers: tags.into(),
            tag,
            first: first_of(self.types, id),
            op: self.op(node)?,
            name: node.name.clone(),
            constraint: node.constraint.clone(),
            tolerated: tolerated(&node.kind),
        })
    }

    fn op(&mut self, node: &TypeNode) -> PyResult<Op> {
        Ok(match &node.kind {
            Kind::Boolean => Op::Boolean,
            Kind::Integer { .. } => Op::Integer,
            Kind::BitString {
                contained: Some(of), ..
            } => Op::Containing { of: *of, bits: true },
            Kind::OctetString { contained: Some(of) } => Op::Containing { of: *of, bits: false },
            Kind::BitString { named, .. } => Op::BitString {
                named: !named.is_empty(),
            },
            Kind::OctetString { .. } => Op::OctetString,
            Kind::Null => Op::Null,
            Kind::ObjectIdentifier => Op::ObjectIdentifier,
            Kind::RelativeOid => Op::RelativeOid,
            Kind::ObjectDescriptor => Op::Text(StringKind::Graphic),
            Kind::Real => Op::Real,
            Kind::Enumerated { items, extensible } => Op::Enumerated(self.enumerated(items, *extensible)?),
            Kind::String(kind) => Op::Text(*kind),
            Kind::UtcTime => Op::UtcTime,
            Kind::GeneralizedTime => Op::GeneralizedTime,
            Kind::Time(14) => Op::Text(StringKind::Visible),
            Kind::Time(kind) => Op::UsefulTime(*kind),
            Kind::Sequence(members)
            | Kind::External(members)
            | Kind::EmbeddedPdv(members)
            | Kind::CharacterString(members) => Op::Sequence(self.fields(members, false)?),
            Kind::Set(members) => Op::Set(self.fields(members, true)?),
            Kind::SequenceOf(element) => Op::SequenceOf(*element),
            Kind::SetOf(element) => Op::SetOf(*element),
            Kind::Choice(choice) => Op::Choice(self.alternatives(choice)),
            Kind::Open(table) => Op::Open(table.as_ref().map(|table| self.open(table)).transpose()?),
        })
    }

    fn enumerated(&self, items: &[(String, i64)], extensible: bool) -> PyResult<Enumerated> {
        let by_name = PyDict::new(self.py);
        let mut by_number = Vec::with_capacity(items.len());
        for (name, number) in items {
            let object = if self.options.numeric_enums {
                number.into_pyobject(self.py)?.into_any()
            } else {
                PyString::intern(self.py, name).into_any()
            };
            by_name.set_item(&object, number)?;
            by_number.push((*number, object.unbind()));
        }
        by_number.sort_by_key(|(number, _)| *number);
        by_number.dedup_by_key(|(number, _)| *number);
        Ok(Enumerated {
            by_number: by_number.into(),
            by_name: by_name.unbind(),
            extensible,
        })
    }

    fn fields(&self, members: &Members, set: bool) -> PyResult<Fields> {
        let fields = members
            .members
            .iter()
            .map(|member| self.field(member, set))
            .collect::<PyResult<Vec<_>>>()?;
        let (by_tag, any) = dispatch(fields.iter().map(|field| &field.first));
        let mut order: Vec<u32> = (0..fields.len() as u32).collect();
        if set {
            order.sort_by_key(|&index| fields[index as usize].first.least());
        }
        let owed = (0..fields.len() as u32).filter(|&index| {
            let field = &fields[index as usize];
            !field.optional || field.default.is_some()
        });
        Ok(Fields {
            owed: owed.collect(),
            fields: fields.into(),
            by_tag,
            any,
            extensible: members.extensible,
            order: order.into(),
        })
    }

    fn field(&self, member: &Member, set: bool) -> PyResult<Field> {
        let default = match &member.default {
            Some(value) if value.is_whole() => {
                let object = to_python(self.py, value, member.type_id, self.types, self.options.numeric_enums)?;
                let mutable = matches!(value, Value::List(_) | Value::Fields(_) | Value::Choice(..));
                Some(if mutable {
                    Default_::Fresh(object.unbind())
                } else {
                    Default_::Shared(object.unbind())
                })
            }
            _ => None,
        };
        Ok(Field {
            name: PyString::intern(self.py, &member.name).unbind(),
            text: member.name.clone(),
            type_id: member.type_id,
            first: first_of(self.types, member.type_id),
            optional: member.optional
                || member.addition
                || member.default.as_ref().is_some_and(|value| !value.is_whole()),
            default,
            governed: set && governed(self.types, member.type_id),
        })
    }

    fn alternatives(&self, choice: &Choice) -> Alternatives {
        let items: Vec<Alternative> = choice
            .alternatives
            .iter()
            .map(|(name, type_id)| Alternative {
                name: PyString::intern(self.py, name).unbind(),
                text: name.clone(),
                type_id: *type_id,
            })
            .collect();
        let firsts: Vec<First> = items.iter().map(|item| first_of(self.types, item.type_id)).collect();
        let (by_tag, any) = dispatch(firsts.iter());
        Alternatives {
            items: items.into(),
            by_tag,
            any,
            extensible: choice.extensible,
        }
    }

    fn open(&mut self, table: &OpenTable) -> PyResult<Open> {
        let rows = match self.rows.entry(Arc::as_ptr(&table.rows)) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(place) => {
                let rows = PyDict::new(self.py);
                for (identifier, type_id) in table.rows.iter() {
                    let key = untyped(self.py, identifier)?;
                    if key.hash().is_ok() {
                        rows.set_item(key, type_id)?;
                    }
                }
                place.insert(rows).clone()
            }
        };
        let path = table
            .path
            .iter()
            .map(|name| PyString::intern(self.py, name).unbind())
            .collect();
        Ok(Open {
            up: table.up as usize,
            path,
            rows: rows.unbind(),
            always: table.always,
        })
    }
}

fn untyped<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    to_python(py, value, TypeId::MAX, &[], false)
}

/// Which of the given sets a tag belongs to; the first one wins where a faulty type is ambiguous.
fn dispatch<'a>(firsts: impl Iterator<Item = &'a First>) -> (Box<[(Tag, u32)]>, Option<u32>) {
    let mut by_tag = Vec::new();
    let mut any = None;
    for (index, first) in firsts.enumerate() {
        let index = index as u32;
        match first {
            First::One(tag) => by_tag.push((*tag, index)),
            First::Many(tags) => by_tag.extend(tags.iter().map(|tag| (*tag, index))),
            First::Any => any = any.or(Some(index)),
        }
    }
    by_tag.sort();
    by_tag.dedup_by_key(|(tag, _)| *tag);
    (by_tag.into(), any)
}

fn first_of(types: &[TypeNode], id: TypeId) -> First {
    let mut tags = Vec::new();
    if !collect_first(types, id, &mut tags, &mut Vec::new()) {
        return First::Any;
    }
    tags.sort();
    tags.dedup();
    match tags[..] {
        [tag] => First::One(tag),
        _ => First::Many(tags.into()),
    }
}

/// False if any tag may come first.
fn collect_first(types: &[TypeNode], id: TypeId, tags: &mut Vec<Tag>, path: &mut Vec<TypeId>) -> bool {
    let node = &types[id as usize];
    if let Some(&tag) = node.tags.first() {
        tags.push(tag.into());
        return true;
    }
    let Kind::Choice(choice) = &node.kind else {
        return false;
    };
    if path.contains(&id) {
        return true;
    }
    path.push(id);
    let all = choice
        .alternatives
        .iter()
        .all(|(_, id)| collect_first(types, *id, tags, path));
    path.pop();
    all
}

/// Does the type hold an open type that the SEQUENCE or SET around it may govern? Each type is looked at once.
fn governed(types: &[TypeNode], id: TypeId) -> bool {
    let mut seen = HashSet::new();
    let mut left = vec![id];
    while let Some(id) = left.pop() {
        if !seen.insert(id) {
            continue;
        }
        let kind = &types[id as usize].kind;
        match kind {
            Kind::Open(Some(_)) => return true,
            Kind::SequenceOf(element) | Kind::SetOf(element) => left.push(*element),
            Kind::Choice(choice) => left.extend(choice.alternatives.iter().map(|(_, id)| *id)),
            _ => {}
        }
        let members = kind.members().map_or(&[][..], |members| &members.members);
        left.extend(members.iter().map(|member| member.type_id));
    }
    false
}

fn tolerated(kind: &Kind) -> Option<Tag> {
    let number = match kind {
        Kind::Boolean => 1,
        Kind::Integer { .. } => 2,
        Kind::Null => 5,
        Kind::ObjectIdentifier => 6,
        Kind::Real => 9,
        Kind::Enumerated { .. } => 10,
        Kind::RelativeOid => 13,
        _ => return None,
    };
    Some(Tag::universal(number))
}

/// The associated types of EXTERNAL (X.690 8.18), EMBEDDED PDV and CHARACTER STRING (X.680 36.5, 44.5).
struct Associated {
    external: Members,
    embedded_pdv: Members,
    character_string: Members,
}

impl Associated {
    fn add(types: &mut Vec<TypeNode>) -> Associated {
        let mut add = |tags: &[(schema::Class, u32)], kind: Kind| {
            let tags = tags
                .iter()
                .map(|&(class, number)| schema::Tag { class, number })
                .collect();
            types.push(TypeNode {
                tags,
                kind,
                name: String::new(),
                module: u32::MAX,
                constraint: schema::Constraint::default(),
            });
            (types.len() - 1) as TypeId
        };
        use schema::Class::{Context, Universal};
        let bits = || Kind::BitString {
            named: vec![],
            contained: None,
        };
        let octets = || Kind::OctetString { contained: None };
        let integer = || Kind::Integer { named: vec![] };
        let member = |name: &str, type_id, optional| Member {
            name: name.to_owned(),
            type_id,
            optional,
            default: None,
            addition: false,
        };
        let choice = |items: &[(&str, TypeId)]| {
            let alternatives = items.iter().map(|(name, id)| ((*name).to_owned(), *id)).collect();
            Kind::Choice(Choice {
                alternatives,
                extensible: false,
            })
        };
        let associated = |members: Vec<Member>| Members {
            members,
            extensible: false,
        };
        let sequence = |members: Vec<Member>| Kind::Sequence(associated(members));

        let oid = add(&[(Universal, 6)], Kind::ObjectIdentifier);
        let number = add(&[(Universal, 2)], integer());
        let descriptor = add(&[(Universal, 7)], Kind::ObjectDescriptor);
        let any = add(&[(Context, 0)], Kind::Open(None));
        let aligned = add(&[(Context, 1)], octets());
        let arbitrary = add(&[(Context, 2)], bits());
        let encoding = add(
            &[],
            choice(&[
                ("single-ASN1-type", any),
                ("octet-aligned", aligned),
                ("arbitrary", arbitrary),
            ]),
        );
        let external = associated(vec![
            member("direct-reference", oid, true),
            member("indirect-reference", number, true),
            member("data-value-descriptor", descriptor, true),
            member("encoding", encoding, false),
        ]);

        let oids: Vec<TypeId> = [0, 1, 4].map(|n| add(&[(Context, n)], Kind::ObjectIdentifier)).to_vec();
        let syntaxes = add(
            &[(Context, 0)],
            sequence(vec![
                member("abstract", oids[0], false),
                member("transfer", oids[1], false),
            ]),
        );
        let id0 = add(&[(Context, 0)], integer());
        let id2 = add(&[(Context, 2)], integer());
        let negotiation = add(
            &[(Context, 3)],
            sequence(vec![
                member("presentation-context-id", id0, false),
                member("transfer-syntax", oids[1], false),
            ]),
        );
        let fixed = add(&[(Context, 5)], Kind::Null);
        let identification = add(
            &[(Context, 0)],
            choice(&[
                ("syntaxes", syntaxes),
                ("syntax", oids[1]),
                ("presentation-context-id", id2),
                ("context-negotiation", negotiation),
                ("transfer-syntax", oids[2]),
                ("fixed", fixed),
            ]),
        );
        let described = add(&[(Context, 1)], Kind::ObjectDescriptor);
        let value = add(&[(Context, 2)], octets());
        let pdv = |name: &str| {
            associated(vec![
                member("identification", identification, false),
                member("data-value-descriptor", described, true),
                member(name, value, false),
            ])
        };
        Associated {
            external,
            embedded_pdv: pdv("data-value"),
            character_string: pdv("string-value"),
        }
    }
}
