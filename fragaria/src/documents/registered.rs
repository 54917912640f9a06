//! Documents that clients registered, to name them by their hash (automatic persisted queries).

use engine::artefact::Hash;
use model::Rights;
use model::metric::{Counter, Gauge, Registry, Unit};
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use std::sync::Arc;

/// About how many documents there are.
const DOCUMENTS: usize = 1_024;
/// What an entry takes beside its text, in bytes.
const ENTRY_BYTES: u64 = 200;

/// Texts by their hashes, for callers of the same rights: nobody learns what others ask.
pub(super) struct Registered {
    known: Cache<Key, Arc<str>, Bytes>,
    hits: Counter,
    misses: Counter,
    bytes: Gauge,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    hash: Hash,
    rights: Rights,
}

/// A key that is looked for.
#[derive(Clone, Copy, Hash)]
struct Look<'a> {
    hash: Hash,
    rights: &'a Rights,
}

impl Equivalent<Key> for Look<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.hash == key.hash && *self.rights == key.rights
    }
}

/// Weighs entries by the memory they take.
#[derive(Clone)]
struct Bytes;

impl Weighter<Key, Arc<str>> for Bytes {
    fn weight(&self, key: &Key, text: &Arc<str>) -> u64 {
        let names = match &key.rights {
            Rights::All => 0,
            Rights::Of(roles) => roles.names().map(str::len).sum(),
        };
        ENTRY_BYTES + (names + text.len()) as u64
    }
}

impl Registered {
    /// Room for texts of so many bytes; declares the metrics.
    pub(super) fn new(bytes_max: u64, registry: &mut Registry) -> Self {
        let registered = Self {
            known: Cache::with_weighter(DOCUMENTS, bytes_max, Bytes),
            hits: Counter::default(),
            misses: Counter::default(),
            bytes: Gauge::default(),
        };
        registry.register(
            "automatic_hits",
            "Requests that named a registered document by its hash",
            registered.hits.clone(),
        );
        registry.register(
            "automatic_misses",
            "Requests that named a document by its hash which is not registered",
            registered.misses.clone(),
        );
        registry.register_with_unit(
            "automatic_size",
            "Memory of registered documents",
            Unit::Bytes,
            registered.bytes.clone(),
        );
        registered
    }

    /// The text that callers of these rights registered.
    pub(super) fn known(&self, (hash, rights): (Hash, &Rights)) -> Option<Arc<str>> {
        let known = self.known.get(&Look { hash, rights });
        match known {
            Some(_) => self.hits.inc(),
            None => self.misses.inc(),
        };
        known
    }

    /// Keeps a text for callers of these rights.
    pub(super) fn keep(&self, (hash, rights): (Hash, &Rights), text: &str) {
        if self.known.get(&Look { hash, rights }).is_some() {
            return;
        }
        let rights = rights.clone();
        self.known.insert(Key { hash, rights }, text.into());
        let bytes = i64::try_from(self.known.weight());
        self.bytes.set(bytes.unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_registered_has_a_bound_and_is_for_the_same_rights() {
        let registered = Registered::new(100_000, &mut Registry::default());
        let clerk = Rights::Of(["clerk"].into_iter().collect());
        for number in 0..2_000 {
            let text = format!("{{ a{number}: __typename }}");
            let hash = Hash::of(text.as_bytes());
            registered.keep((hash, &clerk), &text);
            assert_eq!(registered.known((hash, &Rights::All)), None);
            assert!(registered.known.weight() <= 100_000);
        }
        assert_eq!(registered.misses.get(), 2_000);
        assert!(registered.bytes.get() > 50_000 && registered.bytes.get() <= 100_000);
        let (text, hash) = ("{ __typename }", Hash::of(b"{ __typename }"));
        registered.keep((hash, &clerk), text);
        assert_eq!(registered.known((hash, &clerk)).as_deref(), Some(text));
        assert_eq!(registered.hits.get(), 1);
    }
}
