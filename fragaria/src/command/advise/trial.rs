//! Indexes that are tried before they are proposed, where that touches nobody's data.

use super::indexes::{Proposal, Reason, ordered, sorts};
use super::plans::{Planned, name_tables};
use crate::terminal::Terminal;
use engine::Asked;
use model::{QueryPlan, Schema, Work};
use store::{Database, Error};

/// What statements and plans are about.
type Known<'k> = (&'k Schema, &'k [Planned]);

/// Tries proposals; one that no plan makes use of is dropped.
pub(super) async fn tried(
    database: &Database,
    known: Known<'_>,
    proposals: Vec<Proposal>,
    terminal: Terminal,
) -> Result<Vec<Proposal>, Error> {
    let progress = terminal.steps("trying indexes in a copy without rows", proposals.len());
    let mut kept = Vec::with_capacity(proposals.len());
    for one in &proposals {
        let mut one = one.clone();
        match served(database, known, (&one, &proposals)).await {
            Ok(Some(reasons)) => {
                one.reasons = reasons;
                one.tried = true;
            }
            Ok(None) => {}
            Err(error) if error.is_away() => return Err(error),
            // What cannot be copied, as a module of its own, is not tried.
            Err(error) => tracing::debug!(%error, "an index was not tried"),
        }
        progress.step();
        if !one.reasons.is_empty() {
            kept.push(one);
        }
    }
    drop(progress);
    Ok(ordered(kept))
}

/// The reasons of a proposal that it serves; `None` where that cannot be tried.
async fn served(
    database: &Database,
    known: Known<'_>,
    (one, all): (&Proposal, &[Proposal]),
) -> Result<Option<Vec<Reason>>, Error> {
    let sql = vec![one.sql.clone()];
    let Some(alone) = plans(database, known, (&sql, &one.reasons)).await? else {
        return Ok(None);
    };
    let (mut mended, mut left) = (Vec::new(), Vec::new());
    for (reason, plan) in one.reasons.iter().zip(&alone) {
        let is_mended = is_mended(plan, reason);
        let side = if is_mended { &mut mended } else { &mut left };
        side.push(reason.clone());
    }
    // Each of several alternatives wants its index before any of them is of use.
    let beside = all.iter().filter(|other| other.name != one.name);
    let beside = beside.filter(|other| left.iter().any(|reason| is_beside(other, reason)));
    let beside: Vec<_> = beside.map(|other| other.sql.clone()).collect();
    if beside.is_empty() {
        return Ok(Some(mended));
    }
    let together = plans(database, known, (&[sql, beside].concat(), &left)).await?;
    for (reason, plan) in left.into_iter().zip(together.iter().flatten()) {
        let is_used = plan
            .reading(&reason.want.alias)
            .any(|node| node.index.as_ref() == Some(&one.name));
        if is_used && is_mended(plan, &reason) {
            mended.push(reason);
        }
    }
    Ok(Some(mended))
}

/// The plans of the statements of some reasons, if there were indexes more.
async fn plans(
    database: &Database,
    (schema, planned): Known<'_>,
    (indexes, reasons): (&[String], &[Reason]),
) -> Result<Option<Vec<QueryPlan>>, Error> {
    let asked = reasons.iter().map(|it| &planned[it.planned].asked);
    let asked: Vec<&Asked> = asked.collect();
    let explained: Vec<_> = asked.iter().map(|asked| asked.explained.clone()).collect();
    let mut plans = database.plans_with(indexes, &explained).await?;
    let pairs = plans.iter_mut().flatten().zip(&asked);
    pairs.for_each(|(plan, asked)| name_tables(schema, asked, plan));
    Ok(plans)
}

/// Whether a proposal is for another alternative of the same condition.
fn is_beside(other: &Proposal, reason: &Reason) -> bool {
    other.reasons.iter().any(|beside| {
        let same = (beside.planned, &beside.want.alias) == (reason.planned, &reason.want.alias);
        same && beside.want != reason.want
    })
}

/// Whether a plan does no more what it did.
fn is_mended(plan: &QueryPlan, reason: &Reason) -> bool {
    let reads = |work: Work| {
        plan.reading(&reason.want.alias)
            .any(|node| node.work == work)
    };
    match reason.now.work {
        Work::Sort => sorts(plan, &reason.want).is_none(),
        work => !reads(work),
    }
}
