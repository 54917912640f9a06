//! A result of any size, read in portions through a cursor and sent on in chunks.
//!
//! The next portion is fetched when the last chunk of the one before was taken, so a slow receiver
//! costs an idle transaction and a few chunks of memory, not more; one that takes nothing for too
//! long is dropped. The cursor is opened and fetched without named statements, which works behind
//! a pooler as well.

use super::acting;
use super::binding::settle;
use super::exclusive::Exclusive;
use super::session::{Request, Session};
use super::settings::Settings;
use crate::answer::Answer;
use crate::doors::Inside;
use crate::job::Job;
use crate::json::Sheet;
use crate::metrics::Metrics;
use crate::reply::{Chunks, Feeder};
use crate::snag::Snag;
use crate::{Error, Reply};
use bytes::Bytes;
use futures_util::TryStreamExt;
use model::{Argument, Statement, Use};
use std::pin::pin;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tokio_postgres::RowStream;

/// What is known about an answer before its first byte is handed out.
enum Head {
    /// It is complete.
    Whole(Vec<u8>),
    /// Chunks follow.
    Chunks,
}

/// Tells whoever started a stream what is to come.
type Announce = oneshot::Sender<Result<Head, Snag>>;

/// What a stream is made with; it holds them until its end.
pub(super) struct Means {
    pub(super) exclusive: Exclusive,
    pub(super) settings: Settings,
    /// Closing the store waits for it.
    pub(super) _inside: Inside,
    pub(super) metrics: Metrics,
}

/// Starts a stream; an answer that fits one chunk is given whole.
pub(super) async fn run(means: Means, job: Job) -> Result<Reply, Snag> {
    let (feeder, chunks) = Chunks::channel(|| {});
    let (head, begun) = oneshot::channel();
    tokio::spawn(produce(means, job, head, feeder));
    match begun.await {
        Ok(Ok(Head::Whole(text))) => Ok(Reply::Whole(text.into())),
        Ok(Ok(Head::Chunks)) => Ok(Reply::Stream(chunks)),
        Ok(Err(snag)) => Err(snag),
        Err(_) => Err(Error::Internal("a stream ended before it began".into()).into()),
    }
}

/// Runs to the end or until nobody listens any more.
///
/// Whoever waits for the head holds the chunks too, so the feeder knows when all are gone.
async fn produce(means: Means, job: Job, head: Announce, feeder: Feeder) {
    let mut sink = Sink {
        head: Some(head),
        feeder: &feeder,
        settings: &means.settings,
        metrics: &means.metrics,
        handed: 0,
    };
    let outcome = tokio::select! {
        biased;
        () = feeder.closed() => Err(Error::Cancelled.into()),
        () = sleep(means.settings.stream_timeout) => Err(overdue()),
        outcome = read(&means.exclusive, &job, &mut sink) => outcome,
    };
    let (head, handed) = (sink.head.take(), sink.handed);
    match outcome {
        Ok(rest) => {
            if handed + rest.len() <= means.settings.bytes_max(false) {
                for step in &job.script.steps {
                    means.exclusive.set_small(&step.statement);
                }
            }
            means.exclusive.release();
            means.metrics.bytes.inc_by(rest.len() as u64);
            if let Some(head) = head {
                drop(head.send(Ok(Head::Whole(rest))));
                return;
            }
            let fed = feeder.feed(rest.into(), means.settings.stall).await;
            feeder.finish(fed);
        }
        Err(snag) => {
            means.exclusive.recover(&snag).await;
            if let Some(head) = head {
                drop(head.send(Err(snag)));
                return;
            }
            means.metrics.stopped(&snag.error);
            feeder.finish(Err(snag.error));
        }
    }
}

/// Runs all steps in one snapshot; gives what is left of the JSON text.
async fn read<'s>(session: &Session, job: &'s Job, sink: &mut Sink<'s>) -> Result<Vec<u8>, Snag> {
    let settings = sink.settings;
    // The planner is to expect that all rows are fetched.
    let begin = format!(
        "{}; SET LOCAL cursor_tuple_fraction = 1",
        settings.begin(false)
    );
    within(settings, session.send(Request::Control(&begin))).await?;
    within(settings, acting::act(session, job.actor.as_deref())).await?;
    let mut answer = Answer::new(&job.script, usize::MAX, settings.bounds);
    for index in 0..job.script.steps.len() {
        let (step, arguments) = job.step(index)?;
        let settled = settle(arguments, &answer.kept);
        let mut portions = Portions {
            session,
            settings,
            step: index,
            answer: &mut answer,
            sink: &mut *sink,
        };
        let statement = &step.statement;
        let read = match step.rows {
            Use::Rows(_) => portions.read_cursor(statement, &settled).await,
            Use::Value(_) | Use::Keep(_) | Use::Discard => {
                portions.read_once(statement, &settled).await
            }
        };
        read.map_err(|snag| snag.at(step))?;
    }
    within(settings, session.send(Request::Control("COMMIT"))).await?;
    sink.metrics.rows.inc_by(answer.rows);
    Ok(answer.finish()?)
}

/// The rows of one step on their way.
struct Portions<'a, 's> {
    session: &'a Session,
    settings: &'a Settings,
    step: usize,
    answer: &'a mut Answer<'s>,
    sink: &'a mut Sink<'s>,
}

impl Portions<'_, '_> {
    /// Reads any number of rows.
    async fn read_cursor(
        &mut self,
        statement: &Statement,
        arguments: &[Argument],
    ) -> Result<(), Snag> {
        let declare = format!("DECLARE fragaria NO SCROLL CURSOR FOR {}", statement.sql);
        let declared = self.session.query_unnamed(statement, arguments, &declare);
        let mut declared = pin!(within(self.settings, declared).await?);
        while declared.try_next().await?.is_some() {}
        self.answer.open(self.step)?;
        let portion = self.settings.portion_rows;
        let fetch = format!("FETCH FORWARD {portion} FROM fragaria");
        loop {
            let rows = within(self.settings, self.session.fetch(&fetch)).await?;
            if self.take(rows).await? < portion {
                break;
            }
        }
        self.answer.close(self.step);
        within(
            self.settings,
            self.session.send(Request::Control("CLOSE fragaria")),
        )
        .await?;
        Ok(())
    }

    /// Reads the few rows of a step whose result is not a list.
    async fn read_once(
        &mut self,
        statement: &Statement,
        arguments: &[Argument],
    ) -> Result<(), Snag> {
        let rows = self
            .session
            .query_unnamed(statement, arguments, &statement.sql);
        let rows = within(self.settings, rows).await?;
        self.answer.open(self.step)?;
        self.take(rows).await?;
        self.answer.close(self.step);
        Ok(())
    }

    /// Takes rows, hands out each full chunk, and tells how many rows there were.
    async fn take(&mut self, rows: RowStream) -> Result<usize, Snag> {
        let mut rows = pin!(rows);
        let mut taken = 0;
        loop {
            let row = async { Ok(rows.try_next().await?) };
            let Some(row) = within(self.settings, row).await? else {
                return Ok(taken);
            };
            taken += 1;
            self.answer.row(self.step, &row)?;
            if self.answer.sheet.text.len() >= self.settings.chunk_bytes {
                self.sink.flush(&mut self.answer.sheet).await?;
            }
        }
    }
}

fn overdue() -> Snag {
    Error::Timeout("a stream took longer in all than it may".into()).into()
}

/// Waits for the server a little longer than its own timeout allows.
async fn within<T>(
    settings: &Settings,
    waiting: impl Future<Output = Result<T, Snag>>,
) -> Result<T, Snag> {
    let silence = "no answer in the middle of a stream";
    settings
        .patience
        .in_time((false, 1), silence, waiting)
        .await
}

/// Where the text goes.
struct Sink<'a> {
    /// Until the first byte is handed out.
    head: Option<Announce>,
    feeder: &'a Feeder,
    settings: &'a Settings,
    metrics: &'a Metrics,
    /// Bytes that were handed out.
    handed: usize,
}

impl Sink<'_> {
    /// Hands out what there is.
    async fn flush(&mut self, sheet: &mut Sheet) -> Result<(), Error> {
        let room = sheet.text.capacity();
        let chunk = Bytes::from(sheet.hand_out(room)?);
        if let Some(head) = self.head.take() {
            head.send(Ok(Head::Chunks)).map_err(|_| Error::Cancelled)?;
        }
        self.metrics.bytes.inc_by(chunk.len() as u64);
        self.handed += chunk.len();
        self.feeder.feed(chunk, self.settings.stall).await
    }
}
