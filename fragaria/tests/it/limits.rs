//! What a request may ask, and what becomes of one that asks for more: a code in the answer, in the
//! log and in the metrics.

mod answers;
mod cost;
mod documents;
mod introspection;
mod load;
mod shares;
mod sites;
mod time;

use crate::server::Server;
use serde_json::{Value, json};

const JSON: &str = "content-type: application/json";

/// Sends a document with variables; the code and the message of its first error, if there is one.
fn told(server: &Server, document: &str, variables: &Value) -> Option<(String, String)> {
    let body = json!({ "query": document, "variables": variables }).to_string();
    let answer = server.ask("POST /graphql", &[JSON], body.as_bytes()).json();
    let error = answer["errors"].get(0)?;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Some((text(&error["extensions"]["code"]), text(&error["message"])))
}

/// How many requests ended with a code, as the metrics have it.
fn counted(server: &Server, code: &str) -> u64 {
    server.metric(&format!("fragaria_http_faults_total{{code=\"{code}\"}}"))
}

/// The code in the log of the last request for GraphQL.
fn logged(server: &Server) -> Value {
    loop {
        let line = server.logged("request");
        if line["endpoint"] == "graphql" {
            return line;
        }
    }
}
