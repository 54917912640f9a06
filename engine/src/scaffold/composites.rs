//! Composite types with the attributes that can be members.

use super::entity::{self, FieldKind};
use crate::{names, sdl, types};
use model::Diagnostic;
use model::catalog::{Catalog, Column, Composite};
use std::collections::{BTreeMap, BTreeSet};

/// A composite type on its way to a type with `@composite`.
pub(super) struct Group<'a> {
    pub(super) composite: &'a Composite,
    pub(super) type_name: String,
    pub(super) members: Vec<entity::Field<'a>>,
    /// Attributes no scalar stands for.
    pub(super) left_out: Vec<&'a Column>,
}

/// Which composite types have an attribute that can be shown, each told by those before it.
pub(super) fn shown(catalog: &Catalog) -> BTreeSet<usize> {
    let mut shown = BTreeSet::new();
    loop {
        let more = catalog
            .composites
            .iter()
            .enumerate()
            .filter(|(index, found)| {
                !shown.contains(index)
                    && names::storage_problem(catalog.dialect, &found.name).is_none()
                    && found
                        .attributes
                        .iter()
                        .any(|attribute| kind(catalog, &shown, attribute).is_some())
            });
        let more: Vec<_> = more.map(|(index, _)| index).collect();
        if more.is_empty() {
            return shown;
        }
        shown.extend(more);
    }
}

/// The composite types that columns use, and those these use, by their indexes.
pub(super) fn read<'a>(
    catalog: &'a Catalog,
    shown: &BTreeSet<usize>,
    used: impl Iterator<Item = usize>,
    warnings: &mut Vec<Diagnostic>,
) -> BTreeMap<usize, Group<'a>> {
    let mut groups = BTreeMap::new();
    let mut next: Vec<usize> = used.collect();
    while let Some(index) = next.pop() {
        if groups.contains_key(&index) {
            continue;
        }
        let group = group(catalog, shown, &catalog.composites[index]);
        next.extend(entity::composites(&group.members));
        groups.insert(index, group);
    }
    for group in groups.values() {
        warn(group, warnings);
    }
    groups
}

fn group<'a>(catalog: &'a Catalog, shown: &BTreeSet<usize>, composite: &'a Composite) -> Group<'a> {
    let mut group = Group {
        composite,
        type_name: String::new(),
        members: Vec::new(),
        left_out: Vec::new(),
    };
    let mut taken = BTreeSet::new();
    for column in &composite.attributes {
        match kind(catalog, shown, column) {
            Some(kind) => group.members.push(entity::Field {
                column,
                name: names::claim(&mut taken, &[names::field_name(&column.name)], |_| {
                    Vec::new()
                }),
                kind,
                list: false,
            }),
            None => group.left_out.push(column),
        }
    }
    group
}

fn kind(catalog: &Catalog, shown: &BTreeSet<usize>, attribute: &Column) -> Option<FieldKind> {
    if types::dimensions(catalog.dialect, &attribute.native) > 0 {
        return None;
    }
    entity::kind(catalog, shown, attribute).filter(|kind| {
        let native = types::read(catalog.dialect, &attribute.native);
        !matches!(kind, FieldKind::Scalar(..))
            || native.is_some_and(|native| types::stands_in_json(&native))
    })
}

fn warn(group: &Group<'_>, warnings: &mut Vec<Diagnostic>) {
    for column in &group.left_out {
        let (name, native) = (sdl::clip(&column.name), sdl::clip(&column.native));
        let message = format!(
            "the attribute {name:?} of the type {:?} is left out: no GraphQL type stands for \
             {native:?} inside a composite type, and a write makes it NULL",
            sdl::clip(&group.composite.name)
        );
        warnings.push(Diagnostic::warning("init.unmapped", message));
    }
}
