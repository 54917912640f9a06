//! The key by which a client makes a repeated request known
//! (draft-ietf-httpapi-idempotency-key-header).

use super::parameters::Parameters;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use model::{Fault, Kind};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

/// Where it comes in.
const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// What goes out with the outcome of an earlier request.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Longest key, in letters.
const LENGTH_MAX: usize = 255;

/// The key of a request with these headers: the draft's quoted string, or the same without quotes.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<Box<str>>, Fault> {
    let mut given = headers.get_all(&HEADER).iter();
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => read(value).map(Some).ok_or_else(malformed),
        (Some(_), Some(_)) => Err(malformed()),
    }
}

fn read(value: &HeaderValue) -> Option<Box<str>> {
    let text = value.to_str().ok()?;
    let quoted = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let key = quoted.unwrap_or(text);
    // A quote or a backslash would be an escape in one spelling and itself in the other.
    let fits = |c: u8| c.is_ascii_graphic() && !matches!(c, b'"' | b'\\');
    ((1..=LENGTH_MAX).contains(&key.len()) && key.bytes().all(fits)).then(|| key.into())
}

fn malformed() -> Fault {
    let message = format!(
        "idempotency-key must be given once, with 1 to {LENGTH_MAX} visible ASCII letters that \
         are neither quotes nor backslashes"
    );
    Fault::new("request.idempotency_key", Kind::Malformed, message)
}

/// What tells one request from another: document, operation and variables, letter by letter, and as
/// what its caller asks, if it is held to rules. It is the same document however it is named.
pub(crate) fn fingerprint(document: &str, parameters: &Parameters, standing: &str) -> [u8; 32] {
    let variables = parameters.variables.as_deref().map(RawValue::get);
    let parts = [Some(document), parameters.operation.as_deref(), variables];
    let standing = (!standing.is_empty()).then_some(Some(standing));
    let mut digest = Sha256::new();
    for part in parts.into_iter().chain(standing) {
        // With its length before it no part can pass for the end of another; nothing has none.
        let length = part.map_or(u64::MAX, |text| text.len() as u64);
        digest.update(length.to_be_bytes());
        digest.update(part.unwrap_or_default());
    }
    digest.finalize().into()
}

/// Whose key it is: that of a caller, or of a caller who works for a tenant. Schemas of one database
/// have one table of keys, and a caller may work for several tenants.
pub(crate) fn whose(caller: &str, tenant: Option<&str>) -> Box<str> {
    let Some(tenant) = tenant else {
        return caller.into();
    };
    let mut digest = Sha256::new();
    digest.update((tenant.len() as u64).to_be_bytes());
    digest.update(tenant);
    digest.update(caller);
    store::hexadecimal(&digest.finalize()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Result<Option<Box<str>>, &'static str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        key(&headers).map_err(|fault| fault.code)
    }

    #[test]
    fn a_key_comes_with_quotes_or_without() {
        assert_eq!(of(&[]), Ok(None));
        let longest = "x".repeat(LENGTH_MAX);
        for bare in ["8e03978e-40d5-43dd-bc93-6894a57f9324", "!~;,=", &longest] {
            assert_eq!(of(&[bare]), Ok(Some(bare.into())));
            assert_eq!(of(&[&format!("\"{bare}\"")]), Ok(Some(bare.into())));
        }
    }

    #[test]
    fn a_malformed_key_is_refused() {
        let long = "x".repeat(LENGTH_MAX + 1);
        let quotes = ["\"\"", "\"", "\"a", "a\"", "a\"b", "a\\b", "\"a\";b=1"];
        for bad in ["", "a b", "schlüssel", &long].iter().chain(&quotes) {
            assert_eq!(of(&[bad]), Err("request.idempotency_key"), "{bad}");
        }
        assert_eq!(of(&["a", "a"]), Err("request.idempotency_key"));
    }

    #[test]
    fn any_other_letter_of_a_request_makes_another_fingerprint() {
        let of = |body: &str| {
            let parameters = Parameters::from_body(body.as_bytes()).unwrap();
            fingerprint(&parameters.document, &parameters, "")
        };
        let bodies = [
            r#"{"query":"ab"}"#,
            r#"{"query":"a","operationName":"b"}"#,
            r#"{"query":"ab","variables":{}}"#,
            r#"{"query":"ab","variables":{"n":1}}"#,
            r#"{"query":"ab","variables":{"n":1.0}}"#,
            r#"{"query":"ab","operationName":"a","variables":{"n":1}}"#,
        ];
        for (index, one) in bodies.iter().enumerate() {
            for (other_index, other) in bodies.iter().enumerate() {
                assert_eq!(of(one) == of(other), index == other_index, "{one} {other}");
            }
        }
        let spaced = r#" { "variables" : null, "query":"\u0061b", "extensions":{} }"#;
        assert_eq!(of(bodies[0]), of(spaced));
    }
}
