//! Splicing: named parts replaced, inserted or taken away, and the lengths around them made anew. Every other octet,
//! known or unknown, leaves as it came in.

use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::ber::en::Encoder;
use crate::error::{Error, Result};
use crate::py::raw::{Raw, Remove};
use crate::schema::TypeId;
use crate::table::{Fields, Op, Table};
use crate::view::few::Few;
use crate::view::level::{Level, Part, Parts};
use crate::view::path::{Step, no_such, parse};
use crate::view::rope::Rope;
use crate::view::{Source, Spot, Via};

/// What is to be done at one place, or below it. Names are resolved; values are numbers of those given.
pub enum Edit {
    Set(usize),
    Below(Vec<(Place, Edit)>),
}

/// A step resolved against the type that it is made in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A member or an alternative.
    Named(usize),
    Index(isize),
    Append,
}

impl Edit {
    pub fn nothing() -> Edit {
        Edit::Below(Vec::new())
    }

    /// Adds an edit at a path from the type `id` on.
    pub fn insert(&mut self, table: &Table, id: TypeId, path: &Bound<'_, PyAny>, value: usize) -> PyResult<()> {
        if self.add(table, id, &parse(path)?, value)? {
            return Ok(());
        }
        let reason = format!("two edits of the same part: {path}");
        Err(pyo3::exceptions::PyValueError::new_err(reason))
    }

    /// False if this or an enclosing part is edited already.
    fn add(&mut self, table: &Table, id: TypeId, steps: &[Step], value: usize) -> PyResult<bool> {
        let Edit::Below(edits) = self else {
            return Ok(false);
        };
        let Some((step, rest)) = steps.split_first() else {
            let first = edits.is_empty();
            *self = Edit::Set(value);
            return Ok(first);
        };
        let (place, inner) = resolve(table, id, step)?;
        let found = edits
            .iter_mut()
            .find(|(other, _)| *other == place && place != Place::Append);
        match found {
            Some((_, edit)) => edit.add(table, inner, rest, value),
            None => {
                let mut edit = Edit::nothing();
                let added = edit.add(table, inner, rest, value)?;
                edits.push((place, edit));
                Ok(added)
            }
        }
    }
}

fn resolve(table: &Table, id: TypeId, step: &Step) -> PyResult<(Place, TypeId)> {
    let id = table.stepped_in(id).ok_or_else(|| no_such(step))?;
    let found = match (&table.node(id).op, step) {
        (Op::Sequence(fields) | Op::Set(fields), Step::Name(name)) => {
            let found = fields.fields.iter().position(|field| field.text == *name);
            found.map(|index| (Place::Named(index), fields.fields[index].type_id))
        }
        (Op::Choice(choice), Step::Name(name)) => {
            let found = choice.items.iter().position(|item| item.text == *name);
            found.map(|index| (Place::Named(index), choice.items[index].type_id))
        }
        (Op::SequenceOf(element) | Op::SetOf(element), Step::Index(index)) => Some((Place::Index(*index), *element)),
        (Op::SequenceOf(element) | Op::SetOf(element), Step::Append) => Some((Place::Append, *element)),
        _ => None,
    };
    found.ok_or_else(|| no_such(step))
}

/// The exception for a place that a value does not have.
#[cold]
fn absent(place: Place, name: &str) -> Error {
    no_such(&match place {
        Place::Named(_) => Step::Name(name.to_owned()),
        Place::Index(index) => Step::Index(index),
        Place::Append => Step::Append,
    })
    .into()
}

pub struct Splicer<'a, 'py> {
    pub py: Python<'py>,
    pub source: &'a Source,
    pub data: &'a [u8],
    pub table: &'a Table,
    pub values: &'a [Bound<'py, PyAny>],
    pub rope: Rope<'a>,
}

impl<'a, 'py> Splicer<'a, 'py> {
    /// Puts the encoding at `spot` as edited.
    pub fn put(&mut self, spot: &Spot, edit: &Edit) -> Result<()> {
        let edits = match edit {
            Edit::Set(value) => return self.value(spot.id, *value),
            Edit::Below(edits) if edits.is_empty() => {
                self.rope.old(spot.at, spot.end);
                return Ok(());
            }
            Edit::Below(edits) => edits,
        };
        let reader = self.source.reader(self.py);
        let level = reader.level(spot)?;
        let indefinite = level
            .headers
            .as_slice()
            .iter()
            .filter(|header| header.length.is_none())
            .count();
        // Between the end of the contents and that of the encoding stand end-of-contents octets, outermost last.
        let mut at = spot.end;
        let tail = spot.end - level.contents_end;
        let mut marks: Few<usize> = Few::default();
        let mut closers = if tail == 2 * indefinite { indefinite } else { 0 };
        for header in level.headers.as_slice() {
            if header.length.is_none() && closers > 0 {
                closers -= 1;
                self.rope.old(at - 2, at);
                at -= 2;
            }
            marks.push(self.rope.len());
        }
        self.rope.old(level.contents_end, at);
        match self.table.node(spot.id).op {
            Op::Containing { of, bits } => {
                let (start, end) = (level.contents, level.contents_end);
                let at = reader.contained(of, bits, level.in_pieces(), start, end)?;
                let inner = Spot {
                    id: of,
                    at,
                    end,
                    via: Via::Root,
                    parent: None,
                };
                self.put(&inner, edit)?;
                self.rope.old(start, at);
            }
            _ => self.contents(spot, &level, edits)?,
        }
        for (index, header) in level.headers.as_slice().iter().enumerate().rev() {
            let identifier_end = header.at + header.identifier_size();
            match header.length {
                None => self.rope.old(header.at, header.contents),
                Some(length) if self.rope.len() - marks.as_slice()[index] == length => {
                    self.rope.old(header.at, header.contents);
                }
                Some(length) => {
                    self.rope
                        .length(marks.as_slice()[index], length, header.contents - identifier_end);
                    self.rope.old(header.at, identifier_end);
                }
            }
        }
        Ok(())
    }

    fn removes(&self, value: usize) -> bool {
        self.values[value].is_instance_of::<Remove>()
    }

    fn value(&mut self, id: TypeId, value: usize) -> Result<()> {
        let value = &self.values[value];
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

    fn contents(&mut self, spot: &Spot, level: &Level, edits: &[(Place, Edit)]) -> Result<()> {
        match (&level.parts, &self.table.node(spot.id).op) {
            (Parts::Members(parts), Op::Sequence(fields)) => self.members(fields, false, level, parts, edits),
            (Parts::Members(parts), Op::Set(fields)) => self.members(fields, true, level, parts, edits),
            (Parts::Elements(parts), Op::SequenceOf(element) | Op::SetOf(element)) => {
                self.elements(*element, level, parts, edits)
            }
            (Parts::Chosen(chosen), Op::Choice(choice)) => {
                let [(Place::Named(index), edit)] = edits else {
                    return Err(Error::encode("edits of more than one alternative of a CHOICE"));
                };
                let (id, name) = (choice.items[*index].type_id, &choice.items[*index].text);
                let inner = Spot {
                    id,
                    at: level.contents,
                    end: level.contents_end,
                    via: Via::Root,
                    parent: None,
                };
                match edit {
                    Edit::Set(value) => self.value(id, *value),
                    Edit::Below(_) if *chosen == Some(*index) => self.put(&inner, edit),
                    Edit::Below(_) => Err(absent(Place::Named(*index), name)),
                }
                .map_err(|error| error.member(name))
            }
            _ => Err(absent(edits[0].0, "")),
        }
    }

    fn part(&mut self, id: TypeId, part: &Part, edit: &Edit) -> Result<()> {
        match edit {
            Edit::Set(value) if self.removes(*value) => {
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
        edits: &[(Place, Edit)],
    ) -> Result<()> {
        // What is done, and at which part: a member that is put in comes before that part.
        let mut work: Vec<(usize, Work)> = Vec::with_capacity(edits.len());
        for &(place, ref edit) in edits {
            let Place::Named(member) = place else {
                return Err(absent(place, ""));
            };
            let field = &fields.fields[member];
            let name = &field.text;
            if let Some(index) = parts.iter().position(|part| part.member == Some(member as u32)) {
                if matches!(edit, Edit::Set(value) if self.removes(*value))
                    && !field.optional
                    && field.default.is_none()
                {
                    return Err(Error::encode("a mandatory member cannot be removed").member(name));
                }
                work.push((index, Work::Edit(member, edit)));
                continue;
            }
            match edit {
                Edit::Set(value) if !self.removes(*value) => {
                    let index = self.place(fields, set, parts, member);
                    if level.cut && index == parts.len() {
                        let reason = "the buffer ends before the place of this member";
                        return Err(Error::decode(self.data.len(), reason).member(name));
                    }
                    work.push((index, Work::Insert(member, *value)));
                }
                _ => return Err(absent(place, name)),
            }
        }
        work.sort_by_key(|(index, work)| match work {
            Work::Insert(member, _) => {
                let order = fields.order.iter().position(|index| *index as usize == *member);
                (*index, false, if set { order.unwrap_or(*member) } else { *member })
            }
            Work::Edit(..) => (*index, true, 0),
        });
        let mut limit = level.contents_end;
        for (index, work) in work.into_iter().rev() {
            match work {
                Work::Edit(member, edit) => {
                    let (part, field) = (&parts[index], &fields.fields[member]);
                    self.rope.old(part.end, limit);
                    limit = part.at;
                    self.part(field.type_id, part, edit)
                        .map_err(|error| error.member(&field.text))?;
                }
                Work::Insert(member, value) => {
                    let field = &fields.fields[member];
                    let behind = parts.last().map_or(level.contents, |part| part.end);
                    let at = parts.get(index).map_or(behind, |part| part.at);
                    self.rope.old(at, limit);
                    limit = at;
                    self.value(field.type_id, value)
                        .map_err(|error| error.member(&field.text))?;
                }
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

    fn elements(&mut self, element: TypeId, level: &Level, parts: &[Part], edits: &[(Place, Edit)]) -> Result<()> {
        let mut done: Vec<(usize, &Edit)> = Vec::new();
        let mut appended = Vec::new();
        for &(place, ref edit) in edits {
            let index = match place {
                Place::Append => parts.len(),
                Place::Index(index @ ..0) => {
                    let found = parts.len().checked_add_signed(index);
                    found.ok_or_else(|| absent(place, ""))?
                }
                Place::Index(index) => index as usize,
                Place::Named(_) => return Err(absent(place, "")),
            };
            match edit {
                _ if index < parts.len() => done.push((index, edit)),
                _ if level.cut => {
                    return Err(Error::decode(self.data.len(), "the buffer ends before this element"));
                }
                Edit::Set(value) if index == parts.len() && !self.removes(*value) => appended.push(*value),
                _ => return Err(absent(place, "")),
            }
        }
        let mut limit = level.contents_end;
        for value in appended.iter().rev() {
            self.value(element, *value).map_err(|error| error.index(parts.len()))?;
        }
        // Of two edits of one element (counted from either end) the later one holds.
        done.reverse();
        done.sort_by_key(|(index, _)| *index);
        done.dedup_by_key(|(index, _)| *index);
        for (index, edit) in done.into_iter().rev() {
            let part = &parts[index];
            self.rope.old(part.end, limit);
            limit = part.at;
            self.part(element, part, edit).map_err(|error| error.index(index))?;
        }
        self.rope.old(level.contents, limit);
        Ok(())
    }
}

/// What is done among the members of a SEQUENCE or SET: a member, and what becomes of it.
enum Work<'a> {
    Edit(usize, &'a Edit),
    Insert(usize, usize),
}

/// The encoding at `spot` as edited: buffers to be sent one behind the other.
pub fn splice<'py>(
    py: Python<'py>,
    source: &Source,
    spot: &Spot,
    edit: &Edit,
    values: &[Bound<'py, PyAny>],
) -> Result<Bound<'py, PyList>> {
    let (table, data) = (source.table(), source.export.in_place(py));
    let mut splicer = Splicer {
        py,
        source,
        data,
        table,
        values,
        rope: Rope::new(data),
    };
    splicer.put(spot, edit).map_err(|error| spot.name_error(table, error))?;
    Ok(splicer.rope.buffers(py, source)?)
}
