//! What rules say that roles may do, as the artefact holds them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A role that callers may hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its name, as callers bring it.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The role of the database that those who hold it act as there; all roles of a schema have
    /// one, or none has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
}

/// What is done with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Action {
    /// They are seen: shown, compared, counted.
    Read,
    /// They are added.
    Create,
    /// They are changed.
    Update,
    /// They are removed.
    Delete,
}

impl Action {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Read, Self::Create, Self::Update, Self::Delete];

    /// As schema files spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// How a cell is shown to those who may not see what is in it. A later one shows no more than an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mask {
    /// Its last characters.
    Partial,
    /// A hash of it, the same for the same text.
    Hash,
    /// NULL.
    Null,
}

impl Mask {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Partial, Self::Hash, Self::Null];

    /// As schema files spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Partial => "PARTIAL",
            Self::Hash => "HASH",
            Self::Null => "NULL",
        }
    }
}

/// A rule: what some roles may do with the rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Who: indexes into [`crate::Schema::roles`].
    pub roles: Vec<usize>,
    /// What they may do.
    pub allow: Vec<Action>,
    /// The columns it is about: indexes into [`crate::schema::Table::columns`].
    pub columns: Vec<usize>,
    /// The relations it is about: indexes into [`crate::schema::Table::relations`].
    pub relations: Vec<usize>,
    /// With which rows, as they are: a condition as `where` takes it, in GraphQL's own spelling;
    /// with all where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<String>,
    /// Which rows may come of it; any where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// What columns of written rows are given, whatever the caller says: a value each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<(usize, String)>,
    /// Most rows that one list, page or mutation brings by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_max: Option<i64>,
    /// Which of its columns are shown masked, and how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masks: Vec<(usize, Mask)>,
    /// The claims that its conditions and values look at: where each stands among the claims, and the
    /// GraphQL type that it is read as.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<(String, String)>,
}

impl Rule {
    /// Whether it lets one of these roles do that.
    pub fn lets(&self, roles: &[usize], action: Action) -> bool {
        self.allows(action) && self.is_for(roles)
    }

    /// Whether it is for one of these roles.
    pub fn is_for(&self, roles: &[usize]) -> bool {
        self.roles.iter().any(|role| roles.contains(role))
    }

    /// Whether it lets its roles do that.
    pub fn allows(&self, action: Action) -> bool {
        self.allow.contains(&action)
    }

    /// How it has that column masked.
    pub fn mask(&self, column: usize) -> Option<Mask> {
        let masked = self.masks.iter().find(|(masked, _)| *masked == column);
        masked.map(|(_, mask)| *mask)
    }

    /// Whether it shows that column as it is, in the rows that it is about.
    pub fn shows(&self, column: usize) -> bool {
        self.columns.contains(&column) && self.mask(column).is_none()
    }

    /// Whether it is what lets its roles write that column with a value of their own.
    pub fn lets_give(&self, action: Action, column: usize) -> bool {
        self.allows(action) && self.columns.contains(&column) && !self.sets(column)
    }

    /// Whether it gives that column a value, whatever the caller says.
    pub fn sets(&self, column: usize) -> bool {
        self.set.iter().any(|(set, _)| *set == column)
    }

    /// Whether it is about every row, whatever the caller claims.
    pub fn is_unconditional(&self) -> bool {
        self.rows.is_none() && self.claims.is_empty()
    }
}

/// What a caller may do with a table, a column or a relation. It is no part of the artefact, but of what one caller is
/// shown of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Which actions, by their place in [`Action::ALL`].
    allowed: [bool; 4],
    /// Whether it is seen in some of the rows only that are seen.
    is_partial: bool,
    /// Whether it is masked in others of them.
    is_masked: bool,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let allowed = Action::ALL
            .into_iter()
            .filter(|action| self.allows(*action));
        let allowed: Vec<_> = allowed.map(Action::name).collect();
        let partly = match (self.is_masked, self.is_partial) {
            (true, _) => ", masked",
            (false, true) => ", partly",
            (false, false) => "",
        };
        write!(f, "Grant({}{partly})", allowed.join(" "))
    }
}

impl Default for Grant {
    /// Whoever is held to no rule may do everything.
    fn default() -> Self {
        Self {
            allowed: [true; 4],
            is_partial: false,
            is_masked: false,
        }
    }
}

impl Grant {
    /// Nothing at all.
    pub const NOTHING: Self = Self {
        allowed: [false; 4],
        is_partial: false,
        is_masked: false,
    };

    /// Whether that may be done.
    pub fn allows(self, action: Action) -> bool {
        self.allowed[action as usize]
    }

    /// The same, with that allowed too.
    pub fn with(mut self, action: Action) -> Self {
        self.allowed[action as usize] = true;
        self
    }

    /// Whether it may be read in every row that is seen.
    pub fn reads_whole(self) -> bool {
        self.allows(Action::Read) && !self.is_partial
    }

    /// The same, seen in some of the rows only.
    pub fn partly(mut self) -> Self {
        self.is_partial = true;
        self
    }

    /// Whether some of what is shown of it is masked, so that nothing may be compared with it.
    pub fn is_masked(self) -> bool {
        self.is_masked
    }

    /// The same, masked in some of the rows.
    pub fn masked(mut self) -> Self {
        (self.is_partial, self.is_masked) = (true, true);
        self
    }

    /// The same without that.
    pub fn without(mut self, action: Action) -> Self {
        self.allowed[action as usize] = false;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_of_single_actions() {
        let grant = Grant::NOTHING.with(Action::Read).with(Action::Delete);
        let allowed = Action::ALL.map(|action| grant.allows(action));
        assert_eq!(allowed, [true, false, false, true]);
        assert_eq!(
            format!("{:?}", grant.partly()),
            "Grant(READ DELETE, partly)"
        );
        let masked = grant.masked();
        assert_eq!(format!("{masked:?}"), "Grant(READ DELETE, masked)");
        assert!(masked.is_masked() && !masked.reads_whole() && !grant.partly().is_masked());
        assert!(!grant.without(Action::Read).allows(Action::Read));
        assert!(
            Action::ALL
                .into_iter()
                .all(|action| Grant::default().allows(action))
        );
    }

    #[test]
    fn a_rule_is_for_its_roles_and_actions() {
        let rule = Rule {
            roles: vec![1, 3],
            allow: vec![Action::Read],
            columns: Vec::new(),
            relations: Vec::new(),
            rows: None,
            check: None,
            set: Vec::new(),
            rows_max: None,
            masks: Vec::new(),
            claims: Vec::new(),
        };
        assert!(rule.lets(&[0, 3], Action::Read));
        assert!(!rule.lets(&[0, 2], Action::Read));
        assert!(!rule.lets(&[1], Action::Update));
    }
}
