//! The bytes of request bodies: all together have a bound, and those from one address a share of it.

use super::room::{self, Room, UNIT};
use crate::config::Server as Config;
use guard::share::{Portion, Seat, Share};
use model::metric::{Counter, Registry};
use std::sync::Arc;
use tokio::time::Instant;

/// The room there is for request bodies.
pub(crate) struct Bodies {
    room: Room,
    share: Share,
    refused: Counter,
}

/// What of it one request takes, until it is dropped.
pub(crate) struct Held {
    bytes: usize,
    taken: room::Held,
    portion: Portion,
}

/// There was no room in time.
#[derive(Debug)]
pub(crate) enum Full {
    /// For anybody.
    All,
    /// For requests from that address.
    Share,
}

impl Bodies {
    /// Declares the metrics. One body always has room.
    pub(crate) fn new(config: &Config, registry: &mut Registry) -> Self {
        let [all, one] = [config.bodies_bytes_max, config.body_bytes_max];
        let bodies = Self {
            room: Room::of_bodies(all, registry),
            share: Share::of(all / UNIT, config.bodies_share_percent, one.div_ceil(UNIT)),
            refused: Counter::default(),
        };
        registry.register(
            "fragaria_http_bodies_share_refused",
            "Requests refused because bodies from their address had their share of bodies_bytes_max",
            bodies.refused.clone(),
        );
        bodies
    }

    /// Where bodies from an address are counted together.
    pub(super) fn seat(&self, whose: &str) -> Arc<Seat> {
        self.share.seat(whose)
    }

    /// Room for some bytes more from an address, beside what its request has already; waits for it
    /// until then.
    pub(super) async fn grow(
        &self,
        whose: &Arc<Seat>,
        had: Option<Held>,
        bytes: usize,
        until: Instant,
    ) -> Result<Held, Full> {
        let (before, taken, portion) = had.map_or((0, None, None), |had| {
            (had.bytes, Some(had.taken), Some(had.portion))
        });
        let whole = before + bytes;
        let portion = whose.reach(portion, whole.div_ceil(UNIT), until);
        let Some(portion) = portion.await else {
            self.refused.inc();
            return Err(Full::Share);
        };
        let taken = self.room.grow(taken, bytes, until).await;
        Ok(Held {
            bytes: whole,
            taken: taken.map_err(|room::Full| Full::All)?,
            portion,
        })
    }
}
