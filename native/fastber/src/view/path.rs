//! Paths into a value: `message.envelope.per-recipient-fields[2].recipient-name`, or a tuple of names and numbers.

use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::table::DEEPEST;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Name(String),
    /// Negative numbers count from the end.
    Index(isize),
    /// `[+]`: behind the last element.
    Append,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Step::Name(name) => write!(f, "{name:?}"),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Append => write!(f, "[+]"),
        }
    }
}

pub fn parse(path: &Bound<'_, PyAny>) -> PyResult<Vec<Step>> {
    let steps = steps(path)?;
    within_depth(steps.len())?;
    Ok(steps)
}

/// Paths are followed by recursion, too, and no type that a decode takes is deeper.
pub fn within_depth(steps: usize) -> PyResult<()> {
    if steps > DEEPEST {
        return Err(PyValueError::new_err(format!("a path of more than {DEEPEST} steps")));
    }
    Ok(())
}

fn steps(path: &Bound<'_, PyAny>) -> PyResult<Vec<Step>> {
    if let Ok(path) = path.cast::<PyString>() {
        return parse_text(path.to_str()?).ok_or_else(|| PyValueError::new_err(format!("bad path {path:?}")));
    }
    let Ok(path) = path.cast::<PyTuple>() else {
        return Err(PyValueError::new_err("a path is a str or a tuple of names and numbers"));
    };
    path.iter()
        .map(|step| {
            if let Ok(name) = step.cast::<PyString>() {
                let name = name.to_str()?;
                return Ok(if name == "+" || name == "[+]" {
                    Step::Append
                } else {
                    Step::Name(name.to_owned())
                });
            }
            Ok(Step::Index(step.extract()?))
        })
        .collect()
}

/// None if it is no path. The empty path is the value itself.
pub fn parse_text(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (index, after) = inner.split_once(']')?;
            steps.push(if index == "+" {
                Step::Append
            } else {
                Step::Index(index.parse().ok()?)
            });
            rest = after;
        } else {
            let name = if steps.is_empty() {
                rest
            } else {
                rest.strip_prefix('.')?
            };
            let end = name.find(['.', '[']).unwrap_or(name.len());
            if end == 0 {
                return None;
            }
            steps.push(Step::Name(name[..end].to_owned()));
            rest = &name[end..];
        }
    }
    Some(steps)
}

pub fn no_such(step: &Step) -> PyErr {
    match step {
        Step::Name(name) => PyKeyError::new_err(name.clone()),
        _ => pyo3::exceptions::PyIndexError::new_err(format!("no element {step}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let name = |name: &str| Step::Name(name.to_owned());
        assert_eq!(parse_text(""), Some(vec![]));
        assert_eq!(
            parse_text("a.b-c[2][+].d"),
            Some(vec![name("a"), name("b-c"), Step::Index(2), Step::Append, name("d")])
        );
        assert_eq!(parse_text("[0].x"), Some(vec![Step::Index(0), name("x")]));
        for bad in [".a", "a.", "a..b", "a[", "a[x]", "a]b[", "[0]x"] {
            assert_eq!(parse_text(bad), None, "{bad}");
        }
    }
}
