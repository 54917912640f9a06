//! GraphQL over HTTP as the draft has it, and what is true of every response.

use crate::project::Project;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;

const JSON: &str = "content-type: application/json";
const NEW: &str = "accept: application/graphql-response+json";
const OLD: &str = "accept: application/json";
const QUERY: &[u8] = br#"{"query":"{ product(id: 1) { name } }"}"#;

#[test]
fn a_query_is_answered_by_post_and_by_get() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let expected = json!({ "data": { "product": { "name": "Strawberry" } } });
    assert_eq!(server.ask("POST /graphql", &[JSON], QUERY).json(), expected);
    let get = "GET /graphql?query=%7B%20product(id%3A%201)%20%7B%20name%20%7D%20%7D";
    assert_eq!(server.ask(get, &[], b"").json(), expected);
    let variables = br#"{"query":"query A($id: Int!) { product(id: $id) { name } }",
        "variables":{"id":1},"operationName":"A","extensions":{"x":1}}"#;
    assert_eq!(
        server.ask("POST /graphql", &[JSON], variables).json(),
        expected
    );
}

#[test]
fn a_member_that_is_given_twice_is_refused_wherever_it_stands() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let query = "query ($w: ProductWhere) { products(where: $w) { id } }";
    let refusal = |members: &str| {
        let body = format!("{{\"query\":\"{query}\",{members}}}");
        let answer = server.ask("POST /graphql", &[JSON], body.as_bytes());
        assert_eq!(answer.status, 400, "{members}");
        let message = answer.json()["errors"][0]["message"].clone();
        (answer.code(), message.as_str().unwrap().to_owned())
    };
    let told = |code: &str, message: &str| (code.to_owned(), message.to_owned());
    let twice = |name: &str| {
        let message = format!("variables: an object has more than one member \"{name}\"");
        told("request.variables", &message)
    };
    let ids = r#""variables":{"w":{"or":[{"id":{"eq":1,"eq":2}}]}}"#;
    assert_eq!(refusal(ids), twice("eq"));
    assert_eq!(refusal(r#""variables":{"w":{},"\u0077":null}"#), twice("w"));
    let message = "`extensions`: an object has more than one member \"a\"";
    let extensions = r#""extensions":{"x":[{"a":1,"a":1}]}"#;
    assert_eq!(refusal(extensions), told("http.parameter", message));
    for members in [r#""query":"{ a }""#, r#""variables":{},"variables":{}"#] {
        let (code, message) = refusal(members);
        assert_eq!(code, "http.json", "{members}");
        assert!(message.contains("duplicate field"), "{message}");
    }
    let get = |parameters: &str| {
        let path = format!("GET /graphql?query=%7B__typename%7D&{parameters}");
        let answer = server.ask(&path, &[], b"");
        (answer.status, answer.code())
    };
    let twice = "%7B%22a%22:1,%22a%22:2%7D";
    let refused = |code: &str| (400, code.to_owned());
    assert_eq!(
        get(&format!("variables={twice}")),
        refused("request.variables")
    );
    assert_eq!(
        get(&format!("extensions={twice}")),
        refused("http.parameter")
    );
    assert_eq!(get("query=%7Ba%7D"), refused("http.parameter"));
}

#[test]
fn variables_that_are_no_json_for_us_are_told_why() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let message = |variables: &str| {
        let body = format!(r#"{{"query":"{{ __typename }}","variables":{variables}}}"#);
        let answer = server.ask("POST /graphql", &[JSON], body.as_bytes());
        assert_eq!((answer.status, &*answer.code()), (400, "request.variables"));
        answer.json()["errors"][0]["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let half = "variables: a string has half of a surrogate pair";
    assert_eq!(message(r#"{"a":"\ud800"}"#), half);
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(100), "]".repeat(100));
    assert_eq!(message(&deep), "variables: it is nested deeper than 100");
}

#[test]
fn the_format_follows_what_the_client_accepts() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let format = |accept: &str| {
        let response = server.ask("POST /graphql", &[JSON, accept], QUERY);
        (response.status, response.header("content-type").to_owned())
    };
    let new = (
        200,
        "application/graphql-response+json; charset=utf-8".to_owned(),
    );
    let old = (200, "application/json; charset=utf-8".to_owned());
    assert_eq!(format(NEW), new);
    assert_eq!(format(OLD), old);
    assert_eq!(format("accept: */*"), old);
    assert_eq!(
        format("accept: application/json;q=0.5, application/graphql-response+json;q=0.6"),
        new
    );
    assert_eq!(format("accept: text/html").0, 406);
}

#[test]
fn an_invalid_document_is_a_bad_request_in_the_new_format_only() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    for body in [
        r#"{"query":"{"}"#,
        r#"{"query":"{ nothing }"}"#,
        r#"{"query":"query A { __typename } query B { __typename }"}"#,
        r#"{"query":"query ($id: Int!) { product(id: $id) { name } }","variables":{"id":null}}"#,
    ] {
        let new = server.ask("POST /graphql", &[JSON, NEW], body.as_bytes());
        assert_eq!(new.status, 400, "{body}");
        assert_eq!(new.json().get("data"), None, "{body}");
        let old = server.ask("POST /graphql", &[JSON, OLD], body.as_bytes());
        assert_eq!(old.status, 200, "{body}");
        assert!(old.code().contains('.'), "{body}");
    }
}

#[test]
fn a_request_that_is_not_well_formed_is_refused_in_every_format() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let batch = [b"[", QUERY, b"]"].concat();
    let cases: [(&[u8], &str); 5] = [
        (b"{", "http.json"),
        (b"\xff", "http.utf8"),
        (&batch, "http.batching"),
        (br#"{"query":1}"#, "http.parameter"),
        (br#"{"qeury":"{ __typename }"}"#, "http.query_missing"),
    ];
    for (body, code) in cases {
        for accept in [NEW, OLD] {
            let response = server.ask("POST /graphql", &[JSON, accept], body);
            assert_eq!((response.status, &*response.code()), (400, code));
        }
    }
    let plain = server.ask("POST /graphql", &["content-type: text/plain"], QUERY);
    assert_eq!((plain.status, &*plain.code()), (415, "http.content_type"));
    assert_eq!(server.ask("POST /graphql", &[], QUERY).status, 415);
    let packed = server.ask("POST /graphql", &[JSON, "content-encoding: gzip"], QUERY);
    assert_eq!(packed.status, 415);
}

#[test]
fn methods_that_are_not_allowed_name_those_that_are() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let put = server.ask("PUT /graphql", &[JSON], QUERY);
    assert_eq!((put.status, put.header("allow")), (405, "GET, POST"));
    let mutation = "GET /graphql?query=mutation%20%7B__typename%7D";
    let mutation = server.ask(mutation, &[], b"");
    assert_eq!((mutation.status, mutation.header("allow")), (405, "POST"));
    let addresses = server.get("/health").json();
    assert_eq!(addresses["ready"], "/health/ready");
    let health = server.ask("DELETE /health/live", &[], b"");
    assert_eq!((health.status, health.header("allow")), (405, "GET, HEAD"));
    assert_eq!(server.get("/nothing").status, 404);
}

#[test]
fn a_mutation_writes_by_post_and_a_conflict_nulls_data() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let create = r#"mutation { createProduct(input: { id: 9, name: "Currant" }) { name } }"#;
    let made = server.graphql(create);
    assert_eq!(
        made.json(),
        json!({ "data": { "createProduct": { "name": "Currant" } } })
    );
    let again = server.graphql(create);
    assert_eq!(again.status, 200);
    let body = again.json();
    assert_eq!(body["data"], json!(null));
    assert_eq!(body["errors"][0]["path"], json!(["createProduct"]));
    assert_eq!(again.code(), "store.unique");
}

#[test]
fn a_request_keeps_its_sane_id_in_the_response_and_in_the_log() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let response = server.ask("POST /graphql", &[JSON, "x-request-id: mine-1"], QUERY);
    assert_eq!(response.header("x-request-id"), "mine-1");
    let line = server.logged("request");
    assert_eq!(line["request_id"], "mine-1");
    assert_eq!(
        (&line["outcome"], &line["status"]),
        (&json!("ok"), &json!(200))
    );
    assert_eq!(line["bytes"], response.body.len());
    assert_eq!(line["artefact"].as_str().unwrap().len(), 64);
    let duration = line["duration_ms"].to_string();
    let (_, digits) = duration.split_once('.').unwrap();
    assert!(digits.len() <= 3, "{duration}");
    let insane = server.ask("POST /graphql", &[JSON, "x-request-id: <b>"], QUERY);
    assert!(insane.header("x-request-id").len() > 8);
}

#[test]
fn the_log_names_the_operation_and_never_a_variable() {
    let project = Project::small();
    let server = project.serve(&["log.level=trace"]).ready();
    let body = br#"{"query":"query Find($name: String) { products(where: { name: { eq: $name } }) { id } }",
        "variables":{"name":"hunter2"}}"#;
    assert_eq!(server.ask("POST /graphql", &[JSON], body).status, 200);
    let lines = server.read_log("request");
    let line = loop_until_graphql(&server, lines);
    assert_eq!(line.last().unwrap()["operation"], "Find");
    assert!(!format!("{line:?}").contains("hunter2"));
}

/// At the finest level looks at the health are logged too.
fn loop_until_graphql(
    server: &crate::server::Server,
    mut lines: Vec<serde_json::Value>,
) -> Vec<serde_json::Value> {
    while lines.last().unwrap()["endpoint"] != "graphql" {
        lines.extend(server.read_log("request"));
    }
    lines
}

#[test]
fn other_names_than_this_machines_are_not_answered_to() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let mut client = server.client();
    client
        .send("GET /graphql?query={__typename} HTTP/1.1\r\nhost: evil.example\r\n\r\n")
        .unwrap();
    let response = client.response().unwrap();
    assert_eq!((response.status, &*response.code()), (421, "http.host"));
}

#[test]
fn a_request_has_one_host_header_and_it_names_a_host() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let ask = |target: &str, version: &str, headers: &str| {
        let mut client = server.client();
        let head = format!("GET {target} HTTP/{version}\r\n{headers}connection: close\r\n\r\n");
        client.send(head).unwrap();
        client.response().unwrap()
    };
    for path in [
        "/graphql?query={__typename}",
        "/health/live",
        "/",
        "/metrics",
    ] {
        let absolute = format!("http://localhost{path}");
        for (target, headers) in [
            (path, ""),
            (&absolute, ""),
            (path, "host: localhost\r\nhost: localhost\r\n"),
            (path, "host: localhost\r\nHost: evil.example\r\n"),
            (path, "host: localhost, evil.example\r\n"),
            (path, "host: me@localhost\r\n"),
            (path, "host: local host\r\n"),
            (path, "host: http://localhost/\r\n"),
            (path, "host: l\u{e4}calhost\r\n"),
        ] {
            let answer = ask(target, "1.1", headers);
            let told = (answer.status, &*answer.code());
            assert_eq!(told, (400, "http.host_header"), "{target} {headers:?}");
        }
        for (target, version, headers) in [
            (path, "1.1", "host: localhost:80\r\n"),
            (&absolute, "1.1", "host: localhost\r\n"),
            (path, "1.0", ""),
        ] {
            let answer = ask(target, version, headers);
            assert_eq!(answer.status, 200, "{target} {version} {headers:?}");
        }
    }
    assert_eq!(ask("/", "1.1", "host:\r\n").status, 421);
}

#[test]
fn the_console_is_a_page_that_may_load_nothing_from_elsewhere() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let page = server.get("/");
    assert_eq!(page.status, 200);
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    assert_eq!(page.header("x-frame-options"), "DENY");
    let script = server.get("/console/console.js");
    assert_eq!(
        (script.status, script.header("content-encoding")),
        (200, "gzip")
    );
    let tag = format!("if-none-match: {}", script.header("etag"));
    let again = server.ask("GET /console/console.js", &[&tag], b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
    let without = project.serve(&["console.enabled=false"]).ready();
    assert_eq!(without.get("/").status, 404);
}

#[test]
fn requests_are_counted_by_outcome() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    server.ask("POST /graphql", &[JSON], QUERY);
    server.ask("POST /graphql", &[JSON], b"{");
    let count = |outcome: &str| {
        let labels = format!("{{endpoint=\"graphql\",outcome=\"{outcome}\"}}");
        server.metric(&format!("fragaria_http_requests_total{labels}"))
    };
    assert_eq!((count("ok"), count("malformed")), (1, 1));
    let metrics = server.get("/metrics");
    assert!(
        metrics
            .header("content-type")
            .starts_with("application/openmetrics-text")
    );
    assert!(metrics.body.ends_with(b"# EOF\n"));
}

#[tokio::test]
async fn http_2_is_spoken_without_upgrade() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let stream = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::post(format!("http://{}/graphql", server.address))
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from_static(QUERY)))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.version(), hyper::Version::HTTP_2);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, &br#"{"data":{"product":{"name":"Strawberry"}}}"#[..]);
}
