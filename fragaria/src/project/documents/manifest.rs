//! Manifests of trusted documents, in the forms that the tools of clients write.

use super::Finding;
use engine::trusted::{Said, Source};
use model::Diagnostic;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What Apollo's manifests say they are.
const FORMAT: &str = "apollo-persisted-query-manifest";
/// The version of them that is known.
const VERSION: u64 = 1;
/// What there may be.
const HELP: &str = "a manifest is a JSON object of ids and texts, as those of Relay and graphql-codegen, or one \
                    of Apollo's, of the format apollo-persisted-query-manifest, version 1";

/// Apollo's manifest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Apollo {
    format: String,
    version: u64,
    operations: Vec<Operation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operation {
    id: String,
    name: String,
    #[serde(rename = "type")]
    kind: Kind,
    body: String,
    /// Which client it is of; any may name it.
    #[serde(rename = "clientName", default)]
    _client: Option<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Query,
    Mutation,
    /// Refused with its document.
    Subscription,
}

/// Reads the text of a manifest. Its documents are named by the file and their id.
pub(super) fn read(name: &str, text: &str) -> Result<Vec<Source>, Finding> {
    let broken = |error: serde_json::Error| refused(name, error.to_string(), offset(text, &error));
    let raw: &RawValue = serde_json::from_str(text).map_err(broken)?;
    if let Some(flaw) = engine::flaw(raw) {
        return Err(refused(name, flaw.to_string(), 0));
    }
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(broken)?;
    if members.contains_key("format") {
        let manifest: Apollo = serde_json::from_str(text).map_err(broken)?;
        return of_apollo(name, manifest);
    }
    let members: BTreeMap<String, String> = serde_json::from_str(text).map_err(broken)?;
    let sources = members.into_iter();
    let sources = sources.map(|(id, text)| source(name, id, text, None));
    Ok(sources.collect())
}

fn of_apollo(name: &str, manifest: Apollo) -> Result<Vec<Source>, Finding> {
    if (manifest.format.as_str(), manifest.version) != (FORMAT, VERSION) {
        let what = format!(
            "its format is {:?}, version {}, and {FORMAT:?}, version {VERSION}, is known",
            manifest.format, manifest.version
        );
        return Err(refused(name, what, 0));
    }
    let operations = manifest.operations.into_iter();
    let sources = operations.map(|operation| {
        let said = (operation.kind != Kind::Subscription).then_some(Said {
            name: operation.name,
            writes: operation.kind == Kind::Mutation,
        });
        source(name, operation.id, operation.body, said)
    });
    Ok(sources.collect())
}

fn source(file: &str, id: String, text: String, said: Option<Said>) -> Source {
    let shown: String = id.chars().take(80).collect();
    Source {
        name: format!("{file}#{shown}"),
        ids: vec![id],
        text,
        said,
    }
}

fn refused(name: &str, what: String, at: usize) -> Finding {
    let finding = Diagnostic::error("documents.manifest", what).help(HELP);
    Box::new(finding.at(name, at..at))
}

/// Where the parser stopped, in bytes.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive('\n');
    let lines = lines.take(error.line().saturating_sub(1));
    let before: usize = lines.map(str::len).sum();
    let at = (before + error.column().saturating_sub(1)).min(text.len());
    let whole = (0..=at).rev().find(|at| text.is_char_boundary(*at));
    whole.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_give_ids_and_texts() {
        let plain = read("m.json", r#"{"0a": "{ a }", "0b": "{ b }"}"#).unwrap();
        let told = |source: &Source| {
            (
                source.name.clone(),
                source.ids.concat(),
                source.text.clone(),
            )
        };
        let first = ("m.json#0a".to_owned(), "0a".to_owned(), "{ a }".to_owned());
        assert_eq!((told(&plain[0]), plain.len()), (first, 2));
        let apollo = r#"{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [
            {"id": "1", "name": "A", "type": "mutation", "body": "mutation A { a }", "clientName": "web"}]}"#;
        let apollo = read("m.json", apollo).unwrap();
        let said = apollo[0].said.as_ref().unwrap();
        assert_eq!((said.name.as_str(), said.writes), ("A", true));
    }

    #[test]
    fn what_is_no_manifest_is_refused_where_it_goes_wrong() {
        for (text, what, at) in [
            ("{\n \"a\": 1}", "invalid type", 8),
            ("[]", "invalid type", 0),
            (
                "{\"a\": \"{a}\", \"a\": \"{b}\"}",
                "more than one member",
                0,
            ),
            (
                r#"{"format": "other", "version": 1, "operations": []}"#,
                "its format is",
                0,
            ),
            (
                r#"{"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}"#,
                "version 2",
                0,
            ),
            (
                r#"{"format": "x", "version": 1, "operation": []}"#,
                "unknown field",
                40,
            ),
        ] {
            let finding = read("m.json", text).unwrap_err();
            assert!(
                finding.message.contains(what),
                "{text}: {}",
                finding.message
            );
            assert_eq!(finding.place.unwrap().span, at..at, "{text}");
        }
    }
}
