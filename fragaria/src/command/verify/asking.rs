//! Asks the server what the matrix wants to know, and judges what comes.

use super::report::{Failed, Outcome};
use crate::request;
use crate::server::Server;
use anyhow::{Context as _, Result, bail};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use std::sync::Arc;
use store::Reply;
use verify::bed::Bed;
use verify::matrix::{Cell, Check, Content, Group, cells};
use verify::offered::{Offered, QUESTION};
use verify::render::{Rendered, Variables, render};

/// The ways a request can be spelled; cells take turns with them.
const WAYS: [Variables; 3] = [Variables::None, Variables::Arguments, Variables::Leaves];

/// A server that is asked.
pub(super) struct Asking {
    server: Arc<Server>,
    /// What its API offers.
    offered: Offered,
}

impl Asking {
    /// Asks what it offers.
    pub(super) async fn of(server: Arc<Server>) -> Result<Self> {
        let question = Rendered {
            query: QUESTION.to_owned(),
            ..Rendered::default()
        };
        let data = match ask(&server, &question).await? {
            Ok(data) => data,
            Err(refused) => bail!("the API does not tell what it offers: {refused}"),
        };
        let offered = Offered::read(&data).context("the API tells strangely what it offers")?;
        Ok(Self { server, offered })
    }

    /// Tries all cells of a column type.
    pub(super) async fn outcomes(&self, bed: &Bed) -> Result<Vec<(Cell, Outcome)>> {
        let mut outcomes: Vec<(Cell, Outcome)> = Vec::new();
        let (mut operators, mut shapes) = (0, 0);
        for cell in cells(bed, &self.offered) {
            let last = outcomes.last().map(|(cell, _)| cell);
            if last.is_none_or(|last| last.operator != cell.operator) {
                (operators, shapes) = (operators + 1, 0);
            }
            let turn = WAYS[(operators + shapes) % WAYS.len()];
            // Where a condition stands in a plain list it is compared with all values.
            let outcome = if cell.group == Group::Conditions && shapes == 0 {
                let next = WAYS[(operators + shapes + 1) % WAYS.len()];
                self.outcome(&cell, &[turn, next]).await?
            } else {
                self.outcome(&cell, &[turn]).await?
            };
            outcomes.push((cell, outcome));
            shapes += 1;
        }
        Ok(outcomes)
    }

    /// Tries a cell in some spellings, up to the first that fails.
    async fn outcome(&self, cell: &Cell, ways: &[Variables]) -> Result<Outcome> {
        let checks = match &cell.content {
            Content::Checks(checks) => checks,
            Content::NotOffered(reason) => return Ok(Outcome::NotSupported(reason)),
            Content::Unknown => {
                let difference = "the matrix does not know what it means".to_owned();
                return Ok(Outcome::fail(Failed {
                    difference,
                    ..Failed::default()
                }));
            }
        };
        for way in (1..).zip(ways.iter().copied()) {
            if let Some(failed) = self.failed(checks, way).await? {
                return Ok(Outcome::fail(failed));
            }
        }
        Ok(Outcome::Pass)
    }

    /// The first of the requests that is not answered as it must be.
    async fn failed(&self, checks: &[Check], way: (u64, Variables)) -> Result<Option<Failed>> {
        let mut cursors = Vec::new();
        for check in checks {
            let rendered = render(&check.request, way, &cursors);
            let found = ask(&self.server, &rendered).await?;
            let difference = check
                .difference(&found)
                .or_else(|| check.keep(found.as_ref().ok()?, &mut cursors));
            if let Some(difference) = difference {
                return Ok(Some(Failed {
                    difference,
                    document: rendered.query,
                    variables: Value::Object(rendered.variables),
                    answer: found.unwrap_or_else(|errors| errors),
                }));
            }
        }
        Ok(None)
    }
}

/// The text of `data`, or that of the errors; a database that is away ends everything.
async fn ask(server: &Server, rendered: &Rendered) -> Result<Result<String, String>> {
    let body = json!({ "query": rendered.query, "variables": rendered.variables }).to_string();
    match request::ask(server, body.as_bytes()).await {
        Ok((Reply::Whole(data) | Reply::Replayed(data), _held)) => {
            Ok(Ok(String::from_utf8(data.into())?))
        }
        Ok((Reply::Stream(chunks), _held)) => {
            let parts: Vec<_> = chunks.try_collect().await?;
            Ok(Ok(String::from_utf8(parts.concat())?))
        }
        Err(refusal) if refusal.is_away() => bail!("the database went away: {refusal}"),
        Err(refusal) => Ok(Err(refusal.to_string())),
    }
}
