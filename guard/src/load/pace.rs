//! How long requests take, beside how long they usually do, and the bound that follows from it.

use super::{Config, Duration, Instant, Work};

/// A window is looked at when it has so many requests and lasted so long.
const REQUESTS: u32 = 20;
const WINDOW: Duration = Duration::from_millis(250);

/// So many times as long as usual they may take.
const TOLERANCE: f64 = 2.0;
/// What takes less counts as this long, in seconds: nobody is refused over a few milliseconds.
const SECONDS_LEAST: f64 = 0.010;

/// So many times as long as usual one request counts at most: a few that wait for something of their own
/// say nothing about the others.
const OUTLIER: f64 = 10.0;

/// How far a window moves what is usual: when it is faster, when there was much room, and when it is
/// slow although the bound is as low as it gets, so that it is not the load that makes it so.
const FASTER: f64 = 0.2;
const AT_EASE: f64 = 0.05;
const SLOW: f64 = 0.005;

/// The bound, and what it is made of.
pub(super) struct Pace {
    limit: f64,
    /// How long each kind of request usually takes, in seconds; 0 as long as nobody knows.
    usual: [f64; Work::KINDS],
    began: Instant,
    /// Requests of this window, and the sum of their seconds, of each kind.
    window: [(u32, f64); Work::KINDS],
    /// Most requests at a time in this window.
    peak: usize,
}

impl Pace {
    pub(super) fn new(config: Config, now: Instant) -> Self {
        Self {
            limit: float(config.in_flight_max),
            usual: [0.0; Work::KINDS],
            began: now,
            window: [(0, 0.0); Work::KINDS],
            peak: 0,
        }
    }

    /// How many requests there may be.
    pub(super) fn limit(&self) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between two bounds that are such numbers"
        )]
        let limit = self.limit as usize;
        limit
    }

    /// There are so many requests now.
    pub(super) fn reached(&mut self, in_flight: usize) {
        self.peak = self.peak.max(in_flight);
    }

    /// A request of a kind took so long.
    pub(super) fn took(&mut self, kind: usize, time: Duration) {
        let known = self.usual.get(kind).copied().filter(|usual| *usual > 0.0);
        let most = known.map_or(f64::INFINITY, |usual| usual.max(SECONDS_LEAST) * OUTLIER);
        if let Some((count, seconds)) = self.window.get_mut(kind) {
            *count += 1;
            *seconds += time.as_secs_f64().min(most);
        }
    }

    /// Sets the bound anew when the window is over.
    pub(super) fn adapt(&mut self, config: &Config, now: Instant, in_flight: usize) {
        let count: u32 = self.window.iter().map(|(count, _)| count).sum();
        if count < REQUESTS || now.saturating_duration_since(self.began) < WINDOW {
            return;
        }
        let slowness = self.slowness(count);
        let is_slow = slowness > TOLERANCE;
        let (least, most) = (float(config.in_flight_min), float(config.in_flight_max));
        let peak = float(self.peak);
        let has_room = peak * 2.0 < self.limit;
        self.learn(match () {
            () if self.limit <= least => SLOW,
            () if has_room && !is_slow => AT_EASE,
            // A server under too much load would find that usual.
            () => 0.0,
        });
        if is_slow {
            // From where it really is: a bound nobody comes near would take long to fall.
            self.limit = self.limit.min(peak) * (TOLERANCE / slowness).max(0.5);
        } else if !has_room {
            self.limit += self.limit.sqrt();
        }
        self.limit = self.limit.clamp(least, most);
        self.window = [(0, 0.0); Work::KINDS];
        self.began = now;
        self.peak = in_flight;
    }

    /// How many times as long as usual the requests of this window took, on average.
    fn slowness(&self, count: u32) -> f64 {
        let kinds = self.window.iter().zip(self.usual);
        let times = kinds.map(|((count, seconds), usual)| {
            if usual > 0.0 {
                seconds / usual.max(SECONDS_LEAST)
            } else {
                f64::from(*count)
            }
        });
        times.sum::<f64>() / f64::from(count)
    }

    /// Takes the window into what is usual: at that rate where it was slower.
    fn learn(&mut self, slower: f64) {
        for ((count, seconds), usual) in self.window.iter().zip(&mut self.usual) {
            if *count == 0 {
                continue;
            }
            let mean = seconds / f64::from(*count);
            let rate = match () {
                () if *usual <= 0.0 => 1.0,
                () if mean < *usual => FASTER,
                () => slower,
            };
            *usual += (mean - *usual) * rate;
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody counts so many requests at a time"
)]
fn float(count: usize) -> f64 {
    count as f64
}
