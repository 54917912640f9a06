//! Trusted documents that are prepared before anybody asks for them.

use super::*;
use crate::trusted::{self, Source as Written};
use crate::{Named, artefact};

#[test]
fn what_is_prepared_ahead_is_neither_parsed_nor_planned_again() {
    let schema = schema(Dialect::Sqlite);
    let document = "query($name: String!, $most: Int!) { \
                    products(where: {name: {eq: $name}}, limit: $most) { name } }";
    let source = Written {
        name: "named.graphql".to_owned(),
        ids: vec!["named".to_owned()],
        text: document.to_owned(),
        said: None,
    };
    let compiled = trusted::compile(&schema, &[source], &Config::default()).unwrap();
    let bytes = artefact::write_with(&schema, &compiled.documents);
    let artefact = artefact::read(&bytes).unwrap();
    let config = Config::default();
    let engine = Engine::new(artefact, &config, &mut Registry::default()).unwrap();
    assert_eq!(engine.prepare_ahead(true, || true).prepared, 1);
    let named = Named {
        id: "named",
        operation: None,
        rights: &Rights::All,
    };
    let operation = engine.known_by_id(&named).unwrap();
    let given: Box<RawValue> = serde_json::from_str(r#"{"name": "Pan", "most": 5}"#).unwrap();
    let given = (&Claims::default(), Some(&*given));
    let bound = engine.bind(&operation, given, Inserts::Together).unwrap();
    let statements = bound.script.steps.iter();
    let statements: Vec<_> = statements
        .map(|step| step.statement.sql.to_string())
        .collect();
    assert_eq!(
        compiled.documents[0].operations[0].scripts[0].sql,
        Some(statements)
    );
    let metrics = &engine.trusted.plan_metrics;
    assert_eq!((metrics.hits.get(), metrics.misses.get()), (1, 1));
    assert_eq!(engine.metrics.plans.misses.get(), 0);
}
