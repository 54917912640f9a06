//! What follows the changes of others: it begins anew whenever it breaks off, with longer and longer
//! pauses while it comes to nothing.

use super::{Seen, State, mariadb, postgres};
use crate::config::Following;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Where it is followed.
pub(crate) enum Source {
    Postgres(postgres::Source),
    Mariadb(mariadb::Source),
}

/// Why it broke off.
#[derive(Debug)]
pub(crate) struct Setback {
    pub(crate) why: String,
    /// Whether it does not end by itself.
    is_lasting: bool,
}

/// The task that follows; dropping it ends it.
pub(super) struct Feed(Mutex<Option<JoinHandle<()>>>);

impl Setback {
    /// One that may end by itself.
    pub(crate) fn passing(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            is_lasting: false,
        }
    }

    /// One that somebody must mend.
    pub(crate) fn lasting(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            is_lasting: true,
        }
    }

    pub(super) fn state(&self) -> State {
        if self.is_lasting {
            State::Absent(self.why.clone())
        } else {
            State::Down(self.why.clone())
        }
    }
}

impl Following {
    /// What a server is asked on the way, unless it is silent for too long.
    pub(super) async fn in_time<T>(
        &self,
        asking: impl Future<Output = Result<T, Setback>>,
    ) -> Result<T, Setback> {
        let asked = timeout(self.silence(), asking).await;
        asked.unwrap_or_else(|_| Err(Setback::passing("the server does not answer")))
    }
}

impl From<crate::Error> for Setback {
    fn from(error: crate::Error) -> Self {
        Self::passing(error.to_string())
    }
}

impl Feed {
    pub(super) fn begin(source: Source, seen: Arc<Seen>) -> Self {
        let following = tokio::spawn(follow(source, seen));
        Self(Mutex::new(Some(following)))
    }

    pub(super) async fn end(&self) {
        let following = self.taken();
        if let Some(following) = following {
            following.abort();
            // It ends as cancelled, and nothing else is to be told of it.
            following.await.ok();
        }
    }

    fn taken(&self) -> Option<JoinHandle<()>> {
        let mut following = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        following.take()
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Some(following) = self.taken() {
            following.abort();
        }
    }
}

async fn follow(source: Source, seen: Arc<Seen>) {
    let mut pause = FIRST;
    loop {
        let begun = Instant::now();
        let Err(setback) = attempt(&source, &seen).await;
        seen.is_lost(&setback);
        seen.metrics.changes_restarts.inc();
        if begun.elapsed() > LONGEST {
            pause = FIRST;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST);
    }
}

async fn attempt(source: &Source, seen: &Arc<Seen>) -> Result<Infallible, Setback> {
    match source {
        Source::Postgres(source) => Box::pin(source.follow(seen)).await,
        Source::Mariadb(source) => Box::pin(source.follow(seen)).await,
    }
}
