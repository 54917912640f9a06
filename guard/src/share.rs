//! Who has some of a bounded thing, and how much of it one may have, so that others find some.

use foldhash::quality::RandomState;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// How much of a bounded thing one may have where nothing else is said, in percent.
pub const PERCENT: u8 = 50;

/// What is wrong with a share in percent.
pub fn flaw(percent: u8) -> Option<String> {
    (!(1..=100).contains(&percent)).then(|| format!("{percent} is not between 1 and 100"))
}

/// How much of a bounded thing each one may have, and who has some.
pub struct Share<T = Semaphore> {
    most: usize,
    holders: Arc<Mutex<Holders<Arc<T>>>>,
}

/// How much somebody has of a thing that it may be given beyond its share, because it is only told
/// how much when there is no way back.
#[derive(Default)]
pub struct Tally(AtomicUsize);

/// What one has of it, until it is dropped.
#[must_use = "it is given back when this is dropped"]
pub struct Portion {
    permit: OwnedSemaphorePermit,
    _seat: Arc<Seat>,
}

/// Somebody who has some or may ask for it, known until this is dropped.
pub struct Seat<T = Semaphore> {
    own: Arc<T>,
    holders: Arc<Mutex<Holders<Arc<T>>>>,
    who: Box<str>,
}

impl<T> Share<T> {
    /// So many percent of all there is, and at least so much.
    pub fn of(all: usize, percent: u8, least: usize) -> Self {
        let most = all.saturating_mul(percent.into()).div_ceil(100);
        Self {
            most: most.max(least).clamp(1, Semaphore::MAX_PERMITS),
            holders: Arc::default(),
        }
    }

    fn seat_with(&self, who: &str, first: impl FnOnce() -> T) -> Arc<Seat<T>> {
        let first = || Arc::new(first());
        Arc::new(Seat {
            own: Arc::clone(seated(&self.holders).enter(who, first)),
            holders: Arc::clone(&self.holders),
            who: who.into(),
        })
    }
}

impl Share {
    /// A seat for somebody; all that it has is counted together, on whatever seat.
    pub fn seat(&self, who: &str) -> Arc<Seat> {
        self.seat_with(who, || Semaphore::new(self.most))
    }

    /// One more for somebody, if that is within its share now.
    pub fn take(&self, who: &str) -> Option<Portion> {
        self.seat(who).portion(1)
    }
}

impl Share<Tally> {
    /// A seat for somebody; all that it has is counted together, on whatever seat.
    pub fn tally(&self, who: &str) -> Arc<Seat<Tally>> {
        self.seat_with(who, Tally::default)
    }

    /// Whether somebody, with so much more than it has, is within its share now.
    pub fn allows(&self, seat: &Seat<Tally>, more: usize) -> bool {
        seat.own.0.load(Relaxed).saturating_add(more) <= self.most
    }
}

impl<T> Seat<T> {
    /// Whose it is.
    pub fn who(&self) -> &str {
        &self.who
    }
}

impl Seat<Tally> {
    /// It has so much more.
    pub fn add(&self, amount: usize) {
        self.own.0.fetch_add(amount, Relaxed);
    }

    /// It gave so much back.
    pub fn subtract(&self, amount: usize) {
        self.own.0.fetch_sub(amount, Relaxed);
    }
}

impl Seat {
    /// So much in all, with what it has already; waits until then for what it has elsewhere to come
    /// back.
    pub async fn reach(
        self: &Arc<Self>,
        had: Option<Portion>,
        amount: usize,
        until: Instant,
    ) -> Option<Portion> {
        let has = had.as_ref().map_or(0, |had| had.permit.num_permits());
        let missing = u32::try_from(amount.saturating_sub(has)).ok()?;
        let more = if let Some(more) = self.portion(missing) {
            more
        } else {
            let more = Arc::clone(&self.own).acquire_many_owned(missing);
            self.seated(timeout_at(until, more).await.ok()?.ok()?)
        };
        let Some(mut portion) = had else {
            return Some(more);
        };
        portion.permit.merge(more.permit);
        Some(portion)
    }

    /// So much, if that is within its share now.
    fn portion(self: &Arc<Self>, amount: u32) -> Option<Portion> {
        let permit = Arc::clone(&self.own).try_acquire_many_owned(amount);
        Some(self.seated(permit.ok()?))
    }

    fn seated(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Portion {
        Portion {
            permit,
            _seat: Arc::clone(self),
        }
    }
}

impl<T> Drop for Seat<T> {
    fn drop(&mut self) {
        seated(&self.holders).leave(&self.who);
    }
}

fn seated<T>(holders: &Mutex<Holders<T>>) -> MutexGuard<'_, Holders<T>> {
    holders.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Those who have some of a thing, each as often as it has, and what is known of each; whoever has
/// nothing is not here.
pub(crate) struct Holders<T> {
    each: HashMap<Box<str>, (T, usize), RandomState>,
}

impl<T> Default for Holders<T> {
    fn default() -> Self {
        Self {
            each: HashMap::default(),
        }
    }
}

impl<T> Holders<T> {
    /// How often somebody has some.
    pub(crate) fn has(&self, who: &str) -> usize {
        self.each.get(who).map_or(0, |(_, count)| *count)
    }

    /// What somebody would have of it, if all who have some and that one had the same.
    pub(crate) fn equal_part(&self, who: &str, all: usize) -> usize {
        all.div_ceil(self.each.len() + usize::from(self.has(who) == 0))
    }

    /// Somebody has some once more; what is known of it, or is to be where it had none.
    pub(crate) fn enter(&mut self, who: &str, first: impl FnOnce() -> T) -> &T {
        let entry = self.each.entry(who.into());
        let (known, count) = entry.or_insert_with(|| (first(), 0));
        *count += 1;
        known
    }

    /// Somebody has some once less.
    pub(crate) fn leave(&mut self, who: &str) {
        if let Some((_, count)) = self.each.get_mut(who) {
            *count -= 1;
            if *count == 0 {
                self.each.remove(who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    #[test]
    fn nobody_has_more_than_its_share_and_who_has_none_is_forgotten() {
        let share = Share::of(5, 50, 0);
        let had: Vec<_> = (0..3).map(|_| share.take("a").unwrap()).collect();
        assert!(share.take("a").is_none());
        let other = share.take("b").unwrap();
        assert_eq!(seated(&share.holders).has("a"), 3);
        drop((had, other));
        assert!(seated(&share.holders).each.is_empty());
        assert!(share.take("a").is_some());
    }

    #[test]
    fn a_share_is_never_nothing() {
        let shares: [(Share, usize); 3] = [
            (Share::of(1, 1, 0), 1),
            (Share::of(100, 1, 7), 7),
            (Share::of(100, 100, 0), 100),
        ];
        for (share, most) in shares {
            assert_eq!(share.most, most);
        }
    }

    #[test]
    fn what_is_given_beyond_a_share_counts_in_it_on_every_seat() {
        let share = Share::<Tally>::of(100, 50, 0);
        let (a, again, b) = (share.tally("a"), share.tally("a"), share.tally("b"));
        assert!(share.allows(&a, 50) && !share.allows(&a, 51));
        a.add(60);
        assert!(!share.allows(&again, 0) && share.allows(&b, 50));
        again.subtract(20);
        assert!(share.allows(&a, 10) && !share.allows(&a, 11));
        drop((a, again, b));
        assert!(seated(&share.holders).each.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_its_share_waits_for_its_own_to_come_back_no_longer_than_it_may() {
        let share = Share::of(10, 50, 0);
        let (a, b) = (share.seat("a"), share.seat("b"));
        let had = a.reach(None, 3, soon()).await.unwrap();
        let had = a.reach(Some(had), 5, soon()).await.unwrap();
        let other = share.seat("a");
        assert!(other.reach(None, 1, soon()).await.is_none());
        assert!(b.reach(None, 5, soon()).await.is_some());
        let waiting = other.reach(None, 4, soon());
        let (more, ()) = tokio::join!(waiting, async { drop(had) });
        assert!(more.is_some() && share.take("a").is_some());
        drop((more, a, b, other));
        assert!(seated(&share.holders).each.is_empty());
    }
}
