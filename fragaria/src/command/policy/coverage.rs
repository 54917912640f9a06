//! Which rules cases have tried: what each lets through, and what it holds back.

use super::stand::Stand;
use engine::{Explanation, Standing};
use model::{Action, Rule};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The sides of each rule, for each thing that it lets be done.
pub(super) struct Coverage(BTreeMap<Part, Sides>);

/// A type, a rule of it, and what is done.
type Part = (String, usize, Action);

/// What was seen of a rule.
#[derive(Debug)]
struct Sides {
    /// Whether it let something through.
    through: bool,
    /// Whether it held something back; a rule without a condition cannot.
    back: Option<bool>,
}

impl Sides {
    fn all(&self) -> impl Iterator<Item = bool> {
        [Some(self.through), self.back].into_iter().flatten()
    }
}

impl Coverage {
    /// Nothing was tried yet.
    pub(super) fn of(stand: &Stand) -> Self {
        let tables = stand.edition.schema.tables.iter();
        let parts = tables.flat_map(|table| {
            let rules = table.access.iter().enumerate();
            rules.flat_map(move |(index, rule)| {
                let actions = rule.allow.iter();
                actions.map(move |action| {
                    let part = (table.type_name.clone(), index, *action);
                    let back = has_condition(rule, *action).then_some(false);
                    let through = false;
                    (part, Sides { through, back })
                })
            })
        });
        Self(parts.collect())
    }

    /// Takes down what rules came to.
    pub(super) fn note(&mut self, explanation: &Explanation) {
        for rule in &explanation.rules {
            let action = Action::ALL
                .into_iter()
                .find(|action| action.name() == rule.action);
            let through = match rule.standing {
                Standing::Lets => true,
                Standing::HoldsBack => false,
                // Nobody has looked at its condition, which may be as wrong as it likes.
                Standing::NoClaim
                | Standing::OtherRoles
                | Standing::OtherAction
                | Standing::NotAsked => continue,
            };
            if let Some(action) = action {
                self.tried((&explanation.type_name, rule.rule, action), through);
            }
        }
    }

    /// Takes down what became of a write that one rule alone decided about.
    pub(super) fn note_write(&mut self, explanation: &Explanation, action: Action, done: bool) {
        let mut rules = explanation.rules.iter().filter(|rule| {
            let is_of = rule.action == action.name();
            is_of && !matches!(rule.standing, Standing::OtherRoles | Standing::OtherAction)
        });
        if let (Some(rule), None) = (rules.next(), rules.next()) {
            self.tried((&explanation.type_name, rule.rule, action), done);
        }
    }

    fn tried(&mut self, (type_name, rule, action): (&str, usize, Action), through: bool) {
        let part = (type_name.to_owned(), rule, action);
        let Some(sides) = self.0.get_mut(&part) else {
            return;
        };
        if through {
            sides.through = true;
        } else if let Some(back) = &mut sides.back {
            *back = true;
        }
    }

    /// How many sides were tried, and how many there are.
    pub(super) fn count(&self) -> (usize, usize) {
        let sides: Vec<_> = self.0.values().flat_map(Sides::all).collect();
        let tried = sides.iter().filter(|tried| **tried).count();
        (tried, sides.len())
    }

    /// How many of a hundred, rounded down; all where there are none.
    pub(super) fn percent(&self) -> usize {
        let (tried, all) = self.count();
        (tried * 100).checked_div(all).unwrap_or(100)
    }

    /// What was not tried, in words.
    pub(super) fn missing(&self, stand: &Stand) -> Vec<String> {
        self.untried()
            .map(|((type_name, rule, action), what)| {
                let place = stand.place(type_name, *rule);
                format!("{place}  {} {type_name}: {what}", action.name())
            })
            .collect()
    }

    /// All of it for a machine.
    pub(super) fn machine(&self, stand: &Stand) -> Value {
        let (tried, all) = self.count();
        let missing = self.untried().map(|((type_name, rule, action), what)| {
            json!({
                "place": stand.place(type_name, *rule),
                "type": type_name,
                "action": action.name(),
                "missing": what,
            })
        });
        let missing: Vec<_> = missing.collect();
        json!({ "percent": self.percent(), "tried": tried, "of": all, "untried": missing })
    }

    fn untried(&self) -> impl Iterator<Item = (&Part, &'static str)> {
        self.0.iter().flat_map(|(part, sides)| {
            let through = (!sides.through).then_some((part, "let nothing through"));
            let back = (sides.back == Some(false)).then_some((part, "held nothing back"));
            through.into_iter().chain(back)
        })
    }
}

/// Whether a rule looks at rows for what is done.
fn has_condition(rule: &Rule, action: Action) -> bool {
    match action {
        Action::Read | Action::Delete => rule.rows.is_some(),
        Action::Create | Action::Update => rule.rows.is_some() || rule.check.is_some(),
    }
}
