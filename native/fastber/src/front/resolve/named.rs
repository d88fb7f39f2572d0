//! The numbers of items that have names: of an ENUMERATED, of the bits of a BIT STRING.

use std::rc::Rc;

use super::{Resolved, Resolver, ScopeId};
use crate::front::ast::{Type, TypeKind};

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
                    let number = self.integer(value, scope, (ty.module, ty.token))?;
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
            if let Some(bit) = self
                .integer(value, scope, (ty.module, ty.token))?
                .and_then(|n| u32::try_from(n).ok())
            {
                bits.push(((*name).to_owned(), bit));
            }
        }
        Ok(bits)
    }
}
