//! A script on one connection, its answer held whole: one read, or several steps in a transaction.

use super::once;
use super::session::Session;
use super::settings::{Outcome, Settings};
use crate::Error;
use crate::answer::Answer;
use crate::job::Job;
use crate::snag::Snag;
use model::Use;

/// Runs all steps and gives the JSON text; a read that passes its bound is to be streamed, and
/// what was written is to be committed.
pub(super) async fn run(
    session: &mut Session,
    job: &Job,
    settings: &Settings,
) -> Result<Outcome, Snag> {
    let (writes, steps) = (job.script.writes, job.script.steps.len());
    let transacts = job.script.transacts();
    if transacts {
        let begun = session.control(&settings.begin(writes)).await;
        begun.map_err(Snag::before_all)?;
    }
    if let Some(claim) = &job.claim
        && let Some(text) = once::claim(session, claim).await?
    {
        return Ok(Outcome::Replayed(text));
    }
    let mut answer = Answer::new(&job.script, settings.bytes_max(writes), settings.bounds);
    for index in 0..steps {
        match run_step(session, job, index, &mut answer).await {
            Err(_) if !writes && answer.is_full() => return Ok(Outcome::Large),
            ran => ran?,
        }
    }
    if transacts && !writes {
        session.control("COMMIT").await?;
    }
    let rows = answer.rows;
    let text = answer.finish()?;
    if let Some(claim) = &job.claim {
        once::keep(session, claim, &text).await?;
    }
    Ok(Outcome::Whole(text, rows))
}

/// Runs a step, and takes its rows.
async fn run_step(
    session: &mut Session,
    job: &Job,
    index: usize,
    answer: &mut Answer<'_>,
) -> Result<(), Snag> {
    let (step, arguments) = job.step(index)?;
    let ran = async {
        let kept = &answer.kept;
        session.execute(&step.statement, arguments, kept).await?;
        answer.open(index)?;
        while let Some(row) = session.next().await? {
            answer.row(index, &row)?;
        }
        answer.close(index);
        complete(session, &step.rows).await?;
        match step.unmet(answer.seen, arguments) {
            Some(fault) => Err(Snag::refused(Error::Unmet(Box::new(fault.clone())))),
            None => Ok(()),
        }
    };
    ran.await.map_err(|snag: Snag| snag.at(step))
}

/// Refuses rows that lack something because it passed a bound of the server.
pub(super) async fn complete(session: &mut Session, rows: &Use) -> Result<(), Snag> {
    if !matches!(rows, Use::Discard) && session.has_cut().await? {
        return Err(
            Error::TooLarge("a value passes the server's max_allowed_packet".into()).into(),
        );
    }
    Ok(())
}

/// Makes what was written last; from here on a silent server leaves it open whether it did.
pub(super) async fn commit(session: &mut Session, settings: &Settings) -> Result<(), Snag> {
    let sql = settings.end("COMMIT");
    let commit = session.control(&sql);
    let silence = "no answer to a commit";
    let ended = settings.patience.in_time((true, 1), silence, commit);
    ended.await.map_err(Snag::in_commit)
}

/// Ends a transaction in which nothing was written.
pub(super) async fn roll_back(session: &mut Session, settings: &Settings) -> Result<(), Snag> {
    let sql = settings.end("ROLLBACK");
    let rolled_back = session.control(&sql);
    let silence = "no answer to a rollback";
    settings
        .patience
        .in_time((true, 1), silence, rolled_back)
        .await
}
