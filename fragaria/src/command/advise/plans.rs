//! The plans of all that may be asked, as one database has them.

use super::indexes::{self, Proposal};
use super::subject::Subject;
use super::trial;
use crate::agreement;
use crate::cli::Advise;
use crate::snippet::Refused;
use crate::terminal::Terminal;
use anyhow::Result;
use engine::{Asked, Asker, Left, Question};
use model::{Level, QueryPlan, Schema, Statistics};
use store::{Database, Error};

/// What was looked at.
pub(super) struct Looked {
    pub(super) statistics: Statistics,
    /// The statements and their plans, by who asks them.
    pub(super) planned: Vec<Planned>,
    pub(super) proposals: Vec<Proposal>,
    /// What was not looked at, and why.
    pub(super) left: Vec<Left>,
    /// What the database gave no plan for, and why.
    pub(super) refused: Vec<Left>,
    /// How many questions were too many.
    pub(super) over: usize,
}

/// A statement and its plan.
pub(super) struct Planned {
    pub(super) asker: Asker,
    pub(super) roles: Vec<String>,
    /// Which statement of its operation it is.
    pub(super) place: usize,
    pub(super) asked: Asked,
    pub(super) plan: QueryPlan,
}

/// Asks for all plans, one after the other, and tries what would be better.
pub(super) async fn look(
    database: &Database,
    subject: &Subject,
    args: &Advise,
    terminal: Terminal,
) -> Result<Looked> {
    let schema = &subject.edition.schema;
    let progress = terminal.progress("reading the catalog of the database");
    let catalog = database
        .catalog()
        .await
        .map_err(|error| unreadable(subject, &error))?;
    let drift = engine::drift(schema, &catalog);
    let drift = agreement::placed(drift, &subject.texts);
    if drift.iter().any(|finding| finding.level == Level::Error) {
        let texts = subject.texts.clone();
        let diagnostics = drift;
        return Err(Refused { diagnostics, texts }.into());
    }
    let failed = |error: Error| subject.failed(&error);
    let statistics = database.statistics().await.map_err(failed)?;
    drop(progress);
    let (questions, left, over) = subject.edition.engine.questions(args.questions_max);
    let progress = terminal.steps("asking for plans", questions.len());
    let (mut planned, mut refused) = (Vec::new(), Vec::new());
    for question in questions {
        ask(database, schema, question, (&mut planned, &mut refused))
            .await
            .map_err(failed)?;
        progress.step();
    }
    drop(progress);
    let proposals = indexes::propose(schema, (&statistics, &planned), args.rows_min);
    let proposals = trial::tried(database, (schema, &planned), proposals, terminal).await;
    Ok(Looked {
        statistics,
        planned,
        proposals: proposals.map_err(failed)?,
        left,
        refused,
        over,
    })
}

fn unreadable(subject: &Subject, error: &Error) -> anyhow::Error {
    let what = format!("cannot read the catalog of the database: {error}");
    match subject.target.remedy(error) {
        Some(help) => crate::mend::failure(what, help),
        None => anyhow::anyhow!(what),
    }
}

/// Asks for the plans of one question; a statement that cannot be planned is told, and the next is asked.
async fn ask(
    database: &Database,
    schema: &Schema,
    question: Question,
    (planned, refused): (&mut Vec<Planned>, &mut Vec<Left>),
) -> Result<(), Error> {
    let Question {
        asker,
        roles,
        statements,
    } = question;
    for (place, asked) in statements.into_iter().enumerate() {
        let (asker, roles) = (asker.clone(), roles.clone());
        match database.plan(&asked.explained).await {
            Ok(mut plan) => {
                name_tables(schema, &asked, &mut plan);
                planned.push(Planned {
                    asker,
                    roles,
                    place,
                    asked,
                    plan,
                });
            }
            Err(error) if error.is_away() => return Err(error),
            Err(error) => refused.push(Left {
                asker,
                roles,
                why: format!("the database gives no plan: {error}"),
            }),
        }
    }
    Ok(())
}

/// Names the tables of nodes, of which some databases tell but what the statement calls them.
pub(super) fn name_tables(schema: &Schema, asked: &Asked, plan: &mut QueryPlan) {
    for node in &mut plan.nodes {
        if node.table.is_some() {
            continue;
        }
        let known = asked
            .tables
            .iter()
            .find(|(alias, _)| node.alias.as_ref() == Some(alias));
        node.table = known.map(|(_, table)| schema.tables[*table].name.clone());
    }
}
