//! One tenant: where its data is, whether its database is open, and who waits for that.

use super::not_ready;
use super::opened::{Opened, Stay};
use crate::config;
use crate::edition::Edition;
use arc_swap::ArcSwapOption;
use model::Fault;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::sync::Mutex;

/// A tenant.
pub(crate) struct Tenant {
    /// What it is called by its callers.
    pub(super) name: Arc<str>,
    /// As it is configured.
    pub(super) given: config::Tenant,
    opened: ArcSwapOption<Opened>,
    /// Whose turn it is to open the database, or to look at it.
    pub(super) turn: Arc<Mutex<()>>,
    waiting: AtomicUsize,
}

/// Somebody who waits, until it is dropped.
pub(super) struct Waiting<'t>(&'t AtomicUsize);

impl Tenant {
    /// A tenant as it is configured; its database is not open.
    pub(super) fn new(given: &config::Tenant) -> Self {
        Self {
            name: (*given.name).into(),
            given: given.clone(),
            opened: ArcSwapOption::empty(),
            turn: Arc::default(),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Its database, if it is open.
    pub(super) fn opened(&self) -> Option<Arc<Opened>> {
        self.opened.load_full()
    }

    /// It is open from now on.
    pub(super) fn set(&self, opened: Arc<Opened>) {
        self.opened.store(Some(opened));
    }

    /// It is open no more, if it was; gives what was open.
    pub(super) fn take(&self) -> Option<Arc<Opened>> {
        self.opened.swap(None)
    }

    /// A stay in its database, or why there is none; nothing as long as it is to be looked at.
    pub(super) fn known(&self, edition: &Edition) -> Option<Result<Stay, Fault>> {
        let opened = self.opened()?;
        let fits = opened.judge(edition)?;
        let stay = opened.stay()?;
        Some(fits.map(|()| stay))
    }

    /// A place among those who wait for its database.
    pub(super) fn queue(&self, length_max: usize) -> Result<Waiting<'_>, Fault> {
        let before = self.waiting.fetch_add(1, Relaxed);
        let waiting = Waiting(&self.waiting);
        if before >= length_max {
            return Err(not_ready());
        }
        Ok(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
