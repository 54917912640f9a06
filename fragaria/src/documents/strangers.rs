//! Documents that run and are not trusted: each is logged once, and all are counted.

use engine::artefact::Hash;
use engine::{Engine, Operation};
use model::metric::{Counter, Registry};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// What was met of documents that are not trusted.
pub(super) struct Strangers {
    logged: Mutex<HashSet<Hash>>,
    logged_max: usize,
    count: Counter,
}

/// What becomes of a document in the log.
#[derive(Debug, PartialEq, Eq)]
enum News {
    /// It was logged, or there were too many.
    Old,
    /// It is new.
    New,
    /// It is new, and the last that is logged.
    Last,
}

impl Strangers {
    /// Declares the metric.
    pub(super) fn new(logged_max: usize, registry: &mut Registry) -> Self {
        let strangers = Self {
            logged: Mutex::default(),
            logged_max,
            count: Counter::default(),
        };
        registry.register(
            "untrusted",
            "Documents that were prepared and are not trusted, each as often as it was",
            strangers.count.clone(),
        );
        strangers
    }

    /// Takes note of a document, unless it is trusted. Its text may hold values, and is not told.
    pub(super) fn met(&self, engine: &Engine, operation: &Operation) {
        let hash = Hash::of(operation.text().as_bytes());
        let document = hash.to_string();
        if engine.trusts(&document) {
            return;
        }
        self.count.inc();
        let news = self.news(hash);
        if news != News::Old {
            let operation = operation.name();
            tracing::info!(document, operation, "a document that is not trusted is run");
        }
        if news == News::Last {
            let logged_max = self.logged_max;
            tracing::warn!(
                logged_max,
                "further documents that are not trusted are only counted"
            );
        }
    }

    fn news(&self, hash: Hash) -> News {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.len() >= self.logged_max || !logged.insert(hash) {
            return News::Old;
        }
        if logged.len() == self.logged_max {
            return News::Last;
        }
        News::New
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_document_is_news_once_up_to_a_bound() {
        let strangers = Strangers::new(2, &mut Registry::default());
        let news = |text: &str| strangers.news(Hash::of(text.as_bytes()));
        assert_eq!(news("a"), News::New);
        assert_eq!(news("a"), News::Old);
        assert_eq!(news("b"), News::Last);
        assert_eq!((news("b"), news("c")), (News::Old, News::Old));
    }
}
