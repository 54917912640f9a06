//! Who is asking.

use std::collections::BTreeSet;

/// The caller of a request, as every room sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who it is, in at most 255 bytes: the same whenever it asks, and nobody else's.
    pub name: Box<str>,
    /// The roles it holds; they decide which plans it may share.
    pub roles: Roles,
}

impl Caller {
    /// The one caller of a loopback server without access rules.
    pub fn development() -> Self {
        Self {
            name: "development".into(),
            roles: Roles::from_iter(["development"]),
        }
    }
}

/// A sorted set of role names: the access shape a plan is made for and never crosses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Roles(BTreeSet<Box<str>>);

impl Roles {
    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }
}

impl<'a> FromIterator<&'a str> for Roles {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        Self(names.into_iter().map(Box::from).collect())
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
        assert_ne!(one, Caller::development().roles);
    }
}
