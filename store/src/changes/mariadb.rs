//! MariaDB: what its binary log tells, read as a replica reads it.
//!
//! Of each event no more is looked at than which table it is about and where the log stands behind
//! it. What foreign keys cascade to is not in the log, so it is counted with the table they refer
//! to; a statement that stands there as text, as all that defines tables does, may have changed everything.
//!
//! As in PostgreSQL an event can be read before its commit can be seen. A transaction that begins with a
//! consistent snapshot knows the place in the log up to which it sees everything and behind which nothing:
//! what was counted is counted again once such a snapshot shows it.

mod event;
mod look;
mod place;

use super::feed::Setback;
use super::{Reach, Seen};
use crate::config;
use crate::mariadb::{Connector, Session};
use event::{Happened, Reader};
use futures_util::StreamExt as _;
use model::Act;
use mysql_async::BinlogStream;
use place::Place;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// The most tables of one transaction, or of those that are not shown yet, that are told apart; with
/// more, everything has changed.
const TABLES_MAX: usize = 10_000;

/// Where it is followed.
pub(crate) struct Source {
    pub(crate) connector: Arc<Connector>,
    pub(crate) database: String,
    pub(crate) config: config::Following,
}

/// What was changed, by databases and tables.
#[derive(Debug, Default)]
struct Changed {
    tables: BTreeSet<(String, String)>,
    everything: bool,
}

/// What both ends of the stream share.
struct Log<'s> {
    seen: &'s Seen,
    /// All up to there was read and counted.
    place: watch::Sender<Place>,
    /// What was counted, and no snapshot showed yet; and where in the log the last of it ends.
    unsettled: Mutex<(Changed, Place)>,
    /// How often tables may have been defined anew; and how often they had been when it was looked
    /// what is tied to what.
    definitions: AtomicU64,
    looked_at: AtomicU64,
}

impl Source {
    /// Follows until something breaks off.
    pub(super) async fn follow(&self, seen: &Seen) -> Result<Infallible, Setback> {
        let mut session = self.connector.connect(None).await?;
        seen.set_path(vec![self.database.clone()]);
        seen.set_reach(self.config.in_time(look::reach(&mut session)).await?);
        self.config
            .in_time(look::admit(&mut session, &self.database))
            .await?;
        let place = self.config.in_time(look::place(&mut session)).await?;
        let heartbeat = self.config.silence() / 3;
        let opened = self
            .connector
            .binlog(&place.file, place.position, heartbeat);
        let stream = self
            .config
            .in_time(async { opened.await.map_err(look::setback) });
        let stream = stream.await?;
        let everything = Changed {
            everything: true,
            ..Changed::default()
        };
        let log = Log {
            seen,
            place: watch::Sender::new(place.clone()),
            unsettled: Mutex::new((everything, place)),
            definitions: AtomicU64::new(0),
            looked_at: AtomicU64::new(0),
        };
        tokio::select! {
            ended = self.read(&log, stream) => ended,
            ended = self.beat(&log, session) => ended,
        }
    }

    /// Reads the log, and counts what is committed.
    async fn read(&self, log: &Log<'_>, mut stream: BinlogStream) -> Result<Infallible, Setback> {
        let begun = log.place.borrow().clone();
        let mut reader = Reader::new(begun);
        let mut changed = Changed::default();
        loop {
            let event = timeout(self.config.silence(), stream.next()).await;
            let event = event.map_err(|_| Setback::passing("the server is silent"))?;
            let event = event.ok_or_else(|| Setback::passing("the server ends its log"))?;
            let event = event.map_err(|error| look::setback(error.into()))?;
            let happened = reader.read(&event).map_err(Setback::passing)?;
            match happened {
                Happened::Nothing => {}
                Happened::Changed(database, table, act) => {
                    changed.add(log.seen.reach().as_deref(), (database, table), act);
                }
                Happened::Unknown => {
                    changed.everything = true;
                    log.definitions.fetch_add(1, SeqCst);
                }
                Happened::Committed => log.committed(&mut changed, reader.place()),
            }
            // What is not held by a transaction is committed by itself.
            if changed.everything {
                log.committed(&mut changed, reader.place());
            }
            if *log.place.borrow() != *reader.place() {
                log.place.send_replace(reader.place().clone());
            }
        }
    }

    /// Proves again and again that all is seen.
    async fn beat(&self, log: &Log<'_>, mut session: Session) -> Result<Infallible, Setback> {
        let (mut edition, mut last) = (None, Place::default());
        let mut read = log.place.subscribe();
        loop {
            let asked = Instant::now();
            let now = log.seen.generations.edition();
            if log.is_redefined() || edition != Some(now) {
                let definitions = log.definitions.load(SeqCst);
                let reach = self.config.in_time(look::reach(&mut session)).await?;
                log.seen.set_reach(reach);
                log.looked_at.store(definitions, SeqCst);
                edition = Some(now);
            }
            let place = self.config.in_time(look::place(&mut session)).await?;
            if place < last {
                return Err(Setback::passing("the binary log began anew"));
            }
            let caught_up = timeout(self.config.silence(), read.wait_for(|at| *at >= place)).await;
            let caught_up = caught_up.is_ok_and(|read| read.is_ok());
            if !caught_up {
                return Err(Setback::passing("reading the binary log is behind"));
            }
            log.settle(&place);
            if !log.is_redefined() {
                log.seen.is_seen(asked);
            }
            last = place;
            sleep(self.config.beat()).await;
        }
    }
}

impl Log<'_> {
    fn unsettled(&self) -> MutexGuard<'_, (Changed, Place)> {
        self.unsettled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is not known what is tied to what.
    fn is_redefined(&self) -> bool {
        self.definitions.load(SeqCst) != self.looked_at.load(SeqCst)
    }

    /// Counts what a transaction changed that ends there.
    fn committed(&self, changed: &mut Changed, place: &Place) {
        let mut changed = std::mem::take(changed);
        changed.everything |= self.is_redefined();
        changed.count(self.seen);
        let mut unsettled = self.unsettled();
        unsettled.0.join(changed);
        unsettled.1 = place.clone();
    }

    /// Counts again what can be seen now.
    fn settle(&self, place: &Place) {
        let mut unsettled = self.unsettled();
        unsettled.0.count(self.seen);
        if unsettled.1 <= *place {
            unsettled.0 = Changed::default();
        }
    }
}

impl Changed {
    fn add(&mut self, reach: Option<&Reach>, (database, table): (String, String), act: Act) {
        let reached = reach.and_then(|reach| reach.of((Some(&database), &table), act, false));
        let reached = reached.into_iter().flatten();
        let reached = reached.map(|table| (table.schema.clone(), table.name.clone()));
        self.tables.extend(reached);
        self.tables.insert((database, table));
        self.bound();
    }

    fn join(&mut self, further: Self) {
        self.everything |= further.everything;
        self.tables.extend(further.tables);
        self.bound();
    }

    fn bound(&mut self) {
        if self.tables.len() > TABLES_MAX {
            self.everything = true;
            self.tables.clear();
        }
    }

    fn count(&self, seen: &Seen) {
        if self.everything {
            seen.generations.bump_everything();
            return;
        }
        for (database, table) in &self.tables {
            seen.changed_there(database, table);
        }
    }
}
