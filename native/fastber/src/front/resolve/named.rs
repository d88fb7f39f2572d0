//! The numbers of items that have names: of an ENUMERATED, of the bits of a BIT STRING, of an INTEGER.

use std::rc::Rc;

use super::{Resolved, Resolver, ScopeId};
use crate::front::ast::{Type, TypeKind};
use foldhash::HashMap;

impl<'a> Resolver<'a> {
    /// The items of an ENUMERATED with their numbers (X.680 20.3 to 20.6).
    pub(super) fn enumeration(&mut self, ty: &Rc<Type<'a>>, scope: ScopeId) -> Resolved<Vec<(String, i64)>> {
        let TypeKind::Enumerated { items, root, .. } = &ty.kind else {
            return Ok(Vec::new());
        };
        let mut numbers: Vec<Option<i64>> = Vec::with_capacity(items.len());
        for (_, value) in items {
            numbers.push(match value {
                None => None,
                Some(value) => {
                    let number = self.integer(value, scope)?;
                    let small = number
                        .and_then(|n| i64::try_from(n).ok())
                        .filter(|n| n.unsigned_abs() < 1 << 62);
                    if small.is_none() {
                        return self.fault(ty, "expected a number below 2^62 for each item");
                    }
                    small
                }
            });
        }
        let mut used: std::collections::BTreeSet<i64> = numbers[..*root].iter().flatten().copied().collect();
        let mut next = 0;
        for (i, number) in numbers.iter_mut().enumerate() {
            if i == *root {
                // additions take what the root left, each above the addition before it
                next = 0;
            }
            let number = *number.get_or_insert_with(|| {
                while used.contains(&next) {
                    next += 1;
                }
                next
            });
            used.insert(number);
            if i >= *root {
                next = next.max(number.saturating_add(1));
            }
        }
        let names = items.iter().map(|(name, _)| *name);
        self.all_differ(ty, names.zip(numbers.iter().map(|n| n.unwrap_or(0))))?;
        Ok(items
            .iter()
            .zip(numbers)
            .map(|((name, _), n)| ((*name).to_owned(), n.unwrap_or(0)))
            .collect())
    }

    pub(super) fn named_bits(&mut self, ty: &Rc<Type<'a>>, scope: ScopeId) -> Resolved<Vec<(String, u32)>> {
        let TypeKind::BitString(named) = &ty.kind else {
            return Ok(Vec::new());
        };
        let mut bits = Vec::with_capacity(named.len());
        for (name, value) in named {
            if let Some(number) = self.integer(value, scope)? {
                let Ok(bit) = u32::try_from(number) else {
                    return self.fault(ty, format!("expected the number of a bit for `{name}`, found {number}"));
                };
                bits.push(((*name).to_owned(), bit));
            }
        }
        self.all_differ(ty, bits.iter().map(|(name, bit)| (name.as_str(), i64::from(*bit))))?;
        Ok(bits)
    }

    /// The named numbers of an INTEGER; those beyond 64 bits are as large as can be.
    pub(super) fn named_numbers(&mut self, ty: &Rc<Type<'a>>, scope: ScopeId) -> Resolved<Vec<(String, i64)>> {
        let TypeKind::Integer(named) = &ty.kind else {
            return Ok(Vec::new());
        };
        let mut numbers = Vec::with_capacity(named.len());
        for (name, value) in named {
            if let Some(number) = self.integer(value, scope)? {
                numbers.push(((*name).to_owned(), i64::try_from(number).unwrap_or(i64::MAX)));
            }
        }
        let small = numbers.iter().filter(|(_, number)| *number < i64::MAX);
        self.all_differ(ty, small.map(|(name, number)| (name.as_str(), *number)))?;
        Ok(numbers)
    }

    /// No two items of a type have the same number (X.680 19.5, 20.5, 22.4).
    fn all_differ<'n>(&self, ty: &Type<'a>, items: impl Iterator<Item = (&'n str, i64)>) -> Resolved<()> {
        let mut known = HashMap::default();
        for (name, number) in items {
            if let Some(other) = known.insert(number, name) {
                let message = format!("expected numbers that differ, found {number} for `{other}` and for `{name}`");
                return self.fault(ty, message);
            }
        }
        Ok(())
    }
}
