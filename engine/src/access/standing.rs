//! What tells the rules that some roles have from others.

use crate::artefact::Hash;
use model::{Mask, Rule, Schema};
use serde_json::{Value, json};

/// The hash of the rules of some roles: it stays the same while they do, whatever else the schema
/// gets, and in whatever order they are written.
pub(super) fn hash(schema: &Schema, roles: &[usize]) -> Hash {
    let mut told = Vec::new();
    for (index, table) in schema.tables.iter().enumerate() {
        let rules = table.access.iter().filter(|rule| rule.is_for(roles));
        told.extend(rules.map(|rule| of_rule(schema, index, rule).to_string()));
    }
    told.sort_unstable();
    told.dedup();
    Hash::of(json!(told).to_string().as_bytes())
}

/// A rule by the names of what it is about: places move when something else is added.
fn of_rule(schema: &Schema, table: usize, rule: &Rule) -> Value {
    let table = &schema.tables[table];
    let column = |index: &usize| table.columns[*index].field.as_str();
    let mut columns: Vec<_> = rule.columns.iter().map(column).collect();
    columns.sort_unstable();
    let relations = rule.relations.iter();
    let mut relations: Vec<_> = relations
        .map(|index| table.relations[*index].field.as_str())
        .collect();
    relations.sort_unstable();
    let mut allow: Vec<_> = rule.allow.iter().map(|action| action.name()).collect();
    allow.sort_unstable();
    let set = rule.set.iter();
    let mut set: Vec<_> = set.map(|(index, value)| (column(index), value)).collect();
    set.sort_unstable();
    let mask = |(index, mask): &(usize, Mask)| (table.columns[*index].field.as_str(), mask.name());
    let mut masks: Vec<_> = rule.masks.iter().map(mask).collect();
    masks.sort_unstable();
    json!({
        "type": table.type_name,
        "allow": allow,
        "columns": columns,
        "relations": relations,
        "where": rule.rows,
        "check": rule.check,
        "set": set,
        "mask": masks,
        "rowsMax": rule.rows_max,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{Source, compile};
    use model::Dialect;

    const TABLE: &str = r#"type A @table { id: Int! @id name: String! }
        extend schema @role(name: "a") @role(name: "b")"#;

    fn hash_of(rules: &str) -> Hash {
        let source = Source {
            name: "a.graphql".to_owned(),
            text: format!("{TABLE} {rules}"),
        };
        let schema = compile(&[source], Dialect::Postgres).unwrap().schema;
        let role = schema.roles.iter().position(|role| role.name == "a");
        hash(&schema, &[role.unwrap()])
    }

    #[test]
    fn rules_are_told_apart_by_each_thing_they_say_and_by_nothing_else() {
        let plain = r#"extend type A @access(to: "a", allow: [READ, UPDATE])"#;
        for other in [
            "",
            r#"extend type A @access(to: "a", allow: READ)"#,
            r#"extend type A @access(to: "a", allow: [READ, UPDATE], where: {id: {eq: 1}})"#,
            r#"extend type A @access(to: "a", allow: [READ, UPDATE], where: {id: {eq: 2}})"#,
            r#"extend type A @access(to: "a", allow: [READ, UPDATE], check: {id: {eq: 1}})"#,
            r#"extend type A @access(to: "a", allow: [READ, UPDATE], set: {name: "x"})"#,
            r#"extend type A @access(to: "a", allow: [READ, UPDATE], set: {name: "y"})"#,
            r#"extend type A @access(to: "a", allow: [READ, UPDATE], mask: {name: HASH})"#,
            r#"extend type A @access(to: "a", allow: [READ, UPDATE], mask: {name: NULL})"#,
            r#"extend type A @access(to: "a", allow: [READ, UPDATE], rowsMax: 3)"#,
            r#"extend type A @access(to: "a", allow: [READ, UPDATE], fields: ["id"])"#,
        ] {
            assert_ne!(hash_of(plain), hash_of(other), "{other}");
        }
        for same in [
            r#"extend type A @access(to: "a", allow: [UPDATE, READ], fields: ["name", "id"])"#,
            r#"extend type A @access(to: "a", allow: [READ, UPDATE]) @access(to: "b", allow: READ)"#,
            r#"extend type A @access(to: ["b", "a"], allow: [READ, UPDATE])"#,
            r#"extend type A @access(to: "a", allow: [READ, UPDATE]) type B @table { id: Int! @id }"#,
        ] {
            assert_eq!(hash_of(plain), hash_of(same), "{same}");
        }
    }
}
