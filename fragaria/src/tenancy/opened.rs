//! The open database of a tenant: how it stands to the artefact, and who is in it.

use super::metrics::Metrics;
use super::not_ready;
use super::tenant::Tenant;
use crate::agreement;
use crate::edition::Edition;
use crate::readiness::{LOOK_MAX, errors};
use guard::load::Load;
use model::{Diagnostic, Fault};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::{Database, Error};
use tokio::sync::{OwnedRwLockReadGuard, OwnedSemaphorePermit, RwLock};
use tokio::time::{Instant, timeout};

/// An open database.
pub(super) struct Opened {
    pub(super) tenant: Arc<Tenant>,
    database: Database,
    load: Arc<Load>,
    standing: Mutex<Standing>,
    metrics: Metrics,
    /// Whether a request found something else in it than the artefact says.
    doubted: AtomicBool,
    /// Read by who is in it, written by who closes it.
    doors: Arc<RwLock<()>>,
    /// How many requests are in it.
    stays: AtomicUsize,
    since: Instant,
    /// When it was used last, in milliseconds since it was opened.
    used_ms: AtomicU64,
    _place: OwnedSemaphorePermit,
}

/// How a database stands to an artefact, by its hash.
#[derive(Clone, PartialEq, Eq)]
enum Standing {
    Unknown,
    Fits(Arc<str>),
    Away(String),
    Unfit(Arc<str>, Vec<Diagnostic>),
}

/// A request in a database, which is not closed before it ends.
pub(crate) struct Stay {
    opened: Arc<Opened>,
    _inside: OwnedRwLockReadGuard<()>,
}

impl Opened {
    /// A database to which nobody has connected.
    pub(super) fn new(
        tenant: &Arc<Tenant>,
        database: Database,
        load: Arc<Load>,
        metrics: &Metrics,
        place: OwnedSemaphorePermit,
    ) -> Arc<Self> {
        metrics.open.inc();
        Arc::new(Self {
            tenant: Arc::clone(tenant),
            database,
            load,
            standing: Mutex::new(Standing::Unknown),
            metrics: metrics.clone(),
            doubted: AtomicBool::new(false),
            doors: Arc::default(),
            stays: AtomicUsize::new(0),
            since: Instant::now(),
            used_ms: AtomicU64::new(0),
            _place: place,
        })
    }

    /// Lets somebody in, unless it is being closed.
    pub(super) fn stay(self: &Arc<Self>) -> Option<Stay> {
        let inside = Arc::clone(&self.doors).try_read_owned().ok()?;
        self.stays.fetch_add(1, Relaxed);
        self.used();
        Some(Stay {
            opened: Arc::clone(self),
            _inside: inside,
        })
    }

    /// Whether it holds what the artefact of an edition says; nothing as long as nobody knows.
    pub(super) fn judge(&self, edition: &Edition) -> Option<Result<(), Fault>> {
        match &*self.standing() {
            Standing::Fits(hash) if *hash == edition.hash => Some(Ok(())),
            Standing::Unfit(hash, _) if *hash == edition.hash => Some(Err(not_ready())),
            Standing::Away(_) => Some(Err(not_ready())),
            Standing::Unknown | Standing::Fits(_) | Standing::Unfit(..) => None,
        }
    }

    /// Looks whether it is there; if it just came, or a request found it changed, it is compared.
    pub(super) async fn look(&self, edition: &Edition) {
        // Whoever opens it finds out by itself, and of one that closes nobody needs to know.
        let (Ok(_turn), Ok(_inside)) = (self.tenant.turn.try_lock(), self.doors.try_read()) else {
            return;
        };
        if let Err(error) = in_time(self.database.check()).await {
            return self.stands(Standing::Away(error.to_string()));
        }
        let fits = matches!(self.judge(edition), Some(Ok(())));
        if !fits || self.doubted.swap(false, Relaxed) {
            self.compare(edition).await;
        }
    }

    /// Compares it with the artefact.
    pub(super) async fn compare(&self, edition: &Edition) {
        let compared = agreement::compare(&self.database, &edition.schema);
        let hash = Arc::clone(&edition.hash);
        self.stands(match Box::pin(in_time(compared)).await {
            Err(error) => Standing::Away(error.to_string()),
            Ok(findings) if errors(&findings).next().is_none() => Standing::Fits(hash),
            Ok(findings) => Standing::Unfit(hash, findings),
        });
    }

    /// Takes note of how it stands, and tells what is new of that.
    fn stands(&self, found: Standing) {
        let mut standing = self.standing();
        if *standing == found {
            return;
        }
        let tenant = &*self.tenant.name;
        match &found {
            Standing::Fits(_) => tracing::info!(tenant, "the database of a tenant is ready"),
            Standing::Away(why) => {
                tracing::warn!(tenant, detail = why, "the database of a tenant is away");
            }
            Standing::Unfit(_, findings) => {
                let count = errors(findings).count();
                tracing::warn!(
                    tenant,
                    count,
                    "the database of a tenant does not hold what the artefact was compiled for"
                );
                for finding in errors(findings) {
                    tracing::error!(tenant, code = finding.code, "drift: {}", finding.message);
                }
            }
            Standing::Unknown => {}
        }
        self.count(&standing, -1);
        self.count(&found, 1);
        *standing = found;
    }

    fn count(&self, standing: &Standing, by: i64) {
        match standing {
            Standing::Away(_) => _ = self.metrics.away.inc_by(by),
            Standing::Unfit(..) => _ = self.metrics.unfit.inc_by(by),
            Standing::Unknown | Standing::Fits(_) => {}
        }
    }

    /// Whether somebody is in it, and when it was used last: the least is the first to be closed.
    pub(super) fn use_of_it(&self) -> (bool, Instant) {
        let used = Duration::from_millis(self.used_ms.load(Relaxed));
        (self.stays.load(Relaxed) > 0, self.since + used)
    }

    /// Whether nobody was in it for so long.
    pub(super) fn is_idle(&self, idle: Duration) -> bool {
        let (is_used, last) = self.use_of_it();
        !is_used && last.elapsed() >= idle
    }

    /// Lets nobody in any more, and closes its connections when the last one is answered.
    pub(super) async fn close(self: Arc<Self>) {
        let all = self.doors.write().await;
        self.database.close().await;
        drop(all);
    }

    fn used(&self) {
        let used = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.used_ms.fetch_max(used, Relaxed);
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.metrics.open.dec();
        let standing = std::mem::replace(&mut *self.standing(), Standing::Unknown);
        self.count(&standing, -1);
    }
}

impl Stay {
    /// The database.
    pub(super) fn database(&self) -> &Database {
        &self.opened.database
    }

    /// The requests that it works on.
    pub(super) fn load(&self) -> &Arc<Load> {
        &self.opened.load
    }

    /// The tenant whose it is.
    pub(super) fn tenant(&self) -> &str {
        &self.opened.tenant.name
    }

    /// Has the next look compare it.
    pub(super) fn doubt(&self) {
        self.opened.doubted.store(true, Relaxed);
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.opened.used();
        self.opened.stays.fetch_sub(1, Relaxed);
    }
}

/// What a database answers, if it does in time.
async fn in_time<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = |_| Err(Error::Unavailable("it has not answered".to_owned()));
    timeout(LOOK_MAX, work).await.unwrap_or_else(late)
}
