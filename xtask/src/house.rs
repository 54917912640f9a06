//! Where the house stands, which rooms it has and which may lean on which.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Rooms by tier; a room depends only on rooms of a strictly lower one.
pub(crate) const TIERS: [&[&str]; 5] = [
    &["model"],
    &["engine", "store", "keys", "verify"],
    &[
        "guard", "threat", "audit", "observe", "plugins", "backup", "regions", "rollout",
    ],
    &["comply"],
    &["fragaria"],
];

/// The workspace member that is no room: it serves the house and nothing depends on it.
pub(crate) const SERVICE: &str = "xtask";

/// The folder of the fuzz targets, which are built by themselves and are no member.
pub(crate) const FUZZ: &str = "fuzz";

/// The tier of a room, if it is one.
pub(crate) fn tier(room: &str) -> Option<usize> {
    TIERS.iter().position(|rooms| rooms.contains(&room))
}

/// The package of a room or of `xtask`.
pub(crate) fn package(member: &str) -> String {
    match member {
        "fragaria" | SERVICE => member.to_owned(),
        room => format!("fragaria-{room}"),
    }
}

/// The root of the repository.
pub(crate) fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.parent().context("xtask stands in the repository")?;
    Ok(root.to_owned())
}

/// Where outputs of the build go.
pub(crate) fn target() -> Result<PathBuf> {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => Ok(std::path::absolute(directory)?),
        None => Ok(root()?.join("target")),
    }
}

/// Where things are kept that later runs use again, outside the repository.
pub(crate) fn cache() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME") {
        Some(base) if !base.is_empty() => PathBuf::from(base),
        _ => PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(base.join("fragaria"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_room_has_one_tier() {
        let mut rooms = TIERS.concat();
        rooms.sort_unstable();
        let count = rooms.len();
        rooms.dedup();
        assert_eq!(rooms.len(), count);
        assert_eq!(tier("model"), Some(0));
        assert_eq!(tier("fragaria"), Some(4));
        assert_eq!(tier(SERVICE), None);
    }

    #[test]
    fn packages_carry_the_name_of_the_house() {
        assert_eq!(package("engine"), "fragaria-engine");
        assert_eq!(package("fragaria"), "fragaria");
        assert_eq!(package("xtask"), "xtask");
    }
}
