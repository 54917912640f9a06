//! A script on one connection: its steps in order, inside one snapshot or one transaction.

use super::bind::{Kept, bind};
use super::constraints;
use super::once;
use super::output::Output;
use super::session::{Prepared, Session};
use super::translate::translate;
use super::value::{Cells as _, Live};
use crate::idempotency::Claim;
use crate::json::{self, Data};
use crate::{Error, Failure};
use model::{Argument, Script, Step, Use, Value};
use rusqlite::Rows;
use rusqlite::types::ValueRef;
use std::sync::Arc;

/// A script and what it is given.
pub(super) struct Work {
    pub(super) script: Arc<Script>,
    pub(super) arguments: Vec<Vec<Argument>>,
    /// What it claims, if it is to happen once; for writes alone.
    pub(super) claim: Option<Claim>,
}

/// The transaction of writes.
const WRITING: &str = "BEGIN IMMEDIATE";

/// What a write is undone with where it fails.
#[derive(Clone, Copy)]
enum Bounds {
    /// All of its transaction.
    Transaction,
    /// Its part of the transaction of several.
    Savepoint,
}

impl Bounds {
    fn keep(self, session: &Session) -> Result<(), Error> {
        match self {
            Self::Transaction => {
                // Stopped at its end a commit would be told as failed, though it was made.
                session.watch.rest();
                command(session, "COMMIT")
            }
            Self::Savepoint => command(session, "RELEASE write"),
        }
    }

    fn undo(self, session: &Session) -> Result<(), Error> {
        match self {
            Self::Transaction => command(session, "ROLLBACK"),
            Self::Savepoint => {
                command(session, "ROLLBACK TO write")?;
                command(session, "RELEASE write")
            }
        }
    }
}

/// Begins the transaction of several writes.
pub(super) fn begin(session: &Session) -> Result<(), Error> {
    still_wanted(session)?;
    command(session, WRITING)
}

/// Commits what several writes did.
pub(super) fn commit(session: &Session) -> Result<(), Error> {
    Bounds::Transaction.keep(session)
}

impl Work {
    /// Runs it all; a write is committed or leaves no trace.
    pub(super) fn perform(&self, session: &Session, output: &mut Output) -> Result<(), Failure> {
        self.fits()?;
        if self.script.writes {
            return self.transaction(WRITING, session, output);
        }
        if self.script.steps.len() > 1 {
            return self.transaction("BEGIN", session, output);
        }
        self.steps(session, output)
    }

    /// Runs a write within a transaction that is open, and leaves no trace there where it fails.
    ///
    /// Some errors undo the whole transaction, which is over then.
    pub(super) fn perform_within(
        &self,
        session: &Session,
        output: &mut Output,
    ) -> Result<(), Failure> {
        self.fits()?;
        command(session, "SAVEPOINT write")?;
        let result = self
            .lay(session)
            .and_then(|()| self.to_the_end(session, output, Bounds::Savepoint));
        if result.is_err() && !session.connection.is_autocommit() {
            session.watch.rest();
            if let Err(error) = Bounds::Savepoint.undo(session) {
                tracing::error!(%error, "a write could not be undone by itself");
                roll_back(session);
            }
        }
        result
    }

    fn fits(&self) -> Result<(), Error> {
        if self.script.steps.len() == self.arguments.len() {
            return Ok(());
        }
        let message = "a script got another number of argument lists than steps";
        Err(Error::Internal(message.into()))
    }

    /// Makes sure that there is a place for its outcome, if that is to be kept.
    fn lay(&self, session: &Session) -> Result<(), Failure> {
        match &self.claim {
            Some(_) => Ok(once::lay(session)?),
            None => Ok(()),
        }
    }

    fn transaction(
        &self,
        begin: &str,
        session: &Session,
        output: &mut Output,
    ) -> Result<(), Failure> {
        still_wanted(session)?;
        self.lay(session)?;
        command(session, begin)?;
        let result = self.to_the_end(session, output, Bounds::Transaction);
        if result.is_err() {
            roll_back(session);
        }
        result
    }

    /// Runs the steps and keeps what they did, unless this was done before.
    fn to_the_end(
        &self,
        session: &Session,
        output: &mut Output,
        bounds: Bounds,
    ) -> Result<(), Failure> {
        if let Some(claim) = &self.claim
            && let Some(answer) = once::claim(claim, session)?
        {
            output.replay(answer);
            return Ok(bounds.undo(session)?);
        }
        self.steps(session, output)?;
        if let Some(claim) = &self.claim {
            once::keep(claim, &output.sheet.text, session)?;
        }
        still_wanted(session)?;
        let end = if self.script.undone {
            Bounds::undo
        } else {
            Bounds::keep
        };
        Ok(end(bounds, session)?)
    }

    /// The same error, with the constraint it comes from where something is told of it.
    fn named(&self, error: Error, session: &Session) -> Error {
        if self.script.refusals.is_empty() {
            return error;
        }
        constraints::named(error, session)
    }

    fn steps(&self, session: &Session, output: &mut Output) -> Result<(), Failure> {
        let mut data = Data::new(&self.script);
        let mut kept = Kept::new();
        for (index, (step, arguments)) in self.script.steps.iter().zip(&self.arguments).enumerate()
        {
            if matches!(step.rows, Use::Rows(_) | Use::Value(_)) {
                data.open(index, &mut output.sheet.text)?;
            }
            output.statements += 1;
            let rows = run(step, arguments, session, &kept, output);
            kept.push(rows.map_err(|error| self.named(error, session).at(step))?);
        }
        data.close(&mut output.sheet.text)?;
        Ok(output.sheet.check()?)
    }
}

/// Runs one step; gives the rows it keeps.
fn run(
    step: &Step,
    arguments: &[Argument],
    session: &Session,
    kept: &Kept,
    output: &mut Output,
) -> Result<Vec<Vec<Value>>, Error> {
    let mut statement = prepare(session, &step.statement.sql)?;
    if arguments.len() != step.arguments() {
        let message = "a statement got another number of arguments than parameters";
        return Err(Error::Internal(message.into()));
    }
    bind(&mut statement, &step.statement.parameters, arguments, kept)?;
    let mut rows = Reading {
        rows: statement.raw_query(),
        session,
        seen: 0,
    };
    let kept = read(step, &mut rows, output)?;
    match step.unmet(rows.seen, arguments) {
        Some(fault) => Err(Error::Unmet(Box::new(fault.clone()))),
        None => Ok(kept),
    }
}

/// Reads the rows of a step, and gives those it keeps.
fn read(
    step: &Step,
    rows: &mut Reading<'_>,
    output: &mut Output,
) -> Result<Vec<Vec<Value>>, Error> {
    match &step.rows {
        Use::Rows(record) => {
            output.sheet.text.push(b'[');
            let mut first = true;
            while let Some(row) = rows.next()? {
                output.sheet.row()?;
                if !std::mem::take(&mut first) {
                    output.sheet.text.push(b',');
                }
                json::record(&row, record, &mut output.sheet)?;
                output.row_done()?;
            }
            output.sheet.text.push(b']');
        }
        Use::Value(cell) => match rows.next()? {
            Some(row) => {
                output.sheet.row()?;
                json::cell(&row, cell, &mut output.sheet)?;
                output.row_done()?;
            }
            None => json::null(&mut output.sheet.text),
        },
        Use::Keep(codecs) => return rows.keep(codecs.len()),
        Use::Discard => while rows.next()?.is_some() {},
    }
    Ok(Vec::new())
}

/// The rows of a running statement.
struct Reading<'s> {
    rows: Rows<'s>,
    session: &'s Session,
    /// Rows read so far.
    seen: usize,
}

impl Reading<'_> {
    fn next(&mut self) -> Result<Option<Live<'_, '_>>, Error> {
        let row = self.rows.next();
        let row = row.map_err(|error| translate(error, &self.session.watch))?;
        self.seen += usize::from(row.is_some());
        Ok(row.map(Live))
    }

    fn keep(&mut self, columns: usize) -> Result<Vec<Vec<Value>>, Error> {
        let mut kept = Vec::new();
        while let Some(row) = self.next()? {
            let values: Result<_, Error> = (0..columns).map(|c| value(row.value(c)?)).collect();
            kept.push(values?);
        }
        Ok(kept)
    }
}

/// A kept value just as it is stored, so that it finds its row again.
fn value(stored: ValueRef<'_>) -> Result<Value, Error> {
    Ok(match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Float(value),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.into()),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text);
            Value::Text(text.map_err(|_| not_text())?.into())
        }
    })
}

fn not_text() -> Error {
    Error::Conversion("text is not valid UTF-8".into())
}

fn prepare<'s>(session: &'s Session, sql: &str) -> Result<Prepared<'s>, Error> {
    let prepared = session.ready(sql);
    prepared.map_err(|error| translate(error, &session.watch))
}

fn command(session: &Session, sql: &str) -> Result<(), Error> {
    let done = prepare(session, sql)?.raw_execute();
    done.map_err(|error| translate(error, &session.watch))?;
    Ok(())
}

/// SQLite looks at the watch in long statements only; here it is looked at between them.
fn still_wanted(session: &Session) -> Result<(), Error> {
    if session.watch.is_cancelled() {
        return Err(Error::Cancelled);
    }
    Ok(())
}

/// Undoes what was done. Should even that fail, the pool drops the connection, which undoes it.
pub(super) fn roll_back(session: &Session) {
    session.watch.rest();
    if session.connection.is_autocommit() {
        return;
    }
    if let Err(error) = command(session, "ROLLBACK") {
        tracing::error!(%error, "a transaction could not be rolled back");
    }
}
