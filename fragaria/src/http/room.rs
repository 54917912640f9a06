//! Bytes the process holds for all requests: of their bodies, of their answers. Together they have
//! a bound.

use model::metric::{Counter, Gauge, Registry};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// What is counted in one permit, in bytes.
pub(super) const UNIT: usize = 1024;

/// The room there is for bytes of a kind, and what of it is taken.
pub(crate) struct Room {
    free: Arc<Semaphore>,
    held: Gauge,
    refused: Counter,
}

/// What of it one request takes, until it is dropped.
pub(crate) struct Held {
    permit: OwnedSemaphorePermit,
    bytes: usize,
    gauge: Gauge,
}

/// There was no room in time.
#[derive(Debug)]
pub(crate) struct Full;

impl Room {
    /// Room for so many bytes of request bodies; declares the metrics.
    pub(super) fn of_bodies(bytes_max: usize, registry: &mut Registry) -> Self {
        let room = Self::new(bytes_max);
        registry.register(
            "fragaria_http_bodies_bytes",
            "Bytes of request bodies held now",
            room.held.clone(),
        );
        registry.register(
            "fragaria_http_bodies_refused",
            "Requests refused because bodies_bytes_max were held",
            room.refused.clone(),
        );
        room
    }

    /// Room for so many bytes of answers to introspection; declares the metrics.
    pub(crate) fn of_introspections(bytes_max: usize, registry: &mut Registry) -> Self {
        let room = Self::new(bytes_max);
        registry.register(
            "fragaria_http_introspections_bytes",
            "Bytes of answers to introspection held or kept free for one now",
            room.held.clone(),
        );
        registry.register(
            "fragaria_http_introspections_refused",
            "Requests refused because introspections_bytes_max were held",
            room.refused.clone(),
        );
        room
    }

    pub(super) fn new(bytes_max: usize) -> Self {
        let permits = (bytes_max / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(permits)),
            held: Gauge::default(),
            refused: Counter::default(),
        }
    }

    /// Room for some bytes more, beside what a request has already; waits for it until then.
    pub(crate) async fn grow(
        &self,
        held: Option<Held>,
        bytes: usize,
        until: Instant,
    ) -> Result<Held, Full> {
        let (before, had) = held
            .as_ref()
            .map_or((0, 0), |held| (held.bytes, held.permit.num_permits()));
        let missing = (before + bytes).div_ceil(UNIT).saturating_sub(had);
        let more = self.take(u32::try_from(missing).map_err(|_| Full)?, until);
        let more = more.await.inspect_err(|Full| _ = self.refused.inc())?;
        self.held.inc_by(i64::try_from(bytes).unwrap_or(i64::MAX));
        Ok(match held {
            Some(mut held) => {
                held.permit.merge(more);
                held.bytes += bytes;
                held
            }
            None => Held {
                permit: more,
                bytes,
                gauge: self.held.clone(),
            },
        })
    }

    async fn take(&self, permits: u32, until: Instant) -> Result<OwnedSemaphorePermit, Full> {
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_many_owned(permits) {
            return Ok(permit);
        }
        let room = Arc::clone(&self.free).acquire_many_owned(permits);
        timeout_at(until, room)
            .await
            .map_err(|_| Full)?
            .map_err(|_| Full)
    }
}

impl Held {
    /// Gives back what is not needed for so many bytes.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let over = self
            .permit
            .num_permits()
            .saturating_sub(bytes.div_ceil(UNIT));
        drop(self.permit.split(over));
        let less = self.bytes.saturating_sub(bytes);
        self.gauge.dec_by(i64::try_from(less).unwrap_or(i64::MAX));
        self.bytes -= less;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.gauge
            .dec_by(i64::try_from(self.bytes).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_share_the_room_and_wait_for_it_no_longer_than_they_may() {
        let bodies = Room::new(10 * UNIT);
        let held = bodies.grow(None, 6 * UNIT - 1, soon()).await.unwrap();
        let held = bodies.grow(Some(held), 1, soon()).await.unwrap();
        let other = bodies.grow(None, 4 * UNIT, soon()).await.unwrap();
        assert_eq!(bodies.held.get(), 10 * 1024);
        assert!(bodies.grow(Some(other), 1, soon()).await.is_err());
        assert_eq!((bodies.held.get(), bodies.refused.get()), (6 * 1024, 1));
        let waiting = bodies.grow(None, 5 * UNIT, soon());
        let (waited, ()) = tokio::join!(waiting, async { drop(held) });
        assert_eq!(waited.unwrap().bytes, 5 * UNIT);
        assert_eq!(bodies.held.get(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_shrinks_makes_room_for_others() {
        let room = Room::new(10 * UNIT);
        let mut held = room.grow(None, 10 * UNIT, soon()).await.unwrap();
        assert!(room.grow(None, 1, soon()).await.is_err());
        held.shrink(3 * UNIT + 1);
        assert_eq!(room.held.get(), 3 * 1024 + 1);
        let other = room.grow(None, 6 * UNIT, soon()).await.unwrap();
        held.shrink(9 * UNIT);
        assert!(room.grow(None, 1, soon()).await.is_err());
        drop((held, other));
        assert_eq!(room.held.get(), 0);
    }
}
