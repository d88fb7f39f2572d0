//! Sets of values as a constraint limits them, and their arithmetic (X.680 clause 50): unions, intersections, exclusions.
//!
//! What a constraint says of values, sizes and alphabets is kept apart, as ranges. A set that cannot be told in these
//! terms (one of strings that are listed, say) is kept as a larger one that can, so that nothing is ever refused that the
//! constraint permits; nothing is taken away by it, and the rule that it has besides says the rest.

use std::sync::Arc;

use crate::rule::Rule;
use crate::schema::Constraint;

/// Inclusive ranges, sorted, none overlapping.
pub type Ranges = Vec<(i128, i128)>;

pub const VALUE: usize = 0;
pub const SIZE: usize = 1;
pub const ALPHABET: usize = 2;

/// MIN and MAX of each.
pub const WHOLE: [(i128, i128); 3] = [(i128::MIN, i128::MAX), (0, u64::MAX as i128), (0, 0x10_FFFF)];

/// What a set permits of each of VALUE, SIZE and ALPHABET; None is without limit.
#[derive(Clone)]
pub struct Limits {
    pub of: [Option<Ranges>; 3],
    /// Where these ranges are more than the set: what it is.
    pub rule: Option<Arc<Rule>>,
}

impl Limits {
    /// All values that there are.
    pub fn all() -> Self {
        Limits {
            of: [None, None, None],
            rule: None,
        }
    }

    /// A set of which nothing is known.
    pub fn unknown() -> Self {
        Limits::ruled(Rule::Unknown)
    }

    /// A set that ranges say nothing of.
    pub fn ruled(rule: Rule) -> Self {
        Limits {
            rule: Some(Arc::new(rule)),
            ..Limits::all()
        }
    }

    fn exact(&self) -> bool {
        self.rule.is_none()
    }

    /// The whole set as a rule.
    pub fn as_rule(&self) -> Arc<Rule> {
        match &self.rule {
            Some(rule) => rule.clone(),
            None => Arc::new(Rule::Ranges(Extent::of(self.clone()).constraint())),
        }
    }

    pub fn only(what: usize, ranges: Ranges) -> Self {
        let mut limits = Limits::all();
        limits.of[what] = Some(sorted(ranges));
        limits
    }

    fn ranges(&self, what: usize) -> &[(i128, i128)] {
        self.of[what].as_deref().unwrap_or(std::slice::from_ref(&WHOLE[what]))
    }

    fn is_all(&self) -> bool {
        self.exact() && self.of.iter().all(Option::is_none)
    }

    pub fn intersection(self, other: &Limits) -> Self {
        let mut met = self;
        if !(met.exact() && other.exact()) {
            met.rule = Some(match () {
                () if met.is_all() => other.as_rule(),
                () if other.is_all() => met.as_rule(),
                () => Arc::new(Rule::All(vec![met.as_rule(), other.as_rule()])),
            });
        }
        for (mine, theirs) in met.of.iter_mut().zip(&other.of) {
            *mine = match (mine.take(), theirs) {
                (Some(a), Some(b)) => Some(meet(&a, b)),
                (a, b) => a.or_else(|| b.clone()),
            };
        }
        met
    }

    pub fn union(mut terms: Vec<Limits>) -> Self {
        if terms.len() == 1 {
            return terms.remove(0);
        }
        let differ = |what: usize| terms.iter().any(|term| term.of[what] != terms[0].of[what]);
        // strings of "a" and strings of "b" are not all the strings of "a" and "b"
        let exact = terms.iter().all(Limits::exact) && !differ(ALPHABET) && !(differ(VALUE) && differ(SIZE));
        let of = [VALUE, SIZE, ALPHABET].map(|what| {
            let limits: Option<Vec<&Ranges>> = terms.iter().map(|term| term.of[what].as_ref()).collect();
            limits.map(|ranges| sorted(ranges.into_iter().flatten().copied().collect()))
        });
        let rule = (!exact).then(|| Arc::new(Rule::Any(terms.iter().map(Limits::as_rule).collect())));
        Limits { of, rule }
    }

    pub fn except(mut self, other: &Limits) -> Self {
        let rule = |limits: &Limits| Some(Arc::new(Rule::Except(limits.as_rule(), other.as_rule())));
        if !(self.exact() && other.exact()) {
            self.rule = rule(&self);
            return self;
        }
        let left: Vec<(usize, Ranges)> = [VALUE, SIZE, ALPHABET]
            .map(|what| (what, less(self.ranges(what), other.ranges(what))))
            .into_iter()
            .filter(|(_, left)| !left.is_empty())
            .collect();
        match &left[..] {
            [] => self.of = [Some(Vec::new()), Some(Vec::new()), Some(Vec::new())],
            [(what @ (VALUE | SIZE), ranges)] => self.of[*what] = Some(ranges.clone()),
            // what differs in two ways, or has one character of others, is no range of either
            _ => self.rule = rule(&self),
        }
        self
    }
}

/// The root of a constraint, and with it what stands behind its "...".
#[derive(Clone)]
pub struct Extent {
    pub root: Limits,
    /// None: as the root.
    pub extended: Option<Limits>,
    pub extensible: bool,
}

impl Extent {
    pub fn of(root: Limits) -> Self {
        Extent {
            root,
            extended: None,
            extensible: false,
        }
    }

    pub fn extended(&self) -> &Limits {
        self.extended.as_ref().unwrap_or(&self.root)
    }

    /// The same operation on the roots and on what they are extended to.
    pub fn with(self, other: &Extent, operation: fn(Limits, &Limits) -> Limits) -> Self {
        let extended = (self.extended.is_some() || other.extended.is_some())
            .then(|| operation(self.extended().clone(), other.extended()));
        Extent {
            extended,
            extensible: self.extensible || other.extensible,
            root: operation(self.root, &other.root),
        }
    }

    pub fn union(terms: Vec<Extent>) -> Self {
        let extended = terms
            .iter()
            .any(|term| term.extended.is_some())
            .then(|| Limits::union(terms.iter().map(|term| term.extended().clone()).collect()));
        Extent {
            extended,
            extensible: terms.iter().any(|term| term.extensible),
            root: Limits::union(terms.into_iter().map(|term| term.root).collect()),
        }
    }

    pub fn constraint(&self) -> Constraint {
        let added = |what: usize| match &self.extended {
            Some(extended) if self.root.of[what].is_some() => less(extended.ranges(what), self.root.ranges(what)),
            _ => Vec::new(),
        };
        let [value, size, alphabet] = &self.root.of;
        Constraint {
            value: value.as_ref().map_or_else(Vec::new, |ranges| or_none(ranges, values)),
            size: size.as_ref().map_or_else(Vec::new, |ranges| or_none(ranges, sizes)),
            alphabet: alphabet.as_deref().map(characters),
            extensible: self.extensible,
            added_value: values(&added(VALUE)),
            added_size: sizes(&added(SIZE)),
            added_alphabet: characters(&added(ALPHABET)),
            rule: self.root.rule.clone(),
        }
    }
}

/// What permits nothing is a range that ends before it starts, as no range at all would be no limit.
fn or_none<T>(ranges: &[(i128, i128)], made: fn(&[(i128, i128)]) -> Vec<T>) -> Vec<T> {
    made(if ranges.is_empty() { &[(1, 0)] } else { ranges })
}

fn values(ranges: &[(i128, i128)]) -> Vec<(Option<i128>, Option<i128>)> {
    let ends = |&(low, high): &(i128, i128)| {
        let (least, most) = WHOLE[VALUE];
        ((low != least).then_some(low), (high != most).then_some(high))
    };
    ranges.iter().map(ends).collect()
}

fn sizes(ranges: &[(i128, i128)]) -> Vec<(u64, Option<u64>)> {
    let size = |n: i128| u64::try_from(n).unwrap_or(0);
    let ends = |&(low, high): &(i128, i128)| (size(low), (high != WHOLE[SIZE].1).then_some(size(high)));
    ranges.iter().map(ends).collect()
}

fn characters(ranges: &[(i128, i128)]) -> Vec<(char, char)> {
    let character = |n: i128| u32::try_from(n).ok().and_then(char::from_u32);
    let ends = |&(low, high): &(i128, i128)| {
        // between D800 and DFFF there are no characters, but ranges may end there
        let low = character(low).unwrap_or('\u{E000}');
        let high = character(high).unwrap_or('\u{D7FF}');
        (low <= high).then_some((low, high))
    };
    ranges.iter().filter_map(ends).collect()
}

/// As ranges have to be: those without members left out, those that overlap made one.
fn sorted(mut ranges: Ranges) -> Ranges {
    ranges.retain(|(low, high)| low <= high);
    ranges.sort_unstable();
    ranges.dedup_by(|next, kept| {
        let overlap = next.0 <= kept.1;
        if overlap {
            kept.1 = kept.1.max(next.1);
        }
        overlap
    });
    ranges
}

fn meet(a: &[(i128, i128)], b: &[(i128, i128)]) -> Ranges {
    let mut met = Vec::new();
    let (mut i, mut j) = (0, 0);
    while let (Some(&(low, high)), Some(&(least, most))) = (a.get(i), b.get(j)) {
        if low.max(least) <= high.min(most) {
            met.push((low.max(least), high.min(most)));
        }
        if high < most {
            i += 1;
        } else {
            j += 1;
        }
    }
    met
}

/// What of `a` is not in `b`.
fn less(a: &[(i128, i128)], b: &[(i128, i128)]) -> Ranges {
    let mut left = Vec::new();
    let mut j = 0;
    for &(low, high) in a {
        let mut from = Some(low);
        while let Some(&(least, most)) = b.get(j)
            && least <= high
        {
            if let Some(start) = from
                && start < least
            {
                left.push((start, least - 1));
            }
            if most >= low {
                from = from.map(|start| start.max(most)).and_then(|end| end.checked_add(1));
            }
            if most > high {
                break;
            }
            j += 1;
        }
        if let Some(start) = from.filter(|&start| start <= high) {
            left.push((start, high));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair of sets of small numbers, against the same told number by number.
    #[test]
    fn arithmetic_of_ranges_is_that_of_their_members() {
        let set = |bits: u32| -> Ranges {
            (0..6)
                .filter(|n| bits >> n & 1 == 1)
                .map(|n| (n as i128, n as i128))
                .collect()
        };
        let members =
            |ranges: &[(i128, i128)]| -> Vec<i128> { ranges.iter().flat_map(|&(low, high)| low..=high).collect() };
        let joined = |ranges: Ranges| -> Ranges {
            let mut made: Ranges = Vec::new();
            for (low, high) in ranges {
                match made.last_mut() {
                    Some(last) if last.1 + 1 == low => last.1 = high,
                    _ => made.push((low, high)),
                }
            }
            made
        };
        for a in 0..64 {
            for b in 0..64 {
                for (x, y) in [(set(a), set(b)), (joined(set(a)), joined(set(b)))] {
                    assert_eq!(members(&meet(&x, &y)), members(&set(a & b)));
                    assert_eq!(members(&less(&x, &y)), members(&set(a & !b)));
                    assert_eq!(members(&sorted([x, y].concat())), members(&set(a | b)));
                }
            }
        }
        assert_eq!(less(&[WHOLE[VALUE]], &[(i128::MIN, 4), (6, i128::MAX)]), [(5, 5)]);
    }
}
