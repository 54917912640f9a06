//! Reads that are under way: whoever asks the same meanwhile is given what they bring.

use super::entries::{Entry, Key, Read};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The reads that are under way, by what they ask.
#[derive(Clone, Default)]
pub(super) struct Flights(Arc<Mutex<HashMap<Arc<Key>, Flight>>>);

struct Flight {
    read: Read,
    landing: watch::Receiver<Option<Landing>>,
}

/// What came of a read.
#[derive(Clone)]
pub(super) enum Landing {
    /// An answer for all who wait for it.
    Given(Arc<Entry>),
    /// One that is not kept, so that each of them reads for itself.
    Alone,
}

/// Who waits for a read of another one.
pub(super) struct Waiting(watch::Receiver<Option<Landing>>);

/// Who reads for the others too. Dropped before it landed, the next of them takes its place.
pub(super) struct Leader {
    flights: Flights,
    pub(super) key: Arc<Key>,
    pub(super) read: Read,
    landing: watch::Sender<Option<Landing>>,
}

/// What whoever asks does.
pub(super) enum Seat {
    /// It is given what was kept meanwhile.
    Given(Arc<Entry>),
    /// It waits.
    Waits(Waiting),
    /// It reads.
    Leads(Leader),
}

impl Flights {
    /// Takes a seat: beside a read that is as fresh as one that would begin now, or at the head of one.
    pub(super) fn seat(
        &self,
        key: Arc<Key>,
        read: Read,
        is_fresh: impl Fn(&Read) -> bool,
        kept: impl FnOnce() -> Option<Arc<Entry>>,
    ) -> Seat {
        let mut flights = self.all();
        if let Some(flight) = flights.get(&key).filter(|flight| is_fresh(&flight.read)) {
            return Seat::Waits(Waiting(flight.landing.clone()));
        }
        // Whoever landed since it was looked for kept its answer first.
        if let Some(entry) = kept() {
            return Seat::Given(entry);
        }
        let (sender, landing) = watch::channel(None);
        let flight = Flight {
            read: read.clone(),
            landing,
        };
        flights.insert(Arc::clone(&key), flight);
        Seat::Leads(Leader {
            flights: self.clone(),
            key,
            read,
            landing: sender,
        })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Arc<Key>, Flight>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// What came of the read; nothing where who read it failed or went away.
    pub(super) async fn landing(mut self) -> Option<Landing> {
        let landed = self.0.wait_for(Option::is_some).await;
        landed.ok().and_then(|landing| landing.clone())
    }
}

impl Leader {
    /// Tells those who wait.
    pub(super) fn land(self, landing: Landing) {
        self.landing.send_replace(Some(landing));
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        let mut flights = self.flights.all();
        let is_ours = |flight: &Flight| flight.landing.same_channel(&self.landing.subscribe());
        if flights.get(&self.key).is_some_and(is_ours) {
            flights.remove(&self.key);
        }
    }
}
