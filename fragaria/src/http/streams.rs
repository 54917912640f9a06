//! Answers that keep a connection of the database for as long as their receivers take: those for one
//! address may have a share of the connections.

use crate::config::Server as Config;
use guard::share::{Portion, Share};
use model::metric::{Counter, Registry};
use tokio::time::Instant;

/// Who has such answers, and who waits for one to end.
pub(crate) struct Streams {
    share: Share,
    line: Share,
    refused: Counter,
}

impl Streams {
    /// Declares the metric.
    pub(super) fn new(config: &Config, database: &store::Config, registry: &mut Registry) -> Self {
        let percent = config.answers_share_percent;
        let refused = Counter::default();
        registry.register(
            "fragaria_http_streams_share_refused",
            "Requests refused because their address had its share of the connections for long answers",
            refused.clone(),
        );
        Self {
            share: Share::of(database.streams(), percent, 1),
            line: Share::of(database.queue_length_max, percent, 1),
            refused,
        }
    }

    /// A place for one more, once one that its address has comes back, if that is soon enough.
    pub(super) async fn enter(&self, whose: &str, until: Instant) -> Result<Portion, store::Error> {
        let place = match self.line.take(whose) {
            Some(_waiting) => self.share.seat(whose).reach(None, 1, until).await,
            None => None,
        };
        place.ok_or_else(|| {
            self.refused.inc();
            store::Error::Crowded
        })
    }
}
