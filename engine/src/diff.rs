//! What a new schema changes in the API that clients of the old one see.

mod access;
mod documents;
mod functions;
mod shapes;
mod tables;
mod variants;

pub use documents::diff_documents;

use model::Schema;
use model::schema::Enum;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// A change of the API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// The type, or the field or value of it, that changes: `Customer.email`.
    pub at: String,
    /// Whether a request that was right, or a client that reads its answer, can now fail.
    pub breaking: bool,
    /// What changes, lower case, no full stop.
    pub what: String,
    /// Whether it is about what callers of a role may see or do, and so whether they gain by it.
    pub access: Option<Sight>,
}

/// What becomes of the rights of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sight {
    /// It may see or do what it might not.
    Gains,
    /// It may no longer see or do something, and nothing else instead.
    Loses,
    /// It may see or do something else: whether that is more is not known.
    Differs,
}

impl Sight {
    /// Whether a role has something by it that it had not, or may have.
    pub fn may_gain(self) -> bool {
        self != Self::Loses
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match (self.access, self.breaking) {
            (Some(sight), _) if sight.may_gain() => "access",
            (_, true) => "breaking",
            (_, false) => "safe",
        };
        write!(f, "{kind}: {}: {}", self.at, self.what)
    }
}

/// Lists what changes from the old to the new schema, by type and field.
///
/// Only the API counts: where a table lies and what its types are called in the database may
/// change freely, and so may descriptions.
pub fn diff(old: &Schema, new: &Schema) -> Vec<Change> {
    let mut changes = Changes::default();
    tables::compare(old, new, &mut changes);
    variants::unions(old, new, &mut changes);
    enums(old, new, &mut changes);
    scalars(old, new, &mut changes);
    shapes::compare(old, new, &mut changes);
    functions::compare(old, new, &mut changes);
    access::compare(old, new, &mut changes);
    changes.list.sort();
    changes.list
}

#[derive(Default)]
struct Changes {
    list: Vec<Change>,
}

impl Changes {
    fn breaking(&mut self, at: impl Into<String>, what: impl Into<String>) {
        self.list.push(Change {
            at: at.into(),
            breaking: true,
            what: what.into(),
            access: None,
        });
    }

    /// What becomes of the rights of a role; whoever has something no more can fail.
    fn access(&mut self, at: impl Into<String>, sight: Sight, what: impl Into<String>) {
        self.list.push(Change {
            at: at.into(),
            breaking: sight != Sight::Gains,
            what: what.into(),
            access: Some(sight),
        });
    }

    fn safe(&mut self, at: impl Into<String>, what: impl Into<String>) {
        self.list.push(Change {
            at: at.into(),
            breaking: false,
            what: what.into(),
            access: None,
        });
    }
}

/// Things of the old and the new side by name.
fn by_name<'a, T>(
    old: &'a [T],
    new: &'a [T],
    name: fn(&T) -> &str,
) -> BTreeMap<&'a str, (Option<&'a T>, Option<&'a T>)> {
    let mut both: BTreeMap<&str, (Option<&T>, Option<&T>)> = BTreeMap::new();
    for thing in old {
        both.entry(name(thing)).or_default().0 = Some(thing);
    }
    for thing in new {
        both.entry(name(thing)).or_default().1 = Some(thing);
    }
    both
}

fn enums(old: &Schema, new: &Schema, changes: &mut Changes) {
    for (name, sides) in by_name(&old.enums, &new.enums, |enumeration| &enumeration.type_name) {
        match sides {
            (Some(_), None) => changes.breaking(name, "the enum is removed"),
            (None, Some(_)) => changes.safe(name, "the enum is new"),
            (Some(old), Some(new)) => values(old, new, changes),
            (None, None) => {}
        }
    }
}

fn scalars(old: &Schema, new: &Schema, changes: &mut Changes) {
    for (name, sides) in by_name(&old.scalars, &new.scalars, |custom| &custom.type_name) {
        match sides {
            (Some(_), None) => changes.breaking(name, "the scalar is removed"),
            (None, Some(_)) => changes.safe(name, "the scalar is new"),
            (Some(was), Some(is)) if was.scalar != is.scalar => {
                let (was, is) = (was.scalar, is.scalar);
                changes.breaking(name, format!("the scalar is written as {is}, was as {was}"));
            }
            _ => {}
        }
    }
}

fn values(old: &Enum, new: &Enum, changes: &mut Changes) {
    for (name, sides) in by_name(&old.values, &new.values, |value| &value.name) {
        let at = format!("{}.{name}", old.type_name);
        match sides {
            (Some(_), None) => changes.breaking(at, "the value is removed"),
            (None, Some(_)) => {
                changes.safe(
                    at,
                    "the value is new; clients that tell all values apart must learn it",
                );
            }
            _ => {}
        }
    }
}
