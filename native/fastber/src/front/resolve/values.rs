//! Values (X.680 clause 17), read by the type that governs them.

use std::rc::Rc;

use super::types::{Item, Target};
use super::{Resolved, Resolver, ScopeId, Symbol};
use crate::front::ast::*;
use crate::front::lexer::Kind as T;
use crate::front::parser::split;
use crate::schema::{Kind, Value as SchemaValue};
use foldhash::HashSet;

/// The arcs that X.660 lets stand by name alone, each with the arc that it lies below.
const ARCS: [(&str, Option<u64>, u64); 17] = [
    ("itu-t", None, 0),
    ("ccitt", None, 0),
    ("itu-r", None, 0),
    ("iso", None, 1),
    ("joint-iso-itu-t", None, 2),
    ("joint-iso-ccitt", None, 2),
    ("recommendation", Some(0), 0),
    ("question", Some(0), 1),
    ("administration", Some(0), 2),
    ("network-operator", Some(0), 3),
    ("identified-organization", Some(0), 4),
    ("standard", Some(1), 0),
    ("registration-authority", Some(1), 1),
    ("member-body", Some(1), 2),
    ("identified-organization", Some(1), 3),
    ("identified-organisation", Some(1), 3),
    ("ds", Some(2), 5),
];

/// The arc that X.660 gives a name below `above`; a name that is a value's is none of these (`ds` in `{ ds 1 }`).
fn arc_by_name(name: &str, above: &[u64]) -> Option<u64> {
    let parent = match above {
        [] => None,
        // the series of ITU-T's Recommendations: `{itu-t recommendation q 773}`
        [0, 0] => match name.as_bytes() {
            [series @ b'a'..=b'z'] => return Some(u64::from(series - b'a') + 1),
            _ => return None,
        },
        [root] => Some(*root),
        _ => return None,
    };
    ARCS.iter()
        .find(|(known, below, _)| *known == name && *below == parent)
        .map(|(_, _, arc)| *arc)
}

impl<'a> Resolver<'a> {
    pub(super) fn assigned_value(
        &mut self,
        governor: &Rc<Type<'a>>,
        value: &Rc<Value<'a>>,
        scope: ScopeId,
    ) -> Resolved<SchemaValue> {
        let target = self.target(governor, scope)?;
        self.value(value, scope, &target)
    }

    /// A value of the type `target`; `Unknown` where the notation means nothing to the codec.
    pub(super) fn value(
        &mut self,
        value: &Rc<Value<'a>>,
        scope: ScopeId,
        target: &Target<'a>,
    ) -> Resolved<SchemaValue> {
        let ty = target.ty.clone();
        self.step(&ty)?;
        let found = self.value_of(value, scope, target);
        self.chain -= 1;
        found
    }

    fn value_of(&mut self, value: &Rc<Value<'a>>, scope: ScopeId, target: &Target<'a>) -> Resolved<SchemaValue> {
        let ty = &target.ty;
        self.check_notation(value, ty)?;
        Ok(match (&value.notation, &ty.kind) {
            (Notation::Null, _) => SchemaValue::Null,
            (Notation::Boolean(truth), _) => SchemaValue::Boolean(*truth),
            (Notation::Integer(number), TypeKind::Simple(Kind::Real)) => SchemaValue::Real(*number as f64),
            (Notation::Integer(number), _) => SchemaValue::Integer(*number),
            (Notation::Real(number), _) => SchemaValue::Real(*number),
            (Notation::Text(text), _) => SchemaValue::String(text.clone()),
            (Notation::Bits(digits), kind) => {
                let (octets, bits) = from_binary(digits);
                if matches!(kind, TypeKind::BitString(_)) {
                    SchemaValue::Bits(octets, bits)
                } else {
                    SchemaValue::Octets(octets)
                }
            }
            (Notation::Hex(digits), kind) => {
                let (octets, bits) = from_hex(digits);
                if matches!(kind, TypeKind::BitString(_)) {
                    SchemaValue::Bits(octets, bits)
                } else {
                    SchemaValue::Octets(octets)
                }
            }
            (Notation::Reference { module: None, name, .. }, TypeKind::Enumerated { items, .. })
                if items.iter().any(|(n, _)| n == name) =>
            {
                SchemaValue::Enumerated((*name).to_owned())
            }
            (Notation::Reference { module: None, name, .. }, TypeKind::Integer(named))
                if named.iter().any(|(n, _)| n == name) =>
            {
                let number = named.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
                match number {
                    Some(number) => match self.integer(&number, target.scope)? {
                        Some(number) => SchemaValue::Integer(number),
                        None => SchemaValue::Unknown,
                    },
                    None => SchemaValue::Unknown,
                }
            }
            (
                Notation::Reference {
                    module,
                    name,
                    arguments,
                },
                _,
            ) => {
                return self.referenced((*module, name), arguments, scope, target, value.place());
            }
            (Notation::Choice(name, inner), TypeKind::Choice(_)) => {
                let items = self.items(ty, target.scope)?;
                let Some(item) = items.iter().find(|i| i.name == *name) else {
                    let message = format!("expected an alternative of the CHOICE, found `{name}`");
                    return self.fault_at(value.place(), message);
                };
                let chosen = self.target(&item.ty, item.scope)?;
                SchemaValue::Choice((*name).to_owned(), Box::new(self.value(inner, scope, &chosen)?))
            }
            (Notation::Field { head, path }, _) => {
                let Some((field, steps)) = path.split_last() else {
                    return Ok(SchemaValue::Unknown);
                };
                let mut object = self.named_object(None, head, &[], scope, ty)?;
                for step in steps {
                    let governor = object.class.field(step).and_then(|f| f.governor.clone());
                    let (Some(governor), Some((span, scope))) = (governor, object.setting(step)) else {
                        return Ok(SchemaValue::Unknown);
                    };
                    let class = self.class(&governor, object.class.scope)?;
                    object = self.span_object(span, scope, class.as_ref(), ty)?;
                }
                let Some((span, scope)) = object.setting(field) else {
                    return Ok(SchemaValue::Unknown);
                };
                let mut parser = self.parser(span);
                let value = self.parsed(span, parser.value())?;
                return self.value(&value, scope, target);
            }
            (Notation::Braces(span), _) => return self.braces(*span, scope, target),
            (Notation::Open(of, value), TypeKind::Any { .. } | TypeKind::Field { .. }) => {
                let id = self.type_id(of, scope, None, 0)?;
                let target = self.target(of, scope)?;
                SchemaValue::Open(id, Box::new(self.value(value, scope, &target)?))
            }
            _ => SchemaValue::Unknown,
        })
    }

    /// The value that a reference names, read by its own governor.
    fn referenced(
        &mut self,
        (module, name): (Option<&'a str>, &'a str),
        arguments: &[Span],
        scope: ScopeId,
        target: &Target<'a>,
        place: (u32, u32),
    ) -> Resolved<SchemaValue> {
        match self.look_up_qualified(module, name, scope, place.0, place.1)? {
            Symbol::Argument(argument) => {
                let mut parser = self.parser(argument.span);
                let value = self.parsed(argument.span, parser.value())?;
                self.value(&value, argument.scope, target)
            }
            Symbol::Assigned { module, index } => match self.modules[module as usize].assignments[index].body.clone() {
                Body::Value(governor, value) => {
                    let scope = self.scope_of(module, index, arguments, scope, place)?;
                    let target = self.target(&governor, scope)?;
                    self.value(&value, scope, &target)
                }
                _ => self.fault_at(place, format!("expected a value, found `{name}`")),
            },
        }
    }

    fn braces(&mut self, span: Span, scope: ScopeId, target: &Target<'a>) -> Resolved<SchemaValue> {
        let ty = target.ty.clone();
        match &ty.kind {
            TypeKind::Simple(Kind::ObjectIdentifier) => Ok(SchemaValue::Oid(self.arcs(span, scope)?)),
            TypeKind::Simple(Kind::RelativeOid) => Ok(SchemaValue::RelativeOid(self.arcs(span, scope)?)),
            TypeKind::BitString(_) => {
                let named = self.named_bits(&ty, target.scope)?;
                let mut octets = Vec::new();
                let mut bits = 0;
                let mut parser = self.parser(span);
                while !parser.done() {
                    let place = (span.module, parser.at);
                    let name = parser.bump();
                    parser.eat(b',');
                    let Some(&(_, bit)) = named.iter().find(|(n, _)| n == name) else {
                        return self.fault_at(place, format!("expected the name of a bit, found `{name}`"));
                    };
                    if bit > 1 << 20 {
                        return self.fault_at(place, "expected a bit number below 2^20");
                    }
                    let bit = bit as usize;
                    bits = bits.max(bit + 1);
                    octets.resize(octets.len().max(bit / 8 + 1), 0u8);
                    octets[bit / 8] |= 0x80 >> (bit % 8);
                }
                Ok(SchemaValue::Bits(octets, bits))
            }
            TypeKind::Simple(Kind::Real) => {
                let mut parts = [0i128, 10, 0];
                let mut parser = self.parser(span);
                while !parser.done() {
                    let place = (span.module, parser.at);
                    let part = match parser.bump() {
                        "mantissa" => 0,
                        "base" => 1,
                        "exponent" => 2,
                        found => {
                            let message = format!("expected mantissa, base or exponent, found `{found}`");
                            return self.fault_at(place, message);
                        }
                    };
                    let value = parser.value();
                    let value = self.parsed(span, value)?;
                    parts[part] = self.integer(&value, scope)?.unwrap_or(0);
                    parser.eat(b',');
                }
                let exponent = i32::try_from(parts[2]).unwrap_or(if parts[2] < 0 { i32::MIN } else { i32::MAX });
                Ok(SchemaValue::Real(parts[0] as f64 * (parts[1] as f64).powi(exponent)))
            }
            TypeKind::Simple(Kind::String(_)) => {
                let parts = split(&self.modules[span.module as usize].tokens.clone(), span, b',');
                let mut numbers = Vec::new();
                let mut text = String::new();
                for &part in &parts {
                    let mut parser = self.parser(part);
                    let value = self.parsed(part, parser.value())?;
                    if let Notation::Integer(number) = value.notation {
                        numbers.push(u32::try_from(number).unwrap_or(u32::MAX));
                        continue;
                    }
                    match self.value(&value, scope, target)? {
                        SchemaValue::Integer(number) => numbers.push(u32::try_from(number).unwrap_or(u32::MAX)),
                        SchemaValue::String(more) => text.push_str(&more),
                        _ => return Ok(SchemaValue::Unknown),
                    }
                    if text.len() > 1 << 20 {
                        return self.fault(&ty, "expected a character string of less than 1 MiB");
                    }
                }
                // column and row of the ISO 646 table, or group, plane, row and cell of ISO/IEC 10646
                let code = match numbers[..] {
                    [] => return Ok(SchemaValue::String(text)),
                    [column @ 0..8, row @ 0..16] => column << 4 | row,
                    [group @ 0..128, plane @ 0..256, row @ 0..256, cell @ 0..256] => {
                        group << 24 | plane << 16 | row << 8 | cell
                    }
                    _ => u32::MAX,
                };
                Ok(char::from_u32(code).map_or(SchemaValue::Unknown, |c| SchemaValue::String(c.to_string())))
            }
            TypeKind::SequenceOf(of) | TypeKind::SetOf(of) => {
                let target = self.target(of, target.scope)?;
                let mut list = Vec::new();
                for part in split(&self.modules[span.module as usize].tokens.clone(), span, b',') {
                    let mut parser = self.parser(part);
                    // `SEQUENCE OF name Type` has its elements written with the name (X.680 26.3)
                    if parser.kind() == T::Lower && !matches!(parser.peek(1), T::End | T::Mark(b':' | b'.' | b'{')) {
                        parser.bump();
                    }
                    let value = self.parsed(part, parser.value())?;
                    list.push(self.value(&value, scope, &target)?);
                }
                Ok(SchemaValue::List(list))
            }
            TypeKind::Sequence(_) | TypeKind::Set(_) => {
                let items = self.items(&ty, target.scope)?;
                let mut fields: Vec<(String, SchemaValue)> = Vec::new();
                for part in split(&self.modules[span.module as usize].tokens.clone(), span, b',') {
                    let mut parser = self.parser(part);
                    let place = (span.module, parser.at);
                    let name = parser.bump();
                    let Some(item) = items.iter().find(|i| i.name == name) else {
                        return self.fault_at(place, format!("expected a component, found `{name}`"));
                    };
                    let value = self.parsed(part, parser.value())?;
                    let target = self.target(&item.ty, item.scope)?;
                    fields.push((name.to_owned(), self.value(&value, scope, &target)?));
                }
                let given: HashSet<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
                let needed = |item: &&Item<'a>| !item.optional && item.default.is_none() && !item.addition;
                let missing = items.iter().filter(needed).find(|item| !given.contains(item.name));
                // X.208 let a component go without an identifier
                if let Some(missing) = missing.filter(|item| !item.name.is_empty()) {
                    let message = format!("expected a value of the component `{}`", missing.name);
                    return self.fault_at((span.module, span.start), message);
                }
                Ok(SchemaValue::Fields(fields))
            }
            TypeKind::Simple(kind @ (Kind::External(_) | Kind::EmbeddedPdv(_) | Kind::CharacterString(_))) => {
                let external = matches!(kind, Kind::External(_));
                let target = self.associated(if external { "EXTERNAL-Value" } else { "PDV-Value" }, &ty)?;
                let built_in = target.ty.module;
                let value = self.braces(span, scope, &target).map_err(|fault| match fault.module {
                    // what is built in has no place that its user could look at
                    module if module == built_in => super::Fault {
                        module: span.module,
                        token: span.start,
                        ..fault
                    },
                    _ => fault,
                })?;
                Ok(match value {
                    SchemaValue::Fields(fields) if external => SchemaValue::Fields(as_encoded(fields)),
                    value => value,
                })
            }
            // of what a macro types, which is mostly an object identifier
            TypeKind::Reference { .. } => Ok(self.arcs(span, scope).map_or(SchemaValue::Unknown, SchemaValue::Oid)),
            _ => Ok(SchemaValue::Unknown),
        }
    }

    /// The type of that name in the module of what is built in.
    fn associated(&mut self, name: &str, ty: &Type<'a>) -> Resolved<Target<'a>> {
        let module = self.modules.len() - 1;
        let built_in = &self.modules[module];
        let body = built_in
            .index
            .get(name)
            .map(|&index| built_in.assignments[index].body.clone());
        match body {
            Some(Body::Type(associated)) => self.target(&associated, module as ScopeId),
            _ => self.fault(ty, format!("expected a value of `{name}`")),
        }
    }

    /// The arcs of an object identifier value (X.680 32): numbers, named numbers, references.
    pub(super) fn arcs(&mut self, span: Span, scope: ScopeId) -> Resolved<Vec<u64>> {
        let mut parser = self.parser(span);
        let mut arcs: Vec<u64> = Vec::with_capacity(16);
        while !parser.done() {
            if arcs.len() > 1000 {
                let fault = parser.fault("an object identifier of fewer arcs");
                return self.parsed(span, Err(fault));
            }
            match parser.kind() {
                T::Number => {
                    let arc = parser.word().parse();
                    let arc = arc.map_err(|_| parser.fault("an arc below 2^64"));
                    arcs.push(self.parsed(span, arc)?);
                    parser.bump();
                }
                T::Lower => {
                    let name = parser.bump();
                    if parser.is(b'(') {
                        let within = parser.bracketed(b'(', b')');
                        let within = self.parsed(span, within)?;
                        arcs.extend(self.arcs(within, scope)?);
                    } else if let Some(arc) = arc_by_name(name, &arcs) {
                        arcs.push(arc);
                    } else {
                        let more = self.arcs_of(name, scope, span)?;
                        arcs.extend(more);
                    }
                }
                _ => {
                    let fault = parser.fault("an arc of an object identifier");
                    return self.parsed(
                        Span {
                            start: parser.at.min(span.end),
                            ..span
                        },
                        Err(fault),
                    );
                }
            }
        }
        Ok(arcs)
    }

    pub(super) fn arcs_of(&mut self, name: &'a str, scope: ScopeId, span: Span) -> Resolved<Vec<u64>> {
        match self.look_up(name, scope, span.module, span.start)? {
            Symbol::Argument(argument) => {
                let mut parser = self.parser(argument.span);
                if parser.is(b'{') {
                    let within = parser.bracketed(b'{', b'}');
                    let within = self.parsed(argument.span, within)?;
                    self.arcs_counted(within, argument.scope, span)
                } else {
                    self.arcs_counted(argument.span, argument.scope, span)
                }
            }
            Symbol::Assigned { module, index } => match self.modules[module as usize].assignments[index].body.clone() {
                Body::Value(governor, value) => match self.assigned_value(&governor, &value, module)? {
                    SchemaValue::Oid(arcs) | SchemaValue::RelativeOid(arcs) => Ok(arcs),
                    SchemaValue::Integer(arc) => Ok(vec![u64::try_from(arc).unwrap_or(0)]),
                    _ => self.fault(&governor, format!("expected an object identifier, found `{name}`")),
                },
                _ => Err(super::Fault {
                    module: span.module,
                    token: span.start,
                    message: format!("expected an object identifier, found `{name}`"),
                    missing: false,
                    lenient: false,
                }),
            },
        }
    }

    fn arcs_counted(&mut self, span: Span, scope: ScopeId, from: Span) -> Resolved<Vec<u64>> {
        self.steps += 1;
        if self.chain >= super::LONGEST_CHAIN || self.steps > self.most_steps {
            let message = "expected an object identifier that does not lead back to itself".to_owned();
            return Err(super::Fault {
                module: from.module,
                token: from.start,
                message,
                missing: false,
                lenient: false,
            });
        }
        self.chain += 1;
        let arcs = self.arcs(span, scope);
        self.chain -= 1;
        arcs
    }

    /// An integer wherever the notation wants one; None where it is some other value.
    pub(super) fn integer(&mut self, value: &Value<'a>, scope: ScopeId) -> Resolved<Option<i128>> {
        let place = value.place();
        match &value.notation {
            Notation::Integer(number) => Ok(Some(*number)),
            Notation::Reference {
                module,
                name,
                arguments,
            } => match self.look_up_qualified(*module, name, scope, place.0, place.1)? {
                Symbol::Argument(argument) => {
                    let mut parser = self.parser(argument.span);
                    let value = self.parsed(argument.span, parser.value())?;
                    if self.chain >= super::LONGEST_CHAIN {
                        return Ok(None);
                    }
                    self.chain += 1;
                    let found = self.integer(&value, argument.scope);
                    self.chain -= 1;
                    found
                }
                Symbol::Assigned { module, index } => {
                    match self.modules[module as usize].assignments[index].body.clone() {
                        Body::Value(governor, value) => {
                            let scope = self.scope_of(module, index, arguments, scope, place)?;
                            match self.assigned_value(&governor, &value, scope)? {
                                SchemaValue::Integer(number) => Ok(Some(number)),
                                _ => Ok(None),
                            }
                        }
                        _ => Ok(None),
                    }
                }
            },
            _ => Ok(None),
        }
    }
}

/// The value of an EXTERNAL as X.690 8.18 has it encoded, where it is written as X.680 37.5 has it.
fn as_encoded(fields: Vec<(String, SchemaValue)>) -> Vec<(String, SchemaValue)> {
    let mut encoded = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("identification", SchemaValue::Choice(by, value)) => match (by.as_str(), *value) {
                ("syntax", value) => encoded.push(("direct-reference".to_owned(), value)),
                (_, SchemaValue::Fields(negotiation)) => {
                    encoded.extend(negotiation.into_iter().map(|(name, value)| match name.as_str() {
                        "transfer-syntax" => ("direct-reference".to_owned(), value),
                        _ => ("indirect-reference".to_owned(), value),
                    }));
                }
                (_, value) => encoded.push(("indirect-reference".to_owned(), value)),
            },
            ("data-value", value) => {
                let octets = SchemaValue::Choice("octet-aligned".to_owned(), Box::new(value));
                encoded.push(("encoding".to_owned(), octets));
            }
            (_, value) => encoded.push((name, value)),
        }
    }
    encoded
}

fn from_binary(digits: &str) -> (Vec<u8>, usize) {
    let mut octets = Vec::new();
    let mut bits = 0;
    for digit in digits.bytes().filter(|b| matches!(b, b'0' | b'1')) {
        if bits % 8 == 0 {
            octets.push(0);
        }
        if digit == b'1' {
            octets[bits / 8] |= 0x80 >> (bits % 8);
        }
        bits += 1;
    }
    (octets, bits)
}

fn from_hex(digits: &str) -> (Vec<u8>, usize) {
    let mut octets = Vec::new();
    let mut count = 0;
    for digit in digits.chars().filter_map(|c| c.to_digit(16)) {
        if count % 2 == 0 {
            octets.push((digit as u8) << 4);
        } else {
            octets[count / 2] |= digit as u8;
        }
        count += 1;
    }
    (octets, count * 4)
}
