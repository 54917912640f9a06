//! SQLite, embedded: many connections read beside one that writes, and a read stays on the thread
//! that asks only as long as its budget lasts.

mod bind;
mod bucket;
mod catalog;
mod constraints;
mod decimal;
mod document;
mod explain;
mod functions;
mod like;
mod number;
mod once;
mod output;
mod overruns;
mod place;
mod pool;
mod rows;
mod script;
mod session;
mod statistics;
mod sum;
mod translate;
mod value;
mod watch;
mod writer;

pub use place::{sqlite_file, sqlite_url};

pub(crate) use place::Place;
pub(crate) use session::{Role, Session};
pub(crate) use translate::outside;

use crate::changes::Look;
use crate::gate::Gate;
use crate::idempotency::{Claim, Round, Swept};
use crate::metrics::{Kind, Metrics};
use crate::reply::OnDrop;
use crate::{Config, Error, Failure, Reply};
use model::{Argument, Catalog, Explained, QueryPlan, Script, Statistics, Weight};
use output::{Output, Streaming};
use overruns::Overruns;
use pool::{Lease, Pool};
use script::Work;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use writer::Queue;

/// One SQLite database.
pub(crate) struct Sqlite {
    place: Place,
    shared: Arc<Shared>,
    readers: Arc<Pool>,
    /// Apart from the readers, so that a slow receiver holds up nobody's short read.
    long_readers: Arc<Pool>,
    writer: Arc<Pool>,
    writes: Arc<Queue>,
    /// Whether the file was opened for writing once, which puts it into WAL mode.
    laid: AtomicBool,
    overruns: Overruns,
    /// Keeps a database in memory alive while no script runs.
    keeper: Mutex<Option<Session>>,
}

/// What all parts look at.
struct Shared {
    config: Config,
    metrics: Metrics,
    /// What looks whether others committed, once somebody asks for it.
    look: OnceLock<Arc<Look>>,
}

impl Sqlite {
    /// Reads the address and makes ready to open the file.
    pub(crate) fn open(config: &Config, metrics: Metrics) -> Result<Self, Error> {
        let place = Place::parse(config.url.expose())?;
        let keeper = match &place {
            Place::Memory(_) => Some(Session::open(&place, Role::Writer, config)?),
            Place::File(_) => None,
        };
        let config = config.clone();
        let shared = Arc::new(Shared {
            config,
            metrics,
            look: OnceLock::new(),
        });
        let pool = |kind, size| Pool::new(place.clone(), kind, size, Arc::clone(&shared));
        let (short, long) = readers(&shared.config);
        Ok(Self {
            readers: pool(Kind::Reader, short),
            long_readers: pool(Kind::LongReader, long),
            writer: pool(Kind::Writer, 1),
            writes: Arc::new(Queue::new()),
            laid: AtomicBool::new(false),
            overruns: Overruns::new(),
            keeper: Mutex::new(keeper),
            place,
            shared,
        })
    }

    pub(crate) async fn catalog(&self) -> Result<Catalog, Error> {
        if !self.place.exists() {
            self.lay().await?;
        }
        blocking(self.long_readers.lease().await?, catalog::read).await
    }

    pub(crate) async fn statistics(&self) -> Result<Statistics, Error> {
        blocking(self.long_readers.lease().await?, statistics::read).await
    }

    pub(crate) async fn plan(&self, explained: Explained) -> Result<QueryPlan, Error> {
        let lease = self.long_readers.lease().await?;
        blocking(lease, move |session| explain::plan(session, &explained)).await
    }

    /// Plans in a copy in memory that has the tables, the indexes and the statistics, and no rows.
    pub(crate) async fn plans_with(
        &self,
        indexes: Vec<String>,
        explained: Vec<Explained>,
    ) -> Result<Vec<QueryPlan>, Error> {
        let lease = self.long_readers.lease().await?;
        let config = self.shared.config.clone();
        blocking(lease, move |session| {
            let copy = explain::copy(session, &config, &indexes)?;
            let plans = explained.iter().map(|one| explain::plan(&copy, one));
            plans.collect()
        })
        .await
    }

    pub(crate) async fn run(
        &self,
        script: Arc<Script>,
        arguments: Vec<Vec<Argument>>,
        (weight, gate): (Weight, Option<Arc<dyn Gate>>),
        claim: Option<Claim>,
    ) -> Result<Reply, Failure> {
        let work = Work {
            script,
            arguments,
            claim,
        };
        if work.script.writes {
            return self.write(work).await;
        }
        let bytes_max = match weight {
            Weight::Unbounded => self.shared.config.chunk_bytes,
            Weight::Light | Weight::Bounded => self.shared.config.whole_bytes_max,
        };
        self.lay().await?;
        if let Some(reply) = self.attempt(&work, bytes_max).await {
            return reply;
        }
        let lease = self.long_readers.lease_through(gate.as_ref()).await?;
        self.hand_over(work, lease, bytes_max).await
    }

    /// Removes outcomes that were kept for long enough, and counts the others.
    pub(crate) async fn sweep(&self, round: Round) -> Result<Swept, Error> {
        let writer = self.writer.lease().await?;
        let removed = blocking(writer, move |session| once::sweep(round, session)).await?;
        let left = blocking(self.long_readers.lease().await?, once::count).await?;
        Ok(Swept { removed, left })
    }

    /// A real read of the file at the path, which may have been replaced since it was opened.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        self.lay().await?;
        if blocking(self.readers.lease().await?, Session::is_current).await? {
            return Ok(());
        }
        self.laid.store(false, Relaxed);
        for pool in [&self.readers, &self.long_readers, &self.writer] {
            pool.renew();
        }
        self.lay().await?;
        blocking(self.readers.lease().await?, Session::is_current).await?;
        Ok(())
    }

    /// Opens connections before they are asked for: those of short reads, and the one that writes.
    pub(crate) async fn warm(&self) -> Result<(), Error> {
        self.lay().await?;
        self.writer.warm().await?;
        self.readers.warm().await
    }

    pub(crate) async fn close(&self) {
        for pool in [&self.readers, &self.long_readers, &self.writer] {
            pool.close().await;
        }
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        *keeper = None;
    }

    /// Opens the file for writing once, so that it exists and is in WAL mode before it is read.
    async fn lay(&self) -> Result<(), Error> {
        if self.laid.load(Relaxed) {
            return Ok(());
        }
        match self.writer.lease().await {
            Err(Error::Unavailable(why)) if self.place.exists() => {
                tracing::warn!(why, "the database can only be read");
            }
            opened => drop(opened?),
        }
        self.laid.store(true, Relaxed);
        Ok(())
    }

    /// Waits for the one connection that writes, or for whoever has it to take this on.
    async fn write(&self, work: Work) -> Result<Reply, Failure> {
        let mut waiter = self.writes.enter(work);
        let lease = tokio::select! {
            biased;
            answer = waiter.answer() => return answer,
            lease = self.writer.lease() => lease,
        };
        match lease {
            Ok(lease) => {
                let (writes, shared) = (Arc::clone(&self.writes), Arc::clone(&self.shared));
                let own = waiter.ticket();
                spawn_blocking(move || writes.lead(&own, &lease, &shared));
            }
            Err(error) if waiter.withdraw() => return Err(error.into()),
            Err(_) => {}
        }
        waiter.answer().await
    }

    /// What looks whether others committed, from now on told of what we commit.
    pub(crate) fn look(&self) -> Arc<Look> {
        let look = || Arc::new(Look::new(self.place.clone(), self.shared.config.clone()));
        Arc::clone(self.shared.look.get_or_init(look))
    }

    /// Tries a read on this thread; `None` when the budget does not suffice.
    async fn attempt(&self, work: &Work, bytes_max: usize) -> Option<Result<Reply, Failure>> {
        let budget = self.shared.config.sqlite.inline_kilosteps_max;
        if budget == 0 || self.overruns.pass_over(&*work.script) {
            return None;
        }
        let lease = match self.readers.lease().await {
            Ok(lease) => lease,
            Err(error) => return Some(Err(error.into())),
        };
        let session = lease.session().ok()?;
        session.watch.begin(lease.timeout(), Some(budget));
        let mut output = Output::tried(&self.shared, bytes_max, &session.watch);
        let result = work.perform(session, &mut output);
        if result.is_err() && session.watch.is_spent() {
            self.overruns.note(&*work.script);
            return None;
        }
        Some(output.answer(result))
    }

    /// Runs a read on a thread that may block, and streams the result when it is large.
    async fn hand_over(
        &self,
        work: Work,
        lease: Lease,
        bytes_max: usize,
    ) -> Result<Reply, Failure> {
        let (asker, answer) = oneshot::channel();
        let (ticket, mut guard) = begin(&lease)?;
        let watch = Arc::clone(&lease.session()?.watch);
        let streaming = Streaming::new(&self.shared, watch, ticket, asker);
        let mut output = Output::streamed(&self.shared, bytes_max, streaming);
        spawn_blocking(move || {
            let session = lease.session().map_err(Failure::from);
            let result = session.and_then(|session| work.perform(session, &mut output));
            // The next one gets the connection before this one's reader gets the end.
            drop(lease);
            output.deliver(result);
        });
        let reply = answer.await;
        guard.disarm();
        reply.unwrap_or_else(|_| Err(Error::Internal("a reading thread broke off".into()).into()))
    }
}

/// Writes, so that what is committed meanwhile is known as ours or as that of others.
fn looked_at<T>(shared: &Shared, writer: &Session, write: impl FnOnce() -> T) -> T {
    let Some(look) = shared.look.get() else {
        return write();
    };
    let before = look.before(writer);
    let written = write();
    let looked = before.and_then(|before| {
        writer.watch.rest();
        look.after(writer, &before)
    });
    if let Err(error) = looked {
        tracing::warn!(%error, "what was committed is not known as ours");
        look.forget();
    }
    written
}

/// Runs something on a thread that may block; dropping the future stops it.
async fn blocking<T, E>(
    lease: Lease,
    work: impl FnOnce(&Session) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (_, mut guard) = begin(&lease)?;
    let done = spawn_blocking(move || work(lease.session()?)).await;
    guard.disarm();
    done.unwrap_or_else(|error| Err(Error::Internal(error.to_string()).into()))
}

/// Begins a script on a connection: its ticket, and what stops it when dropped.
fn begin(lease: &Lease) -> Result<(u64, OnDrop), Error> {
    let session = lease.session()?;
    let ticket = session.watch.begin(lease.timeout(), None);
    let watch = Arc::clone(&session.watch);
    Ok((ticket, OnDrop::new(move || watch.cancel(ticket))))
}

/// How many reads may be under way at a time that are long, or that their receivers take slowly.
pub(crate) fn long_readers(config: &Config) -> usize {
    bounded(config.sqlite.long_readers) as usize
}

fn bounded(connections: usize) -> u32 {
    u32::try_from(connections.clamp(1, 1_024)).unwrap_or(1)
}

/// How many connections there are for short reads and for long ones.
fn readers(config: &Config) -> (u32, u32) {
    let short = match config.sqlite.readers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        given => given,
    };
    (bounded(short), bounded(config.sqlite.long_readers))
}
