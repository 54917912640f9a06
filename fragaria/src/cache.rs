//! Answers that are kept, and given again as long as no table they were read from has changed.
//!
//! Reading order: [`answer`] is the step of a request; `entries` holds what is kept, by all that it
//! depends on; `flights` has those who ask the same at once read but once.
//!
//! Invariants: what was seen of the tables is noted before they are read, and compared whenever the
//! answer is given. Only those share an answer for whom the same plan would run with the same values
//! in the same database.

mod entries;
mod flights;
mod metrics;

use crate::config;
use crate::config::Unseen;
use crate::http::answer::Refusal;
use bytes::{Bytes, BytesMut};
use engine::{Bound, Keeping};
use entries::{Entries, Entry, Look, Print, Read};
use flights::{Flights, Landing, Leader, Seat};
use futures_util::StreamExt as _;
use metrics::Metrics;
use model::Footprint;
use model::metric::Registry;
use observe::request::Line;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Database, Followed, Reply};
use tokio::time::timeout_at;

/// The answers that are kept, of all tenants.
pub(crate) struct Cache {
    config: config::Cache,
    /// How long is waited for what another one reads.
    patience: Duration,
    entries: Entries,
    flights: Flights,
    metrics: Metrics,
}

/// An answer that may be kept by others, too.
pub(crate) struct Kept {
    /// What tells it apart.
    pub(crate) print: Print,
    /// How long ago it was read.
    pub(crate) age: Duration,
    /// How old it may become, in seconds.
    pub(crate) max_age_s: u32,
    /// The tables it was read from.
    pub(crate) footprint: Arc<Footprint>,
}

/// What came of looking for a kept answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was there.
    Hit,
    /// Another request read it at the same time.
    Shared,
    /// It was read, and kept if it may be.
    Miss,
    /// It was read beside the cache.
    Bypass,
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Hit, Self::Shared, Self::Miss, Self::Bypass];

    /// Its name in metrics and logs.
    fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Shared => "shared",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }
}

/// What is asked: a plan and the values it is given, of a database.
#[derive(Clone, Copy)]
pub(crate) struct Question<'q> {
    pub(crate) database: &'q Database,
    pub(crate) keeping: Keeping,
    pub(crate) bound: &'q Bound,
}

impl Question<'_> {
    fn look(&self) -> Look<'_> {
        Look {
            database: self.database.changes().number(),
            plan: self.keeping.plan,
            arguments: &self.bound.arguments,
        }
    }

    fn tables(&self) -> usize {
        self.bound.script.footprint.reads.len()
    }
}

/// How a question is answered.
enum Way {
    /// With what is kept.
    Given(Arc<Entry>),
    /// By a read, for others too where it leads them.
    Reads(Option<Leader>),
}

/// Whether an answer may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Fresh,
    /// It is older than it may be.
    Old,
    /// A table has changed.
    Stale,
    /// Nobody sees whether a table has changed.
    Unseen,
}

impl Cache {
    /// The cache of a configuration, if it has one; declares its metrics. Whoever waits for what another
    /// one reads waits no longer than that.
    pub(crate) fn of(
        config: &config::Cache,
        patience: Duration,
        registry: &mut Registry,
    ) -> anyhow::Result<Option<Self>> {
        if !config.enabled {
            return Ok(None);
        }
        let metrics = Metrics::new(registry);
        Ok(Some(Self {
            entries: Entries::new(config.bytes_max, config.entry_bytes_max, &metrics)?,
            config: config.clone(),
            patience,
            flights: Flights::default(),
            metrics,
        }))
    }

    /// Lets go of all that is kept: no plan of an edition that is gone is asked for again.
    pub(crate) fn clear(&self) {
        self.entries.clear();
    }

    /// Answers what may be kept: with what is kept, with what another request reads, or by a read.
    pub(crate) async fn answer(
        &self,
        question: Question<'_>,
        line: &mut Line,
        read: impl AsyncFnOnce(&mut Line) -> Result<Reply, Refusal>,
    ) -> Result<(Reply, Option<Kept>), Refusal> {
        let (way, outcome) = self.way(&question).await;
        self.note(outcome, line);
        let given = |entry: &Entry| {
            let kept = Kept {
                print: entry.print,
                age: entry.read.since.elapsed(),
                max_age_s: question.keeping.max_age_s,
                footprint: Arc::clone(&question.bound.script.footprint),
            };
            (Reply::Whole(entry.data.clone()), Some(kept))
        };
        match way {
            Way::Given(entry) => Ok(given(&entry)),
            Way::Reads(None) => Ok((read(line).await?, None)),
            Way::Reads(Some(leader)) => {
                let reply = read(line).await?;
                match self.landed(leader, &question, reply).await? {
                    Landed::Whole(entry) => Ok(given(&entry)),
                    Landed::Large(reply) => Ok((reply, None)),
                }
            }
        }
    }

    /// How it is configured.
    pub(crate) fn config(&self) -> &config::Cache {
        &self.config
    }

    /// Counts what came of looking for a kept answer.
    pub(crate) fn note(&self, outcome: Outcome, line: &mut Line) {
        self.metrics.count(outcome);
        line.entry().cache = Some(outcome.name());
    }

    async fn way(&self, question: &Question<'_>) -> (Way, Outcome) {
        let until = tokio::time::Instant::now() + self.patience;
        loop {
            if let Some(entry) = self.find(question) {
                return (Way::Given(entry), Outcome::Hit);
            }
            let waiting = match self.seat(question) {
                None => return (Way::Reads(None), Outcome::Bypass),
                Some(Seat::Given(entry)) => return (Way::Given(entry), Outcome::Hit),
                Some(Seat::Leads(leader)) => return (Way::Reads(Some(leader)), Outcome::Miss),
                Some(Seat::Waits(waiting)) => waiting,
            };
            match timeout_at(until, waiting.landing()).await {
                Ok(Some(Landing::Given(entry))) => return (Way::Given(entry), Outcome::Shared),
                Ok(Some(Landing::Alone)) | Err(_) => return (Way::Reads(None), Outcome::Bypass),
                // Who read it failed or went away: the first who comes back here takes its place.
                Ok(None) => {}
            }
        }
    }

    /// What is kept and may be given.
    fn find(&self, question: &Question<'_>) -> Option<Arc<Entry>> {
        let look = question.look();
        let entry = self.entries.find(&look)?;
        match self.fit(&entry.read, question.keeping) {
            Fit::Fresh => return Some(entry),
            Fit::Unseen => return None,
            Fit::Stale => _ = self.metrics.stale.inc(),
            Fit::Old => {}
        }
        self.entries.drop(&look, &entry);
        None
    }

    /// Whether what was read then may be given now. It is asked first how far changes are seen, as what
    /// is only seen now counts.
    fn fit(&self, read: &Read, keeping: Keeping) -> Fit {
        let now = Instant::now();
        if !self.sees(&read.followed, now) {
            return Fit::Unseen;
        }
        if read.followed.generation() != read.generation {
            return Fit::Stale;
        }
        let max_age = Duration::from_secs(keeping.max_age_s.into());
        if now.saturating_duration_since(read.since) > max_age {
            return Fit::Old;
        }
        Fit::Fresh
    }

    /// Whether changes of others are seen up to the moment that must be seen, or need not be: what policies
    /// of the database look at is never known.
    fn sees(&self, followed: &Followed, now: Instant) -> bool {
        let moment = now.checked_sub(self.config.stale_max()).unwrap_or(now);
        let is_told = self.config.unseen == Unseen::Expire && !followed.may_have_policies();
        followed.has_seen(moment) || is_told
    }

    /// A place beside or at the head of those who ask the same; none where nothing is kept.
    fn seat(&self, question: &Question<'_>) -> Option<Seat> {
        let since = Instant::now();
        let changes = question.database.changes();
        let followed = changes.follow(&question.bound.script.footprint)?;
        if !self.sees(&followed, since) {
            return None;
        }
        let read = Read {
            generation: followed.generation(),
            followed,
            since,
        };
        let key = Arc::new(question.look().key());
        let is_fresh = |read: &Read| self.fit(read, question.keeping) == Fit::Fresh;
        let kept = || self.find(question);
        Some(self.flights.seat(key, read, is_fresh, kept))
    }

    /// Keeps what was read, unless a table changed meanwhile, and gives it to those who wait.
    async fn landed(
        &self,
        leader: Leader,
        question: &Question<'_>,
        reply: Reply,
    ) -> Result<Landed, Refusal> {
        let tables = question.tables();
        let beside = entries::weight(&leader.key, tables);
        let room = self.config.entry_bytes_max.checked_sub(beside);
        let data = match gathered(reply, room).await.map_err(refused)? {
            Gathered::Whole(data) => data,
            Gathered::Large(reply) => {
                self.metrics.large.inc();
                leader.land(Landing::Alone);
                return Ok(Landed::Large(reply));
            }
        };
        let read = leader.read.clone();
        let entry = Arc::new(Entry::new(&leader.key, read, tables, &data));
        if self.fit(&entry.read, question.keeping) == Fit::Fresh {
            self.entries.keep(&leader.key, Arc::clone(&entry));
        } else {
            self.metrics.stale.inc();
        }
        leader.land(Landing::Given(Arc::clone(&entry)));
        Ok(Landed::Whole(entry))
    }
}

fn refused(error: store::Error) -> Refusal {
    Refusal::from_run(error.into())
}

/// What a read brought.
enum Landed {
    Whole(Arc<Entry>),
    /// It is larger than what is kept.
    Large(Reply),
}

/// An answer as far as it was taken.
enum Gathered {
    /// All of it.
    Whole(Bytes),
    /// It is larger than it may be, and goes on as it came.
    Large(Reply),
}

/// Takes all of an answer, if it has no more bytes than that.
async fn gathered(reply: Reply, room: Option<usize>) -> Result<Gathered, store::Error> {
    let Some(room) = room else {
        return Ok(Gathered::Large(reply));
    };
    let mut chunks = match reply {
        Reply::Whole(data) if data.len() <= room => return Ok(Gathered::Whole(data)),
        Reply::Stream(chunks) => chunks,
        other => return Ok(Gathered::Large(other)),
    };
    let mut taken = BytesMut::new();
    while let Some(portion) = chunks.next().await {
        taken.extend_from_slice(&portion?);
        if taken.len() > room {
            let chunks = chunks.behind(taken.freeze());
            return Ok(Gathered::Large(Reply::Stream(chunks)));
        }
    }
    Ok(Gathered::Whole(taken.freeze()))
}
