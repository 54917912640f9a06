//! `deny.toml`, as far as it can be followed without cargo-deny.

use anyhow::{Context, Result};
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};
use std::path::PathBuf;

/// The file; an unknown key is refused, since ignoring it would let something through.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) graph: Graph,
    pub(super) licenses: Licenses,
    pub(super) bans: Bans,
    pub(super) sources: Sources,
    #[serde(skip)]
    allowed: Vec<Licensee>,
}

/// What is looked at.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Graph {
    pub(super) all_features: bool,
}

/// Licences we accept.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Licenses {
    allow: Vec<String>,
    #[serde(default)]
    pub(super) clarify: Vec<Clarify>,
    /// For cargo-deny, which also reads licence texts.
    #[serde(rename = "confidence-threshold")]
    _confidence_threshold: f64,
    /// For cargo-deny, which can complain of an entry nobody needs.
    #[serde(rename = "unused-allowed-license", default)]
    _unused_allowed_license: Option<Level>,
}

/// The licence of a crate that only has the text of one.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Clarify {
    #[serde(rename = "crate")]
    pub(super) name: String,
    pub(super) expression: String,
    pub(super) license_files: Vec<LicenseFile>,
}

/// A file and the CRC-32 of its text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LicenseFile {
    pub(super) path: PathBuf,
    pub(super) hash: u32,
}

/// Crates we do not want.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Bans {
    pub(super) multiple_versions: Level,
    pub(super) wildcards: Level,
    pub(super) allow_wildcard_paths: bool,
    pub(super) deny: Vec<Ban>,
}

/// A crate and why we do not want it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ban {
    #[serde(rename = "crate")]
    pub(super) name: String,
    pub(super) reason: String,
}

/// Where crates may come from.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Sources {
    pub(super) unknown_registry: Level,
    pub(super) unknown_git: Level,
    pub(super) allow_registry: Vec<String>,
}

/// How much something matters.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Allow,
    Warn,
    Deny,
}

/// Reads the file.
pub(super) fn parse(text: &str) -> Result<Policy> {
    let mut policy: Policy = toml::from_str(text)?;
    for licence in &policy.licenses.allow {
        let licensee = Licensee::parse(licence)
            .with_context(|| format!("`{licence}` is not an SPDX licence"))?;
        policy.allowed.push(licensee);
    }
    Ok(policy)
}

impl Policy {
    /// Whether a crate under that expression may be used.
    pub(super) fn allows(&self, expression: &str) -> Result<bool> {
        let expression = Expression::parse_mode(expression, ParseMode::LAX)?;
        Ok(expression.evaluate(|wanted| self.allowed.iter().any(|own| own.satisfies(wanted))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_of_the_house_is_understood() {
        assert!(parse(include_str!("../../../deny.toml")).is_ok());
    }

    #[test]
    fn an_unknown_key_or_licence_is_refused() {
        let text = include_str!("../../../deny.toml");
        let unknown_key = format!("{text}\nallow-git = []\n");
        let unknown_licence = text.replace("\"ISC\"", "\"Cheese-1.0\"");
        for text in [unknown_key, unknown_licence] {
            assert!(parse(&text).is_err());
        }
    }
}
