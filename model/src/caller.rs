//! Who is asking, and what it may be shown to ask for.

use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;

/// What the names of those begin with who show an API key; others are named by an address, or by a word
/// without a colon.
const KEY: &str = "key:";

/// The caller of a request, as every room sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who it is, in at most 255 bytes: the same whenever it asks, and nobody else's.
    pub name: Box<str>,
    /// What decides about its rights; plans are never shared between different ones.
    pub rights: Rights,
    /// What is known of it, as JSON; rules compare rows with it.
    pub claims: Claims,
    /// Whose data it works with, where callers are told apart by tenant.
    pub tenant: Option<Box<str>>,
}

impl Caller {
    /// The name of whoever shows no credentials; nobody else has it.
    pub const ANONYMOUS: &str = "anonymous";

    /// Whether it showed no credentials.
    pub fn is_anonymous(&self) -> bool {
        *self.name == *Self::ANONYMOUS
    }

    /// The caller who shows the API key of that id.
    pub fn of_key(id: &str, rights: Rights, claims: Claims, tenant: Option<Box<str>>) -> Self {
        Self {
            name: format!("{KEY}{id}").into(),
            rights,
            claims,
            tenant,
        }
    }

    /// The id of its API key, if it shows one: nobody else has such a name.
    pub fn api_key(&self) -> Option<&str> {
        self.name.strip_prefix(KEY)
    }

    /// The one caller of a loopback server that is held to no rules.
    pub fn development() -> Self {
        Self {
            name: "development".into(),
            rights: Rights::All,
            claims: Claims::default(),
            tenant: None,
        }
    }
}

/// What decides about the rights of a caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rights {
    /// It is held to no rule. Nobody is that from the network but in development, on loopback.
    All,
    /// Those of its roles, and nothing else.
    Of(Roles),
}

/// A sorted set of role names: the access shape a plan is made for and never crosses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Roles(BTreeSet<Box<str>>);

impl Roles {
    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Whether that role is one of them.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

impl<'a> FromIterator<&'a str> for Roles {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        Self(names.into_iter().map(Box::from).collect())
    }
}

/// What is known of a caller: the claims of its token, the subject of its certificate, what its key
/// was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// The value at a path of names with dots between them, `org.tenant`; a name with dots in it is
    /// found whole first. Null is nothing.
    pub fn get(&self, path: &str) -> Option<&Value> {
        let inside = || {
            let mut parts = path.split('.');
            let first = parts.next().and_then(|name| self.0.get(name));
            parts.try_fold(first?, |at, name| at.as_object()?.get(name))
        };
        let found = self.0.get(path).or_else(inside);
        found.filter(|value| !value.is_null())
    }

    /// All of them, by name.
    pub fn all(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl fmt::Display for Claims {
    /// The JSON text of an object.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(&self.0).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl Claims {
    /// These claims, of a caller whose data is that of a tenant: the claim `tenant`, where nothing else
    /// is known by that name.
    pub fn of_tenant(mut claims: Map<String, Value>, tenant: Option<&str>) -> Self {
        if let Some(tenant) = tenant {
            claims
                .entry("tenant")
                .or_insert_with(|| Value::from(tenant));
        }
        Self(claims)
    }
}

impl From<Map<String, Value>> for Claims {
    fn from(claims: Map<String, Value>) -> Self {
        Self(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_one_access_shape_in_whatever_order_they_come() {
        let one = Roles::from_iter(["clerk", "auditor", "clerk"]);
        let other = Roles::from_iter(["auditor", "clerk"]);
        assert_eq!(one, other);
        assert!(one.names().eq(["auditor", "clerk"]));
        assert!(one.contains("clerk") && !one.contains("cler"));
        assert_ne!(Rights::Of(one), Caller::development().rights);
    }

    #[test]
    fn a_claim_is_found_by_its_path() {
        let text = r#"{"a": {"b": {"c": 1}, "n": null}, "https://x.example/y": "z"}"#;
        let claims: Map<String, Value> = serde_json::from_str(text).unwrap();
        let claims = Claims::from(claims);
        let text = |path| claims.get(path).map(ToString::to_string);
        assert_eq!(text("a.b.c").as_deref(), Some("1"));
        assert_eq!(text("https://x.example/y").as_deref(), Some("\"z\""));
        for path in ["", "a.", "a.x", "a.n", "a.b.c.d", "b", "A.b"] {
            assert_eq!(text(path), None, "{path}");
        }
    }
}
