//! `__schema` and `__type`: the same answers as the library's, and no more than an API can tell.

use super::*;
use crate::api::Whole;
use apollo_compiler::introspection::partial_execute;
use apollo_compiler::request::coerce_variable_values;
use model::Content;

/// The largest query that GraphiQL and its like ask.
const EVERYTHING: &str = "query Everything($deprecated: Boolean = true) { __schema { description \
    queryType { name kind } mutationType { name kind } subscriptionType { name kind } \
    types { ...FullType } directives { name description isRepeatable locations \
    args(includeDeprecated: $deprecated) { ...InputValue } } } } \
    fragment FullType on __Type { kind name description specifiedByURL \
    fields(includeDeprecated: $deprecated) { name description \
    args(includeDeprecated: $deprecated) { ...InputValue } \
    type { ...TypeRef } isDeprecated deprecationReason } \
    inputFields(includeDeprecated: $deprecated) { ...InputValue } interfaces { ...TypeRef } \
    enumValues(includeDeprecated: $deprecated) { name description isDeprecated deprecationReason } \
    possibleTypes { ...TypeRef } } \
    fragment InputValue on __InputValue { name description type { ...TypeRef } \
    defaultValue isDeprecated deprecationReason } \
    fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name \
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name \
    ofType { kind name ofType { kind name } } } } } } } } } }";

fn told(engine: &Engine, document: &str, variables: &str) -> String {
    let bound = bound(engine, document, variables);
    let bound = bound.unwrap_or_else(|faults| panic!("{document:.80}: {faults:?}"));
    let members = bound.script.roots.iter().map(|root| match &root.content {
        Content::Constant(json) => format!("{}{json}", root.key.json()),
        Content::Step(_) => panic!("{document:.80} asks the database"),
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

fn told_by_the_library(api: &Whole, document: &str, variables: &str) -> String {
    let parsed = apollo_compiler::ExecutableDocument::parse_and_validate(&api.types, document, "a");
    let parsed = parsed.unwrap();
    let operation = parsed.operations.get(None).unwrap();
    let given = serde_json::from_str(variables).unwrap();
    let values = coerce_variable_values(&api.types, operation, &given).unwrap();
    let answer = partial_execute(&api.types, &api.implementers, &parsed, operation, &values);
    serde_json::to_string(&answer.unwrap().data).unwrap()
}

#[test]
fn an_introspection_is_answered_as_the_library_does() {
    let engine = engine(Dialect::Postgres);
    for (document, variables) in [
        (EVERYTHING, "{}"),
        (EVERYTHING, "{\"deprecated\": false}"),
        (EVERYTHING, "{\"deprecated\": null}"),
        (
            "query($n: String!) { a: __type(name: $n) { name b: kind ...F } __typename } \
             fragment F on __Type { __typename fields { name type { __typename ofType { name } } } name }",
            "{\"n\": \"Product\"}",
        ),
        (
            "query($y: Boolean!) { __type(name: \"Node\") { possibleTypes { name @include(if: $y) \
             fields @skip(if: $y) { name } interfaces { name } } } }",
            "{\"y\": true}",
        ),
        ("{ __type(name: \"None\") { name } }", "{}"),
        (
            "{ __type(name: \"Status\") { enumValues { __typename name isDeprecated } ofType { name } } \
             __schema { directives { __typename name } } }",
            "{}",
        ),
    ] {
        let own = told(&engine, document, variables);
        let library = told_by_the_library(engine.all.api.whole().unwrap(), document, variables);
        assert_eq!(own, library, "{document}");
    }
}

/// A schema of as many tables, whose columns have names of that length.
fn wide(tables: usize, letters: usize) -> Schema {
    let mut schema = schema(Dialect::Postgres);
    let model = schema.tables[0].clone();
    let table = |number| {
        let mut table = model.clone();
        table.type_name = format!("P{number}");
        table.singular = format!("p{number}");
        table.plural = format!("q{number}");
        table.name = table.singular.clone();
        table.columns.extend("abcdefghij".chars().map(|letter| {
            let field = letter.to_string().repeat(letters);
            nullable(column(&field, Scalar::Int))
        }));
        let next = (number + 1) % tables;
        table.relations = vec![
            relation("category", next, Cardinality::Maybe, (3, 0)),
            relation("products", next, Cardinality::Many, (0, 3)),
        ];
        table
    };
    schema.tables = (0..tables).map(table).collect();
    schema
}

#[test]
fn everything_about_many_tables_is_told_once_and_not_many_times() {
    for letters in [1, 20] {
        let artefact = crate::artefact::read(&crate::artefact::write(&wide(60, letters))).unwrap();
        let engine = Engine::new(artefact, &Config::default(), &mut Registry::default()).unwrap();
        let bytes = told(&engine, EVERYTHING, "{}").len();
        let most =
            engine.sdl(&Rights::All).unwrap().len() * Config::default().introspection_times_max;
        assert!(
            bytes * 11 < most * 10 && most < bytes * 4,
            "everything has {bytes} bytes, the bound is {most}"
        );
        let again = [0, 1, 2]
            .map(|n| format!("a{n}: types {{ ...FullType }} "))
            .concat();
        let often = EVERYTHING.replacen("types {", &format!("{again}types {{"), 1);
        let faults = bound(&engine, &often, "{}").unwrap_err();
        assert_eq!(faults[0].code, "engine.introspection_bytes");
    }
}

#[test]
fn introspection_that_multiplies_is_refused() {
    let engine = engine(Dialect::Postgres);
    let refused = |document: &str| {
        let faults = bound(&engine, document, "{}").unwrap_err();
        assert_eq!(faults[0].locations.len(), 1, "{document:.80}");
        faults[0].code
    };
    let deep = format!(
        "{{ __type(name: \"Node\") {{ {}name{} }} }}",
        "possibleTypes { interfaces { ".repeat(8),
        " } }".repeat(8)
    );
    assert_eq!(refused(&deep), "engine.introspection_bytes");
    let aliases = |count: usize, what: &str| {
        let aliases = (0..count).map(|n| format!("a{n}: {what} "));
        aliases.collect::<Vec<_>>().concat()
    };
    let many = format!(
        "{{ {} }} fragment S on __Schema {{ {} }} fragment T on __Type {{ {} }}",
        aliases(900, "__schema { ...S }"),
        aliases(300, "types { ...T }"),
        aliases(20, "name")
    );
    assert_eq!(refused(&many), "engine.fields");
    let many = format!("{{ {} }}", aliases(300, "__schema { types { name kind } }"));
    assert_eq!(refused(&many), "engine.introspection_bytes");
    let nested = format!(
        "{{ __type(name: \"Node\") {{ {}name{} }} }}",
        "ofType { ".repeat(25),
        " }".repeat(25)
    );
    assert_eq!(refused(&nested), "engine.depth");
}

#[test]
fn the_answer_of_an_introspection_is_not_kept() {
    let engine = engine(Dialect::Postgres);
    let document = "query($n: String!) { __type(name: $n) { kind } }";
    let first = bound(&engine, document, "{\"n\": \"Product\"}").unwrap();
    let second = bound(&engine, document, "{\"n\": \"Product\"}").unwrap();
    assert!(!std::sync::Arc::ptr_eq(&first.script, &second.script));
    assert_eq!(engine.plans.len(), 0);
}
