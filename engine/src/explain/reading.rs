//! What the database answered about a row.

use super::Asked;
use crate::engine::Inexplicable;
use crate::plan::explain::{Spot, Verdict};
use model::{Action, Fault, Kind};
use serde_json::Value as Json;

/// The answers to what was asked about a row.
pub(super) struct Answers<'a> {
    pub(super) asked: &'a Asked,
    data: &'a Json,
}

impl<'a> Answers<'a> {
    pub(super) fn new(asked: &'a Asked, data: &'a Json) -> Self {
        Self { asked, data }
    }

    /// Whether there is such a row.
    pub(super) fn is_there(&self) -> Result<bool, Inexplicable> {
        match self.data.get(&self.asked.questions.there) {
            Some(row) => Ok(!row.is_null()),
            None => Err(lost(&self.asked.questions.there)),
        }
    }

    /// Whether it is seen, by what shields statements.
    pub(super) fn seen(&self) -> Result<bool, Inexplicable> {
        self.holds(self.asked.questions.seen)
    }

    /// Whether its parts in other tables are seen, by the same.
    pub(super) fn is_whole(&self) -> Result<bool, Inexplicable> {
        self.holds(self.asked.questions.whole)
    }

    /// What the conditions of statements say of the row.
    pub(super) fn verdict(&self) -> Verdict {
        self.asked.questions.verdict
    }

    /// Whether that may be done with the row as it is.
    pub(super) fn allowed(&self, action: Action) -> Result<bool, Inexplicable> {
        match action {
            Action::Read => self.seen(),
            _ => self.all(self.verdict()),
        }
    }

    /// Whether both conditions of statements hold.
    pub(super) fn all(&self, verdict: Verdict) -> Result<bool, Inexplicable> {
        for spot in verdict.reached.into_iter().chain(verdict.kept) {
            if !self.holds(spot)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the statement that shows the row as the caller sees it gave one.
    pub(super) fn is_shown(&self) -> Result<bool, Inexplicable> {
        let Some((root, _)) = &self.asked.questions.shown else {
            return Ok(false);
        };
        let row = self.data.get(root).ok_or_else(|| lost(root))?;
        Ok(!row.is_null())
    }

    /// Whether a condition holds.
    pub(super) fn holds(&self, spot: Spot) -> Result<bool, Inexplicable> {
        let value = self.value(spot)?;
        value.as_bool().ok_or_else(|| lost(&value.to_string()))
    }

    /// A number of rows.
    pub(super) fn count(&self, spot: Spot) -> Result<String, Inexplicable> {
        let value = self.value(spot)?;
        Ok(match value {
            // Nothing is counted where no row leads there.
            Json::Null => "0".to_owned(),
            Json::String(number) => number.clone(),
            other => other.to_string(),
        })
    }

    /// A value.
    pub(super) fn value(&self, spot: Spot) -> Result<&'a Json, Inexplicable> {
        let (root, member) = spot.keys();
        let row = self.data.get(&root).ok_or_else(|| lost(&root))?;
        row.get(&member).ok_or_else(|| lost(&member))
    }

    /// The same of a row that is only shown where it is seen.
    pub(super) fn shown(&self, spot: Spot) -> Result<&'a Json, Inexplicable> {
        if self.is_shown()? {
            return self.value(spot);
        }
        Ok(&Json::Null)
    }
}

/// Refuses to explain what the server does not do.
pub(super) fn agree(what: &str, told: bool, is_so: bool) -> Result<(), Inexplicable> {
    if told == is_so {
        return Ok(());
    }
    let message = format!("{what}: the rules come to {told}, and its statements to {is_so}");
    Err(Inexplicable::Contradiction(message))
}

/// The database gave something else than what was asked for.
fn lost(what: &str) -> Inexplicable {
    let message = format!("the answer about the row lacks {what}");
    Fault::new("engine.internal", Kind::Internal, message).into()
}
