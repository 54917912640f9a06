//! Edits of the schema files while a project is served.

use anyhow::{Context as _, Result};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{Instant, timeout_at};

/// An editor writes a file in several steps; this long after the last one it is done.
const QUIET: Duration = Duration::from_millis(60);

/// A tool that never rests is not waited for any longer.
const BUSY_MAX: Duration = Duration::from_secs(1);

/// The edits of a project.
pub(crate) struct Edits {
    seen: Receiver<()>,
    _watcher: RecommendedWatcher,
}

impl Edits {
    /// Watches the schema files of a project.
    pub(crate) fn of(directory: &Path) -> Result<Self> {
        // One place in the channel is enough: an edit that waits stands for all until it is taken.
        let (tell, seen) = mpsc::channel(1);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| is_edit(&event)) {
                let _ = tell.try_send(());
            }
        })?;
        watcher
            .watch(directory, RecursiveMode::Recursive)
            .with_context(|| format!("cannot watch {}", directory.display()))?;
        Ok(Self {
            seen,
            _watcher: watcher,
        })
    }

    /// Waits for the next edit, and until it is complete; `false` when there can be none.
    pub(crate) async fn next(&mut self) -> bool {
        settled(&mut self.seen).await
    }
}

async fn settled(seen: &mut Receiver<()>) -> bool {
    if seen.recv().await.is_none() {
        return false;
    }
    let busy_until = Instant::now() + BUSY_MAX;
    loop {
        let quiet_at = busy_until.min(Instant::now() + QUIET);
        match timeout_at(quiet_at, seen.recv()).await {
            Ok(Some(())) => {}
            Ok(None) | Err(_) => return true,
        }
    }
}

fn is_edit(event: &Event) -> bool {
    let changes = !matches!(event.kind, EventKind::Access(_));
    let schema = |path: &std::path::PathBuf| path.extension() == Some(OsStr::new("graphql"));
    changes && event.paths.iter().any(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn many_steps_are_one_edit() {
        let (tell, mut seen) = mpsc::channel(1);
        let start = Instant::now();
        let steps = async {
            for _ in 0..5 {
                tell.send(()).await.unwrap();
                tokio::time::advance(QUIET / 2).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            settled = settled(&mut seen) => assert!(settled),
            () = steps => {}
        }
        assert!(start.elapsed() >= QUIET * 2);
        assert!(seen.try_recv().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_tool_that_never_rests_is_not_waited_for() {
        let (tell, mut seen) = mpsc::channel(1);
        let start = Instant::now();
        let restless = async {
            loop {
                tell.send(()).await.unwrap();
                tokio::time::advance(QUIET / 2).await;
            }
        };
        tokio::select! {
            biased;
            settled = settled(&mut seen) => assert!(settled),
            () = restless => {}
        }
        assert!(start.elapsed() <= BUSY_MAX + QUIET);
    }

    #[test]
    fn only_changes_of_schema_files_are_edits() {
        use notify::event::{AccessKind, CreateKind, ModifyKind};
        let event = |kind, path: &str| Event::new(kind).add_path(path.into());
        assert!(is_edit(&event(
            EventKind::Modify(ModifyKind::Any),
            "shop/schema.graphql"
        )));
        assert!(is_edit(&event(
            EventKind::Create(CreateKind::Any),
            "shop/schema/a.graphql"
        )));
        assert!(!is_edit(&event(
            EventKind::Modify(ModifyKind::Any),
            "shop/shop.db-wal"
        )));
        assert!(!is_edit(&event(
            EventKind::Access(AccessKind::Any),
            "shop/schema.graphql"
        )));
    }
}
