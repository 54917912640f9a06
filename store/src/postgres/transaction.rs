//! A script in one transaction on an exclusive connection, its answer held whole.
//!
//! A write of one statement whose answer is `certain` is a transaction by itself, which saves it a round
//! trip: the server makes it last before it says that it is ready again, and no answer is given before.
//!
//! Statements that do not need each other's rows are sent together, so a script takes few round
//! trips. A script that writes in several steps, is to happen once, or is run as somebody waits for
//! `BEGIN` before all else, so that none can run outside the transaction; what was written is committed once the answer
//! is complete.

use super::acting;
use super::binding::settle;
use super::certain;
use super::once;
use super::session::{Prepared, Request, Session, Way};
use super::settings::{Outcome, Settings};
use super::silent::Silent;
use crate::Error;
use crate::answer::Answer;
use crate::job::Job;
use crate::snag::Snag;
use futures_util::future::try_join;
use futures_util::stream::FuturesOrdered;
use futures_util::{StreamExt, TryStreamExt};
use model::{Argument, Fault, Step};
use std::ops::Range;
use std::pin::pin;
use tokio_postgres::RowStream;

/// A script under way.
pub(super) struct Running<'a> {
    session: &'a Session,
    job: &'a Job,
    /// Its steps as prepared, if they are. They are held until the end: one that fell out of the cache and was
    /// prepared in the middle would run after those that follow it, and outside the transaction.
    prepared: Vec<Option<Prepared>>,
    /// Whether it is a write that is a transaction by itself.
    is_alone: bool,
    silent: &'a Silent,
}

/// Prepares the steps of a job.
pub(super) async fn prepare<'a>(
    session: &'a Session,
    job: &'a Job,
    way: Way,
    (settings, silent): (&Settings, &'a Silent),
) -> Result<Running<'a>, Snag> {
    let named = match way {
        Way::Named => job.script.steps.as_slice(),
        Way::Unnamed => &[],
    };
    let mut prepared = Vec::with_capacity(named.len());
    for step in named {
        let one = session.prepare(&step.statement).await;
        prepared.push(one.map_err(|snag| snag.at(step))?);
    }
    Ok(Running {
        session,
        job,
        is_alone: commits_itself(job, &prepared, settings) && !is_silent(job, silent),
        prepared,
        silent,
    })
}

fn is_silent(job: &Job, silent: &Silent) -> bool {
    let mut steps = job.script.steps.iter();
    steps.any(|step| silent.has(&step.statement.sql))
}

/// Whether nothing can go wrong with a job once the server has done it.
fn commits_itself(job: &Job, prepared: &[Option<Prepared>], settings: &Settings) -> bool {
    let [Some(prepared)] = prepared else {
        return false;
    };
    if !job.script.writes || !settings.are_those_of_writes() {
        return false;
    }
    let columns: Vec<_> = prepared.columns().collect();
    certain::bytes_max(job, &columns)
        .is_some_and(|bytes| bytes <= settings.bytes_max(true).min(settings.bounds.bytes_max))
}

impl Running<'_> {
    /// Whether what it writes is made once it ran, and not by a commit.
    pub(super) fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// Runs all steps and gives the JSON text; a read that passes its bound is to be streamed, and
    /// what was written is to be committed.
    pub(super) async fn run(&self, settings: &Settings) -> Result<Outcome, Snag> {
        match transact(self, settings).await {
            Err(snag) if !self.job.script.writes && matches!(snag.error, Error::TooLarge(_)) => {
                Ok(Outcome::Large)
            }
            outcome => outcome,
        }
    }

    /// Runs the one statement of a write that is a transaction by itself: whatever ends it before the
    /// server has said how, leaves open whether it was made.
    pub(super) async fn run_alone(&self, settings: &Settings) -> Result<Outcome, Snag> {
        let mut answer = Answer::new(&self.job.script, settings.bytes_max(true), settings.bounds);
        let run = together(self, 0..1, [None, None], &mut answer);
        settings
            .patience
            .in_time((true, 1), "no answer to a write", run)
            .await
            .map_err(Snag::in_commit)?;
        let rows = answer.rows;
        Ok(Outcome::Made(answer.finish()?, rows))
    }

    /// What it means that a step gave another number of rows: where it is made already, nobody can say
    /// what a trigger did that kept its row back.
    fn unmet(&self, step: &Step, fault: &Fault) -> Error {
        if self.is_alone {
            self.silent.add(&step.statement.sql);
            return Error::OutcomeUnknown(format!("{}: {}", fault.code, fault.message));
        }
        Error::Unmet(Box::new(fault.clone()))
    }
}

async fn transact(running: &Running<'_>, settings: &Settings) -> Result<Outcome, Snag> {
    let Running { session, job, .. } = running;
    let (writes, steps) = (job.script.writes, job.script.steps.len());
    let transacts = job.transacts();
    let begin = transacts.then(|| settings.begin(writes));
    let mut before = begin.as_deref();
    let is_first = job.actor.is_some() || writes && (steps > 1 || job.claim.is_some());
    if is_first
        && let Some(begin) = before.take()
        && let Some(text) = open(session, begin, job).await?
    {
        return Ok(Outcome::Replayed(text));
    }
    let mut answer = Answer::new(&job.script, settings.bytes_max(writes), settings.bounds);
    for segment in segments(job) {
        if is_turn(job, segment.start) {
            acting::act(session, job.actor.as_deref()).await?;
        }
        let ends = segment.end == steps && transacts && !writes;
        let controls = [before.take(), ends.then_some("COMMIT")];
        together(running, segment, controls, &mut answer).await?;
    }
    let rows = answer.rows;
    let text = answer.finish()?;
    if let Some(claim) = &job.claim {
        let keep = once::keep(session, claim, &text);
        acting::as_login(session, job.actor.as_deref(), keep).await?;
    }
    Ok(Outcome::Whole(text, rows))
}

/// Begins, claims a key as the login, and acts as somebody from there on; gives the answer of the
/// request that had the key before.
async fn open(session: &Session, begin: &str, job: &Job) -> Result<Option<Vec<u8>>, Snag> {
    let begun = session.send(Request::Control(begin));
    let actor = job.actor.as_deref().filter(|_| job.steps_as_login == 0);
    let act = acting::act(session, actor);
    let Some(claim) = &job.claim else {
        // Where the one fails the other is nothing: without a transaction it ends with its statement.
        try_join(begun, act).await?;
        return Ok(None);
    };
    begun.await?;
    let kept = once::claim(session, claim).await?;
    if kept.is_none() {
        act.await?;
    }
    Ok(kept)
}

/// Makes what was written last; from here on a silent server leaves it open whether it did.
pub(super) async fn commit(session: &Session, settings: &Settings) -> Result<(), Snag> {
    let commit = session.send(Request::Control("COMMIT"));
    let ended = settings
        .patience
        .in_time((true, 1), "no answer to a commit", commit);
    ended.await.map(drop).map_err(Snag::in_commit)
}

/// Undoes what was written, once the constraints that are looked at in the end were.
pub(super) async fn undo(session: &Session, settings: &Settings) -> Result<(), Snag> {
    let look = session.send(Request::Control("SET CONSTRAINTS ALL IMMEDIATE"));
    settings
        .patience
        .in_time((true, 1), "no answer about constraints", look)
        .await?;
    roll_back(session, settings).await
}

/// Ends a transaction in which nothing was written.
pub(super) async fn roll_back(session: &Session, settings: &Settings) -> Result<(), Snag> {
    let rolled_back = session.send(Request::Control("ROLLBACK"));
    let ended = settings
        .patience
        .in_time((true, 1), "no answer to a rollback", rolled_back);
    ended.await.map(drop)
}

/// Sends some steps, a control before and one after them, and takes their rows.
async fn together(
    running: &Running<'_>,
    segment: Range<usize>,
    [before, after]: [Option<&str>; 2],
    answer: &mut Answer<'_>,
) -> Result<(), Snag> {
    let Running { session, job, .. } = running;
    let mut settled = Vec::with_capacity(segment.len());
    for index in segment.clone() {
        let (step, arguments) = job.step(index)?;
        let prepared = running.prepared.get(index).and_then(Option::as_ref);
        settled.push((step, settle(arguments, &answer.kept), prepared));
    }
    let control = |sql| named(session, Request::Control(sql), None);
    let mut sent: FuturesOrdered<_> = before.map(control).into_iter().collect();
    sent.extend(settled.iter().map(|(step, arguments, prepared)| {
        named(
            session,
            Request::Query(&step.statement, arguments, *prepared),
            Some(*step),
        )
    }));
    sent.extend(after.map(control));
    let mut open = segment;
    while let Some(reply) = sent.next().await {
        if let Some(rows) = reply?
            && let Some(index) = open.next()
        {
            let (step, arguments) = job.step(index)?;
            take(rows, index, answer)
                .await
                .map_err(|snag| snag.at(step))?;
            if let Some(fault) = step.unmet(answer.seen, arguments) {
                return Err(Snag::refused(running.unmet(step, fault)).at(step));
            }
        }
    }
    Ok(())
}

/// Sends a request; what goes wrong befell that step.
async fn named(
    session: &Session,
    request: Request<'_>,
    step: Option<&Step>,
) -> Result<Option<RowStream>, Snag> {
    let reply = session.send(request).await;
    reply.map_err(|snag| match step {
        Some(step) => snag.at(step),
        None => snag,
    })
}

async fn take(rows: RowStream, step: usize, answer: &mut Answer<'_>) -> Result<(), Snag> {
    let mut rows = pin!(rows);
    answer.open(step)?;
    while let Some(row) = rows.try_next().await? {
        answer.row(step, &row)?;
    }
    answer.close(step);
    Ok(())
}

/// Whether a step is the first that is run as somebody, where others were run as the login.
fn is_turn(job: &Job, step: usize) -> bool {
    job.actor.is_some() && step > 0 && step == job.steps_as_login
}

/// The steps in stretches none of which needs rows of its own, or is run as two.
fn segments(job: &Job) -> Vec<Range<usize>> {
    let mut segments = Vec::new();
    let mut start = 0;
    for (index, arguments) in job.arguments().enumerate() {
        if is_turn(job, index) || arguments.iter().any(|argument| needs(argument, start)) {
            segments.push(start..index);
            start = index;
        }
    }
    segments.push(start..job.script.steps.len());
    segments
}

/// Whether an argument holds rows kept by that step or a later one.
fn needs(argument: &Argument, start: usize) -> bool {
    match argument {
        Argument::Value(_) => false,
        Argument::Kept { steps, .. } | Argument::KeptRows { steps } => {
            steps.iter().any(|step| *step >= start)
        }
        Argument::KeptOne { step, .. } => *step >= start,
    }
}
