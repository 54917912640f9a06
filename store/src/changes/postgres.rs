//! PostgreSQL: what logical decoding tells, by a slot that lasts as long as its connection.
//!
//! Lines are read as the server decodes them, and each commit is counted at once. They can come before
//! the commit can be seen by others, for it is written first and shown then: so a commit is counted
//! again once a snapshot shows it. That snapshot is taken beside, on a connection like any other, together
//! with the position up to which the log was written by then; when all up to there was decoded,
//! everything was seen that was committed before the snapshot was asked for.

mod line;
mod look;
mod unsettled;

use super::feed::Setback;
use super::{Reach, Seen};
use crate::config;
use crate::postgres::{Connector, Failed, Incoming, Outgoing, Sent, Session};
use line::Line;
use look::Looked;
use model::Act;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use unsettled::Unsettled;

/// How long is waited for the decoder before it is asked again how far it is.
const ASKING: Duration = Duration::from_millis(20);

/// The most tables of one transaction that are told apart; with more, everything has changed.
const TABLES_MAX: usize = 10_000;

/// Where it is followed.
pub(crate) struct Source {
    pub(crate) connector: Arc<Connector>,
    pub(crate) is_pooled: bool,
    pub(crate) config: config::Following,
}

/// What tables that are followed look like.
#[derive(Default)]
struct Shape {
    edition: u64,
    names: Vec<String>,
    text: String,
}

/// What both ends of the stream share.
struct Stream<'s> {
    seen: &'s Seen,
    /// All up to there was decoded and counted.
    position: watch::Sender<u64>,
    unsettled: Mutex<Unsettled>,
    /// When the server was last heard.
    heard: Mutex<Instant>,
}

impl Source {
    /// Follows until something breaks off.
    pub(super) async fn follow(&self, seen: &Seen) -> Result<Infallible, Setback> {
        let session = self.connector.connect(None).await?;
        let looked = self.config.in_time(look::first(&session)).await?;
        seen.set_path(looked.path);
        seen.set_reach(self.config.in_time(look::reach(&session)).await?);
        if self.is_pooled {
            return Err(Setback::lasting(
                "a pooler in transaction mode stands between: logical decoding needs a connection to \
                 the server itself",
            ));
        }
        seen.is_waiting("it waits for the end of transactions that were under way before");
        let (incoming, outgoing, position) = tokio::select! {
            opened = self.open(&looked.system) => opened?,
            lost = self.stay(&session) => return lost,
        };
        let stream = Stream {
            seen,
            position: watch::Sender::new(position),
            unsettled: Mutex::default(),
            heard: Mutex::new(Instant::now()),
        };
        // What was committed before the slot was there is told by nobody.
        let running = self.config.in_time(look::running(&session)).await?;
        stream.unsettled().everything_since(&running);
        tokio::select! {
            ended = stream.read(incoming) => ended,
            ended = self.beat(&stream, &session, outgoing) => ended,
        }
    }

    /// Looks whether the server is still there, as opening may take long.
    async fn stay(&self, session: &Session) -> Result<Infallible, Setback> {
        loop {
            sleep(self.config.silence()).await;
            self.config.in_time(look::running(session)).await?;
        }
    }

    /// Makes a slot and opens its stream; waits for transactions that were under way before.
    async fn open(&self, system: &str) -> Result<(Incoming, Outgoing, u64), Setback> {
        let mut replication = self.connector.replicate().await.map_err(setback)?;
        let identity = replication.command("IDENTIFY_SYSTEM").await;
        let identity = identity.map_err(setback)?;
        if identity.first().map(String::as_str) != Some(system) {
            return Err(Setback::passing(
                "the hosts of the address are not one server",
            ));
        }
        let slot = format!("fragaria_{:016x}", fastrand::u64(..));
        let create = format!(
            "CREATE_REPLICATION_SLOT {slot} TEMPORARY LOGICAL test_decoding NOEXPORT_SNAPSHOT"
        );
        let created = replication.command(&create).await.map_err(setback)?;
        let position = created.get(1).and_then(|lsn| look::position(lsn));
        let position = position.ok_or_else(|| Setback::passing("a slot began nowhere"))?;
        let start = format!(
            "START_REPLICATION SLOT {slot} LOGICAL 0/0 (\"include-rewrites\" 'on', \
             \"skip-empty-xacts\" 'on')"
        );
        let (incoming, outgoing) = replication.stream(&start).await.map_err(setback)?;
        Ok((incoming, outgoing, position))
    }

    /// Proves again and again that all is seen.
    async fn beat(
        &self,
        stream: &Stream<'_>,
        session: &Session,
        mut outgoing: Outgoing,
    ) -> Result<Infallible, Setback> {
        let mut shape = Shape::default();
        loop {
            let asked = Instant::now();
            self.stay_in_shape(stream.seen, session, &mut shape).await?;
            let looked = self.config.in_time(look::look(session)).await?;
            self.catch_up(stream, &looked, &mut outgoing).await?;
            stream.unsettled().settle(&looked.snapshot, stream.seen);
            stream.seen.is_seen(asked);
            sleep(self.config.beat()).await;
        }
    }

    /// Waits until all is decoded that was in the log.
    async fn catch_up(
        &self,
        stream: &Stream<'_>,
        looked: &Looked,
        outgoing: &mut Outgoing,
    ) -> Result<(), Setback> {
        let mut position = stream.position.subscribe();
        loop {
            let now = *position.borrow_and_update();
            let behind = looked.position.saturating_sub(now);
            outgoing.confirm(now, behind > 0).await.map_err(setback)?;
            if behind == 0 {
                return Ok(());
            }
            if behind > self.config.behind_bytes_max {
                return Err(Setback::passing(format!(
                    "decoding is {behind} bytes of the log behind, more than \
                     database.changes.behind_bytes_max: it begins anew"
                )));
            }
            if stream.heard().elapsed() > self.config.silence() {
                return Err(Setback::passing("the server is silent"));
            }
            // Whether it moved or not, the next round finds out.
            timeout(ASKING, position.changed()).await.ok();
        }
    }

    /// Sees whether tables that are followed became others, and what is tied to what.
    async fn stay_in_shape(
        &self,
        seen: &Seen,
        session: &Session,
        known: &mut Shape,
    ) -> Result<(), Setback> {
        let now = self
            .config
            .in_time(look::shape(session, &known.names))
            .await?;
        let has_changed = now != known.text;
        let edition = seen.generations.edition();
        if has_changed || known.edition != edition {
            known.edition = edition;
            known.names = seen.generations.names().into_iter().collect();
            known.text = self
                .config
                .in_time(look::shape(session, &known.names))
                .await?;
            seen.set_reach(self.config.in_time(look::reach(session)).await?);
        }
        if has_changed {
            // First, so that nobody reads by a plan of before what is kept after.
            self.connector.forget_plans();
            seen.generations.bump_everything();
        }
        Ok(())
    }
}

impl Stream<'_> {
    fn unsettled(&self) -> MutexGuard<'_, Unsettled> {
        self.unsettled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn heard(&self) -> Instant {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is decoded, and counts it.
    async fn read(&self, mut incoming: Incoming) -> Result<Infallible, Setback> {
        let mut told = Told::default();
        loop {
            let sent = incoming.next().await.map_err(setback)?;
            *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            match sent {
                Sent::Position(position) => _ = self.position.send_replace(position),
                Sent::Line(line) => {
                    if let Some(transaction) = told.line(&line) {
                        self.committed(&mut told, transaction)?;
                    }
                }
            }
        }
    }

    /// Counts what a transaction changed.
    fn committed(&self, told: &mut Told, transaction: u32) -> Result<(), Setback> {
        let tables = std::mem::take(&mut told.tables);
        let everything = std::mem::take(&mut told.everything);
        told.last.clear();
        let reached = reached(self.seen.reach().as_deref(), tables);
        unsettled::count(self.seen, everything, &reached);
        let mut unsettled = self.unsettled();
        if unsettled.committed(transaction, everything, reached) {
            Ok(())
        } else {
            Err(Setback::passing("too many commits wait to be shown"))
        }
    }
}

/// All tables that changed with these: their parts, and what they are parts of.
fn reached(
    reach: Option<&Reach>,
    mut tables: BTreeSet<(String, String)>,
) -> BTreeSet<(String, String)> {
    let mut parts = Vec::new();
    for (schema, name) in &tables {
        let reached = reach.and_then(|reach| reach.of((Some(schema), name), Act::Insert, false));
        parts.extend(reached.into_iter().flatten());
    }
    tables.extend(
        parts
            .iter()
            .map(|part| (part.schema.clone(), part.name.clone())),
    );
    tables
}

/// What is told of the transaction that is being read.
#[derive(Default)]
struct Told {
    tables: BTreeSet<(String, String)>,
    everything: bool,
    /// How the last line of a table began: most lines begin so again.
    last: Vec<u8>,
}

impl Told {
    /// Takes a line; gives the transaction that ends with it.
    fn line(&mut self, line: &[u8]) -> Option<u32> {
        if !self.last.is_empty() && line.starts_with(&self.last) {
            return None;
        }
        match line::read(line) {
            Line::Committed(transaction) => return Some(transaction),
            Line::Changed(tables, begins) if self.tables.len() < TABLES_MAX => {
                self.tables.extend(tables);
                self.last = begins;
            }
            Line::Nothing => {}
            Line::Changed(..) | Line::Unknown => self.everything = true,
        }
        None
    }
}

/// What somebody must mend, and how; all else may end by itself.
fn setback(failed: Failed) -> Setback {
    let (code, message) = match failed {
        Failed::Lost(why) => return Setback::passing(why),
        Failed::Refused { code, message } => (code, message),
    };
    let mend = match code.as_str() {
        "42501" => "ALTER ROLE … REPLICATION gives the user of the database the right",
        "55000" if message.contains("wal_level") => {
            "set wal_level = logical and start the server anew"
        }
        "58P01" => "install the server's contrib modules, of which test_decoding is one",
        "55000" if message.contains("max_replication_slots") => "raise max_replication_slots",
        "53400" => "raise max_replication_slots",
        "53300" => "raise max_wal_senders",
        _ => return Setback::passing(format!("{message} ({code})")),
    };
    Setback::lasting(format!("{message} ({code}): {mend}"))
}
