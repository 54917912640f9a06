//! The parameters of a GraphQL-over-HTTP request, from a URL or from a JSON body.

use model::{Fault, Kind};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What a client asks for.
#[derive(Debug)]
pub(crate) struct Parameters {
    /// The GraphQL document; empty where it is only named.
    pub(crate) document: String,
    /// How it is named, if it is.
    pub(crate) named: Option<Named>,
    /// Which of its operations.
    pub(crate) operation: Option<String>,
    /// A JSON object with the variables.
    pub(crate) variables: Option<Box<RawValue>>,
}

/// How a request names its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// By `documentId` and nothing else: the appendix on persisted documents.
    Id(String),
    /// By `extensions.persistedQuery.sha256Hash`, whose client registers what it sends beside it.
    Hash {
        /// The hash; where documents are trusted it can be any id of one.
        hash: String,
        /// Whether the document is not beside it.
        alone: bool,
    },
}

/// The body as it is sent; other members are reserved by the specification and ignored.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default)]
    query: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "documentId")]
    document_id: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "operationName")]
    operation: Option<&'a RawValue>,
    #[serde(borrow, default)]
    variables: Option<&'a RawValue>,
    #[serde(borrow, default)]
    extensions: Option<&'a RawValue>,
}

impl Parameters {
    /// Reads them from a JSON body.
    pub(crate) fn from_body(body: &[u8]) -> Result<Self, Fault> {
        let text =
            std::str::from_utf8(body).map_err(|_| fault("http.utf8", "the body is not UTF-8"))?;
        match text.trim_ascii_start().as_bytes().first() {
            None => return Err(fault("http.body_missing", "the body is empty")),
            Some(b'[') => return Err(fault("http.batching", "batching is not supported")),
            _ => {}
        }
        let members: Members<'_> = serde_json::from_str(text).map_err(|error| {
            fault(
                "http.json",
                format!("the body is not a request as a JSON object: {error}"),
            )
        })?;
        let extensions = members.extensions.map(|raw| object("extensions", raw));
        let id = members.document_id.map(|raw| string("documentId", raw));
        let document = members.query.map(|raw| string("query", raw)).transpose()?;
        let id = id.transpose()?;
        let named = named(id, extensions.transpose()?.as_deref(), document.as_deref())?;
        let operation = members
            .operation
            .map(|raw| string("operationName", raw))
            .transpose()?;
        Ok(Self {
            document: document.unwrap_or_default(),
            named,
            operation: operation.filter(|name| !name.is_empty()),
            variables: members
                .variables
                .map(|raw| object("variables", raw))
                .transpose()?,
        })
    }

    /// Reads them from the query of a URL.
    pub(crate) fn from_url(query: &str) -> Result<Self, Fault> {
        let (mut document, mut operation, mut id) = (None, None, None);
        let (mut variables, mut extensions) = (None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let slot = match &*name {
                "query" => &mut document,
                "documentId" => &mut id,
                "operationName" => &mut operation,
                "variables" => &mut variables,
                "extensions" => &mut extensions,
                _ => continue,
            };
            if slot.replace(value.into_owned()).is_some() {
                let message = format!("`{name}` is given more than once");
                return Err(fault("http.parameter", message));
            }
        }
        let extensions = decode("extensions", extensions)?;
        let named = named(id, extensions.as_deref(), document.as_deref())?;
        Ok(Self {
            document: document.unwrap_or_default(),
            named,
            operation: operation.filter(|name| !name.is_empty()),
            variables: decode("variables", variables)?,
        })
    }
}

/// A JSON object in a parameter of a URL; `null` and the empty text are as good as none.
fn decode(name: &str, text: Option<String>) -> Result<Option<Box<RawValue>>, Fault> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let raw: Option<&RawValue> = serde_json::from_str(&text)
        .map_err(|error| fault("http.json", format!("`{name}` is not JSON: {error}")))?;
    raw.map(|raw| object(name, raw)).transpose()
}

fn string(name: &str, raw: &RawValue) -> Result<String, Fault> {
    if !raw.get().starts_with('"') {
        return Err(fault(
            "http.parameter",
            format!("`{name}` must be a string"),
        ));
    }
    serde_json::from_str(raw.get())
        .map_err(|_| fault("http.parameter", format!("`{name}` is not a valid string")))
}

fn object(name: &str, raw: &RawValue) -> Result<Box<RawValue>, Fault> {
    if !raw.get().starts_with('{') {
        return Err(fault(
            "http.parameter",
            format!("`{name}` must be an object"),
        ));
    }
    Ok(raw.to_owned())
}

/// How a document is named by an id, or by extensions, beside which it may stand. What it is must be
/// said once.
fn named(
    id: Option<String>,
    extensions: Option<&RawValue>,
    document: Option<&str>,
) -> Result<Option<Named>, Fault> {
    let hash = extensions.map(persisted).transpose()?.flatten();
    let twice = |what| {
        Err(fault(
            "http.parameter",
            format!("`documentId` and {what} are given; give one"),
        ))
    };
    match (id, hash, document) {
        (Some(_), Some(_), _) => twice("a `sha256Hash`"),
        (Some(_), None, Some(_)) => twice("`query`"),
        (Some(id), None, None) if id.is_empty() => {
            Err(fault("http.parameter", "`documentId` must not be empty"))
        }
        (Some(id), None, None) => Ok(Some(Named::Id(plain(&id)))),
        (None, Some(hash), document) => Ok(Some(Named::Hash {
            hash,
            alone: document.is_none(),
        })),
        (None, None, Some(_)) => Ok(None),
        (None, None, None) => Err(missing()),
    }
}

/// An id without the prefix that says it is a SHA-256.
fn plain(id: &str) -> String {
    id.strip_prefix("sha256:").unwrap_or(id).to_owned()
}

/// The extensions that are looked at.
#[derive(Deserialize)]
struct Extensions<'a> {
    #[serde(borrow, default, rename = "persistedQuery")]
    persisted: Option<&'a RawValue>,
}

/// A document that is named as Apollo's clients do it.
#[derive(Deserialize)]
struct Persisted {
    version: u64,
    #[serde(rename = "sha256Hash")]
    hash: String,
}

/// The hash by which extensions name a document. They may have other members, but none that nobody could
/// have understood.
fn persisted(raw: &RawValue) -> Result<Option<String>, Fault> {
    if let Some(flaw) = engine::flaw(raw) {
        return Err(fault("http.parameter", format!("`extensions`: {flaw}")));
    }
    let wrong = || {
        let message = "`extensions.persistedQuery` must have a `version` of 1 and a `sha256Hash`";
        fault("http.parameter", message)
    };
    let extensions: Extensions<'_> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
    let Some(persisted) = extensions.persisted else {
        return Ok(None);
    };
    let persisted: Persisted = serde_json::from_str(persisted.get()).map_err(|_| wrong())?;
    if persisted.version != 1 || persisted.hash.is_empty() {
        return Err(wrong());
    }
    Ok(Some(persisted.hash))
}

fn missing() -> Fault {
    let message = "`query` is missing: send one, or name a document by `documentId`";
    fault("http.query_missing", message)
}

fn fault(code: &'static str, message: impl Into<String>) -> Fault {
    Fault::new(code, Kind::Malformed, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: impl AsRef<[u8]>) -> &'static str {
        Parameters::from_body(body.as_ref()).unwrap_err().code
    }

    #[test]
    fn a_body_gives_document_operation_and_variables() {
        let body = br#" {"query":"{ \"a\" }","operationName":"A","variables":{"n":12345678901234567890.10},
            "extensions":{},"other":1}"#;
        let parameters = Parameters::from_body(body).unwrap();
        assert_eq!(parameters.document, "{ \"a\" }");
        assert_eq!(parameters.operation.as_deref(), Some("A"));
        assert_eq!(
            parameters.variables.unwrap().get(),
            r#"{"n":12345678901234567890.10}"#
        );
    }

    #[test]
    fn null_is_as_good_as_none() {
        let body = r#"{"query":"{a}","operationName":null,"variables":null,"extensions":null}"#;
        let parameters = Parameters::from_body(body.as_bytes()).unwrap();
        assert!(parameters.operation.is_none() && parameters.variables.is_none());
    }

    #[test]
    fn a_body_that_is_not_well_formed_is_refused() {
        assert_eq!(code(""), "http.body_missing");
        assert_eq!(code(" "), "http.body_missing");
        assert_eq!(code(b"\xff\xfe"), "http.utf8");
        assert_eq!(code("[{\"query\":\"{a}\"}]"), "http.batching");
        for body in [
            "{",
            "nonsense",
            "\"text\"",
            "{\"query\":\"{a}\"} x",
            "{\"query\":\"\\ud800\"",
        ] {
            assert_eq!(code(body), "http.json", "{body}");
        }
        assert_eq!(code("{}"), "http.query_missing");
        assert_eq!(code("{\"query\":null}"), "http.query_missing");
    }

    #[test]
    fn a_parameter_of_the_wrong_type_is_refused() {
        for value in ["0", "true", "[]", "{}"] {
            assert_eq!(code(format!("{{\"query\":{value}}}")), "http.parameter");
            let body = format!("{{\"query\":\"{{a}}\",\"operationName\":{value}}}");
            assert_eq!(code(body), "http.parameter");
        }
        for name in ["variables", "extensions"] {
            for value in ["0", "true", "[]", "\"{}\""] {
                let body = format!("{{\"query\":\"{{a}}\",\"{name}\":{value}}}");
                assert_eq!(code(body), "http.parameter", "{name} {value}");
            }
        }
    }

    #[test]
    fn a_document_is_named_once() {
        let named = |body: &str| Parameters::from_body(body.as_bytes()).unwrap().named;
        let id = |id: &str| Some(Named::Id(id.to_owned()));
        assert_eq!(named(r#"{"documentId":"a"}"#), id("a"));
        assert_eq!(
            named(r#"{"documentId":"sha256:0a","query":null}"#),
            id("0a")
        );
        assert_eq!(named(r#"{"documentId":"x-a:b"}"#), id("x-a:b"));
        assert_eq!(named(r#"{"query":"{a}","documentId":null}"#), None);
        let hash = r#""extensions":{"persistedQuery":{"version":1,"sha256Hash":"0a","x":1},"y":2}"#;
        let by_hash = |alone| {
            let hash = "0a".to_owned();
            Some(Named::Hash { hash, alone })
        };
        assert_eq!(named(&format!("{{{hash}}}")), by_hash(true));
        assert_eq!(
            named(&format!("{{{hash},\"query\":\"{{a}}\"}}")),
            by_hash(false)
        );
        assert_eq!(
            named(r#"{"query":"{a}","extensions":{"persistedQuery":null}}"#),
            None
        );
        for bad in [
            r#"{"documentId":"a","query":"{a}"}"#.to_owned(),
            r#"{"documentId":"a","query":""}"#.to_owned(),
            r#"{"documentId":""}"#.to_owned(),
            r#"{"documentId":1}"#.to_owned(),
            r#"{"documentId":["a"]}"#.to_owned(),
            format!("{{\"documentId\":\"a\",{hash}}}"),
        ] {
            assert_eq!(code(&bad), "http.parameter", "{bad}");
        }
        for persisted in [
            "1",
            "[]",
            "{}",
            "\"0a\"",
            r#"{"version":1}"#,
            r#"{"version":2,"sha256Hash":"0a"}"#,
            r#"{"version":"1","sha256Hash":"0a"}"#,
            r#"{"version":1,"sha256Hash":""}"#,
            r#"{"version":1,"sha256Hash":["0a"]}"#,
            r#"{"version":1,"sha256Hash":"0a","sha256Hash":"0b"}"#,
        ] {
            let body = format!(
                "{{\"query\":\"{{a}}\",\"extensions\":{{\"persistedQuery\":{persisted}}}}}"
            );
            assert_eq!(code(&body), "http.parameter", "{persisted}");
        }
        let url = Parameters::from_url("documentId=a&variables=%7B%7D").unwrap();
        assert_eq!(url.named, id("a"));
        assert!(Parameters::from_url("documentId=a&documentId=b").is_err());
    }

    #[test]
    fn nesting_without_end_does_not_exhaust_the_stack() {
        let deep = "[".repeat(200_000);
        assert_eq!(code(format!("{{\"query\":{deep}")), "http.json");
        assert_eq!(code(format!("{{\"other\":{deep}")), "http.json");
    }

    #[test]
    fn a_url_gives_the_same() {
        let url = "query=%7Ba%7D&operationName=A&variables=%7B%22n%22%3A1%7D&x=1";
        let parameters = Parameters::from_url(url).unwrap();
        assert_eq!(parameters.document, "{a}");
        assert_eq!(parameters.operation.as_deref(), Some("A"));
        assert_eq!(parameters.variables.unwrap().get(), r#"{"n":1}"#);
        let bare = Parameters::from_url("query=%7Ba%7D&operationName=&variables=").unwrap();
        assert!(bare.operation.is_none() && bare.variables.is_none());
        for bad in [
            "",
            "variables=%7B%7D",
            "query=a&query=b",
            "query=a&variables=%5B%5D",
            "query=a&variables=x",
        ] {
            assert!(Parameters::from_url(bad).is_err(), "{bad}");
        }
    }
}
