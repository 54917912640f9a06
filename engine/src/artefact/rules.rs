//! The rules of all tables as an artefact has them: those that are alike once.

use model::{Rule, Schema};
use std::collections::HashMap;
use std::sync::Arc;

/// The rules, and which of them each table has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shared {
    /// In the order in which tables have them first.
    pub(super) rules: Vec<Arc<Rule>>,
    /// Indexes of rules for each table; nothing where there are no rules.
    pub(super) held: Vec<Vec<usize>>,
}

impl Shared {
    pub(super) fn of(schema: &Schema) -> Self {
        let mut known: HashMap<&Rule, usize> = HashMap::new();
        // Most are shared in memory, too.
        let mut places: HashMap<*const Rule, usize> = HashMap::new();
        let (mut rules, mut held) = (Vec::new(), Vec::new());
        for table in &schema.tables {
            let of_table = table.access.iter().map(|rule| {
                *places.entry(Arc::as_ptr(rule)).or_insert_with(|| {
                    *known.entry(&**rule).or_insert_with(|| {
                        rules.push(Arc::clone(rule));
                        rules.len() - 1
                    })
                })
            });
            held.push(of_table.collect());
        }
        if rules.is_empty() {
            held.clear();
        }
        Self { rules, held }
    }

    /// Gives each table its rules.
    pub(super) fn give_to(&self, schema: &mut Schema) -> Result<(), String> {
        if self.held.len() != schema.tables.len() && !self.held.is_empty() {
            return Err("its rules are those of other tables".to_owned());
        }
        for (table, held) in schema.tables.iter_mut().zip(&self.held) {
            let rules = held.iter().map(|rule| self.rules.get(*rule).cloned());
            let rules: Option<_> = rules.collect();
            let missing = || {
                format!(
                    "the table {:?} has a rule that is not there",
                    table.type_name
                )
            };
            table.access = rules.ok_or_else(missing)?;
        }
        Ok(())
    }
}
