//! Pages of other sites: they may ask only where their origin is listed, and are told nothing else.

use super::{JSON, counted};
use crate::client::Response;
use crate::project::Project;
use crate::server::Server;

const QUERY: &[u8] = br#"{"query":"{ __typename }"}"#;
const GET: &str = "GET /graphql?query=%7B__typename%7D";
const APP: &str = "origin: https://app.example";
const LISTED: &str = "server.cors.origins=[\"https://app.example\", \"http://localhost:3000\"]";

fn get(server: &Server, headers: &[&str]) -> (u16, String) {
    let answer = server.ask(GET, headers, b"");
    let code = if answer.status == 200 {
        String::new()
    } else {
        answer.code()
    };
    (answer.status, code)
}

fn refused(code: &str) -> (u16, String) {
    (403, code.to_owned())
}

#[test]
fn a_page_of_another_site_sends_no_request_in_the_name_of_its_user() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let fine = (200, String::new());
    for ours in [
        &[][..],
        &["sec-fetch-site: same-origin"],
        &["sec-fetch-site: none"],
        &["origin: http://localhost"],
        &["sec-fetch-site: same-origin", "origin: http://localhost"],
    ] {
        assert_eq!(get(&server, ours), fine, "{ours:?}");
    }
    let foreign = [
        &["sec-fetch-site: cross-site"][..],
        &["sec-fetch-site: same-site"],
        &[
            "sec-fetch-site: cross-site",
            "sec-fetch-mode: no-cors",
            "accept: image/*, */*",
        ],
        &["sec-fetch-site: anything"],
        &["origin: http://localhost:3000"],
        &["origin: null"],
        &["origin: http://localhost", "sec-fetch-site: cross-site"],
        &[APP],
    ];
    for headers in foreign {
        assert_eq!(
            get(&server, headers),
            refused("http.cross_site"),
            "{headers:?}"
        );
        let headers = [headers, &[JSON]].concat();
        let post = server.ask("POST /graphql", &headers, QUERY);
        assert_eq!((post.status, &*post.code()), (403, "http.cross_site"));
        assert!(!post.headers.contains_key("access-control-allow-origin"));
    }
    assert_eq!(
        counted(&server, "http.cross_site"),
        2 * foreign.len() as u64
    );
}

#[test]
fn what_a_form_can_send_is_not_taken_for_a_request() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    for form in [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
    ] {
        let header = format!("content-type: {form}");
        let answer = server.ask("POST /graphql", &[&header], QUERY);
        assert_eq!((answer.status, &*answer.code()), (415, "http.content_type"));
    }
}

#[test]
fn a_get_needs_a_header_that_no_form_can_send_where_that_is_wanted() {
    let project = Project::small();
    let server = project.serve(&["server.preflight_required=true"]).ready();
    let refused = (400, "http.preflight".to_owned());
    for headers in [
        &[][..],
        &["accept: application/json"],
        &["content-type: text/plain"],
    ] {
        assert_eq!(get(&server, headers), refused, "{headers:?}");
    }
    for headers in [
        "graphql-require-preflight: 1",
        "apollo-require-preflight: true",
        "x-apollo-operation-name: A",
        JSON,
    ] {
        assert_eq!(get(&server, &[headers]).0, 200, "{headers}");
    }
    assert_eq!(server.ask("POST /graphql", &[JSON], QUERY).status, 200);
}

#[test]
fn pages_of_listed_origins_ask_and_read() {
    let project = Project::small();
    let server = project.serve(&[LISTED]).ready();
    let asks = "access-control-request-method: POST";
    let preflight = server.ask("OPTIONS /graphql", &[APP, asks], b"");
    assert_eq!(preflight.status, 204);
    assert_eq!(
        preflight.header("access-control-allow-origin"),
        "https://app.example"
    );
    assert_eq!(
        preflight.header("access-control-allow-methods"),
        "GET, POST"
    );
    assert!(
        preflight
            .header("access-control-allow-headers")
            .contains("content-type")
    );
    assert_eq!(preflight.header("access-control-max-age"), "600");
    let answer = server.ask(
        "POST /graphql",
        &[APP, JSON, "sec-fetch-site: cross-site"],
        QUERY,
    );
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://app.example"
    );
    assert!(
        answer
            .header("access-control-expose-headers")
            .contains("x-request-id")
    );
    assert_eq!(answer.header("vary"), "origin");
    assert!(
        !answer
            .headers
            .contains_key("access-control-allow-credentials")
    );
    let failed = server.ask("POST /graphql", &[APP, JSON], b"{");
    assert_eq!(
        failed.header("access-control-allow-origin"),
        "https://app.example"
    );
    let plain = server.ask("POST /graphql", &[JSON], QUERY);
    assert_eq!((plain.status, plain.header("vary")), (200, "origin"));
}

#[test]
fn an_origin_is_listed_letter_by_letter_or_not_at_all() {
    let project = Project::small();
    let server = project
        .serve(&[LISTED, "server.cors.credentials=true"])
        .ready();
    let asks = "access-control-request-method: POST";
    let shares = |answer: &Response| answer.headers.contains_key("access-control-allow-origin");
    for origin in [
        "https://app.example.evil",
        "https://evil.example",
        "http://app.example",
        "https://app.example:8443",
        "https://APP.example",
        "https://app.example, https://evil.example",
        "null",
        "*",
    ] {
        let origin = format!("origin: {origin}");
        for (line, headers) in [
            ("OPTIONS /graphql", &[&*origin, asks][..]),
            ("POST /graphql", &[&*origin, JSON]),
        ] {
            let answer = server.ask(
                line,
                headers,
                if line.starts_with('P') { QUERY } else { b"" },
            );
            assert_eq!(
                (answer.status, &*answer.code()),
                (403, "http.cross_site"),
                "{origin}"
            );
            assert!(!shares(&answer), "{origin}");
        }
    }
    let twice = server.ask(
        "POST /graphql",
        &[APP, "origin: https://evil.example", JSON],
        QUERY,
    );
    assert!(twice.status == 403 && !shares(&twice));
    let listed = server.ask("POST /graphql", &[APP, JSON], QUERY);
    assert_eq!(listed.header("access-control-allow-credentials"), "true");
}

#[test]
fn no_page_is_answered_when_it_asks_whether_it_may_and_none_is_listed() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    let asks = "access-control-request-method: POST";
    let preflight = server.ask("OPTIONS /graphql", &[APP, asks], b"");
    assert!(preflight.status >= 400);
    assert!(
        !preflight
            .headers
            .keys()
            .any(|name| name.starts_with("access-control"))
    );
}

#[test]
fn a_star_is_no_origin() {
    let project = Project::small();
    for origins in [
        "[\"*\"]",
        "[\"https://*.example\"]",
        "[\"https://app.example/\"]",
    ] {
        let told = project.fail(&["config", "--set", &format!("server.cors.origins={origins}")]);
        assert!(told.contains("server.cors.origins"), "{told}");
    }
}

#[test]
fn every_answer_tells_browsers_to_take_it_for_nothing_else() {
    let project = Project::small();
    let server = project.serve(&[]).ready();
    for path in ["/", "/graphql", "/health/live", "/metrics", "/nothing"] {
        let answer = server.get(path);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
    }
}
