//! What of a row is seen or written, and by which rules.

use super::reading::{Answers, agree};
use super::{Explaining, OfRule, Standing};
use crate::engine::Inexplicable;
use model::{Action, Mask, Rule};
use serde::Serialize;
use serde_json::Value as Json;

/// How a field of a row is seen, or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Sight {
    /// As it is.
    Shown,
    /// Masked.
    Masked,
    /// Not at all: it is in the API, and null in this row.
    Hidden,
    /// It is not in the API of the caller.
    NotOffered,
    /// The caller may give it a value.
    Written,
    /// It is given a value, whatever the caller says.
    Preset,
    /// It may not be written in this row.
    Kept,
}

/// What a field of a row is to the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OfField {
    /// The field.
    pub field: String,
    /// How it is seen, or written; nothing where there is no row to look at.
    pub sight: Option<Sight>,
    /// How it is masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask: Option<&'static str>,
    /// The rules that make it so, as they stand in the files.
    pub by: Vec<usize>,
    /// What the caller is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
}

impl OfField {
    fn new(field: &str, sight: Option<Sight>, by: Vec<usize>) -> Self {
        Self {
            field: field.to_owned(),
            sight,
            mask: None,
            by,
            value: None,
        }
    }
}

impl Explaining {
    /// What each field of the row is to the caller.
    pub(super) fn fields(
        &self,
        rules: &[OfRule],
        answers: Option<&Answers<'_>>,
    ) -> Result<Vec<OfField>, Inexplicable> {
        match self.action {
            Action::Delete => Ok(Vec::new()),
            Action::Read => {
                let mut fields = self.columns(rules, answers)?;
                fields.extend(self.relations(rules, answers)?);
                Ok(fields)
            }
            Action::Create | Action::Update => self.written(rules, answers),
        }
    }

    /// Rules that let the caller do what it does with the row, of those that are about something.
    fn letting(&self, rules: &[OfRule], is_about: impl Fn(&Rule) -> bool) -> Vec<usize> {
        let access = &self.declared().access;
        let letting = rules.iter().filter(|rule| {
            let is_of = rule.action == self.action.name() && rule.standing == Standing::Lets;
            is_of && is_about(&access[rule.rule])
        });
        letting.map(|rule| rule.rule).collect()
    }

    fn columns(
        &self,
        rules: &[OfRule],
        answers: Option<&Answers<'_>>,
    ) -> Result<Vec<OfField>, Inexplicable> {
        let mut fields = Vec::new();
        for (index, column) in self.declared().columns.iter().enumerate() {
            if !self.is_seen() || !column.grant.allows(Action::Read) {
                fields.push(OfField::new(
                    &column.field,
                    Some(Sight::NotOffered),
                    Vec::new(),
                ));
                continue;
            }
            let mut field = OfField::new(&column.field, None, Vec::new());
            if let Some(answers) = answers {
                self.look(&mut field, index, (rules, answers))?;
            }
            fields.push(field);
        }
        Ok(fields)
    }

    /// Tells how a column of the row is seen.
    fn look(
        &self,
        field: &mut OfField,
        column: usize,
        (rules, answers): (&[OfRule], &Answers<'_>),
    ) -> Result<(), Inexplicable> {
        let mask = |rule: &Rule| {
            let masks = rule.masks.iter().find(|(masked, _)| *masked == column);
            masks.map(|(_, mask)| *mask)
        };
        let ways = [
            None,
            Some(Mask::Partial),
            Some(Mask::Hash),
            Some(Mask::Null),
        ];
        let by = |way: Option<Mask>| {
            self.letting(rules, |rule| {
                rule.columns.contains(&column) && mask(rule) == way
            })
        };
        let found = ways.into_iter().map(|way| (way, by(way)));
        let mut found = found.filter(|(_, by)| !by.is_empty());
        let (way, by) = match found.next() {
            Some((way, by)) => (Some(way), by),
            None => (None, Vec::new()),
        };
        (field.sight, field.by) = match way {
            None => (Some(Sight::Hidden), by),
            Some(None) => (Some(Sight::Shown), by),
            Some(Some(_)) => (Some(Sight::Masked), by),
        };
        field.mask = way.flatten().map(Mask::name);
        let questions = &answers.asked.questions;
        let spot = |spots: &[(usize, _)]| {
            let of = spots.iter().find(|(known, _)| *known == column);
            of.map(|(_, spot)| *spot)
        };
        let shown = questions.shown.as_ref();
        let shown = shown.and_then(|(_, spots)| spot(spots));
        let (Some(shown), Some(stored)) = (shown, spot(&questions.stored)) else {
            return Ok(());
        };
        let (shown, stored) = (answers.shown(shown)?, answers.value(stored)?);
        let is_so = match way {
            None | Some(Some(Mask::Null)) => shown.is_null(),
            Some(None) => shown == stored,
            Some(Some(Mask::Partial | Mask::Hash)) => {
                // What is masked as short texts are may be one of them.
                let is_masked = shown != stored || shown == "***";
                shown.is_null() == stored.is_null() && (stored.is_null() || is_masked)
            }
        };
        agree(&format!("how {} is shown", field.field), true, is_so)?;
        if field.sight != Some(Sight::Hidden) {
            field.value = Some(shown.clone());
        }
        Ok(())
    }

    fn relations(
        &self,
        rules: &[OfRule],
        answers: Option<&Answers<'_>>,
    ) -> Result<Vec<OfField>, Inexplicable> {
        let mut fields = Vec::new();
        for (index, relation) in self.declared().relations.iter().enumerate() {
            let by = self.letting(rules, |rule| rule.relations.contains(&index));
            let spots = answers.map(|answers| &answers.asked.questions.relations);
            let spot = spots.and_then(|spots| spots.iter().find(|(known, _)| *known == index));
            let sight = match (answers, spot) {
                _ if !self.is_seen() || !relation.grant.allows(Action::Read) => {
                    fields.push(OfField::new(
                        &relation.field,
                        Some(Sight::NotOffered),
                        Vec::new(),
                    ));
                    continue;
                }
                (Some(answers), Some((_, spot))) => {
                    let seen = answers.seen()? && answers.holds(*spot)?;
                    let what = format!("whether {} is seen", relation.field);
                    agree(&what, !by.is_empty(), seen)?;
                    Some(if seen { Sight::Shown } else { Sight::Hidden })
                }
                _ => None,
            };
            fields.push(OfField::new(&relation.field, sight, by));
        }
        Ok(fields)
    }

    /// What each column is that may be written, or is given a value.
    fn written(
        &self,
        rules: &[OfRule],
        answers: Option<&Answers<'_>>,
    ) -> Result<Vec<OfField>, Inexplicable> {
        let mut fields = Vec::new();
        for (index, column) in self.declared().columns.iter().enumerate() {
            let sets = |rule: &Rule| rule.set.iter().any(|(set, _)| *set == index);
            let about = |rule: &Rule| rule.columns.contains(&index) || sets(rule);
            let by = self.letting(rules, about);
            let spots = answers.map(|answers| &answers.asked.questions.written);
            let spot = spots.and_then(|spots| spots.iter().find(|(known, _)| *known == index));
            let sight = if !column.grant.allows(self.action) {
                let presets = self.letting(rules, sets);
                Some(if presets.is_empty() {
                    Sight::NotOffered
                } else {
                    Sight::Preset
                })
            } else if let (Some(answers), Some((_, verdict))) = (answers, spot) {
                let may = answers.all(*verdict)?;
                self.compare_written(rules, (about, *verdict), answers)?;
                Some(if may { Sight::Written } else { Sight::Kept })
            } else {
                None
            };
            fields.push(OfField::new(&column.field, sight, by));
        }
        Ok(fields)
    }

    /// Holds what the rules about a column come to against what statements that write it do.
    fn compare_written(
        &self,
        rules: &[OfRule],
        (about, verdict): (impl Fn(&Rule) -> bool, crate::plan::explain::Verdict),
        answers: &Answers<'_>,
    ) -> Result<(), Inexplicable> {
        let access = &self.declared().access;
        let seen = answers.seen()?;
        let any = |holds: fn(&OfRule) -> bool| {
            let mut rules = rules
                .iter()
                .filter(|rule| rule.action == self.action.name() && about(&access[rule.rule]));
            seen && rules.any(holds)
        };
        if let Some(reached) = verdict.reached {
            let lets = any(|rule| rule.standing == Standing::Lets);
            agree("whether a column is reached", lets, answers.holds(reached)?)?;
        }
        if let Some(kept) = verdict.kept {
            let keeps = any(|rule| rule.keeps == Some(true));
            agree("whether a column may be so", keeps, answers.holds(kept)?)?;
        }
        Ok(())
    }
}
