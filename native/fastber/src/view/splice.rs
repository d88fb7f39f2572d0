//! Splicing: named parts replaced, inserted or taken away, and the lengths around them made anew. Every other octet,
//! known or unknown, leaves as it came in.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::ber::en::Encoder;
use crate::error::{Error, Result};
use crate::py::raw::{Raw, Remove};
use crate::schema::TypeId;
use crate::table::{Fields, Op, Table};
use crate::view::level::{Level, Part, Parts};
use crate::view::path::{Step, no_such, parse};
use crate::view::rope::Rope;
use crate::view::{Source, Spot, Via};

/// What is to be done at one place, or below it.
pub enum Edit<'py> {
    Set(Bound<'py, PyAny>),
    Below(Vec<(Step, Edit<'py>)>),
}

impl<'py> Edit<'py> {
    /// The edits of a `{path: value}` dict as a tree.
    pub fn tree(changes: &Bound<'py, PyDict>) -> PyResult<Edit<'py>> {
        let mut root = Edit::Below(Vec::new());
        for (path, value) in changes {
            let steps = parse(&path)?;
            if !root.add(&steps, value) {
                let reason = format!("two edits of the same part: {path}");
                return Err(pyo3::exceptions::PyValueError::new_err(reason));
            }
        }
        Ok(root)
    }

    /// False if this or an enclosing part is edited already.
    fn add(&mut self, steps: &[Step], value: Bound<'py, PyAny>) -> bool {
        let Edit::Below(edits) = self else {
            return false;
        };
        let Some((step, rest)) = steps.split_first() else {
            let first = edits.is_empty();
            *self = Edit::Set(value);
            return first;
        };
        let found = edits
            .iter_mut()
            .find(|(other, _)| other == step && *step != Step::Append);
        match found {
            Some((_, edit)) => edit.add(rest, value),
            None => {
                let mut edit = Edit::Below(Vec::new());
                let added = edit.add(rest, value);
                edits.push((step.clone(), edit));
                added
            }
        }
    }
}

pub struct Splicer<'a, 'py> {
    pub py: Python<'py>,
    pub source: &'a Source,
    pub data: &'a [u8],
    pub table: &'a Table,
    pub rope: Rope<'a>,
}

impl<'a, 'py> Splicer<'a, 'py> {
    /// Puts the encoding at `spot` as edited.
    pub fn put(&mut self, spot: &Spot, edit: &Edit<'py>) -> Result<()> {
        let edits = match edit {
            Edit::Set(value) => return self.value(spot.id, value),
            Edit::Below(edits) if edits.is_empty() => {
                self.rope.old(spot.at, spot.end);
                return Ok(());
            }
            Edit::Below(edits) => edits,
        };
        let level = Level::read(spot, self.data, self.table, self.source.partial)?;
        let indefinite = level.headers.iter().filter(|header| header.length.is_none()).count();
        // Between the end of the contents and that of the encoding stand end-of-contents octets, outermost last.
        let mut at = spot.end;
        let tail = spot.end - level.contents_end;
        let mut marks = Vec::with_capacity(level.headers.len());
        let mut closers = if tail == 2 * indefinite { indefinite } else { 0 };
        for header in &level.headers {
            if header.length.is_none() && closers > 0 {
                closers -= 1;
                self.rope.old(at - 2, at);
                at -= 2;
            }
            marks.push(self.rope.len());
        }
        self.rope.old(level.contents_end, at);
        self.contents(spot, &level, edits)?;
        for (index, header) in level.headers.iter().enumerate().rev() {
            let identifier_end = self.identifier_end(header.at);
            match header.length {
                None => self.rope.old(header.at, header.contents),
                Some(length) if self.rope.len() - marks[index] == length => {
                    self.rope.old(header.at, header.contents);
                }
                Some(length) => {
                    self.rope.length(marks[index], length, header.contents - identifier_end);
                    self.rope.old(header.at, identifier_end);
                }
            }
        }
        Ok(())
    }

    fn identifier_end(&self, at: usize) -> usize {
        if self.data[at] & 0x1f != 0x1f {
            return at + 1;
        }
        at + 2
            + self.data[at + 1..]
                .iter()
                .take_while(|octet| **octet & 0x80 != 0)
                .count()
    }

    fn value(&mut self, id: TypeId, value: &Bound<'py, PyAny>) -> Result<()> {
        if value.is_instance_of::<Remove>() {
            return Err(Error::encode("only a member or an element can be removed"));
        }
        if let Ok(raw) = value.cast::<Raw>() {
            self.rope.new_octets(raw.get().octets(self.py));
            return Ok(());
        }
        self.rope.settle();
        let out = std::mem::take(&mut self.rope.out);
        let mut encoder = Encoder::onto(out, self.py, self.table, false);
        encoder.encode(id, value)?;
        self.rope.out = encoder.out;
        Ok(())
    }

    fn contents(&mut self, spot: &Spot, level: &Level, edits: &[(Step, Edit<'py>)]) -> Result<()> {
        match (&level.parts, &self.table.node(spot.id).op) {
            (Parts::Members(parts), Op::Sequence(fields)) => self.members(fields, false, level, parts, edits),
            (Parts::Members(parts), Op::Set(fields)) => self.members(fields, true, level, parts, edits),
            (Parts::Elements(parts), Op::SequenceOf(element) | Op::SetOf(element)) => {
                self.elements(*element, level, parts, edits)
            }
            (Parts::Chosen(chosen), Op::Choice(choice)) => {
                let [(step, edit)] = edits else {
                    return Err(Error::encode("edits of more than one alternative of a CHOICE"));
                };
                let Step::Name(name) = step else {
                    return Err(no_such(step).into());
                };
                let index = choice.items.iter().position(|item| item.text == *name);
                let index = index.ok_or_else(|| Error::from(no_such(step)))?;
                let id = choice.items[index].type_id;
                let inner = Spot {
                    id,
                    at: level.contents,
                    end: level.contents_end,
                    via: Via::Root,
                    parent: None,
                };
                match edit {
                    Edit::Set(value) => self.value(id, value),
                    Edit::Below(_) if *chosen == Some(index) => self.put(&inner, edit),
                    Edit::Below(_) => Err(no_such(step).into()),
                }
                .map_err(|error| error.member(name))
            }
            _ => Err(no_such(&edits[0].0).into()),
        }
    }

    fn part(&mut self, id: TypeId, part: &Part, edit: &Edit<'py>) -> Result<()> {
        match edit {
            Edit::Set(value) if value.is_instance_of::<Remove>() => {
                if part.end > self.data.len() {
                    return Err(Error::decode(
                        self.data.len(),
                        "the buffer ends within the part to remove",
                    ));
                }
                Ok(())
            }
            Edit::Set(_) if part.end > self.data.len() => Err(Error::decode(
                self.data.len(),
                "the buffer ends within the part to replace",
            )),
            _ => self.put(
                &Spot {
                    id,
                    at: part.at,
                    end: part.end,
                    via: Via::Root,
                    parent: None,
                },
                edit,
            ),
        }
    }

    fn members(
        &mut self,
        fields: &Fields,
        set: bool,
        level: &Level,
        parts: &[Part],
        edits: &[(Step, Edit<'py>)],
    ) -> Result<()> {
        // What is done with each present part, and which members are put in before which part.
        let mut done: Vec<Option<&Edit<'py>>> = vec![None; parts.len()];
        let mut inserts: Vec<(usize, usize, &Bound<'py, PyAny>)> = Vec::new();
        for (step, edit) in edits {
            let Step::Name(name) = step else {
                return Err(no_such(step).into());
            };
            let member = fields.fields.iter().position(|field| field.text == *name);
            let member = member.ok_or_else(|| Error::from(no_such(step)))?;
            let field = &fields.fields[member];
            if let Some(index) = parts.iter().position(|part| part.member == Some(member as u32)) {
                if matches!(edit, Edit::Set(value) if value.is_instance_of::<Remove>())
                    && !field.optional
                    && field.default.is_none()
                {
                    return Err(Error::encode("a mandatory member cannot be removed").member(name));
                }
                done[index] = Some(edit);
                continue;
            }
            let Edit::Set(value) = edit else {
                return Err(no_such(step).into());
            };
            if value.is_instance_of::<Remove>() {
                return Err(no_such(step).into());
            }
            inserts.push((self.place(fields, set, parts, member), member, value));
            if level.cut && inserts.last().is_some_and(|(place, ..)| *place == parts.len()) {
                let reason = "the buffer ends before the place of this member";
                return Err(Error::decode(self.data.len(), reason).member(name));
            }
        }
        inserts.sort_by_key(|(place, member, _)| {
            let order = fields.order.iter().position(|index| *index as usize == *member);
            (*place, if set { order.unwrap_or(*member) } else { *member })
        });
        let mut limit = level.contents_end;
        for index in (0..=parts.len()).rev() {
            if let Some(part) = parts.get(index) {
                self.rope.old(part.end, limit);
                limit = part.at;
                match (done[index], part.member) {
                    (Some(edit), Some(member)) => {
                        let field = &fields.fields[member as usize];
                        self.part(field.type_id, part, edit)
                            .map_err(|error| error.member(&field.text))?;
                    }
                    _ => self.rope.old(part.at, part.end),
                }
            } else if !level.cut {
                let end = parts.last().map_or(level.contents, |part| part.end);
                self.rope.old(end, limit);
                limit = end;
            }
            for (_, member, value) in inserts.iter().filter(|(place, ..)| *place == index).rev() {
                let field = &fields.fields[*member];
                self.value(field.type_id, value)
                    .map_err(|error| error.member(&field.text))?;
            }
        }
        self.rope.old(level.contents, limit);
        Ok(())
    }

    /// Before which of the present parts an absent member goes.
    fn place(&self, fields: &Fields, set: bool, parts: &[Part], member: usize) -> usize {
        if set && !self.table.options.der {
            return parts.len();
        }
        let rank = |member: u32| {
            if set {
                fields.order.iter().position(|index| *index == member).unwrap_or(0)
            } else {
                member as usize
            }
        };
        let own = rank(member as u32);
        let after = parts
            .iter()
            .position(|part| part.member.is_some_and(|other| rank(other) > own));
        after.unwrap_or(parts.len())
    }

    fn elements(&mut self, element: TypeId, level: &Level, parts: &[Part], edits: &[(Step, Edit<'py>)]) -> Result<()> {
        let mut done: Vec<Option<&Edit<'py>>> = vec![None; parts.len()];
        let mut appended = Vec::new();
        for (step, edit) in edits {
            let index = match step {
                Step::Append => parts.len(),
                Step::Index(index) if *index < 0 => parts
                    .len()
                    .checked_add_signed(*index)
                    .ok_or_else(|| Error::from(no_such(step)))?,
                Step::Index(index) => *index as usize,
                Step::Name(_) => return Err(no_such(step).into()),
            };
            match edit {
                _ if index < parts.len() => done[index] = Some(edit),
                _ if level.cut => {
                    return Err(Error::decode(self.data.len(), "the buffer ends before this element"));
                }
                Edit::Set(value) if index == parts.len() && !value.is_instance_of::<Remove>() => appended.push(value),
                _ => return Err(no_such(step).into()),
            }
        }
        let mut limit = level.contents_end;
        for value in appended.iter().rev() {
            self.value(element, value).map_err(|error| error.index(parts.len()))?;
        }
        for (index, part) in parts.iter().enumerate().rev() {
            self.rope.old(part.end, limit);
            limit = part.at;
            match done[index] {
                Some(edit) => self.part(element, part, edit).map_err(|error| error.index(index))?,
                None => self.rope.old(part.at, part.end),
            }
        }
        self.rope.old(level.contents, limit);
        Ok(())
    }
}
