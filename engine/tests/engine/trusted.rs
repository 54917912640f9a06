//! Trusted documents: what they become in an artefact, what is refused of them, and how they are found.

use crate::show;
use engine::artefact::{self, Artefact};
use engine::trusted::{self, Compiled, Said, Source};
use engine::{Ahead, Ask, Config, Engine, Inserts, Named};
use model::metric::Registry;
use model::{Claims, Diagnostic, Dialect, Rights, Schema};
use std::fmt::Write as _;

const SHOP: &str = r#"
type Product @table {
  id: Int! @id
  name: String!
  price: Int
}
type Wage @table {
  id: Int! @id
  amount: Int!
}
extend schema @role(name: "clerk") @role(name: "chief") @role(name: "guest")
extend type Product @access(to: ["clerk", "chief"], allow: [READ, CREATE])
extend type Product @access(to: "guest", allow: READ, where: {price: {lt: 5}}, fields: ["id", "name"])
extend type Wage @access(to: "chief", allow: READ)
"#;

fn schema() -> Schema {
    show::schema(SHOP, Dialect::Sqlite)
}

fn source(name: &str, text: &str) -> Source {
    Source {
        name: format!("{name}.graphql"),
        ids: vec![name.to_owned()],
        text: text.to_owned(),
        said: None,
    }
}

fn sources() -> Vec<Source> {
    vec![
        source(
            "cheap",
            "query Cheap($most: Int!) { products(where: {price: {lt: $most}}) { name } }",
        ),
        source("names", "{ products { id name } }"),
        source(
            "wages",
            "query Wages { wages { amount } } query Count { wageAggregate { count } }",
        ),
        source(
            "create",
            "mutation New($input: ProductCreate!) { createProduct(input: $input) { id } }",
        ),
        source(
            "search",
            "query($where: ProductWhere) { products(where: $where) { id } }",
        ),
    ]
}

fn compile(sources: &[Source]) -> Result<Compiled, Vec<Diagnostic>> {
    trusted::compile(&schema(), sources, &Config::default())
}

fn told(sources: &[Source]) -> String {
    let findings = match compile(sources) {
        Ok(compiled) => compiled.warnings,
        Err(findings) => findings,
    };
    let mut told = String::new();
    for finding in findings {
        let place = finding.place.clone().unwrap();
        let source = sources.iter().find(|source| source.name == place.file);
        let text = &source.unwrap().text;
        writeln!(told, "{}", place.file).unwrap();
        told += &show::findings_of(text, &[finding]);
    }
    told
}

fn artefact() -> Artefact {
    let documents = compile(&sources()).unwrap().documents;
    artefact::read(&artefact::write_with(&schema(), &documents)).unwrap()
}

fn engine(config: &Config) -> Engine {
    Engine::new(artefact(), config, &mut Registry::default()).unwrap()
}

fn rights(role: &str) -> Rights {
    Rights::Of([role].into_iter().collect())
}

#[test]
fn documents_have_their_statements_for_each_role() {
    let documents = artefact().documents;
    insta::assert_snapshot!(serde_json::to_string_pretty(&documents).unwrap());
}

#[test]
fn the_order_of_sources_does_not_matter() {
    let mut other = sources();
    other.reverse();
    other.push(source("names", "{ products { id name } }"));
    assert_eq!(compile(&other).unwrap().documents, artefact().documents);
}

#[test]
fn the_hash_covers_documents_and_damaged_ones_are_refused() {
    let documents = compile(&sources()).unwrap().documents;
    let hash = |documents: &[trusted::Document]| {
        let artefact = artefact::read(&artefact::write_with(&schema(), documents));
        artefact.map(|artefact| artefact.hash)
    };
    let whole = hash(&documents).unwrap();
    assert_ne!(whole, hash(&documents[1..]).unwrap());
    let changed = |change: fn(&mut Vec<trusted::Document>)| {
        let mut documents = documents.clone();
        change(&mut documents);
        hash(&documents).unwrap_err().to_string()
    };
    let shown = [
        changed(|documents| documents.swap(0, 1)),
        changed(|documents| documents[0].text.push(' ')),
        changed(|documents| documents[1].ids = documents[0].ids.clone()),
    ];
    insta::assert_snapshot!(shown.join("\n"));
    // What somebody writes who knows the format: the hash is no signature.
    let text = String::from_utf8(artefact::write_with(&schema(), &documents)).unwrap();
    for spelled in [
        text.replacen("\"writes\":false", "\"writes\": false", 1),
        text.replacen("\"ids\":[", "\"more\":1,\"ids\":[", 1),
    ] {
        let Err(artefact::Error::Hash { found, stated }) = artefact::read(spelled.as_bytes())
        else {
            panic!("the hash covers it");
        };
        let rehashed = spelled.replace(&stated.to_string(), &found.to_string());
        let refused = artefact::read(rehashed.as_bytes()).unwrap_err();
        assert!(matches!(refused, artefact::Error::Damaged(_)), "{refused}");
    }
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    let broken = [
        source("field", "{\n  products { nme }\n}"),
        source("syntax", "query {\n"),
        source("nothing", "fragment F on Product { id }"),
        source("deep", "subscription { products { id } }"),
        source("names", "{ products { id } }"),
        Source {
            name: "again.graphql".to_owned(),
            ..source("names", "{ products { name } }")
        },
        Source {
            ids: vec![format!("sha256:{}", "0".repeat(64)), String::new()],
            ..source("id", "{ products { price } }")
        },
        Source {
            ids: vec!["1".repeat(64)],
            ..source("other", "{ products { id price } }")
        },
        Source {
            said: Some(Said {
                name: "Prices".to_owned(),
                writes: true,
            }),
            ..source("said", "query Prices { products { price } }")
        },
    ];
    insta::assert_snapshot!(told(&broken));
}

#[test]
fn what_no_role_may_run_is_told() {
    let sources = [
        source("both", "query Both { wages { amount } products { id } }"),
        source(
            "split",
            "mutation Split { createProduct(input: {id: 9, name: \"x\"}) { id } }",
        ),
        source("nobody", "mutation { deleteWage(id: 1) { id } }"),
    ];
    insta::assert_snapshot!(told(&sources));
    let rules = SHOP.replace("[\"clerk\", \"chief\"]", "\"clerk\"");
    let apart = show::schema(&rules, Dialect::Sqlite);
    let compiled = trusted::compile(&apart, &sources[..1], &Config::default()).unwrap();
    assert_eq!(compiled.warnings[0].code, "documents.no_role");
    let [document] = &compiled.documents[..] else {
        panic!("one document")
    };
    assert!(document.operations[0].scripts.is_empty());
}

#[test]
fn an_id_is_enough_for_those_who_may_run_it() {
    let engine = engine(&Config::default());
    let (clerk, chief) = (rights("clerk"), rights("chief"));
    let named = |id, operation, rights| Named {
        id,
        operation,
        rights,
    };
    let code = |named: Named<'_>| engine.prepare_by_id(&named).unwrap().unwrap_err()[0].code;
    assert!(engine.trusts("names") && !engine.trusts("nothing"));
    assert!(
        engine
            .prepare_by_id(&named("nothing", None, &clerk))
            .is_none()
    );
    let wages = named("wages", Some("Wages"), &chief);
    assert!(engine.known_by_id(&wages).is_none());
    assert_eq!(code(named("wages", None, &chief)), "engine.operation");
    assert_eq!(
        code(named("wages", Some("Wage"), &chief)),
        "engine.operation"
    );
    assert_eq!(
        code(named("wages", Some("Wages"), &clerk)),
        "engine.invalid"
    );
    for guess in [None, Some("Wage")] {
        assert!(
            engine
                .prepare_by_id(&named("wages", guess, &clerk))
                .is_none()
        );
    }
    let made = engine.prepare_by_id(&wages).unwrap().unwrap();
    assert_eq!(made.name(), Some("Wages"));
    let document = engine.documents().iter().find(|it| it.ids == ["wages"]);
    let document = document.unwrap();
    assert_eq!(made.text(), document.text);
    let hash = document.hash.to_string();
    assert!(
        engine
            .known_by_id(&named(&hash, Some("Wages"), &chief))
            .is_some()
    );
    assert!(
        engine
            .known_by_id(&named(&hash, Some("Wages"), &clerk))
            .is_none()
    );
}

#[test]
fn what_can_be_prepared_ahead_is_as_long_as_it_is_to_go_on() {
    let all = Ahead {
        prepared: 12,
        ..Ahead::default()
    };
    assert_eq!(
        engine(&Config::default()).prepare_ahead(false, || true),
        all
    );
    let stopped = engine(&Config::default()).prepare_ahead(false, || false);
    assert_eq!((stopped.prepared, stopped.left), (0, all.prepared));
    let small = Config {
        trusted_cache_bytes_max: 40_000,
        ..Config::default()
    };
    let bounded = engine(&small).prepare_ahead(false, || true);
    assert!(bounded.prepared > 0 && bounded.left > 0, "{bounded:?}");
    let as_all = engine(&Config::default()).prepare_ahead(true, || true);
    assert_eq!(as_all.prepared, 6);
    let narrow = Config {
        fields_max: 1,
        ..Config::default()
    };
    assert_eq!(engine(&narrow).prepare_ahead(true, || true).refused, 6);
}

#[test]
fn statements_that_are_others_than_the_artefact_says_are_told() {
    let mut documents = compile(&sources()).unwrap().documents;
    let script = &mut documents[0].operations[0].scripts[0];
    assert_eq!(script.roles, ["chief", "clerk"]);
    script.sql = Some(vec!["SELECT 1".to_owned()]);
    let bytes = artefact::write_with(&schema(), &documents);
    let artefact = artefact::read(&bytes).unwrap();
    let engine = Engine::new(artefact, &Config::default(), &mut Registry::default()).unwrap();
    assert_eq!(engine.prepare_ahead(false, || true).differing, 2);
}

#[test]
fn what_strangers_send_drives_no_trusted_document_out() {
    let config = Config {
        document_cache_bytes_max: 100_000,
        plan_cache_bytes_max: 100_000,
        ..Config::default()
    };
    let engine = engine(&config);
    engine.prepare_ahead(false, || true);
    let guest = rights("guest");
    for stranger in 0..200 {
        let document = format!("{{ a{stranger}: products {{ id }} }}");
        let ask = Ask {
            document: &document,
            operation: None,
            rights: &guest,
        };
        let operation = engine.prepare(&ask).unwrap();
        let given = (&Claims::default(), None);
        engine.bind(&operation, given, Inserts::Together).unwrap();
    }
    let named = Named {
        id: "names",
        operation: None,
        rights: &guest,
    };
    assert!(engine.known_by_id(&named).is_some());
}
