//! What each rule, and each part of its condition, comes to.

use super::Explaining;
use super::reading::{Answers, agree};
use crate::access::Claim;
use crate::engine::Inexplicable;
use crate::plan::explain::{Found, Judged, Part, Ruling};
use model::{Action, Rule};
use serde::Serialize;
use serde_json::Value as Json;

/// Longest value that is told, in characters.
const SHOWN_MAX: usize = 80;

/// How a rule stands to what is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// It lets the row be seen, or reached, or written so.
    Lets,
    /// Its condition does not hold of the row.
    HoldsBack,
    /// It needs a claim that the caller has not got.
    NoClaim,
    /// It is for other roles.
    OtherRoles,
    /// It lets something else be done.
    OtherAction,
    /// There is no row to look at.
    NotAsked,
}

/// What a rule comes to, for one thing that is done.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OfRule {
    /// Which of its type it is, as they stand in the files.
    pub rule: usize,
    /// What is done.
    pub action: &'static str,
    /// Whom it is for.
    pub roles: Vec<String>,
    /// How it stands to that.
    pub standing: Standing,
    /// Whether the row as it is could be what is written by it; nothing where nothing is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keeps: Option<bool>,
    /// Claims that the caller has not got.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<String>,
    /// Most rows at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows_max: Option<i64>,
    /// Its condition on the row as it is, as it is written.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub rows: Option<String>,
    /// The parts of that; all must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Told>,
    /// Its condition on the row as it is written, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// The parts of that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub check_parts: Vec<Told>,
}

/// What a part of a condition comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// What it says, in words.
    pub says: String,
    /// Whether it holds; nothing where it cannot be asked.
    pub holds: Option<bool>,
    /// What was found, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What it is made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Told>,
}

impl Explaining {
    /// What the rules come to: those about seeing, and those about what is done.
    pub(super) fn rules(&self, answers: Option<&Answers<'_>>) -> Result<Vec<OfRule>, Inexplicable> {
        let mut actions = vec![Action::Read, self.action];
        actions.dedup();
        let mut told = Vec::new();
        for (place, action) in actions.into_iter().enumerate() {
            let mut held = 0;
            for (index, rule) in self.declared().access.iter().enumerate() {
                let is_held = self.is_held(rule);
                let position = held;
                held += usize::from(is_held);
                // Of those about seeing only what is asked about is told in full.
                if action != self.action && !(is_held && rule.allow.contains(&action)) {
                    continue;
                }
                let mut of = self.of_rule((index, rule), action, is_held);
                if let (Standing::NotAsked, Some(answers)) = (of.standing, answers) {
                    let rulings = answers.asked.questions.rulings.get(place);
                    let ruling = rulings.and_then(|(_, rulings)| rulings.get(position)?.as_ref());
                    if let Some(ruling) = ruling {
                        self.judge(&mut of, ruling, answers)?;
                    }
                }
                told.push(of);
            }
        }
        Ok(told)
    }

    fn is_held(&self, rule: &Rule) -> bool {
        let is_held = |role: &usize| self.held.contains(role);
        rule.roles.iter().any(is_held)
    }

    /// A rule as far as it can be told without a row.
    fn of_rule(&self, (index, rule): (usize, &Rule), action: Action, is_held: bool) -> OfRule {
        let roles = rule.roles.iter();
        let names = roles.map(|role| self.shape.schema.roles[*role].name.clone());
        let standing = if !is_held {
            Standing::OtherRoles
        } else if !rule.allow.contains(&action) {
            Standing::OtherAction
        } else {
            Standing::NotAsked
        };
        let (rows, check) = match action {
            Action::Read | Action::Delete => (rule.rows.clone(), None),
            Action::Update => (rule.rows.clone(), rule.check.clone()),
            Action::Create => (None, rule.check.clone().or_else(|| rule.rows.clone())),
        };
        OfRule {
            rule: index,
            action: action.name(),
            roles: names.collect(),
            standing,
            keeps: None,
            lacks: Vec::new(),
            rows_max: rule.rows_max.filter(|_| action != Action::Create),
            rows,
            parts: Vec::new(),
            check,
            check_parts: Vec::new(),
        }
    }

    /// Tells what a rule comes to of the row.
    fn judge(
        &self,
        of: &mut OfRule,
        ruling: &Ruling,
        answers: &Answers<'_>,
    ) -> Result<(), Inexplicable> {
        let lacks = ruling.lacking.iter().map(|claim| self.lack(*claim));
        of.lacks = lacks.collect();
        let (rows, check) = (ruling.rows.as_ref(), ruling.check.as_ref());
        let (holds, parts) = self.judged(rows, answers)?;
        let (checks, check_parts) = self.judged(check, answers)?;
        (of.parts, of.check_parts) = (parts, check_parts);
        let has_claims = of.lacks.is_empty();
        let is_created = of.action == Action::Create.name();
        let lets = if is_created { checks } else { holds };
        of.standing = match (has_claims, lets) {
            (false, _) => Standing::NoClaim,
            (true, true) => Standing::Lets,
            (true, false) => Standing::HoldsBack,
        };
        let keeps = if check.is_some() { checks } else { holds };
        let is_written = is_created || of.action == Action::Update.name();
        of.keeps = is_written.then_some(has_claims && keeps);
        Ok(())
    }

    /// Whether a condition holds, and what its parts come to; all rows are as a rule without one wants.
    fn judged(
        &self,
        judged: Option<&Judged>,
        answers: &Answers<'_>,
    ) -> Result<(bool, Vec<Told>), Inexplicable> {
        let Some(judged) = judged else {
            return Ok((true, Vec::new()));
        };
        let parts = judged.parts.iter().map(|part| self.part(part, answers));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let Some(holds) = judged.holds else {
            return Ok((false, parts));
        };
        let holds = answers.holds(holds)?;
        if parts.iter().all(|part| part.holds.is_some()) {
            let all = parts.iter().all(|part| part.holds == Some(true));
            agree("a condition and its parts", all, holds)?;
        }
        Ok((holds, parts))
    }

    fn part(&self, part: &Part, answers: &Answers<'_>) -> Result<Told, Inexplicable> {
        let parts = part.parts.iter().map(|part| self.part(part, answers));
        Ok(Told {
            says: part.says.clone(),
            holds: part.holds.map(|holds| answers.holds(holds)).transpose()?,
            found: self.found(&part.found, answers)?,
            parts: parts.collect::<Result<_, _>>()?,
        })
    }

    fn found(&self, found: &Found, answers: &Answers<'_>) -> Result<Option<String>, Inexplicable> {
        Ok(Some(match found {
            Found::Nothing => return Ok(None),
            Found::Value(value, claims) => {
                let it = format!("it is {}", shown(answers.value(*value)?));
                let claims = claims.iter().filter_map(|claim| self.claim(*claim));
                let claims = claims.map(|claim| {
                    let value = self.claims.get(&claim.path).unwrap_or(&Json::Null);
                    format!(", the claim {} is {}", claim.path, shown(value))
                });
                it + &claims.collect::<String>()
            }
            Found::Partner(there) if answers.holds(*there)? => return Ok(None),
            Found::Partner(_) => "it leads to no row".to_owned(),
            Found::Rows(all, some) => {
                let (all, some) = (answers.count(*all)?, answers.count(*some)?);
                let rows = if all == "1" { "row" } else { "rows" };
                let have = if some == "1" { "has" } else { "have" };
                format!("it leads to {all} {rows}, of which {some} {have} that")
            }
            Found::Unclaimed(claims) => {
                let lacks = claims.iter().map(|claim| self.lack(*claim));
                lacks.collect::<Vec<_>>().join(", ")
            }
            Found::Unasked => "the rule has too many parts to look at each".to_owned(),
        }))
    }

    /// Why a claim is as good as none.
    fn lack(&self, claim: usize) -> String {
        let Some(claim) = self.claim(claim) else {
            return "a claim is missing".to_owned();
        };
        let (path, ty) = (&claim.path, &claim.ty);
        match self.claims.get(path) {
            None => format!("the caller has no claim {path}"),
            Some(value) => format!("the claim {path} is {}, which is no {ty}", shown(value)),
        }
    }

    fn claim(&self, index: usize) -> Option<&Claim> {
        self.shape.claims().get(index)
    }
}

/// A value, or its beginning.
fn shown(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
