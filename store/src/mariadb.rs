//! MariaDB: a pool of connections, each held by one request alone, and read row by row.
//!
//! Reading order: `address` says where and how; `connector` makes a `session`; arguments are bound by
//! `binding`, within the bounds of `settings`. A `pool` hands sessions out; what is held whole runs
//! in a `transaction`, where `once` keeps the outcome of a write for its repetitions; all else as a
//! `stream`. Rows become JSON in `row`, `packed` and `value`. What the server says against it is
//! sorted by `refusal`.

mod address;
mod binding;
mod breach;
mod catalog;
mod connector;
mod explain;
mod once;
mod packed;
mod pool;
mod refusal;
mod row;
mod session;
mod settings;
mod stream;
mod transaction;
mod undone;
mod value;

pub(crate) use address::lent;
pub(crate) use connector::Connector;
pub(crate) use session::Session;

use crate::answer::Answer;
use crate::changes::{self, Source};
use crate::doors::{Doors, Inside};
use crate::idempotency::{Round, Swept};
use crate::job::Job;
use crate::large::Larges;
use crate::line::Purpose;
use crate::metrics::Metrics;
use crate::retries::Retries;
use crate::snag::{Kind, Snag};
use crate::{Config, Error, Failure, Reply, config};
use model::{Catalog, Explained, QueryPlan, Statistics, Weight};
use pool::{Held, Pool};
use settings::{Outcome, Settings};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::timeout;

/// How long the server may take to answer when asked whether it is there.
const CHECK: Duration = Duration::from_secs(2);

const ROLLBACK: &str = "ROLLBACK";

/// One MariaDB database.
pub(crate) struct Mariadb {
    connector: Arc<Connector>,
    pool: Pool,
    settings: Settings,
    retries: Retries,
    /// Statements whose results are likely to be too large to be held whole; they are streamed at once.
    large: Arc<Larges>,
    metrics: Metrics,
    doors: Arc<Doors>,
    /// Whether the table of outcomes was seen.
    laid: AtomicBool,
}

impl Mariadb {
    /// Reads the address and makes ready to connect.
    pub(crate) fn open(config: &Config, metrics: Metrics) -> Result<Self, Error> {
        let connector = Arc::new(Connector::new(config, metrics.clone())?);
        Ok(Self {
            pool: Pool::new(config, Arc::clone(&connector), metrics.clone())?,
            connector,
            settings: Settings::new(config),
            retries: Retries::new(config, metrics.clone()),
            large: Arc::new(Larges::new(config.mariadb.statements_max)),
            metrics,
            doors: Arc::default(),
            laid: AtomicBool::new(false),
        })
    }

    /// Where its changes are followed.
    pub(crate) fn source(&self, config: config::Following) -> Source {
        Source::Mariadb(changes::MariadbSource {
            connector: Arc::clone(&self.connector),
            database: self.connector.database().to_owned(),
            config,
        })
    }

    pub(crate) async fn run(&self, job: Job, weight: Weight) -> Result<Reply, Failure> {
        let inside = self.doors.enter()?;
        let reply = self.route(job, weight, inside).await;
        if let Err(snag) = &reply {
            self.metrics.unanswered(&snag.error);
        }
        Ok(reply?)
    }

    pub(crate) async fn catalog(&self) -> Result<Catalog, Error> {
        let _inside = self.doors.enter()?;
        let mut held = self.pool.take(Purpose::Work).await?;
        let read = catalog::read(&mut held);
        let read = self
            .settings
            .patience
            .in_time((false, 1), "reading the catalog", read);
        let read = read.await;
        finish(held, read).await
    }

    pub(crate) async fn statistics(&self) -> Result<Statistics, Error> {
        let _inside = self.doors.enter()?;
        let mut held = self.pool.take(Purpose::Work).await?;
        let read = catalog::statistics::read(&mut held);
        let read = self
            .settings
            .patience
            .in_time((false, 3), "reading sizes and indexes", read);
        let read = read.await;
        finish(held, read).await
    }

    pub(crate) async fn plan(&self, explained: &Explained) -> Result<QueryPlan, Error> {
        let _inside = self.doors.enter()?;
        let mut held = self.pool.take(Purpose::Work).await?;
        let plan = explain::plan(&mut held, explained);
        let plan = self
            .settings
            .patience
            .in_time((false, 1), "planning a statement", plan);
        let plan = plan.await;
        finish(held, plan).await
    }

    /// Removes outcomes that were kept for long enough, and counts the others.
    pub(crate) async fn sweep(&self, round: Round) -> Result<Swept, Error> {
        /// The look for the table, its creation, the removal, the count.
        const STATEMENTS: usize = 4;
        let _inside = self.doors.enter()?;
        let mut held = self.pool.take(Purpose::Work).await?;
        let swept = async {
            once::lay(&mut held).await?;
            once::sweep(&mut held, round).await
        };
        let swept =
            self.settings
                .patience
                .in_time((true, STATEMENTS), "removing old outcomes", swept);
        let swept = swept.await;
        finish(held, swept).await
    }

    /// Opens connections before they are asked for.
    pub(crate) async fn warm(&self) -> Result<(), Error> {
        let _inside = self.doors.enter()?;
        self.pool.warm().await
    }

    pub(crate) async fn check(&self) -> Result<(), Error> {
        let _inside = self.doors.enter()?;
        match timeout(CHECK, self.pool.check()).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::Unavailable("it does not answer".into())),
        }
    }

    pub(crate) async fn close(&self) {
        self.doors.close().await;
        self.pool.close().await;
    }

    /// Runs a job whole, or as a stream where it may be large.
    async fn route(&self, job: Job, weight: Weight, inside: Inside) -> Result<Reply, Snag> {
        let whole = job.script.writes || weight < Weight::Unbounded && !self.is_large(&job);
        if whole {
            match self.hold(&job).await? {
                Outcome::Whole(text, rows) => {
                    self.metrics.rows.inc_by(rows);
                    self.metrics.bytes.inc_by(text.len() as u64);
                    return Ok(Reply::Whole(text.into()));
                }
                Outcome::Replayed(text) => {
                    self.metrics.bytes.inc_by(text.len() as u64);
                    return Ok(Reply::Replayed(text.into()));
                }
                Outcome::Large => {}
            }
        }
        self.metrics.streams.inc();
        match self.stream(job.clone(), &inside).await {
            Err(Snag {
                kind: Kind::Lost | Kind::Stale,
                ..
            }) => {
                self.pool.retire();
                self.stream(job, &inside).await
            }
            reply => reply,
        }
    }

    fn is_large(&self, job: &Job) -> bool {
        let mut steps = job.script.steps.iter();
        steps.any(|step| self.large.is_likely(&step.statement.sql))
    }

    /// Runs a job whose answer is held whole.
    async fn hold(&self, job: &Job) -> Result<Outcome, Snag> {
        if job.script.steps.is_empty() && job.claim.is_none() {
            let answer = Answer::new(&job.script, usize::MAX, self.settings.bounds).finish()?;
            return Ok(Outcome::Whole(answer, 0));
        }
        self.retries.run(|| self.attempt(job)).await
    }

    /// Runs a transaction, on another connection if its own was out of date.
    async fn attempt(&self, job: &Job) -> Result<Outcome, Snag> {
        match self.transact(job).await {
            Err(snag) if snag.is_worth_another_try(job.script.writes) => {
                self.pool.retire();
                self.transact(job).await
            }
            outcome => outcome,
        }
    }

    async fn transact(&self, job: &Job) -> Result<Outcome, Snag> {
        let mut held = self.pool.take(Purpose::Work).await?;
        let outcome = self.commit(&mut held, job).await;
        match outcome {
            Ok(Outcome::Large) => {
                for step in &job.script.steps {
                    self.large.seen(&step.statement.sql);
                }
                // Nobody's request ends here, it goes on as a stream.
                held.abandon();
                Ok(Outcome::Large)
            }
            Ok(whole) => {
                held.release();
                Ok(whole)
            }
            Err(snag) => {
                if matches!(snag.error, Error::IdempotencyTable(_)) {
                    self.laid.store(false, Relaxed);
                }
                let undo = self.settings.end(ROLLBACK);
                held.recover(&snag, &undo).await;
                Err(snag)
            }
        }
    }

    /// Runs all steps, and makes what they wrote last.
    async fn commit(&self, held: &mut Held, job: &Job) -> Result<Outcome, Snag> {
        let steps = async {
            self.lay(held, job).await?;
            if job.script.undone {
                undone::can_be(held).await?;
            }
            transaction::run(held, job, &self.settings).await
        };
        let bounds = (job.script.writes, job.statements());
        let silence = "no answer on a connection";
        let outcome = self
            .settings
            .patience
            .in_time(bounds, silence, steps)
            .await?;
        if let Outcome::Replayed(_) = outcome {
            transaction::roll_back(held, &self.settings).await?;
        } else if job.script.undone {
            undone::undo(held, &self.settings).await?;
        } else if job.script.writes {
            transaction::commit(held, &self.settings).await?;
        }
        Ok(outcome)
    }

    /// Makes the table of outcomes before the first job that needs it.
    async fn lay(&self, held: &mut Held, job: &Job) -> Result<(), Snag> {
        if job.claim.is_some() && !self.laid.load(Relaxed) {
            once::lay(held).await?;
            self.laid.store(true, Relaxed);
        }
        Ok(())
    }

    async fn stream(&self, job: Job, inside: &Inside) -> Result<Reply, Snag> {
        let means = stream::Means {
            held: self.pool.take(Purpose::Stream(job.gate.as_ref())).await?,
            settings: self.settings.clone(),
            _inside: inside.another(),
            metrics: self.metrics.clone(),
            large: Arc::clone(&self.large),
        };
        stream::run(means, job).await
    }
}

/// Gives a connection back after the only thing that was asked on it.
async fn finish<T>(held: Held, outcome: Result<T, Snag>) -> Result<T, Error> {
    match outcome {
        Ok(answer) => {
            held.release();
            Ok(answer)
        }
        Err(snag) => {
            held.recover(&snag, ROLLBACK).await;
            Err(snag.error)
        }
    }
}
