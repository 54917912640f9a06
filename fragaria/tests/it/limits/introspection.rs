//! Who may be told what the API has.

use super::told;
use crate::project::Project;
use crate::server::Server;
use serde_json::json;

const ASKING: [&str; 4] = [
    "{ __schema { queryType { name } } }",
    "{ products { id } __type(name: \"Product\") { name } }",
    "{ ...F } fragment F on Query { __schema { types { name } } }",
    "query ($no: Boolean = false) { __typename a: __schema @include(if: $no) { types { name } } }",
];
const MISTAKEN: &str = "{ product(id: 1) { nam } }";

/// Whether a server tells.
fn tells(server: &Server) -> bool {
    let (code, message) = told(server, MISTAKEN, &json!({})).unwrap();
    assert_eq!(code, "engine.invalid");
    let suggests = message.contains("did you mean `name`?");
    assert!(suggests || !message.contains("name"), "{message}");
    for document in ASKING {
        let refused = told(server, document, &json!({})).map(|(code, _)| code);
        let code = (!suggests).then(|| "engine.introspection".to_owned());
        assert_eq!(refused, code, "{document}");
    }
    assert_eq!(
        told(server, "{ __typename products { __typename } }", &json!({})),
        None
    );
    suggests
}

#[test]
fn nobody_is_told_what_there_is_where_nobody_may_be() {
    let project = Project::small();
    assert!(!tells(
        &project.serve(&["limits.introspection=nobody"]).ready()
    ));
    assert!(tells(
        &project.serve(&["limits.introspection=everyone"]).ready()
    ));
}

#[test]
fn callers_without_rules_are_told_and_so_is_everybody_in_development() {
    let project = Project::small();
    assert!(tells(&project.serve(&[]).ready()));
    assert!(tells(
        &project.dev(&["limits.introspection=nobody"]).ready()
    ));
}
