//! The members of a SEQUENCE or SET, with what is told of those that are wrong.

use std::rc::Rc;

use super::distinct::Listed;
use super::types::Item;
use super::{Resolved, Resolver, ScopeId};
use crate::front::ast::{Type, TypeKind};
use crate::schema::{Member, Members, TypeId};

impl<'a> Resolver<'a> {
    /// The components of `id` are to be held against each other, if all are `found`.
    pub(super) fn list(&mut self, id: TypeId, items: &[Item<'a>], found: usize) {
        if found == items.len() {
            let places = items.iter().map(|item| item.place).collect();
            self.listed.push(Listed { id, places });
        }
    }

    /// One of several: its fault is told, and that of the next may be.
    pub(super) fn or_told<T>(&mut self, found: Resolved<T>) -> Resolved<Option<T>> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(fault) if self.faults.len() < crate::front::MOST_DIAGNOSTICS => {
                self.faults.push(fault);
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    pub(super) fn members(&mut self, id: TypeId, ty: &Rc<Type<'a>>, scope: ScopeId, depth: u32) -> Resolved<Members> {
        let (TypeKind::Sequence(components) | TypeKind::Set(components)) = &ty.kind else {
            return Ok(Members::default());
        };
        let extensible = components.extensible || self.modules[ty.module as usize].extensible;
        let mut members = Members {
            members: Vec::with_capacity(components.items.len()),
            extensible,
        };
        let items = self.items(ty, scope)?;
        for item in &items {
            let found = self.member(item, depth + 1);
            members.members.extend(self.or_told(found)?);
        }
        self.list(id, &items, members.members.len());
        Ok(members)
    }

    fn member(&mut self, item: &Item<'a>, depth: u32) -> Resolved<Member> {
        let type_id = self.type_id(&item.ty, item.scope, item.automatic, depth)?;
        let default = match &item.default {
            None => None,
            Some(value) => {
                let target = self.target(&item.ty, item.scope)?;
                Some(self.value(value, item.scope, &target)?)
            }
        };
        Ok(Member {
            name: item.name.to_owned(),
            type_id,
            optional: item.optional,
            default,
            addition: item.addition,
        })
    }
}
