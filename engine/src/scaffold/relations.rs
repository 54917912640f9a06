//! Relations from foreign keys: forward, back, and through pure junctions.

use super::entity::{Entity, Relation};
use super::links::Link;
use super::naming::{Carrier, carrier, noun};
use crate::names::{self, api};
use crate::sdl;
use heck::ToUpperCamelCase as _;
use model::catalog::Kind;

/// What the relations of a foreign key are called on its two sides.
struct Sides {
    forward: String,
    back: String,
    /// Whether the back leads to many rows.
    is_list: bool,
}

/// Adds relations to one row first, then lists, then the ways through junctions, so that the
/// closer relation gets the better name.
pub(super) fn add(entities: &mut [Entity<'_>], links: &[Link]) {
    for entity in entities.iter_mut() {
        let search = entity.search.map(|_| api::SEARCH);
        let reserved = api::FIELDS.iter().copied().chain(search);
        entity.taken.extend(reserved.map(str::to_owned));
    }
    let forwards: Vec<String> = links
        .iter()
        .map(|link| forward(entities, links, link))
        .collect();
    let mut sides = Vec::new();
    for (link, forward) in links.iter().zip(forwards) {
        sides.push(back(entities, links, link, forward));
    }
    for source in 0..entities.len() {
        through(entities, links, &sides, source);
    }
}

fn forward(entities: &mut [Entity<'_>], links: &[Link], link: &Link) -> String {
    let wanted = forward_names(entities, links, link);
    let (source, target) = (&entities[link.source], &entities[link.target]);
    let is_required = link.fields.iter().all(|field| source.is_required(*field));
    let names = |entity: &Entity<'_>, fields: &[usize]| {
        sdl::list(
            fields
                .iter()
                .map(|field| entity.fields[*field].name.as_str()),
        )
    };
    let mut arguments = format!("fields: {}", names(source, &link.fields));
    if link.references != target.key {
        arguments.push_str(", references: ");
        arguments.push_str(&names(target, &link.references));
    }
    let mark = if is_required { "!" } else { "" };
    let type_text = format!("{}{mark}", target.type_name);
    let source = &mut entities[link.source];
    let name = names::claim(&mut source.taken, &wanted, |_| Vec::new());
    source.relations.push(Relation {
        name: name.clone(),
        type_text,
        arguments,
    });
    name
}

/// `customer_id` → `customer`; several columns → the target, or the column that tells it apart.
fn forward_names(entities: &[Entity<'_>], links: &[Link], link: &Link) -> Vec<String> {
    let (source, target) = (&entities[link.source], &entities[link.target]);
    let singular = names::singular_field(&target.type_name);
    let stem = |field: usize, reference: usize| {
        let column = &source.fields[field].column.name;
        let referred = &target.fields[reference].column.name;
        match carrier(column, referred, &noun(target)) {
            Carrier::Suffixed(name) => Some(name),
            Carrier::Plain(_) => Some(names::field_name(column)),
            Carrier::Shared => None,
        }
    };
    let alike = |other: &&Link| other.source == link.source && other.target == link.target;
    let mut pairs = link.fields.iter().zip(&link.references);
    let own = if links.iter().filter(alike).count() == 1 && link.fields.len() > 1 {
        None
    } else {
        let others: Vec<&Link> = links
            .iter()
            .filter(alike)
            .filter(|other| *other != link)
            .collect();
        let is_own = |field: &usize| others.iter().all(|other| !other.fields.contains(field));
        pairs
            .find(|(field, _)| is_own(field))
            .and_then(|(field, reference)| stem(*field, *reference))
    };
    let columns = link
        .fields
        .iter()
        .map(|field| source.fields[*field].name.to_upper_camel_case());
    let long = format!("{singular}By{}", columns.collect::<Vec<_>>().join("And"));
    own.into_iter()
        .chain([singular, long])
        .filter(|name| !is_reserved(name))
        .collect()
}

fn is_reserved(name: &str) -> bool {
    api::is_reserved_field(name, false)
}

fn back(entities: &mut [Entity<'_>], links: &[Link], link: &Link, forward: String) -> Sides {
    let source = &entities[link.source];
    let is_list = !source.is_unique(&link.fields);
    let type_name = source.type_name.clone();
    let noun = if is_list {
        names::plural_field(&type_name)
    } else {
        names::singular_field(&type_name)
    };
    let long = format!("{noun}By{}", forward.to_upper_camel_case());
    let count = links
        .iter()
        .filter(|other| other.source == link.source && other.target == link.target)
        .count();
    let wanted = match (link.source == link.target, forward.as_str()) {
        (true, "parent") if is_list => vec!["children".to_owned(), long],
        (true, "parent") => vec!["child".to_owned(), long],
        (true, _) => vec![long],
        (false, _) if count > 1 => vec![long],
        (false, _) => vec![noun, long],
    };
    let target = &mut entities[link.target];
    let name = claim(target, &wanted, is_list);
    let type_text = if is_list {
        format!("[{type_name}!]!")
    } else {
        type_name
    };
    let arguments = format!("inverse: {}", sdl::string(&forward));
    target.relations.push(Relation {
        name: name.clone(),
        type_text,
        arguments,
    });
    Sides {
        forward,
        back: name,
        is_list,
    }
}

/// A list brings fields for its pages and figures, which must be free as well.
fn claim(entity: &mut Entity<'_>, wanted: &[String], is_list: bool) -> String {
    let wanted: Vec<String> = wanted
        .iter()
        .filter(|name| !is_reserved(name))
        .cloned()
        .collect();
    names::claim(&mut entity.taken, &wanted, |name| {
        if is_list {
            api::list_fields(name).into()
        } else {
            Vec::new()
        }
    })
}

/// Adds the ways through a pure junction, in both directions.
fn through(entities: &mut [Entity<'_>], links: &[Link], sides: &[Sides], junction: usize) {
    let own: Vec<usize> = (0..links.len())
        .filter(|index| links[*index].source == junction)
        .collect();
    let [one, other] = own.as_slice() else { return };
    if !is_junction(&entities[junction], &links[*one], &links[*other]) {
        return;
    }
    for (near, far) in [(*one, *other), (*other, *one)] {
        if !sides[near].is_list {
            continue;
        }
        let plural = names::plural_of(&sides[far].forward);
        let long = format!("{plural}By{}", entities[junction].type_name);
        let type_text = format!("[{}!]!", entities[links[far].target].type_name);
        let path = [sides[near].back.as_str(), sides[far].forward.as_str()];
        let arguments = format!("through: {}", sdl::list(path));
        let entity = &mut entities[links[near].target];
        let name = claim(entity, &[plural, long], true);
        entity.relations.push(Relation {
            name,
            type_text,
            arguments,
        });
    }
}

/// Whether a table says nothing but which rows of two others belong together, and says it once.
fn is_junction(entity: &Entity<'_>, one: &Link, other: &Link) -> bool {
    let both: Vec<usize> = one.fields.iter().chain(&other.fields).copied().collect();
    let is_part = |field: &usize| both.contains(field) || entity.key.contains(field);
    let pair_is_unique = entity
        .uniques
        .iter()
        .chain([&entity.key])
        .any(|key| !key.is_empty() && key.iter().all(|field| both.contains(field)));
    entity.table.kind == Kind::Table
        && entity.left_out.is_empty()
        && one.fields.iter().all(|field| !other.fields.contains(field))
        && (0..entity.fields.len()).all(|field| is_part(&field))
        && pair_is_unique
}
