//! One connection to the server and the statements prepared on it.

use super::binding::{self, Bound};
use super::cancel;
use crate::Error;
use crate::large::Large;
use crate::metrics::Metrics;
use crate::shelf::{Shelf, may_keep};
use crate::snag::Snag;
use model::{Argument, Statement};
use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Column, Config, RowStream, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A connection; dropping it ends it once the server has answered all that was asked.
pub(crate) struct Session {
    pub(crate) client: Client,
    /// Prepared statements; those that fall out are closed on the server. `None`
    /// behind a pooler, where a name may be unknown the next moment.
    statements: Option<Cache<Key, Prepared>>,
    shelf: Shelf,
    /// Of which rights the plans of these statements are.
    rights: AtomicU64,
    equipment: Arc<Equipment>,
    driver: AbortHandle,
}

/// What all sessions share.
pub(super) struct Equipment {
    /// Where and how to connect.
    pub(super) config: Config,
    /// How many prepared statements each keeps; 0: none are prepared.
    pub(super) statements_max: usize,
    pub(super) sizes: Sizes,
    pub(super) rights: Rights,
    pub(super) metrics: Metrics,
    pub(super) tls: MakeRustlsConnect,
}

/// For whom policies do not hold, as far as is known.
///
/// PostgreSQL goes on with the plan of a prepared statement when a role loses `BYPASSRLS`, or is no longer a member of
/// another: it looks at that when it plans. So plans are forgotten.
#[derive(Debug, Default)]
pub(super) struct Rights {
    /// Counts up when they were seen to be others.
    changes: AtomicU64,
    seen: Mutex<Option<String>>,
}

/// A text that is another one once policies hold for others: who is exempt, and who is a member of what.
const RIGHTS: &str = "SELECT concat_ws(' ', \
     (SELECT md5(string_agg(concat_ws(' ', oid, rolsuper, rolbypassrls), ',' ORDER BY oid)) \
      FROM pg_roles WHERE rolsuper OR rolbypassrls), \
     (SELECT md5(string_agg(m::text, ',' ORDER BY m::text)) FROM pg_auth_members m))";

/// A statement prepared on one connection.
#[derive(Clone)]
pub(super) struct Prepared {
    statement: tokio_postgres::Statement,
    size: Arc<Size>,
}

/// What a prepared statement is found by: its SQL and the types of its parameters.
#[derive(Clone)]
struct Key(Statement);

/// The same, borrowed.
struct Asked<'a>(&'a Statement);

/// How large the results of each statement are, on whatever connection.
pub(super) struct Sizes(Cache<Arc<str>, Arc<Size>>);

/// How large the results of a statement are.
#[derive(Debug, Default)]
struct Size {
    /// Whether the next is likely to be too large to be held whole.
    large: Large,
    /// Bytes of the last one.
    bytes: AtomicUsize,
}

/// How a statement is given to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Under a name, by which it is known the next time.
    Named,
    /// Without one, prepared and run in one breath: whatever becomes of its tables, it is not out of date.
    Unnamed,
}

/// Something to send, and not to wait for before the next is sent.
pub(super) enum Request<'a> {
    /// SQL of our own without parameters or rows.
    Control(&'a str),
    /// A statement with settled arguments, and what it was prepared as before.
    Query(&'a Statement, &'a [Argument], Option<&'a Prepared>),
}

impl Rights {
    /// Has plans forgotten that were made by other rights.
    pub(super) fn have_changed(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    fn are(&self, told: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = seen.replace(told.to_owned());
        // What was prepared before the first look may be of other rights, too.
        if before.is_none_or(|before| before != told) {
            self.have_changed();
        }
    }
}

impl Session {
    pub(super) fn new(client: Client, driver: AbortHandle, equipment: Arc<Equipment>) -> Self {
        let kept = equipment.statements_max;
        Self {
            client,
            statements: (kept > 0).then(|| Cache::new(kept)),
            shelf: Shelf::of(&equipment.metrics.statements_kept),
            rights: AtomicU64::new(equipment.rights.changes.load(Ordering::Acquire)),
            equipment,
            driver,
        }
    }

    /// A round trip, by which it is seen whether policies hold for others than before.
    pub(super) async fn check(&self) -> Result<(), Snag> {
        let rows = self.client.simple_query(RIGHTS).await?;
        let told = rows.iter().find_map(|row| match row {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        self.equipment.rights.are(told.unwrap_or_default());
        Ok(())
    }

    /// Whether the connection has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Sends a request; the first poll does it, so requests polled in order are sent in order.
    pub(super) async fn send(&self, request: Request<'_>) -> Result<Option<RowStream>, Snag> {
        match request {
            Request::Control(sql) => {
                self.client.batch_execute(sql).await?;
                Ok(None)
            }
            Request::Query(statement, arguments, Some(prepared)) => {
                self.execute(prepared, statement, arguments).await.map(Some)
            }
            Request::Query(statement, arguments, None) => {
                let rows = self.query_unnamed(statement, arguments, &statement.sql);
                rows.await.map(Some)
            }
        }
    }

    /// Runs SQL with the parameters of a statement, without giving it a name on the server; its
    /// rows must be taken or dropped, or all later ones wait.
    pub(super) async fn query_unnamed(
        &self,
        statement: &Statement,
        arguments: &[Argument],
        sql: &str,
    ) -> Result<RowStream, Snag> {
        self.equipment.metrics.statements.inc();
        let bound = binding::bind(&statement.parameters, arguments).map(Bound::typed);
        Ok(self.client.query_typed_raw(sql, bound).await?)
    }

    /// Fetches from a cursor.
    pub(super) async fn fetch(&self, sql: &str) -> Result<RowStream, Snag> {
        let nothing: [(Bound<'_>, Type); 0] = [];
        Ok(self.client.query_typed_raw(sql, nothing).await?)
    }

    /// Runs a prepared statement; its rows must be taken or dropped as well.
    pub(super) async fn execute(
        &self,
        prepared: &Prepared,
        statement: &Statement,
        arguments: &[Argument],
    ) -> Result<RowStream, Snag> {
        self.equipment.metrics.statements.inc();
        let bound = binding::bind(&statement.parameters, arguments);
        Ok(self.client.query_raw(&prepared.statement, bound).await?)
    }

    /// The prepared statements this one may be among.
    fn keeping(&self, statement: &Statement) -> Option<&Cache<Key, Prepared>> {
        let statements = self.statements.as_ref()?;
        let rights = self.equipment.rights.changes.load(Ordering::Acquire);
        if self.rights.load(Ordering::Relaxed) != rights {
            statements.clear();
            self.shelf.holds(0);
            self.rights.store(rights, Ordering::Relaxed);
        }
        may_keep(&statement.sql).then_some(statements)
    }

    /// The statement as prepared here; `None` where it is not to be. Several that need it wait for one.
    ///
    /// Whoever drops this in the middle leaves a statement on the server that nobody knows: it is for
    /// connections that end then.
    pub(super) async fn prepare(&self, statement: &Statement) -> Result<Option<Prepared>, Snag> {
        let Some(statements) = self.keeping(statement) else {
            return Ok(None);
        };
        match statements.get(&Asked(statement)) {
            Some(prepared) => Ok(Some(prepared)),
            None => self.prepare_if(statement, || true).await,
        }
    }

    /// The same on a connection that goes on when whoever asks is gone: what was begun is finished, so
    /// that the statement is used by others, or closed.
    pub(super) async fn prepare_to_the_end(
        self: &Arc<Self>,
        statement: &Statement,
    ) -> Result<Option<Prepared>, Snag> {
        let Some(statements) = self.keeping(statement) else {
            return Ok(None);
        };
        if let Some(prepared) = statements.get(&Asked(statement)) {
            return Ok(Some(prepared));
        }
        let (asker, prepared) = oneshot::channel();
        let (session, statement) = (Arc::clone(self), statement.clone());
        tokio::spawn(async move {
            let is_wanted = || !asker.is_closed();
            let prepared = session.prepare_if(&statement, is_wanted).await;
            // Nobody waits for it any more where this fails.
            drop(asker.send(prepared));
        });
        let unanswered = |_| Error::Internal("a preparation ended without an outcome".into());
        prepared.await.map_err(unanswered)?
    }

    /// Prepares a statement that is not known, or waits for another that does; nothing is begun that is
    /// not wanted once it is its turn.
    async fn prepare_if(
        &self,
        statement: &Statement,
        is_wanted: impl FnOnce() -> bool,
    ) -> Result<Option<Prepared>, Snag> {
        let Some(statements) = self.keeping(statement) else {
            return Ok(None);
        };
        let preparation = async {
            if !is_wanted() {
                return Err(Snag::from(Error::Cancelled));
            }
            let types = binding::types(&statement.parameters);
            let prepared = Prepared {
                statement: self.client.prepare_typed(&statement.sql, &types).await?,
                size: self.equipment.sizes.of(&statement.sql),
            };
            Ok(prepared)
        };
        let prepared = statements
            .get_or_insert_async(&Key(statement.clone()), Box::pin(preparation))
            .await;
        self.shelf.holds(statements.len());
        prepared.map(Some)
    }

    /// Remembers that a result of a statement can be held whole, where one was too large before.
    pub(super) fn set_small(&self, statement: &Statement) {
        if let Some(size) = self.equipment.sizes.0.get(&statement.sql) {
            size.large.unseen();
        }
    }

    /// Forgets all prepared statements, after the server said that one is out of date.
    pub(super) fn forget(&self) {
        if let Some(statements) = &self.statements {
            statements.clear();
            self.shelf.holds(0);
        }
    }

    /// Asks the server to stop what this connection does; others must not be using it.
    pub(super) async fn cancel(&self) {
        let Equipment { config, tls, .. } = &*self.equipment;
        cancel::cancel(config, tls, &self.client.cancel_token()).await;
    }

    /// Ends the connection without waiting for the server.
    pub(super) fn abort(&self) {
        self.driver.abort();
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        Asked(&self.0).equivalent(other)
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Asked(&self.0).hash(state);
    }
}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.sql.hash(state);
    }
}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.0.sql == key.0.sql && self.0.parameters == key.0.parameters
    }
}

impl Prepared {
    /// The types of its columns.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Type> {
        self.statement.columns().iter().map(Column::type_)
    }

    /// Whether its next result is likely to be too large to be held whole.
    pub(super) fn is_large(&self) -> bool {
        self.size.large.is_likely()
    }

    /// Remembers that one was.
    pub(super) fn set_large(&self) {
        self.size.large.seen();
    }

    /// Bytes of its last result, which the next is likely to have.
    pub(super) fn bytes(&self) -> usize {
        self.size.bytes.load(Ordering::Relaxed)
    }

    /// Remembers those of this one, which was held whole.
    pub(super) fn set_bytes(&self, bytes: usize) {
        self.size.large.unseen();
        self.size.bytes.store(bytes, Ordering::Relaxed);
    }
}

impl Sizes {
    pub(super) fn new(statements_max: usize) -> Self {
        Self(Cache::new(statements_max))
    }

    fn of(&self, sql: &Arc<str>) -> Arc<Size> {
        let fresh = || Ok::<_, std::convert::Infallible>(Arc::default());
        let Ok(size) = self.0.get_or_insert_with(sql, fresh);
        size
    }
}
