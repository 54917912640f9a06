//! Which tables changed, by whomever: what answers that are kept are let go by.
//!
//! Reading order: [`Changes`] counts for each table how often it changed ([`Followed`] and its
//! [`Generation`]); a write of ours is counted before its writer is answered, with all that it
//! may `reach`; what others write is counted by a `feed`, one for each kind of database.
//!
//! Invariants: what is not known to be seen counts as changed. A count grows after the change can
//! be seen, however early it is told of; so who takes a generation before it reads never keeps what is
//! older than that generation. While a feed is away nothing was seen since, and when it comes back
//! everything has changed.

mod feed;
mod generations;
mod mariadb;
mod postgres;
mod reach;
mod sqlite;

pub(crate) use generations::Table;
pub(crate) use mariadb::Source as MariadbSource;
pub(crate) use postgres::Source as PostgresSource;
pub(crate) use reach::{Reach, Reached, Tie};
pub(crate) use sqlite::Look;

use crate::metrics::Metrics;
use feed::{Feed, Setback};
use generations::Generations;
use model::{Footprint, Relation};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::time::sleep;

pub(crate) use feed::Source;

/// How long what a write may have changed counts as it was before.
const DOUBT: Duration = Duration::from_millis(100);

/// What changes in a database, as far as it is seen; clones are the same.
#[derive(Clone)]
pub struct Changes {
    seen: Arc<Seen>,
    feed: Option<Arc<Feed>>,
}

/// Tables whose changes are counted together.
#[derive(Clone)]
pub struct Followed {
    seen: Arc<Seen>,
    tables: Arc<[Arc<Table>]>,
}

/// How often some tables changed, from some moment on: another number is another state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Generation(u64);

/// Whether the changes that others make are seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// They are, up to a moment that [`Followed::has_seen`] tells.
    Following,
    /// They are not now, and this is why; it may end by itself.
    Down(String),
    /// They cannot be seen until somebody mends this.
    Absent(String),
}

/// What was seen so far.
pub(crate) struct Seen {
    /// Tells it apart from what is seen of other databases.
    number: u64,
    pub(crate) generations: Generations,
    reach: RwLock<Option<Arc<Reach>>>,
    /// Schemas in which a name without one is looked for.
    path: RwLock<Vec<String>>,
    state: Mutex<State>,
    /// What the log told last of why nothing is seen.
    told: Mutex<Option<State>>,
    begun: Instant,
    /// Nanoseconds from the beginning to the moment up to which all is seen, and one; zero: nothing is.
    until_ns: AtomicU64,
    /// How it is seen at the moment it is asked for, where it can be.
    look: Option<Arc<Look>>,
    /// Whether it is a database that has policies.
    has_policies: bool,
    /// Until when the database may be at a write of ours that nobody is told the end of.
    doubt: Mutex<Option<Instant>>,
    metrics: Metrics,
}

impl Changes {
    /// Begins to see what changes.
    pub(crate) fn begin(source: Option<Source>, look: Option<Arc<Look>>, metrics: Metrics) -> Self {
        static DATABASES: AtomicU64 = AtomicU64::new(0);
        let seen = Arc::new(Seen {
            number: DATABASES.fetch_add(1, SeqCst),
            generations: Generations::default(),
            reach: RwLock::default(),
            path: RwLock::default(),
            state: Mutex::new(State::Down("it has just begun".into())),
            told: Mutex::default(),
            begun: Instant::now(),
            until_ns: AtomicU64::new(0),
            look,
            has_policies: matches!(source, Some(Source::Postgres(_))),
            doubt: Mutex::default(),
            metrics,
        });
        let feed = source.map(|source| Feed::begin(source, Arc::clone(&seen)));
        Self {
            seen,
            feed: feed.map(Arc::new),
        }
    }

    /// The tables a script looks at; `None` where nobody knows all of them, so that its answer must
    /// not be kept.
    pub fn follow(&self, footprint: &Footprint) -> Option<Followed> {
        let generations = &self.seen.generations;
        footprint.knows_reads.then(|| Followed {
            seen: Arc::clone(&self.seen),
            tables: footprint
                .reads
                .iter()
                .map(|it| generations.of(it))
                .collect(),
        })
    }

    /// A number that no other database has, as long as the process lives: one that is opened anew has
    /// another one.
    pub fn number(&self) -> u64 {
        self.seen.number
    }

    /// Whether the changes of others are seen.
    pub fn state(&self) -> State {
        self.seen.state().clone()
    }

    /// Counts what a script wrote, or may have written.
    pub(crate) fn wrote(&self, footprint: &Footprint) {
        self.seen.wrote(footprint);
    }

    /// The database may still be at a write, for so long at most, and nobody is told when it is through:
    /// where that is seen by no feed either, all counts as changed again and again until then.
    pub(crate) fn goes_on(&self, most: Duration) {
        let until = Instant::now() + most;
        let is_told = self.feed.is_none() || self.state() == State::Following;
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if !is_told && self.seen.doubt().replace(until).is_none() {
            runtime.spawn(Arc::clone(&self.seen).doubted());
        }
    }

    /// Sees nothing more, and lets go of what the database holds for it.
    pub(crate) async fn end(&self) {
        if let Some(feed) = &self.feed {
            feed.end().await;
        }
        if let Some(look) = &self.seen.look {
            look.forget();
        }
        self.seen.is_unseen();
        *self.seen.state() = State::Down("the store is closed".into());
    }
}

impl Followed {
    /// How often they changed; to be taken before they are read.
    pub fn generation(&self) -> Generation {
        Generation(self.seen.generations.sum(&self.tables))
    }

    /// Whether all that was committed before that moment is counted. To be asked before the
    /// generation is compared: what is only seen now may change it.
    pub fn has_seen(&self, moment: Instant) -> bool {
        if let Some(look) = &self.seen.look {
            return look.is_taken(&self.seen);
        }
        let until_ns = self.seen.until_ns.load(SeqCst);
        let until = self.seen.begun + Duration::from_nanos(until_ns);
        until_ns > 0 && until >= moment && self.tables.iter().all(|table| table.is_followed())
    }

    /// Whether policies of the database may hold for us, of which nobody knows what they look at. Where
    /// it has some it is asked; until then they may.
    pub fn may_have_policies(&self) -> bool {
        self.seen.has_policies && !self.tables.iter().all(|table| table.is_open())
    }
}

impl Seen {
    fn doubt(&self) -> MutexGuard<'_, Option<Instant>> {
        self.doubt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn doubted(self: Arc<Self>) {
        loop {
            sleep(DOUBT).await;
            self.generations.bump_everything();
            let mut doubt = self.doubt();
            if doubt.is_none_or(|until| until < Instant::now()) {
                *doubt = None;
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reach(&self) -> Option<Arc<Reach>> {
        let reach = self.reach.read().unwrap_or_else(PoisonError::into_inner);
        reach.clone()
    }

    /// Takes over how far changes go now, and which tables are followed.
    pub(crate) fn set_reach(&self, reach: Reach) {
        for table in self.generations.tables() {
            table.set_followed(reach.is_followed(&table.relation));
            table.set_open(reach.is_open(&table.relation));
        }
        *self.reach.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(reach));
    }

    /// Names without a schema are looked for in these.
    pub(crate) fn set_path(&self, path: Vec<String>) {
        *self.path.write().unwrap_or_else(PoisonError::into_inner) = path;
    }

    /// Counts what a script of ours wrote.
    fn wrote(&self, footprint: &Footprint) {
        let Some(reach) = self.reach().filter(|_| footprint.knows_writes) else {
            return self.generations.bump_everything();
        };
        for (written, act) in &footprint.writes {
            let (schema, name) = (written.schema.as_deref(), written.name.as_str());
            match reach.of((schema, name), *act, true) {
                Some(reached) if !reached.is_empty() => {
                    self.bump(written);
                    for table in reached {
                        self.changed_there(&table.schema, &table.name);
                    }
                }
                _ => return self.generations.bump_everything(),
            }
        }
    }

    /// Counts a change of whatever a name may mean.
    fn bump(&self, written: &Relation) {
        self.generations.bump(&written.name, |table| {
            let schemas = written.schema.as_ref().zip(table.relation.schema.as_ref());
            schemas
                .is_none_or(|(one, other)| generations::folded(one) == generations::folded(other))
        });
    }

    /// Counts a change of a table of the database.
    pub(crate) fn changed_there(&self, schema: &str, name: &str) {
        let path = self.path.read().unwrap_or_else(PoisonError::into_inner);
        let is_on_path = path.is_empty() || path.iter().any(|one| one == schema);
        let met = self
            .generations
            .bump(name, |table| match &table.relation.schema {
                Some(named) => generations::folded(named) == generations::folded(schema),
                None => is_on_path,
            });
        self.metrics.changes.inc_by(met);
    }

    /// All that was committed before that moment is counted.
    pub(crate) fn is_seen(&self, moment: Instant) {
        let since = moment.saturating_duration_since(self.begun).as_nanos();
        let until = u64::try_from(since).unwrap_or(u64::MAX).max(1);
        self.until_ns.fetch_max(until, SeqCst);
        self.metrics.changes_lag.set(moment.elapsed().as_secs_f64());
        let mut state = self.state();
        if *state != State::Following {
            *state = State::Following;
            *self.told.lock().unwrap_or_else(PoisonError::into_inner) = None;
            self.metrics.changes_following.set(1);
            tracing::info!("changes that others make in the database are seen");
        }
    }

    /// It takes its time to begin, for that reason.
    pub(crate) fn is_waiting(&self, why: &str) {
        *self.state() = State::Down(why.into());
    }

    /// From now on nothing is seen, and what was may have changed. Where nothing was seen before,
    /// nothing is lost: all counts as changed when following begins.
    pub(crate) fn is_lost(&self, setback: &Setback) {
        self.is_unseen();
        let now = setback.state();
        *self.state() = now.clone();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.as_ref() != Some(&now) {
            let why = &setback.why;
            match &now {
                State::Absent(_) => {
                    tracing::warn!(code = "store.changes_absent", %why, "changes that others make in the database cannot be seen");
                }
                _ => {
                    tracing::warn!(code = "store.changes_down", %why, "changes that others make in the database are not seen now");
                }
            }
            *told = Some(now);
        }
    }

    fn is_unseen(&self) {
        if self.until_ns.swap(0, SeqCst) > 0 {
            self.generations.bump_everything();
        }
        self.metrics.changes_following.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_seen_is_lost() {
        let changes = Changes::begin(
            None,
            None,
            Metrics::register(&mut model::metric::Registry::default()),
        );
        let footprint = Footprint {
            knows_reads: true,
            ..Footprint::default()
        };
        let followed = changes.follow(&footprint).unwrap();
        let away = Setback::passing("it is away");
        let before = followed.generation();
        changes.seen.is_lost(&away);
        assert_eq!(followed.generation(), before);
        changes.seen.is_seen(Instant::now());
        changes.seen.is_lost(&away);
        let lost = followed.generation();
        assert_ne!(lost, before);
        changes.seen.is_lost(&away);
        assert_eq!(followed.generation(), lost);
    }
}
