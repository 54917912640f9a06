//! Names of fields, types and enums that are good GraphQL and never meet.

use super::composites::Group;
use super::entity::{Entity, FieldKind};
use super::functions::Call;
use super::links::Link;
use crate::names::{self, api};
use heck::ToSnakeCase as _;
use model::Catalog;
use std::collections::{BTreeMap, BTreeSet};

/// Names the fields of columns.
pub(super) fn columns(entities: &mut [Entity<'_>], links: &[Link]) {
    let mut carriers: BTreeMap<(usize, usize), String> = BTreeMap::new();
    for link in links {
        if let ([field], [reference]) = (link.fields.as_slice(), link.references.as_slice()) {
            let column = &entities[link.source].fields[*field].column.name;
            let referred = &entities[link.target].fields[*reference].column.name;
            if let Carrier::Plain(name) = carrier(column, referred, &noun(&entities[link.target])) {
                carriers.insert((link.source, *field), name);
            }
        }
    }
    for (source, entity) in entities.iter_mut().enumerate() {
        for index in 0..entity.fields.len() {
            let own = names::field_name(&entity.fields[index].column.name);
            let wanted = carriers.get(&(source, index)).cloned().unwrap_or(own);
            let is_search = entity.search.is_some() && wanted == api::SEARCH;
            let is_reserved = api::is_reserved_field(&wanted, entity.key.contains(&index));
            let wanted = if is_reserved || is_search {
                format!("{wanted}Column")
            } else {
                wanted
            };
            entity.fields[index].name = names::claim(&mut entity.taken, &[wanted], |_| Vec::new());
        }
        drop_twin_keys(entity);
    }
}

/// What a column that refers to another table is called after.
pub(super) enum Carrier {
    /// After the relation and what it refers by: `customer_id`; holds the relation's name.
    Suffixed(String),
    /// After the relation alone, as `reports_to`, which leaves the column another name: `reportsToId`.
    Plain(String),
    /// After the column it refers to.
    Shared,
}

/// Takes the name of a foreign key's column apart; `noun` is the singular of the target.
pub(super) fn carrier(column: &str, referred: &str, noun: &str) -> Carrier {
    let (own, referred) = (column.to_snake_case(), referred.to_snake_case());
    if own == referred && !has_suffix(&own) {
        return Carrier::Shared;
    }
    let stem = own
        .strip_suffix(&format!("_{referred}"))
        .or_else(|| SUFFIXES.iter().find_map(|suffix| own.strip_suffix(suffix)))
        .or_else(|| PREFIXES.iter().find_map(|prefix| own.strip_prefix(prefix)))
        .or_else(|| {
            own.strip_suffix("id")
                .filter(|stem| stem.len() > SHORT_BYTES)
        })
        .filter(|stem| !stem.is_empty());
    match stem {
        // `customerid` says as much as `customer_id`, with the words of the target.
        Some(stem) if stem == noun.replace('_', "") => Carrier::Suffixed(names::field_name(noun)),
        Some(stem) => Carrier::Suffixed(names::field_name(stem)),
        None => {
            let last = referred.rsplit('_').next().unwrap_or("id");
            Carrier::Plain(names::field_name(&format!("{own}_{last}")))
        }
    }
}

const SUFFIXES: &[&str] = &["_id", "_uuid", "_guid", "_fk", "_ref"];
/// What is left of `paid` without its `id` is no word.
const SHORT_BYTES: usize = 2;

const PREFIXES: &[&str] = &["id_", "fk_"];

fn has_suffix(own: &str) -> bool {
    SUFFIXES.iter().any(|suffix| {
        own.strip_suffix(suffix)
            .is_some_and(|stem| !stem.is_empty())
    })
}

/// The target's name as lower-case words in the singular.
pub(super) fn noun(entity: &Entity<'_>) -> String {
    names::type_name(&entity.table.name).to_snake_case()
}

/// Keys are told apart by their fields' names; one that reads like another is not offered.
fn drop_twin_keys(entity: &mut Entity<'_>) {
    let name = |key: &Vec<usize>| {
        let fields: Vec<_> = key
            .iter()
            .map(|field| entity.fields[*field].name.as_str())
            .collect();
        api::key_value(&fields)
    };
    let mut seen = BTreeSet::from([name(&entity.key)]);
    let keep: Vec<bool> = entity
        .uniques
        .iter()
        .map(|key| seen.insert(name(key)))
        .collect();
    let mut keep = keep.into_iter();
    entity.uniques.retain(|_| keep.next().unwrap_or(true));
}

/// Names the types of tables and of composite types, the root fields that call functions, and then
/// the enums that all of these use, by the index of the enum.
pub(super) fn types(
    catalog: &Catalog,
    entities: &mut [Entity<'_>],
    groups: &mut BTreeMap<usize, Group<'_>>,
    calls: &mut [Call<'_>],
) -> BTreeMap<usize, String> {
    let mut taken: BTreeSet<String> = api::ROOT_FIELDS.iter().map(|name| root(name)).collect();
    for entity in entities.iter_mut() {
        let wanted = wanted(
            entity.table.schema.as_deref(),
            &entity.table.name,
            names::type_name,
            "Row",
        );
        let uniques: Vec<Vec<&str>> = entity
            .uniques
            .iter()
            .map(|key| {
                key.iter()
                    .map(|field| entity.fields[*field].name.as_str())
                    .collect()
            })
            .collect();
        let name = names::claim(&mut taken, &wanted, |name| {
            let (singular, plural) = (names::singular_field(name), names::plural_field(name));
            let roots = api::root_fields(&singular, &plural, &uniques);
            let roots = roots.iter().map(|name| root(name));
            api::table_types(name)
                .into_iter()
                .skip(1)
                .chain(roots)
                .collect()
        });
        entity.type_name = name;
    }
    for group in groups.values_mut() {
        let (schema, name) = (group.composite.schema.as_deref(), &group.composite.name);
        let wanted = wanted(schema, name, names::type_name, "Value");
        let companions = |name: &str| api::shape_types(name).into_iter().skip(1).collect();
        group.type_name = names::claim(&mut taken, &wanted, companions);
    }
    for call in calls.iter_mut().filter(|call| call.receiver.is_none()) {
        let wanted: Vec<_> = call_names(call).iter().map(|name| root(name)).collect();
        let name = names::claim(&mut taken, &wanted, |_| Vec::new());
        name.strip_prefix(ROOT)
            .unwrap_or(&name)
            .clone_into(&mut call.name);
    }
    let fields = entities.iter().flat_map(|entity| &entity.fields);
    let members = groups.values().flat_map(|group| &group.members);
    let kinds = fields.chain(members).map(|field| &field.kind);
    let kinds = kinds.chain(calls.iter().flat_map(Call::kinds));
    enums(catalog, kinds, &mut taken)
}

/// Names the fields of rows that call functions; a name that begins with the table's goes without.
pub(super) fn calls_of_rows(entities: &mut [Entity<'_>], calls: &mut [Call<'_>]) {
    for call in calls {
        let Some(entity) = call.receiver.map(|receiver| &mut entities[receiver]) else {
            continue;
        };
        let own = call.function.name.strip_prefix(&entity.table.name);
        let own = own.and_then(|rest| rest.strip_prefix('_'));
        let own = own.filter(|own| !own.is_empty()).map(names::field_name);
        let wanted = own.into_iter().chain(call_names(call));
        let wanted: Vec<_> = wanted
            .filter(|name| !api::is_reserved_field(name, false))
            .collect();
        call.name = names::claim(&mut entity.taken, &wanted, |_| Vec::new());
    }
}

/// The name of a function, then with the schema before it, then with a word after it.
fn call_names(call: &Call<'_>) -> Vec<String> {
    let name = &call.function.name;
    let schema = call.function.schema.as_deref();
    let qualified = schema.map(|schema| names::field_name(&format!("{schema}_{name}")));
    let plain = names::field_name(name);
    let last = format!("{}Function", qualified.as_ref().unwrap_or(&plain));
    let all = [Some(plain), qualified, Some(last)];
    all.into_iter().flatten().collect()
}

fn enums<'a>(
    catalog: &Catalog,
    kinds: impl Iterator<Item = &'a FieldKind>,
    taken: &mut BTreeSet<String>,
) -> BTreeMap<usize, String> {
    let mut enums = BTreeMap::new();
    let used = kinds.filter_map(|kind| match kind {
        FieldKind::Enum(index) => Some(*index),
        FieldKind::Scalar(..) | FieldKind::Composite(_) => None,
    });
    for index in used.collect::<BTreeSet<_>>() {
        let found = &catalog.enums[index];
        let wanted = wanted(
            found.schema.as_deref(),
            &found.name,
            names::type_name,
            "Kind",
        );
        let companions = |name: &str| api::enum_types(name).into_iter().skip(1).collect();
        enums.insert(index, names::claim(taken, &wanted, companions));
    }
    enums
}

/// Root fields share the set of taken names with the types and are told apart by a mark.
fn root(name: &str) -> String {
    format!("{ROOT}{name}")
}

const ROOT: &str = "field ";

/// The plain name, then with the schema before it, then with a word after it.
fn wanted(schema: Option<&str>, name: &str, style: fn(&str) -> String, word: &str) -> Vec<String> {
    let plain = style(name);
    let qualified = schema.map(|schema| format!("{}{plain}", names::type_prefix(schema)));
    let last = format!("{}{word}", qualified.as_ref().unwrap_or(&plain));
    let all = [Some(plain), qualified, Some(last)].into_iter().flatten();
    all.filter(|name| !api::is_reserved_type(name)).collect()
}
