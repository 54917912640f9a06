//! What is wrong with a value, in the words of the configuration and not of the program.

use super::Config;
use super::keys::{self, Keys};
use serde::Deserialize as _;
use std::net::SocketAddr;
use toml::Value;

/// Longer texts are not repeated.
const TEXT_MAX: usize = 40;

/// The list that holds passwords, of which nothing is repeated.
const SECRET_LIST: &str = "tenancy.tenants";

/// Says what a key takes and what it was given.
pub(super) fn refusal(key: &str, value: &Value, keys: &Keys) -> String {
    if let (Some(Value::Array(_)), Value::Array(_)) = (keys.default_of(key), value) {
        return format!("{key}: {}", within(key, value));
    }
    if (key, value.is_str()) == (SECRET_LIST, true) {
        return format!("{key}: expected a list, found a text");
    }
    let expected = match keys.default_of(key) {
        None => "a section with keys of its own".to_owned(),
        Some(default) => expected(key, value, default),
    };
    format!("{key}: expected {expected}, found {}", found(value))
}

fn expected(key: &str, value: &Value, default: &Value) -> String {
    match (default, value) {
        (Value::Boolean(_), _) => "true or false".to_owned(),
        (Value::Array(_), _) => "a list".to_owned(),
        (Value::Integer(_), Value::Integer(1..)) => "a smaller number".to_owned(),
        (Value::Integer(_), _) => "a whole number, 0 or more".to_owned(),
        (Value::String(text), _) if text.parse::<SocketAddr>().is_ok() => {
            format!("an address and a port, such as {text}")
        }
        _ => choice(key).unwrap_or_else(|| "a text".to_owned()),
    }
}

/// What is wrong inside a list, as its declaration says it.
fn within(key: &str, value: &Value) -> String {
    let items = value.as_array().into_iter().flatten();
    if key == SECRET_LIST && items.into_iter().any(|item| !item.is_table()) {
        return "each is a section with keys of its own".to_owned();
    }
    let outcome = Config::deserialize(keys::nest(key, value.clone()));
    outcome
        .err()
        .map_or_else(String::new, |error| error.message().replace('`', ""))
}

/// The values of a key that takes just a few; asked of its declaration with one it cannot know.
fn choice(key: &str) -> Option<String> {
    let nonsense = Value::String("\u{0}".to_owned());
    let error = Config::deserialize(keys::nest(key, nonsense)).err()?;
    let (_, values) = error.message().rsplit_once("expected ")?;
    Some(values.replace('`', ""))
}

fn found(value: &Value) -> String {
    match value {
        Value::String(text) if text.chars().count() > TEXT_MAX => "a long text".to_owned(),
        Value::String(text) => format!("the text {text:?}"),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => value.to_string(),
        Value::Datetime(_) => "a date".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a section".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_inside_a_list_is_told() {
        let keys = Keys::known();
        for (key, value, expected) in [
            ("auth.issuers", "5", "expected a list, found 5"),
            (
                "auth.issuers",
                "[{ audiense = 'x' }]",
                "unknown field audiense, expected one of issuer, audience, jwks_url, algorithms, \
                 leeway_seconds, roles_claim, tenant_claim, name_claim",
            ),
            (
                "auth.issuers",
                "[{ algorithms = ['HS256'] }]",
                "unknown variant HS256, expected one of RS256, RS384, RS512, PS256, PS384, PS512, \
                 ES256, ES384, EdDSA, Ed25519",
            ),
        ] {
            let value: Value = value.parse().unwrap();
            assert_eq!(refusal(key, &value, &keys), format!("{key}: {expected}"));
        }
    }

    #[test]
    fn nothing_of_a_list_with_passwords_is_repeated() {
        let keys = Keys::known();
        for value in [
            "'postgres://me:hunter2@db/acme'",
            "['postgres://me:hunter2@db/acme']",
            "[{ name = 'acme', url = ['postgres://me:hunter2@db/acme'] }]",
            "[{ name = 'acme', ulr = 'postgres://me:hunter2@db/acme' }]",
        ] {
            let value: Value = value.parse().unwrap();
            let told = refusal("tenancy.tenants", &value, &keys);
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_value_is_refused_in_the_words_of_the_configuration() {
        let keys = Keys::known();
        for (key, value, expected) in [
            (
                "console.enabled",
                "'yes'",
                "expected true or false, found the text \"yes\"",
            ),
            (
                "limits.depth_max",
                "'deep'",
                "expected a whole number, 0 or more, found the text \"deep\"",
            ),
            (
                "limits.depth_max",
                "-1",
                "expected a whole number, 0 or more, found -1",
            ),
            (
                "limits.depth_max",
                "1.5",
                "expected a whole number, 0 or more, found 1.5",
            ),
            (
                "server.header_bytes_max",
                "99999999999",
                "expected a smaller number, found 99999999999",
            ),
            (
                "server.listen",
                "8080",
                "expected an address and a port, such as 127.0.0.1:8080, found 8080",
            ),
            (
                "log.level",
                "'loud'",
                "expected one of error, warn, info, debug, trace, found the text \"loud\"",
            ),
            (
                "log.level",
                "5",
                "expected one of error, warn, info, debug, trace, found 5",
            ),
            (
                "database.postgres.pooler",
                "'x'",
                "expected none or transaction, found the text \"x\"",
            ),
            ("database.url", "[]", "expected a text, found a list"),
            ("rates.rules", "5", "expected a list, found 5"),
            (
                "server.cors.origins",
                "'*'",
                "expected a list, found the text \"*\"",
            ),
            (
                "server",
                "5",
                "expected a section with keys of its own, found 5",
            ),
        ] {
            let value: Value = value.parse().unwrap();
            let told = refusal(key, &value, &keys);
            assert_eq!(told, format!("{key}: {expected}"));
        }
    }
}
