//! The entries of `engine`. Each takes whatever a stranger sends: it comes to an end, and what it
//! refuses it refuses with a reason of the stranger's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::{Ask, Config, Engine, Inserts, Operation, Source, artefact, compile, flaw};
use model::metric::Registry;
use model::{Claims, Dialect, Fault, Kind, Rights};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The schema of a shop, as each database has it.
const SHOPS: [(Dialect, &str); 3] = [
    (
        Dialect::Sqlite,
        include_str!("../../fragaria/tests/cases/shop/schema.sqlite.graphql"),
    ),
    (
        Dialect::Postgres,
        include_str!("../../fragaria/tests/cases/shop/schema.postgres.graphql"),
    ),
    (
        Dialect::Mariadb,
        include_str!("../../fragaria/tests/cases/shop/schema.mariadb.graphql"),
    ),
];

/// What a clerk may do there.
const RULES: &str = r#"
extend schema @role(name: "clerk")
extend type Product @access(to: "clerk", allow: [READ, CREATE, UPDATE, DELETE], where: {active: {eq: true}})
extend type Category @access(to: "clerk", allow: READ, except: ["parentId"])
extend type Order @access(to: "clerk", allow: [READ, UPDATE], where: {buyerId: {eq: {claim: "customer"}}})
"#;

/// What variables are given to.
const OPERATIONS: [&str; 2] = [
    "query($where: ProductWhere, $orders: OrderWhere, $order: [ProductOrderBy!], $limit: Int, $id: ID!, \
     $flag: Boolean = true) { products(where: $where, orderBy: $order, limit: $limit) { id name @include(if: $flag) } \
     orders(where: $orders) { id } node(id: $id) { nodeId } }",
    "mutation($create: [ProductCreate!]!, $set: ProductUpdate!, $where: ProductWhere!) { \
     createProducts(input: $create) { id } updateProducts(where: $where, set: $set) { id attributes } \
     upsertProduct(input: {id: 1, name: \"a\", price: 1}, updateWhere: $where) { id } }",
];

/// Where cursors and ids are taken.
const PAGES: [&str; 3] = [
    "query($token: String) { productConnection(first: 2, after: $token) { nodes { id } } }",
    "query($token: String) { productConnection(last: 2, before: $token, \
     orderBy: [{createdAt: DESC}, {weight: ASC}, {name: ASC}, {category: {name: ASC}}]) { nodes { id } } }",
    "query($token: ID!) { node(id: $token) { nodeId ... on Product { name } } }",
];

static ENGINES: LazyLock<Vec<Engine>> = LazyLock::new(|| SHOPS.iter().map(shop).collect());

/// Callers: of no rules, and of some.
static CALLERS: LazyLock<[(Rights, Claims); 2]> = LazyLock::new(|| {
    let claims = json!({ "customer": 1 }).as_object().cloned();
    [
        (Rights::All, Claims::default()),
        (
            Rights::Of(["clerk"].into_iter().collect()),
            claims.unwrap_or_default().into(),
        ),
    ]
});

fn shop((dialect, schema): &(Dialect, &str)) -> Engine {
    let text = format!("{schema}{RULES}");
    let compiled = compile(&[source(text)], *dialect).expect("the shop compiles");
    let artefact = artefact::read(&artefact::write(&compiled.schema)).expect("it is our own");
    let config = Config {
        // What was asked before is to be planned again.
        document_cache_bytes_max: 1 << 20,
        plan_cache_bytes_max: 1 << 20,
        ..Config::default()
    };
    Engine::new(artefact, &config, &mut Registry::default()).expect("it makes an API")
}

fn source(text: String) -> Source {
    let name = "schema.graphql".to_owned();
    Source { name, text }
}

/// A GraphQL document, planned without variables where it is one.
pub fn document(bytes: &[u8]) {
    let Ok(document) = std::str::from_utf8(bytes) else {
        return;
    };
    for engine in &*ENGINES {
        for caller in &*CALLERS {
            if let Some(operation) = prepared(engine, document, &caller.0) {
                bound(engine, &operation, &caller.1, None);
            }
        }
    }
}

/// Variables, as the text of an object.
pub fn variables(bytes: &[u8]) {
    if let Ok(raw) = serde_json::from_slice::<&RawValue>(bytes) {
        give(&OPERATIONS, raw);
    }
}

/// A cursor or an id: as it stands, and as what is packed into one.
pub fn cursor(bytes: &[u8]) {
    let packed = URL_SAFE_NO_PAD.encode(bytes);
    for token in [std::str::from_utf8(bytes).ok(), Some(&packed)] {
        let Some(token) = token else { continue };
        let variables = json!({ "token": token }).to_string();
        give(
            &PAGES,
            &RawValue::from_string(variables).expect("it is JSON"),
        );
    }
}

/// JSON: what has no flaw can be read, and is no deeper than it may be.
pub fn json(bytes: &[u8]) {
    let Ok(raw) = serde_json::from_slice::<&RawValue>(bytes) else {
        return;
    };
    if flaw(raw).is_some() {
        return;
    }
    let read = serde_json::from_str::<Value>(raw.get());
    let read = read.unwrap_or_else(|error| panic!("it has a flaw: {error}"));
    assert!(depth(&read) <= 100, "it is deep");
    let variables = json!({ "create": [{ "name": "a", "price": 1, "attributes": read }], "set": {}, "where": {} });
    let variables = RawValue::from_string(variables.to_string()).expect("it is JSON");
    give(&OPERATIONS[1..], &variables);
}

/// A schema file: what compiles is written, read and served.
pub fn sdl(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for dialect in [Dialect::Sqlite, Dialect::Postgres, Dialect::Mariadb] {
        match compile(&[source(text.to_owned())], dialect) {
            Ok(compiled) => {
                let artefact = artefact::read(&artefact::write(&compiled.schema));
                let artefact =
                    artefact.unwrap_or_else(|error| panic!("our own is not read: {error}"));
                assert_eq!(artefact.schema, compiled.schema, "it is another one");
                let made = Engine::new(artefact, &Config::default(), &mut Registry::default());
                assert!(
                    made.is_ok(),
                    "no API: {}",
                    made.err()
                        .map_or_else(String::new, |error| error.to_string())
                );
            }
            Err(findings) => assert!(!findings.is_empty(), "it is refused without a reason"),
        }
    }
}

/// Gives the same variables to operations.
fn give(operations: &[&str], raw: &RawValue) {
    for engine in &*ENGINES {
        for (rights, claims) in &*CALLERS {
            for document in operations {
                if let Some(operation) = prepared(engine, document, rights) {
                    bound(engine, &operation, claims, Some(raw));
                }
            }
        }
    }
}

fn prepared(engine: &Engine, document: &str, rights: &Rights) -> Option<std::sync::Arc<Operation>> {
    let ask = Ask {
        document,
        operation: None,
        rights,
    };
    engine.prepare(&ask).map_err(|faults| refused(&faults)).ok()
}

fn bound(engine: &Engine, operation: &Operation, claims: &Claims, raw: Option<&RawValue>) {
    for inserts in [Inserts::Together, Inserts::Apart] {
        match engine.bind(operation, (claims, raw), inserts) {
            Ok(bound) => assert_eq!(bound.arguments.len(), bound.script.steps.len()),
            Err(faults) => refused(&faults),
        }
    }
}

/// Nothing that is sent is a mistake of ours.
fn refused(faults: &[Fault]) {
    assert!(!faults.is_empty(), "it is refused without a reason");
    let ours = faults.iter().find(|fault| fault.kind == Kind::Internal);
    assert!(ours.is_none(), "{ours:?}");
}

fn depth(json: &Value) -> usize {
    match json {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
