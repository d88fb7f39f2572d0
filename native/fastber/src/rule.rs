//! Constraints that ranges cannot tell (X.680 clause 51): values one by one, patterns, inner subtyping, and what is made of
//! them and of ranges by set arithmetic. A value is permitted, refused, or it cannot be told; only what is refused is an error.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::error::{Error, Result};
use crate::pattern::Pattern;
use crate::schema::{Constraint, Value};

#[derive(Debug)]
pub enum Rule {
    /// What cannot be checked.
    Unknown,
    /// Values, sizes and alphabets in ranges.
    Ranges(Constraint),
    Value(Value),
    /// One item of an ENUMERATED.
    Item(String, i64),
    /// REAL between two ends, each of which may be left out of it.
    Reals {
        low: (f64, bool),
        high: (f64, bool),
    },
    Pattern(Pattern),
    /// WITH COMPONENT: of every element of a SEQUENCE OF or SET OF.
    Each(Arc<Rule>),
    /// WITH COMPONENTS
    Components(Vec<Component>),
    All(Vec<Arc<Rule>>),
    Any(Vec<Arc<Rule>>),
    Except(Arc<Rule>, Arc<Rule>),
}

/// What WITH COMPONENTS says of one component.
#[derive(Debug)]
pub struct Component {
    pub name: String,
    /// PRESENT or ABSENT.
    pub present: Option<bool>,
    pub rule: Option<Arc<Rule>>,
    /// It has a DEFAULT, so that a value cannot tell if it was sent.
    pub has_default: bool,
}

pub enum Verdict {
    Permitted,
    Unknown,
    Refused(Error),
}

use Verdict::{Permitted, Refused};

fn told(permitted: bool, error: impl FnOnce() -> String) -> Verdict {
    if permitted {
        Permitted
    } else {
        Refused(Error::constraints(error()))
    }
}

impl Rule {
    pub fn judge(&self, value: &Bound<'_, PyAny>) -> Result<Verdict> {
        Ok(match self {
            Rule::Unknown => Verdict::Unknown,
            Rule::Ranges(constraint) => match crate::constraints::ranges(constraint, value)? {
                None => Permitted,
                Some(error) => Refused(error),
            },
            Rule::Value(wanted) => match same(wanted, value)? {
                None => Verdict::Unknown,
                Some(same) => told(same, || format!("expected {}, got {}", shown(wanted), short(value))),
            },
            Rule::Item(name, number) => told(
                match value.cast::<PyString>() {
                    Ok(text) => text.to_str().is_ok_and(|text| text == name),
                    Err(_) => value.extract::<i64>().is_ok_and(|value| value == *number),
                },
                || format!("expected {name}, got {}", short(value)),
            ),
            Rule::Reals { low, high } => match value.extract::<f64>() {
                Ok(number) => told(
                    (low.0 < number || low.1 && low.0 == number) && (number < high.0 || high.1 && high.0 == number),
                    || format!("expected a number in {}..{}, got {number}", low.0, high.0),
                ),
                Err(_) => Verdict::Unknown,
            },
            Rule::Pattern(pattern) => match value.cast::<PyString>().map(|text| text.to_str()) {
                Ok(Ok(text)) => told(pattern.matches(text), || {
                    format!(
                        "expected text of the pattern {:?}, got {}",
                        pattern.source,
                        short(value)
                    )
                }),
                _ => Verdict::Unknown,
            },
            Rule::Each(rule) => each(rule, value)?,
            Rule::Components(components) => all(components.iter().map(|component| component.judge(value)))?,
            Rule::All(rules) => all(rules.iter().map(|rule| rule.judge(value)))?,
            Rule::Any(rules) => any(rules, value)?,
            Rule::Except(rule, other) => match rule.judge(value)? {
                refused @ Refused(_) => refused,
                verdict => match other.judge(value)? {
                    Permitted => Refused(Error::constraints(format!(
                        "{} is excepted by the constraint",
                        short(value)
                    ))),
                    Refused(_) => verdict,
                    Verdict::Unknown => Verdict::Unknown,
                },
            },
        })
    }
}

impl Component {
    fn judge(&self, value: &Bound<'_, PyAny>) -> Result<Verdict> {
        let found = if let Ok(dict) = value.cast::<PyDict>() {
            dict.get_item(&self.name)?
        } else if let Ok(pair) = value.cast::<PyTuple>()
            && pair.len() == 2
            && let Ok(name) = pair.get_item(0)?.cast::<PyString>()
        {
            let chosen = name.to_str().is_ok_and(|name| name == self.name);
            chosen.then(|| pair.get_item(1)).transpose()?
        } else {
            return Ok(Verdict::Unknown);
        };
        match (found, self.present) {
            (None, Some(true)) if !self.has_default => {
                let error = Error::constraints("must be present (WITH COMPONENTS)");
                Ok(Refused(error.member(&self.name)))
            }
            (Some(_), Some(false)) if !self.has_default => {
                let error = Error::constraints("must be absent (WITH COMPONENTS)");
                Ok(Refused(error.member(&self.name)))
            }
            (Some(inner), _) => match &self.rule {
                None => Ok(Permitted),
                Some(rule) => Ok(match rule.judge(&inner)? {
                    Refused(error) => Refused(error.member(&self.name)),
                    verdict => verdict,
                }),
            },
            (None, _) => Ok(Permitted),
        }
    }
}

fn each(rule: &Rule, value: &Bound<'_, PyAny>) -> Result<Verdict> {
    let Ok(list) = value.cast::<PyList>() else {
        return Ok(Verdict::Unknown);
    };
    all(list.iter().enumerate().map(|(index, item)| {
        Ok(match rule.judge(&item)? {
            Refused(error) => Refused(error.index(index)),
            verdict => verdict,
        })
    }))
}

fn all(verdicts: impl Iterator<Item = Result<Verdict>>) -> Result<Verdict> {
    let mut met = Permitted;
    for verdict in verdicts {
        match verdict? {
            Permitted => {}
            Verdict::Unknown => met = Verdict::Unknown,
            refused => return Ok(refused),
        }
    }
    Ok(met)
}

fn any(rules: &[Arc<Rule>], value: &Bound<'_, PyAny>) -> Result<Verdict> {
    let mut errors: Vec<Error> = Vec::new();
    let mut known = true;
    for rule in rules {
        match rule.judge(value)? {
            Permitted => return Ok(Permitted),
            Verdict::Unknown => known = false,
            Refused(error) => errors.push(error),
        }
    }
    if !known {
        return Ok(Verdict::Unknown);
    }
    if errors.len() == 1 {
        return Ok(Refused(errors.remove(0)));
    }
    let one_by_one = rules.iter().map(|rule| match &**rule {
        Rule::Value(value) => Some(shown(value)),
        Rule::Item(name, _) => Some(name.clone()),
        _ => None,
    });
    Ok(Refused(Error::constraints(
        match one_by_one.collect::<Option<Vec<_>>>() {
            Some(values) => format!("expected {}, got {}", values.join(" | "), short(value)),
            None => {
                let reasons: Vec<String> = errors
                    .iter()
                    .map(|error| match error.path() {
                        path if path.is_empty() => error.0.reason.clone(),
                        path => format!("{path}: {}", error.0.reason),
                    })
                    .collect();
                reasons.join("; or ")
            }
        },
    )))
}

/// A value in few words, whatever its size.
fn short(value: &Bound<'_, PyAny>) -> String {
    let text = match value.cast::<PyString>() {
        Ok(text) => format!("{:?}", text.to_string_lossy()),
        Err(_) if value.is_instance_of::<PyBool>() || value.is_instance_of::<PyFloat>() => value.to_string(),
        Err(_) => match value.extract::<i128>() {
            Ok(number) => number.to_string(),
            Err(_) => format!(
                "this {}",
                value
                    .get_type()
                    .name()
                    .map_or_else(|_| "value".to_owned(), |n| n.to_string())
            ),
        },
    };
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(truth) => if *truth { "True" } else { "False" }.to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Oid(arcs) | Value::RelativeOid(arcs) => dotted(arcs),
        _ => "the one value permitted".to_owned(),
    }
}

fn dotted(arcs: &[u64]) -> String {
    let arcs: Vec<String> = arcs.iter().map(u64::to_string).collect();
    arcs.join(".")
}

/// Is an object the value? None: it cannot be told.
fn same(wanted: &Value, value: &Bound<'_, PyAny>) -> Result<Option<bool>> {
    let text = |wanted: &str| {
        let found = value.cast::<PyString>().ok();
        found.map(|text| text.to_str().is_ok_and(|text| text == wanted))
    };
    Ok(match wanted {
        Value::Null => Some(value.is_none()),
        Value::Boolean(truth) => value.extract::<bool>().ok().map(|found| found == *truth),
        Value::Integer(number) => match value.cast::<PyInt>() {
            Ok(found) => Some(found.as_any().eq(*number)?),
            Err(_) => None,
        },
        Value::Real(number) => value.extract::<f64>().ok().map(|found| found == *number),
        Value::String(wanted) => text(wanted),
        Value::Oid(arcs) | Value::RelativeOid(arcs) => text(&dotted(arcs)),
        Value::Octets(octets) => value.cast::<PyBytes>().ok().map(|found| found.as_bytes() == octets),
        Value::Bits(octets, bits) => match value.extract::<(Bound<'_, PyBytes>, usize)>() {
            Ok((found, count)) if count == *bits => Some(found.as_bytes() == octets),
            // zeros at the end say nothing where bits are named
            _ => None,
        },
        Value::Choice(name, inner) => match value.extract::<(Bound<'_, PyString>, Bound<'_, PyAny>)>() {
            Ok((found, _)) if !found.to_str().is_ok_and(|found| found == name) => Some(false),
            Ok((_, found)) => same(inner, &found)?,
            Err(_) => None,
        },
        Value::List(items) => match value.cast::<PyList>() {
            Ok(list) if list.len() != items.len() => Some(false),
            Ok(list) => both(items.iter().zip(list.iter()).map(|(item, found)| same(item, &found)))?,
            Err(_) => None,
        },
        Value::Fields(fields) => match value.cast::<PyDict>() {
            Ok(dict) => {
                let given = both(fields.iter().map(|(name, wanted)| match dict.get_item(name)? {
                    Some(found) => same(wanted, &found),
                    None => Ok(None),
                }))?;
                // what is there beside them may be what a DEFAULT gives
                given.filter(|given| !given || dict.len() == fields.len())
            }
            Err(_) => None,
        },
        Value::Enumerated(_) | Value::Open(..) | Value::Unknown => None,
    })
}

fn both(parts: impl Iterator<Item = Result<Option<bool>>>) -> Result<Option<bool>> {
    let mut met = Some(true);
    for part in parts {
        match part? {
            Some(true) => {}
            Some(false) => return Ok(Some(false)),
            None => met = None,
        }
    }
    Ok(met)
}
