//! Why a caller may do something with a row, or may not: what each rule and each part of its condition
//! comes to, as the database tells it.
//!
//! What is told is held against what the conditions of the statements that the server runs say of the
//! same row in the same snapshot: where the two differ, there is no explanation but an error.

mod fields;
mod reading;
mod rules;

pub use fields::{OfField, Sight};
pub use rules::{OfRule, Standing, Told};

use crate::access::Shape;
use crate::bind::Bound;
use crate::engine::Inexplicable;
use crate::plan::explain::Questions;
use model::schema::Table;
use model::{Action, Claims};
use reading::{Answers, agree};
use serde::Serialize;
use serde_json::Value as Json;
use std::sync::Arc;

/// What is asked about a row and a caller.
pub struct Explaining {
    shape: Arc<Shape>,
    /// The roles of the caller that the schema has.
    held: Vec<usize>,
    claims: Claims,
    table: usize,
    action: Action,
    asked: Option<Asked>,
}

/// What the database is asked.
struct Asked {
    bound: Bound,
    questions: Questions,
}

/// Why a caller may do something with a row, or may not.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What is done.
    pub action: &'static str,
    /// Whether there is such a row; nothing where none was named.
    pub is_there: Option<bool>,
    /// Whether the caller may do that with it; nothing where no row was named, or is there.
    pub allowed: Option<bool>,
    /// Whether it is seen, without which nothing is done with it.
    pub seen: Option<bool>,
    /// False where a part of it in another table is not seen, as rows of several types have, so that it
    /// is not seen either; else nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole: Option<bool>,
    /// Why the API of the caller has nothing to do that by.
    pub not_offered: Option<String>,
    /// What the rules come to: those about seeing, and those about what is done.
    pub rules: Vec<OfRule>,
    /// What the caller sees of the row, or may write of it.
    pub fields: Vec<OfField>,
}

impl Explaining {
    /// A question about no row yet.
    pub(crate) fn new(
        shape: Arc<Shape>,
        (held, claims): (Vec<usize>, Claims),
        (table, action): (usize, Action),
    ) -> Self {
        Self {
            shape,
            held,
            claims,
            table,
            action,
            asked: None,
        }
    }

    /// The same, about a row that is looked at so.
    pub(crate) fn asking(self, bound: Bound, questions: Questions) -> Self {
        Self {
            asked: Some(Asked { bound, questions }),
            ..self
        }
    }

    /// What the database is asked; nothing where no row was named.
    pub fn bound(&self) -> Option<&Bound> {
        self.asked.as_ref().map(|asked| &asked.bound)
    }

    /// The columns and relations of the type.
    pub fn field_names(&self) -> Vec<&str> {
        let table = self.declared();
        let columns = table.columns.iter().map(|column| column.field.as_str());
        let relations = table.relations.iter();
        columns
            .chain(relations.map(|relation| relation.field.as_str()))
            .collect()
    }

    /// What the members of `data` tell that the database gave.
    pub fn told(&self, data: &Json) -> Result<Explanation, Inexplicable> {
        let answers = self.asked.as_ref().map(|asked| Answers::new(asked, data));
        let is_there = answers.as_ref().map(Answers::is_there).transpose()?;
        let answers = answers.filter(|_| is_there == Some(true));
        let rules = self.rules(answers.as_ref())?;
        let not_offered = self.not_offered();
        let seen = answers.as_ref().map(Answers::seen).transpose()?;
        let allowed = answers.as_ref().map(|answers| answers.allowed(self.action));
        let allowed = allowed.transpose()?;
        let whole = answers.as_ref().map(Answers::is_whole).transpose()?;
        let is_whole = whole != Some(false);
        let shown = answers.as_ref().filter(|_| is_whole);
        let explanation = Explanation {
            type_name: self.declared().type_name.clone(),
            action: self.action.name(),
            is_there,
            allowed: allowed.map(|allowed| allowed && is_whole && not_offered.is_none()),
            seen: seen.map(|seen| seen && is_whole && self.is_seen()),
            whole: whole.filter(|whole| !whole),
            not_offered,
            fields: self.fields(&rules, shown)?,
            rules,
        };
        if let Some(answers) = &answers {
            self.compare(&explanation.rules, answers)?;
        }
        Ok(explanation)
    }

    /// The table as the caller is shown it.
    fn declared(&self) -> &Table {
        &self.shape.schema.tables[self.table]
    }

    fn is_seen(&self) -> bool {
        self.declared().grant.allows(Action::Read)
    }

    /// Holds what the rules come to against what statements of the server do.
    fn compare(&self, rules: &[OfRule], answers: &Answers<'_>) -> Result<(), Inexplicable> {
        let any = |action: Action, holds: fn(&OfRule) -> bool| {
            let mut rules = rules.iter();
            rules.any(|rule| rule.action == action.name() && holds(rule))
        };
        let lets = |rule: &OfRule| rule.standing == Standing::Lets;
        let seen = any(Action::Read, lets);
        agree("whether the row is seen", seen, answers.seen()?)?;
        let verdict = answers.verdict();
        if let Some(reached) = verdict.reached {
            let may = seen && any(self.action, lets);
            agree("whether the row is reached", may, answers.holds(reached)?)?;
        }
        if let Some(kept) = verdict.kept {
            let may = seen && any(self.action, |rule| rule.keeps == Some(true));
            agree("whether the row may be so", may, answers.holds(kept)?)?;
        }
        if self.is_seen() {
            let shown = seen && answers.is_whole()?;
            agree("whether the row is shown", shown, answers.is_shown()?)?;
        }
        Ok(())
    }

    /// Why the API of the caller has nothing to do that by.
    fn not_offered(&self) -> Option<String> {
        let table = self.declared();
        let name = &table.type_name;
        if table.grant.allows(self.action) {
            return None;
        }
        let access = self.shape.access.as_ref();
        let rules = access.map_or(&[][..], |access| access.of(self.table));
        let verb = self.action.name();
        Some(if !table.writable && self.action != Action::Read {
            format!("{name} is a view, which is only read")
        } else if !rules.iter().any(|rule| rule.lets(self.action)) {
            format!("no rule for {name} lets a role of the caller {verb}")
        } else if !rules.iter().any(|rule| rule.lets(Action::Read)) {
            format!(
                "no rule for {name} lets a role of the caller READ, without which it does nothing"
            )
        } else if !self.is_seen() {
            format!(
                "nothing of {name} is seen: its rows are of several types, and another table they \
                 are in is not seen, or no rule is about a column"
            )
        } else {
            format!("a row of {name} needs a column that no rule lets the caller give")
        })
    }
}
