//! What is told: the worst first.

use super::indexes::{Now, Proposal, Reason};
use super::plans::{Looked, Planned};
use super::subject::Subject;
use crate::count::count;
use crate::project::display;
use crate::snippet;
use crate::terminal::Terminal;
use engine::{Asker, Left, Why};
use model::{Diagnostic, Work};
use serde_json::{Value, json};

/// Most reasons that are told of one index.
const REASONS_MAX: usize = 5;

/// What is told.
pub(super) struct Report<'r> {
    pub(super) subject: &'r Subject,
    pub(super) looked: &'r Looked,
    pub(super) findings: &'r [Diagnostic],
    pub(super) rows_min: u64,
    /// Whether the plans were written down.
    pub(super) recorded: bool,
}

/// Somebody who asks, as people call it.
pub(super) fn called(asker: &Asker) -> String {
    match asker {
        Asker::Field(name) => format!("Query.{name}"),
        Asker::Document {
            hash,
            id,
            operation,
        } => {
            let id = id.as_deref().unwrap_or(hash);
            let operation = operation.as_ref().map(|name| format!(" ({name})"));
            format!("the document {id}{}", operation.unwrap_or_default())
        }
    }
}

impl Report<'_> {
    /// For machines.
    pub(super) fn json(&self) -> Value {
        let looked = self.looked;
        json!({
            "artefact": &*self.subject.edition.hash,
            "server": looked.statistics.server,
            "rowsMin": self.rows_min,
            "plans": looked.planned.len(),
            "recorded": self.recorded.then(|| display(&self.subject.plans)),
            "indexes": looked.proposals.iter().map(|one| self.proposal(one)).collect::<Vec<_>>(),
            "findings": snippet::json(self.findings, &self.subject.texts),
            "left": looked.left.iter().chain(&looked.refused).map(left).collect::<Vec<_>>(),
            "over": looked.over,
        })
    }

    fn proposal(&self, one: &Proposal) -> Value {
        let schema = &self.subject.edition.schema;
        let table = &schema.tables[one.table];
        let columns = one.parts.iter().map(|(column, descending)| {
            json!({ "name": table.columns[*column].name, "descending": descending })
        });
        json!({
            "sql": one.sql,
            "schema": table.schema,
            "table": table.name,
            "columns": columns.collect::<Vec<_>>(),
            "for": one.whys(),
            "rows": one.gain(),
            "tried": one.tried,
            "reasons": one.reasons.iter().map(|reason| self.reason(reason)).collect::<Vec<_>>(),
        })
    }

    fn reason(&self, reason: &Reason) -> Value {
        let one = &self.looked.planned[reason.planned];
        json!({
            "asker": called(&one.asker),
            "roles": one.roles,
            "now": reason.now.work,
            "rows": reason.now.rows,
        })
    }

    /// For people, and as a script: what is no statement is a comment.
    pub(super) fn told(&self, terminal: Terminal) -> String {
        let looked = self.looked;
        let proposals = looked.proposals.iter();
        let mut lines: Vec<_> = proposals.map(|one| self.told_of(one, terminal)).collect();
        lines.extend(self.told_of_left().iter().map(|left| comment(left)));
        let plans = count(looked.planned.len(), "plan");
        let indexes = match looked.proposals.len() {
            0 if looked.planned.is_empty() => "nothing was looked at".to_owned(),
            0 => "no index lacks".to_owned(),
            1 => "1 index is proposed".to_owned(),
            many => format!("{many} indexes are proposed"),
        };
        let server = &looked.statistics.server;
        let bound = self.rows_min;
        lines.push(comment(&format!(
            "{plans} of {server}: {indexes} (tables of fewer than {bound} rows are not looked at)"
        )));
        if self.recorded {
            let written = format!("wrote them to {}", display(&self.subject.plans));
            lines.push(comment(&written));
        }
        lines.join("\n")
    }

    fn told_of(&self, one: &Proposal, terminal: Terminal) -> String {
        let table = &self.subject.edition.schema.tables[one.table].name;
        let mut lines = vec![terminal.bold(&format!("{};", one.sql))];
        for reason in one.reasons.iter().take(REASONS_MAX) {
            let planned = &self.looked.planned[reason.planned];
            let asks = format!("{}: {}", who(planned), now(reason.now, table));
            lines.push(comment(&asks));
        }
        if let Some(more @ 1..) = one.reasons.len().checked_sub(REASONS_MAX) {
            lines.push(comment(&format!("and {more} more")));
        }
        let serves = one
            .whys()
            .into_iter()
            .map(word)
            .collect::<Vec<_>>()
            .join(", ");
        let serves = if serves.is_empty() {
            "an order".to_owned()
        } else {
            serves
        };
        let tried = if one.tried {
            "tried in a copy without rows: the plans make use of it"
        } else {
            "not tried"
        };
        lines.push(comment(&format!("for {serves}; {tried}")));
        lines.join("\n") + "\n"
    }

    /// What was not looked at.
    fn told_of_left(&self) -> Vec<String> {
        let looked = self.looked;
        let mut lines: Vec<_> = looked
            .left
            .iter()
            .chain(&looked.refused)
            .map(|left| format!("not looked at: {}: {}", called(&left.asker), left.why))
            .collect();
        if looked.over > 0 {
            let over = looked.over;
            lines.push(format!(
                "not looked at: {over} more, as --questions-max bounds them"
            ));
        }
        lines
    }
}

/// A line that is no statement, whatever the names in it hold.
fn comment(text: &str) -> String {
    let escaped = |character: char| match character {
        control if control.is_control() => control.escape_default().to_string(),
        other => other.to_string(),
    };
    let text: String = text.chars().map(escaped).collect();
    format!("-- {text}")
}

fn left(left: &Left) -> Value {
    json!({ "asker": called(&left.asker), "roles": left.roles, "why": left.why })
}

/// Somebody who asks, and as which roles.
pub(super) fn who(planned: &Planned) -> String {
    let who = called(&planned.asker);
    match planned.roles.as_slice() {
        [] => who,
        roles => format!("{who} for {}", roles.join(", ")),
    }
}

fn word(why: Why) -> &'static str {
    match why {
        Why::Rule => "an access rule",
        Why::Relation => "a relation",
        Why::Filter => "a condition",
    }
}

/// What a plan does today.
fn now(now: Now, table: &str) -> String {
    let rows = now.rows;
    match now.work {
        Work::Sort => format!("about {rows} rows of {table} are sorted"),
        Work::Walk => {
            format!("an index of about {rows} rows of {table} is walked until enough fit")
        }
        _ => format!("all of about {rows} rows of {table} are read"),
    }
}
