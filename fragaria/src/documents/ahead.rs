//! Trusted documents are prepared before anybody asks for them, beside the threads that serve.

use crate::edition::Edition;
use crate::server::Stage;
use std::sync::Arc;
use std::thread;

/// Prepares the trusted documents of an edition for as long as it is served; a process that ends does
/// not wait for it.
pub(crate) fn prepare_ahead(edition: Arc<Edition>, stage: Stage) {
    if edition.engine.documents().is_empty() {
        return;
    }
    let work = move || {
        // This thread has the edition, and so has the server that serves it.
        let is_served = || Arc::strong_count(&edition) > 1;
        let done = edition
            .engine
            .prepare_ahead(stage == Stage::Development, is_served);
        if done.left > 0 && is_served() {
            tracing::warn!(
                left = done.left,
                "there is no room to prepare all trusted documents: limits.trusted_cache_bytes_max"
            );
        }
        if done.differing > 0 {
            tracing::warn!(
                differing = done.differing,
                "trusted documents become other statements here than the artefact says: compile it again"
            );
        }
        let (prepared, refused) = (done.prepared, done.refused);
        tracing::info!(prepared, refused, "trusted documents are prepared");
    };
    let thread = thread::Builder::new().name("documents".to_owned());
    if let Err(error) = thread.spawn(work) {
        tracing::warn!(detail = %error, "trusted documents are prepared when they are asked for");
    }
}
