//! Trusted documents: compiled with the schema, named by their ids, and in the end nothing else.

use crate::client::Response;
use crate::database::Database;
use crate::mariadb;
use crate::project::{Project, told};
use crate::server::Server;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const NAMES: &str = "query Names { products { name } }\n";
const CHEAP: &str = "query Cheap($most: Int!) { products(where: {price: {lt: $most}}) { name } }";
const RENAME: &str =
    "mutation Rename($name: String!) { updateProduct(id: 1, set: {name: $name}) { name } }";
const PERMISSIVE: &str = "documents.mode=permissive";
const STRICT: &str = "documents.mode=strict";
/// The accepted form whose status tells.
const TELLING: &str = "accept: application/graphql-response+json";

fn hash(text: &str) -> String {
    store::hexadecimal(&Sha256::digest(text.as_bytes()))
}

/// A project with documents of both kinds.
fn project() -> Project {
    let project = Project::small();
    std::fs::create_dir_all(project.path("documents/shop")).unwrap();
    project.write("documents/shop/names.graphql", NAMES);
    let relay = json!({ "5a1c": CHEAP });
    project.write("relay.json", &relay.to_string());
    let operation = json!({ "id": "0b9f", "name": "Rename", "type": "mutation", "body": RENAME });
    let apollo = json!({
        "format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation]
    });
    project.write("apollo.json", &apollo.to_string());
    let config = project.read("fragaria.toml");
    let documents =
        "\n[documents]\nfolder = \"documents\"\nmanifests = [\"relay.json\", \"apollo.json\"]\n";
    project.write("fragaria.toml", &(config + documents));
    project.run(&["compile"]);
    project
}

/// Documents are the same on the other databases, and their statements are those of each.
#[test]
fn every_database_has_documents_with_statements_of_its_own() {
    let tables = "
        CREATE TABLE product (id integer PRIMARY KEY, name varchar(40) NOT NULL, price integer);
        INSERT INTO product VALUES (1, 'Strawberry', 3), (2, 'Raspberry', 4);";
    let postgres = Database::empty();
    postgres.sql(tables);
    let mariadb = mariadb::Database::empty();
    mariadb.sql(tables);
    let cases = [
        (postgres.url(), "WHERE (t0.\\\"price\\\" < $1)"),
        (mariadb.url(), "WHERE (t0.`price` < ?)"),
    ];
    for (url, statement) in cases {
        let project = Project::on(&url);
        project.write("relay.json", &json!({ "5a1c": CHEAP }).to_string());
        let setting = "documents.manifests=['relay.json']";
        project.run(&["compile", "--set", setting]);
        let artefact = project.read("fragaria.artefact.json");
        assert!(artefact.contains(statement), "{statement}: {artefact}");
        let server = project.serve(&[STRICT]).ready();
        let body = json!({ "documentId": "5a1c", "variables": { "most": 4 } });
        let products = json!([{ "name": "Strawberry" }]);
        assert_eq!(ask(&server, &body).json()["data"]["products"], products);
    }
}

fn ask(server: &Server, body: &Value) -> Response {
    let headers = ["content-type: application/json", TELLING];
    server.ask("POST /graphql", &headers, body.to_string().as_bytes())
}

/// The status, and the code of the first error.
fn refusal(server: &Server, body: &Value) -> (u16, String) {
    let answer = ask(server, body);
    let code = answer.json()["errors"][0]["extensions"]["code"].clone();
    (answer.status, code.as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn persisted(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

#[test]
fn documents_are_compiled_with_the_statements_they_become() {
    let project = project();
    let first = std::fs::read(project.path("fragaria.artefact.json")).unwrap();
    let told = project.run(&["compile", "--out", "again.json"]);
    assert!(
        told.starts_with("compiled 2 tables and 3 trusted documents into"),
        "{told}"
    );
    assert_eq!(first, std::fs::read(project.path("again.json")).unwrap());
    let told = project.run(&["documents"]);
    for line in [
        "shop.names\n",
        &format!("sha256:{}\n", hash(NAMES)),
        "  query Names\n      SELECT t0.\"name\" FROM \"product\" AS t0",
        "0b9f\n",
        "  mutation Rename\n",
        "3 trusted documents\n",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let machine = project.run(&["documents", "fragaria.artefact.json", "--json"]);
    let machine: Value = serde_json::from_str(&machine).unwrap();
    assert_eq!(machine["documents"].as_array().unwrap().len(), 3);
    let texts = String::from_utf8(first).unwrap();
    assert!(texts.contains(&hash(CHEAP)) && texts.contains("\"5a1c\""));
}

#[test]
fn a_document_that_does_not_fit_is_told_where_it_is_wrong() {
    let project = project();
    project.write("documents/shop/more.graphql", "{\n  products { nam }\n}\n");
    let told = project.fail(&["compile"]);
    for part in [
        "error[engine.invalid]: type `Product` does not have a field `nam`",
        "--> documents/shop/more.graphql:2:14",
        "= help: did you mean `name`?",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let machine = project.fail(&["compile", "--json"]);
    let machine: Value = serde_json::from_str(&machine).unwrap();
    let finding = &machine[0];
    assert_eq!(
        (&finding["file"], &finding["line"], &finding["column"]),
        (&json!("documents/shop/more.graphql"), &json!(2), &json!(14))
    );
    // The tools of clients need the API to mend it.
    assert!(project.run(&["schema"]).contains("type Product"));
    project.write("documents/shop/more.graphql", NAMES);
    let whole = json!({ "5a1c": "{ nothing }" }).to_string();
    project.write("relay.json", &whole);
    let told = project.fail(&["compile"]);
    assert!(told.contains("--> relay.json#5a1c:1:3"), "{told}");
    project.write("relay.json", "{\n \"5a1c\": 1\n}");
    let told = project.fail(&["compile"]);
    assert!(
        told.contains("documents.manifest") && told.contains("relay.json:2:"),
        "{told}"
    );
    std::fs::remove_file(project.path("relay.json")).unwrap();
    let told = project.fail(&["compile"]);
    assert!(
        told.contains("there is no relay.json") && told.contains("documents.manifests"),
        "{told}"
    );
    let told = project.fail(&["compile", "--set", "documents.folder=nowhere"]);
    assert!(told.contains("there is no folder nowhere"), "{told}");
    // With the statement it becomes, a document of 35 bytes is longer.
    std::fs::remove_file(project.path("documents/shop/more.graphql")).unwrap();
    let alone = [
        "compile",
        "--set",
        "documents.manifests=[]",
        "--set",
        "documents.bytes_max=50",
    ];
    let told = project.fail(&alone);
    assert!(told.contains("more than 50 bytes"), "{told}");
    project.write("relay.json", "{}");
    let told = project.fail(&["compile", "--set", "documents.bytes_max=100"]);
    assert!(
        told.contains("more than 100 bytes") && told.contains("documents.bytes_max"),
        "{told}"
    );
}

#[test]
fn a_folder_without_documents_is_told() {
    let project = Project::small();
    std::fs::create_dir(project.path("documents")).unwrap();
    project.write("documents/names.gql", NAMES);
    let output = project.output(&["compile", "--set", "documents.folder=documents"]);
    assert!(output.status.success());
    let told = told(&output);
    assert!(
        told.contains("warning[documents.none]: there is no document in documents"),
        "{told}"
    );
}

#[test]
fn a_request_names_a_document_by_any_of_its_ids() {
    let project = project();
    let server = project.serve(&[PERMISSIVE]).ready();
    let names = json!({ "data": { "products": [
        { "name": "Strawberry" }, { "name": "Raspberry" }, { "name": "Blackberry" }
    ] } });
    let of_text = hash(NAMES);
    for body in [
        json!({ "documentId": "shop.names" }),
        json!({ "documentId": of_text }),
        json!({ "documentId": format!("sha256:{of_text}"), "operationName": "Names" }),
        json!({ "extensions": persisted(&of_text) }),
        json!({ "extensions": persisted("shop.names") }),
    ] {
        assert_eq!(ask(&server, &body).json(), names, "{body}");
    }
    let cheap = json!({ "data": { "products": [{ "name": "Strawberry" }] } });
    let body = json!({ "documentId": "5a1c", "variables": { "most": 4 } });
    assert_eq!(ask(&server, &body).json(), cheap);
    let url = "/graphql?documentId=5a1c&variables=%7B%22most%22%3A4%7D";
    assert_eq!(server.get(url).json(), cheap);
    let rename = json!({ "documentId": "0b9f", "variables": { "name": "Quince" } });
    assert_eq!(
        ask(&server, &rename).json()["data"]["updateProduct"]["name"],
        "Quince"
    );
    let by_get = server.get("/graphql?documentId=0b9f&variables=%7B%22name%22%3A%22x%22%7D");
    assert_eq!(by_get.status, 405);
    for (body, expected) in [
        (
            json!({ "documentId": "nothing" }),
            refused(400, "documents.unknown"),
        ),
        (
            json!({ "documentId": "5a1c" }),
            refused(400, "engine.variable"),
        ),
        (
            json!({ "documentId": "5a1c", "operationName": "Dear" }),
            refused(400, "engine.operation"),
        ),
        (
            json!({ "documentId": "5a1c", "query": "{ __typename }" }),
            refused(400, "http.parameter"),
        ),
    ] {
        assert_eq!(refusal(&server, &body), expected, "{body}");
    }
}

#[test]
fn the_first_request_of_a_document_is_prepared_already() {
    let project = project();
    let server = project.serve(&[STRICT]).ready();
    let done = server
        .begun
        .iter()
        .find(|line| line["message"] == "trusted documents are prepared");
    let done = done.cloned();
    let done = done.unwrap_or_else(|| server.logged("trusted documents are prepared"));
    assert_eq!(
        (&done["prepared"], &done["refused"]),
        (&json!(3), &json!(0))
    );
    let counts = || {
        ["document", "plan"].map(|what| {
            let of = |end: &str| {
                server.metric(&format!("fragaria_engine_trusted_{what}_cache_{end}_total"))
            };
            (of("hits"), of("misses"))
        })
    };
    let [_, (_, planned)] = counts();
    ask(
        &server,
        &json!({ "documentId": "5a1c", "variables": { "most": 4 } }),
    );
    let rename = json!({ "documentId": "0b9f", "variables": { "name": "Quince" } });
    ask(&server, &rename);
    assert_eq!((planned, counts()), (3, [(2, 0), (2, 3)]));
}

#[test]
fn what_is_not_trusted_is_run_and_logged_once() {
    let project = project();
    let server = project
        .serve(&[PERMISSIVE, "documents.logged_max=2"])
        .ready();
    let run = |text: &str| assert_eq!(server.graphql(text).status, 200, "{text}");
    run(NAMES);
    let secret = "query Mine { products(where: {name: {eq: \"hunter2\"}}) { id } }";
    run(secret);
    run(secret);
    run("{ products { id } }");
    run("{ products { price } }");
    let lines = server.read_log("further documents that are not trusted are only counted");
    let met: Vec<_> = lines
        .iter()
        .filter(|line| line["message"] == "a document that is not trusted is run")
        .collect();
    assert_eq!(met.len(), 2, "{met:#?}");
    assert_eq!(
        (&met[0]["document"], &met[0]["operation"]),
        (&json!(hash(secret)), &json!("Mine"))
    );
    assert!(!format!("{lines:?}").contains("hunter2"));
    assert_eq!(server.metric("fragaria_documents_untrusted_total"), 3);
}

#[test]
fn strict_runs_nothing_else() {
    let project = project();
    let server = project.serve(&[STRICT]).ready();
    let names = json!({ "documentId": "shop.names" });
    assert_eq!(ask(&server, &names).status, 200);
    let strict = refused(403, "documents.strict");
    for body in [
        json!({ "query": "{ products { id } }" }),
        json!({ "query": "{ __schema { queryType { name } } }" }),
        json!({ "query": NAMES }),
        json!({ "query": NAMES, "extensions": persisted(&hash(NAMES)) }),
        json!({ "query": "", "operationName": "Names" }),
    ] {
        assert_eq!(refusal(&server, &body), strict, "{body}");
    }
    let untelling = server.graphql("{ products { id } }");
    assert_eq!(untelling.status, 200);
    assert_eq!(
        untelling.json()["errors"][0]["extensions"]["code"],
        "documents.strict"
    );
    let by_get = server.get("/graphql?query=%7B__typename%7D");
    assert_eq!(
        by_get.json()["errors"][0]["extensions"]["code"],
        "documents.strict"
    );
    let alone = json!({ "extensions": persisted(&hash("{ __typename }")) });
    assert_eq!(
        refusal(&server, &alone),
        refused(400, "PERSISTED_QUERY_NOT_SUPPORTED")
    );
    assert_eq!(server.get("/").status, 404);
    assert_eq!(server.metric("fragaria_documents_refused_total"), 7);
}

#[test]
fn strict_without_documents_is_refused_and_ids_are_off_by_default() {
    let bare = Project::small();
    let told = bare.fail(&["serve", "--open", "--set", STRICT]);
    assert!(
        told.contains("the artefact has no trusted documents"),
        "{told}"
    );
    assert!(told.contains("documents.folder"), "{told}");
    let project = project();
    let server = project.serve(&[]).ready();
    let doubt = |line: &Value| {
        line.to_string()
            .contains("3 trusted documents, and no request can name one")
    };
    assert!(server.begun.iter().any(doubt), "{:?}", server.begun);
    let names = json!({ "documentId": "shop.names" });
    assert_eq!(refusal(&server, &names), refused(400, "documents.off"));
    assert_eq!(server.graphql(NAMES).status, 200);
}

#[test]
fn whoever_develops_runs_new_documents_and_edits_trusted_ones() {
    let project = project();
    let server = project.dev(&[STRICT]).ready();
    assert_eq!(server.graphql("{ products { id } }").status, 200);
    assert_eq!(server.get("/").status, 200);
    project.write("documents/shop/ids.graphql", "{ products { id } }");
    server.logged("the edit is served");
    let first = json!([{ "id": 1 }, { "id": 2 }, { "id": 3 }]);
    let ids = || ask(&server, &json!({ "documentId": "shop.ids" })).json();
    assert_eq!(ids()["data"]["products"], first);
    project.write("documents/shop/ids.graphql", "{ products { idd } }");
    let lines = server.read_log("the edit is not served: the schema before it goes on serving");
    assert!(format!("{lines:?}").contains("documents/shop/ids.graphql:1:14"));
    assert_eq!(ids()["data"]["products"], first);
    std::fs::remove_file(project.path("documents/shop/ids.graphql")).unwrap();
    project.write(
        "relay.json",
        &json!({ "77": "{ product(id: 2) { id } }" }).to_string(),
    );
    server.read_log("the edit is served");
    let of_manifest = ask(&server, &json!({ "documentId": "77" })).json();
    assert_eq!(of_manifest["data"]["product"]["id"], 2);
    let gone = json!({ "documentId": "5a1c", "variables": { "most": 4 } });
    assert_eq!(refusal(&server, &gone), refused(400, "documents.unknown"));
}

#[test]
fn a_manifest_outside_of_the_project_is_watched() {
    let project = project();
    let web = tempfile::TempDir::new().unwrap();
    let manifest = web.path().join("manifest.json");
    std::fs::write(&manifest, json!({ "a": "{ __typename }" }).to_string()).unwrap();
    let setting = format!("documents.manifests=['{}']", manifest.display());
    let server = project.dev(&[STRICT, &setting]).ready();
    std::fs::write(&manifest, json!({ "b": "{ __typename }" }).to_string()).unwrap();
    server.logged("the edit is served");
    assert_eq!(ask(&server, &json!({ "documentId": "b" })).status, 200);
}

#[test]
fn a_change_of_documents_is_a_change_for_clients() {
    let project = project();
    let before = project.path("fragaria.artefact.json");
    std::fs::rename(&before, project.path("before.json")).unwrap();
    project.write(
        "documents/shop/names.graphql",
        "query Names { products { id name } }",
    );
    project.write("documents/new.graphql", "{ products { id } }");
    project.write("relay.json", "{}");
    let told = project.run(&["diff", "before.json", "."]);
    for line in [
        "breaking: document 5a1c: the document is removed\n",
        "breaking: document shop.names: its text changes; clients that name it by its hash are refused\n",
        "safe: document new: the document is new\n",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let output = project.output(&["diff", "before.json", ".", "--check"]);
    assert!(told_of(&output).contains("2 of 3 changes break clients"));
    project.run(&["compile"]);
    let server = project.serve(&[]);
    project.write("relay.json", &json!({ "5a1c": CHEAP }).to_string());
    drop(server);
    let server = project.serve(&[]);
    let stale = |line: &Value| {
        line.to_string()
            .contains("something else than the artefact")
    };
    assert!(server.begun.iter().any(stale), "{:?}", server.begun);
}

fn told_of(output: &std::process::Output) -> String {
    told(output)
}

#[test]
fn a_mutation_happens_once_however_its_document_is_named() {
    let project = project();
    let server = project.serve(&[PERMISSIVE]).ready();
    let variables = json!({ "name": "Quince" });
    let headers = ["content-type: application/json", "idempotency-key: one"];
    let once = |body: Value| server.ask("POST /graphql", &headers, body.to_string().as_bytes());
    let named = once(json!({ "documentId": "0b9f", "variables": variables }));
    assert_eq!(
        (named.status, named.header("idempotency-replayed")),
        (200, "")
    );
    let sent = once(json!({ "query": RENAME, "variables": variables }));
    assert_eq!(sent.header("idempotency-replayed"), "true");
    let other = once(json!({ "documentId": "shop.names", "variables": variables }));
    assert!(other.json()["errors"].is_null());
}

#[test]
fn clients_register_documents_by_their_hash() {
    let project = project();
    let server = project.serve(&[]).ready();
    let text = "query Ids { products { id } }";
    let alone = json!({ "extensions": persisted(&hash(text)) });
    let missing = ask(&server, &alone);
    assert_eq!(missing.status, 400);
    let error = missing.json()["errors"][0].clone();
    assert_eq!(error["message"], "PersistedQueryNotFound");
    assert_eq!(error["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
    let wrong = json!({ "query": "{ products { name } }", "extensions": persisted(&hash(text)) });
    assert_eq!(refusal(&server, &wrong), refused(400, "documents.hash"));
    let invalid = "{ nothing }";
    let broken = json!({ "query": invalid, "extensions": persisted(&hash(invalid)) });
    assert_eq!(refusal(&server, &broken), refused(400, "engine.invalid"));
    for of in [text, invalid] {
        let alone = json!({ "extensions": persisted(&hash(of)) });
        assert_eq!(
            refusal(&server, &alone),
            refused(400, "PERSISTED_QUERY_NOT_FOUND")
        );
    }
    let both = json!({ "query": text, "extensions": persisted(&hash(text)) });
    let first = ask(&server, &both).json();
    assert!(first["errors"].is_null(), "{first}");
    assert_eq!(ask(&server, &alone).json(), first);
    let url = format!("/graphql?extensions={}", encoded(&persisted(&hash(text))));
    assert_eq!(server.get(&url).json(), first);
    let get = "{ reading(id: 1) { id } }";
    let url = format!("/graphql?extensions={}", encoded(&persisted(&hash(get))));
    let with_text = format!("{url}&query={}", encoded(&get));
    assert_eq!(
        server.get(&with_text).json()["data"]["reading"],
        Value::Null
    );
    assert_eq!(server.get(&url).json()["data"]["reading"], Value::Null);
    let metric = |name: &str| server.metric(&format!("fragaria_documents_automatic_{name}"));
    assert_eq!((metric("hits_total"), metric("misses_total")), (3, 3));
    let bytes = metric("size_bytes");
    assert!((400..1_000).contains(&bytes), "{bytes}");
    let not = json!({ "extensions": persisted("0a") });
    assert_eq!(refusal(&server, &not), refused(400, "documents.hash"));
}

#[test]
fn without_room_clients_are_told_to_send_documents() {
    let project = Project::small();
    let server = project.serve(&["documents.automatic_bytes_max=0"]).ready();
    let text = "{ products { id } }";
    let alone = json!({ "extensions": persisted(&hash(text)) });
    let answer = ask(&server, &alone).json();
    assert_eq!(answer["errors"][0]["message"], "PersistedQueryNotSupported");
    let both = json!({ "query": text, "extensions": persisted(&hash(text)) });
    assert_eq!(ask(&server, &both).status, 200);
    assert_eq!(
        refusal(&server, &alone),
        refused(400, "PERSISTED_QUERY_NOT_SUPPORTED")
    );
}

/// Text in the query of a URL.
fn encoded(value: &impl ToString) -> String {
    form_urlencoded::byte_serialize(value.to_string().as_bytes()).collect()
}
