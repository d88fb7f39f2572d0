//! Values known at compile time (DEFAULTs, value assignments, identifiers in object sets) as Python objects.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyList, PyString, PyTuple};

use crate::ber::useful;
use crate::schema::{Kind, TypeId, TypeNode, Value};

/// The object for `value`. `id` guides where the notation alone does not say it; an id outside of `types` means no guide.
pub fn to_python<'py>(
    py: Python<'py>,
    value: &Value,
    id: TypeId,
    types: &[TypeNode],
    numeric_enums: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let kind = types.get(id as usize).map(|node| &node.kind);
    let convert = |value: &Value, id: TypeId| to_python(py, value, id, types, numeric_enums);
    Ok(match (value, kind) {
        (Value::Null | Value::Unknown, _) => py.None().into_bound(py),
        (Value::Boolean(value), _) => value.into_pyobject(py)?.to_owned().into_any(),
        (Value::Integer(value), Some(Kind::Real)) => PyFloat::new(py, *value as f64).into_any(),
        (Value::Integer(number), Some(Kind::Enumerated { items, .. })) if !numeric_enums => {
            match items.iter().find(|(_, n)| i128::from(*n) == *number) {
                Some((name, _)) => PyString::intern(py, name).into_any(),
                None => number.into_pyobject(py)?.into_any(),
            }
        }
        (Value::Integer(value), _) => value.into_pyobject(py)?.into_any(),
        (Value::Real(value), _) => PyFloat::new(py, *value).into_any(),
        (Value::Enumerated(name), Some(Kind::Enumerated { items, .. })) if numeric_enums => {
            match items.iter().find(|(n, _)| n == name) {
                Some((_, number)) => number.into_pyobject(py)?.into_any(),
                None => PyString::intern(py, name).into_any(),
            }
        }
        (Value::Enumerated(name), Some(Kind::Integer { named })) => match named.iter().find(|(n, _)| n == name) {
            Some((_, number)) => number.into_pyobject(py)?.into_any(),
            None => PyString::intern(py, name).into_any(),
        },
        (Value::String(text), Some(Kind::Time(kind))) => match useful::moment(py, *kind, text) {
            Some(moment) => moment,
            None => PyString::intern(py, text).into_any(),
        },
        (Value::Enumerated(name) | Value::String(name), _) => PyString::intern(py, name).into_any(),
        (Value::Bits(octets, bits), Some(Kind::OctetString { .. })) => {
            PyBytes::new(py, &octets[..bits.div_ceil(8).min(octets.len())]).into_any()
        }
        (Value::Bits(octets, bits), Some(Kind::BitString { named, .. })) if !named.is_empty() => {
            trimmed(py, octets, *bits)?
        }
        (Value::Bits(octets, bits), _) => bit_string(py, octets, *bits)?,
        (Value::Octets(octets), Some(Kind::BitString { named, .. })) if !named.is_empty() => {
            trimmed(py, octets, octets.len() * 8)?
        }
        (Value::Octets(octets), Some(Kind::BitString { .. })) => bit_string(py, octets, octets.len() * 8)?,
        (Value::Octets(octets), _) => PyBytes::new(py, octets).into_any(),
        (Value::Oid(arcs) | Value::RelativeOid(arcs), _) => {
            let arcs: Vec<String> = arcs.iter().map(u64::to_string).collect();
            PyString::new(py, &arcs.join(".")).into_any()
        }
        (Value::List(items), Some(Kind::BitString { named, .. })) => named_bits(py, items, named)?,
        (Value::List(items), Some(kind)) if items.is_empty() && kind.members().is_some() => {
            convert(&Value::Fields(vec![]), id)?
        }
        (Value::List(items), kind) => {
            let element = match kind {
                Some(Kind::SequenceOf(element) | Kind::SetOf(element)) => *element,
                _ => TypeId::MAX,
            };
            let items = items
                .iter()
                .map(|item| convert(item, element))
                .collect::<PyResult<Vec<_>>>()?;
            PyList::new(py, items)?.into_any()
        }
        (Value::Fields(fields), kind) => {
            let members = kind.and_then(Kind::members).map_or(&[][..], |members| &members.members);
            let dict = PyDict::new(py);
            for (name, value) in fields {
                let id = members
                    .iter()
                    .find(|member| member.name == *name)
                    .map_or(TypeId::MAX, |m| m.type_id);
                dict.set_item(PyString::intern(py, name), convert(value, id)?)?;
            }
            for member in members {
                if let Some(value) = &member.default
                    && !dict.contains(&member.name)?
                {
                    dict.set_item(PyString::intern(py, &member.name), convert(value, member.type_id)?)?;
                }
            }
            dict.into_any()
        }
        (Value::Open(of, value), _) => convert(value, *of)?,
        (Value::Choice(name, value), kind) => {
            let id = match kind {
                Some(Kind::Choice(choice)) => choice
                    .alternatives
                    .iter()
                    .find(|(n, _)| n == name)
                    .map_or(TypeId::MAX, |(_, id)| *id),
                _ => TypeId::MAX,
            };
            PyTuple::new(py, [PyString::intern(py, name).into_any(), convert(value, id)?])?.into_any()
        }
    })
}

fn bit_string<'py>(py: Python<'py>, octets: &[u8], bits: usize) -> PyResult<Bound<'py, PyAny>> {
    Ok((PyBytes::new(py, octets), bits).into_pyobject(py)?.into_any())
}

/// Without the trailing zero bits, which say nothing where bits are named (X.680 22.7).
fn trimmed<'py>(py: Python<'py>, octets: &[u8], bits: usize) -> PyResult<Bound<'py, PyAny>> {
    let set = |bit: &usize| {
        octets
            .get(bit / 8)
            .is_some_and(|octet| octet & (0x80 >> (bit % 8)) != 0)
    };
    let bits = (0..bits).rev().find(set).map_or(0, |last| last + 1);
    bit_string(py, &octets[..bits.div_ceil(8)], bits)
}

fn named_bits<'py>(py: Python<'py>, items: &[Value], named: &[(String, u32)]) -> PyResult<Bound<'py, PyAny>> {
    let mut octets: Vec<u8> = Vec::new();
    let mut bits = 0;
    for item in items {
        let position = match item {
            Value::Enumerated(name) | Value::String(name) => named
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, position)| *position as usize),
            _ => None,
        };
        if let Some(position) = position {
            bits = bits.max(position + 1);
            octets.resize(octets.len().max(position / 8 + 1), 0);
            octets[position / 8] |= 0x80 >> (position % 8);
        }
    }
    bit_string(py, &octets, bits)
}
