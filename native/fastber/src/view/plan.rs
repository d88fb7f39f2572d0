//! Paths resolved against a type beforehand, and read all together in one walk over the octets.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::ber::tlv::Tag;
use crate::error::{Error, Result};
use crate::schema::TypeId;
use crate::table::{Fields, Op, Table};
use crate::view::level::{Reader, Seen};
use crate::view::path::{Step, no_such, parse_text, within_depth};

/// What is wanted of the part that a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    Raw,
    Contents,
    Value,
}

/// What is to be read at one place and below it.
pub struct Plan {
    id: TypeId,
    wants: Vec<(usize, Want)>,
    below: Below,
}

enum Below {
    Nothing,
    /// Members or alternatives, by their number.
    Named(Box<[Option<Box<Plan>>]>),
    Elements(Vec<(Pick, Plan)>),
    /// Within the value that a string contains.
    Contained(Box<Plan>),
}

#[derive(PartialEq, Eq)]
enum Pick {
    One(isize),
    /// `[*]`: each element. For each path below, the slot of its result and the slot where its list grows.
    Each(Vec<(usize, usize)>),
}

/// One step of a path for reading.
enum Move {
    To(Step),
    Each,
}

/// `a.b[*].c:value`: the moves, and what is wanted at their end.
fn parse(path: &str) -> PyResult<(Vec<Move>, Want)> {
    let bad = || PyValueError::new_err(format!("bad path {path:?}"));
    let (steps, want) = match path.split_once(':') {
        None | Some((_, "raw")) => (path.split(':').next().unwrap_or(path), Want::Raw),
        Some((steps, "contents")) => (steps, Want::Contents),
        Some((steps, "value")) => (steps, Want::Value),
        Some(_) => return Err(bad()),
    };
    let mut moves = Vec::new();
    for (index, piece) in steps.split("[*]").enumerate() {
        if index > 0 {
            moves.push(Move::Each);
        }
        // Behind an element's brackets a name follows a dot, which the start of a path does not have.
        let piece = match piece.strip_prefix('.') {
            Some(rest) if index > 0 && !rest.is_empty() && !rest.starts_with('[') => rest,
            _ if index > 0 && !piece.is_empty() && !piece.starts_with('[') => return Err(bad()),
            _ => piece,
        };
        let steps = parse_text(piece).ok_or_else(bad)?;
        if steps.contains(&Step::Append) {
            return Err(bad());
        }
        moves.extend(steps.into_iter().map(Move::To));
    }
    Ok((moves, want))
}

/// The plan of some paths, and the number of slots that a walk by it needs: first one for each path.
pub fn compile(table: &Table, id: TypeId, paths: &[String]) -> PyResult<(Plan, usize)> {
    let mut plan = Plan::new(id);
    let mut slots = paths.len();
    for (slot, path) in paths.iter().enumerate() {
        let (moves, want) = parse(path)?;
        within_depth(moves.len())?;
        let mut place = &mut plan;
        for step in &moves {
            place = place.step(table, step, slot, &mut slots)?;
        }
        place.wants.push((slot, want));
    }
    Ok((plan, slots))
}

impl Plan {
    fn new(id: TypeId) -> Plan {
        Plan {
            id,
            wants: Vec::new(),
            below: Below::Nothing,
        }
    }

    fn step(&mut self, table: &Table, step: &Move, slot: usize, slots: &mut usize) -> PyResult<&mut Plan> {
        match (&table.node(self.id).op, step) {
            (Op::Sequence(fields) | Op::Set(fields), Move::To(Step::Name(name))) => {
                let found = fields.fields.iter().position(|field| field.text == *name);
                let index = found.ok_or_else(|| PyValueError::new_err(format!("no member {name:?}")))?;
                Ok(self.named(index, fields.fields[index].type_id, fields.fields.len()))
            }
            (Op::Choice(choice), Move::To(Step::Name(name))) => {
                let found = choice.items.iter().position(|item| item.text == *name);
                let index = found.ok_or_else(|| PyValueError::new_err(format!("no alternative {name:?}")))?;
                Ok(self.named(index, choice.items[index].type_id, choice.items.len()))
            }
            (Op::SequenceOf(element) | Op::SetOf(element), Move::To(Step::Index(index))) => {
                let plans = self.elements();
                let found = plans.iter().position(|(pick, _)| *pick == Pick::One(*index));
                let found = found.unwrap_or_else(|| {
                    plans.push((Pick::One(*index), Plan::new(*element)));
                    plans.len() - 1
                });
                Ok(&mut plans[found].1)
            }
            (Op::SequenceOf(element) | Op::SetOf(element), Move::Each) => {
                let plans = self.elements();
                let found = plans.iter().position(|(pick, _)| matches!(pick, Pick::Each(_)));
                let found = found.unwrap_or_else(|| {
                    plans.push((Pick::Each(Vec::new()), Plan::new(*element)));
                    plans.len() - 1
                });
                let (pick, plan) = &mut plans[found];
                if let Pick::Each(lists) = pick {
                    lists.push((slot, *slots));
                    *slots += 1;
                }
                Ok(plan)
            }
            (&Op::Containing { of, .. }, step) if table.stepped_in(of).is_some() => {
                if !matches!(self.below, Below::Contained(_)) {
                    self.below = Below::Contained(Box::new(Plan::new(of)));
                }
                let Below::Contained(plan) = &mut self.below else {
                    unreachable!("set above");
                };
                plan.step(table, step, slot, slots)
            }
            (op, Move::Each) => Err(PyValueError::new_err(format!("{} has no [*]", op.describe()))),
            (_, Move::To(step)) => Err(PyValueError::new_err(no_such(step).to_string())),
        }
    }

    fn named(&mut self, index: usize, id: TypeId, count: usize) -> &mut Plan {
        if !matches!(self.below, Below::Named(_)) {
            self.below = Below::Named((0..count).map(|_| None).collect());
        }
        let Below::Named(plans) = &mut self.below else {
            unreachable!("set above");
        };
        plans[index].get_or_insert_with(|| Box::new(Plan::new(id)))
    }

    fn elements(&mut self) -> &mut Vec<(Pick, Plan)> {
        if !matches!(self.below, Below::Elements(_)) {
            self.below = Below::Elements(Vec::new());
        }
        let Below::Elements(plans) = &mut self.below else {
            unreachable!("set above");
        };
        plans
    }
}

/// One walk over a buffer.
pub struct Walk<'a, 'py> {
    pub py: Python<'py>,
    pub reader: Reader<'a>,
    /// Results, and behind them the lists that `[*]` fills; None for what is absent.
    pub slots: &'a mut [Option<Bound<'py, PyAny>>],
}

impl<'py> Walk<'_, 'py> {
    /// Fills the slots of the plan from the encoding at `at..end`.
    pub fn read(&mut self, plan: &Plan, at: usize, end: usize) -> Result<()> {
        for &(slot, want) in &plan.wants {
            self.slots[slot] = Some(self.want(plan.id, want, at, end)?);
        }
        match &plan.below {
            Below::Nothing => Ok(()),
            Below::Named(plans) => self.named(plan.id, plans, at, end),
            Below::Elements(plans) => self.elements(plan.id, plans, at, end),
            Below::Contained(inner) => self.contained(plan.id, inner, at, end),
        }
    }

    fn contained(&mut self, id: TypeId, plan: &Plan, mut at: usize, mut end: usize) -> Result<()> {
        let pieces = self.enter(id, &mut at, &mut end)?;
        let bits = matches!(self.reader.table.node(id).op, Op::Containing { bits: true, .. });
        let at = self.reader.contained(plan.id, bits, pieces, at, end)?;
        self.read(plan, at, end)
    }

    fn cut(&self) -> Error {
        Error::decode(self.reader.data.len(), "the buffer ends within this value")
    }

    /// The contents octets, within all headers that the type has; true if the innermost has the constructed form.
    #[inline]
    fn enter(&self, id: TypeId, at: &mut usize, end: &mut usize) -> Result<bool> {
        let node = self.reader.table.node(id);
        for &tag in &node.wrappers {
            self.reader.enter(tag, true, at, end)?;
        }
        if let Some(tag) = node.tag {
            let header = self.reader.enter(tag, node.op.is_constructed(), at, end)?;
            self.reader.tolerate(node, &header, at, end)?;
            return Ok(header.constructed);
        } else if !node.wrappers.is_empty() {
            self.reader.sole(*at, *end)?;
        }
        Ok(false)
    }

    fn want(&self, id: TypeId, want: Want, mut at: usize, mut end: usize) -> Result<Bound<'py, PyAny>> {
        if end > self.reader.data.len() {
            return Err(self.cut());
        }
        match want {
            Want::Raw => {}
            Want::Contents => {
                self.enter(id, &mut at, &mut end)?;
            }
            Want::Value => {
                return self.reader.value(self.py, None, id, at, end);
            }
        }
        Ok(PyBytes::new(self.py, &self.reader.data[at..end]).into_any())
    }

    fn named(&mut self, id: TypeId, plans: &[Option<Box<Plan>>], mut at: usize, mut end: usize) -> Result<()> {
        let table = self.reader.table;
        let node = table.node(id);
        self.enter(id, &mut at, &mut end)?;
        match &node.op {
            Op::Sequence(fields) => self.sequence(fields, plans, at, end),
            Op::Set(fields) => self.set(fields, plans, at, end),
            Op::Choice(choice) => {
                let chosen = self.reader.chosen(node, choice, at, end)?;
                match chosen.and_then(|index| Some((index, plans[index].as_ref()?))) {
                    Some((index, plan)) => self
                        .read(plan, at, end)
                        .map_err(|error| error.member(&choice.items[index].text)),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    #[inline]
    fn member(
        &mut self,
        fields: &Fields,
        plans: &[Option<Box<Plan>>],
        member: usize,
        at: usize,
        end: usize,
    ) -> Result<()> {
        match &plans[member] {
            Some(plan) => self
                .read(plan, at, end)
                .map_err(|error| error.member(&fields.fields[member].text)),
            None => Ok(()),
        }
    }

    fn sequence(&mut self, fields: &Fields, plans: &[Option<Box<Plan>>], at: usize, end: usize) -> Result<()> {
        let mut next = 0;
        let cut = self.each(at, end, |walk, tag, at, end| {
            let found = fields.fields[next..].iter().position(|field| field.first.accepts(tag));
            let Some(distance) = found else {
                return walk.reader.unknown_in_sequence(fields, next, tag, at);
            };
            let member = next + distance;
            next = member + 1;
            walk.member(fields, plans, member, at, end)
        })?;
        // What is not there may be in the part that is not at hand.
        if cut && plans[next..].iter().any(Option::is_some) {
            return Err(self.cut());
        }
        Ok(())
    }

    fn set(&mut self, fields: &Fields, plans: &[Option<Box<Plan>>], at: usize, end: usize) -> Result<()> {
        let mut seen = Seen::default();
        let mut next = 0;
        let cut = self.each(at, end, |walk, tag, at, end| {
            let Some(member) = fields.for_tag_from(next, tag) else {
                return walk.reader.unknown(fields, tag, at);
            };
            next = member as usize + 1;
            if !seen.add(member) {
                let error = Error::decode(at, format!("{tag} is repeated"));
                return Err(error.member(&fields.fields[member as usize].text));
            }
            walk.member(fields, plans, member as usize, at, end)
        })?;
        if cut && (0..plans.len()).any(|index| plans[index].is_some() && !seen.has(index)) {
            return Err(self.cut());
        }
        Ok(())
    }

    fn each(
        &mut self,
        at: usize,
        end: usize,
        mut take: impl FnMut(&mut Self, Tag, usize, usize) -> Result<()>,
    ) -> Result<bool> {
        let reader = self.reader;
        reader.each(at, end, |tag, at, end| take(self, tag, at, end))
    }

    fn elements(&mut self, id: TypeId, plans: &[(Pick, Plan)], mut at: usize, mut end: usize) -> Result<()> {
        let table = self.reader.table;
        self.enter(id, &mut at, &mut end)?;
        let (Op::SequenceOf(element) | Op::SetOf(element)) = table.node(id).op else {
            return Ok(());
        };
        let of = table.node(element);
        for (pick, _) in plans {
            if let Pick::Each(lists) = pick {
                for (_, list) in lists {
                    self.slots[*list] = Some(PyList::empty(self.py).into_any());
                }
            }
        }
        let mut from_end = plans.iter().any(|(pick, _)| matches!(pick, Pick::One(..0)));
        let mut ends = Vec::new();
        let mut count = 0;
        let cut = self.each(at, end, |walk, tag, at, end| {
            if !of.takes(tag) {
                let reason = format!("expected {}, got {tag}", of.first.describe());
                return Err(Error::decode(at, reason).index(count));
            }
            if from_end {
                ends.push((at, end));
            }
            for (pick, plan) in plans {
                match pick {
                    Pick::One(index) if usize::try_from(*index) != Ok(count) => {}
                    Pick::One(_) => walk.read(plan, at, end).map_err(|error| error.index(count))?,
                    Pick::Each(lists) => {
                        walk.read(plan, at, end).map_err(|error| error.index(count))?;
                        walk.append(lists)?;
                    }
                }
            }
            count += 1;
            Ok(())
        })?;
        from_end &= !cut;
        for (pick, plan) in plans {
            match pick {
                Pick::Each(_) if cut => return Err(self.cut()),
                Pick::Each(lists) => {
                    for (slot, list) in lists {
                        self.slots[*slot] = self.slots[*list].take();
                    }
                }
                Pick::One(index @ ..0) if from_end => {
                    if let Some(index) = count.checked_add_signed(*index) {
                        let (at, end) = ends[index];
                        self.read(plan, at, end).map_err(|error| error.index(index))?;
                    }
                }
                Pick::One(index) if cut && usize::try_from(*index).is_ok_and(|index| index < count) => {}
                Pick::One(_) if cut => return Err(self.cut()),
                Pick::One(_) => {}
            }
        }
        Ok(())
    }

    /// Moves what was read of one element to the ends of the lists.
    #[inline]
    fn append(&mut self, lists: &[(usize, usize)]) -> Result<()> {
        for (slot, list) in lists {
            let item = self.slots[*slot].take();
            let Some(list) = &self.slots[*list] else {
                continue;
            };
            // SAFETY: the slot was filled with an exact list when the walk of the elements began.
            let list = unsafe { list.cast_unchecked::<PyList>() };
            match item {
                Some(item) => list.append(item)?,
                None => list.append(self.py.None())?,
            }
        }
        Ok(())
    }
}
