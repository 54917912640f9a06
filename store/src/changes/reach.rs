//! What a change of one table changes in others: by foreign keys that cascade, by inheritance and
//! partitions, and by triggers, of which nobody knows what they do.

use super::generations::folded;
use model::{Act, Relation};
use std::collections::{BTreeSet, HashMap};

/// The tables of a database, and how far a change of each of them goes.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    tables: Vec<Reached>,
    named: HashMap<String, Vec<usize>>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    /// Its database schema; empty where databases have none.
    pub(crate) schema: String,
    pub(crate) name: String,
    /// Whether something of it that is not known is done when it is changed: a trigger or a rule.
    pub(crate) has_triggers: bool,
    /// Whether the feed tells all that happens to it.
    pub(crate) is_followed: bool,
    /// Whether policies of the database hold for us, which tell nobody what they look at.
    pub(crate) has_policies: bool,
    /// Tables of which rows change when that is done to rows of it.
    pub(crate) cascades: Vec<(Act, usize)>,
    /// Tables that hold its rows, or whose rows it holds.
    pub(crate) shares: Vec<usize>,
}

/// A relation between two tables of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tie {
    /// Rows of the second change when that is done to rows of the first.
    Cascade(Act),
    /// One is a part of the other.
    Part,
}

impl Reached {
    pub(crate) fn new(schema: &str, name: &str) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
            has_triggers: false,
            is_followed: true,
            has_policies: false,
            cascades: Vec::new(),
            shares: Vec::new(),
        }
    }
}

impl Reach {
    pub(crate) fn new(tables: Vec<Reached>) -> Self {
        let mut named: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, table) in tables.iter().enumerate() {
            named.entry(folded(&table.name)).or_default().push(index);
        }
        Self { tables, named }
    }

    /// Ties two tables; one that is not there is passed over.
    pub(crate) fn tie(&mut self, tie: Tie, from: [&str; 2], to: [&str; 2]) {
        let (Some(from), Some(to)) = (self.find(from), self.find(to)) else {
            return;
        };
        match tie {
            Tie::Cascade(act) => self.tables[from].cascades.push((act, to)),
            Tie::Part => {
                self.tables[from].shares.push(to);
                self.tables[to].shares.push(from);
            }
        }
    }

    fn find(&self, [schema, name]: [&str; 2]) -> Option<usize> {
        let named = self.named.get(&folded(name))?;
        let is = |index: &&usize| {
            let table = &self.tables[**index];
            table.schema == schema && table.name == name
        };
        // SQLite and, on some machines, MariaDB do not tell apart what differs in case alone.
        let exact = named.iter().find(is);
        let alike = named.first().filter(|_| named.len() == 1);
        exact.or(alike).copied()
    }

    /// The tables that a name may mean.
    fn meant<'r>(
        &'r self,
        schema: Option<&'r str>,
        name: &str,
    ) -> impl Iterator<Item = usize> + 'r {
        let named = self.named.get(&folded(name)).into_iter().flatten().copied();
        named.filter(move |index| {
            let own = &self.tables[*index].schema;
            schema.is_none_or(|schema| own.is_empty() || folded(own) == folded(schema))
        })
    }

    /// Whether what is written to a relation is known to be seen.
    pub(crate) fn is_followed(&self, relation: &Relation) -> bool {
        self.is_known(relation, |part| part.is_followed)
    }

    /// Whether it is known that no policies of the database hold for us in a relation.
    pub(crate) fn is_open(&self, relation: &Relation) -> bool {
        self.is_known(relation, |part| !part.has_policies)
    }

    fn is_known(&self, relation: &Relation, of: impl Fn(&Reached) -> bool) -> bool {
        let parts = self.of(
            (relation.schema.as_deref(), &relation.name),
            Act::Insert,
            false,
        );
        let parts = parts.unwrap_or_default();
        !parts.is_empty() && parts.into_iter().all(of)
    }

    /// All tables that change when that is done to rows of a relation, itself among them; `None`
    /// where nobody knows which, as something of it that is not known is done then.
    pub(crate) fn of(
        &self,
        (schema, name): (Option<&str>, &str),
        act: Act,
        triggers: bool,
    ) -> Option<Vec<&Reached>> {
        // What rows are changed by others is not told of these: they may go, or become others.
        let mut open: Vec<_> = self
            .meant(schema, name)
            .map(|table| (table, Some(act)))
            .collect();
        let mut seen: BTreeSet<_> = open.iter().copied().collect();
        while let Some((index, act)) = open.pop() {
            let table = &self.tables[index];
            if triggers && table.has_triggers {
                return None;
            }
            let follows = |on: &Act| act.is_none_or(|act| act == *on);
            let cascades = table.cascades.iter().filter(|(on, _)| follows(on));
            let cascades = cascades.map(|(_, next)| (*next, None));
            let shared = table.shares.iter().map(|next| (*next, act));
            for next in cascades.chain(shared) {
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        let reached: BTreeSet<_> = seen.into_iter().map(|(index, _)| index).collect();
        Some(reached.into_iter().map(|it| &self.tables[it]).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach() -> Reach {
        let mut tables = ["customers", "orders", "lines", "notes", "log", "log_2026"]
            .map(|name| Reached::new("shop", name));
        tables[3].has_triggers = true;
        let mut reach = Reach::new(tables.to_vec());
        for (tie, from, to) in [
            (Tie::Cascade(Act::Delete), "customers", "orders"),
            (Tie::Cascade(Act::Update), "orders", "lines"),
            (Tie::Cascade(Act::Delete), "lines", "orders"),
            (Tie::Part, "log", "log_2026"),
            (Tie::Part, "log", "missing"),
        ] {
            reach.tie(tie, ["shop", from], ["shop", to]);
        }
        reach
    }

    fn names(reach: &Reach, name: &str, act: Act) -> Option<Vec<String>> {
        let reached = reach.of((None, name), act, true)?;
        Some(reached.iter().map(|table| table.name.clone()).collect())
    }

    #[test]
    fn cascades_go_on_and_end_where_they_began() {
        let reach = reach();
        assert_eq!(
            names(&reach, "customers", Act::Delete).unwrap(),
            ["customers", "orders", "lines"]
        );
        for act in [Act::Insert, Act::Update] {
            assert_eq!(names(&reach, "customers", act).unwrap(), ["customers"]);
        }
        assert_eq!(
            names(&reach, "Lines", Act::Delete).unwrap(),
            ["orders", "lines"]
        );
        assert_eq!(
            names(&reach, "log_2026", Act::Insert).unwrap(),
            ["log", "log_2026"]
        );
        assert!(names(&reach, "others", Act::Delete).unwrap().is_empty());
    }

    #[test]
    fn behind_a_trigger_nothing_is_known() {
        let reach = reach();
        assert_eq!(names(&reach, "notes", Act::Insert), None);
        assert!(reach.of((None, "notes"), Act::Insert, false).is_some());
        let elsewhere = reach.of((Some("other"), "notes"), Act::Insert, true);
        assert!(elsewhere.unwrap().is_empty());
    }
}
