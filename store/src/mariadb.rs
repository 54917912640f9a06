//! MariaDB: a pool of connections, each held by one request alone, and read row by row.
//!
//! Reading order: `address` says where and how; `connector` makes a `session`; arguments are bound by
//! `binding`, within the bounds of `settings`. A `pool` hands sessions out; what is held whole runs
//! in a `transaction`, all else as a `stream`. Rows become JSON in `row`, `packed` and `value`. What
//! the server says against it is sorted by `refusal`.

mod address;
mod binding;
mod catalog;
mod connector;
mod packed;
mod pool;
mod refusal;
mod row;
mod session;
mod settings;
mod stream;
mod transaction;
mod value;

pub(crate) use address::lent;

use crate::answer::Answer;
use crate::doors::{Doors, Inside};
use crate::job::Job;
use crate::line::Purpose;
use crate::metrics::Metrics;
use crate::snag::{Kind, Snag};
use crate::{Config, Error, Failure, Reply};
use connector::Connector;
use model::{Argument, Catalog, Script, Weight};
use pool::{Held, Pool};
use quick_cache::sync::Cache;
use settings::{Outcome, Settings};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long the server may take to answer when asked whether it is there.
const CHECK: Duration = Duration::from_secs(2);

const ROLLBACK: &str = "ROLLBACK";

/// One MariaDB database.
pub(crate) struct Mariadb {
    pool: Pool,
    settings: Settings,
    /// Statements whose results were too large to be held whole; they are streamed at once.
    large: Cache<Arc<str>, ()>,
    metrics: Metrics,
    doors: Arc<Doors>,
}

impl Mariadb {
    /// Reads the address and makes ready to connect.
    pub(crate) fn open(config: &Config, metrics: Metrics) -> Result<Self, Error> {
        let connector = Arc::new(Connector::new(config, metrics.clone())?);
        Ok(Self {
            pool: Pool::new(config, connector, metrics.clone())?,
            settings: Settings::new(config),
            large: Cache::new(config.mariadb.statements_max.max(1)),
            metrics,
            doors: Arc::default(),
        })
    }

    pub(crate) async fn run(
        &self,
        script: Arc<Script>,
        arguments: Vec<Vec<Argument>>,
        weight: Weight,
    ) -> Result<Reply, Failure> {
        let inside = self.doors.enter()?;
        let job = Job::new(script, arguments)?;
        let reply = self.route(job, weight, inside).await;
        if let Err(snag) = &reply {
            self.metrics.unanswered(&snag.error);
        }
        Ok(reply?)
    }

    pub(crate) async fn catalog(&self) -> Result<Catalog, Error> {
        let _inside = self.doors.enter()?;
        let mut held = self.pool.take(Purpose::Work).await?;
        match timeout(self.settings.patience(1), catalog::read(&mut held)).await {
            Ok(Ok(catalog)) => {
                held.release();
                Ok(catalog)
            }
            Ok(Err(snag)) => {
                held.recover(&snag, ROLLBACK).await;
                Err(snag.error)
            }
            Err(_) => Err(Error::Timeout("reading the catalog".into())),
        }
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
        if whole && let Outcome::Whole(text, rows) = self.hold(&job).await? {
            self.metrics.rows.inc_by(rows);
            self.metrics.bytes.inc_by(text.len() as u64);
            return Ok(Reply::Whole(text.into()));
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
        steps.any(|step| self.large.get(&step.statement.sql).is_some())
    }

    /// Runs a job whose answer is held whole.
    async fn hold(&self, job: &Job) -> Result<Outcome, Snag> {
        if job.script.steps.is_empty() {
            let answer = Answer::new(&job.script, usize::MAX, self.settings.bounds).finish()?;
            return Ok(Outcome::Whole(answer, 0));
        }
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
            Ok(Outcome::Whole(text, rows)) => {
                held.release();
                Ok(Outcome::Whole(text, rows))
            }
            Ok(Outcome::Large) => {
                for step in &job.script.steps {
                    self.large.insert(Arc::clone(&step.statement.sql), ());
                }
                // Nobody's request ends here, it goes on as a stream.
                held.abandon();
                Ok(Outcome::Large)
            }
            Err(snag) => {
                held.recover(&snag, ROLLBACK).await;
                Err(snag)
            }
        }
    }

    /// Runs all steps, and makes what they wrote last.
    async fn commit(&self, held: &mut Held, job: &Job) -> Result<Outcome, Snag> {
        let patience = self.settings.patience(job.script.steps.len());
        let steps = timeout(patience, transaction::run(held, job, &self.settings)).await;
        let silent = || Error::Timeout("no answer on a connection".into()).into();
        let outcome = steps.unwrap_or_else(|_| Err(silent()))?;
        if job.script.writes {
            transaction::commit(held, &self.settings).await?;
        }
        Ok(outcome)
    }

    async fn stream(&self, job: Job, inside: &Inside) -> Result<Reply, Snag> {
        let means = stream::Means {
            held: self.pool.take(Purpose::Stream).await?,
            settings: self.settings.clone(),
            _inside: inside.another(),
            metrics: self.metrics.clone(),
        };
        stream::run(means, job).await
    }
}
