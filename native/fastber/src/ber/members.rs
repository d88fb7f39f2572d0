//! The decoder's part for SEQUENCE and SET: members to the keys of a dict (X.690 8.9 to 8.11).

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::ber::de::{Decoded, Decoder, Element};
use crate::ber::der;
use crate::error::{Error, Result};
use crate::table::{Field, Fields};

impl<'a, 'py> Decoder<'a, 'py> {
    pub(super) fn sequence(&mut self, fields: &'a Fields, of: &Element, depth: usize) -> Decoded<'py> {
        let value = PyDict::new(self.py);
        if self.scoped {
            self.scopes.push(value.clone());
        }
        let mut at = of.contents;
        let mut next = 0;
        let after = loop {
            if let Some(after) = self.end_of(of, at)? {
                break after;
            }
            let element = self.header(at, of.end)?;
            let first = next;
            while let Some(field) = fields.fields.get(next)
                && !field.first.accepts(element.tag)
            {
                next += 1;
            }
            let Some(field) = fields.fields.get(next) else {
                next = first;
                at = self.unknown_in_sequence(fields, next, &element)?;
                continue;
            };
            for absent in &fields.fields[first..next] {
                self.absent(absent, &value, element.at, Some(&element))?;
            }
            next += 1;
            self.member(field, &value, &element, depth)?;
            at = self.after;
        };
        for absent in &fields.fields[next..] {
            self.absent(absent, &value, at, None)?;
        }
        if self.scoped {
            self.scopes.pop();
        }
        self.after = after;
        Ok(value.into_any())
    }

    #[inline(always)]
    fn member(&mut self, field: &'a Field, into: &Bound<'py, PyDict>, element: &Element, depth: usize) -> Result<()> {
        let value = self
            .value(field.type_id, element, depth + 1)
            .map_err(|error| error.member(&field.text))?;
        if self.strict
            && let Some(default) = &field.default
            && value.eq(default.reference(self.py))?
        {
            let error = Error::decode(element.at, "a DEFAULT value that is encoded in DER (X.690 11.5)");
            return Err(error.member(&field.text));
        }
        Ok(into.set_item(field.name.bind(self.py), value)?)
    }

    /// A member that is not there: its DEFAULT, if it has one. `instead` is what was met in its place.
    #[inline(always)]
    fn absent(&self, field: &Field, into: &Bound<'py, PyDict>, at: usize, instead: Option<&Element>) -> Result<()> {
        if let Some(default) = &field.default {
            Ok(into.set_item(field.name.bind(self.py), default.object(self.py)?)?)
        } else if field.optional {
            Ok(())
        } else {
            Err(missing(field, at, instead))
        }
    }

    #[cold]
    fn unknown_in_sequence(&self, fields: &Fields, next: usize, element: &Element) -> Result<usize> {
        let Element { tag, at, .. } = *element;
        if let Some(index) = fields.fields[..next].iter().position(|field| field.first.accepts(tag)) {
            let name = &fields.fields[index].text;
            return Err(Error::decode(at, format!("{tag} is repeated or out of order")).member(name));
        }
        if fields.extensible || self.table.options.ignore_unknown {
            return self.skip(element);
        }
        match fields.fields.get(next) {
            Some(field) if !field.optional && field.default.is_none() => {
                let reason = format!("expected {}, got {tag}", field.first.describe());
                Err(Error::decode(at, reason).member(&field.text))
            }
            _ => Err(Error::decode(at, format!("unexpected element {tag}"))),
        }
    }

    pub(super) fn set(&mut self, fields: &'a Fields, of: &Element, depth: usize) -> Decoded<'py> {
        let value = PyDict::new(self.py);
        if self.scoped {
            self.scopes.push(value.clone());
        }
        let mut seen = Seen::new(fields.fields.len());
        // Open types wait until what governs them has been decoded, as a SET comes in any order.
        let mut waiting: Vec<(usize, Element)> = Vec::new();
        let mut at = of.contents;
        let mut next = 0;
        let mut previous = None;
        let after = loop {
            if let Some(after) = self.end_of(of, at)? {
                break after;
            }
            let element = self.header(at, of.end)?;
            if self.strict {
                der::set_order(previous, element.tag, at)?;
                previous = Some(element.tag);
            }
            let Some(index) = fields.for_tag_from(next, element.tag).map(|index| index as usize) else {
                if !fields.extensible && !self.table.options.ignore_unknown {
                    return Err(Error::decode(at, format!("unexpected element {}", element.tag)));
                }
                at = self.skip(&element)?;
                continue;
            };
            next = index + 1;
            let field = &fields.fields[index];
            if seen.put(index) {
                return Err(Error::decode(at, format!("{} is repeated", element.tag)).member(&field.text));
            }
            if self.scoped && field.governed {
                at = self.skip(&element)?;
                waiting.push((index, element));
            } else {
                self.member(field, &value, &element, depth)?;
                at = self.after;
            }
        };
        for (index, element) in waiting {
            self.member(&fields.fields[index], &value, &element, depth)?;
        }
        for &index in &fields.owed {
            if !seen.has(index as usize) {
                self.absent(&fields.fields[index as usize], &value, at, None)?;
            }
        }
        if self.scoped {
            self.scopes.pop();
        }
        self.after = after;
        Ok(value.into_any())
    }
}

#[cold]
fn missing(field: &Field, at: usize, instead: Option<&Element>) -> Error {
    let got = instead.map_or_else(|| "the end".to_owned(), |element| element.tag.to_string());
    let reason = format!("missing: expected {}, got {got}", field.first.describe());
    Error::decode(at, reason).member(&field.text)
}

/// Which members of a SET have been met: a bit each, on the heap only beyond 64.
enum Seen {
    Few(u64),
    Many(Vec<bool>),
}

impl Seen {
    fn new(count: usize) -> Seen {
        if count <= 64 {
            Seen::Few(0)
        } else {
            Seen::Many(vec![false; count])
        }
    }

    #[inline]
    fn has(&self, index: usize) -> bool {
        match self {
            Seen::Few(bits) => bits & (1 << index) != 0,
            Seen::Many(bits) => bits[index],
        }
    }

    /// True if it was there before.
    #[inline]
    fn put(&mut self, index: usize) -> bool {
        let before = self.has(index);
        match self {
            Seen::Few(bits) => *bits |= 1 << index,
            Seen::Many(bits) => bits[index] = true,
        }
        before
    }
}
