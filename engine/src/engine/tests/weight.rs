//! What is kept weighs at least what it holds.

use super::*;
use crate::prepare;

/// The weight of the lightest plan of a document without variables, of those of all databases.
fn weight(document: &str) -> u64 {
    let dialects = [Dialect::Sqlite, Dialect::Postgres, Dialect::Mariadb];
    let weights = dialects.map(|dialect| {
        let engine = engine(dialect);
        bound(&engine, document, "{}").unwrap();
        engine.plans.weight()
    });
    weights.into_iter().min().unwrap()
}

#[test]
fn a_plan_weighs_at_least_its_constants() {
    let long = "x".repeat(100_000);
    for document in [
        format!("{{ products(where: {{name: {{eq: \"{long}\"}}}}) {{ id }} }}"),
        format!("{{ products(where: {{name: {{in: [\"a\", \"{long}\"]}}}}) {{ id }} }}"),
        format!("{{ {long}: products {{ id }} }}"),
        format!("{{ products {{ {long}: id }} }}"),
        format!("{{ products {{ tags {{ {long}: __typename }} }} }}"),
        format!("{{ productConnection {{ {long}: totalCount }} }}"),
        format!("{{ productConnection {{ nodes {{ category {{ {long}: name }} }} }} }}"),
        format!("mutation {{ updateProduct(id: 1, set: {{name: \"{long}\"}}) {{ id }} }}"),
        format!("mutation {{ {long}: deleteProducts(where: {{id: {{eq: 1}}}}) {{ id }} }}"),
    ] {
        let own = weight(&document);
        let least = document.len() as u64 - 200;
        assert!(own >= least, "{own} < {least}: {document:.60}");
    }
    let typenames = (0..3_000).map(|n| format!("a{n}: __typename "));
    let typenames = typenames.collect::<Vec<_>>().concat();
    let bytes = "\"a0000\":\"Product\"".len() as u64 * 3_000;
    assert!(weight(&format!("{{ products {{ {typenames} }} }}")) >= bytes);
    assert!(weight(&format!("{{ {typenames} }}")) >= bytes);
}

#[test]
fn a_document_weighs_what_its_fields_take_however_short_they_are() {
    let engine = engine(Dialect::Postgres);
    let document = format!("{{ products {{ {}}} }}", "id ".repeat(9_000));
    let config = Config {
        fields_max: 9_001,
        ..Config::default()
    };
    let shape = engine.all.clone();
    let operation = prepare::operation(shape, (&config, true), 0, &document, None).unwrap();
    let field = size_of::<apollo_compiler::executable::Field>() as u64;
    assert!(
        operation.bytes() >= 9_000 * (field + 32),
        "{}",
        operation.bytes()
    );
}

#[test]
fn what_all_types_of_a_row_show_is_planned_once() {
    let types = (0..8).map(|n| {
        format!(
            "type V{n} implements Thing @variant(value: \"{n}\") {{ id: Int! kind: Int! parentId: Int \
             parent: Thing children: [Thing!]! }}\n"
        )
    });
    let text = "interface Thing @table(name: \"things\", discriminator: \"kind\") { id: Int! @id \
        kind: Int! parentId: Int parent: Thing @relation(fields: [\"parentId\"]) \
        children: [Thing!]! @relation(inverse: \"parent\") }\n"
        .to_owned()
        + &types.collect::<String>();
    let document = format!(
        "{{ things {}{{ id }}{} }}",
        "{ children ".repeat(18),
        "}".repeat(18)
    );
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mariadb] {
        let engine = engine_of(dialect, &text);
        bound(&engine, &document, "{}").unwrap();
        let weight = engine.plans.weight();
        assert!(weight < 200_000, "{weight}");
    }
}
