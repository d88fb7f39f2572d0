//! `check_constraints`: a value against the constraints of its type.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyList, PyString, PyTuple};

use crate::error::{Cause, Error, Result};
use crate::rule::Verdict;
use crate::schema::{Constraint, TypeId};
use crate::table::{Op, Table};

pub fn check(table: &Table, id: TypeId, value: &Bound<'_, PyAny>) -> Result<()> {
    walk(table, id, value, 0)
}

fn walk(table: &Table, id: TypeId, value: &Bound<'_, PyAny>, depth: usize) -> Result<()> {
    if depth > table.options.limits.max_depth {
        return Err(Error::constraints("nested deeper than max_depth"));
    }
    let py = value.py();
    let node = table.node(id);
    let constraint = &node.constraint;
    let ruled = !constraint.extensible && !matches!(node.op, Op::Containing { .. });
    if let Some(rule) = constraint.rule.as_deref().filter(|_| ruled)
        && let Verdict::Refused(error) = rule.judge(value)?
    {
        return Err(error);
    }
    match &node.op {
        Op::Integer => {
            if let Ok(number) = value.cast::<PyInt>() {
                range(constraint, number)?;
            }
        }
        Op::OctetString => size(constraint, value.len().unwrap_or(0) as u64, "octets")?,
        // decoded or still octets, as `resolve_open_types` says
        Op::Containing { of, bits } => match (value.cast::<PyBytes>(), value.extract::<(Bound<'_, PyBytes>, u64)>()) {
            (Ok(octets), _) if !bits => size(constraint, octets.len()? as u64, "octets")?,
            (_, Ok((_, count))) if *bits => size(constraint, count, "bits")?,
            _ => walk(table, *of, value, depth + 1)?,
        },
        Op::BitString { .. } => {
            if let Ok((_, count)) = value.extract::<(Bound<'_, PyAny>, u64)>() {
                size(constraint, count, "bits")?;
            }
        }
        Op::Text(_) => {
            if let Ok(text) = value.cast::<PyString>() {
                size(constraint, text.len()? as u64, "characters")?;
                alphabet(constraint, text)?;
            }
        }
        Op::SequenceOf(element) | Op::SetOf(element) => {
            if let Ok(list) = value.cast::<PyList>() {
                size(constraint, list.len() as u64, "elements")?;
                for (index, item) in list.iter().enumerate() {
                    walk(table, *element, &item, depth + 1).map_err(|error| error.index(index))?;
                }
            }
        }
        Op::Sequence(fields) | Op::Set(fields) => {
            if let Ok(dict) = value.cast::<PyDict>() {
                for field in &fields.fields {
                    if let Some(item) = dict.get_item(field.name.bind(py))? {
                        walk(table, field.type_id, &item, depth + 1).map_err(|error| error.member(&field.text))?;
                    }
                }
            }
        }
        Op::Choice(choice) => {
            if let Ok(pair) = value.cast::<PyTuple>()
                && pair.len() == 2
                && let Ok(name) = pair.get_item(0)?.cast::<PyString>()
                && let Some(item) = choice.named(name)
            {
                let inner = pair.get_item(1)?;
                walk(table, item.type_id, &inner, depth + 1).map_err(|error| error.member(&item.text))?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// What ranges, sizes and an alphabet have against a value, by its own kind.
pub fn ranges(constraint: &Constraint, value: &Bound<'_, PyAny>) -> Result<Option<Error>> {
    let checked = if value.is_instance_of::<PyBool>() {
        Ok(())
    } else if let Ok(number) = value.cast::<PyInt>() {
        range(constraint, number)
    } else if let Ok(text) = value.cast::<PyString>() {
        size(constraint, text.len()? as u64, "characters").and_then(|()| alphabet(constraint, text))
    } else if let Ok(octets) = value.cast::<PyBytes>() {
        size(constraint, octets.len()? as u64, "octets")
    } else if let Ok(list) = value.cast::<PyList>() {
        size(constraint, list.len() as u64, "elements")
    } else if let Ok((_, count)) = value.extract::<(Bound<'_, PyBytes>, u64)>() {
        size(constraint, count, "bits")
    } else {
        Ok(())
    };
    match checked {
        Err(error) if matches!(error.0.cause, Cause::Constraints) => Ok(Some(error)),
        checked => checked.map(|()| None),
    }
}

fn range(constraint: &Constraint, value: &Bound<'_, PyInt>) -> Result<()> {
    if constraint.value.is_empty() || constraint.extensible {
        return Ok(());
    }
    // Beyond 128 bits only the sign matters.
    let within = match value.extract::<i128>() {
        Ok(number) => constraint
            .value
            .iter()
            .any(|(low, high)| low.is_none_or(|low| low <= number) && high.is_none_or(|high| number <= high)),
        Err(_) if value.lt(0)? => constraint.value.iter().any(|(low, _)| low.is_none()),
        Err(_) => constraint.value.iter().any(|(_, high)| high.is_none()),
    };
    if within {
        return Ok(());
    }
    let ranges: Vec<String> = constraint
        .value
        .iter()
        .map(|(low, high)| {
            let low = low.map_or("MIN".to_owned(), |low| low.to_string());
            let high = high.map_or("MAX".to_owned(), |high| high.to_string());
            if low == high { low } else { format!("{low}..{high}") }
        })
        .collect();
    Err(Error::constraints(format!(
        "expected an integer in {}, got {value}",
        ranges.join(" | ")
    )))
}

fn size(constraint: &Constraint, count: u64, unit: &str) -> Result<()> {
    if constraint.size.is_empty() || constraint.extensible {
        return Ok(());
    }
    if constraint
        .size
        .iter()
        .any(|(low, high)| *low <= count && high.is_none_or(|high| count <= high))
    {
        return Ok(());
    }
    let sizes: Vec<String> = constraint
        .size
        .iter()
        .map(|(low, high)| match high {
            Some(high) if high == low => low.to_string(),
            Some(high) => format!("{low}..{high}"),
            None => format!("{low}..MAX"),
        })
        .collect();
    Err(Error::constraints(format!(
        "expected {} {unit}, got {count}",
        sizes.join(" | ")
    )))
}

fn alphabet(constraint: &Constraint, text: &Bound<'_, PyString>) -> Result<()> {
    let Some(ranges) = constraint.alphabet.as_ref().filter(|_| !constraint.extensible) else {
        return Ok(());
    };
    let text = text
        .to_str()
        .map_err(|_| Error::constraints("a str with lone surrogates"))?;
    match text
        .chars()
        .find(|c| !ranges.iter().any(|(low, high)| low <= c && c <= high))
    {
        Some(c) => Err(Error::constraints(format!(
            "character {c:?} is not of the permitted alphabet"
        ))),
        None => Ok(()),
    }
}
