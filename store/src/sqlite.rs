//! SQLite, embedded: many connections read beside one that writes, and a read stays on the thread
//! that asks only as long as its budget lasts.

mod bind;
mod catalog;
mod decimal;
mod functions;
mod like;
mod output;
mod place;
mod pool;
mod rows;
mod script;
mod session;
mod sum;
mod temporal;
mod translate;
mod value;
mod watch;

use crate::metrics::Metrics;
use crate::reply::OnDrop;
use crate::{Config, Error, Failure, Reply};
use model::{Argument, Catalog, Script, Weight};
use output::{Output, Streaming};
use place::Place;
use pool::{Lease, Pool};
use script::Work;
use session::{Role, Session};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

/// One SQLite database.
pub(crate) struct Sqlite {
    place: Place,
    shared: Arc<Shared>,
    readers: Arc<Pool>,
    writer: Arc<Pool>,
    /// Whether the file was opened for writing once, which puts it into WAL mode.
    laid: AtomicBool,
    /// Keeps a database in memory alive while no script runs.
    keeper: Mutex<Option<Session>>,
}

/// What all parts look at.
struct Shared {
    config: Config,
    metrics: Metrics,
}

impl Sqlite {
    /// Makes ready to open the file at `path`.
    pub(crate) fn open(path: &str, config: &Config, metrics: Metrics) -> Result<Self, Error> {
        let place = Place::parse(path)?;
        let keeper = match &place {
            Place::Memory(_) => Some(Session::open(&place, Role::Writer, config)?),
            Place::File(_) => None,
        };
        let config = config.clone();
        let shared = Arc::new(Shared { config, metrics });
        let readers = readers(&shared.config);
        Ok(Self {
            readers: Pool::new(place.clone(), Role::Reader, readers, Arc::clone(&shared)),
            writer: Pool::new(place.clone(), Role::Writer, 1, Arc::clone(&shared)),
            laid: AtomicBool::new(false),
            keeper: Mutex::new(keeper),
            place,
            shared,
        })
    }

    pub(crate) async fn catalog(&self) -> Result<Catalog, Error> {
        blocking(self.reader().await?, catalog::read).await
    }

    pub(crate) async fn run(
        &self,
        script: Arc<Script>,
        arguments: Vec<Vec<Argument>>,
        weight: Weight,
    ) -> Result<Reply, Failure> {
        let work = Work { script, arguments };
        if work.script.writes {
            return self.write(work).await;
        }
        let lease = self.reader().await?;
        let bytes_max = match weight {
            Weight::Unbounded => self.shared.config.chunk_bytes,
            Weight::Light | Weight::Bounded => {
                if let Some(reply) = self.attempt(&work, &lease) {
                    return reply;
                }
                self.shared.config.whole_bytes_max
            }
        };
        self.hand_over(work, lease, bytes_max).await
    }

    /// A real read of the file at the path, which may have been replaced since it was opened.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        if blocking(self.reader().await?, Session::is_current).await? {
            return Ok(());
        }
        self.readers.renew();
        self.writer.renew();
        self.laid.store(false, Relaxed);
        blocking(self.reader().await?, Session::is_current).await?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        *keeper = None;
    }

    async fn reader(&self) -> Result<Lease, Error> {
        if !self.laid.load(Relaxed) {
            self.lay().await?;
        }
        self.readers.lease().await
    }

    /// Opens the file for writing, so that it exists and is in WAL mode before it is read.
    async fn lay(&self) -> Result<(), Error> {
        match self.writer.lease().await {
            Err(Error::Unavailable(why)) if self.place.exists() => {
                tracing::warn!(why, "the database can only be read");
            }
            opened => drop(opened?),
        }
        self.laid.store(true, Relaxed);
        Ok(())
    }

    async fn write(&self, work: Work) -> Result<Reply, Failure> {
        let lease = self.writer.lease().await?;
        let shared = Arc::clone(&self.shared);
        blocking(lease, move |session| {
            let mut output = Output::held(&shared);
            let result = work.perform(session, &mut output);
            output.answer(result)
        })
        .await
    }

    /// Tries a read on this thread; `None` when the budget does not suffice.
    fn attempt(&self, work: &Work, lease: &Lease) -> Option<Result<Reply, Failure>> {
        let budget = self.shared.config.sqlite.inline_kilosteps_max;
        let session = lease.session().ok().filter(|_| budget > 0)?;
        let timeout = self.shared.config.statement_timeout();
        session.watch.begin(timeout, Some(budget));
        let mut output = Output::tried(&self.shared, &session.watch);
        let result = work.perform(session, &mut output);
        if result.is_err() && session.watch.is_spent() {
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

fn readers(config: &Config) -> u32 {
    let readers = match config.sqlite.readers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        given => given,
    };
    u32::try_from(readers).unwrap_or(u32::MAX)
}
