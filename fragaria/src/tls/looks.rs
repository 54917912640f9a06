//! Looks at the files of TLS from outside: whether they are to be read again.

use crate::config::Tls as Config;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::SystemTime;

/// The files as they look from outside.
pub(super) type Stamps = Vec<Option<(SystemTime, u64, u64)>>;

/// What was seen of the files.
pub(super) struct Looks {
    /// How they looked when they were read last.
    read: Stamps,
    /// How they looked last.
    seen: Stamps,
    /// Why nothing could be made of them, as it was told last.
    told: Option<String>,
}

/// How the files look now; one that is away looks like nothing.
pub(super) fn stamps(config: &Config) -> Stamps {
    let stamp = |file: &str| {
        let metadata = fs::metadata(file).ok()?;
        let modified = metadata.modified().ok()?;
        Some((modified, metadata.len(), metadata.ino()))
    };
    config.clone().files().map(|file| stamp(file)).into()
}

impl Looks {
    pub(super) fn new(read: Stamps) -> Self {
        Self {
            seen: read.clone(),
            read,
            told: None,
        }
    }

    /// Whether they are to be read, as they are if somebody says so. Several files change one after
    /// the other, so they have to look the same twice; those that could not be used may be usable now,
    /// whatever they look like.
    pub(super) fn are_due(&mut self, now: Stamps, is_told: bool) -> bool {
        let rest = now == self.seen;
        let due = is_told || rest && (now != self.read || self.told.is_some());
        if due {
            self.read.clone_from(&now);
        }
        self.seen = now;
        due
    }

    /// They can be used.
    pub(super) fn are_fit(&mut self) {
        self.told = None;
    }

    /// They cannot be used; whether that is something else than what was told last.
    pub(super) fn are_unfit(&mut self, why: String) -> bool {
        let is_news = self.told.as_ref() != Some(&why);
        self.told = Some(why);
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(size: u64) -> Stamps {
        vec![Some((SystemTime::UNIX_EPOCH, size, 7))]
    }

    #[test]
    fn files_are_read_once_after_they_changed_and_rest() {
        let mut looks = Looks::new(look(1));
        assert!(!looks.are_due(look(1), false));
        assert!(!looks.are_due(look(2), false));
        assert!(!looks.are_due(look(3), false));
        assert!(looks.are_due(look(3), false));
        assert!(!looks.are_due(look(3), false));
        assert!(!looks.are_due(vec![None], false));
        assert!(looks.are_due(vec![None], false));
        assert!(looks.are_due(look(4), true));
        assert!(!looks.are_due(look(4), false));
    }

    #[test]
    fn files_that_could_not_be_used_are_read_again_and_told_once() {
        let mut looks = Looks::new(look(1));
        assert!(looks.are_unfit("early".to_owned()));
        assert!(looks.are_due(look(1), false));
        assert!(!looks.are_unfit("early".to_owned()));
        assert!(looks.are_unfit("expired".to_owned()));
        looks.are_fit();
        assert!(!looks.are_due(look(1), false));
    }
}
