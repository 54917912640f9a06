//! Who has some of a bounded thing, and how much of it one may have, so that others find some.

use std::collections::HashMap;
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
#[derive(Clone)]
pub struct Share {
    most: usize,
    holders: Arc<Mutex<Holders<Arc<Semaphore>>>>,
}

/// What one has of it, until it is dropped.
#[must_use = "it is given back when this is dropped"]
pub struct Portion {
    permit: OwnedSemaphorePermit,
    _seat: Seat,
}

impl Share {
    /// So many percent of all there is, and at least so much.
    pub fn of(all: usize, percent: u8, least: usize) -> Self {
        let most = all.saturating_mul(percent.into()).div_ceil(100);
        Self {
            most: most.max(least).clamp(1, Semaphore::MAX_PERMITS),
            holders: Arc::default(),
        }
    }

    /// One more for somebody, if that is within its share now.
    pub fn take(&self, who: &str) -> Option<Portion> {
        let mut portion = self.nothing(who)?;
        let more = Arc::clone(portion.permit.semaphore()).try_acquire_owned();
        portion.permit.merge(more.ok()?);
        Some(portion)
    }

    /// So much for somebody in all, with what it has already; waits until then for what it has
    /// elsewhere to come back.
    pub async fn reach(
        &self,
        who: &str,
        had: Option<Portion>,
        amount: usize,
        until: Instant,
    ) -> Option<Portion> {
        let mut portion = had.or_else(|| self.nothing(who))?;
        let missing = amount.saturating_sub(portion.permit.num_permits());
        let own = Arc::clone(portion.permit.semaphore());
        let more = own.acquire_many_owned(u32::try_from(missing).ok()?);
        portion
            .permit
            .merge(timeout_at(until, more).await.ok()?.ok()?);
        Some(portion)
    }

    /// A portion to begin with.
    fn nothing(&self, who: &str) -> Option<Portion> {
        let first = || Arc::new(Semaphore::new(self.most));
        let own = Arc::clone(seated(&self.holders).enter(who, first));
        let seat = Seat {
            holders: Arc::clone(&self.holders),
            who: who.into(),
        };
        let permit = own.try_acquire_many_owned(0).ok()?;
        Some(Portion {
            permit,
            _seat: seat,
        })
    }
}

/// Somebody who has some or waits for it, known until this is dropped.
struct Seat {
    holders: Arc<Mutex<Holders<Arc<Semaphore>>>>,
    who: Box<str>,
}

impl Drop for Seat {
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
    each: HashMap<Box<str>, (T, usize)>,
}

impl<T> Default for Holders<T> {
    fn default() -> Self {
        Self {
            each: HashMap::new(),
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
        for (share, most) in [
            (Share::of(1, 1, 0), 1),
            (Share::of(100, 1, 7), 7),
            (Share::of(100, 100, 0), 100),
        ] {
            assert_eq!(share.most, most);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_its_share_waits_for_its_own_to_come_back_no_longer_than_it_may() {
        let share = Share::of(10, 50, 0);
        let had = share.reach("a", None, 3, soon()).await.unwrap();
        let had = share.reach("a", Some(had), 5, soon()).await.unwrap();
        assert!(share.reach("a", None, 1, soon()).await.is_none());
        assert!(share.reach("b", None, 5, soon()).await.is_some());
        let waiting = share.reach("a", None, 4, soon());
        let (more, ()) = tokio::join!(waiting, async { drop(had) });
        assert!(more.is_some() && share.take("a").is_some());
        drop(more);
        assert!(seated(&share.holders).each.is_empty());
    }
}
