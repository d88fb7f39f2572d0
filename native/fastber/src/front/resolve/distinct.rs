//! Tags that have to differ: those of the components of a SET (X.680 27.3), of the alternatives of a CHOICE (29.3), and
//! of the components of a SEQUENCE that may be left out and what may then stand in their place (25.6).
//!
//! What a type begins with is known when all types are made. An untagged CHOICE begins with what any of its alternatives
//! begins with, and if it is extensible with what is not defined yet, of which there may be one kind alone in each place
//! (X.680 52.7). An open type without a tag begins with anything.
//!
//! Names have to differ too (X.680 25.4, 27.4, 29.4).

use std::rc::Rc;

use super::{Fault, Resolver};
use crate::ber::tlv;
use crate::schema::{Kind, Tag, TypeId, TypeNode};
use foldhash::{HashMap, HashSet};

/// The components or alternatives of a type, as they are written.
pub(super) struct Listed {
    pub id: TypeId,
    pub places: Vec<Place>,
}

#[derive(Clone, Copy)]
pub(super) struct Place {
    pub module: u32,
    pub token: u32,
    /// Behind the place where additions are inserted.
    pub behind: bool,
}

/// How many CHOICEs without tags may stand within one another.
const DEEPEST_CHOICE: usize = 100;

/// What an element of some type begins with.
#[derive(Default)]
struct First {
    tags: Vec<Tag>,
    any: bool,
    undefined: bool,
    /// CHOICEs without tags, one within another.
    choices: usize,
}

/// The components that something has to differ from, by what they begin with.
#[derive(Clone, Default)]
struct Others {
    by_tag: HashMap<Tag, usize>,
    any: Option<usize>,
    undefined: Option<usize>,
    last: Option<usize>,
}

/// In `Others`, what is inserted where additions are.
const INSERTED: usize = usize::MAX;

enum Clash {
    Tag(Tag, usize),
    Any(usize),
    Undefined(usize),
}

impl Others {
    fn clash(&self, first: &First) -> Option<Clash> {
        let same = |tag: &Tag| Some(Clash::Tag(*tag, *self.by_tag.get(tag)?));
        if let Some(clash) = first.tags.iter().find_map(same) {
            return Some(clash);
        }
        if let Some(other) = self.any.or(self.last.filter(|_| first.any)) {
            return (first.any || !first.tags.is_empty()).then_some(Clash::Any(other));
        }
        self.undefined.filter(|_| first.undefined).map(Clash::Undefined)
    }

    fn add(&mut self, first: &First, index: usize) {
        for tag in &first.tags {
            self.by_tag.entry(*tag).or_insert(index);
        }
        if first.any {
            self.any.get_or_insert(index);
        }
        if first.undefined {
            self.undefined.get_or_insert(index);
        }
        if first.any || !first.tags.is_empty() {
            self.last = Some(index);
        }
    }

    fn join(&mut self, others: Others) {
        for (tag, index) in others.by_tag {
            self.by_tag.entry(tag).or_insert(index);
        }
        self.any = self.any.or(others.any);
        self.undefined = self.undefined.or(others.undefined);
        self.last = self.last.or(others.last);
    }
}

/// One component: its name, what it begins with, and how it may be left out.
struct Component<'n> {
    name: &'n str,
    first: Rc<First>,
    optional: bool,
    addition: bool,
}

impl Resolver<'_> {
    /// Hold all components and alternatives against each other.
    pub(super) fn check_tags(&mut self) {
        let nodes = std::mem::take(&mut self.nodes);
        let mut firsts = Firsts {
            nodes: &nodes,
            untold: &self.untold,
            known: HashMap::default(),
            path: Vec::new(),
            message: None,
        };
        for listed in std::mem::take(&mut self.listed) {
            self.steps += listed.places.len() as u64;
            let place = |index: usize, message: String| Fault {
                module: listed.places[index].module,
                token: listed.places[index].token,
                message,
                missing: false,
                lenient: false,
            };
            let mut components = Vec::with_capacity(listed.places.len());
            let mut add = |name, id, optional, addition| {
                let first = firsts.of(id);
                self.steps += first.tags.len() as u64;
                if let Some(message) = firsts.message.take() {
                    self.faults.push(place(components.len(), message.to_owned()));
                }
                components.push(Component {
                    name,
                    first,
                    optional,
                    addition,
                });
            };
            let (word, extensible) = match &nodes[listed.id as usize].kind {
                Kind::Choice(choice) => {
                    choice
                        .alternatives
                        .iter()
                        .for_each(|(name, id)| add(name, *id, false, false));
                    ("CHOICE", choice.extensible)
                }
                kind @ (Kind::Sequence(members) | Kind::Set(members)) => {
                    for one in &members.members {
                        add(
                            &one.name,
                            one.type_id,
                            one.optional || one.default.is_some(),
                            one.addition,
                        );
                    }
                    let set = matches!(kind, Kind::Set(_));
                    (if set { "SET" } else { "SEQUENCE" }, members.extensible)
                }
                _ => continue,
            };
            if self.steps > self.most_steps && !components.is_empty() {
                self.faults.push(place(
                    0,
                    "expected definitions that take less work to resolve".to_owned(),
                ));
                break;
            }
            let mut names = HashSet::default();
            for (index, component) in components.iter().enumerate() {
                // X.208 let a component go without an identifier
                if !component.name.is_empty() && !names.insert(component.name) {
                    let name = component.name;
                    let message = format!("expected a name that nothing else in the {word} has, found `{name}`");
                    self.faults.push(place(index, message));
                }
            }
            let clashes = match word {
                "SEQUENCE" => in_order(&components, extensible, &listed.places),
                _ => in_any_order(&components, extensible),
            };
            let name = |index: usize| match components.get(index) {
                Some(other) if other.name.is_empty() => "another".to_owned(),
                Some(other) => format!("`{}`", other.name),
                None => format!("the {word} itself"),
            };
            for (index, clash) in clashes {
                let message = match clash {
                    Clash::Tag(tag, other) => {
                        let (tag, other) = (tlv::Tag::from(tag), name(other));
                        let those = match word {
                            "CHOICE" => "other alternatives of the CHOICE",
                            "SET" => "other components of the SET",
                            _ => "components before it that may be absent",
                        };
                        format!("expected a tag that differs from those of the {those}, found {tag}, which {other} has")
                    }
                    Clash::Any(other) => {
                        let other = name(other);
                        format!("expected tags that differ from those of {other}, found an open type without a tag")
                    }
                    Clash::Undefined(other) => {
                        let other = name(other);
                        format!("expected a tag: what is added to this CHOICE may be what is added to {other}")
                    }
                };
                self.faults.push(place(index, message));
            }
        }
        self.nodes = nodes;
    }
}

fn in_any_order(components: &[Component<'_>], extensible: bool) -> Vec<(usize, Clash)> {
    let mut others = Others {
        undefined: extensible.then_some(INSERTED),
        ..Others::default()
    };
    let mut clashes = Vec::new();
    for (index, component) in components.iter().enumerate() {
        clashes.extend(others.clash(&component.first).map(|clash| (index, clash)));
        others.add(&component.first, index);
    }
    clashes
}

fn in_order(components: &[Component<'_>], extensible: bool, places: &[Place]) -> Vec<(usize, Clash)> {
    let inserted = places.iter().position(|place| place.behind).unwrap_or(places.len());
    let added = components.iter().position(|component| component.addition);
    // those that may have been left out, and of what is in front of the root's second part, all that may
    let (mut others, mut left_out) = (Others::default(), Others::default());
    let mut clashes = Vec::new();
    for index in 0..=components.len() {
        if index == inserted && extensible {
            if let Some(other) = others.undefined {
                clashes.push((other, Clash::Undefined(INSERTED)));
            }
            others.join(std::mem::take(&mut left_out));
            others.undefined = Some(INSERTED);
        }
        let Some(component) = components.get(index) else { break };
        if Some(index) == added {
            left_out = others.clone();
        }
        clashes.extend(others.clash(&component.first).map(|clash| (index, clash)));
        if component.addition {
            left_out.add(&component.first, index);
        }
        if component.optional {
            others.add(&component.first, index);
        } else {
            others = Others::default();
        }
    }
    clashes
}

/// What types begin with, found once for each.
struct Firsts<'n> {
    nodes: &'n [TypeNode],
    /// What is left open because its definition is not at hand: nobody knows what it begins with.
    untold: &'n [TypeId],
    known: HashMap<TypeId, Rc<First>>,
    path: Vec<TypeId>,
    message: Option<&'static str>,
}

impl Firsts<'_> {
    fn of(&mut self, id: TypeId) -> Rc<First> {
        if let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        let node = &self.nodes[id as usize];
        let mut first = First::default();
        match &node.kind {
            _ if !node.tags.is_empty() => first.tags.push(node.tags[0]),
            Kind::Open(_) => first.any = self.untold.binary_search(&id).is_err(),
            Kind::Choice(_) if self.path.contains(&id) => {
                self.message = Some("expected a tag somewhere in a CHOICE that leads back to itself");
                return Rc::new(first);
            }
            Kind::Choice(choice) => {
                self.path.push(id);
                first.undefined = choice.extensible;
                let too_deep = self.path.len() > DEEPEST_CHOICE;
                for (_, id) in choice.alternatives.iter().filter(|_| !too_deep) {
                    let inner = self.of(*id);
                    first.tags.extend(&inner.tags);
                    first.any |= inner.any;
                    first.undefined |= inner.undefined;
                    first.choices = first.choices.max(inner.choices);
                }
                self.path.pop();
                first.choices += 1;
                if too_deep || first.choices > DEEPEST_CHOICE {
                    self.message = Some("expected fewer CHOICEs without a tag within one another");
                }
                first.tags.sort_unstable();
                first.tags.dedup();
            }
            _ => {}
        }
        let first = Rc::new(first);
        self.known.insert(id, first.clone());
        first
    }
}
