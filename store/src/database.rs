//! The one door to a database, whichever it is.

use crate::changes::Changes;
use crate::gate::Gate;
use crate::idempotency::{Claim, Idempotency};
use crate::job::Job;
use crate::metrics::Metrics;
use crate::{Config, Error, Failure, Reply, dialect, mariadb, postgres, sqlite};
use model::metric::Registry;
use model::row_security::Subject;
use model::{
    Actor, Argument, Catalog, Dialect, Explained, Once, QueryPlan, Relation, Script, Statistics,
    Weight,
};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A database: its pools, queues and caches; clones share them.
#[derive(Clone)]
pub struct Database {
    backend: Arc<Backend>,
    idempotency: Arc<Idempotency>,
    /// What changes in it, once somebody asks.
    changes: Arc<OnceLock<Changes>>,
    config: Arc<Config>,
    metrics: Metrics,
}

/// Something that may change tables: once it is over they count as changed, whatever came of it.
struct Writing<'d> {
    changes: &'d OnceLock<Changes>,
    script: Arc<Script>,
    /// Whether it is known what came of it, so that the database is no longer at it.
    is_over: bool,
    /// How long it may be at it.
    most: Duration,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if let Some(changes) = self.changes.get().filter(|_| !self.script.undone) {
            changes.wrote(&self.script.footprint);
            if !self.is_over {
                changes.goes_on(self.most);
            }
        }
    }
}

/// How a script is run.
#[derive(Clone, Debug)]
pub struct Manner {
    /// How much it may bring; writes are held whole, whatever it says.
    pub weight: Weight,
    /// What makes it the same as an earlier one, whose outcome is then its own; for writes alone.
    pub once: Option<Once>,
    /// As whom it is run; as the login of the connections where as nobody.
    pub actor: Option<Arc<Actor>>,
    /// How many of its first steps are run as the login all the same, in the same transaction; for
    /// writes alone.
    pub steps_as_login: usize,
    /// Who is asked before it gets a connection that it keeps until its receiver has taken all.
    pub gate: Option<Arc<dyn Gate>>,
}

impl From<Weight> for Manner {
    fn from(weight: Weight) -> Self {
        Self {
            weight,
            once: None,
            actor: None,
            steps_as_login: 0,
            gate: None,
        }
    }
}

enum Backend {
    Sqlite(Box<sqlite::Sqlite>),
    Postgres(Box<postgres::Postgres>),
    Mariadb(Box<mariadb::Mariadb>),
}

impl Database {
    /// Reads the address and makes ready to connect; the database need not be up.
    pub fn open(config: &Config, registry: &mut Registry) -> Result<Self, Error> {
        Self::at(config, None, Metrics::register(registry))
    }

    /// Another database, whose pools, queues and caches are its own; both count together. Of its connections
    /// none is kept open.
    ///
    /// In PostgreSQL it may be a schema: then each of its connections finds what is in that schema
    /// and nothing else, and its catalog is that of the schema.
    pub fn beside(&self, config: &Config, schema: Option<&str>) -> Result<Self, Error> {
        let mut config = config.clone();
        config.postgres.exclusive_connections_min = 0;
        config.mariadb.connections_min = 0;
        Self::at(&config, schema, self.metrics.clone())
    }

    fn at(config: &Config, schema: Option<&str>, metrics: Metrics) -> Result<Self, Error> {
        let counted = metrics.clone();
        let backend = match (dialect(&config.url), schema) {
            (Some(Dialect::Postgres), schema) => {
                Backend::Postgres(Box::new(postgres::Postgres::open(config, schema, metrics)?))
            }
            (Some(_), Some(_)) => {
                let message = "only in PostgreSQL a schema is something else than a database";
                return Err(Error::Address(message.to_owned()));
            }
            (Some(Dialect::Sqlite), None) => {
                Backend::Sqlite(Box::new(sqlite::Sqlite::open(config, metrics)?))
            }
            (Some(Dialect::Mariadb), None) => {
                Backend::Mariadb(Box::new(mariadb::Mariadb::open(config, metrics)?))
            }
            (None, _) => return Err(unsupported(config.url.expose())),
        };
        Ok(Self {
            backend: Arc::new(backend),
            idempotency: Arc::new(Idempotency::new(config, counted.clone())),
            changes: Arc::default(),
            config: Arc::new(config.clone()),
            metrics: counted,
        })
    }

    /// The language it speaks.
    pub fn dialect(&self) -> Dialect {
        match &*self.backend {
            Backend::Sqlite(_) => Dialect::Sqlite,
            Backend::Postgres(_) => Dialect::Postgres,
            Backend::Mariadb(_) => Dialect::Mariadb,
        }
    }

    /// What it holds now.
    pub async fn catalog(&self) -> Result<Catalog, Error> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.catalog().await,
            Backend::Postgres(postgres) => postgres.catalog().await,
            Backend::Mariadb(mariadb) => mariadb.catalog().await,
        }
    }

    /// How large its tables are, and the indexes they have. Nothing is written.
    pub async fn statistics(&self) -> Result<Statistics, Error> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.statistics().await,
            Backend::Postgres(postgres) => postgres.statistics().await,
            Backend::Mariadb(mariadb) => mariadb.statistics().await,
        }
    }

    /// How it means to run a statement, which is not run.
    pub async fn plan(&self, explained: &Explained) -> Result<QueryPlan, Error> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.plan(explained.clone()).await,
            Backend::Postgres(postgres) => postgres.plan(explained).await,
            Backend::Mariadb(mariadb) => mariadb.plan(explained).await,
        }
    }

    /// How it would mean to run statements if it had these indexes more, by the statements that make them;
    /// `None` where that cannot be tried without touching it.
    pub async fn plans_with(
        &self,
        indexes: &[String],
        explained: &[Explained],
    ) -> Result<Option<Vec<QueryPlan>>, Error> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => {
                let tried = sqlite.plans_with(indexes.to_vec(), explained.to_vec());
                tried.await.map(Some)
            }
            Backend::Postgres(_) | Backend::Mariadb(_) => Ok(None),
        }
    }

    /// What row-level security comes to for the login, and for roles that requests act as.
    pub async fn row_security(
        &self,
        roles: &[String],
        relations: &[Relation],
    ) -> Result<(Subject, Vec<Subject>), Error> {
        match &*self.backend {
            Backend::Postgres(postgres) => postgres.row_security(roles, relations).await,
            Backend::Sqlite(_) | Backend::Mariadb(_) => Err(without_roles()),
        }
    }

    /// Runs a script, one list of arguments for each step, and gives the JSON text of `data`.
    ///
    /// Reads see one snapshot; writes are one transaction, committed before the reply is given. One
    /// that is to happen once and did is answered as it was the first time.
    pub async fn run(
        &self,
        script: Arc<Script>,
        arguments: Vec<Vec<Argument>>,
        manner: impl Into<Manner>,
    ) -> Result<Reply, Failure> {
        let Manner {
            weight,
            once,
            actor,
            steps_as_login,
            gate,
        } = manner.into();
        if actor.is_some() && self.dialect() != Dialect::Postgres {
            return Err(without_roles().into());
        }
        let claim = match once.filter(|_| script.writes) {
            Some(once) => Some(Box::pin(self.claim(once)).await?),
            None => None,
        };
        let (has_key, of) = (claim.is_some(), Arc::clone(&script));
        let mut writing = script.writes.then(|| Writing {
            changes: &self.changes,
            script: Arc::clone(&script),
            is_over: false,
            most: Duration::from_millis(self.config.write_timeout_ms),
        });
        let reply = match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.run(script, arguments, (weight, gate), claim).await,
            Backend::Postgres(postgres) => {
                let job = Job::new(script, arguments, claim)?.through(gate);
                let job = job.acting_as(actor, steps_as_login);
                postgres.run(job, weight).await
            }
            Backend::Mariadb(mariadb) => {
                let job = Job::new(script, arguments, claim)?.through(gate);
                Box::pin(mariadb.run(job, weight)).await
            }
        };
        if let Some(writing) = &mut writing {
            let error = reply.as_ref().err().map(|failure| &failure.error);
            writing.is_over = !matches!(error, Some(Error::OutcomeUnknown(_)));
        }
        if has_key && self.idempotency.count(&reply) {
            tokio::spawn(self.clone().next_round());
        }
        let failed = |failure: Failure| {
            if of.writes {
                failure
            } else {
                failure.of_a_read()
            }
        };
        reply.map_err(|failure| failed(failure).explained(&of))
    }

    /// What a write that is to happen once claims; before the first it is seen what is kept.
    async fn claim(&self, once: Once) -> Result<Claim, Error> {
        self.idempotency.admit()?;
        self.idempotency.first_look(self.round()).await?;
        Ok(self.idempotency.claim(once))
    }

    /// Removes outcomes that were kept for long enough, and sees how many are left.
    async fn round(&self) -> Result<(), Error> {
        let (round, before) = self.idempotency.round();
        let swept = match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.sweep(round).await,
            Backend::Postgres(postgres) => postgres.sweep(round).await,
            Backend::Mariadb(mariadb) => mariadb.sweep(round).await,
        };
        self.idempotency.found(before, swept?);
        Ok(())
    }

    /// The same while nobody waits for it.
    async fn next_round(self) {
        if let Err(error) = self.round().await {
            tracing::warn!(detail = %error, "old outcomes of mutations were not removed");
        }
        self.idempotency.end();
    }

    /// What changes in it. From the first time on it is followed, which costs the database a connection
    /// or two, and a slot or a reader of its binary log; before, nothing of that is done.
    pub fn changes(&self) -> &Changes {
        self.changes.get_or_init(|| {
            let config = self.config.changes.clone();
            let (source, look) = match &*self.backend {
                Backend::Sqlite(sqlite) => (None, Some(sqlite.look())),
                Backend::Postgres(postgres) => (Some(postgres.source(config)), None),
                Backend::Mariadb(mariadb) => (Some(mariadb.source(config)), None),
            };
            Changes::begin(source, look, self.metrics.clone())
        })
    }

    /// Whether it answers: a real round trip.
    pub async fn check(&self) -> Result<(), Error> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.check().await,
            Backend::Postgres(postgres) => postgres.check().await,
            Backend::Mariadb(mariadb) => mariadb.check().await,
        }
    }

    /// Opens the connections that requests will want, so that none has to wait for its own: those that small
    /// reads share, and as many as are kept of those that a request has to itself. To be told again and
    /// again, as some may have been lost; those that are open stay.
    pub async fn warm(&self) -> Result<(), Error> {
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.warm().await,
            Backend::Postgres(postgres) => postgres.warm().await,
            Backend::Mariadb(mariadb) => mariadb.warm().await,
        }
    }

    /// Lets the work in hand finish, refuses new work and closes all connections.
    pub async fn close(&self) {
        if let Some(changes) = self.changes.get() {
            changes.end().await;
        }
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.close().await,
            Backend::Postgres(postgres) => postgres.close().await,
            Backend::Mariadb(mariadb) => mariadb.close().await,
        }
    }
}

fn without_roles() -> Error {
    Error::Internal("only PostgreSQL has roles that requests act as".into())
}

fn unsupported(url: &str) -> Error {
    let scheme = url.split_once(':').map_or(url, |(scheme, _)| scheme);
    // Only letters are repeated: without a scheme the text could hold a password.
    let named = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphabetic());
    let given = if named { scheme } else { "the given address" };
    Error::Address(format!(
        "{given} is not supported; use sqlite:<path>, sqlite::memory:, postgres://user@host/name or \
         mariadb://user@host/name"
    ))
}
