//! Foreign keys that a relation can go by.

use super::entity::{Entity, Field, FieldKind};
use crate::names::folded;
use crate::sdl;
use model::catalog::{Catalog, ForeignKey};
use model::{Diagnostic, Dialect, Scalar};
use std::collections::HashMap;

/// A foreign key between two entities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) source: usize,
    /// Indexes into the source's fields.
    pub(super) fields: Vec<usize>,
    pub(super) target: usize,
    /// Indexes into the target's fields.
    pub(super) references: Vec<usize>,
}

/// The usable foreign keys, by source and in declared order.
pub(super) fn read(
    catalog: &Catalog,
    entities: &[Entity<'_>],
    warnings: &mut Vec<Diagnostic>,
) -> Vec<Link> {
    let by_name: HashMap<(Option<&str>, String), usize> = entities
        .iter()
        .enumerate()
        .map(|(index, entity)| {
            let name = folded(catalog.dialect, &entity.table.name);
            ((entity.table.schema.as_deref(), name), index)
        })
        .collect();
    let mut links = Vec::new();
    for (source, entity) in entities.iter().enumerate() {
        for key in &entity.table.foreign_keys {
            let name = (
                key.target_schema.as_deref(),
                folded(catalog.dialect, &key.target),
            );
            let target = by_name.get(&name).copied();
            match link(catalog.dialect, entities, (source, target), key) {
                Ok(link) if links.contains(&link) => {}
                Ok(link) => links.push(link),
                Err(problem) => warnings.push(unusable(entity, key, problem)),
            }
        }
    }
    links
}

fn link(
    dialect: Dialect,
    entities: &[Entity<'_>],
    (source, target): (usize, Option<usize>),
    key: &ForeignKey,
) -> Result<Link, &'static str> {
    let target = target.ok_or("the table is not there")?;
    let (from, to) = (&entities[source], &entities[target]);
    let find = |entity: &Entity<'_>, names: &[String]| -> Option<Vec<usize>> {
        names
            .iter()
            .map(|name| entity.field(dialect, name))
            .collect()
    };
    let fields = find(from, &key.columns).ok_or("not all of its columns can be shown")?;
    let references = match key.target_columns.as_slice() {
        [] => to.key.clone(),
        columns => find(to, columns).ok_or("not all of the columns it refers to can be shown")?,
    };
    if fields.len() != references.len() || !to.is_unique(&references) {
        return Err("what it refers to is not a key");
    }
    let is_twice = |list: &[usize]| {
        list.iter()
            .enumerate()
            .any(|(index, field)| list[..index].contains(field))
    };
    if is_twice(&fields) || is_twice(&references) {
        return Err("it names a column twice");
    }
    let mut pairs = fields.iter().zip(&references);
    let agree =
        pairs.all(|(ours, theirs)| are_comparable(&from.fields[*ours], &to.fields[*theirs]));
    if !agree {
        return Err("its columns have other types than those they refer to");
    }
    Ok(Link {
        source,
        fields,
        target,
        references,
    })
}

fn are_comparable(ours: &Field<'_>, theirs: &Field<'_>) -> bool {
    let is_integer = |scalar: &Scalar| matches!(scalar, Scalar::Int | Scalar::BigInt);
    let same_kind = match (&ours.kind, &theirs.kind) {
        (FieldKind::Scalar(ours, _), FieldKind::Scalar(theirs, _)) => {
            ours == theirs || is_integer(ours) && is_integer(theirs)
        }
        (FieldKind::Enum(ours), FieldKind::Enum(theirs)) => ours == theirs,
        _ => false,
    };
    same_kind && ours.list == theirs.list
}

fn unusable(entity: &Entity<'_>, key: &ForeignKey, problem: &str) -> Diagnostic {
    let message = format!(
        "the foreign key ({}) of {:?} to {:?} becomes no relation: {problem}",
        sdl::clip(&key.columns.join(", ")),
        sdl::clip(&entity.table.name),
        sdl::clip(&key.target)
    );
    Diagnostic::warning("init.relation", message)
}
