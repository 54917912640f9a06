//! Edits of the schema files and the trusted documents while a project is served.

use crate::config::Documents;
use anyhow::{Context as _, Result};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
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
    /// Watches the schema files of a project, and its documents, which may lie elsewhere.
    pub(crate) fn of(directory: &Path, documents: &Documents) -> Result<Self> {
        // One place in the channel is enough: an edit that waits stands for all until it is taken.
        let (tell, seen) = mpsc::channel(1);
        let manifests = documents.manifests.iter();
        let manifests: Vec<PathBuf> = manifests.map(|name| directory.join(name)).collect();
        let names: Vec<OsString> = manifests.iter().filter_map(|path| name(path)).collect();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| is_edit(&event, &names)) {
                let _ = tell.try_send(());
            }
        })?;
        let mut watch = |path: &Path, mode: RecursiveMode| {
            let watched = watcher.watch(path, mode);
            watched.with_context(|| format!("cannot watch {}", path.display()))
        };
        watch(directory, RecursiveMode::Recursive)?;
        let folder = directory.join(&documents.folder);
        if lies_outside(&folder, directory)? {
            watch(&folder, RecursiveMode::Recursive)?;
        }
        // A file that is written anew is another one: what is watched is where it lies.
        for place in manifests.iter().filter_map(|path| path.parent()) {
            if lies_outside(place, directory)? {
                watch(place, RecursiveMode::NonRecursive)?;
            }
        }
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

/// Whether a place has to be watched by itself.
fn lies_outside(place: &Path, directory: &Path) -> Result<bool> {
    let real = |path: &Path| {
        let real = path.canonicalize();
        real.with_context(|| format!("cannot watch {}", path.display()))
    };
    Ok(!real(place)?.starts_with(real(directory)?))
}

fn name(path: &Path) -> Option<OsString> {
    path.file_name().map(OsStr::to_owned)
}

/// Whether something happened to a file of GraphQL, or to one of these names.
fn is_edit(event: &Event, names: &[OsString]) -> bool {
    let changes = !matches!(event.kind, EventKind::Access(_));
    let is_read = |path: &PathBuf| {
        let is_named = name(path).is_some_and(|name| names.contains(&name));
        is_named || path.extension() == Some(OsStr::new("graphql"))
    };
    changes && event.paths.iter().any(is_read)
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
        let is_edit = |event: &Event| is_edit(event, &["manifest.json".into()]);
        assert!(is_edit(&event(
            EventKind::Modify(ModifyKind::Any),
            "web/manifest.json"
        )));
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
