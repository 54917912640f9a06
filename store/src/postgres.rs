//! PostgreSQL: shared connections for small reads, exclusive ones for all else.
//!
//! Reading order: `address` says where; `connector` makes a `session`, whose work is `gathered`; a job's
//! arguments are bound by `binding`, within the bounds of `settings`. One small read goes down a
//! `lane`, in the line of a `slot`, unless a slow one stands before it; several
//! steps and writes run in a `transaction`, large results as a `stream`, both on an `exclusive`
//! connection, as whoever `acting` makes of it; `once` keeps the outcome of a write for its repetitions. Rows become JSON from bytes
//! read by `row`, `packed`, `value` and `numeric`. What the server says against it is sorted by `refusal`.

mod acting;
mod address;
mod binding;
mod cancel;
mod catalog;
mod certain;
mod connector;
mod exclusive;
mod explain;
mod gathered;
mod lane;
mod numeric;
mod once;
mod packed;
mod refusal;
mod replication;
mod row;
mod session;
mod settings;
mod silent;
mod slot;
mod stream;
mod transaction;
mod value;

pub(crate) use address::lent;
pub(crate) use connector::Connector;
pub(crate) use replication::{Failed, Incoming, Outgoing, Sent};
pub(crate) use session::Session;

use crate::answer::Answer;
use crate::changes::{self, Source};
use crate::doors::{Doors, Inside};
use crate::idempotency::{Round, Swept};
use crate::job::Job;
use crate::line::Purpose;
use crate::metrics::Metrics;
use crate::retries::Retries;
use crate::snag::{Kind, Snag};
use crate::{Config, Error, Failure, Reply, config};
use catalog::Extent;
use exclusive::{Exclusive, Exclusives};
use lane::Lane;
use model::row_security::Subject;
use model::{Catalog, Explained, QueryPlan, Relation, Statistics, Weight};
use session::Way;
use settings::{Outcome, Settings};
use silent::Silent;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::timeout;

/// What is said of a server that leaves a job without an answer.
const SILENCE: &str = "no answer on an exclusive connection";

/// How long the server may take to answer when asked whether it is there.
const CHECK: Duration = Duration::from_secs(2);

/// One PostgreSQL database.
pub(crate) struct Postgres {
    connector: Arc<Connector>,
    /// For single rows; nothing that takes longer stands before them.
    light: Lane,
    /// For small results.
    bounded: Lane,
    exclusives: Exclusives,
    settings: Settings,
    retries: Retries,
    metrics: Metrics,
    doors: Arc<Doors>,
    /// Whether the table of outcomes was seen.
    laid: AtomicBool,
    /// Inserts that are no transactions by themselves.
    silent: Silent,
    /// How much of the database the catalog tells.
    extent: Extent,
}

impl Postgres {
    /// Reads the address and makes ready to connect.
    pub(crate) fn open(
        config: &Config,
        schema: Option<&str>,
        metrics: Metrics,
    ) -> Result<Self, Error> {
        let connector = Arc::new(Connector::new(config, schema, metrics.clone())?);
        let settings = Settings::new(config);
        let lane =
            |connections| Lane::new(connections, config.queue_length_max, &settings, &metrics);
        Ok(Self {
            light: lane(config.postgres.light_connections),
            bounded: lane(config.postgres.bounded_connections),
            exclusives: Exclusives::new(config, Arc::clone(&connector), metrics.clone())?,
            connector,
            settings,
            retries: Retries::new(config, metrics.clone()),
            metrics,
            doors: Arc::default(),
            laid: AtomicBool::new(false),
            silent: Silent::default(),
            extent: match schema {
                Some(_) => Extent::Own,
                None => Extent::All,
            },
        })
    }

    /// Where its changes are followed.
    pub(crate) fn source(&self, config: config::Following) -> Source {
        Source::Postgres(changes::PostgresSource {
            connector: Arc::clone(&self.connector),
            is_pooled: self.settings.pooled,
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
        let exclusive = self.exclusives.take(Purpose::Work).await?;
        let read = catalog::read(&exclusive, self.extent);
        let read = self
            .settings
            .patience
            .in_time((false, 1), "reading the catalog", read);
        let read = read.await;
        finish(exclusive, read).await
    }

    pub(crate) async fn statistics(&self) -> Result<Statistics, Error> {
        let _inside = self.doors.enter()?;
        let exclusive = self.exclusives.take(Purpose::Work).await?;
        let read = catalog::statistics::read(&exclusive, self.extent);
        let read = self
            .settings
            .patience
            .in_time((false, 2), "reading sizes and indexes", read);
        let read = read.await;
        finish(exclusive, read).await
    }

    pub(crate) async fn plan(&self, explained: &Explained) -> Result<QueryPlan, Error> {
        let _inside = self.doors.enter()?;
        let exclusive = self.exclusives.take(Purpose::Work).await?;
        let plan = explain::plan(&exclusive, explained);
        let plan = self
            .settings
            .patience
            .in_time((false, 1), "planning a statement", plan);
        let plan = plan.await;
        finish(exclusive, plan).await
    }

    /// What row-level security comes to for the login, and for roles that requests act as.
    pub(crate) async fn row_security(
        &self,
        roles: &[String],
        relations: &[Relation],
    ) -> Result<(Subject, Vec<Subject>), Error> {
        let _inside = self.doors.enter()?;
        let exclusive = self.exclusives.take(Purpose::Work).await?;
        let read = catalog::row_security::read(&exclusive, roles, relations);
        let silence = "reading what roles may see";
        let read = self
            .settings
            .patience
            .in_time((false, roles.len() + 1), silence, read);
        let read = read.await;
        finish(exclusive, read).await
    }

    /// Removes outcomes that were kept for long enough, and counts the others.
    pub(crate) async fn sweep(&self, round: Round) -> Result<Swept, Error> {
        /// The look for the table, its creation, the removal, the count.
        const STATEMENTS: usize = 4;
        let _inside = self.doors.enter()?;
        let exclusive = self.exclusives.take(Purpose::Work).await?;
        let swept = async {
            once::lay(&exclusive, &self.settings).await?;
            once::sweep(&exclusive, round).await
        };
        let silence = "removing old outcomes";
        let swept = self
            .settings
            .patience
            .in_time((true, STATEMENTS), silence, swept);
        let swept = swept.await;
        finish(exclusive, swept).await
    }

    /// Opens connections before they are asked for: first what nothing can be written without.
    pub(crate) async fn warm(&self) -> Result<(), Error> {
        let _inside = self.doors.enter()?;
        self.exclusives.warm().await?;
        if !self.settings.pooled {
            self.light.warm(&self.connector).await?;
            self.bounded.warm(&self.connector).await?;
        }
        Ok(())
    }

    pub(crate) async fn check(&self) -> Result<(), Error> {
        let _inside = self.doors.enter()?;
        let answer = async {
            if !self.settings.pooled {
                match self.light.check(&self.connector).await {
                    Ok(false) => {}
                    // It says that it takes no further connection, and others are there.
                    Err(Error::Full(_)) if self.exclusives.is_open() => return Ok(()),
                    answer => return answer.map(drop),
                }
            }
            self.exclusives.check().await
        };
        match timeout(CHECK, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::Unavailable("it does not answer".into())),
        }
    }

    pub(crate) async fn close(&self) {
        self.doors.close().await;
        self.light.close();
        self.bounded.close();
        self.exclusives.close();
    }

    /// Sends a job where it gets in nobody's way.
    async fn route(&self, job: Job, weight: Weight, inside: Inside) -> Result<Reply, Snag> {
        let whole = job.script.writes || weight < Weight::Unbounded;
        if whole {
            match self.hold(&job, weight).await? {
                Outcome::Whole(text, rows) | Outcome::Made(text, rows) => {
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
        match Box::pin(self.stream(job.clone(), &inside)).await {
            Err(Snag {
                kind: Kind::Lost, ..
            }) => Box::pin(self.stream(job, &inside)).await,
            reply => reply,
        }
    }

    /// Runs a job whose answer is held whole.
    async fn hold(&self, job: &Job, weight: Weight) -> Result<Outcome, Snag> {
        if job.script.steps.is_empty() && job.claim.is_none() {
            return Ok(Outcome::Whole(
                Answer::new(&job.script, usize::MAX, self.settings.bounds).finish()?,
                0,
            ));
        }
        let single = !job.transacts();
        if single && !self.settings.pooled {
            let lane = match weight {
                Weight::Light => &self.light,
                Weight::Bounded | Weight::Unbounded => &self.bounded,
            };
            if let Some(outcome) = lane.run(&self.connector, job).await? {
                return Ok(outcome);
            }
        }
        // Here and below, what small reads do not need is kept out of what they move about.
        Box::pin(self.retries.run(|| self.attempt(job))).await
    }

    /// Runs a transaction, again where its connection or a statement was out of date: on another one, by
    /// a way on which no statement can be.
    async fn attempt(&self, job: &Job) -> Result<Outcome, Snag> {
        match self.transact(job, Way::Named).await {
            Err(snag) if snag.is_worth_another_try(job.script.writes) => {
                self.transact(job, Way::Unnamed).await
            }
            outcome => outcome,
        }
    }

    async fn transact(&self, job: &Job, way: Way) -> Result<Outcome, Snag> {
        let exclusive = self.exclusives.take(Purpose::Work).await?;
        let mut outcome = self.steps(&exclusive, job, way).await;
        if job.script.writes && outcome.is_ok() && !matches!(outcome, Ok(Outcome::Made(..))) {
            let ended = match outcome {
                Ok(Outcome::Replayed(_)) => {
                    transaction::roll_back(&exclusive, &self.settings).await
                }
                _ if job.script.undone => transaction::undo(&exclusive, &self.settings).await,
                _ => transaction::commit(&exclusive, &self.settings).await,
            };
            outcome = ended.and(outcome);
        }
        match outcome {
            Ok(Outcome::Large) => Ok(Outcome::Large),
            Ok(whole) => {
                exclusive.release();
                Ok(whole)
            }
            Err(snag) => {
                if matches!(snag.error, Error::IdempotencyTable(_)) {
                    self.laid.store(false, Relaxed);
                }
                exclusive.recover(&snag).await;
                Err(snag)
            }
        }
    }

    /// Runs the steps of a job; what it wrote is to be committed, unless that is done.
    async fn steps(&self, session: &Session, job: &Job, way: Way) -> Result<Outcome, Snag> {
        let settings = &self.settings;
        let bounds = (job.script.writes, job.statements());
        let prepare = async {
            self.lay(session, job).await?;
            transaction::prepare(session, job, way, (settings, &self.silent)).await
        };
        let running = settings.patience.in_time(bounds, SILENCE, prepare).await?;
        if running.is_alone() {
            return running.run_alone(settings).await;
        }
        let run = running.run(settings);
        settings.patience.in_time(bounds, SILENCE, run).await
    }

    /// Makes the table of outcomes before the first job that needs it.
    async fn lay(&self, session: &Session, job: &Job) -> Result<(), Snag> {
        if job.claim.is_some() && !self.laid.load(Relaxed) {
            once::lay(session, &self.settings).await?;
            self.laid.store(true, Relaxed);
        }
        Ok(())
    }

    async fn stream(&self, job: Job, inside: &Inside) -> Result<Reply, Snag> {
        let means = stream::Means {
            exclusive: self
                .exclusives
                .take(Purpose::Stream(job.gate.as_ref()))
                .await?,
            settings: self.settings.clone(),
            _inside: inside.another(),
            metrics: self.metrics.clone(),
        };
        stream::run(means, job).await
    }
}

/// Gives a connection back after the only thing that was asked on it.
async fn finish<T>(exclusive: Exclusive, outcome: Result<T, Snag>) -> Result<T, Error> {
    match outcome {
        Ok(answer) => {
            exclusive.release();
            Ok(answer)
        }
        Err(snag) => {
            exclusive.recover(&snag).await;
            Err(snag.error)
        }
    }
}
